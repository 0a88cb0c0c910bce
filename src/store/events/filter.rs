//! A Bloom filter over hashes: "no" is certain, "yes" is wrong about once in a hundred.
//!
//! One filter holds words of several kinds, told apart by a salt. 10 bits and 7 probes for each
//! hash: 0.8 % by the formula of Bloom (1970).

use seerflow_model::hash;
use uuid::Uuid;

const BITS_PER_HASH: usize = 10;
const PROBES: u64 = 7;

/// Where a hash comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Kind {
    /// A word of the changing parts of records.
    Value = 0x1f83_d9ab_fb41_bd6b,
    /// A word of the parts that records share.
    Shared = 0x5be0_cd19_137e_2179,
    /// A word of a value that reads otherwise than in the record: added to it, or a part of a word.
    Added = 0x9b05_688c_2b3e_6c1f,
    /// The key of an entity.
    Entity = 0xa54f_f53a_5f1d_36f1,
    /// The UUID of an entity.
    Named = 0x510e_527f_ade6_82d1,
}

/// The word of a UUID.
pub(super) fn named(id: Uuid) -> u64 {
    id.as_u64_pair().0 ^ id.as_u64_pair().1
}

/// Gathers hashes, most of which come often.
#[derive(Debug)]
pub(super) struct Gather {
    hashes: Vec<u64>,
    /// Hashes seen lately, so that the list stays short.
    recent: Vec<u64>,
}

const RECENT: usize = 1 << 14;

impl Gather {
    pub(super) fn new() -> Gather {
        Gather { hashes: Vec::new(), recent: vec![0; RECENT] }
    }

    #[inline]
    pub(super) fn add(&mut self, kind: Kind, word: u64) {
        let h = word ^ kind as u64;
        if let Some(seen) = self.recent.get_mut(h as usize % RECENT)
            && *seen != h
        {
            *seen = h;
            self.hashes.push(h);
        }
    }

    /// The filter as bytes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        let bytes = (self.hashes.len() * BITS_PER_HASH).div_ceil(8);
        let mut filter = vec![0u8; bytes];
        for h in self.hashes {
            for bit in places(h, bytes) {
                filter[bit / 8] |= 1 << (bit % 8);
            }
        }
        filter
    }
}

/// The bits of a hash in a filter of so many bytes.
#[inline]
fn places(h: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let bits = bytes as u64 * 8;
    let (first, step) = (hash::mix(h), hash::mix(h ^ 0x6a09_e667_f3bc_c908) | 1);
    (0..PROBES).map(move |n| {
        let h = first.wrapping_add(step.wrapping_mul(n));
        ((u128::from(h) * u128::from(bits)) >> 64) as usize
    })
}

/// Whether the filter may hold the hash.
pub(super) fn may_hold(filter: &[u8], kind: Kind, word: u64) -> bool {
    let h = word ^ kind as u64;
    !filter.is_empty()
        && places(h, filter.len())
            .all(|bit| filter.get(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_held_and_little_else() {
        let mut gather = Gather::new();
        for n in 0..20_000u64 {
            gather.add(Kind::Value, hash::mix(n));
            gather.add(Kind::Value, hash::mix(n / 2));
        }
        let filter = gather.finish();
        assert_eq!(filter.len(), 25_000);
        assert!((0..20_000).all(|n| may_hold(&filter, Kind::Value, hash::mix(n))));
        let wrong = (0..20_000).filter(|n| may_hold(&filter, Kind::Added, hash::mix(*n))).count();
        assert!(wrong < 260, "{wrong} of 20,000 are taken for held");
        assert!(!may_hold(&Gather::new().finish(), Kind::Value, 7));
    }
}

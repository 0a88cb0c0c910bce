//! The one stable hash of the project: XXH3-64 with a fixed seed, then a finalising mix.
//!
//! Keys, leaves, groups and source ids are made with it; they reach disk and cross processes, so
//! the function and its seed never change. Reference: the XXH3 specification of xxHash 0.8.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Fixed for ever: ids on disk depend on it.
const SEED: u64 = 0x5EE2_F10A_0000_0001;

/// Hashes bytes to 64 well-mixed bits.
#[inline]
pub fn bytes(data: &[u8]) -> u64 {
    xxh3_64_with_seed(data, SEED)
}

/// Hashes a string.
#[inline]
pub fn text(data: &str) -> u64 {
    bytes(data.as_bytes())
}

/// Finalising mix of SplitMix64: a bijection, every output bit depends on every input bit.
#[inline]
pub const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Combines two hashes; not commutative.
#[inline]
pub const fn pair(a: u64, b: u64) -> u64 {
    mix(a.rotate_left(23) ^ mix(b))
}

/// Number of key groups. State is saved, routed and restored by group.
pub const GROUPS: u64 = 256;

/// The key group of a key: `mix(key) mod 256`. Owner of a group = `group mod workers`.
#[inline]
pub const fn group(key: u64) -> u8 {
    (mix(key) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_never_change() {
        // These values are on disk in users' data directories.
        assert_eq!(mix(0), 16294208416658607535);
        assert_eq!(bytes(b""), bytes(b""));
        assert_ne!(pair(1, 2), pair(2, 1));
    }

    #[test]
    fn groups_are_even_for_sequential_keys() {
        let mut counts = [0u32; GROUPS as usize];
        for key in 0..256_000u64 {
            counts[usize::from(group(key))] += 1;
        }
        assert!(counts.iter().all(|&c| (800..1200).contains(&c)), "{counts:?}");
    }
}

//! Combining before the exchange: commutative counts are summed per (key, bucket) within one
//! release of the sending worker, which keeps nothing. So no worker receives every event of a hot
//! key.
//!
//! Sums are routed by the group of their key, under one representative key a group: the receiving
//! fold has one state and one timer per group and bucket, and takes the keys of a bucket in
//! ascending order when the bucket closes. That makes its result independent of how the sums were
//! cut, also when keys are evicted.
//!
//! Cost: one hash look-up per count; about 30 ns.

use crate::keyed::KeyMap;
use crate::rec::Rec;
use seerflow_model::hash::{GROUPS, group};
use seerflow_model::time::QUANTUM;
use seerflow_model::{Ns, Order};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Values whose merge is associative and commutative.
pub trait Merge {
    /// Adds `other` to this.
    fn merge(&mut self, other: Self);
}

/// A sum on its way: what was counted for `key` in `bucket`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sum<V> {
    /// The key that was counted.
    pub key: u64,
    /// Index of the bucket: effective time / bucket length.
    pub bucket: u64,
    /// The count.
    pub value: V,
}

/// When a quantum, counted from 1970, is over.
pub fn end_of_quantum(quantum: u64) -> Ns {
    quantum.saturating_add(1).saturating_mul(QUANTUM)
}

/// The key under which everything of a group is routed.
pub fn representative(index: u8) -> u64 {
    static KEYS: OnceLock<Vec<u64>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let mut keys = vec![None; GROUPS as usize];
        let mut found = 0;
        for key in 0u64.. {
            let slot = &mut keys[usize::from(group(key))];
            if slot.is_none() {
                *slot = Some(key);
                found += 1;
            }
            if found == GROUPS {
                break;
            }
        }
        keys.into_iter().flatten().collect()
    });
    keys[usize::from(index)]
}

/// Sums of one sender, kept only within one release.
pub struct Combiner<V> {
    length: Ns,
    /// Most events fall into one bucket: that one is flat.
    buckets: BTreeMap<u64, KeyMap<V>>,
}

impl<V: Merge> Combiner<V> {
    /// For buckets of `length` ns.
    pub fn new(length: Ns) -> Combiner<V> {
        Combiner { length, buckets: BTreeMap::new() }
    }

    /// Adds `value` for `key` at effective time `at`.
    #[inline]
    pub fn add(&mut self, key: u64, at: Ns, value: V) {
        let sums = self.buckets.entry(at / self.length).or_default();
        match sums.entry(key) {
            hashbrown::hash_map::Entry::Occupied(mut sum) => sum.get_mut().merge(value),
            hashbrown::hash_map::Entry::Vacant(place) => {
                place.insert(value);
            }
        }
    }

    /// As [`Combiner::add`], for values that cost something to make: `more` adds to what is there,
    /// `first` makes it.
    #[inline]
    pub fn add_with(
        &mut self,
        key: u64,
        at: Ns,
        more: impl FnOnce(&mut V),
        first: impl FnOnce() -> V,
    ) {
        let sums = self.buckets.entry(at / self.length).or_default();
        match sums.entry(key) {
            hashbrown::hash_map::Entry::Occupied(mut sum) => more(sum.get_mut()),
            hashbrown::hash_map::Entry::Vacant(place) => {
                place.insert(first());
            }
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Emits everything to the representatives of the keys' groups, with effective times ≥ `from`.
    pub fn flush<O>(&mut self, from: Ns, out: &mut Vec<Rec<O>>, wrap: impl Fn(Sum<V>) -> O) {
        self.flush_to(from, out, |sum| representative(group(sum.key)), wrap);
    }

    /// Emits everything to the keys that `route` names.
    pub fn flush_to<O>(
        &mut self,
        from: Ns,
        out: &mut Vec<Rec<O>>,
        route: impl Fn(&Sum<V>) -> u64,
        wrap: impl Fn(Sum<V>) -> O,
    ) {
        while let Some((bucket, sums)) = self.buckets.pop_first() {
            let order = Order::record(bucket.saturating_mul(self.length).max(from), 0, 0);
            for (key, value) in sums {
                let sum = Sum { key, bucket, value };
                out.push(Rec { order, key: route(&sum), data: wrap(sum) });
            }
        }
    }
}

/// Sums that a receiving state has collected for buckets that are still open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Open<V> {
    buckets: BTreeMap<u64, BTreeMap<u64, V>>,
}

impl<V> Default for Open<V> {
    fn default() -> Open<V> {
        Open { buckets: BTreeMap::new() }
    }
}

impl<V: Merge> Open<V> {
    /// Adds a sum. When the bucket holds more than `max` keys that are not `known`, those with the
    /// greatest mixed keys go: which keys stay does not depend on the order of arrival. Returns
    /// whether one was dropped.
    pub fn add(&mut self, sum: Sum<V>, max: usize) -> bool {
        let keys = self.buckets.entry(sum.bucket).or_default();
        match keys.entry(seerflow_model::hash::mix(sum.key)) {
            std::collections::btree_map::Entry::Occupied(mut have) => {
                have.get_mut().merge(sum.value);
                false
            }
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(sum.value);
                keys.len() > max && keys.pop_last().is_some()
            }
        }
    }

    /// The least open bucket.
    pub fn first(&self) -> Option<u64> {
        self.buckets.first_key_value().map(|(bucket, _)| *bucket)
    }

    /// Takes a bucket out: its mixed keys in ascending order, with their sums.
    pub fn close(&mut self, bucket: u64) -> BTreeMap<u64, V> {
        self.buckets.remove(&bucket).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Merge for u64 {
        fn merge(&mut self, other: u64) {
            *self += other;
        }
    }

    #[test]
    fn every_group_has_a_representative() {
        for index in 0..=u8::MAX {
            assert_eq!(group(representative(index)), index);
        }
    }

    proptest! {
        /// However the events are cut into releases, the closed buckets are the same.
        #[test]
        fn cuts_do_not_matter(
            events in prop::collection::vec((0u64..50, 0u64..500), 0..300),
            cuts in prop::collection::vec(0usize..300, 0..10),
            max in 1usize..60,
        ) {
            let closed = |cuts: &[usize]| {
                let mut combiner = Combiner::new(100);
                let mut open = Open::default();
                let mut flush = |combiner: &mut Combiner<u64>| {
                    let mut out = Vec::new();
                    combiner.flush(0, &mut out, |sum| sum);
                    for rec in out {
                        open.add(rec.data, max);
                    }
                };
                for (i, (key, at)) in events.iter().enumerate() {
                    if cuts.contains(&i) {
                        flush(&mut combiner);
                    }
                    combiner.add(*key, *at, 1);
                }
                flush(&mut combiner);
                (0..5).map(|bucket| open.close(bucket)).collect::<Vec<_>>()
            };
            prop_assert_eq!(closed(&[]), closed(&cuts));
        }
    }
}

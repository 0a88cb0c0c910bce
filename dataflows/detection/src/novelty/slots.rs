//! Never-seen values of a template's slots: the ninth user that ever logged in by this line.
//!
//! A slot is a set of value hashes with counts that saturate at 3, kept sorted in one vector that
//! grows with what it holds. A slot in which new values are usual (numbers, ids) is *open-ended*:
//! it never finds anything and holds no memory. A full set drops the values that were seen once;
//! so a scan over thousands of names does not blind the slot, it only raises the chance of new
//! ones for a while. Cost per value: a binary search, 10–30 ns; a cold template holds no heap.

use super::{NoveltyConfig, Pace};
use seerflow_model::ParamKind;
use serde::{Deserialize, Serialize};

/// Slots of a template that are followed.
pub const SLOTS_MAX: usize = 8;
/// Values of a slot that are kept.
pub const VALUES_MAX: usize = 1024;
/// Observations at which everything is halved, so that old habits fade.
const HALVE_AT: u32 = 1 << 20;
/// The low bits of an entry hold the count.
const COUNT_MASK: u64 = 3;

/// A value that was never seen in its slot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewValue {
    /// How likely the next value was to be a new one.
    pub probability: f64,
    /// Values seen in the slot until then.
    pub observed: u32,
    /// How many of them were different.
    pub distinct: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    open: bool,
    observed: u32,
    singletons: u32,
    pace: Pace,
    /// Hash with its two low bits replaced by a count, sorted.
    values: Vec<u64>,
}

/// The slots of one template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    slots: Vec<Slot>,
}

impl Slots {
    /// Counts a value (by its hash) of a slot. `Some` when it was never seen, the slot has seen
    /// the calibration window, and new values are not usual in it.
    pub fn observe(
        &mut self,
        config: &NoveltyConfig,
        slot: usize,
        kind: ParamKind,
        value: u64,
    ) -> Option<NewValue> {
        if slot >= SLOTS_MAX {
            return None;
        }
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, Slot::default);
        }
        self.slots[slot].observe(config, kind, value)
    }

    /// Chance that the next value of a slot is a never-seen one; `None` before the calibration
    /// window and for open-ended slots.
    pub fn chance(&self, config: &NoveltyConfig, slot: usize) -> Option<f64> {
        let slot = self.slots.get(slot)?;
        let ready = !slot.open && slot.observed >= config.calibration_window;
        ready.then(|| slot.probability())
    }

    /// Whether a slot is open-ended.
    pub fn open(&self, slot: usize) -> bool {
        self.slots.get(slot).is_some_and(|slot| slot.open)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.slots.iter().map(|slot| slot.values.capacity() * 8).sum::<usize>()
    }
}

impl Slot {
    fn observe(&mut self, config: &NoveltyConfig, kind: ParamKind, value: u64) -> Option<NewValue> {
        if self.open {
            return None;
        }
        // Values of these kinds never come twice by their nature.
        if matches!(kind, ParamKind::Time | ParamKind::Uuid) {
            self.become_open();
            return None;
        }
        let key = value & !COUNT_MASK;
        let at = self.values.partition_point(|entry| *entry & !COUNT_MASK < key);
        let finding = match self.values.get_mut(at) {
            Some(entry) if *entry & !COUNT_MASK == key => {
                let count = *entry & COUNT_MASK;
                if count < COUNT_MASK {
                    *entry += 1;
                    self.singletons -= u32::from(count == 1 && self.singletons > 0);
                }
                self.pace.count(1, 0);
                None
            }
            _ => self.found(config, kind, at, key),
        };
        self.observed += 1;
        if self.observed >= HALVE_AT {
            (self.observed, self.singletons) = (self.observed / 2, self.singletons / 2);
        }
        finding
    }

    fn found(
        &mut self,
        config: &NoveltyConfig,
        kind: ParamKind,
        at: usize,
        key: u64,
    ) -> Option<NewValue> {
        let finding = (self.observed >= config.calibration_window).then(|| NewValue {
            probability: self.probability(),
            observed: self.observed,
            distinct: self.values.len() as u32,
        });
        self.values.insert(at, key | 1);
        self.singletons += 1;
        self.pace.count(1, 1);
        if self.usual(kind) {
            self.become_open();
            return None;
        }
        if self.values.len() >= VALUES_MAX {
            self.values.retain(|entry| entry & COUNT_MASK > 1);
            if self.values.len() > VALUES_MAX * 3 / 4 {
                self.become_open();
            }
        }
        finding
    }

    /// Chance that the next value is a new one.
    fn probability(&self) -> f64 {
        let seen = f64::from(self.observed) + 1.0;
        let turing = (f64::from(self.singletons) + 0.5) / seen;
        let (found, of) = self.pace.found();
        turing.max(found / (of + 1.0)).min(1.0)
    }

    /// Whether new values are usual here: most of the first few for numbers and the like, most of
    /// many or a tenth of very many for names.
    fn usual(&self, kind: ParamKind) -> bool {
        let seen = self.observed + 1;
        let singletons = self.singletons;
        let first = match kind {
            ParamKind::Number | ParamKind::Hex | ParamKind::Id => 32,
            _ => 256,
        };
        (seen >= first && 2 * singletons >= seen)
            || (seen >= 4 * first && 4 * singletons >= seen)
            || (seen >= 16 * first && 10 * singletons >= seen)
    }

    fn become_open(&mut self) {
        self.open = true;
        self.values = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seerflow_model::hash::mix;
    use std::collections::BTreeMap;

    const CONFIG: NoveltyConfig = NoveltyConfig { calibration_window: 1000 };

    #[test]
    fn a_new_value_among_few_is_found_once() {
        let mut slots = Slots::default();
        for n in 0..20_000u64 {
            assert_eq!(slots.observe(&CONFIG, 0, ParamKind::Any, mix(n % 8)), None, "{n}");
        }
        let found = slots.observe(&CONFIG, 0, ParamKind::Any, mix(99)).unwrap();
        assert!(found.probability < 1e-4 && found.distinct == 8, "{found:?}");
        assert_eq!(slots.observe(&CONFIG, 0, ParamKind::Any, mix(99)), None);
        assert_eq!(slots.observe(&CONFIG, SLOTS_MAX, ParamKind::Any, 1), None);
    }

    #[test]
    fn numbers_become_open_ended_and_free_their_memory() {
        let mut slots = Slots::default();
        for n in 0..100u64 {
            slots.observe(&CONFIG, 1, ParamKind::Number, mix(n));
            slots.observe(&CONFIG, 0, ParamKind::Time, mix(n));
        }
        assert!(slots.open(0) && slots.open(1));
        assert!(slots.heap_bytes() < 400, "{}", slots.heap_bytes());
    }

    #[test]
    fn a_scan_over_names_does_not_blind_the_slot() {
        let mut slots = Slots::default();
        let usual =
            |slots: &mut Slots, n: u64| slots.observe(&CONFIG, 0, ParamKind::Any, mix(n % 20));
        (0..100_000).for_each(|n| assert_eq!(usual(&mut slots, n), None));
        let found = (0..3000u64)
            .filter_map(|n| slots.observe(&CONFIG, 0, ParamKind::Any, mix(1_000 + n)))
            .filter(|v| v.probability <= 1e-4)
            .count();
        assert!((1..100).contains(&found), "{found}");
        assert!(!slots.open(0));
        assert!(slots.heap_bytes() < 20_000);
        (0..2_000_000).for_each(|n| assert_eq!(usual(&mut slots, n), None));
        let found = slots.observe(&CONFIG, 0, ParamKind::Any, 12345).unwrap();
        assert!(found.probability < 1e-2, "{found:?}");
    }

    proptest! {
        /// Against a map that keeps everything.
        #[test]
        fn new_is_what_was_not_there(values in prop::collection::vec(0u64..40, 0..400)) {
            let config = NoveltyConfig { calibration_window: 20 };
            let mut slots = Slots::default();
            let mut oracle: BTreeMap<u64, u32> = BTreeMap::new();
            for (n, value) in values.into_iter().enumerate() {
                let got = slots.observe(&config, 3, ParamKind::Any, mix(value));
                let new = !oracle.contains_key(&value);
                let ones = oracle.values().filter(|&&c| c == 1).count();
                *oracle.entry(value).or_default() += 1;
                if slots.open(3) {
                    break;
                }
                prop_assert_eq!(got.is_some(), new && n >= 20);
                if let Some(found) = got {
                    prop_assert!(found.probability >= ones as f64 / (n as f64 + 1.0) - 1e-12);
                    prop_assert_eq!(found.observed as usize, n);
                }
            }
        }
    }
}

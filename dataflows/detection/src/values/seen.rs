//! Counts of the most frequent values, and how rare one is among them.
//!
//! A seen value is as rare as all that were seen at most as often; a new one as rare as Good and
//! Turing say (those seen once, or the rate at which new ones were found of late, whichever is
//! more). When the table is full the rarest half goes: their mass stays in the sums, so that
//! forgetting makes nothing rarer than it is. Where new values are usual the table gives up.

use crate::novelty::Pace;
use serde::{Deserialize, Serialize};

/// Observations before it may be said that new values are usual.
const OPEN_FROM: u32 = 128;
/// Observations at which everything is halved.
const HALVE_AT: u32 = 1 << 20;

/// How rare a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rarity {
    /// −ln of the probability of one as rare.
    pub nats: f64,
    /// How often it was seen.
    pub seen: u32,
}

/// Counted values, at most `MAX`, sorted by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen<const MAX: usize> {
    open: bool,
    total: u32,
    singletons: u32,
    pace: Pace,
    keys: Vec<u64>,
    counts: Vec<u32>,
}

impl<const MAX: usize> Seen<MAX> {
    /// `None` when new values are usual, or nothing was seen.
    pub(super) fn judge(&self, key: u64) -> Option<Rarity> {
        if self.open || self.total == 0 {
            return None;
        }
        let total = f64::from(self.total);
        let (found, of) = self.pace.found();
        let turing = (f64::from(self.singletons) + 0.5) / (total + 1.0);
        let unseen = turing.max(found / (of + 1.0)).min(1.0);
        let Ok(at) = self.keys.binary_search(&key) else {
            return Some(Rarity { nats: -libm::log(unseen), seen: 0 });
        };
        let seen = self.counts[at];
        // Everything but what was seen more often: what was dropped is among the rare.
        let more: u32 = self.counts.iter().map(|&count| if count > seen { count } else { 0 }).sum();
        let share = (1.0 - f64::from(more) / total).max(1.0 / (total + 1.0));
        Some(Rarity { nats: -libm::log((share * (1.0 - unseen) + unseen).min(1.0)), seen })
    }

    pub(super) fn learn(&mut self, key: u64) {
        if self.open {
            return;
        }
        self.total += 1;
        match self.keys.binary_search(&key) {
            Ok(at) => {
                self.singletons -= u32::from(self.counts[at] == 1 && self.singletons > 0);
                self.counts[at] += 1;
                self.pace.count(1, 0);
            }
            Err(at) => {
                self.keys.insert(at, key);
                self.counts.insert(at, 1);
                self.singletons += 1;
                self.pace.count(1, 1);
                self.bound();
            }
        }
        if self.total >= HALVE_AT {
            self.halve();
        }
    }

    pub(super) fn open(&self) -> bool {
        self.open
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.keys.capacity() * 8 + self.counts.capacity() * 4
    }

    /// After a new value: gives up where they are usual, makes room where the table is full.
    fn bound(&mut self) {
        let (total, single) = (u64::from(self.total), u64::from(self.singletons));
        let from = u64::from(OPEN_FROM);
        let usual = (total >= from && 2 * single >= total)
            || (total >= 8 * from && 4 * single >= total)
            || (total >= 64 * from && 10 * single >= total);
        if usual {
            self.open = true;
            (self.keys, self.counts) = (Vec::new(), Vec::new());
        } else if self.keys.len() > MAX {
            let mut order: Vec<(u32, u64)> =
                self.counts.iter().copied().zip(self.keys.iter().copied()).collect();
            order.select_nth_unstable(MAX / 2);
            let bar = order[MAX / 2];
            self.keep(|key, count| (count, key) > bar);
        }
    }

    fn keep(&mut self, wanted: impl Fn(u64, u32) -> bool) {
        let both = self.keys.iter().copied().zip(self.counts.iter().copied());
        (self.keys, self.counts) = both.filter(|&(key, count)| wanted(key, count)).unzip();
    }

    fn halve(&mut self) {
        self.counts.iter_mut().for_each(|count| *count /= 2);
        self.keep(|_, count| count > 0);
        self.total /= 2;
        self.singletons = self.counts.iter().filter(|&&count| count == 1).count() as u32;
    }
}

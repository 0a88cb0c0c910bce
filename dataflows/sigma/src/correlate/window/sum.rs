//! The sum of a field, and with the number of events its mean.
//!
//! Every value is kept until it leaves. From [`EXACT_MAX`] entries on, values within a 4,096th of
//! the timespan share one, under the time of the first of them: then a value may leave so much
//! too early, never too late.

use super::super::fixed::Fixed;
use super::Cuts;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Entries before values share one.
const EXACT_MAX: usize = 4_096;
/// Into how many parts the timespan is cut then.
const PARTS: u64 = 4_096;

/// Values of nearly one time. The sum is in two halves, so that an entry takes 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    at: Ns,
    high: i64,
    low: u64,
    events: u32,
}

impl Entry {
    fn value(self) -> i128 {
        i128::from(self.high) << 64 | i128::from(self.low)
    }

    fn set(&mut self, value: i128) {
        self.high = (value >> 64) as i64;
        self.low = value as u64;
    }
}

/// Values, their sum and number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    entries: VecDeque<Entry>,
    /// Of all entries.
    pub sum: i128,
    /// Of all entries.
    pub events: u64,
}

impl Sum {
    /// Takes a value.
    pub fn push(&mut self, at: Ns, value: Fixed, span: Ns, cuts: &mut Cuts) {
        self.sum = self.sum.saturating_add(value.0);
        self.events += 1;
        let part = (span / PARTS).max(1);
        let full = self.entries.len() >= EXACT_MAX;
        match self.entries.back_mut() {
            Some(last) if full && last.at / part == at / part && last.events < u32::MAX => {
                last.set(last.value().saturating_add(value.0));
                last.events += 1;
                cuts.merged += 1;
            }
            _ => {
                let mut entry = Entry { at, high: 0, low: 0, events: 1 };
                entry.set(value.0);
                self.entries.push_back(entry);
            }
        }
    }

    /// Forgets what is not after `until`.
    pub fn expire(&mut self, until: Ns) {
        while let Some(first) = self.entries.front().filter(|first| first.at <= until) {
            self.sum = self.sum.saturating_sub(first.value());
            self.events -= u64::from(first.events);
            self.entries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_takes_bounded_memory_and_leaves_in_time() {
        let (mut sum, mut cuts) = (Sum::default(), Cuts::default());
        let span = 60_000_000_000u64;
        for n in 0..200_000u64 {
            sum.push(n * 100_000, Fixed::whole(3), span, &mut cuts);
            assert!(sum.entries.len() <= EXACT_MAX + PARTS as usize + 1);
        }
        assert_eq!((sum.sum, sum.events), (Fixed::whole(600_000).0, 200_000));
        assert!(cuts.merged > 100_000);
        let until = 10_000_000_000;
        sum.expire(until);
        let kept = 200_000 - 1 - until / 100_000;
        assert!(sum.events <= kept && sum.events + span / PARTS / 100_000 >= kept);
        assert_eq!(sum.sum, Fixed::whole(3 * sum.events).0);
        sum.expire(span);
        assert_eq!((sum.sum, sum.events), (0, 0));
    }

    #[test]
    fn negative_values_come_back_from_their_halves() {
        let mut entry = Entry { at: 0, high: 0, low: 0, events: 0 };
        for value in [0, -1, i128::MAX, i128::MIN, 1 << 64, -(1 << 64)] {
            entry.set(value);
            assert_eq!(entry.value(), value);
        }
        assert!(size_of::<Entry>() <= 32);
    }
}

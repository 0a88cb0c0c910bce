//! How regular: the coefficient of variation of the intervals between events.
//!
//! Sums of intervals and of their squares are whole microseconds, so what leaves takes away
//! exactly what it brought. Events within [`push`](Beats::push)'s `together` of a beat belong to
//! it. Of more than [`BEATS_MAX`] beats in the timespan the newest are looked at.

use super::super::fixed::{Fixed, Ratio};
use super::Cuts;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Beats looked at.
pub const BEATS_MAX: usize = 1_024;
/// Fewer have no regularity.
const BEATS_MIN: usize = 3;

/// Times of beats, and what their intervals add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beats {
    times: VecDeque<Ns>,
    sum: u128,
    squares: u128,
}

/// The interval between two times, in microseconds.
fn interval(from: Ns, to: Ns) -> u128 {
    u128::from((to / 1_000).saturating_sub(from / 1_000))
}

impl Beats {
    /// Takes an event.
    pub fn push(&mut self, at: Ns, together: Ns, cuts: &mut Cuts) {
        if let Some(last) = self.times.back().copied() {
            if at.saturating_sub(last) <= together {
                return;
            }
            let gap = interval(last, at);
            self.sum += gap;
            self.squares += gap * gap;
        }
        self.times.push_back(at);
        if self.times.len() > BEATS_MAX {
            self.pop();
            cuts.dropped += 1;
        }
    }

    fn pop(&mut self) {
        let Some(first) = self.times.pop_front() else { return };
        let Some(next) = self.times.front() else { return };
        let gap = interval(first, *next);
        self.sum -= gap;
        self.squares -= gap * gap;
    }

    /// Forgets what is not after `until`.
    pub fn expire(&mut self, until: Ns) {
        while self.times.front().is_some_and(|at| *at <= until) {
            self.pop();
        }
    }

    /// How many beats there are.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Standard deviation of the intervals over their mean.
    pub fn variation(&self) -> Option<Ratio> {
        if self.times.len() < BEATS_MIN || self.sum == 0 {
            return None;
        }
        let intervals = self.times.len() as u128 - 1;
        let spread = (intervals * self.squares).saturating_sub(self.sum * self.sum);
        let sum = self.sum as f64;
        Some(Ratio::plain(Fixed::real((spread as f64 / (sum * sum)).sqrt())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_beats_vary_little() {
        let (mut beats, mut cuts) = (Beats::default(), Cuts::default());
        for n in 1..=20u64 {
            beats.push(n * 60_000_000_000, 1_000_000_000, &mut cuts);
            beats.push(n * 60_000_000_000 + 500_000_000, 1_000_000_000, &mut cuts);
        }
        assert_eq!((beats.len(), beats.variation().unwrap().as_f64()), (20, 0.0));
        beats.push(20 * 60_000_000_000 + 30_000_000_000, 0, &mut cuts);
        let variation = beats.variation().unwrap().as_f64();
        assert!((variation - 0.1116).abs() < 1e-3, "{variation}");
    }

    #[test]
    fn the_longest_timespan_does_not_overflow() {
        let (mut beats, mut cuts) = (Beats::default(), Cuts::default());
        for n in 0..3_000u64 {
            beats.push(n * (u64::MAX / 2 / 3_000), 0, &mut cuts);
        }
        assert_eq!(beats.len(), BEATS_MAX);
        assert!(beats.variation().unwrap().as_f64() < 1e-6);
        beats.expire(u64::MAX);
        assert_eq!((beats.sum, beats.squares), (0, 0));
    }
}

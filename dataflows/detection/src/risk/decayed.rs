//! A sum that halves with time, in fixed point.
//!
//! Forward decay: points at time t weigh 2^((t − L)/H) from a landmark L on, and reading divides
//! by the weight of now. So adding is adding whole numbers, in any order and in parts; nothing is
//! touched while time goes by. Landmarks lie 32 half-lives apart on one grid for all; from one to
//! the next the sum moves by 32 bits, and what that loses is less than 2⁻³² points.

use libm::exp2;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};

/// Half-lives between landmarks.
const LIVES: u64 = 32;
/// One point, at the landmark.
const ONE: f64 = (1u64 << 32) as f64;

/// Points that halve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decayed {
    /// Number of the landmark.
    landmark: u64,
    /// Weighted points, in units of 2⁻³².
    sum: i128,
}

impl Decayed {
    /// Adds points of a time. Times may come in any order.
    pub fn add(&mut self, at: Ns, points: f64, half_life: Ns) {
        let part = Decayed::of(at, points, half_life);
        self.merge(part);
    }

    /// Points of one time.
    pub fn of(at: Ns, points: f64, half_life: Ns) -> Decayed {
        let landmark = at / step(half_life);
        let since = at % step(half_life);
        let weight = exp2(since as f64 / half_life.max(1) as f64);
        Decayed { landmark, sum: (points * weight * ONE).round_ties_even() as i128 }
    }

    /// Adds another sum with the same half-life.
    pub fn merge(&mut self, other: Decayed) {
        let newest = self.landmark.max(other.landmark);
        self.sum = self.moved(newest).saturating_add(other.moved(newest));
        self.landmark = newest;
    }

    /// The sum at a later landmark.
    fn moved(self, landmark: u64) -> i128 {
        let bits = landmark.saturating_sub(self.landmark).saturating_mul(LIVES);
        match bits {
            0 => self.sum,
            1..=120 => (self.sum + (1 << (bits - 1))) >> bits,
            _ => 0,
        }
    }

    /// What it is worth at a time.
    pub fn at(self, now: Ns, half_life: Ns) -> f64 {
        let landmark = self.landmark.saturating_mul(step(half_life));
        let lives = (i128::from(now) - i128::from(landmark)) as f64 / half_life.max(1) as f64;
        self.sum as f64 / ONE * exp2(-lives)
    }
}

/// Time between landmarks.
fn step(half_life: Ns) -> u64 {
    half_life.max(1).saturating_mul(LIVES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seerflow_model::time::SECOND;

    const HALF: Ns = 4 * 3_600 * SECOND;

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole_in_any_order(
            all in prop::collection::vec((0u64..300 * HALF, 0.0f64..100.0), 1..60),
            cut in 0usize..60,
            now in 0u64..40 * HALF,
        ) {
            let cut = cut.min(all.len());
            let sum = |part: &[(u64, f64)]| {
                let mut sum = Decayed::default();
                part.iter().for_each(|(at, points)| sum.add(*at, *points, HALF));
                sum
            };
            let mut merged = sum(&all[cut..]);
            merged.merge(sum(&all[..cut]));
            let newest = all.iter().map(|(at, _)| *at).max().unwrap();
            let now = newest + now;
            let want: f64 = all
                .iter()
                .map(|(at, points)| points * 2f64.powf(-((now - at) as f64) / HALF as f64))
                .sum();
            for got in [merged.at(now, HALF), sum(&all).at(now, HALF)] {
                prop_assert!((got - want).abs() < 1e-6 * (1.0 + want), "{got} {want}");
            }
            // Within one landmark it is the same to the last bit.
            let mut early: Vec<_> = all.iter().map(|(at, p)| (at % HALF, *p)).collect();
            let forward = sum(&early);
            early.reverse();
            prop_assert_eq!(sum(&early), forward);
        }
    }

    #[test]
    fn a_half_life_halves_and_ages_vanish() {
        let at = 1_700_000_000 * SECOND;
        let mut sum = Decayed::of(at, 40.0, HALF);
        assert!((sum.at(at, HALF) - 40.0).abs() < 1e-6);
        assert!((sum.at(at + HALF, HALF) - 20.0).abs() < 1e-6);
        sum.merge(Decayed::of(at + 1_000 * HALF, 1.0, HALF));
        assert!((sum.at(at + 1_000 * HALF, HALF) - 1.0).abs() < 1e-6);
        assert!(sum.at(Ns::MAX, HALF) >= 0.0);
        assert_eq!(Decayed::of(Ns::MAX, 1.0, 0).at(0, 0), Decayed::of(Ns::MAX, 1.0, 0).at(0, 0));
    }
}

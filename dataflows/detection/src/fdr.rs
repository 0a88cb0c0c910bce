//! Online control of the false discovery rate: of what was decided, how much is chance.
//!
//! LORD++ (A. Ramdas, F. Yang, M. Wainwright, M. Jordan, NeurIPS 2017): the level of test t is
//! `γ_t·W₀ + (α − W₀)·γ_{t−τ₁} + α·Σ_{j≥2} γ_{t−τⱼ}` with the times τ of earlier discoveries and
//! the weights γ_j = c·ln(max(j, 2)) / (j·e^√(ln j)), which sum to one. For independent
//! probabilities the expected share of false discoveries stays at or below α at any time.
//! Levels fall while nothing is found; so that a quiet month does not make the rule blind a run
//! lasts one day ([`Fdr::renew`]), and the promise is one for each day.
//!
//! Only the last [`FOUND_MAX`] discoveries are remembered: what an older one would add is left
//! out, which makes the rule stricter, never looser. Cost: O(discoveries remembered) per test,
//! nothing for tests that are known to be beyond any level ([`Fdr::skip`]); 300 bytes.

use libm::{exp, log, sqrt};
use serde::{Deserialize, Serialize};

/// Discoveries remembered.
pub const FOUND_MAX: usize = 32;
/// Makes the weights sum to one.
const NORMAL: f64 = 0.077_208_38;

/// One run of tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fdr {
    /// Wanted rate.
    alpha: f64,
    tests: u64,
    discoveries: u64,
    /// When the first was made.
    first: Option<u64>,
    /// When later ones were made, the last few.
    later: Vec<u64>,
}

/// Weight of the j-th test after a discovery, j ≥ 1.
fn weight(j: u64) -> f64 {
    let j = j.max(1) as f64;
    NORMAL * log(j.max(2.0)) / (j * exp(sqrt(log(j))))
}

impl Fdr {
    /// A run at a rate in (0, 1).
    pub fn new(alpha: f64) -> Fdr {
        let alpha = alpha.clamp(1e-9, 1.0);
        Fdr { alpha, tests: 0, discoveries: 0, first: None, later: Vec::new() }
    }

    /// The level of the next test.
    pub fn level(&self) -> f64 {
        let t = self.tests + 1;
        let start = 0.5 * self.alpha;
        let mut level = start * weight(t);
        if let Some(first) = self.first {
            level += (self.alpha - start) * weight(t - first);
        }
        for &found in &self.later {
            level += self.alpha * weight(t - found);
        }
        level
    }

    /// Tests a probability; whether it is a discovery.
    pub fn test(&mut self, p: f64) -> bool {
        let found = p <= self.level();
        self.tests += 1;
        if found {
            self.discoveries += 1;
            match self.first {
                None => self.first = Some(self.tests),
                Some(_) => {
                    if self.later.len() == FOUND_MAX {
                        self.later.remove(0);
                    }
                    self.later.push(self.tests);
                }
            }
        }
        found
    }

    /// Counts tests that were not worth looking at: each had a probability above any level.
    pub fn skip(&mut self, tests: u64) {
        self.tests = self.tests.saturating_add(tests);
    }

    /// A new run, at the same rate.
    pub fn renew(&mut self) {
        *self = Fdr::new(self.alpha);
    }

    /// Tests and discoveries of this run.
    pub fn counts(&self) -> (u64, u64) {
        (self.tests, self.discoveries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seerflow_model::hash::mix;

    fn uniform(n: u64) -> f64 {
        ((mix(n) >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn the_weights_sum_to_at_most_one() {
        // To a million one by one, then by the integral over ln j.
        let sum: f64 = (1..1_000_000).map(weight).sum();
        let rest: f64 = (0..4000)
            .map(|k| {
                let x = log(1e6) + (f64::from(k) + 0.5) * 0.1;
                0.1 * NORMAL * x * exp(-sqrt(x))
            })
            .sum();
        assert!((0.97..=1.001).contains(&(sum + rest)), "{sum} {rest}");
    }

    proptest! {
        /// Against the formula with every discovery kept.
        #[test]
        fn levels_are_those_of_the_formula(
            ps in prop::collection::vec(prop_oneof![Just(1e-7), 0.0f64..1.0], 1..40),
        ) {
            let mut fdr = Fdr::new(0.2);
            let mut times: Vec<u64> = Vec::new();
            for (at, p) in ps.into_iter().enumerate() {
                let t = at as u64 + 1;
                let mut want = 0.1 * weight(t);
                for (j, &found) in times.iter().enumerate() {
                    want += if j == 0 { 0.1 } else { 0.2 } * weight(t - found);
                }
                let level = fdr.level();
                if times.len() <= FOUND_MAX {
                    prop_assert!((level - want).abs() < 1e-12);
                }
                prop_assert!(level <= want + 1e-12, "forgetting makes it stricter");
                if fdr.test(p) {
                    times.push(t);
                }
            }
            prop_assert_eq!(fdr.counts().1 as usize, times.len());
        }
    }

    #[test]
    fn the_share_of_false_discoveries_is_kept_and_true_ones_are_made() {
        for alpha in [0.1, 0.3] {
            let (mut share, mut made, runs) = (0.0, 0, 200u64);
            for run in 0..runs {
                let mut fdr = Fdr::new(alpha);
                let (mut wrong, mut right) = (0, 0);
                for t in 0..1000u64 {
                    let real = mix(run << 20 | t ^ 77).is_multiple_of(50);
                    let p = uniform(run << 20 | t) * if real { 1e-7 } else { 1.0 };
                    if fdr.test(p) {
                        *(if real { &mut right } else { &mut wrong }) += 1;
                    }
                }
                share += f64::from(wrong) / f64::from((wrong + right).max(1)) / runs as f64;
                made += right;
            }
            assert!(share <= alpha, "{alpha}: {share}");
            assert!(made as u64 > 19 * runs, "{made} of about {}", 20 * runs);
        }
    }

    #[test]
    fn a_day_without_discoveries_does_not_bind_the_next() {
        let mut fdr = Fdr::new(0.2);
        let fresh = fdr.level();
        fdr.skip(10_000_000);
        assert!(fdr.level() < 1e-6 * fresh);
        fdr.renew();
        assert_eq!(fdr.level(), fresh);
    }
}

//! Tails of counts: how rarely a count this large, or this small, comes by chance.
//!
//! The family is the negative binomial with mean `m` and variance `q·m` (`q = 1` is Poisson),
//! with or without a hurdle at zero for series that are silent more often than their mean
//! explains. All results are −ln of a probability, so that 10⁻⁵⁰⁰ is still a number.
//!
//! Small counts are summed exactly by the recurrence of the probabilities; larger ones use the
//! Lugannani–Rice formula for lattices (D. Lugannani, S. Rice, 1980), whose relative error in the
//! tail is a few per cent at any size, at the price of three logarithms and no gamma function.
//! Cost: 20–80 ns.

use libm::{erfc, exp, lgamma, log, log1p, sqrt};
use serde::{Deserialize, Serialize};
use std::f64::consts::{PI, SQRT_2};

/// Counts up to here are summed; above, the saddlepoint is as good and much faster.
const SUM_MAX: u64 = 24;
/// Below this r the tail is summed from the exact probability.
const SMALL_SHAPE: f64 = 8.0;
/// Least dispersion, so that the recurrence and the saddlepoint stay well conditioned.
const DISPERSION_MIN: f64 = 1.000_1;
/// −ln of the least probability that is told apart: far beyond what anyone decides on.
pub const SCORE_MAX: f64 = 1e6;

/// The distribution that a model predicts for one count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predictive {
    /// Mean of the count, or with a hurdle of (count − 1) given that it is not zero.
    pub mean: f64,
    /// Variance over mean of the same quantity, ≥ 1.
    pub dispersion: f64,
    /// With a hurdle: the probability of zero.
    pub zero: Option<f64>,
}

impl Predictive {
    /// Negative binomial with this mean and variance / mean.
    pub fn counts(mean: f64, dispersion: f64) -> Predictive {
        Predictive {
            mean: mean.max(1e-9),
            dispersion: dispersion.max(DISPERSION_MIN + mean * 1e-9),
            zero: None,
        }
    }

    /// Hurdle: zero with probability `zero`, else one more than a negative binomial.
    pub fn hurdle(zero: f64, mean: f64, dispersion: f64) -> Predictive {
        let zero = Some(zero.clamp(1e-9, 1.0 - 1e-9));
        Predictive { zero, ..Predictive::counts(mean, dispersion) }
    }

    /// Expected count.
    pub fn expected(&self) -> f64 {
        self.zero.map_or(self.mean, |zero| (1.0 - zero) * (1.0 + self.mean))
    }

    /// Standard deviation of the count.
    pub fn deviation(&self) -> f64 {
        let variance = self.mean * self.dispersion;
        match self.zero {
            None => sqrt(variance),
            Some(zero) => {
                let level = 1.0 + self.mean;
                sqrt((1.0 - zero) * (variance + zero * level * level))
            }
        }
    }

    /// So many standard deviations above the mean of what is not zero, and two counts.
    pub fn above(&self, deviations: f64) -> f64 {
        let shift = if self.zero.is_some() { 1.0 } else { 0.0 };
        shift + self.mean + deviations * sqrt(self.mean * self.dispersion) + 2.0
    }

    /// Above this a count is no longer ordinary.
    pub fn cap(&self) -> f64 {
        self.above(4.0)
    }

    /// −ln P(X = 0).
    pub fn zero_score(&self) -> f64 {
        match self.zero {
            Some(zero) => -log(zero),
            None => zero_score(self.mean, self.dispersion),
        }
    }

    /// −ln P(X ≥ x) and −ln P(X ≤ x).
    pub fn scores(&self, x: u64) -> (f64, f64) {
        let Some(zero) = self.zero else {
            return count_scores(self.mean, self.dispersion, x);
        };
        if x == 0 {
            return (0.0, -log(zero));
        }
        let (upper, lower) = count_scores(self.mean, self.dispersion, x - 1);
        let below = zero + (1.0 - zero) * exp(-lower);
        (upper - log1p(-zero), -log(below.min(1.0)))
    }

    /// The greatest level ≤ `level` that a two-sided test at `level` (half of it on each side)
    /// really has: counts come in steps, so a small mean cannot be held against every level.
    pub fn attainable(&self, level: f64) -> f64 {
        let bar = -log(level / 2.0);
        let limit = (self.expected() + 50.0 * self.deviation() + 100.0) as u64;
        let first = least(limit, |x| self.scores(x).0 >= bar);
        let upper = exp(-self.scores(first).0);
        let past = least(limit, |x| self.scores(x).1 < bar);
        let lower = if past == 0 { 0.0 } else { exp(-self.scores(past - 1).1) };
        upper + lower
    }
}

/// The least x in 0..=limit for which a monotone condition holds; `limit` when none does.
fn least(limit: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, limit);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// −ln P(X = 0) = m·ln q / (q − 1).
fn zero_score(mean: f64, dispersion: f64) -> f64 {
    mean * log(dispersion) / (dispersion - 1.0)
}

/// Both scores of a count under the negative binomial.
fn count_scores(mean: f64, dispersion: f64, x: u64) -> (f64, f64) {
    let nothing = zero_score(mean, dispersion);
    if x == 0 {
        return (0.0, nothing);
    }
    if x > SUM_MAX || nothing > 600.0 {
        return saddlepoint(mean, dispersion, x as f64);
    }
    let mut probability = exp(-nothing);
    let mut below = 0.0;
    for k in 0..x {
        below += probability;
        let k = k as f64;
        probability *= (mean + k * (dispersion - 1.0)) / (dispersion * (k + 1.0));
    }
    let lower = -log((below + probability).min(1.0));
    let upper = if below < 0.99 {
        -log(1.0 - below)
    } else {
        tail_sum(mean, dispersion, x as f64, probability)
    };
    (upper, lower)
}

/// −ln Σ_{k ≥ x} P(X = k), given P(X = x); the terms fall at least geometrically beyond the mean.
fn tail_sum(mean: f64, dispersion: f64, x: f64, first: f64) -> f64 {
    -log(first) - log(tail_ratio(mean, dispersion, x))
}

/// Σ_{k ≥ x} P(X = k) / P(X = x).
fn tail_ratio(mean: f64, dispersion: f64, x: f64) -> f64 {
    let (mut k, mut term, mut sum) = (x, 1.0, 1.0);
    for _ in 0..64 {
        let ratio = (mean + k * (dispersion - 1.0)) / (dispersion * (k + 1.0));
        term *= ratio;
        sum += term;
        k += 1.0;
        if term < 1e-6 * sum {
            return sum;
        }
    }
    // What is left falls by about the last ratio from term to term.
    let ratio = (mean + k * (dispersion - 1.0)) / (dispersion * (k + 1.0));
    if ratio < 1.0 {
        sum += term * ratio / (1.0 - ratio);
    }
    sum
}

/// Lugannani–Rice on the lattice, both sides.
fn saddlepoint(mean: f64, dispersion: f64, x: f64) -> (f64, f64) {
    let r = mean / (dispersion - 1.0);
    let spread = sqrt(x + x * x / r);
    // t = ln [x (r + m) / (m (r + x))], written so that nearly equal numbers lose nothing.
    let offset = x - mean;
    let t = log1p(offset / mean) - log1p(offset / (r + mean));
    let deviance = x * log1p(offset / mean) - (x + r) * log1p(offset / (r + mean));
    let w = sqrt((2.0 * deviance).max(0.0)).copysign(offset);
    let skew = (1.0 + 2.0 * mean / r) / sqrt(mean * dispersion);
    let upper = if w.abs() < 1e-3 {
        -log(0.5 + (0.5 / spread - skew / 6.0) / sqrt(2.0 * PI))
    } else {
        one_side(w, (1.0 - exp(-t)) * spread)
    };
    let lower = if w.abs() < 1e-3 {
        -log(0.5 + (0.5 / spread + skew / 6.0) / sqrt(2.0 * PI))
    } else {
        one_side(-w, (1.0 - exp(t)) * spread)
    };
    if r < SMALL_SHAPE && offset > 0.0 {
        return small_shape(mean, dispersion, x, lower);
    }
    (upper.clamp(0.0, SCORE_MAX), lower.clamp(0.0, SCORE_MAX))
}

/// The saddlepoint is poor for a small r, where the probability itself is cheap: sum from there.
fn small_shape(mean: f64, dispersion: f64, x: f64, lower: f64) -> (f64, f64) {
    let r = mean / (dispersion - 1.0);
    let ln_first = lgamma(x + r) - lgamma(r) - lgamma(x + 1.0) - r * log(dispersion)
        + x * log1p(-1.0 / dispersion);
    let upper = -ln_first - log(tail_ratio(mean, dispersion, x));
    let above = exp(-upper) - exp(ln_first);
    let lower = if above < 1.0 { -log1p(-above.max(0.0)) } else { lower };
    (upper.clamp(0.0, SCORE_MAX), lower.clamp(0.0, SCORE_MAX))
}

/// −ln [Φc(w) + φ(w)(1/u − 1/w)].
fn one_side(w: f64, u: f64) -> f64 {
    let bend = 1.0 / u - 1.0 / w;
    if w > 3.0 {
        let inner = (mills(w) + bend).max(1e-12);
        return 0.5 * w * w + 0.5 * log(2.0 * PI) - log(inner);
    }
    let density = exp(-0.5 * w * w) / sqrt(2.0 * PI);
    -log((0.5 * erfc(w / SQRT_2) + density * bend).clamp(1e-300, 1.0))
}

/// Mills' ratio Φc(w)/φ(w) for w ≥ 3, by its continued fraction.
fn mills(w: f64) -> f64 {
    let mut tail = w;
    for k in (1..=20).rev() {
        tail = w + f64::from(k) / tail;
    }
    1.0 / tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use statrs::function::beta::beta_reg;

    /// P(X ≥ x) by the regularised incomplete beta function.
    fn oracle(mean: f64, q: f64, x: u64) -> f64 {
        if x == 0 { 1.0 } else { beta_reg(x as f64, mean / (q - 1.0), (q - 1.0) / q) }
    }

    proptest! {
        #[test]
        fn tails_agree_with_the_incomplete_beta_function(
            mean_ln in -5.0f64..7.0, over in 0.01f64..20.0, x in 0u64..3000,
        ) {
            let (mean, q) = (exp(mean_ln), 1.0 + over);
            let upper = oracle(mean, q, x);
            let (got_upper, got_lower) = Predictive::counts(mean, q).scores(x);
            if upper > 1e-100 {
                let error = (got_upper + log(upper)).abs();
                prop_assert!(error < 0.08, "upper {got_upper} want {}", -log(upper));
            }
            let lower = 1.0 - oracle(mean, q, x + 1);
            if lower > 1e-6 {
                let error = (got_lower + log(lower)).abs();
                prop_assert!(error < 0.25, "lower {got_lower} want {}", -log(lower));
            }
        }

        #[test]
        fn scores_are_finite_and_ordered(
            mean in 0.0f64..1e9, q in 1.0f64..1e6, x in 0u64..u64::MAX, zero in 0.0f64..1.0,
        ) {
            for model in [Predictive::counts(mean, q), Predictive::hurdle(zero, mean, q)] {
                let (upper, lower) = model.scores(x);
                prop_assert!((0.0..=SCORE_MAX + 30.0).contains(&upper), "{upper}");
                prop_assert!((0.0..=SCORE_MAX + 30.0).contains(&lower), "{lower}");
            }
        }
    }

    #[test]
    fn a_hurdle_splits_zero_from_the_rest() {
        let model = Predictive::hurdle(0.9, 29.0, 1.01);
        assert!((model.expected() - 3.0).abs() < 1e-9);
        assert!((exp(-model.scores(1).0) - 0.1).abs() < 1e-9);
        assert!((exp(-model.scores(0).1) - 0.9).abs() < 1e-9);
        assert!(model.scores(80).0 > 20.0, "{:?}", model.scores(80));
    }

    #[test]
    fn attainable_levels_are_those_of_the_steps() {
        // Poisson(0.1): P(≥1) = .0952, P(≥2) = .00468, P(≥3) = .000155.
        let sparse = Predictive::counts(0.1, 1.0);
        assert!((sparse.attainable(1e-2) - 0.004_68).abs() < 1e-4);
        assert!((sparse.attainable(1e-3) - 0.000_155).abs() < 1e-5);
        let dense = Predictive::counts(10_000.0, 1.0).attainable(1e-3);
        assert!((0.000_9..=0.001).contains(&dense), "{dense}");
    }
}

//! Discounted moments of counts and the predictive distribution they give.

use crate::tail::Predictive;
use serde::{Deserialize, Serialize};

/// Least mean of a predictive: below it one event would be evidence by itself.
const MEAN_MIN: f64 = 0.02;
/// Weight of the prior dispersion, in buckets that were not empty.
const PRIOR_WEIGHT: f64 = 5.0;
/// Buckets that were not empty before a hurdle is considered.
const HURDLE_MIN: f64 = 10.0;

/// Weighted count, sums and number of buckets that were not empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Weight of all buckets.
    pub weight: f64,
    /// Weight of buckets that were not empty.
    pub busy: f64,
    /// Weighted sum of counts.
    pub sum: f64,
    /// Weighted sum of squares.
    pub squares: f64,
}

impl Moments {
    /// Learns one bucket, forgetting by `discount`.
    pub fn learn(&mut self, value: f64, discount: f64) {
        self.scale(discount);
        self.weight += 1.0;
        self.busy += f64::from(u8::from(value > 0.0));
        self.sum += value;
        self.squares += value * value;
    }

    /// Learns `buckets` empty ones in one step.
    pub fn learn_empty(&mut self, buckets: u64, discount: f64) {
        let kept = libm::exp(buckets as f64 * libm::log(discount));
        self.scale(kept);
        self.weight += (1.0 - kept) / (1.0 - discount);
    }

    /// Multiplies all weights.
    pub fn scale(&mut self, by: f64) {
        self.weight *= by;
        self.busy *= by;
        self.sum *= by;
        self.squares *= by;
    }

    /// Takes out one value that was learnt not long ago.
    pub fn remove(&mut self, value: f64) {
        self.weight = (self.weight - 1.0).max(1.0);
        self.busy = (self.busy - 1.0).max(0.0);
        self.sum = (self.sum - value).max(0.0);
        self.squares = (self.squares - value * value).max(0.0);
    }

    /// Mean per bucket.
    pub fn mean(&self) -> f64 {
        if self.weight > 0.0 { self.sum / self.weight } else { 0.0 }
    }

    /// Fraction of buckets that were empty.
    pub fn zeros(&self) -> f64 {
        if self.weight > 0.0 { (1.0 - self.busy / self.weight).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// Predictive of the next bucket; `prior` is the dispersion before anything is known.
    pub fn predictive(&self, prior: f64) -> Predictive {
        let weight = self.weight.max(1.0);
        let mean = (self.sum / weight).max(MEAN_MIN);
        let variance = (self.squares / weight - mean * mean).max(0.0);
        let plain = self.dispersion(variance / mean, prior);
        let pooled = Predictive::counts(mean, plain);
        if self.busy < HURDLE_MIN || self.busy > 0.98 * weight {
            return pooled;
        }
        // The raw dispersion decides whether zeros are in excess, not the widened one.
        let fair = libm::exp(-Predictive::counts(mean, variance / mean).zero_score());
        let zeros = self.zeros();
        let error = libm::sqrt(fair * (1.0 - fair) / weight);
        if zeros < fair + 3.0 * error + 0.02 {
            return pooled;
        }
        let level = self.sum / self.busy;
        let beyond = (level - 1.0).max(MEAN_MIN);
        let variance = (self.squares / self.busy - level * level).max(0.0);
        let zero = (weight * zeros + 0.5) / (weight + 1.0);
        Predictive::hurdle(zero, beyond, self.dispersion(variance / beyond, prior))
    }

    /// Dispersion, shrunk to the prior and widened by what is not known about it.
    fn dispersion(&self, estimate: f64, prior: f64) -> f64 {
        let busy = self.busy.max(1.0);
        let shrunk = (busy * estimate.max(1.0) + PRIOR_WEIGHT * prior) / (busy + PRIOR_WEIGHT);
        let unsure = (1.5 * libm::sqrt(2.0 / busy)).min(0.5);
        shrunk * (1.0 + unsure + 1.0 / self.weight.max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn empty_buckets_in_one_step_are_as_one_by_one(
            values in prop::collection::vec(0u32..50, 1..20), gap in 0u64..400,
        ) {
            let mut one = Moments::default();
            for value in values {
                one.learn(f64::from(value), 0.999);
            }
            let mut other = one;
            (0..gap).for_each(|_| one.learn(0.0, 0.999));
            other.learn_empty(gap, 0.999);
            for (a, b) in [(one.weight, other.weight), (one.busy, other.busy),
                (one.sum, other.sum), (one.squares, other.squares)] {
                prop_assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{a} {b}");
            }
        }
    }

    #[test]
    fn excess_zeros_make_a_hurdle_and_plain_counts_do_not() {
        let mut bursty = Moments::default();
        let mut steady = Moments::default();
        for bucket in 0..600u32 {
            bursty.learn(if bucket % 5 == 0 { 30.0 + f64::from(bucket % 7) } else { 0.0 }, 0.9995);
            steady.learn(f64::from(bucket * 7919 % 5), 0.9995);
        }
        let model = bursty.predictive(4.0);
        assert!((model.zero.unwrap() - 0.8).abs() < 0.02, "{model:?}");
        assert!((model.expected() - bursty.mean()).abs() < 0.3, "{model:?}");
        assert_eq!(steady.predictive(4.0).zero, None);
    }

    #[test]
    fn few_buckets_give_wide_tails() {
        let mut moments = Moments::default();
        (0..60).for_each(|_| moments.learn(10.0, 0.9995));
        let early = moments.predictive(2.0).scores(30).0;
        (0..3000).for_each(|_| moments.learn(10.0, 0.9995));
        let late = moments.predictive(2.0).scores(30).0;
        assert!(early + 2.0 < late, "{early} {late}");
    }
}

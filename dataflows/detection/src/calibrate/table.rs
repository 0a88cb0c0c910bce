//! What the owner of a calibration tells everyone: two tails and how far it is.

use super::Side;
use super::histogram::bin;
use crate::gpd::Gpd;
use serde::{Deserialize, Serialize};

/// The calibrated tail of one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// Score of the threshold.
    pub threshold: f64,
    /// Probability of a score at or beyond it.
    pub beyond: f64,
    /// Excess distribution, and the same with ξ one standard error less and more: their average
    /// is the tail, so that few exceedances give a wide one.
    pub(crate) shapes: [Gpd; 3],
    /// Exceedances seen, with decay.
    pub exceedances: f64,
    /// How often a score of at least this bin was seen, for the last few decades: ties are never
    /// rarer than they were.
    pub(crate) steps: Vec<(u16, f64)>,
    /// Factor ≥ 1 for a realised rate above its band.
    pub widen: f64,
    /// Greatest gain of calibration.
    pub(crate) gain: f64,
    /// The greatest of many scores, and how it falls beyond.
    pub(crate) beyond_all: Option<BeyondAll>,
}

/// The tail beyond everything seen. One score in as many as were seen lies there, whatever the
/// tail is like, so a fall that is too fast makes hardly more decisions than one a doubling of what
/// was seen; a fit to what lies far below would let a score of twice as many nats pass as usual.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BeyondAll {
    /// The greatest score.
    pub greatest: f64,
    /// Chance of a greater one.
    pub chance: f64,
    /// Nats by which it falls with each of the score.
    pub pace: f64,
}

impl BeyondAll {
    /// No more than this; 1 below the greatest.
    fn most(self, score: f64) -> f64 {
        if score <= self.greatest {
            return 1.0;
        }
        self.chance * libm::exp(-self.pace * (score - self.greatest))
    }
}

impl Tail {
    /// Probability of a score at least this extreme.
    pub fn probability(&self, score: f64) -> f64 {
        // A peer group mixes series whose counts step differently, so its tail is thinner than
        // that of any one of them: not much may be gained on what the model itself says.
        let floor = libm::exp(-self.gain * score.max(0.0));
        if score < self.threshold {
            // Scores below 1 are counted without a bin: how many there are is not known, and
            // where hardly any lie beyond 1 the line to the threshold would make them rare.
            let least = if score < 1.0 { libm::exp(-score.max(0.0)) } else { 0.0 };
            let line = libm::pow(self.beyond, score.max(0.0) / self.threshold);
            return line.max(least).max(floor).max(self.seen(score)).min(1.0);
        }
        let excess = score - self.threshold;
        let survival = self.shapes.iter().map(|gpd| gpd.survival(excess)).sum::<f64>() / 3.0;
        let fitted = self.beyond * survival;
        let fitted = fitted.min(self.beyond_all.map_or(1.0, |beyond| beyond.most(score)));
        let seen = self.seen(score);
        (fitted.max(seen).max(floor) * self.widen).min(1.0)
    }

    fn seen(&self, score: f64) -> f64 {
        let Some(bin) = bin(score) else { return 0.0 };
        let at = self.steps.partition_point(|step| step.0 < bin);
        self.steps.get(at).map_or(0.0, |step| step.1)
    }
}

/// Calibration of one (channel, peer group), valid from the end of the quantum that made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Rises by one with every table of a calibrator.
    pub version: u64,
    /// Quanta with closed buckets so far, at most `needed`.
    pub quanta: u32,
    /// Quanta needed.
    pub needed: u32,
    /// Scores it rests on, with decay.
    pub samples: f64,
    /// Larger than expected.
    pub upper: Tail,
    /// Smaller than expected.
    pub lower: Tail,
}

impl Table {
    /// Whether it may be decided on.
    pub fn calibrated(&self) -> bool {
        self.quanta >= self.needed
    }

    /// How far the calibration is: "37 of 60".
    pub fn progress(&self) -> (u32, u32) {
        (self.quanta, self.needed)
    }

    /// Calibrated probability of a score at least this extreme on one side.
    pub fn tail(&self, side: Side, score: f64) -> Option<f64> {
        self.calibrated().then(|| self.side(side).probability(score))
    }

    /// Two-sided probability of a result and the side it lies on.
    pub fn two_sided(&self, upper: f64, lower: f64) -> Option<(f64, Side)> {
        let above = self.tail(Side::Upper, upper)?;
        let below = self.tail(Side::Lower, lower)?;
        Some(if above <= below {
            ((2.0 * above).min(1.0), Side::Upper)
        } else {
            ((2.0 * below).min(1.0), Side::Lower)
        })
    }

    /// The tail of one side.
    pub fn side(&self, side: Side) -> &Tail {
        match side {
            Side::Upper => &self.upper,
            Side::Lower => &self.lower,
        }
    }
}

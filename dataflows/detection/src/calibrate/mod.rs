//! Calibration: from a model's score to how rarely a score this extreme really comes.
//!
//! A model's own tail probability is only as good as the model. Per (channel, kind of series,
//! peer group) the scores `s = −ln p_model` of both sides are counted, and the tail beyond the
//! 98th percentile is fitted with a generalised Pareto distribution: two-sided DSPOT
//! (Siffer et al., KDD 2017), on a decaying histogram instead of a buffer, so that partial counts
//! of any number of workers add up to the same table.
//!
//! Per quantum each key group adds to a [`ScoreHistogram`] (integers; addition is commutative);
//! the owner's [`Calibrator`] absorbs them and closes the quantum with a [`Table`] for all.
//!
//! What an earlier product got wrong and what is done here: no decision before there is something
//! to decide on; while exceedances are few the fit leans on the exponential tail that a right
//! model has; ties are never counted as rarer than they were seen; what was found odd neither
//! poisons the tail (a few scores beyond a wide gap are left out) nor is left out for ever (many
//! are the tail); a rate above its band widens the tail at once.

mod calibrator;
mod histogram;
mod odd;
mod table;

use serde::{Deserialize, Serialize};

pub use calibrator::Calibrator;
pub use histogram::ScoreHistogram;
pub use table::{Table, Tail};

/// The side on which a value is extreme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Larger than expected.
    Upper,
    /// Smaller than expected.
    Lower,
}

/// How scores are calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationConfig {
    /// Quanta with closed buckets before the first decision.
    pub min_quanta: u32,
    /// Quanta after which a score counts half.
    pub half_life_quanta: f64,
    /// Scores below which nothing is forgotten.
    pub min_memory: f64,
    /// The level of the threshold: beyond it lies the tail that is fitted.
    pub level: f64,
    /// How many samples the model's own tail stands for.
    pub prior_weight: f64,
    /// How much wider than the model says the tail is taken to be before it was seen.
    pub prior_scale: f64,
    /// Greatest gain of calibration: p ≥ e^(−gain·s) where the model says e^(−s).
    pub gain: f64,
    /// How fast the tail falls at least beyond the greatest score of many, as a share of what the
    /// model says; 0 = as slowly as what was seen.
    pub pace: f64,
}

impl Default for CalibrationConfig {
    fn default() -> CalibrationConfig {
        CalibrationConfig {
            min_quanta: 60,
            half_life_quanta: 1440.0,
            min_memory: 5000.0,
            level: 0.98,
            prior_weight: 20.0,
            prior_scale: 1.2,
            gain: 1.2,
            pace: 0.0,
        }
    }
}

//! How a threshold is made, and what it says.

use crate::calibrate::Side;
use serde::{Deserialize, Serialize};

/// Which tails are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// Both, with half of the risk each.
    Both,
    /// Large values.
    Upper,
    /// Small values.
    Lower,
}

/// How a threshold is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpotConfig {
    /// Probability at or below which a value is an alarm, both sides together.
    pub risk: f64,
    /// Share of values below the threshold t, and above its mirror image.
    pub level: f64,
    /// Values before the first decision.
    pub calibration: u32,
    /// Peaks a fit needs: with fewer beyond the level, t moves inwards, to the 90th percentile
    /// at most.
    pub peaks_min: u32,
    /// Peaks kept a side.
    pub peaks_max: u32,
    /// Values of the moving mean; 0 judges the values themselves.
    pub depth: u32,
    /// Standard errors of ξ by which the tail is widened.
    pub caution: f64,
    /// Which tails are judged.
    pub sides: Sides,
}

impl Default for SpotConfig {
    fn default() -> SpotConfig {
        SpotConfig {
            risk: 1e-4,
            level: 0.98,
            calibration: 1000,
            peaks_min: 50,
            peaks_max: 200,
            depth: 0,
            caution: 1.5,
            sides: Sides::Both,
        }
    }
}

/// Bounds on what a configuration may ask for.
pub const CALIBRATION_MAX: u32 = 100_000;
/// Deepest moving mean.
pub const DEPTH_MAX: u32 = 10_000;
/// An alarm: the numbers behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// On which side.
    pub side: Side,
    /// How rarely a value this extreme comes, both sides together.
    pub p: f64,
    /// The value, less the moving mean.
    pub value: f64,
    /// The moving mean.
    pub mean: f64,
    /// The threshold t beyond which the tail was fitted.
    pub threshold: f64,
    /// The bar: the value at which p is the risk.
    pub bar: f64,
    /// Shape ξ and scale σ of the fit.
    pub fit: (f64, f64),
    /// Peaks ever, and values they are among.
    pub peaks: (u64, u64),
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing can be said yet.
    Uncalibrated,
    /// Within both thresholds.
    Ordinary,
    /// Beyond a threshold, with its probability: it was learnt.
    Peak(Side, f64),
    /// Rarer than the risk: it was not learnt.
    Alarm(Alarm),
}

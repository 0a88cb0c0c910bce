//! The realised rate of a threshold, held against what was promised.

use serde::{Deserialize, Serialize};

/// Least level at which the rate is watched: rarer things take too long to count.
const LEVEL_MIN: f64 = 1e-3;
/// Values after which one counts half.
const HALF_LIFE: f64 = 10_000.0;
/// The band: at most this many times what is expected, with room for chance …
const HIGH: f64 = 3.0;
const DEVIATIONS: f64 = 3.0;
const FEW: f64 = 4.0;
/// … and at least this share of it, once so many are expected.
const LOW: f64 = 0.2;
const EXPECTED_MIN: f64 = 12.0;

/// Decaying counts of what was realised and what was expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Watch {
    realised: f64,
    expected: f64,
    /// Too many: what is in force may not decide.
    suspended: bool,
}

impl Watch {
    /// Counts a value by its probability; whether the rate has left its band.
    pub(super) fn leaves_band(&mut self, risk: f64, p: f64) -> bool {
        let level = risk.max(LEVEL_MIN);
        let kept = 1.0 - std::f64::consts::LN_2 / HALF_LIFE;
        self.expected = self.expected * kept + level;
        self.realised = self.realised * kept + f64::from(u8::from(p <= level));
        let most = HIGH * self.expected + DEVIATIONS * libm::sqrt(self.expected) + FEW;
        let few = self.expected >= EXPECTED_MIN && self.realised < LOW * self.expected;
        self.suspended |= self.realised > most;
        self.suspended || few
    }

    /// Whether it left the band upwards.
    pub(super) fn suspended(&self) -> bool {
        self.suspended
    }
}

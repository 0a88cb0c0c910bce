//! Risk of an entity, and how far along the kill chain it is.
//!
//! ```text
//! alert (kind, rule, points, tactics) of an entity
//!        ├─► Risk::observe     forward-decayed points per rule ─► score 0–100, explained by alert
//!        └─► Progress::observe distinct tactics in the order of ATT&CK ─► longest progression
//! ```
//!
//! Both are plain structs, the state of one entity. One alert counts once: whoever holds them adds
//! it when its episode begins, never for its repetitions, and decides when a risk alert begins
//! and ends ([`Risk::falls_below`] says when, if nothing comes before).
//!
//! **Diminishing returns.** A rule that alerts again and again is worth at most twice its points.
//! Of one kind of evidence the strongest rule counts whole, the second half, the third a third. So
//! no rule by itself reaches the threshold, one kind does so only with many rules, and several
//! kinds do so quickly: points Σ are 100·(1 − 2^(−Σ/50)), and 50 points are a score of 50.

mod decayed;
mod ledger;
mod progress;

#[cfg(test)]
mod oracle_tests;

pub use decayed::Decayed;
pub use ledger::{GIVEN_MAX, Given, RULES_MAX, Risk, Share};
pub use progress::{Progress, Step};

use seerflow_model::Severity;
use serde::{Deserialize, Serialize};

/// Greatest points of one alert.
pub const POINTS_MAX: f64 = 100.0;

/// A kind of evidence; kinds add up, rules of one kind help each other less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskKind {
    /// A Sigma rule about single events.
    Sigma,
    /// A correlation.
    Correlation,
    /// An indicator of compromise.
    Indicator,
    /// What lines say.
    Content,
    /// How much comes.
    Volume,
    /// In what order it comes.
    Sequence,
    /// How behaviour changes.
    Pattern,
    /// How the entity differs from its own baseline and its peers.
    Behaviour,
    /// Whom it deals with.
    Graph,
}

impl RiskKind {
    /// Points of an alert of this kind. `strength` from 0 to 1 is how sure or how bad it is: of a
    /// correlation its risk, of an indicator its confidence, of a detector its score.
    pub fn points(self, severity: Severity, strength: f64) -> f64 {
        let strength = if strength.is_nan() { 0.0 } else { strength.clamp(0.0, 1.0) };
        match self {
            RiskKind::Sigma if severity >= Severity::Error => 15.0,
            RiskKind::Sigma => 5.0,
            // What is overwhelming is worth as much whoever has found it.
            _ => 20.0 * strength,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_bounded_whatever_the_strength() {
        for (kind, severity, strength, expected) in [
            (RiskKind::Sigma, Severity::Error, 0.0, 15.0),
            (RiskKind::Sigma, Severity::Warning, 1.0, 5.0),
            (RiskKind::Correlation, Severity::Fatal, 0.7, 14.0),
            (RiskKind::Indicator, Severity::Notice, 9.0, 20.0),
            (RiskKind::Content, Severity::Notice, -1.0, 0.0),
            (RiskKind::Volume, Severity::Notice, f64::NAN, 0.0),
        ] {
            assert!((kind.points(severity, strength) - expected).abs() < 1e-12, "{kind:?}");
        }
    }
}

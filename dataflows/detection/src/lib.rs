//! Detectors as plain structs: data in, scores out.
//!
//! Nothing here knows the dataflow, a clock or a random number. Each struct is the state of one
//! key, can be serialised, and gives the same result for the same calls on any machine
//! (transcendental functions come from `libm`). The chain of one channel is
//!
//! ```text
//! volume::Series, spread::Spread          counts        ┐
//! halfspace::Content, values::ValueModel  content       │ raw scores,
//! sequence::Walk                          order         │ nats
//! cusum::Cusum                            change        ┘
//!        │
//!        ├─► calibrate::ScoreHistogram (partial, mergeable) ─► calibrate::Calibrator ─► Table
//!        └─► Table::two_sided, tail ─► p ─► combine::combine ─► feedback::Prior
//!                                             ─► budget::Budget (fdr::Fdr by kind) ─► decision
//! silence::Regular, novelty::{Newness, Slots}, sequence::SessionTable give a probability of their own
//! beacon::Beacon gives one against chance; spot::Spot is the threshold of a number of one key
//! risk::{Risk, Progress} add up the alerts of one entity
//! ```
//!
//! What is made from parts that many workers saw has a merge that is commutative: `sketch`,
//! `calibrate::ScoreHistogram`, `sequence::{Chain, SessionPart}`, `halfspace::Forest`.
//!
//! "Not yet calibrated" is a state (`None`, with [`calibrate::Table::progress`]), never a zero.

pub mod beacon;
pub mod budget;
pub mod calibrate;
pub mod combine;
pub mod cusum;
pub mod fdr;
pub mod feedback;
#[cfg(test)]
mod golden;
pub mod gpd;
pub mod habit;
pub mod halfspace;
pub mod holt_winters;
pub mod kinds;
pub mod marks;
pub mod novelty;
pub mod risk;
pub mod sequence;
pub mod silence;
pub mod sketch;
pub mod spot;
pub mod spread;
pub mod tail;
pub mod values;
pub mod volume;

pub use budget::{Budget, BudgetConfig, Kind as BudgetKind, Verdict};
pub use calibrate::{CalibrationConfig, Calibrator, ScoreHistogram, Side, Table};
pub use novelty::{NewValue, Newness, NoveltyConfig, Sighted, Slots};
pub use silence::{Regular, Silence, SilenceConfig};
pub use volume::{Raw, Series, SeriesKind, VolumeConfig};

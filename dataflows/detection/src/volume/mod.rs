//! Volume: the model of one series of counts on closed buckets, two-sided.
//!
//! Two models share one state. Every series has a count model: discounted moments with a
//! negative-binomial predictive, a hurdle at zero when the series is silent more often than its
//! mean explains, and wide tails while little was seen. A series with a large mean gets a boxed
//! Holt–Winters level with a daily season beside it ([`level`]), which follows slow change.
//!
//! What guards the model against what it reports:
//! * a count above the cap is learnt as a moderate one, so a burst does not raise the model;
//! * a shift that lasts [`VolumeConfig::relevel_buckets`] buckets becomes the new level at once;
//! * bursts that keep coming back are remembered ([`bursts`]) and cease to be news;
//! * a regular series that falls silent goes to *sleep*: zeros are not learnt as its new level,
//!   so waking up is no burst.
//!
//! Invariants: buckets rise strictly; work per call is bounded whatever the gap; state ≤ 300
//! bytes without the boxes, ≤ 1 KiB with them. Cost per closed bucket: 100–250 ns.

pub mod bursts;
pub mod level;
pub mod moments;
mod peers;
mod series;
#[cfg(test)]
mod series_tests;

use crate::tail::Predictive;
use serde::{Deserialize, Serialize};

pub use peers::{ByOthers, PeerCounts, by_others};
pub use series::Series;

/// What a series counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// Events of a source.
    Source,
    /// Events of a host.
    Host,
    /// Events of a template.
    Template,
    /// Events of a template with one entity.
    Entity,
}

impl SeriesKind {
    /// Variance over mean expected before anything is known: lines of one actor come in clusters.
    const fn prior_dispersion(self) -> f64 {
        match self {
            SeriesKind::Source | SeriesKind::Host => 2.0,
            SeriesKind::Template | SeriesKind::Entity => 4.0,
        }
    }
}

/// How series are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeConfig {
    /// Length of a bucket (`detection.bucket_seconds`).
    pub bucket_seconds: u64,
    /// Buckets of a series' life before its first result.
    pub min_buckets: u32,
    /// Buckets after which an observation counts half.
    pub half_life_buckets: f64,
    /// Least mean per bucket for the Holt–Winters level.
    pub level_mean: f64,
    /// Buckets that a shift must last to become the new level.
    pub relevel_buckets: u16,
    /// −ln P(0) from which an empty bucket is worth closing on its own.
    pub empty_score: f64,
}

impl Default for VolumeConfig {
    fn default() -> VolumeConfig {
        VolumeConfig {
            bucket_seconds: 60,
            min_buckets: 60,
            half_life_buckets: 1440.0,
            level_mean: 4.0,
            relevel_buckets: 30,
            empty_score: 4.6,
        }
    }
}

/// Hours of a day: the slots of the season.
pub(crate) const SLOTS: u64 = 24;

impl VolumeConfig {
    /// Weight that an observation keeps from one bucket to the next.
    pub(crate) fn discount(&self) -> f64 {
        1.0 - std::f64::consts::LN_2 / self.half_life_buckets.max(2.0)
    }

    /// Buckets in one slot of the season, at least one.
    pub(crate) fn slot_buckets(&self) -> u64 {
        (3600 / self.bucket_seconds.max(1)).max(1)
    }

    /// Where the middle of a bucket stands in the day, in hours: the clock of the log itself.
    pub(crate) fn phase(&self, bucket: u64) -> f64 {
        let length = self.bucket_seconds.max(1);
        let second = (bucket % 86_400) * (length % 86_400) % 86_400;
        let middle = second as f64 + length as f64 / 2.0;
        libm::fmod(middle / 3600.0, SLOTS as f64)
    }
}

/// What a model says about one closed bucket.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raw {
    /// −ln P(X ≥ observed).
    pub upper: f64,
    /// −ln P(X ≤ observed).
    pub lower: f64,
    /// Expected count.
    pub expected: f64,
    /// Observed count.
    pub observed: u64,
    /// Observed over expected.
    pub ratio: f64,
    /// The predictive distribution, for [`Predictive::attainable`] and for words.
    pub model: Predictive,
    /// It belongs to the episode of the bucket before: this goes on, it does not begin.
    pub continues: bool,
    /// Empty buckets between the last closed one and this one that had a result too (of a silence
    /// only its first).
    pub empties: u64,
    /// −ln P(X ≤ 0) of each of those.
    pub empty_lower: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phase_is_the_hour_of_the_day() {
        let config = VolumeConfig::default();
        let midnight = 1_774_310_400 / 60;
        assert_eq!(config.phase(midnight), 0.5 / 60.0);
        assert!((config.phase(midnight + 90) - (1.5 + 0.5 / 60.0)).abs() < 1e-12);
        for bucket_seconds in [1, 7, 300, 3600, 86_400, 1_000_000, u64::MAX] {
            let phase = VolumeConfig { bucket_seconds, ..config }.phase(u64::MAX);
            assert!((0.0..24.0).contains(&phase), "{bucket_seconds}: {phase}");
        }
    }
}

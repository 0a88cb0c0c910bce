//! The detectors that calibration knows, by name, channel and key.

use seerflow_detection::volume::SeriesKind;
use seerflow_model::{Channel, hash};
use serde::{Deserialize, Serialize};

/// A detector whose scores are calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Detector {
    /// Counts per bucket of a kind of series.
    Volume(SeriesKind),
    /// Their level, by cumulative sums.
    Change(SeriesKind),
    /// An event as a whole, by half-space trees.
    Trees,
    /// The values in the slots of a template.
    Values,
    /// An event after those before it of the same entity.
    Order,
    /// What the way of an entity is like altogether.
    Session,
    /// How the habits of an entity drift.
    Drift,
    /// How many different partners an entity has.
    Spread,
    /// An entity that speaks like a clock.
    Beacon,
}

impl Detector {
    /// Its name, as users see it.
    pub const fn name(self) -> &'static str {
        match self {
            Detector::Volume(SeriesKind::Source) => "volume-source",
            Detector::Volume(SeriesKind::Host) => "volume-host",
            Detector::Volume(SeriesKind::Template) => "volume-template",
            Detector::Volume(SeriesKind::Entity) => "volume-entity",
            Detector::Change(SeriesKind::Source) => "change-source",
            Detector::Change(SeriesKind::Host) => "change-host",
            Detector::Change(SeriesKind::Template) => "change-template",
            Detector::Change(SeriesKind::Entity) => "change-entity",
            Detector::Trees => "content-trees",
            Detector::Values => "content-values",
            Detector::Order => "sequence-order",
            Detector::Session => "sequence-session",
            Detector::Drift => "sequence-drift",
            Detector::Spread => "pattern-spread",
            Detector::Beacon => "pattern-beacon",
        }
    }

    /// The channel that it belongs to.
    pub const fn channel(self) -> Channel {
        match self {
            Detector::Volume(_) => Channel::Volume,
            Detector::Trees | Detector::Values => Channel::Content,
            Detector::Order | Detector::Session | Detector::Drift => Channel::Sequence,
            Detector::Change(_) | Detector::Spread | Detector::Beacon => Channel::Pattern,
        }
    }

    /// What its scores count in while it is calibrated.
    pub const fn unit(self) -> &'static str {
        match self {
            Detector::Volume(_) | Detector::Change(_) => "buckets",
            _ => "minutes",
        }
    }

    const fn code(self) -> u64 {
        match self {
            Detector::Volume(kind) => kind as u64,
            Detector::Change(kind) => 16 + kind as u64,
            Detector::Trees => 32,
            Detector::Values => 33,
            Detector::Order => 34,
            Detector::Session => 35,
            Detector::Drift => 38,
            Detector::Spread => 36,
            Detector::Beacon => 37,
        }
    }

    /// Key of its calibrator for a peer group.
    #[inline]
    pub fn key(self, peer: u64) -> u64 {
        hash::pair(self.code(), peer)
    }
}

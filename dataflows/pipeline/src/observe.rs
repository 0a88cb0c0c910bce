//! Looking on: what the detectors said of each event, for whoever measures them.
//!
//! An observer changes nothing: it is called where events are judged, with what was said, on the
//! worker's thread, in the order of that worker. Without one nothing is spent on it.

use crate::detector::Detector;
use seerflow_model::{EntityType, Event, SourceInfo};

/// Looks on.
pub trait Observer: Send + Sync {
    /// An event was judged.
    fn judged(&self, judged: &Judged<'_>);

    /// The session of an entity was judged: it has ended.
    fn session(&self, _judged: &JudgedSession<'_>) {}
}

/// What was said of the whole way of an entity.
pub struct JudgedSession<'a> {
    /// Type of the entity.
    pub kind: EntityType,
    /// Its canonical value.
    pub value: &'a str,
    /// Source of its last event.
    pub source: &'a SourceInfo,
    /// Probability of a session at least as odd.
    pub probability: f64,
}

/// What was said of one event.
pub struct Judged<'a> {
    /// The event.
    pub event: &'a Event,
    /// Its template.
    pub template: u64,
    /// All channels together; `None` while none is calibrated.
    pub probability: Option<f64>,
    /// Tail probability of each detector; `None` where it had nothing to say.
    pub channels: &'a [(Detector, Option<f64>)],
}

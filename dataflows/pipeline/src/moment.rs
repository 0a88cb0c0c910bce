//! What the detectors say of one event, on its way through them.
//!
//! The leaf makes it, where the message is last read; every detector behind it adds its raw score
//! and passes it on, so that one record of fixed size travels and the channels of an event are
//! judged together. The event itself is only pointed at: it names and shows what was found.

use crate::counts::Lead;
use crate::detector::Detector;
use seerflow_detection::halfspace::{ContentScore, Observation};
use seerflow_detection::sequence::Loss;
use seerflow_detection::values::ValueScore;
use seerflow_model::event::ParamKind;
use seerflow_model::{EntityType, Event, hash};
use serde::{Deserialize, Serialize};

/// The value of one slot that is the least usual of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OddValue {
    /// Which slot, by its place in the template.
    pub slot: u16,
    /// The value itself, shortened; empty unless it is rare enough to be told.
    pub text: Box<str>,
    /// What is odd about it.
    pub score: ValueScore,
    /// The raw score: its surprise, less what looking at so many slots is worth, nats.
    pub nats: f64,
}

/// One event and what was said of it so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// The event, its template's text, and the template.
    pub lead: Lead,
    /// Values; `None` while no slot has a model.
    pub value: Option<OddValue>,
    /// Probability of a never-seen value, when there was one.
    pub unseen: Option<f64>,
    /// Content as a whole; `None` while it is being learnt.
    pub content: Option<ContentScore>,
    /// The two symbols before it, on the way of its entity.
    pub after: [u64; 2],
    /// Order; `None` while the peers have seen too little, or without an entity.
    pub order: Option<Loss>,
}

impl Moment {
    /// The event.
    pub fn event(&self) -> &Event {
        &self.lead.event
    }

    /// Its template.
    pub fn template(&self) -> u64 {
        self.lead.subject.template()
    }

    /// Raw scores by detector, nats.
    pub fn scores(&self) -> [(Detector, Option<f64>); 3] {
        [
            (Detector::Trees, self.content.map(|content| content.surprise)),
            (Detector::Values, self.value.as_ref().map(|value| value.nats)),
            (Detector::Order, self.order.map(|order| order.nats)),
        ]
    }

    /// The greatest raw score.
    pub fn greatest(&self) -> f64 {
        self.scores().into_iter().filter_map(|(_, nats)| nats).fold(0.0, f64::max)
    }

    /// What half-space trees are told of the event, but for what only its namespace knows.
    pub fn observation(&self) -> Observation {
        let event = self.event();
        let number =
            |kind| matches!(kind, ParamKind::Number | ParamKind::Duration | ParamKind::Size);
        let numbers = event.params.iter().filter(|param| number(param.kind)).count();
        Observation {
            bytes: event.message().len() as u32,
            parameters: event.params.len() as u16,
            numbers: numbers as u16,
            entities: event.entities.len() as u16,
            severity: event.severity as u8,
            gap_ns: 0,
            template: self.template(),
            template_seen: (0, 0),
            week_seconds: week_seconds(event.effective_time),
        }
    }
}

/// Seconds since the week began. 1970 began on a Thursday.
fn week_seconds(at: u64) -> u32 {
    ((at / 1_000_000_000 + 3 * 86_400) % (7 * 86_400)) as u32
}

/// The peer group of an event: its source type, for detectors that judge it as a whole.
pub fn peer(event: &Event) -> u64 {
    hash::text(&event.source.source_type)
}

/// The peer group of an entity: its type, in the source type of the event.
pub fn peer_of(event: &Event, kind: EntityType) -> u64 {
    hash::pair(peer(event), kind as u64)
}

/// The key under which an event's entity is followed: its primary entity within its peer group;
/// the namespace when it names none.
pub fn walk_of(event: &Event) -> u64 {
    match event.primary() {
        Some(entity) => hash::pair(entity.key, peer_of(event, entity.kind)),
        None => event.namespace,
    }
}

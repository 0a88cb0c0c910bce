//! Evidence: what a detector found, how rarely that comes by chance, and in what words.

use crate::entity::{self, EntityType, Role};
use crate::event::Event;
use crate::severity::Severity;
use crate::text;
use crate::time::Ns;
use serde::{Deserialize, Serialize};

/// The channel that found something. Names and weights of channels are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// What a line says: never-seen templates and values.
    Content,
    /// How much comes: rates, bursts, drops, silence.
    Volume,
    /// In what order it comes.
    Sequence,
    /// How behaviour changes.
    Pattern,
    /// A rule that one event matches; its evidence has no probability.
    Sigma,
    /// A rule that several events match together; its evidence has no probability.
    Correlation,
    /// What adds up about an entity; its evidence has no probability.
    Risk,
}

impl Channel {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Content => "content",
            Channel::Volume => "volume",
            Channel::Sequence => "sequence",
            Channel::Pattern => "pattern",
            Channel::Sigma => "sigma",
            Channel::Correlation => "correlation",
            Channel::Risk => "risk",
        }
    }

    /// Whether what it finds has a probability.
    pub const fn is_statistical(self) -> bool {
        !matches!(self, Channel::Sigma | Channel::Correlation | Channel::Risk)
    }
}

/// An entity as alerts carry it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityOut {
    /// UUIDv5 of the canonical value.
    pub uuid: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: EntityType,
    /// Canonical value.
    pub value: String,
    /// Part it plays.
    pub role: Role,
}

impl EntityOut {
    /// From type, canonical value and role.
    pub fn new(kind: EntityType, canonical: &str, role: Role) -> EntityOut {
        EntityOut {
            uuid: entity::uuid(kind, canonical).to_string(),
            kind,
            value: canonical.to_owned(),
            role,
        }
    }
}

/// The short form of an event that alerts carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Brief {
    /// Event id.
    pub event_id: String,
    /// Event time, as a string of nanoseconds.
    #[serde(with = "crate::alert::ns_string")]
    pub timestamp_ns: Ns,
    /// Name of its source.
    pub source: String,
    /// Message, at most [`BRIEF_MESSAGE_MAX`] bytes.
    pub message: String,
}

/// Longest message kept in a [`Brief`], in bytes.
pub const BRIEF_MESSAGE_MAX: usize = 1024;

impl Brief {
    /// From an event.
    pub fn of(event: &Event) -> Brief {
        Brief {
            event_id: event.id().to_string(),
            timestamp_ns: event.about(),
            source: event.source.name.clone(),
            message: text::shorten(event.message(), BRIEF_MESSAGE_MAX).into_owned(),
        }
    }
}

/// One finding of one detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Channel that found it.
    pub channel: Channel,
    /// What kind of thing: `burst`, `drop`, `silence`, `new-template`, `new-value`.
    pub kind: String,
    /// Rule it counts under: `volume-burst`, `silence`, `never-seen-message` …
    pub rule: String,
    /// Group-by tuple of the episode, as text; with the rule it names the episode.
    pub episode: String,
    /// When it takes effect.
    pub effective: Ns,
    /// The event time it speaks of.
    pub about: Ns,
    /// Tail probability: how rarely a value this extreme comes by chance; 0 where the channel knows
    /// none.
    pub probability: f64,
    /// One sentence for a person.
    pub text: String,
    /// The numbers behind the sentence, in a fixed order.
    pub values: Vec<(String, f64)>,
    /// How bad.
    pub severity: Severity,
    /// Short title for the alert: `burst of "Failed password for <*>" from sshd on web-1`.
    pub title: String,
    /// Source type it concerns.
    pub source_type: String,
    /// Entities, primary first.
    pub entities: Vec<EntityOut>,
    /// Lines that show it.
    pub events: Vec<Brief>,
    /// How many events it stands for.
    pub event_count: u64,
}

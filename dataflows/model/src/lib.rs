//! What flows through Seerflow: records, events, entities, evidence, alerts.
//!
//! Plain data with no I/O, no clock and no randomness. Everything else imports this crate and
//! this crate imports none of the others, so a type here is the contract between two parts.
//!
//! Times are nanoseconds since 1970-01-01T00:00:00Z, as `u64` clamped to `[0, 2^63 - 1]`.
//! Identities are derived from content, never drawn at random: the same input gives the same ids
//! on any machine, with any number of workers.

pub mod alert;
pub mod attack;
pub mod class;
mod cloud;
pub mod edge;
pub mod entity;
pub mod event;
pub mod evidence;
pub mod hash;
pub mod ids;
mod logsource;
pub mod meaning;
pub mod order;
pub mod record;
pub mod severity;
pub mod text;
pub mod time;
pub mod view;

pub use alert::{Alert, AlertStatus};
pub use attack::Tactic;
pub use class::{Activity, LogSource, Outcome};
pub use edge::{EdgeRef, Relation};
pub use entity::{EntityRef, EntityType, Role};
pub use event::{Event, Field, Format, Param, ParamKind, Span};
pub use evidence::{Brief, Channel, EntityOut, Evidence};
pub use order::Order;
pub use record::{Flags, LineEnd, ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
pub use severity::Severity;
pub use time::Ns;
pub use view::EventView;

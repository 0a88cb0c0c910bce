//! The words of Sigma for what Seerflow knows: field names and logsources, as data.
//!
//! An event's own names always count; besides, the names of the event model fill the names that
//! rules use, so that `source.ip` of an access log answers to `c-ip` and `src_ip`. One name may
//! fill several, and several one; any value suffices a rule. Where a source brings Sigma's names
//! itself (CloudTrail, Kubernetes audit) nothing is added, for Windows only what its own log calls
//! otherwise than Sysmon.
//!
//! An event belongs to more logsources than its own: rules for sshd are written for `sshd`, for
//! `auth` and for all of Linux. Naming them costs a handful of comparisons per event.

mod derived;
mod fields;
mod sources;

pub(crate) use derived::{derive, workload};
pub(crate) use fields::names;
pub use fields::{ENTITIES, ENTITY_NAMES, FIELDS, WINDOWS};
pub use sources::logsources;
pub(crate) use sources::{command, is_firewall, own, widen};

/// Which words an event's names are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// Those of the rules.
    #[default]
    Plain,
    /// Those of the event model.
    Model,
    /// Those of Windows' own log.
    Windows,
}

//! Relations between the entities of one event.

use serde::{Deserialize, Serialize};

/// What an edge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// actor → src: a user came from an address.
    AuthenticatedFrom,
    /// actor → host: a user is on a host.
    LoggedInto,
    /// actor → target user: a user acted as another.
    ActedAs,
    /// src → dst: one address or host talked to another.
    ConnectedTo,
    /// actor → object: a user touched a file, URL or command.
    Accessed,
    /// src address → observing host.
    ReachedHost,
    /// process → host it ran on.
    RanOn,
    /// src hardware address → address or name it goes by.
    SeenAs,
}

impl Relation {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Relation::AuthenticatedFrom => "authenticated_from",
            Relation::LoggedInto => "logged_into",
            Relation::ActedAs => "acted_as",
            Relation::ConnectedTo => "connected_to",
            Relation::Accessed => "accessed",
            Relation::ReachedHost => "reached_host",
            Relation::RanOn => "ran_on",
            Relation::SeenAs => "seen_as",
        }
    }
}

/// An edge between two entities of the same event, by their index in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EdgeRef {
    /// Index of the entity it leaves.
    pub from: u8,
    /// Index of the entity it enters.
    pub to: u8,
    /// What it says.
    pub relation: Relation,
}

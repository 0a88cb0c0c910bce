//! The keyed folds: each joins one algorithm to the operator, and nothing more.

pub mod budget;
pub mod calibrate;
pub mod chains;
pub mod content;
pub mod correlate;
pub mod elsewhere;
pub mod entities;
pub mod episodes;
pub mod facts;
pub mod guidance;
pub mod kinds;
pub mod leaves;
pub mod merges;
pub mod newness;
pub mod peers;
pub mod risk;
pub mod series;
pub mod sessions;
pub mod stories;
pub mod walks;

/// Stages in the total order, in the order of the dataflow.
pub mod stage {
    /// Templates and content, by leaf.
    pub const LEAVES: u16 = 1;
    /// Counts per series.
    pub const SERIES: u16 = 2;
    /// Never-seen templates, by source type.
    pub const NEWNESS: u16 = 3;
    /// Calibrators, by (channel, peer group).
    pub const CALIBRATE: u16 = 4;
    /// The alert budget.
    pub const BUDGET: u16 = 5;
    /// Episodes.
    pub const EPISODES: u16 = 6;
    /// The ledger of entities and edges.
    pub const FACTS: u16 = 7;
    /// Merges of templates, by namespace.
    pub const MERGES: u16 = 8;
    /// Content as a whole, by namespace.
    pub const CONTENT: u16 = 9;
    /// The ways of entities.
    pub const WALKS: u16 = 10;
    /// What the peers of an entity do after what.
    pub const CHAINS: u16 = 11;
    /// What entities do.
    pub const ENTITIES: u16 = 12;
    /// What the ways of entities were like altogether.
    pub const SESSIONS: u16 = 13;
    /// What the peers of a series count.
    pub const PEERS: u16 = 14;
    /// What rules find where a record is.
    pub const MATCH: u16 = 15;
    /// What rules say of one event.
    pub const STORIES: u16 = 16;
    /// What is handed over.
    pub const HANDOVER: u16 = 17;
    /// What correlations find, by level; the stages from here to 31 are theirs.
    pub const CORRELATE: u16 = 24;
    /// What kinds of lines entities write.
    pub const KINDS: u16 = 40;
    /// Risk and kill chain of entities.
    pub const RISK: u16 = 41;
}

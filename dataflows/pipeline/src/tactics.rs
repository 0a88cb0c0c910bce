//! Which ATT&CK tactics and techniques an anomaly may belong to, by the words of the line.

use seerflow_model::Tactic;

/// Tactics and techniques.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tagged {
    /// Tactics.
    pub tactics: Vec<Tactic>,
    /// Techniques: `T1110.001`.
    pub techniques: Vec<String>,
}

/// Says what a message may belong to.
pub trait Tags: Send + Sync + std::fmt::Debug {
    /// By its words; `None` when they say nothing.
    fn of(&self, message: &str) -> Option<&Tagged>;
}

/// Nothing is known.
#[derive(Clone, Copy, Debug)]
pub struct Untagged;

impl Tags for Untagged {
    fn of(&self, _message: &str) -> Option<&Tagged> {
        None
    }
}

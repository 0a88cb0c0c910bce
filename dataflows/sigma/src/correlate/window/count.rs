//! How many events: their times, at most as many as the condition can tell apart.

use super::Cuts;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Times of the newest events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Count {
    times: VecDeque<Ns>,
}

impl Count {
    /// Takes an event. Only the newest `keep` are remembered, more than any bound asks for.
    pub fn push(&mut self, at: Ns, keep: usize, cuts: &mut Cuts) {
        self.times.push_back(at);
        if self.times.len() > keep {
            self.times.pop_front();
            cuts.dropped += 1;
        }
    }

    /// Forgets what is not after `until`.
    pub fn expire(&mut self, until: Ns) {
        while self.times.front().is_some_and(|at| *at <= until) {
            self.times.pop_front();
        }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.times.len()
    }
}

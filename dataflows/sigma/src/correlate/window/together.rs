//! Which rules have matched: of each the newest event.

use seerflow_model::Ns;
use serde::{Deserialize, Serialize};

/// The newest event of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Last<E> {
    slot: u8,
    at: Ns,
    /// Which event: one that several rules match is shown once.
    number: u64,
    event: E,
}

/// Of each rule that has matched its newest event, in the order of the rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Together<E> {
    last: Vec<Last<E>>,
    events: u64,
}

impl<E> Default for Together<E> {
    fn default() -> Together<E> {
        Together { last: Vec::new(), events: 0 }
    }
}

impl<E: Clone> Together<E> {
    /// Takes an event that these rules match.
    pub fn push(&mut self, at: Ns, slots: &[u8], event: &E) {
        self.events += 1;
        for slot in slots {
            let last = Last { slot: *slot, at, number: self.events, event: event.clone() };
            match self.last.binary_search_by_key(slot, |last| last.slot) {
                Ok(place) => self.last[place] = last,
                Err(place) => self.last.insert(place, last),
            }
        }
    }

    /// Forgets what is not after `until`.
    pub fn expire(&mut self, until: Ns) {
        self.last.retain(|last| last.at > until);
    }

    /// How many rules have matched.
    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// Whether a rule has.
    pub fn has(&self, slot: usize) -> bool {
        self.last.binary_search_by_key(&slot, |last| usize::from(last.slot)).is_ok()
    }

    /// The events, one of each rule, in the order of time.
    pub fn events(&self) -> Vec<(Ns, E)> {
        let mut out: Vec<&Last<E>> = self.last.iter().collect();
        out.sort_by_key(|last| last.number);
        out.dedup_by_key(|last| last.number);
        out.into_iter().map(|last| (last.at, last.event.clone())).collect()
    }
}

//! Which rules have matched, each as often as it takes: of each the times of so many of its newest
//! events.

use super::super::state::SHOWN;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The newest events of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Last<E> {
    slot: u8,
    /// How many it takes.
    needs: u32,
    /// So many, or fewer.
    times: VecDeque<Ns>,
    /// What to show of them. The number says which event it is: one that several rules match is
    /// shown once.
    shown: VecDeque<(Ns, u64, E)>,
}

/// Of each rule its newest events, in the order of the rules.
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
    /// Takes an event that these rules match; `counts` says how many each takes.
    pub fn push(&mut self, at: Ns, slots: &[u8], event: &E, counts: &[usize]) {
        self.events += 1;
        for slot in slots {
            let place = match self.last.binary_search_by_key(slot, |last| last.slot) {
                Ok(place) => place,
                Err(place) => {
                    let needs = counts.get(usize::from(*slot)).map_or(1, |needs| *needs as u32);
                    let (times, shown) = (VecDeque::new(), VecDeque::new());
                    self.last.insert(place, Last { slot: *slot, needs, times, shown });
                    place
                }
            };
            let last = &mut self.last[place];
            last.times.push_back(at);
            last.shown.push_back((at, self.events, event.clone()));
            let needs = last.needs as usize;
            if last.times.len() > needs {
                last.times.pop_front();
            }
            if last.shown.len() > needs.min(SHOWN) {
                last.shown.pop_front();
            }
        }
    }

    /// Forgets what is not after `until`.
    pub fn expire(&mut self, until: Ns) {
        for last in &mut self.last {
            while last.times.front().is_some_and(|at| *at <= until) {
                last.times.pop_front();
            }
            while last.shown.front().is_some_and(|(at, _, _)| *at <= until) {
                last.shown.pop_front();
            }
        }
        self.last.retain(|last| !last.times.is_empty());
    }

    /// How many rules have matched.
    pub fn len(&self) -> usize {
        self.last.iter().filter(|last| last.enough()).count()
    }

    /// Whether a rule has.
    pub fn has(&self, slot: usize) -> bool {
        let place = self.last.binary_search_by_key(&slot, |last| usize::from(last.slot));
        place.is_ok_and(|place| self.last[place].enough())
    }

    /// Events of the rules that have matched, in the order of time.
    pub fn events(&self) -> Vec<(Ns, E)> {
        let matched = self.last.iter().filter(|last| last.enough());
        let mut out: Vec<&(Ns, u64, E)> = matched.flat_map(|last| &last.shown).collect();
        out.sort_by_key(|(_, number, _)| *number);
        out.dedup_by_key(|(_, number, _)| *number);
        out.into_iter().map(|(at, _, event)| (*at, event.clone())).collect()
    }
}

impl<E> Last<E> {
    fn enough(&self) -> bool {
        self.times.len() >= self.needs as usize
    }
}

//! What comes out of correlations: matches with their episodes, and what chains go on with.

use super::state::SHOWN;
use super::tuple::Tuple;
use super::window::Cuts;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Where an episode stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The condition holds for the first time.
    Began,
    /// It goes on to hold, and twice as many events were seen as were told of.
    Grew,
    /// It has not held for the time to rearm.
    Ended,
}

/// A correlation has matched in a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Match<E> {
    /// Identity of the correlation.
    pub law: u64,
    /// Where the episode stands.
    pub phase: Phase,
    /// Values of what is grouped by, in its order.
    pub group: Tuple,
    /// Time of the first event; it stays while the episode lives.
    pub start: Ns,
    /// When the condition held last.
    pub end: Ns,
    /// Events seen from the start on.
    pub count: u64,
    /// The first of them.
    pub first: Vec<E>,
    /// The newest of the others.
    pub last: Vec<E>,
    /// What was measured: when the match began, then the greatest (where the condition asks for
    /// much) or the newest at which it held.
    pub number: f64,
    /// Whether no more was counted, so that it may have been more.
    pub at_least: bool,
}

/// A condition held: what other correlations go on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held<E> {
    /// Identity of the correlation.
    pub law: u64,
    /// Whether an episode began with it.
    pub began: bool,
    /// When.
    pub at: Ns,
    /// Values of what is grouped by.
    pub group: Tuple,
    /// Values that others want of the event.
    pub carried: Tuple,
    /// The event.
    pub event: E,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Out<E> {
    /// For people.
    Match(Box<Match<E>>),
    /// For correlations of correlations.
    Held(Box<Held<E>>),
}

/// Takes what comes out.
#[derive(Clone, Debug)]
pub struct Output<E> {
    /// In the order of time; at one time what is held comes behind its match.
    pub items: Vec<Out<E>>,
    /// What bounds have cut, ever.
    pub cuts: Cuts,
}

impl<E> Default for Output<E> {
    fn default() -> Output<E> {
        Output { items: Vec::new(), cuts: Cuts::default() }
    }
}

/// An open episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Episode<E> {
    pub start: Ns,
    /// When the condition held last.
    pub held: Ns,
    pub count: u64,
    /// How many events were told of last.
    pub told: u64,
    pub number: f64,
    pub at_least: bool,
    pub first: Vec<E>,
    pub last: VecDeque<E>,
}

impl<E: Clone> Episode<E> {
    /// Takes a further event.
    pub fn push(&mut self, event: &E) {
        self.count += 1;
        if self.first.len() < SHOWN && self.last.is_empty() {
            self.first.push(event.clone());
            return;
        }
        if self.last.len() >= SHOWN {
            self.last.pop_front();
        }
        self.last.push_back(event.clone());
    }

    /// As a match.
    pub fn told(&self, law: u64, phase: Phase, group: &Tuple) -> Match<E> {
        Match {
            law,
            phase,
            group: group.clone(),
            start: self.start,
            end: self.held,
            count: self.count,
            first: self.first.clone(),
            last: self.last.iter().cloned().collect(),
            number: self.number,
            at_least: self.at_least,
        }
    }
}

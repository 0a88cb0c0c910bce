//! Correlation on one thread: states, timers and chains in the order of time.
//!
//! For rule tests, rules run over what is stored, and as the measure of the operators that do the
//! same on many workers. At an instant timers come first, by key; what they cause comes next, by
//! level and key; then the events.

use super::episode::{Match, Out, Output};
use super::plan::{Feed, Plan, Skipped};
use super::state::State;
use super::window::Cuts;
use crate::engine::set::Field;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most groups; beyond it new ones are not taken, and counted.
pub const KEYS_MAX: usize = 1 << 20;

/// States of all groups of all laws of a plan.
#[derive(Debug)]
pub struct Replay<E> {
    plan: Arc<Plan>,
    held: Kept<E>,
    out: Output<E>,
    feeds: Vec<Feed<E>>,
}

/// What has to be kept to go on later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept<E> {
    states: BTreeMap<u64, (u64, State<E>)>,
    timers: BTreeSet<(Ns, u64)>,
    /// Events that could not be used.
    pub skipped: Skipped,
    /// What bounds of states have cut.
    pub cuts: Cuts,
    /// Events of groups beyond [`KEYS_MAX`].
    pub crowded: u64,
}

impl<E: Clone> Replay<E> {
    /// Without anything seen.
    pub fn new(plan: Arc<Plan>) -> Replay<E> {
        let held = Kept {
            states: BTreeMap::new(),
            timers: BTreeSet::new(),
            skipped: Skipped::default(),
            cuts: Cuts::default(),
            crowded: 0,
        };
        Replay::resume(plan, held)
    }

    /// From what was kept.
    pub fn resume(plan: Arc<Plan>, held: Kept<E>) -> Replay<E> {
        let out = Output { items: Vec::new(), cuts: held.cuts };
        Replay { plan, held, out, feeds: Vec::new() }
    }

    /// What has to be kept.
    pub fn kept(&self) -> &Kept<E> {
        &self.held
    }

    /// Groups that something is remembered of.
    pub fn groups(&self) -> usize {
        self.held.states.len()
    }

    /// Takes an event that these rules match; times must not fall. Matches go to `out` in the
    /// order of time.
    pub fn event<'v>(
        &mut self,
        at: Ns,
        matched: &[u32],
        value: impl Fn(Field) -> Option<&'v str>,
        event: &E,
        out: &mut Vec<Match<E>>,
    ) {
        self.advance(at, out);
        let plan = self.plan.clone();
        let mut feeds = std::mem::take(&mut self.feeds);
        plan.feeds(matched, value, event, &mut self.held.skipped, &mut feeds);
        self.cascade(at, feeds, out);
    }

    /// Lets the time come: fires all that is due up to it.
    pub fn advance(&mut self, to: Ns, out: &mut Vec<Match<E>>) {
        while let Some(&(at, _)) = self.held.timers.first().filter(|(at, _)| *at <= to) {
            while let Some(&(due, key)) = self.held.timers.first().filter(|(due, _)| *due == at) {
                self.held.timers.remove(&(due, key));
                let Some((law, mut state)) = self.held.states.remove(&key) else { continue };
                let Some(law) = self.plan.law(law).cloned() else { continue };
                state.fire(&law, due, &mut self.out);
                if let Some(next) = state.due(&law) {
                    self.held.timers.insert((next, key));
                    self.held.states.insert(key, (law.identity, state));
                }
            }
            let feeds = self.drain(out);
            self.cascade(at, feeds, out);
        }
    }

    /// Applies what a time brings, level by level.
    fn cascade(&mut self, at: Ns, mut feeds: Vec<Feed<E>>, out: &mut Vec<Match<E>>) {
        while !feeds.is_empty() {
            feeds.sort_by_key(|feed| (feed.level, feed.key));
            let level = feeds[0].level;
            let higher = feeds.split_off(feeds.partition_point(|feed| feed.level == level));
            for feed in feeds.drain(..) {
                self.apply(at, feed);
            }
            self.feeds = feeds;
            feeds = higher;
            feeds.append(&mut self.drain(out));
        }
    }

    fn apply(&mut self, at: Ns, feed: Feed<E>) {
        let Some(law) = self.plan.law(feed.law).cloned() else { return };
        let key = feed.key;
        if self.held.states.len() >= KEYS_MAX && !self.held.states.contains_key(&key) {
            self.held.crowded += 1;
            return;
        }
        let fresh = || (law.identity, State::default());
        let (_, state) = self.held.states.entry(key).or_insert_with(fresh);
        let before = state.due(&law);
        state.apply(&law, at, feed, &mut self.out);
        let after = state.due(&law);
        if before != after {
            before.map(|due| self.held.timers.remove(&(due, key)));
            after.map(|due| self.held.timers.insert((due, key)));
        }
        if after.is_none() {
            self.held.states.remove(&key);
        }
    }

    /// Matches go out; what holds comes back as what it is for other laws.
    fn drain(&mut self, out: &mut Vec<Match<E>>) -> Vec<Feed<E>> {
        let mut feeds = Vec::new();
        self.held.cuts = self.out.cuts;
        for item in self.out.items.drain(..) {
            match item {
                Out::Match(found) => out.push(*found),
                Out::Held(held) => self.plan.chain(&held, &mut self.held.skipped, &mut feeds),
            }
        }
        feeds
    }
}

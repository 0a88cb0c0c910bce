//! What is remembered of one group of one law, and what it says when an event or its time comes.
//!
//! Invariants: calls come in the order of time; what is remembered lies in (t − timespan, t]; an
//! open window of a law that is judged at the end begins with an event; an open episode has held
//! within the time to rearm. Everything is bounded by the constants of `window` and by
//! [`TRAIL_MAX`]. A state that has seen one event takes a few hundred bytes.

use super::episode::{Episode, Held, Match, Out, Output, Phase};
use super::fixed::Ratio;
use super::law::{Law, Test};
use super::plan::Feed;
use super::tuple::Tuple;
use super::window::{Cuts, Window};
use crate::number::Relation;
use crate::read::correlation::Kind;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Events that a match shows: so many of the first, and so many of the newest.
pub const SHOWN: usize = 8;
/// Events kept to be shown, at least and at most; within it as many as a condition counts to.
const TRAIL_MIN: usize = 64;
/// See [`TRAIL_MIN`].
const TRAIL_MAX: usize = 256;

/// State of one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State<E> {
    window: Window<E>,
    /// The newest events within the timespan.
    trail: VecDeque<(Ns, E)>,
    group: Tuple,
    carried: Tuple,
    /// When the window began, for laws judged at the end.
    since: Option<Ns>,
    /// Events in that window.
    events: u64,
    /// Time of the newest event, until it has left.
    newest: Option<Ns>,
    episode: Option<Box<Episode<E>>>,
}

impl<E> Default for State<E> {
    fn default() -> State<E> {
        State {
            window: Window::Nothing,
            trail: VecDeque::new(),
            group: Tuple::default(),
            carried: Tuple::default(),
            since: None,
            events: 0,
            newest: None,
            episode: None,
        }
    }
}

impl<E: Clone> State<E> {
    /// When [`State::fire`] has to be called, if nothing comes before.
    pub fn due(&self, law: &Law) -> Option<Ns> {
        let leaves = match law.whole {
            true => self.since.map(|since| since.saturating_add(law.span)),
            false => self.newest.map(|newest| newest.saturating_add(law.span)),
        };
        let waits = law.whole && self.since.is_some();
        let ends = self.episode.as_ref().filter(|_| !waits);
        let ends = ends.map(|episode| episode.held.saturating_add(law.rearm.unwrap_or(law.span)));
        leaves.into_iter().chain(ends).min()
    }

    /// Whether an episode is open, so that the state should outlive others.
    pub fn open(&self) -> bool {
        self.episode.is_some()
    }

    /// Whether nothing is remembered, so that the state may be let go.
    pub fn is_empty(&self) -> bool {
        self.episode.is_none() && self.since.is_none() && self.newest.is_none()
    }

    /// Takes an event.
    pub fn apply(&mut self, law: &Law, at: Ns, feed: Feed<E>, out: &mut Output<E>) {
        while let Some(due) = self.due(law).filter(|due| *due <= at) {
            self.fire(law, due, out);
        }
        debug_assert!(self.newest.is_none_or(|newest| newest <= at), "out of order");
        if !law.whole
            && let Some(until) = at.checked_sub(law.span)
        {
            self.expire(until);
        }
        self.push(law, at, &feed, &mut out.cuts);
        if let Some(episode) = &mut self.episode {
            episode.push(&feed.event);
        }
        let Feed { group, carried, event, .. } = feed;
        (self.group, self.carried) = (group, carried);
        if law.whole {
            self.since.get_or_insert(at);
            self.events += 1;
            return;
        }
        self.newest = Some(at);
        if let Some(number) = self.judge(law) {
            self.hold(law, at, number, event, out);
            if law.rearm.is_none() {
                self.clear();
            }
        }
    }

    /// Its time has come.
    pub fn fire(&mut self, law: &Law, at: Ns, out: &mut Output<E>) {
        let over = |begun: Ns| begun.saturating_add(law.span) <= at;
        if let Some(since) = self.since.filter(|since| over(*since)) {
            let end = since.saturating_add(law.span);
            if let Some(number) = self.judge(law)
                && let Some((_, event)) = self.shown(law).pop()
            {
                self.hold(law, end, number, event, out);
            }
            self.clear();
        }
        if self.newest.is_some_and(over) {
            self.clear();
        }
        let rearm = law.rearm.unwrap_or(law.span);
        let over = |episode: &Episode<E>| episode.held.saturating_add(rearm) <= at;
        if self.since.is_none()
            && self.episode.as_deref().is_some_and(over)
            && let Some(episode) = self.episode.take()
        {
            let ended = episode.told(law.identity, Phase::Ended, &self.group);
            out.items.push(Out::Match(Box::new(ended)));
        }
    }

    /// The condition holds.
    fn hold(&mut self, law: &Law, at: Ns, number: Ratio, event: E, out: &mut Output<E>) {
        let value = number.as_f64();
        let at_least = self.window.at_least(law);
        let began = self.episode.is_none();
        match &mut self.episode {
            Some(episode) => {
                episode.held = at;
                let much = match &law.test {
                    Test::Bounds(bounds) => {
                        bounds.iter().all(|(r, _)| matches!(r, Relation::Gt | Relation::Gte))
                    }
                    Test::Every | Test::Rules(_) => true,
                };
                if !much || value >= episode.number {
                    (episode.number, episode.at_least) = (value, at_least);
                }
                if episode.count >= 2 * episode.told {
                    episode.told = episode.count;
                    let grew = episode.told(law.identity, Phase::Grew, &self.group);
                    out.items.push(Out::Match(Box::new(grew)));
                }
            }
            None => {
                let episode = self.begin(law, at, value, at_least);
                let began: Match<E> = episode.told(law.identity, Phase::Began, &self.group);
                out.items.push(Out::Match(Box::new(began)));
                self.episode = law.rearm.is_some().then(|| Box::new(episode));
            }
        }
        if law.chained {
            let (group, carried) = (self.group.clone(), self.carried.clone());
            let held = Held { law: law.identity, began, at, group, carried, event };
            out.items.push(Out::Held(Box::new(held)));
        }
    }

    /// An episode of what is remembered now.
    fn begin(&self, law: &Law, at: Ns, number: f64, at_least: bool) -> Episode<E> {
        let shown = self.shown(law);
        let count = match law.whole {
            true => self.events,
            false => self.window.events().unwrap_or(shown.len() as u64),
        };
        let start = self.since.or(shown.first().map(|(at, _)| *at)).unwrap_or(at);
        let behind = shown.len().saturating_sub(SHOWN).min(SHOWN);
        let event = |(_, event): &(Ns, E)| event.clone();
        Episode {
            start,
            held: at,
            count,
            told: count.max(1),
            number,
            at_least,
            first: shown.iter().take(SHOWN).map(event).collect(),
            last: shown[shown.len() - behind..].iter().map(event).collect(),
        }
    }

    /// Events to show, in the order of time.
    fn shown(&self, law: &Law) -> Vec<(Ns, E)> {
        match &self.window {
            Window::Together(together) => together.events(),
            Window::Steps(steps) => steps.events(law.steps.len(), law.numbered()),
            _ => self.trail.iter().cloned().collect(),
        }
    }

    fn push(&mut self, law: &Law, at: Ns, feed: &Feed<E>, cuts: &mut Cuts) {
        if matches!(self.window, Window::Nothing) {
            self.window = Window::fresh(law);
        }
        self.window.push(law, at, feed, cuts);
        let most = match law.kind {
            Kind::Temporal | Kind::TemporalOrdered => return,
            Kind::EventCount => law.keep.clamp(TRAIL_MIN, TRAIL_MAX),
            _ => TRAIL_MIN,
        };
        if self.trail.len() >= most {
            self.trail.pop_front();
        }
        self.trail.push_back((at, feed.event.clone()));
    }

    fn expire(&mut self, until: Ns) {
        while self.trail.front().is_some_and(|(at, _)| *at <= until) {
            self.trail.pop_front();
        }
        self.window.expire(until);
    }

    fn clear(&mut self) {
        self.window = Window::Nothing;
        self.trail = VecDeque::new();
        (self.since, self.newest, self.events) = (None, None, 0);
    }

    /// What is measured, if it is as wanted.
    fn judge(&self, law: &Law) -> Option<Ratio> {
        if let (Window::Together(together), Test::Rules(logic)) = (&self.window, &law.test) {
            let holds = logic.holds(&|slot| together.has(slot));
            return holds.then(|| Ratio::count(together.len() as u64));
        }
        self.window.number(law, self.events).filter(|number| law.meets(*number))
    }
}

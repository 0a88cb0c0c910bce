//! What sessions of a peer group are usually like: parts, their owner, and the table for all.
//!
//! Per quantum each key group adds to a [`SessionPart`] (integers and sketches with a commutative
//! merge). The owner's [`Sessions`] takes them in at the end of the quantum. What is new does not
//! count at once: it waits in a ring of eight, a thirty-second of all sessions each, so that the
//! table knows all but the newest quarter (at most 2,048 sessions). An attack that comes again and
//! again within that time is held against what was usual before it, not against itself. When more
//! than one in eight of those that wait are odd it is a change of habits, and all of them settle at
//! once.
//!
//! The past fades: at 8,192 sessions it is halved. Cost: a merge per quantum; at most nine parts
//! of at most 195 KiB each, in practice a few KiB.

use super::session::{Session, SessionScore};
use super::tally::Tallies;
use crate::sketch::Quantiles;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Sessions at which the past is halved.
const HALVE_AT: u64 = 8192;
/// Parts that wait.
const RING: u64 = 8;
/// A part of the ring is this share of all sessions.
const SHARE: u64 = 32;
/// Greatest length of a part of the ring.
const PART_MAX: u64 = HALVE_AT / SHARE;
/// Odd: at most this probability.
const ODD: f64 = 1e-3;
/// More odd ones than one in so many are a change, of at least so many sessions that wait.
const CHANGE: u64 = 8;
const CHANGE_OF: u64 = 128;

/// What sessions were like: partial or whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPart {
    sessions: u64,
    odd: u64,
    pub(super) means: Quantiles,
    pub(super) ends: Quantiles,
    pub(super) steps: Quantiles,
    pub(super) tallies: Tallies,
    /// Of judged ones: their oddest counts, and how rare their means and ends together.
    pub(super) counts: Quantiles,
    pub(super) habits: Quantiles,
}

impl SessionPart {
    /// Learns a session that has ended and how it was judged.
    pub fn learn(&mut self, session: &Session, score: Option<&SessionScore>) {
        if session.events == 0 {
            return;
        }
        self.sessions += 1;
        self.means.add(session.mean(), 1);
        self.ends.add(f64::from(session.end), 1);
        self.steps.add(f64::from(session.greatest), 1);
        self.tallies.learn(session.tally());
        if let Some(score) = score {
            self.odd += u64::from(score.p.is_some_and(|p| p <= ODD));
            self.counts.add(score.odd_count.nats, 1);
            self.habits.add(score.mean + score.end, 1);
        }
    }

    /// Adds another part.
    pub fn merge(&mut self, other: &SessionPart) {
        self.sessions += other.sessions;
        self.odd += other.odd;
        self.means.merge(&other.means);
        self.ends.merge(&other.ends);
        self.steps.merge(&other.steps);
        self.tallies.merge(&other.tallies);
        self.counts.merge(&other.counts);
        self.habits.merge(&other.habits);
    }

    /// Whether nothing was learnt.
    pub fn is_empty(&self) -> bool {
        self.sessions == 0
    }

    /// Sessions learnt, less those that have faded.
    pub fn sessions(&self) -> u64 {
        self.sessions
    }

    fn fade(&mut self) {
        while self.sessions >= HALVE_AT {
            self.sessions /= 2;
            self.tallies.halve();
            let all = [&mut self.means, &mut self.ends, &mut self.steps];
            all.into_iter().for_each(Quantiles::halve);
            [&mut self.counts, &mut self.habits].into_iter().for_each(Quantiles::halve);
        }
    }
}

/// What everyone judges by, valid from the end of the quantum that made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTable {
    /// Rises by one with every table.
    pub version: u64,
    pub(super) settled: SessionPart,
    /// Symbols whose absence tells something.
    pub(super) usual: Vec<u32>,
}

impl SessionTable {
    /// Sessions it rests on.
    pub fn sessions(&self) -> u64 {
        self.settled.sessions
    }
}

/// State of the owner of one peer group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    pending: SessionPart,
    ring: VecDeque<SessionPart>,
    settled: SessionPart,
    version: u64,
}

impl Sessions {
    /// Adds the part of a key group. The order of parts does not matter.
    pub fn absorb(&mut self, part: &SessionPart) {
        self.pending.merge(part);
    }

    /// Ends a quantum: a table, or `None` when nothing has settled with it.
    pub fn close_quantum(&mut self) -> Option<SessionTable> {
        if self.pending.is_empty() {
            return None;
        }
        self.wait();
        let most = if self.habits_changed() { 0 } else { RING * self.length() };
        let mut changed = false;
        // What goes on waiting is a quarter of all, however many sessions a quantum has.
        while let Some(part) = self.ring.pop_front() {
            if self.waiting() < most {
                self.ring.push_front(part);
                break;
            }
            self.settled.merge(&part);
            changed = true;
        }
        self.settled.fade();
        changed.then(|| self.table())
    }

    /// Sessions seen, less those that have faded.
    pub fn sessions(&self) -> u64 {
        self.settled.sessions + self.waiting()
    }

    fn waiting(&self) -> u64 {
        self.ring.iter().map(|part| part.sessions).sum()
    }

    /// Sessions of a part of the ring.
    fn length(&self) -> u64 {
        (self.sessions() / SHARE).clamp(1, PART_MAX)
    }

    /// Puts what is pending at the end of the ring.
    fn wait(&mut self) {
        let length = self.length();
        let pending = std::mem::take(&mut self.pending);
        match self.ring.back_mut() {
            Some(last) if last.sessions < length => last.merge(&pending),
            _ => self.ring.push_back(pending),
        }
    }

    fn habits_changed(&self) -> bool {
        let sum = |of: fn(&SessionPart) -> u64| self.ring.iter().map(of).sum::<u64>();
        let (sessions, odd) = (sum(|part| part.sessions), sum(|part| part.odd));
        sessions >= CHANGE_OF && odd * CHANGE > sessions
    }

    fn table(&mut self) -> SessionTable {
        self.version += 1;
        let usual = self.settled.tallies.usual();
        SessionTable { version: self.version, settled: self.settled.clone(), usual }
    }
}

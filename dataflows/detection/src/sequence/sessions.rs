//! What sessions of a peer group are usually like: parts, their owner, and the table for all.
//!
//! Per quantum each key group adds to a [`SessionPart`] (a commutative merge). The owner's
//! [`Sessions`] takes them in at the end of the quantum. What is new does not count at once: it waits
//! in a ring of eight, a thirty-second of all sessions each, so that the table knows all but the
//! newest quarter (at most 2,048 sessions). An attack that comes again and again within that time is
//! held against what was usual before it, not against itself. When more than one in eight of those
//! that wait are odd it is a change of habits, and all of them settle at once.
//!
//! How odd sessions are is read off the newest that have settled: the newer half, 256 to 1,024
//! of them, enough for a tail of five in a hundred. They are *kept*, not only how odd they once seemed: the
//! first of any kind is odd when it comes and would stretch the tail for as long as it is
//! remembered. So with every table they are judged anew, each by all others but not by itself, as
//! one that comes next would be. Losses stay as they were at the time: chains learn at once. What was
//! odd when it came is what was found, and is left out, unless that is more than one in eight.
//!
//! The past fades: at 8,192 sessions it is halved. Cost: a merge per quantum; three milliseconds per
//! table, which is due when there are a thirty-second more sessions; at most nine parts of at most
//! 195 KiB each and 3,072 kept sessions of at most 170 bytes, in practice a few KiB.

use super::numbers::{Losses, Numbers};
use super::session::{SESSIONS_MIN, Session, SessionScore};
use super::tally::{Tallies, Tally};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Sessions at which the past is halved.
const HALVE_AT: u64 = 8192;
/// Sessions kept of one part.
const KEPT_PART: usize = 256;
/// Settled sessions kept: the newer half of all, at least and at most so many.
const KEPT_MIN: u64 = 256;
const KEPT_MAX: u64 = 1024;
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

/// A session that others are held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// Those with the least stay when there are too many.
    seal: u64,
    /// It was odd when it came.
    odd: bool,
    losses: Losses,
    tally: Tally,
}

/// What sessions were like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionPart {
    sessions: u64,
    odd: u64,
    tallies: Tallies,
    /// In the order of their seals.
    kept: Vec<Kept>,
}

impl SessionPart {
    /// Learns a session that has ended and how it was judged. `seal`: a hash of whose and when it
    /// was; by it some are chosen when not all can be kept.
    pub fn learn(&mut self, session: &Session, score: Option<&SessionScore>, seal: u64) {
        if session.events == 0 {
            return;
        }
        self.sessions += 1;
        let odd = score.and_then(|score| score.p).is_some_and(|p| p <= ODD);
        self.odd += u64::from(odd);
        self.tallies.learn(session.tally());
        let (losses, tally) = (session.losses(), session.tally().clone());
        self.keep(Kept { seal, odd, losses, tally });
    }

    fn keep(&mut self, kept: Kept) {
        let at = self.kept.partition_point(|other| other.seal <= kept.seal);
        if at < KEPT_PART {
            self.kept.insert(at, kept);
            self.kept.truncate(KEPT_PART);
        }
    }

    /// Adds another part.
    pub fn merge(&mut self, other: &SessionPart) {
        self.sessions += other.sessions;
        self.odd += other.odd;
        self.tallies.merge(&other.tallies);
        other.kept.iter().for_each(|kept| self.keep(kept.clone()));
    }

    /// Whether nothing was learnt.
    pub fn is_empty(&self) -> bool {
        self.sessions == 0
    }
}

/// What has settled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Settled {
    sessions: u64,
    tallies: Tallies,
    /// The newest last.
    kept: VecDeque<Kept>,
    /// At so many sessions the next table is due.
    due: u64,
}

impl Settled {
    fn take(&mut self, part: SessionPart) {
        self.sessions += part.sessions;
        self.tallies.merge(&part.tallies);
        self.kept.extend(part.kept);
        let most = (self.sessions / 2).clamp(KEPT_MIN, KEPT_MAX) as usize;
        self.kept.drain(..self.kept.len().saturating_sub(most));
    }

    fn fade(&mut self) {
        while self.sessions >= HALVE_AT {
            self.sessions /= 2;
            self.due /= 2;
            self.tallies.halve();
        }
    }

    fn table(&self, version: u64) -> SessionTable {
        let (tallies, usual) = (self.tallies.clone(), self.tallies.usual());
        let odd = self.kept.iter().filter(|kept| kept.odd).count() as u64;
        let all = odd * CHANGE > self.kept.len() as u64;
        let kept = self.kept.iter().filter(|kept| all || !kept.odd);
        let kept = kept.map(|kept| (kept.losses, tallies.judge_own(&kept.tally, &usual)));
        let numbers = Numbers::of(&kept.collect::<Vec<_>>());
        SessionTable { version, sessions: self.sessions, tallies, usual, numbers }
    }
}

/// What everyone judges by, valid from the end of the quantum that made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTable {
    /// Rises by one with every table.
    pub version: u64,
    sessions: u64,
    pub(super) tallies: Tallies,
    /// Symbols whose absence tells something.
    pub(super) usual: Vec<u32>,
    pub(super) numbers: Numbers,
}

impl SessionTable {
    /// Sessions it rests on.
    pub fn sessions(&self) -> u64 {
        self.sessions
    }
}

/// State of the owner of one peer group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sessions {
    pending: SessionPart,
    ring: VecDeque<SessionPart>,
    settled: Settled,
    version: u64,
}

impl Sessions {
    /// Adds the part of a key group. The order of parts does not matter.
    pub fn absorb(&mut self, part: &SessionPart) {
        self.pending.merge(part);
    }

    /// Ends a quantum: a table, or `None` when too little has settled for a new one.
    pub fn close_quantum(&mut self) -> Option<SessionTable> {
        if self.pending.is_empty() {
            return None;
        }
        self.wait();
        let most = if self.habits_changed() { 0 } else { RING * self.length() };
        // What goes on waiting is a quarter of all, however many sessions a quantum has.
        while let Some(part) = self.ring.pop_front() {
            if self.waiting() < most {
                self.ring.push_front(part);
                break;
            }
            self.settled.take(part);
        }
        self.settled.fade();
        if self.settled.sessions < self.settled.due.max(SESSIONS_MIN) {
            return None;
        }
        self.settled.due = self.settled.sessions + self.length();
        self.version += 1;
        Some(self.settled.table(self.version))
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
}

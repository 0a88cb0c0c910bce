//! A session: an entity's way from its first event to its last, or to a long silence.
//!
//! What is held against the sessions of the peers are three things that go wrong independently:
//!
//! * its *habit*: the mean loss of its events, and the loss of its end after the last two (a way
//!   that is unlike the others all along; one that breaks off);
//! * its *step*: the greatest loss (one that never happens);
//! * its *counts*: the symbol whose number is least like the peers' (too often, or missing), which
//!   an order that merely wavers does not touch.
//!
//! Each is a number in nats, and its rarity among the peers' sessions one as well ([`super::numbers`]).
//! Step and counts are the greatest of many numbers: what is usual of them says nothing, and is not
//! heard. What is heard of the three adds up, order for less than counts, and how rarely the sum is as
//! great is read off the sums of the peers' sessions: p depends on no assumption of how the three hang
//! together. A session is judged only when its peers have been watched for eight times as long
//! ([`comparable`]): at first only short ones can have ended, and every longer one would seem odd.
//!
//! Cost: per ended session a few passes over at most 128 bins and a look-up per symbol, 2–5 µs.

use super::numbers::{Losses, heard};
use super::sessions::SessionTable;
use super::tally::{OddCount, Tally};
use libm::exp;
use serde::{Deserialize, Serialize};

/// Sessions that settled before the first result.
pub const SESSIONS_MIN: u64 = 100;
/// How many times as long as a session its peers must have been watched before it is judged.
const HORIZON: u64 = 8;
/// Fixed point of sums.
const FIXED: f64 = (1u64 << 20) as f64;
/// A loss counts at most this much, nats: sums stay within their range.
const LOSS_MAX: f64 = 100.0;

/// Whether sessions as long as this one are known of peers that were watched since a moment: of what
/// began in a time of eight sessions, seven in eight that are as long or shorter have ended.
pub fn comparable(since_ns: u64, began_ns: u64, ended_ns: u64) -> bool {
    let watched = ended_ns.saturating_sub(since_ns);
    watched / HORIZON >= ended_ns.saturating_sub(began_ns)
}

/// What a session of an entity is like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Events judged.
    pub events: u32,
    /// Greatest loss, nats.
    pub greatest: f32,
    /// Loss of its end; 0 while it has not ended, or was not judged.
    pub end: f32,
    /// Sum of losses, fixed point.
    sum: i64,
    tally: Tally,
}

impl Session {
    /// Mean loss, nats.
    pub fn mean(&self) -> f64 {
        if self.events == 0 { 0.0 } else { self.sum as f64 / FIXED / f64::from(self.events) }
    }

    pub(super) fn losses(&self) -> Losses {
        Losses {
            events: self.events,
            mean: self.mean() as f32,
            end: self.end,
            greatest: self.greatest,
        }
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn add(&mut self, nats: f64) {
        self.events = self.events.saturating_add(1);
        self.sum = self.sum.saturating_add((nats.clamp(0.0, LOSS_MAX) * FIXED) as i64);
        self.greatest = self.greatest.max(nats as f32);
    }

    pub(super) fn count(&mut self, symbol: u64) {
        self.tally.add(symbol);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.tally.heap_bytes()
    }
}

/// A judged session: the numbers behind it. Nats are −ln of how rarely a session is as odd.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionScore {
    /// Probability of a session at least as odd; `None` while too few have settled.
    pub p: Option<f64>,
    /// Mean loss and loss of the end together.
    pub habit: f64,
    /// Mean loss.
    pub mean: f64,
    /// Loss of the end.
    pub end: f64,
    /// Greatest loss.
    pub step: f64,
    /// The count that is least like the peers'.
    pub counts: f64,
    /// That count.
    pub odd_count: OddCount,
}

impl SessionScore {
    /// Which part drove it: `habit`, `counts` or `step`.
    pub fn driver(&self) -> &'static str {
        let [habit, counts, step] =
            heard(&[self.mean, self.end, self.habit, self.counts, self.step]);
        if habit >= counts.max(step) {
            "habit"
        } else if counts >= step {
            "counts"
        } else {
            "step"
        }
    }
}

impl SessionTable {
    /// Judges a session that has ended; `None` while too little has settled, or none of its events
    /// was judged.
    pub fn judge(&self, session: &Session) -> Option<SessionScore> {
        if session.events == 0 || self.sessions() < SESSIONS_MIN {
            return None;
        }
        let odd_count = self.tallies.judge(session.tally(), &self.usual);
        let rarities = self.numbers.rarities(session.losses(), odd_count.nats);
        let p = Some(exp(-self.numbers.together(&rarities)));
        let [mean, end, habit, counts, step] = rarities;
        Some(SessionScore { p, habit, mean, end, step, counts, odd_count })
    }
}

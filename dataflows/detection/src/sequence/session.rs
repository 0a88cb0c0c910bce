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
//! Each is a number in nats. How rare it is among the peers' sessions is read off their quantiles up
//! to the 95th percentile, and from there off a Pareto tail whose scale is the mean excess, with
//! what lies beyond the 99th counted as if it lay there: neither moves much when one session in a
//! hundred was an attack. Of step and counts, the greatest of many numbers, only what would nearly
//! be found by itself is heard (six nats); for the rest a session is as odd as its habit. The three
//! are combined like channels ([`crate::combine`]), those not heard drop out.
//!
//! Cost: per ended session a few passes over at most 128 bins and a look-up per symbol, 2–5 µs.

use super::sessions::SessionTable;
use super::tally::{OddCount, Tally};
use crate::combine::combine;
use crate::sketch::Quantiles;
use libm::{exp, log, log1p};
use serde::{Deserialize, Serialize};

/// Judged sessions that settled before the first result.
pub const SESSIONS_MIN: u64 = 100;
/// Fixed point of sums.
const FIXED: f64 = (1u64 << 20) as f64;
/// A loss counts at most this much, nats: sums stay within their range.
const LOSS_MAX: f64 = 100.0;
/// The tail of a number begins here; what lies beyond the second counts as if it lay there.
const BEGIN: f64 = 0.95;
const THROUGH: f64 = 0.99;
/// Shape of that tail (generalised Pareto): a little heavier than exponential, because how far out
/// the last hundredth lies is not asked.
const SHAPE: f64 = 0.05;
/// Least scale of the tail of a number in nats: less would make more of it than it says itself.
const SCALE_MIN: f64 = 0.6;
/// Least scale of the tail of a mean loss, of itself and in nats.
const MEAN_SHARE: f64 = 0.02;
const MEAN_MIN: f64 = 0.05;
/// Nats from which step and counts are heard.
const SPEAKS: f64 = 6.0;
/// Weights of habit, counts and step. Habit speaks of every session: where another is heard beside
/// it, that one matters.
const WEIGHTS: [f64; 3] = [0.25, 0.5, 0.25];

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
        let heard = [Some(self.habit), heard(self.counts), heard(self.step)];
        let weigh = |at: usize| heard[at].map_or(f64::MIN, |nats| nats + log(WEIGHTS[at]));
        if weigh(0) >= weigh(1).max(weigh(2)) {
            "habit"
        } else if weigh(1) >= weigh(2) {
            "counts"
        } else {
            "step"
        }
    }
}

impl SessionTable {
    /// Judges a session that has ended; `None` while nothing has settled, or none of its events
    /// was judged.
    pub fn judge(&self, session: &Session) -> Option<SessionScore> {
        let usual = &self.settled;
        if session.events == 0 || usual.means.total() < SESSIONS_MIN {
            return None;
        }
        let mean = rarity(&usual.means, session.mean(), MEAN_SHARE, MEAN_MIN);
        let end = rarity(&usual.ends, f64::from(session.end), 0.0, SCALE_MIN);
        let step = rarity(&usual.steps, f64::from(session.greatest), 0.0, SCALE_MIN);
        let odd_count = usual.tallies.judge(session.tally(), &self.usual);
        let counts = rarity(&usual.counts, odd_count.nats, 0.0, SCALE_MIN);
        let habit = rarity(&usual.habits, mean + end, 0.0, SCALE_MIN);
        let p = (usual.habits.total() >= SESSIONS_MIN).then(|| together(habit, counts, step));
        Some(SessionScore { p: p.flatten(), habit, mean, end, step, counts, odd_count })
    }
}

/// Step and counts that are not heard drop out.
fn together(habit: f64, counts: f64, step: f64) -> Option<f64> {
    let nats = [Some(habit), heard(counts), heard(step)];
    let parts: [_; 3] = std::array::from_fn(|at| (nats[at].map(|nats| exp(-nats)), WEIGHTS[at]));
    combine(&parts).map(|combined| combined.p)
}

fn heard(nats: f64) -> Option<f64> {
    (nats >= SPEAKS).then_some(nats)
}

/// −ln of how rarely a number is as great.
fn rarity(usual: &Quantiles, number: f64, share: f64, least: f64) -> f64 {
    let (Some(begin), Some(through)) = (usual.quantile(BEGIN), usual.quantile(THROUGH)) else {
        return 0.0;
    };
    let (beyond, mean) = usual.excess(begin, through);
    let upto = -log((beyond as f64 + 1.0) / (usual.total() as f64 + 1.0));
    if number <= begin {
        return usual.surprise(number).upper.min(upto);
    }
    // The mean was cut at `through`: of an exponential tail that leaves this part of it.
    let further = usual.excess(through, through).0;
    let kept = 1.0 - further as f64 / (beyond as f64).max(1.0);
    let scale = if kept > 0.0 { mean / kept } else { 0.0 };
    let least = least.max(share * begin.abs());
    let z = (number - begin) / scale.max(least);
    // A tie that has moved a little since it was counted is not beyond the others.
    let near = usual.surprise(begin).upper + (number - begin) / least;
    near.min(upto + log1p(SHAPE * z) / SHAPE)
}

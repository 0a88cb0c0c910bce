//! Order: how unexpected an event is after the two before it of the same entity.
//!
//! Markov chains of orders 0, 1 and 2, each leaning on the one below by Witten and Bell's rule
//! (I. Witten, T. Bell, 1991): `p = (c + T·p_lower) / (N + T)`, with c of N times in this context
//! and T different successors seen in it: where anything may follow, a new successor is likely.
//! An entity's own chain leans on its peers', so a cold entity is judged by them alone and keeps
//! the last two symbols only (its own counts begin after [`OWN_FROM`] events).
//!
//! Peers' counts are a table: every key group adds to a fresh [`Chain`], the owner adds these up
//! ([`Chain::absorb`], commutative) and broadcasts; nothing is learnt from a table that is still
//! being made. A slow change of habits shows in the *drift* of the log-loss: a one-sided CUSUM of
//! its standardised excess.
//!
//! A *session* is an entity's way until it falls silent ([`Session`], [`SessionScore`]). In the
//! dataflow, per (peer group, entity):
//!
//! 1. per event `Walk::observe` with the chain of the last quantum: a [`Loss`], and the fresh chain;
//! 2. when the entity has been silent for long (a timer): `Walk::end_session`, then
//!    `SessionTable::judge`, then `SessionPart::learn` with both;
//! 3. at the end of a quantum fresh chains and parts go to the owner of the peer group:
//!    `Chain::absorb`; `Sessions::absorb`, `Sessions::close_quantum`. What it makes is broadcast.
//!
//! Cost: 0.1–0.3 µs per event; 88 bytes cold and four per symbol of the session, at most 64 KiB
//! with its own chain (2,048 transitions), 3 MiB for a table of 65,536.

mod chain;
mod numbers;
mod session;
#[cfg(test)]
mod session_tests;
mod sessions;
mod tally;
#[cfg(test)]
mod tests;

pub use chain::{Chain, Prediction, TRANSITIONS_MAX};
pub use session::{SESSIONS_MIN, Session, SessionScore, comparable};
pub use sessions::{SessionPart, SessionTable, Sessions};
pub use tally::{OddCount, folded};

use crate::cusum::{Change, Cusum, CusumConfig, Phase, Step};
use serde::{Deserialize, Serialize};

/// Stands for what was before the first event.
pub const START: u64 = 0;
/// Stands for the end of a session.
pub const END: u64 = 1;
/// Events of an entity before its own chain begins.
pub const OWN_FROM: u32 = 200;
/// Transitions of an entity's own chain.
const OWN_MAX: usize = 2048;
/// Losses over which the usual loss is averaged.
const MEMORY: f64 = 500.0;
/// Losses before drift is judged.
const DRIFT_FROM: u32 = 100;
/// Least deviation of a loss: below it any event would be evidence.
const DEVIATION_MIN: f64 = 0.25;

/// How order is judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SequenceConfig {
    /// Events of the peers before the first result.
    pub events_min: u64,
    /// How drift is judged.
    pub drift: CusumConfig,
}

impl Default for SequenceConfig {
    fn default() -> SequenceConfig {
        let drift = CusumConfig { threshold: 8.0, lower: false, ..CusumConfig::default() };
        SequenceConfig { events_min: 100, drift }
    }
}

/// An event in its order: the numbers behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// −ln p: the raw score.
    pub nats: f64,
    /// By the entity's own chain, when it has one.
    pub own: Option<Prediction>,
    /// By its peers.
    pub peers: Prediction,
    /// The two symbols before it, the older first.
    pub after: [u64; 2],
    /// Usual loss of this entity and its deviation; (0, 0) while not known.
    pub usual: (f64, f64),
    /// What this event adds to the drift of habits.
    pub drift: Step,
    /// The drift that seems to be under way, when it has never been as far.
    pub drifting: Option<Change>,
}

/// The usual loss of an entity and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Habit {
    losses: u32,
    mean: f64,
    variance: f64,
    cusum: Cusum,
}

impl Habit {
    fn deviation(&self) -> f64 {
        libm::sqrt(self.variance).max(DEVIATION_MIN)
    }

    fn learn(&mut self, config: &CusumConfig, at: u64, nats: f64) -> Step {
        let deviation = self.deviation();
        let z = (nats - self.mean) / deviation;
        let found = if self.losses >= DRIFT_FROM {
            self.cusum.step(config, at, z)
        } else {
            Step::default()
        };
        self.losses = self.losses.saturating_add(1);
        let rate = 1.0 / f64::from(self.losses).min(MEMORY);
        // One loss far out counts, but does not make the next ones ordinary.
        let reach = if self.losses > DRIFT_FROM { config.clip * deviation } else { f64::MAX };
        let error = (nats - self.mean).clamp(-reach, reach);
        self.mean += rate * error;
        self.variance += rate * (error * error - self.variance);
        found
    }
}

/// An entity on its way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    last: [u64; 2],
    events: u32,
    session: Session,
    own: Option<Box<Chain>>,
    habit: Option<Box<Habit>>,
}

impl Walk {
    /// Judges a symbol by the peers' table and the entity's own chain, and learns it: what the
    /// peers shall know goes into `fresh`. `None` while the peers have seen too little.
    pub fn observe(
        &mut self,
        config: &SequenceConfig,
        peers: &Chain,
        fresh: &mut Chain,
        at_ns: u64,
        symbol: u64,
    ) -> Option<Loss> {
        let after = self.last;
        let loss = self.follow(config, Some(peers), at_ns, after, symbol);
        fresh.learn(after, symbol);
        self.last = [after[1], symbol];
        loss
    }

    /// The same for a way that is followed elsewhere: `after` is what came before the symbol, and
    /// what the peers shall know is learnt there.
    pub fn follow(
        &mut self,
        config: &SequenceConfig,
        peers: Option<&Chain>,
        at_ns: u64,
        after: [u64; 2],
        symbol: u64,
    ) -> Option<Loss> {
        let peers = peers.filter(|peers| peers.events() >= config.events_min);
        let loss = peers.map(|peers| self.judge(peers, after, symbol));
        if let Some(own) = &mut self.own {
            own.learn(after, symbol);
        }
        self.events = self.events.saturating_add(1);
        if self.events == OWN_FROM {
            self.own = Some(Box::new(Chain::bounded(OWN_MAX)));
            self.habit = Some(Box::default());
        }
        let mut loss = loss?;
        // By its peers: a long session would else learn its own odd ways while it is judged.
        self.session.add(-libm::log(loss.peers.p));
        self.session.count(symbol);
        if let Some(habit) = &mut self.habit {
            loss.usual = (habit.mean, habit.deviation());
            loss.drift = habit.learn(&config.drift, at_ns, loss.nats);
            loss.drifting = loss.drift.score.and_then(|_| habit.cusum.run());
        }
        Some(loss)
    }

    fn judge(&self, peers: &Chain, after: [u64; 2], symbol: u64) -> Loss {
        let theirs = peers.predict(after, symbol);
        let own = self.own.as_ref().map(|own| own.lean(after, symbol, theirs.p));
        let p = own.map_or(theirs.p, |own| own.p);
        Loss {
            nats: -libm::log(p),
            own,
            peers: theirs,
            after,
            usual: (0.0, 0.0),
            drift: Step::default(),
            drifting: None,
        }
    }

    /// Ends a session: what it was like, its end judged after its last two events and learnt. The
    /// next event is judged as a first one.
    pub fn end_session(
        &mut self,
        config: &SequenceConfig,
        peers: &Chain,
        fresh: &mut Chain,
    ) -> Session {
        let after = std::mem::replace(&mut self.last, [START; 2]);
        if after != [START; 2] {
            fresh.learn(after, END);
        }
        self.end_after(config, Some(peers), after)
    }

    /// The same for a way that is followed elsewhere.
    pub fn end_after(
        &mut self,
        config: &SequenceConfig,
        peers: Option<&Chain>,
        after: [u64; 2],
    ) -> Session {
        let mut session = std::mem::take(&mut self.session);
        let peers = peers.filter(|peers| peers.events() >= config.events_min);
        if let Some(peers) = peers.filter(|_| after != [START; 2]) {
            session.end = -libm::log(peers.predict(after, END).p) as f32;
        }
        session
    }

    /// What the session at hand is like so far.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Whether its habits have changed and still are.
    pub fn drifting(&self) -> bool {
        self.habit.as_ref().is_some_and(|habit| habit.cusum.phase() == Phase::Alarmed)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.session.heap_bytes()
            + self.own.as_ref().map_or(0, |own| size_of::<Chain>() + own.heap_bytes())
            + self.habit.as_ref().map_or(0, |_| size_of::<Habit>())
    }
}

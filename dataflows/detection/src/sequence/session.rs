//! Sessions: what an entity's way was like from its first event to its last.
//!
//! One step that never happens makes one great loss; a way that is unlike the others all along
//! makes many middling ones. The mean loss drowns the first in a long session, the greatest loss
//! does not see the second and grows with the length by chance alone. The *strain*, the mean of
//! loss^1.75, lies between: a step with ten times the usual loss counts like fifty. It is held
//! against the sessions before it of the same peer group; mean, greatest loss and length are told
//! beside it. The sketches have a commutative merge, like the chains; their past fades, because
//! chains that had seen little made losses that are none any more.
//!
//! Cost: two square roots per event; four passes over at most 128 bins per session; at most 4 KiB.

use crate::sketch::Quantiles;
use serde::{Deserialize, Serialize};

/// Sessions before the first result.
pub const SESSIONS_MIN: u64 = 100;
/// Sessions at which the past is halved.
const HALVE_AT: u64 = 4096;
/// Fixed point of sums.
const FIXED: f64 = (1u64 << 20) as f64;
/// A loss counts at most this much, nats: sums stay within their range.
const LOSS_MAX: f64 = 100.0;

/// What a session of an entity was like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Events judged.
    pub events: u32,
    /// Greatest loss, nats.
    pub greatest: f32,
    /// Sums of losses and of their powers, fixed point.
    sum: i64,
    powers: i64,
}

impl Session {
    /// Mean loss, nats.
    pub fn mean(&self) -> f64 {
        self.per_event(self.sum)
    }

    /// Mean of loss^1.75.
    pub fn strain(&self) -> f64 {
        self.per_event(self.powers)
    }

    fn per_event(&self, sum: i64) -> f64 {
        if self.events == 0 { 0.0 } else { sum as f64 / FIXED / f64::from(self.events) }
    }

    pub(super) fn add(&mut self, nats: f64) {
        let loss = nats.clamp(0.0, LOSS_MAX);
        let root = libm::sqrt(loss);
        let power = loss * root * libm::sqrt(root);
        self.events = self.events.saturating_add(1);
        self.sum = self.sum.saturating_add((loss * FIXED) as i64);
        self.powers = self.powers.saturating_add((power * FIXED) as i64);
        self.greatest = self.greatest.max(nats as f32);
    }
}

/// A judged session: the numbers behind it, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionScore {
    /// The raw score: how rarely a session has such a strain.
    pub surprise: f64,
    /// How rarely a greatest loss is as great.
    pub greatest: f64,
    /// How rarely a mean loss is as great.
    pub mean: f64,
    /// How rarely a session is as long, or as short.
    pub length: f64,
}

/// The usual sessions of one peer group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    strains: Quantiles,
    greatest: Quantiles,
    means: Quantiles,
    lengths: Quantiles,
}

impl Sessions {
    /// Judges a session; `None` while too few were seen, or none of its events was judged.
    pub fn judge(&self, session: &Session) -> Option<SessionScore> {
        let ready = session.events > 0 && self.lengths.total() >= SESSIONS_MIN;
        ready.then(|| SessionScore {
            surprise: self.strains.surprise(session.strain()).upper,
            greatest: self.greatest.surprise(f64::from(session.greatest)).upper,
            mean: self.means.surprise(session.mean()).upper,
            length: self.lengths.surprise(f64::from(session.events)).two_sided(),
        })
    }

    /// Learns a session.
    pub fn learn(&mut self, session: &Session) {
        if session.events == 0 {
            return;
        }
        self.strains.add(session.strain(), 1);
        self.greatest.add(f64::from(session.greatest), 1);
        self.means.add(session.mean(), 1);
        self.lengths.add(f64::from(session.events), 1);
        self.fade();
    }

    /// Adds what was learnt elsewhere.
    pub fn absorb(&mut self, other: &Sessions) {
        self.strains.merge(&other.strains);
        self.greatest.merge(&other.greatest);
        self.means.merge(&other.means);
        self.lengths.merge(&other.lengths);
        self.fade();
    }

    /// Sessions learnt, less those that have faded.
    pub fn total(&self) -> u64 {
        self.lengths.total()
    }

    fn fade(&mut self) {
        if self.lengths.total() >= HALVE_AT {
            let all = [&mut self.strains, &mut self.greatest, &mut self.means, &mut self.lengths];
            all.into_iter().for_each(Quantiles::halve);
        }
    }
}

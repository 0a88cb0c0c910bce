//! How rarely the numbers of a session are as great among those of its peers.
//!
//! Rarity is read off quantiles up to the 95th percentile (or where fifty are beyond), and from there
//! off a Pareto tail whose scale is the mean excess, with what lies beyond the 99th (the last ten)
//! counted as if it lay there: neither moves much when one session in a hundred was an attack. A short
//! session's mean can be far out by one event alone, so no tail makes more of nats than they are: an
//! excess of x nats over all events of a session has, by the chain that gave it, a probability of at
//! most e^−x (Markov's inequality on the likelihood ratio).
//!
//! Cost: some passes over at most 128 bins a question; a table of 1,024 sessions three milliseconds.

use crate::sketch::Quantiles;
use libm::{log, log1p};
use serde::{Deserialize, Serialize};

/// The tail of a number begins where so many of it are beyond, at the latest at the first of these
/// quantiles; what is among the few outermost, or beyond the second, counts as if it lay there.
const BEYOND: (f64, f64) = (50.0, 0.95);
const OUTERMOST: (f64, f64) = (10.0, 0.99);
/// Shape of that tail (generalised Pareto): a little heavier than exponential, because how far out
/// the last hundredth lies is not asked.
const SHAPE: f64 = 0.05;
/// Least scale of the tail of a number in nats: less would make more of it than it says itself.
const SCALE_MIN: f64 = 0.6;
/// Least scale of the tail of a mean loss, nats.
const MEAN_MIN: f64 = 0.05;
/// Order (habit and step) counts for half, and for a quarter of that beyond so many nats: where
/// several write at once it wavers, and in ways that were not seen before; counts do not.
const ORDER: f64 = 3.0;
const BEYOND_ORDER: f64 = 0.25;
/// Nats from which counts are heard, and those of a step as they are counted: what is usual of the
/// greatest of many numbers says nothing.
const COUNTS: f64 = 3.0;
const STEP: f64 = 4.0;

/// Losses of a session, nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Losses {
    pub(super) events: u32,
    pub(super) mean: f32,
    pub(super) end: f32,
    pub(super) greatest: f32,
}

/// Rarities of mean, end, habit, counts and step, nats.
pub(super) type Rarities = [f64; 5];

/// How the numbers of sessions spread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbers {
    means: Quantiles,
    ends: Quantiles,
    /// Rarities of mean and end added up.
    habits: Quantiles,
    counts: Quantiles,
    steps: Quantiles,
    /// What is heard of all.
    sums: Quantiles,
}

impl Numbers {
    /// Of sessions with these losses and oddest counts.
    pub(super) fn of(sessions: &[(Losses, f64)]) -> Numbers {
        let mut numbers = Numbers::default();
        for (losses, counts) in sessions {
            numbers.means.add(f64::from(losses.mean), 1);
            numbers.ends.add(f64::from(losses.end), 1);
            numbers.steps.add(f64::from(losses.greatest), 1);
            numbers.counts.add(*counts, 1);
        }
        let mut habits = Quantiles::default();
        for (losses, _) in sessions {
            let [mean, end] = numbers.mean_and_end(*losses);
            habits.add(mean + end, 1);
        }
        numbers.habits = habits;
        let mut sums = Quantiles::default();
        for (losses, counts) in sessions {
            sums.add(sum(&numbers.rarities(*losses, *counts)), 1);
        }
        numbers.sums = sums;
        numbers
    }

    /// Rarities of a session with these losses and oddest count.
    pub(super) fn rarities(&self, losses: Losses, counts: f64) -> Rarities {
        let [mean, end] = self.mean_and_end(losses);
        let habit = rarity(&self.habits, mean + end, 1.0, SCALE_MIN);
        let counts = rarity(&self.counts, counts, 1.0, SCALE_MIN);
        let step = rarity(&self.steps, f64::from(losses.greatest), 1.0, SCALE_MIN);
        [mean, end, habit, counts, step]
    }

    fn mean_and_end(&self, losses: Losses) -> [f64; 2] {
        let each = f64::from(losses.events);
        let mean = rarity(&self.means, f64::from(losses.mean), each, MEAN_MIN);
        [mean, rarity(&self.ends, f64::from(losses.end), 1.0, SCALE_MIN)]
    }

    /// −ln of how rarely all of them together are as great.
    pub(super) fn together(&self, rarities: &Rarities) -> f64 {
        rarity(&self.sums, sum(rarities), 1.0 / SCALE_MIN, SCALE_MIN)
    }
}

/// What is heard of habit, counts and step, nats of counts.
pub(super) fn heard([_, _, habit, counts, step]: &Rarities) -> [f64; 3] {
    let order = |nats: f64| 0.5 * (nats.min(ORDER) + BEYOND_ORDER * (nats - ORDER).max(0.0));
    let step = (order(*step) - 0.5 * STEP).max(0.0);
    [order(*habit), (counts - COUNTS).max(0.0), step]
}

fn sum(rarities: &Rarities) -> f64 {
    heard(rarities).iter().sum()
}

/// −ln of how rarely a number is as great. `worth`: nats that one more of it is worth at most. A loss
/// is one nat: what is improbable by so much comes at most so rarely, whatever the tail that was seen.
fn rarity(usual: &Quantiles, number: f64, worth: f64, least: f64) -> f64 {
    let share = |(many, least): (f64, f64)| (1.0 - many / usual.total() as f64).max(least);
    let at = |bound| usual.quantile(share(bound));
    let (Some(begin), Some(through)) = (at(BEYOND), at(OUTERMOST)) else {
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
    let z = (number - begin) / scale.max(least);
    // A tie that has moved a little since it was counted is not beyond the others.
    let near = usual.surprise(begin).upper + worth * (number - begin);
    near.min(upto + log1p(SHAPE * z) / SHAPE)
}

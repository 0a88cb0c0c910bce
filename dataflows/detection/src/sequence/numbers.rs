//! How rarely the numbers of a session are as great among those of its peers.
//!
//! Rarity is read off quantiles up to the 95th percentile, and from there off a Pareto tail whose scale
//! is the mean excess, with what lies beyond the 99th counted as if it lay there: neither moves much
//! when one session in a hundred was an attack.

use crate::sketch::Quantiles;
use libm::{log, log1p, sqrt};
use serde::{Deserialize, Serialize};

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
/// Nats from which step and counts are heard: one in fifty-five by chance.
const SPEAKS: f64 = 4.0;

/// Losses of a session, nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Losses {
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
        let habit = rarity(&self.habits, mean + end, 0.0, SCALE_MIN);
        let counts = rarity(&self.counts, counts, 0.0, SCALE_MIN);
        let step = rarity(&self.steps, f64::from(losses.greatest), 0.0, SCALE_MIN);
        [mean, end, habit, counts, step]
    }

    fn mean_and_end(&self, losses: Losses) -> [f64; 2] {
        let mean = rarity(&self.means, f64::from(losses.mean), MEAN_SHARE, MEAN_MIN);
        [mean, rarity(&self.ends, f64::from(losses.end), 0.0, SCALE_MIN)]
    }

    /// −ln of how rarely all of them together are as great.
    pub(super) fn together(&self, rarities: &Rarities) -> f64 {
        rarity(&self.sums, sum(rarities), 0.0, SCALE_MIN)
    }
}

/// What is heard of habit, counts and step.
fn sum([_, _, habit, counts, step]: &Rarities) -> f64 {
    let heard = |nats: f64| (nats * nats - SPEAKS * SPEAKS).max(0.0);
    sqrt(habit * habit + heard(*counts) + heard(*step))
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

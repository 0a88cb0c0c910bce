//! One tail: its threshold, its peaks and the fit. The lower tail is the upper one of −x.
//!
//! Ties. When half of the peaks share their values the data are a lattice or have atoms. Then the
//! threshold moves half a step up to the middle between t and the least peak, a value is judged by
//! the middle below it, so that the least peak is as rare as N_t/n says; the tail is taken to be
//! no lighter than an exponential one, because atoms look like an end of the distribution; and a
//! value is never rarer than the share of peaks at or beyond it.

use super::SpotConfig;
use crate::gpd::{self, Excess, Gpd, SHAPE_MAX};
use serde::{Deserialize, Serialize};

/// A new fit is due when this share of the peaks is new.
const DUE: f64 = 0.2;
/// Peaks that an exponential tail stands for, and the points that stand for them.
const PRIOR_WEIGHT: f64 = 20.0;
const PRIOR_POINTS: u32 = 10;
/// Chance may make so many times the alarms of the risk …
const ALLOWANCE: f64 = 2.0;
/// … and so many at once.
const ALLOWED_MAX: f64 = 10.0;
/// Steps in search of a bar.
const STEPS: u32 = 80;
/// Least probability that is told apart.
const P_MIN: f64 = 1e-300;

/// The tail on one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tail {
    threshold: f64,
    /// Half the step of a lattice; 0 for continuous values.
    half: f64,
    /// Excesses over the threshold, a ring.
    peaks: Vec<f64>,
    at: usize,
    /// Peaks ever.
    nt: u64,
    fitted_at: u64,
    shapes: [Gpd; 3],
    /// Alarms that chance may still make, and how many it made.
    allowance: f64,
    replaced: u32,
}

impl Tail {
    /// Fits what lies beyond a threshold, `None` when that is too little.
    pub(super) fn new(
        config: &SpotConfig,
        threshold: f64,
        values: impl Iterator<Item = f64>,
    ) -> Option<Tail> {
        let beyond: Vec<f64> = values.filter(|&x| x > threshold).collect();
        let nt = beyond.len();
        if (nt as f64) < 0.2 * f64::from(config.peaks_min) || nt == 0 {
            return None;
        }
        let half = half_step(threshold, &beyond);
        let most = config.peaks_max.max(1) as usize;
        let recent = &beyond[nt.saturating_sub(most)..];
        let mut tail = Tail {
            threshold,
            half,
            peaks: recent.iter().map(|x| x - threshold).collect(),
            at: 0,
            nt: nt as u64,
            fitted_at: 0,
            shapes: [Gpd { shape: 0.0, scale: 1.0 }; 3],
            allowance: 0.0,
            replaced: 0,
        };
        tail.refit(config);
        Some(tail)
    }

    /// Where the tail begins.
    pub(super) fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Peaks ever.
    pub(super) fn peaks(&self) -> u64 {
        self.nt
    }

    /// The best fit.
    pub(super) fn fit(&self) -> Gpd {
        self.shapes[1]
    }

    /// P(X ≥ x) for x beyond the threshold, among `n` values.
    pub(super) fn probability(&self, x: f64, n: u64) -> f64 {
        let excess = x - self.threshold - 2.0 * self.half;
        let survival = self.shapes.iter().map(|gpd| gpd.survival(excess)).sum::<f64>() / 3.0;
        let mut share = survival;
        if self.half > 0.0 {
            let least = x - self.threshold - 1e-9 * self.half;
            let seen = self.peaks.iter().filter(|&&peak| peak >= least).count();
            share = share.max(seen as f64 / self.peaks.len() as f64);
        }
        (self.nt as f64 / n.max(1) as f64 * share).clamp(P_MIN, 1.0)
    }

    /// The value at which the probability is `risk`.
    pub(super) fn bar(&self, risk: f64, n: u64) -> f64 {
        let (mut low, mut width) = (self.threshold, self.fit().scale.max(1e-12));
        while self.probability(low + width, n) > risk && width < 1e15 {
            width *= 2.0;
        }
        for _ in 0..STEPS {
            width *= 0.5;
            if self.probability(low + width, n) > risk {
                low += width;
            }
        }
        low + width
    }

    /// Grants what chance may do in one value: see [`Tail::replace`].
    pub(super) fn grant(&mut self, risk: f64) {
        self.allowance = (self.allowance + ALLOWANCE * risk).min(ALLOWED_MAX);
    }

    /// An alarm teaches nothing; but as many alarms as chance makes are missing from the tail
    /// then, and it would shorten with each: the bar would fall without end. In place of so many
    /// stands what is expected beyond the bar, at evenly spread quantiles; whether that was done.
    pub(super) fn replace(&mut self, config: &SpotConfig, risk: f64, n: u64) -> bool {
        if self.allowance < 1.0 {
            return false;
        }
        self.allowance -= 1.0;
        self.replaced = self.replaced.wrapping_add(1);
        // Van der Corput's sequence.
        let part = f64::from(self.replaced.reverse_bits()) / f64::from(u32::MAX);
        let share = (risk * part.max(1e-3) * n as f64 / self.nt as f64).min(1.0);
        let beyond = self.shapes.iter().map(|gpd| gpd.quantile(share)).sum::<f64>() / 3.0;
        self.learn(config, self.threshold + 2.0 * self.half + beyond);
        true
    }

    /// Learns a peak.
    pub(super) fn learn(&mut self, config: &SpotConfig, x: f64) {
        let excess = x - self.threshold;
        let most = config.peaks_max.max(1) as usize;
        self.nt += 1;
        if self.peaks.len() < most {
            self.peaks.push(excess);
        } else {
            self.at %= self.peaks.len();
            self.peaks[self.at] = excess;
            self.at += 1;
        }
        if (self.nt - self.fitted_at) as f64 >= DUE * self.peaks.len() as f64 {
            self.refit(config);
        }
    }

    fn refit(&mut self, config: &SpotConfig) {
        self.fitted_at = self.nt;
        // In units of their mean, so that no scale is too small or too large for the search.
        let count = self.peaks.len() as f64;
        let unit = self.peaks.iter().map(|peak| peak - self.half).sum::<f64>() / count;
        let mut data: Vec<Excess> =
            self.peaks.iter().map(|peak| ((peak - self.half) / unit, 1.0)).collect();
        // Few peaks make a light tail lighter: the exponential one, in which most tails end, is
        // worth some of them.
        let each = config.caution.max(0.0) * PRIOR_WEIGHT / f64::from(PRIOR_POINTS);
        data.extend(
            (0..PRIOR_POINTS)
                .filter(|_| each > 0.0)
                .map(|k| (-libm::log(1.0 - (f64::from(k) + 0.5) / f64::from(PRIOR_POINTS)), each)),
        );
        let mut best = gpd::fit(&data).unwrap_or(Gpd { shape: 0.0, scale: 1.0 });
        if self.half > 0.0 && best.shape < 0.0 {
            best = Gpd { shape: 0.0, scale: 1.0 };
        }
        let mean = best.scale / (1.0 - best.shape) * unit;
        best.scale *= unit;
        let error = 1.2 * (1.0 + best.shape) / libm::sqrt(count);
        let moved = |by: f64| {
            let shape = (best.shape + by).clamp(-SHAPE_MAX, SHAPE_MAX);
            Gpd { shape, scale: mean * (1.0 - shape) }
        };
        let by = config.caution * error;
        self.shapes = if by > 0.0 { [moved(-by), best, moved(by)] } else { [best, best, best] };
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.peaks.capacity() * 8
    }
}

/// Half the least step between values at and beyond a threshold when ties are common, else 0.
fn half_step(threshold: f64, beyond: &[f64]) -> f64 {
    let mut sorted = beyond.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    if 2 * sorted.len() > beyond.len() {
        return 0.0;
    }
    let mut last = threshold;
    let mut step = f64::MAX;
    for &x in &sorted {
        step = step.min(x - last);
        last = x;
    }
    0.5 * step
}

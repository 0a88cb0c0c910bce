//! Thresholds of a stream of numbers without a model: two-sided SPOT and DSPOT.
//!
//! From the paper (A. Siffer, P.-A. Fouque, A. Termier, C. Largouët, KDD 2017): of the first values
//! the tail beyond a high quantile t is fitted with a generalised Pareto distribution; then
//! `P(X > x) = N_t/n · S(x − t)`, and a value rarer than the risk is an alarm that teaches
//! nothing, while one beyond t is a peak that does. With a depth (DSPOT) what is judged is the
//! distance from the mean of the last values that were no alarms.
//!
//! What is added, because an earlier product of the same shape came to grief on it:
//! * *Uncalibrated* is a state. A tail in which there is nothing to fit (all zero) is no threshold
//!   of zero; it is tried again with later values, and until then nothing is decided.
//! * N_t is a counter of its own; the peaks that shape the tail are a bounded ring.
//! * The bar knows how little it knows: the tail is the mean of three fits, ξ one standard error
//!   less and more; and where chance alone makes alarms, what is expected beyond the bar takes
//!   their place, because a tail without them shortens and makes more ([`SpotConfig::caution`];
//!   with 0 it is the paper's).
//! * Ties: on lattices and atoms the fit is corrected for continuity and a value is never
//!   taken to be rarer than it was seen (`side.rs`).
//! * The realised rate is watched; outside its band the threshold is made anew from the values
//!   that follow, which is again the state *uncalibrated*.
//!
//! Where partial results of many workers have to add up, [`calibrate`](crate::calibrate) does the
//! same on histograms; this is the form for one key. Cost: two comparisons per value, a fit per
//! some dozen peaks (0.2–0.5 µs a value in all); 4 KiB with 200 peaks a side, 8 KiB while
//! calibrating.

mod config;
mod drift;
mod side;
#[cfg(test)]
mod tests;
mod watch;

pub use config::{Alarm, CALIBRATION_MAX, DEPTH_MAX, Sides, SpotConfig, Verdict};

use crate::calibrate::Side;
use drift::Drift;
use serde::{Deserialize, Serialize};
use side::Tail;
use watch::Watch;

/// Innermost threshold.
const LEVEL_MIN: f64 = 0.9;

/// State of one stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    drift: Drift,
    /// Values collected for the next calibration.
    waiting: Vec<f64>,
    /// Values judged that were no alarms.
    n: u64,
    upper: Option<Tail>,
    lower: Option<Tail>,
    watch: Watch,
    /// Whether a new calibration is under way although there is one in force.
    renewing: bool,
}

impl Spot {
    /// Judges a value and learns it. What is no finite number is left out.
    pub fn update(&mut self, config: &SpotConfig, value: f64) -> Verdict {
        if !value.is_finite() {
            return Verdict::Uncalibrated;
        }
        let depth = config.depth.min(DEPTH_MAX);
        let Some(mean) = self.drift.mean(depth) else {
            self.drift.learn(depth, value);
            return Verdict::Uncalibrated;
        };
        let x = value - mean;
        if !self.calibrated() || self.renewing {
            self.collect(config, x);
        }
        if !self.calibrated() || (self.renewing && self.watch.suspended()) {
            self.drift.learn(depth, value);
            return Verdict::Uncalibrated;
        }
        let verdict = self.judge(config, x, mean);
        if !matches!(verdict, Verdict::Alarm(_)) {
            self.drift.learn(depth, value);
        }
        let p = match verdict {
            Verdict::Peak(_, p) => p,
            Verdict::Alarm(alarm) => alarm.p,
            _ => 1.0,
        };
        if self.watch.leaves_band(config.risk, p) && !self.renewing {
            self.renewing = true;
            self.waiting.clear();
        }
        verdict
    }

    fn judge(&mut self, config: &SpotConfig, x: f64, mean: f64) -> Verdict {
        let sides = if config.sides == Sides::Both { 2.0 } else { 1.0 };
        let risk = config.risk / sides;
        if config.caution > 0.0 {
            [&mut self.upper, &mut self.lower].into_iter().flatten().for_each(|t| t.grant(risk));
        }
        let found = [(&mut self.upper, Side::Upper, x), (&mut self.lower, Side::Lower, -x)]
            .into_iter()
            .find_map(|(tail, side, x)| {
                tail.as_mut().filter(|tail| x > tail.threshold()).map(|tail| (tail, side, x))
            });
        let Some((tail, side, size)) = found else {
            self.n += 1;
            return Verdict::Ordinary;
        };
        let p = (sides * tail.probability(size, self.n)).min(1.0);
        if p > config.risk {
            self.n += 1;
            tail.learn(config, size);
            return Verdict::Peak(side, p);
        }
        let sign = if side == Side::Upper { 1.0 } else { -1.0 };
        let fit = tail.fit();
        let alarm = Alarm {
            side,
            p,
            value: x,
            mean,
            threshold: sign * tail.threshold(),
            bar: sign * tail.bar(risk, self.n),
            fit: (fit.shape, fit.scale),
            peaks: (tail.peaks(), self.n),
        };
        self.n += u64::from(tail.replace(config, risk, self.n));
        Verdict::Alarm(alarm)
    }

    /// Takes a value for calibration, and calibrates when there are enough.
    fn collect(&mut self, config: &SpotConfig, x: f64) {
        let needed = config.calibration.clamp(50, CALIBRATION_MAX) as usize;
        self.waiting.push(x);
        if self.waiting.len() < needed {
            return;
        }
        let mut sorted = std::mem::take(&mut self.waiting);
        let order = sorted.clone();
        sorted.sort_by(f64::total_cmp);
        let upper = (config.sides != Sides::Lower).then(|| tail_of(config, &sorted, &order, 1.0));
        let lower = (config.sides != Sides::Upper).then(|| tail_of(config, &sorted, &order, -1.0));
        let (upper, lower) = (upper.flatten(), lower.flatten());
        if upper.is_some() || lower.is_some() {
            (self.upper, self.lower, self.n) = (upper, lower, order.len() as u64);
            (self.watch, self.renewing) = (Watch::default(), false);
        } else {
            // Nothing to fit: what comes later may have a tail.
            self.waiting = order;
            self.waiting.drain(..needed / 2);
        }
    }

    /// Whether there is a threshold to decide by.
    pub fn calibrated(&self) -> bool {
        self.upper.is_some() || self.lower.is_some()
    }

    /// Values collected and needed, while a calibration is under way: "37 of 1000".
    pub fn progress(&self, config: &SpotConfig) -> Option<(u32, u32)> {
        let needed = config.calibration.clamp(50, CALIBRATION_MAX);
        let open = !self.calibrated() || self.renewing;
        open.then_some((self.waiting.len() as u32, needed))
    }

    /// The bars on both sides, relative to the moving mean: lower and upper.
    pub fn bars(&self, config: &SpotConfig) -> (Option<f64>, Option<f64>) {
        let risk = if config.sides == Sides::Both { 0.5 * config.risk } else { config.risk };
        let bar = |tail: &Option<Tail>| tail.as_ref().map(|tail| tail.bar(risk, self.n));
        (bar(&self.lower).map(|bar| -bar), bar(&self.upper))
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let tails = [&self.upper, &self.lower].into_iter().flatten();
        self.waiting.capacity() * 8
            + self.drift.heap_bytes()
            + tails.map(Tail::heap_bytes).sum::<usize>()
    }
}

/// The tail of sorted values on the side of `sign`, or `None` when there is nothing to fit.
fn tail_of(config: &SpotConfig, sorted: &[f64], order: &[f64], sign: f64) -> Option<Tail> {
    let n = sorted.len() as f64;
    let wanted = (1.0 - config.level).max(f64::from(config.peaks_min) / n).min(1.0 - LEVEL_MIN);
    let beyond = ((wanted * n) as usize).clamp(1, sorted.len() - 1);
    let at = if sign > 0.0 { sorted.len() - 1 - beyond } else { beyond };
    Tail::new(config, sign * sorted[at], order.iter().map(|x| sign * x))
}

//! The level of a busy series: exponential smoothing, with a daily season once it predicts better.
//!
//! Two smoothers run side by side, one without and one with a season of 24 hours (additive
//! Holt–Winters without trend); the one with the smaller one-step residual predicts. The season
//! starts from the means of the hours of the first whole day, in the phase of the log's clock, so
//! a gap does not shift it. The residual is kept relative to the forecast (variance over mean) and
//! is never less than that of pure chance.

use super::{SLOTS, VolumeConfig};
use crate::holt_winters::{HoltWinters, Smoothing};
use crate::tail::Predictive;
use serde::{Deserialize, Serialize};

/// Smoothing of the level.
const ALPHA: f64 = 0.1;
/// Smoothing of the season, per day of its slot.
const GAMMA_PER_DAY: f64 = 0.25;
/// Buckets over which the residual is averaged.
const MEMORY: f64 = 500.0;
/// The same within one slot.
const SLOT_MEMORY: u8 = 100;
/// Buckets over which the two smoothers compete.
const COMPETITION: f64 = 2000.0;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Smoother {
    state: HoltWinters,
    /// Mean of squared residual / forecast.
    dispersion: f64,
    /// The same by slot of the season: an hour in which a shift begins is less certain.
    by_slot: Box<[(f64, u8)]>,
    /// Mean absolute residual over days: what the two smoothers compete by.
    loss: f64,
    age: f64,
}

impl Smoother {
    fn new(level: f64, season: Box<[f64]>, dispersion: f64) -> Smoother {
        let by_slot = vec![(dispersion, 8); season.len()].into_boxed_slice();
        let state = HoltWinters { level, trend: 0.0, season };
        Smoother { state, dispersion, by_slot, loss: 0.0, age: 30.0 }
    }

    /// Dispersion at a phase.
    fn spread(&self, phase: f64) -> f64 {
        let slots = self.by_slot.len().max(1);
        self.by_slot.get(phase as usize % slots).map_or(self.dispersion, |slot| slot.0).max(1.0)
    }

    fn forecast(&self, phase: f64) -> f64 {
        self.state.forecast(phase).max(0.05 * self.state.level).max(0.02)
    }

    fn learn(&mut self, phase: f64, value: f64, gamma: f64) {
        let forecast = self.forecast(phase);
        let room = 4.0 * libm::sqrt(forecast * self.spread(phase)) + 2.0;
        self.age = (self.age + 1.0).min(MEMORY);
        // What is not ordinary is learnt as something moderate: it counts, but teaches little.
        let error = value - forecast;
        self.loss += (error.abs() - self.loss) / COMPETITION;
        let error = if error.abs() > room { (0.5 * room).copysign(error) } else { error };
        let value = forecast + error;
        let relative = error * error / forecast;
        self.dispersion += (relative - self.dispersion) / self.age;
        let slots = self.by_slot.len().max(1);
        if let Some(spread) = self.by_slot.get_mut(phase as usize % slots) {
            spread.1 = (spread.1 + 1).min(SLOT_MEMORY);
            spread.0 += (relative - spread.0) / f64::from(spread.1);
        }
        self.state.observe(phase, value, Smoothing { alpha: ALPHA, beta: 0.0, gamma });
        self.state.level = self.state.level.max(0.0);
    }
}

/// Sums of the hours of the first day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct FirstDay {
    sums: [f64; SLOTS as usize],
    buckets: [u16; SLOTS as usize],
}

/// The level model of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    plain: Smoother,
    seasonal: Option<Smoother>,
    first_day: Option<Box<FirstDay>>,
}

impl Level {
    /// Starts at a level with a dispersion known from the count model.
    pub fn new(level: f64, dispersion: f64) -> Level {
        let first_day = FirstDay { sums: [0.0; SLOTS as usize], buckets: [0; SLOTS as usize] };
        Level {
            plain: Smoother::new(level, Box::default(), dispersion),
            seasonal: None,
            first_day: Some(Box::new(first_day)),
        }
    }

    fn best(&self) -> &Smoother {
        match &self.seasonal {
            Some(seasonal) if seasonal.loss < 0.98 * self.plain.loss => seasonal,
            _ => &self.plain,
        }
    }

    /// Whether the season is what predicts.
    pub fn seasonal(&self) -> bool {
        !self.best().state.season.is_empty()
    }

    /// Whether the season predicts so much better that it also explains why buckets are empty.
    pub fn strongly_seasonal(&self) -> bool {
        self.seasonal.as_ref().is_some_and(|seasonal| seasonal.loss < 0.9 * self.plain.loss)
    }

    /// Predictive of a bucket at this phase.
    pub fn predictive(&self, phase: f64) -> Predictive {
        let best = self.best();
        let memory =
            if best.by_slot.is_empty() { best.age } else { best.age.min(f64::from(SLOT_MEMORY)) };
        let unsure = 1.0 + 1.5 * libm::sqrt(2.0 / (2.0 * memory));
        Predictive::counts(best.forecast(phase), best.spread(phase) * unsure)
    }

    /// Learns a bucket.
    pub fn learn(&mut self, phase: f64, value: f64, config: &VolumeConfig) {
        self.plain.learn(phase, value, 0.0);
        let gamma = (GAMMA_PER_DAY / config.slot_buckets() as f64).min(0.25);
        if let Some(seasonal) = &mut self.seasonal {
            seasonal.learn(phase, value, gamma);
            return;
        }
        let Some(day) = &mut self.first_day else { return };
        let slot = phase as usize % SLOTS as usize;
        day.sums[slot] += value;
        day.buckets[slot] = day.buckets[slot].saturating_add(1);
        let enough = (config.slot_buckets() / 2).clamp(1, u64::from(u16::MAX)) as u16;
        if config.bucket_seconds <= 3600 && day.buckets.iter().all(|&n| n >= enough) {
            let means: Vec<f64> = (0..SLOTS as usize)
                .map(|slot| day.sums[slot] / f64::from(day.buckets[slot]))
                .collect();
            let mean = means.iter().sum::<f64>() / SLOTS as f64;
            let season: Box<[f64]> = means.iter().map(|m| m - mean).collect();
            let offset = HoltWinters { level: 0.0, trend: 0.0, season: season.clone() };
            let level = (self.plain.state.level - offset.seasonal(phase)).max(0.0);
            self.plain.loss = 0.0;
            self.seasonal = Some(Smoother::new(level, season, self.plain.dispersion));
            self.first_day = None;
        }
    }

    /// A shift has lasted: `level` is where the series is now, at this phase.
    pub fn relevel(&mut self, phase: f64, level: f64, dispersion: f64) {
        let seasonal = self.seasonal.as_mut().into_iter();
        for smoother in seasonal.chain([&mut self.plain]) {
            smoother.state.level = (level - smoother.state.seasonal(phase)).max(0.0);
            smoother.dispersion = dispersion;
            smoother.by_slot.iter_mut().for_each(|spread| spread.0 = spread.0.max(dispersion));
            smoother.age = 30.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day_curve(bucket: u64) -> f64 {
        let phase = bucket as f64 / 1440.0 * std::f64::consts::TAU;
        libm::round(1000.0 + 500.0 * libm::sin(phase))
    }

    #[test]
    fn a_season_is_taken_up_after_a_day_and_predicts_the_next() {
        let config = VolumeConfig::default();
        let mut level = Level::new(1000.0, 2.0);
        let mut worst: f64 = 0.0;
        for bucket in 0..4 * 1440 {
            let phase = config.phase(bucket);
            let value = day_curve(bucket);
            if bucket > 3 * 1440 {
                worst = worst.max((level.predictive(phase).mean - value).abs());
            }
            level.learn(phase, value, &config);
            assert!(!level.seasonal() || bucket >= 1380, "a season at {bucket}");
        }
        assert!(level.seasonal());
        assert!(worst < 30.0, "{worst}");
    }

    #[test]
    fn noise_without_a_season_stays_without() {
        let config = VolumeConfig::default();
        let mut level = Level::new(1000.0, 2.0);
        for bucket in 0..5 * 1440u64 {
            let noise = (seerflow_model::hash::mix(bucket) % 100) as f64;
            level.learn(config.phase(bucket), 950.0 + noise, &config);
        }
        let mean = level.predictive(3.0).mean;
        assert!((mean - 1000.0).abs() < 30.0, "{mean}");
    }
}

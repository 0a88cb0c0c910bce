//! The state of one series and what happens when a bucket closes.

use super::bursts::Bursts;
use super::level::Level;
use super::moments::Moments;
use super::{Raw, SeriesKind, VolumeConfig};
use crate::tail::Predictive;
use serde::{Deserialize, Serialize};

/// Surprising empty buckets that are learnt one by one before the rest of a gap is passed over.
const EMPTY_STEPS: u64 = 64;
/// Smoothing of the standardised residual that shows a shift.
const DRIFT_ALPHA: f64 = 1.0 / 16.0;
/// Four standard deviations of that average when nothing shifts.
const DRIFT_BAR: f64 = 0.72;
/// A score from here on begins an episode on its side …
const EXTREME: f64 = 7.0;
/// … which goes on while scores of that side stay above this.
const STILL: f64 = 3.0;
/// Residuals are clipped here, in standard deviations.
const CLIP: f64 = 4.0;

/// Buckets since a shift seems to have begun, unclipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Trial {
    buckets: u16,
    busy: u16,
    sum: f64,
    squares: f64,
}

/// The model of one count series. See the module head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    kind: SeriesKind,
    started: bool,
    /// A regular series that fell silent: zeros are no longer learnt.
    asleep: bool,
    /// The bucket before was above its cap.
    bursting: bool,
    /// The side of the episode that the bucket before belonged to: 1 above, −1 below, 0 none.
    extreme: i8,
    /// Buckets learnt, saturating.
    life: u32,
    /// Last closed bucket.
    last: u64,
    moments: Moments,
    /// Smoothed standardised residual.
    drift: f64,
    trial: Trial,
    /// The two greatest counts of the warm-up: a flood at the start is not the level.
    tops: [f32; 2],
    bursts: Option<Box<Bursts>>,
    level: Option<Box<Level>>,
}

impl Series {
    /// A series of which nothing was seen.
    pub fn new(kind: SeriesKind) -> Series {
        Series {
            kind,
            started: false,
            asleep: false,
            bursting: false,
            extreme: 0,
            life: 0,
            last: 0,
            moments: Moments::default(),
            drift: 0.0,
            trial: Trial::default(),
            tops: [0.0; 2],
            bursts: None,
            level: None,
        }
    }

    /// Closes a bucket with its count. Buckets since the last one were empty. A bucket that is
    /// not after the last one is left out. `None` while warming, and for empty buckets of a
    /// series that is known to be silent.
    pub fn close(&mut self, config: &VolumeConfig, bucket: u64, count: u64) -> Option<Raw> {
        if !self.started {
            (self.started, self.last) = (true, bucket);
            self.warm_up(config, count);
            return None;
        }
        let gap = bucket.checked_sub(self.last.saturating_add(1))?;
        let (empties, empty_lower) = self.pass_empty(config, gap);
        self.last = bucket;
        if self.life < config.min_buckets {
            self.warm_up(config, count);
            return None;
        }
        let model = self.predictive(config, bucket);
        let silent = self.asleep && count == 0;
        let raw = (!silent).then(|| self.judge(config, &model, bucket, count));
        self.extreme = raw.as_ref().map_or(self.extreme, |raw| self.side_of(raw));
        self.learn(config, &model, bucket, count);
        raw.map(|raw| Raw { empties, empty_lower, ..raw })
    }

    /// The engine was off for so many buckets: what happened in them is not known.
    pub fn skip(&mut self, buckets: u64) {
        self.last = self.last.saturating_add(buckets);
        self.trial = Trial::default();
        (self.bursting, self.extreme) = (false, 0);
    }

    /// The next bucket whose being empty would say something; `None` for irregular series.
    pub fn next_due(&self, config: &VolumeConfig) -> Option<u64> {
        if self.life < config.min_buckets || self.asleep {
            return None;
        }
        let says =
            |bucket: &u64| self.predictive(config, *bucket).zero_score() >= config.empty_score;
        let next = self.last.saturating_add(1);
        if says(&next) {
            return Some(next);
        }
        // At night nothing is expected; in the morning something is.
        self.level.as_ref().filter(|level| level.seasonal())?;
        let slot = config.slot_buckets();
        (1..=super::SLOTS).map(|hour| next.saturating_add(hour * slot)).find(says)
    }

    /// Buckets of life, and how many are needed for a result.
    pub fn progress(&self, config: &VolumeConfig) -> (u32, u32) {
        (self.life.min(config.min_buckets), config.min_buckets)
    }

    /// Last closed bucket, `None` before the first.
    pub fn last(&self) -> Option<u64> {
        self.started.then_some(self.last)
    }

    /// What is predicted for a bucket.
    fn predictive(&self, config: &VolumeConfig, bucket: u64) -> Predictive {
        let counts = || self.moments.predictive(self.kind.prior_dispersion());
        match &self.level {
            // A busy series with many empty buckets is not one level but two.
            Some(level) if self.moments.zeros() < 0.05 || level.strongly_seasonal() => {
                level.predictive(config.phase(bucket))
            }
            _ => counts(),
        }
    }

    fn judge(&self, config: &VolumeConfig, model: &Predictive, bucket: u64, count: u64) -> Raw {
        let (mut upper, lower) = model.scores(count);
        let value = count as f64;
        if value > model.cap()
            && let Some(bursts) = &self.bursts
        {
            let weight = self.moments.weight;
            if let Some(known) = bursts.score(bucket, value, weight, config.discount()) {
                upper = upper.min(known);
            }
        }
        let expected = model.expected();
        let raw = Raw {
            upper,
            lower,
            expected,
            observed: count,
            ratio: value / expected,
            model: *model,
            continues: false,
            empties: 0,
            empty_lower: 0.0,
        };
        let side = self.side_of(&raw);
        Raw { continues: side != 0 && side == self.extreme, ..raw }
    }

    /// The side of the episode that a result belongs to.
    fn side_of(&self, raw: &Raw) -> i8 {
        let bar = |side: i8| if self.extreme == side { STILL } else { EXTREME };
        i8::from(raw.upper >= bar(1)) - i8::from(raw.lower >= bar(-1))
    }

    fn warm_up(&mut self, config: &VolumeConfig, count: u64) {
        let value = count as f64;
        self.moments.learn(value, config.discount());
        let top = value as f32;
        if top > self.tops[0] {
            self.tops = [top, self.tops[0]];
        } else {
            self.tops[1] = self.tops[1].max(top);
        }
        self.life += 1;
        if self.life >= config.min_buckets {
            self.finish_warm_up(config);
        }
    }

    /// Takes the one or two greatest counts out when they do not belong to the rest.
    fn finish_warm_up(&mut self, config: &VolumeConfig) {
        let mut rest = self.moments;
        self.tops.iter().for_each(|&top| rest.remove(f64::from(top)));
        let model = rest.predictive(self.kind.prior_dispersion());
        let bar = model.expected() + 8.0 * model.deviation() + 10.0;
        for top in self.tops.map(f64::from) {
            if top > bar {
                self.moments.remove(top);
            }
        }
        self.raise_level(config);
    }

    /// Gives the series a level of its own once its mean is large enough.
    fn raise_level(&mut self, config: &VolumeConfig) {
        if self.level.is_none() && self.moments.mean() >= config.level_mean {
            let model = self.moments.predictive(self.kind.prior_dispersion());
            let level = Level::new(self.moments.mean(), model.dispersion);
            self.level = Some(Box::new(level));
        }
    }

    fn learn(&mut self, config: &VolumeConfig, model: &Predictive, bucket: u64, count: u64) {
        self.life = self.life.saturating_add(1);
        if self.asleep {
            if count == 0 {
                return;
            }
            (self.asleep, self.drift, self.trial) = (false, 0.0, Trial::default());
        }
        let value = count as f64;
        let cap = model.cap();
        let deviation = model.deviation().max(1e-6);
        let residual = ((value - model.expected()) / deviation).clamp(-CLIP, CLIP);
        self.drift += DRIFT_ALPHA * (residual - self.drift);
        if value > cap && !self.bursting {
            self.bursts.get_or_insert_default().begin(bucket, value, config.discount());
        }
        self.bursting = value > cap;
        let phase = config.phase(bucket);
        // What is not ordinary is learnt as something moderate: it counts, but teaches little. A
        // silence teaches nothing until it has lasted, see `follow`.
        if count > 0 || model.zero_score() < EXTREME {
            let learnt = if value > cap { model.above(2.0) } else { value };
            self.moments.learn(learnt, config.discount());
            if let Some(level) = &mut self.level {
                level.learn(phase, value, config);
            }
        }
        self.follow(config, phase, value);
        if self.level.is_none() && bucket.is_multiple_of(16) {
            self.raise_level(config);
        }
    }

    /// Follows a shift that lasts, and falls asleep with a series that fell silent.
    fn follow(&mut self, config: &VolumeConfig, phase: f64, value: f64) {
        if self.drift.abs() <= DRIFT_BAR {
            self.trial = Trial::default();
            return;
        }
        let trial = &mut self.trial;
        trial.buckets += 1;
        trial.busy += u16::from(value > 0.0);
        trial.sum += value;
        trial.squares += value * value;
        if trial.buckets < config.relevel_buckets.max(2) {
            return;
        }
        let done = std::mem::take(trial);
        self.drift = 0.0;
        if done.busy == 0 {
            self.asleep = true;
            return;
        }
        self.moments = Moments {
            weight: f64::from(done.buckets),
            busy: f64::from(done.busy),
            sum: done.sum,
            squares: done.squares,
        };
        if let Some(level) = &mut self.level {
            let dispersion = self.moments.predictive(self.kind.prior_dispersion()).dispersion;
            level.relevel(phase, self.moments.mean(), dispersion);
        }
    }

    /// Learns a gap of empty buckets; how many of them had a result, and its lower score.
    fn pass_empty(&mut self, config: &VolumeConfig, gap: u64) -> (u64, f64) {
        let mut left = gap;
        while left > 0 && self.life < config.min_buckets {
            let step = left.min(u64::from(config.min_buckets - self.life));
            self.moments.learn_empty(step, config.discount());
            self.life += step as u32;
            self.last += step;
            left -= step;
            if self.life >= config.min_buckets {
                self.finish_warm_up(config);
            }
        }
        if left == 0 || self.asleep {
            return (0, 0.0);
        }
        let score = self.predictive(config, self.last + 1).zero_score();
        let before = self.last;
        for _ in 0..EMPTY_STEPS {
            if left == 0 || self.asleep {
                break;
            }
            let bucket = self.last + 1;
            let model = self.predictive(config, bucket);
            let residual = -model.expected() / model.deviation().max(1e-6);
            if residual > -0.9 * DRIFT_BAR && self.level.is_none() && self.drift <= DRIFT_BAR {
                self.pass_quiet(config, residual, left);
                (self.last, left) = (self.last + left, 0);
                break;
            }
            self.learn(config, &model, bucket, 0);
            (self.last, left) = (bucket, left - 1);
        }
        // What is left of a long gap ages the model without teaching it zeros.
        if left > 0 {
            let kept = libm::exp(left as f64 * libm::log(config.discount()));
            self.moments.scale(kept.max((10.0 / self.moments.weight.max(10.0)).min(1.0)));
        }
        if score < EXTREME {
            self.extreme = 0;
            return (self.last - before, score);
        }
        let first = u64::from(self.extreme != -1);
        self.extreme = -1;
        (first, score)
    }

    /// Many empty buckets of a series that is often empty, in one step.
    fn pass_quiet(&mut self, config: &VolumeConfig, residual: f64, buckets: u64) {
        self.moments.learn_empty(buckets, config.discount());
        let kept = libm::exp(buckets as f64 * libm::log1p(-DRIFT_ALPHA));
        self.drift = kept * self.drift + (1.0 - kept) * residual;
        self.life = self.life.saturating_add(buckets.min(u64::from(u32::MAX)) as u32);
        self.trial = Trial::default();
        self.bursting = false;
    }
}

//! The course of a slot's numbers: is this number, by itself or with those before it, one that
//! was to be expected now?
//!
//! Time goes in ticks of a minute of the log's clock; the mean of the numbers of a tick is a
//! point of the course. Four forecasts run side by side (the last point, two smoothed levels, the
//! usual point of this half hour of the day); the one that has erred least of late forecasts, and
//! each number is judged by its distance from it, in units of the usual error (`course`). When a
//! tick closes the running means of the points' distances from the ground (the season if that is
//! better, else a slow level) over some minutes and an hour are judged (`level`), and so are the
//! running means of how odd the points were (`unrest`: many odd ones together, a noise that has
//! grown). How long one number stays the very same is judged by how long numbers did (`frozen`).
//! Each is judged by its own past alone, so where the numbers of many sources are mixed
//! in one slot their spread is simply wide, and nothing is odd.
//!
//! A change is told when it begins: a running mean counts once in each of its runs, when it is
//! at its greatest, and what was told sets a bar that the next has to pass, which sinks to a half
//! in a day. Levels follow, so what stays is soon usual.
//! Cost: about 0.2 µs per number, 0.5 µs more per tick; at most 2.5 KiB.

use super::tail::{Runs, Tail};
use serde::{Deserialize, Serialize};

/// A point of the course is the mean of the numbers of so much time.
const TICK_NS: u64 = 60_000_000_000;
const DAY_NS: u64 = 86_400_000_000_000;
/// Numbers farther from zero are taken to be as far.
const NUMBER_MAX: f64 = 1e30;
/// Slots of the season of a day.
const SLOTS: usize = 48;
/// How fast the levels that forecast follow.
const PACES: [f64; 3] = [1.0, 0.25, 0.03];
/// Ticks over which usual errors are averaged.
const MEMORY: f64 = 400.0;
/// Ticks after which the slow level follows.
const SLOW: f64 = 400.0;
/// Days after which a slot of the season follows, and its points before it does.
const SEASON_POINTS: f32 = 30.0;
/// The season must err less than so much of what the level does.
const SEASON_GAIN: f64 = 0.9;
/// Ticks before a season is asked.
const SEASON_FROM: u32 = 300;
/// Ticks that running means of distances and of oddness run over.
const LEVEL_WINDOWS: [f64; 2] = [8.0, 48.0];
const UNREST_WINDOWS: [f64; 2] = [10.0, 40.0];
/// One point is at most this odd, so that a single one is no unrest.
const ODD_MAX: f64 = 5.0;
/// Ticks before anything is counted, and before anything is told.
const COUNT_FROM: u32 = 20;
const TELL_FROM: u32 = 100;
/// Errors are clipped at so many usual ones, once there are so many.
const CLIP: f64 = 8.0;
const CLIP_FROM: u32 = 50;
/// Least usual error, by the usual distance from the slow level, and by that level.
const ERROR_MIN: f64 = 0.1;
const RELATIVE_MIN: f64 = 1e-3;
const ABSOLUTE_MIN: f64 = 1e-12;
/// Unit of a run of equal numbers, and changes before one is judged.
const FROZEN_UNIT: f64 = 0.5;
const CHANGES_MIN: u32 = 50;
/// The bar: from where it is set, how much more the next must be, how long until it is half.
const BAR_FROM: f64 = 4.0;
const BAR_STEP: f64 = 1.0;
const BAR_HALF_NS: f64 = 86_400e9;

/// A forecast and its usual error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Ahead {
    level: f64,
    error: f64,
}

/// What the course says about a number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// Nats, once enough was seen.
    pub course: Option<f64>,
    pub level: Option<f64>,
    pub unrest: Option<f64>,
    pub frozen: Option<f64>,
    /// All together, after the bar.
    pub told: Option<f64>,
    pub expected: Option<f64>,
    pub deviation: Option<f64>,
    pub previous: Option<f64>,
}

/// The course of the numbers of one slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Course {
    tick: u64,
    sum: f64,
    count: u32,
    /// Oddness of the oddest number of the tick.
    oddest: f64,
    ticks: u32,
    previous: Option<f64>,
    /// Numbers equal to the one before, in a row; and how often there was another.
    repeats: u32,
    changes: u32,
    ahead: [Ahead; 3],
    /// Mean and points of each slot.
    season: Vec<(f32, f32)>,
    season_error: f64,
    flat_error: f64,
    slow: f64,
    /// Usual distance from the ground, and from the slow level.
    spread: f64,
    wide: f64,
    levels: [f64; 2],
    unrest: [f64; 2],
    /// Usual oddness.
    calm: f64,
    course_tails: [Tail; 2],
    level_runs: [[Runs; 2]; 2],
    unrest_runs: [Runs; 2],
    frozen: Tail,
    bar: f64,
    bar_at_ns: u64,
}

fn slot(at_ns: u64) -> usize {
    (at_ns % DAY_NS / (DAY_NS / SLOTS as u64)) as usize
}

/// −ln of the mean of probabilities as rare as these: the harmonic one, by the rarest.
pub(super) fn together(nats: &[Option<f64>]) -> Option<f64> {
    let of = nats.iter().flatten().count();
    let sum: f64 = nats.iter().flatten().map(|&nats| libm::exp(nats.min(300.0))).sum();
    (of > 0).then(|| libm::log(sum / of as f64).max(0.0))
}

/// Standard errors of a running mean in a standard deviation of its points.
fn errors(window: f64) -> f64 {
    libm::sqrt(2.0 * window - 1.0)
}

impl Course {
    /// Judges a number and learns it.
    pub(super) fn observe(&mut self, at_ns: u64, number: f64) -> Reading {
        let number = number.clamp(-NUMBER_MAX, NUMBER_MAX);
        let mut reading = Reading { previous: self.previous, ..Reading::default() };
        reading.frozen = self.repeated(number);
        let tick = at_ns / TICK_NS;
        if tick > self.tick && self.count > 0 {
            (reading.level, reading.unrest) = self.close();
        }
        self.tick = self.tick.max(tick);
        self.count += 1;
        self.sum += (number - self.sum) / f64::from(self.count);
        if self.ticks >= COUNT_FROM {
            let (expected, error) = self.forecast(slot(at_ns));
            let deviation = (number - expected) / self.usual(error);
            let tail = &mut self.course_tails[usize::from(deviation < 0.0)];
            let nats = tail.nats(deviation.abs());
            tail.add(deviation.abs());
            self.course_tails.iter_mut().for_each(Tail::look);
            (reading.expected, reading.deviation) = (Some(expected), Some(deviation));
            if self.ticks >= TELL_FROM {
                reading.course = Some((nats - std::f64::consts::LN_2).max(0.0));
                self.oddest = self.oddest.max(nats);
            }
        }
        let all = [reading.course, reading.level, reading.unrest, reading.frozen];
        reading.told = self.tell(at_ns, together(&all));
        reading
    }

    /// A run of equal numbers, looked at when its length has doubled.
    fn repeated(&mut self, number: f64) -> Option<f64> {
        let same = self.previous == Some(number);
        self.previous = Some(number);
        self.frozen.look();
        if same {
            self.repeats = self.repeats.saturating_add(1);
        } else {
            self.frozen.add(FROZEN_UNIT * (1.0 + f64::from(self.repeats)));
            (self.repeats, self.changes) = (0, self.changes.saturating_add(1));
        }
        let known = self.changes >= CHANGES_MIN && self.ticks >= TELL_FROM;
        let looked = self.repeats.is_power_of_two();
        let length = FROZEN_UNIT * (1.0 + f64::from(self.repeats));
        known.then(|| if looked { self.frozen.nats(length) } else { 0.0 })
    }

    /// What passes the bar; zero for what does not.
    fn tell(&mut self, at_ns: u64, nats: Option<f64>) -> Option<f64> {
        let nats = nats?;
        let since = at_ns.saturating_sub(self.bar_at_ns) as f64;
        let bar = self.bar * libm::exp2(-since / BAR_HALF_NS);
        if nats > BAR_FROM.max(bar) {
            (self.bar, self.bar_at_ns) = (nats, at_ns.max(self.bar_at_ns));
        }
        let told = bar <= 0.5 * BAR_FROM || nats > bar + BAR_STEP;
        Some(if told { nats } else { 0.0 })
    }

    fn usual(&self, error: f64) -> f64 {
        error.max(ERROR_MIN * self.wide).max(RELATIVE_MIN * self.slow.abs()).max(ABSOLUTE_MIN)
    }

    /// The season's point, when it forecasts better than the slow level.
    fn seasonal(&self, slot: usize) -> Option<f64> {
        let &(mean, points) = self.season.get(slot)?;
        let better = self.season_error < SEASON_GAIN * self.flat_error;
        (points > 0.0 && self.ticks >= SEASON_FROM && better).then_some(f64::from(mean))
    }

    /// The best forecast and its usual error.
    fn forecast(&self, slot: usize) -> (f64, f64) {
        let [mut best, ..] = self.ahead;
        for &ahead in &self.ahead {
            if ahead.error < best.error {
                best = ahead;
            }
        }
        match self.seasonal(slot) {
            Some(mean) if self.season_error < best.error => (mean, self.season_error),
            _ => (best.level, best.error),
        }
    }

    /// Closes a tick: judges and learns its point.
    fn close(&mut self) -> (Option<f64>, Option<f64>) {
        let slot = slot(self.tick.saturating_mul(TICK_NS));
        let (point, odd) = (self.sum, self.oddest.min(ODD_MAX));
        (self.sum, self.count, self.oddest) = (0.0, 0, 0.0);
        if self.ticks == 0 {
            self.ahead.iter_mut().for_each(|ahead| ahead.level = point);
            self.slow = point;
            self.season = vec![(0.0, 0.0); SLOTS];
        }
        let off = point - self.seasonal(slot).unwrap_or(self.slow);
        let level = self.level(off);
        let unrest = self.restless(odd);
        self.learn(slot, point, off);
        self.ticks = self.ticks.saturating_add(1);
        (level, unrest)
    }

    fn level(&mut self, off: f64) -> Option<f64> {
        let usual = self.usual(self.spread);
        let age = f64::from(self.ticks + 1);
        let mut nats = [None; 2];
        for (k, window) in LEVEL_WINDOWS.into_iter().enumerate() {
            self.levels[k] += (off - self.levels[k]) / window.min(age);
            if self.ticks >= COUNT_FROM {
                let [up, down] = &mut self.level_runs[k];
                let distance = self.levels[k] / usual * errors(window);
                let rarer = up.step(distance).max(down.step(-distance));
                nats[k] = (self.ticks >= TELL_FROM).then_some(rarer);
            }
        }
        together(&nats)
    }

    fn restless(&mut self, odd: f64) -> Option<f64> {
        if self.ticks < TELL_FROM {
            return None;
        }
        let age = f64::from(self.ticks + 1 - TELL_FROM);
        let mut nats = [None; 2];
        for (k, window) in UNREST_WINDOWS.into_iter().enumerate() {
            self.unrest[k] += (odd - self.unrest[k]) / window.min(age);
            let rare =
                self.unrest_runs[k].step((self.unrest[k] - self.calm.max(1.0)) * errors(window));
            nats[k] = (self.ticks >= 2 * TELL_FROM).then_some(rare);
        }
        self.calm += (odd - self.calm) / age.min(4.0 * MEMORY);
        together(&nats)
    }

    fn learn(&mut self, slot: usize, point: f64, off: f64) {
        let age = f64::from(self.ticks + 1);
        let memory = age.min(MEMORY);
        let settled = self.ticks >= CLIP_FROM;
        let least = ERROR_MIN * self.wide;
        let toward = |usual: &mut f64, error: f64| {
            let most = if settled { CLIP * usual.max(least) } else { f64::MAX };
            *usual += (error.abs().min(most) - *usual) / memory;
        };
        for (ahead, pace) in self.ahead.iter_mut().zip(PACES) {
            toward(&mut ahead.error, point - ahead.level);
            ahead.level += pace.max(1.0 / age) * (point - ahead.level);
        }
        let flat = point - self.slow;
        if let Some((mean, points)) = self.season.get_mut(slot) {
            if *points > 0.0 {
                toward(&mut self.season_error, point - f64::from(*mean));
                toward(&mut self.flat_error, flat);
            }
            *points = (*points + 1.0).min(SEASON_POINTS);
            *mean += (point as f32 - *mean) / *points;
        }
        self.wide += (flat.abs() - self.wide) / age.min(4.0 * MEMORY);
        toward(&mut self.spread, off);
        let step = 3.0 * self.usual(self.spread);
        self.slow += flat.clamp(-step, step) / age.min(SLOW);
    }

    /// Bytes on the heap, with itself.
    pub(super) fn heap_bytes(&self) -> usize {
        let tails: usize = self.course_tails.iter().map(Tail::heap_bytes).sum();
        let runs = self.level_runs.iter().flatten().chain(&self.unrest_runs);
        size_of::<Course>()
            + self.season.capacity() * size_of::<(f32, f32)>()
            + tails
            + self.frozen.heap_bytes()
            + runs.map(Runs::heap_bytes).sum::<usize>()
    }
}

#[cfg(test)]
#[path = "course_tests.rs"]
mod tests;

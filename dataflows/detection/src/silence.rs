//! Silence: a source or host that was regular and says nothing any more.
//!
//! The state learns from the series' own gaps: how often an empty bucket follows a busy one (z)
//! and how often another follows an empty one (w). A silence of k buckets then has probability
//! z·w^(k−1), with both rates taken on the safe side; and it must be longer than twice the longest
//! gap that was ever ordinary. Runs are nested, so holding the growing run against one level is
//! one test: P(a run that long begins at a busy bucket) ≤ level, however often it is looked at.
//!
//! Series that are empty more often than not never alarm, nor do those that fall silent before they
//! were known for [`SilenceConfig::min_buckets`]: who spoke twice owes no third word. A silence that goes on is found again
//! each time it is twice as long and ten times as improbable as when it was found last, at most
//! [`FOUND_MAX`] times: what the budget held back comes again, for a day and more. A silence that
//! was found does not become an ordinary gap until its length has been seen three times. Cost: O(1)
//! per busy bucket and per timer; 80 bytes.

use serde::{Deserialize, Serialize};

/// How often one silence is found: the last time it is 512 times as long as the first.
pub const FOUND_MAX: u8 = 10;
/// So much less probable than the last time a silence must be to be found again.
const RARER: f64 = 10.0;
/// Below this, probabilities are not told apart.
const PROBABILITY_MIN: f64 = 1e-300;

/// When silence is worth saying.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SilenceConfig {
    /// Buckets of life before a silence that is found.
    pub min_buckets: u32,
    /// Probability at or below which a silence is found (the risk level).
    pub level: f64,
    /// Least fraction of buckets that must be busy.
    pub min_busy: f64,
    /// Buckets after which an observation counts half.
    pub half_life_buckets: f64,
}

impl Default for SilenceConfig {
    fn default() -> SilenceConfig {
        SilenceConfig { min_buckets: 60, level: 1e-4, min_busy: 0.5, half_life_buckets: 1440.0 }
    }
}

/// A silence that was found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// How rarely a silence this long comes by chance.
    pub probability: f64,
    /// How often this silence was found before.
    pub again: u8,
    /// Empty buckets since it last spoke.
    pub buckets: u64,
    /// The last bucket that was not empty.
    pub last_busy: u64,
    /// Longest gap that was ordinary until now.
    pub longest: u64,
    /// Fraction of buckets that were busy.
    pub busy: f64,
}

/// The regularity of one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Regular {
    started: bool,
    /// How often the present silence was found.
    times: u8,
    /// Its length when it was found last.
    found_at: u64,
    /// Last busy bucket, and the last bucket that was closed.
    busy_at: u64,
    closed_at: u64,
    /// Buckets without the engine since it was last busy.
    unknown: u64,
    /// Buckets of life.
    life: u64,
    /// Weights of transitions: busy to busy, busy to empty, empty to busy, empty to empty.
    stays: f64,
    stops: f64,
    wakes: f64,
    sleeps: f64,
    /// Empty buckets of silences that were found: they count against regularity only.
    outages: f64,
    /// Longest ordinary gap of this and of the last half-life.
    longest: [u32; 2],
    turned_at: u64,
    /// The three longest gaps that were found as silences.
    found: [u32; 3],
}

impl Regular {
    /// A series of which nothing was seen.
    pub fn new() -> Regular {
        Regular::default()
    }

    /// Closes a bucket. Buckets since the last one were empty. A finding is given at the first
    /// closed bucket at which the silence is long enough, and again as it grows.
    pub fn close(&mut self, config: &SilenceConfig, bucket: u64, count: u64) -> Option<Silence> {
        if !self.started {
            if count > 0 {
                *self = Regular { started: true, life: 1, turned_at: bucket, ..Regular::new() };
                (self.busy_at, self.closed_at) = (bucket, bucket);
            }
            return None;
        }
        let step = bucket.checked_sub(self.closed_at).filter(|&step| step > 0)?;
        self.closed_at = bucket;
        self.life = self.life.saturating_add(step);
        if count > 0 {
            self.speak(config, bucket);
            return None;
        }
        let run = self.run();
        let probability = self.probability(run);
        if !self.eligible(config) || run < self.bar() || probability > self.level(config) {
            return None;
        }
        let again = self.times;
        if again >= FOUND_MAX {
            return None;
        }
        (self.times, self.found_at) = (again + 1, run);
        Some(Silence {
            probability,
            again,
            buckets: run,
            last_busy: self.busy_at,
            longest: self.longest_gap(),
            busy: self.busy_fraction(),
        })
    }

    /// The engine was off for so many buckets: neither silence nor speech.
    pub fn skip(&mut self, buckets: u64) {
        if self.started {
            self.closed_at = self.closed_at.saturating_add(buckets);
            self.unknown = self.unknown.saturating_add(buckets);
        }
    }

    /// The bucket at whose close the silence would be found if it lasts; a timer belongs there.
    pub fn next_due(&self, config: &SilenceConfig) -> Option<u64> {
        if !self.started || self.times >= FOUND_MAX {
            return None;
        }
        // Nothing that would be found is not worth a timer.
        let (first, rate) = self.rates();
        if !self.eligible(config) || rate >= 1.0 {
            return None;
        }
        let level = self.level(config);
        let more = (libm::log(level / first) / libm::log(rate)).max(0.0);
        let mut run = (libm::ceil(more) as u64).saturating_add(1).max(self.bar());
        while run < u64::MAX && self.probability(run) > level {
            run += 1;
        }
        let due = self.busy_at.saturating_add(self.unknown).saturating_add(run);
        Some(due.max(self.closed_at.saturating_add(1)))
    }

    /// Whether it was known to be regular before it fell silent: the silence itself is no part of
    /// what was seen of it.
    fn eligible(&self, config: &SilenceConfig) -> bool {
        let known = self.life.saturating_sub(self.run());
        known >= u64::from(config.min_buckets) && self.busy_fraction() >= config.min_busy
    }

    /// Empty buckets since it spoke, without those the engine did not see.
    fn run(&self) -> u64 {
        (self.closed_at - self.busy_at).saturating_sub(self.unknown)
    }

    /// A silence must be at least this long: twice what was ordinary, or twice what was found.
    fn bar(&self) -> u64 {
        if self.times > 0 {
            return self.found_at.saturating_mul(2);
        }
        let longest = self.longest_gap();
        if longest == 0 { 2 } else { 2 * longest + 1 }
    }

    /// And at most this probable.
    fn level(&self, config: &SilenceConfig) -> f64 {
        if self.times == 0 {
            return config.level;
        }
        (self.probability(self.found_at) / RARER).max(PROBABILITY_MIN)
    }

    fn longest_gap(&self) -> u64 {
        u64::from(self.longest[0].max(self.longest[1]).max(self.found[2]))
    }

    fn busy_fraction(&self) -> f64 {
        let busy = self.stays + self.stops;
        let empty = self.wakes + self.sleeps + self.outages;
        if busy > 0.0 { busy / (busy + empty) } else { 0.0 }
    }

    /// P(busy → empty) and P(empty → empty), each with the weight of a doubt.
    fn rates(&self) -> (f64, f64) {
        let first = (self.stops + 0.5) / (self.stays + self.stops + 1.0);
        let rate = (self.sleeps + 1.0) / (self.sleeps + self.wakes + 2.0);
        (first, rate.max(0.2))
    }

    fn probability(&self, run: u64) -> f64 {
        let (first, rate) = self.rates();
        first * libm::pow(rate, run.saturating_sub(1) as f64)
    }

    fn speak(&mut self, config: &SilenceConfig, bucket: u64) {
        let gap = (bucket - self.busy_at - 1).saturating_sub(self.unknown);
        let elapsed = (bucket - self.busy_at) as f64;
        let kept = libm::exp2(-elapsed / config.half_life_buckets.max(1.0));
        let Regular { stays, stops, wakes, sleeps, outages, .. } = self;
        [stays, stops, wakes, sleeps, outages].into_iter().for_each(|weight| *weight *= kept);
        let length = gap.min(u64::from(u32::MAX)) as u32;
        if self.unknown > 0 && gap == 0 {
            // Nothing is known about what came before.
        } else if gap == 0 {
            self.stays += 1.0;
        } else if self.times > 0 {
            // An outage says nothing about ordinary gaps, unless it keeps coming back.
            self.stops += 1.0;
            self.outages += gap.min(10_000) as f64;
            let least = (0..3).min_by_key(|&at| self.found[at]).unwrap_or(0);
            self.found[least] = self.found[least].max(length);
            self.found.sort_unstable_by(|a, b| b.cmp(a));
        } else {
            self.stops += 1.0;
            self.wakes += 1.0;
            self.sleeps += (gap - 1).min(10_000) as f64;
            self.longest[0] = self.longest[0].max(length);
        }
        if bucket - self.turned_at > 2 * config.half_life_buckets as u64 {
            self.longest = [if self.times > 0 { 0 } else { length }, self.longest[0]];
            self.turned_at = bucket;
        }
        (self.busy_at, self.unknown) = (bucket, 0);
        (self.times, self.found_at) = (0, 0);
    }
}

#[cfg(test)]
mod tests;

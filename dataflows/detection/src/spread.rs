//! Spread: how many different partners an entity has in a window, against its own habit.
//!
//! A window is the last [`SpreadConfig::panes`] buckets; each has a sketch of its different values,
//! and the window is their union, so a partner that is met in every bucket counts once. When a
//! bucket closes, the size of the window is held against the predictive of a count model over the
//! windows before ([`volume`](crate::volume), the same moments as for young series). A window far
//! out teaches no more than the greatest ordinary one. Cost: a sketch per value, a few unions per
//! closed bucket; 112 bytes cold, at most 1.4 KiB.

use crate::sketch::Distinct;
use crate::volume::moments::Moments;
use serde::{Deserialize, Serialize};

/// Most buckets of a window.
pub const PANES_MAX: u32 = 60;
/// Dispersion before anything is known.
const PRIOR_DISPERSION: f64 = 2.0;

/// How spread is judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpreadConfig {
    /// Buckets of a window.
    pub panes: u32,
    /// Buckets of life before the first result.
    pub buckets_min: u32,
    /// Buckets after which one counts half.
    pub half_life_buckets: f64,
}

impl Default for SpreadConfig {
    fn default() -> SpreadConfig {
        SpreadConfig { panes: 5, buckets_min: 30, half_life_buckets: 1440.0 }
    }
}

/// A judged window: the numbers behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpreadScore {
    /// −ln of how rarely so many, and so few, come by chance.
    pub upper: f64,
    /// The same for so few.
    pub lower: f64,
    /// Different values in the window (about, from 33 on).
    pub distinct: f64,
    /// Expected, and its deviation.
    pub expected: f64,
    /// Its deviation.
    pub deviation: f64,
}

/// Different values of one entity in windows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    panes: Vec<(u64, Distinct)>,
    moments: Moments,
    /// The first bucket, and the last one that was closed.
    began: Option<u64>,
    closed: u64,
}

impl Spread {
    /// Counts a value in a bucket that is not closed yet.
    pub fn observe(&mut self, bucket: u64, value: u64) {
        match self.panes.last_mut() {
            Some((last, distinct)) if *last == bucket => {
                distinct.add(value);
            }
            _ => {
                let mut distinct = Distinct::default();
                distinct.add(value);
                // Most entities are seen in one bucket only.
                self.panes.reserve_exact(1);
                self.panes.push((bucket, distinct));
                if self.panes.len() > PANES_MAX as usize + 1 {
                    self.panes.remove(0);
                }
            }
        }
    }

    /// Different values of the window that ends with a bucket, which may be open.
    pub fn distinct(&self, config: &SpreadConfig, bucket: u64) -> f64 {
        let from = bucket.saturating_sub(u64::from(config.panes.clamp(1, PANES_MAX)) - 1);
        let mut all = Distinct::default();
        let within = self.panes.iter().filter(|pane| (from..=bucket).contains(&pane.0));
        within.for_each(|pane| all.merge(&pane.1));
        all.estimate()
    }

    /// Closes a bucket: judges its window and learns it. Buckets in which nothing was seen need
    /// not be closed; they are made up for, and must not be those of a gap of the engine.
    pub fn close(&mut self, config: &SpreadConfig, bucket: u64) -> Option<SpreadScore> {
        let discount = libm::exp2(-1.0 / config.half_life_buckets.max(1.0));
        let panes = u64::from(config.panes.clamp(1, PANES_MAX));
        match self.began {
            None => self.began = Some(bucket),
            Some(_) if bucket <= self.closed => return None,
            Some(_) => {
                // Windows that still held something, then empty ones in one step.
                let skipped = bucket - self.closed - 1;
                for at in self.closed + 1..=self.closed + skipped.min(panes) {
                    let distinct = self.distinct(config, at);
                    self.moments.learn(distinct, discount);
                }
                if skipped > panes {
                    self.moments.learn_empty(skipped - panes, discount);
                }
            }
        }
        self.closed = bucket;
        let distinct = self.distinct(config, bucket);
        let life = bucket - self.began.unwrap_or(bucket);
        let ready = life >= u64::from(config.buckets_min);
        let predictive = self.moments.predictive(PRIOR_DISPERSION);
        let learnt = if ready { distinct.min(predictive.cap()) } else { distinct };
        self.moments.learn(learnt, discount);
        self.panes.retain(|pane| pane.0 + panes > bucket);
        if !ready {
            return None;
        }
        let (upper, lower) = predictive.scores(libm::round(distinct) as u64);
        let (expected, deviation) = (predictive.expected(), predictive.deviation());
        Some(SpreadScore { upper, lower, distinct, expected, deviation })
    }

    /// The engine was off for so many buckets: what was seen in them is not known, and neither are
    /// the windows that hold some of them.
    pub fn skip(&mut self, config: &SpreadConfig, buckets: u64) {
        let unknown = buckets.saturating_add(u64::from(config.panes.clamp(1, PANES_MAX)) - 1);
        if let Some(began) = &mut self.began {
            *began = began.saturating_add(unknown);
            self.closed = self.closed.saturating_add(unknown);
        }
        self.panes.clear();
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.panes.capacity() * size_of::<(u64, Distinct)>()
            + self.panes.iter().map(|pane| pane.1.heap_bytes()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seerflow_model::hash::mix;
    use std::collections::BTreeSet;

    #[test]
    fn a_time_that_was_not_seen_is_neither_empty_nor_narrow() {
        let config = SpreadConfig { buckets_min: 5, ..SpreadConfig::default() };
        let mut spread = Spread::default();
        let bucket = |spread: &mut Spread, bucket: u64| {
            (0..8).for_each(|value| spread.observe(bucket, value));
            spread.close(&config, bucket)
        };
        for at in 0..200 {
            bucket(&mut spread, at);
        }
        spread.skip(&config, 1_000);
        let scores: Vec<SpreadScore> =
            (1_200..1_300).filter_map(|at| bucket(&mut spread, at)).collect();
        assert!(scores.len() >= 100 - PANES_MAX as usize, "{}", scores.len());
        assert!(scores.iter().all(|score| score.lower < 3.0), "{scores:?}");
    }

    proptest! {
        /// Against a list of everything.
        #[test]
        fn windows_hold_what_was_seen_in_their_buckets(
            events in prop::collection::vec((0u64..3, 0u64..30), 1..200), panes in 1u32..8,
        ) {
            let config = SpreadConfig { panes, buckets_min: 0, ..SpreadConfig::default() };
            let mut spread = Spread::default();
            let mut all: Vec<(u64, u64)> = Vec::new();
            let mut bucket = 100;
            for (ahead, value) in events {
                if ahead > 0 {
                    spread.close(&config, bucket);
                }
                bucket += ahead;
                spread.observe(bucket, value);
                all.push((bucket, value));
                let from = bucket - u64::from(panes) + 1;
                let truth: BTreeSet<u64> =
                    all.iter().filter(|event| event.0 >= from).map(|event| event.1).collect();
                prop_assert_eq!(spread.distinct(&config, bucket), truth.len() as f64);
            }
        }

        /// Empty buckets that are not closed are made up for.
        #[test]
        fn silent_buckets_need_not_be_closed(gaps in prop::collection::vec(1u64..30, 1..30)) {
            let config = SpreadConfig::default();
            let (mut sparse, mut full) = (Spread::default(), Spread::default());
            let mut bucket = 1000;
            for gap in gaps {
                for value in 0..gap % 4 + 1 {
                    sparse.observe(bucket, mix(value ^ gap));
                    full.observe(bucket, mix(value ^ gap));
                }
                let (a, b) = (sparse.close(&config, bucket), full.close(&config, bucket));
                prop_assert_eq!(a.is_some(), b.is_some());
                if let (Some(a), Some(b)) = (a, b) {
                    prop_assert!((a.upper - b.upper).abs() < 1e-6 && a.distinct == b.distinct);
                }
                for empty in bucket + 1..bucket + gap {
                    // Learnt as it is, not judged: nothing came.
                    full.close(&SpreadConfig { buckets_min: u32::MAX, ..config }, empty);
                }
                bucket += gap;
            }
        }
    }

    #[test]
    fn a_scan_is_found_and_a_habit_is_not() {
        let config = SpreadConfig::default();
        let mut spread = Spread::default();
        let (mut found, mut judged, mut high) = (None, 0u32, 0u32);
        for bucket in 0..3000u64 {
            for n in 0..mix(bucket) % 8 {
                spread.observe(bucket, mix(bucket * 8 + n) % 12);
            }
            if bucket == 2500 {
                (0..60).for_each(|n| spread.observe(bucket, 1000 + n));
            }
            let Some(score) = spread.close(&config, bucket) else { continue };
            if bucket == 2500 {
                found = Some(score);
            } else if !(2500..2510).contains(&bucket) {
                judged += 1;
                high += u32::from(score.upper.max(score.lower) > -(1e-3f64.ln()));
            }
        }
        let found = found.unwrap();
        assert!(found.upper > 20.0 && found.distinct > 50.0 && found.expected < 12.0, "{found:?}");
        assert!(high <= judged / 300, "{high} of {judged}");
        assert!(spread.heap_bytes() <= 2_000 && size_of::<Spread>() <= 112);
    }
}

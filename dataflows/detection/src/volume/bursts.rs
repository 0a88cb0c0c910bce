//! Bursts that keep coming back: an hourly flood is news for a day, then it is known.
//!
//! Episodes above the cap are kept as at most eight (height, weight) pairs that are forgotten like
//! everything else. The chance of another one this high is the number of those in memory, less
//! twenty, per bucket; the twenty are left out so that a bad day does not excuse the next attack.

use serde::{Deserialize, Serialize};

/// Heights kept.
const HEIGHTS: usize = 8;
/// Episodes that excuse nothing.
const NEWS: f64 = 20.0;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Height {
    top: f64,
    weight: f64,
}

/// The bursts of one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bursts {
    heights: Vec<Height>,
    seen: u64,
}

impl Bursts {
    /// An episode has reached `value` for the first time at `bucket`.
    pub fn begin(&mut self, bucket: u64, value: f64, discount: f64) {
        let elapsed = bucket.saturating_sub(self.seen) as f64;
        let kept = libm::exp(elapsed * libm::log(discount));
        self.heights.iter_mut().for_each(|h| h.weight *= kept);
        self.seen = bucket;
        let near = |h: &&mut Height| h.top <= 1.5 * value && value <= 1.5 * h.top;
        if let Some(height) = self.heights.iter_mut().find(near) {
            height.weight += 1.0;
            height.top = height.top.max(value);
            return;
        }
        if self.heights.len() == HEIGHTS {
            let least = (0..HEIGHTS)
                .min_by(|&a, &b| self.heights[a].weight.total_cmp(&self.heights[b].weight));
            self.heights.remove(least.unwrap_or(0));
        }
        self.heights.push(Height { top: value, weight: 1.0 });
    }

    /// −ln of the chance that a bucket begins a burst at least this high, `None` when unknown.
    pub fn score(&self, bucket: u64, value: f64, weight: f64, discount: f64) -> Option<f64> {
        let higher = self.heights.iter().filter(|h| h.top * 1.2 >= value).map(|h| h.weight);
        let elapsed = bucket.saturating_sub(self.seen) as f64;
        let kept = libm::exp(elapsed * libm::log(discount));
        let known = higher.sum::<f64>() * kept - NEWS;
        (known > 0.0).then(|| -libm::log((known / weight.max(1.0)).min(1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_twenty_it_is_known() {
        let mut bursts = Bursts::default();
        let score = |b: &Bursts, at| b.score(at, 500.0, 2000.0, 0.99999);
        for n in 1..=20 {
            assert_eq!(score(&bursts, n * 60), None);
            bursts.begin(n * 60, 500.0, 0.99999);
        }
        (21..=30).for_each(|n| bursts.begin(n * 60, 450.0, 0.99999));
        let known = score(&bursts, 31 * 60).unwrap();
        assert!((5.0..6.0).contains(&known), "{known}");
        assert_eq!(bursts.score(31 * 60, 5000.0, 2000.0, 0.99999), None, "a higher one is news");
        assert_eq!(score(&bursts, 1_000_000), None, "forgotten");
    }

    #[test]
    fn memory_is_bounded() {
        let mut bursts = Bursts::default();
        (1..200u64).for_each(|n| bursts.begin(n, 2f64.powi(n as i32), 0.9));
        assert!(bursts.heights.len() <= HEIGHTS);
    }
}

//! Never seen before: templates of a source type, values of a template's slot.
//!
//! Both rest on Good and Turing's estimate: the chance that the next observation is a new one is
//! the share of those seen exactly once, n₁/n. It is nearly unbiased for any population, heavy
//! tails too, as long as observations come one by one. Templates come in clusters of lines, so of
//! them those count that were seen in one minute only ([`Sighted`]). Where new things come
//! together (a new program, a deployment) and are then repeated, n₁ is soon small again although
//! new ones keep coming; so the rate at which new ones were really found of late is the other
//! estimate, and the larger of the two is the answer.

mod newness;
mod sighted;
mod slots;

use serde::{Deserialize, Serialize};

pub use newness::Newness;
pub use sighted::Sighted;
pub use slots::{NewValue, Slots};

/// How never-seen things are judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoveltyConfig {
    /// Observations before the first result (`detection.dspot.calibration_window`).
    pub calibration_window: u32,
}

impl Default for NoveltyConfig {
    fn default() -> NoveltyConfig {
        NoveltyConfig { calibration_window: 1000 }
    }
}

/// Longest stretch of a [`Pace`], in observations.
const PACE_LAST: u64 = 1 << 22;

/// How often new things were found of late: over the last third to two thirds of what was
/// seen, so that the flood of discoveries at the beginning is left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pace {
    now: [u64; 2],
    before: [u64; 2],
    /// Length at which the present stretch ends.
    turn: u64,
}

impl Pace {
    /// Counts observations and how many of them were new.
    pub(crate) fn count(&mut self, seen: u64, new: u64) {
        if self.now[0] >= self.turn.max(64) {
            self.before = self.now;
            self.now = [0, 0];
            self.turn = (2 * self.turn.max(64)).min(PACE_LAST);
        }
        self.now[0] = self.now[0].saturating_add(seen);
        self.now[1] = self.now[1].saturating_add(new);
    }

    /// Found, and out of how many.
    pub(crate) fn found(&self) -> (f64, f64) {
        // As soon as the present stretch is as long as the one before it speaks for itself: else
        // a small namespace would be held to its first messages for two stretches more.
        if self.now[0] >= self.before[0].max(64) {
            return (self.now[1] as f64, self.now[0] as f64);
        }
        ((self.before[1] + self.now[1]) as f64, (self.before[0] + self.now[0]) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_leaves_the_beginning_behind() {
        let mut pace = Pace::default();
        for n in 0..10_000u64 {
            pace.count(1, u64::from(n < 50));
        }
        let (found, of) = pace.found();
        assert_eq!(found, 0.0);
        assert!((4_000.0..8_000.0).contains(&of), "{of}");
        pace.count(0, 10);
        assert_eq!(pace.found().0, 10.0);
    }
}

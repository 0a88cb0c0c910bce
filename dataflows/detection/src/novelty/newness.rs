//! Never-seen templates of one source type, by namespace (source type and program).
//!
//! A namespace with little of its own leans on the pool of all: `p = (n₁ + c·p_pool)/(n + c)` with
//! `c` = the calibration window. A new program therefore starts with the pool's chance, and its
//! own first messages raise it at once. Cost: a binary search per call, for a founding a pass over
//! the namespaces, which are bounded.

use super::{NoveltyConfig, Pace};
use serde::{Deserialize, Serialize};

/// Namespaces kept; the one with the fewest events makes room.
pub const NAMESPACES_MAX: usize = 1024;

/// Foundings of late that are no habit: an incident that writes something new must not hide the
/// next one. Singletons count in full.
const ODD: f64 = 3.0;
/// A program is left out of the pool when it found more than this share of what is new …
const ODD_NEW: f64 = 0.5;
/// … in less than this share of what was seen.
const ODD_SEEN: f64 = 0.1;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    events: u64,
    singletons: u64,
    /// Founded since the last tick: not yet among the singletons.
    waiting: u64,
    pace: Pace,
}

impl Counts {
    fn observe(&mut self, events: u64, singletons_delta: i64) {
        self.events = self.events.saturating_add(events);
        self.singletons = self.singletons.saturating_add_signed(singletons_delta);
        self.waiting = 0;
        self.pace.count(events, 0);
    }

    fn found(&mut self) {
        self.waiting += 1;
        self.pace.count(0, 1);
    }
}

/// The chance of a never-seen template, per namespace of one source type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newness {
    pool: Counts,
    /// Sorted by namespace.
    namespaces: Vec<(u64, Counts)>,
}

impl Newness {
    /// Counts a tick before its foundings: events of a namespace, and by how much the number of
    /// templates that were seen in one minute only has changed since the last call.
    pub fn observe(&mut self, namespace: u64, events: u64, singletons_delta: i64) {
        self.pool.observe(events, singletons_delta);
        self.counts(namespace).observe(events, singletons_delta);
    }

    /// A template was founded: how likely was it that the next event of this namespace would be
    /// of a never-seen one? `None` until the pool has seen the calibration window.
    pub fn found(&mut self, config: &NoveltyConfig, namespace: u64) -> Option<f64> {
        let calibrated = self.pool.events >= u64::from(config.calibration_window);
        let probability = calibrated.then(|| self.probability(config, namespace));
        self.pool.found();
        self.counts(namespace).found();
        probability
    }

    /// Chance that the next event of a namespace is of a never-seen template.
    pub fn probability(&self, config: &NoveltyConfig, namespace: u64) -> f64 {
        let counts = match self.namespaces.binary_search_by_key(&namespace, |entry| entry.0) {
            Ok(at) => self.namespaces[at].1,
            Err(_) => Counts::default(),
        };
        let weight = f64::from(config.calibration_window.max(1));
        let (pool_singles, pool_events) = self.pooled(|c| (c.singletons as f64, c.events as f64));
        let by_singletons = (pool_singles + 0.5) / (pool_events + 1.0);
        let singletons = (counts.singletons + counts.waiting) as f64;
        let turing = shrink(singletons, counts.events as f64, weight, by_singletons);
        let (found, of) = self.pooled(|c| c.pace.found());
        let (own, own_of) = counts.pace.found();
        let usual = |found: f64| (found - ODD).max(0.0);
        let paced = shrink(usual(own), own_of, weight, usual(found) / (of + 1.0));
        turing.max(paced).min(1.0)
    }

    /// New ones of the pool and out of how many, without a program that speaks little and found
    /// most of them: that it never says the same twice tells nothing of the others.
    fn pooled(&self, of: impl Fn(&Counts) -> (f64, f64)) -> (f64, f64) {
        let (new, seen) = of(&self.pool);
        let each = self.namespaces.iter().map(|(_, counts)| of(counts));
        let (most, spoke) =
            each.fold((0.0, 0.0), |most, own| if own.0 > most.0 { own } else { most });
        let odd = most > new * ODD_NEW && spoke < seen * ODD_SEEN;
        if odd { ((new - most).max(0.0), seen - spoke) } else { (new, seen) }
    }

    /// Events counted, and how many are needed: "737 of 1000".
    pub fn progress(&self, config: &NoveltyConfig) -> (u64, u64) {
        let needed = u64::from(config.calibration_window);
        (self.pool.events.min(needed), needed)
    }

    fn counts(&mut self, namespace: u64) -> &mut Counts {
        let at = match self.namespaces.binary_search_by_key(&namespace, |entry| entry.0) {
            Ok(at) => at,
            Err(at) if self.namespaces.len() < NAMESPACES_MAX => {
                self.namespaces.insert(at, (namespace, Counts::default()));
                at
            }
            Err(_) => {
                let least = (0..self.namespaces.len())
                    .min_by_key(|&at| (self.namespaces[at].1.events, self.namespaces[at].0))
                    .unwrap_or(0);
                self.namespaces.remove(least);
                let at = self.namespaces.partition_point(|entry| entry.0 < namespace);
                self.namespaces.insert(at, (namespace, Counts::default()));
                at
            }
        };
        &mut self.namespaces[at].1
    }
}

fn shrink(count: f64, of: f64, weight: f64, prior: f64) -> f64 {
    (count + weight * prior) / (of + weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: NoveltyConfig = NoveltyConfig { calibration_window: 1000 };

    #[test]
    fn nothing_before_the_window_and_rarer_the_more_was_seen() {
        let mut newness = Newness::default();
        newness.observe(1, 500, 0);
        assert_eq!(newness.found(&CONFIG, 1), None);
        assert_eq!(newness.progress(&CONFIG), (500, 1000));
        for _ in 0..100 {
            newness.observe(1, 1000, 0);
        }
        let found = newness.found(&CONFIG, 1).unwrap();
        assert!(found < 2e-5, "{found}");
    }

    #[test]
    fn a_cluster_of_foundings_in_a_new_program_is_news_once() {
        let mut newness = Newness::default();
        for _ in 0..100 {
            newness.observe(1, 1000, 0);
        }
        let first = newness.found(&CONFIG, 2).unwrap();
        let second = newness.found(&CONFIG, 2).unwrap();
        assert!(first < 1e-4 && second > 9e-4, "{first} {second}");
        newness.observe(2, 2, 2);
        assert!(newness.found(&CONFIG, 2).unwrap() > 1.5e-3);
    }

    #[test]
    fn clusters_that_keep_coming_raise_the_chance_although_singletons_vanish() {
        let mut newness = Newness::default();
        for tick in 0..1000 {
            newness.observe(1, 100, 0);
            if tick % 50 == 0 {
                for _ in 0..10 {
                    newness.found(&CONFIG, 1);
                }
            }
        }
        // 10 of 5000 events.
        let found = newness.probability(&CONFIG, 1);
        assert!((1e-3..4e-3).contains(&found), "{found}");
    }

    #[test]
    fn a_program_that_never_says_the_same_twice_does_not_excuse_the_others() {
        let mut newness = Newness::default();
        for tick in 0..200 {
            newness.observe(1, 100, 0);
            newness.observe(2, 1, 1);
            newness.found(&CONFIG, 2);
            assert!(tick < 100 || newness.probability(&CONFIG, 2) > 0.05);
        }
        let other = newness.probability(&CONFIG, 1);
        assert!(other < 1e-4, "{other}");
        let fresh = newness.probability(&CONFIG, 3);
        assert!(fresh < 1e-3, "{fresh}");
    }

    #[test]
    fn namespaces_are_bounded() {
        let mut newness = Newness::default();
        newness.observe(7, 1000, 0);
        for namespace in 0..5000 {
            newness.observe(namespace, 1, 1);
            newness.found(&CONFIG, namespace);
        }
        assert_eq!(newness.namespaces.len(), NAMESPACES_MAX);
        assert!(newness.namespaces.is_sorted_by_key(|entry| entry.0));
        assert!(newness.probability(&CONFIG, 7) < newness.probability(&CONFIG, 1));
    }
}

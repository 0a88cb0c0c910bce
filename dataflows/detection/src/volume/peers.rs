//! What the peers of a series count: the prior of one that is too young for a model of its own.
//!
//! All counts of closed, non-empty buckets of a peer group, old series and young ones, in one
//! sketch. How rarely any of them is as large is the tail probability of a young one: no shape is
//! assumed, and a group in which some are loud lets the young be loud, too. Beyond everything seen
//! the tail falls as a power of the count. The sketch is made of integers, so partial ones of many
//! workers add up to the same. Cost: one look-up per closed bucket; 1 KiB a group.

use crate::sketch::Quantiles;
use serde::{Deserialize, Serialize};

/// Counts before the first result.
const COUNTS_MIN: u64 = 1_000;
/// Counts at which the past is halved.
const HALVE_AT: u64 = 1 << 20;

/// Counts of a peer group: a part of them, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerCounts {
    counts: Quantiles,
}

fn scale(count: u64) -> f64 {
    libm::log2(1.0 + count as f64)
}

impl PeerCounts {
    /// Adds the count of a closed bucket.
    pub fn add(&mut self, count: u64) {
        self.counts.add(scale(count), 1);
    }

    /// Adds what another part counted.
    pub fn merge(&mut self, other: &PeerCounts) {
        self.counts.merge(&other.counts);
    }

    /// Lets the past fade, when it is time.
    pub fn fade(&mut self) {
        if self.counts.total() >= HALVE_AT {
            self.counts.halve();
        }
    }

    /// Buckets counted.
    pub fn total(&self) -> u64 {
        self.counts.total()
    }

    /// Probability that a series of the group counts as much or more in a bucket; `None` while too
    /// little was seen.
    pub fn probability(&self, count: u64) -> Option<f64> {
        let known = self.counts.total() >= COUNTS_MIN;
        known.then(|| libm::exp(-self.counts.surprise(scale(count)).upper))
    }

    /// The median and the greatest count, about.
    pub fn usual(&self) -> (f64, f64) {
        let at = |share| self.counts.quantile(share).map_or(0.0, |x| libm::exp2(x) - 1.0);
        (at(0.5), at(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a sorted list of all counts; bins are as wide as they are.
        #[test]
        fn probabilities_are_ranks(counts in prop::collection::vec(1u64..60, 1_000..1_500), x in 1u64..60) {
            let mut peers = PeerCounts::default();
            counts.iter().for_each(|count| peers.add(*count));
            let above = counts.iter().filter(|count| **count >= x).count();
            let want = (above as f64 + 1.0) / (counts.len() as f64 + 1.0);
            let got = peers.probability(x).unwrap();
            if above > 0 {
                prop_assert!((got / want - 1.0).abs() < 0.05, "{got} {want}");
            } else {
                prop_assert!(got <= want * 1.01);
            }
        }

        #[test]
        fn parts_add_up_in_any_order(a in prop::collection::vec(1u64..1 << 40, 0..300), b in prop::collection::vec(1u64..90, 0..300)) {
            let of = |counts: &[u64]| {
                let mut peers = PeerCounts::default();
                counts.iter().for_each(|count| peers.add(*count));
                peers
            };
            let (mut ab, mut ba) = (of(&a), of(&b));
            ab.merge(&of(&b));
            ba.merge(&of(&a));
            prop_assert_eq!(&ab, &ba);
            prop_assert_eq!(ab, of(&[a, b].concat()));
        }
    }

    #[test]
    fn nothing_is_said_of_few_and_much_more_than_all_is_rare() {
        let mut peers = PeerCounts::default();
        (0..COUNTS_MIN - 1).for_each(|n| peers.add(1 + n % 7));
        assert_eq!(peers.probability(1_000), None);
        peers.add(7);
        let [seven, eight, many] = [7, 8, 700].map(|x| peers.probability(x).unwrap());
        assert!(
            seven > 0.1 && eight < 1e-3 * 1.1 && many < 1e-5 && many < eight,
            "{seven} {eight} {many}"
        );
        assert!((3.0..5.0).contains(&peers.usual().0));
    }
}

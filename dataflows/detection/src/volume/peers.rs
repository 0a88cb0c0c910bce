//! What the peers of a series count: the prior of one that is too young for a model of its own.
//!
//! All counts of closed, non-empty buckets of a group, old series and young ones, in one sketch. How
//! rarely any of them is as large is the tail probability of a young one: no shape is assumed, and a
//! group in which some are loud lets the young be loud, too. Beyond everything seen the tail falls as
//! a power of the count. The sketch is made of integers, so partial ones of many workers add up to the
//! same.
//!
//! Groups lie in each other: the peers of a series in its source. Peers of which little was seen lean
//! on their source ([`by_others`]): what is drawn from a group whose law is a Dirichlet process around
//! that of its source comes, after n draws, from the mixture of n parts of what the group showed and
//! [`LEAN`] of the source. That is a tail probability at any n, begins with the source's and goes to
//! the group's without a step. A group also grows old by time, not by number alone: what comes in one
//! minute has one cause. Only the upper side is judged: a small count of a young series is no news.
//!
//! Cost: two look-ups per closed bucket; 1 KiB a group.

use crate::sketch::Quantiles;
use serde::{Deserialize, Serialize};

/// Counts before the first result.
const COUNTS_MIN: u64 = 1_000;
/// Spans of time (quanta) with counts before the first result, and until a group is old.
const SPANS_MIN: u32 = 60;
/// How many counts of its own what is known of its source is worth to a group.
const LEAN: f64 = 1_000.0;
/// Counts at which the past is halved.
const HALVE_AT: u64 = 1 << 20;

/// Counts of a peer group: a part of them, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerCounts {
    counts: Quantiles,
    /// Spans of time that are over; parts have none.
    spans: u32,
}

/// What others say of a count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ByOthers {
    /// Probability of as many or more.
    pub probability: f64,
    /// How much of it the peers in the source said, 0 to 1; the rest said the whole source.
    pub peers: f64,
    /// Counts of the peers, and of the source.
    pub seen: [u64; 2],
}

/// What the peers of a series and all of its source say of a count; `None` while too little was seen
/// of the source. A series may have no other peers than its source.
pub fn by_others(peers: Option<&PeerCounts>, source: &PeerCounts, count: u64) -> Option<ByOthers> {
    let of_source = source.probability(count)?;
    let known = |peers: &PeerCounts| (peers.age(), peers.tail(count), peers.total());
    let (weight, of_peers, seen) = peers.map_or((0.0, of_source, 0), known);
    let probability = of_source + weight * (of_peers - of_source);
    Some(ByOthers { probability, peers: weight, seen: [seen, source.total()] })
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
        self.spans = self.spans.saturating_add(other.spans);
    }

    /// A span of time with counts is over.
    pub fn pass(&mut self) {
        self.spans = self.spans.saturating_add(1);
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
        let known = self.counts.total() >= COUNTS_MIN && self.spans >= SPANS_MIN;
        known.then(|| self.tail(count))
    }

    /// The same of what was seen, however little: 1 of nothing.
    fn tail(&self, count: u64) -> f64 {
        libm::exp(-self.counts.surprise(scale(count)).upper)
    }

    /// How much a group says by itself, from 0 to almost 1.
    fn age(&self) -> f64 {
        let seen = self.counts.total() as f64;
        let lived = f64::from(self.spans.min(SPANS_MIN)) / f64::from(SPANS_MIN);
        lived * seen / (seen + LEAN)
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

    /// Peers that were seen for so many spans of time.
    fn of(counts: impl IntoIterator<Item = u64>, spans: u32) -> PeerCounts {
        let mut peers = PeerCounts::default();
        counts.into_iter().for_each(|count| peers.add(count));
        (0..spans).for_each(|_| peers.pass());
        peers
    }

    /// Share of a list that is as large or larger, with one more on either side of the fraction.
    fn rank(counts: &[u64], x: u64) -> f64 {
        let above = counts.iter().filter(|count| **count >= x).count();
        (above as f64 + 1.0) / (counts.len() as f64 + 1.0)
    }

    proptest! {
        /// Against a sorted list of all counts; bins are as wide as they are.
        #[test]
        fn probabilities_are_ranks(counts in prop::collection::vec(1u64..60, 1_000..1_500), x in 1u64..60) {
            let got = of(counts.iter().copied(), 60).probability(x).unwrap();
            let want = rank(&counts, x);
            if counts.iter().any(|count| *count >= x) {
                prop_assert!((got / want - 1.0).abs() < 0.05, "{got} {want}");
            } else {
                prop_assert!(got <= want * 1.01);
            }
        }

        /// Against the mixture that the lists make.
        #[test]
        fn young_peers_lean_on_their_source(
            peers in prop::collection::vec(1u64..60, 0..2_000), spans in 0u32..120,
            others in prop::collection::vec(1u64..60, 1_000..1_500), x in 1u64..60,
        ) {
            let all = [&peers[..], &others].concat();
            let (group, source) = (of(peers.iter().copied(), spans), of(all.iter().copied(), 60));
            let got = by_others(Some(&group), &source, x).unwrap();
            let n = peers.len() as f64;
            let weight = (f64::from(spans) / 60.0).min(1.0) * n / (n + 1_000.0);
            prop_assert!((got.peers - weight).abs() < 1e-12);
            prop_assert_eq!(got.seen, [peers.len() as u64, all.len() as u64]);
            let want = weight * rank(&peers, x) + (1.0 - weight) * rank(&all, x);
            if [&peers, &others].iter().all(|list| list.iter().any(|count| *count >= x)) {
                prop_assert!((got.probability / want - 1.0).abs() < 0.05, "{got:?} {want}");
            } else {
                prop_assert!(got.probability <= want * 1.05, "{got:?} {want}");
            }
            let more = by_others(Some(&group), &source, x + 1).unwrap();
            prop_assert!(more.probability <= got.probability + 1e-12);
        }

        #[test]
        fn parts_add_up_in_any_order(a in prop::collection::vec(1u64..1 << 40, 0..300), b in prop::collection::vec(1u64..90, 0..300)) {
            let part = |counts: &[u64]| of(counts.iter().copied(), 0);
            let (mut ab, mut ba) = (part(&a), part(&b));
            ab.merge(&part(&b));
            ba.merge(&part(&a));
            prop_assert_eq!(&ab, &ba);
            prop_assert_eq!(ab, part(&[a, b].concat()));
        }
    }

    #[test]
    fn nothing_is_said_of_few_and_much_more_than_all_is_rare() {
        let mut peers = of((0..COUNTS_MIN - 1).map(|n| 1 + n % 7), 59);
        assert_eq!(peers.probability(1_000), None);
        peers.add(7);
        assert_eq!(peers.probability(1_000), None, "all of them came in less than an hour");
        assert_eq!(by_others(Some(&peers), &peers, 1_000), None);
        peers.pass();
        let [seven, eight, many] = [7, 8, 700].map(|x| peers.probability(x).unwrap());
        assert!(
            seven > 0.1 && eight < 1e-3 * 1.1 && many < 1e-5 && many < eight,
            "{seven} {eight} {many}"
        );
        assert!((3.0..5.0).contains(&peers.usual().0));
        let alone = by_others(None, &peers, 8).unwrap();
        assert_eq!((alone.probability, alone.peers), (eight, 0.0));
    }

    /// Loud peers in a quiet source: what they say comes without a step, in number and in time, and
    /// in the end they are judged by themselves.
    #[test]
    fn what_peers_say_comes_smoothly() {
        let mut source = of((0..50_000).map(|n| 1 + n % 7), 600);
        let (mut peers, mut last) = (PeerCounts::default(), source.probability(50).unwrap());
        let first = last;
        for n in 0..40_000u64 {
            let count = 30 + n % 40;
            peers.add(count);
            source.add(count);
            if n % 100 == 99 {
                peers.pass();
            }
            let now = by_others(Some(&peers), &source, 50).unwrap().probability;
            assert!((now - last).abs() < 0.01, "{n}: {last} {now}");
            last = now;
        }
        assert!(first < 1e-4 && (last - 0.5).abs() < 0.05, "{first} {last}");
        let flood = of((0..100_000).map(|_| 50), 1);
        let said = by_others(Some(&flood), &of((0..50_000).map(|n| 1 + n % 7), 600), 50).unwrap();
        assert!(said.probability < 0.02, "a flood of a minute does not excuse itself: {said:?}");
    }
}

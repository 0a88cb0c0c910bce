//! Counts of scores in bins 2 % wide: the mergeable partial of calibration.

use super::Side;
use crate::volume::Raw;
use serde::{Deserialize, Serialize};

/// ln of the relative width of a bin.
const LN_WIDTH: f64 = 0.019_802_627_296_179_712;
/// Greatest score that has a bin of its own; at most 698 bins a side.
const SCORE_LAST: f64 = 1e6;

/// Counts by bin, in the order of the bins.
pub(crate) type Bins = Vec<(u16, u64)>;

/// Scores of a quantum, both sides, as integer counts. Scores below 1 (p > 0.37) are only counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreHistogram {
    total: u64,
    warming: u64,
    upper: Bins,
    lower: Bins,
}

/// The bin of a score, `None` below 1.
pub(crate) fn bin(score: f64) -> Option<u16> {
    // NaN has no bin either.
    (score >= 1.0).then(|| (libm::log(score.min(SCORE_LAST)) / LN_WIDTH) as u16)
}

/// Least score of a bin.
pub(crate) fn edge(bin: u16) -> f64 {
    libm::exp(f64::from(bin) * LN_WIDTH)
}

fn count(bins: &mut Bins, score: f64, times: u64) {
    let Some(bin) = bin(score) else { return };
    match bins.binary_search_by_key(&bin, |entry| entry.0) {
        Ok(at) => bins[at].1 += times,
        Err(at) => bins.insert(at, (bin, times)),
    }
}

impl ScoreHistogram {
    /// Counts the two scores of a result, `times` over.
    pub fn add(&mut self, upper: f64, lower: f64, times: u64) {
        if times > 0 {
            self.total += times;
            count(&mut self.upper, upper, times);
            count(&mut self.lower, lower, times);
        }
    }

    /// Counts a result of a series, with the empty buckets before it. Of an episode only the
    /// first bucket is a sample of what begins; the others are counted as ordinary.
    pub fn add_raw(&mut self, raw: &Raw) {
        self.add(0.0, raw.empty_lower, raw.empties);
        if raw.continues {
            self.add(0.0, 0.0, 1);
        } else {
            self.add(raw.upper, raw.lower, 1);
        }
    }

    /// Counts a closed bucket of a series that is still warming.
    pub fn add_warming(&mut self) {
        self.warming += 1;
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &ScoreHistogram) {
        self.total += other.total;
        self.warming += other.warming;
        for (mine, theirs) in [(&mut self.upper, &other.upper), (&mut self.lower, &other.lower)] {
            for &(bin, times) in theirs {
                match mine.binary_search_by_key(&bin, |entry| entry.0) {
                    Ok(at) => mine[at].1 += times,
                    Err(at) => mine.insert(at, (bin, times)),
                }
            }
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.total == 0 && self.warming == 0
    }

    /// Results counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Counts of one side, in the order of the bins.
    pub(crate) fn side(&self, side: Side) -> &[(u16, u64)] {
        match side {
            Side::Upper => &self.upper,
            Side::Lower => &self.lower,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(scores: &[(f64, f64)]) -> ScoreHistogram {
        let mut histogram = ScoreHistogram::default();
        scores.iter().for_each(|&(upper, lower)| histogram.add(upper, lower, 1));
        histogram
    }

    proptest! {
        #[test]
        fn any_split_merged_in_any_order_is_the_whole(
            scores in prop::collection::vec((0.0f64..3000.0, 0.0f64..30.0), 0..200),
            cut in 0usize..200,
        ) {
            let (a, b) = scores.split_at(cut.min(scores.len()));
            let (mut ab, mut ba) = (of(a), of(b));
            ab.merge(&of(b));
            ba.merge(&of(a));
            prop_assert_eq!(&ab, &of(&scores));
            prop_assert_eq!(ab, ba);
        }

        #[test]
        fn a_score_lies_in_its_bin(score in 1.0f64..1e6) {
            let bin = bin(score).unwrap();
            prop_assert!(edge(bin) <= score * (1.0 + 1e-9));
            prop_assert!(score < edge(bin + 1) * (1.0 + 1e-9));
        }
    }

    #[test]
    fn odd_scores_are_harmless() {
        let mut histogram = of(&[(f64::NAN, f64::INFINITY), (-1.0, 1e300)]);
        histogram.add_warming();
        assert_eq!(histogram.total(), 2);
        assert_eq!(histogram.side(Side::Upper), []);
        assert_eq!(histogram.side(Side::Lower).len(), 1);
    }
}

//! Odd scores: what was found is not the tail by which the next is judged.
//!
//! SPOT (Siffer et al., KDD 2017) does not add an anomaly to its peaks. Neither is one added here,
//! but the table does not know what was decided on, so the scores themselves are asked: are a few
//! far out from all others, or are there many more beyond some point than what lies below it lets
//! expect? Those are left out of the fit, and what would be there by chance takes their place, so
//! that the cut does not shorten the tail.
//!
//! What keeps a tail that is really heavy from being hidden: the expectation is that of a heavier
//! tail than a right model's, and three times as many are still the tail; odd scores are few, a
//! small share of all and no more than the exceedances below them; ties are no finds. What keeps
//! coming back in larger numbers is therefore learnt.
//!
//! Cost: per bin beyond the threshold some twenty powers, once per fit.

use super::CalibrationConfig;
use super::histogram::edge;
use crate::gpd::Gpd;

/// Mean excesses beyond the others from which a score is odd.
const FAR: f64 = 8.0;
/// Odd scores are at most this share of all, but never less nor more than so many.
const SHARE: f64 = 0.015;
const LEAST: f64 = 3.0;
const MOST: f64 = 60.0;
/// So many times what is expected is still the tail …
const TOLERANCE: f64 = 3.0;
/// … and so many standard deviations more, and so many scores.
const DEVIATIONS: f64 = 3.0;
const FEW: f64 = 2.0;
/// Least distance of a cut from the threshold, in mean excesses: below, the tail is not known.
const NEAR: f64 = 2.0;
/// The tail is taken to be this heavy where it cannot be seen: a right model's has shape 0.
const SHAPE: f64 = 0.2;
/// Steps of the estimate of the mean excess.
const STEPS: u32 = 8;
/// Points that stand for what is expected beyond a cut.
const POINTS: u32 = 4;
/// A bin with more than this share of what is odd is an atom: a tie, not a find.
const ATOM: f64 = 0.5;

/// Where odd scores begin.
pub(super) struct Cut {
    /// The first bin that is left out, by index.
    pub from: usize,
    /// Scores and weights in place of what is left out.
    pub expected: Vec<(f64, f64)>,
}

/// Finds the cut of one side, if there is one.
pub(super) fn cut(
    bins: &[(u16, f64)],
    threshold: f64,
    samples: f64,
    config: &CalibrationConfig,
) -> Option<Cut> {
    let most = (SHARE * samples).clamp(LEAST, MOST);
    let mut beyond: f64 = bins.iter().map(|entry| entry.1).sum();
    let mut below = Below {
        weight: config.prior_weight,
        excess: config.prior_weight * config.prior_scale,
        least: config.prior_scale,
    };
    let mut last = threshold;
    for (at, &(bin, count)) in bins.iter().enumerate() {
        let score = edge(bin);
        if score > threshold && beyond <= most {
            let mean = below.mean(score - threshold);
            let expected = below.expected(score - threshold, mean);
            let far = score - last > FAR * mean;
            let many = score - threshold > NEAR * mean
                && beyond <= below.weight
                && beyond > TOLERANCE * expected + DEVIATIONS * libm::sqrt(expected) + FEW
                && bins[at..].iter().all(|entry| entry.1 <= ATOM * beyond);
            if far || many {
                return Some(Cut { from: at, expected: spread(threshold, score, expected, mean) });
            }
        }
        beyond -= count;
        if score >= threshold {
            below.weight += count;
            below.excess += count * (score - threshold);
            last = score;
        }
    }
    None
}

/// What lies between the threshold and a cut.
struct Below {
    weight: f64,
    excess: f64,
    /// Ties make the mean excess small; a right model's is one.
    least: f64,
}

impl Below {
    /// Mean excess of the whole of which only what is within `length` was seen.
    fn mean(&self, length: f64) -> f64 {
        let mut mean = (self.excess / self.weight).max(self.least);
        for _ in 0..STEPS {
            let more = self.expected(length, mean);
            let theirs = length + tail(mean).mean_beyond(length);
            mean = ((self.excess + more * theirs) / (self.weight + more)).max(self.least);
        }
        mean
    }

    /// How many more lie beyond `length`.
    fn expected(&self, length: f64, mean: f64) -> f64 {
        let part = tail(mean).survival(length);
        self.weight * part / (1.0 - part).max(1e-3)
    }
}

fn tail(mean: f64) -> Gpd {
    Gpd { shape: SHAPE, scale: mean * (1.0 - SHAPE) }
}

/// Points that stand for what is expected beyond a cut.
fn spread(threshold: f64, from: f64, weight: f64, mean: f64) -> Vec<(f64, f64)> {
    let tail = tail(mean);
    let beyond = tail.survival(from - threshold);
    (0..POINTS)
        .map(|k| {
            let part = (f64::from(k) + 0.5) / f64::from(POINTS);
            (threshold + tail.quantile(beyond * part), weight / f64::from(POINTS))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::histogram::bin;
    use seerflow_model::hash::mix;
    use std::collections::BTreeMap;

    /// Scores of `n` results: −ln of a uniform, through `tail`; then some that were injected.
    fn bins(n: u64, seed: u64, tail: fn(f64) -> f64, injected: &[f64]) -> Vec<(u16, f64)> {
        let mut bins = BTreeMap::new();
        let drawn = (0..n).map(|k| {
            let uniform = ((mix(seed << 32 | k) >> 11) + 1) as f64 / (1u64 << 53) as f64;
            tail(-libm::log(uniform))
        });
        for at in drawn.chain(injected.iter().copied()).filter_map(bin) {
            *bins.entry(at).or_default() += 1.0;
        }
        bins.into_iter().collect()
    }

    fn cut_at(bins: &[(u16, f64)], samples: f64) -> Option<(f64, f64)> {
        let config = CalibrationConfig::default();
        let cut = cut(bins, 3.9, samples, &config)?;
        Some((edge(bins[cut.from].0), cut.expected.iter().map(|entry| entry.1).sum()))
    }

    #[test]
    fn chance_is_hardly_ever_cut() {
        let shapes: [fn(f64) -> f64; 3] = [|s| s, |s| 1.7 * s, |s| 0.7 * s];
        for tail in shapes {
            let cuts = (0..200).filter(|&seed| cut_at(&bins(5000, seed, tail, &[]), 5e3).is_some());
            assert!(cuts.count() <= 3);
        }
    }

    #[test]
    fn more_than_chance_is_cut_and_chance_takes_its_place() {
        let injected: Vec<f64> = (0..25).map(|k| 8.0 + 0.4 * f64::from(k)).collect();
        let mut found = 0;
        for seed in 0..50 {
            let bins = bins(5000, seed, |s| s, &injected);
            let Some((from, expected)) = cut_at(&bins, 5e3) else { continue };
            found += 1;
            assert!((5.9..11.5).contains(&from), "{seed}: {from}");
            // More than the truth, because the tail is taken to be heavier; far from the 25.
            let truth = 5e3 * libm::exp(-from);
            assert!(expected < 8.0 && truth < 3.0 * expected + 1.0, "{expected}");
        }
        assert!(found >= 48, "{found}");
    }

    #[test]
    fn many_are_the_tail_and_so_are_ties() {
        let many: Vec<f64> = (0..90).map(|k| 7.0 + 0.1 * f64::from(k)).collect();
        let ties = [9.0; 20];
        for injected in [&many[..], &ties[..]] {
            let cuts = (0..50).filter_map(|seed| cut_at(&bins(5000, seed, |s| s, injected), 5e3));
            assert!(cuts.filter(|cut| cut.0 < 9.0).count() == 0);
        }
    }

    #[test]
    fn nothing_is_cut_out_of_nothing() {
        assert_eq!(cut_at(&[], 0.0), None);
        assert_eq!(cut_at(&[(bin(2.0).unwrap(), 5.0)], 5.0), None);
    }
}

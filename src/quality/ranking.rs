//! How well scores tell anomalous from normal: area under the ROC curve, best F1, and precision,
//! recall, F1 and rate of false alarms of a fixed rule.
//!
//! Precision depends on how many anomalous ones there are, which is a property of the set and not of
//! the detector. It is therefore given as if they were a given share of all.

use serde::Serialize;

/// One that was judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Higher is more anomalous.
    pub score: f64,
    /// What it is.
    pub anomalous: bool,
}

/// What a rule gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rule {
    /// Share of alarms that are right.
    pub precision: f64,
    /// Its harmonic mean with recall.
    pub f1: f64,
}

/// What scores are worth.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Area under the ROC curve; ties count half.
    pub auc: f64,
    /// Share of anomalous ones that the fixed rule finds.
    pub recall: f64,
    /// Share of normal ones that it takes for anomalous.
    pub fpr: f64,
    /// The fixed rule at the set's own share of anomalous ones.
    pub at_own_share: Rule,
    /// The fixed rule at the given share.
    pub at_share: Rule,
    /// The best F1 of any threshold at the given share: what the fixed rule could reach at most.
    pub best_f1_at_share: f64,
}

/// Scores what was judged by the rule "alarm from `threshold` on". `own`, `share`: of anomalous ones.
pub fn score(judged: &[Judged], threshold: f64, own: f64, share: f64) -> Scores {
    let mut rows = judged.to_vec();
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    let all = rows.iter().filter(|row| row.anomalous).count() as f64;
    let none = rows.len() as f64 - all;
    if all == 0.0 || none == 0.0 {
        return Scores::default();
    }
    let weight = |share: f64| share * none / ((1.0 - share) * all);
    let (mut hits, mut wrong, mut area) = (0.0, 0.0, 0.0);
    let (mut at, mut best) = ((0.0, 0.0), 0.0f64);
    for same in rows.chunk_by(|a, b| a.score == b.score) {
        let more = same.iter().filter(|row| row.anomalous).count() as f64;
        let less = same.len() as f64 - more;
        area += less * (hits + more / 2.0);
        (hits, wrong) = (hits + more, wrong + less);
        best = best.max(rule(hits, wrong, all, weight(share)).f1);
        if same[0].score >= threshold {
            at = (hits, wrong);
        }
    }
    Scores {
        auc: area / (all * none),
        recall: at.0 / all,
        fpr: at.1 / none,
        at_own_share: rule(at.0, at.1, all, weight(own)),
        at_share: rule(at.0, at.1, all, weight(share)),
        best_f1_at_share: best,
    }
}

fn rule(hits: f64, wrong: f64, all: f64, weight: f64) -> Rule {
    let alarms = weight * hits + wrong;
    let precision = if alarms > 0.0 { weight * hits / alarms } else { 0.0 };
    let recall = hits / all;
    let sum = precision + recall;
    let f1 = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
    Rule { precision, f1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(rows: &[(f64, bool)]) -> Vec<Judged> {
        rows.iter()
            .map(|(score, anomalous)| Judged { score: *score, anomalous: *anomalous })
            .collect()
    }

    #[test]
    fn by_hand() {
        let rows = judged(&[(5.0, true), (4.0, false), (3.0, true), (3.0, false), (1.0, false)]);
        let scores = score(&rows, 3.0, 0.2, 0.4);
        // Of 6 pairs: 3 of the first, 1.5 of the second.
        assert!((scores.auc - 4.5 / 6.0).abs() < 1e-12);
        assert!((scores.at_share.precision - 0.5).abs() < 1e-12, "0.4 is their share");
        assert!((scores.at_share.f1 - 2.0 / 3.0).abs() < 1e-12 && scores.recall == 1.0);
        // Weight of an anomalous one: 0.2 · 3 / (0.8 · 2) = 3/8.
        assert!((scores.at_own_share.precision - 0.75 / 2.75).abs() < 1e-12);
        assert!((scores.fpr - 2.0 / 3.0).abs() < 1e-12);
        let rare = score(&rows, 3.0, 0.4, 0.1);
        // Weight of an anomalous one: 0.1 · 3 / (0.9 · 2) = 1/6.
        assert!((rare.at_share.precision - (2.0 / 6.0) / (2.0 / 6.0 + 2.0)).abs() < 1e-12);
        assert_eq!(score(&judged(&[(1.0, true)]), 0.0, 0.1, 0.1), Scores::default());
        assert_eq!(score(&rows, 9.0, 0.4, 0.1).at_share, Rule::default());
    }

    /// Scores by a small generator; the figures are those of an independent implementation.
    #[test]
    fn as_another_implementation_scores() {
        let mut state = 10_434_283_658_914_616_463u64;
        let mut next = |n: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let rows: Vec<Judged> = (0..200)
            .map(|_| {
                let score = next(40) as f64 / 4.0;
                let anomalous = next(5) == 0;
                Judged { score: score + if anomalous { 3.0 } else { 0.0 }, anomalous }
            })
            .collect();
        for (share, precision, f1, best) in
            [(0.0293, 0.0796, 0.1297, 0.4255), (0.2, 0.4172, 0.3815, 0.4337)]
        {
            let scores = score(&rows, 9.0, 37.0 / 200.0, share);
            let near = |a: f64, b: f64| assert!((a - b).abs() <= 0.000_05, "{scores:?}");
            near(scores.auc, 0.6895);
            near(scores.fpr, 0.1227);
            near(scores.at_own_share.precision, 0.3939);
            near(scores.recall, 0.3514);
            near(scores.at_own_share.f1, 0.3714);
            near(scores.at_share.precision, precision);
            near(scores.at_share.f1, f1);
            near(scores.best_f1_at_share, best);
        }
    }

    proptest! {
        /// The area is the share of pairs in the right order.
        #[test]
        fn area_against_all_pairs(rows in prop::collection::vec((0u8..20, any::<bool>()), 2..60)) {
            let rows = judged(&rows.iter().map(|(s, a)| (f64::from(*s), *a)).collect::<Vec<_>>());
            let (mut right, mut pairs) = (0.0, 0.0);
            for bad in rows.iter().filter(|row| row.anomalous) {
                for good in rows.iter().filter(|row| !row.anomalous) {
                    pairs += 1.0;
                    right += match bad.score.total_cmp(&good.score) {
                        std::cmp::Ordering::Greater => 1.0,
                        std::cmp::Ordering::Equal => 0.5,
                        std::cmp::Ordering::Less => 0.0,
                    };
                }
            }
            prop_assume!(pairs > 0.0);
            let scores = score(&rows, 10.0, 0.1, 0.03);
            prop_assert!((scores.auc - right / pairs).abs() < 1e-9);
            prop_assert!(scores.at_share.f1 <= scores.best_f1_at_share + 1e-12);
        }
    }
}

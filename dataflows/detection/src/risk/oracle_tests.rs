//! Risk and progressions against sums over, and searches through, all alerts.

use super::*;
use proptest::prelude::*;
use seerflow_model::time::SECOND;
use seerflow_model::{Ns, Tactic};

const HOUR: Ns = 3_600 * SECOND;
const HALF: Ns = 4 * HOUR;
const KINDS: [RiskKind; 4] =
    [RiskKind::Sigma, RiskKind::Correlation, RiskKind::Content, RiskKind::Graph];

fn given(n: usize, kind: usize, rule: u64, at: Ns, points: f64) -> Given {
    Given { alert: n as u128, kind: KINDS[kind], rule, at, points }
}

/// The score from all alerts, as the head of the module says it.
fn expected(all: &[Given], now: Ns) -> f64 {
    let mut points = 0.0;
    for kind in KINDS {
        let mut worth = Vec::new();
        for rule in 0..8 {
            let own = all.iter().filter(|given| (given.kind, given.rule) == (kind, rule));
            let left =
                |given: &Given| given.points * 2f64.powf(-((now - given.at) as f64) / HALF as f64);
            let sum: f64 = own.clone().map(left).sum();
            let most = own.map(|given| given.points).fold(0.0, f64::max);
            worth.push(if sum <= most { sum } else { most * (2.0 - most / sum) });
        }
        worth.sort_by(|a, b| b.total_cmp(a));
        points += worth.iter().enumerate().map(|(n, worth)| worth / (n + 1) as f64).sum::<f64>();
    }
    100.0 * (1.0 - 2f64.powf(-points / 50.0))
}

proptest! {
    #[test]
    fn a_score_is_the_sum_over_all_alerts(
        all in prop::collection::vec((0usize..4, 0u64..8, 0u64..6 * HOUR, 0.1f64..30.0), 1..100),
        later in 0u64..30 * HOUR,
        threshold in 1.0f64..90.0,
    ) {
        let mut at = 1_000_000 * HOUR;
        let (mut risk, mut list) = (Risk::default(), Vec::new());
        for (n, (kind, rule, gap, points)) in all.into_iter().enumerate() {
            at += if gap < HOUR { 0 } else { gap };
            list.push(given(n, kind, rule, at, points));
            risk.observe(HALF, list[n].clone());
            if n % 7 == 0 {
                risk = bincode::deserialize(&bincode::serialize(&risk).unwrap()).unwrap();
            }
        }
        let now = at + later;
        let score = risk.score(now);
        prop_assert!((score - expected(&list, now)).abs() < 1e-6, "{} {}", score, expected(&list, now));
        let shares = risk.explain(now);
        let total: f64 = shares.iter().map(|share| share.share).sum();
        prop_assert!((total - score).abs() < 1e-6, "{total} {score}");
        let known = shares.iter().filter_map(|share| share.alert).count();
        prop_assert_eq!(known, list.len().min(GIVEN_MAX));
        match risk.falls_below(threshold, now) {
            None => prop_assert!(score < threshold),
            Some(below) => {
                prop_assert!(below > now && risk.score(below) < threshold);
                prop_assert!(risk.score(below - 1) >= threshold);
            }
        }
    }

    #[test]
    fn alerts_of_one_time_may_come_in_any_order(
        all in prop::collection::vec((0usize..4, 0u64..8, 0.1f64..30.0), 1..40),
    ) {
        let observe = |order: &mut dyn Iterator<Item = (usize, &(usize, u64, f64))>| {
            let mut risk = Risk::default();
            order.for_each(|(n, (kind, rule, points))| {
                risk.observe(HALF, given(n, *kind, *rule, 77 * HOUR, *points));
            });
            risk
        };
        let forward = observe(&mut all.iter().enumerate());
        let backward = observe(&mut all.iter().enumerate().rev());
        prop_assert_eq!(forward.score(78 * HOUR), backward.score(78 * HOUR));
    }

    #[test]
    fn a_progression_is_the_longest_there_is(
        all in prop::collection::vec((0u64..9, prop::collection::vec(0usize..14, 0..3)), 1..14),
    ) {
        let window = 24 * HOUR;
        let mut at = 1_000 * HOUR;
        let (mut progress, mut list) = (Progress::default(), Vec::new());
        for (n, (gap, tactics)) in all.into_iter().enumerate() {
            at += gap * HOUR;
            let tactics: Vec<Tactic> = tactics.into_iter().map(|n| Tactic::ALL[n]).collect();
            progress.observe(window, at, &tactics, n as u128);
            list.push((at, tactics));
            if n % 3 == 0 {
                progress = bincode::deserialize(&bincode::serialize(&progress).unwrap()).unwrap();
            }
            let inside: Vec<_> = list.iter().filter(|(then, _)| at - then < window).collect();
            let want = search(&inside, 0, None);
            let got = progress.longest(window, at);
            prop_assert_eq!(got.len(), want, "{:?}", inside);
            prop_assert!(got.windows(2).all(|w| w[0].tactic < w[1].tactic && w[0].alert < w[1].alert));
            let real = |step: &Step| {
                let (then, tactics) = &list[step.alert as usize];
                *then == step.at && tactics.contains(&step.tactic)
            };
            prop_assert!(got.iter().all(real));
            // It ends when its first step leaves the window, and no later run is as long.
            if want > 0 {
                let until = progress.until(want, window).unwrap();
                prop_assert_eq!(progress.longest(window, until - 1).len(), want);
                prop_assert!(progress.longest(window, until).len() < want);
            }
        }
        prop_assert!(bincode::serialize(&progress).unwrap().len() < 64 << 10);
    }
}

/// The longest progression behind a tactic, tried in all ways.
fn search(alerts: &[&(Ns, Vec<Tactic>)], from: usize, behind: Option<Tactic>) -> usize {
    let mut best = 0;
    for (n, (_, tactics)) in alerts.iter().enumerate().skip(from) {
        for tactic in tactics.iter().filter(|tactic| Some(**tactic) > behind) {
            best = best.max(1 + search(alerts, n + 1, Some(*tactic)));
        }
    }
    best
}

#[test]
fn repetition_is_not_risk_and_several_kinds_are() {
    let score = |all: &[(usize, u64, f64)]| {
        let mut risk = Risk::default();
        for (n, (kind, rule, points)) in all.iter().enumerate() {
            risk.observe(HALF, given(n, *kind, *rule, 900 * HOUR, *points));
        }
        risk.score(900 * HOUR)
    };
    let again = |n: usize, points| score(&vec![(1, 1, points); n]);
    assert!((again(1, 20.0) - 24.2).abs() < 0.1, "{}", again(1, 20.0));
    assert!(again(1_000, 20.0) < 43.0);
    assert!(score(&[(0, 1, 15.0), (0, 2, 15.0), (0, 3, 15.0)]) < 35.0);
    let many = score(&[(0, 1, 15.0), (0, 2, 15.0), (1, 1, 20.0), (2, 1, 10.0)]);
    assert!(many > 50.0, "{many}");
    assert!(score(&[(1, 1, 1e300)]) <= 75.0);
    assert_eq!(score(&[(1, 1, f64::NAN), (1, 1, -5.0)]), 0.0);
}

#[test]
fn bounds_hold_and_the_strongest_stay() {
    let mut risk = Risk::default();
    for n in 0..1_000usize {
        let points = if n == 0 { 90.0 } else { 1.0 + (n % 7) as f64 };
        risk.observe(HALF, given(n, n % 4, n as u64, 900 * HOUR + n as Ns, points));
    }
    assert_eq!(risk.dropped, 1_000 - RULES_MAX as u64);
    let now = 900 * HOUR + 1_000;
    let shares = risk.explain(now);
    assert_eq!(shares.len(), RULES_MAX);
    assert_eq!(shares[0].alert, Some(0));
    assert!(bincode::serialize(&risk).unwrap().len() < 16 << 10);
    let mut one = Risk::default();
    one.observe(HALF, given(0, 0, 1, HOUR, 5.0));
    assert!(bincode::serialize(&one).unwrap().len() <= 200);
    assert!(!one.is_spent(2 * HOUR) && one.is_spent(HOUR + 64 * HALF));
}

#[test]
fn what_is_not_listed_is_shown_as_its_rule_and_another_half_life_keeps_the_worth() {
    let mut risk = Risk::default();
    for n in 0..100 {
        risk.observe(HALF, given(n, 0, 1, 900 * HOUR + n as Ns * SECOND, 15.0));
    }
    let now = 901 * HOUR;
    let shares = risk.explain(now);
    assert_eq!(shares.iter().filter(|share| share.alert.is_none()).count(), 1);
    let older = shares.iter().find(|share| share.alert.is_none()).unwrap();
    let part = older.share / risk.score(now);
    assert!((part - 0.36).abs() < 0.01, "{part}");
    let at = 900 * HOUR + 99 * SECOND;
    let before = risk.score(at);
    risk.observe(HALF / 2, given(100, 1, 9, at, 1e-9));
    assert!((risk.score(at) - before).abs() < 1e-6);
    // Seven half-lives, not three and a half.
    let later = risk.score(at + 14 * HOUR);
    assert!((later / before - 0.44).abs() < 0.03, "{later} {before}");
}

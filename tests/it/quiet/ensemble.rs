//! Every detector, and all of them together, on quiet streams: how many of their judgements are
//! decisions, held against the level that was asked for; and what is put in is found.

use super::feed::{feed, options};
use super::kinds::{found, right};
use super::service::{Kind, Odd, Service};
use super::streams::{BEGIN, MINUTE};
use super::truth::Shape;
use super::{LEVELS, full};
use seerflow_model::Ns;
use seerflow_pipeline::folds::episodes::Windows;
use seerflow_pipeline::views::Decisions;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Judged, and decisions at each level, by detector.
type Pool = BTreeMap<&'static str, (f64, [f64; 2])>;

/// What is counted under these names is discrete and sparse: how rare it can be is in its law, and
/// is held against that by the tests of volume. Here only too many are an error.
const SPARSE: [&str; 4] = ["volume-entity", "volume-template", "volume-source", "bucket"];

/// Decisions of one stream.
fn decisions(service: Service) -> BTreeMap<&'static str, Decisions> {
    let mut options = options(LEVELS[0], 0);
    // Every score is judged, not only those that could matter.
    options.settings.score_min = 0.0;
    let (_, shared) = feed(options, service.lines(Vec::new()));
    shared.views.decisions()
}

fn pool(into: &mut Pool, service: Service) {
    for (name, decisions) in decisions(service) {
        // Of young series only large counts are judged: there is no rate to hold them against.
        if name == "volume-young" {
            continue;
        }
        let hour = BEGIN + 60 * MINUTE;
        let calibrated = if name == "sequence-session" { BEGIN } else { hour };
        assert!(decisions.since >= calibrated, "{name}: {decisions:?}");
        assert!(decisions.first.is_none_or(|first| first >= decisions.since), "{name}");
        let entry = into.entry(name).or_default();
        entry.0 += decisions.judged as f64;
        (0..2).for_each(|at| entry.1[at] += decisions.at_levels[at] as f64);
    }
}

fn report(title: &str, pool: &Pool) {
    println!("{title}");
    for (name, (judged, decided)) in pool {
        let [a, b] = [0, 1].map(|at| decided[at] / (judged * LEVELS[at]).max(1e-9));
        println!("  {name:18} judged {judged:9.0}  1e-2 {a:5.2}  1e-3 {b:5.2}");
    }
}

/// Lines per second, users, hours, seeds.
fn plan() -> &'static [(f64, u64, u64, u64)] {
    if full() {
        &[
            (0.02, 1, 240, 20),
            (0.02, 30, 480, 20),
            (0.3, 0, 48, 20),
            (1.0, 5, 24, 20),
            (3.0, 30, 12, 20),
            (10.0, 1000, 6, 5),
            (100.0, 1000, 4, 1),
        ]
    } else {
        &[(0.02, 30, 480, 2), (0.3, 0, 12, 1), (1.0, 5, 8, 1), (3.0, 30, 4, 1), (10.0, 1000, 2, 1)]
    }
}

fn services(plan: &[(f64, u64, u64, u64)]) -> impl Iterator<Item = Service> + '_ {
    Shape::ALL.into_iter().flat_map(move |shape| {
        plan.iter().flat_map(move |&(per_second, users, hours, seeds)| {
            let minutes = hours * 60;
            (0..seeds).map(move |seed| Service { shape, per_second, users, minutes, seed })
        })
    })
}

/// Whether a rate lies where it should. With few expected, chance gets room.
fn within(decided: f64, expected: f64, sparse: bool) -> bool {
    let room = 3.0 * expected.sqrt();
    let enough = sparse || decided + room >= 0.3 * expected;
    enough && decided <= 3.0 * expected + room.min(10.0)
}

#[test]
fn every_detector_decides_at_the_rate_that_was_asked_for() {
    let mut all = Pool::new();
    let mut by_shape: BTreeMap<String, Pool> = BTreeMap::new();
    for service in services(plan()) {
        let title = format!("{:?} {}/s {} users", service.shape, service.per_second, service.users);
        let mut one = Pool::new();
        pool(&mut one, service);
        for pool in [&mut all, by_shape.entry(title).or_default()] {
            for (name, (judged, decided)) in &one {
                let entry = pool.entry(name).or_default();
                entry.0 += judged;
                (0..2).for_each(|at| entry.1[at] += decided[at]);
            }
        }
    }
    by_shape.iter().for_each(|(title, pool)| report(title, pool));
    report("all", &all);
    let mut wrong = Vec::new();
    for (name, (judged, decided)) in &all {
        for (at, level) in LEVELS.into_iter().enumerate() {
            let expected = judged * level;
            if !within(decided[at], expected, SPARSE.contains(name)) {
                wrong.push(format!("{name} at {level}: {} of {expected}", decided[at]));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    for name in ["content-trees", "content-values", "sequence-order", "event"] {
        assert!(all[name].0 * LEVELS[0] >= 300.0, "{name}: {:?}", all[name]);
    }
}

/// Right after calibration tables are young: no storm then.
#[test]
fn no_storm_follows_calibration() {
    let plan: &[(f64, u64, u64, u64)] =
        if full() { &[(1.0, 5, 2, 20), (5.0, 30, 2, 20)] } else { &[(2.0, 10, 2, 1)] };
    let mut all = Pool::new();
    services(plan).for_each(|service| pool(&mut all, service));
    report("the first hour", &all);
    for (name, (judged, decided)) in &all {
        for (at, level) in LEVELS.into_iter().enumerate() {
            let expected = judged * level;
            let most = 3.0 * expected + 3.0 * expected.sqrt() + 3.0;
            assert!(decided[at] <= most, "{name} at {level}: {} of {expected}", decided[at]);
        }
    }
}

#[test]
fn what_is_put_into_quiet_streams_is_found() {
    let plan: &[(f64, u64, u64, u64)] =
        if full() { &[(1.0, 5, 24, 10), (3.0, 30, 24, 3)] } else { &[(1.0, 5, 13, 1)] };
    for level in LEVELS {
        let mut all = BTreeMap::<&str, [u64; 2]>::new();
        for service in services(plan) {
            let steps = (service.minutes - 300) / 75;
            let odd: Vec<Odd> = (0..steps)
                .map(|n| Odd { kind: Kind::ALL[(n % 6) as usize], from: 300 + 75 * n })
                .collect();
            let mut options = options(level, 0);
            // An alert for each finding: what went on before does not count as found.
            options.settings.windows =
                Arc::new(Windows { default_seconds: 1, overrides: BTreeMap::new() });
            let (alerts, _) = feed(options, service.lines(odd.clone()));
            for odd in &odd {
                let entry = all.entry(right(odd.kind).0).or_default();
                entry[0] += u64::from(alerts.iter().any(|alert| found(alert, odd)));
                entry[1] += 1;
            }
        }
        println!("{level}: {all:?}");
        let [hits, of] =
            all.values().fold([0, 0], |sum, kind| [sum[0] + kind[0], sum[1] + kind[1]]);
        assert!(of >= 25 && 10 * hits >= 9 * of, "{level}: {hits} of {of}: {all:?}");
    }
}

#[test]
fn with_defaults_a_quiet_time_of_people_raises_few_alerts() {
    let (hours, per_second, users) = if full() { (7 * 24, 100.0, 500) } else { (24, 0.8, 20) };
    let shape = Shape::Seasonal;
    let service = Service { shape, per_second, users, minutes: hours * 60, seed: 77 };
    let (alerts, shared) = feed(options(1e-4, 10), service.lines(Vec::new()));
    let mut days = BTreeMap::<Ns, u32>::new();
    let mut rules = BTreeMap::<String, u32>::new();
    for alert in alerts.iter().filter(|alert| alert.revision == 1) {
        *days.entry(alert.timestamp_ns / (1440 * MINUTE)).or_default() += 1;
        *rules.entry(alert.rule_name.clone()).or_default() += 1;
        println!("{}: {}", alert.rule_name, alert.description);
    }
    let held = shared.budget_held.load(std::sync::atomic::Ordering::Relaxed);
    println!("alerts by day {days:?}, by rule {rules:?}, {held} held");
    assert!(days.values().all(|&alerts| alerts <= 15), "{days:?} {rules:?}");
}

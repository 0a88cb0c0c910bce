//! How many events per CPU second correlations take, by type: `correlations [PART OF A NAME]`.
//!
//! Events are made up beforehand: in order, 200 µs apart (1.5 million in the timespan), of 1,000 groups unless said
//! otherwise. The whole way from matched rules to states is run, with look-up of values, keys and
//! timers; matching itself is not. Prints the best of several rounds.

mod common;

use seerflow_model::hash::mix;
use seerflow_model::time::MILLISECOND;
use seerflow_sigma::correlate::Replay;
use seerflow_sigma::{Field, Options, load};

const EVENTS: u64 = 2_000_000;
const ROUNDS: usize = 3;

/// Name, body of the correlation, groups, different values.
const CASES: [(&str, &str, u64, u64); 15] = [
    ("no rule that is wanted", "type: event_count\n  condition: {gte: 10}", 0, 1),
    ("event_count", "type: event_count\n  condition: {gte: 10}", 1_000, 1),
    ("event_count, gte 100000", "type: event_count\n  condition: {gte: 100000}", 1, 1),
    ("event_count, window", "type: event_count\n  condition: {lte: 10}", 1_000, 1),
    ("value_count, 1 value", "type: value_count\n  condition: {field: v, gte: 1000000}", 1, 1),
    (
        "value_count, 1e3 values",
        "type: value_count\n  condition: {field: v, gte: 1000000}",
        1,
        1_000,
    ),
    (
        "value_count, 1e6 values",
        "type: value_count\n  condition: {field: v, gte: 1000000}",
        1,
        1_000_000,
    ),
    (
        "value_count, 1e3 groups",
        "type: value_count\n  condition: {field: v, gte: 100}",
        1_000,
        1_000,
    ),
    ("value_sum", "type: value_sum\n  condition: {field: v, gte: 1000000000}", 1_000, 1_000),
    ("value_avg", "type: value_avg\n  condition: {field: v, gte: 1000000000}", 1_000, 1_000),
    ("value_median", "type: value_median\n  condition: {field: v, gte: 1000000000}", 1_000, 1_000),
    (
        "value_percentile, full",
        "type: value_percentile\n  condition: {field: v, percentile: 95, gte: 1000000000}",
        1,
        1_000,
    ),
    ("temporal", "type: temporal\n  condition: a and b and c", 1_000, 1),
    ("temporal_ordered", "type: temporal_ordered\n  condition: a and b and c", 1_000, 1),
    ("interval_variation", "type: interval_variation\n  condition: {lte: 0.001}", 1_000, 1),
];

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (name, body, groups, values) in CASES.into_iter().filter(|case| case.0.contains(&wanted)) {
        let base = |rule: &str| {
            format!(
                "title: {rule}\nname: {rule}\nlogsource: {{product: x}}\ndetection: {{s: {{k: \
                 {rule}}}, condition: s}}\n---\n"
            )
        };
        let text = ["a", "b", "c", "d"].map(base).concat()
            + &format!(
                "title: t\ncorrelation:\n  rules: [a, b, c]\n  group-by: [g]\n  timespan: 5m\n  {body}\n"
            );
        let loaded = load([("t".into(), text.as_str())], &Options::default());
        assert!(loaded.problems.is_empty(), "{}", loaded.problems[0]);
        let set = loaded.set;
        let fields = [set.field("g"), set.field("v")];
        let texts: Vec<String> =
            (0..values.max(groups).max(1)).map(|n| format!("value-{n}")).collect();
        let numbers: Vec<String> = (0..values).map(|n| n.to_string()).collect();
        let numeric = body.contains("value_") && !body.contains("value_count");
        let mut best = f64::MAX;
        let mut state = 0;
        for _ in 0..ROUNDS {
            let mut replay = Replay::new(set.plan().clone());
            let mut out = Vec::new();
            let start = common::cpu_seconds();
            for n in 0..EVENTS {
                let draw = mix(n);
                let rule = if groups == 0 { 3 } else { (draw >> 60) as u32 % 3 };
                let group = &texts[(draw % groups.max(1)) as usize];
                let pick = (draw >> 20) % values;
                let own = if numeric { &numbers } else { &texts };
                let value = |field: Field| match Some(field) == fields[0] {
                    true => Some(group.as_str()),
                    false => Some(own[pick as usize].as_str()),
                };
                replay.event(n * MILLISECOND / 5, &[rule], value, &(), &mut out);
            }
            best = best.min(common::cpu_seconds() - start);
            state = replay.groups();
        }
        println!(
            "{name:26} {:>10.0} events per CPU second, {:.2} µs each, {state} groups",
            EVENTS as f64 / best,
            best / EVENTS as f64 * 1e6,
        );
    }
}

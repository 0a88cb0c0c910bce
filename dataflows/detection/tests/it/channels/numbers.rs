//! Numbers of a slot in event time: quiet courses keep the rate, and breaks are found.

use super::{Meter, Pool, normal};
use crate::chain::effort;
use crate::streams::Rng;
use seerflow_detection::values::{Value, ValueConfig, ValueModel};

const MINUTE: u64 = 60_000_000_000;

/// The next number, from the last one and the sine of the day.
type Number = fn(&mut Rng, f64, f64) -> f64;

/// Quiet courses, with decimals, and the size of a shift and of a spike that stick out.
const COURSES: [(&str, Number, usize, f64); 8] = [
    ("normal", |rng, _, _| 50.0 + 10.0 * normal(rng), 2, 50.0),
    (
        "heavy tails",
        |rng, _, _| {
            let square: f64 = (0..3).map(|_| normal(rng).powi(2)).sum();
            50.0 + 5.0 * normal(rng) / (square / 3.0).sqrt()
        },
        2,
        400.0,
    ),
    ("with memory", |rng, last, _| 50.0 + 0.9 * (last - 50.0) + 3.0 * normal(rng), 2, 45.0),
    ("a day's sine", |rng, _, day| 100.0 + 50.0 * day + 5.0 * normal(rng), 2, 60.0),
    ("integers", |rng, _, _| (5.0 + 2.0 * normal(rng)).round(), 0, 14.0),
    (
        "mostly nothing",
        |rng, _, _| {
            if rng.below(20) == 0 { -100.0 * rng.uniform().ln() } else { 0.0 }
        },
        1,
        2500.0,
    ),
    ("two sources", |rng, _, _| [10.0, 90.0][rng.below(2) as usize] + normal(rng), 2, 200.0),
    ("constant", |_, _, _| 42.0, 0, 20.0),
];

fn score(model: &mut ValueModel, at: u64, number: f64, decimals: usize) -> Option<f64> {
    let value = Value::of(&format!("{number:.decimals$}"));
    model.observe(&ValueConfig::default(), at, &value).map(|score| score.surprise)
}

#[test]
fn courses_keep_their_rate_and_breaks_are_seen() {
    for gap in [MINUTE, MINUTE / 12] {
        for (name, draw, decimals, step) in COURSES {
            let (mut pool, seeds) = (Pool::default(), effort(4, 20));
            let mut seen = 0;
            for seed in 0..seeds {
                let mut rng = Rng(seed * 53 + 19);
                let (mut model, mut meter) = (ValueModel::default(), Meter::default());
                let events = effort(20_000, 60_000);
                let mut last = 50.0;
                let mut next = |rng: &mut Rng, n: u64| {
                    let day = (n * gap % (1440 * MINUTE)) as f64 / (1440 * MINUTE) as f64;
                    last = draw(rng, last, (std::f64::consts::TAU * day).sin());
                    last
                };
                for n in 0..events {
                    let number = next(&mut rng, n);
                    if let Some(nats) = score(&mut model, n * gap, number, decimals) {
                        meter.offer(nats);
                    }
                }
                pool.add(&meter);
                let mut found = false;
                for n in events..events + 40 {
                    let number = next(&mut rng, n) + step;
                    let nats = score(&mut model, n * gap, number, decimals);
                    found |= nats.and_then(|nats| meter.p(nats)).is_some_and(|p| p <= 1e-4);
                }
                seen += u64::from(found);
            }
            // A constant has no tail; where nothing is usual a bar is seldom passed at 1e-2.
            let least = if matches!(name, "constant" | "mostly nothing") { 0.0 } else { 0.3 };
            pool.check(name, least);
            assert!(10 * seen >= 9 * seeds, "{name}: {seen} of {seeds}");
        }
    }
}

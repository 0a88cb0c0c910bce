//! Quiet streams: decisions come at the rate that was asked for, once calibrated, none before.

use crate::chain::{Chain, effort};
use crate::streams::{HELD_OUT, KNOWN, Shape};
use seerflow_detection::SeriesKind;

const LEVELS: [f64; 2] = [1e-2, 1e-3];

/// Realised and expected decisions of one stream, per level.
fn rates(shape: Shape, per_second: f64, entities: usize, seed: u64, days: u64) -> [[f64; 2]; 2] {
    let kind = if entities == 1 { SeriesKind::Source } else { SeriesKind::Entity };
    let mut chain = Chain::new(shape, kind, per_second, entities, seed);
    let mut rates = [[0.0; 2]; 2];
    // Expected per hour; the truth has no other phase.
    let hours = if shape == Shape::Weekly { 168 } else { 24 };
    let expected: Vec<[f64; 2]> = (0..hours)
        .map(|hour| LEVELS.map(|level| chain.attainable(level, hour * 60 + 30)))
        .collect();
    let start = 20_000 * 1440 + seed * 97;
    for bucket in start..start + days * 1440 {
        let ready = chain.calibrated();
        let mut realised = [0.0; 2];
        chain.step(
            bucket,
            |_, count| count,
            |decision| {
                for (at, level) in LEVELS.into_iter().enumerate() {
                    realised[at] += f64::from(u8::from(decision.p <= level));
                }
            },
        );
        if !ready {
            assert_eq!(realised, [0.0; 2], "a decision before calibration");
            continue;
        }
        for at in 0..2 {
            rates[at][0] += realised[at];
            rates[at][1] += expected[(bucket / 60 % hours) as usize][at];
        }
    }
    rates
}

/// Streams of a few entities: events per second, entities, days.
const FEW: [(f64, usize, u64); 6] =
    [(0.1, 1, 3), (1.0, 1, 3), (10.0, 1, 3), (100.0, 1, 3), (1.0, 5, 2), (10.0, 30, 1)];
/// Streams of many.
const MANY: [(f64, usize); 3] = [(10.0, 200), (100.0, 1000), (1.0, 1000)];

/// All streams of some shapes, by parity of the seed, and in sum.
fn pooled(shapes: [Shape; 3], seeds: u64) -> [[[f64; 2]; 2]; 3] {
    let mut pooled = [[[0.0; 2]; 2]; 3];
    for shape in shapes {
        let mut by_shape = [[0.0; 2]; 2];
        for (per_second, entities, days) in FEW {
            let mut stream = [[0.0; 2]; 2];
            for seed in 0..seeds {
                let rates = rates(shape, per_second, entities, seed, effort(days, 3 * days));
                add(&mut pooled[(seed % 2) as usize], rates);
                add(&mut stream, rates);
            }
            report(&format!("{shape:?} {per_second}/s {entities}"), &stream);
            add(&mut by_shape, stream);
        }
        for (per_second, entities) in MANY {
            let stream = rates(shape, per_second, entities, 3, effort(1, 5));
            report(&format!("{shape:?} {per_second}/s {entities}"), &stream);
            add(&mut by_shape, stream);
            add(&mut pooled[1], stream);
        }
        report(&format!("{shape:?} all"), &by_shape);
        add(&mut pooled[2], by_shape);
    }
    report("even seeds", &pooled[0]);
    report("odd seeds", &pooled[1]);
    report("pooled", &pooled[2]);
    pooled
}

fn judge(rates: [[f64; 2]; 2]) {
    for [realised, expected] in rates {
        assert!(expected >= 300.0);
        let ratio = realised / expected;
        assert!((0.3..=3.0).contains(&ratio), "{ratio}: {realised} of {expected}");
    }
}

#[test]
fn quiet_streams_keep_the_rate_that_was_asked_for() {
    judge(pooled(KNOWN, effort(20, 60))[2]);
}

#[test]
fn so_do_streams_of_shapes_that_nothing_was_chosen_on() {
    judge(pooled(HELD_OUT, effort(6, 30))[2]);
}

fn add(to: &mut [[f64; 2]; 2], from: [[f64; 2]; 2]) {
    for at in 0..2 {
        to[at][0] += from[at][0];
        to[at][1] += from[at][1];
    }
}

fn report(name: &str, rates: &[[f64; 2]; 2]) {
    let [a, b] = rates.map(|[realised, expected]| (realised / expected, expected));
    println!("{name}: 1e-2 {:.2} of {:.0}; 1e-3 {:.2} of {:.0}", a.0, a.1, b.0, b.1);
}

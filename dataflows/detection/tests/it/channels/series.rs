//! Channels of series: change and spread.

use super::{Meter, Pool, normal, zipf};
use crate::chain::effort;
use crate::streams::Rng;
use seerflow_detection::cusum::{Cusum, CusumConfig};
use seerflow_detection::spread::{Spread, SpreadConfig};

type Residual = fn(&mut Rng, f64) -> f64;

/// Standardised residuals, some of them not normal.
const RESIDUALS: [(&str, Residual); 6] = [
    ("normal", |rng, _| normal(rng)),
    ("even", |rng, _| (rng.uniform() - 0.5) * 12f64.sqrt()),
    ("Poisson", |rng, _| (rng.poisson(5.0) as f64 - 5.0) / 5f64.sqrt()),
    ("skewed", |rng, _| -rng.uniform().ln() - 1.0),
    ("heavy", |rng, _| normal(rng) * if rng.below(10) == 0 { 2.3 } else { 0.72 }),
    ("with memory", |rng, last| 0.3 * last + 0.954 * normal(rng)),
];

#[test]
fn change_keeps_its_rate_and_sees() {
    // The bar is the calibrator's, not the constant threshold.
    let config = CusumConfig { threshold: 1e9, ..CusumConfig::default() };
    for (name, draw) in RESIDUALS {
        let mut pool = Pool::default();
        let (mut seen, seeds) = (0, effort(4, 20));
        for seed in 0..seeds {
            let mut rng = Rng(seed * 31 + 7);
            let (mut cusum, mut meter) = (Cusum::default(), Meter::default());
            let mut last = 0.0;
            for at in 0..effort(60_000, 150_000) {
                last = draw(&mut rng, last);
                // One sample, and one decision, per run away from zero.
                if let Some(nats) = cusum.step(&config, at, last).ended {
                    meter.offer(nats);
                }
            }
            pool.add(&meter);
            let shift = (0..40).find_map(|at| {
                last = draw(&mut rng, last);
                let score = cusum.step(&config, at, last + 1.5).score?;
                meter.p(score).filter(|&p| p <= 1e-3)
            });
            seen += u64::from(shift.is_some());
        }
        pool.check(name, 0.3);
        assert!(10 * seen >= 9 * seeds, "{name}: {seen} of {seeds}");
    }
}

type Partners = fn(&mut Rng, u64) -> Vec<u64>;

/// Whom an entity meets in a bucket.
const HABITS: [(&str, Partners); 6] = [
    ("a few of a few", |rng, _| (0..rng.below(4)).map(|_| rng.below(9)).collect()),
    ("Poisson, many", |rng, _| (0..rng.poisson(20.0)).map(|_| rng.below(5000)).collect()),
    ("Poisson, Zipf's law", |rng, _| (0..rng.poisson(12.0)).map(|_| zipf(rng, 1e4)).collect()),
    ("mostly silent", |rng, _| {
        (0..if rng.below(4) == 0 { rng.poisson(3.0) } else { 0 }).map(|_| rng.below(50)).collect()
    }),
    ("negative binomial", |rng, _| {
        let rate = 5.0 * rng.gamma(2.0);
        (0..rng.poisson(rate)).map(|_| rng.below(10_000)).collect()
    }),
    ("always the same", |_, _| (0..6).collect()),
];

#[test]
fn spread_keeps_its_rate_and_sees() {
    let config = SpreadConfig::default();
    for (name, draw) in HABITS {
        let mut pool = Pool::default();
        let (mut seen, seeds) = (0, effort(4, 20));
        for seed in 0..seeds {
            let mut rng = Rng(seed * 37 + 5);
            let (mut spread, mut meter) = (Spread::default(), Meter::default());
            let buckets = effort(10_000, 40_000);
            for bucket in 0..buckets {
                draw(&mut rng, bucket).into_iter().for_each(|who| spread.observe(bucket, who));
                if let Some(score) = spread.close(&config, bucket) {
                    meter.offer(score.upper);
                }
            }
            pool.add(&meter);
            (0..200).for_each(|who| spread.observe(buckets, 1_000_000 + who));
            let score = spread.close(&config, buckets).unwrap();
            seen += u64::from(meter.p(score.upper).is_some_and(|p| p <= 1e-3));
        }
        pool.check(name, 0.0);
        assert!(10 * seen >= 9 * seeds, "{name}: {seen} of {seeds}");
    }
}

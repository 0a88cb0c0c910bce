//! The same quiet streams with anomalies in them: at least nine of ten are found.

use crate::chain::{Chain, effort};
use crate::streams::{Rng, Shape};
use seerflow_detection::{SeriesKind, Side};

/// Injects one anomaly in about 500 buckets after calibration; how many were found of how many,
/// for ten times the count, and for three times the rate over ten buckets.
fn found(shape: Shape, per_second: f64, entities: usize, seed: u64, level: f64) -> [[u64; 2]; 2] {
    let kind = if entities == 1 { SeriesKind::Source } else { SeriesKind::Entity };
    let mut chain = Chain::new(shape, kind, per_second, entities, seed);
    let mut pick = Rng(seed ^ 0xF00D);
    let mut score = [[0; 2]; 2];
    let start = 20_000 * 1440 + 300;
    let (mut now, mut hit, mut began) = (None, false, start + 180);
    for bucket in start..start + 4 * 1440 {
        if now.is_none() && bucket > began + 400 + pick.below(200) {
            began = bucket;
            let lasting = pick.below(2) == 1;
            let many: Vec<usize> =
                (0..entities).filter(|&i| shape.busy_mean(chain.means[i], bucket) >= 5.0).collect();
            now = Some(if lasting && !many.is_empty() {
                (many[pick.below(many.len() as u64) as usize], 10)
            } else {
                (pick.below(entities as u64) as usize, 1)
            });
            hit = false;
        }
        let turn = bucket.saturating_sub(began);
        let means = chain.means.clone();
        let active = now.filter(|&(_, length)| turn < length);
        let inject = |index: usize, count: u64| match active {
            Some((at, 1)) if at == index => (10 * count).max((10.0 * means[at].max(1.0)) as u64),
            Some((at, _)) if at == index => 3 * count,
            _ => count,
        };
        chain.step(bucket, inject, |decision| {
            let right = active.is_some_and(|(at, _)| at == decision.series);
            hit |= right && decision.side == Side::Upper && decision.p <= level;
        });
        if let Some((_, length)) = now.filter(|&(_, length)| turn == length) {
            let kind = usize::from(length > 1);
            score[kind][0] += u64::from(hit);
            score[kind][1] += 1;
            now = None;
        }
    }
    score
}

#[test]
fn injected_anomalies_are_found() {
    let mut total = Vec::new();
    for level in [1e-2, 1e-3] {
        let mut all = [[0; 2]; 2];
        for shape in [Shape::Poisson, Shape::Seasonal, Shape::ZeroInflated] {
            for (per_second, entities) in [(0.1, 1), (1.0, 1), (100.0, 1), (1.0, 5), (10.0, 100)] {
                let mut stream = [[0; 2]; 2];
                let seeds = if entities > 10 { 1 } else { effort(2, 10) };
                for seed in 0..seeds {
                    let score = found(shape, per_second, entities, seed, level);
                    (0..2).for_each(|k| (0..2).for_each(|n| stream[k][n] += score[k][n]));
                }
                println!("{level} {shape:?} {per_second}/s {entities}: {stream:?}");
                (0..2).for_each(|k| (0..2).for_each(|n| all[k][n] += stream[k][n]));
            }
        }
        println!("{level}: {all:?}");
        total.push((level, all));
    }
    for (level, all) in total {
        for [hits, of] in all {
            assert!(of > 50 && hits * 10 >= of * 9, "{level}: {hits} of {of}");
        }
    }
}

//! What the hot calls cost; figures are printed, and only gross slowness fails.

#![allow(clippy::disallowed_methods, reason = "a measurement looks at the clock")]

use crate::streams::{Rng, Shape};
use seerflow_detection::cusum::{Cusum, CusumConfig};
use seerflow_detection::sequence::{Chain, SequenceConfig, Walk};
use seerflow_detection::spread::Spread;
use seerflow_detection::*;
use seerflow_model::{ParamKind, hash::mix};
use std::time::Instant;

fn per_call(name: &str, calls: u64, mut call: impl FnMut(u64)) -> f64 {
    let begin = Instant::now();
    (0..calls).for_each(&mut call);
    let ns = begin.elapsed().as_nanos() as f64 / calls as f64;
    println!("{name}: {ns:.0} ns");
    ns
}

#[test]
fn calls_are_cheap() {
    let config = VolumeConfig::default();
    let mut worst: f64 = 0.0;
    for (shape, mean) in [
        (Shape::Poisson, 0.5),
        (Shape::Poisson, 5.0),
        (Shape::Poisson, 60.0),
        (Shape::Seasonal, 6000.0),
        (Shape::ZeroInflated, 60.0),
    ] {
        let mut rng = Rng(5);
        let counts: Vec<u64> = (0..20_000).map(|b| shape.draw(&mut rng, mean, b)).collect();
        let mut series = Series::new(SeriesKind::Entity);
        let name = format!("Series::close, {shape:?} mean {mean}");
        let mut sum = 0.0;
        let ns = per_call(&name, 20_000, |bucket| {
            let raw = series.close(&config, bucket, counts[bucket as usize]);
            sum += raw.map_or(0.0, |raw| raw.upper);
        });
        assert!(sum > 0.0);
        worst = worst.max(ns);
    }
    let novelty = NoveltyConfig::default();
    for distinct in [8u64, 500] {
        let mut slots = Slots::default();
        let mut found = 0;
        let name = format!("Slots::observe, {distinct} values");
        worst = worst.max(per_call(&name, 200_000, |n| {
            let value = mix((mix(n) % distinct) * (mix(n ^ 77) % 3));
            found += u32::from(slots.observe(&novelty, 0, ParamKind::Any, value).is_some());
        }));
        assert!(!slots.open(0) && found < 2000, "{found}");
    }
    let mut regular = Regular::new();
    let silence = SilenceConfig::default();
    per_call("Regular::close", 100_000, |bucket| {
        assert_eq!(regular.close(&silence, bucket, 5), None);
    });
    assert!(worst < 20_000.0, "{worst}");
}

/// A cold entity: seen a few times, so nothing of its own but counts and its last symbols.
#[test]
fn a_cold_entity_costs_little() {
    let (mut walk, mut spread, mut cusum) = (Walk::default(), Spread::default(), Cusum::default());
    let (mut fresh, mut peers) = (Chain::default(), Chain::default());
    (0..200).for_each(|n| peers.learn([n % 7, (n + 1) % 7], (n + 2) % 7));
    for n in 0..5u64 {
        walk.observe(&SequenceConfig::default(), &peers, &mut fresh, n, 100 + n);
        spread.observe(7, n % 2);
        cusum.step(&CusumConfig::default(), n, 0.3);
    }
    let sizes = [
        size_of::<Walk>() + walk.heap_bytes(),
        size_of::<Spread>() + spread.heap_bytes(),
        size_of::<Cusum>(),
    ];
    println!("Walk {}, Spread {}, Cusum {} bytes", sizes[0], sizes[1], sizes[2]);
    // Order is followed for every entity, spread and change only where there is a series.
    assert!(sizes[0] <= 120 && sizes.iter().sum::<usize>() <= 600, "{sizes:?}");
}

#[test]
fn states_are_small() {
    assert!(size_of::<Series>() <= 300, "{}", size_of::<Series>());
    assert!(size_of::<Regular>() <= 128, "{}", size_of::<Regular>());
    let config = VolumeConfig::default();
    let mut series = Series::new(SeriesKind::Source);
    for bucket in 0..3000 {
        series.close(&config, bucket, 500 + mix(bucket) % 50);
    }
    let encoded = bincode::serialize(&series).unwrap();
    println!("Series: {} bytes cold, {} with a season", size_of::<Series>(), encoded.len());
    assert!(encoded.len() <= 1024);
    let mut restored: Series = bincode::deserialize(&encoded).unwrap();
    assert_eq!(restored.close(&config, 3000, 900), series.close(&config, 3000, 900));
}

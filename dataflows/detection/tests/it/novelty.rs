//! Never-seen templates and values on populations with light and heavy tails.

use crate::chain::effort;
use crate::streams::Rng;
use seerflow_detection::*;
use seerflow_model::{ParamKind, hash::mix};
use std::collections::HashMap;

/// Index drawn with P(k) ∝ about k^-exponent; `limit` bounds the population.
fn zipf(rng: &mut Rng, exponent: f64, limit: u64) -> u64 {
    let drawn = rng.uniform().powf(-1.0 / (exponent - 1.0));
    if drawn < limit as f64 { drawn as u64 } else { rng.below(limit) }
}

/// Realised and expected decisions per level for `events` templates of a population.
fn templates(
    (exponent, limit): (f64, u64),
    seed: u64,
    events: u64,
    levels: &[f64],
    rates: &mut [[f64; 2]],
) {
    let config = NoveltyConfig::default();
    let mut rng = Rng(seed * 7919 + limit);
    let mut newness = Newness::default();
    let mut counts: HashMap<(u64, u64), u64> = HashMap::new();
    let mut deltas = [[0i64; 2]; 4];
    for n in 0..events {
        let template = zipf(&mut rng, exponent, limit);
        let namespace = mix(template) % 4;
        let entry = counts.entry((namespace, template)).or_default();
        let new = *entry == 0;
        *entry += 1;
        deltas[namespace as usize][0] += 1;
        deltas[namespace as usize][1] += i64::from(*entry == 1) - i64::from(*entry == 2);
        if newness.progress(&config).0 == 1000 {
            let p = newness.probability(&config, namespace);
            for (rate, level) in rates.iter_mut().zip(levels) {
                rate[1] += if p <= *level { p } else { 0.0 };
            }
        }
        if new {
            let found = newness.found(&config, namespace);
            assert_eq!(found.is_some(), newness.progress(&config).0 == 1000);
            for (rate, level) in rates.iter_mut().zip(levels) {
                rate[0] += f64::from(u8::from(found.is_some_and(|p| p <= *level)));
            }
        }
        if n % 50 == 0 {
            for (namespace, delta) in deltas.iter_mut().enumerate() {
                newness.observe(namespace as u64, delta[0] as u64, delta[1]);
                *delta = [0, 0];
            }
        }
    }
}

#[test]
fn never_seen_templates_keep_the_rate_they_claim() {
    let levels = [1e-2, 1e-3];
    let mut pooled = [[0.0; 2]; 2];
    for (exponent, limit) in [(2.0, 1_000_000), (1.7, 1_000_000), (3.0, 100_000), (4.0, 100_000)] {
        let mut rates = [[0.0; 2]; 2];
        for seed in 0..effort(20, 40) {
            let events = effort(60_000, 400_000);
            templates((exponent, limit), seed, events, &levels, &mut rates);
        }
        println!("templates, exponent {exponent} of {limit}: {rates:?}");
        (0..2).for_each(|at| (0..2).for_each(|n| pooled[at][n] += rates[at][n]));
    }
    for ([realised, expected], level) in pooled.into_iter().zip(levels) {
        println!("templates {level}: {:.2} of {expected:.0}", realised / expected);
        assert!(expected >= 300.0 && (0.3..=3.0).contains(&(realised / expected)));
    }
}

/// The first hour of an installation at the risk level of the defaults: what is told of so early
/// is no more than what the estimate claims. It falls with what was seen, not with time, so about
/// half a message is told of each time that the number of events becomes e times as many.
#[test]
fn an_installation_is_told_of_as_many_new_templates_as_is_claimed() {
    let mut pooled = [[0.0; 2]];
    for population in [(3.0, 100_000), (4.0, 100_000), (5.0, 100_000)] {
        let mut rates = [[0.0; 2]];
        for seed in 0..effort(100, 600) {
            templates(population, 1000 + seed, 15_000, &[1e-4], &mut rates);
        }
        let [[realised, expected]] = rates;
        println!("young, exponent {}: {realised} of {expected:.0}", population.0);
        pooled[0][0] += realised;
        pooled[0][1] += expected;
    }
    let [[realised, expected]] = pooled;
    assert!(expected >= 30.0 && (0.3..=3.0).contains(&(realised / expected)), "{pooled:?}");
}

#[test]
fn never_seen_values_keep_the_rate_they_claim_and_new_ones_are_found() {
    let config = NoveltyConfig::default();
    let levels = [1e-2, 1e-3];
    let mut rates = [[0.0; 2]; 2];
    let (mut hits, mut injected) = (0, 0);
    for (exponent, limit) in
        [(3.0, 20u64), (1.6, 400), (2.2, 1_000_000), (3.0, 1_000_000), (4.0, 1_000_000)]
    {
        for seed in 0..effort(40, 80) {
            let mut rng = Rng(seed * 104_729 + limit);
            let mut slots = Slots::default();
            let mut claimed = 0.0;
            for n in 0..effort(30_000, 200_000) {
                let value = mix(zipf(&mut rng, exponent, limit));
                if n >= 5_000 && n % 5_000 == 2_500 && limit == 20 {
                    let found = slots.observe(&config, 0, ParamKind::Any, mix(n ^ 1 << 50));
                    injected += 1;
                    hits += u32::from(found.is_some_and(|v| v.probability <= 1e-2));
                }
                if let Some(p) = slots.chance(&config, 0) {
                    claimed = p;
                    for (rate, level) in rates.iter_mut().zip(levels) {
                        rate[1] += if claimed <= level { claimed } else { 0.0 };
                    }
                }
                if let Some(found) = slots.observe(&config, 0, ParamKind::Any, value) {
                    assert!(n >= 1000);
                    assert_eq!(found.probability, claimed);
                    for (rate, level) in rates.iter_mut().zip(levels) {
                        rate[0] += f64::from(u8::from(found.probability <= level));
                    }
                }
            }
        }
    }
    for ([realised, expected], level) in rates.into_iter().zip(levels) {
        println!("values {level}: {:.2} of {expected:.0}", realised / expected);
        assert!(expected >= 300.0 && (0.3..=3.0).contains(&(realised / expected)));
    }
    println!("values found: {hits} of {injected}");
    assert!(hits * 10 >= injected * 9);
}

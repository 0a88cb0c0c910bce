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
    draw: impl Fn(&mut Rng) -> u64,
    mut rng: Rng,
    events: u64,
    levels: &[f64],
    rates: &mut [[f64; 2]],
) {
    let config = NoveltyConfig::default();
    let mut newness = Newness::default();
    let mut counts: HashMap<(u64, u64), u64> = HashMap::new();
    let mut deltas = [[0i64; 2]; 4];
    for n in 0..events {
        let template = draw(&mut rng);
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
            let draw = |rng: &mut Rng| zipf(rng, exponent, limit);
            let (rng, events) = (Rng(seed * 7919 + limit), effort(60_000, 400_000));
            templates(draw, rng, events, &levels, &mut rates);
        }
        println!("templates, exponent {exponent} of {limit}: {rates:?}");
        (0..2).for_each(|at| (0..2).for_each(|n| pooled[at][n] += rates[at][n]));
    }
    for ([realised, expected], level) in pooled.into_iter().zip(levels) {
        println!("templates {level}: {:.2} of {expected:.0}", realised / expected);
        assert!(expected >= 300.0 && (0.3..=3.0).contains(&(realised / expected)));
    }
}

/// A world of lines: kinds with a rate each, a sixth of the rarer ones in clusters.
struct World {
    rng: Rng,
    /// Clusters per minute and lines in each.
    kinds: Vec<(f64, u64)>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut rng = Rng(seed ^ 0xBABE);
        let per_second = 20f64.powf(rng.uniform());
        let slope = 0.6 + 0.7 * rng.uniform();
        let kinds = 20 + rng.below(101);
        let weights: Vec<f64> = (0..kinds).map(|k| (1.0 + k as f64).powf(-slope)).collect();
        let sum: f64 = weights.iter().sum();
        let kinds = weights
            .iter()
            .map(|weight| {
                let rate = per_second * weight / sum;
                let clusters = rate < per_second / 50.0 && rng.below(6) == 0;
                let size = if clusters { 3 + rng.below(23) } else { 1 };
                // None is rarer than once in ten minutes.
                (60.0 * (rate / size as f64).max(1.0 / 600.0), size)
            })
            .collect();
        World { rng, kinds }
    }

    /// The lines of a minute, by kind, in any order.
    fn minute(&mut self) -> Vec<u64> {
        let mut clusters: Vec<(u64, u64)> = Vec::new();
        for (kind, &(rate, size)) in self.kinds.iter().enumerate() {
            let count = self.rng.poisson(rate);
            clusters.extend((0..count).map(|_| (kind as u64, size)));
        }
        for at in (1..clusters.len()).rev() {
            clusters.swap(at, self.rng.below(at as u64 + 1) as usize);
        }
        let lines = |(kind, size): (u64, u64)| (0..size).map(move |_| kind);
        clusters.into_iter().flat_map(lines).collect()
    }
}

/// New kinds that are told of in the first 75 minutes at the risk level of the defaults, and how
/// many are claimed, with the number of kinds seen in one minute only or in one line only.
fn young(seed: u64, by_minute: bool) -> [f64; 2] {
    const LEVEL: f64 = 1e-4;
    let (config, mut world) = (NoveltyConfig::default(), World::new(seed));
    let mut newness = Newness::default();
    let mut seen: HashMap<u64, (u64, Sighted)> = HashMap::new();
    let mut sum = [0.0; 2];
    for minute in 0..75u64 {
        let lines = world.minute();
        // Ticks of a few lines: what a tick brings counts from the next on.
        for tick in lines.chunks(8) {
            let mut singles = 0;
            let ready = newness.progress(&config).0 == 1000;
            for kind in tick {
                let p = newness.probability(&config, 1);
                let counts = ready && p <= LEVEL;
                sum[1] += if counts { p } else { 0.0 };
                let at = minute * 60_000_000_000;
                let new = !seen.contains_key(kind);
                let (times, sighted) = seen.entry(*kind).or_insert((0, Sighted::first(at)));
                let spread = sighted.again(at);
                *times += 1;
                singles += i64::from(new);
                singles -= i64::from(if by_minute { spread } else { *times == 2 });
                if new {
                    newness.found(&config, 1);
                    sum[0] += f64::from(u8::from(counts));
                }
            }
            newness.observe(1, tick.len() as u64, singles);
        }
    }
    sum
}

#[test]
fn a_young_installation_is_told_of_no_more_new_templates_than_is_claimed() {
    let mut sums = [[0.0; 2]; 2];
    let seeds = effort(40, 400);
    for seed in 0..seeds {
        for (sum, by_minute) in sums.iter_mut().zip([false, true]) {
            let young = young(seed, by_minute);
            (0..2).for_each(|n| sum[n] += young[n]);
        }
    }
    let [by_line, by_minute] = sums;
    println!("young, {seeds} seeds: told and claimed by line {by_line:?}, by minute {by_minute:?}");
    let [told, claimed] = by_minute;
    assert!(told <= 3.0 * (claimed + claimed.sqrt()) && 2.0 * told <= by_line[0]);
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

//! An installation 70 minutes old, with defaults: quiet hours stay quiet, and a burst, a flood on
//! one template and a host that falls silent are found.

use crate::chain::Chain;
use crate::streams::{Rng, Shape};
use seerflow_detection::*;

const MINUTE_NS: u64 = 60_000_000_000;
const SEEDS: u64 = 30;

#[derive(Clone, Copy, Default)]
struct Outcome {
    false_alerts: u32,
    false_silences: u32,
    burst: bool,
    silence: bool,
}

/// Two hours; from minute 100 host 0 bursts for three minutes (if `staged`), from minute 90 host
/// 1 says nothing.
fn run(seed: u64, staged: bool) -> Outcome {
    let shape = [Shape::Poisson, Shape::Seasonal][seed as usize % 2];
    let per_second = 1.0 + Rng(seed).uniform() * 5.0;
    let hosts = 3 + seed as usize % 3;
    let mut groups = [
        Chain::new(shape, SeriesKind::Source, per_second, 1, seed),
        Chain::new(shape, SeriesKind::Host, per_second, hosts, seed + 1000),
        Chain::new(shape, SeriesKind::Template, per_second, 20, seed + 2000),
        Chain::new(shape, SeriesKind::Entity, per_second, 40, seed + 3000),
    ];
    let mut regular: Vec<Regular> = (0..hosts).map(|_| Regular::new()).collect();
    let (config, silence) = (BudgetConfig::default(), SilenceConfig::default());
    let mut budget = Budget::default();
    let mut outcome = Outcome::default();
    let start = 20_000 * 1440 + 400;
    for bucket in start..start + 130 {
        let minute = bucket - start;
        let mut candidates = Vec::new();
        for (group, chain) in groups.iter_mut().enumerate() {
            let mean = chain.means[0];
            let inject = |index: usize, count: u64| {
                let count = match (staged, group, index, minute) {
                    (true, 1, 0, 100..103) => count + (6.0 * mean) as u64,
                    (true, 1, 1, 90..) => 0,
                    _ => count,
                };
                if group == 1
                    && let Some(found) = regular[index].close(&silence, bucket, count)
                {
                    candidates.push((found.probability, 9, index));
                }
                count
            };
            let mut decisions = Vec::new();
            chain.step(bucket, inject, |d| decisions.push((d.p, group, d.series)));
            candidates.extend(decisions);
        }
        for (p, group, index) in candidates {
            let kind = if group == 9 { BudgetKind::Silence } else { BudgetKind::Rate };
            if p > 10.0 * config.risk_level
                || budget.admit(&config, kind, bucket * MINUTE_NS, p) == Verdict::Held
            {
                continue;
            }
            match (staged, group, index, minute) {
                (true, 1, 0, 100..103) => outcome.burst = true,
                (true, 9, 1, 90..) => outcome.silence = true,
                (true, 1, 1, 90..) => {}
                (_, 9, ..) => outcome.false_silences += 1,
                _ => outcome.false_alerts += 1,
            }
        }
    }
    outcome
}

#[test]
fn a_young_installation_is_quiet_and_sees() {
    let quiet: Vec<Outcome> = (0..SEEDS).map(|seed| run(seed, false)).collect();
    let alerts: u32 = quiet.iter().map(|o| o.false_alerts).sum();
    let silences: u32 = quiet.iter().map(|o| o.false_silences).sum();
    let staged: Vec<Outcome> = (0..SEEDS).map(|seed| run(seed + 100, true)).collect();
    let bursts = staged.iter().filter(|o| o.burst).count();
    let silent = staged.iter().filter(|o| o.silence).count();
    println!(
        "quiet: {alerts} alerts, {silences} silences; found {bursts} bursts, {silent} silences"
    );
    assert!(alerts <= 12 && silences == 0, "{alerts} {silences}");
    assert!(bursts >= 28 && silent >= 28, "{bursts} {silent}");
}

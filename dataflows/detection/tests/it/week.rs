//! A quiet week at 100 events per second with defaults: the budget of alerts holds.

use crate::chain::{Chain, effort};
use crate::streams::Shape;
use seerflow_detection::*;

const MINUTE_NS: u64 = 60_000_000_000;

#[test]
fn a_quiet_week_raises_few_alerts() {
    for seed in 0..effort(1, 5) {
        let shape = [Shape::Seasonal, Shape::Poisson, Shape::ZeroInflated][seed as usize % 3];
        let mut groups = [
            Chain::new(shape, SeriesKind::Source, 100.0, 1, seed),
            Chain::new(shape, SeriesKind::Host, 100.0, 20, seed + 1),
            Chain::new(shape, SeriesKind::Template, 100.0, 100, seed + 2),
            Chain::new(shape, SeriesKind::Entity, 100.0, 400, seed + 3),
        ];
        let mut silences: Vec<Regular> = (0..20).map(|_| Regular::new()).collect();
        let silence = SilenceConfig::default();
        let config = BudgetConfig::default();
        let mut budget = Budget::default();
        let mut days = [0u32; 7];
        let start = 20_000 * 1440;
        for bucket in start..start + 7 * 1440 {
            let mut candidates = Vec::new();
            for (group, chain) in groups.iter_mut().enumerate() {
                let inject = |index: usize, count: u64| {
                    if group == 1 {
                        let found = silences[index].close(&silence, bucket, count);
                        candidates.extend(found.map(|s| s.probability));
                    }
                    count
                };
                let mut decisions = Vec::new();
                chain.step(bucket, inject, |decision| decisions.push(decision.p));
                candidates.extend(decisions);
            }
            for p in candidates {
                if p <= 10.0 * config.risk_level
                    && budget.admit(&config, BudgetKind::Rate, bucket * MINUTE_NS, p)
                        == Verdict::Admit
                {
                    days[((bucket - start) / 1440) as usize] += 1;
                }
            }
        }
        println!("{shape:?}: alerts by day {days:?}, {:?} admitted and held", budget.counts());
        assert!(days.iter().all(|&alerts| alerts <= 15), "{days:?}");
    }
}

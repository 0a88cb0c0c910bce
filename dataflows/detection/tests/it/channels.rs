//! Each channel behind its calibrator: quiet streams give the rate of the level, and what is put
//! in is found. One key per stream; a quantum is a hundred events.

mod numbers;
mod series;
mod together;

use crate::chain::effort;
use crate::streams::Rng;
use seerflow_detection::halfspace::{Content, ContentConfig, Observation};
use seerflow_detection::sequence::{Chain, SequenceConfig, Walk};
use seerflow_detection::values::{Value, ValueConfig, ValueModel};
use seerflow_detection::*;

const QUANTUM: u32 = 100;
const LEVELS: [f64; 2] = [1e-2, 1e-3];

/// Scores on their way to decisions.
#[derive(Default)]
struct Meter {
    partial: ScoreHistogram,
    pending: u32,
    calibrator: Calibrator,
    table: Option<Table>,
    judged: u64,
    found: [u64; 2],
}

impl Meter {
    /// Counts a score and judges it by the table in force.
    fn offer(&mut self, nats: f64) {
        if let Some(p) = self.p(nats) {
            self.judged += 1;
            for (found, level) in self.found.iter_mut().zip(LEVELS) {
                *found += u64::from(p <= level);
            }
        }
        self.partial.add(nats, 0.0, 1);
        self.pending += 1;
        if self.pending == QUANTUM {
            self.pending = 0;
            self.calibrator.absorb(&std::mem::take(&mut self.partial));
            self.table = self.calibrator.close_quantum(&CalibrationConfig::default());
        }
    }

    fn p(&self, nats: f64) -> Option<f64> {
        self.table.as_ref()?.tail(Side::Upper, nats)
    }
}

/// Realised over promised, pooled over seeds.
#[derive(Default)]
struct Pool {
    judged: u64,
    found: [u64; 2],
}

impl Pool {
    fn add(&mut self, meter: &Meter) {
        self.judged += meter.judged;
        for (mine, theirs) in self.found.iter_mut().zip(meter.found) {
            *mine += theirs;
        }
    }

    /// `least` is 0 for scores that come in steps, of which none may be as rare as the level.
    fn check(&self, name: &str, least: f64) {
        let ratios: Vec<f64> = self
            .found
            .iter()
            .zip(LEVELS)
            .map(|(&found, level)| found as f64 / (self.judged as f64 * level))
            .collect();
        println!("{name}: {ratios:.2?} of {LEVELS:?} in {} decisions", self.judged);
        assert!(self.judged > 10_000, "{name}: {}", self.judged);
        for ((ratio, found), level) in ratios.into_iter().zip(self.found).zip(LEVELS) {
            // Room for the chance of few.
            let room = 3.0 * (self.judged as f64 * level).sqrt() / (self.judged as f64 * level);
            assert!(ratio <= 3.0 + room, "{name} {level}: {ratio} ({found})");
            assert!(ratio >= least - room, "{name} {level}: {ratio} ({found})");
        }
    }
}

fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * rng.uniform().ln()).sqrt() * (std::f64::consts::TAU * rng.uniform()).cos()
}

/// Zipf's law on 1..=n.
fn zipf(rng: &mut Rng, n: f64) -> u64 {
    n.powf(rng.uniform()) as u64
}

const SECOND: u64 = 1_000_000_000;

type Events = fn(&mut Rng, u64) -> Observation;

/// Quiet sources; times follow from the gaps.
const SOURCES: [(&str, Events); 6] = [
    ("even lengths", |rng, n| event(rng, n, |rng| 80 + rng.below(60) as u32, 0.2)),
    ("lognormal lengths", |rng, n| {
        event(rng, n, |rng| (120.0 * normal(rng).exp()) as u32 + 20, 0.2)
    }),
    ("heavy lengths", |rng, n| event(rng, n, |rng| (60.0 * rng.uniform().powf(-0.4)) as u32, 0.2)),
    ("two lengths", |rng, n| event(rng, n, |rng| 70 + 300 * rng.below(2) as u32, 0.2)),
    ("bursts", |rng, n| {
        let gap = if rng.below(10) == 0 { 2.0 } else { 0.02 };
        event(rng, n, |rng| 80 + rng.below(60) as u32, gap)
    }),
    ("a day's sine", |rng, n| {
        let turn = n as f64 * 0.2 / 86_400.0 * std::f64::consts::TAU;
        event(rng, n, |rng| 80 + rng.below(60) as u32, 0.2 / (1.0 + 0.5 * turn.sin()))
    }),
];

fn event(rng: &mut Rng, n: u64, bytes: impl Fn(&mut Rng) -> u32, gap: f64) -> Observation {
    let kind = zipf(rng, 40.0);
    Observation {
        bytes: bytes(rng) + kind as u32,
        parameters: 1 + (kind % 4) as u16,
        numbers: (kind % 3) as u16,
        entities: 1 + rng.below(2) as u16,
        severity: if rng.below(20) == 0 { 4 } else { 1 },
        gap_ns: (-gap * rng.uniform().ln() * SECOND as f64) as u64,
        template: kind,
        // Of all, by the law.
        template_seen: ((n as f64 * (1.0 + 1.0 / kind as f64).ln() / 3.7) as u64, n),
        week_seconds: (n / 5 % 604_800) as u32,
    }
}

#[test]
fn content_keeps_its_rate_and_sees() {
    let config = ContentConfig::default();
    let (mut seen, mut put) = (0, 0);
    for (name, draw) in SOURCES {
        let mut pool = Pool::default();
        for seed in 0..effort(3, 20) {
            let mut rng = Rng(seed * 7 + 1);
            let (mut content, mut meter) = (Content::new(seed), Meter::default());
            let mut now = 0;
            for n in 0..effort(26_000, 60_000) {
                let observation = draw(&mut rng, n);
                now += observation.gap_ns;
                if let Some(score) = content.observe(&config, now, &observation) {
                    meter.offer(score.surprise);
                }
            }
            pool.add(&meter);
            for odd in 0..12 {
                let usual = draw(&mut rng, 26_000);
                let odd = match odd % 3 {
                    0 => Observation { bytes: usual.bytes * 30 + 9_000, ..usual },
                    1 => Observation { severity: 7, ..usual },
                    _ => Observation { parameters: 40, numbers: 38, ..usual },
                };
                let score = content.clone().observe(&config, now, &odd).unwrap();
                put += 1;
                seen += u32::from(meter.p(score.surprise).is_some_and(|p| p <= 1e-3));
            }
        }
        pool.check(name, 0.3);
    }
    println!("content: {seen} of {put}");
    assert!(seen * 10 >= put * 9, "{seen} of {put}");
}

type Text = fn(&mut Rng) -> String;

const SLOTS: [(&str, Text, &str); 6] = [
    ("few names", |rng| format!("user{}", rng.below(9)), "mallory"),
    ("names by Zipf's law", |rng| format!("name-{}", zipf(rng, 900.0)), "name-3;reboot"),
    ("ids", |rng| format!("{:012x}", rng.next() >> 16), "0a9bcd'||'ef"),
    ("even sizes", |rng| format!("{}", 500 + rng.below(1000)), "15000"),
    ("lognormal sizes", |rng| format!("{:.0}", 4000.0 * (0.7 * normal(rng)).exp()), "99000000"),
    (
        "paths of many lengths",
        |rng| format!("/srv/{}/{}", "x".repeat(3 + rng.below(9) as usize), rng.below(70)),
        "/srv/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/3",
    ),
];

#[test]
fn values_keep_their_rate_and_see() {
    let config = ValueConfig::default();
    for (name, text, odd) in SLOTS {
        let mut pool = Pool::default();
        let mut seen = 0;
        let seeds = effort(4, 20);
        for seed in 0..seeds {
            let mut rng = Rng(seed * 13 + 3);
            let (mut model, mut meter) = (ValueModel::default(), Meter::default());
            for n in 0..effort(25_000, 60_000) {
                let value = Value::of(&text(&mut rng));
                if let Some(score) = model.observe(&config, n * 1_000_000_000, &value) {
                    meter.offer(score.surprise);
                }
            }
            pool.add(&meter);
            let score = model.judge(&Value::of(odd));
            seen += u64::from(meter.p(score.surprise).is_some_and(|p| p <= 1e-3));
        }
        // Which value, which characters, and the end of an even spread are scores in steps.
        pool.check(name, if name == "lognormal sizes" { 0.3 } else { 0.0 });
        assert!(10 * seen >= 9 * seeds, "{name}: {seen} of {seeds}");
    }
}

type Step = fn(&mut Rng, [u64; 2]) -> u64;

/// Next symbol after two others.
const WAYS: [(&str, Step); 6] = [
    ("a round with noise", |rng, last| {
        if rng.below(40) == 0 { 10 + rng.below(12) } else { 10 + (last[1] + 3) % 12 }
    }),
    ("Zipf's law, no order", |rng, _| 10 + zipf(rng, 300.0)),
    ("by the two before", |rng, last| 10 + (last[0] * 3 + last[1] + zipf(rng, 5.0)) % 20),
    ("sticky", |rng, last| if rng.below(5) > 0 { last[1].max(10) } else { 10 + zipf(rng, 60.0) }),
    ("two habits", |rng, last| {
        let half = last[1] / 50 % 2;
        let half = if rng.below(100) == 0 { 1 - half } else { half };
        half * 50 + 10 + zipf(rng, 20.0)
    }),
    ("nearly fixed", |rng, last| if rng.below(500) == 0 { 30 } else { 10 + (last[1] + 1) % 5 }),
];

#[test]
fn order_keeps_its_rate_and_sees() {
    let config = SequenceConfig::default();
    let (mut seen, mut put) = (0, 0);
    for (name, step) in WAYS {
        let mut pool = Pool::default();
        for seed in 0..effort(4, 20) {
            let mut rng = Rng(seed * 29 + 11);
            let (mut peers, mut fresh) = (Chain::default(), Chain::default());
            let mut walks = [const { None }; 8].map(|_: Option<()>| (Walk::default(), [0u64; 2]));
            let mut meter = Meter::default();
            for n in 0..effort(30_000, 60_000) {
                let (walk, last) = &mut walks[rng.below(8) as usize];
                let symbol = step(&mut rng, *last);
                *last = [last[1], symbol];
                if let Some(loss) = walk.observe(&config, &peers, &mut fresh, n, symbol) {
                    meter.offer(loss.nats);
                }
                if n % 1000 == 999 {
                    peers.absorb(&std::mem::take(&mut fresh));
                }
            }
            pool.add(&meter);
            for (walk, _) in &walks {
                let loss = walk.clone().observe(&config, &peers, &mut fresh, 0, 7777).unwrap();
                put += 1;
                seen += u32::from(meter.p(loss.nats).is_some_and(|p| p <= 1e-2));
            }
        }
        pool.check(name, 0.0);
    }
    println!("order: {seen} of {put}");
    assert!(seen * 10 >= put * 9, "{seen} of {put}");
}

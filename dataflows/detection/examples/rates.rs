//! What the hot calls cost in CPU time: calls per CPU second, the best of several rounds.
//!
//! `cargo run --release -p seerflow-detection --example rates`. Exits with 1 when a floor that
//! the project promises is missed. CPU time is that of this thread, from the scheduler's
//! statistics; where these are missing nothing is measured.

use seerflow_detection::combine::combine;
use seerflow_detection::cusum::{Cusum, CusumConfig};
use seerflow_detection::halfspace::{Content, ContentConfig, Observation};
use seerflow_detection::sequence::{Chain, SequenceConfig, Walk};
use seerflow_detection::spot::{Spot, SpotConfig};
use seerflow_detection::values::{Value, ValueConfig, ValueModel};
use seerflow_model::hash::mix;
use std::hint::black_box;
use std::process::ExitCode;

const ROUNDS: usize = 7;

/// CPU time of this thread, ns.
fn cpu_ns() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// Runs `calls` several times; the best rate per CPU second.
fn rate(name: &str, floor: f64, calls: u64, mut call: impl FnMut(u64)) -> bool {
    let mut best = 0.0f64;
    for round in 0..ROUNDS as u64 {
        let Some(begin) = cpu_ns() else {
            println!("{name}: no statistics of the scheduler here");
            return true;
        };
        (0..calls).for_each(|n| call(round * calls + n));
        let spent = cpu_ns().unwrap_or(begin).saturating_sub(begin).max(1);
        best = best.max(calls as f64 * 1e9 / spent as f64);
    }
    let verdict = if best >= floor { "" } else { "  MISSED" };
    println!("{name:44} {:8.2} M/s   floor {:4.1} M/s{verdict}", best / 1e6, floor / 1e6);
    best >= floor
}

fn uniform(n: u64) -> f64 {
    ((mix(n) >> 11) + 1) as f64 / (1u64 << 53) as f64
}

fn observation(n: u64) -> Observation {
    let draw = mix(n);
    Observation {
        bytes: 60 + (draw % 400) as u32,
        parameters: (draw >> 10) as u16 % 5,
        numbers: (draw >> 14) as u16 % 3,
        entities: (draw >> 18) as u16 % 3,
        severity: if draw >> 22 & 31 == 0 { 4 } else { 1 },
        gap_ns: (draw >> 30) % 2_000_000_000,
        template: draw >> 58,
        template_seen: (n / 64, n),
        week_seconds: (n / 5 % 604_800) as u32,
    }
}

fn content() -> bool {
    let config = ContentConfig::default();
    let observations: Vec<Observation> = (0..65_536).map(observation).collect();
    let mut content = Content::new(1);
    rate("half-space trees, 25 × 8: judge and learn", 1e6, 400_000, |n| {
        let score = content.observe(&config, n * 20_000_000, &observations[n as usize & 0xffff]);
        black_box(score);
    })
}

fn values() -> bool {
    let config = ValueConfig::default();
    let text = |n: u64| match n % 4 {
        0 => format!("user{}", mix(n) % 40),
        1 => format!("{}", 100 + mix(n) % 50_000),
        2 => format!("/srv/app/{}/log", mix(n) % 100),
        _ => format!("{:016x}", mix(n)),
    };
    let values: Vec<Value> = (0..65_536).map(|n| Value::of(&text(n))).collect();
    let mut models: Vec<ValueModel> = (0..4).map(|_| ValueModel::default()).collect();
    let judged = rate("value models: judge and learn", 1e6, 400_000, |n| {
        let score = models[n as usize % 4].observe(&config, n << 20, &values[n as usize & 0xffff]);
        black_box(score);
    });
    let texts: Vec<String> = (0..4096).map(text).collect();
    rate("value: what a model is told, from the text", 0.0, 1_000_000, |n| {
        black_box(Value::of(&texts[n as usize & 0xfff]));
    }) && judged
}

fn sequence() -> bool {
    let config = SequenceConfig::default();
    let symbols: Vec<u64> = (0..65_536).map(|n| mix((n % 7) * 10 + mix(n) % 3)).collect();
    let mut peers = Chain::default();
    let mut walks: Vec<Walk> = (0..64).map(|_| Walk::default()).collect();
    for round in 0..4 {
        let mut fresh = Chain::default();
        for (n, symbol) in symbols.iter().enumerate() {
            walks[n / 64 % 64].observe(&config, &peers, &mut fresh, round, *symbol);
        }
        peers.absorb(&fresh);
    }
    let mut fresh = Chain::default();
    rate("Markov, own and peers: judge and learn", 3e6, 1_000_000, |n| {
        let walk = &mut walks[n as usize / 64 % 64];
        let symbol = symbols[n as usize & 0xffff];
        black_box(walk.observe(&config, &peers, &mut fresh, n, symbol));
    })
}

fn spot() -> bool {
    let values: Vec<f64> =
        (0..65_536).map(|n| (0..6).map(|k| uniform(n * 6 + k)).sum::<f64>()).collect();
    let mut all = true;
    for depth in [0, 450] {
        let config = SpotConfig { depth, ..SpotConfig::default() };
        let mut spot = Spot::default();
        all &= rate(&format!("SPOT update, two-sided, depth {depth}"), 1e6, 500_000, |n| {
            black_box(spot.update(&config, values[n as usize & 0xffff]));
        });
    }
    all
}

fn others() -> bool {
    let mut cusum = Cusum::default();
    let changed = rate("CUSUM step", 0.0, 1_000_000, |n| {
        black_box(cusum.step(&CusumConfig::default(), n, 2.0 * uniform(n) - 1.0));
    });
    rate("combination of four channels", 0.0, 500_000, |n| {
        let p = |k| Some(uniform(4 * n + k));
        black_box(combine(&[(p(0), 0.3), (p(1), 0.25), (p(2), 0.25), (p(3), 0.2)]));
    }) && changed
}

fn main() -> ExitCode {
    let met = [content(), values(), sequence(), spot(), others()];
    if met.iter().all(|&met| met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

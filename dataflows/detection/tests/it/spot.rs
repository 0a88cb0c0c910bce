//! The rate that SPOT promises, on streams of many shapes.

use crate::chain::effort;
use crate::streams::Rng;
use seerflow_detection::spot::{Spot, SpotConfig, Verdict};

/// A stationary stream: its name, the depth with which it is judged, whether its tails are
/// continuous and unbounded on at least one side, and its values.
struct Stream {
    name: &'static str,
    depth: u32,
    smooth: bool,
    draw: fn(&mut Rng, u64) -> f64,
}

fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * rng.uniform().ln()).sqrt() * (std::f64::consts::TAU * rng.uniform()).cos()
}

const fn smooth(name: &'static str, depth: u32, draw: fn(&mut Rng, u64) -> f64) -> Stream {
    Stream { name, depth, smooth: true, draw }
}

const fn stepped(name: &'static str, draw: fn(&mut Rng, u64) -> f64) -> Stream {
    Stream { name, depth: 0, smooth: false, draw }
}

const STREAMS: [Stream; 12] = [
    smooth("normal", 0, |rng, _| normal(rng)),
    smooth("exponential", 0, |rng, _| -rng.uniform().ln()),
    smooth("lognormal", 0, |rng, _| normal(rng).exp()),
    smooth("Pareto, shape .25", 0, |rng, _| (rng.uniform().powf(-0.25) - 1.0) / 0.25),
    smooth("cube of normal", 0, |rng, _| normal(rng).powi(3)),
    smooth("gamma, shape 3", 0, |rng, _| rng.gamma(3.0)),
    smooth("zero-inflated exponential", 0, |rng, _| {
        if rng.uniform() < 0.6 { 0.0 } else { -rng.uniform().ln() }
    }),
    smooth("a day's sine, depth 20", 20, |rng, at| {
        normal(rng) + 3.0 * (at as f64 / 1440.0 * std::f64::consts::TAU).sin()
    }),
    stepped("uniform", |rng, _| rng.uniform()),
    stepped("Poisson", |rng, _| rng.poisson(3.0) as f64),
    stepped("negative binomial", |rng, _| {
        let rate = 3.0 * rng.gamma(2.0);
        rng.poisson(rate) as f64
    }),
    stepped("one in a hundred", |rng, _| f64::from(u8::from(rng.uniform() <= 0.01))),
];

#[test]
fn the_realised_rate_is_the_risk() {
    let seeds = effort(5, 40);
    for risk in [1e-2, 1e-3] {
        for stream in &STREAMS {
            let config = SpotConfig { risk, depth: stream.depth, ..SpotConfig::default() };
            let (mut alarms, mut judged) = (0u32, 0u32);
            for seed in 0..seeds {
                let mut rng = Rng(seed * 101 + 17);
                let mut spot = Spot::default();
                for at in 0..effort(20_000, 40_000) {
                    let verdict = spot.update(&config, (stream.draw)(&mut rng, at));
                    alarms += u32::from(matches!(verdict, Verdict::Alarm(_)));
                    judged += u32::from(verdict != Verdict::Uncalibrated);
                }
            }
            let ratio = f64::from(alarms) / (f64::from(judged) * risk);
            println!("{}, risk {risk}: {ratio:.2} of {judged}", stream.name);
            assert!(judged as u64 > seeds * 15_000, "{}: {judged}", stream.name);
            assert!(ratio <= 3.0, "{}: {ratio}", stream.name);
            assert!(!stream.smooth || ratio >= 0.3, "{}: {ratio}", stream.name);
        }
    }
}

#[test]
fn what_is_put_in_is_found() {
    let (mut found, mut put) = (0, 0);
    for stream in &STREAMS[..9] {
        let config = SpotConfig { risk: 1e-3, depth: stream.depth, ..SpotConfig::default() };
        for seed in 0..effort(3, 20) {
            let mut rng = Rng(seed + 5);
            let mut spot = Spot::default();
            let mut greatest = 0.0f64;
            for at in 0..8000 {
                let mut value = (stream.draw)(&mut rng, at);
                let odd = at > 2000 && at % 500 == 0;
                if odd {
                    value = 1.5 * greatest + 1.0;
                    put += 1;
                } else {
                    greatest = greatest.max(value);
                }
                let verdict = spot.update(&config, value);
                found += u32::from(odd && matches!(verdict, Verdict::Alarm(_)));
            }
        }
    }
    println!("{found} of {put}");
    assert!(found * 10 >= put * 9, "{found} of {put}");
}

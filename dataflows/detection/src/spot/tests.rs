//! The reference table, oracles and long streams.

use super::*;
use crate::golden::Lcg;
use proptest::prelude::*;

/// Reference: libspot 3.1.0 on the streams of the generator; t is given, because it estimates its
/// quantile otherwise. (initial bar, log-likelihood of its initial fit, alarms, final bar)
struct Case {
    name: &'static str,
    data: fn() -> Vec<f64>,
    sign: f64,
    risk: f64,
    threshold: f64,
    peaks_max: u32,
    bar: f64,
    likelihood: f64,
    alarms: &'static [usize],
    last_bar: f64,
}

fn exponential() -> Vec<f64> {
    let mut lcg = Lcg(7);
    (0..6000).map(|_| lcg.exponential()).collect()
}

fn spikes() -> Vec<f64> {
    let mut lcg = Lcg(8);
    let mut data: Vec<f64> = (0..6000).map(|_| lcg.normal()).collect();
    for at in (2500..6000).step_by(500) {
        data[at] += 7.0;
        data[at + 100] -= 7.0;
    }
    data
}

fn pareto() -> Vec<f64> {
    let mut lcg = Lcg(9);
    (0..6000).map(|_| ((1.0 - lcg.uniform()).powf(-0.25) - 1.0) / 0.25).collect()
}

const CASES: [Case; 4] = [
    Case {
        name: "exponential",
        data: exponential,
        sign: 1.0,
        risk: 1e-4,
        threshold: 3.907474982422853,
        peaks_max: 200,
        bar: 7.7902118659176285,
        likelihood: -37.258856693262125,
        alarms: &[2194, 2783, 3836, 5697],
        last_bar: 7.787668876700868,
    },
    Case {
        name: "normal, spikes above",
        data: spikes,
        sign: 1.0,
        risk: 1e-4,
        threshold: 2.089491180639255,
        peaks_max: 200,
        bar: 3.368852153820363,
        likelihood: 11.042995120583232,
        alarms: &[2500, 3000, 3500, 4000, 4500, 5000, 5500],
        last_bar: 3.5552979857762406,
    },
    Case {
        name: "normal, spikes below",
        data: spikes,
        sign: -1.0,
        risk: 1e-4,
        threshold: 1.9473140752705866,
        peaks_max: 200,
        bar: 3.5359815172971913,
        likelihood: -3.449601892059786,
        alarms: &[2600, 2740, 3100, 3600, 4100, 4600, 5100, 5600],
        last_bar: 3.4068417903662604,
    },
    Case {
        name: "heavy tail",
        data: pareto,
        sign: 1.0,
        risk: 1e-3,
        threshold: 4.302974298210478,
        peaks_max: 500,
        bar: 13.412536733065203,
        likelihood: -185.68456183027686,
        alarms: &[
            2709, 2718, 2720, 2738, 2815, 3057, 3570, 3751, 3871, 4061, 4629, 5135, 5316, 5488,
            5585, 5895,
        ],
        last_bar: 12.104464029237187,
    },
];

#[test]
fn verdicts_bars_and_fits_are_those_of_the_reference() {
    for case in CASES {
        let data: Vec<f64> = (case.data)().into_iter().map(|x| case.sign * x).collect();
        let config = SpotConfig {
            risk: case.risk,
            peaks_max: case.peaks_max,
            caution: 0.0,
            sides: Sides::Upper,
            ..SpotConfig::default()
        };
        let tail = Tail::new(&config, case.threshold, data[..2000].iter().copied()).unwrap();
        let peaks: Vec<(f64, f64)> = data[..2000]
            .iter()
            .filter(|&&x| x > case.threshold)
            .map(|x| (x - case.threshold, 1.0))
            .collect();
        let likelihood = tail.fit().log_likelihood(&peaks);
        assert!(likelihood >= case.likelihood - 0.05, "{}: {likelihood}", case.name);
        let mut spot = Spot { n: 2000, upper: Some(tail), ..Spot::default() };
        let near = |got: f64, want: f64| (got / want - 1.0).abs() < 0.05;
        let bar = spot.bars(&config).1.unwrap();
        assert!(near(bar, case.bar), "{}: {bar} want {}", case.name, case.bar);
        let mut alarms = Vec::new();
        for (at, &x) in data.iter().enumerate().skip(2000) {
            if let Verdict::Alarm(alarm) = spot.judge(&config, x, 0.0) {
                assert!(alarm.p <= case.risk && alarm.bar <= x, "{alarm:?}");
                alarms.push(at);
            }
        }
        let differ = alarms.iter().filter(|at| !case.alarms.contains(at)).count()
            + case.alarms.iter().filter(|at| !alarms.contains(at)).count();
        // 1 % of 4,000 verdicts is the tolerance of the table; of so few alarms two is strict.
        assert!(differ <= 2, "{}: {alarms:?} want {:?}", case.name, case.alarms);
        // The reference's last fit of the second case is less likely by .29 than the greatest
        // likelihood, whose bar lies 5.2 % lower; between two fits ours lags by some peaks.
        let last = spot.bars(&config).1.unwrap() / case.last_bar;
        assert!((last - 1.0).abs() < 0.07, "{}: {last}", case.name);
    }
}

/// Uniform draws made into values.
fn stream(seed: u64) -> impl FnMut() -> f64 {
    let mut lcg = Lcg(seed);
    move || lcg.uniform()
}

#[test]
fn what_has_no_tail_stays_uncalibrated_and_is_tried_again() {
    let config = SpotConfig::default();
    let mut spot = Spot::default();
    for n in 0..5000 {
        assert_eq!(spot.update(&config, 0.0), Verdict::Uncalibrated, "{n}");
    }
    assert!(spot.waiting.len() <= 1000);
    assert!(spot.progress(&config).is_some());
    // An earlier product flagged all of what follows.
    let mut draw = stream(3);
    let mut alarms = 0;
    for _ in 0..20_000 {
        alarms += u32::from(matches!(spot.update(&config, -draw().ln()), Verdict::Alarm(_)));
    }
    assert!(spot.calibrated() && alarms <= 8, "{alarms}");
    assert_eq!(spot.update(&config, f64::NAN), Verdict::Uncalibrated);
}

#[test]
fn a_level_that_shifts_for_good_is_learnt_anew() {
    let config = SpotConfig::default();
    let mut spot = Spot::default();
    let mut draw = stream(5);
    let mut normal = |mean: f64| mean + (0..12).map(|_| draw()).sum::<f64>() - 6.0;
    (0..5000).for_each(|_| {
        spot.update(&config, normal(0.0));
    });
    let mut alarms = 0;
    let mut calibrated_again = None;
    for n in 0..6000 {
        match spot.update(&config, normal(20.0)) {
            Verdict::Alarm(_) if calibrated_again.is_none() => alarms += 1,
            Verdict::Ordinary if calibrated_again.is_none() => calibrated_again = Some(n),
            _ => {}
        }
    }
    assert!((10..100).contains(&alarms), "{alarms}");
    assert!((1000..1200).contains(&calibrated_again.unwrap()), "{calibrated_again:?}");
    assert!(
        matches!(spot.update(&config, 0.0), Verdict::Alarm(alarm) if alarm.side == Side::Lower)
    );
}

#[test]
fn a_drift_is_followed_with_a_depth() {
    let config = SpotConfig { depth: 20, ..SpotConfig::default() };
    let mut spot = Spot::default();
    let mut draw = stream(11);
    let (mut alarms, mut found) = (0, 0);
    for n in 0..40_000u32 {
        let slow = f64::from(n) * 0.01;
        let spike = if n > 2000 && n % 4000 == 0 { 12.0 } else { 0.0 };
        let value = slow + draw() + draw() + draw() + spike;
        if matches!(spot.update(&config, value), Verdict::Alarm(_)) {
            *(if spike > 0.0 { &mut found } else { &mut alarms }) += 1;
        }
    }
    assert!(found == 9 && alarms <= 12, "{found} {alarms}");
}

#[test]
fn sizes_are_bounded() {
    let config = SpotConfig { depth: 450, ..SpotConfig::default() };
    let mut spot = Spot::default();
    let mut draw = stream(1);
    for _ in 0..50_000 {
        spot.update(&config, draw());
        assert!(spot.heap_bytes() <= 30_000);
    }
    assert!(spot.heap_bytes() <= 12_000, "{}", spot.heap_bytes());
}

proptest! {
    /// Against a Pareto tail over all peaks, the stupid way: same threshold, all data kept.
    #[test]
    fn probabilities_lie_near_the_empirical_tail(seed in 1u64..1_000_000) {
        let config = SpotConfig { calibration: 2000, caution: 0.0, ..SpotConfig::default() };
        let mut spot = Spot::default();
        let mut draw = stream(seed);
        let data: Vec<f64> = (0..2000).map(|_| -draw().ln()).collect();
        data.iter().for_each(|&x| {
            spot.update(&config, x);
        });
        let mut sorted = data.clone();
        sorted.sort_by(f64::total_cmp);
        // The 99th percentile of the sample has two-sided p = 2 %.
        let verdict = spot.judge(&config, sorted[1980], 0.0);
        let Verdict::Peak(Side::Upper, p) = verdict else { panic!("{verdict:?}") };
        prop_assert!((0.012..0.03).contains(&p), "{p}");
    }

    #[test]
    fn saved_and_restored_it_goes_on_alike(
        values in prop::collection::vec(-50i32..50, 1..400), cut in 0usize..400,
    ) {
        let config =
            SpotConfig { calibration: 60, peaks_min: 5, depth: 3, ..SpotConfig::default() };
        let mut spot = Spot::default();
        let mut other = spot.clone();
        for (at, value) in values.iter().enumerate() {
            if at == cut {
                other = bincode::deserialize(&bincode::serialize(&other).unwrap()).unwrap();
            }
            let value = f64::from(*value) / 3.0;
            prop_assert_eq!(spot.update(&config, value), other.update(&config, value));
        }
    }
}

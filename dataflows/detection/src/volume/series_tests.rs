//! Histories of one series: what is found, what is not, what is learnt.

use super::{Series, SeriesKind, VolumeConfig};
use proptest::prelude::*;
use seerflow_model::hash::mix;

const CONFIG: VolumeConfig = VolumeConfig {
    bucket_seconds: 60,
    min_buckets: 60,
    half_life_buckets: 1440.0,
    level_mean: 4.0,
    relevel_buckets: 30,
    empty_score: 4.6,
};

/// Count by bucket.
type Pattern = fn(u64) -> u64;

/// About `mean`, give or take its square root.
fn noisy(mean: u64, bucket: u64) -> u64 {
    let spread = libm::sqrt(mean as f64 * 3.0) as u64 + 1;
    (mean + mix(bucket) % (2 * spread)).saturating_sub(spread)
}

fn warm(kind: SeriesKind, buckets: u64, count: impl Fn(u64) -> u64) -> Series {
    let mut series = Series::new(kind);
    for bucket in 0..buckets {
        series.close(&CONFIG, bucket, count(bucket));
    }
    series
}

/// Buckets whose score on either side is beyond `bar`.
fn beyond(
    series: &mut Series,
    buckets: std::ops::Range<u64>,
    bar: f64,
    count: impl Fn(u64) -> u64,
) -> Vec<u64> {
    buckets
        .filter(|&bucket| {
            let raw = series.close(&CONFIG, bucket, count(bucket));
            raw.is_some_and(|raw| raw.upper > bar || raw.lower > bar)
        })
        .collect()
}

#[test]
fn nothing_while_warming_then_both_sides() {
    let mut series = Series::new(SeriesKind::Source);
    for bucket in 0..60 {
        assert_eq!(series.progress(&CONFIG), (bucket as u32, 60));
        assert_eq!(series.close(&CONFIG, bucket, noisy(100, bucket)), None);
    }
    let raw = series.clone().close(&CONFIG, 60, 500).unwrap();
    assert!(raw.upper > 30.0 && raw.ratio > 4.0 && raw.observed == 500, "{raw:?}");
    let raw = series.clone().close(&CONFIG, 60, 3).unwrap();
    assert!(raw.lower > 15.0 && raw.upper < 0.1, "{raw:?}");
    assert_eq!(series.next_due(&CONFIG), Some(60));
    assert_eq!(series.close(&CONFIG, 59, 7), None, "a bucket that is closed already");
}

#[test]
fn a_flood_at_the_start_is_not_the_level() {
    let flood = |bucket| if bucket == 0 { 5000 } else { noisy(5, bucket) };
    let mut series = warm(SeriesKind::Source, 70, flood);
    assert!(series.close(&CONFIG, 70, 60).unwrap().upper > 15.0);
}

#[test]
fn one_burst_does_not_hide_the_next() {
    let mut series = warm(SeriesKind::Template, 500, |bucket| noisy(20, bucket));
    for burst in 0..5 {
        let at = 500 + burst * 100;
        let found = beyond(&mut series, at..at + 100, 20.0, |bucket| {
            if bucket - at < 3 { 200 } else { noisy(20, bucket) }
        });
        assert_eq!(found, [at, at + 1, at + 2]);
    }
}

#[test]
fn a_lasting_shift_is_learnt_within_an_hour_and_back() {
    for (low, high) in [(3, 12), (20, 60), (1000, 3000)] {
        let mut series = warm(SeriesKind::Host, 600, |bucket| noisy(low, bucket));
        let found = beyond(&mut series, 600..800, 9.2, |bucket| noisy(high, bucket));
        assert!(!found.is_empty() && found.iter().all(|&at| at < 660), "{low}: {found:?}");
        let found = beyond(&mut series, 800..1000, 9.2, |bucket| noisy(low, bucket));
        assert!(found.iter().all(|&at| at < 860), "{low}: {found:?}");
    }
}

#[test]
fn zero_inflated_and_bursty_series_do_not_storm() {
    let patterns: [(&str, Pattern); 4] = [
        ("every fifth", |b| if mix(b).is_multiple_of(5) { noisy(40, b) } else { 0 }),
        ("blocks", |b| if b % 90 < 20 { noisy(100, b) } else { noisy(2, b) }),
        ("one in twenty", |b| if mix(b).is_multiple_of(20) { noisy(300, b) } else { noisy(3, b) }),
        ("hourly", |b| if b % 60 == 7 { noisy(500, b) } else { noisy(3, b) }),
    ];
    for (name, count) in patterns {
        let mut series = warm(SeriesKind::Template, 120, count);
        let mut first = beyond(&mut series, 120..3000, 9.2, count);
        first.dedup_by(|b, a| *b - *a < 15);
        let later = beyond(&mut series, 3000..6000, 9.2, count);
        let storm = if name == "blocks" { 60 } else { 3 };
        assert!(first.len() <= 60 && later.len() <= storm, "{name}: {later:?}");
    }
}

#[test]
fn rare_series_need_more_than_a_few_events() {
    let mut series = warm(SeriesKind::Entity, 1, |_| 1);
    let raw = series.close(&CONFIG, 5000, 1).unwrap();
    assert!(raw.upper < 9.2 && raw.empties > 4000, "{raw:?}");
    assert!(series.clone().close(&CONFIG, 5001, 3).unwrap().upper < 9.2);
    assert!(series.close(&CONFIG, 5001, 60).unwrap().upper > 12.0);
    assert_eq!(series.next_due(&CONFIG), None);
}

#[test]
fn a_silent_series_falls_asleep_and_wakes_without_a_burst() {
    let mut series = warm(SeriesKind::Host, 500, |bucket| noisy(30, bucket));
    let mut found = 0;
    let mut closed = 0;
    while let Some(due) = series.next_due(&CONFIG) {
        closed += 1;
        found += u32::from(series.close(&CONFIG, due, 0).is_some_and(|raw| raw.lower > 9.2));
        assert!(closed < 64, "no timer for ever");
    }
    assert!(found >= 20, "{found}");
    let raw = series.close(&CONFIG, 3000, 31).unwrap();
    assert!(raw.upper < 5.0 && raw.lower < 5.0, "{raw:?}");
    assert_eq!(series.next_due(&CONFIG), Some(3001));
}

#[test]
fn the_gap_of_a_stopped_engine_is_not_empty() {
    let mut series = warm(SeriesKind::Source, 300, |bucket| noisy(50, bucket));
    series.skip(10_000);
    let raw = series.close(&CONFIG, 10_300, 50).unwrap();
    assert_eq!(raw.empties, 0);
    assert!(raw.upper < 3.0 && raw.lower < 3.0, "{raw:?}");
}

#[test]
fn a_seasonal_series_expects_its_morning() {
    // Nothing from 20 h to 4 h, 100 a minute else.
    let day = |bucket: u64| {
        let hour = bucket % 1440 / 60;
        if (4..20).contains(&hour) { noisy(100, bucket) } else { noisy(1, bucket) }
    };
    let mut series = warm(SeriesKind::Source, 4 * 1440, day);
    let found = beyond(&mut series, 4 * 1440..6 * 1440, 16.0, day);
    assert!(found.len() < 60, "{} {found:?}", found.len());
}

proptest! {
    #[test]
    fn any_history_is_bounded_in_work_and_keeps_its_invariants(
        steps in prop::collection::vec(
            (prop_oneof![0u64..4, 0u64..100_000, any::<u64>()], any::<u64>(), 0u8..4), 0..200),
    ) {
        let mut series = Series::new(SeriesKind::Entity);
        let mut bucket = 0u64;
        for (step, count, what) in steps {
            bucket = bucket.saturating_add(step);
            let count = [count, count % 10, 0, 1][usize::from(what)];
            if what == 2 && step > 1000 {
                series.skip(step);
            }
            if let Some(raw) = series.close(&CONFIG, bucket, count) {
                prop_assert!(raw.upper.is_finite() && raw.lower.is_finite(), "{raw:?}");
                prop_assert!(raw.upper >= 0.0 && raw.lower >= 0.0, "{raw:?}");
                prop_assert!(raw.expected > 0.0 && raw.expected.is_finite(), "{raw:?}");
            }
            if let Some(due) = series.next_due(&CONFIG) {
                prop_assert!(due >= series.last().unwrap());
            }
        }
    }
}

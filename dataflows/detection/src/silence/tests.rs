//! Histories of one series: which silences are found, how often, and which never.

use super::*;
use proptest::prelude::*;

/// Feeds buckets as an engine would: busy ones, and the timers in between.
fn feed(regular: &mut Regular, config: &SilenceConfig, counts: &[(u64, u64)]) -> Vec<Silence> {
    let mut found = Vec::new();
    for &(bucket, count) in counts {
        while let Some(due) = regular.next_due(config).filter(|&due| due < bucket) {
            let before = found.len();
            found.extend(regular.close(config, due, 0));
            if found.len() == before {
                break;
            }
        }
        found.extend(regular.close(config, bucket, count));
    }
    found
}

#[test]
fn a_steady_host_that_falls_silent_is_found_once_and_soon() {
    let config = SilenceConfig::default();
    let mut regular = Regular::new();
    let counts: Vec<_> = (0..70).map(|b| (b, 20)).collect();
    assert_eq!(feed(&mut regular, &config, &counts), []);
    let due = regular.next_due(&config).unwrap();
    assert!((71..=82).contains(&due), "{due}");
    let found = feed(&mut regular, &config, &[(due, 0)]);
    assert_eq!(found.len(), 1);
    assert!(found[0].probability <= 1e-4 && found[0].last_busy == 69, "{found:?}");
    assert_eq!(feed(&mut regular, &config, &[(due + 1, 0)]), [], "found already");
    assert_eq!(feed(&mut regular, &config, &[(due + 2, 1)]), []);
    let found = feed(&mut regular, &config, &[(due + 3, 1), (due + 20, 0)]);
    assert_eq!((found[0].again, found[0].last_busy), (0, due + 3), "the next silence");
}

#[test]
fn a_silence_that_goes_on_comes_again_as_it_grows_and_then_no_more() {
    let config = SilenceConfig::default();
    for hole in [u64::MAX, 9] {
        let mut regular = Regular::new();
        let busy: Vec<_> = (0..300).filter(|b| b % hole != 3).map(|b| (b, 20)).collect();
        feed(&mut regular, &config, &busy);
        let found = feed(&mut regular, &config, &[(100_000, 0)]);
        assert_eq!(found.len(), usize::from(FOUND_MAX));
        for (n, pair) in found.windows(2).enumerate() {
            assert_eq!((pair[0].again, pair[1].again), (n as u8, n as u8 + 1));
            assert_eq!(pair[0].last_busy, pair[1].last_busy);
            assert!(pair[1].buckets >= 2 * pair[0].buckets, "{pair:?}");
            let rarer = pair[1].probability <= pair[0].probability / 9.99;
            assert!(rarer || pair[1].probability < 1e-299, "{pair:?}");
        }
        assert!(found.last().unwrap().buckets > 1440, "a day and more");
        assert_eq!(regular.next_due(&config), None, "no timer for ever");
        assert_eq!(feed(&mut regular, &config, &[(200_000, 0)]), []);
    }
}

#[test]
fn every_bucket_or_only_timers_find_the_same() {
    let config = SilenceConfig::default();
    let mut by_timer = Regular::new();
    let mut by_bucket = Regular::new();
    let busy: Vec<_> = (0..300u64).filter(|b| b % 7 != 3).map(|b| (b, 1)).collect();
    feed(&mut by_timer, &config, &busy);
    (0..300u64).for_each(|b| assert_eq!(by_bucket.close(&config, b, u64::from(b % 7 != 3)), None));
    let one = feed(&mut by_timer, &config, &[(400, 0)]);
    let other: Vec<_> = (300..400).filter_map(|b| by_bucket.close(&config, b, 0)).collect();
    assert!(one.len() > 3, "{one:?}");
    assert_eq!(one, other);
}

#[test]
fn what_is_hardly_known_owes_no_word() {
    let config = SilenceConfig::default();
    for spoken in [2, 5, 30, 59] {
        let mut regular = Regular::new();
        let counts: Vec<_> = (0..spoken).map(|b| (b, 9)).collect();
        assert_eq!(feed(&mut regular, &config, &counts), []);
        assert_eq!(regular.next_due(&config), None, "{spoken}");
        let found: Vec<_> = (spoken..5_000).filter_map(|b| regular.close(&config, b, 0)).collect();
        assert_eq!(found, [], "{spoken}");
    }
}

#[test]
fn hourly_and_bursty_series_never_alarm() {
    let config = SilenceConfig { level: 1e-2, ..SilenceConfig::default() };
    for pattern in [|b: u64| b.is_multiple_of(60), |b: u64| b % 180 < 30] {
        let mut regular = Regular::new();
        let found: Vec<_> = (0..20_000)
            .filter_map(|b| regular.close(&config, b, u64::from(pattern(b))))
            .filter(|found| found.again == 0)
            .collect();
        assert!(found.len() <= 1, "{found:?}");
        assert_eq!(regular.next_due(&config), None);
    }
}

#[test]
fn outages_that_keep_coming_back_are_ordinary_after_three() {
    let config = SilenceConfig::default();
    let mut regular = Regular::new();
    let found = (0..20_000u64)
        .filter_map(|b| regular.close(&config, b, u64::from(b % 1000 < 980)))
        .filter(|found| found.again == 0)
        .count();
    assert!((1..=4).contains(&found), "{found}");
}

#[test]
fn time_without_the_engine_is_not_silence() {
    let config = SilenceConfig::default();
    let mut regular = Regular::new();
    (0..100).for_each(|b| assert_eq!(regular.close(&config, b, 3), None));
    regular.skip(1000);
    assert!(regular.next_due(&config).unwrap() > 1100);
    assert_eq!(regular.close(&config, 1100, 0), None);
    assert_eq!(regular.close(&config, 1101, 5), None);
    assert_eq!(regular.longest_gap(), 1, "one empty bucket was seen");
}

proptest! {
    #[test]
    fn hostile_buckets_do_no_harm(
        steps in prop::collection::vec((any::<u64>(), 0u64..3, any::<bool>()), 0..60),
    ) {
        let config = SilenceConfig { min_buckets: 2, ..SilenceConfig::default() };
        let mut regular = Regular::new();
        for (bucket, count, skip) in steps {
            if skip {
                regular.skip(bucket);
            }
            let _ = regular.close(&config, bucket, count);
            let _ = regular.next_due(&config);
        }
    }
}

#[test]
fn chance_silences_are_as_rare_as_they_say() {
    // A Poisson-like series that is busy in 70 % of its buckets.
    let config = SilenceConfig { level: 1e-3, ..SilenceConfig::default() };
    let mut found = 0;
    let buckets = 400_000u64;
    let mut regular = Regular::new();
    for bucket in 0..buckets {
        let busy = seerflow_model::hash::mix(bucket) % 10 < 7;
        found += u64::from(regular.close(&config, bucket, u64::from(busy)).is_some());
    }
    assert!(found as f64 <= 3.0 * 1e-3 * buckets as f64, "{found}");
}

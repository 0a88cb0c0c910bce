//! Oracles, and what each aspect sees.

use super::seen::Seen;
use super::*;
use proptest::prelude::*;
use seerflow_model::hash::mix;
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;

proptest! {
    /// Against a map that keeps everything.
    #[test]
    fn rarity_is_the_share_of_what_was_seen_at_most_as_often(
        keys in prop::collection::vec(0u64..12, 1..300), asked in 0u64..14,
    ) {
        let mut seen = Seen::<64>::default();
        let mut oracle: BTreeMap<u64, u32> = BTreeMap::new();
        for &key in &keys {
            seen.learn(key);
            *oracle.entry(key).or_default() += 1;
        }
        let Some(rarity) = seen.judge(asked) else { return Ok(()) };
        let count = oracle.get(&asked).copied().unwrap_or(0);
        prop_assert_eq!(rarity.seen, count);
        let got = (-rarity.nats).exp();
        let total = keys.len() as f64;
        let single = oracle.values().filter(|&&c| c == 1).count() as f64;
        if count == 0 {
            prop_assert!(got >= single / (total + 1.0) - 1e-9, "{got}: at least Good and Turing's");
        } else {
            let share = oracle.values().filter(|&&c| c <= count).sum::<u32>();
            prop_assert!(got >= f64::from(share) / total - 1e-9 && got <= 1.0, "{got}");
        }
    }

    /// However many different values come: bounded, never rarer than the truth.
    #[test]
    fn a_full_table_makes_nothing_rarer_than_it_is(
        keys in prop::collection::vec((0u64..4, 0u64..300), 1..2000),
    ) {
        let mut seen = Seen::<16>::default();
        let mut oracle: BTreeMap<u64, u32> = BTreeMap::new();
        for &(kind, rare) in &keys {
            let key = if kind == 0 { 10 + rare % 40 } else { kind };
            seen.learn(key);
            *oracle.entry(key).or_default() += 1;
        }
        prop_assert!(seen.heap_bytes() <= 64 * 12);
        for (&key, &count) in oracle.iter().filter(|entry| *entry.0 < 4) {
            let Some(rarity) = seen.judge(key).filter(|rarity| rarity.seen == count) else {
                continue;
            };
            let share: u32 = oracle.values().filter(|&&c| c <= count).sum();
            let truth = f64::from(share) / keys.len() as f64;
            prop_assert!((-rarity.nats).exp() >= truth - 1e-9);
        }
    }

    #[test]
    fn any_text_is_a_value(text in "\\PC{0,60}") {
        let value = Value::of(&text);
        prop_assert_eq!(value.length as usize, text.len());
        prop_assert_eq!(value.number.is_some(), text.len() <= 32 && !text.is_empty()
            && (text.as_bytes()[0].is_ascii_digit() || text.starts_with(['+', '-', '.']))
            && text.parse::<f64>().is_ok_and(f64::is_finite));
    }
}

#[test]
fn characters_fall_into_classes() {
    for (text, want) in [("", 0), ("root", 1), ("Web-01", 1 | 2 | 4 | 16), ("a b;c", 1 | 8 | 64)] {
        assert_eq!(Classes::of(text).0, want, "{text}");
    }
    assert_eq!(Classes::of("\u{e9}\n@").0, 512 | 256 | 128);
    assert_eq!(CLASS.iter().filter(|&&class| class == 0).count(), 0, "every byte has a class");
}

/// A model that has seen values made by `text` from a number.
fn trained(events: u64, text: impl Fn(u64) -> String) -> ValueModel {
    let mut model = ValueModel::default();
    for n in 0..events {
        let score = model.observe(&ValueConfig::default(), n * SECOND, &Value::of(&text(mix(n))));
        assert_eq!(score.is_some(), n >= 200);
    }
    model
}

#[test]
fn a_name_among_few_a_length_a_number_and_characters_are_seen() {
    let names = trained(20_000, |n| format!("user{}", n % 8));
    let usual = names.judge(&Value::of("user3"));
    assert!(usual.surprise < 1.0 && usual.seen > 1000, "{usual:?}");
    let fresh = names.judge(&Value::of("user9"));
    assert!(fresh.aspect == Aspect::Identity && fresh.surprise > 8.0, "{fresh:?}");
    assert!(names.distinct() == 8.0 && fresh.seen == 0 && fresh.observed == 20_000);

    // Ids never come twice: not which one, but how it is made.
    let ids = trained(20_000, |n| format!("{:012x}", n >> 16));
    assert!(ids.open() && (ids.distinct() / 20_000.0 - 1.0).abs() < 0.2);
    let usual = ids.judge(&Value::of("00ab34cd56ef"));
    assert!(usual.surprise < 1.0 && usual.identity.is_none(), "{usual:?}");
    let odd = ids.judge(&Value::of("00ab34';idcd"));
    assert!(odd.aspect == Aspect::Characters && odd.surprise > 7.0, "{odd:?}");
    let long = ids.judge(&Value::of(&"0123456789ab".repeat(10)));
    assert!(long.aspect == Aspect::Length && long.surprise > 20.0, "{long:?}");

    let sizes = trained(20_000, |n| format!("{}", 500 + n % 1000));
    let usual = sizes.judge(&Value::of("812"));
    assert!(usual.surprise < 1.5, "{usual:?}");
    let ten = sizes.judge(&Value::of("9000"));
    assert!(ten.aspect == Aspect::Number && ten.surprise > 15.0, "{ten:?}");
    let small = sizes.judge(&Value::of("7"));
    assert!(small.number.unwrap() > 5.0, "{small:?}");
}

#[test]
fn a_quiet_slot_stays_quiet() {
    // Zipf's law over 2,000 names, sizes and lengths of their own.
    let mut model = ValueModel::default();
    let (mut judged, mut found) = (0u32, [0u32; 2]);
    for n in 0..60_000u64 {
        let u = (mix(n) >> 11) as f64 / (1u64 << 53) as f64;
        let name = format!("name-{}", (2000f64.powf(u)) as u64);
        if let Some(score) = model.observe(&ValueConfig::default(), n * SECOND, &Value::of(&name)) {
            judged += 1;
            found[0] += u32::from(score.surprise >= -(1e-2f64.ln()));
            found[1] += u32::from(score.surprise >= -(1e-3f64.ln()));
        }
    }
    assert!(f64::from(found[0]) <= 3e-2 * f64::from(judged), "{found:?} of {judged}");
    assert!(f64::from(found[1]) <= 3e-3 * f64::from(judged), "{found:?} of {judged}");
}

#[test]
fn models_are_bounded_and_go_on_alike_when_restored() {
    assert!(size_of::<ValueModel>() <= 420, "{}", size_of::<ValueModel>());
    assert_eq!(ValueModel::default().heap_bytes(), 0);
    let mut model = trained(30_000, |n| format!("{}-{}", n % 50, n % 977));
    assert!(model.heap_bytes() <= 5_000, "{}", model.heap_bytes());
    let mut restored: ValueModel =
        bincode::deserialize(&bincode::serialize(&model).unwrap()).unwrap();
    for n in 0..500u64 {
        let value = Value::of(&format!("{}", mix(n) % 2000));
        let config = ValueConfig::default();
        let at = (30_000 + n) * SECOND;
        assert_eq!(model.observe(&config, at, &value), restored.observe(&config, at, &value));
    }
}

//! Six kinds of anomalies in seeded backgrounds, by the default configuration (its budget too):
//! the channel that is meant for it is the first to speak, at once or within five buckets.

use super::feed::{feed, options};
use super::full;
use super::service::{Kind, Odd, Service};
use super::streams::{BEGIN, MINUTE};
use super::truth::Shape;
use seerflow_model::Alert;
use std::collections::BTreeMap;

/// Name of a kind, and the rules that are meant for it.
pub fn right(kind: Kind) -> (&'static str, &'static [&'static str]) {
    const CONTENT: &[&str] = &["odd-content", "odd-value", "never-seen-value"];
    match kind {
        Kind::Rate => ("rate", &["volume-burst", "level-shift"]),
        Kind::Severity => ("severity", &["odd-content"]),
        Kind::Value => ("value", &["never-seen-value", "odd-value"]),
        Kind::Length => ("length", CONTENT),
        Kind::Order => ("order", &["odd-order"]),
        Kind::Silence => ("silence", &["silence", "volume-drop", "level-shift"]),
    }
}

/// Whether a rule that is meant for it tells of it in time.
pub fn found(alert: &Alert, odd: &Odd) -> bool {
    let begin = BEGIN + odd.from * MINUTE;
    let in_time = alert.timestamp_ns >= begin && alert.timestamp_ns <= begin + 6 * MINUTE;
    let meant = right(odd.kind).1.contains(&alert.rule_name.as_str());
    let shown =
        odd.kind.minutes() > 1 || alert.events.iter().any(|event| event.timestamp_ns == odd.at());
    in_time && meant && shown
}

/// The background of a seed: every second one is of people, with more or fewer of them.
pub fn background(seed: u64) -> Service {
    let shape = [Shape::Poisson, Shape::Seasonal, Shape::NegativeBinomial][(seed % 3) as usize];
    let (per_second, users) = [(1.0, 5), (2.0, 30), (1.5, 12), (3.0, 60)][(seed % 4) as usize];
    Service { shape, per_second, users, minutes: 430, seed: 1_000 + seed }
}

/// What came first after it began, in words.
fn first(seed: u64, kind: Kind) -> (bool, String) {
    let odd = Odd { kind, from: 400 + seed % 7 };
    let (alerts, _) = feed(options(1e-4, 10), background(seed).lines(vec![odd]));
    let begin = BEGIN + odd.from * MINUTE;
    let after = alerts.iter().filter(|a| a.revision == 1 && a.timestamp_ns >= begin);
    let Some(first) = after.min_by_key(|alert| alert.timestamp_ns) else {
        return (false, "nothing".to_owned());
    };
    let seconds = (first.timestamp_ns - begin) / 1_000_000_000;
    let text = format!("{} after {seconds} s: {}", first.rule_name, first.description);
    (found(first, &odd), text)
}

#[test]
fn the_right_channel_is_first() {
    let seeds = if full() { 30 } else { 3 };
    let mut all = BTreeMap::<&str, [u32; 2]>::new();
    for seed in 0..seeds {
        for kind in Kind::ALL {
            let (hit, text) = first(seed, kind);
            let entry = all.entry(right(kind).0).or_default();
            *entry = [entry[0] + u32::from(hit), entry[1] + 1];
            if !hit {
                println!("{seed} {kind:?}: {text}");
            }
        }
    }
    println!("first and right, by kind: {all:?}");
    let [hits, of] = all.values().fold([0, 0], |sum, kind| [sum[0] + kind[0], sum[1] + kind[1]]);
    assert!(10 * hits >= 9 * of, "{hits} of {of}: {all:?}");
}

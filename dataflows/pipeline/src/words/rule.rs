//! What rules have found, in words: what of a rule has matched, and how many events within what time.

use super::{entities, place, primary_of, quote};
use crate::folds::correlate::Correlated;
use crate::rulebook::Named;
use seerflow_model::evidence::{Brief, Channel, EntityOut, Evidence};
use seerflow_model::time::{Ns, SECOND, rfc3339};
use seerflow_model::{EntityType, Event, Role, text};
use seerflow_sigma::Reason;
use seerflow_sigma::correlate::{Law, Tuple};
use std::fmt::Write;
use std::sync::Arc;

/// Tests of a rule that are told of.
const REASONS_MAX: usize = 4;
/// Longest test that is told, in bytes.
const TEST_MAX: usize = 160;
/// Entities of a correlation.
const ENTITIES_MAX: usize = 16;

/// A rule about one event has matched.
pub fn matched(event: &Event, rule: &Named, reasons: &[Reason]) -> Evidence {
    let mut evidence = of_one(event, Channel::Sigma, &rule.name);
    evidence.kind = "match".to_owned();
    evidence.severity = rule.severity;
    evidence.episode = format!("{}/{}", primary_of(event), event.host());
    evidence.title = format!("{} from {}", text::neutral(&rule.title), place(event));
    evidence.text = quote(event.message());
    for (at, reason) in reasons.iter().take(REASONS_MAX).enumerate() {
        evidence.text.push_str(if at == 0 { ": " } else { ", " });
        let _ = write!(evidence.text, "{}", text::neutral(&text::shorten(&reason.test, TEST_MAX)));
        if let Some(value) = reason.value.as_ref().filter(|value| *value != event.message()) {
            let _ = write!(evidence.text, " ({})", quote(value));
        }
    }
    if let Some(more) = reasons.len().checked_sub(REASONS_MAX).filter(|more| *more > 0) {
        let _ = write!(evidence.text, " and {more} more");
    }
    evidence
}

fn of_one(event: &Event, channel: Channel, rule: &str) -> Evidence {
    Evidence {
        channel,
        kind: String::new(),
        rule: rule.to_owned(),
        episode: String::new(),
        effective: event.effective_time,
        about: event.about(),
        probability: 0.0,
        text: String::new(),
        values: Vec::new(),
        severity: event.severity,
        title: String::new(),
        source_type: event.source.source_type.clone(),
        entities: entities(event, None),
        events: vec![Brief::of(event)],
        event_count: 1,
    }
}

/// A correlation has matched, goes on, or has ended.
pub fn correlated(
    found: &Correlated,
    law: &Law,
    rule: &Named,
    effective: Ns,
) -> Option<(Arc<Event>, Evidence)> {
    let m = &found.found;
    let newest = m.last.last().or(m.first.last())?;
    let mut evidence = of_one(newest, Channel::Correlation, &rule.name);
    evidence.kind = law.kind.name().replace('_', "-");
    evidence.severity = rule.severity;
    (evidence.effective, evidence.about) = (effective, m.start);
    evidence.episode = episode(law, &m.group);
    let of = if law.group_by.is_empty() { place(newest) } else { evidence.episode.clone() };
    evidence.title = format!("{}: {of}", text::neutral(&rule.title));
    let about = if m.at_least { "at least " } else { "" };
    let events = if m.count == 1 { "event" } else { "events" };
    evidence.text = format!(
        "{} {events} of {of} in {}: {about}{} ({}), from {} to {}",
        m.count,
        lasted(m.end.saturating_sub(m.start)),
        number(m.number),
        law.summary,
        rfc3339(m.start),
        rfc3339(m.end),
    );
    evidence.values = vec![
        ("events".to_owned(), m.count as f64),
        ("measured".to_owned(), m.number),
        ("seconds".to_owned(), m.end.saturating_sub(m.start) as f64 / SECOND as f64),
    ];
    if let Some(first) = m.first.first().filter(|first| !Arc::ptr_eq(first, newest)) {
        let (first, last) = (quote(first.message()), quote(newest.message()));
        let _ = write!(evidence.text, "; first {first}, last {last}");
    }
    evidence.entities = all_entities(found, law);
    evidence.events = m.first.iter().chain(&m.last).map(|event| Brief::of(event)).collect();
    evidence.event_count = found.added;
    Some((newest.clone(), evidence))
}

/// A group in words: `src_ip=203.0.113.9, host=web-1`.
pub fn episode(law: &Law, group: &Tuple) -> String {
    let parts = law.group_by.iter().zip(group.iter());
    let parts: Vec<String> = parts
        .map(|(name, value)| format!("{name}={}", text::neutral(value.unwrap_or("-"))))
        .collect();
    parts.join(", ")
}

/// Entities of all events that are shown: what is grouped by in front, then those of the newest.
fn all_entities(found: &Correlated, law: &Law) -> Vec<EntityOut> {
    let m = &found.found;
    let grouped = |out: &EntityOut| {
        m.group.iter().flatten().any(|value| value.eq_ignore_ascii_case(&out.value))
    };
    let mut all: Vec<EntityOut> = Vec::new();
    for event in m.last.iter().rev().chain(m.first.iter().rev()) {
        for out in entities(event, None) {
            let known = all.iter().any(|have| (have.kind, &have.value) == (out.kind, &out.value));
            if !known {
                all.push(out);
            }
        }
    }
    for (name, value) in law.group_by.iter().zip(m.group.iter()) {
        let Some(value) = value else { continue };
        let known = all.iter().any(|out| out.value.eq_ignore_ascii_case(value));
        if let Some(kind) = kind_of(name).filter(|_| !known) {
            all.push(EntityOut::new(kind, value, Role::Target));
        }
    }
    all.sort_by_key(|out| !grouped(out));
    all.truncate(ENTITIES_MAX);
    all
}

/// The type of entity that a field names: `entity.workload` is a service.
fn kind_of(field: &str) -> Option<EntityType> {
    Some(match field.strip_prefix("entity.")? {
        "user" => EntityType::User,
        "ip" => EntityType::Ip,
        "host" => EntityType::Host,
        "file" => EntityType::File,
        "domain" => EntityType::Domain,
        "workload" | "service" => EntityType::Service,
        "container" => EntityType::Container,
        _ => return None,
    })
}

fn lasted(ns: Ns) -> String {
    match ns as f64 / SECOND as f64 {
        seconds if seconds < 120.0 => format!("{} s", number(seconds)),
        seconds if seconds < 7_200.0 => format!("{} min", number(seconds / 60.0)),
        seconds => format!("{} h", number(seconds / 3_600.0)),
    }
}

/// A number with one place after the point where it is not whole.
fn number(number: f64) -> String {
    match number.fract() == 0.0 {
        true => format!("{number:.0}"),
        false => format!("{number:.1}"),
    }
}

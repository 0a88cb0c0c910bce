//! The risk of an entity and its way along the kill chain, in words: what gave how much, and when.

use crate::finding::{Authority, Kind};
use crate::folds::risk::Reason;
use crate::settings::RiskSettings;
use seerflow_detection::risk::{Share, Step};
use seerflow_model::evidence::{Brief, EntityOut};
use seerflow_model::time::{SECOND, rfc3339};
use seerflow_model::{Channel, Evidence, Ns, Severity, Tactic, ids, text};
use std::fmt::Write;

/// Rule of alerts about risk.
pub const RISK: &str = "risk-accumulation";
/// Rule of alerts about the kill chain.
pub const CHAIN: &str = "kill-chain-progression";
/// Events that show where a score comes from, one of each that gave points.
const EVENTS_MAX: usize = 32;
/// What gave points, told each as evidence.
const REASONS_MAX: usize = 15;
/// What gave most, told in the sentence.
const FIRST_MAX: usize = 5;

/// What is said, what of it is shown, and the tactics of it.
pub type Said = (Evidence, Vec<Evidence>, Vec<Tactic>);

/// A score as it is shown: a tenth is as fine as anyone reads it.
pub fn shown(score: f64) -> f64 {
    (score * 10.0).round() / 10.0
}

/// `host web-1`
fn name(who: &EntityOut) -> String {
    format!("{} {}", who.kind.name(), text::neutral(&text::shorten(&who.value, 120)))
}

fn base(who: &EntityOut, kind: &str, rule: &str, now: Ns) -> Evidence {
    Evidence {
        channel: Channel::Risk,
        kind: kind.to_owned(),
        rule: rule.to_owned(),
        episode: format!("{}:{}", who.kind.name(), who.value),
        effective: now,
        about: now,
        probability: 0.0,
        text: String::new(),
        values: Vec::new(),
        severity: Severity::Warning,
        title: String::new(),
        source_type: String::new(),
        entities: vec![who.clone()],
        events: Vec::new(),
        event_count: 0,
    }
}

/// Lines that show what was found, in the order of time, each once. Ids do not order them: they hang
/// on where a line stands in its file.
fn events<'a>(reasons: impl Iterator<Item = &'a Reason>) -> Vec<Brief> {
    let mut all: Vec<Brief> = Vec::new();
    for event in reasons.filter_map(|reason| reason.of.event.as_ref()) {
        if all.len() < EVENTS_MAX && all.iter().all(|seen| seen.event_id != event.event_id) {
            all.push(event.clone());
        }
    }
    let place = |event: &Brief| (event.timestamp_ns, event.source.clone(), event.message.clone());
    all.sort_by_cached_key(place);
    all
}

/// How high the risk of an entity is, and what made it so; `shares` by size.
pub fn risk(
    who: &EntityOut,
    score: f64,
    shares: &[Share],
    reasons: &[Reason],
    settings: &RiskSettings,
    now: Ns,
) -> Said {
    let of = |share: &Share| {
        let number = share.alert?;
        reasons.iter().find(|reason| u128::from(reason.number) == number)
    };
    let known = || shares.iter().filter_map(|share| Some((share, of(share)?)));
    let mut lead = base(who, "risk", RISK, now);
    lead.title = format!("risk of {} is {:.0} of 100", name(who), score);
    lead.text = format!(
        "{:.1} of 100, {:.0} raise an alert and half is gone every {:.1} h: ",
        score,
        settings.threshold,
        settings.half_life as f64 / 3_600e9
    );
    for (n, (share, reason)) in known().take(FIRST_MAX).enumerate() {
        let _ = write!(
            lead.text,
            "{}{:.1} by {} ({}) at {}",
            if n == 0 { "" } else { ", " },
            share.share,
            reason.of.title,
            reason.of.name,
            rfc3339(reason.at)
        );
    }
    let more = shares.len().saturating_sub(FIRST_MAX);
    if more > 0 {
        let _ = write!(lead.text, " and {more} more");
    }
    lead.values = vec![
        ("score".to_owned(), shown(score)),
        ("threshold".to_owned(), settings.threshold),
        ("half_life_hours".to_owned(), settings.half_life as f64 / 3_600e9),
        ("contributions".to_owned(), shares.len() as f64),
    ];
    lead.severity = match score {
        score if score >= 90.0 => Severity::Critical,
        score if score >= 75.0 => Severity::Error,
        _ => Severity::Warning,
    };
    lead.about = reasons.iter().map(|reason| reason.at).min().unwrap_or(now);
    lead.events = events(known().map(|(_, reason)| reason));
    lead.event_count = lead.events.len() as u64;
    let told = |(share, reason): (&Share, &Reason)| {
        let mut part = base(who, &reason.of.name, RISK, reason.at);
        part.episode = format!("{:016x}", reason.of.rule);
        part.text = format!(
            "{:.1} of {:.1}: {} ({:.1} points at {})",
            share.share,
            score,
            reason.of.title,
            reason.of.points,
            rfc3339(reason.at)
        );
        part.values = vec![
            ("points".to_owned(), shown(reason.of.points)),
            ("share".to_owned(), shown(share.share)),
        ];
        part.events = reason.of.event.iter().cloned().collect();
        part
    };
    let also = known().take(REASONS_MAX).map(told).collect();
    let mut tactics: Vec<Tactic> =
        known().flat_map(|(_, reason)| reason.of.tactics.iter().copied()).collect();
    tactics.sort_unstable();
    tactics.dedup();
    (lead, also, tactics)
}

/// How far along the kill chain an entity is.
pub fn chain(who: &EntityOut, steps: &[Step], reasons: &[Reason], window: Ns, now: Ns) -> Said {
    let of = |step: &Step| reasons.iter().find(|reason| u128::from(reason.number) == step.alert);
    let mut lead = base(who, "kill-chain", CHAIN, now);
    lead.title = format!("{} went through {} tactics in order", name(who), steps.len());
    lead.text = format!("within {}: ", spell(window));
    for (n, step) in steps.iter().enumerate() {
        let by = of(step).map_or("", |reason| &*reason.of.title);
        let _ = write!(
            lead.text,
            "{}{} at {} ({by})",
            if n == 0 { "" } else { ", then " },
            step.tactic.slug(),
            rfc3339(step.at)
        );
    }
    lead.values = vec![
        ("tactics".to_owned(), steps.len() as f64),
        ("window_seconds".to_owned(), (window / SECOND) as f64),
    ];
    lead.severity = Severity::Error;
    lead.about = steps.first().map_or(now, |step| step.at);
    lead.events = events(steps.iter().filter_map(of));
    lead.event_count = lead.events.len() as u64;
    let told = |step: &Step| {
        let reason = of(step)?;
        let mut part = base(who, &reason.of.name, CHAIN, step.at);
        part.episode = step.tactic.slug().to_owned();
        let (tactic, at) = (step.tactic.title(), rfc3339(step.at));
        part.text = format!("{tactic}: {} at {at}", reason.of.title);
        part.events = reason.of.event.iter().cloned().collect();
        Some(part)
    };
    let also = steps.iter().filter_map(told).collect();
    (lead, also, steps.iter().map(|step| step.tactic).collect())
}

fn spell(window: Ns) -> String {
    match window / SECOND {
        seconds if seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        seconds => format!("{seconds} s"),
    }
}

/// What such an alert goes back to.
pub fn authority(lead: &Evidence, tactics: Vec<Tactic>) -> Authority {
    Authority {
        kind: if lead.rule == CHAIN { Kind::KillChain } else { Kind::Risk },
        family: ids::rule(&lead.rule).to_string(),
        rule_id: ids::rule(&lead.rule).to_string(),
        author: None,
        ruleset: None,
        lens: "security".to_owned(),
        tactics,
        techniques: Vec::new(),
    }
}

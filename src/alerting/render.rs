//! An alert as text.
//!
//! For people: a head line, what happened, when, the lines that show it, and why it was raised.
//! Every number is one that the alert carries; what is not known is left out or said to be not
//! known. Text that came from logs passes [`neutral`], so no escape reaches a terminal.
//! For programs: one JSON object, as [`Alert`] serialises.

use seerflow_model::text::{neutral, neutral_json, shorten};
use seerflow_model::time::{self, Ns};
use seerflow_model::{Alert, AlertStatus, EntityType, Role, Severity};
use std::fmt::Write;

/// Lines of the log that are shown with an alert.
const EVENTS_SHOWN: usize = 2;
/// Longest line that is shown, in bytes.
const LINE_BYTES_MAX: usize = 300;
/// Pieces of evidence that are shown.
const EVIDENCE_SHOWN: usize = 5;

/// How to write for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// Times in the machine's zone instead of UTC.
    pub local: bool,
}

impl Style {
    /// A time, as this style shows it.
    pub fn time(self, ns: Ns) -> String {
        if self.local { time::rfc3339_local(ns) } else { time::rfc3339(ns) }
    }

    fn paint(self, text: &str, codes: &str) -> String {
        if self.colour { format!("\x1b[{codes}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// One alert for people, several lines, with a line end.
pub fn human(alert: &Alert, style: Style) -> String {
    let severity = alert.severity.name();
    let indent = " ".repeat(severity.len() + 2);
    let mut out = String::new();
    let subject = subject(alert).unwrap_or_else(|| "no entity known".into());
    let risk = match alert.risk_score {
        Some(score) => format!("risk {score:.0}"),
        None => "risk not known".into(),
    };
    let rule = neutral(&alert.rule_name).into_owned();
    let _ = writeln!(
        out,
        "{}  {}   {subject}   {risk}",
        style.paint(severity, colour(alert.severity)),
        style.paint(&rule, "1"),
    );
    let what = if alert.description.is_empty() { &alert.title } else { &alert.description };
    let _ = writeln!(out, "{indent}{}", neutral(what));
    let _ = writeln!(out, "{indent}{}", when(alert, style));
    for event in shown_events(alert) {
        let message = shorten(&event.message, LINE_BYTES_MAX);
        let _ = writeln!(
            out,
            "{indent}line: {} {}: {}",
            style.time(event.timestamp_ns),
            neutral(&event.source),
            neutral(&message),
        );
    }
    let why = why(alert);
    if !why.is_empty() {
        let _ = writeln!(out, "{indent}why: {why}");
    }
    out
}

/// The primary entity and the host it was seen on: `user root on web-prod-01`.
pub fn subject(alert: &Alert) -> Option<String> {
    let value = alert.entity_value.as_deref()?;
    let kind = alert.entity_type.map_or("entity", EntityType::name);
    let mut text = format!("{kind} {}", neutral(value));
    let place = alert.entities.iter().find(|entity| {
        entity.kind == EntityType::Host && matches!(entity.role, Role::Target | Role::Observer)
    });
    if let Some(place) = place.filter(|place| place.value != value) {
        let _ = write!(text, " on {}", neutral(&place.value));
    }
    Some(text)
}

/// From when to when, how often, which techniques, and in what state.
fn when(alert: &Alert, style: Style) -> String {
    let mut text = style.time(alert.timestamp_ns);
    if alert.last_seen_ns > alert.timestamp_ns {
        let _ = write!(text, " – {}", style.time(alert.last_seen_ns));
    }
    let _ = write!(text, "   {}", plural(alert.event_count, "event"));
    if alert.occurrences > 1 {
        let _ = write!(text, ", found {} times", alert.occurrences);
    }
    let tactics: Vec<_> = alert.mitre_tactics.iter().map(|tactic| tactic.slug()).collect();
    let techniques = neutral(&alert.mitre_techniques.join(" ")).into_owned();
    match (techniques.is_empty(), tactics.is_empty()) {
        (true, true) => {}
        (true, false) => drop(write!(text, "   {}", tactics.join(" → "))),
        _ => drop(write!(text, "   {techniques} {}", tactics.join(" → "))),
    }
    match alert.status {
        AlertStatus::Open => {}
        AlertStatus::Updated => text.push_str("   updated"),
        AlertStatus::Closed => text.push_str("   closed"),
        AlertStatus::Retracted => text.push_str("   retracted: it turned out not to hold"),
    }
    if alert.provisional {
        text.push_str("   not yet ordered");
    }
    text
}

/// The first lines, and the last one when there are more.
fn shown_events(alert: &Alert) -> impl Iterator<Item = &seerflow_model::Brief> {
    let last = alert.events.last().filter(|_| alert.events.len() >= EVENTS_SHOWN);
    let first = alert.events.len().min(EVENTS_SHOWN - usize::from(last.is_some()));
    alert.events[..first].iter().chain(last)
}

/// Evidence in words, with how rarely each comes by chance.
fn why(alert: &Alert) -> String {
    let one = |evidence: &seerflow_model::alert::AlertEvidence| {
        // What the head says already is not said again.
        let said = evidence.text == alert.description;
        match (said, evidence.probability.map(probability)) {
            (true, Some(p)) => format!("p = {p}"),
            (false, Some(p)) => format!("{} (p = {p})", neutral(&evidence.text)),
            (true, None) => rule(alert, &evidence.channel),
            (false, None) => {
                format!("{}: {}", rule(alert, &evidence.channel), neutral(&evidence.text))
            }
        }
    };
    let mut parts: Vec<String> = alert.evidence.iter().take(EVIDENCE_SHOWN).map(one).collect();
    if alert.evidence.len() > EVIDENCE_SHOWN {
        parts.push(format!("and {} more", alert.evidence.len() - EVIDENCE_SHOWN));
    }
    parts.join("; ")
}

/// A rule and who wrote it; licences of rules want its author named with every match.
fn rule(alert: &Alert, channel: &str) -> String {
    let name = neutral(&alert.rule_name);
    match &alert.rule_author {
        Some(author) => format!("{channel} rule {name} by {}", neutral(author)),
        None => format!("{channel} rule {name}"),
    }
}

/// A probability with one or two digits: `0.012`, `3e-7`.
pub fn probability(p: f64) -> String {
    if !p.is_finite() {
        return "not known".into();
    }
    if p >= 0.001 || p == 0.0 {
        let text = format!("{p:.3}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{p:.1e}").replace(".0e", "e")
}

fn plural(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Trace | Severity::Informational => "2",
        Severity::Notice => "36",
        Severity::Warning => "33",
        Severity::Error => "31",
        Severity::Critical | Severity::Fatal => "1;31",
    }
}

/// One alert as a JSON object on one line, with a line end.
pub fn json_line(alert: &Alert) -> String {
    // Maps with text keys and numbers always serialise; an infinite number becomes null.
    let line = serde_json::to_string(alert).expect("an alert is plain data");
    let mut line = neutral_json(&line).into_owned();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::super::samples::{START, alert};
    use super::*;
    use seerflow_model::{EntityOut, Tactic};

    #[test]
    fn names_program_host_message_and_time() {
        let text = human(&alert("a"), Style::default());
        assert_eq!(
            text,
            "ERROR  never-seen-message   host db   risk not known
       never seen from postgres on db: FATAL connection limit exceeded <*>
       2026-03-24T19:01:00Z   1 event
       line: 2026-03-24T19:01:00Z 127.0.0.1 → udp:5514: FATAL connection limit exceeded 847/100
       why: new after 301 events (p = 2e-5)
"
        );
    }

    #[test]
    fn a_long_episode() {
        let mut alert = alert("a");
        alert.status = AlertStatus::Closed;
        alert.risk_score = Some(71.4);
        alert.last_seen_ns = START + 41_000_000_000;
        alert.occurrences = 3;
        alert.event_count = 12;
        alert.entity_type = Some(EntityType::User);
        alert.entity_value = Some("root".into());
        alert.entities.insert(0, EntityOut::new(EntityType::User, "root", Role::Actor));
        alert.mitre_tactics = vec![Tactic::CredentialAccess, Tactic::InitialAccess];
        alert.mitre_techniques = vec!["T1110".into()];
        for n in 0..7 {
            let mut event = alert.events[0].clone();
            event.message = format!("m{n}");
            alert.events.push(event);
        }
        let text = human(&alert, Style::default());
        assert!(
            text.starts_with("ERROR  never-seen-message   user root on db   risk 71\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "2026-03-24T19:01:00Z – 2026-03-24T19:01:41Z   12 events, found 3 times   T1110 \
                 credential-access → initial-access   closed\n"
            ),
            "{text}"
        );
        let lines: Vec<_> = text.lines().filter(|line| line.contains("line: ")).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains("FATAL") && lines[1].ends_with("m6"));
    }

    #[test]
    fn nothing_hostile_reaches_the_terminal() {
        let evil = "x\x1b[2J\u{9b}31m\u{202e}\r\ny";
        let mut alert = alert("a");
        alert.title = evil.into();
        alert.rule_name = evil.into();
        alert.entity_value = Some(evil.into());
        alert.entities[0].value = format!("{evil}2");
        alert.events[0].message = evil.into();
        alert.events[0].source = evil.into();
        alert.evidence[0].text = evil.into();
        alert.mitre_techniques = vec![evil.into()];
        let text = human(&alert, Style::default());
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'));
        let lines = text.lines().count();
        assert_eq!(lines, 5, "{text}");
        assert!(json_line(&alert).trim_end().chars().all(|c| !c.is_ascii_control()));
    }

    #[test]
    fn colours_only_when_asked_for() {
        let plain = human(&alert("a"), Style::default());
        assert!(!plain.contains('\x1b'));
        let coloured = human(&alert("a"), Style { colour: true, local: false });
        assert!(coloured.starts_with("\x1b[31mERROR\x1b[0m"));
    }

    #[test]
    fn json_is_one_line_and_reads_back() {
        let mut alert = alert("a");
        alert.title = "two\nlines".into();
        let line = json_line(&alert);
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(serde_json::from_str::<Alert>(&line).unwrap(), alert);
    }

    #[test]
    fn probabilities() {
        for (p, text) in
            [(3e-7, "3e-7"), (2.34e-5, "2.3e-5"), (0.0123, "0.012"), (0.5, "0.5"), (1.0, "1")]
        {
            assert_eq!(probability(p), text);
        }
        assert_eq!(probability(f64::NAN), "not known");
    }
}

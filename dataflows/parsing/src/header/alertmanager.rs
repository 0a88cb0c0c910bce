//! Alerts as Prometheus' Alertmanager (and what speaks like it) sends them: one alert.
//!
//! The message is `status name: summary`; labels and annotations are fields under their own names.
//! The host is that of the label `instance`, without its port. An alert that is resolved is a
//! notice at most: it says that something bad is over. Cost: a few passes over the fields.

use super::draft::{Draft, Line};
use super::object::text;
use super::structured::{any, append, value};
use seerflow_model::{Outcome, Severity, Span};

/// The highest that an alert that is over can be.
const OVER: Severity = Severity::Notice;

/// The field that holds when it began, and that which holds when it ended.
pub(crate) const TIMES: (&str, &str) = ("startsAt", "endsAt");

/// Reads the fields of one alert.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) {
    let get = |names: &[&str]| any(draft, line, names);
    let status = get(&["status", "status.state"]);
    let name = get(&["labels.alertname"]);
    let summary = get(&["annotations.summary", "annotations.message", "annotations.description"]);
    let host = get(&["labels.instance", "labels.node", "labels.hostname", "labels.host"]);
    let host = bare(text(draft, line, host), host);
    let severity = grade(text(draft, line, get(&["labels.severity", "labels.level"])));
    let over = is_over(draft, line);
    let start = draft.tail_end();
    draft.tail.push_str(if over { "resolved" } else { "firing" });
    append(draft, line, " ", name);
    append(draft, line, ": ", summary);
    draft.message = draft.since(start);
    draft.program = draft.add("alertmanager");
    draft.host = host;
    draft.severity = Some(if over { severity.min(OVER) } else { severity });
    draft.outcome = match (over, status.is_empty()) {
        (true, _) => Outcome::Success,
        (false, false) => Outcome::Failure,
        (false, true) => Outcome::Unknown,
    };
}

/// Whether the alert is resolved.
pub(super) fn is_over(draft: &Draft, line: Line<'_>) -> bool {
    text(draft, line, value(draft, line, "status")).eq_ignore_ascii_case("resolved")
}

/// The words that people use for the label `severity`; without one it is a warning.
fn grade(word: &str) -> Severity {
    match word.to_ascii_lowercase().as_str() {
        "page" | "p1" | "disaster" => Severity::Critical,
        "high" | "major" | "p2" | "ticket" => Severity::Error,
        "medium" | "moderate" | "average" | "p3" | "" => Severity::Warning,
        "low" | "minor" | "p4" => Severity::Notice,
        "none" | "ok" => Severity::Informational,
        word => Severity::from_word(word.as_bytes()).unwrap_or(Severity::Warning),
    }
}

/// The host in `host:port`, `[address]:port` and `scheme://host:port/path`.
fn bare(text: &str, span: Span) -> Span {
    let from = text.find("://").map_or(0, |at| at + 3);
    let rest = text.get(from..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let place = &rest[..end];
    let (skip, len) = match place.strip_prefix('[').and_then(|rest| rest.find(']')) {
        Some(close) => (1, close),
        // More than one colon is an address of IPv6 without brackets.
        None if place.matches(':').count() == 1 => (0, place.find(':').unwrap_or(place.len())),
        None => (0, place.len()),
    };
    Span { start: span.start + (from + skip) as u32, len: len as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_instances() {
        for (text, expected) in [
            ("web-1:9100", "web-1"),
            ("web-1", "web-1"),
            ("[2001:db8::1]:9100", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("https://shop.example/health?x=1", "shop.example"),
            ("http://10.0.0.7:8080/", "10.0.0.7"),
            ("", ""),
            ("[", "["),
        ] {
            let span = bare(text, Span::new(0, text.len()));
            assert_eq!(span.of(text), expected, "{text}");
        }
    }

    #[test]
    fn words_of_severity() {
        for (word, expected) in [
            ("critical", Severity::Critical),
            ("Page", Severity::Critical),
            ("warning", Severity::Warning),
            ("info", Severity::Informational),
            ("none", Severity::Informational),
            ("", Severity::Warning),
            ("purple", Severity::Warning),
        ] {
            assert_eq!(grade(word), expected, "{word}");
        }
    }
}

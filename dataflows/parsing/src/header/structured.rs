//! Structured security sources: which one a JSON object is, by the names of its fields, and what
//! all of them share.
//!
//! Why by names: every shipper writes the same event in its own shape, and none says which. A
//! shape needs at least two names that only it has together, so that an application's own JSON is
//! not taken for one. Cost: one look at the length of each field's name, and at the name where the
//! length fits.

use super::draft::{Draft, Line};
use super::object::text;
use super::{alertmanager, cloudtrail, github, json, kube, windows};
use memchr::memmem;
use seerflow_model::{Field, Format, Outcome, Severity, Span};

/// Bits of what was seen.
mod seen {
    pub(super) const EVENT_ID: u16 = 1;
    pub(super) const WINDOWS: u16 = 1 << 1;
    pub(super) const CHANNEL: u16 = 1 << 2;
    pub(super) const EVENT_SOURCE: u16 = 1 << 3;
    pub(super) const EVENT_NAME: u16 = 1 << 4;
    pub(super) const AWS: u16 = 1 << 5;
    pub(super) const AUDIT_API: u16 = 1 << 6;
    pub(super) const KIND_EVENT: u16 = 1 << 7;
    pub(super) const OBJECT: u16 = 1 << 8;
    pub(super) const OLD_EVENT_ID: u16 = 1 << 9;
    pub(super) const OLD_LOG: u16 = 1 << 10;
    pub(super) const REPOSITORY: u16 = 1 << 11;
    pub(super) const SENDER: u16 = 1 << 12;
    pub(super) const ALERT_NAME: u16 = 1 << 13;
    pub(super) const ALERT_START: u16 = 1 << 14;
}

/// Which source the fields are of, `None` for an application's own JSON.
pub(super) fn kind(draft: &Draft, line: Line<'_>) -> Option<Format> {
    let mut bits = 0;
    for field in &draft.fields {
        if matches!(field.name.len, 4 | 7..=12 | 14..=20 | 26) {
            bits |= bit(text(draft, line, field.name), || text(draft, line, field.value));
        }
    }
    let has = |all: u16| bits & all == all;
    if bits & seen::WINDOWS != 0
        || has(seen::EVENT_ID | seen::CHANNEL)
        || has(seen::OLD_EVENT_ID | seen::OLD_LOG)
    {
        Some(Format::Windows)
    } else if has(seen::EVENT_SOURCE | seen::EVENT_NAME | seen::AWS) {
        Some(Format::Cloudtrail)
    } else if has(seen::AUDIT_API | seen::KIND_EVENT) {
        Some(Format::KubeAudit)
    } else if has(seen::KIND_EVENT | seen::OBJECT) {
        Some(Format::KubeEvent)
    } else if has(seen::ALERT_NAME | seen::ALERT_START) {
        Some(Format::Alertmanager)
    } else if has(seen::REPOSITORY | seen::SENDER) {
        Some(Format::Github)
    } else {
        None
    }
}

fn bit<'a>(name: &str, value: impl Fn() -> &'a str) -> u16 {
    match name {
        "EventID" => seen::EVENT_ID,
        "Channel" | "SourceName" | "Provider_Name" | "ProviderName" => seen::CHANNEL,
        "winlog.event_id"
        | "Event.System.EventID"
        | "Event.System.EventID.#text"
        | "System.EventID" => seen::WINDOWS,
        "event_id" => seen::OLD_EVENT_ID,
        "log_name" | "source_name" => seen::OLD_LOG,
        "eventSource" => seen::EVENT_SOURCE,
        "eventName" => seen::EVENT_NAME,
        "awsRegion" | "eventVersion" => seen::AWS,
        "apiVersion" if value().starts_with("audit.k8s.io/") => seen::AUDIT_API,
        "kind" if value() == "Event" => seen::KIND_EVENT,
        "regarding.kind" | "involvedObject.kind" => seen::OBJECT,
        "repository.full_name" => seen::REPOSITORY,
        "sender.login" => seen::SENDER,
        "labels.alertname" => seen::ALERT_NAME,
        "startsAt" => seen::ALERT_START,
        _ => 0,
    }
}

/// Whether a format is that of a structured source.
pub(super) fn is(format: Format) -> bool {
    use Format::{Alertmanager, Auditd, Cloudtrail, Github, KubeAudit, KubeEvent, Windows};
    matches!(format, Windows | Cloudtrail | KubeAudit | KubeEvent | Auditd | Github | Alertmanager)
}

/// Whether the sender of such a record is not where it happened.
pub(super) fn is_forwarded(format: Format) -> bool {
    matches!(format, Format::Github | Format::Alertmanager)
}

/// Reads the record that is the message of a syslog line, if it is one of a structured source; any
/// other JSON stays the message.
pub(super) fn inside(draft: &mut Draft, line: Line<'_>) {
    const NAMES: [&str; 4] = ["\"EventID\"", "\"event_id\"", "\"eventSource\"", "\"apiVersion\""];
    let Some(start) = (draft.message.start as usize).checked_sub(line.base) else { return };
    let inner = line.from(start);
    let b = inner.bytes();
    if b.first() != Some(&b'{') || !NAMES.iter().any(|n| memmem::find(b, n.as_bytes()).is_some()) {
        return;
    }
    let (fields, tail) = (draft.fields.len(), draft.tail.len());
    let (host, pid) = (draft.host, draft.pid);
    let found = if json::flatten(draft, inner) { kind(draft, inner) } else { None };
    let Some(format) = found else {
        draft.fields.truncate(fields);
        draft.tail.truncate(tail);
        return;
    };
    draft.format = format;
    read(draft, inner, format);
    draft.host = if draft.host.is_empty() { host } else { draft.host };
    draft.pid = if draft.pid.is_empty() { pid } else { draft.pid };
}

/// Fills header parts, message and outcome from the fields of a source of that kind.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, kind: Format) {
    match kind {
        Format::Windows => windows::read(draft, line),
        Format::Cloudtrail => cloudtrail::read(draft, line),
        Format::KubeAudit => kube::audit(draft, line),
        Format::Github => github::read(draft, line),
        Format::Alertmanager => alertmanager::read(draft, line),
        _ => kube::event(draft, line),
    }
}

/// The value of the first field with that name; empty when there is none.
pub(super) fn value(draft: &Draft, line: Line<'_>, name: &str) -> Span {
    let named = |f: &&Field| f.name.len as usize == name.len() && text(draft, line, f.name) == name;
    draft.fields.iter().find(named).map(|f| f.value).unwrap_or_default()
}

/// The first value that is there, of several names.
pub(super) fn any(draft: &Draft, line: Line<'_>, names: &[&str]) -> Span {
    names.iter().map(|name| value(draft, line, name)).find(|v| !v.is_empty()).unwrap_or_default()
}

/// Appends the text of a span to the summary that is being written at the end of the additions,
/// after a separator when there is something to append.
pub(super) fn append(draft: &mut Draft, line: Line<'_>, separator: &str, span: Span) {
    if span.is_empty() {
        return;
    }
    draft.tail.push_str(separator);
    let start = span.start as usize;
    if let Some(within) = start.checked_sub(line.base).filter(|s| *s < line.text.len()) {
        draft.tail.push_str(line.text.get(within..within + span.len as usize).unwrap_or_default());
    } else if let Some(from) = start.checked_sub(draft.record_len) {
        let range = from..from + span.len as usize;
        if draft.tail.get(range.clone()).is_some() {
            draft.tail.extend_from_within(range);
        }
    }
}

/// Severity and outcome by an HTTP status.
pub(super) fn by_status(status: &str) -> (Option<Severity>, Outcome) {
    match status.parse::<u16>() {
        Ok(500..) => (Some(Severity::Error), Outcome::Failure),
        Ok(400..) => (Some(Severity::Warning), Outcome::Failure),
        Ok(_) => (Some(Severity::Informational), Outcome::Success),
        Err(_) => (Some(Severity::Informational), Outcome::Unknown),
    }
}

//! Kubernetes: audit events of the API server, and the Events that its components report.
//!
//! An audit event has no text of its own; its message is `verb resource/subresource code`, so that
//! calls of one kind are one template. Where no resource is asked for, the path stands in its
//! place, without what follows `?`, because a query would make each call its own. An Event says
//! something itself.

use super::draft::{Draft, Line};
use super::object::text;
use super::structured::{any, append, by_status, value};
use seerflow_model::Severity;

/// Fields that hold when what an Event reports happened last, the surest first.
pub(crate) const EVENT_TIMES: [&str; 6] = [
    "series.lastObservedTime",
    "eventTime",
    "lastTimestamp",
    "deprecatedLastTimestamp",
    "firstTimestamp",
    "metadata.creationTimestamp",
];

/// Reads an audit event, `audit.k8s.io/v1`.
pub(super) fn audit(draft: &mut Draft, line: Line<'_>) {
    let get = |name| value(draft, line, name);
    let (verb, code) = (get("verb"), get("responseStatus.code"));
    let (resource, part) = (get("objectRef.resource"), get("objectRef.subresource"));
    let mut path = get("requestURI");
    let query = memchr::memchr(b'?', text(draft, line, path).as_bytes());
    path.len = query.map_or(path.len, |at| at as u32);
    (draft.severity, draft.outcome) = by_status(text(draft, line, code));
    let start = draft.tail_end();
    append(draft, line, "", verb);
    append(draft, line, " ", if resource.is_empty() { path } else { resource });
    append(draft, line, "/", part);
    append(draft, line, " ", code);
    draft.message = draft.since(start);
    draft.program = draft.add("kube-apiserver");
}

/// Reads an Event of `v1` or `events.k8s.io/v1`.
pub(super) fn event(draft: &mut Draft, line: Line<'_>) {
    let get = |names: &[&str]| any(draft, line, names);
    let said = get(&["message", "note"]);
    let reason = get(&["reason"]);
    let kind = get(&["type"]);
    let warns = text(draft, line, kind).eq_ignore_ascii_case("warning");
    let host = get(&["source.host", "deprecatedSource.host"]);
    let program = get(&[
        "source.component",
        "reportingComponent",
        "reportingController",
        "deprecatedSource.component",
    ]);
    (draft.host, draft.program) = (host, program);
    draft.severity = Some(if warns { Severity::Warning } else { Severity::Informational });
    draft.message = if said.is_empty() { reason } else { said };
    draft.fields.retain(|f| said.is_empty() || f.value != said);
}

//! A LogRecord of OpenTelemetry with its resource and scope, as the OTLP receivers write it.
//!
//! `{"logRecord":{"timeUnixNano":"1",…,"body":…,"attributes":{…}},"resource":{"attributes":{…}},
//! "scope":{…}}`: names as in OTLP/JSON, values bare. Attributes are fields under their own names,
//! those of the resource and the scope with `resource.` and `scope.` before them. A body that is
//! text is the message, and what stands in it (a syslog line, JSON, a level) is read too; where both
//! say something the record's own severity counts, and the name and host of its resource, unless the
//! body has a syslog header: that names who really wrote it. The members of a body that is a map are
//! fields under `body.`; its message is the member that is called so, else its JSON.
//!
//! Cost: one pass over the record, one look at each field's name, and what the body costs as a line.

use super::draft::{Draft, Line};
use super::json::{self, Flat};
use super::object::text;
use super::otlp_names::Meanings;
use super::{structured, wrapped};
use seerflow_model::{Field, Format, Severity, Span};

/// Members of a body that hold its text, the most telling first.
const TEXTS: [&str; 5] = ["body.message", "body.MESSAGE", "body.msg", "body.log", "body.text"];

/// How a line of this format begins when its receiver wrote it.
const BEGINNINGS: [&str; 3] = ["{\"logRecord\":{", "{\"resource\":{", "{\"scope\":{"];
/// How far a line is looked at for its LogRecord when it begins with another member.
const REACH: usize = 16 * 1024;

/// Whether a line that begins with `{` is one of this format.
pub(super) fn is(b: &[u8]) -> bool {
    let begins = |beginning: &&str| b.starts_with(beginning.as_bytes());
    match BEGINNINGS.iter().position(begins) {
        Some(0) => true,
        Some(_) => {
            let reach = &b[..b.len().min(REACH)];
            memchr::memmem::find(reach, b",\"logRecord\":{").is_some()
        }
        None => false,
    }
}

/// What kind of value the body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Body {
    #[default]
    None,
    Text,
    Map,
    Other,
}

#[derive(Debug, Default)]
struct Record {
    kind: Body,
    body: Span,
    severity: Span,
    severity_text: Span,
    event_name: Span,
    trace: Span,
    span: Span,
    seen: bool,
}

/// Reads a line; `false` when it is none of this format.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, inner: &mut String) -> bool {
    let mut record = Record::default();
    let whole = json::walk(draft, line, &mut |flat, name| match name {
        "logRecord" => {
            record.seen = true;
            flat.members(&mut |flat, name| log_record(flat, name, &mut record))
        }
        "resource" | "scope" => flat.members(&mut |flat, member| holder(flat, name, member)),
        _ => flat.pass(),
    });
    if !whole || !record.seen {
        return false;
    }
    draft.format = Format::Otlp;
    let own = severity(draft, line, &record);
    let hex = |span: Span, digits: usize| {
        let value = text(draft, line, span);
        let sound = value.len() == digits && value.bytes().all(|c| c.is_ascii_hexdigit());
        if sound { span } else { Span::NONE }
    };
    let ids = (hex(record.trace, 32), hex(record.span, 16));
    (draft.trace_id, draft.span_id) = ids;
    let known = Meanings::of(draft, line);
    (draft.host, draft.program, draft.pid) = (known.host, known.program, known.pid);
    message(draft, line, &record, inner);
    // A syslog header in the body names who wrote it, a structured source the machine it is about.
    let foreign = draft.syslog || structured::is(draft.format);
    if !foreign && !known.program.is_empty() {
        draft.program = known.program;
    }
    if !foreign && !known.host.is_empty() {
        draft.host = known.host;
    }
    draft.severity = own.or(draft.severity);
    true
}

/// Message and, where the body is a line of its own, what that says.
fn message(draft: &mut Draft, line: Line<'_>, record: &Record, inner: &mut String) {
    match record.kind {
        Body::None if !record.event_name.is_empty() => draft.message = record.event_name,
        // Without a text of its own the record is its text.
        Body::None => draft.message = line.span(0, line.text.len()),
        Body::Other => draft.message = record.body,
        Body::Text => inside(draft, line, record.body, inner),
        Body::Map => {
            let named = |draft: &Draft, wanted: &str| {
                let is = |f: &&Field| text(draft, line, f.name) == wanted && !f.value.is_empty();
                draft.fields.iter().find(is).map(|f| f.value)
            };
            match TEXTS.iter().find_map(|wanted| named(draft, wanted)) {
                Some(found) => inside(draft, line, found, inner),
                None => draft.message = record.body,
            }
        }
    }
}

/// Reads a text as the line that it may be.
fn inside(draft: &mut Draft, line: Line<'_>, message: Span, inner: &mut String) {
    inner.clear();
    inner.push_str(text(draft, line, message).trim_end_matches(['\n', '\r']));
    let scratch = std::mem::take(inner);
    let wrapped = Line { text: &scratch, base: message.start as usize };
    wrapped::within(draft, wrapped, Format::Otlp);
    *inner = scratch;
}

/// One member of the LogRecord.
fn log_record(flat: &mut Flat<'_, '_>, name: &str, record: &mut Record) -> Option<()> {
    match name {
        "timeUnixNano" => flat.pass(),
        "observedTimeUnixNano" => flat.keep("observed_time_unix_nano").map(drop),
        "severityNumber" => flat.keep("severity_number").map(|span| record.severity = span),
        "severityText" => flat.keep("severity_text").map(|span| record.severity_text = span),
        "eventName" => flat.keep("event.name").map(|span| record.event_name = span),
        "droppedAttributesCount" => flat.keep("dropped_attributes_count").map(drop),
        "flags" => flat.keep("trace_flags").map(drop),
        "traceId" => flat.one().map(|span| record.trace = span),
        "spanId" => flat.one().map(|span| record.span = span),
        "attributes" => flat.map(""),
        "body" => body(flat, record),
        _ => flat.pass(),
    }
}

fn body(flat: &mut Flat<'_, '_>, record: &mut Record) -> Option<()> {
    record.kind = match flat.byte() {
        b'"' => Body::Text,
        b'{' => Body::Map,
        b'n' => Body::None,
        _ => Body::Other,
    };
    match record.kind {
        Body::Map | Body::Other if matches!(flat.byte(), b'{' | b'[') => {
            record.body = flat.nested("body")?;
        }
        Body::None => flat.pass()?,
        _ => record.body = flat.one()?,
    }
    Some(())
}

/// One member of the resource or the scope.
fn holder(flat: &mut Flat<'_, '_>, of: &str, member: &str) -> Option<()> {
    let name = match (of, member) {
        (_, "attributes") => return flat.map(of),
        ("resource", "droppedAttributesCount") => "resource.dropped_attributes_count",
        ("resource", "schemaUrl") => "resource.schema_url",
        ("scope", "droppedAttributesCount") => "scope.dropped_attributes_count",
        ("scope", "schemaUrl") => "scope.schema_url",
        ("scope", "name") => "scope.name",
        ("scope", "version") => "scope.version",
        _ => return flat.pass(),
    };
    flat.keep(name).map(drop)
}

/// What the record itself says: its number, else its word.
fn severity(draft: &Draft, line: Line<'_>, record: &Record) -> Option<Severity> {
    match text(draft, line, record.severity).parse::<u8>() {
        Ok(number @ 1..=24) => Some(Severity::from_otel(number)),
        _ => Severity::from_word(text(draft, line, record.severity_text).trim().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_a_receiver_wrote_are_told() {
        for (line, expected) in [
            ("{\"logRecord\":{}}", true),
            ("{\"resource\":{\"attributes\":{}},\"logRecord\":{}}", true),
            ("{\"resource\":{\"attributes\":{}},\"log\":{}}", false),
            ("{\"logRecord\":1}", false),
            ("{\"msg\":\"x\"}", false),
            ("", false),
        ] {
            assert_eq!(is(line.as_bytes()), expected, "{line}");
        }
    }
}

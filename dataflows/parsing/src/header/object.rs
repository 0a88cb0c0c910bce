//! What the fields of a JSON record mean: JSON lines, journald, Docker's json-file.

use super::draft::{Draft, Line, Place};
use super::{json, level, structured};
use seerflow_model::{Field, Format, Severity, Span};

/// Names of one meaning, the most telling first. Case is ignored.
const MESSAGE: &[&str] = &["MESSAGE", "msg", "log", "body", "text", "event", "@m", "@mt"];
/// Names of the text of a line of pairs.
const TEXT: &[&str] = &["msg", "message", "event", "error"];
const LEVEL: &[&str] = &[
    "level",
    "severity",
    "lvl",
    "loglevel",
    "log.level",
    "levelname",
    "severity_text",
    "severityText",
    "@l",
    "severityNumber",
    "severity_number",
];
const HOST: &[&str] = &["host", "hostname", "host.name", "_HOSTNAME"];
const PROGRAM: &[&str] = &[
    "program",
    "app",
    "service",
    "service.name",
    "SYSLOG_IDENTIFIER",
    "logger",
    "container_name",
    "ident",
    "_COMM",
    "_SYSTEMD_UNIT",
];
const PID: &[&str] = &["pid", "process.pid", "process_id", "_PID", "SYSLOG_PID"];
const TRACE: &[&str] = &["trace_id", "traceId", "trace.id", "dd.trace_id"];
const SPAN: &[&str] = &["span_id", "spanId", "span.id", "dd.span_id"];

/// Reads a JSON record; `false` when the line is no JSON object.
/// `source` says of which structured source it is; else its fields do.
pub(super) fn read(
    draft: &mut Draft,
    line: Line<'_>,
    time: Place,
    source: Option<Format>,
    inner: &mut String,
) -> bool {
    draft.lean = source == Some(Format::Github);
    if !json::flatten(draft, line) {
        return false;
    }
    if let Some(source) = source.or_else(|| structured::kind(draft, line)) {
        let time = time.map(|t| (line.base + t.0) as u32);
        draft.fields.retain(|f| Some(f.value.start) != time);
        draft.format = source;
        structured::read(draft, line, source);
        return true;
    }
    draft.format = kind(draft, line);
    let message = first(draft, line, MESSAGE);
    header(draft, line);
    let time = time.map(|t| (line.base + t.0) as u32);
    let spoken = message.map(|f| f.value);
    let keep = draft.keep_text;
    draft.fields.retain(|f| (keep || Some(f.value) != spoken) && Some(f.value.start) != time);
    match spoken {
        Some(message) if draft.format == Format::Docker => {
            inside(draft, line, message, inner);
        }
        Some(message) => draft.message = message,
        // Without a text of its own the record is its text.
        None => draft.message = line.span(0, line.text.len()),
    }
    if draft.severity.is_none() {
        draft.severity = level::leading(text(draft, line, draft.message));
    }
    true
}

/// Host, program, process, severity and trace, by the names of fields.
fn header(draft: &mut Draft, line: Line<'_>) {
    let meaning = |draft: &Draft, names| first(draft, line, names).map(|f| f.value);
    draft.host = meaning(draft, HOST).unwrap_or_default();
    draft.program = meaning(draft, PROGRAM).unwrap_or_default();
    draft.pid = meaning(draft, PID).unwrap_or_default();
    draft.severity = severity(draft, line);
    trace(draft, line);
}

/// What the fields of a line of pairs mean; what they do not name stays as it is.
pub(super) fn meanings(draft: &mut Draft, line: Line<'_>) {
    let (host, program, pid, severity) = (draft.host, draft.program, draft.pid, draft.severity);
    header(draft, line);
    let or = |now: Span, before: Span| if now.is_empty() { before } else { now };
    // The header of a relay knows its sender; a pair may be about another machine.
    draft.host = or(host, draft.host);
    draft.program = or(draft.program, program);
    draft.pid = or(draft.pid, pid);
    draft.severity = draft.severity.or(severity);
    match first(draft, line, TEXT) {
        Some(message) => {
            draft.message = message.value;
            let keep = draft.keep_text;
            draft.fields.retain(|f| keep || f.value != message.value);
        }
        // Without a text of its own the record is its text.
        None => draft.message = line.span(0, line.text.len()),
    }
    if draft.severity.is_none() {
        draft.severity = level::leading(text(draft, line, draft.message));
    }
}

/// The same for the columns of a table.
pub(super) fn columns(draft: &mut Draft, line: Line<'_>) {
    meanings(draft, line);
    if draft.message == line.span(0, line.text.len())
        && let Some(content) = first(draft, line, &["content", "description", "details", "text"])
    {
        draft.message = content.value;
        let keep = draft.keep_text;
        draft.fields.retain(|f| keep || f.value != content.value);
    }
}

/// The text of a span of this line or of an addition.
pub(super) fn text<'a>(draft: &'a Draft, line: Line<'a>, span: Span) -> &'a str {
    let start = span.start as usize;
    if start >= line.base && start < line.base + line.text.len() {
        return Span { start: (start - line.base) as u32, len: span.len }.of(line.text);
    }
    draft.get("", span)
}

fn first(draft: &Draft, line: Line<'_>, names: &[&str]) -> Option<Field> {
    let mut best: Option<(usize, Field)> = None;
    for field in &draft.fields {
        let name = text(draft, line, field.name);
        let until = best.map_or(names.len(), |(rank, _)| rank);
        if let Some(rank) = names[..until].iter().position(|n| n.eq_ignore_ascii_case(name))
            && !field.value.is_empty()
        {
            best = Some((rank, *field));
        }
    }
    best.map(|(_, field)| field)
}

fn kind(draft: &Draft, line: Line<'_>) -> Format {
    let has = |names: &[&str]| {
        let named = |f: &Field| names.contains(&text(draft, line, f.name));
        draft.fields.iter().any(named)
    };
    if draft.nested {
        Format::Json
    } else if has(&["__REALTIME_TIMESTAMP", "__CURSOR", "_SOURCE_REALTIME_TIMESTAMP"]) {
        Format::Journald
    } else if draft.fields.len() <= 16
        && has(&["log"])
        && has(&["stream"])
        && has(&["time"])
        && !has(&["message", "msg", "level"])
    {
        Format::Docker
    } else {
        Format::Json
    }
}

fn severity(draft: &Draft, line: Line<'_>) -> Option<Severity> {
    if draft.format == Format::Journald {
        let field = first(draft, line, &["PRIORITY"])?;
        return text(draft, line, field.value).parse().ok().map(Severity::from_syslog);
    }
    let field = first(draft, line, LEVEL)?;
    let value = text(draft, line, field.value);
    let Ok(number) = value.parse::<u8>() else {
        return Severity::from_word(value.trim().as_bytes()).or(match value {
            "I" | "W" | "E" | "F" => level::letter(value.as_bytes()[0]),
            _ => None,
        });
    };
    let name = text(draft, line, field.name);
    if name.to_ascii_lowercase().ends_with("number") && (1..=24).contains(&number) {
        return Some(Severity::from_otel(number));
    }
    numbered(number)
}

/// The severity that a bare number means.
pub(super) fn numbered(number: u8) -> Option<Severity> {
    Some(match number {
        // Bunyan and pino count in tens, GELF and syslog from 0 to 7.
        10 => Severity::Trace,
        20 => Severity::Trace,
        30 => Severity::Informational,
        40 => Severity::Warning,
        50 => Severity::Error,
        60 => Severity::Fatal,
        0..=7 => Severity::from_syslog(number),
        8..=24 => Severity::from_otel(number),
        _ => return None,
    })
}

/// Takes the ids of a W3C trace from the fields that have been read.
pub(super) fn trace(draft: &mut Draft, line: Line<'_>) {
    let id = |names, digits| {
        let value = first(draft, line, names)?.value;
        hex(text(draft, line, value), digits).then_some(value)
    };
    let (mut trace, mut span) = (id(TRACE, 32), id(SPAN, 16));
    if let Some(parent) = first(draft, line, &["traceparent"]) {
        let value = text(draft, line, parent.value);
        let part = |from: usize, n: usize| {
            let sound = value.get(from..from + n).is_some_and(|v| hex(v, n));
            let start = parent.value.start + from as u32;
            (value.len() >= 55 && sound).then_some(Span { start, len: n as u32 })
        };
        trace = trace.or(part(3, 32));
        span = span.or(part(36, 16));
    }
    (draft.trace_id, draft.span_id) = (trace.unwrap_or_default(), span.unwrap_or_default());
}

fn hex(value: &str, digits: usize) -> bool {
    value.len() == digits && value.bytes().all(|c| c.is_ascii_hexdigit())
}

/// Docker wraps a line as a program wrote it: that line's own header is read too.
fn inside(draft: &mut Draft, line: Line<'_>, message: Span, inner: &mut String) {
    inner.clear();
    inner.push_str(text(draft, line, message).trim_end_matches(['\n', '\r']));
    let scratch = std::mem::take(inner);
    let wrapped = Line { text: &scratch, base: message.start as usize };
    super::wrapped::within(draft, wrapped, Format::Docker);
    *inner = scratch;
}

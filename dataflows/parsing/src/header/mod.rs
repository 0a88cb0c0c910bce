//! What the head of a record says: host, program, process, level, structured fields; and where its
//! message begins.
//!
//! The format is told by the first bytes (or fixed by `source.format`), the place of the time was
//! found at the edge. Header parts become spans and fields and are never part of the message. A
//! record that claims a format and does not keep it is flagged `MALFORMED` and read as plain text.
//!
//! Every span is a slice of the event's text: the decoded record, then what had to be added
//! (unescaped strings, dotted names, the address of a sender whose header names no host). Cost:
//! one validation of the text, two allocations, about half a microsecond a line.

mod access;
pub(crate) mod alertmanager;
mod apache;
mod application;
mod auditd;
mod auditd_event;
mod auditd_names;
mod auditd_values;
mod body;
mod bracket;
mod cef;
mod cloudtrail;
mod context;
mod draft;
pub(crate) mod github;
mod haproxy;
mod http;
mod ids;
mod json;
pub(crate) mod kube;
mod leef;
mod level;
mod leveled;
mod logfmt;
mod mapping;
mod marks;
mod mysql;
mod nginx;
mod number;
mod object;
mod otlp;
mod otlp_names;
mod place;
mod postgres;
mod quoted;
mod redis;
mod rfc3164;
mod rfc5424;
mod squid;
mod stamped;
mod structured;
mod table;
mod trailing;
mod windows;
mod windows_names;
mod windows_titles;
mod words;
mod wrapped;

pub use draft::FIELDS_MAX;

use crate::time;
use draft::{Draft, Line, Place};
use seerflow_model::meaning::Meaning;
use seerflow_model::record::Flags;
use seerflow_model::{Event, Format, RecordBatch, RecordMeta, Severity, text};
use std::borrow::Cow;
use std::sync::Arc;

/// Reads records; keeps its scratch buffers between them.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    draft: Draft,
    inner: String,
}

impl Reader {
    /// A reader with empty buffers.
    pub fn new() -> Reader {
        Reader::default()
    }

    /// Reads one record of a batch.
    pub fn read(&mut self, batch: &RecordBatch, meta: &RecordMeta) -> Event {
        let raw = batch.bytes_of(meta);
        let decoded = text::decode(raw);
        let mut flags = meta.flags;
        let mut place = (meta.time_len > 0)
            .then(|| (meta.time_start as usize, (meta.time_start + meta.time_len) as usize));
        if let Cow::Owned(_) = decoded {
            flags.set(Flags::INVALID_UTF8);
            let moved = |at: usize| text::decode(&raw[..at.min(raw.len())]).len();
            place = place.map(|(start, end)| (moved(start), moved(end)));
        }
        let record: &str = &decoded;
        let place = place
            .filter(|p| p.0 < p.1 && record.is_char_boundary(p.0) && record.is_char_boundary(p.1));
        self.draft.reset(record.len(), flags);
        let line = Line { text: record, base: 0 };
        let format = match batch.source.format.as_str() {
            "auto" => None,
            name => Format::parse(name),
        };
        let mapping = &batch.source.field_mapping;
        self.draft.keep_text = mapping.iter().any(|(meaning, _)| *meaning == Meaning::Message);
        let read = match (&batch.source.table, format) {
            (Some(table), Some(format @ (Format::Csv | Format::Tsv | Format::W3c))) => {
                table::read(&mut self.draft, line, format, table)
            }
            _ => record_in(&mut self.draft, line, place, format, &mut self.inner),
        };
        if read && !mapping.is_empty() && mapping::maps(self.draft.format) {
            mapping::apply(&mut self.draft, line, mapping, &batch.source.severity_map);
        }
        if !read {
            self.draft.reset(record.len(), flags);
            self.draft.flags.set(Flags::MALFORMED);
            plain(&mut self.draft, line);
            if let Some(end) = time::priority(record.as_bytes(), 0)
                && record.starts_with('<')
            {
                grade(&mut self.draft, line, Some(end));
            }
        }
        if self.draft.host.is_empty()
            && !structured::is_forwarded(self.draft.format)
            && let Some(peer) = &batch.source.peer
        {
            self.draft.host = self.draft.add(peer);
        }
        self.event(record, batch, meta)
    }

    fn event(&self, record: &str, batch: &RecordBatch, meta: &RecordMeta) -> Event {
        let draft = &self.draft;
        let mut text = String::with_capacity(record.len() + draft.tail.len());
        text.push_str(record);
        text.push_str(&draft.tail);
        let mut event = Event::empty(Arc::clone(&batch.source));
        event.seq = meta.seq;
        event.event_time = meta.event_time;
        event.observed_time = batch.observed;
        event.effective_time = meta.effective;
        event.flags = draft.flags;
        event.severity = draft.severity.unwrap_or_default();
        event.facility = draft.facility;
        (event.activity, event.outcome) = (draft.activity, draft.outcome);
        event.format = draft.format;
        event.text = text.into_boxed_str();
        event.record_len = record.len() as u32;
        event.raw = draft.flags.has(Flags::INVALID_UTF8).then(|| batch.bytes_of(meta).into());
        event.end = meta.end;
        event.time_place = (meta.time_start, meta.time_len);
        event.host = draft.host;
        event.program = draft.program;
        event.pid = draft.pid;
        event.msgid = draft.msgid;
        event.message = draft.message;
        event.trace_id = draft.trace_id;
        event.span_id = draft.span_id;
        event.fields = draft.fields.as_slice().into();
        event
    }
}

/// Reads one record without keeping buffers; for many records keep a [`Reader`].
pub fn read(batch: &RecordBatch, meta: &RecordMeta) -> Event {
    Reader::new().read(batch, meta)
}

/// Reads a record in the format given or the one its first bytes tell; `false` when it does not
/// keep to it.
fn record_in(
    draft: &mut Draft,
    line: Line<'_>,
    place: Place,
    format: Option<Format>,
    inner: &mut String,
) -> bool {
    let sniffed = format.is_none() || draft.nested;
    let format = format.unwrap_or_else(|| sniff(line, place));
    draft.format = format;
    let b = line.bytes();
    match format {
        Format::Plain => {
            plain(draft, line);
            true
        }
        Format::Json | Format::Journald | Format::Docker => {
            object::read(draft, line, place, None, inner)
        }
        Format::Windows
        | Format::Cloudtrail
        | Format::KubeAudit
        | Format::KubeEvent
        | Format::Github
        | Format::Alertmanager => object::read(draft, line, place, Some(format), inner),
        Format::Auditd => auditd::read(draft, line),
        Format::Otlp => otlp::read(draft, line, inner),
        Format::Cri => wrapped::cri(draft, line, place),
        Format::Timestamped => place.is_some_and(|time| stamped_or_plain(draft, line, time)),
        Format::Leveled
        | Format::Glog
        | Format::Postgres
        | Format::Mysql
        | Format::MysqlSlow
        | Format::Redis
        | Format::ApacheError
        | Format::NginxError => {
            let read = application::read(draft, line, place, format);
            // What only looked like it is plain text, not a broken promise.
            if !read && sniffed {
                plain(draft, line);
            }
            read || sniffed
        }
        Format::Rfc5424 | Format::Rfc3164 => {
            let priority = (b.first() == Some(&b'<')).then(|| time::priority(b, 0)).flatten();
            if b.first() == Some(&b'<') && priority.is_none() {
                return false;
            }
            let start = priority.unwrap_or(0);
            if format == Format::Rfc5424 {
                let versioned = time::at(b, start) == b'1' && time::at(b, start + 1) == b' ';
                if priority.is_none() || !versioned || !rfc5424::read(draft, line, start) {
                    return false;
                }
                if !draft.fields.is_empty() {
                    object::trace(draft, line);
                }
            } else {
                rfc3164::read(draft, line, start, place);
            }
            grade(draft, line, priority);
            auditd::inside(draft, line);
            structured::inside(draft, line);
            body::inside(draft, line, None)
        }
        // Bare, or the text of a syslog line.
        wanted if body::is(wanted) => {
            let kept = body::read(draft, line, wanted);
            kept || wrapped::syslog(draft, line, place, wanted, inner)
        }
        _ => false,
    }
}

/// Severity and facility of a syslog line: from the priority, else from the message.
fn grade(draft: &mut Draft, line: Line<'_>, priority: Option<usize>) {
    if let Some(end) = priority {
        let value: u8 = line.text[1..end - 1].parse().unwrap_or(13);
        draft.facility = Some(value >> 3);
        draft.severity = Some(Severity::from_syslog(value & 7));
    } else {
        draft.severity = level::leading(object::text(draft, line, draft.message));
    }
}

/// The format that the first bytes and the place of the time tell.
fn sniff(line: Line<'_>, place: Place) -> Format {
    let b = line.bytes();
    match time::at(b, 0) {
        b'{' if otlp::is(b) => Format::Otlp,
        b'{' => {
            let next = b[1..].iter().find(|c| !c.is_ascii_whitespace());
            if matches!(next, Some(b'"' | b'}')) { Format::Json } else { Format::Plain }
        }
        b'<' => claims(b),
        _ if place.is_some_and(|t| t.0 == 0 && wrapped::stream(&b[t.1..]).is_some()) => Format::Cri,
        _ if let Some(format) = body::sniff(b) => format,
        _ => match place.filter(|time| time::heads(b, time.0)) {
            place if application::is_leveled(line, place.is_some()) => Format::Leveled,
            None => Format::Plain,
            Some(time) if auditd::stamped(b, time) => Format::Auditd,
            Some(time) if is_3164(line, time) => Format::Rfc3164,
            Some(time) => application::sniff(line, time).unwrap_or(Format::Timestamped),
        },
    }
}

/// What a line that begins with `<` claims to be.
fn claims(b: &[u8]) -> Format {
    let digits = b[1..].iter().take(4).take_while(|c| c.is_ascii_digit()).count();
    if digits == 0 || digits > 3 || b.get(digits + 1) != Some(&b'>') {
        Format::Plain
    } else if b[digits + 2..].starts_with(b"1 ") {
        Format::Rfc5424
    } else {
        Format::Rfc3164
    }
}

fn is_3164(line: Line<'_>, time: (usize, usize)) -> bool {
    let b = line.bytes();
    let text = &b[time.0..time.1];
    if text[0].is_ascii_digit() {
        return time.0 == 0 && rfc3164::follows(line, time);
    }
    let counted = |c: &u8| c.is_ascii_digit() || matches!(c, b':' | b' ' | b'*' | b'.');
    // A weekday has its blank or comma in fourth or later place too, but then a letter follows.
    let month = text.get(3) == Some(&b' ')
        && !text[4..].first().is_some_and(u8::is_ascii_alphabetic)
        && !text.contains(&b',');
    month && b[..time.0].iter().all(counted)
}

fn plain(draft: &mut Draft, line: Line<'_>) {
    draft.format = Format::Plain;
    draft.message = line.span(0, line.text.len());
    draft.severity = level::leading(line.text).or_else(|| level::in_pairs(line.text));
}

fn stamped_or_plain(draft: &mut Draft, line: Line<'_>, time: (usize, usize)) -> bool {
    if !stamped::read(draft, line, time) {
        plain(draft, line);
        return true;
    }
    let message = draft.message.start as usize - line.base;
    !body::is_event(&line.bytes()[message..]) || body::inside(draft, line, None)
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_apps;
#[cfg(test)]
mod loose;
#[cfg(test)]
mod otlp_tests;
#[cfg(test)]
mod structured_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod webhook_tests;
#[cfg(test)]
mod wire_tests;

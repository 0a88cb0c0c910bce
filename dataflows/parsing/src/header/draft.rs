//! What a reader has found so far: spans into the record and into what had to be added to it.

use seerflow_model::record::Flags;
use seerflow_model::{Activity, Field, Format, Outcome, Severity, Span};

/// Most structured fields of one record.
pub const FIELDS_MAX: usize = 256;

/// A stretch of the event's text: the whole record, or a line inside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// Where it begins in the event's text.
    pub(super) base: usize,
}

impl<'a> Line<'a> {
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The span of a stretch of this line.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.base + start, self.base + end.max(start))
    }

    /// The line from a position on; the position must be a character boundary.
    pub(super) fn from(&self, start: usize) -> Line<'a> {
        let start = start.min(self.text.len());
        Line { text: self.text.get(start..).unwrap_or_default(), base: self.base + start }
    }
}

/// Where the time stands in a line.
pub(super) type Place = Option<(usize, usize)>;

#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// Length of the record; added text follows it.
    pub(super) record_len: usize,
    pub(super) tail: String,
    pub(super) fields: Vec<Field>,
    pub(super) format: Format,
    /// Whether it is the line inside a wrapper that is being read.
    pub(super) nested: bool,
    /// Whether that line has a syslog header.
    pub(super) syslog: bool,
    /// Whether what looks like the text stays a field, because another field is said to be it.
    pub(super) keep_text: bool,
    /// Whether members that only repeat others are passed over, see [`super::github`].
    pub(super) lean: bool,
    pub(super) severity: Option<Severity>,
    pub(super) facility: Option<u8>,
    /// What kind of thing the format itself says that the record reports.
    pub(super) activity: Activity,
    pub(super) outcome: Outcome,
    pub(super) flags: Flags,
    pub(super) host: Span,
    pub(super) program: Span,
    pub(super) pid: Span,
    pub(super) msgid: Span,
    pub(super) message: Span,
    pub(super) trace_id: Span,
    pub(super) span_id: Span,
}

/// See [`Draft::clone_parts`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    tail: usize,
    fields: usize,
    flags: Flags,
    severity: Option<Severity>,
    spans: [Span; 4],
}

impl Draft {
    /// Makes it empty, keeping its buffers.
    pub(super) fn reset(&mut self, record_len: usize, flags: Flags) {
        let (mut tail, mut fields) =
            (std::mem::take(&mut self.tail), std::mem::take(&mut self.fields));
        tail.clear();
        fields.clear();
        *self = Draft { record_len, flags, tail, fields, ..Draft::default() };
    }

    /// A copy of all but the buffers.
    pub(super) fn spans(&self) -> Draft {
        Draft { tail: String::new(), fields: Vec::new(), ..*self }
    }

    /// What a format that is tried may change, to take it back.
    pub(super) fn clone_parts(&self) -> Parts {
        Parts {
            tail: self.tail.len(),
            fields: self.fields.len(),
            flags: self.flags,
            severity: self.severity,
            spans: [self.host, self.program, self.pid, self.message],
        }
    }

    /// Takes back what was changed since.
    pub(super) fn restore(&mut self, parts: Parts) {
        self.tail.truncate(parts.tail);
        self.fields.truncate(parts.fields);
        (self.flags, self.severity) = (parts.flags, parts.severity);
        [self.host, self.program, self.pid, self.message] = parts.spans;
        (self.activity, self.outcome) = (Activity::Other, Outcome::Unknown);
    }

    /// Adds text that the record does not hold as it should read.
    pub(super) fn add(&mut self, text: &str) -> Span {
        let start = self.tail_end();
        self.tail.push_str(text);
        self.since(start)
    }

    /// Adds the beginning of a text that is there already: of this line, or an addition.
    pub(super) fn copy(&mut self, line: Line<'_>, span: Span, max: usize) {
        let (start, len) = (span.start as usize, (span.len as usize).min(max));
        let (text, from) = match start.checked_sub(line.base) {
            Some(from) if from < line.text.len() => (line.text, from),
            _ => (self.tail.as_str(), start.wrapping_sub(self.record_len)),
        };
        let mut end = from.saturating_add(len).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        match start.checked_sub(line.base) {
            Some(from) if from < line.text.len() => {
                self.tail.push_str(line.text.get(from..end).unwrap_or_default());
            }
            _ if from <= end => self.tail.extend_from_within(from..end),
            _ => {}
        }
    }

    /// Where the next addition will begin.
    pub(super) fn tail_end(&self) -> usize {
        self.record_len + self.tail.len()
    }

    /// What was added since that position.
    pub(super) fn since(&self, start: usize) -> Span {
        Span::new(start, self.tail_end())
    }

    /// The text of a span, of the record or of an addition.
    pub(super) fn get<'a>(&'a self, record: &'a str, span: Span) -> &'a str {
        match (span.start as usize).checked_sub(self.record_len) {
            Some(start) if span.len > 0 => {
                Span { start: start as u32, len: span.len }.of(&self.tail)
            }
            _ => span.of(record),
        }
    }

    /// Keeps a field; beyond the bound the record is marked as cut.
    pub(super) fn field(&mut self, name: Span, value: Span) {
        if self.fields.len() < FIELDS_MAX {
            self.fields.push(Field { name, value });
        } else {
            self.flags.set(Flags::CUT);
        }
    }

    /// Keeps a field whose name the record does not hold.
    pub(super) fn named(&mut self, name: &str, value: Span) {
        if !value.is_empty() {
            let name = self.add(name);
            self.field(name, value);
        }
    }
}

//! Lines that a container runtime wraps: the header of the line inside is read too.

use super::draft::{Draft, Line, Place};
use super::{plain, record_in, sniff, structured};
use crate::time;
use seerflow_model::{Format, Severity, Span};

/// ` stdout F ` after the time of a CRI line: length up to the text.
pub(super) fn stream(rest: &[u8]) -> Option<usize> {
    let known = rest.starts_with(b" stdout ") || rest.starts_with(b" stderr ");
    let tag = matches!(rest.get(8)?, b'F' | b'P');
    match rest.get(9) {
        None if known && tag => Some(9),
        Some(b' ' | b'\n') if known && tag => Some(10),
        _ => None,
    }
}

/// Reads a CRI line; `false` when it is none.
pub(super) fn cri(draft: &mut Draft, line: Line<'_>, place: Place) -> bool {
    let Some((0, end)) = place else { return false };
    let Some(length) = stream(&line.bytes()[end..]) else { return false };
    let value = line.span(end + 1, end + 7);
    within(draft, line.from(end + length), Format::Cri);
    draft.named("stream", value);
    true
}

/// Reads a line whose message after a syslog header must be in this format.
pub(super) fn syslog(
    draft: &mut Draft,
    line: Line<'_>,
    place: Place,
    wanted: Format,
    inner: &mut String,
) -> bool {
    let outer = match sniff(line, place) {
        Format::Timestamped | Format::Plain => Format::Rfc3164,
        outer => outer,
    };
    matches!(outer, Format::Rfc3164 | Format::Rfc5424)
        && record_in(draft, line, place, Some(outer), inner)
        && (draft.format == wanted || super::body::inside(draft, line, Some(wanted)))
}

/// Reads a line that another format wraps. It is wrapped once: a wrapper inside is plain JSON or
/// text. What the inner line does not name is taken from the outer one.
pub(super) fn within(draft: &mut Draft, line: Line<'_>, outer: Format) {
    let place = time::locate(line.bytes()).map(|l| (l.start as usize, (l.start + l.len) as usize));
    let format = match sniff(line, place) {
        Format::Cri => Format::Plain,
        format => format,
    };
    let before = Outer::of(draft);
    draft.nested = true;
    draft.syslog = matches!(format, Format::Rfc3164 | Format::Rfc5424);
    let (fields, flags) = (draft.fields.len(), draft.flags);
    if !record_in(draft, line, place, Some(format), &mut String::new()) {
        draft.fields.truncate(fields);
        draft.flags = flags;
        before.put(draft);
        draft.syslog = false;
        plain(draft, line);
    }
    before.complete(draft);
    // What a structured source says is found by its format, whatever carried it.
    if !structured::is(draft.format) {
        draft.format = outer;
    }
}

/// The parts of a header that a wrapper may give for the line inside it.
#[derive(Clone, Copy)]
struct Outer {
    spans: [Span; 5],
    severity: Option<Severity>,
}

impl Outer {
    fn of(draft: &Draft) -> Outer {
        let spans = [draft.host, draft.program, draft.pid, draft.trace_id, draft.span_id];
        Outer { spans, severity: draft.severity }
    }

    fn put(self, draft: &mut Draft) {
        [draft.host, draft.program, draft.pid, draft.trace_id, draft.span_id] = self.spans;
        draft.severity = self.severity;
    }

    fn complete(self, draft: &mut Draft) {
        let mut now = Outer::of(draft);
        for (span, outer) in now.spans.iter_mut().zip(self.spans) {
            *span = if span.is_empty() { outer } else { *span };
        }
        now.severity = now.severity.or(self.severity);
        now.put(draft);
    }
}

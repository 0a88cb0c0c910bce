//! Formats that stand bare on a line or as the text of a syslog message.
//!
//! Told by their first bytes or by a form that nothing else has, so that a device that logs
//! through syslog and one that writes a file are read alike. The event's format is then the inner
//! one; the syslog header's parts are kept. Cost for a line that is none of them: a comparison of
//! its first byte and one search for a bracket.

use super::draft::{Draft, Line};
use super::rfc3164::hostlike;
use super::{access, cef, haproxy, leef, logfmt, squid};
use crate::time::{self, at};
use seerflow_model::Format;

/// The format of a text that says so itself.
pub(super) fn sniff(b: &[u8]) -> Option<Format> {
    match at(b, 0) {
        b'C' if cef::begins(b) => return Some(Format::Cef),
        b'L' if leef::begins(b) => return Some(Format::Leef),
        b'0'..=b'9' if squid::is(b) => return Some(Format::Squid),
        _ => {}
    }
    if let Some(time) = time::clf_time(b) {
        return if access::is(b, time) {
            Some(Format::Access)
        } else if haproxy::is(b, time) {
            Some(Format::Haproxy)
        } else {
            None
        };
    }
    logfmt::is(b).then_some(Format::Logfmt)
}

/// Whether a format may stand in a syslog message.
pub(super) const fn is(format: Format) -> bool {
    use Format::*;
    matches!(format, Access | Haproxy | Squid | Logfmt | Cef | Leef)
}

/// Reads a text in one of these formats; `false` when it does not keep to it.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, format: Format) -> bool {
    let kept = match format {
        Format::Access => access::read(draft, line),
        Format::Haproxy => haproxy::read(draft, line),
        Format::Squid => squid::read(draft, line),
        Format::Logfmt => logfmt::read(draft, line),
        Format::Cef => cef::read(draft, line),
        Format::Leef => leef::read(draft, line),
        _ => false,
    };
    if kept {
        draft.format = format;
    }
    kept
}

/// Reads the message of a syslog line in the format it says, or the one that is wanted; `false`
/// when one is wanted and not kept. Otherwise what does not keep to its format stays a message.
pub(super) fn inside(draft: &mut Draft, line: Line<'_>, wanted: Option<Format>) -> bool {
    let start = (draft.message.start as usize).checked_sub(line.base);
    let Some(start) = start.filter(|start| *start <= line.text.len()) else {
        return wanted.is_none();
    };
    let mut text = line.from(start);
    // A device without a tag may put its name before the event.
    if let Some(at) = marked(text.bytes()) {
        if draft.host.is_empty() && hostlike(&text.bytes()[..at - 1]) {
            draft.host = text.span(0, at - 1);
        }
        text = text.from(at);
    }
    let Some(format) = wanted.or_else(|| sniff(text.bytes())) else { return true };
    let before = draft.clone_parts();
    if read(draft, text, format) {
        return true;
    }
    draft.restore(before);
    wanted.is_none()
}

/// Whether a message is an event of CEF or LEEF, perhaps behind a device's name.
pub(super) fn is_event(b: &[u8]) -> bool {
    cef::begins(b) || leef::begins(b) || marked(b).is_some()
}

/// Where `CEF:0|` or `LEEF:1.0|` stands when one word is before it.
fn marked(b: &[u8]) -> Option<usize> {
    let blank = memchr::memchr(b' ', &b[..b.len().min(256)])?;
    let rest = &b[blank + 1..];
    (cef::begins(rest) || leef::begins(rest)).then_some(blank + 1)
}

//! The error log of Apache httpd: `[time] [module:level] [pid 12:tid 34] [client 192.0.2.7:443]
//! message, referer: …`.
//!
//! The client becomes a field; its bracket stays in the message, where the error log of old has
//! it as the first words. The referer is the client's own text and is cut off the end. Cost: a
//! handful of byte comparisons and one search backwards.

use super::draft::{Draft, Line};
use super::rfc3164::blanks;
use crate::time::at;
use memchr::memmem;
use seerflow_model::Severity;
use std::net::IpAddr;

/// Longest bracket.
const BRACKET_MAX: usize = 96;
const REFERER: &[u8] = b", referer: ";

/// The inside of a bracket that opens at a position.
fn bracket(b: &[u8], open: usize) -> Option<(usize, usize)> {
    let rest = b.get(open..b.len().min(open + BRACKET_MAX))?;
    (rest.first() == Some(&b'[')).then_some(())?;
    Some((open + 1, open + memchr::memchr(b']', rest)?))
}

/// The level's bracket after the time's: module, level, and where the rest begins.
fn level(b: &[u8], time_end: usize) -> Option<((usize, usize), Severity, usize)> {
    (at(b, time_end) == b']' && at(b, time_end + 1) == b' ').then_some(())?;
    let (from, to) = bracket(b, time_end + 2)?;
    let word = memchr::memchr(b':', &b[from..to]).map_or(from, |colon| from + colon + 1);
    let severity = Severity::from_word(&b[word..to]).or_else(|| {
        // `trace1` … `trace8`.
        let trace = b[word..to].starts_with(b"trace") && to - word == 6;
        trace.then_some(Severity::Trace)
    })?;
    Some(((from, word.max(from + 1) - 1), severity, to + 1))
}

/// A weekday opens the bracket, a year closes it, and a level follows.
pub(super) fn opens(b: &[u8], time_end: usize) -> bool {
    let day = b.get(1..5).is_some_and(|d| d[..3].iter().all(u8::is_ascii_alphabetic));
    let year = time_end > 6 && b[time_end - 4..time_end].iter().all(u8::is_ascii_digit);
    day && at(b, 4) == b' ' && year && level(b, time_end).is_some()
}

/// Reads what follows the time; `false` when it is not of this format.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, time_end: usize) -> bool {
    let b = line.bytes();
    let Some((module, severity, mut i)) = level(b, time_end) else { return false };
    draft.severity = Some(severity);
    draft.program = draft.add("apache");
    if module.1 > module.0 && &b[module.0..module.1] != b"-" {
        draft.named("module", line.span(module.0, module.1));
    }
    i = blanks(b, i);
    let process = bracket(b, i).filter(|(from, _)| b[*from..].starts_with(b"pid "));
    if let Some((from, to)) = process {
        let colon = memchr::memchr(b':', &b[from..to]).map_or(to, |n| from + n);
        draft.pid = digits(line, from + 4, colon);
        if b[colon..to].starts_with(b":tid ") {
            draft.named("thread", digits(line, colon + 5, to));
        }
        i = blanks(b, to + 1);
    }
    let client = [&b"client "[..], b"remote "].into_iter().find_map(|word| {
        let (from, to) = bracket(b, i)?;
        b[from..].starts_with(word).then_some((from + word.len(), to))
    });
    if let Some((from, to)) = client {
        self::client(draft, line, (from, to), process.is_some());
    }
    let mut end = b.len();
    if let Some(at) = memmem::rfind(&b[i..], REFERER) {
        draft.named("http.request.referrer", line.span(i + at + REFERER.len(), end));
        end = i + at;
    }
    draft.message = line.span(i, end);
    true
}

fn digits(line: Line<'_>, from: usize, to: usize) -> seerflow_model::Span {
    let sound = from < to && line.bytes()[from..to].iter().all(u8::is_ascii_digit);
    if sound { line.span(from, to) } else { seerflow_model::Span::NONE }
}

/// An address; with the process's bracket before it a port follows.
fn client(draft: &mut Draft, line: Line<'_>, (from, to): (usize, usize), ported: bool) {
    let text = line.text.get(from..to).unwrap_or_default();
    let (address, port) = match text.rsplit_once(':') {
        Some((address, port)) if ported || address.parse::<std::net::Ipv4Addr>().is_ok() => {
            (address, port)
        }
        _ => (text, ""),
    };
    if address.parse::<IpAddr>().is_err() {
        return;
    }
    draft.named("source.ip", line.span(from, from + address.len()));
    if !port.is_empty() && port.len() <= 5 && port.bytes().all(|c| c.is_ascii_digit()) {
        draft.named("source.port", line.span(to - port.len(), to));
    }
}

//! Lines without a date that begin with a level, a thread or a time of day.
//!
//! `LEVEL:name:message`, `LEVEL [thread] logger - message`, `[thread] LEVEL logger - message`,
//! `E/Tag( 123): message`, `10:11:12.345 [thread] LEVEL logger - message`. Only shapes that
//! nothing else has: a sentence that happens to begin with `ERROR:` stays plain text, and so does
//! a line where nothing but the level could be read.

use super::draft::{Draft, Line};
use super::level::capitals;
use super::place::{is_logger, is_name};
use super::rfc3164::blanks;
use super::stamped::Header;
use crate::time::at;
use seerflow_model::Severity;

/// Longest name between two colons.
const NAME_MAX: usize = 128;

/// Whether a line may begin like that; a cheap look at its first bytes.
pub(super) fn may_open(b: &[u8]) -> bool {
    match at(b, 0) {
        b'A'..=b'Z' => opening_level(b).is_some() || at(b, 1) == b'/',
        b'[' => at(b, 1).is_ascii_alphabetic(),
        b'0'..=b'9' => time_of_day(b).is_some(),
        _ => false,
    }
}

/// Whether a line begins `LEVEL:name:`, whatever times stand after it.
pub(super) fn is_named(b: &[u8]) -> bool {
    named(b).is_some()
}

/// Reads a line; `false` when only a level or less could be read.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) -> bool {
    let b = line.bytes();
    if let Some((severity, start, end)) = named(b) {
        draft.program = line.span(start, end);
        draft.message = line.span(blanks(b, end + 1), b.len());
        draft.severity = Some(severity);
        return true;
    }
    if let Some((severity, end)) = opening_level(b)
        && at(b, end) == b':'
        && blanks(b, end + 1) >= end + 3
    {
        // The level is a column, so what follows is a message of its own.
        draft.message = line.span(blanks(b, end + 1), b.len());
        draft.severity = Some(severity);
        return true;
    }
    if opening_level(b).is_some_and(|(_, end)| at(b, end) == b':') {
        return false;
    }
    let timed = time_of_day(b);
    let mut header = Header::new(draft, line, timed.unwrap_or(0));
    header.parts();
    let program = header.said(header.draft.program);
    let placed = timed.is_some() || !header.thread.is_empty() || !header.draft.pid.is_empty();
    let named = is_logger(program.as_bytes()) || placed && !program.is_empty();
    if header.level.is_none() || !(named || timed.is_some()) {
        return false;
    }
    header.end();
    true
}

/// A level in capitals at the head, and where it ends.
fn opening_level(b: &[u8]) -> Option<(Severity, usize)> {
    let end = b.iter().take(14).take_while(|c| c.is_ascii_uppercase()).count();
    let level = Severity::from_word(&b[..end]).filter(|_| capitals(&b[..end]))?;
    matches!(at(b, end), b':' | b' ').then_some((level, end))
}

/// `LEVEL:name:`: the level, and where the name stands.
fn named(b: &[u8]) -> Option<(Severity, usize, usize)> {
    let (level, colon) = opening_level(b).filter(|(_, end)| at(b, *end) == b':')?;
    let start = colon + 1;
    let rest = &b[start..];
    let end = start + memchr::memchr(b':', &rest[..rest.len().min(NAME_MAX)])?;
    is_name(&b[start..end]).then_some((level, start, end))
}

/// `10:11:12.345 ` or `10:11:12,345 `: where it ends.
fn time_of_day(b: &[u8]) -> Option<usize> {
    let pattern = b.get(..13)?;
    let fits = pattern.iter().enumerate().all(|(n, c)| match n {
        2 | 5 => *c == b':',
        8 => matches!(c, b'.' | b','),
        12 => *c == b' ',
        _ => c.is_ascii_digit(),
    });
    fits.then_some(12)
}

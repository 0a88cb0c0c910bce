//! Redis and its relatives: `12:M 04 Mar 2026 10:00:00.123 * message`; process, role, time, and a
//! mark for the level.

use super::draft::{Draft, Line};
use super::rfc3164::blanks;
use crate::time::at;
use seerflow_model::Severity;

/// `12:M ` before the time: length of the number.
fn process(before: &[u8]) -> Option<usize> {
    let digits = before.iter().take_while(|c| c.is_ascii_digit()).count();
    let role = before.get(digits..)?;
    let known = matches!(role, [b':', b'M' | b'S' | b'C' | b'X', b' ']);
    ((1..=10).contains(&digits) && known).then_some(digits)
}

fn mark(c: u8) -> Option<Severity> {
    Some(match c {
        b'.' => Severity::Trace,
        b'-' => Severity::Informational,
        b'*' => Severity::Notice,
        b'#' => Severity::Warning,
        _ => return None,
    })
}

/// The level after the time, and where the message begins.
fn level(b: &[u8], time_end: usize) -> Option<(Severity, usize)> {
    let sound = at(b, time_end) == b' ' && at(b, time_end + 2) == b' ';
    let severity = mark(at(b, time_end + 1)).filter(|_| sound)?;
    Some((severity, blanks(b, time_end + 3)))
}

pub(super) fn opens(b: &[u8], time: (usize, usize)) -> bool {
    process(&b[..time.0]).is_some() && level(b, time.1).is_some()
}

/// Reads a line; `false` when it is not of this format.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, time: (usize, usize)) -> bool {
    let b = line.bytes();
    let (Some(digits), Some((severity, start))) = (process(&b[..time.0]), level(b, time.1)) else {
        return false;
    };
    let role = match b[digits + 1] {
        b'M' => "master",
        b'S' => "replica",
        b'X' => "sentinel",
        _ => "child",
    };
    draft.pid = line.span(0, digits);
    draft.program = draft.add("redis");
    let role = draft.add(role);
    draft.named("role", role);
    draft.severity = Some(severity);
    draft.message = line.span(start, b.len());
    true
}

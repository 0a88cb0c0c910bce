//! MySQL and MariaDB: the error log and the slow query log.
//!
//! Error log: `TIME THREAD [Level] [MY-010068] [Server] message`; older ones have neither code nor
//! subsystem, the oldest no thread. Slow log: lines that begin with `#` hold pairs, then comes the
//! statement; the joiner makes one record of them, because only `# Time:` begins one. The
//! statement is the message; `SET timestamp=…;` and `use …;` before it are not part of it.

use super::draft::{Draft, Line};
use super::rfc3164::blanks;
use crate::time::at;
use seerflow_model::Severity;

/// Most lines before the statement of a slow query.
const HEAD_LINES: usize = 16;
/// Most digits of a thread's number.
const THREAD_DIGITS: usize = 20;

/// What stands between the time and the message of the error log.
struct Head {
    thread: (usize, usize),
    level: Severity,
    end: usize,
}

fn head(b: &[u8], time: (usize, usize)) -> Option<Head> {
    let start = blanks(b, time.1);
    let rest = b.get(start..)?;
    let digits = rest.iter().take(THREAD_DIGITS).take_while(|c| c.is_ascii_digit()).count();
    let open = blanks(b, start + digits);
    // The oldest form has a date of six digits and no thread.
    let old = at(b, time.0 + 6) == b' ' && digits == 0;
    if start == time.1 || !(old || digits > 0 && open > start + digits) || at(b, open) != b'[' {
        return None;
    }
    let level = match b.get(open + 1..)? {
        rest if rest.starts_with(b"Note]") => (Severity::Informational, 4),
        rest if rest.starts_with(b"System]") => (Severity::Informational, 6),
        rest if rest.starts_with(b"Warning]") => (Severity::Warning, 7),
        rest if rest.starts_with(b"ERROR]") || rest.starts_with(b"Error]") => (Severity::Error, 5),
        _ => return None,
    };
    Some(Head { thread: (start, start + digits), level: level.0, end: open + level.1 + 2 })
}

pub(super) fn opens(b: &[u8], time: (usize, usize)) -> bool {
    head(b, time).is_some()
}

/// Reads a line of the error log; `false` when it is none.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, time: (usize, usize)) -> bool {
    let b = line.bytes();
    let Some(head) = head(b, time) else { return false };
    draft.severity = Some(head.level);
    draft.program = draft.add("mysqld");
    draft.named("thread", line.span(head.thread.0, head.thread.1));
    let mut i = blanks(b, head.end);
    for name in ["event.code", "subsystem"] {
        let Some((from, to)) = bracketed_word(b, i) else { break };
        if name == "event.code" && !b[from..to].starts_with(b"MY-") {
            break;
        }
        draft.named(name, line.span(from, to));
        i = blanks(b, to + 1);
    }
    draft.message = line.span(i, b.len());
    true
}

fn bracketed_word(b: &[u8], open: usize) -> Option<(usize, usize)> {
    let rest = b.get(open + 1..).filter(|_| b[open] == b'[')?;
    let length = rest.iter().take(32).take_while(|c| c.is_ascii_alphanumeric() || **c == b'-');
    let end = open + 1 + length.count();
    (end > open + 1 && at(b, end) == b']').then_some((open + 1, end))
}

/// Whether a record is of the slow query log.
pub(super) fn opens_slow(b: &[u8]) -> bool {
    b.starts_with(b"# Time: ")
}

/// Reads a record of the slow query log; `false` when it is none.
pub(super) fn read_slow(draft: &mut Draft, line: Line<'_>, time: (usize, usize)) -> bool {
    let b = line.bytes();
    if !opens_slow(b) || time.0 != 8 {
        return false;
    }
    draft.program = draft.add("mysqld");
    let mut i = 0;
    for n in 0..HEAD_LINES {
        let end = memchr::memchr(b'\n', &b[i..]).map_or(b.len(), |at| i + at);
        let row = line.text.get(i..end).unwrap_or_default().trim_end_matches('\r');
        if let Some(user) = row.strip_prefix("# User@Host: ") {
            user_at_host(draft, line, i + row.len() - user.len(), user);
        } else if let Some(row) = row.strip_prefix("# ") {
            if n > 0 {
                pairs(draft, line, i + 2, row);
            }
        } else if let Some(name) = row.strip_prefix("use ").and_then(|r| r.strip_suffix(';')) {
            draft.named("db.name", line.span(i + 4, i + 4 + name.len()));
        } else if !row.starts_with("SET timestamp=") {
            break;
        }
        i = (end + 1).min(b.len());
    }
    let end = line.text.trim_ascii_end().len().max(i);
    draft.message = line.span(i, end);
    true
}

/// `bob[bob] @ web-01 [192.0.2.7]  Id:    12`.
fn user_at_host(draft: &mut Draft, line: Line<'_>, start: usize, row: &str) {
    let Some((user, rest)) = row.split_once(" @ ") else { return };
    let name = user.find('[').unwrap_or(user.len());
    draft.named("user.name", line.span(start, start + name));
    let at = start + user.len() + 3;
    let host = rest.find(['[', ' ']).unwrap_or(rest.len());
    draft.named("source.domain", line.span(at, at + host));
    if let Some(open) = rest.find('[')
        && let Some(length) = rest[open..].find(']')
    {
        draft.named("source.ip", line.span(at + open + 1, at + open + length));
    }
    if let Some(id) = rest.find("Id:") {
        let digits = rest[id + 3..].trim_start();
        let from = at + rest.len() - digits.len();
        draft.named("thread", line.span(from, from + digits.trim_end().len()));
    }
}

/// `Query_time: 5.0  Lock_time: 0.1 Rows_sent: 1`: names in lower case.
fn pairs(draft: &mut Draft, line: Line<'_>, start: usize, row: &str) {
    let mut at = 0;
    while let Some(colon) = row[at..].find(": ").map(|n| at + n) {
        let name = row[..colon].rfind(' ').map_or(at, |n| (n + 1).max(at));
        let from = colon + 1 + (row[colon + 1..].len() - row[colon + 1..].trim_start().len());
        let to = row[from..].find(' ').map_or(row.len(), |n| from + n);
        let from_tail = draft.tail_end();
        let lower = row[name..colon].chars().map(|c| c.to_ascii_lowercase());
        draft.tail.extend(lower);
        let name = draft.since(from_tail);
        if to > from && !name.is_empty() {
            draft.field(name, line.span(start + from, start + to));
        }
        at = to;
    }
}

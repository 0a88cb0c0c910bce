//! Where in a line its time stands.
//!
//! The first position within reach that is properly delimited and holds a complete, plausible
//! time. What is found depends on the line alone, so any reader that starts anywhere in a file
//! finds the same.

use super::civil::{Stamp, at, digits, fraction};
use super::shape::{self, Place};
use super::{Located, json, pairs};
use seerflow_model::Severity;

/// A time must begin within so many bytes.
const REACH: usize = 96;

/// Opens a record of a slow query log; a time follows.
const SLOW_QUERY: &[u8] = b"# Time: ";
/// The time of an access log must begin within so many bytes: a user name stands before it.
const CLF_REACH: usize = 1024;

/// May stand directly before a time.
const BEFORE: u8 = 1;
/// May begin a time.
const BEGINS: u8 = 2;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0u8; 256];
    let before = b" \t[(\"'|=,;><*";
    let mut i = 0;
    while i < before.len() {
        table[before[i] as usize] |= BEFORE;
        i += 1;
    }
    let begins = b"0123456789JFMASONDTW";
    i = 0;
    while i < begins.len() {
        table[begins[i] as usize] |= BEGINS;
        i += 1;
    }
    table
}

/// Finds the time that a line states about itself.
pub fn locate(line: &[u8]) -> Option<Located> {
    let mut i = if line.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    while i < 16 && matches!(at(line, i), b' ' | b'\t') {
        i += 1;
    }
    match at(line, i) {
        b'{' => return json::locate(line, i),
        b'<' => {
            if let Some(end) = priority(line, i) {
                i = end;
                let (n, _) = digits(line, i, 3);
                if (1..3).contains(&n) && at(line, i + n) == b' ' {
                    // RFC 5424 says where the time is, and `-` says that there is none.
                    let start = i + n + 1;
                    if line.get(start..start + 2) == Some(b"- ") {
                        return None;
                    }
                    if let Some((end, stamp)) = shape::read(line, start, Place::Inside) {
                        return found(start, end, stamp);
                    }
                }
            }
        }
        b'#' if line[i..].starts_with(SLOW_QUERY) => {
            let start = i + SLOW_QUERY.len();
            let (end, stamp) = shape::read(line, start, Place::Head)?;
            return found(start, end, stamp);
        }
        b'I' | b'W' | b'E' | b'F' | b'D' => {
            if let Some((end, stamp)) = glog(line, i) {
                return found(i + 1, end, stamp);
            }
        }
        _ => {}
    }
    if let Some(found) = pairs::locate(line, i) {
        return Some(found);
    }
    search(line, i)
}

fn search(line: &[u8], start: usize) -> Option<Located> {
    let mut head = start;
    let mut place = Place::Head;
    while matches!(at(line, head), b'[' | b'(' | b'"' | b'*' | b'.') {
        place = if at(line, head) == b'[' { Place::Bracket } else { Place::Head };
        head += 1;
    }
    if line.get(head..head + 2) == Some(b"- ") {
        head += 2;
    }
    if let Some((end, stamp)) = shape::read(line, head, place) {
        return found(head, end, stamp);
    }
    if let Some((head, _)) = clf_time(line)
        && let Some((end, stamp)) = shape::read(line, head, Place::Bracket)
    {
        return found(head, end, stamp);
    }
    let until = line.len().min(start + REACH);
    let mut previous = at(line, head);
    for i in head + 1..until {
        let byte = line[i];
        if CLASS[usize::from(byte)] & BEGINS != 0 {
            if CLASS[usize::from(previous)] & BEFORE != 0 {
                if let Some((end, stamp)) = shape::read(line, i, place_of(line, i, previous)) {
                    return found(i, end, stamp);
                }
            } else if previous == b'.' && at(line, i.wrapping_sub(2)) == b' ' {
                // A router whose clock is not in step marks its time with a dot.
                if byte.is_ascii_uppercase()
                    && let Some((end, stamp)) = shape::read(line, i, Place::Inside)
                {
                    return found(i, end, stamp);
                }
            }
        }
        previous = byte;
    }
    None
}

/// Where the time of an access log stands: `[10/Oct/2000:13:55:36 -0700] "`, or as HAProxy writes
/// it, `[06/Feb/2009:12:14:14.655] `. Positions of its text, without the brackets. What a client
/// may have put before it cannot look so, because servers escape quotes.
pub(crate) fn clf_time(line: &[u8]) -> Option<(usize, usize)> {
    let reach = &line[..line.len().min(CLF_REACH)];
    memchr::memchr_iter(b'[', reach).find_map(|open| {
        let start = open + 1;
        if at(line, start + 2) != b'/'
            || at(line, start + 6) != b'/'
            || at(line, start + 11) != b':'
        {
            return None;
        }
        let close = start + line[start..].iter().take(32).position(|c| *c == b']')?;
        let quoted = at(line, close + 1) == b' ' && at(line, close + 2) == b'"';
        let precise = at(line, start + 20) == b'.' && at(line, close + 1) == b' ';
        (quoted || precise).then_some((start, close))
    })
}

/// Bare numbers are believed after `time=` and its like, and in auditd's `audit(…:`.
fn place_of(line: &[u8], i: usize, previous: u8) -> Place {
    let before = &line[..i];
    match previous {
        b'=' | b'"' => {
            let key = before.strip_suffix(b"\"").unwrap_or(before);
            let named =
                [&b"ts="[..], b"time=", b"timestamp="].into_iter().any(|k| key.ends_with(k));
            if named { Place::Head } else { Place::Inside }
        }
        b'(' if before.ends_with(b"audit(") => Place::Head,
        _ => Place::Inside,
    }
}

/// `<13>` and its like: position after it.
pub(crate) fn priority(line: &[u8], i: usize) -> Option<usize> {
    let (n, value) = digits(line, i + 1, 4);
    ((1..4).contains(&n) && value <= 191 && at(line, i + 1 + n) == b'>').then_some(i + n + 2)
}

/// `I0304 10:11:12.345678`: a letter for the level, then month and day.
fn glog(line: &[u8], i: usize) -> Option<(usize, Stamp)> {
    let (n, value) = digits(line, i + 1, 5);
    if n != 4 || at(line, i + 5) != b' ' || at(line, i + 14) != b'.' {
        return None;
    }
    let clock = super::clock::clock(line, i + 6, b':')?;
    if fraction(line, i + 15).0 < 3 {
        return None;
    }
    super::clock::finish(line, (None, (value / 100) as u8, (value % 100) as u8), clock)
}

fn found(start: usize, end: usize, stamp: Stamp) -> Option<Located> {
    Some(Located { start: start as u32, len: (end - start) as u32, stamp })
}

/// Whether a time stands at the head of its line: nothing before it but blanks, brackets, a
/// syslog priority, a time's key, or one word. Such a line begins a record.
pub fn heads(line: &[u8], start: usize) -> bool {
    let before = &line[..start.min(line.len())];
    if before.first().is_some_and(|c| matches!(c, b'{' | b'<')) {
        return true;
    }
    let blank = before.iter().take_while(|c| c.is_ascii_whitespace()).count();
    let before = before[blank..].trim_ascii_end();
    if blank > 0 && !before.iter().all(|c| matches!(c, b'[' | b'(' | b'"')) {
        return false;
    }
    // A container tool names its container and draws a bar before each line.
    let before = before.strip_suffix(b"|").map_or(before, |b| b.trim_ascii_end());
    !before.iter().any(|c| c.is_ascii_whitespace())
        || before.ends_with(b"audit(")
        || clf(before)
        || before == SLOW_QUERY.trim_ascii_end()
        || levels(before)
        || clf_time(line).is_some_and(|time| time.0 == start)
        || pairs::heads(line, start)
}

/// `INFO  [main]`, `[WARN ]`, `INFO [`: a level in capitals, perhaps a bracket after it.
fn levels(before: &[u8]) -> bool {
    let bare = before.strip_prefix(b"[").unwrap_or(before);
    let length = bare.iter().take(14).take_while(|c| c.is_ascii_uppercase()).count();
    if length < 2 || Severity::from_word(&bare[..length]).is_none() {
        return false;
    }
    let rest = bare[length..].trim_ascii();
    let rest =
        if bare.len() < before.len() { rest.strip_prefix(b"]").unwrap_or(rest) } else { rest };
    let rest = rest.strip_suffix(b"[").unwrap_or(rest).trim_ascii();
    let inside = rest.strip_prefix(b"[").and_then(|r| r.strip_suffix(b"]"));
    rest.is_empty() || inside.is_some_and(|r| !r.contains(&b'[') && !r.contains(&b']'))
}

/// `host ident user [` of the common log format.
fn clf(before: &[u8]) -> bool {
    before.ends_with(b" [") && before.split(|c| *c == b' ').filter(|w| !w.is_empty()).count() <= 5
}

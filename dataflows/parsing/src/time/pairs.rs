//! The time of a line that is made of named values: `key=value` pairs, CEF and LEEF.
//!
//! Such a line names its time, and may hold others in its text; so the key decides, wherever it
//! stands. Within 4 KiB; a line whose first bytes are no key costs a few comparisons.

use super::Located;
use super::civil::{Civil, Stamp, at, digits, two};
use super::shape::{self, Place};

/// How far a line is searched.
const REACH: usize = 4096;
/// Longest key.
const KEY_MAX: usize = 64;

/// Keys that name the record's own time, the surest first.
const KEYS: [&[u8]; 11] = [
    b"time",
    b"ts",
    b"timestamp",
    b"@timestamp",
    b"eventtime",
    b"event_time",
    b"datetime",
    b"asctime",
    b"_time",
    b"t",
    b"at",
];

/// Length of the key that begins at `i` and ends before `=`; 0 when there is none.
#[inline]
pub(crate) fn key(b: &[u8], i: usize) -> usize {
    let rest = b.get(i..).unwrap_or_default();
    let inner = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b'@' | b'/');
    let length = rest.iter().take(KEY_MAX + 1).take_while(|c| inner(c)).count();
    let first = rest.first().copied().unwrap_or(0);
    let begins = first.is_ascii_alphabetic() || matches!(first, b'_' | b'@');
    if begins && length <= KEY_MAX && at(b, i + length) == b'=' { length } else { 0 }
}

/// Finds the time that a line of named values names; `None` when it is no such line or names none.
pub(super) fn locate(line: &[u8], i: usize) -> Option<Located> {
    let b = &line[..line.len().min(i + REACH)];
    if b[i.min(b.len())..].starts_with(b"CEF:") || b[i.min(b.len())..].starts_with(b"LEEF:") {
        return extension(b, i);
    }
    if key(b, i) == 0 {
        return None;
    }
    let mut best: Option<(usize, Located)> = None;
    let mut i = i;
    while i < b.len() {
        let length = key(b, i);
        if length > 0 {
            let name = &b[i..i + length];
            let until = best.map_or(KEYS.len(), |(rank, _)| rank);
            if let Some(rank) = KEYS[..until].iter().position(|k| k.eq_ignore_ascii_case(name))
                && let Some(found) = value(b, i + length + 1)
            {
                best = Some((rank, found));
            } else if name == b"date"
                && until == KEYS.len()
                && let Some(found) = date_and_time(b, i + 5)
            {
                best = Some((KEYS.len() - 1, found));
            }
            i += length + 1;
        }
        i = next(b, i);
    }
    best.map(|(_, found)| found)
}

/// The time that the pair of this name holds.
pub(super) fn locate_field(line: &[u8], mut i: usize, name: &[u8]) -> Option<Located> {
    let b = &line[..line.len().min(REACH)];
    while i < b.len() {
        let length = key(b, i);
        if length > 0 {
            let named = b[i..i + length].eq_ignore_ascii_case(name);
            i += length + 1;
            if named {
                return value(b, i);
            }
        }
        i = next(b, i);
    }
    None
}

/// A time that is all there is between two positions, but for blanks.
pub(crate) fn read_value(b: &[u8], start: usize, end: usize) -> Option<Located> {
    let b = &b[..end];
    let start = start + b[start..].iter().take_while(|c| c.is_ascii_whitespace()).count();
    value(b, start)
}

/// Where the next word begins; quoted text is one word.
fn next(b: &[u8], mut i: usize) -> usize {
    if at(b, i) == b'"' {
        i += 1;
        loop {
            match memchr::memchr2(b'"', b'\\', b.get(i..).unwrap_or_default()) {
                Some(n) if b[i + n] == b'\\' => i += n + 2,
                Some(n) => break i += n + 1,
                None => return b.len(),
            }
        }
    }
    match b.get(i..).unwrap_or_default().iter().position(u8::is_ascii_whitespace) {
        Some(n) => i + n + 1,
        None => b.len(),
    }
}

/// A value that is a time as a whole.
fn value(b: &[u8], i: usize) -> Option<Located> {
    let quoted = at(b, i) == b'"';
    let start = i + usize::from(quoted);
    let (end, stamp) = shape::read(b, start, Place::Head)
        .or_else(|| shape::epoch(b, start).map(|(end, ns)| (end, Stamp::Epoch(ns))))?;
    let sound = match at(b, end) {
        b'"' => quoted,
        0 => end >= b.len(),
        c => c.is_ascii_whitespace() || c == b'[',
    };
    sound.then(|| located(start, end, stamp))
}

fn located(start: usize, end: usize, stamp: Stamp) -> Located {
    Located { start: start as u32, len: (end - start) as u32, stamp }
}

/// `date=2026-03-04 time=10:11:12`, with or without quotes: one time from the date on.
fn date_and_time(b: &[u8], i: usize) -> Option<Located> {
    let quote = usize::from(at(b, i) == b'"');
    let start = i + quote;
    let (n, year) = digits(b, start, 5);
    let (month, day) = (two(b, start + 5)?, two(b, start + 8)?);
    if n != 4 || at(b, start + 4) != b'-' || at(b, start + 7) != b'-' {
        return None;
    }
    let time = start + 10 + quote;
    if at(b, time) != b' ' || b.get(time + 1..time + 6)? != b"time=" {
        return None;
    }
    let time = time + 6 + usize::from(at(b, time + 6) == b'"');
    let clock = super::clock::clock(b, time, b':').filter(|clock| clock.seconds_given)?;
    let civil = Civil {
        year: Some(year as i32),
        month,
        day,
        hour: clock.hour,
        minute: clock.minute,
        second: clock.second,
        nanos: clock.nanos,
        offset: None,
    };
    civil.valid().then(|| located(start, clock.end, Stamp::Civil(civil)))
}

/// The time that the extension of CEF or the attributes of LEEF name.
fn extension(b: &[u8], start: usize) -> Option<Located> {
    const NAMES: [&[u8]; 4] = [b"rt=", b"devTime=", b"end=", b"start="];
    NAMES.into_iter().find_map(|name| {
        memchr::memmem::find_iter(&b[start..], name).map(|n| start + n).find_map(|at| {
            let before = b[at - 1];
            let begins = !before.is_ascii_alphanumeric() && before != b'_' && before != b'.';
            let i = at + name.len();
            let (end, stamp) = shape::read(b, i, Place::Head)
                .or_else(|| shape::epoch(b, i).map(|(end, ns)| (end, Stamp::Epoch(ns))))?;
            begins.then(|| located(i, end, stamp))
        })
    })
}

/// Whether a time is that of a line of pairs: such a line is a record by itself.
pub(super) fn heads(line: &[u8], start: usize) -> bool {
    let lead = line.iter().take(16).take_while(|c| c.is_ascii_whitespace()).count();
    lead == 0 && locate(line, 0).is_some_and(|found| found.start as usize == start)
}

#[cfg(test)]
mod tests {
    use crate::time::{Finder, YearPolicy, Zone, heads};
    use seerflow_model::time::rfc3339;

    #[test]
    fn the_key_decides() {
        let cases = [
            ("time=\"2026-03-04T10:00:00Z\" level=info msg=x", "2026-03-04T10:00:00Z"),
            (
                "level=info msg=\"at 2001-01-01 00:00:00\" ts=2026-03-04T10:00:00Z",
                "2026-03-04T10:00:00Z",
            ),
            (
                "level=info msg=\"a ts=2001-01-01T00:00:00Z\" ts=1772618400.5",
                "2026-03-04T10:00:00.5Z",
            ),
            ("ts=1772618400123 caller=x.go:1", "2026-03-04T10:00:00.123Z"),
            (
                "date=2026-03-04 time=10:00:00 devname=\"fw\" level=\"notice\"",
                "2026-03-04T10:00:00Z",
            ),
            (
                "date=2026-03-04 time=10:00:01 eventtime=1772618400123456789 tz=\"+0000\"",
                "2026-03-04T10:00:00.123456789Z",
            ),
            (
                "CEF:0|v|p|1.0|100|2001-01-01 00:00:00|5|src=1.2.3.4 rt=1772618400000 dst=x",
                "2026-03-04T10:00:00Z",
            ),
            ("CEF:0|v|p|1.0|100|n|5|rt=Mar 04 2026 10:00:00 start=1", "2026-03-04T10:00:00Z"),
            ("<134>CEF:0|v|p|1.0|100|n|5|start=1772618400000", "2026-03-04T10:00:00Z"),
            ("LEEF:1.0|v|p|1|id|devTime=Mar 04 2026 10:00:00\tsrc=1.2.3.4", "2026-03-04T10:00:00Z"),
            ("a=1 b=2026-03-04T10:00:00Z", "2026-03-04T10:00:00Z"),
        ];
        let mut finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
        for (line, expected) in cases {
            let hit = finder.find(line.as_bytes());
            assert_eq!(hit.map(|hit| rfc3339(hit.ns)).as_deref(), Some(expected), "{line}");
        }
        for line in ["level=info msg=x", "CEF:0|v|p|1|1|n|5|alert=1", "time=yesterday x=1", "="] {
            assert_eq!(finder.find(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_line_of_pairs_heads_a_record() {
        for (line, at, expected) in [
            ("level=info ts=2026-03-04T10:00:00Z", 14, true),
            ("found it: ts=2026-03-04T10:00:00Z", 13, false),
            ("  level=info ts=2026-03-04T10:00:00Z", 16, false),
        ] {
            assert_eq!(heads(line.as_bytes(), at), expected, "{line}");
        }
    }
}

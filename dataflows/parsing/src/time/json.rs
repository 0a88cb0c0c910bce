//! The time of a JSON line: the value of a top-level key, found without parsing the rest.
//!
//! The first key whose name can only mean the record's own time wins; keys that may mean
//! something else count only when there is none. Strings are skipped with `memchr`, nested values
//! by counting brackets, and nothing beyond 64 KiB is looked at.

use super::Located;
use super::civil::{Stamp, at};
use super::shape::{self, Place};

/// How far a line is searched.
const REACH: usize = 64 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Sure,
    Perhaps,
}

fn rank(key: &[u8]) -> Option<Rank> {
    const SURE: [&[u8]; 12] = [
        b"time",
        b"timestamp",
        b"@timestamp",
        b"ts",
        b"eventtime",
        b"event_time",
        b"__realtime_timestamp",
        b"timeunixnano",
        b"asctime",
        b"@t",
        b"t",
        b"_time",
    ];
    const PERHAPS: [&[u8]; 12] = [
        b"date",
        b"datetime",
        b"created",
        b"_source_realtime_timestamp",
        b"observedtimeunixnano",
        b"event.created",
        b"date_time",
        b"timecreated",
        b"timegenerated",
        b"requestreceivedtimestamp",
        b"stagetimestamp",
        b"lasttimestamp",
    ];
    // Lengths that some name has, as bits: most keys are passed over here.
    const LENGTHS: u32 = lengths(&SURE) | lengths(&PERHAPS);
    if key.len() > 26 || LENGTHS >> key.len() & 1 == 0 {
        return None;
    }
    if SURE.iter().any(|k| k.eq_ignore_ascii_case(key)) {
        return Some(Rank::Sure);
    }
    PERHAPS.iter().any(|k| k.eq_ignore_ascii_case(key)).then_some(Rank::Perhaps)
}

const fn lengths(names: &[&[u8]]) -> u32 {
    let (mut bits, mut i) = (0, 0);
    while i < names.len() {
        bits |= 1 << names[i].len();
        i += 1;
    }
    bits
}

/// The time of a LogRecord of OpenTelemetry, else the time when it was seen. A time of 0 is none.
fn log_record(b: &[u8], value: usize) -> Option<Located> {
    if at(b, value) != b'{' {
        return None;
    }
    let time = |name: &[u8]| {
        member(b, value, name)
            .and_then(|at| read(b, at))
            .filter(|found| found.stamp != Stamp::Epoch(0))
    };
    time(b"timeUnixNano").or_else(|| time(b"observedTimeUnixNano"))
}

/// Where the value of a member of the object at `i` begins.
fn member(b: &[u8], i: usize, name: &[u8]) -> Option<usize> {
    let mut i = blanks(b, i + 1);
    while at(b, i) == b'"' {
        let key_end = string_end(b, i + 1)?;
        let colon = blanks(b, key_end + 1);
        if at(b, colon) != b':' {
            return None;
        }
        let value = blanks(b, colon + 1);
        if b.get(i + 1..key_end) == Some(name) {
            return Some(value);
        }
        i = blanks(b, value_end(b, value)?);
        if at(b, i) != b',' {
            return None;
        }
        i = blanks(b, i + 1);
    }
    None
}

/// The time of a Windows event that is nested as in its XML.
fn windows(b: &[u8], value: usize) -> Option<Located> {
    const NAME: &[u8] = b"SystemTime\":";
    if at(b, value) != b'{' {
        return None;
    }
    let found = value + memchr::memmem::find(&b[value..], NAME)? + NAME.len();
    read(b, blanks(b, found))
}

/// nxlog writes `EventTime` without a zone: what stands beside it with one is better.
fn doubtful(key: &[u8], found: &Located) -> bool {
    key == b"EventTime" && matches!(found.stamp, Stamp::Civil(civil) if civil.offset.is_none())
}

/// Finds the time of a line that begins with `{` at `i`.
pub(super) fn locate(line: &[u8], i: usize) -> Option<Located> {
    let b = &line[..line.len().min(i + REACH)];
    let mut i = blanks(b, i + 1);
    let (mut perhaps, mut nested) = (None, false);
    while at(b, i) == b'"' {
        let key_end = string_end(b, i + 1)?;
        let colon = blanks(b, key_end + 1);
        if at(b, colon) != b':' {
            break;
        }
        let value = blanks(b, colon + 1);
        let key = &b[i + 1..key_end];
        // Once: a line may hold as many such keys as it likes.
        if !nested && matches!(key, b"Event" | b"System") {
            nested = true;
            if let Some(found) = windows(b, value) {
                return Some(found);
            }
        }
        if !nested && key == b"logRecord" {
            nested = true;
            if let Some(found) = log_record(b, value) {
                return Some(found);
            }
        }
        if let Some(rank) = rank(key)
            && let Some(found) = read(b, value)
        {
            if rank == Rank::Sure && !doubtful(key, &found) {
                return Some(found);
            }
            perhaps = perhaps.or(Some(found));
        }
        let Some(end) = value_end(b, value) else { break };
        i = blanks(b, end);
        if at(b, i) != b',' {
            break;
        }
        i = blanks(b, i + 1);
    }
    perhaps
}

/// The time that the field of this name holds; `a.b` is the field `b` of the object `a`.
pub(super) fn locate_field(line: &[u8], i: usize, name: &[u8]) -> Option<Located> {
    let b = &line[..line.len().min(i + REACH)];
    read(b, field(b, i, name)?)
}

/// The value of the field of this name, as it is written.
pub(super) fn value<'a>(line: &'a [u8], i: usize, name: &[u8]) -> Option<&'a [u8]> {
    let b = &line[..line.len().min(i + REACH)];
    let start = field(b, i, name)?;
    b.get(start..value_end(b, start)?).map(<[u8]>::trim_ascii_end)
}

/// Where the value of the field of this name begins.
fn field(b: &[u8], i: usize, name: &[u8]) -> Option<usize> {
    for (key, value) in (Members { b, i: blanks(b, i + 1) }) {
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        if let Some(inner) = below(name, key)
            && at(b, value) == b'{'
        {
            return field(b, value, inner);
        }
    }
    None
}

/// The time that the first of these fields holds, in one pass over the object.
pub(super) fn locate_first(line: &[u8], i: usize, names: &[&str]) -> Option<Located> {
    let b = &line[..line.len().min(i + REACH)];
    if at(b, i) != b'{' {
        return None;
    }
    let mut best: Option<(usize, Located)> = None;
    for (key, value) in (Members { b, i: blanks(b, i + 1) }) {
        let until = best.map_or(names.len(), |(rank, _)| rank);
        for (rank, name) in names[..until].iter().enumerate() {
            let name = name.as_bytes();
            let found = match below(name, key) {
                _ if key.eq_ignore_ascii_case(name) => read(b, value),
                Some(inner) if at(b, value) == b'{' => locate_field(b, value, inner),
                _ => None,
            };
            if let Some(found) = found {
                best = Some((rank, found));
                break;
            }
        }
    }
    best.map(|(_, found)| found)
}

/// What of a dotted name is left below a key.
fn below<'a>(name: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let inner = name.get(key.len()..)?.strip_prefix(b".")?;
    let fits = !key.is_empty() && !inner.is_empty() && name[..key.len()].eq_ignore_ascii_case(key);
    fits.then_some(inner)
}

/// The keys of an object and where their values begin, until it ends or is none any more.
struct Members<'a> {
    b: &'a [u8],
    i: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], usize);

    fn next(&mut self) -> Option<(&'a [u8], usize)> {
        let (b, i) = (self.b, self.i);
        if at(b, i) != b'"' {
            return None;
        }
        let key_end = string_end(b, i + 1)?;
        let colon = blanks(b, key_end + 1);
        if at(b, colon) != b':' {
            return None;
        }
        let value = blanks(b, colon + 1);
        // What follows the value; nothing does when it has no end.
        self.i = match value_end(b, value).map(|end| blanks(b, end)) {
            Some(comma) if at(b, comma) == b',' => blanks(b, comma + 1),
            _ => b.len(),
        };
        Some((&b[i + 1..key_end], value))
    }
}

/// Reads a value as a time: a string, a number, or MongoDB's `{"$date": …}`.
fn read(b: &[u8], i: usize) -> Option<Located> {
    const DATE: &[u8] = b"{\"$date\":";
    let i = if b[i.min(b.len())..].starts_with(DATE) { blanks(b, i + DATE.len()) } else { i };
    let quoted = at(b, i) == b'"';
    let start = i + usize::from(quoted);
    let (end, stamp) = match shape::read(b, start, Place::Head) {
        Some(found) => found,
        None => shape::epoch(b, start).map(|(end, ns)| (end, Stamp::Epoch(ns)))?,
    };
    let sound = if quoted {
        matches!(at(b, end), b'"' | b' ' | b'[')
    } else {
        matches!(at(b, end), b',' | b'}' | b' ')
    };
    sound.then_some(Located { start: start as u32, len: (end - start) as u32, stamp })
}

fn blanks(b: &[u8], mut i: usize) -> usize {
    while matches!(at(b, i), b' ' | b'\t' | b'\n' | b'\r') {
        i += 1;
    }
    i
}

/// Position of the quote that ends the string whose content begins at `i`.
fn string_end(b: &[u8], mut i: usize) -> Option<usize> {
    loop {
        i += memchr::memchr2(b'"', b'\\', b.get(i..)?)?;
        if b[i] == b'"' {
            return Some(i);
        }
        i += 2;
    }
}

/// Position after the value that begins at `i`.
fn value_end(b: &[u8], mut i: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match at(b, i) {
            b'"' => i = string_end(b, i + 1)? + 1,
            b'{' | b'[' => {
                depth += 1;
                i += 1;
            }
            b'}' | b']' => {
                if depth == 0 {
                    return Some(i);
                }
                depth -= 1;
                i += 1;
            }
            b',' if depth == 0 => return Some(i),
            _ => {
                if i >= b.len() {
                    return None;
                }
                i += 1;
                continue;
            }
        }
        if depth == 0 && matches!(b.get(i.wrapping_sub(1)), Some(b'"' | b'}' | b']')) {
            return Some(i);
        }
    }
}

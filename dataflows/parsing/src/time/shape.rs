//! The shapes of times, each read at one position of a line.
//!
//! The first byte and the number of leading digits choose the shape, so a position costs a few
//! comparisons when no time stands there.

use super::civil::{Stamp, at, digits, fraction};
use super::clock::{bare, clock, finish, month, packed, weekday};
use seerflow_model::time::{MAX_NS, Ns};

/// What stands before a position decides which shapes are believed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Somewhere in the line: only shapes that nothing else has.
    Inside,
    /// The beginning of the line: bare numbers may be times too.
    Head,
    /// Right after an opening bracket at the beginning.
    Bracket,
}

type Read = Option<(usize, Stamp)>;

/// Reads a time at `i`; where its text ends, and what it says.
#[inline]
pub(super) fn read(b: &[u8], i: usize, place: Place) -> Read {
    match at(b, i) {
        b'0'..=b'9' => numeric(b, i, place),
        b'A'..=b'Z' => worded(b, i),
        _ => None,
    }
}

#[inline]
fn numeric(b: &[u8], i: usize, place: Place) -> Read {
    let (n, value) = digits(b, i, 20);
    let head = place != Place::Inside;
    match n {
        4 => match at(b, i + 4) {
            c @ (b'-' | b'/' | b'.') => year_first(b, i, value as i32, c),
            b' ' => {
                let month = month(b, i + 5)?;
                let (end, day) = blank_day(b, i + 8)?;
                finish(b, (Some(value as i32), month, day), clock(b, end + 1, b':')?)
            }
            _ => None,
        },
        8 => packed_date(b, i, value),
        6 if head => short_packed_date(b, i, value),
        1 | 2 => day_first(b, i, n, value as u8, place),
        10 | 13 | 16 | 19 if head => epoch(b, i).map(|(end, ns)| (end, Stamp::Epoch(ns))),
        _ => None,
    }
}

/// `2026-03-04T10:11:12.5Z`, `2026/03/04 10:11`, `2026-03-04-10.11.12.345678` …
fn year_first(b: &[u8], i: usize, year: i32, separator: u8) -> Read {
    let (n, month) = digits(b, i + 5, 2);
    let i = i + 5 + n;
    if n == 0 || at(b, i) != separator {
        return None;
    }
    let (n, day) = digits(b, i + 1, 2);
    if n == 0 {
        return None;
    }
    let i = i + 1 + n;
    let clock = match at(b, i) {
        b'T' | b't' | b'_' | b':' => clock(b, i + 1, b':'),
        b' ' if at(b, i + 1) == b' ' => clock(b, i + 2, b':'),
        b' ' => clock(b, i + 1, b':'),
        b',' if at(b, i + 1) == b' ' => clock(b, i + 2, b':'),
        b'-' => clock(b, i + 1, b'.').or_else(|| clock(b, i + 1, b':')),
        _ => None,
    }?;
    finish(b, (Some(year), month as u8, day as u8), clock)
}

/// `20260304-10:11:12:345`, `20260304T101112Z`.
fn packed_date(b: &[u8], i: usize, value: u64) -> Read {
    let date = (Some((value / 10_000) as i32), (value / 100 % 100) as u8, (value % 100) as u8);
    if !matches!(at(b, i + 8), b'-' | b' ' | b'T' | b'_') {
        return None;
    }
    finish(b, date, packed(b, i + 9).or_else(|| bare(b, i + 9))?)
}

/// `260304 101112`, `260304 10:11:12`, `260304  9:11:12`.
fn short_packed_date(b: &[u8], i: usize, value: u64) -> Read {
    let date = (century(value / 10_000), (value / 100 % 100) as u8, (value % 100) as u8);
    if at(b, i + 6) != b' ' {
        return None;
    }
    let i = i + 7 + usize::from(at(b, i + 7) == b' ');
    let clock = packed(b, i).or_else(|| clock(b, i, b':').filter(|c| c.seconds_given))?;
    finish(b, date, clock)
}

fn century(two_digits: u64) -> Option<i32> {
    Some(two_digits as i32 + if two_digits < 70 { 2000 } else { 1900 })
}

/// `10/Oct/2000:13:55:36 -0700`, `04-Mar-2026 10:11:12`, `4 Mar 2026 10:11:12`, `03/04/2026 …`.
fn day_first(b: &[u8], i: usize, n: usize, first: u8, place: Place) -> Read {
    let separator = at(b, i + n);
    let i = i + n + 1;
    if !matches!(separator, b'/' | b'-' | b'.' | b' ') {
        return None;
    }
    if let Some(month) = month(b, i) {
        return day_month(b, i + 3, separator, first, month, place);
    }
    let (n, second) = digits(b, i, 2);
    if n == 0 || separator == b' ' {
        return None;
    }
    let (i, second) = (i + n, second as u8);
    if at(b, i) != separator {
        // No year: `03-04 10:11:12.345` opens a line, `[03.04 10:11:12]` stands in a bracket.
        let believed = match separator {
            b'-' => place != Place::Inside,
            b'.' => place == Place::Bracket,
            _ => false,
        };
        let clock = clock(b, i + 1, b':').filter(|c| c.seconds_given)?;
        let precise = separator != b'-' || clock.end > i + 9;
        let yes = believed && precise && at(b, i) == b' ';
        return if yes { finish(b, (None, first, second), clock) } else { None };
    }
    let (n, year) = digits(b, i + 1, 5);
    let end = i + 1 + n + usize::from(at(b, i + 1 + n) == b',');
    if !matches!(at(b, end), b' ' | b'T') {
        return None;
    }
    let clock = clock(b, end + 1, b':').filter(|c| c.seconds_given)?;
    let date = match (n, separator) {
        (4, b'/') if first <= 12 => (Some(year as i32), first, second),
        (4, _) => (Some(year as i32), second, first),
        // The shortest form with a year puts it first, as log4j does, where that is a date.
        (2, b'/') if second <= 12 && year <= 31 => (century(u64::from(first)), second, year as u8),
        (2, b'/') => (century(year), first, second),
        _ => return None,
    };
    finish(b, date, clock)
}

fn day_month(b: &[u8], i: usize, separator: u8, day: u8, month: u8, place: Place) -> Read {
    if separator == b' ' && at(b, i) == b' ' {
        let (n, _) = digits(b, i + 1, 4);
        if n < 4 {
            let clock = clock(b, i + 1, b':').filter(|c| c.seconds_given)?;
            let believed = place != Place::Inside || clock.nanos > 0;
            return if believed { finish(b, (None, month, day), clock) } else { None };
        }
    } else if at(b, i) != separator || separator == b'.' {
        return None;
    }
    let (n, year) = digits(b, i + 1, 5);
    let year = match n {
        4 => Some(year as i32),
        2 => century(year),
        _ => return None,
    };
    let end = i + 1 + n;
    let end = end + usize::from(at(b, end) == b',');
    if !matches!(at(b, end), b':' | b' ') {
        return None;
    }
    finish(b, (year, month, day), clock(b, end + 1, b':').filter(|c| c.seconds_given)?)
}

/// Times that begin with the name of a weekday or month.
fn worded(b: &[u8], i: usize) -> Read {
    if let Some(month) = month(b, i) {
        return month_first(b, i + 3, month, false);
    }
    let n = weekday(b, i)?;
    let i = i + n + usize::from(at(b, i + n) == b',');
    if at(b, i) != b' ' {
        return None;
    }
    if let Some(month) = month(b, i + 1) {
        return month_first(b, i + 4, month, true);
    }
    let i = i + 1 + usize::from(at(b, i + 1) == b' ');
    let (n, day) = digits(b, i, 2);
    let separator = at(b, i + n);
    if n == 0 || !matches!(separator, b' ' | b'-') {
        return None;
    }
    day_month(b, i + n + 4, separator, day as u8, month(b, i + n + 1)?, Place::Head)
}

/// ` dd hh:mm:ss`, ` dd yyyy hh:mm:ss`, ` dd, yyyy h:mm:ss PM`, and the year at the end.
#[inline]
fn month_first(b: &[u8], i: usize, month: u8, weekday: bool) -> Read {
    let (i, day) = blank_day(b, i)?;
    let gap = 1 + usize::from(at(b, i) == b',' || at(b, i + 1) == b' ');
    if !matches!(at(b, i), b' ' | b',') {
        return None;
    }
    let i = i + gap;
    let (n, year) = digits(b, i, 5);
    if n == 4 && at(b, i + 4) == b' ' {
        let start = i + 5 + usize::from(at(b, i + 5) == b' ');
        let clock = clock(b, start, b':').filter(|c| c.seconds_given)?;
        return finish(b, (Some(year as i32), month, day), clock);
    }
    let clock = clock(b, i, b':').filter(|c| c.seconds_given)?;
    if weekday && let Some(found) = year_last(b, month, day, clock) {
        return Some(found);
    }
    finish(b, (None, month, day), clock)
}

/// The year after the time of day, perhaps after a zone: `04:47:44 2005`, `04:47:44 CET 2005`.
fn year_last(b: &[u8], month: u8, day: u8, clock: super::clock::Clock) -> Read {
    let year_at = |i: usize| {
        let (n, year) = digits(b, i + 1, 5);
        (at(b, i) == b' ' && n == 4 && !at(b, i + 5).is_ascii_alphabetic()).then_some(year as i32)
    };
    if let Some(year) = year_at(clock.end) {
        let mut plain = clock;
        plain.end += 5;
        return finish(b, (Some(year), month, day), plain);
    }
    let word = b.get(clock.end + 1..)?.iter().take(5).take_while(|c| **c > b' ').count();
    let year = year_at(clock.end + 1 + word)?;
    let (end, stamp) = finish(b, (Some(year), month, day), clock)?;
    // An unknown zone name is passed over: the reading is then taken without one.
    let last = clock.end + 1 + word;
    (end == last || end == clock.end).then_some((last + 5, stamp))
}

/// One or two blanks and a day.
#[inline]
fn blank_day(b: &[u8], i: usize) -> Option<(usize, u8)> {
    if at(b, i) != b' ' {
        return None;
    }
    let i = i + 1 + usize::from(at(b, i + 1) == b' ');
    let (n, day) = digits(b, i, 2);
    (n > 0).then_some((i + n, day as u8))
}

/// Seconds (with a fraction), milli-, micro- or nanoseconds since 1970, told by the digits.
pub(super) fn epoch(b: &[u8], i: usize) -> Option<(usize, Ns)> {
    let (n, value) = digits(b, i, 20);
    let unit = match n {
        9 | 10 => 1_000_000_000,
        12 | 13 => 1_000_000,
        15 | 16 => 1_000,
        18 | 19 => 1,
        _ => return None,
    };
    let mut ns = value.checked_mul(unit)?;
    let mut end = i + n;
    if unit > 1 && at(b, end) == b'.' {
        let (m, nanos) = fraction(b, end + 1);
        ns = ns.checked_add(u64::from(nanos) / (1_000_000_000 / unit))?;
        end += if m > 0 { 1 + m } else { 0 };
    }
    let next = at(b, end);
    let sound = !next.is_ascii_alphanumeric() && !matches!(next, b'_' | b'-' | b'.' | b'/');
    (sound && ns <= MAX_NS && ns < EPOCH_END).then_some((end, ns))
}

/// Larger numbers (after 2100) are something else.
const EPOCH_END: Ns = 4_102_444_800_000_000_000;

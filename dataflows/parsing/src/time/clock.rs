//! The parts that the shapes of times share: month names, time of day, zone, the end of a time.

use super::civil::{Civil, Stamp, at, digits, fraction, two};

/// The number of a month from its first three letters; case is ignored.
#[inline]
pub(super) fn month(b: &[u8], i: usize) -> Option<u8> {
    let name = [at(b, i) | 32, at(b, i + 1) | 32, at(b, i + 2) | 32];
    Some(match &name {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    })
}

/// Length of a weekday's name, short or long.
pub(super) fn weekday(b: &[u8], i: usize) -> Option<usize> {
    const LONG: [&[u8]; 7] =
        [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];
    let rest = b.get(i..).unwrap_or_default();
    let day = LONG.iter().find(|d| rest.len() > 3 && rest[..3].eq_ignore_ascii_case(&d[..3]))?;
    let whole = rest.len() > day.len() && rest[..day.len()].eq_ignore_ascii_case(day);
    Some(if whole { day.len() } else { 3 })
}

/// A time of day and where its text ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    pub(super) end: usize,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) nanos: u32,
    pub(super) seconds_given: bool,
}

/// `h:mm[:ss[.fff]]` with the given separator.
#[inline]
pub(super) fn clock(b: &[u8], i: usize, separator: u8) -> Option<Clock> {
    let (n, hour) = digits(b, i, 2);
    if n == 0 || at(b, i + n) != separator {
        return None;
    }
    let minute = two(b, i + n + 1)?;
    let mut clock = Clock {
        end: i + n + 3,
        hour: hour as u8,
        minute,
        second: 0,
        nanos: 0,
        seconds_given: false,
    };
    if at(b, clock.end) == separator
        && let Some(second) = two(b, clock.end + 1)
    {
        clock.end += 3;
        seconds(b, &mut clock, second);
    }
    Some(clock)
}

/// `h:m:s[:mmm]` as programs write it that print the bare numbers.
pub(super) fn bare(b: &[u8], i: usize) -> Option<Clock> {
    let (n, hour) = digits(b, i, 2);
    let i = i + n + 1;
    let (m, minute) = digits(b, i, 2);
    let i = i + m + 1;
    let (k, second) = digits(b, i, 2);
    if n * m * k == 0 || at(b, i - 1) != b':' || at(b, i - m - 2) != b':' {
        return None;
    }
    let (hour, minute) = (hour as u8, minute as u8);
    let mut clock = Clock { end: i + k, hour, minute, second: 0, nanos: 0, seconds_given: false };
    seconds(b, &mut clock, second as u8);
    Some(clock)
}

/// `hhmmss[.fff]`.
pub(super) fn packed(b: &[u8], i: usize) -> Option<Clock> {
    let (hour, minute, second) = (two(b, i)?, two(b, i + 2)?, two(b, i + 4)?);
    if at(b, i + 6).is_ascii_digit() {
        return None;
    }
    let mut clock = Clock { end: i + 6, hour, minute, second: 0, nanos: 0, seconds_given: false };
    seconds(b, &mut clock, second);
    Some(clock)
}

fn seconds(b: &[u8], clock: &mut Clock, second: u8) {
    clock.second = second;
    clock.seconds_given = true;
    let mark = at(b, clock.end);
    if mark == b'.' || mark == b',' {
        let (n, nanos) = fraction(b, clock.end + 1);
        if n > 0 {
            clock.end += 1 + n;
            clock.nanos = nanos;
        }
    } else if mark == b':' {
        // Milliseconds as a number, padded or not.
        let (n, millis) = digits(b, clock.end + 1, 4);
        if (1..4).contains(&n) {
            clock.nanos = millis as u32 * 1_000_000;
            clock.end += 1 + n;
        }
    }
    if second == 60 {
        (clock.second, clock.nanos) = (59, 999_999_999);
    }
}

/// Offset from UTC that follows a time: `Z`, `+hh:mm`, `+hhmm`, `+hh`, ` UTC`, ` CEST` …
///
/// Names other than UTC count only in times with a year or before a colon: in a syslog header the
/// next word is a host.
fn zone(b: &[u8], i: usize, names: bool) -> (usize, Option<i32>) {
    match at(b, i) {
        b'Z' | b'z' if !at(b, i + 1).is_ascii_alphanumeric() => (i + 1, Some(0)),
        b'+' | b'-' => signed(b, i).map_or((i, None), |(end, o)| (end, Some(o))),
        b' ' => match at(b, i + 1) {
            b'+' | b'-' if digits(b, i + 2, 5).0 == 4 || at(b, i + 4) == b':' => {
                signed(b, i + 1).map_or((i, None), |(end, o)| (end, Some(o)))
            }
            c if c.is_ascii_uppercase() => {
                named(b, i + 1, names).map_or((i, None), |(end, o)| (end, Some(o)))
            }
            _ => (i, None),
        },
        _ => (i, None),
    }
}

fn signed(b: &[u8], i: usize) -> Option<(usize, i32)> {
    let hours = two(b, i + 1)?;
    let (end, minutes) = match (at(b, i + 3), two(b, i + 3), two(b, i + 4)) {
        (b':', _, Some(minutes)) => (i + 6, minutes),
        (_, Some(minutes), _) => (i + 5, minutes),
        _ => (i + 3, 0),
    };
    // RFC 3339 lets hours go to 23; after a blank a number of four digits may be something else.
    let most = if at(b, i.wrapping_sub(1)) == b' ' { 18 } else { 23 };
    if hours > most || minutes > 59 {
        return None;
    }
    let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    Some((end, if at(b, i) == b'-' { -seconds } else { seconds }))
}

/// Zone names with one meaning: those of RFC 2822 §4.3 and of Europe and Japan.
fn named(b: &[u8], i: usize, names: bool) -> Option<(usize, i32)> {
    let length = b.get(i..)?.iter().take(5).take_while(|c| c.is_ascii_uppercase()).count();
    let end = i + length;
    if at(b, end).is_ascii_alphanumeric() || !(names || at(b, end) == b':') {
        return None;
    }
    let hours = match &b[i..end] {
        b"UTC" | b"GMT" | b"Z" | b"WET" => 0,
        b"CET" | b"WEST" => 1,
        b"CEST" | b"EET" => 2,
        b"EEST" | b"MSK" => 3,
        b"JST" | b"KST" => 9,
        b"EDT" => -4,
        b"EST" | b"CDT" => -5,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        _ => return None,
    };
    Some((end, hours * 3600))
}

/// Takes what may follow a time of day (AM or PM, a zone), and checks the end and every range.
#[inline]
pub(super) fn finish(
    b: &[u8],
    date: (Option<i32>, u8, u8),
    mut clock: Clock,
) -> Option<(usize, Stamp)> {
    let (year, month, day) = date;
    if at(b, clock.end) == b' '
        && matches!(at(b, clock.end + 1), b'A' | b'P' | b'a' | b'p')
        && at(b, clock.end + 2) | 32 == b'm'
        && matches!(
            at(b, clock.end + 3),
            0 | b' ' | b'\t' | b'\n' | b'\r' | b']' | b')' | b'"' | b',' | b':' | b'|'
        )
        && (1..=12).contains(&clock.hour)
        // Without a year it is a syslog header, and the next word is a host that may be called so.
        && year.is_some()
    {
        let afternoon = at(b, clock.end + 1) | 32 == b'p';
        clock.hour = clock.hour % 12 + if afternoon { 12 } else { 0 };
        clock.end += 3;
    }
    let (end, offset) = zone(b, clock.end, year.is_some());
    let next = at(b, end);
    if next.is_ascii_alphanumeric() || next == b'_' {
        return None;
    }
    let civil = Civil {
        year,
        month,
        day,
        hour: clock.hour,
        minute: clock.minute,
        second: clock.second,
        nanos: clock.nanos,
        offset,
    };
    civil.valid().then_some((end, Stamp::Civil(civil)))
}

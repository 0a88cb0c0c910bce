//! Times and dates inside a message.
//!
//! Each form is tried only where a digit, a weekday or a month begins a core, looks at most a few
//! dozen bytes ahead, and may run over white space (`Fri Jun 17 07:07:00 2005`).

use super::class::{self, ATOM, START};

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];
const WEEKDAYS: [&[u8]; 7] =
    [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];

/// Where a time or date that begins at `at` ends, if one begins there.
pub fn time(text: &[u8], at: usize) -> Option<usize> {
    if text[at].is_ascii_digit() {
        let rest = number_of_digits(text, at);
        match rest {
            1 | 2 => clock(text, at).or_else(|| day_first(text, at)),
            4 => year_first(text, at),
            8 => compact(text, at),
            _ => None,
        }
    } else {
        words(text, at)
    }
}

fn number_of_digits(text: &[u8], at: usize) -> usize {
    class::digits(text, at) - at
}

/// Whether no core goes on at `i`.
fn ends(text: &[u8], i: usize) -> bool {
    let class = class::at(text, i);
    class & ATOM == 0 || class & START == 0 && class::at(text, i + 1) & START == 0
}

/// `n` digits with a value in the range.
fn fixed(text: &[u8], at: usize, n: usize, max: u32) -> Option<usize> {
    let digits = text.get(at..at + n)?;
    let mut value = 0;
    for b in digits {
        if !b.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(b - b'0');
    }
    (value <= max).then_some(at + n)
}

fn one_or_two(text: &[u8], at: usize, max: u32) -> Option<usize> {
    match number_of_digits(text, at) {
        n @ (1 | 2) => fixed(text, at, n, max),
        _ => None,
    }
}

fn is(text: &[u8], at: usize, b: u8) -> Option<usize> {
    (class::byte(text, at) == b).then_some(at + 1)
}

/// `7:07`, `07:07:00`, with a fraction, `Z`, an offset or AM/PM.
fn clock(text: &[u8], at: usize) -> Option<usize> {
    let i = one_or_two(text, at, 24)?;
    let mut i = fixed(text, is(text, i, b':')?, 2, 59)?;
    if let Some(seconds) = is(text, i, b':').and_then(|i| fixed(text, i, 2, 60)) {
        i = seconds;
        if matches!(class::byte(text, i), b'.' | b',' | b':') {
            let fraction = class::digits(text, i + 1);
            if (1..=9).contains(&(fraction - i - 1)) {
                i = fraction;
            }
        }
    }
    let i = zone(text, i);
    // `12:34::56` and `1:02:aa` are something else.
    let tail = class::byte(text, i) == b':' && class::at(text, i + 1) & START != 0;
    (ends(text, i) && !tail && !text[i..].starts_with(b"::")).then(|| meridiem(text, i))
}

fn zone(text: &[u8], at: usize) -> usize {
    match class::byte(text, at) {
        b'Z' => at + 1,
        b'+' | b'-' => {
            let hours = fixed(text, at + 1, 2, 14);
            let full = hours.and_then(|i| {
                fixed(text, if class::byte(text, i) == b':' { i + 1 } else { i }, 2, 59)
            });
            full.or(hours).unwrap_or(at)
        }
        _ => at,
    }
}

fn meridiem(text: &[u8], at: usize) -> usize {
    let i = if class::byte(text, at) == b' ' { at + 1 } else { at };
    match text.get(i..i + 2) {
        Some(b"AM" | b"PM" | b"am" | b"pm") if ends(text, i + 2) => i + 2,
        _ => at,
    }
}

/// A clock that follows a date: after `T`, `-`, `:`, `,`, `_` or one or two blanks.
fn then_clock(text: &[u8], at: usize) -> usize {
    let mut i = at;
    match class::byte(text, i) {
        b'T' | b't' | b'-' | b':' | b'_' => i += 1,
        b',' | b' ' => {
            i += 1;
            while class::byte(text, i) == b' ' && i < at + 3 {
                i += 1;
            }
        }
        _ => return at,
    }
    match clock(text, i) {
        // ` +0000` as in the common log format.
        Some(end) if class::byte(text, end) == b' ' => {
            let zone = zone(text, end + 1);
            if zone > end + 3 && ends(text, zone) { zone } else { end }
        }
        Some(end) => end,
        None => at,
    }
}

/// `2005-06-17`, `2005/06/17`, `2005.06.17`.
fn year_first(text: &[u8], at: usize) -> Option<usize> {
    let separator = class::byte(text, at + 4);
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let i = fixed(text, at + 5, 2, 12)?;
    let i = fixed(text, is(text, i, separator)?, 2, 31)?;
    let end = then_clock(text, i);
    (end > i || ends(text, i)).then_some(end)
}

/// `20050617T070700Z`, `20050617-07:07:00`.
fn compact(text: &[u8], at: usize) -> Option<usize> {
    fixed(text, at + 4, 2, 12).and_then(|i| fixed(text, i, 2, 31))?;
    let i = at + 8;
    if class::byte(text, i) == b'T' && number_of_digits(text, i + 1) == 6 {
        let end = zone(text, i + 7);
        return ends(text, end).then_some(end);
    }
    let end = if class::byte(text, i) == b' ' { i } else { then_clock(text, i) };
    (end > i).then_some(end)
}

/// `17/06/2005`, `17/Jun/2005:07:07:00 +0000`, `17-Jun-2005`, `17 Jun 2005`.
fn day_first(text: &[u8], at: usize) -> Option<usize> {
    let i = one_or_two(text, at, 31)?;
    let separator = class::byte(text, i);
    if !matches!(separator, b'/' | b'-' | b' ' | b'.') {
        return None;
    }
    let (i, by_name) = match name(text, i + 1, &MONTHS) {
        Some(i) => (i, true),
        None if separator != b' ' => (one_or_two(text, i + 1, 31)?, false),
        None => return None,
    };
    let i = is(text, i, separator)?;
    let year = number_of_digits(text, i);
    if !(year == 4 || year == 2 && separator == b'/' || year == 2 && by_name) {
        return None;
    }
    let end = then_clock(text, i + year);
    (end > i + year || ends(text, end)).then_some(end)
}

/// The end of a name, whole or its first three letters, case ignored.
fn name(text: &[u8], at: usize, names: &[&[u8]]) -> Option<usize> {
    let mut end = at;
    while class::byte(text, end).is_ascii_alphabetic() && end - at < 10 {
        end += 1;
    }
    let word = &text[at..end];
    let same = |name: &&[u8]| word.eq_ignore_ascii_case(name);
    let short = |name: &&[u8]| word.len() == 3 && word.eq_ignore_ascii_case(&name[..3]);
    names.iter().any(|n| same(n) || short(n)).then_some(end)
}

fn blanks(text: &[u8], at: usize) -> Option<usize> {
    let i = is(text, at, b' ')?;
    Some(if class::byte(text, i) == b' ' { i + 1 } else { i })
}

/// `Fri Jun 17 07:07:00 EDT 2005`, `Jun 17, 2005 7:07 AM`, `Fri, 17 Jun 2005 07:07:00 GMT`.
fn words(text: &[u8], at: usize) -> Option<usize> {
    let start = match name(text, at, &WEEKDAYS) {
        Some(i) => blanks(text, is(text, i, b',').unwrap_or(i))?,
        None => at,
    };
    if start > at && class::byte(text, start).is_ascii_digit() {
        let end = day_first(text, start)?;
        return Some(zone_name(text, end));
    }
    let i = blanks(text, name(text, start, &MONTHS)?)?;
    let day = one_or_two(text, i, 31)?;
    let mut i = day;
    if let Some(year) = is(text, i, b',').or(Some(i)).and_then(|i| year(text, i)) {
        i = then_clock(text, year);
    } else {
        let end = then_clock(text, i);
        if end > i {
            i = zone_name(text, end);
            i = year(text, i).unwrap_or(i);
        }
    }
    (i > day || start > at).then_some(i).filter(|&i| ends(text, i))
}

/// A blank and a year.
fn year(text: &[u8], at: usize) -> Option<usize> {
    let i = blanks(text, at)?;
    (number_of_digits(text, i) == 4 && matches!(text[i], b'1' | b'2') && ends(text, i + 4))
        .then_some(i + 4)
}

/// A blank and the short name of a zone: `EDT`, `UTC`, `GMT`, `CEST`.
fn zone_name(text: &[u8], at: usize) -> usize {
    let Some(i) = blanks(text, at) else { return at };
    let mut end = i;
    while class::byte(text, end).is_ascii_uppercase() && end - i < 5 {
        end += 1;
    }
    let known = matches!(text[i..end], [.., b'T'] | [b'U', b'T', b'C']) && end - i >= 3;
    if known && ends(text, end) { end } else { at }
}

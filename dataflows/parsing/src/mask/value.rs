//! The type of a single core by its shape: numbers, hexadecimal, UUIDs, identifiers.

use super::class::{self, AT, DIGIT, DOT, HEX, byte};
use super::net;
use seerflow_model::ParamKind;

/// The type of a core, `None` when it is a literal. `class` is the union of its bytes' classes.
pub fn kind(core: &[u8], class: u8) -> Option<ParamKind> {
    if class & DIGIT == 0 {
        if class & AT != 0 && net::email(core) {
            return Some(ParamKind::Email);
        }
        if class & DOT != 0 && net::domain(core) {
            return Some(ParamKind::Domain);
        }
        // A digest without one digit; words of so many letters a–f do not exist.
        if matches!(core.len(), 3..=5) && constant(core) {
            return Some(ParamKind::Any);
        }
        let digest = class == HEX && matches!(core.len(), 16 | 32 | 40 | 48 | 56 | 64 | 96 | 128);
        return digest.then_some(ParamKind::Hex);
    }
    if matches!(core[0], b'0'..=b'9' | b'+' | b'-') {
        return Some(digit_first(core, class));
    }
    if class & AT != 0 && net::email(core) {
        return Some(ParamKind::Email);
    }
    if uuid(core) {
        return Some(ParamKind::Uuid);
    }
    if hex(core, class) {
        return Some(ParamKind::Hex);
    }
    if class & DOT != 0 && net::domain(core) {
        return Some(ParamKind::Domain);
    }
    identifier(core).then_some(ParamKind::Id)
}

/// What begins with a digit or a sign is a value; the question is only which.
fn digit_first(core: &[u8], class: u8) -> ParamKind {
    if class == DIGIT {
        return if core.len() > 24 { ParamKind::Hex } else { ParamKind::Number };
    }
    if let [b'0', b'x' | b'X', rest @ ..] = core
        && !rest.is_empty()
        && rest.iter().all(u8::is_ascii_hexdigit)
    {
        return ParamKind::Hex;
    }
    if uuid(core) {
        return ParamKind::Uuid;
    }
    if hex(core, class) && !exponent(core) {
        return ParamKind::Hex;
    }
    if let Some(kind) = number(core) {
        return kind;
    }
    if class & AT != 0 && net::email(core) {
        return ParamKind::Email;
    }
    if class & DOT != 0 && net::domain(core) {
        return ParamKind::Domain;
    }
    ParamKind::Id
}

/// Eight or more hexadecimal digits, a decimal one among them.
fn hex(core: &[u8], class: u8) -> bool {
    class & !(DIGIT | HEX) == 0 && core.len() >= 8
}

fn exponent(core: &[u8]) -> bool {
    let letters = core.iter().filter(|b| b.is_ascii_alphabetic()).count();
    letters == 1 && core.contains(&b'e') && core.len() < 12
}

/// 8-4-4-4-12.
fn uuid(core: &[u8]) -> bool {
    core.len() == 36
        && core.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Sign, digits, fraction, exponent, then a unit of at most five letters or `%`; or a chain of
/// those as in `1h30m` and `80x25`. The units say whether it is a duration or a size.
fn number(core: &[u8]) -> Option<ParamKind> {
    let mut i = usize::from(matches!(core[0], b'+' | b'-'));
    let (mut links, mut durations, mut sizes) = (0, 0, 0);
    while i < core.len() {
        let start = i;
        i = digits(core, i);
        if i == start || links == 6 {
            return None;
        }
        if i + 1 < core.len() && core[i] == b'.' && core[i + 1].is_ascii_digit() {
            i = digits(core, i + 1);
        }
        if let [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] = core[i..] {
            i = digits(core, i + 2);
        }
        let unit = i;
        while i < core.len()
            && (core[i].is_ascii_alphabetic() || core[i] >= 0x80 || core[i] == b'%')
        {
            i += 1;
        }
        if i - unit > 5 {
            return None;
        }
        links += 1;
        durations += usize::from(of(DURATIONS, &core[unit..i]));
        sizes += usize::from(of(SIZES, &core[unit..i]));
    }
    match links {
        0 => None,
        // `4d` alone is as likely hexadecimal.
        1 if core.last() == Some(&b'd') => Some(ParamKind::Number),
        _ if durations == links => Some(ParamKind::Duration),
        1 if sizes == 1 => Some(ParamKind::Size),
        _ => Some(ParamKind::Number),
    }
}

/// Units of time as they are glued to numbers.
const DURATIONS: &[&str] =
    &["ns", "us", "µs", "μs", "ms", "s", "sec", "secs", "m", "min", "mins", "h", "hr", "hrs", "d"];
/// Units of data.
const SIZES: &[&str] = &[
    "kB", "KB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB", "Ki", "Mi", "Gi", "Ti",
    "K", "M", "G", "T", "kb", "mb", "gb", "tb", "bytes",
];

fn of(units: &[&str], unit: &[u8]) -> bool {
    !unit.is_empty() && units.iter().any(|known| known.as_bytes() == unit)
}

fn digits(core: &[u8], mut i: usize) -> usize {
    while i < core.len() && core[i].is_ascii_digit() {
        i += 1;
    }
    i
}

/// Letters of base64 that are looked at.
const BASE64_MAX: usize = 4096;

/// Base64 that begins at `start` and holds `/`, `+` or padding (without those it is an identifier
/// anyhow): 20 letters or more, all three kinds of them well mixed.
pub fn base64(text: &[u8], start: usize) -> Option<usize> {
    // Only at the head of a chain, so that `a/b/c/…` is read once.
    if start > 0 && matches!(text[start - 1], b'/' | b'+' | b'.' | b'-' | b'@') {
        return None;
    }
    let (mut end, mut turns, mut marks, mut last) = (start, 0, 0, 0u8);
    let (mut upper, mut lower, mut digit) = (0, 0, 0);
    while end < text.len() && end - start < BASE64_MAX {
        let kind = match text[end] {
            b'A'..=b'Z' => 1,
            b'a'..=b'z' => 2,
            b'0'..=b'9' => 3,
            b'+' | b'/' => 4,
            _ => break,
        };
        upper += usize::from(kind == 1);
        lower += usize::from(kind == 2);
        digit += usize::from(kind == 3);
        marks += usize::from(kind == 4);
        turns += usize::from(kind != last);
        last = kind;
        end += 1;
    }
    let letters = end - start;
    let padding = text[end..].iter().take(3).take_while(|b| **b == b'=').count();
    let padded = (1..=2).contains(&padding) && (letters + padding).is_multiple_of(4);
    let mixed = letters >= 20 && upper > 1 && lower > 1 && digit > 0 && turns * 4 >= letters;
    // Words between many slashes are a path.
    let dense = marks * 8 <= letters;
    let end = if padded { end + padding } else { end };
    let next = class::at(text, end);
    let alone = next & (class::START | DOT | AT) == 0 && byte(text, end) != b'=';
    (mixed && dense && (padded || marks > 0) && alone).then_some(end)
}

/// A name that holds a value: a group between separators is a number (`blk_-123`, `node-7`,
/// `attempt_2015_0001_m_0`, `v1.5`), four digits or more in a row, or letters and digits that
/// take turns (`a1b2c3d`). A short number at the end of a word is rather part of a name
/// (`ssh2`, `eth0`, `sha256`): where it varies, grouping finds out.
fn identifier(core: &[u8]) -> bool {
    let (mut run, mut pure, mut turns, mut last) = (0usize, true, 0, 0u8);
    for &b in core {
        match b {
            b'0'..=b'9' => {
                run += 1;
                if run >= 4 {
                    return true;
                }
            }
            b'_' | b'-' | b'.' | b'@' | b'+' | b'~' | b'%' => {
                if run > 0 && pure {
                    return true;
                }
                (run, pure) = (0, true);
            }
            _ => {
                turns += usize::from(last.is_ascii_digit());
                (run, pure) = (0, false);
            }
        }
        last = b;
    }
    run > 0 && pure || turns >= 2
}

/// Whether a core without digit, dot and `@` is a literal: all are but the values of types that
/// every language has.
#[inline]
pub fn plain(core: &[u8], class: u8) -> bool {
    class & (DIGIT | DOT | AT) == 0
        && class != HEX
        && !(matches!(core.len(), 3..=5) && constant(core))
}

/// `true`, `false`, `null`, `nil`, `nan` are values, not words.
fn constant(core: &[u8]) -> bool {
    [&b"true"[..], b"false", b"null", b"nil", b"nan"].iter().any(|c| core.eq_ignore_ascii_case(c))
}

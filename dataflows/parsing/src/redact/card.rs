//! Card numbers: 13 to 19 digits with a valid check digit, single blanks or dashes between them.
//!
//! A *run* is digits with at most one blank or dash between two of them; dates, other numbers and
//! cards stand side by side in one. A run that is grouped as on cards is tried as a whole, then parts
//! of it that are, then, of what is left, stretches that are a card as a whole however they are grouped. Digits that belong to a
//! hash, a UUID, a decimal fraction or a longer number are none.
//!
//! Cost: of a text without long numbers every twelfth byte or so is looked at; a run costs at most
//! 19 windows per group.

use std::ops::Range;

/// Fewest and most digits.
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// In which order lengths are tried, so that a card keeps its pseudonym whatever follows it.
const LENGTHS: [usize; 7] = [16, 15, 14, 19, 18, 17, 13];
/// Letters looked through beside a number.
const LETTERS_MAX: usize = 32;

/// The check of Luhn over the digits of a text; other bytes are passed over.
pub fn luhn(text: &[u8]) -> bool {
    let digits = text.iter().rev().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0'));
    let weigh = |(i, digit): (usize, u32)| match i % 2 {
        0 => digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    };
    digits.enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

/// Calls `found` for each card number, in order.
pub fn find(text: &[u8], groups: &mut Vec<Range<usize>>, mut found: impl FnMut(Range<usize>)) {
    let digit = |i: usize| text.get(i).is_some_and(u8::is_ascii_digit);
    let joint = |i: usize| matches!(text.get(i), Some(b' ' | b'-'));
    let mut i = 0;
    while i + 12 < text.len() {
        // A card that begins in i..i+12 covers both bytes, and of two neighbours one is a digit.
        let at = match (digit(i + 11), digit(i + 12)) {
            (true, _) => i + 11,
            (false, true) => i + 12,
            (false, false) => {
                i += 13;
                continue;
            }
        };
        let mut start = at;
        while start > i
            && (digit(start - 1) || start > i + 1 && joint(start - 1) && digit(start - 2))
        {
            start -= if digit(start - 1) { 1 } else { 2 };
        }
        groups.clear();
        let mut end = start;
        while digit(end) {
            let from = end;
            while digit(end) {
                end += 1;
            }
            groups.push(from..end);
            end += usize::from(joint(end) && digit(end + 1));
        }
        run(text, groups, &mut found);
        i = end;
    }
}

/// The cards of one run.
fn run(text: &[u8], groups: &mut [Range<usize>], found: &mut impl FnMut(Range<usize>)) {
    if groups.iter().map(Range::len).sum::<usize>() < *DIGITS.start() {
        return;
    }
    if let Some(first) = groups.first_mut() {
        first.start += escaped(text, first.start).min(first.len() - 1);
    }
    if regular(groups) && same_joint(text, groups) && whole(text, groups, found) {
        return;
    }
    let (mut at, mut rest) = (0, 0);
    while at < groups.len() {
        match window(text, groups, at) {
            Some(end) => {
                whole(text, &groups[rest..at], found);
                found(groups[at].start..groups[end].end);
                at = end + 1;
                rest = at;
            }
            None => at += 1,
        }
    }
    whole(text, &groups[rest..], found);
}

/// How many digits belong to an escape before a number: `%20`, `\u0020`.
fn escaped(text: &[u8], start: usize) -> usize {
    match text[..start] {
        [.., b'%'] => 2,
        [.., b'\\', b'u'] => 4,
        _ => 0,
    }
}

/// A card that is grouped as cards are, from group `at` on: its last group.
fn window(text: &[u8], groups: &[Range<usize>], at: usize) -> Option<usize> {
    let mut digits = 0;
    let mut ends = [None; 20];
    for (i, group) in groups[at..].iter().enumerate().take(6) {
        digits += group.len();
        if digits > *DIGITS.end() || i > 1 && !same_joint(text, &groups[at..=at + i]) {
            break;
        }
        if regular(&groups[at..=at + i]) {
            ends[digits] = Some(at + i);
        }
    }
    let fits = |end: &usize| card(text, &groups[at..=*end]);
    LENGTHS.iter().filter_map(|length| ends[*length]).find(fits)
}

/// A stretch that is a card as a whole; whether it is one.
fn whole(text: &[u8], groups: &[Range<usize>], found: &mut impl FnMut(Range<usize>)) -> bool {
    if let (Some(first), Some(last)) = (groups.first(), groups.last())
        && DIGITS.contains(&groups.iter().map(Range::len).sum())
        && card(text, groups)
    {
        found(first.start..last.end);
        return true;
    }
    false
}

fn same_joint(text: &[u8], groups: &[Range<usize>]) -> bool {
    groups[1..].windows(2).all(|pair| text[pair[0].start - 1] == text[pair[1].start - 1])
}

/// One group, equal groups of four or more, or as some issuers print them.
fn regular(groups: &[Range<usize>]) -> bool {
    let len = |i: usize| groups[i].len();
    let last = groups.len() - 1;
    let short = last == 0 || len(0) <= 8;
    let equal = len(0) >= 4 && short && (1..last).all(|i| len(i) == len(0)) && len(last) <= len(0);
    equal
        || matches!((groups.len(), len(0)), (3, 4)) && len(1) == 6 && matches!(len(2), 4 | 5)
        || matches!((groups.len(), len(0)), (2, 6)) && len(1) == 13
}

/// Whether groups are a card number: issuer, check digit, and nothing clings to them.
fn card(text: &[u8], groups: &[Range<usize>]) -> bool {
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return false };
    let span = first.start..last.end;
    issued(&text[span.clone()])
        && luhn(&text[span.clone()])
        && clear_before(text, span.start)
        && clear_after(text, span.end)
        && !in_uuid(text, &span)
}

/// Whether issuers use such numbers: 3 to 6 in front, and the ranges in use that begin with 2, so
/// that years and dates do not count.
fn issued(text: &[u8]) -> bool {
    let mut digits = text.iter().filter(|b| b.is_ascii_digit());
    match digits.next() {
        Some(b'3'..=b'6') => true,
        Some(b'2') => {
            let number = digits.take(3).fold(2, |n, b| n * 10 + u32::from(b - b'0'));
            matches!(number, 2131 | 2200..=2204 | 2221..=2720)
        }
        _ => false,
    }
}

/// Letters beside a number make it part of a hash, unless one of them is no hexadecimal digit.
fn hexadecimal<'a>(letters: impl Iterator<Item = &'a u8>) -> (bool, usize) {
    let mut letters = letters.take(LETTERS_MAX).take_while(|b| b.is_ascii_alphabetic()).peekable();
    let (mut hex, mut len) = (letters.peek().is_some(), 0);
    for letter in letters {
        hex &= letter.is_ascii_hexdigit();
        len += 1;
    }
    (hex, len)
}

fn clear_before(text: &[u8], start: usize) -> bool {
    let before = &text[..start];
    if escaped(text, start.saturating_sub(2)) == 2 || escaped(text, start.saturating_sub(4)) == 4 {
        return true;
    }
    match before {
        [.., b'0'..=b'9', b'.'] => false,
        [.., c] if c.is_ascii_digit() => false,
        [.., c] if c.is_ascii_alphabetic() => {
            let (hex, len) = hexadecimal(before.iter().rev());
            match before[..start - len] {
                // `\b` and its like.
                [.., b'\\'] if len == 1 => true,
                // `%2D`
                [.., b'%', b'0'..=b'9'] if len == 1 => true,
                [.., c] if c.is_ascii_digit() => false,
                _ => !hex,
            }
        }
        _ => true,
    }
}

fn clear_after(text: &[u8], end: usize) -> bool {
    let after = &text[end..];
    match after {
        [b'.', b'0'..=b'9', ..] => false,
        [c, ..] if c.is_ascii_digit() => false,
        [c, ..] if c.is_ascii_alphabetic() => {
            let (hex, len) = hexadecimal(after.iter());
            !hex && !after.get(len).is_some_and(u8::is_ascii_digit)
        }
        _ => true,
    }
}

/// Whether the digits are the end or the beginning of a UUID whose other groups have letters.
fn in_uuid(text: &[u8], span: &Range<usize>) -> bool {
    let uuid = |range: Range<usize>| {
        text.get(range).is_some_and(|token| {
            token.iter().enumerate().all(|(i, b)| match i {
                8 | 13 | 18 | 23 => *b == b'-',
                _ => b.is_ascii_hexdigit(),
            })
        })
    };
    span.end.checked_sub(36).is_some_and(|from| uuid(from..span.end))
        || uuid(span.start..span.start + 36)
}

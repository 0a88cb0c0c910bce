//! Quoted text as web servers and loggers write it, and what its escapes stand for.
//!
//! A quote that is not followed by a blank or the end belongs to the text: some servers do not
//! escape what a client sent. Escapes give a character only when it can be shown: a control
//! character, and bytes that are not UTF-8, stay written as `\xNN`. Cost: one search, and a copy
//! where there is an escape.

use super::draft::{Draft, Line};
use crate::time::at;
use seerflow_model::Span;

/// A quoted stretch of a line, without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Position after the closing quote.
    pub(super) next: usize,
    /// Whether it holds a backslash.
    pub(super) escaped: bool,
    /// Whether it has a closing quote.
    pub(super) closed: bool,
}

/// Reads what is quoted from the quote at `open` on.
pub(super) fn read(b: &[u8], open: usize) -> Quoted {
    until(b, open, |next| ends(at(b, next)))
}

/// The same for a request: its closing quote stands before a number, a dash or another quote, so
/// that a quote which a client sent unescaped does not end it.
pub(super) fn request(b: &[u8], open: usize) -> Quoted {
    until(b, open, |next| {
        let after = at(b, next + 1);
        next >= b.len()
            || at(b, next).is_ascii_whitespace()
                && (next + 1 >= b.len() || after.is_ascii_digit() || matches!(after, b'-' | b'"'))
    })
}

fn until(b: &[u8], open: usize, closes: impl Fn(usize) -> bool) -> Quoted {
    let start = open + 1;
    let (mut i, mut escaped) = (start, false);
    while let Some(found) = memchr::memchr2(b'"', b'\\', b.get(i..).unwrap_or_default()) {
        let place = i + found;
        if b[place] == b'\\' {
            (i, escaped) = (place + 2, true);
        } else if closes(place + 1) {
            return Quoted { start, end: place, next: place + 1, escaped, closed: true };
        } else {
            i = place + 1;
        }
    }
    let end = b.len().max(start);
    Quoted { start, end, next: end, escaped, closed: false }
}

/// Whether a closing quote may stand before this byte; 0 is the end.
fn ends(next: u8) -> bool {
    next == 0 || next.is_ascii_whitespace() || matches!(next, b',' | b';' | b')' | b']' | b'}')
}

/// A span of the text between two positions as it should read: unescaped into an addition where
/// there is something to unescape.
pub(super) fn plain(draft: &mut Draft, line: Line<'_>, quoted: Quoted) -> Span {
    if !quoted.escaped {
        return line.span(quoted.start, quoted.end);
    }
    let from = draft.tail_end();
    let text = line.text.get(quoted.start..quoted.end).unwrap_or_default();
    unescape(text, &mut draft.tail);
    draft.since(from)
}

/// Writes a text without its escapes: `\"`, `\\`, `\/`, `\'`, `\n`, `\r`, `\t`, `\xNN`, `\uNNNN`.
/// What is no escape stays as it is.
pub(super) fn unescape(text: &str, out: &mut String) {
    let b = text.as_bytes();
    let mut kept = 0;
    let mut i = 0;
    while let Some(found) = memchr::memchr(b'\\', &b[i..]) {
        let slash = i + found;
        let Some((c, next)) = escape(b, slash + 1) else {
            // The backslash and an ASCII byte after it stay; a longer character begins anew.
            i = (slash + 1 + usize::from(at(b, slash + 1).is_ascii())).min(b.len());
            continue;
        };
        out.push_str(&text[kept..slash]);
        out.push(c);
        (kept, i) = (next, next);
    }
    out.push_str(&text[kept..]);
}

/// What follows a backslash: the character it stands for and where it ends.
fn escape(b: &[u8], i: usize) -> Option<(char, usize)> {
    let c = match at(b, i) {
        c @ (b'"' | b'\\' | b'/' | b'\'') => char::from(c),
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'x' => return bytes(b, i),
        b'u' => {
            let c = char::from_u32(hex(b, i + 1, 4)?)?;
            return (!c.is_control()).then_some((c, i + 5));
        }
        _ => return None,
    };
    Some((c, i + 1))
}

/// `xNN` for a printable byte, or as many `\xNN` as make one character of UTF-8.
fn bytes(b: &[u8], i: usize) -> Option<(char, usize)> {
    let mut raw = [0u8; 4];
    raw[0] = u8::try_from(hex(b, i + 1, 2)?).ok()?;
    let length = match raw[0] {
        b' '..=b'~' => return Some((char::from(raw[0]), i + 3)),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut next = i + 3;
    for byte in &mut raw[1..length] {
        if at(b, next) != b'\\' || at(b, next + 1) != b'x' {
            return None;
        }
        *byte = u8::try_from(hex(b, next + 2, 2)?).ok()?;
        next += 4;
    }
    let c = std::str::from_utf8(&raw[..length]).ok()?.chars().next()?;
    (!c.is_control()).then_some((c, next))
}

fn hex(b: &[u8], i: usize, digits: usize) -> Option<u32> {
    (0..digits).try_fold(0, |value, k| {
        char::from(at(b, i + k)).to_digit(16).map(|digit| value << 4 | digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_end_where_a_blank_follows() {
        for (text, inside, closed) in [
            (r#""GET / HTTP/1.1" 200"#, "GET / HTTP/1.1", true),
            (r#""a \" b" c"#, r#"a \" b"#, true),
            (r#""a"b" c"#, r#"a"b"#, true),
            (r#""open"#, "open", false),
            (r#"""#, "", false),
            (r#""" x"#, "", true),
            (r#""end\"#, r"end\", false),
            ("\"\u{e4}\\\u{e4}\" x", "\u{e4}\\\u{e4}", true),
        ] {
            let quoted = read(text.as_bytes(), 0);
            assert_eq!(
                (&text[quoted.start..quoted.end], quoted.closed),
                (inside, closed),
                "{text}"
            );
        }
    }

    #[test]
    fn escapes_that_can_be_shown_are_read() {
        for (text, expected) in [
            (r#"a\"b\\c"#, r#"a"b\c"#),
            (r"\x41\x20\x7e", "A ~"),
            (r"\xc3\xa4\xe2\x82\xac", "\u{e4}\u{20ac}"),
            (r"\x16\x03\x01", r"\x16\x03\x01"),
            (r"\xc3\x28 \xff \xe2\x82", r"\xc3( \xff \xe2\x82"),
            (r"\u00e4\u0007\ud83d", "\u{e4}\\u0007\\ud83d"),
            (r"\q\", r"\q\"),
            ("\\\u{e4}\\", "\\\u{e4}\\"),
            (r"tab\tend", "tab\tend"),
        ] {
            let mut out = String::new();
            unescape(text, &mut out);
            assert_eq!(out, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "([ -~\u{e4}\u{1f600}]|\\\\|\\\\x[0-9a-f]{0,2}|\"){0,40}") {
            let quoted = read(text.as_bytes(), 0);
            prop_assert!(quoted.next <= text.len().max(1));
            let mut out = String::new();
            unescape(&text, &mut out);
            prop_assert!(out.len() <= text.len());
        }
    }
}

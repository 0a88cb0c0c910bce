//! Secrets by the name before them: `password=x`, `"token": "x"`, `X-Api-Key: x`, `--secret x`,
//! `?api_key=x&`, `user[password]=x`, `<password>x</password>`, `Authorization: Bearer x`.
//!
//! A name may have anything before it (`db_password`, `accessToken`), nothing behind it
//! (`token_type` is none). Values may be quoted, also inside JSON inside JSON, where the quotes have
//! backslashes. What says that there is no value or hides it already (`null`, `YES`, `***`) stays.
//! Cost: a pass over the value; every search ahead is bounded or consumed.

use memchr::memchr3;
use std::ops::Range;

/// Blanks between name, sign and value.
const BLANKS_MAX: usize = 8;
/// Backslashes before a quote.
const SLASHES_MAX: usize = 16;
/// How far a name after a comma is read.
const NAME_MAX: usize = 64;

/// Values that hide nothing.
const PLAIN: [&[u8]; 17] = [
    b"true",
    b"false",
    b"null",
    b"nil",
    b"none",
    b"yes",
    b"no",
    b"on",
    b"off",
    b"undefined",
    b"(null)",
    b"(none)",
    b"redacted",
    b"[redacted]",
    b"[filtered]",
    b"password",
    b"token",
];
/// Schemes that are followed by one word.
const SCHEMES: [&[u8]; 7] =
    [b"bearer", b"basic", b"token", b"negotiate", b"ntlm", b"apikey", b"splunk"];

/// How name and value are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    Equals,
    Colon,
    /// `%3D`: the value ends where a percent sign begins another delimiter.
    Encoded,
    Blank,
}

/// A text that is searched.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// Its bytes.
    pub text: &'a [u8],
    /// Whether it begins like a JSON object: then `\n` in it is an escape.
    pub json: bool,
}

impl<'a> Line<'a> {
    /// Looks at its beginning.
    pub fn new(text: &'a [u8]) -> Line<'a> {
        Line { text, json: text.trim_ascii_start().first() == Some(&b'{') }
    }

    fn at(&self, i: usize) -> u8 {
        self.text.get(i).copied().unwrap_or(0)
    }

    fn blanks(&self, i: usize) -> usize {
        let rest = self.text.get(i..).unwrap_or_default();
        i + rest.iter().take(BLANKS_MAX).take_while(|b| matches!(b, b' ' | b'\t')).count()
    }

    /// The value of the field whose name is `name`; `exact`: nothing may stand before the name.
    pub fn field(&self, name: Range<usize>, exact: bool) -> Option<Range<usize>> {
        let (joint, value) = self.joint(&name, exact)?;
        let range = self.value(value, joint)?;
        let found = &self.text[range.clone()];
        let directory = self.text[name.clone()] == *b"PWD" && matches!(found[0], b'/' | b'~');
        // `pam_unix(passwd:chauthtok)`
        let call = joint == Joint::Colon
            && name.start > 0
            && self.at(name.start - 1) == b'('
            && self.at(range.end) == b')';
        (!plain(found) && !directory && !call).then_some(range)
    }

    /// The credentials behind the name `authorization`; the scheme stays.
    pub fn authorization(&self, name: Range<usize>) -> Option<Range<usize>> {
        let (joint, start) = self.joint(&name, false)?;
        let all = self.value(start, joint)?;
        let quoted = all.start > start;
        let word = |from: usize| {
            let rest = &self.text[from..];
            rest.iter().position(|b| b.is_ascii_whitespace()).map_or(rest.len(), |len| len)
        };
        let first = all.start..(all.start + word(all.start)).min(all.end);
        let scheme = &self.text[first.clone()];
        let behind = self.blanks(first.end);
        let last = if quoted { behind >= all.end } else { behind == first.end };
        if last || !scheme.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-') {
            return (!plain(&self.text[all.clone()])).then_some(all);
        }
        let known = SCHEMES.iter().any(|s| scheme.eq_ignore_ascii_case(s));
        if quoted {
            return Some(if known { behind..all.end } else { all });
        }
        let next = self.run(behind, joint);
        let parts = [&b"digest"[..], b"aws4-hmac-sha256", b"hmac", b"signature"];
        if parts.iter().any(|s| scheme.eq_ignore_ascii_case(s)) {
            let rest = &self.text[behind..];
            let end = memchr3(b'"', b'\'', b'\n', rest).filter(|_| self.json);
            return Some(behind..behind + end.unwrap_or(rest.len()));
        }
        match known {
            true => Some(next).filter(|next| !next.is_empty()),
            false if next.len() >= 8 => Some(all.start..next.end),
            false => (!plain(scheme)).then_some(first),
        }
    }

    /// What joins a name to its value, and where the value begins.
    fn joint(&self, name: &Range<usize>, exact: bool) -> Option<(Joint, usize)> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let next = self.at(name.end);
        if word(next) || next == b'-' && word(self.at(name.end + 1)) {
            return None;
        }
        let before = &self.text[..name.start];
        let inside = !starts(self.text, name.start) || before.last() == Some(&b'_');
        if exact && inside {
            return None;
        }
        let part = |b: &&u8| word(**b) || matches!(b, b'-' | b'.');
        let start = name.start - before.iter().rev().take(NAME_MAX).take_while(part).count();
        let mut i = self.closed(name.end);
        if i == name.end && self.at(i) == b'>' && start > 0 && self.at(start - 1) == b'<' {
            return Some((Joint::Equals, i + 1));
        }
        let quoted = i > name.end;
        let spaced = self.blanks(i);
        i = spaced;
        let joint = match (self.at(i), self.at(i + 1), self.at(i + 2)) {
            (b'=', b'>' | b'=', _) | (b':', b'=', _) => (Joint::Equals, i + 2),
            (b'=', ..) => (Joint::Equals, i + 1),
            (b'%', b'3', b'D' | b'd') => (Joint::Encoded, i + 3),
            (b':', b':', _) => return None,
            (b':', ..) => (Joint::Colon, i + 1),
            _ if spaced == name.end => return None,
            _ if self.text[start..].starts_with(b"--") => return Some((Joint::Blank, spaced)),
            (b'\'', ..) if self.text[name.clone()].eq_ignore_ascii_case(b"password") => {
                return Some((Joint::Blank, spaced));
            }
            _ => return None,
        };
        // `/etc/passwd: No such file`
        if joint.0 == Joint::Colon && !quoted && start > 0 && self.at(start - 1) == b'/' {
            return None;
        }
        Some((joint.0, self.blanks(joint.1)))
    }

    /// Past the quote or bracket that closes a name.
    fn closed(&self, end: usize) -> usize {
        let mut i = end;
        while self.at(i) == b'\\' && i - end < SLASHES_MAX {
            i += 1;
        }
        match self.at(i) {
            b'"' | b'\'' => i + 1,
            b']' if i == end => i + 1,
            b'%' if i == end && matches!(self.text.get(i..i + 3), Some(b"%5D" | b"%5d")) => i + 3,
            _ => end,
        }
    }

    fn value(&self, start: usize, joint: Joint) -> Option<Range<usize>> {
        let mut i = start;
        while self.at(i) == b'\\' && i - start < SLASHES_MAX {
            i += 1;
        }
        let range = match self.at(i) {
            quote @ (b'"' | b'\'' | b'`') => i + 1..self.quoted(i + 1, quote, i - start),
            b'[' if i == start => {
                let inner = i + 1..i + 1 + memchr::memchr(b']', &self.text[i + 1..])?;
                let quoted = self.at(inner.start);
                match quoted {
                    b'"' | b'\'' => inner.start + 1..self.quoted(inner.start + 1, quoted, 0),
                    _ => inner,
                }
            }
            b'{' if matches!(self.at(i + 1), b'"' | b'}' | b'\'' | b'\\' | b' ' | b'%') => {
                return None;
            }
            _ => self.run(start, joint),
        };
        (!range.is_empty()).then_some(range)
    }

    /// Where a quoted value ends whose quote has `slashes` backslashes; at the end of the text when
    /// nothing closes it.
    fn quoted(&self, start: usize, quote: u8, slashes: usize) -> usize {
        for at in memchr::memchr_iter(quote, &self.text[start..]).map(|at| start + at) {
            let before = &self.text[start..at];
            let n = before.iter().rev().take(64).take_while(|b| **b == b'\\').count();
            let closes = if slashes == 0 { n % 2 == 0 } else { n <= slashes };
            if closes {
                return at - if slashes == 0 { 0 } else { n };
            }
        }
        self.text.len()
    }

    /// A value without quotes.
    fn run(&self, start: usize, joint: Joint) -> Range<usize> {
        let mut i = start;
        while i < self.text.len() && !self.ends(i, joint) {
            i += 1;
        }
        while i > start && matches!(self.text[i - 1], b'.' | b',' | b';' | b':') {
            i -= 1;
        }
        start..i
    }

    /// Whether a value without quotes ends at `i`.
    fn ends(&self, i: usize, joint: Joint) -> bool {
        let next = self.at(i + 1);
        let last = i + 1 >= self.text.len() || next.is_ascii_whitespace();
        match self.text[i] {
            0..=b' ' | 0x7f | b'"' => true,
            b'\'' | b'`' => !next.is_ascii_alphanumeric(),
            b'&' => last || self.named(i + 1),
            b',' | b';' => last || matches!(next, b'"' | b'\'') || self.named(i + 1),
            b')' | b']' | b'}' | b'>' => {
                last || matches!(next, b',' | b';' | b'.' | b':' | b')' | b']' | b'}' | b'>')
                    || matches!(next, b'"' | b'\'' | b'&' | b'\\' | b'<')
            }
            b'<' => next == b'/',
            b'\\' => {
                let rest = &self.text[i + 1..];
                matches!(next, b'"' | b'\'')
                    || rest.starts_with(b"u0026")
                    || rest.starts_with(b"\\\"")
                    || self.json && matches!(next, b'n' | b'r' | b't' | b'u')
            }
            b'%' if joint == Joint::Encoded => {
                matches!(self.text.get(i..i + 3), Some(b"%26" | b"%20" | b"%22" | b"%3B" | b"%3b"))
            }
            _ => false,
        }
    }

    /// Whether a name and a sign stand at `i`.
    fn named(&self, i: usize) -> bool {
        let inner =
            |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']');
        let rest = self.text.get(i..).unwrap_or_default();
        let len = rest.iter().take(NAME_MAX).take_while(inner).count();
        len > 0 && matches!(self.at(i + len), b'=' | b':' | b';')
    }
}

/// Whether a value hides nothing.
pub fn plain(value: &[u8]) -> bool {
    PLAIN.iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.iter().all(|b| matches!(b, b'*' | b'.' | b'-' | b'?'))
        || value.len() >= 3 && value.iter().all(|b| matches!(b, b'x' | b'X'))
}

/// Whether a word can begin at `at`: what is before it is no part of a word, or an escape.
pub fn starts(text: &[u8], at: usize) -> bool {
    match text[..at] {
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => true,
        [.., b'%', a, b] | [.., b'u', b'0', b'0', a, b] => {
            a.is_ascii_hexdigit() && b.is_ascii_hexdigit() || !b.is_ascii_alphanumeric()
        }
        [.., c] => !c.is_ascii_alphanumeric(),
        [] => true,
    }
}

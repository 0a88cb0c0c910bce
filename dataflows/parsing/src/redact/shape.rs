//! Secrets by their own shape: `Bearer x`, `Basic x`, JSON web tokens, keys of services with a
//! prefix of their own, passwords in URLs.
//!
//! Each is told by a prefix that the one search of the line finds, then checked byte by byte.

use super::field::starts;
use std::ops::Range;

/// Bytes of `user:password` in a URL.
const USER_INFO_MAX: usize = 2048;

/// What may stand in a key.
#[derive(Clone, Copy, Debug)]
enum Alphabet {
    /// Capitals and digits.
    Capitals,
    /// Letters and digits.
    Plain,
    /// And `_`, `-`, `.`.
    Names,
    /// And `/`, `+`, `=`.
    Base64,
}

impl Alphabet {
    fn has(self, b: u8) -> bool {
        match self {
            Alphabet::Capitals => b.is_ascii_uppercase() || b.is_ascii_digit(),
            Alphabet::Plain => b.is_ascii_alphanumeric(),
            Alphabet::Names => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'),
            Alphabet::Base64 => b.is_ascii_alphanumeric() || matches!(b, b'/' | b'+' | b'='),
        }
    }
}

/// A key with a prefix of its own: prefix, alphabet, and how many characters follow at least and at
/// most.
#[derive(Clone, Copy, Debug)]
pub struct Shape(pub &'static str, Alphabet, usize, usize);

const MANY: usize = usize::MAX;

/// AWS, GitHub, GitLab, Slack, Stripe, Google, npm.
pub const SHAPES: [Shape; 31] = [
    Shape("AKIA", Alphabet::Capitals, 16, 16),
    Shape("ASIA", Alphabet::Capitals, 16, 16),
    Shape("ghp_", Alphabet::Plain, 20, MANY),
    Shape("gho_", Alphabet::Plain, 20, MANY),
    Shape("ghu_", Alphabet::Plain, 20, MANY),
    Shape("ghs_", Alphabet::Plain, 20, MANY),
    Shape("ghr_", Alphabet::Plain, 20, MANY),
    Shape("github_pat_", Alphabet::Names, 22, MANY),
    Shape("glpat-", Alphabet::Names, 16, MANY),
    Shape("gldt-", Alphabet::Names, 16, MANY),
    Shape("glrt-", Alphabet::Names, 16, MANY),
    Shape("glcbt-", Alphabet::Names, 16, MANY),
    Shape("glptt-", Alphabet::Names, 16, MANY),
    Shape("glft-", Alphabet::Names, 16, MANY),
    Shape("glsoat-", Alphabet::Names, 16, MANY),
    Shape("glagent-", Alphabet::Names, 16, MANY),
    Shape("xoxa-", Alphabet::Names, 10, MANY),
    Shape("xoxb-", Alphabet::Names, 10, MANY),
    Shape("xoxe-", Alphabet::Names, 10, MANY),
    Shape("xoxp-", Alphabet::Names, 10, MANY),
    Shape("xoxr-", Alphabet::Names, 10, MANY),
    Shape("xoxs-", Alphabet::Names, 10, MANY),
    Shape("xapp-", Alphabet::Names, 10, MANY),
    Shape("hooks.slack.com/services/", Alphabet::Base64, 20, MANY),
    Shape("sk_live_", Alphabet::Plain, 10, MANY),
    Shape("sk_test_", Alphabet::Plain, 10, MANY),
    Shape("rk_live_", Alphabet::Plain, 10, MANY),
    Shape("rk_test_", Alphabet::Plain, 10, MANY),
    Shape("whsec_", Alphabet::Base64, 10, MANY),
    Shape("AIza", Alphabet::Names, 35, 35),
    Shape("npm_", Alphabet::Plain, 36, MANY),
];

impl Shape {
    /// The key whose prefix stands at `at`.
    pub fn read(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let Shape(prefix, alphabet, least, most) = *self;
        if !text[at..].starts_with(prefix.as_bytes()) || !starts(text, at) {
            return None;
        }
        let rest = &text[at + prefix.len()..];
        let mut len = rest.iter().take_while(|b| alphabet.has(**b)).count();
        while len > 0 && matches!(rest[len - 1], b'.' | b'-') {
            len -= 1;
        }
        let ends = !rest.get(len).is_some_and(u8::is_ascii_alphanumeric);
        (len >= least && len <= most && ends).then_some(at..at + prefix.len() + len)
    }
}

/// The token behind `Bearer `, which ends at `at`.
pub fn bearer(text: &[u8], at: usize) -> Option<Range<usize>> {
    let inner = |b: u8| Alphabet::Names.has(b) || matches!(b, b'+' | b'/' | b'~');
    let mut range = word(text, at, inner);
    range.end += text[range.end..].iter().take_while(|b| **b == b'=').count();
    let token = &text[range.clone()];
    // `bearer name=value`
    if text.get(range.end).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    // A word of prose has neither digits nor signs nor capitals inside.
    let sign = |b: &u8| !b.is_ascii_alphabetic() || b.is_ascii_uppercase();
    let odd = token.iter().skip(1).any(sign);
    (token.len() >= 6 && (odd || token.len() >= 20)).then_some(range)
}

/// The credentials behind `Basic `, which ends at `at`: base64 of `user:password`.
pub fn basic(text: &[u8], at: usize) -> Option<Range<usize>> {
    let range = word(text, at, |b| Alphabet::Base64.has(b) || matches!(b, b'-' | b'_'));
    let (mut bits, mut n, mut colon) = (0u32, 0, false);
    for b in text[range.clone()].iter().take_while(|b| **b != b'=') {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            _ => 63,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        n += 6;
        if n >= 8 {
            n -= 8;
            let byte = (bits >> n) as u8;
            if byte < b' ' || byte == 0x7f {
                return None;
            }
            colon |= byte == b':';
        }
    }
    (colon && range.len() >= 4).then_some(range)
}

/// Blanks, then a word of these bytes, without a full stop at its end.
fn word(text: &[u8], at: usize, inner: impl Fn(u8) -> bool) -> Range<usize> {
    let blanks = text[at..].iter().take(4).take_while(|b| **b == b' ').count();
    let start = at + blanks;
    let mut end = start + text[start..].iter().take_while(|b| inner(**b)).count();
    while end > start && text[end - 1] == b'.' {
        end -= 1;
    }
    start..end
}

/// A JSON web token (signed: three parts; encrypted: five) that begins at `at`.
pub fn web_token(text: &[u8], at: usize) -> Option<Range<usize>> {
    if !text[at..].starts_with(b"eyJ") || !starts(text, at) {
        return None;
    }
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'=');
    let (mut end, mut dots, mut second) = (at, 0, 0);
    loop {
        let len = text[end..].iter().take_while(|b| part(b)).count();
        end += len;
        if dots == 1 {
            second = len;
        }
        if dots == 4 || text.get(end) != Some(&b'.') {
            break;
        }
        end += 1;
        dots += 1;
    }
    if dots == 3 && text[end - 1] == b'.' {
        end -= 1;
    }
    (dots >= 2 && (second >= 4 || dots == 4)).then_some(at..end)
}

/// The password in `scheme://user:password@host`; the `://` ends at `at`.
pub fn user_info(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..text.len().min(at + USER_INFO_MAX)];
    let outside =
        |b: &u8| matches!(b, 0..=b' ' | b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b',');
    let end = rest.iter().position(outside).unwrap_or(rest.len());
    let sign = rest[..end].iter().rposition(|b| *b == b'@')?;
    let colon = rest[..sign].iter().position(|b| *b == b':')?;
    (colon + 1 < sign).then_some(at + colon + 1..at + sign)
}

//! The `key=value` pairs of an audit record, and what their values are before decoding.
//!
//! The kernel quotes a string that it trusts and writes any other as hexadecimal digits, so
//! nothing inside a quote can end it. What a program of user space says stands in `msg='…'`; what
//! auditd adds by looking names up follows the byte 0x1d. Cost: one pass over the record.

use memchr::memchr;

/// Longest key.
const KEY_MAX: usize = 40;
/// Most pairs of one record.
const PAIRS_MAX: usize = 512;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Bare,
    /// Between double quotes.
    Quoted,
    /// Pairs between single quotes or braces.
    Nested,
}

/// A pair: ranges of key and value in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: (usize, usize),
    pub(super) value: (usize, usize),
    pub(super) form: Form,
}

/// Calls `f` with each pair of `text[from..to]`. Words without `=` are passed over.
pub(super) fn each(text: &str, from: usize, to: usize, mut f: impl FnMut(Pair)) {
    let b = &text.as_bytes()[..to.min(text.len())];
    let mut i = from;
    for _ in 0..PAIRS_MAX {
        while i < b.len() && apart(b[i]) {
            i += 1;
        }
        let start = i;
        while i < b.len() && !apart(b[i]) && b[i] != b'=' {
            i += 1;
        }
        if i >= b.len() {
            return;
        }
        if b[i] != b'=' {
            continue;
        }
        let (value, form, after) = value(b, i + 1);
        if i > start && i - start <= KEY_MAX {
            f(Pair { key: (start, i), value, form });
        }
        i = after;
    }
}

/// What sets pairs apart; a comma does in the messages of some programs.
fn apart(byte: u8) -> bool {
    byte <= b' ' || byte == b','
}

fn value(b: &[u8], i: usize) -> ((usize, usize), Form, usize) {
    let close = |quote| memchr(quote, b.get(i + 1..).unwrap_or_default()).map(|n| i + 1 + n);
    let found = match b.get(i) {
        Some(b'"') => close(b'"').map(|end| (end, Form::Quoted)),
        Some(b'\'') => single(b, i + 1).map(|end| (end, Form::Nested)),
        Some(b'{') => close(b'}').map(|end| (end, Form::Nested)),
        _ => None,
    };
    if let Some((end, form)) = found {
        return ((i + 1, end), form, end + 1);
    }
    let rest = b.get(i..).unwrap_or_default();
    let end = i + rest.iter().position(|c| *c <= b' ').unwrap_or(rest.len());
    // A comma that ends a value is none of it.
    let kept = end - usize::from(end > i && b[end - 1] == b',');
    ((i, kept), Form::Bare, end)
}

/// The single quote that ends what begins at `i`: the first one after which the record ends or
/// what auditd added begins. Where there is none, the last one.
fn single(b: &[u8], i: usize) -> Option<usize> {
    let rest = b.get(i..)?;
    let ends = |at: &usize| rest.get(at + 1).is_none_or(|c| matches!(c, 0x1d | b'\n' | b'\r'));
    memchr::memchr_iter(b'\'', rest)
        .find(ends)
        .or_else(|| memchr::memrchr(b'\'', rest))
        .map(|n| i + n)
}

/// The bytes that upper-case hexadecimal digits stand for; `None` when they are none.
pub(super) fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'A'..=b'F' => Some(b - b'A' + 10),
        _ => None,
    };
    let b = digits.as_bytes();
    if b.is_empty() || b.len() % 2 == 1 {
        return None;
    }
    b.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// Address and port of a socket address as hexadecimal digits: family in the machine's order (all
/// machines that run auditd are little-endian), then port and address in the network's.
pub(super) fn socket(digits: &str) -> Option<(std::net::IpAddr, u16)> {
    let bytes = bytes_of(digits)?;
    let port = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
    match bytes.get(..2)? {
        [2, 0] => {
            let octets: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Some((octets.into(), port))
        }
        [10, 0] => {
            let octets: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Some((octets.into(), port))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs() {
        let shown = |text: &str| {
            let mut out = String::new();
            each(text, 0, text.len(), |p| {
                let (key, value) = (&text[p.key.0..p.key.1], &text[p.value.0..p.value.1]);
                out.push_str(&format!("{key}:{value}:{:?} ", p.form));
            });
            out
        };
        for (text, expected) in [
            ("a=1 b=\"x y\" c=", "a:1:Bare b:x y:Quoted c::Bare "),
            ("avc:  denied  { read } for  pid=7", "pid:7:Bare "),
            ("msg='op=x it's res=1'\u{1d}UID=\"r\"", "msg:op=x it's res=1:Nested UID:r:Quoted "),
            ("msg='op=x' tail", "msg:op=x:Nested "),
            (
                "SADDR={ fam=inet laddr=1.2.3.4 } x=1",
                "SADDR: fam=inet laddr=1.2.3.4 :Nested x:1:Bare ",
            ),
            ("a=\"open b=2", "a:\"open:Bare b:2:Bare "),
            ("=x a==b", "a:=b:Bare "),
            ("a='", "a:':Bare "),
            ("a=1, b=2", "a:1:Bare b:2:Bare "),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn digits() {
        assert_eq!(bytes_of("6964"), Some(b"id".to_vec()));
        for text in ["", "6", "6g", "6f", "(null)", "\u{e9}"] {
            assert_eq!(bytes_of(text), None, "{text}");
        }
        for (text, expected) in [
            ("020001BBC00002010000000000000000", Some("192.0.2.1 443")),
            ("0A00005000000000200104880000000000000000000000010000", Some("2001:488::1 80")),
            ("01002F72756E", None),
            ("0200", None),
            ("0A000050", None),
        ] {
            let shown = socket(text).map(|(ip, port)| format!("{ip} {port}"));
            assert_eq!(shown.as_deref(), expected, "{text}");
        }
    }
}

//! `key=value` pairs inside a message: one search for `=`, at most [`PAIRS_MAX`] pairs.

use memchr::{memchr, memchr_iter};

/// Most pairs looked at in one message.
const PAIRS_MAX: usize = 64;
/// Longest key.
const KEY_MAX: usize = 40;
/// Longest value.
const VALUE_MAX: usize = 512;

/// Calls `f` with each key and the range of its value, in the order of the text. A value is
/// quoted, or ends at white space or one of `,;)]}|&`. Pairs in the query of a URL are left out: a
/// client wrote them.
pub(super) fn each(text: &str, start: usize, mut f: impl FnMut(&str, usize, usize)) {
    let bytes = text.as_bytes();
    // What a quoted value holds is no pair of its own.
    let mut free = start;
    for at in memchr_iter(b'=', &bytes[start..]).map(|at| start + at).take(PAIRS_MAX) {
        if at < free {
            continue;
        }
        let key = key_start(bytes, free, at);
        let before = key.checked_sub(1).map_or(b' ', |i| bytes[i]);
        let compared = matches!(bytes.get(at + 1), Some(b'=' | b'~' | b'>'));
        if key == at || compared || matches!(before, b'?' | b'&' | b'%' | b'$') {
            continue;
        }
        let (from, to) = value(bytes, at + 1);
        free = to;
        f(&text[key..at], from, to);
    }
}

fn key_start(bytes: &[u8], floor: usize, at: usize) -> usize {
    let mut key = at;
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    while key > floor && at - key < KEY_MAX && inner(bytes[key - 1]) {
        key -= 1;
    }
    key
}

fn value(bytes: &[u8], from: usize) -> (usize, usize) {
    let limit = bytes.len().min(from + VALUE_MAX);
    if let Some(quote @ (b'"' | b'\'')) = bytes.get(from)
        && let Some(len) = memchr(*quote, &bytes[from + 1..limit.max(from + 1)])
    {
        return (from + 1, from + 1 + len);
    }
    let ends = |b: &u8| {
        b.is_ascii_whitespace() || matches!(b, b',' | b';' | b')' | b']' | b'}' | b'|' | b'&')
    };
    let len = bytes[from..limit].iter().position(ends);
    match len {
        Some(len) => (from, from + len),
        // Cut inside the value: better nothing than a part.
        None if limit < bytes.len() => (from, from),
        None => (from, limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found() {
        let shown = |text: &str| {
            let mut out = String::new();
            each(text, 0, |key, from, to| out.push_str(&format!("{key}:{} ", &text[from..to])));
            out
        };
        for (text, expected) in [
            ("logname= uid=0 rhost=1.2.3.4  user=root", "logname: uid:0 rhost:1.2.3.4 user:root "),
            ("a=\"x y=z\" b='q', c=d;e=f", "a:x y=z b:q c:d e:f "),
            ("GET /x?user=bob&b=c", ""),
            ("if (user == null) a=>b =c", ""),
            ("audit(k=v)", "k:v "),
            ("from=<a@b.c>, to=<d@e.f>", "from:<a@b.c> to:<d@e.f> "),
            ("a=\"open", "a:\"open "),
            ("=", ""),
            ("a=", "a: "),
            ("ü=ö", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}

//! E-mail addresses, also where `@` is written `%40` (URLs) or `\u0040` (JSON).
//!
//! The domain has two labels or more and ends in letters, so `root@web-1`, `lodash@4.17.21` and
//! `Object@1f0b3a7c` are none; names of systemd units and of images for dense screens are none
//! either. A local part may hold letters of any script; of an endless one the last
//! [`LOCAL_MAX`] bytes count. Cost: one search for three bytes, and what stands around a hit.

use memchr::memchr3_iter;
use std::ops::Range;

/// Bytes of a local part.
const LOCAL_MAX: usize = 256;
/// Bytes of a domain.
const DOMAIN_MAX: usize = 255;

/// Last labels of systemd's names for `unit@instance.kind`.
const UNITS: [&[u8]; 11] = [
    b"service",
    b"scope",
    b"slice",
    b"socket",
    b"timer",
    b"mount",
    b"automount",
    b"target",
    b"path",
    b"device",
    b"swap",
];
/// Endings of `logo@2x.png`.
const IMAGES: [&[u8]; 8] = [b"png", b"jpg", b"jpeg", b"gif", b"webp", b"svg", b"avif", b"ico"];

/// Calls `found` for each address, in order.
pub fn find(text: &[u8], mut found: impl FnMut(Range<usize>)) {
    let mut done = 0;
    for at in memchr3_iter(b'@', b'%', b'\\', text) {
        if at < done {
            continue;
        }
        let after = match text[at..] {
            [b'@', ..] => at + 1,
            [b'%', b'4', b'0', ..] => at + 3,
            [b'\\', b'u', b'0', b'0', b'4', b'0', ..] => at + 6,
            _ => continue,
        };
        let start = local(text, done, at);
        if start == at {
            continue;
        }
        if let Some(end) = domain(text, after) {
            found(start..end);
            done = end;
        }
    }
}

fn is_local(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'%') || b >= 0x80
}

/// Where the local part before `at` begins; `at` when there is none.
fn local(text: &[u8], from: usize, at: usize) -> usize {
    let from = from.max(at.saturating_sub(LOCAL_MAX));
    let encoded = |i: usize| -> Option<u8> {
        let digits = std::str::from_utf8(text.get(i + 1..i + 3)?).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    let mut start = at;
    while start > from {
        let before = text[start - 1];
        // `%3D` and its like belong to what is around the address.
        if before == b'%' && encoded(start - 1).is_some_and(|b| !is_local(b) || b == b'%') {
            start = at.min(start + 2);
            break;
        }
        let apostrophe = before == b'\''
            && start < at
            && start - 1 > from
            && text[start].is_ascii_alphabetic()
            && text[start - 2].is_ascii_alphabetic();
        if !is_local(before) && !apostrophe {
            break;
        }
        start -= 1;
    }
    // So do `\n` and `\u003c`.
    if start > 0 && start < at && text[start - 1] == b'\\' {
        start += if text[start] == b'u' { 5 } else { 1 };
    }
    start = start.min(at);
    // Nor does it begin inside a character.
    while start < at && (matches!(text[start], b'.' | b'-' | b'%') || text[start] & 0xc0 == 0x80) {
        start += 1;
    }
    start
}

/// Where the domain that begins at `at` ends.
fn domain(text: &[u8], at: usize) -> Option<usize> {
    let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.') || *b >= 0x80;
    let len = text[at..].iter().take(DOMAIN_MAX).take_while(|b| inner(b)).count();
    let mut name = &text[at..at + len];
    // A full stop ends a sentence, what is no label ends the name.
    while let [rest @ .., b'.' | b'-'] = name {
        name = rest;
    }
    if let Some(double) = name.windows(2).position(|pair| pair == b"..") {
        name = &name[..double];
    }
    let mut labels = name.rsplit(|b| *b == b'.');
    let last = labels.next()?;
    let first = name.split(|b| *b == b'.').next()?;
    let fits = labels.next().is_some()
        && !first.is_empty()
        && last.len() >= 2
        && (last.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80)
            || last.starts_with(b"xn--"));
    let among = |list: &[&[u8]]| list.iter().any(|label| last.eq_ignore_ascii_case(label));
    let dense = first.len() == 2 && first[0].is_ascii_digit() && first[1] == b'x' && among(&IMAGES);
    (fits && !dense && !among(&UNITS)).then_some(at + name.len())
}

/// The address as it is compared: lower case, `@` as itself.
pub fn normalise(address: &[u8], out: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(address).to_lowercase();
    let text = text.replace("%40", "@").replace("\\u0040", "@").replace("%2b", "+");
    out.extend_from_slice(text.as_bytes());
}

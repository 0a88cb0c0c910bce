//! Canonical URLs.
//!
//! Scheme and host in lower case (the host as A-label), the scheme's own port, user and password,
//! path parameters, query and fragment left out: these hold sessions, tokens and passwords, and
//! would make every request an entity of its own. `..` stays: it is what an attack looks like. A
//! URL whose password may have spilled over its place is no entity.

use super::name::host;
use super::text::nfc;
use std::borrow::Cow;
use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};

/// Schemes and the port that goes without saying.
const PORTS: [(&str, u32); 7] = [
    ("http", 80),
    ("https", 443),
    ("ws", 80),
    ("wss", 443),
    ("ftp", 21),
    ("ssh", 22),
    ("ldap", 389),
];

/// A URL with an authority, or the path of a request.
pub(super) fn url(value: &str) -> Option<Cow<'_, str>> {
    if value.starts_with('/') {
        return Some(path(value));
    }
    let (scheme, rest) = value.split_once("://")?;
    let first = scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-' | b':');
    if !first || !scheme.bytes().all(inner) {
        return None;
    }
    let (authority, rest) = rest.split_at(rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len()));
    let place = authority.rsplit_once('@').map_or(authority, |(_secret, place)| place);
    if spilled(place, rest) {
        return None;
    }
    let mut out = scheme.to_ascii_lowercase();
    out.push_str("://");
    put_place(&mut out, place)?;
    match path(rest) {
        path if path.is_empty() => out.push('/'),
        path => out.push_str(&path),
    }
    Some(Cow::Owned(out))
}

/// Whether a password may reach into the path: `u:1/2@h` is host `u` only by the letter.
fn spilled(place: &str, rest: &str) -> bool {
    let segment = match rest.strip_prefix('/') {
        Some(path) => path.split('/').next().unwrap_or_default(),
        None => rest.split('/').next().unwrap_or_default(),
    };
    place.contains(':') && segment.find('@').is_some_and(|at| at > 0)
}

/// Host and port. An empty host is that of `file:///x`.
fn put_place(out: &mut String, place: &str) -> Option<()> {
    let (name, port) = match place.rfind(']') {
        Some(end) => (&place[..=end], &place[end + 1..]),
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let scheme_end = out.len() - "://".len();
    if let Some(inner) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        let inner = inner.split_once('%').map_or(inner, |(address, _zone)| address);
        match IpAddr::V6(inner.parse::<Ipv6Addr>().ok()?).to_canonical() {
            IpAddr::V4(v4) => write!(out, "{v4}").ok()?,
            IpAddr::V6(v6) => write!(out, "[{v6}]").ok()?,
        }
    } else if !name.is_empty() {
        out.push_str(&host(name)?);
    }
    let digits = match port.strip_prefix(':') {
        None if port.is_empty() => return Some(()),
        None => return None,
        Some("") => return Some(()),
        Some(digits) => digits,
    };
    let digits_only = digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit());
    let port = digits_only.then(|| digits.parse::<u32>().ok())??;
    if !PORTS.contains(&(&out[..scheme_end], port)) {
        write!(out, ":{port}").ok()?;
    }
    Some(())
}

/// A path without parameters, query and fragment, its escapes in upper case.
fn path(value: &str) -> Cow<'_, str> {
    let end = |text: &str| {
        let end = text.find(['?', '#', ';']).unwrap_or(text.len());
        text[..end].trim_end().len()
    };
    // NFC first: it makes a `;` of the Greek question mark.
    let path = match nfc(value) {
        Cow::Borrowed(path) => Cow::Borrowed(&path[..end(path)]),
        Cow::Owned(mut path) => {
            path.truncate(end(&path));
            Cow::Owned(path)
        }
    };
    let bytes = path.as_bytes();
    let escape = |at: usize| {
        bytes[at] == b'%'
            && bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    };
    let lower = |at: usize| bytes[at + 1..at + 3].iter().any(u8::is_ascii_lowercase);
    if !percents(bytes).any(|at| escape(at) && lower(at)) {
        return path;
    }
    let mut out = path.as_bytes().to_vec();
    for at in percents(bytes).filter(|at| escape(*at)) {
        out[at + 1..at + 3].make_ascii_uppercase();
    }
    match String::from_utf8(out) {
        Ok(out) => out.into(),
        Err(_) => path,
    }
}

fn percents(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    bytes.iter().enumerate().filter(|(_, b)| **b == b'%').map(|(at, _)| at)
}

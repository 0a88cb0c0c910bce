//! Internet addresses as logs write them: with ports, brackets, zones, a slash before them.

use super::keys::is_ipv4;
use std::net::{IpAddr, Ipv6Addr};

/// An address without brackets, port and punctuation.
pub(super) fn address(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut start, mut end) = (start, end);
    if start < end && bytes[start] == b'/' {
        start += 1;
    }
    while start < end && matches!(bytes[end - 1], b',' | b';' | b'.' | b')') {
        end -= 1;
    }
    let port = |tail: &[u8]| tail.is_empty() || tail[0] == b':' && digits(&tail[1..]);
    if start < end && bytes[start] == b'[' {
        let close = start + memchr::memchr(b']', &bytes[start..end])?;
        let inside = &text[start + 1..close];
        return (port(&bytes[close + 1..end]) && is_address(inside)).then_some((start + 1, close));
    }
    let stretch = &bytes[start..end];
    let colon = memchr::memchr(b':', stretch).unwrap_or(stretch.len());
    if memchr::memchr(b'.', &stretch[..colon]).is_some() {
        let tail = &stretch[colon..];
        return ((tail == b":" || port(tail)) && is_ipv4(&stretch[..colon]))
            .then_some((start, start + colon));
    }
    is_address(&text[start..end]).then_some((start, end))
}

fn is_address(text: &str) -> bool {
    is_ipv4(text.as_bytes()) || ipv6(text).is_some()
}

/// An IPv6 address, perhaps with a zone.
pub(super) fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let address = text.split_once('%').map_or(text, |(address, _zone)| address);
    address.parse().ok()
}

pub(super) fn unspecified(text: &str) -> bool {
    text == "0.0.0.0" || ipv6(text).is_some_and(|ip| IpAddr::V6(ip).to_canonical().is_unspecified())
}

pub(super) fn digits(bytes: &[u8]) -> bool {
    (1..=5).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit)
}

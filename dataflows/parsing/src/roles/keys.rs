//! Keys of entities without allocation for what logs mostly hold.
//!
//! The law: `key_of(kind, value, domain)` equals `entity::key(kind, entity::canonical(...))`, and
//! is `None` exactly when `canonical` is. Values of plain ASCII are lowered or joined in a buffer
//! on the stack; everything else takes the slow path of the model. Cost: one pass and one hash.

use seerflow_model::entity::{self, EntityType};
use std::io::Write;
use std::net::Ipv6Addr;

/// Longest canonical value built on the stack.
const BUFFER: usize = 320;

/// The key of an entity, `None` when the value cannot be one.
pub(super) fn key_of(kind: EntityType, value: &str, domain: &str) -> Option<u64> {
    match fast(kind, value, domain) {
        Some(key) => Some(key),
        None => entity::canonical(kind, value, domain).map(|c| entity::key(kind, &c)),
    }
}

fn fast(kind: EntityType, value: &str, domain: &str) -> Option<u64> {
    let bytes = value.as_bytes();
    if !plain(bytes) || value.len() + domain.len() + 1 > BUFFER {
        return None;
    }
    match kind {
        EntityType::Ip => ip(value),
        EntityType::User if domain.is_empty() => {
            let splits = bytes.iter().any(|b| matches!(b, b'\\' | b'@'));
            (!splits).then(|| lowered(kind, value))
        }
        EntityType::User => domain.is_ascii().then(|| joined(kind, domain, ":", (value, true))),
        EntityType::Host | EntityType::Domain => {
            (bytes.last() != Some(&b'.')).then(|| lowered(kind, value))
        }
        EntityType::Process => {
            let scope = domain.as_bytes();
            let usual = scope.is_empty() || (plain(scope) && scope.last() != Some(&b'.'));
            usual.then(|| joined(kind, domain, "/", (value, false)))
        }
        EntityType::Hash | EntityType::Email | EntityType::Mac => Some(lowered(kind, value)),
        EntityType::File
        | EntityType::Url
        | EntityType::Service
        | EntityType::Container
        | EntityType::Principal => Some(entity::key(kind, value)),
    }
}

/// ASCII without NUL that trimming leaves as it is.
fn plain(bytes: &[u8]) -> bool {
    let ends = |b: Option<&u8>| b.is_some_and(|b| *b > b' ');
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(|b| b.is_ascii() && *b != 0)
}

fn lowered(kind: EntityType, value: &str) -> u64 {
    if !value.bytes().any(|b| b.is_ascii_uppercase()) {
        return entity::key(kind, value);
    }
    joined(kind, "", "", (value, true))
}

/// Key of `left separator right`, `left` lowered, `right` lowered when marked.
fn joined(kind: EntityType, left: &str, separator: &str, right: (&str, bool)) -> u64 {
    let mut buffer = [0u8; BUFFER];
    let mut len = 0;
    let mut push = |text: &str, lower: bool| {
        let part = &mut buffer[len..len + text.len()];
        part.copy_from_slice(text.as_bytes());
        if lower {
            part.make_ascii_lowercase();
        }
        len += text.len();
    };
    push(left, true);
    push(separator, false);
    push(right.0, right.1);
    entity::key(kind, std::str::from_utf8(&buffer[..len]).unwrap_or_default())
}

fn ip(value: &str) -> Option<u64> {
    if is_ipv4(value.as_bytes()) {
        return Some(entity::key(EntityType::Ip, value));
    }
    let address = value.split_once('%').map_or(value, |(address, _zone)| address);
    let v6: Ipv6Addr = address.parse().ok()?;
    let mut buffer = [0u8; 40];
    let mut rest = &mut buffer[..];
    match v6.to_ipv4_mapped() {
        Some(v4) => write!(rest, "{v4}").ok()?,
        None => {
            for (i, segment) in v6.segments().iter().enumerate() {
                write!(rest, "{}{segment:04x}", if i == 0 { "" } else { ":" }).ok()?;
            }
        }
    }
    let len = 40 - rest.len();
    Some(entity::key(EntityType::Ip, std::str::from_utf8(&buffer[..len]).ok()?))
}

/// Whether this is a dotted IPv4 address in canonical form.
pub(super) fn is_ipv4(bytes: &[u8]) -> bool {
    if !(7..=15).contains(&bytes.len()) {
        return false;
    }
    let mut octets = 0;
    for octet in bytes.split(|b| *b == b'.') {
        let number = match octet {
            [a] if a.is_ascii_digit() => 0,
            [a @ b'1'..=b'9', b] if b.is_ascii_digit() => u32::from(a - b'0'),
            [a @ b'1'..=b'9', b, c] if b.is_ascii_digit() && c.is_ascii_digit() => {
                u32::from(a - b'0') * 100 + u32::from(b - b'0') * 10 + u32::from(c - b'0')
            }
            _ => return false,
        };
        octets += 1;
        if number > 255 || octets > 4 {
            return false;
        }
    }
    octets == 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn slow(kind: EntityType, value: &str, domain: &str) -> Option<u64> {
        entity::canonical(kind, value, domain).map(|c| entity::key(kind, &c))
    }

    #[test]
    fn fast_equals_slow_on_the_usual() {
        for value in [
            "root",
            "Admin",
            "a\\b",
            "bob@corp.com",
            "10.0.0.1",
            "01.2.3.4",
            "::ffff:1.2.3.4",
            "2001:db8::1",
            "fe80::1%eth0",
            "Web-01.",
            "x.",
            "/etc/passwd",
            " a ",
            "",
            "ü",
            "a\0b",
            "AB:CD:EF:00:11:22",
            "256.1.1.1",
            "1.2.3.4.5",
        ] {
            for domain in ["", "CORP", "host.", " h ", "ü", "."] {
                for kind in EntityType::ALL {
                    let expected = slow(kind, value, domain);
                    assert_eq!(key_of(kind, value, domain), expected, "{kind:?} {value} {domain}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn fast_equals_slow(value in "\\PC{0,24}|[ -~]{0,40}|[0-9a-f:.%]{0,20}|.{0,8}",
                            domain in "|[A-Za-z0-9.-]{1,12}|.{0,5}") {
            for kind in EntityType::ALL {
                prop_assert_eq!(key_of(kind, &value, &domain), slow(kind, &value, &domain));
            }
        }

        #[test]
        fn ipv4_is_what_the_parser_takes(text in "[0-9.]{5,16}|[0-9]{1,3}(\\.[0-9]{1,3}){3}") {
            prop_assert_eq!(is_ipv4(text.as_bytes()), text.parse::<Ipv4Addr>().is_ok());
        }
    }
}

//! Entities: who and what an event speaks of, with the part each plays.
//!
//! An entity is its type and canonical value. In the dataflow it is a 64-bit key; people and the
//! API see the UUIDv5 of the canonical value in the namespace of its type.

use crate::event::Span;
use crate::hash;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::net::IpAddr;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use uuid::Uuid;

/// What kind of thing an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum EntityType {
    /// An account, with its domain when there is one.
    User = 1,
    /// An IP address.
    Ip = 2,
    /// A machine by name.
    Host = 3,
    /// A process, scoped by its host.
    Process = 4,
    /// A file by path.
    File = 5,
    /// A DNS domain.
    Domain = 6,
    /// A file hash.
    Hash = 7,
    /// A URL.
    Url = 8,
    /// A mail address.
    Email = 9,
    /// A hardware address.
    Mac = 10,
    /// A service or unit.
    Service = 11,
    /// A container or pod.
    Container = 12,
    /// Who acts in a cloud: an ARN or what stands for one.
    Principal = 13,
}

/// The part an entity plays in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    /// Who acts.
    Actor,
    /// Where it comes from.
    Src,
    /// What is acted on, or where the event happened.
    Target,
    /// Where it goes to.
    Dst,
    /// Who reports it.
    Observer,
    /// A thing that is used or touched.
    Object,
}

impl EntityType {
    /// All types.
    pub const ALL: [EntityType; 13] = [
        EntityType::User,
        EntityType::Ip,
        EntityType::Host,
        EntityType::Process,
        EntityType::File,
        EntityType::Domain,
        EntityType::Hash,
        EntityType::Url,
        EntityType::Email,
        EntityType::Mac,
        EntityType::Service,
        EntityType::Container,
        EntityType::Principal,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            EntityType::User => "user",
            EntityType::Ip => "ip",
            EntityType::Host => "host",
            EntityType::Process => "process",
            EntityType::File => "file",
            EntityType::Domain => "domain",
            EntityType::Hash => "hash",
            EntityType::Url => "url",
            EntityType::Email => "email",
            EntityType::Mac => "mac",
            EntityType::Service => "service",
            EntityType::Container => "container",
            EntityType::Principal => "principal",
        }
    }

    /// The namespace of UUIDs of this type: `a1b2c3d4-000k-0000-0000-00000000000k`.
    pub const fn namespace(self) -> Uuid {
        let k = self as u128;
        Uuid::from_u128(0xa1b2_c3d4_0000_0000_0000_0000_0000_0000 | (k << 80) | k)
    }
}

impl Role {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Actor => "actor",
            Role::Src => "src",
            Role::Target => "target",
            Role::Dst => "dst",
            Role::Observer => "observer",
            Role::Object => "object",
        }
    }
}

/// An entity of one event. `value` and `domain` are slices of the event's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntityRef {
    /// Type.
    pub kind: EntityType,
    /// Part it plays.
    pub role: Role,
    /// Key of the canonical value, see [`key`].
    pub key: u64,
    /// The value as it stands in the text.
    pub value: Span,
    /// For a user its domain, for a process the host that scopes it; else empty.
    pub domain: Span,
}

/// Canonical form of a value, `None` when the value cannot be an entity of that type.
///
/// * ip: IPv4 dotted; IPv6 fully exploded, lower case; v4-mapped unwrapped; zone id left out.
/// * user: trimmed, lower case, NFC; with a domain `domain:user`. `D\u` and `u@d` are split here
///   when no domain is given.
/// * host, domain: trimmed, lower case, without trailing dots, NFC.
/// * process: `host/name` with the host canonical and the name as it is.
/// * file, url, service, container, principal: trimmed, NFC. hash, email, mac: lower case.
pub fn canonical<'a>(kind: EntityType, value: &'a str, domain: &str) -> Option<Cow<'a, str>> {
    let value = value.trim();
    if value.is_empty() || value.contains('\0') {
        return None;
    }
    match kind {
        EntityType::Ip => canonical_ip(value).map(Cow::Owned),
        EntityType::User => canonical_user(value, domain),
        EntityType::Host | EntityType::Domain => {
            let value = value.trim_end_matches('.');
            (!value.is_empty()).then(|| lower_nfc(value))
        }
        EntityType::Process => {
            let host = lower_nfc(domain.trim().trim_end_matches('.'));
            Some(Cow::Owned(format!("{host}/{}", nfc(value))))
        }
        EntityType::Hash | EntityType::Email | EntityType::Mac => Some(lower_nfc(value)),
        EntityType::File
        | EntityType::Url
        | EntityType::Service
        | EntityType::Container
        | EntityType::Principal => Some(nfc(value)),
    }
}

fn canonical_user<'a>(value: &'a str, domain: &str) -> Option<Cow<'a, str>> {
    let (user, domain) = if !domain.is_empty() {
        (value, domain)
    } else if let Some((domain, user)) = value.split_once('\\') {
        (user, domain)
    } else if let Some((user, domain)) = value.rsplit_once('@') {
        (user, domain)
    } else {
        (value, "")
    };
    match (user.is_empty(), domain.is_empty()) {
        (true, _) => None,
        (false, true) => Some(lower_nfc(user)),
        (false, false) => Some(Cow::Owned(format!("{}:{}", lower_nfc(domain), lower_nfc(user)))),
    }
}

fn canonical_ip(value: &str) -> Option<String> {
    let value = value.split_once('%').map_or(value, |(address, _zone)| address);
    Some(match value.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => v6.segments().map(|segment| format!("{segment:04x}")).join(":"),
    })
}

fn nfc(value: &str) -> Cow<'_, str> {
    match is_nfc_quick(value.chars()) {
        IsNormalized::Yes => value.into(),
        _ => value.nfc().collect::<String>().into(),
    }
}

fn lower_nfc(value: &str) -> Cow<'_, str> {
    if value.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        value.into()
    } else {
        value.to_lowercase().nfc().collect::<String>().into()
    }
}

/// The 64-bit key of an entity in the dataflow.
#[inline]
pub fn key(kind: EntityType, canonical: &str) -> u64 {
    hash::pair(kind as u64, hash::text(canonical))
}

/// The UUIDv5 of an entity.
pub fn uuid(kind: EntityType, canonical: &str) -> Uuid {
    Uuid::new_v5(&kind.namespace(), canonical.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(kind: EntityType, value: &str, domain: &str) -> String {
        uuid(kind, &canonical(kind, value, domain).unwrap()).to_string()
    }

    #[test]
    fn uuid_vectors() {
        use EntityType::*;
        for (kind, value, domain, expected) in [
            (Ip, "10.0.0.1", "", "6df9e3ad-af86-5520-8743-84dc81c690c2"),
            (Ip, "::1", "", "1f20d1de-5958-5c3f-baa8-8c9c891a9d53"),
            (Ip, "::ffff:10.0.0.1", "", "6df9e3ad-af86-5520-8743-84dc81c690c2"),
            (User, "alice", "corp", "ed35bbb7-013d-5850-8875-130f03660b49"),
            (User, "CORP\\Alice", "", "ed35bbb7-013d-5850-8875-130f03660b49"),
            (User, "alice@corp", "", "ed35bbb7-013d-5850-8875-130f03660b49"),
            (Host, "Web-01.", "", "82feccae-4dec-52cb-98dc-5192a014d769"),
            (Domain, "Example.COM.", "", "8b22b68f-4317-5756-8bda-7e00236738e1"),
            (File, "/etc/passwd", "", "577af02a-e36c-5a68-9563-8e3b94656be3"),
        ] {
            assert_eq!(id(kind, value, domain), expected, "{kind:?} {value}");
        }
    }

    #[test]
    fn a_process_belongs_to_its_host() {
        assert_eq!(canonical(EntityType::Process, "sshd", "WEB-1.").unwrap(), "web-1/sshd");
        assert_ne!(id(EntityType::Process, "sshd", "a"), id(EntityType::Process, "sshd", "b"));
    }

    #[test]
    fn what_is_no_entity() {
        assert_eq!(canonical(EntityType::Ip, "1.2.3.4.5", ""), None);
        assert_eq!(canonical(EntityType::Ip, "d::", "").as_deref().map(str::len), Some(39));
        assert_eq!(canonical(EntityType::User, "", ""), None);
        assert_eq!(canonical(EntityType::Host, "...", ""), None);
        assert_eq!(canonical(EntityType::User, "a\0b", ""), None);
        let zoned = canonical(EntityType::Ip, "fe80::1%eth0", "").unwrap();
        assert_eq!(zoned, "fe80:0000:0000:0000:0000:0000:0000:0001");
    }

    #[test]
    fn unicode_is_normalised() {
        let composed = canonical(EntityType::User, "J\u{fc}rgen", "").unwrap();
        let decomposed = canonical(EntityType::User, "Ju\u{308}rgen", "").unwrap();
        assert_eq!(composed, decomposed);
    }
}

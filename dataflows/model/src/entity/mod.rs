//! Entities: who and what an event speaks of, with the part each plays.
//!
//! An entity is its type and canonical value. In the dataflow it is a 64-bit key; people and the
//! API see the UUIDv5 of the canonical value in the namespace of its type.

mod code;
mod name;
mod path;
mod text;
mod url;

use crate::event::Span;
use crate::hash;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
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
    /// A container or pod, by id or as `namespace/pod`.
    Container = 12,
    /// An identity of a cloud or cluster: an ARN, a service account, an object id.
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
    /// For a user its domain, for a process the host that scopes it, for a pod its namespace; else
    /// empty.
    pub domain: Span,
}

/// Longest value that can be an entity, and longest canonical form, in bytes.
pub const VALUE_MAX: usize = 4096;

/// Canonical form of a value, `None` when the value cannot be an entity of that type.
///
/// `domain` is the domain of a user, the host of a process or the namespace of a pod; other types
/// have none.
///
/// | type | form |
/// |---|---|
/// | ip | IPv4 dotted; IPv6 with all digits, lower case; v4-mapped unwrapped; zone left out |
/// | host, domain | lower case, A-labels (IDNA), no trailing dots |
/// | user | lower case; with a domain `domain:user`; `D\u`, `u@d` and `d:u` are split |
/// | process | `host/name`, the host as a host; `.exe` names in lower case |
/// | file | repeated slashes and `.` gone, `..` kept; Windows paths in lower case, drive upper |
/// | url | scheme and host lower, default port, user, query, fragment, parameters gone |
/// | email | `local@domain`, lower case, the domain as a domain |
/// | hash | the digits, lower case, without the algorithm |
/// | mac | `aa:bb:cc:dd:ee:ff` |
/// | container | id as its first 12 digits, or `namespace/pod[/container]` |
/// | principal | an ARN with its head in lower case, a service account or object id in lower case |
/// | service | as it is |
///
/// All are trimmed and NFC, at most [`VALUE_MAX`] bytes, and hold no control character. Invisible
/// and bidirectional characters, and letters of mixed scripts, stay where they are: to the system
/// that was asked, `admin` and `admin` with a zero-width space are two accounts, and taking them
/// for one would hide the attack and blame the wrong one. What prints a value neutralises it.
///
/// The form is a fixed point: the canonical form of a canonical form is itself. A value that is
/// canonical already is borrowed.
pub fn canonical<'a>(kind: EntityType, value: &'a str, domain: &str) -> Option<Cow<'a, str>> {
    let value = value.trim();
    let control = |text: &str| text.bytes().any(|b| b < b' ' || b == 0x7f);
    if value.is_empty() || value.len() > VALUE_MAX || domain.len() > VALUE_MAX || control(value) {
        return None;
    }
    let canonical = match kind {
        EntityType::Ip => code::ip(value).map(Cow::Owned),
        EntityType::User if control(domain) => None,
        EntityType::User => name::user(value, domain),
        EntityType::Host | EntityType::Domain => name::host(value),
        EntityType::Process if control(domain) => None,
        EntityType::Process => name::process(value, domain),
        EntityType::Hash => code::hash(value),
        EntityType::Email => name::email(value),
        EntityType::Mac => code::mac(value),
        EntityType::File => path::file(value),
        EntityType::Url => url::url(value),
        EntityType::Service => Some(text::nfc(value)),
        EntityType::Container if control(domain) => None,
        EntityType::Container => code::container(value, domain),
        EntityType::Principal => code::principal(value),
    };
    canonical.filter(|form| !form.is_empty() && form.len() <= VALUE_MAX)
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
mod tests;

//! The holes of a pattern: how far they reach, what they take, and taking it.
//!
//! Five words stand for types read another way: an `account` is a user in one word and a `name` a
//! user that reaches as far as `{...}` does, both for names that no client chose; a `path` is a file
//! that reaches as far as `{...}`, spaces and all; a `hostname` is a host that is no address; an
//! `endpoint` is an address with its port, so that the last group of an IPv6 one is not taken for it.

use super::address::digits;
use super::collect::role_and_type;
use super::value::{self, Read, Trust, Value, ValueType};
use seerflow_model::{EntityType, Role};
use smallvec::SmallVec;

/// What a match captured.
pub(super) type Captures = SmallVec<[Capture; 8]>;

/// One captured thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    /// An entity with its role.
    Entity(Role, Value),
    /// An HTTP status.
    Status(u16),
}

/// What a hole takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Takes {
    role: Role,
    pub(super) kind: ValueType,
    sort: Sort,
}

/// What sets words apart that stand for one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Plain,
    /// A path is not cut at its first space.
    Path,
    /// A machine's name, never an address.
    Name,
    /// An address that is always followed by a colon and its port.
    Endpoint,
}

/// How far a hole reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// One word.
    Word,
    /// To the first place of what follows.
    Near,
    /// To the last place of what follows.
    Far,
}

/// Reads what stands between the braces of a hole; the error says what is wrong with it.
pub(super) fn parse(inside: &str) -> Result<(Reach, Option<Takes>), String> {
    let silent = |b: u8| b.is_ascii_lowercase() || b == b'_';
    match inside {
        "..." => Ok((Reach::Near, None)),
        "*" => Ok((Reach::Far, None)),
        _ if inside.contains(':') => value_hole(inside)
            .map(|(reach, takes)| (reach, Some(takes)))
            .ok_or_else(|| format!("`{{{inside}}}` is no role:type")),
        _ if !inside.is_empty() && inside.bytes().all(silent) => Ok((Reach::Word, None)),
        _ => Err(format!("`{{{inside}}}` is no hole")),
    }
}

fn value_hole(inside: &str) -> Option<(Reach, Takes)> {
    let (role, kind) = inside.split_once(':')?;
    let (kind, reach, sort) = match kind {
        "user" => ("user", Reach::Far, Sort::Plain),
        "account" => ("user", Reach::Word, Sort::Plain),
        "name" => ("user", Reach::Near, Sort::Plain),
        "path" => ("file", Reach::Near, Sort::Path),
        "hostname" => ("host", Reach::Word, Sort::Name),
        "endpoint" => ("ip", Reach::Word, Sort::Endpoint),
        kind => (kind, Reach::Word, Sort::Plain),
    };
    let (role, kind) = role_and_type(&format!("{role}:{kind}"))?;
    Some((reach, Takes { role, kind, sort }))
}

/// Captures what a hole covers; `false` when it cannot be what the hole says.
pub(super) fn take(
    takes: Option<Takes>,
    text: &str,
    start: usize,
    end: usize,
    captures: &mut Captures,
) -> bool {
    let Some(Takes { role, kind, sort }) = takes else { return true };
    if kind == ValueType::Status {
        let status = text[start..end].parse().ok().filter(|s| (100..600).contains(s));
        captures.extend(status.map(Capture::Status));
        return status.is_some();
    }
    let read = match sort {
        Sort::Path => value::path(text, start, end),
        Sort::Endpoint => match text[start..end].rsplit_once(':') {
            Some((ip, port)) if digits(port.as_bytes()) => {
                value::read(kind, text, start, start + ip.len(), Trust::Rule)
            }
            _ => Read::Wrong,
        },
        Sort::Plain | Sort::Name => value::read(kind, text, start, end, Trust::Rule),
    };
    match read {
        Read::Some(value) if sort == Sort::Name && value.kind != EntityType::Host => {}
        Read::Some(value) => captures.push(Capture::Entity(role, value)),
        Read::Nothing => {}
        Read::Wrong => return !matches!(kind, ValueType::Of(EntityType::Ip) | ValueType::Address),
    }
    true
}

//! What the field of a record gives: which name holds it, and what of its value is the entity.
//!
//! Fields of structured sources carry more than a name: a digest stands in a list, a user in a
//! directory's path or beside its domain, and some accounts are those of no one machine. Cost: a
//! look through the fields for each name.

use super::value::{self, Read, Trust, Value, ValueType};
use seerflow_model::{EntityType, Event, Field, Format, Role, Span};

/// What a field gives: the first of these that holds a value.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) names: Box<[Box<str>]>,
    pub(super) role: Role,
    pub(super) kind: ValueType,
    /// The field with the domain of a user or the namespace of a pod; empty when there is none.
    pub(super) domain: Box<str>,
}

impl Given {
    /// The value of the first of the fields that has one.
    pub(super) fn read(&self, event: &Event) -> Option<Value> {
        self.names.iter().find_map(|name| self.value(event, span(event, name)?))
    }

    fn value(&self, event: &Event, at: Span) -> Option<Value> {
        let (from, to) = (at.start as usize, at.end());
        let text = event.text.get(from..to)?;
        let user = self.kind == ValueType::Of(EntityType::User);
        let (from, to) = match self.kind {
            ValueType::Of(EntityType::Hash) => digest(text, from)?,
            ValueType::Of(EntityType::User) => common_name(text, from),
            _ => (from, to),
        };
        let Read::Some(mut value) = value::read(self.kind, &event.text, from, to, Trust::Field)
        else {
            return None;
        };
        if self.kind == ValueType::Of(EntityType::Container) {
            value.domain = span(event, &self.domain).unwrap_or_default();
            return Some(value);
        }
        if !user {
            // What every machine calls itself says nothing of which.
            let itself = event.get(value.value).eq_ignore_ascii_case("localhost");
            return (!itself).then_some(value);
        }
        if value.domain.is_empty() {
            let domain = span(event, &self.domain).unwrap_or_default();
            let (from, to) = (domain.start as usize, domain.end());
            if let Read::Some(read) =
                value::read(ValueType::UserDomain, &event.text, from, to, Trust::Field)
            {
                value.domain = read.value;
            }
        }
        let name = event.get(value.value);
        if name.starts_with('(') {
            // `(invalid user)`: a program says that it knows none.
            return None;
        }
        if name.bytes().all(|b| b.is_ascii_digit()) {
            // A number is another user on every machine.
            value.domain = event.host;
            return (!event.host.is_empty()).then_some(value);
        }
        (!of_the_system(event, value)).then_some(value)
    }
}

/// Accounts that every Windows machine has under one name: as entities they would join machines
/// that have nothing to do with each other.
fn of_the_system(event: &Event, user: Value) -> bool {
    const DOMAINS: [&str; 6] = [
        "NT AUTHORITY",
        "NT SERVICE",
        "NT VIRTUAL MACHINE",
        "IIS APPPOOL",
        "Window Manager",
        "Font Driver Host",
    ];
    const NAMES: [&str; 5] =
        ["SYSTEM", "LocalSystem", "LOCAL SERVICE", "NETWORK SERVICE", "ANONYMOUS LOGON"];
    let name = event.get(user.value);
    // A domain with a blank in it is not split off.
    let domain = match name.split_once('\\') {
        Some((domain, _)) => domain,
        None => event.get(user.domain),
    };
    event.format == Format::Windows
        && (DOMAINS.iter().any(|d| d.eq_ignore_ascii_case(domain)) || NAMES.contains(&name))
}

/// The strongest digest in `SHA1=…,MD5=…,SHA256=…`, or the whole when it is one.
fn digest(text: &str, from: usize) -> Option<(usize, usize)> {
    if !text.contains('=') {
        return Some((from, from + text.len()));
    }
    let strongest = ["SHA256=", "SHA1=", "MD5="];
    let found = strongest.iter().find_map(|name| Some(text.find(name)? + name.len()))?;
    let rest = &text[found..];
    let end = rest.find(',').unwrap_or(rest.len());
    Some((from + found, from + found + end))
}

/// The name in `CN=Ann Lee,CN=Users,DC=corp`, or the whole.
fn common_name(text: &str, from: usize) -> (usize, usize) {
    let named = text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("CN="));
    let start = if named { 3 } else { 0 };
    let end = if named { text.find(',').unwrap_or(text.len()) } else { text.len() };
    (from + start, from + end)
}

/// The first field with a name that is not empty.
fn span(event: &Event, name: &str) -> Option<Span> {
    let named = |f: &&Field| !f.value.is_empty() && event.get(f.name) == name;
    event.fields.iter().take(super::FIELDS_MAX).find(named).map(|f| f.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_directory() {
        for (text, expected) in [
            ("CN=Ann Lee,CN=Users,DC=corp", "Ann Lee"),
            ("cn=x", "x"),
            ("bob", "bob"),
            ("CN", "CN"),
        ] {
            let (from, to) = common_name(text, 0);
            assert_eq!(&text[from..to], expected, "{text}");
        }
    }

    #[test]
    fn the_strongest_digest() {
        for (text, expected) in [
            ("SHA1=aa,MD5=bb,SHA256=cc,IMPHASH=dd", Some("cc")),
            ("MD5=bb,SHA1=aa", Some("aa")),
            ("MD5=bb", Some("bb")),
            ("IMPHASH=dd", None),
            ("ee", Some("ee")),
        ] {
            assert_eq!(digest(text, 0).map(|(from, to)| &text[from..to]), expected, "{text}");
        }
    }
}

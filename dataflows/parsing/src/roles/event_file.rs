//! The `events` part of a file of role rules: rules for records that come as fields.
//!
//! `rules/roles/README.md` describes the format for those who write such files.

use super::collect::role_and_type;
use super::event_rules::{EventRule, Test, Tests};
use super::event_values::Given;
use super::file::{HostRole, RoleError};
use super::index::Origin;
use seerflow_model::{Activity, Format, Outcome};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_saphyr::Spanned;
use std::fmt;
use std::marker::PhantomData;

/// One rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventEntry {
    #[serde(default)]
    when: Pairs<OneOrMany>,
    #[serde(default)]
    activity: Activity,
    #[serde(default)]
    outcome: Outcome,
    #[serde(default)]
    failure: Pairs<OneOrMany>,
    #[serde(default)]
    host: HostRole,
    #[serde(default)]
    map: Pairs<Spanned<String>>,
}

impl EventEntry {
    /// Compiles the rule; errors name the file and the line.
    pub(super) fn compile(&self, file: &str, line: u64) -> Result<EventRule, RoleError> {
        let map = self.map.0.iter().map(|(names, meaning)| {
            given(names, &meaning.value).ok_or_else(|| RoleError {
                file: file.to_owned(),
                line: meaning.referenced.line(),
                message: format!("`{}` is no role:type, nor one `in` a field", meaning.value),
            })
        });
        Ok(EventRule {
            when: tests(&self.when),
            failure: tests(&self.failure),
            map: map.collect::<Result<_, _>>()?,
            activity: self.activity,
            outcome: self.outcome,
            host: self.host,
            origin: Origin { file: file.into(), line, pattern: self.when.shown().into() },
        })
    }
}

/// The formats that a file names; the error says which is none.
pub(super) fn formats(file: &str, names: &[Spanned<String>]) -> Result<Vec<Format>, RoleError> {
    let read = |name: &Spanned<String>| {
        Format::parse(&name.value).ok_or_else(|| RoleError {
            file: file.to_owned(),
            line: name.referenced.line(),
            message: format!("`{}` is no format", name.value),
        })
    };
    names.iter().map(read).collect()
}

/// `A|B: 'actor:user in C'`.
fn given(names: &str, meaning: &str) -> Option<Given> {
    let (meaning, domain) = match meaning.split_once(" in ") {
        Some((meaning, domain)) => (meaning, domain.trim()),
        None => (meaning, ""),
    };
    let (role, kind) = role_and_type(meaning.trim())?;
    let names = names.split('|').map(|name| name.trim().into()).collect();
    Some(Given { names, role, kind, domain: domain.into() })
}

impl Pairs<OneOrMany> {
    /// As people read it: `EventID: 4624 | 4625, Channel: Security`.
    fn shown(&self) -> String {
        let pair =
            |(name, values): &(String, OneOrMany)| format!("{name}: {}", values.0.join(" | "));
        self.0.iter().map(pair).collect::<Vec<_>>().join(", ")
    }
}

fn tests(pairs: &Pairs<OneOrMany>) -> Box<[Tests]> {
    let read = |(name, values): &(String, OneOrMany)| {
        (name.as_str().into(), values.0.iter().map(|value| Test::new(value)).collect())
    };
    pairs.0.iter().map(read).collect()
}

/// A map whose order is kept: entities come in the order in which a rule names them.
#[derive(Debug)]
struct Pairs<T>(Vec<(String, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Pairs<T> {
        Pairs(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<T>, D::Error> {
        struct Each<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
            type Value = Pairs<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Each(PhantomData))
    }
}

/// A scalar, or a list of them; numbers are taken as they are written.
#[derive(Debug)]
struct OneOrMany(Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMany, D::Error> {
        struct Scalars;
        impl<'de> Visitor<'de> for Scalars {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a list of values")
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![value.to_owned()]))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![value.to_string()]))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![value.to_string()]))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![value.to_string()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut all = Vec::new();
                while let Some(OneOrMany(values)) = seq.next_element()? {
                    all.extend(values);
                }
                Ok(OneOrMany(all))
            }
        }
        deserializer.deserialize_any(Scalars)
    }
}

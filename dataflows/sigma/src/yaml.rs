//! A YAML stream as trees whose every node knows its line and column.
//!
//! The trees are untyped on purpose: what a value may be depends on the modifiers beside it. Text,
//! depth and number of nodes are bounded, aliases counted at each use; a key that stands twice in
//! one mapping is an error, because one of the two would silently not count.

use crate::fault::{Fault, Place};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// Greatest size of a file of rules, in bytes.
pub const FILE_BYTES_MAX: usize = 4 << 20;
/// Deepest nesting; a rule needs five.
const DEPTH_MAX: usize = 32;
/// Most nodes of a file, aliases expanded.
const NODES_MAX: usize = 500_000;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// The value.
    pub value: Yaml,
}

/// An untyped value.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or exponent.
    Float(f64),
    /// Text, quoted or not.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the text; keys are unique.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Where it begins.
    pub place: Place,
    /// The key.
    pub text: String,
}

impl Node {
    /// What kind of value this is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Yaml::Null => "nothing",
            Yaml::Bool(_) => "true or false",
            Yaml::Int(_) => "a whole number",
            Yaml::Float(_) => "a number",
            Yaml::Text(_) => "text",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a mapping",
        }
    }

    /// A fault at this node.
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.place, message)
    }

    /// The entries of a mapping.
    pub fn map(&self, what: &str) -> Result<&[(Key, Node)], Fault> {
        match &self.value {
            Yaml::Map(entries) => Ok(entries),
            _ => Err(self.fault(format!("{what} must be a mapping, not {}", self.kind()))),
        }
    }

    /// The value of a key, when this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Yaml::Map(entries) = &self.value else { return None };
        entries.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    /// The value of a key that must be there.
    pub fn need(&self, key: &str, what: &str) -> Result<&Node, Fault> {
        self.get(key).ok_or_else(|| self.fault(format!("{what} has no `{key}`")))
    }

    /// A scalar as text; numbers as they are usually written.
    pub fn text(&self, what: &str) -> Result<String, Fault> {
        match &self.value {
            Yaml::Text(text) => Ok(text.clone()),
            Yaml::Int(number) => Ok(number.to_string()),
            Yaml::Float(number) => Ok(number.to_string()),
            Yaml::Bool(value) => Ok(value.to_string()),
            _ => Err(self.fault(format!("{what} must be text, not {}", self.kind()))),
        }
    }

    /// One scalar or a list of scalars, as texts.
    pub fn texts(&self, what: &str) -> Result<Vec<String>, Fault> {
        match &self.value {
            Yaml::List(items) => items.iter().map(|item| item.text(what)).collect(),
            Yaml::Null => Ok(Vec::new()),
            _ => Ok(vec![self.text(what)?]),
        }
    }
}

/// The documents of a stream; empty ones are left out.
pub fn documents(text: &str) -> Result<Vec<Node>, Fault> {
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file is larger than {FILE_BYTES_MAX} bytes");
        return Err(Fault::new(Place::default(), message));
    }
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: DEPTH_MAX, max_nodes: NODES_MAX },
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_saphyr::from_multiple_with_options::<Spanned<Raw>>(text, options) {
        Ok(documents) => Ok(documents.into_iter().map(Node::from).collect()),
        Err(error) => {
            let place = error.location().map(|l| at(l.line(), l.column())).unwrap_or_default();
            let full = error.to_string();
            let message = full.split('\n').next().unwrap_or_default();
            Err(Fault::new(place, format!("is not valid YAML: {message}")))
        }
    }
}

fn at(line: u64, column: u64) -> Place {
    let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Place { line: narrow(line), column: narrow(column) }
}

enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl From<Spanned<Raw>> for Node {
    fn from(raw: Spanned<Raw>) -> Node {
        let place = at(raw.referenced.line(), raw.referenced.column());
        let value = match raw.value {
            Raw::Null => Yaml::Null,
            Raw::Bool(value) => Yaml::Bool(value),
            Raw::Int(value) => Yaml::Int(value),
            Raw::Float(value) => Yaml::Float(value),
            Raw::Text(value) => Yaml::Text(value),
            Raw::List(items) => Yaml::List(items.into_iter().map(Node::from).collect()),
            Raw::Map(entries) => {
                let key = |key: Spanned<String>| Key {
                    place: at(key.referenced.line(), key.referenced.column()),
                    text: key.value,
                };
                Yaml::Map(entries.into_iter().map(|(k, v)| (key(k), v.into())).collect())
            }
        };
        Node { place, value }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
        Ok(i64::try_from(value).map_or(Raw::Float(value as f64), Raw::Int))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_know_their_places() {
        let all = documents("a: 1\n---\nb:\n  c: [x, 2.5, true, null]\n").unwrap();
        assert_eq!(all.len(), 2);
        let list = all[1].get("b").and_then(|b| b.get("c")).unwrap();
        assert_eq!(list.place, Place { line: 4, column: 6 });
        let Yaml::List(items) = &list.value else { panic!() };
        let kinds: Vec<_> = items.iter().map(Node::kind).collect();
        assert_eq!(kinds, ["text", "a number", "true or false", "nothing"]);
    }

    #[test]
    fn quoted_values_stay_text() {
        let all = documents("a: '1'\nb: yes\nc: '~'\nd: 4688\n").unwrap();
        for (key, expected) in [("a", "text"), ("b", "text"), ("c", "text")] {
            assert_eq!(all[0].get(key).unwrap().kind(), expected, "{key}");
        }
        assert_eq!(all[0].get("d").unwrap().value, Yaml::Int(4688));
    }

    #[test]
    fn hostile_texts_are_refused() {
        let deep = "[".repeat(300) + &"]".repeat(300);
        let laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
            c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
            e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
        for text in [deep.as_str(), laughs, "a: 1\na: 2\n", "a: [1, 2\nb: 3\n"] {
            let fault = documents(text).unwrap_err();
            assert!(fault.message.contains("YAML"), "{fault}");
        }
        assert!(documents(&" ".repeat(FILE_BYTES_MAX + 1)).is_err());
    }
}

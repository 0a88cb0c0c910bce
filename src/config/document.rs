//! A YAML text as a tree whose every node knows its line and column.
//!
//! The tree is untyped on purpose: types are judged against the table of options, so that a
//! message can name the key, what it holds and what is allowed. `${…}` may stand anywhere, also
//! unquoted in flow style, where YAML itself would trip over the braces: [`protect`] hides the
//! marks of flow style inside `${…}` from the parser, character for character, so that columns
//! stay true.

use super::problem::{Mark, Problem};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// Deepest nesting of a configuration file; the deepest option sits at 5.
const DEPTH_MAX: usize = 24;
/// Most nodes of a configuration file, aliases expanded.
const NODES_MAX: usize = 100_000;
/// First of the private-use characters that stand in for flow marks inside `${…}`.
const STAND_IN: u32 = 0xF_5E00;
/// What YAML's flow style would trip over.
const HIDDEN: [char; 7] = ['{', '}', '[', ']', ',', ':', '#'];

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub mark: Mark,
    /// The value.
    pub value: Yaml,
    /// Whether a variable went into it: its text is then read again as the type that is needed.
    pub substituted: bool,
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
    Map(Vec<(Name, Node)>),
}

/// A key and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// Where it begins.
    pub mark: Mark,
    /// The key.
    pub text: String,
}

impl Yaml {
    /// What kind of value this is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Yaml::Null => "nothing",
            Yaml::Bool(_) => "true or false",
            Yaml::Int(_) => "a whole number",
            Yaml::Float(_) => "a number",
            Yaml::Text(_) => "text",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a mapping",
        }
    }
}

/// Reads one YAML document. An empty one is `Null`.
pub fn parse(text: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: DEPTH_MAX, max_nodes: NODES_MAX },
    };
    let protected = protect(text);
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(&protected, options) {
        Ok(node) => Ok(node.into()),
        Err(error) => {
            let mark = error.location().map(|l| Mark::new(l.line(), l.column()));
            let full = unprotect(&error.to_string());
            let message = full.split("\n").next().unwrap_or_default();
            Err(Problem::new(mark, "", format!("is not valid YAML: {message}")))
        }
    }
}

/// Hides flow marks inside `${…}`; [`unprotect`] brings them back.
fn protect(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        out.push_str(&rest[..=start]);
        rest = &rest[start + 1..];
        let line = rest.split('\n').next().unwrap_or_default();
        let end = variable_end(line);
        for c in rest[..end].chars() {
            out.push(match HIDDEN.contains(&c) {
                true => char::from_u32(STAND_IN + u32::from(c)).unwrap_or(c),
                false => c,
            });
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Length of `{VAR}` or `{VAR:-default}` at the start of a line's rest; 0 when there is none.
fn variable_end(line: &str) -> usize {
    let name = |b: u8| b == b'_' || b.is_ascii_alphanumeric();
    let after = 1 + line.bytes().skip(1).take_while(|b| name(*b)).count();
    let rest = line.get(after..).unwrap_or_default();
    match rest.starts_with('}') || rest.starts_with(":-") {
        true => rest.find('}').map_or(0, |end| after + end + 1),
        false => 0,
    }
}

fn unprotect(text: &str) -> String {
    let back = |c: char| {
        let offset = u32::from(c).checked_sub(STAND_IN).and_then(char::from_u32);
        offset.filter(|c| HIDDEN.contains(c)).unwrap_or(c)
    };
    text.chars().map(back).collect()
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
        let mark = Mark::new(raw.referenced.line(), raw.referenced.column());
        let value = match raw.value {
            Raw::Null => Yaml::Null,
            Raw::Bool(value) => Yaml::Bool(value),
            Raw::Int(value) => Yaml::Int(value),
            Raw::Float(value) => Yaml::Float(value),
            Raw::Text(value) => Yaml::Text(unprotect(&value)),
            Raw::List(items) => Yaml::List(items.into_iter().map(Node::from).collect()),
            Raw::Map(entries) => {
                let name = |key: Spanned<String>| Name {
                    mark: Mark::new(key.referenced.line(), key.referenced.column()),
                    text: unprotect(&key.value),
                };
                Yaml::Map(entries.into_iter().map(|(k, v)| (name(k), v.into())).collect())
            }
        };
        Node { mark, value, substituted: false }
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

    fn entry<'a>(node: &'a Node, path: &str) -> &'a Node {
        path.split('.').fold(node, |node, key| match &node.value {
            Yaml::Map(entries) => &entries.iter().find(|(name, _)| name.text == key).unwrap().1,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn flow_and_block_are_one() {
        let flow = parse("a: {b: 1, c: [x, 2.5, true, null]}").unwrap();
        let block = parse("a:\n  b: 1\n  c:\n  - x\n  - 2.5\n  - true\n  -\n").unwrap();
        assert_eq!(entry(&flow, "a.b").value, Yaml::Int(1));
        for node in [&flow, &block] {
            let Yaml::List(items) = &entry(node, "a.c").value else { panic!() };
            let values: Vec<_> = items.iter().map(|item| item.value.clone()).collect();
            let text = Yaml::Text("x".into());
            assert_eq!(values, [text, Yaml::Float(2.5), Yaml::Bool(true), Yaml::Null]);
        }
    }

    #[test]
    fn nodes_know_their_place() {
        let node = parse("top: 1\nouter:\n  inner: {deep: ü, x: 7}\n").unwrap();
        assert_eq!(entry(&node, "outer.inner.x").mark, Mark::new(3, 23));
        let Yaml::Map(entries) = &entry(&node, "outer").value else { panic!() };
        assert_eq!(entries[0].0.mark, Mark::new(3, 3));
    }

    #[test]
    fn variables_may_stand_unquoted_in_flow_style() {
        let node = parse("s: {dir: ${D:-/a,b}/x, n: \"${N}\"} # ${C}\n").unwrap();
        assert_eq!(entry(&node, "s.dir").value, Yaml::Text("${D:-/a,b}/x".into()));
        assert_eq!(entry(&node, "s.n").value, Yaml::Text("${N}".into()));
    }

    #[test]
    fn quoted_numbers_and_words_stay_text() {
        let node = parse("a: \"1\"\nb: yes\nc: '~'\n").unwrap();
        assert_eq!(entry(&node, "a").value, Yaml::Text("1".into()));
        assert_eq!(entry(&node, "b").value, Yaml::Text("yes".into()));
        assert_eq!(entry(&node, "c").value, Yaml::Text("~".into()));
        assert_eq!(parse("").unwrap().value, Yaml::Null);
    }

    #[test]
    fn broken_texts_name_the_place() {
        let problem = parse("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(problem.mark.is_some_and(|mark| mark.line >= 2), "{problem:?}");
        let twice = parse("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(twice.mark.map(|mark| mark.line), Some(3), "{twice:?}");
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(parse(&deep).is_err());
    }
}

//! What an option is: its place, type, default and meaning, and how a value of it is read.

use super::document::{self, Node, Yaml};
use super::problem::nearest;
use seerflow_model::Severity;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One row of the table of options.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Full name: `receivers.syslog_udp_port`.
    pub path: &'static str,
    /// Type and what is allowed.
    pub kind: Kind,
    /// Default as YAML; `null` means "not set".
    pub default: &'static str,
    /// What it does, for the reference page.
    pub doc: &'static str,
    /// Whether it does anything yet.
    pub status: Status,
}

/// Whether an option has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has.
    Active,
    /// It is taken with a warning; what is missing is named.
    Pending(&'static str),
}

/// Type of an option and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number from the first to the second.
    Int(i64, i64),
    /// A number from the first to the second.
    Float(f64, f64),
    /// A number between the first and the second, both left out.
    Between(f64, f64),
    /// A number of bytes, perhaps with a unit.
    Bytes(u64, u64),
    /// Text.
    Text,
    /// Text that is never shown.
    Secret,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// An IP address.
    Address,
    /// A severity, as number 0–6 or by name.
    Severity,
    /// How often something may happen; see [`super::rate`].
    Rate,
    /// A list of texts.
    Texts,
    /// Names with whole numbers from the first to the second.
    Table(i64, i64),
    /// Names with lists of texts; one text stands for a list of one.
    Lists,
    /// The entries of `sources`.
    Sources,
    /// The entries of `receivers.webhooks`.
    Webhooks,
    /// A structure of a feature that is not there yet; not looked into.
    Opaque,
}

/// A value that was read and is allowed.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is the value of the kind of its name")]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Secret(String),
    Texts(Vec<String>),
    Table(BTreeMap<String, i64>),
    Lists(BTreeMap<String, Vec<String>>),
    Tree(Node),
}

impl Kind {
    /// What is allowed, as a phrase: `a whole number from 1 to 65535`.
    pub fn allowed(self) -> String {
        match self {
            Kind::Bool => "true or false".into(),
            Kind::Int(min, i64::MAX) => format!("a whole number from {min}"),
            Kind::Int(min, max) => format!("a whole number from {min} to {max}"),
            Kind::Float(min, f64::MAX) => format!("a number from {min}"),
            Kind::Float(min, max) => format!("a number from {min} to {max}"),
            Kind::Between(min, f64::MAX) => format!("a number above {min}"),
            Kind::Between(min, max) => format!("a number above {min} and below {max}"),
            Kind::Bytes(min, max) => format!("from {} to {}", bytes_text(min), bytes_text(max)),
            Kind::Text | Kind::Secret => "text".into(),
            Kind::Choice(words) => words.join(", "),
            Kind::Address => "an IP address".into(),
            Kind::Severity => "0 to 6 or a severity's name".into(),
            Kind::Rate => super::rate::ALLOWED.into(),
            Kind::Texts => "a list of texts".into(),
            Kind::Table(min, _) => format!("names with whole numbers from {min}"),
            Kind::Lists => "names with lists of texts".into(),
            Kind::Sources | Kind::Webhooks => "a list of entries".into(),
            Kind::Opaque => "a structure".into(),
        }
    }

    /// Reads a value. The error says what it is and what is allowed, without naming the key.
    pub fn read(self, node: &Node) -> Result<Value, String> {
        let retyped;
        let node = match (&node.value, self) {
            (_, Kind::Text | Kind::Secret | Kind::Opaque | Kind::Sources | Kind::Webhooks) => node,
            (Yaml::Text(text), _) if node.substituted => {
                retyped = retype(text, node);
                &retyped
            }
            _ => node,
        };
        match (self, &node.value) {
            (Kind::Opaque | Kind::Sources | Kind::Webhooks, Yaml::Null) => Ok(Value::Null),
            (Kind::Opaque | Kind::Sources | Kind::Webhooks, _) => Ok(Value::Tree(node.clone())),
            (_, Yaml::Null) => Ok(Value::Null),
            (Kind::Bool, value) => boolean(value).ok_or_else(|| self.refuse(value)),
            (Kind::Int(min, max), Yaml::Int(n)) if (min..=max).contains(n) => Ok(Value::Int(*n)),
            (Kind::Float(..) | Kind::Between(..), value) => self.float(value),
            (Kind::Bytes(min, max), value) => bytes(value)
                .filter(|n| (min..=max).contains(n))
                .and_then(|n| i64::try_from(n).ok())
                .map(Value::Int)
                .ok_or_else(|| self.refuse(value)),
            (Kind::Text, Yaml::Text(text)) => Ok(Value::Text(text.clone())),
            (Kind::Secret, Yaml::Text(text)) => Ok(Value::Secret(text.clone())),
            (Kind::Secret, _) => Err("must be text; put it in quotes".into()),
            (Kind::Text, Yaml::Int(_) | Yaml::Float(_) | Yaml::Bool(_)) => {
                Err(format!("{}; put it in quotes", self.refuse(&node.value)))
            }
            (Kind::Choice(words), Yaml::Text(text)) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(text));
                word.map(|word| Value::Text((*word).to_owned())).ok_or_else(|| {
                    let near = nearest(text, words.iter().copied()).map(meant).unwrap_or_default();
                    format!("{}{near}", self.refuse(&node.value))
                })
            }
            (Kind::Address, Yaml::Text(text)) if text.parse::<IpAddr>().is_ok() => {
                Ok(Value::Text(text.clone()))
            }
            (Kind::Rate, Yaml::Text(text)) if super::rate::Rate::parse(text).is_ok() => {
                Ok(Value::Text(text.clone()))
            }
            (Kind::Severity, value) => severity(value).ok_or_else(|| self.refuse(value)),
            (Kind::Texts, Yaml::List(items)) => self.texts(items),
            (Kind::Texts, Yaml::Text(text)) if node.substituted => {
                Ok(Value::Texts(vec![text.clone()]))
            }
            (Kind::Table(min, max), Yaml::Map(entries)) => {
                let mut table = BTreeMap::new();
                for (name, value) in entries {
                    match Kind::Int(min, max).read(value) {
                        Ok(Value::Int(n)) => drop(table.insert(name.text.clone(), n)),
                        Ok(_) => return Err(format!("`{}` has no value", name.text)),
                        Err(message) => return Err(format!("`{}` {message}", name.text)),
                    }
                }
                Ok(Value::Table(table))
            }
            (Kind::Lists, Yaml::Map(entries)) => self.lists(entries),
            (_, value) => Err(self.refuse(value)),
        }
    }

    fn lists(self, entries: &[(document::Name, Node)]) -> Result<Value, String> {
        let mut lists = BTreeMap::new();
        for (name, value) in entries {
            let texts = match &value.value {
                Yaml::Text(text) => Ok(vec![text.clone()]),
                Yaml::List(items) => self.texts(items).map(|value| match value {
                    Value::Texts(texts) => texts,
                    _ => Vec::new(),
                }),
                other => Err(format!("is {}; allowed: a list of texts", describe(other))),
            };
            let texts = texts.map_err(|message| format!("`{}` {message}", name.text))?;
            lists.insert(name.text.clone(), texts);
        }
        Ok(Value::Lists(lists))
    }

    fn float(self, value: &Yaml) -> Result<Value, String> {
        let number = match value {
            Yaml::Int(n) => *n as f64,
            Yaml::Float(n) => *n,
            other => return Err(self.refuse(other)),
        };
        let fits = match self {
            Kind::Between(min, max) => min < number && number < max,
            Kind::Float(min, max) => (min..=max).contains(&number),
            _ => false,
        };
        if fits { Ok(Value::Float(number)) } else { Err(self.refuse(value)) }
    }

    fn texts(self, items: &[Node]) -> Result<Value, String> {
        let texts = items.iter().enumerate().map(|(index, item)| match &item.value {
            Yaml::Text(text) => Ok(text.clone()),
            other => Err(format!("entry {} is {}; allowed: text", index + 1, describe(other))),
        });
        texts.collect::<Result<_, _>>().map(Value::Texts)
    }

    /// `is 99999; allowed: a whole number from 0 to 65535`.
    fn refuse(self, value: &Yaml) -> String {
        format!("is {}; allowed: {}", describe(value), self.allowed())
    }
}

/// `; did you mean x?`
pub fn meant(name: &str) -> String {
    format!("; did you mean `{name}`?")
}

/// A value as messages show it, shortened and without control characters.
pub fn describe(value: &Yaml) -> String {
    match value {
        Yaml::Bool(value) => value.to_string(),
        Yaml::Int(value) => value.to_string(),
        Yaml::Float(value) => value.to_string(),
        Yaml::Text(text) => {
            let neutral = seerflow_model::text::neutral(text);
            format!("\"{}\"", seerflow_model::text::shorten(&neutral, 80))
        }
        other => other.kind().to_owned(),
    }
}

/// Reads a substituted text again, as YAML would have read it unquoted.
fn retype(text: &str, node: &Node) -> Node {
    let trimmed = text.trim();
    let simple = !trimmed.contains(['\n', '&', '*', '!', '#']);
    match document::parse(trimmed) {
        Ok(parsed) if simple && !matches!(parsed.value, Yaml::Map(_)) => {
            Node { mark: node.mark, value: parsed.value, substituted: true }
        }
        _ => node.clone(),
    }
}

fn boolean(value: &Yaml) -> Option<Value> {
    match value {
        Yaml::Bool(value) => Some(Value::Bool(*value)),
        // YAML 1.1, which the Python product read, has these too.
        Yaml::Text(text) => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" => Some(Value::Bool(true)),
            "no" | "off" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

fn severity(value: &Yaml) -> Option<Value> {
    let id = match value {
        Yaml::Int(id @ 0..=6) => *id,
        Yaml::Text(word) => i64::from(Severity::from_word(word.as_bytes())?.id()),
        _ => return None,
    };
    Some(Value::Int(id))
}

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

fn bytes(value: &Yaml) -> Option<u64> {
    match value {
        Yaml::Int(n) => u64::try_from(*n).ok(),
        Yaml::Text(text) => {
            let (unit, factor) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
            text.strip_suffix(unit)?.trim().parse::<u64>().ok()?.checked_mul(*factor)
        }
        _ => None,
    }
}

/// A number of bytes in the largest unit that leaves it whole: `256 MiB`.
pub fn bytes_text(n: u64) -> String {
    let (unit, factor) = UNITS
        .into_iter()
        .find(|(_, factor)| n >= *factor && n.is_multiple_of(*factor))
        .unwrap_or(("B", 1));
    format!("{} {unit}", n / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, yaml: &str) -> Result<Value, String> {
        kind.read(&document::parse(yaml).unwrap())
    }

    fn read_variable(kind: Kind, text: &str) -> Result<Value, String> {
        let mut node = document::parse("x").unwrap();
        node.value = Yaml::Text(text.into());
        node.substituted = true;
        kind.read(&node)
    }

    #[test]
    fn reads_what_is_allowed() {
        let port = Kind::Int(0, 65_535);
        assert_eq!(read(port, "5514"), Ok(Value::Int(5514)));
        assert_eq!(read(Kind::Bool, "off"), Ok(Value::Bool(false)));
        assert_eq!(read(Kind::Between(0.0, 1.0), "1e-4"), Ok(Value::Float(1e-4)));
        assert_eq!(read(Kind::Float(0.0, 9.0), "9"), Ok(Value::Float(9.0)));
        assert_eq!(read(Kind::Bytes(0, u64::MAX), "256 MiB"), Ok(Value::Int(256 << 20)));
        assert_eq!(read(Kind::Bytes(0, u64::MAX), "17"), Ok(Value::Int(17)));
        assert_eq!(read(Kind::Severity, "warning"), Ok(Value::Int(3)));
        assert_eq!(read(Kind::Texts, "[a, b]"), Ok(Value::Texts(vec!["a".into(), "b".into()])));
        let lists = BTreeMap::from([
            ("a".into(), vec!["x".into(), "y".into()]),
            ("b".into(), vec!["z".into()]),
        ]);
        assert_eq!(read(Kind::Lists, "{a: [x, y], b: z}"), Ok(Value::Lists(lists)));
        let wrong = read(Kind::Lists, "{a: [x, 1]}").unwrap_err();
        assert_eq!(wrong, "`a` entry 2 is 1; allowed: text");
        assert_eq!(read(Kind::Choice(&["INFO"]), "info"), Ok(Value::Text("INFO".into())));
        let table = BTreeMap::from([("x".to_owned(), 3)]);
        assert_eq!(read(Kind::Table(1, 9), "{x: 3}"), Ok(Value::Table(table)));
        assert_eq!(read(port, "null"), Ok(Value::Null));
    }

    #[test]
    fn says_the_value_and_what_is_allowed() {
        let port = Kind::Int(0, 65_535);
        for (kind, yaml, message) in [
            (port, "99999", "is 99999; allowed: a whole number from 0 to 65535"),
            (port, "\"5514\"", "is \"5514\"; allowed: a whole number from 0 to 65535"),
            (port, "1.5", "is 1.5; allowed: a whole number from 0 to 65535"),
            (port, "[1]", "is a list; allowed: a whole number from 0 to 65535"),
            (Kind::Bool, "maybe", "is \"maybe\"; allowed: true or false"),
            (Kind::Between(0.0, 1.0), "1", "is 1; allowed: a number above 0 and below 1"),
            (Kind::Address, "localhost", "is \"localhost\"; allowed: an IP address"),
            (
                Kind::Rate,
                "often",
                "is \"often\"; allowed: a number per second, minute, hour or day: 60/minute, \
                 5/10 seconds",
            ),
            (Kind::Text, "5", "is 5; allowed: text; put it in quotes"),
            (Kind::Bytes(1, 1024), "2 KiB", "is \"2 KiB\"; allowed: from 1 B to 1 KiB"),
            (Kind::Texts, "[a, 1]", "entry 2 is 1; allowed: text"),
            (Kind::Table(1, 9), "{x: 0}", "`x` is 0; allowed: a whole number from 1 to 9"),
            (
                Kind::Choice(&["stdout", "stderr"]),
                "sdtout",
                "is \"sdtout\"; allowed: stdout, stderr; did you mean `stdout`?",
            ),
        ] {
            assert_eq!(read(kind, yaml), Err(message.to_owned()));
        }
    }

    #[test]
    fn a_secret_is_not_in_its_message() {
        let message = read(Kind::Secret, "123456").unwrap_err();
        assert!(!message.contains("123456"), "{message}");
    }

    #[test]
    fn variables_take_the_type_that_is_needed() {
        assert_eq!(read_variable(Kind::Int(0, 65_535), "9090"), Ok(Value::Int(9090)));
        assert_eq!(read_variable(Kind::Bool, "true"), Ok(Value::Bool(true)));
        assert_eq!(read_variable(Kind::Text, "9090"), Ok(Value::Text("9090".into())));
        let two = Value::Texts(vec!["/a".into(), "/b".into()]);
        assert_eq!(read_variable(Kind::Texts, "[/a, /b]"), Ok(two));
        assert_eq!(read_variable(Kind::Texts, "/a"), Ok(Value::Texts(vec!["/a".into()])));
        assert_eq!(read_variable(Kind::Bytes(0, 1 << 40), "1 MiB"), Ok(Value::Int(1 << 20)));
        assert!(read_variable(Kind::Int(0, 9), "nine").is_err());
    }

    #[test]
    fn bytes_print_as_they_are_read() {
        for (n, text) in [(0, "0 B"), (1023, "1023 B"), (65_536, "64 KiB"), (1 << 28, "256 MiB")] {
            assert_eq!(bytes_text(n), text);
            assert_eq!(bytes(&Yaml::Text(text.into())), Some(n));
        }
    }
}

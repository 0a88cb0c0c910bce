//! The value of a field that was asked for: what it may be, and what is said when it is not.

use super::ast::{Compare, Node, Part, Term, Test, Value};
use super::fold::fold;
use super::lex::{QueryError, Word, shown};
use super::names::{did_you_mean, needle};
use crate::cli::time_arg::{self, TimeArg};
use seerflow_model::{EntityType, Severity, entity};

/// Syslog facilities by number.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// A field that was asked for.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) word: &'a Word,
}

impl Asked<'_> {
    fn wrong<T>(&self, what: &str) -> Result<T, QueryError> {
        let message = format!("{}: {} {what}", self.name, shown(&self.word.text));
        Err(QueryError::new(self.word.value_column, message))
    }

    fn no_compare(&self) -> Result<(), QueryError> {
        match self.word.compare {
            None => Ok(()),
            Some(_) => {
                self.wrong("cannot be compared with < or >; a value or `prefix*` is expected")
            }
        }
    }

    fn plain(&self) -> Result<(), QueryError> {
        match self.word.star {
            false => Ok(()),
            true => self.wrong("cannot end with `*`; a whole value is expected"),
        }
    }

    pub(super) fn value(&self) -> Result<Value, QueryError> {
        self.no_compare()?;
        let text = fold(&self.word.text).into_owned();
        Ok(match (text.is_empty(), self.word.star) {
            (true, true) => Value::There,
            (_, true) => Value::Begins(text),
            (_, false) => Value::Is(text),
        })
    }

    pub(super) fn field(&self, name: String) -> Result<Term, QueryError> {
        if name.is_empty() {
            return self.wrong("has no name of a field before it");
        }
        let test = match self.word.compare {
            None => Test::Value(self.value()?),
            Some(compare) => Test::Number(compare, self.number()?),
        };
        Ok(Term::Field(name, test))
    }

    pub(super) fn message(&self) -> Result<Term, QueryError> {
        self.no_compare()?;
        if self.word.text.is_empty() && self.word.star {
            return Ok(Term::Part(Part::Message, Value::There));
        }
        match needle(self.word) {
            Some(needle) => Ok(Term::Message(needle)),
            None => self.wrong("is nothing to look for; a word or a phrase is expected"),
        }
    }

    pub(super) fn severity(&self) -> Result<Node, QueryError> {
        if self.word.text.is_empty() && self.word.star {
            return Ok(Node::All);
        }
        self.plain()?;
        let text = &self.word.text;
        let number = text.parse::<u8>().ok().filter(|id| *id <= 6).map(Severity::from_id);
        let names = Severity::ALL.map(|s| s.name().to_ascii_lowercase());
        let Some(severity) = number.or_else(|| Severity::from_word(text.as_bytes())) else {
            let near = did_you_mean(text, &names.each_ref().map(String::as_str));
            return self
                .wrong(&format!("is no severity; allowed: {} or 0 to 6{near}", names.join(", ")));
        };
        let compare = self.word.compare.unwrap_or(Compare::Is);
        Ok(Node::Is(Term::Severity(compare, severity)))
    }

    pub(super) fn template(&self) -> Result<Term, QueryError> {
        self.no_compare()?;
        self.plain()?;
        match self.word.text.parse() {
            Ok(id) => Ok(Term::Template(id)),
            Err(_) => self.wrong("is no id of a template; a whole number is expected"),
        }
    }

    pub(super) fn one_of<T: Copy>(&self, values: &[(&str, T)]) -> Result<T, QueryError> {
        self.no_compare()?;
        self.plain()?;
        let text = self.word.text.to_ascii_lowercase();
        match values.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => Ok(*value),
            None => {
                let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
                let near = did_you_mean(&text, &names);
                self.wrong(&format!("is not allowed; allowed: {}{near}", names.join(", ")))
            }
        }
    }

    pub(super) fn facility(&self) -> Result<Term, QueryError> {
        self.plain()?;
        let text = self.word.text.to_ascii_lowercase();
        let compare = self.word.compare.unwrap_or(Compare::Is);
        let by_name = || FACILITIES.iter().position(|name| *name == text).map(|at| at as u8);
        match text.parse::<u8>().ok().filter(|id| *id < 24).or_else(by_name) {
            Some(id) => Ok(Term::Facility(compare, id)),
            None => {
                let near = did_you_mean(&text, &FACILITIES);
                self.wrong(&format!(
                    "is no facility; allowed: {} or 0 to 23{near}",
                    FACILITIES.join(", ")
                ))
            }
        }
    }

    pub(super) fn time(&self) -> Result<Term, QueryError> {
        self.plain()?;
        let Some(compare) = self.word.compare else {
            return self
                .wrong("needs a comparison: time:>=2026-03-15 or time:<2026-03-15T03:14:00Z");
        };
        match time_arg::parse(&self.word.text) {
            Ok(TimeArg::At(ns)) => Ok(Term::Time(compare, ns)),
            _ => self.wrong(
                "is no time; allowed: 2026-03-15, 2026-03-15T03:14:00Z, \"2026-03-15 03:14\"",
            ),
        }
    }

    pub(super) fn number(&self) -> Result<f64, QueryError> {
        self.plain()?;
        match self.word.text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => self.wrong("is no number; a number is expected after a comparison"),
        }
    }

    pub(super) fn uuid(&self) -> Result<uuid::Uuid, QueryError> {
        self.no_compare()?;
        self.plain()?;
        match self.word.text.parse() {
            Ok(id) => Ok(id),
            Err(_) => {
                self.wrong("is no UUID; entities by value are found as user:bob or ip:192.0.2.1")
            }
        }
    }

    pub(super) fn entity(&self, kind: EntityType) -> Result<Term, QueryError> {
        self.no_compare()?;
        if self.word.star {
            return Ok(Term::EntityPrefix(kind, fold(&self.word.text).into_owned()));
        }
        match entity::canonical(kind, &self.word.text, "") {
            Some(value) => Ok(Term::Entity(kind, value.into_owned())),
            None => self.wrong(&format!("cannot be an entity of type {}", kind.name())),
        }
    }
}

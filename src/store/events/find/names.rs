//! Names of fields in a query, and what their values may be.

use super::ast::{Compare, Node, Part, Term, Test, Value};
use super::fold::fold;
use super::lex::{QueryError, Word, shown};
use crate::cli::time_arg::{self, TimeArg};
use crate::config::problem::nearest;
use crate::store::events::Needle;
use seerflow_model::{Activity, EntityType, Flags, Format, Outcome, Severity, entity};

/// Fields that every event has; other names are those of structured fields.
pub const NAMES: [&str; 21] = [
    "message",
    "host",
    "program",
    "source",
    "source_type",
    "severity",
    "template",
    "format",
    "tag",
    "facility",
    "pid",
    "msgid",
    "trace_id",
    "span_id",
    "activity",
    "outcome",
    "time",
    "score",
    "entity",
    "event",
    "field",
];

/// Syslog facilities by number.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// Activities by the name in JSON.
const ACTIVITIES: [(&str, Activity); 12] = [
    ("other", Activity::Other),
    ("login", Activity::Login),
    ("logout", Activity::Logout),
    ("privilege_use", Activity::PrivilegeUse),
    ("process_start", Activity::ProcessStart),
    ("account_change", Activity::AccountChange),
    ("network_connection", Activity::NetworkConnection),
    ("web_request", Activity::WebRequest),
    ("dns_query", Activity::DnsQuery),
    ("file_access", Activity::FileAccess),
    ("service_change", Activity::ServiceChange),
    ("database_activity", Activity::DatabaseActivity),
];

const OUTCOMES: [(&str, Outcome); 3] =
    [("unknown", Outcome::Unknown), ("success", Outcome::Success), ("failure", Outcome::Failure)];

/// What a word asks.
pub(super) fn term(word: &Word, column: usize) -> Result<Node, QueryError> {
    let Some(field) = &word.field else {
        if word.text.is_empty() && word.star {
            return Ok(Node::All);
        }
        return needle(word).map(|needle| Node::Is(Term::Text(needle))).ok_or_else(|| {
            QueryError::new(column, "nothing is looked for; a word or a phrase is expected")
        });
    };
    let name = field.to_ascii_lowercase();
    let asked = Asked { name: &name, word };
    if let Some(part) = part(&name) {
        return asked.value().map(|value| Node::Is(Term::Part(part, value)));
    }
    if let Some(kind) = entity_type(&name, column)? {
        return asked.entity(kind).map(Node::Is);
    }
    Ok(Node::Is(match name.as_str() {
        "message" => asked.message()?,
        "severity" => return asked.severity(),
        "template" | "template_id" => asked.template()?,
        "format" => Term::Format(asked.one_of(Format::ALL.map(|f| (f.name(), f)).as_slice())?),
        "tag" | "tags" => Term::Tag(asked.one_of(&tags())?),
        "activity" => Term::Activity(asked.one_of(&ACTIVITIES)?),
        "outcome" => Term::Outcome(asked.one_of(&OUTCOMES)?),
        "facility" => asked.facility()?,
        "time" => asked.time()?,
        "score" => {
            let compare = word.compare.unwrap_or(Compare::Is);
            Term::Score(compare, asked.number()?)
        }
        "entity" => Term::EntityId(asked.uuid()?),
        "event" | "event_id" => Term::EventId(asked.uuid()?),
        _ => {
            let name = name.strip_prefix("field.").unwrap_or(&name);
            asked.field(fold(name).into_owned())?
        }
    }))
}

fn needle(word: &Word) -> Option<Needle> {
    if word.star { Needle::prefix(&word.text) } else { Needle::phrase(&word.text) }
}

fn part(name: &str) -> Option<Part> {
    Some(match name {
        "host" => Part::Host,
        "program" => Part::Program,
        "source" => Part::Source,
        "source_type" => Part::SourceType,
        "pid" => Part::Pid,
        "msgid" => Part::Msgid,
        "trace_id" => Part::TraceId,
        "span_id" => Part::SpanId,
        _ => return None,
    })
}

/// The type of entity that a name means: `user`, `entity.host` …; `host` alone is the header's.
fn entity_type(name: &str, column: usize) -> Result<Option<EntityType>, QueryError> {
    let of = |name: &str| EntityType::ALL.into_iter().find(|kind| kind.name() == name);
    let Some(named) = name.strip_prefix("entity.") else { return Ok(of(name)) };
    let names = EntityType::ALL.map(EntityType::name);
    of(named).map(Some).ok_or_else(|| {
        let near = did_you_mean(named, &names);
        let message =
            format!("{} is no type of entity; allowed: {}{near}", shown(named), names.join(", "));
        QueryError::new(column, message)
    })
}

fn tags() -> Vec<(&'static str, Flags)> {
    let bits = (0..16).map(|bit| Flags(1 << bit));
    bits.filter_map(|flag| Some((flag.names().next()?, flag))).collect()
}

fn did_you_mean(written: &str, names: &[&str]) -> String {
    let near = nearest(written, names.iter().copied());
    near.map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}

/// What a structured field was perhaps meant to be, for when nothing is found.
pub fn hints(node: &Node) -> Vec<String> {
    let kinds = EntityType::ALL.map(EntityType::name);
    let known: Vec<&str> = NAMES.into_iter().chain(kinds).collect();
    let mut hints = Vec::new();
    for term in node.terms() {
        if let Term::Field(name, _) = term
            && let Some(near) = nearest(name, known.iter().copied())
            && near != name
        {
            hints.push(format!(
                "{} was taken as the name of a structured field; did you mean {near}?",
                shown(name)
            ));
        }
    }
    hints
}

/// A field that was asked for.
struct Asked<'a> {
    name: &'a str,
    word: &'a Word,
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

    fn value(&self) -> Result<Value, QueryError> {
        self.no_compare()?;
        let text = fold(&self.word.text).into_owned();
        Ok(match (text.is_empty(), self.word.star) {
            (true, true) => Value::There,
            (_, true) => Value::Begins(text),
            (_, false) => Value::Is(text),
        })
    }

    fn field(&self, name: String) -> Result<Term, QueryError> {
        if name.is_empty() {
            return self.wrong("has no name of a field before it");
        }
        let test = match self.word.compare {
            None => Test::Value(self.value()?),
            Some(compare) => Test::Number(compare, self.number()?),
        };
        Ok(Term::Field(name, test))
    }

    fn message(&self) -> Result<Term, QueryError> {
        self.no_compare()?;
        if self.word.text.is_empty() && self.word.star {
            return Ok(Term::Part(Part::Message, Value::There));
        }
        match needle(self.word) {
            Some(needle) => Ok(Term::Message(needle)),
            None => self.wrong("is nothing to look for; a word or a phrase is expected"),
        }
    }

    fn severity(&self) -> Result<Node, QueryError> {
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

    fn template(&self) -> Result<Term, QueryError> {
        self.no_compare()?;
        self.plain()?;
        match self.word.text.parse() {
            Ok(id) => Ok(Term::Template(id)),
            Err(_) => self.wrong("is no id of a template; a whole number is expected"),
        }
    }

    fn one_of<T: Copy>(&self, values: &[(&str, T)]) -> Result<T, QueryError> {
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

    fn facility(&self) -> Result<Term, QueryError> {
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

    fn time(&self) -> Result<Term, QueryError> {
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

    fn number(&self) -> Result<f64, QueryError> {
        self.plain()?;
        match self.word.text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => self.wrong("is no number; a number is expected after a comparison"),
        }
    }

    fn uuid(&self) -> Result<uuid::Uuid, QueryError> {
        self.no_compare()?;
        self.plain()?;
        match self.word.text.parse() {
            Ok(id) => Ok(id),
            Err(_) => {
                self.wrong("is no UUID; entities by value are found as user:bob or ip:192.0.2.1")
            }
        }
    }

    fn entity(&self, kind: EntityType) -> Result<Term, QueryError> {
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

//! Names of fields in a query, and what their values may be.

use super::asked::Asked;
use super::ast::{Compare, Node, Part, Term};
use super::fold::fold;
use super::lex::{QueryError, Word, shown};
use crate::config::problem::nearest;
use crate::store::events::Needle;
use seerflow_model::{Activity, EntityType, Flags, Format, Outcome};

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

/// What a word looks for.
pub(super) fn needle(word: &Word) -> Option<Needle> {
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

/// The nearest of some names as the end of a message.
pub(super) fn did_you_mean(written: &str, names: &[&str]) -> String {
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

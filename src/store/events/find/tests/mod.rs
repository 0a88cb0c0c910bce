//! Tests of the search.

mod answers;
mod fits;
mod grammar;
mod oracle;
mod stores;
pub(super) mod support;

use super::{Part, Term, Test, Value};

/// A term as a short text, to be compared.
fn term(term: &Term) -> String {
    let value = |name: &str, value: &Value| match value {
        Value::Is(text) => format!("{name}={text}"),
        Value::Begins(text) => format!("{name}^{text}"),
        Value::There => format!("{name} there"),
    };
    let needle = |name: &str, needle: &crate::store::events::Needle| {
        let star = if *needle == crate::store::events::Needle::phrase(needle.text()).unwrap() {
            ""
        } else {
            "*"
        };
        format!("{name}:{}{star}", needle.text())
    };
    match term {
        Term::Text(text) => needle("text", text),
        Term::Message(text) => needle("message", text),
        Term::Part(part, is) => value(part_name(*part), is),
        Term::Field(name, Test::Value(is)) => value(name, is),
        Term::Field(name, Test::Number(compare, number)) => format!("{name} {compare:?} {number}"),
        Term::Severity(compare, severity) => format!("severity {compare:?} {severity}"),
        Term::Template(id) => format!("template {id}"),
        Term::Templates(ids) => format!("templates {ids:?}"),
        Term::Format(format) => format!("format {}", format.name()),
        Term::Tag(flags) => format!("tag {}", flags.names().next().unwrap()),
        Term::Activity(activity) => format!("activity {activity:?}"),
        Term::Outcome(outcome) => format!("outcome {}", outcome.name()),
        Term::Facility(compare, id) => format!("facility {compare:?} {id}"),
        Term::Time(compare, ns) => format!("time {compare:?} {ns}"),
        Term::Score(compare, score) => format!("score {compare:?} {score}"),
        Term::Entity(kind, value) => format!("{} {value}", kind.name()),
        Term::EntityPrefix(kind, head) => format!("{}^{head}", kind.name()),
        Term::EntityId(id) => format!("entity {id}"),
        Term::EventId(id) => format!("event {id}"),
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Host => "host",
        Part::Program => "program",
        Part::Source => "source",
        Part::SourceType => "source_type",
        Part::Pid => "pid",
        Part::Msgid => "msgid",
        Part::TraceId => "trace_id",
        Part::SpanId => "span_id",
        Part::Message => "message",
    }
}

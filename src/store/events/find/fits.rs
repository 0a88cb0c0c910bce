//! Whether an event fits a query: the meaning of every term, decided on the event itself.
//!
//! This is the truth that plans over columns and indexes only shorten: where they cannot decide,
//! this does. The text of an event is its record as decoded, and besides each of its parts
//! (message, host, program, values of structured fields) as a text of its own, because a part may
//! have been unescaped, decoded, or cut out of a run.
//!
//! Cost: as long as its terms: a text term searches the record once, some 0.1 µs for a line.

use super::ast::{Node, Part, Term, Test, Value};
use super::fold::{begins, same};
use crate::store::events::Needle;
use seerflow_model::{EntityRef, Event, entity};

/// An event with what the store knows besides.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The event.
    pub event: &'a Event,
    /// The template that its leaf gave it.
    pub template: u64,
    /// How improbable the most unusual thing about it is; 1 when nothing is.
    pub probability: f64,
}

/// How unusual an event is, from 0 to 1: one minus its probability.
pub fn score(probability: f64) -> f64 {
    1.0 - probability
}

/// Whether an event fits. Templates must be resolved, see [`Node::resolve`].
pub fn fits(node: &Node, row: Row<'_>) -> bool {
    match node {
        Node::All => true,
        Node::Is(term) => fits_term(term, row),
        Node::And(nodes) => nodes.iter().all(|node| fits(node, row)),
        Node::Or(nodes) => nodes.iter().any(|node| fits(node, row)),
        Node::Not(node) => !fits(node, row),
    }
}

fn fits_term(term: &Term, row: Row<'_>) -> bool {
    let event = row.event;
    match term {
        Term::Text(needle) => needle.is_in_event(event),
        Term::Message(needle) => needle.is_in(event.message()),
        Term::Part(part, value) => holds(value, part_of(event, *part)),
        Term::Field(name, test) => event
            .fields
            .iter()
            .any(|f| same(event.get(f.name), name) && passes(test, event.get(f.value))),
        Term::Severity(compare, severity) => compare.holds(event.severity, *severity),
        Term::Template(id) => row.template == *id,
        Term::Templates(ids) => ids.binary_search(&row.template).is_ok(),
        Term::Format(format) => event.format == *format,
        Term::Tag(flag) => event.flags.has(*flag),
        Term::Activity(activity) => event.activity == *activity,
        Term::Outcome(outcome) => event.outcome == *outcome,
        Term::Facility(compare, id) => event.facility.is_some_and(|f| compare.holds(f, *id)),
        Term::Time(compare, ns) => compare.holds(event.about(), *ns),
        Term::Score(compare, least) => compare.holds(score(row.probability), *least),
        Term::Entity(kind, value) => {
            let key = entity::key(*kind, value);
            event.entities.iter().any(|e| e.kind == *kind && e.key == key)
        }
        Term::EntityPrefix(kind, head) => {
            let fits = |e: &EntityRef| e.kind == *kind && begins(&event.canonical(e), head);
            event.entities.iter().any(fits)
        }
        Term::EntityId(id) => {
            event.entities.iter().any(|e| entity::uuid(e.kind, &event.canonical(e)) == *id)
        }
        Term::EventId(id) => event.id() == *id,
    }
}

/// A part of an event, empty where it has none.
pub(super) fn part_of(event: &Event, part: Part) -> &str {
    match part {
        Part::Host => event.host(),
        Part::Program => event.program(),
        Part::Source => &event.source.name,
        Part::SourceType => &event.source.source_type,
        Part::Pid => event.get(event.pid),
        Part::Msgid => event.get(event.msgid),
        Part::TraceId => event.get(event.trace_id),
        Part::SpanId => event.get(event.span_id),
        Part::Message => event.message(),
    }
}

/// Whether a string is what it must be.
pub(super) fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::Is(folded) => same(text, folded),
        Value::Begins(folded) => begins(text, folded),
        Value::There => !text.is_empty(),
    }
}

fn passes(test: &Test, text: &str) -> bool {
    match test {
        // A structured field that is there may be empty.
        Test::Value(Value::There) => true,
        Test::Value(value) => holds(value, text),
        Test::Number(compare, number) => {
            text.trim().parse::<f64>().is_ok_and(|value| compare.holds(value, *number))
        }
    }
}

/// What a text holds that holds this value as one of its parts; `None` when that may be anything.
pub(super) fn needle_of(value: &Value) -> Option<Needle> {
    match value {
        Value::Is(text) => Needle::phrase(text),
        Value::Begins(text) => Needle::prefix(text),
        Value::There => None,
    }
}

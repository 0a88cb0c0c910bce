//! A query in the form in which it is asked: terms joined by and, or and not.
//!
//! Every term says of one event whether it fits, see [`super::fits`]. Texts in terms are folded
//! already, values of closed lists (severities, formats, tags) are resolved already: nothing is
//! parsed again per event.

use crate::store::events::Needle;
use seerflow_model::time::Ns;
use seerflow_model::{Activity, EntityType, Flags, Format, Outcome, Severity};
use uuid::Uuid;

/// A query.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Node {
    /// Every event.
    #[default]
    All,
    /// Events that a term fits.
    Is(Term),
    /// Events that fit all of these.
    And(Vec<Node>),
    /// Events that fit at least one of these.
    Or(Vec<Node>),
    /// Events that do not fit.
    Not(Box<Node>),
}

/// What is asked of one event.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A word or phrase anywhere in its text.
    Text(Needle),
    /// A word or phrase in its message.
    Message(Needle),
    /// A part of it that is a string.
    Part(Part, Value),
    /// A structured field: its name folded, and its value.
    Field(String, Test),
    /// How bad it is.
    Severity(Compare, Severity),
    /// Its template, before aliases are known.
    Template(u64),
    /// Its template is one of these, in ascending order.
    Templates(Vec<u64>),
    /// The format it was read in.
    Format(Format),
    /// It bears this tag.
    Tag(Flags),
    /// What kind of thing it reports.
    Activity(Activity),
    /// How that went.
    Outcome(Outcome),
    /// Its syslog facility.
    Facility(Compare, u8),
    /// The time it speaks of.
    Time(Compare, Ns),
    /// Its score.
    Score(Compare, f64),
    /// An entity of it, by type and canonical value.
    Entity(EntityType, String),
    /// An entity of it, by type and the folded beginning of its canonical value.
    EntityPrefix(EntityType, String),
    /// An entity of it, by id.
    EntityId(Uuid),
    /// Itself, by id.
    EventId(Uuid),
}

/// Parts of an event that are strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Header host.
    Host,
    /// Program.
    Program,
    /// Name of its source.
    Source,
    /// Type of its source.
    SourceType,
    /// Process id.
    Pid,
    /// MSGID.
    Msgid,
    /// Trace id.
    TraceId,
    /// Span id.
    SpanId,
    /// Message; asked only whether there is one.
    Message,
}

/// What a string must be. Texts are folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This, case apart.
    Is(String),
    /// Begin with this, case apart.
    Begins(String),
    /// Not empty.
    There,
}

/// What the value of a structured field must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// As a string.
    Value(Value),
    /// A number that compares so.
    Number(Compare, f64),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Equal.
    Is,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
}

impl Compare {
    /// Whether `a` compares so with `b`; nothing compares with what is not a number.
    pub fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Compare::Is => a == b,
            Compare::Less => a < b,
            Compare::AtMost => a <= b,
            Compare::Greater => a > b,
            Compare::AtLeast => a >= b,
        }
    }
}

impl Node {
    /// Both, as flat as it can be.
    pub fn and(self, other: Node) -> Node {
        match (self, other) {
            (Node::All, node) | (node, Node::All) => node,
            (Node::And(mut all), Node::And(more)) => {
                all.extend(more);
                Node::And(all)
            }
            (Node::And(mut all), node) => {
                all.push(node);
                Node::And(all)
            }
            (node, Node::And(mut all)) => {
                all.insert(0, node);
                Node::And(all)
            }
            (a, b) => Node::And(vec![a, b]),
        }
    }

    /// Puts in the place of each template those that are the same one by now.
    pub fn resolve(&self, all_of: &dyn Fn(u64) -> Vec<u64>) -> Node {
        let each = |nodes: &[Node]| nodes.iter().map(|node| node.resolve(all_of)).collect();
        match self {
            Node::Is(Term::Template(id)) => {
                let mut ids = all_of(*id);
                ids.push(*id);
                ids.sort_unstable();
                ids.dedup();
                Node::Is(Term::Templates(ids))
            }
            Node::All | Node::Is(_) => self.clone(),
            Node::And(nodes) => Node::And(each(nodes)),
            Node::Or(nodes) => Node::Or(each(nodes)),
            Node::Not(node) => Node::Not(Box::new(node.resolve(all_of))),
        }
    }

    /// All its terms.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Node::All => Vec::new(),
            Node::Is(term) => vec![term],
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().flat_map(Node::terms).collect(),
            Node::Not(node) => node.terms(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(bit: u16) -> Node {
        Node::Is(Term::Tag(Flags(bit)))
    }

    #[test]
    fn joins_flatly() {
        let two = tag(1).and(tag(2));
        assert_eq!(Node::All.and(two.clone()).and(Node::All), two);
        assert_eq!(two.clone().and(tag(3)), Node::And(vec![tag(1), tag(2), tag(3)]));
        assert_eq!(tag(0).and(two.clone()), Node::And(vec![tag(0), tag(1), tag(2)]));
        assert_eq!(two.clone().and(two.clone()).terms().len(), 4);
    }

    #[test]
    fn puts_aliases_in() {
        let ask = |id| Node::Not(Box::new(Node::Is(Term::Template(id))));
        let all_of = |id| if id == 7 { vec![9, 3] } else { Vec::new() };
        let ids = |node: Node| match node.terms()[0] {
            Term::Templates(ids) => ids.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(ids(ask(7).resolve(&all_of)), [3, 7, 9]);
        assert_eq!(ids(ask(8).resolve(&all_of)), [8]);
    }

    #[test]
    fn what_is_no_number_never_compares() {
        let all = [Compare::Is, Compare::Less, Compare::AtMost, Compare::Greater, Compare::AtLeast];
        assert!(all.iter().all(|compare| !compare.holds(f64::NAN, 1.0)));
        let held = |a, b| all.map(|compare| compare.holds(a, b));
        assert_eq!(held(1, 2), [false, true, true, false, false]);
        assert_eq!(held(2, 2), [true, false, true, false, true]);
        assert_eq!(held(3, 2), [false, false, false, true, true]);
    }
}

//! What a part knows of a query without reading events.
//!
//! For every part a query gives two sets of rows: those that fit for certain, and those that may.
//! Columns decide terms exactly; text and structured fields are narrowed by the token filter and
//! the search over the coded records. And, or and not of such pairs are pairs again (not turns
//! them around), so any query can be narrowed, and only the rows between the two sets have to be
//! read.
//!
//! Invariants: sure ⊆ may; a row outside of `may` never fits; a row in `sure` always does.
//!
//! Cost: a part that the filters rule out costs some look-ups; else a column per term, cheap
//! terms first, and a later term of an "and" looks only at the rows that are left.

use super::ast::{Compare, Node, Part as Column, Term, Test, Value};
use super::terms::term_rows;
use crate::store::events::{Part, Result};
use roaring::RoaringBitmap;
use seerflow_model::{Ns, Severity, entity};

/// Rows of a part that fit for certain, and rows that may.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fit {
    pub sure: RoaringBitmap,
    pub may: RoaringBitmap,
}

impl Fit {
    pub(super) fn exact(rows: RoaringBitmap) -> Fit {
        Fit { sure: rows.clone(), may: rows }
    }

    pub(super) fn perhaps(may: RoaringBitmap) -> Fit {
        Fit { sure: RoaringBitmap::new(), may }
    }

    /// Rows that only reading decides.
    pub(super) fn open(&self) -> RoaringBitmap {
        &self.may - &self.sure
    }
}

/// A query whose terms stand in the order in which they are looked at.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub node: Node,
}

impl Plan {
    pub(super) fn new(node: Node) -> Plan {
        Plan { node: ordered(node) }
    }

    /// The rows of a part that fit and may fit.
    pub(super) fn on(&self, part: &Part) -> Result<Fit> {
        if !may_fit(&self.node, part)? {
            return Ok(Fit::default());
        }
        let all: RoaringBitmap = (0..part.rows()).collect();
        rows(&self.node, part, &all)
    }

    /// Whether every row of a part fits, as far as is known without looking at rows.
    pub(super) fn all_of(&self, part: &Part) -> bool {
        all_fit(&self.node, part)
    }
}

fn ordered(node: Node) -> Node {
    let each = |nodes: Vec<Node>| {
        let mut nodes: Vec<Node> = nodes.into_iter().map(ordered).collect();
        nodes.sort_by_key(cost);
        nodes
    };
    match node {
        Node::And(nodes) => Node::And(each(nodes)),
        Node::Or(nodes) => Node::Or(each(nodes)),
        Node::Not(node) => Node::Not(Box::new(ordered(*node))),
        node => node,
    }
}

/// How dear it is to look at, in steps.
fn cost(node: &Node) -> u8 {
    match node {
        Node::All => 0,
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().map(cost).max().unwrap_or(0),
        Node::Not(node) => cost(node),
        Node::Is(term) => match term {
            Term::Time(..) | Term::Severity(..) => 0,
            Term::Part(Column::Host | Column::Program | Column::Source | Column::SourceType, _)
            | Term::Template(_)
            | Term::Templates(_)
            | Term::Format(_)
            | Term::Tag(_)
            | Term::Score(..) => 1,
            Term::Entity(..) | Term::EntityPrefix(..) | Term::EntityId(_) => 2,
            Term::Text(_) => 3,
            Term::Message(_) | Term::Part(..) | Term::Field(..) => 4,
            Term::EventId(_) | Term::Facility(..) | Term::Activity(_) | Term::Outcome(_) => 5,
        },
    }
}

/// Whether a row may fit, by what is known of the part as a whole; a "no" is certain.
fn may_fit(node: &Node, part: &Part) -> Result<bool> {
    Ok(match node {
        Node::Is(term) => may_fit_term(term, part)?,
        Node::And(nodes) => {
            for node in nodes {
                if !may_fit(node, part)? {
                    return Ok(false);
                }
            }
            true
        }
        Node::Or(nodes) => {
            for node in nodes {
                if may_fit(node, part)? {
                    return Ok(true);
                }
            }
            false
        }
        Node::All | Node::Not(_) => true,
    })
}

fn may_fit_term(term: &Term, part: &Part) -> Result<bool> {
    match term {
        Term::Time(compare, ns) => Ok(some_time(*compare, *ns, part.span())),
        Term::Severity(compare, severity) => {
            Ok(severities(part).any(|found| compare.holds(found, *severity)))
        }
        Term::Text(needle) | Term::Message(needle) => part.may_hold(needle),
        Term::Entity(kind, value) => part.may_hold_entity(entity::key(*kind, value)),
        Term::Part(Column::Source | Column::SourceType | Column::Message, _) => Ok(true),
        Term::Part(_, value) | Term::Field(_, Test::Value(value)) => match value {
            Value::Is(text) if !text.is_empty() => part.may_hold_value(text),
            // The last run may go on, so only those before it are whole.
            Value::Begins(text) => {
                let whole = text.trim_end_matches(char::is_alphanumeric);
                if whole.is_empty() { Ok(true) } else { part.may_hold_value(whole) }
            }
            _ => Ok(true),
        },
        _ => Ok(true),
    }
}

fn severities(part: &Part) -> impl Iterator<Item = Severity> {
    let bits = part.severities();
    Severity::ALL.into_iter().filter(move |severity| bits & (1 << severity.id()) != 0)
}

/// Whether a time in the span, ends included, compares so.
fn some_time(compare: Compare, ns: Ns, (least, greatest): (Ns, Ns)) -> bool {
    match compare {
        Compare::Is => least <= ns && ns <= greatest,
        Compare::Less | Compare::AtMost => compare.holds(least, ns),
        Compare::Greater | Compare::AtLeast => compare.holds(greatest, ns),
    }
}

/// Whether every row of a part fits; a "no" may be wrong.
pub(super) fn all_fit(node: &Node, part: &Part) -> bool {
    match node {
        Node::All => true,
        Node::And(nodes) => nodes.iter().all(|node| all_fit(node, part)),
        Node::Or(nodes) => nodes.iter().any(|node| all_fit(node, part)),
        Node::Is(Term::Time(compare, ns)) => {
            let (least, greatest) = part.span();
            compare.holds(least, *ns) && compare.holds(greatest, *ns)
        }
        Node::Is(Term::Severity(compare, severity)) => {
            severities(part).all(|found| compare.holds(found, *severity))
        }
        Node::Is(_) | Node::Not(_) => false,
    }
}

fn rows(node: &Node, part: &Part, within: &RoaringBitmap) -> Result<Fit> {
    match node {
        Node::All => Ok(Fit::exact(within.clone())),
        Node::Is(term) => term_rows(term, part, within),
        Node::And(nodes) => {
            let mut fit = Fit::exact(within.clone());
            for node in nodes {
                if fit.may.is_empty() {
                    break;
                }
                let found = rows(node, part, &fit.may)?;
                fit.sure &= found.sure;
                fit.may = found.may;
            }
            Ok(fit)
        }
        Node::Or(nodes) => {
            let mut fit = Fit::default();
            for node in nodes {
                if !may_fit(node, part)? {
                    continue;
                }
                // What fits for certain need not be looked at again.
                let found = rows(node, part, &(within - &fit.sure))?;
                fit.sure |= found.sure;
                fit.may |= found.may;
            }
            Ok(fit)
        }
        Node::Not(node) => {
            if !may_fit(node, part)? {
                return Ok(Fit::exact(within.clone()));
            }
            let fit = rows(node, part, within)?;
            Ok(Fit { sure: within - &fit.may, may: within - &fit.sure })
        }
    }
}

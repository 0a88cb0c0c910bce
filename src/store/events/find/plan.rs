//! What a part knows of a query without reading events.
//!
//! For every part a query gives two sets of rows: those that fit for certain, and those that may. Columns decide
//! terms exactly; text and structured fields are narrowed by the token filter and the search over the coded
//! records. And, or and not of such pairs are pairs again (not turns them around), so any query can be narrowed,
//! and only the rows between the two sets have to be read.
//!
//! Invariants: sure ⊆ may; a row outside of `may` never fits; a row in `sure` always does.
//!
//! Cost: a part that the filters rule out costs some look-ups; else a column per term, cheap terms first, and a
//! later term of an "and" looks only at the rows that are left.

use super::ast::{Compare, Node, Part as Column, Term, Test, Value};
use super::fits::{holds, needle_of, score};
use super::fold::begins;
use crate::store::events::{Coded, Hits, Part, Result, format_of};
use roaring::RoaringBitmap;
use seerflow_model::{Flags, Ns, Severity, entity, ids};

/// Rows of a part that fit for certain, and rows that may.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fit {
    pub sure: RoaringBitmap,
    pub may: RoaringBitmap,
}

impl Fit {
    fn exact(rows: RoaringBitmap) -> Fit {
        Fit { sure: rows.clone(), may: rows }
    }

    fn perhaps(may: RoaringBitmap) -> Fit {
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

fn all_fit(node: &Node, part: &Part) -> bool {
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

fn term_rows(term: &Term, part: &Part, within: &RoaringBitmap) -> Result<Fit> {
    if all_fit(&Node::Is(term.clone()), part) {
        return Ok(Fit::exact(within.clone()));
    }
    Ok(match term {
        Term::Text(needle) => hits(part.rows_with(needle)?, within),
        Term::Message(needle) => Fit::perhaps(hits(part.rows_with(needle)?, within).may),
        Term::Part(column, value) => part_rows(*column, value, part, within)?,
        Term::Field(_, Test::Value(value)) => value_rows(value, part, within)?,
        Term::Field(_, Test::Number(..))
        | Term::Facility(..)
        | Term::Activity(_)
        | Term::Outcome(_) => Fit::perhaps(within.clone()),
        Term::Severity(compare, severity) => {
            let column = part.severity()?;
            let fits = |id: &u8| compare.holds(Severity::from_id(*id), *severity);
            Fit::exact(where_of(within, &column, fits))
        }
        Term::Template(id) => coded(within, &part.templates()?, |template| template.id == *id),
        Term::Templates(ids) => {
            coded(within, &part.templates()?, |template| ids.binary_search(&template.id).is_ok())
        }
        Term::Format(format) => {
            Fit::exact(where_of(within, &part.formats()?, |number| format_of(*number) == *format))
        }
        Term::Tag(flag) => {
            Fit::exact(where_of(within, &part.flags()?, |flags| Flags(*flags).has(*flag)))
        }
        Term::Time(compare, ns) => {
            Fit::exact(where_of(within, &part.times()?, |time| compare.holds(*time, *ns)))
        }
        Term::Score(compare, least) => score_rows(*compare, *least, part, within)?,
        Term::Entity(kind, value) => {
            let found = part.entity_rows(entity::key(*kind, value))?;
            Fit::exact(found.into_iter().filter(|row| within.contains(*row)).collect())
        }
        Term::EntityPrefix(kind, head) => {
            who_rows(part, within, |e| e.kind == *kind && begins(&e.value, head))?
        }
        Term::EntityId(id) => who_rows(part, within, |e| entity::uuid(e.kind, &e.value) == *id)?,
        Term::EventId(id) => {
            let (sources, seqs) = (part.sources()?, part.seqs()?);
            let is = |row: u32| {
                let (source, seq) = (sources.get(row), seqs.get(row as usize));
                source.zip(seq).is_some_and(|(source, seq)| ids::event(source.id, *seq) == *id)
            };
            Fit::exact(within.iter().filter(|row| is(*row)).collect())
        }
    })
}

fn hits(hits: Hits, within: &RoaringBitmap) -> Fit {
    let sure = hits.sure & within;
    let may = (hits.maybe & within) | &sure;
    Fit { sure, may }
}

/// A value of a part of the event that has no column: it is in the text, if it is anything.
fn value_rows(value: &Value, part: &Part, within: &RoaringBitmap) -> Result<Fit> {
    match needle_of(value) {
        Some(needle) => Ok(Fit::perhaps(hits(part.rows_with(&needle)?, within).may)),
        None => Ok(Fit::perhaps(within.clone())),
    }
}

fn part_rows(column: Column, value: &Value, part: &Part, within: &RoaringBitmap) -> Result<Fit> {
    Ok(match column {
        Column::Host => coded(within, &part.hosts()?, |host| holds(value, host)),
        Column::Program => coded(within, &part.programs()?, |program| holds(value, program)),
        Column::Source => coded(within, &part.sources()?, |source| holds(value, &source.name)),
        Column::SourceType => {
            coded(within, &part.sources()?, |source| holds(value, &source.source_type))
        }
        Column::Pid | Column::Msgid | Column::TraceId | Column::SpanId | Column::Message => {
            value_rows(value, part, within)?
        }
    })
}

fn where_of<T>(within: &RoaringBitmap, column: &[T], fits: impl Fn(&T) -> bool) -> RoaringBitmap {
    within.iter().filter(|row| column.get(*row as usize).is_some_and(&fits)).collect()
}

fn coded<T>(within: &RoaringBitmap, column: &Coded<T>, fits: impl Fn(&T) -> bool) -> Fit {
    let fits: Vec<bool> = column.values.iter().map(fits).collect();
    if fits.iter().all(|fits| *fits) {
        return Fit::exact(within.clone());
    }
    if !fits.contains(&true) {
        return Fit::default();
    }
    let fits = |code: &u32| fits.get(*code as usize).copied().unwrap_or(false);
    Fit::exact(where_of(within, &column.codes, fits))
}

fn score_rows(compare: Compare, least: f64, part: &Part, within: &RoaringBitmap) -> Result<Fit> {
    let unusual = part.probabilities()?;
    let fits = |p: f64| compare.holds(score(p), least);
    let named = unusual.iter().filter(|(row, _)| within.contains(*row));
    let mut rows: RoaringBitmap =
        named.clone().filter(|(_, p)| fits(*p)).map(|(row, _)| *row).collect();
    if fits(1.0) {
        let named: RoaringBitmap = named.map(|(row, _)| *row).collect();
        rows |= within - named;
    }
    Ok(Fit::exact(rows))
}

fn who_rows(
    part: &Part,
    within: &RoaringBitmap,
    fits: impl Fn(&crate::store::events::Entity) -> bool,
) -> Result<Fit> {
    let who = part.who()?;
    let fits: Vec<bool> = who.entities.iter().map(fits).collect();
    if !fits.contains(&true) {
        return Ok(Fit::default());
    }
    let named = |at: &u32| fits.get(*at as usize).copied().unwrap_or(false);
    let lists: Vec<bool> = who.lists.iter().map(|list| list.iter().any(named)).collect();
    let fits = |code: &u32| lists.get(*code as usize).copied().unwrap_or(false);
    Ok(Fit::exact(where_of(within, &who.codes, fits)))
}

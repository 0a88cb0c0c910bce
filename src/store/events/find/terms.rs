//! The rows of a part that one term fits, from its columns and indexes; see [`super::plan`].

use super::ast::{Compare, Node, Part as Column, Term, Test, Value};
use super::fits::{holds, needle_of, score};
use super::fold::begins;
use super::plan::{Fit, all_fit};
use crate::store::events::{Coded, Entity, Hits, Part, Result, format_of};
use roaring::RoaringBitmap;
use seerflow_model::{Flags, Severity, entity, ids};

/// The rows of some that a term fits, and those that it may fit.
pub(super) fn term_rows(term: &Term, part: &Part, within: &RoaringBitmap) -> Result<Fit> {
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

fn who_rows(part: &Part, within: &RoaringBitmap, fits: impl Fn(&Entity) -> bool) -> Result<Fit> {
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

//! The executor: one page of the events that fit, and how many fit.
//!
//! Parts are looked at in the order of the first time at which they may have an item of the page;
//! a heap keeps the best keys, and when its worst comes before all that the next part can have,
//! the page is certain. Only rows that may still get on the page are read to be judged; what was
//! judged is remembered, so counting reads no row twice. Then the rest is counted, from columns
//! where they decide, until the number is told exactly or is large enough.
//!
//! A question that runs out of its budget is answered with the items that are certain by then and
//! a cursor from which the next one goes on; a part that is damaged is left out and counted.
//! Never is an item given that does not fit, out of order, or twice.

use super::budget::Budget;
use super::cursor::{Cursor, Total};
use super::plan::Plan;
use super::query::{DEPTH_MAX, EventQuery, Key, LIMIT_MAX, Order, Place};
use super::search::{Search, Stop};
use super::{Aliases, FindError, Found, entities};
use crate::store::events::{Part, Snapshot};
use seerflow_model::Ns;
use seerflow_parsing::parser::Parser;
use std::collections::{BTreeSet, BinaryHeap};

/// Parts found damaged, one after the other, before a question is given up.
const DAMAGED_MAX: usize = 64;

/// A page of events.
#[derive(Debug, Default)]
pub struct Page {
    /// The events.
    pub items: Vec<Found>,
    /// How many fit in all; `None` when they were not to be counted.
    pub total: Option<Total>,
    /// From where the next page goes on; `None` when this is the last.
    pub next: Option<Cursor>,
    /// Whether the budget ended before the page was full: `next` goes on from where it ended.
    pub truncated: bool,
    /// Parts that are damaged and were left out.
    pub damaged: usize,
}

/// One page, within the usual budget.
pub fn events(
    snapshot: &Snapshot,
    query: &EventQuery,
    parser: &mut Parser,
    aliases: &dyn Aliases,
) -> Result<Page, FindError> {
    events_within(snapshot, query, parser, aliases, &mut Budget::default())
}

/// One page, within a budget.
pub fn events_within(
    snapshot: &Snapshot,
    query: &EventQuery,
    parser: &mut Parser,
    aliases: &dyn Aliases,
    budget: &mut Budget,
) -> Result<Page, FindError> {
    let digest = query.digest();
    let (offset, after, told) = place(query, digest)?;
    let node = query.node().resolve(&|id| aliases.all_of(id));
    let node = entities::resolve(snapshot, node)?;
    let mut damaged = BTreeSet::new();
    loop {
        let mut search = Search {
            plan: Plan::new(node.clone()),
            order: query.order,
            after,
            keep: offset + query.limit + 1,
            counts: query.count && told.is_none(),
            parser: &mut *parser,
            budget: &mut *budget,
            parts: parts(snapshot, query.order, &damaged),
            heap: BinaryHeap::new(),
            unseen: Vec::new(),
            pending: Vec::new(),
            counted: 0,
        };
        match search.page(query, offset, told, digest) {
            Ok(page) if page.truncated && page.next.is_none() => return Err(FindError::TooLong),
            Ok(mut page) => {
                page.damaged = damaged.len();
                return Ok(page);
            }
            Err(Stop { part, error }) if error.is_damage() && damaged.len() < DAMAGED_MAX => {
                damaged.insert(part);
            }
            Err(Stop { error, .. }) => return Err(error.into()),
        }
    }
}

/// Items to leave out, the key behind which the page begins, and the total when it is known.
fn place(
    query: &EventQuery,
    digest: u64,
) -> Result<(usize, Option<Key>, Option<Total>), FindError> {
    if !(1..=LIMIT_MAX).contains(&query.limit) {
        return Err(FindError::Limit(query.limit));
    }
    match query.place {
        Place::After(cursor) if cursor.digest != digest => Err(FindError::OtherQuery),
        Place::After(cursor) => Ok((0, Some(query.order.turn(cursor.after)), cursor.total)),
        Place::Page(page) => {
            let last = page.checked_mul(query.limit).filter(|last| *last <= DEPTH_MAX);
            match last {
                Some(last) if page > 0 => Ok((last - query.limit, None, None)),
                _ => Err(FindError::Depth(page)),
            }
        }
    }
}

/// A part with the first time at which it may have an item, turned so that less comes first, and
/// the last.
pub(super) struct Candidate<'a> {
    pub(super) part: &'a Part,
    pub(super) index: usize,
    pub(super) first: Ns,
    pub(super) last: Ns,
}

pub(super) fn parts<'a>(
    snapshot: &'a Snapshot,
    order: Order,
    without: &BTreeSet<usize>,
) -> Vec<Candidate<'a>> {
    let all = snapshot.parts().iter().enumerate();
    let all = all.filter(|(index, part)| part.rows() > 0 && !without.contains(index));
    let mut parts: Vec<Candidate<'a>> = all
        .map(|(index, part)| {
            let (least, greatest) = part.span();
            let (a, b) = (order.turn((least, 0, 0)).0, order.turn((greatest, 0, 0)).0);
            Candidate { part, index, first: a.min(b), last: a.max(b) }
        })
        .collect();
    parts.sort_by_key(|candidate| (candidate.first, candidate.index));
    parts
}

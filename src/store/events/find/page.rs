//! The executor: one page of the events that fit, and how many fit.
//!
//! Parts are looked at in the order of the first time at which they may have an item of the page; a heap keeps the
//! best keys, and when its worst comes before all that the next part can have, the page is certain. Only rows that
//! may still get on the page are read to be judged; what was judged is remembered, so counting reads no row twice.
//! Then the rest is counted, from columns where they decide, until the number is told exactly or is large enough.
//!
//! A question that runs out of its budget is answered with the items that are certain by then and a cursor from
//! which the next one goes on; a part that is damaged is left out and counted. Never is an item given that does not
//! fit, out of order, or twice.

use super::budget::Budget;
use super::cursor::{Cursor, Total};
use super::plan::{Fit, Plan};
use super::query::{DEPTH_MAX, EventQuery, Key, LIMIT_MAX, Order, Place, TOTAL_MAX};
use super::reading::Reading;
use super::{Aliases, FindError, Found, entities};
use crate::store::events::{Part, Result as StoreResult, Snapshot};
use roaring::RoaringBitmap;
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

/// A part with the first time at which it may have an item, turned so that less comes first, and the last.
struct Candidate<'a> {
    part: &'a Part,
    index: usize,
    first: Ns,
    last: Ns,
}

fn parts<'a>(
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

/// A key in the heap, turned, with where its row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    key: Key,
    /// Index into `parts` of the search.
    at: usize,
    row: u32,
}

/// An error with the part in which it arose.
struct Stop {
    part: usize,
    error: crate::store::events::StoreError,
}

struct Search<'a, 'p> {
    plan: Plan,
    order: Order,
    after: Option<Key>,
    /// How many keys the heap keeps.
    keep: usize,
    /// Whether all that fit are to be counted.
    counts: bool,
    parser: &'p mut Parser,
    budget: &'p mut Budget,
    parts: Vec<Candidate<'a>>,
    heap: BinaryHeap<Ranked>,
    /// Parts that were not looked at.
    unseen: Vec<usize>,
    /// Parts with rows that nobody judged yet: index into `parts`, what is known.
    pending: Vec<(usize, Fit)>,
    /// Events of parts that are judged.
    counted: u64,
}

impl Search<'_, '_> {
    fn page(
        &mut self,
        query: &EventQuery,
        offset: usize,
        told: Option<Total>,
        digest: u64,
    ) -> Result<Page, Stop> {
        let cut = self.find()?;
        let mut ranked = std::mem::take(&mut self.heap).into_sorted_vec();
        if let Some(cut) = cut {
            // What an unvisited part may come before is not certain.
            ranked.retain(|ranked| ranked.key.0 < cut);
        }
        let total = if self.counts { Some(self.count()?) } else { told.filter(|_| query.count) };
        let more = ranked.len() > offset + query.limit;
        let wanted = ranked.iter().skip(offset).take(query.limit);
        let mut items = Vec::with_capacity(wanted.len());
        for ranked in wanted.clone() {
            let candidate = &self.parts[ranked.at];
            let found = Reading::new(candidate.part).found(ranked.row, self.parser);
            items.push(found.map_err(|error| Stop { part: candidate.index, error })?);
        }
        let last = wanted.last().map(|ranked| ranked.key).filter(|_| more);
        // Everything before the cut was looked at: if that is further than before, it goes on from there.
        let resume = cut.filter(|_| !more && offset == 0).and_then(|cut| cut.checked_sub(1));
        let resume =
            resume.map(|time| (time, u64::MAX, u64::MAX)).filter(|key| Some(*key) > self.after);
        let after = last.or(resume);
        let next = after.map(|key| Cursor { digest, total, after: self.order.turn(key) });
        Ok(Page { items, total, next, truncated: cut.is_some() && !more, damaged: 0 })
    }

    /// Fills the heap. Gives the first time at which a part that was not looked at may have an item, when the
    /// budget ended before all was certain.
    fn find(&mut self) -> Result<Option<Ns>, Stop> {
        let mut looked = false;
        for at in 0..self.parts.len() {
            let Candidate { first, last, index, .. } = self.parts[at];
            let worst = self.heap.peek().filter(|_| self.heap.len() == self.keep);
            let certain = worst.is_some_and(|worst| first > worst.key.0);
            if certain || (looked && self.budget.is_spent()) {
                self.unseen.extend(at..self.parts.len());
                return Ok(Some(first).filter(|_| !certain));
            }
            if self.after.is_some_and(|after| last < after.0) {
                self.unseen.push(at);
                continue;
            }
            looked = true;
            self.visit(at).map_err(|error| Stop { part: index, error })?;
        }
        Ok(None)
    }

    fn visit(&mut self, at: usize) -> StoreResult<()> {
        let mut fit = self.plan.on(self.parts[at].part)?;
        if !fit.may.is_empty() {
            self.rank(at, &mut fit)?;
        }
        if !self.counts {
            return Ok(());
        }
        if fit.sure.len() == fit.may.len() {
            self.counted += fit.sure.len();
        } else {
            self.pending.push((at, fit));
        }
        Ok(())
    }

    /// Puts rows of a part into the heap; rows that had to be judged move in `fit`.
    fn rank(&mut self, at: usize, fit: &mut Fit) -> StoreResult<()> {
        let mut reading = Reading::new(self.parts[at].part);
        let (mut yes, mut no) = (RoaringBitmap::new(), RoaringBitmap::new());
        // Rows are mostly in the order of time, so the best come first and the rest is soon passed over.
        let mut rows = fit.may.iter();
        while let Some(row) = match self.order {
            Order::Oldest => rows.next(),
            Order::Newest => rows.next_back(),
        } {
            let worst = match self.heap.peek() {
                Some(worst) if self.heap.len() == self.keep => Some(worst.key),
                _ => None,
            };
            let time = self.order.turn((reading.time(row)?, 0, 0)).0;
            if worst.is_some_and(|worst| time > worst.0) || self.after.is_some_and(|a| time < a.0) {
                continue;
            }
            let key = self.order.turn(reading.key(row)?);
            if worst.is_some_and(|worst| key > worst) || self.after.is_some_and(|a| key <= a) {
                continue;
            }
            if !fit.sure.contains(row) {
                self.budget.read();
                if !reading.row_fits(&self.plan.node, row, self.parser)? {
                    no.insert(row);
                    continue;
                }
                yes.insert(row);
            }
            self.heap.push(Ranked { key, at, row });
            if self.heap.len() > self.keep {
                self.heap.pop();
            }
        }
        fit.sure |= yes;
        fit.may -= no;
        Ok(())
    }

    /// Counts on from what was counted while the page was found.
    fn count(&mut self) -> Result<Total, Stop> {
        for (at, fit) in std::mem::take(&mut self.pending) {
            if let Some(total) = self.counted_enough() {
                return Ok(total);
            }
            self.judge(at, &fit)?;
        }
        for at in std::mem::take(&mut self.unseen) {
            if let Some(total) = self.counted_enough() {
                return Ok(total);
            }
            let part = self.parts[at].part;
            if self.plan.all_of(part) {
                self.counted += u64::from(part.rows());
                continue;
            }
            let fit = self.plan.on(part);
            let fit = fit.map_err(|error| Stop { part: self.parts[at].index, error })?;
            self.judge(at, &fit)?;
        }
        let events = self.counted;
        Ok(Total { events: events.min(TOTAL_MAX), is_lower_bound: events > TOTAL_MAX })
    }

    /// The total, when no more need or can be counted.
    fn counted_enough(&self) -> Option<Total> {
        let enough = self.counted > TOTAL_MAX || self.budget.is_spent();
        enough.then(|| Total { events: self.counted.min(TOTAL_MAX), is_lower_bound: true })
    }

    fn judge(&mut self, at: usize, fit: &Fit) -> Result<(), Stop> {
        self.counted += fit.sure.len();
        let mut reading = Reading::new(self.parts[at].part);
        for row in fit.open() {
            if self.counted > TOTAL_MAX {
                break;
            }
            self.budget.read();
            let fits = reading.row_fits(&self.plan.node, row, self.parser);
            let fits = fits.map_err(|error| Stop { part: self.parts[at].index, error })?;
            self.counted += u64::from(fits);
        }
        Ok(())
    }
}

//! The search for one page: parts in the order of what they may hold, a heap of the best keys, and
//! then the count; see [`super::page`].

use super::budget::Budget;
use super::cursor::{Cursor, Total};
use super::page::{Candidate, Page};
use super::plan::{Fit, Plan};
use super::query::{EventQuery, Key, Order, TOTAL_MAX};
use super::reading::Reading;
use crate::store::events::{Result as StoreResult, StoreError};
use roaring::RoaringBitmap;
use seerflow_model::Ns;
use seerflow_parsing::parser::Parser;
use std::collections::BinaryHeap;

/// A key in the heap, turned, with where its row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ranked {
    key: Key,
    /// Index into `parts` of the search.
    at: usize,
    row: u32,
}

/// An error with the part in which it arose.
pub(super) struct Stop {
    pub(super) part: usize,
    pub(super) error: StoreError,
}

/// See the module head.
pub(super) struct Search<'a, 'p> {
    pub(super) plan: Plan,
    pub(super) order: Order,
    pub(super) after: Option<Key>,
    /// How many keys the heap keeps.
    pub(super) keep: usize,
    /// Whether all that fit are to be counted.
    pub(super) counts: bool,
    pub(super) parser: &'p mut Parser,
    pub(super) budget: &'p mut Budget,
    pub(super) parts: Vec<Candidate<'a>>,
    pub(super) heap: BinaryHeap<Ranked>,
    /// Parts that were not looked at.
    pub(super) unseen: Vec<usize>,
    /// Parts with rows that nobody judged yet: index into `parts`, what is known.
    pub(super) pending: Vec<(usize, Fit)>,
    /// Events of parts that are judged.
    pub(super) counted: u64,
}

impl Search<'_, '_> {
    /// The page, when all that it needs can be read.
    pub(super) fn page(
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
        let last = wanted.clone().next_back().map(|ranked| ranked.key).filter(|_| more);
        // Everything before the cut was looked at: if that is further than before, it goes on
        // from there.
        let resume = cut.filter(|_| !more && offset == 0).and_then(|cut| cut.checked_sub(1));
        let resume =
            resume.map(|time| (time, u64::MAX, u64::MAX)).filter(|key| Some(*key) > self.after);
        let after = last.or(resume);
        let next = after.map(|key| Cursor { digest, total, after: self.order.turn(key) });
        Ok(Page { items, total, next, truncated: cut.is_some() && !more, damaged: 0 })
    }

    /// Fills the heap. Gives the first time at which a part that was not looked at may have an
    /// item, when the budget ended before all was certain.
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
        // Rows are mostly in the order of time, so the best come first and the rest is soon
        // passed over.
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

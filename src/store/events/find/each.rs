//! All events that fit, one after the other, in order: for exports and whoever needs every one.
//!
//! Parts are opened when their time comes and put together as sorted lists are, so memory holds
//! the parts that overlap, not the store. If more than [`ACTIVE_MAX`] overlap, no more are opened
//! until one ends, and the order is then only nearly that of time. A snapshot does not change, so
//! what is written meanwhile is not among them.

use super::page::{Candidate, parts};
use super::plan::Plan;
use super::query::{EventQuery, Key, Order};
use super::reading::Reading;
use super::{Aliases, FindError, Found, entities};
use crate::store::events::{Result as StoreResult, Snapshot};
use seerflow_parsing::parser::Parser;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// Most parts that are open at once: some half a MiB each.
pub const ACTIVE_MAX: usize = 256;

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Each {
    /// Events that were given.
    pub events: u64,
    /// Parts that are damaged, from which nothing or not all was given.
    pub damaged: usize,
}

struct Active<'a> {
    reading: Reading<'a>,
    /// Keys, turned, and rows that are left, the first at the end.
    left: Vec<(Key, u32)>,
}

/// Gives every event that fits, in the order of the query, until `give` says `false`. Page and
/// limit of the query do not matter, and there is no budget: `give` is the place to stop.
pub fn each(
    snapshot: &Snapshot,
    query: &EventQuery,
    parser: &mut Parser,
    aliases: &dyn Aliases,
    mut give: impl FnMut(Found) -> bool,
) -> Result<Each, FindError> {
    let node = entities::resolve(snapshot, query.node().resolve(&|id| aliases.all_of(id)))?;
    let plan = Plan::new(node);
    let mut waiting = parts(snapshot, query.order, &BTreeSet::new()).into_iter().peekable();
    let mut active: Vec<Option<Active<'_>>> = Vec::new();
    let mut next: BinaryHeap<Reverse<(Key, usize)>> = BinaryHeap::new();
    let mut done = Each::default();
    loop {
        while let Some(candidate) = waiting.peek()
            && next.len() < ACTIVE_MAX
            && next.peek().is_none_or(|Reverse((key, _))| candidate.first <= key.0)
        {
            match open(&plan, candidate, query.order, parser) {
                Ok(opened) => {
                    if let Some((key, _)) = opened.left.last() {
                        next.push(Reverse((*key, active.len())));
                        active.push(Some(opened));
                    }
                }
                Err(error) if error.is_damage() => done.damaged += 1,
                Err(error) => return Err(error.into()),
            }
            waiting.next();
        }
        let Some(Reverse((_, at))) = next.pop() else { return Ok(done) };
        let Some(slot) = active.get_mut(at) else { continue };
        let Some(one) = slot else { continue };
        let Some((_, row)) = one.left.pop() else { continue };
        match one.reading.found(row, parser) {
            Ok(found) => {
                done.events += 1;
                if !give(found) {
                    return Ok(done);
                }
                match one.left.last() {
                    Some((key, _)) => next.push(Reverse((*key, at))),
                    None => *slot = None,
                }
            }
            Err(error) if error.is_damage() => {
                done.damaged += 1;
                *slot = None;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn open<'a>(
    plan: &Plan,
    candidate: &Candidate<'a>,
    order: Order,
    parser: &mut Parser,
) -> StoreResult<Active<'a>> {
    let mut reading = Reading::new(candidate.part);
    let fit = plan.on(candidate.part)?;
    let mut left = Vec::with_capacity(fit.sure.len() as usize);
    for row in &fit.may {
        if fit.sure.contains(row) || reading.row_fits(&plan.node, row, parser)? {
            left.push((order.turn(reading.key(row)?), row));
        }
    }
    left.sort_unstable_by(|a, b| b.cmp(a));
    Ok(Active { reading, left })
}

//! Search over the events of the store.
//!
//! A question is an [`EventQuery`]: a time range, filters, and a query in words that [`parse`]
//! reads (the page `docs/search.md` is its grammar). [`events`] answers it page by page from a
//! [`Snapshot`](super::Snapshot), so what is written meanwhile changes nothing that was begun. The meaning of
//! every term is decided on an event in [`fits`]; [`plan`] narrows the rows of a part with
//! columns and indexes first, and [`page`] puts parts together.
//!
//! Everything here is synchronous and reads files: call it from a thread that may wait.

mod asked;
mod ast;
mod budget;
mod cursor;
mod each;
mod entities;
mod fits;
mod fold;
mod grammar;
mod histogram;
mod lex;
mod lookup;
mod names;
mod page;
mod plan;
mod query;
mod reading;
mod scan;
mod search;
mod terms;
#[cfg(test)]
mod tests;
mod view;

use super::StoreError;
use seerflow_model::Event;
use std::sync::Arc;

pub use ast::{Compare, Node, Part, Term, Test, Value};
pub use budget::{Budget, READS_MAX, TIME_MAX};
pub use cursor::{Cursor, NoCursor, Total};
pub use each::{ACTIVE_MAX, Each, each};
pub use entities::{
    ENTITIES_MAX, EntitiesFound, EntityFound, RELATED_EVENTS, Related, entity, named, related,
    search,
};
pub use fits::{Row, fits, score};
pub use grammar::{TERMS_MAX, parse};
pub use histogram::{BUCKETS_MAX, By, Histogram, Series, TOP_MAX, histogram};
pub use lex::{LENGTH_MAX, QueryError};
pub use lookup::event;
pub use names::{NAMES, hints};
pub use page::{Page, events, events_within};
pub use query::{DEPTH_MAX, EventQuery, Key, LIMIT_MAX, Order, Place, TOTAL_MAX};
pub use view::FoundView;

/// An event that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The event, read again.
    pub event: Event,
    /// The template that its leaf gave it; it may be an alias of another by now.
    pub template: u64,
    /// The text of that template when the event was kept.
    pub text: Arc<str>,
    /// How improbable the most unusual thing about it is; 1 when nothing is.
    pub probability: f64,
}

/// What is known of templates that were merged since events were kept.
pub trait Aliases {
    /// All templates that are the same as this one by now; itself may be left out.
    fn all_of(&self, id: u64) -> Vec<u64>;
    /// The one that stands for this one.
    fn stands_for(&self, id: u64) -> u64;
    /// The text of a template as it is now.
    fn text(&self, id: u64) -> Option<String>;
}

/// Every template stands for itself: for a store without an engine beside it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAliases;

impl Aliases for NoAliases {
    fn all_of(&self, id: u64) -> Vec<u64> {
        vec![id]
    }

    fn stands_for(&self, id: u64) -> u64 {
        id
    }

    fn text(&self, _id: u64) -> Option<String> {
        None
    }
}

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The query in words is wrong.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The cursor is none.
    #[error(transparent)]
    Cursor(#[from] NoCursor),
    /// The cursor belongs to another query.
    #[error("the cursor belongs to another query: filters, words and order must stay the same")]
    OtherQuery,
    /// So many items are on no page.
    #[error("limit is {0}; allowed: 1 to {LIMIT_MAX}")]
    Limit(usize),
    /// So far no page goes.
    #[error("page is {0}; pages reach {DEPTH_MAX} events, use next_cursor to go further")]
    Depth(usize),
    /// So many buckets are not counted.
    #[error("the range has {0} buckets; at most {BUCKETS_MAX} are counted, take longer ones")]
    Buckets(u64),
    /// So many values are not told apart.
    #[error("top is {0}; allowed: 1 to {TOP_MAX}")]
    Top(usize),
    /// More values than are held while counting.
    #[error("too many values to count by; give a shorter range, longer buckets or filters")]
    TooManyValues,
    /// Nothing is certain within the budget.
    #[error(
        "the question takes too long; give a shorter range, or words and filters that fit less"
    )]
    TooLong,
    /// The store failed.
    #[error("the event store could not be read")]
    Store(#[from] StoreError),
}

//! The stores as handlers ask them: their pages, their errors, and what there is without them.

use super::State;
use super::answer::{Page, Refusal};
use super::query::At;
use crate::store::control::{PageRequest, Paged, StateError, StateStore};
use std::sync::Arc;

impl State {
    /// State that people change.
    pub fn state(&self) -> Result<Arc<dyn StateStore>, Refusal> {
        self.facts.state().ok_or_else(|| {
            Refusal::unavailable("there is no state store here; `seerflow start` has one")
        })
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Refusal {
        if error.is_invalid() {
            return Refusal::unprocessable(error.to_string());
        }
        // Paths and statements are for the log, not for clients.
        tracing::error!(%error, "the state store failed");
        Refusal::internal()
    }
}

/// A page as the state store is asked for it.
pub fn page_request((at, limit): &(At, u64)) -> PageRequest {
    let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
    match at {
        At::Page(page) => PageRequest::page(usize::try_from(*page).unwrap_or(usize::MAX), limit),
        At::Cursor(cursor) => PageRequest::after(cursor, limit),
    }
}

/// A page as the state store gives it.
pub fn paged<T>(found: Paged<T>, (at, limit): &(At, u64)) -> Page<T> {
    Page {
        items: found.items,
        total: found.total,
        total_is_lower_bound: found.total_is_lower_bound,
        page: match at {
            At::Page(page) => Some(*page),
            At::Cursor(_) => None,
        },
        limit: *limit,
        has_next: found.has_next,
        next_cursor: found.next_cursor,
    }
}

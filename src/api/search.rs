//! Search over stored events, as handlers do it.
//!
//! A [`Search`] holds one snapshot: what one request asks of it, it is answered as of one moment. It
//! reads files, so it is used from threads that may wait.

use super::answer::{Page, Refusal};
use super::query::At;
use super::{Facts, State};
use crate::store::events::find::{self, Aliases, Cursor, EventQuery, FindError, Found, Place};
use crate::store::events::{EventStore, Snapshot, StoreError};
use seerflow_model::entity::{self, EntityType};
use seerflow_model::{Brief, Ns};
use seerflow_parsing::parser::Parser;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// See the module head.
pub struct Search {
    /// What was stored when it was made.
    pub snapshot: Snapshot,
    /// Reads records again.
    pub parser: Parser,
    /// What is known of templates.
    pub aliases: Box<dyn Aliases + Send>,
}

/// What a search is made of, on a thread that may wait.
pub struct Searching {
    store: Arc<EventStore>,
    facts: Arc<dyn Facts>,
}

impl Searching {
    /// A search over what is stored now.
    pub fn begin(self) -> Search {
        let snapshot = self.store.snapshot();
        Search { snapshot, parser: self.facts.parser(), aliases: self.facts.aliases() }
    }
}

impl State {
    /// What a search is made of, when events are kept.
    pub fn searching(&self) -> Result<Searching, Refusal> {
        let store = self.facts.events().ok_or_else(|| {
            Refusal::unavailable(
                "events are not kept here; storage.events: segments keeps them to be searched",
            )
        })?;
        Ok(Searching { store, facts: self.facts.clone() })
    }

    /// Asks the stored events.
    pub async fn search<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Search) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let searching = self.searching()?;
        self.workers.run(move || ask(&mut searching.begin())).await
    }
}

impl Search {
    /// Events that fit.
    pub fn find(&mut self, query: &EventQuery) -> Result<find::Page, Refusal> {
        let page = find::events(&self.snapshot, query, &mut self.parser, self.aliases.as_ref())?;
        told(page.damaged);
        Ok(page)
    }

    /// A page of events as the API shows them.
    pub fn page(
        &mut self,
        query: &EventQuery,
        (at, limit): &(At, u64),
        raw: bool,
    ) -> Result<Page<Value>, Refusal> {
        let found = self.find(query)?;
        let shown = found.items.len() as u64;
        let total = found.total.unwrap_or_default();
        Ok(Page {
            items: found.items.iter().map(|found| self.row(found, raw)).collect(),
            total: total.events.max(shown),
            total_is_lower_bound: total.is_lower_bound || found.truncated || found.total.is_none(),
            page: match at {
                At::Page(page) => Some(*page),
                At::Cursor(_) => None,
            },
            limit: *limit,
            has_next: found.next.is_some(),
            next_cursor: found.next.map(|cursor| cursor.to_string()),
        })
    }

    /// An event as the API shows it.
    pub fn row(&self, found: &Found, raw: bool) -> Value {
        let view = find::FoundView::new(found, self.aliases.as_ref(), raw);
        // All of it is text and numbers, so nothing can fail.
        serde_json::to_value(view).unwrap_or_default()
    }

    /// The events that an alert names, as far as they are still kept.
    pub fn named(&mut self, briefs: &[Brief]) -> Result<Vec<Value>, Refusal> {
        let mut rows = Vec::new();
        for brief in briefs {
            let Ok(id) = Uuid::try_parse(&brief.event_id) else { continue };
            if let Some(found) = self.by_id(id, Some(brief.timestamp_ns))? {
                rows.push(self.row(&found, false));
            }
        }
        Ok(rows)
    }

    /// One event; `near` is the time that it speaks of, when that is known.
    pub fn by_id(&mut self, id: Uuid, near: Option<Ns>) -> Result<Option<Found>, Refusal> {
        Ok(find::event(&self.snapshot, id, near, &mut self.parser)?)
    }
}

/// What is damaged is said in the log; the store counts it too.
pub fn told(damaged: usize) {
    if damaged > 0 {
        tracing::warn!(parts = damaged, "a search left out parts that are damaged");
    }
}

/// The page that is asked for, in a question about events.
pub fn place(query: &mut EventQuery, (at, limit): &(At, u64)) -> Result<(), Refusal> {
    query.limit = usize::try_from(*limit).unwrap_or(usize::MAX);
    query.place = match at {
        At::Page(page) => Place::Page(usize::try_from(*page).unwrap_or(usize::MAX)),
        At::Cursor(text) => {
            Place::After(Cursor::parse(text).map_err(|e| Refusal::unprocessable(e.to_string()))?)
        }
    };
    Ok(())
}

/// An entity: its UUID, or its type and canonical value.
pub type Named = (Option<Uuid>, Option<(EntityType, String)>);

/// Reads `type:value`, or a UUID.
pub fn entity(text: &str) -> Result<Named, Refusal> {
    if let Ok(id) = Uuid::try_parse(text) {
        return Ok((Some(id), None));
    }
    let refuse = || {
        let names = EntityType::ALL.map(EntityType::name).join(", ");
        Refusal::value("entity", text, &format!("a UUID, or type:value with a type of {names}"))
    };
    let (kind, value) = text.split_once(':').ok_or_else(refuse)?;
    let kind = EntityType::ALL.into_iter().find(|known| known.name() == kind).ok_or_else(refuse)?;
    let value = entity::canonical(kind, value, "").ok_or_else(refuse)?.into_owned();
    Ok((None, Some((kind, value))))
}

impl From<FindError> for Refusal {
    fn from(error: FindError) -> Refusal {
        match error {
            FindError::Store(cause) => cause.into(),
            FindError::TooLong => Refusal::unavailable(error.to_string()),
            // What is left says what of the question is not allowed.
            wrong => Refusal::unprocessable(wrong.to_string()),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        // Paths are for the log, not for clients.
        tracing::error!(%error, "the event store failed");
        Refusal::internal()
    }
}

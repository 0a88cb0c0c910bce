//! Entities: found by their values, and what is near to one.

use crate::api::State;
use crate::api::answer::{ErrorBody, Page, Refusal};
use crate::api::query::{Asked, CURSOR, Kind, Nothing, PAGES, Param, RANGE, SEVERITY, query};
use crate::api::schemas;
use crate::api::search::{Search, place, told};
use crate::store::events::find::{
    self, ENTITIES_MAX, EntityFound, EventQuery, Order, RELATED_EVENTS,
};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Extract};
use seerflow_model::EntityType;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

query! {
    /// Which entities are wanted.
    EntitiesQuery: PAGES, &[
        Param {
            name: "q",
            kind: Kind::Text(1_024),
            doc: "A part of the value, whatever its case, or a UUID.",
        },
        Param { name: "type", kind: Kind::EntityTypes, doc: "Only entities of these types." },
    ]
}

query! {
    /// Which events of an entity are wanted.
    TimelineQuery: RANGE, SEVERITY, PAGES, CURSOR, &[Param {
        name: "source_type",
        kind: Kind::Text(128),
        doc: "Only events of this source type.",
    }]
}

query! {
    /// Which events of an entity are looked at.
    RelatedQuery: RANGE
}

/// An entity, as far as events of it are kept.
#[derive(Serialize, ToSchema)]
pub struct EntityRow {
    entity_uuid: String,
    entity_type: String,
    /// Canonical value.
    entity_value: String,
    /// Events that name it.
    event_count: u64,
    /// Its oldest event, in ns, as text.
    first_seen_ns: String,
    /// Its newest event, in ns, as text.
    last_seen_ns: String,
}

/// An entity and those that events relate it to.
#[derive(Serialize, ToSchema)]
pub struct Related {
    entity_uuid: String,
    entity_type: String,
    /// Canonical value.
    entity_value: String,
    /// So many of its newest events are looked at.
    events_max: u64,
    /// Those that were found there, those with the most events first.
    items: Vec<RelatedRow>,
}

/// An entity that another one is related to.
#[derive(Serialize, ToSchema)]
pub struct RelatedRow {
    entity_uuid: String,
    entity_type: String,
    /// Canonical value.
    entity_value: String,
    /// What the edge between them says.
    relation_type: String,
    /// `out`: from the entity that was asked for; `in`: to it.
    direction: String,
    /// Events that say so, of those that were looked at.
    event_count: u64,
    /// The newest of them, in ns, as text.
    last_seen_ns: String,
}

impl From<EntityFound> for EntityRow {
    fn from(found: EntityFound) -> EntityRow {
        EntityRow {
            entity_uuid: found.uuid.to_string(),
            entity_type: found.kind.name().to_owned(),
            entity_value: found.value,
            event_count: found.events,
            first_seen_ns: found.first_seen.to_string(),
            last_seen_ns: found.last_seen.to_string(),
        }
    }
}

impl From<find::Related> for RelatedRow {
    fn from(found: find::Related) -> RelatedRow {
        RelatedRow {
            entity_uuid: found.uuid.to_string(),
            entity_type: found.kind.name().to_owned(),
            entity_value: found.value,
            relation_type: found.relation.name().to_owned(),
            direction: if found.outgoing { "out" } else { "in" }.to_owned(),
            event_count: found.events,
            last_seen_ns: found.last_seen.to_string(),
        }
    }
}

fn none() -> Refusal {
    Refusal::missing("no event that is kept has such an entity")
}

type Id = Result<Path<String>, PathRejection>;

fn uuid(path: Id) -> Result<Uuid, Refusal> {
    let Path(text) = path.map_err(|_| none())?;
    Uuid::try_parse(&text).map_err(|_| Refusal::value("uuid", &text, "the UUID of an entity"))
}

/// Entities of events that are kept: those whose value is the text first, then those that begin
/// with it; those with more events before others. The first thousand can be seen.
#[utoipa::path(get, path = "/api/v1/entities/search", tag = "entities", params(EntitiesQuery),
    responses((status = 200, body = Page<EntityRow>, description = "A page of them.")))]
pub async fn search(
    Extract(state): Extract<State>,
    asked: Asked<EntitiesQuery>,
) -> Result<Json<Page<EntityRow>>, Refusal> {
    let ask = move |search: &mut Search| {
        let (page, limit) = asked.page();
        let named = |name: &String| EntityType::ALL.into_iter().find(|kind| kind.name() == name);
        let kinds: Vec<EntityType> = asked.words("type").iter().filter_map(named).collect();
        let text = asked.filled("q").unwrap_or_default();
        let found = find::search(&search.snapshot, text, &kinds, ENTITIES_MAX)?;
        told(found.damaged);
        let rows = found.items.into_iter().map(EntityRow::from).collect();
        let mut page = Page::of_all(rows, page, limit);
        page.total = found.total as u64;
        page.total_is_lower_bound = found.is_lower_bound;
        Ok(Json(page))
    };
    state.search(ask).await
}

/// One entity, as far as events of it are kept.
#[utoipa::path(get, path = "/api/v1/entities/{uuid}", tag = "entities",
    params(("uuid" = String, Path, description = "UUID of the entity."), Nothing),
    responses(
        (status = 200, body = EntityRow, description = "The entity."),
        (status = 404, body = ErrorBody, description = "No event that is kept has it."),
    ))]
pub async fn one(
    Extract(state): Extract<State>,
    path: Id,
    _asked: Asked<Nothing>,
) -> Result<Json<EntityRow>, Refusal> {
    let id = uuid(path)?;
    let ask = move |search: &mut Search| {
        let found = find::entity(&search.snapshot, id)?.ok_or_else(none)?;
        Ok(Json(found.into()))
    };
    state.search(ask).await
}

/// Events of an entity, oldest first.
#[utoipa::path(get, path = "/api/v1/entities/{uuid}/timeline", tag = "entities",
    params(("uuid" = String, Path, description = "UUID of the entity."), TimelineQuery),
    responses((status = 200, body = Page<schemas::Event>, description = "A page of them.")))]
pub async fn timeline(
    Extract(state): Extract<State>,
    path: Id,
    asked: Asked<TimelineQuery>,
) -> Result<Json<Page<Value>>, Refusal> {
    let (id, at) = (uuid(path)?, asked.place()?);
    let (since, until) = asked.range()?;
    let mut query = EventQuery {
        since,
        until,
        entity: Some(id),
        min_severity: asked.severity("severity"),
        source_type: asked.filled("source_type").map(str::to_owned),
        order: Order::Oldest,
        ..EventQuery::default()
    };
    place(&mut query, &at)?;
    state.search(move |search| search.page(&query, &at, false).map(Json)).await
}

/// Entities that events relate an entity to: who logged in from where, what ran what.
#[utoipa::path(get, path = "/api/v1/entities/{uuid}/related", tag = "entities",
    params(("uuid" = String, Path, description = "UUID of the entity."), RelatedQuery),
    responses(
        (status = 200, body = Related, description = "What the edges of its newest events say."),
        (status = 404, body = ErrorBody, description = "No event that is kept has it."),
    ))]
pub async fn related(
    Extract(state): Extract<State>,
    path: Id,
    asked: Asked<RelatedQuery>,
) -> Result<Json<Related>, Refusal> {
    let id = uuid(path)?;
    let (since, until) = asked.range()?;
    let ask = move |search: &mut Search| {
        let (kind, value) = find::named(&search.snapshot, id)?.ok_or_else(none)?;
        let query = EventQuery { since, until, ..EventQuery::default() };
        let (parser, aliases) = (&mut search.parser, search.aliases.as_ref());
        let found = find::related(&search.snapshot, &query, id, parser, aliases)?;
        Ok(Json(Related {
            entity_uuid: id.to_string(),
            entity_type: kind.name().to_owned(),
            entity_value: value,
            events_max: RELATED_EVENTS as u64,
            items: found.into_iter().map(RelatedRow::from).collect(),
        }))
    };
    state.search(ask).await
}

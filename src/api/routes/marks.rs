//! Marks: times in which change is expected somewhere.

use crate::api::State;
use crate::api::answer::{ErrorBody, Page, Refusal};
use crate::api::body::Body;
use crate::api::query::{Asked, Kind, Nothing, PAGES, Param, query};
use crate::runtime::guidance::Guiding;
use crate::store::control::{Mark, MarkKind, MarkMatch, MarkRequest};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use seerflow_model::Ns;
use seerflow_model::alert::{ns_string, ns_string_opt};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who a change is recorded for when nobody says.
const WHO: &str = "api";

query! {
    /// Which marks are wanted.
    MarksQuery: PAGES, &[Param {
        name: "past",
        kind: Kind::Flag,
        doc: "Also those that are over (`true`).",
    }]
}

/// One thing that a mark held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldRow {
    /// What an alert of it would be called.
    pub title: String,
    /// Its rule.
    pub rule: String,
    /// When it was found last, by the time of the log.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub at_ns: Ns,
}

/// A mark and what it held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkRow {
    /// Its id.
    pub id: String,
    /// What is going on.
    pub kind: MarkKind,
    /// Where.
    #[serde(rename = "match")]
    pub matching: MarkMatch,
    /// What there is to say about it.
    pub note: String,
    /// Who asked for it.
    pub created_by: String,
    /// When it begins.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub starts_ns: Ns,
    /// When it ends, or was to end.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub ends_ns: Ns,
    /// When it was added.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub created_ns: Ns,
    /// When it was ended before that.
    #[serde(with = "ns_string_opt")]
    #[schema(value_type = Option<String>)]
    pub ended_ns: Option<Ns>,
    /// Findings that it held since the program started.
    pub held: u64,
    /// The last different ones of them, newest first.
    pub held_last: Vec<HeldRow>,
}

impl MarkRow {
    /// With what it held, as far as a running engine says.
    pub fn new(mark: Mark, guiding: Option<&Guiding>) -> MarkRow {
        let held = guiding.map(|guiding| guiding.held_by(&mark)).unwrap_or_default();
        let last = held.last.into_iter().rev();
        MarkRow {
            id: mark.id,
            kind: mark.kind,
            matching: mark.matching,
            note: mark.note,
            created_by: mark.created_by,
            starts_ns: mark.starts_ns,
            ends_ns: mark.ends_ns,
            created_ns: mark.created_ns,
            ended_ns: mark.ended_ns,
            held: held.count,
            held_last: last
                .map(|one| HeldRow { title: one.title, rule: one.rule, at_ns: one.at })
                .collect(),
        }
    }

    /// As it is stored.
    pub fn mark(&self) -> Mark {
        Mark {
            id: self.id.clone(),
            kind: self.kind,
            matching: self.matching.clone(),
            note: self.note.clone(),
            created_by: self.created_by.clone(),
            starts_ns: self.starts_ns,
            ends_ns: self.ends_ns,
            created_ns: self.created_ns,
            ended_ns: self.ended_ns,
        }
    }
}

fn none() -> Refusal {
    Refusal::missing("there is no such mark, or it is over")
}

/// Marks that are to come or in force, newest first, with what they held.
#[utoipa::path(get, path = "/api/v1/marks", tag = "marks", params(MarksQuery),
    responses((status = 200, body = Page<MarkRow>, description = "A page of them.")))]
pub async fn list(
    Extract(state): Extract<State>,
    asked: Asked<MarksQuery>,
) -> Result<Json<Page<MarkRow>>, Refusal> {
    let (store, guiding) = (state.state()?, state.facts.guiding());
    state
        .workers
        .run(move || {
            let past = asked.flag("past").unwrap_or(false);
            let mut all = store.marks(if past { 0 } else { asked.now() })?;
            all.retain(|mark| past || !mark.over(asked.now()));
            let (page, limit) = asked.page();
            Ok(Json(
                Page::of_all(all, page, limit).map(|mark| MarkRow::new(mark, guiding.as_ref())),
            ))
        })
        .await
}

/// Adds a mark: novelty and change in its scope and time are held, learnt and shown, not alerted.
#[utoipa::path(post, path = "/api/v1/marks", tag = "marks", params(Nothing),
    request_body = MarkRequest,
    responses((status = 201, body = MarkRow, description = "It was added.")))]
pub async fn add(
    Extract(state): Extract<State>,
    asked: Asked<Nothing>,
    Body(request): Body<MarkRequest>,
) -> Result<(StatusCode, Json<MarkRow>), Refusal> {
    let (store, guiding, now) = (state.state()?, state.facts.guiding(), asked.now());
    state
        .workers
        .run(move || {
            let mark = store.add_mark(&request.resolve(now, WHO)?, now)?;
            if let Some(guiding) = &guiding {
                guiding.marked(&mark, now);
            }
            Ok((StatusCode::CREATED, Json(MarkRow::new(mark, guiding.as_ref()))))
        })
        .await
}

/// Ends a mark now; it stays in the history.
#[utoipa::path(delete, path = "/api/v1/marks/{id}", tag = "marks",
    params(("id" = String, Path, description = "Id of the mark."), Nothing),
    responses(
        (status = 200, body = MarkRow, description = "As it is since."),
        (status = 404, body = ErrorBody, description = "There is none, or it was over."),
    ))]
pub async fn end(
    Extract(state): Extract<State>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked<Nothing>,
) -> Result<Json<MarkRow>, Refusal> {
    let (store, guiding, now) = (state.state()?, state.facts.guiding(), asked.now());
    let Path(id) = path.map_err(|_| none())?;
    state
        .workers
        .run(move || {
            let mark = store.end_mark(&id, WHO, now)?.ok_or_else(none)?;
            if let Some(guiding) = &guiding {
                guiding.ended(&mark, now);
            }
            Ok(Json(MarkRow::new(mark, guiding.as_ref())))
        })
        .await
}

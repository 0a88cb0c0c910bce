//! Silences: alerts that nobody is to be told of for a while.

use crate::api::State;
use crate::api::answer::{ErrorBody, Page, Refusal};
use crate::api::body::Body;
use crate::api::query::{Asked, Kind, Nothing, PAGES, Param, query};
use crate::store::control::Silence;
use crate::store::control::silence::SilenceRequest;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;

/// Who a change is recorded for when nobody says.
const WHO: &str = "api";

query! {
    /// Which silences are wanted.
    SilencesQuery: PAGES, &[Param {
        name: "past",
        kind: Kind::Flag,
        doc: "Also those that are over (`true`).",
    }]
}

fn none() -> Refusal {
    Refusal::missing("there is no such silence")
}

/// Silences that are to come or in force, newest first.
#[utoipa::path(get, path = "/api/v1/silences", tag = "silences", params(SilencesQuery),
    responses((status = 200, body = Page<Silence>, description = "A page of them.")))]
pub async fn list(
    Extract(state): Extract<State>,
    asked: Asked<SilencesQuery>,
) -> Result<Json<Page<Silence>>, Refusal> {
    let store = state.state()?;
    state
        .workers
        .run(move || {
            let all = store.silences(asked.flag("past").unwrap_or(false), asked.now())?;
            let (page, limit) = asked.page();
            Ok(Json(Page::of_all(all, page, limit)))
        })
        .await
}

/// Adds a silence. All fields of its match must fit an alert; one must be given.
#[utoipa::path(post, path = "/api/v1/silences", tag = "silences", params(Nothing),
    request_body = SilenceRequest,
    responses((status = 201, body = Silence, description = "It was added.")))]
pub async fn add(
    Extract(state): Extract<State>,
    asked: Asked<Nothing>,
    Body(request): Body<SilenceRequest>,
) -> Result<(StatusCode, Json<Silence>), Refusal> {
    let (store, now) = (state.state()?, asked.now());
    state
        .workers
        .run(move || {
            let silence = store.add_silence(&request.resolve(now, WHO)?, now)?;
            Ok((StatusCode::CREATED, Json(silence)))
        })
        .await
}

/// Ends a silence now; it stays in the history.
#[utoipa::path(delete, path = "/api/v1/silences/{id}", tag = "silences",
    params(("id" = String, Path, description = "Id of the silence."), Nothing),
    responses(
        (status = 200, body = Silence, description = "As it is since."),
        (status = 404, body = ErrorBody, description = "There is none, or it was over."),
    ))]
pub async fn remove(
    Extract(state): Extract<State>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked<Nothing>,
) -> Result<Json<Silence>, Refusal> {
    let (store, now) = (state.state()?, asked.now());
    let Path(id) = path.map_err(|_| none())?;
    state.workers.run(move || store.remove_silence(&id, WHO, now)?.map(Json).ok_or_else(none)).await
}

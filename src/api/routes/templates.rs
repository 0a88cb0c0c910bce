//! Templates: what lines say once their values are taken out.

use crate::api::State;
use crate::api::answer::{ErrorBody, Page, Refusal};
use crate::api::facts::TemplateRow;
use crate::api::query::{Asked, At, Kind, Nothing, PAGES, Param, query};
use crate::api::stores::{page_request, paged};
use crate::store::control::TemplateQuery;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Extract};

query! {
    /// Which templates are wanted.
    TemplatesQuery: PAGES, &[
        Param {
            name: "q",
            kind: Kind::Text(256),
            doc: "Only those with this text in text or program, whatever its case.",
        },
        Param { name: "source_type", kind: Kind::Text(128), doc: "Only those of this source type." },
        Param { name: "program", kind: Kind::Text(256), doc: "Only those of this program." },
        Param {
            name: "scope",
            kind: Kind::Choice(&["run", "all"]),
            doc: "`run`: those since the start, as they are now. `all`: those of all runs, with counts over all of them, up to half a minute old; `q` is then searched in texts only.",
        },
    ]
}

/// Templates, most frequent first.
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates", params(TemplatesQuery),
    responses((status = 200, body = Page<TemplateRow>, description = "A page of them.")))]
pub async fn list(
    Extract(state): Extract<State>,
    asked: Asked<TemplatesQuery>,
) -> Result<Json<Page<TemplateRow>>, Refusal> {
    let (page, limit) = asked.page();
    if asked.text("scope") == Some("all") {
        let given = |name| asked.filled(name).map(str::to_owned);
        let query = TemplateQuery {
            text: given("q"),
            source_type: given("source_type"),
            program: given("program"),
            min_count: None,
        };
        let (store, place) = (state.state()?, (At::Page(page), limit));
        return state
            .workers
            .run(move || {
                let found = store.templates(&query, &page_request(&place))?;
                Ok(Json(paged(found, &place).map(|stored| stored.row.into())))
            })
            .await;
    }
    let facts = state.facts.clone();
    let work = move || {
        let text = asked.filled("q").map(str::to_lowercase);
        let has = |hay: &str, text: &str| hay.to_lowercase().contains(text);
        let wanted = |row: &TemplateRow| {
            asked.filled("source_type").is_none_or(|kind| row.source_type == kind)
                && asked.filled("program").is_none_or(|program| row.program == program)
                && text.as_ref().is_none_or(|t| has(&row.template, t) || has(&row.program, t))
        };
        let fit: Vec<TemplateRow> = facts.templates().into_iter().filter(wanted).collect();
        Ok(Json(Page::of_all(fit, page, limit)))
    };
    state.workers.run(work).await
}

/// One template: as it is now, else as an earlier run left it.
#[utoipa::path(get, path = "/api/v1/templates/{id}", tag = "templates",
    params(("id" = String, Path, description = "Id of the template."), Nothing),
    responses(
        (status = 200, body = TemplateRow, description = "The template."),
        (status = 404, body = ErrorBody, description = "There is none."),
    ))]
pub async fn one(
    Extract(state): Extract<State>,
    path: Result<Path<String>, PathRejection>,
    _asked: Asked<Nothing>,
) -> Result<Json<TemplateRow>, Refusal> {
    let none = || Refusal::missing("there is no such template");
    let Path(id) = path.map_err(|_| none())?;
    let number: u64 = id.parse().map_err(|_| none())?;
    let facts = state.facts.clone();
    let work = move || {
        if let Some(row) = facts.templates().into_iter().find(|row| row.template_id == id) {
            return Ok(Json(row));
        }
        let stored = match facts.state() {
            Some(store) => store.template(number)?,
            None => None,
        };
        match stored {
            Some(stored) => Ok(Json(stored.row.into())),
            None => Err(none()),
        }
    };
    state.workers.run(work).await
}

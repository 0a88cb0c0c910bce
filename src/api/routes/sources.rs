//! Where records come from, and what was wrong with some.

use crate::api::State;
use crate::api::answer::Page;
use crate::api::facts::{Errors, SourceRow};
use crate::api::query::{Asked, Kind, Nothing, PAGES, Param, query};
use axum::Json;
use axum::extract::State as Extract;

query! {
    /// Which sources are wanted.
    SourcesQuery: PAGES, &[
        Param {
            name: "receiver",
            kind: Kind::Text(64),
            doc: "Only those of this receiver: syslog_udp, syslog_tcp, file …",
        },
        Param { name: "source_type", kind: Kind::Text(128), doc: "Only those of this source type." },
        Param {
            name: "q",
            kind: Kind::Text(256),
            doc: "Only those with this text in their names, whatever its case.",
        },
    ]
}

/// The sources that have delivered, those seen last first.
#[utoipa::path(get, path = "/api/v1/sources", tag = "sources", params(SourcesQuery), responses(
    (status = 200, body = Page<SourceRow>, description = "A page of them."),
))]
pub async fn list(
    Extract(state): Extract<State>,
    asked: Asked<SourcesQuery>,
) -> Json<Page<SourceRow>> {
    let (page, limit) = asked.page();
    let text = asked.filled("q").map(str::to_lowercase);
    let wanted = |row: &SourceRow| {
        asked.filled("receiver").is_none_or(|receiver| row.receiver == receiver)
            && asked.filled("source_type").is_none_or(|kind| row.source_type == kind)
            && text.as_ref().is_none_or(|text| row.name.to_lowercase().contains(text))
    };
    let all = state.facts.sources(asked.now());
    let fit: Vec<SourceRow> = all.into_iter().filter(wanted).collect();
    Json(Page::of_all(fit, page, limit))
}

/// Records that were not understood, or not taken as they were: how many, and the last ones.
#[utoipa::path(get, path = "/api/v1/errors", tag = "sources", params(Nothing), responses(
    (status = 200, body = Errors, description = "Counts by reason, and the last ones."),
))]
pub async fn errors(Extract(state): Extract<State>, _asked: Asked<Nothing>) -> Json<Errors> {
    Json(state.facts.errors())
}

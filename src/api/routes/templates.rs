//! Templates: what lines say once their values are taken out.

use crate::api::State;
use crate::api::answer::{Page, Refusal};
use crate::api::facts::TemplateRow;
use crate::api::query::{Asked, Kind, PAGES, Param, query};
use axum::Json;
use axum::extract::State as Extract;

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
    let facts = state.facts.clone();
    state
        .workers
        .run(move || {
            let text = asked.filled("q").map(str::to_lowercase);
            let has = |hay: &str, text: &str| hay.to_lowercase().contains(text);
            let wanted = |row: &TemplateRow| {
                asked.filled("source_type").is_none_or(|kind| row.source_type == kind)
                    && asked.filled("program").is_none_or(|program| row.program == program)
                    && text.as_ref().is_none_or(|t| has(&row.template, t) || has(&row.program, t))
            };
            let fit: Vec<TemplateRow> = facts.templates().into_iter().filter(wanted).collect();
            let total = fit.len() as u64;
            let skip = usize::try_from((page - 1).saturating_mul(limit)).unwrap_or(usize::MAX);
            let items = fit.into_iter().skip(skip).take(limit as usize).collect();
            Ok(Json(Page::numbered(items, total, page, limit)))
        })
        .await
}

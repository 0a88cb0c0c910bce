//! Events: everything that was seen.

use crate::api::State;
use crate::api::answer::{ErrorBody, Page, Refusal};
use crate::api::query::{
    Asked, CURSOR, Kind, Nothing, PAGES, Param, Query, RANGE, SEVERITY, query, span,
};
use crate::api::schemas;
use crate::api::search::{entity, place, told};
use crate::store::events::find::{
    self, BUCKETS_MAX, By, EventQuery, Histogram, LENGTH_MAX, Order, TOP_MAX, parse,
};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Extract};
use seerflow_model::Ns;
use seerflow_model::time::SECOND;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Buckets that a histogram has when nothing is said of their width.
const BUCKETS_WANTED: u64 = 120;
/// Values that are told apart when nothing is said.
const TOP_DEFAULT: u64 = 10;
/// What events can be counted by.
const FIELDS: &[&str] =
    &["severity", "source", "source_type", "host", "program", "template", "format"];

/// What limits events, besides range and severity.
pub const FILTERS: &[Param] = &[
    Param { name: "source", kind: Kind::Text(4_096), doc: "Only events of this source, by name." },
    Param { name: "source_type", kind: Kind::Text(128), doc: "Only events of this source type." },
    Param {
        name: "template_id",
        kind: Kind::Text(20),
        doc: "Only events of this template, and of those that became one with it.",
    },
    Param {
        name: "entity",
        kind: Kind::Text(1_024),
        doc: "Only events with this entity, whatever the part it plays: its UUID, or `type:value`.",
    },
    Param { name: "host", kind: Kind::Text(256), doc: "Only events with this host in the header." },
    Param { name: "program", kind: Kind::Text(256), doc: "Only events of this program." },
    Param {
        name: "score",
        kind: Kind::Float(0.0, 1.0),
        doc: "Only events that are at least so unusual.",
    },
    Param {
        name: "q",
        kind: Kind::Text(LENGTH_MAX),
        doc: "A query in words: `failed \"for root\" -sshd host:web-1 severity:>=error`; the page on search has its grammar.",
    },
];

query! {
    /// Which events are wanted.
    EventsQuery: RANGE, SEVERITY, FILTERS, PAGES, CURSOR, &[
        Param {
            name: "order",
            kind: Kind::Choice(&["newest", "oldest"]),
            doc: "Which come first; the newest when nothing is said.",
        },
        Param {
            name: "raw",
            kind: Kind::Flag,
            doc: "Also the records as they came, byte for byte (`true`).",
        },
    ]
}

query! {
    /// Which events are counted, and how.
    HistogramQuery: RANGE, SEVERITY, FILTERS, &[
        Param {
            name: "bucket",
            kind: Kind::Span,
            doc: "Width of a bucket: `10s`, `5m`, `1h`. When nothing is said, such that there are about 120.",
        },
        Param { name: "field", kind: Kind::Choice(FIELDS), doc: "Also by the values of this field." },
        Param {
            name: "top",
            kind: Kind::Int(1, TOP_MAX as u64, Some(TOP_DEFAULT)),
            doc: "Values that are told apart: those with the most events.",
        },
    ]
}

/// Events per stretch of time.
#[derive(Serialize, ToSchema)]
pub struct Counts {
    /// Begin of the first bucket, in ns, as text.
    start_ns: String,
    /// Width of a bucket, in ns, as text.
    bucket_ns: String,
    total: u64,
    /// Events of each bucket.
    counts: Vec<u64>,
    /// The field by whose values `series` tells them apart.
    field: Option<String>,
    /// The values with the most events, the most first.
    series: Vec<Series>,
    /// Events of each bucket that have other values.
    other: Vec<u64>,
}

/// Events with one value.
#[derive(Serialize, ToSchema)]
pub struct Series {
    /// The value; empty for events that have none.
    value: String,
    total: u64,
    /// Events of each bucket.
    counts: Vec<u64>,
}

/// The question that filters ask, without a page.
pub fn wanted<Q: Query>(asked: &Asked<Q>) -> Result<EventQuery, Refusal> {
    let (since, until) = asked.range()?;
    let given = |name| asked.filled(name).map(str::to_owned);
    let template = |text: &str| {
        text.parse().map_err(|_| Refusal::value("template_id", text, "the id of a template"))
    };
    let (id, named) = match asked.filled("entity") {
        Some(text) => entity(text)?,
        None => (None, None),
    };
    let words = asked.filled("q").map(parse).transpose();
    let words = words.map_err(|error| Refusal::unprocessable(format!("q: {error}")))?;
    let mut query = EventQuery {
        since,
        until,
        source: given("source"),
        source_type: given("source_type"),
        min_severity: asked.severity("severity"),
        template: asked.filled("template_id").map(template).transpose()?,
        entity: id,
        entities: named.into_iter().collect(),
        host: given("host"),
        program: given("program"),
        min_score: asked.parsed("score"),
        ..EventQuery::default()
    };
    if let Some(words) = words {
        query.q = words;
    }
    Ok(query)
}

/// Events, newest first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventsQuery), responses(
    (status = 200, body = Page<schemas::Event>, description = "A page of them."),
))]
pub async fn list(
    Extract(state): Extract<State>,
    asked: Asked<EventsQuery>,
) -> Result<Json<Page<Value>>, Refusal> {
    let mut query = wanted(&asked)?;
    if asked.text("order") == Some("oldest") {
        query.order = Order::Oldest;
    }
    let at = asked.place()?;
    place(&mut query, &at)?;
    let raw = asked.flag("raw").unwrap_or(false);
    state.search(move |search| search.page(&query, &at, raw).map(Json)).await
}

/// One event, by its id.
#[utoipa::path(get, path = "/api/v1/events/{id}", tag = "events",
    params(("id" = String, Path, description = "Id of the event."), Nothing),
    responses(
        (status = 200, body = schemas::Event, description = "The event, with its record as it came."),
        (status = 404, body = ErrorBody, description = "There is none, or it is no longer kept."),
    ))]
pub async fn one(
    Extract(state): Extract<State>,
    path: Result<Path<String>, PathRejection>,
    _asked: Asked<Nothing>,
) -> Result<Json<Value>, Refusal> {
    let none = || Refusal::missing("there is no such event, or it is no longer kept");
    let Path(text) = path.map_err(|_| none())?;
    let id = Uuid::try_parse(&text).map_err(|_| none())?;
    let ask = move |search: &mut crate::api::search::Search| {
        let found = search.by_id(id, None)?.ok_or_else(none)?;
        Ok(Json(search.row(&found, true)))
    };
    state.search(ask).await
}

/// Events per stretch of time, and by the values of a field.
#[utoipa::path(get, path = "/api/v1/events/histogram", tag = "events", params(HistogramQuery),
    responses((status = 200, body = Counts, description = "Exact counts.")))]
pub async fn histogram(
    Extract(state): Extract<State>,
    asked: Asked<HistogramQuery>,
) -> Result<Json<Counts>, Refusal> {
    let query = wanted(&asked)?;
    let width = asked.text("bucket").and_then(span);
    let top = asked.parsed("top").unwrap_or(TOP_DEFAULT);
    let by = asked.text("field").and_then(By::parse).map(|by| (by, top as usize));
    let ask = move |search: &mut crate::api::search::Search| {
        let width = width.unwrap_or_else(|| {
            let spans = || search.snapshot.parts().iter().map(|part| part.span());
            let first = query.since.or_else(|| spans().map(|(least, _)| least).min());
            let last = query.until.or_else(|| spans().map(|(_, greatest)| greatest).max());
            fitting(last.unwrap_or(0).saturating_sub(first.unwrap_or(0)))
        });
        let (parser, aliases) = (&mut search.parser, search.aliases.as_ref());
        let found = find::histogram(&search.snapshot, &query, width, by, parser, aliases)?;
        told(found.damaged);
        Ok(Json(counts(found, by.map(|(by, _)| by))))
    };
    state.search(ask).await
}

/// A round width of which not many more than wanted fit in a span.
fn fitting(span: Ns) -> Ns {
    const ROUND: [u64; 14] =
        [1, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800];
    let wanted = span / BUCKETS_WANTED;
    let round = ROUND.into_iter().map(|seconds| seconds * SECOND).find(|width| *width >= wanted);
    // Beyond weeks: as wide as it must be.
    round.unwrap_or(604_800 * SECOND).max(span / (BUCKETS_MAX / 2))
}

fn counts(found: Histogram, by: Option<By>) -> Counts {
    let series = found.series.into_iter();
    Counts {
        start_ns: found.start.to_string(),
        bucket_ns: found.width.to_string(),
        total: found.total,
        counts: found.counts,
        field: by.map(|by| by.name().to_owned()),
        series: series
            .map(|one| Series { value: one.value, total: one.total, counts: one.counts })
            .collect(),
        other: found.other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::time::DAY;

    #[test]
    fn every_field_has_its_name() {
        assert_eq!(By::ALL.map(By::name).as_slice(), FIELDS);
    }

    #[test]
    fn widths_are_round_and_never_too_many() {
        assert_eq!(fitting(0), SECOND);
        assert_eq!(fitting(3_600 * SECOND), 30 * SECOND);
        assert_eq!(fitting(DAY), 900 * SECOND);
        assert_eq!(fitting(30 * DAY), 21_600 * SECOND);
        for span in [0, 1, DAY, 365 * DAY, 9_999 * DAY, u64::MAX] {
            assert!(span / fitting(span) < BUCKETS_MAX, "{span}");
        }
    }
}

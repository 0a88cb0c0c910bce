//! Out of the store and into it: what `export` and `import` ask for.
//!
//! An export is written row by row while it is read: it takes the memory of a few rows, is of one
//! moment, and ends when the client goes. An import is one body of rows at a time; one goes on at a
//! time, so that what is stored twice is seen.

use super::events::{FILTERS, wanted};
use crate::alerting::{render, table};
use crate::api::State;
use crate::api::answer::{ErrorBody, Refusal};
use crate::api::query::{Asked, Kind, Nothing, Param, Query, RANGE, SEVERITY, query};
use crate::runtime::clock::Clock;
use crate::store::control::{AlertQuery, PageRequest};
use crate::store::events::find::{self, Order};
use crate::store::exchange::{self, ImportError, Imported, Importer};
use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State as Extract};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use utoipa::ToSchema;

/// Bytes that are gathered before they are sent.
const CHUNK: usize = 64 << 10;
/// Chunks that wait for a slow client.
const WAITING: usize = 4;
/// Alerts read at a time.
const ALERTS: usize = 500;
/// Largest body of an import, in bytes.
const IMPORT_MAX: usize = 100 << 20;
/// What a body of rows says it is. A page of another origin cannot send it without asking first.
const NDJSON: &str = "application/x-ndjson";

/// How an export is written, and how much of it.
const SHAPE: &[Param] = &[
    Param {
        name: "format",
        kind: Kind::Choice(&["ndjson", "csv"]),
        doc: "`ndjson`: one object a line, which an import reads. `csv`: for spreadsheets; cells that one would run begin with an apostrophe.",
    },
    Param {
        name: "limit",
        kind: Kind::Int(1, u64::MAX, None),
        doc: "Most rows; all of them when nothing is said.",
    },
];

query! {
    /// Which events are written.
    EventsExport: RANGE, SEVERITY, FILTERS, SHAPE
}

query! {
    /// Which alerts are written.
    AlertsExport: RANGE, SEVERITY, SHAPE
}

/// What became of the rows of an import.
#[derive(Serialize, ToSchema)]
pub struct ImportAnswer {
    /// Events that were stored.
    events: u64,
    /// Alerts that were stored, or a revision of them.
    alerts: u64,
    /// Rows that were there already.
    already_stored: u64,
    /// Events among those.
    known_events: u64,
    /// Alerts among those.
    known_alerts: u64,
    /// Rows that could not be read.
    rejected: u64,
    /// The first of them.
    problems: Vec<ImportProblem>,
}

/// A row that could not be read.
#[derive(Serialize, ToSchema)]
pub struct ImportProblem {
    /// Its line in the body, from 1.
    line: u64,
    /// What is wrong with it.
    detail: String,
}

/// The importer of the process; made when it is first needed.
pub type Shared = Arc<Mutex<Option<Importer>>>;

/// Rows on their way to a client.
struct Rows(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Rows {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Where rows are written to.
struct Out {
    to: mpsc::Sender<Bytes>,
    text: String,
    left: u64,
}

impl Out {
    /// Writes a row; `false` when no more are wanted.
    fn row(&mut self, row: &str) -> bool {
        self.text.push_str(row);
        self.left -= 1;
        let sent = self.text.len() < CHUNK || self.flush();
        sent && self.left > 0
    }

    fn flush(&mut self) -> bool {
        let chunk = Bytes::from(std::mem::take(&mut self.text));
        chunk.is_empty() || self.to.blocking_send(chunk).is_ok()
    }
}

fn shape<Q: Query>(asked: &Asked<Q>) -> (bool, u64) {
    (asked.text("format") == Some("csv"), asked.parsed("limit").unwrap_or(u64::MAX))
}

/// Begins an answer whose rows `write` makes on a thread that may wait.
fn streamed(
    state: &State,
    (csv, limit): (bool, u64),
    write: impl FnOnce(&mut Out) -> Result<(), Refusal> + Send + 'static,
) -> Response {
    let (to, rows) = mpsc::channel(WAITING);
    let workers = state.workers.clone();
    tokio::spawn(async move {
        let work = move || {
            let mut out = Out { to, text: String::new(), left: limit };
            write(&mut out)?;
            out.flush();
            Ok(())
        };
        // The head is sent already: the log has the reason why rows are missing.
        if let Err(refusal) = workers.run(work).await {
            tracing::error!(status = %refusal.status, "an export ended early");
        }
    });
    let kind = if csv { "text/csv; charset=utf-8; header=present" } else { NDJSON };
    ([(header::CONTENT_TYPE, kind)], Body::new(Rows(rows))).into_response()
}

/// Events as rows, the oldest first, as of one moment.
#[utoipa::path(get, path = "/api/v1/export/events", tag = "exchange", params(EventsExport),
    responses((status = 200, content_type = "application/x-ndjson", body = String,
        description = "Rows; a file of them can be imported.")))]
pub async fn events(
    Extract(state): Extract<State>,
    asked: Asked<EventsExport>,
) -> Result<Response, Refusal> {
    let mut query = wanted(&asked)?;
    query.order = Order::Oldest;
    let (csv, limit) = shape(&asked);
    let searching = state.searching()?;
    Ok(streamed(&state, (csv, limit), move |out| {
        let mut search = searching.begin();
        if csv {
            out.text.push_str(&table::csv_line(&exchange::CSV_HEAD.map(str::to_owned)));
        }
        let (parser, aliases) = (&mut search.parser, search.aliases.as_ref());
        let done = find::each(&search.snapshot, &query, parser, aliases, |found| {
            let find::Found { event, template, text, probability } = &found;
            out.row(&match csv {
                true => exchange::csv_line(event, *template),
                false => exchange::ndjson_line(event, *template, text, *probability),
            })
        })?;
        crate::api::search::told(done.damaged);
        Ok(())
    }))
}

/// Alerts as rows, the newest first.
#[utoipa::path(get, path = "/api/v1/export/alerts", tag = "exchange", params(AlertsExport),
    responses((status = 200, content_type = "application/x-ndjson", body = String,
        description = "Rows; a file of them can be imported.")))]
pub async fn alerts(
    Extract(state): Extract<State>,
    asked: Asked<AlertsExport>,
) -> Result<Response, Refusal> {
    let (since, until) = asked.range()?;
    let min_severity = asked.severity("severity");
    let query = AlertQuery { since, until, min_severity, ..AlertQuery::default() };
    let (csv, limit) = shape(&asked);
    let store = state.state()?;
    Ok(streamed(&state, (csv, limit), move |out| {
        if csv {
            out.text.push_str(&table::csv_line(&table::CSV_HEAD.map(str::to_owned)));
        }
        let style = render::Style { colour: false, local: false };
        let mut page = PageRequest::page(1, ALERTS);
        loop {
            let found = store.alerts(&query, &page)?;
            for stored in &found.items {
                let row = match csv {
                    true => table::csv_line(&table::row(&stored.alert, style)),
                    false => render::json_line(&stored.alert),
                };
                if !out.row(&row) {
                    return Ok(());
                }
            }
            match found.next_cursor {
                Some(cursor) => page = PageRequest::after(&cursor, ALERTS),
                None => return Ok(()),
            }
        }
    }))
}

/// Takes rows of an export: events and alerts, in any order. What is there already is not stored
/// again; rows that cannot be read are told, and the others go in.
#[utoipa::path(post, path = "/api/v1/import", tag = "exchange", params(Nothing),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses(
        (status = 200, body = ImportAnswer, description = "What became of them."),
        (status = 413, body = ErrorBody, description = "The body is larger than 100 MiB."),
    ))]
pub async fn import(
    Extract(state): Extract<State>,
    _asked: Asked<Nothing>,
    request: Request,
) -> Result<Json<ImportAnswer>, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind != Some(NDJSON) {
        let detail = format!("the body must be rows: Content-Type: {NDJSON}");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let body = to_bytes(request.into_body(), IMPORT_MAX).await.map_err(|_| {
        let detail = format!("the body did not arrive or is larger than {IMPORT_MAX} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    })?;
    let events = state.facts.events().ok_or_else(|| {
        Refusal::unavailable("events are not kept here; storage.events: segments keeps them")
    })?;
    let (facts, importer) = (state.facts.clone(), state.importer.clone());
    let work = move || {
        let now = Clock::system().now();
        let mut importer = importer.lock().unwrap_or_else(PoisonError::into_inner);
        let importer = match &mut *importer {
            Some(importer) => importer,
            none => {
                let new = Importer::new(events, facts.state(), facts.parser(), now);
                none.insert(new.map_err(|error| failed(&error.into()))?)
            }
        };
        importer.take(&body, now).map_err(|error| failed(&error))
    };
    state.workers.run(work).await.map(|done| Json(answer(done)))
}

fn failed(error: &ImportError) -> Refusal {
    tracing::error!(%error, "an import failed");
    Refusal::internal()
}

fn answer(done: Imported) -> ImportAnswer {
    let Imported { events, known_events, alerts, known_alerts, rejected, problems } = done;
    let problem = |(line, detail)| ImportProblem { line, detail };
    ImportAnswer {
        events,
        alerts,
        already_stored: known_events + known_alerts,
        known_events,
        known_alerts,
        rejected,
        problems: problems.into_iter().map(problem).collect(),
    }
}

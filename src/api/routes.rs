//! The routes and what they answer.

use super::facts::{LedgerRow, TemplateRow};
use super::guard::{self, Refusal};
use super::query::{Page, Params};
use super::{State, metrics};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State as Extract};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use seerflow_model::text::neutral;
use seerflow_model::{Alert, time};
use serde::Serialize;
use std::sync::Arc;
use std::time::SystemTime;

type Pairs = Query<Vec<(String, String)>>;

/// A page of a list.
#[derive(Serialize)]
struct Envelope<T> {
    items: Vec<T>,
    total: u64,
    page: usize,
    limit: usize,
    has_next: bool,
    next_cursor: Option<String>,
}

impl<T> Envelope<T> {
    fn new(items: Vec<T>, total: u64, page: Page) -> Envelope<T> {
        let Page { page, limit } = page;
        let has_next = (page as u64).saturating_mul(limit as u64) < total;
        Envelope { items, total, page, limit, has_next, next_cursor: None }
    }
}

/// All routes, behind the guard.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/api/v1/health", get(health))
        .route("/api/v1/stats", get(stats))
        .route("/api/v1/ledger", get(ledger))
        .route("/api/v1/alerts", get(alerts))
        .route("/api/v1/alerts/{id}", get(alert))
        .route("/api/v1/templates", get(templates))
        .route("/health/live", get(live))
        .route("/healthz", get(live))
        .route("/health/ready", get(ready))
        .route("/readyz", get(ready))
        .route("/metrics", get(prometheus))
        .fallback(missing)
        .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
        .with_state(state)
}

async fn missing(uri: Uri) -> Refusal {
    let path: String = uri.path().chars().take(200).collect();
    let detail = format!("there is no {}; the API is under /api/v1", neutral(&path));
    Refusal::new(StatusCode::NOT_FOUND, detail)
}

async fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "live" }))
}

async fn ready(Extract(state): Extract<State>) -> Response {
    let health = state.facts.health();
    let (code, status) = match health.ready {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    (code, Json(serde_json::json!({ "status": status, "problems": health.problems })))
        .into_response()
}

/// 200 while all is well, 503 with the reasons else.
async fn health(Extract(state): Extract<State>, query: Pairs) -> Result<Response, Refusal> {
    Params::new(query.0, &[])?;
    let health = state.facts.health();
    let stats = state.facts.stats();
    let healthy = health.ready && health.problems.is_empty();
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({
        "status": if healthy { "healthy" } else { "degraded" },
        "version": env!("CARGO_PKG_VERSION"),
        "problems": health.problems,
        "components": health.components,
        "uptime_seconds": stats.uptime_seconds,
        "event_rate_per_sec": stats.event_rate_per_sec,
        "active_sources": stats.active_sources,
        "calibration": stats.calibration,
    });
    Ok((status, Json(body)).into_response())
}

async fn stats(Extract(state): Extract<State>, query: Pairs) -> Result<Response, Refusal> {
    Params::new(query.0, &[])?;
    Ok(Json(state.facts.stats()).into_response())
}

#[derive(Serialize)]
struct Ledger {
    balanced: bool,
    receivers: Vec<LedgerRow>,
}

async fn ledger(Extract(state): Extract<State>, query: Pairs) -> Result<Json<Ledger>, Refusal> {
    Params::new(query.0, &[])?;
    let receivers = state.facts.ledger();
    Ok(Json(Ledger { balanced: receivers.iter().all(|row| row.balanced), receivers }))
}

async fn alerts(
    Extract(state): Extract<State>,
    query: Pairs,
) -> Result<Json<Envelope<Alert>>, Refusal> {
    let allowed = ["page", "limit", "type", "severity", "status", "since", "until"];
    let params = Params::new(query.0, &allowed)?;
    let page = params.page()?;
    let filter = params.filter(now())?;
    let (items, total) = state.facts.alerts().page(&filter, page.page, page.limit);
    let items = items.into_iter().map(Arc::unwrap_or_clone).collect();
    Ok(Json(Envelope::new(items, total as u64, page)))
}

async fn alert(
    Extract(state): Extract<State>,
    id: Result<Path<String>, PathRejection>,
    query: Pairs,
) -> Result<Json<Alert>, Refusal> {
    Params::new(query.0, &[])?;
    // An id that is no text names no alert.
    match id.ok().and_then(|Path(id)| state.facts.alerts().get(&id)) {
        Some(alert) => Ok(Json(Arc::unwrap_or_clone(alert))),
        None => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "there is no such alert; open ones and the last 1000 closed ones are kept",
        )),
    }
}

async fn templates(
    Extract(state): Extract<State>,
    query: Pairs,
) -> Result<Json<Envelope<TemplateRow>>, Refusal> {
    let page = Params::new(query.0, &["page", "limit"])?.page()?;
    let (items, total) = state.facts.templates(page.page, page.limit);
    Ok(Json(Envelope::new(items, total, page)))
}

async fn prometheus(Extract(state): Extract<State>) -> Response {
    let text = metrics::text(state.facts.as_ref());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn now() -> time::Ns {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(time::MAX_NS).min(time::MAX_NS)
}

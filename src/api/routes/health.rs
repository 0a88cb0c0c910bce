//! How the program is: health, probes, numbers, metrics, the document itself.

use crate::api::answer::Refusal;
use crate::api::facts::{ChannelState, Stats};
use crate::api::query::{Asked, Nothing};
use crate::api::{State, metrics as page};
use axum::Json;
use axum::extract::State as Extract;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How the program is.
#[derive(Serialize, ToSchema)]
pub struct HealthReport {
    /// `healthy` or `degraded`.
    status: &'static str,
    version: &'static str,
    /// What is wrong, one sentence each.
    problems: Vec<String>,
    /// State of each part.
    components: BTreeMap<String, String>,
    uptime_seconds: f64,
    event_rate_per_sec: f64,
    active_sources: u64,
    calibration: Vec<ChannelState>,
}

/// Whether it is ready.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// `ready` or `not ready`.
    status: &'static str,
    /// What is wrong, one sentence each.
    problems: Vec<String>,
}

/// Whether it lives.
#[derive(Serialize, ToSchema)]
pub struct Liveness {
    /// `live`.
    status: &'static str,
}

/// Health of the whole: 200 while all is well, 503 with the reasons else.
#[utoipa::path(get, path = "/api/v1/health", tag = "status", params(Nothing), responses(
    (status = 200, body = HealthReport, description = "All is well."),
    (status = 503, body = HealthReport, description = "Something is wrong."),
))]
pub async fn health(Extract(state): Extract<State>, _asked: Asked<Nothing>) -> Response {
    let health = state.facts.health();
    let stats = state.facts.stats();
    let healthy = health.ready && health.problems.is_empty();
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let report = HealthReport {
        status: if healthy { "healthy" } else { "degraded" },
        version: env!("CARGO_PKG_VERSION"),
        problems: health.problems,
        components: health.components,
        uptime_seconds: stats.uptime_seconds,
        event_rate_per_sec: stats.event_rate_per_sec,
        active_sources: stats.active_sources,
        calibration: stats.calibration,
    };
    (status, Json(report)).into_response()
}

/// Whether the program answers at all.
#[utoipa::path(get, path = "/health/live", tag = "status", params(Nothing), responses(
    (status = 200, body = Liveness, description = "It does."),
))]
pub async fn live(_asked: Asked<Nothing>) -> Json<Liveness> {
    Json(Liveness { status: "live" })
}

/// The same as `/health/live`.
#[utoipa::path(get, path = "/healthz", tag = "status", params(Nothing), responses(
    (status = 200, body = Liveness, description = "It does."),
))]
pub async fn livez(asked: Asked<Nothing>) -> Json<Liveness> {
    live(asked).await
}

/// Whether every door is open and the dataflow runs.
#[utoipa::path(get, path = "/health/ready", tag = "status", params(Nothing), responses(
    (status = 200, body = Readiness, description = "It does."),
    (status = 503, body = Readiness, description = "It does not."),
))]
pub async fn ready(Extract(state): Extract<State>, _asked: Asked<Nothing>) -> Response {
    let health = state.facts.health();
    let (code, status) = match health.ready {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    (code, Json(Readiness { status, problems: health.problems })).into_response()
}

/// The same as `/health/ready`.
#[utoipa::path(get, path = "/readyz", tag = "status", params(Nothing), responses(
    (status = 200, body = Readiness, description = "It does."),
    (status = 503, body = Readiness, description = "It does not."),
))]
pub async fn readyz(state: Extract<State>, asked: Asked<Nothing>) -> Response {
    ready(state, asked).await
}

/// The numbers since the start.
#[utoipa::path(get, path = "/api/v1/stats", tag = "status", params(Nothing), responses(
    (status = 200, body = Stats, description = "The numbers."),
))]
pub async fn stats(Extract(state): Extract<State>, _asked: Asked<Nothing>) -> Json<Stats> {
    Json(state.facts.stats())
}

/// All numbers in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "status", params(Nothing), responses(
    (status = 200, body = String, content_type = "text/plain", description = "Samples."),
))]
pub async fn metrics(
    Extract(state): Extract<State>,
    _asked: Asked<Nothing>,
) -> Result<Response, Refusal> {
    let text = page::text(&state);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, text).into_response())
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "status", params(Nothing), responses(
    (status = 200, body = BTreeMap<String, serde_json::Value>, description = "OpenAPI 3.1."),
))]
pub async fn openapi(Extract(state): Extract<State>, _asked: Asked<Nothing>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, state.document.to_string()).into_response()
}

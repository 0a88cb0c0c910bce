//! Alerts.

use crate::alerting::book::AlertFilter;
use crate::api::State;
use crate::api::answer::{Page, Refusal};
use crate::api::query::{Asked, Kind, Nothing, PAGES, Param, RANGE, SEVERITY, query};
use crate::api::schemas;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Extract};
use seerflow_model::{Alert, AlertStatus};
use std::sync::Arc;

/// Types of alerts.
const TYPES: &[&str] =
    &["ml", "sigma", "correlation", "risk", "kill-chain", "graph", "ueba", "ioc"];
const STATUSES: &[&str] = &["open", "updated", "closed", "retracted"];

query! {
    /// Which alerts are wanted.
    AlertsQuery: RANGE, SEVERITY, PAGES, &[
        Param { name: "type", kind: Kind::Words(TYPES), doc: "Only alerts of these types." },
        Param { name: "status", kind: Kind::Words(STATUSES), doc: "Only alerts in these states." },
    ]
}

fn status(word: &str) -> AlertStatus {
    match word {
        "updated" => AlertStatus::Updated,
        "closed" => AlertStatus::Closed,
        "retracted" => AlertStatus::Retracted,
        _ => AlertStatus::Open,
    }
}

/// Alerts, newest first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(AlertsQuery), responses(
    (status = 200, body = Page<schemas::Alert>, description = "A page of them."),
))]
pub async fn list(
    Extract(state): Extract<State>,
    asked: Asked<AlertsQuery>,
) -> Result<Json<Page<Alert>>, Refusal> {
    let (since, until) = asked.range()?;
    let filter = AlertFilter {
        types: asked.words("type"),
        min_severity: asked.severity("severity"),
        statuses: asked.words("status").iter().map(|word| status(word)).collect(),
        since,
        until,
    };
    let (page, limit) = asked.page();
    let (items, total) = state.facts.alerts().page(&filter, page as usize, limit as usize);
    let items = items.into_iter().map(Arc::unwrap_or_clone).collect();
    Ok(Json(Page::numbered(items, total as u64, page, limit)))
}

/// One alert.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert."), Nothing),
    responses(
        (status = 200, body = schemas::Alert, description = "The alert."),
        (status = 404, body = crate::api::answer::ErrorBody, description = "There is none."),
    ))]
pub async fn one(
    Extract(state): Extract<State>,
    id: Result<Path<String>, PathRejection>,
    _asked: Asked<Nothing>,
) -> Result<Json<Alert>, Refusal> {
    // An id that is no text names no alert.
    match id.ok().and_then(|Path(id)| state.facts.alerts().get(&id)) {
        Some(alert) => Ok(Json(Arc::unwrap_or_clone(alert))),
        None => Err(Refusal::missing(
            "there is no such alert; open ones and the last 1000 closed ones are kept",
        )),
    }
}

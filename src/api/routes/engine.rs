//! How the dataflow runs, and what became of every record.

use crate::api::State;
use crate::api::facts::{EngineRow, LedgerRow};
use crate::api::query::{Asked, Nothing};
use axum::Json;
use axum::extract::State as Extract;
use serde::Serialize;
use utoipa::ToSchema;

/// What became of every record.
#[derive(Serialize, ToSchema)]
pub struct Ledger {
    /// Whether every receiver's sum holds.
    balanced: bool,
    /// By receiver: accepted = processed + dropped + held + in flight.
    receivers: Vec<LedgerRow>,
}

/// What became of every record, by receiver.
#[utoipa::path(get, path = "/api/v1/ledger", tag = "engine", params(Nothing), responses(
    (status = 200, body = Ledger, description = "The ledger."),
))]
pub async fn ledger(Extract(state): Extract<State>, _asked: Asked<Nothing>) -> Json<Ledger> {
    let receivers = state.facts.ledger();
    Json(Ledger { balanced: receivers.iter().all(|row| row.balanced), receivers })
}

/// Workers, frontier and operators of the dataflow.
#[utoipa::path(get, path = "/api/v1/engine", tag = "engine", params(Nothing), responses(
    (status = 200, body = EngineRow, description = "How it runs."),
))]
pub async fn engine(Extract(state): Extract<State>, asked: Asked<Nothing>) -> Json<EngineRow> {
    Json(state.facts.engine(asked.now()))
}

//! The configuration in force.

use crate::api::State;
use crate::api::query::{Asked, Nothing};
use axum::Json;
use axum::extract::State as Extract;
use serde_json::Value;

/// The effective configuration, section by section, with secrets masked.
#[utoipa::path(get, path = "/api/v1/config", tag = "status", params(Nothing), responses(
    (status = 200, body = BTreeMap<String, Value>, description = "Every key with its value."),
))]
pub async fn config(Extract(state): Extract<State>, _asked: Asked<Nothing>) -> Json<Value> {
    Json(state.facts.config())
}

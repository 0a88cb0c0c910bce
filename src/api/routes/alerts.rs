//! Alerts, and what people say of them.

use crate::api::State;
use crate::api::answer::{ErrorBody, Page, Refusal};
use crate::api::body::Body;
use crate::api::query::{
    Asked, CURSOR, Kind, Nothing, PAGES, Param, Query, RANGE, SEVERITY, query,
};
use crate::api::schemas;
use crate::api::stores::{page_request, paged};
use crate::store::control::{AlertQuery, Feedback, NewFeedback, StoredAlert, Verdict};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use seerflow_model::alert::ns_string;
use seerflow_model::attack::Tactic;
use seerflow_model::{Alert, AlertStatus, Ns};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Types of alerts.
const TYPES: &[&str] =
    &["ml", "sigma", "correlation", "risk", "kill-chain", "graph", "ueba", "ioc"];
const STATUSES: &[&str] = &["open", "updated", "closed", "retracted"];
/// Who a change is recorded for when nobody says.
const WHO: &str = "api";

query! {
    /// Which alerts are wanted.
    AlertsQuery: RANGE, SEVERITY, PAGES, CURSOR, &[
        Param { name: "type", kind: Kind::Words(TYPES), doc: "Only alerts of these types." },
        Param { name: "status", kind: Kind::Words(STATUSES), doc: "Only alerts in these states." },
        Param {
            name: "entity",
            kind: Kind::Uuid,
            doc: "Only alerts with this entity, whatever the part it plays.",
        },
        Param {
            name: "tactic",
            kind: Kind::Text(64),
            doc: "Only alerts of this ATT&CK tactic: `credential-access`, `TA0006`.",
        },
        Param {
            name: "technique",
            kind: Kind::Text(32),
            doc: "Only alerts of this ATT&CK technique; `T1110` finds `T1110.001` too.",
        },
        Param { name: "rule", kind: Kind::Text(512), doc: "Only alerts of this rule, by name or id." },
        Param { name: "source_type", kind: Kind::Text(128), doc: "Only alerts of this source type." },
        Param {
            name: "lens",
            kind: Kind::Choice(&["security", "operations"]),
            doc: "Only alerts that matter to security, or to operations.",
        },
        Param {
            name: "silenced",
            kind: Kind::Flag,
            doc: "Only alerts that a silence kept from people (`true`), or only the others.",
        },
        Param {
            name: "feedback",
            kind: Kind::Choice(&["tp", "fp"]),
            doc: "Only alerts that were last judged to be right (`tp`), or wrong (`fp`).",
        },
        Param {
            name: "q",
            kind: Kind::Text(1_024),
            doc: "Words in title, description, rule, entities and events, all of which must be there: `failed root`, `\"failed password\"`, `ssh*`.",
        },
    ]
}

query! {
    /// Which page of a history is wanted.
    HistoryQuery: PAGES, CURSOR
}

query! {
    /// Which page of revisions is wanted.
    RevisionsQuery: PAGES
}

/// What somebody says of an alert.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVerdict {
    /// Whether it was right.
    feedback: Verdict,
    /// What there is to say about it, at most 512 characters.
    #[serde(default)]
    note: String,
    /// The way it came.
    #[serde(default)]
    origin: Origin,
}

/// The way a verdict came.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Origin {
    #[default]
    Api,
    Cli,
    Dashboard,
}

/// An alert with what is kept beside it.
#[derive(Serialize)]
pub struct Detail {
    #[serde(flatten)]
    alert: Alert,
    feedback_note: Option<String>,
    silenced_by: Option<String>,
    #[serde(with = "ns_string")]
    stored_ns: Ns,
    contributing_events: Option<Vec<Value>>,
}

/// A revision of an alert.
#[derive(Serialize, ToSchema)]
pub struct Revision {
    /// The alert as it was.
    #[schema(value_type = schemas::Alert)]
    alert: Alert,
    /// The silence that kept it from people.
    silenced_by: Option<String>,
    /// When it was stored, in ns, as text.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    stored_ns: Ns,
}

type Id = Result<Path<String>, PathRejection>;

fn none() -> Refusal {
    Refusal::missing("there is no such alert")
}

fn id(id: Id) -> Result<String, Refusal> {
    // An id that is no text names no alert.
    id.map(|Path(id)| id).map_err(|_| none())
}

fn status(word: &str) -> AlertStatus {
    match word {
        "updated" => AlertStatus::Updated,
        "closed" => AlertStatus::Closed,
        "retracted" => AlertStatus::Retracted,
        _ => AlertStatus::Open,
    }
}

/// The values of a parameter that takes one.
fn one_of<Q: Query>(asked: &Asked<Q>, name: &str) -> Vec<String> {
    asked.filled(name).map(str::to_owned).into_iter().collect()
}

fn wanted(asked: &Asked<AlertsQuery>) -> Result<AlertQuery, Refusal> {
    let (since, until) = asked.range()?;
    let tactic = |text: &str| {
        Tactic::parse(text)
            .ok_or_else(|| Refusal::value("tactic", text, "the name or id of an ATT&CK tactic"))
    };
    Ok(AlertQuery {
        since,
        until,
        types: asked.words("type"),
        min_severity: asked.severity("severity"),
        statuses: asked.words("status").iter().map(|word| status(word)).collect(),
        entities: asked.uuid("entity").map(|uuid| uuid.to_string()).into_iter().collect(),
        tactics: asked.filled("tactic").map(tactic).transpose()?.into_iter().collect(),
        techniques: one_of(asked, "technique"),
        rules: one_of(asked, "rule"),
        text: asked.filled("q").map(str::to_owned),
        silenced: asked.flag("silenced"),
        feedback: asked.text("feedback").and_then(Verdict::from_word),
        source_types: one_of(asked, "source_type"),
        lens: asked.text("lens").map(str::to_owned),
    })
}

/// Alerts, newest first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(AlertsQuery), responses(
    (status = 200, body = Page<schemas::Alert>, description = "A page of them."),
))]
pub async fn list(
    Extract(state): Extract<State>,
    asked: Asked<AlertsQuery>,
) -> Result<Json<Page<Alert>>, Refusal> {
    let (query, place) = (wanted(&asked)?, asked.place()?);
    let store = state.state()?;
    state
        .workers
        .run(move || {
            let found = store.alerts(&query, &page_request(&place))?;
            Ok(Json(paged(found, &place).map(|stored| stored.alert)))
        })
        .await
}

/// One alert, with the events that it stands for.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert."), Nothing),
    responses(
        (status = 200, body = schemas::AlertDetail, description = "The alert."),
        (status = 404, body = ErrorBody, description = "There is none."),
    ))]
pub async fn one(
    Extract(state): Extract<State>,
    path: Id,
    _asked: Asked<Nothing>,
) -> Result<Json<Detail>, Refusal> {
    let (store, id, searching) = (state.state()?, id(path)?, state.searching().ok());
    state
        .workers
        .run(move || {
            let StoredAlert { alert, feedback_note, silenced_by, stored } =
                store.alert(&id)?.ok_or_else(none)?;
            let contributing_events = match searching {
                Some(searching) => Some(searching.begin().named(&alert.events)?),
                None => None,
            };
            Ok(Json(Detail {
                alert,
                feedback_note,
                silenced_by,
                stored_ns: stored,
                contributing_events,
            }))
        })
        .await
}

/// All revisions of an alert, oldest first.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/revisions", tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert."), RevisionsQuery),
    responses(
        (status = 200, body = Page<Revision>, description = "A page of them."),
        (status = 404, body = ErrorBody, description = "There is no such alert."),
    ))]
pub async fn revisions(
    Extract(state): Extract<State>,
    path: Id,
    asked: Asked<RevisionsQuery>,
) -> Result<Json<Page<Revision>>, Refusal> {
    let (store, id) = (state.state()?, id(path)?);
    let (page, limit) = asked.page();
    state
        .workers
        .run(move || {
            let all = store.alert_revisions(&id)?;
            if all.is_empty() {
                return Err(none());
            }
            let out = all.into_iter().map(|revision| Revision {
                alert: revision.alert,
                silenced_by: revision.silenced_by,
                stored_ns: revision.stored,
            });
            Ok(Json(Page::of_all(out.collect(), page, limit)))
        })
        .await
}

/// What people said of an alert, newest first.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/feedback", tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert."), HistoryQuery),
    responses(
        (status = 200, body = Page<Feedback>, description = "A page of it."),
        (status = 404, body = ErrorBody, description = "There is no such alert."),
    ))]
pub async fn history(
    Extract(state): Extract<State>,
    path: Id,
    asked: Asked<HistoryQuery>,
) -> Result<Json<Page<Feedback>>, Refusal> {
    let (store, id, place) = (state.state()?, id(path)?, asked.place()?);
    state
        .workers
        .run(move || {
            let found = store.feedback(&id, &page_request(&place))?.ok_or_else(none)?;
            Ok(Json(paged(found, &place)))
        })
        .await
}

/// Says whether an alert was right. The last verdict counts; all are kept.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/feedback", tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert."), Nothing),
    request_body = NewVerdict,
    responses(
        (status = 204, description = "It was recorded."),
        (status = 404, body = ErrorBody, description = "There is no such alert."),
    ))]
pub async fn judge(
    Extract(state): Extract<State>,
    path: Id,
    asked: Asked<Nothing>,
    Body(verdict): Body<NewVerdict>,
) -> Result<StatusCode, Refusal> {
    let (store, id, now) = (state.state()?, id(path)?, asked.now());
    let guiding = state.facts.guiding();
    let origin = match verdict.origin {
        Origin::Api => WHO,
        Origin::Cli => "cli",
        Origin::Dashboard => "dashboard",
    };
    let new =
        NewFeedback { verdict: verdict.feedback, note: verdict.note, origin: origin.to_owned() };
    state
        .workers
        .run(move || {
            store.record_feedback(&id, &new, now)?.ok_or_else(none)?;
            if let (Some(guiding), Some(stored)) = (guiding, store.alert(&id)?) {
                guiding.judged(&stored.alert, new.verdict, now);
            }
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

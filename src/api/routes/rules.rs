//! Rules: what is in force, switches, and rules that people upload.
//!
//! A change is checked as a whole before anything is stored: a rule that is wrong, or that breaks
//! another one, is refused with line and column. The answer waits a moment for the engine; a new
//! rule is put to what is stored first, and that may take longer.

use super::rule_rows::{Done, RuleRow};
use crate::api::State;
use crate::api::answer::{ErrorBody, Page, Refusal, shown};
use crate::api::body::Body;
use crate::api::query::{Asked, Kind, Nothing, PAGES, Param, query};
use crate::config::sections::RETRO_HOURS_MAX;
use crate::runtime::rulekeeper::{Refused, RuleKeeper};
use crate::sigma::book::{Book, Changes, Origin, UPLOADS, key};
use crate::sigma::listing::{self, Filter, LENSES, Row, STATES};
use crate::store::control::rules::{UPLOAD_BYTES_MAX, UPLOADS_MAX};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use seerflow_model::Tactic;
use seerflow_model::time::{DAY, Ns, SECOND};
use seerflow_sigma::{Header, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// Who a change is recorded for when nobody says.
const WHO: &str = "api";
/// How long an answer waits until the engine has a change.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest body of an upload: JSON writes some characters as six.
const BODY_MAX: usize = 6 * UPLOAD_BYTES_MAX + 1_024;
/// Problems that an answer tells.
const SAID_MAX: usize = 5;
/// Buckets of a rule's time line.
const BUCKETS: u64 = 24;
/// Their length.
const BUCKET: Ns = 3_600 * SECOND;

query! {
    /// Which rules are wanted.
    RulesQuery: PAGES, &[
        Param { name: "search", kind: Kind::Text(200), doc: "Only with this in title, name or id, whatever its case." },
        Param { name: "technique", kind: Kind::Text(16), doc: "Only with this ATT&CK technique or one below it: `T1053`." },
        Param { name: "tactic", kind: Kind::Text(64), doc: "Only with this ATT&CK tactic: `persistence`, `TA0003`." },
        Param { name: "lens", kind: Kind::Choice(&LENSES), doc: "Only of this lens." },
        Param { name: "state", kind: Kind::Choice(&STATES), doc: "Only in this state." },
        Param { name: "enabled", kind: Kind::Flag, doc: "Only those that take part (`true`), or that do not (`false`)." },
        Param { name: "source", kind: Kind::Choice(&["bundled", "file", "custom_uploaded"]), doc: "Only those that come from there." },
        Param { name: "category", kind: Kind::Text(200), doc: "Only with this category of logs." },
        Param { name: "logsource_product", kind: Kind::Text(200), doc: "Only with this product." },
        Param { name: "severity_in", kind: Kind::Words(&["0", "1", "2", "3", "4", "5", "6"]), doc: "Only with one of these severities." },
    ]
}

/// How far a rule looks back that takes part from now on.
const RETRO: Param = Param {
    name: "retro_hours",
    kind: Kind::Int(0, RETRO_HOURS_MAX, None),
    doc: "Over how many hours of stored events rules are run that are new or changed by this; 0 for none. Without it `sigma.retro_hours` counts.",
};

query! {
    /// How a rule is uploaded.
    UploadQuery: &[Param { name: "dry_run", kind: Kind::Flag, doc: "Only say what would become of it (`true`)." }, RETRO]
}

query! {
    /// How a rule is turned on.
    SwitchQuery: &[RETRO]
}

/// Turns a rule on or off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSwitchRequest {
    /// Whether it is to take part.
    enabled: bool,
}

/// A rule to be uploaded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleUploadRequest {
    /// One Sigma rule, as YAML.
    yaml: String,
}

/// What would become of an upload.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct RuleCheck {
    /// Whether it would be taken.
    valid: bool,
    /// What the rule would be known by.
    rule_id: Option<String>,
    /// Its title.
    title: Option<String>,
    /// Category, product and service.
    logsource_key: Option<Vec<Option<String>>>,
    /// `ok`, `disabled` or `unreachable`.
    state: Option<String>,
    /// Why it would not be ok.
    reason: Option<String>,
    /// Where the rule comes from whose place it would take.
    replaces: Option<String>,
    /// Where it is wrong: `yaml`, `schema`, or `compile` for what other rules have to do with it.
    stage: Option<String>,
    /// What is wrong.
    message: Option<String>,
    /// Line of that.
    line: Option<u32>,
    /// Column of that.
    column: Option<u32>,
}

/// Alerts of an hour.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleBucket {
    /// Begin of the hour, in ns, as text.
    bucket_start_ns: String,
    /// Alerts that began in it.
    count: u64,
}

/// Alerts of a rule by the hour.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleTimeline {
    /// The last day, oldest first.
    buckets: Vec<RuleBucket>,
}

fn none() -> Refusal {
    Refusal::missing("there is no such rule")
}

fn keeper(state: &State) -> Result<Arc<RuleKeeper>, Refusal> {
    let none = || Refusal::unavailable("there are no rules here; `seerflow start` has some");
    state.facts.rules().ok_or_else(none)
}

/// What rules have done.
fn done(state: &State, now: Ns) -> Result<Done, Refusal> {
    let alerts = match state.facts.state() {
        Some(store) => store.alerts_by_rule(now.saturating_sub(DAY))?,
        None => BTreeMap::new(),
    };
    Ok(Done { matches: state.facts.rule_matches(), alerts })
}

fn detail(state: &State, book: &Book, id: &str, now: Ns) -> Result<RuleRow, Refusal> {
    let entry = book.entries.iter().find(|entry| entry.key == id).ok_or_else(none)?;
    RuleRow::detail(book, entry, &done(state, now)?).ok_or_else(none)
}

/// A problem with the place in the text that was sent.
fn place(problem: &Problem) -> String {
    let fault = &problem.fault;
    match (problem.file.starts_with(UPLOADS), fault.place.line) {
        (true, 0) => fault.message.clone(),
        (true, line) => format!("line {line}, column {}: {}", fault.place.column, fault.message),
        _ => problem.to_string(),
    }
}

fn refusal(refused: Refused) -> Refusal {
    match refused {
        Refused::Problems(problems) => {
            let told: Vec<String> = problems.iter().take(SAID_MAX).map(place).collect();
            Refusal::unprocessable(told.join("; "))
        }
        Refused::Invalid(text) => Refusal::unprocessable(text),
        Refused::Failed(text) => {
            tracing::error!(error = text, "rules could not be changed");
            Refusal::internal()
        }
    }
}

/// Rules: detections, then correlations.
#[utoipa::path(get, path = "/api/v1/sigma/rules", tag = "rules", params(RulesQuery),
    responses((status = 200, body = Page<RuleRow>, description = "A page of them.")))]
pub async fn list(
    Extract(state): Extract<State>,
    asked: Asked<RulesQuery>,
) -> Result<Json<Page<RuleRow>>, Refusal> {
    let value = |name: &str, allowed: String| {
        Refusal::value(name, asked.text(name).unwrap_or_default(), &allowed)
    };
    let technique = asked.filled("technique").map(listing::technique).transpose();
    let technique = technique.map_err(|_| value("technique", "T1053, T1053.003".into()))?;
    let tactic = asked.filled("tactic").map(listing::tactic).transpose().map_err(|_| {
        value("tactic", Tactic::ALL.iter().map(|t| t.slug()).collect::<Vec<_>>().join(", "))
    })?;
    let word = |name: &str, words: &[&'static str]| {
        asked.filled(name).and_then(|text| listing::word(text, words).ok())
    };
    let given = |name: &str| asked.filled(name).map(str::to_owned);
    let origin = asked.filled("source");
    let filter = Filter {
        technique,
        tactic,
        lens: word("lens", &LENSES),
        state: word("state", &STATES),
        origin: origin.and_then(|name| Origin::ALL.into_iter().find(|o| o.name() == name)),
        product: given("logsource_product"),
        category: given("category"),
        severities: asked.words("severity_in").iter().filter_map(|n| n.parse().ok()).collect(),
        enabled: asked.flag("enabled"),
        search: given("search"),
        ..Filter::default()
    };
    let ((page, limit), now, facts) = (asked.page(), asked.now(), state.clone());
    let work = move || {
        let book = keeper(&facts)?.book();
        let page = Page::of_all(filter.rows(&book), page, limit);
        let done = done(&facts, now)?;
        Ok(Json(page.map(|row: Row<'_>| RuleRow::new(&row, &done))))
    };
    state.workers.run(work).await
}

/// One rule with its text.
#[utoipa::path(get, path = "/api/v1/sigma/rules/{id}", tag = "rules",
    params(("id" = String, Path, description = "Id of the rule."), Nothing),
    responses(
        (status = 200, body = RuleRow, description = "The rule."),
        (status = 404, body = ErrorBody, description = "There is none."),
    ))]
pub async fn one(
    Extract(state): Extract<State>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked<Nothing>,
) -> Result<Json<RuleRow>, Refusal> {
    let Path(id) = path.map_err(|_| none())?;
    let (now, facts) = (asked.now(), state.clone());
    let work = move || {
        let book = keeper(&facts)?.book();
        detail(&facts, &book, &id, now).map(Json)
    };
    state.workers.run(work).await
}

/// Alerts of a rule in the last day, by the hour.
#[utoipa::path(get, path = "/api/v1/sigma/rules/{id}/timeline", tag = "rules",
    params(("id" = String, Path, description = "Id of the rule."), Nothing),
    responses(
        (status = 200, body = RuleTimeline, description = "24 hours; the last one goes on."),
        (status = 404, body = ErrorBody, description = "There is no such rule."),
    ))]
pub async fn timeline(
    Extract(state): Extract<State>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked<Nothing>,
) -> Result<Json<RuleTimeline>, Refusal> {
    let Path(id) = path.map_err(|_| none())?;
    let (now, facts) = (asked.now(), state.clone());
    let work = move || {
        let book = keeper(&facts)?.book();
        if !book.entries.iter().any(|entry| entry.key == id) {
            return Err(none());
        }
        let end = (now / BUCKET + 1) * BUCKET;
        let begin = end.saturating_sub(BUCKETS * BUCKET);
        let found = facts.state()?.rule_series(&id, (begin, end), BUCKET)?;
        let count = |start: Ns| found.iter().find(|b| b.start == start).map_or(0, |b| b.count);
        let bucket = |n: u64| {
            let start = begin + n * BUCKET;
            RuleBucket { bucket_start_ns: start.to_string(), count: count(start) }
        };
        Ok(Json(RuleTimeline { buckets: (0..BUCKETS).map(bucket).collect() }))
    };
    state.workers.run(work).await
}

/// Turns a rule on or off; that is kept. On means: whatever its status and level.
#[utoipa::path(patch, path = "/api/v1/sigma/rules/{id}", tag = "rules",
    params(("id" = String, Path, description = "Id of the rule."), SwitchQuery),
    request_body = RuleSwitchRequest,
    responses(
        (status = 200, body = RuleRow, description = "As it is since."),
        (status = 404, body = ErrorBody, description = "There is no such rule."),
    ))]
pub async fn switch(
    Extract(state): Extract<State>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked<SwitchQuery>,
    Body(request): Body<RuleSwitchRequest>,
) -> Result<Json<RuleRow>, Refusal> {
    let Path(id) = path.map_err(|_| none())?;
    let (now, facts, enabled) = (asked.now(), state.clone(), request.enabled);
    let hours = asked.parsed("retro_hours");
    let work = move || {
        let keeper = keeper(&facts)?;
        if !keeper.book().entries.iter().any(|entry| entry.key == id) {
            return Err(none());
        }
        let switch = |changes: &mut Changes| {
            changes.switches.insert(id.clone(), enabled);
        };
        let keep = keeper
            .change(hours, switch, |store| store.set_rule(&id, enabled, WHO, now).map(drop))
            .map_err(refusal)?;
        keeper.settled(PATIENCE);
        detail(&facts, &keep, &id, now).map(Json)
    };
    state.workers.run(work).await
}

/// What of a rule is read before anything else.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    id: Option<serde_json::Value>,
    #[serde(default)]
    name: Option<serde_json::Value>,
    #[serde(default)]
    title: Option<serde_json::Value>,
}

/// What an uploaded rule is to be known by. What cannot be read gets a name that stands only until
/// the loader has said what is wrong.
fn key_of(yaml: &str) -> Result<String, Refusal> {
    let Ok(heads) = serde_saphyr::from_multiple::<Head>(yaml) else { return Ok("new".into()) };
    let [head] = &heads[..] else {
        let detail = format!("an upload has one rule; this one has {} documents", heads.len());
        return Err(Refusal::unprocessable(detail));
    };
    let text = |value: &Option<serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => Some(text.clone()),
        Some(serde_json::Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    };
    let title = text(&head.title).unwrap_or_default();
    let header = Header { id: text(&head.id), name: text(&head.name), title, ..Header::default() };
    Ok(key(&header))
}

/// Takes a rule in, in place of one with its id.
#[utoipa::path(post, path = "/api/v1/sigma/rules", tag = "rules", params(UploadQuery),
    request_body = RuleUploadRequest,
    responses(
        (status = 200, body = RuleCheck, description = "With `dry_run`: what would become of it."),
        (status = 201, body = RuleRow, description = "It was taken in."),
        (status = 507, body = ErrorBody, description = "There are too many uploaded rules."),
    ))]
pub async fn upload(
    Extract(state): Extract<State>,
    asked: Asked<UploadQuery>,
    Body(request): Body<RuleUploadRequest, BODY_MAX>,
) -> Result<Response, Refusal> {
    let (now, facts) = (asked.now(), state.clone());
    let dry = asked.flag("dry_run").unwrap_or(false);
    let hours = asked.parsed("retro_hours");
    let work = move || {
        let keeper = keeper(&facts)?;
        if request.yaml.len() > UPLOAD_BYTES_MAX {
            let detail = format!("the rule is longer than {UPLOAD_BYTES_MAX} bytes");
            return Err(Refusal::unprocessable(detail));
        }
        let id = key_of(&request.yaml)?;
        let text: Arc<str> = request.yaml.into();
        let change = |changes: &mut Changes| {
            changes.uploads.retain(|(known, _)| *known != id);
            changes.uploads.push((id.clone(), text.clone()));
        };
        if dry {
            let check = checked(&keeper, &id, keeper.tried(change));
            return Ok(Json(check).into_response());
        }
        let uploads = facts.state()?.uploads()?;
        if uploads.len() as u64 >= UPLOADS_MAX && !uploads.iter().any(|u| u.rule == id) {
            let detail = format!("there are {UPLOADS_MAX} uploaded rules already; delete some");
            return Err(Refusal::new(StatusCode::INSUFFICIENT_STORAGE, detail));
        }
        let keep = |store: &dyn crate::store::control::StateStore| {
            store.put_upload(&id, &text, WHO, now).map(drop)
        };
        let book = keeper.change(hours, change, keep).map_err(refusal)?;
        keeper.settled(PATIENCE);
        let detail = detail(&facts, &book, &id, now)?;
        Ok((StatusCode::CREATED, Json(detail)).into_response())
    };
    state.workers.run(work).await
}

fn checked(keeper: &RuleKeeper, id: &str, tried: Result<Book, Refused>) -> RuleCheck {
    let wrong = |stage: &str, message: String| RuleCheck {
        stage: Some(stage.to_owned()),
        message: Some(message),
        ..RuleCheck::default()
    };
    let book = match tried {
        Ok(book) => book,
        Err(Refused::Problems(problems)) => {
            let own = problems.iter().find(|problem| problem.file.starts_with(UPLOADS));
            let Some(problem) = own.or(problems.first()) else { return RuleCheck::default() };
            let stage = match (own, &problem.rule) {
                (None, _) => "compile",
                (_, None) if problem.fault.message.contains("YAML") => "yaml",
                _ => "schema",
            };
            let message =
                if own.is_some() { problem.fault.message.clone() } else { place(problem) };
            let at = problem.fault.place;
            let known = own.is_some() && at.line > 0;
            return RuleCheck {
                line: known.then_some(at.line),
                column: known.then_some(at.column),
                ..wrong(stage, message)
            };
        }
        Err(Refused::Invalid(text) | Refused::Failed(text)) => {
            return wrong("compile", shown(&text));
        }
    };
    let entry = book.entries.iter().find(|entry| entry.key == id);
    let Some(row) = entry.and_then(|entry| Row::of(&book, entry)) else {
        return wrong(
            "schema",
            "it is no rule: it has neither `detection` nor `correlation`".into(),
        );
    };
    let before = keeper.book();
    let replaced = before.entries.iter().find(|entry| entry.key == id);
    let row = RuleRow::new(&row, &Done::default());
    RuleCheck {
        valid: true,
        rule_id: Some(row.rule_id),
        title: Some(row.title),
        logsource_key: Some(row.logsource_key),
        state: Some(row.state),
        reason: row.reason,
        replaces: replaced.map(|entry| entry.origin.name().to_owned()),
        ..RuleCheck::default()
    }
}

/// Forgets an uploaded rule; one that it stood in place of counts again.
#[utoipa::path(delete, path = "/api/v1/sigma/rules/{id}", tag = "rules",
    params(("id" = String, Path, description = "Id of the rule."), Nothing),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, body = ErrorBody, description = "There is no such upload."),
        (status = 409, body = ErrorBody, description = "Other rules refer to it."),
    ))]
pub async fn remove(
    Extract(state): Extract<State>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked<Nothing>,
) -> Result<StatusCode, Refusal> {
    let Path(id) = path.map_err(|_| none())?;
    let (now, facts) = (asked.now(), state.clone());
    let work = move || {
        let keeper = keeper(&facts)?;
        let uploads = facts.state()?.uploads()?;
        if !uploads.iter().any(|upload| upload.rule == id) {
            let detail = "there is no such uploaded rule; others can only be switched off";
            return Err(Refusal::missing(detail));
        }
        let change = |changes: &mut Changes| changes.uploads.retain(|(known, _)| *known != id);
        let forget = |store: &dyn crate::store::control::StateStore| {
            store.remove_upload(&id, WHO, now).map(drop)
        };
        keeper.change(None, change, forget).map_err(|refused| match refused {
            Refused::Problems(problems) => {
                let told: Vec<String> = problems.iter().take(SAID_MAX).map(place).collect();
                Refusal::new(StatusCode::CONFLICT, told.join("; "))
            }
            other => refusal(other),
        })?;
        keeper.settled(PATIENCE);
        Ok(StatusCode::NO_CONTENT)
    };
    state.workers.run(work).await
}

//! Schemas of answers whose types are not made for the API.
//!
//! These structs are never filled: they say for the document what the types of the model write. The
//! tests hold every answer against them, both for what is missing and for what is too much, so
//! that none can differ.
#![allow(dead_code, reason = "they describe answers and are never filled")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An alert: one episode of one rule.
#[derive(ToSchema)]
pub struct Alert {
    /// Version of this form.
    pub schema: u32,
    pub alert_id: String,
    /// Counts up with every change, from 1.
    pub revision: u32,
    pub status: AlertStatus,
    pub provisional: bool,
    /// Whether it speaks of the past.
    pub retro: bool,
    /// `ml`, `sigma`, `correlation`, `risk`, `kill-chain`, `graph`, `ueba` or `ioc`.
    pub alert_type: String,
    /// `security` or `operations`.
    pub lens: String,
    pub rule_name: String,
    pub rule_id: String,
    pub rule_author: Option<String>,
    pub ruleset_version: Option<String>,
    pub title: String,
    pub description: String,
    /// 0 to 6.
    #[schema(minimum = 0, maximum = 6)]
    pub severity: u8,
    pub severity_text: String,
    /// Begin, in ns, as text.
    pub timestamp_ns: String,
    /// Newest evidence, in ns, as text.
    pub last_seen_ns: String,
    /// End, in ns, as text; null while it is open.
    pub closed_ns: Option<String>,
    pub entity_uuid: Option<String>,
    pub entity_type: Option<String>,
    pub entity_value: Option<String>,
    pub entities: Vec<Entity>,
    pub source_type: Option<String>,
    pub occurrences: u64,
    /// The same as `occurrences`.
    pub dedup_count: u64,
    /// 0 to 100; null when it is not known.
    pub risk_score: Option<f64>,
    /// How rarely such evidence comes by chance.
    pub probability: Option<f64>,
    pub evidence: Vec<Evidence>,
    /// Events that it stands for.
    pub event_count: u64,
    /// The first and the last eight of them.
    pub events: Vec<EventBrief>,
    pub mitre_tactics: Vec<String>,
    pub mitre_techniques: Vec<String>,
    pub dedup_key: String,
    /// `tp`, `fp` or null.
    pub feedback: Option<String>,
}

/// What is kept beside an alert.
#[derive(ToSchema)]
pub struct AlertMore {
    /// Note of the last verdict.
    pub feedback_note: Option<String>,
    /// The silence that kept its newest revision from people.
    pub silenced_by: Option<String>,
    /// When its newest revision was stored, in ns, as text.
    pub stored_ns: String,
    /// The events that `events` names, as far as they are still kept; null when events are not
    /// kept at all.
    pub contributing_events: Option<Vec<Event>>,
}

/// An alert with what is kept beside it.
pub struct AlertDetail;

impl PartialSchema for AlertDetail {
    fn schema() -> RefOr<Schema> {
        match (Alert::schema(), AlertMore::schema()) {
            (RefOr::T(Schema::Object(mut alert)), RefOr::T(Schema::Object(more))) => {
                alert.properties.extend(more.properties);
                alert.description = Some("An alert with what is kept beside it.".to_owned());
                RefOr::T(Schema::Object(alert))
            }
            (alert, _) => alert,
        }
    }
}

impl ToSchema for AlertDetail {
    fn name() -> Cow<'static, str> {
        "AlertDetail".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Alert::schemas(schemas);
        AlertMore::schemas(schemas);
    }
}

/// Where an alert is in its life.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum AlertStatus {
    Open,
    Updated,
    Closed,
    Retracted,
}

/// An entity and the part it plays.
#[derive(ToSchema)]
pub struct Entity {
    pub uuid: String,
    /// `user`, `ip`, `host`, `process`, `file`, `domain`, `hash`, `url`, `email`, `mac`,
    /// `service`, `container` or `principal`.
    #[schema(rename = "type")]
    pub kind: String,
    /// Canonical value.
    pub value: String,
    /// `actor`, `src`, `target`, `dst`, `observer` or `object`.
    pub role: String,
}

/// What a detector found.
#[derive(ToSchema)]
pub struct Evidence {
    pub channel: String,
    pub kind: String,
    pub probability: Option<f64>,
    pub text: String,
    pub values: BTreeMap<String, f64>,
}

/// The short form of an event.
#[derive(ToSchema)]
pub struct EventBrief {
    pub event_id: String,
    /// Event time, in ns, as text.
    pub timestamp_ns: String,
    pub source: String,
    pub message: String,
}

/// An event.
#[derive(ToSchema)]
pub struct Event {
    pub event_id: String,
    /// Event time, else the time it was ordered by, in ns, as text.
    pub timestamp_ns: String,
    /// What the log says, in ns, as text.
    pub event_time_ns: Option<String>,
    /// When it reached us, in ns, as text.
    pub observed_ns: String,
    /// What it was ordered by, in ns, as text.
    pub effective_ns: String,
    #[schema(minimum = 0, maximum = 6)]
    pub severity_id: u8,
    pub severity_text: String,
    /// 1 to 24.
    #[schema(minimum = 1, maximum = 24)]
    pub otel_severity: u8,
    pub source: String,
    pub source_type: String,
    pub host: Option<String>,
    pub program: Option<String>,
    pub pid: Option<String>,
    pub msgid: Option<String>,
    pub facility: Option<u8>,
    pub message: String,
    pub format: String,
    pub tags: Vec<String>,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
    /// Structured fields, as text.
    pub fields: BTreeMap<String, String>,
    pub entities: Vec<Entity>,
    pub edges: Vec<Edge>,
    /// The same in the Elastic Common Schema; only what is known.
    pub ecs: BTreeMap<String, serde_json::Value>,
    pub ocsf: Ocsf,
    pub logsource: LogSource,
    /// Id of its template; text, since it has 64 bits.
    pub template_id: String,
    /// Text of its template.
    pub template: String,
    /// How unusual the most unusual thing about it is, 0 to 1.
    pub score: f64,
    /// How improbable that is: one minus the score.
    pub probability: f64,
    /// The record as it came, with `raw=true` and when it is UTF-8.
    pub raw: Option<String>,
    /// The same in Base64, with `raw=true` and when it is not UTF-8.
    pub raw_base64: Option<String>,
}

/// A relation between two entities of an event.
#[derive(ToSchema)]
pub struct Edge {
    /// UUID of an entity.
    pub from: Option<String>,
    /// UUID of an entity.
    pub to: Option<String>,
    pub relation: String,
}

/// The same in the Open Cybersecurity Schema Framework.
#[derive(ToSchema)]
pub struct Ocsf {
    pub category_uid: u32,
    pub class_uid: u32,
    pub activity_id: u32,
    pub type_uid: u32,
    pub severity_id: u32,
    pub status_id: u32,
    /// Milliseconds since 1970.
    pub time: u64,
}

/// Sigma's logsource.
#[derive(ToSchema)]
pub struct LogSource {
    pub category: Option<String>,
    pub product: Option<String>,
    pub service: Option<String>,
}

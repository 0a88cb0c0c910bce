//! What the HTTP face asks the running program for.
//!
//! The face knows nothing of the engine: it reads these plain structs. Every method must return at
//! once, from counters and published snapshots, unless it says otherwise.

use crate::alerting::AlertBook;
use crate::runtime::guidance::Guiding;
use crate::runtime::rulekeeper::RuleKeeper;
use crate::store::control::StateStore;
use crate::store::events::EventStore;
use crate::store::events::find::{Aliases, NoAliases};
use seerflow_model::Ns;
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The running program, as the API sees it.
pub trait Facts: Send + Sync + 'static {
    /// How the program is.
    fn health(&self) -> Health;
    /// The numbers of `/stats`.
    fn stats(&self) -> Stats;
    /// The conservation ledger, one row per receiver.
    fn ledger(&self) -> Vec<LedgerRow>;
    /// The alerts that are remembered.
    fn alerts(&self) -> &AlertBook;
    /// The templates, most frequent first; may wait a moment for the workers.
    fn templates(&self) -> Vec<TemplateRow>;
    /// The sources that have delivered, those seen last first.
    fn sources(&self, now: Ns) -> Vec<SourceRow>;
    /// What did not go as it should.
    fn errors(&self) -> Errors;
    /// How the dataflow runs.
    fn engine(&self, now: Ns) -> EngineRow;
    /// The effective configuration, with secrets masked.
    fn config(&self) -> Value;
    /// State that people change, when it is kept. Its methods wait for a disk.
    fn state(&self) -> Option<Arc<dyn StateStore>> {
        None
    }
    /// The events that are kept, when they are.
    fn events(&self) -> Option<Arc<EventStore>> {
        None
    }
    /// A parser that reads stored records again.
    fn parser(&self) -> Parser {
        Parser::new(RoleSet::bundled(), None)
    }
    /// What is known of templates that stored events have; may wait for a disk.
    fn aliases(&self) -> Box<dyn Aliases + Send> {
        Box::new(NoAliases)
    }
    /// The way for what people say to a running engine.
    fn guiding(&self) -> Option<Guiding> {
        None
    }
    /// The rules, and the way to change them; may wait for a disk.
    fn rules(&self) -> Option<Arc<RuleKeeper>> {
        None
    }
    /// What each rule has matched since the start, by its id.
    fn rule_matches(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
    /// Metrics beyond the ones that the other facts give; names are checked by nobody.
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }
}

/// How the program is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Health {
    /// Whether every door is open and the dataflow runs.
    pub ready: bool,
    /// What is wrong, one sentence each; empty means healthy.
    pub problems: Vec<String>,
    /// State of each part: `{"engine": "running", "syslog_udp": "127.0.0.1:5514"}`.
    pub components: BTreeMap<String, String>,
}

/// The numbers of `/stats`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Stats {
    /// Events that have passed through the dataflow.
    pub total_events_processed: u64,
    /// Events that a query can see.
    pub total_events: u64,
    /// Records that were dropped, for any reason.
    pub dropped_events: u64,
    /// Seconds since the start.
    pub uptime_seconds: f64,
    /// Events per second, over the last minute.
    pub event_rate_per_sec: f64,
    /// Alerts since the start.
    pub total_alerts: u64,
    /// Alerts since the start, by severity's name.
    pub alerts_by_severity: BTreeMap<String, u64>,
    /// Sources that have delivered.
    pub active_sources: u64,
    /// Templates.
    pub templates: u64,
    /// Entities.
    pub entities: u64,
    /// Records by what the edge made of them: late, crowded, clock_skew …
    pub tags: BTreeMap<String, u64>,
    /// Redacted values by kind.
    pub redacted: BTreeMap<String, u64>,
    /// Findings that marks held.
    pub held_by_mark: u64,
    /// How far each channel is with its calibration.
    pub calibration: Vec<ChannelState>,
    /// Effective time that the dataflow has reached, in ns, as text; null before the first record.
    pub frontier_ns: Option<String>,
}

/// How far a channel is with its calibration: `volume: 37 of 60 buckets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChannelState {
    /// Channel.
    pub channel: String,
    /// What it has.
    pub have: u64,
    /// What it needs before it may raise anything.
    pub need: u64,
    /// What is counted: `buckets`, `events`.
    pub unit: String,
    /// Whether it has enough.
    pub calibrated: bool,
}

impl ChannelState {
    /// From what it has and needs.
    pub fn new(channel: &str, have: u64, need: u64, unit: &str) -> ChannelState {
        let (channel, unit) = (channel.to_owned(), unit.to_owned());
        ChannelState { channel, have: have.min(need), need, unit, calibrated: have >= need }
    }
}

impl std::fmt::Display for ChannelState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.calibrated {
            true => write!(f, "{}: calibrated", self.channel),
            false => write!(f, "{}: {} of {} {}", self.channel, self.have, self.need, self.unit),
        }
    }
}

/// One receiver in the ledger: accepted = processed + dropped + held + in flight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LedgerRow {
    /// Receiver.
    pub receiver: String,
    /// Records it took in.
    pub accepted: u64,
    /// Records that passed through the dataflow.
    pub processed: u64,
    /// Records that were dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Records that wait for their turn.
    pub held: u64,
    /// Records on their way.
    pub in_flight: u64,
    /// Whether the sum holds.
    pub balanced: bool,
}

impl LedgerRow {
    /// From its counts; whether the sum holds is worked out here and nowhere else.
    pub fn new(
        receiver: &str,
        accepted: u64,
        processed: u64,
        dropped: BTreeMap<String, u64>,
        held: u64,
        in_flight: u64,
    ) -> LedgerRow {
        let sum = processed + dropped.values().sum::<u64>() + held + in_flight;
        let receiver = receiver.to_owned();
        LedgerRow {
            receiver,
            accepted,
            processed,
            dropped,
            held,
            in_flight,
            balanced: sum == accepted,
        }
    }
}

/// A template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TemplateRow {
    /// Its id; text, since it has 64 bits.
    pub template_id: String,
    /// Its text.
    pub template: String,
    /// Source type.
    pub source_type: String,
    /// Program.
    pub program: String,
    /// Events.
    pub event_count: u64,
    /// Oldest event, in ns, as text.
    pub first_seen_ns: String,
    /// Newest event, in ns, as text.
    pub last_seen_ns: String,
    /// The first message.
    pub example: String,
}

impl From<seerflow_pipeline::views::TemplateRow> for TemplateRow {
    fn from(row: seerflow_pipeline::views::TemplateRow) -> TemplateRow {
        TemplateRow {
            template_id: row.id.to_string(),
            template: row.text,
            source_type: row.source_type,
            program: row.program,
            event_count: row.count,
            first_seen_ns: row.first_seen.to_string(),
            last_seen_ns: row.last_seen.to_string(),
            example: row.example,
        }
    }
}

/// A source: a sender, a file, a pipe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct SourceRow {
    /// Its id; text, since it has 64 bits.
    pub source_id: String,
    /// Its name: a path, or `sender → listener`.
    pub name: String,
    /// The receiver that it comes through.
    pub receiver: String,
    /// Its source type.
    pub source_type: String,
    /// The entry of `sources[]` that matched.
    pub entry: Option<String>,
    /// Zone of its times that name none.
    pub zone: Option<String>,
    /// Records since the start.
    pub events: u64,
    /// Records per second over the last minute.
    pub rate_per_sec: f64,
    /// When its newest record reached us, in ns, as text.
    pub last_seen_ns: String,
    /// Newest effective time, in ns, as text.
    pub newest_ns: String,
    /// Records below its promise, in percent.
    pub late_percent: f64,
    /// Records of which nothing but text was understood, in percent.
    pub unparsed_percent: f64,
    /// Records without a time of their own, in percent.
    pub inherited_percent: f64,
    /// Records whose time was not believed, in percent.
    pub clock_skew_percent: f64,
    /// Its clock less ours, smoothed, in seconds: below 0 it is behind, or its records are long on
    /// their way; null without times of its own.
    pub clock_offset_seconds: Option<f64>,
}

/// What did not go as it should.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Errors {
    /// How often, by reason, since the start.
    pub counts: BTreeMap<String, u64>,
    /// The last ones, newest first; of a flood only some are shown, all are counted.
    pub recent: Vec<ErrorRow>,
}

/// A record that was not understood, or not taken as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorRow {
    /// What was wrong with it.
    pub reason: String,
    /// When it reached us, in ns, as text.
    pub observed_ns: String,
    /// Its event.
    pub event_id: String,
    /// Its source.
    pub source: String,
    /// How it begins.
    pub text: String,
}

/// How the dataflow runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct EngineRow {
    /// Worker threads of this process.
    pub workers: u64,
    /// Processes of the cluster.
    pub processes: u64,
    /// CPU time of each worker, in seconds.
    pub worker_cpu_seconds: Vec<f64>,
    /// Effective time that the dataflow has reached, in ns, as text; null before the first record.
    pub frontier_ns: Option<String>,
    /// Now less the frontier, in seconds.
    pub lag_seconds: Option<f64>,
    /// Records on their way.
    pub in_flight: u64,
    /// Bytes held for order.
    pub held_bytes: u64,
    /// Most bytes that were held.
    pub held_bytes_peak: u64,
    /// The operators that have state, by name.
    pub operators: Vec<OperatorRow>,
}

/// An operator with state, over all workers of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorRow {
    /// Its name.
    pub name: String,
    /// Records that it has taken.
    pub records: u64,
    /// Records that wait for their turn.
    pub held: u64,
    /// Keys that have state.
    pub keys: u64,
    /// Keys that were given up to keep the bound.
    pub evictions: u64,
    /// Bytes of that state, without what it points to.
    pub bytes: u64,
}

/// A metric that only the engine knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Name without the prefix `seerflow_`; a counter ends in `_total`.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// Label and its value, when there are several.
    pub label: Option<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

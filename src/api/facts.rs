//! What the HTTP face asks the running program for.
//!
//! The face knows nothing of the engine: it reads these plain structs. Every method must return at
//! once, from counters and published snapshots.

use crate::alerting::AlertBook;
use crate::store::control::StateStore;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// State that people change, when it is kept. Its methods wait for a disk.
    fn state(&self) -> Option<Arc<dyn StateStore>> {
        None
    }
    /// A page of the templates, most frequent first, and how many there are; pages count from 1.
    fn templates(&self, page: usize, limit: usize) -> (Vec<TemplateRow>, u64);
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
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    /// How far each channel is with its calibration.
    pub calibration: Vec<ChannelState>,
    /// Effective time that the dataflow has reached, in ns, as text; null before the first record.
    pub frontier_ns: Option<String>,
}

/// How far a channel is with its calibration: `volume: 37 of 60 buckets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
    /// Newest and oldest event, in ns, as text.
    pub first_seen_ns: String,
    /// See `first_seen_ns`.
    pub last_seen_ns: String,
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

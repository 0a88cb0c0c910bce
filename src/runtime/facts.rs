//! What the HTTP face and the summaries read: counters and published views, merged at each read.

use super::aliases::Known;
use super::guidance::Guiding;
use super::live::Receiver;
use super::rulekeeper::RuleKeeper;
use crate::alerting::AlertBook;
use crate::api::{
    ChannelState, EngineRow, ErrorRow, Errors, Facts, Health, LedgerRow, Metric, OperatorRow,
    SourceRow, Stats, TemplateRow,
};
use crate::store::control::{Kept, StateStore};
use crate::store::events::find::Aliases;
use crate::store::events::{EventStore, Stats as EventStats};
use seerflow_model::Ns;
use seerflow_model::Severity;
use seerflow_model::record::ReceiverKind;
use seerflow_model::time::SECOND;
use seerflow_parsing::parser::Parser;
use seerflow_parsing::redact::Counts;
use seerflow_parsing::roles::RoleSet;
use seerflow_pipeline::engine::Shared;
use seerflow_pipeline::feed::PortState;
use seerflow_pipeline::folds::facts::FactKind;
use seerflow_pipeline::meters::Metered;
use seerflow_pipeline::sources::{SourceCount, Sources, Trouble};
use seerflow_pipeline::views::{Merged, TemplateRow as Row};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering::Acquire;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Over how long the event rate is taken.
const RATE_WINDOW: Duration = Duration::from_secs(60);

/// Counters of receivers that say that something was wrong.
const AT_THE_DOOR: [&str; 10] = [
    "queue_full",
    "kernel",
    "malformed_frame",
    "refused_connection",
    "peers_evicted",
    "unreadable",
    "refused_path",
    "too_many_files",
    "rest_lost",
    "read_errors",
];

/// The facts of one running engine.
pub struct EngineFacts {
    shared: Shared,
    receivers: Arc<Vec<Receiver>>,
    book: AlertBook,
    started: Instant,
    samples: Mutex<VecDeque<(Instant, u64)>>,
    redacted: Arc<Counts>,
    config: Value,
    kept: Option<Kept>,
    events: Option<Arc<EventStore>>,
    parser: Arc<dyn Fn() -> Parser + Send + Sync>,
    rules: Option<Arc<RuleKeeper>>,
    /// What earlier runs knew of templates; read when it is first asked for.
    stored_aliases: OnceLock<Arc<BTreeMap<u64, u64>>>,
}

impl EngineFacts {
    /// For an engine that starts now.
    pub fn new(shared: Shared, receivers: Arc<Vec<Receiver>>) -> EngineFacts {
        let started = Instant::now();
        let samples = Mutex::new(VecDeque::from([(started, 0)]));
        let (book, redacted) = (AlertBook::default(), Arc::default());
        let config = json!({});
        EngineFacts {
            shared,
            receivers,
            book,
            started,
            samples,
            redacted,
            config,
            kept: None,
            events: None,
            parser: Arc::new(|| Parser::new(RoleSet::bundled(), None)),
            rules: None,
            stored_aliases: OnceLock::new(),
        }
    }

    /// With the rules and the way to change them.
    #[must_use]
    pub fn ruled_by(self, rules: Arc<RuleKeeper>) -> EngineFacts {
        EngineFacts { rules: Some(rules), ..self }
    }

    /// With what is counted where values are redacted.
    #[must_use]
    pub fn redacting(self, redacted: Arc<Counts>) -> EngineFacts {
        EngineFacts { redacted, ..self }
    }

    /// With the configuration to show, its secrets masked.
    #[must_use]
    pub fn configured(self, config: Value) -> EngineFacts {
        EngineFacts { config, ..self }
    }

    /// With the events that are kept, and what reads them again.
    #[must_use]
    pub fn searching(
        self,
        events: Option<Arc<EventStore>>,
        parser: Arc<dyn Fn() -> Parser + Send + Sync>,
    ) -> EngineFacts {
        EngineFacts { events, parser, ..self }
    }

    /// With the state store.
    #[must_use]
    pub fn keeping(self, kept: Option<Kept>) -> EngineFacts {
        EngineFacts { kept, ..self }
    }

    /// Where alerts are remembered.
    pub fn book(&self) -> &AlertBook {
        &self.book
    }

    /// Records whose processing ended.
    pub fn processed(&self) -> u64 {
        self.shared.ports.iter().map(|port| port.processed.load(Acquire)).sum()
    }

    /// Records dropped, by reason.
    pub fn dropped(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for row in self.ledger() {
            for (reason, n) in row.dropped {
                *all.entry(reason).or_default() += n;
            }
        }
        for receiver in self.receivers.iter() {
            let kernel = receiver.counters.kernel.load(Acquire);
            if kernel > 0 {
                *all.entry("kernel".to_owned()).or_default() += kernel;
            }
        }
        all
    }

    /// Records by tag.
    pub fn tags(&self) -> BTreeMap<String, u64> {
        self.shared.noticed.tags().into_iter().map(|(tag, n)| (tag.to_owned(), n)).collect()
    }

    /// Number of entities.
    pub fn entities(&self) -> u64 {
        let facts = self.shared.views.facts();
        facts.iter().filter(|(kind, _)| matches!(kind, FactKind::Entity(_))).map(|(_, n)| n).sum()
    }

    /// The templates as they are now, with what was merged.
    pub fn fresh_templates(&self) -> (Vec<Row>, Merged) {
        self.wait_for_templates();
        self.last_templates()
    }

    /// The templates as they were published last, with what was merged.
    pub fn last_templates(&self) -> (Vec<Row>, Merged) {
        let views = &self.shared.views;
        (views.templates(), views.merged())
    }

    /// Asks the workers for their templates and waits a moment for the answer: they give it when
    /// the frontier moves, which it does once a second at the least.
    fn wait_for_templates(&self) {
        let views = &self.shared.views;
        let before = views.published();
        views.ask();
        let wait = || {
            for _ in 0..120 {
                if views.published().iter().zip(&before).all(|(now, before)| now > before) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(_) => tokio::task::block_in_place(wait),
            Err(_) => wait(),
        }
    }

    /// Events per second over the last minute.
    fn rate(&self) -> f64 {
        let now = Instant::now();
        let processed = self.processed();
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.push_back((now, processed));
        while samples.len() > 2 && now.duration_since(samples[1].0) >= RATE_WINDOW {
            samples.pop_front();
        }
        let (since, before) = samples[0];
        let seconds = now.duration_since(since).as_secs_f64();
        if seconds > 0.0 { processed.saturating_sub(before) as f64 / seconds } else { 0.0 }
    }
}

/// What the event store counts.
fn stored(stats: &EventStats) -> Vec<Metric> {
    let metric = |name, help, value: u64| Metric { name, help, label: None, value: value as f64 };
    let expired =
        [("age", stats.expired_age), ("bytes", stats.expired_bytes), ("disk", stats.expired_disk)];
    let expired = expired.map(|(reason, value)| Metric {
        name: "events_expired_total",
        help: "Events that were forgotten, by reason.",
        label: Some(("reason", reason.to_owned())),
        value: value as f64,
    });
    let counts = [
        metric("events_stored", "Events that can be searched.", stats.events),
        metric("event_store_bytes", "Bytes of sealed segments.", stats.bytes),
        metric("event_store_segments", "Sealed segments.", stats.segments),
        metric("event_store_blocks", "Blocks on disk.", stats.blocks),
        metric("event_store_merges_total", "Merges of segments.", stats.merges),
        metric("event_store_waits_total", "Times a worker waited for the disk.", stats.waits),
        metric("events_lost_total", "Events that could not be written.", stats.lost),
        metric("event_store_damaged", "Stretches that are left out.", stats.set_aside),
    ];
    counts.into_iter().chain(expired).collect()
}

fn source_row(count: &SourceCount, now: Ns) -> SourceRow {
    let percent = |n: u64| match count.records {
        0 => 0.0,
        all => 100.0 * n as f64 / all as f64,
    };
    let info = &count.source;
    // Of an archive the receive time says nothing.
    let offset = count.offset.filter(|_| info.receiver != ReceiverKind::Archive);
    SourceRow {
        source_id: info.id.to_string(),
        name: info.name.clone(),
        receiver: info.receiver.name().to_owned(),
        source_type: info.source_type.clone(),
        entry: info.entry.clone(),
        zone: info.zone.clone(),
        events: count.records,
        rate_per_sec: count.rate(now),
        last_seen_ns: count.last_seen.to_string(),
        newest_ns: count.newest.to_string(),
        late_percent: percent(count.late),
        unparsed_percent: percent(count.unparsed),
        inherited_percent: percent(count.inherited),
        clock_skew_percent: percent(count.clock_skew),
        clock_offset_seconds: offset.map(|ns| ns / SECOND as f64),
    }
}

fn error_row(trouble: Trouble) -> ErrorRow {
    ErrorRow {
        reason: trouble.reason.to_owned(),
        observed_ns: trouble.observed.to_string(),
        event_id: trouble.event_id,
        source: trouble.source,
        text: trouble.text,
    }
}

fn row(
    receiver: &Receiver,
    port: &PortState,
    dropped_inside: &BTreeMap<(u16, String), u64>,
    id: u16,
) -> LedgerRow {
    // What ends is read before what begins, so that a moving record is never counted twice.
    let mut dropped: BTreeMap<String, u64> = dropped_inside
        .iter()
        .filter(|((port, _), _)| *port == id)
        .map(|((_, reason), n)| (reason.clone(), *n))
        .collect();
    for (reason, n) in [
        ("queue_full", receiver.counters.queue_full.load(Acquire)),
        ("stopped", receiver.counters.stopped.load(Acquire)),
        ("duplicate", receiver.counters.duplicate.load(Acquire)),
    ] {
        if n > 0 {
            dropped.insert(reason.to_owned(), n);
        }
    }
    LedgerRow::new(
        receiver.kind.name(),
        receiver.counters.accepted.load(Acquire).max(port.accepted.load(Acquire)),
        port.processed.load(Acquire),
        dropped,
        port.held.load(Acquire),
        port.in_flight.load(Acquire),
    )
}

impl Facts for EngineFacts {
    fn health(&self) -> Health {
        let mut components = BTreeMap::from([("engine".to_owned(), "running".to_owned())]);
        for receiver in self.receivers.iter() {
            let state = receiver.address.map_or("open".to_owned(), |address| address.to_string());
            components.insert(receiver.kind.name().to_owned(), state);
        }
        let problems = self.kept.as_ref().map(Kept::problems).unwrap_or_default();
        Health { ready: true, problems, components }
    }

    fn stats(&self) -> Stats {
        let processed = self.processed();
        let opened = self.book.opened_by_severity();
        let by_severity = Severity::ALL
            .iter()
            .map(|severity| (severity.name().to_lowercase(), opened[usize::from(severity.id())]))
            .collect();
        let progress = self.shared.views.progress();
        Stats {
            total_events_processed: processed,
            total_events: self.events.as_ref().map_or(0, |events| events.snapshot().events()),
            dropped_events: self.dropped().values().sum(),
            uptime_seconds: self.started.elapsed().as_secs_f64(),
            event_rate_per_sec: self.rate(),
            total_alerts: opened.iter().sum(),
            alerts_by_severity: by_severity,
            active_sources: self.shared.noticed.sources(),
            templates: self.shared.views.template_count(),
            entities: self.entities(),
            tags: self.tags(),
            redacted: self.redacted.values(),
            held_by_mark: self.shared.held_by_marks.total(),
            calibration: progress
                .iter()
                .map(|p| ChannelState::new(&p.channel, p.have, p.need, &p.unit))
                .collect(),
            frontier_ns: self.shared.flow.frontier_ns().map(|ns| ns.to_string()),
        }
    }

    fn ledger(&self) -> Vec<LedgerRow> {
        let dropped = self.shared.noticed.dropped();
        self.receivers
            .iter()
            .zip(self.shared.ports.iter())
            .enumerate()
            .map(|(id, (receiver, port))| row(receiver, port, &dropped, id as u16))
            .collect()
    }

    fn alerts(&self) -> &AlertBook {
        &self.book
    }

    fn state(&self) -> Option<Arc<dyn StateStore>> {
        self.kept.as_ref().map(|kept| kept.store.clone())
    }

    fn guiding(&self) -> Option<Guiding> {
        self.kept.as_ref().map(|_| Guiding::new(&self.shared))
    }

    fn events(&self) -> Option<Arc<EventStore>> {
        self.events.clone()
    }

    fn rules(&self) -> Option<Arc<RuleKeeper>> {
        self.rules.clone()
    }

    fn rule_matches(&self) -> BTreeMap<String, u64> {
        let installed = self.shared.rules.current();
        let all = installed.rules.iter().chain(&installed.correlations);
        all.map(|named| (named.authority.rule_id.clone(), named.matches.load(Acquire))).collect()
    }

    fn parser(&self) -> Parser {
        (self.parser)()
    }

    fn aliases(&self) -> Box<dyn Aliases + Send> {
        let stored = self.stored_aliases.get_or_init(|| {
            let stored = self.kept.as_ref().map(|kept| kept.store.template_aliases());
            match stored {
                Some(Ok(aliases)) => aliases.into(),
                Some(Err(error)) => {
                    tracing::error!(%error, "cannot read which templates became one");
                    Arc::default()
                }
                None => Arc::default(),
            }
        });
        Box::new(Known::new(stored.clone(), self.shared.views.merged()))
    }

    fn templates(&self) -> Vec<TemplateRow> {
        self.wait_for_templates();
        let mut rows = self.shared.views.templates();
        rows.sort_by(|a, b| b.count.cmp(&a.count).then(a.id.cmp(&b.id)));
        rows.into_iter().map(TemplateRow::from).collect()
    }

    fn sources(&self, now: Ns) -> Vec<SourceRow> {
        let all = self.shared.noticed.by_source.all();
        all.into_iter().map(|count| source_row(&count, now)).collect()
    }

    fn errors(&self) -> Errors {
        let mut counts = Sources::counted(&self.shared.noticed.tags());
        for receiver in self.receivers.iter() {
            for (name, n) in receiver.counters.snapshot() {
                if n > 0 && AT_THE_DOOR.contains(&name) {
                    *counts.entry(name.to_owned()).or_default() += n;
                }
            }
        }
        let recent = self.shared.noticed.by_source.troubles();
        Errors { counts, recent: recent.into_iter().map(error_row).collect() }
    }

    fn engine(&self, now: Ns) -> EngineRow {
        let (held, peak) = self.shared.flow.held();
        let frontier = self.shared.flow.frontier_ns();
        let operator = |(name, metered): (&str, Metered)| OperatorRow {
            name: name.to_owned(),
            records: metered.records,
            held: metered.held,
            keys: metered.keys,
            evictions: metered.evictions,
            bytes: metered.bytes,
        };
        let cpu = &self.shared.worker_cpu;
        EngineRow {
            workers: cpu.len() as u64,
            processes: self.shared.peers.as_ref().map_or(1, |peers| peers.processes() as u64),
            worker_cpu_seconds: cpu.iter().map(|cpu| cpu.load(Acquire) as f64 / 1e9).collect(),
            frontier_ns: frontier.map(|ns| ns.to_string()),
            lag_seconds: frontier.map(|at| (now as f64 - at as f64) / SECOND as f64),
            in_flight: self.shared.ports.iter().map(|port| port.in_flight.load(Acquire)).sum(),
            held_bytes: held.max(0) as u64,
            held_bytes_peak: peak.max(0) as u64,
            operators: self.shared.meters.read().into_iter().map(operator).collect(),
        }
    }

    fn config(&self) -> Value {
        self.config.clone()
    }

    fn metrics(&self) -> Vec<Metric> {
        let (held, peak) = self.shared.flow.held();
        let mut all = vec![
            Metric {
                name: "held_bytes",
                help: "Bytes held for order.",
                label: None,
                value: held as f64,
            },
            Metric {
                name: "held_bytes_peak",
                help: "Most bytes that were held for order.",
                label: None,
                value: peak as f64,
            },
            Metric {
                name: "findings_held_by_budget_total",
                help: "Findings that the alert budget held back.",
                label: None,
                value: self.shared.budget_held.load(Acquire) as f64,
            },
            Metric {
                name: "findings_held_by_marks_total",
                help: "Findings that marks held.",
                label: None,
                value: self.shared.held_by_marks.total() as f64,
            },
        ];
        let rules = self.shared.rules.counts.all();
        all.extend(rules.map(|(name, help, value)| Metric {
            name,
            help,
            label: None,
            value: value as f64,
        }));
        for receiver in self.receivers.iter() {
            for (name, value) in receiver.counters.snapshot() {
                all.push(Metric {
                    name: "receiver",
                    help: "Counters of the receivers.",
                    label: Some(("counter", format!("{}_{name}", receiver.kind.name()))),
                    value: value as f64,
                });
            }
        }
        all.extend(self.kept.iter().flat_map(Kept::metrics));
        all.extend(self.events.iter().flat_map(|events| stored(&events.stats())));
        let kinds = self.redacted.values();
        if !kinds.is_empty() {
            all.push(Metric {
                name: "redacted_lines_total",
                help: "Lines in which something was redacted.",
                label: None,
                value: self.redacted.lines() as f64,
            });
        }
        for (kind, values) in kinds {
            all.push(Metric {
                name: "redacted_values_total",
                help: "Redacted values by kind.",
                label: Some(("kind", kind)),
                value: values as f64,
            });
        }
        for (worker, cpu) in self.shared.worker_cpu.iter().enumerate() {
            all.push(Metric {
                name: "worker_cpu_seconds_total",
                help: "CPU time of each worker.",
                label: Some(("worker", worker.to_string())),
                value: cpu.load(Acquire) as f64 / 1e9,
            });
        }
        all
    }
}

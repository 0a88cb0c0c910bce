//! `/metrics` in the Prometheus text format, version 0.0.4.
//!
//! Names are `seerflow_<what>_<unit>`, with `_total` for what only grows. Every number is one that
//! the other routes show too.

use super::State;
use super::facts::Facts;
use super::query::now;
use seerflow_model::Severity;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Samples by metric, so that each metric's lines stand together.
#[derive(Default)]
struct Page {
    metrics: BTreeMap<String, Family>,
}

struct Family {
    help: String,
    samples: Vec<(String, f64)>,
}

impl Page {
    fn add(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        let family = self
            .metrics
            .entry(format!("seerflow_{name}"))
            .or_insert_with(|| Family { help: help.to_owned(), samples: Vec::new() });
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        family.samples.push((labels, value));
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for (name, family) in &self.metrics {
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            let _ = writeln!(out, "# HELP {name} {}", family.help);
            let _ = writeln!(out, "# TYPE {name} {kind}");
            for (labels, value) in &family.samples {
                let _ = writeln!(out, "{name}{labels} {value}");
            }
        }
        out
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The page.
pub fn text(state: &State) -> String {
    let facts = state.facts.as_ref();
    let mut page = Page::default();
    stats(&mut page, facts);
    ledger(&mut page, facts);
    engine(&mut page, facts);
    for (reason, count) in facts.errors().counts {
        page.add(
            "errors_total",
            "Records with something wrong.",
            &[("reason", &reason)],
            count as f64,
        );
    }
    for (class, refused) in state.limiter.refused() {
        let labels = [("class", class.name())];
        page.add(
            "api_rate_limited_total",
            "Requests that came too often.",
            &labels,
            refused as f64,
        );
    }
    for (status, count) in state.answered.counts() {
        let labels = [("status", status.to_string())];
        let labels = labels.each_ref().map(|(name, value)| (*name, value.as_str()));
        page.add("api_requests_total", "Requests answered.", &labels, count as f64);
    }
    let alerts = facts.alerts();
    for (severity, count) in Severity::ALL.iter().zip(alerts.opened_by_severity()) {
        let label = severity.name().to_lowercase();
        page.add("alerts_total", "Alerts by severity.", &[("severity", &label)], count as f64);
    }
    page.add("alerts_open", "Alerts that are open.", &[], alerts.open() as f64);
    for metric in facts.metrics() {
        let label = metric.label.as_ref().map(|(name, value)| (*name, value.as_str()));
        page.add(metric.name, metric.help, label.as_slice(), metric.value);
    }
    page.text()
}

fn stats(page: &mut Page, facts: &dyn Facts) {
    let stats = facts.stats();
    let health = facts.health();
    let version = env!("CARGO_PKG_VERSION");
    page.add("build_info", "Always 1; the version is a label.", &[("version", version)], 1.0);
    page.add("ready", "Whether the program is ready.", &[], f64::from(u8::from(health.ready)));
    page.add("uptime_seconds", "Seconds since the start.", &[], stats.uptime_seconds);
    for (name, help, value) in [
        (
            "events_processed_total",
            "Events that passed the dataflow.",
            stats.total_events_processed,
        ),
        ("events_dropped_total", "Records that were dropped.", stats.dropped_events),
        ("sources", "Sources that have delivered.", stats.active_sources),
        ("templates", "Templates.", stats.templates),
        ("entities", "Entities.", stats.entities),
    ] {
        page.add(name, help, &[], value as f64);
    }
    for (tag, count) in &stats.tags {
        page.add("records_tagged_total", "Records by tag.", &[("tag", tag)], *count as f64);
    }
    for state in &stats.calibration {
        let labels = [("channel", state.channel.as_str()), ("unit", state.unit.as_str())];
        page.add("calibration_have", "What a channel has.", &labels, state.have as f64);
        page.add("calibration_need", "What it needs.", &labels, state.need as f64);
    }
    if let Some(frontier) = stats.frontier_ns.and_then(|ns| ns.parse::<f64>().ok()) {
        page.add("frontier_seconds", "Time the dataflow has reached.", &[], frontier / 1e9);
    }
}

fn ledger(page: &mut Page, facts: &dyn Facts) {
    for row in facts.ledger() {
        let receiver = [("receiver", row.receiver.as_str())];
        for (name, help, value) in [
            ("receiver_accepted_total", "Records that a receiver took in.", row.accepted),
            ("receiver_processed_total", "Records that passed the dataflow.", row.processed),
            ("receiver_held_records", "Records that wait for their turn.", row.held),
            ("receiver_in_flight_records", "Records on their way.", row.in_flight),
            ("receiver_balanced", "Whether the ledger holds.", u64::from(row.balanced)),
        ] {
            page.add(name, help, &receiver, value as f64);
        }
        for (reason, count) in &row.dropped {
            let labels = [("receiver", row.receiver.as_str()), ("reason", reason.as_str())];
            page.add("receiver_dropped_total", "Records dropped.", &labels, *count as f64);
        }
    }
}

fn engine(page: &mut Page, facts: &dyn Facts) {
    let engine = facts.engine(now());
    page.add("workers", "Worker threads.", &[], engine.workers as f64);
    if let Some(lag) = engine.lag_seconds {
        page.add("frontier_lag_seconds", "Now less the frontier.", &[], lag);
    }
    for row in engine.operators {
        let labels = [("operator", row.name.as_str())];
        for (name, help, value) in [
            ("operator_records_total", "Records that an operator took.", row.records),
            ("operator_held_records", "Records that wait for their turn.", row.held),
            ("operator_keys", "Keys that have state.", row.keys),
            ("operator_evictions_total", "Keys given up to keep the bound.", row.evictions),
            ("operator_state_bytes", "Bytes of state, without what it points to.", row.bytes),
        ] {
            page.add(name, help, &labels, value as f64);
        }
    }
}

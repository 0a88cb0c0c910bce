//! What a measurement says, and its three forms.

use crate::alerting::table::columns;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Operators in the order of the dataflow; what is not among them is wiring.
const OPERATORS: [&str; 9] =
    ["ingress", "parse", "leaves", "series", "newness", "facts", "calibrate", "decide", "budget"];

/// The cost of one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// `scan`, the name of an operator, or `wiring` for what lies between them.
    pub name: String,
    /// Share of the CPU time, 0–1.
    pub cpu_share: f64,
    /// CPU time per event.
    pub cpu_us_per_event: f64,
}

/// What a measurement gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was read.
    pub input: String,
    /// Files that were read.
    pub files: usize,
    /// Bytes of text.
    pub bytes: u64,
    /// Workers.
    pub workers: usize,
    /// Events processed: fewer than lines where lines were joined.
    pub events: u64,
    /// From the beginning of the scan to the last alert.
    pub wall_seconds: f64,
    /// CPU time of the process in that time.
    pub cpu_seconds: f64,
    /// Events per second of wall time.
    pub events_per_second: f64,
    /// Events per second of CPU time.
    pub events_per_cpu_second: f64,
    /// CPU time per event.
    pub cpu_us_per_event: f64,
    /// Where the CPU time went.
    pub stages: Vec<Stage>,
    /// CPU time of each worker.
    pub worker_cpu_seconds: Vec<f64>,
    /// Most memory held, if known.
    pub peak_rss_bytes: Option<u64>,
    /// Most bytes of records held for order.
    pub peak_held_bytes: u64,
    /// Alerts.
    pub alerts: u64,
    /// Templates.
    pub templates: u64,
    /// Events by tag: malformed, late …
    pub tags: BTreeMap<String, u64>,
    /// Over alerts and templates.
    pub checksum: String,
}

/// Splits the CPU time: the scan is measured, the rest goes by scheduled time.
pub(super) fn stages(
    scan_ns: u64,
    cpu_ns: u64,
    events: u64,
    times: &BTreeMap<String, u64>,
) -> Vec<Stage> {
    let mut parts = vec![("scan", scan_ns as f64)];
    let scheduled = times.values().sum::<u64>().max(1) as f64;
    let scale = cpu_ns.saturating_sub(scan_ns) as f64 / scheduled;
    let mut wiring = scheduled;
    for name in OPERATORS {
        let time = times.get(name).copied().unwrap_or(0) as f64;
        wiring -= time;
        parts.push((name, time * scale));
    }
    parts.push(("wiring", wiring * scale));
    let stage = |(name, ns): (&str, f64)| Stage {
        name: name.to_owned(),
        cpu_share: ns / cpu_ns.max(1) as f64,
        cpu_us_per_event: ns / 1e3 / events.max(1) as f64,
    };
    parts.into_iter().map(stage).collect()
}

impl Report {
    /// One JSON document with a line end.
    pub fn to_json(&self) -> String {
        // Plain data with string keys has a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Two Markdown tables.
    pub fn to_markdown(&self) -> String {
        let mut out = String::from("| measure | value |\n|---|---|\n");
        for (name, value) in self.rows() {
            // Writing to a string does not fail.
            let _ = writeln!(out, "| {name} | {} |", value.replace('|', "\\|"));
        }
        out.push_str("\n| stage | CPU share | CPU µs per event |\n|---|---:|---:|\n");
        for [name, share, cost] in self.stage_rows() {
            let _ = writeln!(out, "| {name} | {share} | {cost} |");
        }
        out
    }

    /// Two tables for a terminal.
    pub fn to_table(&self) -> String {
        let rows = self.rows().into_iter().map(|(name, value)| vec![name.to_owned(), value]);
        let measures = columns(&["measure", "value"], rows);
        let head = ["stage", "CPU share", "CPU µs per event"];
        let stages = columns(&head, self.stage_rows().map(Vec::from));
        format!("{measures}\n{stages}")
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let mebibytes = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        let tags = self.tags.iter().map(|(tag, n)| format!("{tag} {}", grouped(*n)));
        let workers = self.worker_cpu_seconds.iter().map(|seconds| format!("{seconds:.3} s"));
        vec![
            ("input", format!("{}, {}", self.input, mebibytes(self.bytes))),
            ("workers", self.workers.to_string()),
            ("events", grouped(self.events)),
            ("wall time", format!("{:.3} s", self.wall_seconds)),
            ("CPU time", format!("{:.3} s", self.cpu_seconds)),
            ("events per second", grouped(self.events_per_second as u64)),
            ("events per CPU second", grouped(self.events_per_cpu_second as u64)),
            ("CPU time per event", format!("{:.3} µs", self.cpu_us_per_event)),
            ("CPU time of workers", joined(workers)),
            ("peak RSS", self.peak_rss_bytes.map_or("not known".to_owned(), mebibytes)),
            ("peak held for order", mebibytes(self.peak_held_bytes)),
            ("alerts", grouped(self.alerts)),
            ("templates", grouped(self.templates)),
            ("tags", joined(tags)),
            ("checksum", self.checksum.clone()),
        ]
    }

    fn stage_rows(&self) -> impl Iterator<Item = [String; 3]> + '_ {
        self.stages.iter().map(|stage| {
            let share = format!("{:.1} %", stage.cpu_share * 100.0);
            [stage.name.clone(), share, format!("{:.3}", stage.cpu_us_per_event)]
        })
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// `1,234,567`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

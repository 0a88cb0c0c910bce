//! Measures the whole pipeline: generated or given lines through the archive reader and the
//! dataflow, with what that cost by stage and by worker.
//!
//! What is measured is what `analyze` does: the scan and the run count, the generation of lines
//! does not. CPU time is that of the process, so nothing is left out. Stages get the CPU time of
//! the run in proportion to the scheduled time of their operators.
//!
//! The checksum covers the final alerts and templates: equal input gives an equal checksum, with
//! any number of workers and at any time of day.

pub mod eval;
pub mod generate;
pub mod lanl;
mod report;

pub use report::{Report, Stage};

use crate::config::{Config, Environment, redact_key};
use crate::failure::{ExitCode, Failure};
use crate::runtime::archive::{Plan, Problem, ScanOptions, paths};
use crate::runtime::batch::{self, Inputs, Outcome};
use crate::runtime::rules::{Given, Rules};
use crate::runtime::setup;
use crate::sigma::book::Changes;
use generate::GenerateOptions;
use rustix::time::{ClockId, clock_gettime};
use seerflow_model::Alert;
use seerflow_pipeline::engine::Shared;
use seerflow_pipeline::views::TemplateRow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use xxhash_rust::xxh3::Xxh3;

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchOptions {
    /// Lines to generate.
    pub events: u64,
    /// Files, folders or patterns to read instead.
    pub input: Option<Vec<PathBuf>>,
    /// Workers.
    pub workers: usize,
    /// Generated lines per second of the log's time.
    pub rate: u64,
    /// Seed of the generated lines.
    pub seed: u64,
}

impl Default for BenchOptions {
    fn default() -> BenchOptions {
        let GenerateOptions { events, rate, seed, .. } = GenerateOptions::default();
        BenchOptions { events, input: None, workers: 1, rate, seed }
    }
}

/// Measures once.
pub fn run(options: &BenchOptions, config: &Config) -> Result<Report, Failure> {
    let temporary = tempfile::tempdir().map_err(|e| storage("make a temporary folder", &e))?;
    let (files, what, hidden) = match &options.input {
        Some(named) => {
            let (files, problems) = paths::expand(named);
            refuse(&problems)?;
            let named: Vec<_> = named.iter().map(|path| path.display().to_string()).collect();
            (files, named.join(" "), None)
        }
        None => {
            let BenchOptions { events, rate, seed, .. } = *options;
            let lines = GenerateOptions { events, rate, seed, ..GenerateOptions::default() };
            let folder = temporary.path();
            let files = generate::write_files(&lines, folder)
                .map_err(|e| storage(&format!("write lines to {}", folder.display()), &e))?;
            let rate = rate.max(1);
            (files, format!("generated, {rate} per second of log, seed {seed}"), Some(folder))
        }
    };
    forget_peak();
    let measured = measure(&files, options.workers, config)?;
    Ok(measured.report(what, hidden))
}

/// What a run gave and cost.
struct Measured {
    outcome: Outcome,
    files: usize,
    bytes: u64,
    wall_ns: u64,
    scan_ns: u64,
    cpu_ns: u64,
}

fn measure(files: &[PathBuf], workers: usize, config: &Config) -> Result<Measured, Failure> {
    let workers = workers.max(1);
    let key = redact_key::find(config, None, &Environment::of_process())?;
    let rules = Arc::new(Rules::new(config, Given::default(), &key));
    let choose = rules.clone();
    let scan = ScanOptions {
        choose: Some(Arc::new(move |path: &Path| Some(choose.of_archive(path)))),
        line_bytes_max: config.receivers.line_bytes_max,
        spill_bytes: config.engine.spill_bytes,
        threads: workers,
        ..ScanOptions::default()
    };
    let mut engine = setup::engine(config, workers, &rules);
    setup::judge(&mut engine, config, &Changes::default())?;
    engine.lane_capacity = 2;
    engine.profile = true;
    let (wall, cpu) = (now(ClockId::Monotonic), setup::process_cpu());
    let plan = Plan::scan(files, &scan, &|_| {});
    let scan_ns = setup::process_cpu() - cpu;
    refuse(plan.problems())?;
    let bytes = plan.summary().bytes;
    let inputs = Inputs::of(plan, config.receivers.line_bytes_max);
    let outcome = batch::run(inputs, engine, |_, _| {})
        .map_err(|e| Failure::new(ExitCode::Internal, e.to_string()))?;
    let (cpu_ns, wall_ns) = (setup::process_cpu() - cpu, now(ClockId::Monotonic) - wall);
    refuse(&outcome.progress.problems())?;
    Ok(Measured { outcome, files: files.len(), bytes, wall_ns, scan_ns, cpu_ns })
}

impl Measured {
    fn report(&self, what: String, hidden: Option<&Path>) -> Report {
        let Outcome { alerts, shared, .. } = &self.outcome;
        let events: u64 = shared.ports.iter().map(|port| port.processed.load(Acquire)).sum();
        let templates = shared.views.templates();
        let seconds = |ns: u64| ns as f64 / 1e9;
        let cpu_seconds = seconds(self.cpu_ns);
        let stages = report::stages(self.scan_ns, self.cpu_ns, events, &shared.profile.times());
        Report {
            input: what,
            files: self.files,
            bytes: self.bytes,
            workers: shared.worker_cpu.len(),
            events,
            wall_seconds: seconds(self.wall_ns),
            cpu_seconds,
            events_per_second: events as f64 / seconds(self.wall_ns.max(1)),
            events_per_cpu_second: events as f64 / seconds(self.cpu_ns.max(1)),
            cpu_us_per_event: cpu_seconds * 1e6 / events.max(1) as f64,
            stages,
            worker_cpu_seconds: worker_cpu(shared),
            peak_rss_bytes: peak_rss(),
            peak_held_bytes: u64::try_from(shared.flow.held().1).unwrap_or(0),
            alerts: alerts.len() as u64,
            templates: templates.len() as u64,
            tags: shared.noticed.tags().iter().map(|(tag, n)| ((*tag).to_owned(), *n)).collect(),
            checksum: format!("{:016x}", checksum(alerts, &templates, hidden)),
        }
    }
}

fn worker_cpu(shared: &Shared) -> Vec<f64> {
    shared.worker_cpu.iter().map(|ns| ns.load(Acquire) as f64 / 1e9).collect()
}

/// XXH3 over the sorted alerts and the final templates with their counts. `hidden` is the folder
/// of generated files: its name is another one each time, and sources are named by their paths.
fn checksum(alerts: &[Alert], templates: &[TemplateRow], hidden: Option<&Path>) -> u64 {
    let mut hash = Xxh3::new();
    let hidden = hidden.map(|path| path.to_string_lossy().into_owned());
    let mut add = |json: Result<String, serde_json::Error>| {
        // Plain data with string keys has a JSON form.
        let json = json.unwrap_or_default();
        match &hidden {
            Some(folder) => hash.update(json.replace(folder.as_str(), "").as_bytes()),
            None => hash.update(json.as_bytes()),
        }
        hash.update(b"\n");
    };
    alerts.iter().for_each(|alert| add(serde_json::to_string(alert)));
    templates.iter().for_each(|template| add(serde_json::to_string(template)));
    hash.digest()
}

fn now(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000
        + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// Most memory that the process ever held, if the system tells.
fn peak_rss() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

/// Begins the peak anew. Where the system does not let us, what was there before counts too.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// A measurement of half the input would mislead.
fn refuse(problems: &[Problem]) -> Result<(), Failure> {
    if problems.is_empty() {
        return Ok(());
    }
    let failure = Failure::usage("cannot measure: not all input can be read");
    Err(problems.iter().fold(failure, |failure, problem| failure.detail(problem.to_string())))
}

fn storage(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(ExitCode::Storage, format!("cannot {what}: {error}"))
}

#[cfg(test)]
mod tests;

//! `seerflow analyze`: archives through the dataflow, as fast as the machine can.
//!
//! Exit code 1 when there is an alert, 0 when there is none.

use super::args::AnalyzeArgs;
use super::common;
use super::output;
use super::progress::Progress;
use super::summary::Summary;
use super::time_arg::TimeArg;
use super::workers;
use crate::alerting::render::Style;
use crate::alerting::table::{self, ListFormat};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::rules::Rules;
use crate::runtime::{archive, batch, setup};
use seerflow_model::time;
use seerflow_model::{Alert, AlertStatus, Ns};
use seerflow_pipeline::engine::Options;
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Runs it.
pub fn run(args: AnalyzeArgs, config: &Config) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let workers = workers::count(&args.workers, &config.engine);
    let rules = common::rules(config, &args.source, None)?;
    // Opened first: a file that cannot be written is a mistake to be told before the work.
    let mut out = open(&args)?;
    let spill = std::env::temp_dir();
    let mut scan = common::scan_options(config, &rules, &spill);
    scan.threads = workers;
    let outcome = if args.one_pass || args.paths.iter().any(|path| path.as_os_str() == "-") {
        let mut paths: Vec<_> =
            args.paths.iter().filter(|p| p.as_os_str() != "-").cloned().collect();
        if !paths.is_empty() {
            paths = common::files(&paths)?;
        }
        paths.extend(args.paths.iter().find(|p| p.as_os_str() == "-").cloned());
        scan.since = absolute(&args.since, "--since")?;
        scan.until = absolute(&args.until, "--until")?;
        let (inputs, problems) = batch::Inputs::once(&paths, &scan);
        common::say(&problems);
        let engine = setup::engine(config, workers, &rules);
        batch::run(inputs, engine, |_, _| {}).map_err(|e| common::engine_failed(&e))?
    } else {
        let files = common::files(&args.paths)?;
        let mut plan = common::scan(&files, &scan, &|_| {})?;
        clip(&mut plan, &args);
        let mut engine = setup::engine(config, workers, &rules);
        // An element may carry a mebibyte of text: a few are enough to keep a worker busy.
        engine.lane_capacity = 2;
        watched(plan, config.receivers.line_bytes_max, engine)?
    };
    common::say(&outcome.progress.problems());
    let style = Style {
        colour: args.output.is_none() && crate::alerting::console::colours_wanted(),
        local: args.local,
    };
    let format = args.list.chosen(args.output.is_some());
    let written = write(&mut *out, &outcome.alerts, format, style);
    let code = if outcome.alerts.is_empty() { ExitCode::Fine } else { ExitCode::Findings };
    output::finish(written, code)?;
    output::message(&summary(&outcome, &rules).took(started.elapsed()).to_string());
    Ok(code)
}

fn open(args: &AnalyzeArgs) -> Result<Box<dyn Write>, Failure> {
    match &args.output {
        None => Ok(Box::new(std::io::BufWriter::new(std::io::stdout()))),
        Some(path) => match File::create(path) {
            Ok(file) => Ok(Box::new(std::io::BufWriter::new(file))),
            Err(error) => Err(Failure::usage(format!("cannot write {}: {error}", path.display()))
                .detail("argument: --output")),
        },
    }
}

fn write(
    out: &mut dyn Write,
    alerts: &[Alert],
    format: ListFormat,
    style: Style,
) -> std::io::Result<()> {
    let style = Style { colour: style.colour && std::io::stdout().is_terminal(), ..style };
    table::write(out, alerts, format, style)?;
    out.flush()
}

/// `--since` and `--until`; a span counts back from the newest event.
fn clip(plan: &mut archive::Plan, args: &AnalyzeArgs) {
    let newest = plan.newest().unwrap_or(0);
    let at = |arg: &Option<TimeArg>| arg.as_ref().map(|arg| arg.resolve(newest));
    let (since, until) = (at(&args.since), at(&args.until));
    if since.is_some() || until.is_some() {
        plan.clip(since, until);
    }
}

/// A time that does not need the newest event, which nobody knows of what is read once.
fn absolute(arg: &Option<TimeArg>, name: &str) -> Result<Option<Ns>, Failure> {
    match arg {
        None => Ok(None),
        Some(TimeArg::At(ns)) => Ok(Some(*ns)),
        Some(TimeArg::Back(_)) => Err(Failure::usage(format!(
            "{name} counts back from the newest event, which is not known of what is read once"
        ))
        .detail(format!("argument: {name}"))
        .hint("give a date and time, or a file without --one-pass")),
    }
}

/// Runs a plan with a progress bar on a terminal.
fn watched(
    plan: archive::Plan,
    line_bytes_max: usize,
    engine: Options,
) -> Result<batch::Outcome, Failure> {
    let bytes = plan.summary().bytes;
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut watcher = None;
    let inputs = batch::Inputs::of(plan, line_bytes_max);
    let outcome = batch::run(inputs, engine, |_, progress| {
        let (progress, done) = (progress.clone(), done.clone());
        watcher = Some(std::thread::spawn(move || {
            let bar = Progress::bytes(Some(bytes));
            while !done.load(Relaxed) {
                bar.set(progress.bytes.load(Relaxed), progress.records.load(Relaxed));
                std::thread::park_timeout(Duration::from_millis(125));
            }
            bar.finish();
        }));
    });
    done.store(true, Relaxed);
    if let Some(watcher) = watcher {
        watcher.thread().unpark();
        // The bar is decoration: if it failed there is nothing to do.
        let _ = watcher.join();
    }
    outcome.map_err(|e| common::engine_failed(&e))
}

fn summary(outcome: &batch::Outcome, rules: &Rules) -> Summary {
    let mut summary = Summary {
        bytes: outcome.progress.bytes.load(Relaxed),
        alerts: outcome.alerts.len() as u64,
        open_alerts: outcome.alerts.iter().filter(|a| a.status == AlertStatus::Open).count() as u64,
        span: outcome.span.map(|(first, last)| (time::rfc3339(first), time::rfc3339(last))),
        notices: outcome.notices.clone(),
        redacted: rules.redacted().values(),
        ..Summary::default()
    };
    common::summarise(&outcome.shared, &mut summary);
    summary
}

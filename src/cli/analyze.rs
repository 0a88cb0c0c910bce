//! `seerflow analyze`: archives through the dataflow, as fast as the machine can.
//!
//! Exit code 1 when there is an alert, 0 when there is none. In a cluster process 0 shows the result of
//! all; the others say what they did, and end with 0.

use super::args::AnalyzeArgs;
use super::cluster;
use super::common;
use super::output;
use super::persist::Persist;
use super::progress::Progress;
use super::report;
use super::summary::Summary;
use super::time_arg::TimeArg;
use super::workers;
use crate::alerting::render::Style;
use crate::alerting::table::{self, ListFormat};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::cluster::Formed;
use crate::runtime::models::{Meaning, Models, Target};
use crate::runtime::rules::Rules;
use crate::runtime::{archive, batch, setup};
use crate::sigma::book::Changes;
use seerflow_model::time;
use seerflow_model::{Alert, AlertStatus, Ns, hash};
use seerflow_pipeline::engine::Options;
use seerflow_pipeline::env::Cut;
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Runs it.
pub fn run(args: AnalyzeArgs, config: &Config) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let workers = workers::count(&args.workers, &config.engine);
    let once = args.one_pass || args.paths.iter().any(|path| path.as_os_str() == "-");
    if args.cluster.process.is_some() && args.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::usage("a cluster cannot read standard input")
            .detail("argument: -")
            .hint("give files that all processes can read"));
    }
    let command = format!("analyze {once} {}", cluster::of_source(&args.source));
    let rules = common::rules(config, &args.source, None)?;
    let shared = (command.as_str(), rules.redact_digest());
    let mut formed = cluster::join(&args.cluster, config, workers, shared)?;
    let shows = formed.as_ref().is_none_or(|formed| formed.process == 0);
    // Opened first: a file that cannot be written is a mistake to be told before the work.
    let mut files = if shows { Some((open(&args)?, report(&args)?)) } else { None };
    if args.persist && formed.is_some() {
        return Err(Failure::usage("a cluster cannot keep what it reads yet")
            .detail("argument: --persist")
            .hint("analyze with one process, or leave it out"));
    }
    let persist = match args.persist {
        true => Some(Persist::open(args.data_dir.as_deref(), config)?),
        false => None,
    };
    if args.save_models.is_some() && formed.is_some() {
        return Err(Failure::usage("a cluster cannot save models yet")
            .detail("argument: --save-models")
            .hint("analyze with one process, or leave it out"));
    }
    let saving = args.save_models.as_deref().map(Target::open).transpose()?;
    let cut = saving.as_ref().map(|_| Arc::new(Cut::at_end()));
    let (inputs, bytes) = inputs(&args, config, &rules, workers, once)?;
    let place = formed.as_ref().map(|formed| (formed.process, formed.processes()));
    if let Some(formed) = &mut formed {
        formed.agree(inputs.digest(), "files")?;
    }
    let mut engine = setup::engine(config, workers, &rules);
    let book = setup::judge(&mut engine, config, &Changes::default())?;
    common::say_rules(&book, false);
    if let Some(formed) = &mut formed {
        formed.agree(book.set.version(), "rules")?;
    }
    engine.keepers = persist.as_ref().map(|persist| persist.keepers(workers)).transpose()?;
    engine.cut = cut.clone();
    let read = inputs.digest();
    engine.cluster = formed.map(Formed::into_cluster);
    let outcome = if once {
        batch::run(inputs, engine, |_, _| {}).map_err(|e| common::engine_failed(&e))?
    } else {
        // An element may carry a mebibyte of text: a few are enough to keep a worker busy.
        engine.lane_capacity = 2;
        watched(inputs, bytes / place.map_or(1, |(_, all)| all as u64), engine)?
    };
    common::say(&outcome.progress.problems());
    let mut summary = summary(&outcome, &rules);
    // What is read once is known by what was in it, too.
    let run = hash::pair(read, hash::text(&format!("{:?} {}", outcome.span, summary.events)));
    summary.stored = persist.map(|persist| persist.finish(&outcome, run)).transpose()?;
    if let Some((target, cut)) = saving.zip(cut) {
        save_models(target, &cut, config, &rules, &outcome, summary.events)?;
    }
    let mut summary = summary.took(started.elapsed());
    let Some((out, report)) = &mut files else {
        let (process, all) = place.unwrap_or_default();
        output::message(&format!("process {process} of {all}; process 0 shows the result of all"));
        summary.alerts_elsewhere = true;
        output::message(&summary.to_string());
        return Ok(ExitCode::Fine);
    };
    let code = if outcome.alerts.is_empty() { ExitCode::Fine } else { ExitCode::Findings };
    let style = Style {
        colour: args.output.is_none() && crate::alerting::console::colours_wanted(),
        local: args.local,
    };
    let format = args.list.chosen(args.output.is_some());
    output::finish(write(&mut **out, &outcome.alerts, format, style), code)?;
    if let Some(file) = report {
        report::write(file, &summary, &outcome.shared).map_err(|error| {
            Failure::new(ExitCode::Storage, format!("cannot write the summary: {error}"))
        })?;
    }
    output::message(&summary.to_string());
    Ok(code)
}

/// Saves what was learnt. Nothing of nothing: then what was saved before stays.
fn save_models(
    target: Target,
    cut: &Cut,
    config: &Config,
    rules: &Rules,
    outcome: &batch::Outcome,
    events: u64,
) -> Result<(), Failure> {
    let newest = outcome.shared.ports.iter().map(|port| port.newest()).max().unwrap_or(0);
    if events == 0 {
        output::message("warning: nothing was read, so no models are saved");
        return Ok(());
    }
    let models = Models::learnt(cut.take(), newest, events);
    let bytes = target.save(Meaning::of(config, rules)?, &models)?;
    let until = time::rfc3339(models.until);
    output::message(&format!("models of {events} events up to {until} saved, {bytes} bytes"));
    Ok(())
}

/// What is read, and how many bytes of text that is, when it is known.
fn inputs(
    args: &AnalyzeArgs,
    config: &Config,
    rules: &Arc<Rules>,
    workers: usize,
    once: bool,
) -> Result<(batch::Inputs, u64), Failure> {
    let spill = std::env::temp_dir();
    let mut scan = common::scan_options(config, rules, &spill);
    scan.threads = workers;
    if once {
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
        return Ok((inputs, 0));
    }
    let files = common::files(&args.paths)?;
    let mut plan = common::scan(&files, &scan, &|_| {})?;
    clip(&mut plan, args);
    let bytes = plan.summary().bytes;
    Ok((batch::Inputs::of(plan, config.receivers.line_bytes_max), bytes))
}

fn report(args: &AnalyzeArgs) -> Result<Option<File>, Failure> {
    args.summary_json.as_deref().map(report::open).transpose()
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
fn watched(inputs: batch::Inputs, bytes: u64, engine: Options) -> Result<batch::Outcome, Failure> {
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut watcher = None;
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

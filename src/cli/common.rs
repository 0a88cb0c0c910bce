//! What the commands that run the engine share.

use super::args::SourceArgs;
use super::output;
use super::summary::Summary;
use crate::config::{Config, Environment, redact_key};
use crate::failure::{ExitCode, Failure};
use crate::runtime::archive::{FileOptions, Plan, Problem, ScanOptions, ScanProgress, paths};
use crate::runtime::rules::{Given, Rules};
use crate::sigma::book::Book;
use seerflow_pipeline::engine::Shared;
use seerflow_pipeline::folds::facts::FactKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;

/// The rules of configuration and command line. `data_dir`: the one that is in use; without one the
/// key of what is redacted comes from where it would be.
pub fn rules(
    config: &Config,
    source: &SourceArgs,
    data_dir: Option<&Path>,
) -> Result<Arc<Rules>, Failure> {
    let key = redact_key::find(config, data_dir, &Environment::of_process())?;
    let given = Given {
        timezone: source.timezone.clone(),
        year: source.year,
        source_type: source.source_type.clone(),
    };
    Ok(Arc::new(Rules::new(config, given, &key)))
}

/// Expands the paths of a command, or says what is wrong with them.
pub fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let (files, problems) = paths::expand(named);
    if files.is_empty() {
        let failure = Failure::usage("no readable input");
        return Err(problems
            .iter()
            .fold(failure, |failure, problem| failure.detail(problem.to_string())));
    }
    for problem in problems {
        output::message(&format!("warning: {problem}"));
    }
    Ok(files)
}

/// How archives are scanned.
pub fn scan_options(config: &Config, rules: &Arc<Rules>, spill: &Path) -> ScanOptions {
    let choose = rules.clone();
    ScanOptions {
        file: FileOptions::default(),
        choose: Some(Arc::new(move |path: &Path| Some(choose.of_archive(path)))),
        line_bytes_max: config.receivers.line_bytes_max,
        spill_bytes: config.engine.spill_bytes,
        spill_dir: spill.to_owned(),
        ..ScanOptions::default()
    }
}

/// Scans archives, saying what could not be read.
pub fn scan(
    files: &[PathBuf],
    options: &ScanOptions,
    progress: &(dyn Fn(ScanProgress) + Sync),
) -> Result<Plan, Failure> {
    let plan = Plan::scan(files, options, progress);
    say(plan.problems());
    if plan.summary().files == 0 && !plan.problems().is_empty() {
        return Err(Failure::usage("no readable input"));
    }
    Ok(plan)
}

/// Prints problems, one line each.
pub fn say(problems: &[Problem]) {
    for problem in problems {
        output::message(&format!("warning: {problem}"));
    }
}

/// Says which rules are in force, if `all`, and what is wrong with those of files.
pub fn say_rules(book: &Book, all: bool) {
    const SHOWN: usize = 8;
    if all {
        output::message(&book.summary());
    }
    for problem in book.problems.iter().take(SHOWN) {
        output::message(&format!("warning: {problem}"));
    }
    if let Some(more) = book.problems.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        output::message(&format!("warning: {more} more problems with rules; see `rules check`"));
    }
}

/// Fills in what the engine knows at its end.
pub fn summarise(shared: &Shared, summary: &mut Summary) {
    summary.events = shared.ports.iter().map(|port| port.processed.load(Acquire)).sum();
    summary.templates = Some(shared.views.template_count());
    let facts = shared.views.facts();
    let entity = |kind: &FactKind| matches!(kind, FactKind::Entity(_));
    summary.entities = Some(facts.iter().filter(|(kind, _)| entity(kind)).map(|(_, n)| n).sum());
    for ((_, reason), n) in shared.noticed.dropped() {
        *summary.dropped.entry(reason).or_default() += n;
    }
    summary.tags = shared.noticed.tags().into_iter().map(|(tag, n)| (tag.to_owned(), n)).collect();
}

/// A failure of the engine is a bug of ours.
pub fn engine_failed(error: &dyn std::error::Error) -> Failure {
    Failure::new(ExitCode::Internal, error.to_string())
}

//! `seerflow validate`: how well the program finds a red team in records of logins, processes,
//! flows and names, laid out as in the set "Comprehensive, Multi-Source Cyber-Security Events".
//!
//! The tables are read as streams, merged in the order of time, and written as records with common
//! names ([`record`]) into the dataflow that `analyze` runs, in the default configuration, so that
//! nothing is measured that users do not have. Then alerts are held against the red team's rows
//! ([`judge`]). Memory: one row of each table, the red team's rows, the alerts, and what the engine
//! itself keeps. `docs/validate.md` defines every figure.

pub mod curve;
mod folder;
pub mod judge;
mod merge;
mod record;
pub mod report;
mod table;
#[cfg(test)]
mod tests;
pub mod truth;

pub use report::Report;

use crate::config::{Config, Environment, redact_key};
use crate::failure::{ExitCode, Failure};
use crate::runtime::archive::{OnePass, PIPE_LATENESS, Problem, Window};
use crate::runtime::batch::{self, Inputs, Pass};
use crate::runtime::rules::{Given, Rules};
use crate::runtime::setup;
use crate::sigma::book::Changes;
use merge::{Counts, Merged, Watched};
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::{Alert, Format, Ns, hash};
use seerflow_parsing::lines::{self, Joining};
use seerflow_parsing::time::{YearPolicy, Zone};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use table::Table;
use truth::Truth;

/// Name of the source of all records.
const SOURCE: &str = "records";

/// Reads a folder and judges what is said of it.
pub fn run(folder: &Path, workers: usize) -> Result<Report, Failure> {
    let (mut truth, mut tables) = (Truth::default(), Vec::new());
    for (table, path) in folder::find(folder)? {
        let mut rows = folder::open(table, &path)?;
        if table == Table::Redteam {
            truth = Truth::read(&mut rows)
                .map_err(|wrong| Failure::usage(format!("{}: {wrong}", path.display())))?;
        } else {
            tables.push((table, rows));
        }
    }
    let watched = Arc::new(Mutex::new(Watched { truth, counts: Counts::default() }));
    let text = Merged::new(tables, watched.clone()).map_err(|error| {
        Failure::new(ExitCode::CannotRun, format!("cannot read {}: {error}", folder.display()))
    })?;
    let alerts = analyze(text, workers)?;
    let watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
    let judged = judge::judge(&watched.truth, &alerts);
    Ok(Report::new(folder, watched.counts, judged))
}

/// What the program says of these records in its default configuration.
fn analyze(text: Merged, workers: usize) -> Result<Vec<Alert>, Failure> {
    let config = Config::default();
    let key = redact_key::find(&config, None, &Environment::of_process())?;
    let rules = Arc::new(Rules::new(&config, Given::default(), &key));
    let mut source = SourceInfo::plain(hash::text(SOURCE), SOURCE, ReceiverKind::Archive, "file");
    source.format = Format::Json.name().to_owned();
    let how = OnePass {
        source: Arc::new(source),
        observed: 0,
        zone: Zone::Utc,
        year: YearPolicy::NotAfter(0),
        lines: lines::Options {
            line_bytes: config.receivers.line_bytes_max,
            multiline: Joining::Off,
            redact: None,
        },
        lateness: PIPE_LATENESS,
        window: Window { since: 0, until: Ns::MAX },
    };
    let inputs = Inputs { plan: None, passes: vec![Pass::of_text(how, Box::new(text))] };
    let mut engine = setup::engine(&config, workers, &rules);
    setup::judge(&mut engine, &config, &Changes::default())?;
    let outcome = batch::run(inputs, engine, |_, _| {})
        .map_err(|error| Failure::new(ExitCode::Internal, error.to_string()))?;
    refuse(&outcome.progress.problems())?;
    Ok(outcome.alerts)
}

/// Half of a folder says nothing of the whole.
fn refuse(problems: &[Problem]) -> Result<(), Failure> {
    if problems.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(ExitCode::CannotRun, "not all of the folder could be read");
    Err(problems.iter().fold(failure, |failure, problem| failure.detail(problem.to_string())))
}

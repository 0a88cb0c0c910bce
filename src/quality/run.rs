//! One file through the dataflow of `analyze`, with the default configuration.

use crate::config::sources::EntryWeights;
use crate::config::{Config, Environment, Multiline, SourceEntry, SourceMatch, redact_key};
use crate::failure::{ExitCode, Failure};
use crate::runtime::archive::{Plan, Problem, ScanOptions};
use crate::runtime::batch::{self, Inputs};
use crate::runtime::rules::{Given, Rules};
use crate::runtime::setup;
use crate::sigma::book::Changes;
use seerflow_model::meaning::Meaning;
use seerflow_model::{Alert, Format};
use seerflow_pipeline::detector::Detector;
use seerflow_pipeline::observe::{Judged, JudgedSession, Observer};
use std::path::Path;
use std::sync::Arc;

/// Is told of every event that was judged.
pub trait Watch: Send + Sync {
    /// `seq`: the event's position in its file. `probability`: of all its evidence together, none
    /// while nothing is calibrated; `channels`: of each detector.
    fn judged(&self, seq: u64, probability: Option<f64>, channels: &[(&'static str, Option<f64>)]);

    /// What an entity did until it fell silent was judged as a whole.
    fn session(&self, entity: &str, channel: &'static str, probability: f64);
}

/// What a run gave.
pub struct Outcome {
    /// The last state of each alert, in the order of time.
    pub alerts: Vec<Alert>,
    /// Id of the file as a source.
    pub source: u64,
}

/// The default configuration, with what the columns of a table mean.
fn config(columns: &[(Meaning, &str)]) -> Config {
    let mut config = Config::default();
    if !columns.is_empty() {
        config.sources = vec![SourceEntry {
            name: "rows".to_owned(),
            matching: SourceMatch::default(),
            format: Some(Format::Csv),
            timezone: None,
            year: None,
            multiline: Multiline::Auto,
            source_type: None,
            lateness_seconds: None,
            dedup_seconds: None,
            field_mapping: columns.iter().map(|(m, name)| (*m, (*name).to_owned())).collect(),
            redact: Vec::new(),
            weights: EntryWeights::default(),
            drop: Vec::new(),
        }];
    }
    config
}

/// How alerts are rationed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// As configured: what a person would be told.
    Default,
    /// Not: all that is improbable enough.
    Off,
}

/// Analyzes a file. `columns`: what those of a table mean; none for lines.
pub fn analyze(
    file: &Path,
    columns: &[(Meaning, &str)],
    workers: usize,
    budget: Budget,
    watch: Option<Arc<dyn Watch>>,
) -> Result<Outcome, Failure> {
    let mut config = config(columns);
    if budget == Budget::Off {
        config.detection.alerts_per_day = 0;
    }
    let key = redact_key::find(&config, None, &Environment::of_process())?;
    let rules = Arc::new(Rules::new(&config, Given::default(), &key));
    let choose = rules.clone();
    let scan = ScanOptions {
        choose: Some(Arc::new(move |path: &Path| Some(choose.of_archive(path)))),
        line_bytes_max: config.receivers.line_bytes_max,
        spill_bytes: config.engine.spill_bytes,
        threads: workers,
        ..ScanOptions::default()
    };
    let plan = Plan::scan(&[file.to_owned()], &scan, &|_| {});
    refuse(plan.problems())?;
    let source = plan.sources().next().map_or(0, |source| source.id);
    let mut engine = setup::engine(&config, workers, &rules);
    setup::judge(&mut engine, &config, &Changes::default())?;
    // As `analyze` has it.
    engine.lane_capacity = 2;
    engine.observer = watch.map(|watch| Arc::new(Watched(watch)) as Arc<dyn Observer>);
    let inputs = Inputs::of(plan, config.receivers.line_bytes_max);
    let outcome = batch::run(inputs, engine, |_, _| {})
        .map_err(|error| Failure::new(ExitCode::Internal, error.to_string()))?;
    refuse(&outcome.progress.problems())?;
    Ok(Outcome { alerts: outcome.alerts, source })
}

/// What watches, as the dataflow wants it.
struct Watched(Arc<dyn Watch>);

impl Observer for Watched {
    fn judged(&self, judged: &Judged<'_>) {
        let channels: Vec<_> =
            judged.channels.iter().map(|(detector, p)| (detector.name(), *p)).collect();
        self.0.judged(judged.event.seq, judged.probability, &channels);
    }

    fn session(&self, judged: &JudgedSession<'_>) {
        self.0.session(judged.value, Detector::Session.name(), judged.probability);
    }
}

/// What was read in part is not measured.
fn refuse(problems: &[Problem]) -> Result<(), Failure> {
    if problems.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(ExitCode::Internal, "cannot read what was written to be measured");
    Err(problems.iter().fold(failure, |failure, problem| failure.detail(problem.to_string())))
}

/// A temporary file cannot be written.
pub fn storage(error: &std::io::Error) -> Failure {
    Failure::new(ExitCode::Storage, format!("cannot write a temporary file: {error}"))
}

//! The engine in process: archives through `runtime::batch`, and records straight into a port.

use seerflow::cli::common;
use seerflow::config::Config;
use seerflow::runtime::archive::{ChunkSize, Plan, ScanOptions};
use seerflow::runtime::batch::{self, Inputs, Outcome};
use seerflow::runtime::rules::{Given, Rules};
use seerflow::runtime::setup;
use seerflow::sigma::book::Changes;
use seerflow_model::record::{RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{Alert, Ns};
use seerflow_parsing::redact::Key;
use seerflow_pipeline::engine::{Engine, Options, Shared};
use seerflow_pipeline::settings::Settings;
use std::path::PathBuf;
use std::sync::Arc;

/// How a run is made.
#[derive(Clone)]
pub struct How {
    /// Worker threads.
    pub workers: usize,
    /// Where archives are cut.
    pub chunk: ChunkSize,
    /// Chunks open at a time.
    pub open_chunks: usize,
    /// Elements that a lane holds.
    pub lane_capacity: usize,
    /// `engine.max_held_bytes`.
    pub held_bytes_max: u64,
    /// Only records of this window.
    pub window: (Option<Ns>, Option<Ns>),
    /// Changes what detectors go by.
    pub tune: fn(&mut Settings),
}

impl Default for How {
    fn default() -> How {
        How {
            workers: 1,
            chunk: ChunkSize::default(),
            open_chunks: 64,
            lane_capacity: 2,
            held_bytes_max: 256 << 20,
            window: (None, None),
            tune: |_| {},
        }
    }
}

/// Chunks of about so many bytes, or of so many records.
pub fn chunk(bytes: u64, records: u32) -> ChunkSize {
    ChunkSize { bytes, records, ..ChunkSize::default() }
}

/// A risk level at which small inputs raise alerts, and no budget.
pub fn config() -> Config {
    let mut config = Config::default();
    config.detection.dspot.risk_level = 1e-2;
    config.detection.alerts_per_day = 0;
    config
}

/// Detectors that are ready after a few minutes.
pub fn quick(settings: &mut Settings) {
    settings.bucket = 10 * seerflow_model::time::SECOND;
    settings.volume.bucket_seconds = 10;
    settings.volume.min_buckets = 30;
    settings.silence.min_buckets = 30;
    settings.calibration.min_quanta = 8;
    settings.novelty.calibration_window = 200;
}

/// As [`quick`], with sessions that end while the test lasts.
pub fn brief(settings: &mut Settings) {
    quick(settings);
    settings.session_idle = 120 * seerflow_model::time::SECOND;
}

/// The rules of a configuration; years that are not there are 2026.
pub fn rules(config: &Config) -> Arc<Rules> {
    let given = Given { year: Some(2026), ..Given::default() };
    Arc::new(Rules::new(config, given, &Key::new(b"tests")))
}

/// As [`rules`], with the year of the files' modification times.
pub fn rules_by_file(config: &Config) -> Arc<Rules> {
    Arc::new(Rules::new(config, Given::default(), &Key::new(b"tests")))
}

/// Options of an engine.
pub fn options(how: &How, rules: &Arc<Rules>) -> Options {
    let mut options = setup::engine(&config(), how.workers, rules);
    setup::judge(&mut options, &config(), &Changes::default()).unwrap();
    options.lane_capacity = how.lane_capacity;
    options.held_bytes_max = how.held_bytes_max;
    (how.tune)(&mut options.settings);
    options
}

/// How archives are scanned.
pub fn scan_options(how: &How, rules: &Arc<Rules>) -> ScanOptions {
    let mut scan = common::scan_options(&config(), rules, &std::env::temp_dir());
    scan.chunk = how.chunk;
    scan.open_chunks = how.open_chunks;
    scan.threads = how.workers;
    (scan.since, scan.until) = how.window;
    scan
}

/// Inputs in the exact order of time.
pub fn planned(paths: &[PathBuf], how: &How, rules: &Arc<Rules>) -> Inputs {
    let plan = Plan::scan(paths, &scan_options(how, rules), &|_| {});
    assert_eq!(plan.problems(), []);
    Inputs::of(plan, 1 << 20)
}

/// Inputs that are read once, as pipes are.
pub fn once(paths: &[PathBuf], how: &How, rules: &Arc<Rules>) -> Inputs {
    let (inputs, problems) = Inputs::once(paths, &scan_options(how, rules));
    assert_eq!(problems, []);
    inputs
}

/// Runs inputs to their end.
pub fn run(inputs: Inputs, how: &How, rules: &Arc<Rules>) -> Outcome {
    let outcome = batch::run(inputs, options(how, rules), |_, _| {}).unwrap();
    assert_eq!(outcome.progress.problems(), []);
    outcome
}

/// Archives in the exact order of time.
pub fn analyze(paths: &[PathBuf], how: &How) -> Outcome {
    let rules = rules(&config());
    run(planned(paths, how, &rules), how, &rules)
}

/// One record of a source, ready to be sent.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its source.
    pub source: Arc<SourceInfo>,
    /// Its stamps; `start` is 0.
    pub meta: RecordMeta,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All records of some files in the order of time, each with the stamp of its own time.
pub fn records(paths: &[PathBuf]) -> Vec<Record> {
    let rules = rules(&config());
    let mut all = Vec::new();
    for path in paths {
        let mut each = |batch: &RecordBatch, _lines: &[u64]| {
            all.extend(batch.records.iter().map(|meta| Record {
                source: batch.source.clone(),
                meta: RecordMeta { start: 0, ..*meta },
                bytes: batch.bytes_of(meta).to_vec(),
            }));
            Ok(())
        };
        seerflow::cli::lines::read(path, &rules, 1 << 20, &mut each).unwrap();
    }
    all.sort_by_key(|record| (record.meta.effective, record.source.id, record.meta.seq));
    all
}

/// Batches of one source each, out of records in the order of time.
pub fn batches(records: &[Record]) -> Vec<RecordBatch> {
    let mut batches: Vec<RecordBatch> = Vec::new();
    for record in records {
        let at = batches.iter().position(|batch| batch.source.id == record.source.id);
        let batch = match at {
            Some(at) => &mut batches[at],
            None => {
                batches.push(RecordBatch {
                    source: record.source.clone(),
                    observed: 0,
                    bytes: Vec::new(),
                    records: Vec::new(),
                });
                batches.last_mut().unwrap()
            }
        };
        let start = batch.bytes.len() as u32;
        batch.bytes.extend_from_slice(&record.bytes);
        batch.records.push(RecordMeta { start, ..record.meta });
    }
    batches
}

/// Sends records, `window` at a time, and ends. Gives every revision of every alert.
pub fn feed(options: Options, records: &[Record], window: usize) -> (Vec<Alert>, Shared) {
    let (engine, alerts) = Engine::start(options).unwrap();
    let collect = std::thread::spawn(move || alerts.into_iter().collect::<Vec<Alert>>());
    let mut port = engine.port(0);
    let mut rest = records;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(window.clamp(1, rest.len()));
        rest = later;
        for batch in batches(now) {
            let count = batch.records.len() as u64;
            port.state.accepted.fetch_add(count, std::sync::atomic::Ordering::AcqRel);
            port.send_blocking(batch).unwrap();
        }
        let least: Option<Ns> = later.first().map(|record| record.meta.effective);
        port.promise(least.unwrap_or(0));
    }
    port.close();
    let shared = engine.shared.clone();
    engine.finish().unwrap();
    (collect.join().unwrap(), shared)
}

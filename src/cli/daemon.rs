//! What `start` and `tail` share: doors, engine, sinks and HTTP face, from their opening to the
//! summary at the end.

use super::listening::Listening;
use super::summary::Summary;
use super::{common, events, output, state};
use crate::alerting::{Overrides, Plan, Sinks, pump};
use crate::api::{self, Facts};
use crate::config::{self, Config, Environment, data_dir};
use crate::failure::{ExitCode, Failure};
use crate::receivers::file::FileStart;
use crate::receivers::syslog::{tcp, udp};
use crate::receivers::webhook::WebhookOptions;
use crate::receivers::{file, pipe, push};
use crate::runtime::clock::Clock;
use crate::runtime::cluster::Formed;
use crate::runtime::dictionary::Dictionary;
use crate::runtime::facts::EngineFacts;
use crate::runtime::guidance;
use crate::runtime::live::{Live, LiveOptions, Way};
use crate::runtime::models::{self, Meaning, Models};
use crate::runtime::rulechange::RuleChanger;
use crate::runtime::rulekeeper::{Reread, RuleKeeper};
use crate::runtime::rules::Rules;
use crate::runtime::setup;
use crate::sigma::book::Wish;
use crate::store::control::{Keeping, StateStore};
use crate::store::events::Origin;
use seerflow_model::hash;
use seerflow_model::time::SECOND;
use seerflow_pipeline::engine::Options;
use seerflow_pipeline::rulebook::RuleDesk;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// After so long without a line the program says how to check.
const SILENT_AFTER: Duration = Duration::from_secs(60);
/// How often a process of a cluster looks whether another one stops.
const CLUSTER_LOOK: Duration = Duration::from_millis(250);
/// How often it says how far calibration is.
const PROGRESS_EVERY: Duration = Duration::from_secs(600);
/// How long a change of rules is waited for at the end.
const RULES_END: Duration = Duration::from_secs(2);

/// What is to run.
pub struct Daemon {
    /// The configuration.
    pub config: Config,
    /// Worker threads.
    pub workers: usize,
    /// The rules of sources.
    pub rules: Arc<Rules>,
    /// The doors.
    pub ways: Vec<Way>,
    /// The other processes, when it is part of a cluster.
    pub formed: Option<Formed>,
    /// The HTTP face, if it is wanted.
    pub http: Option<TcpListener>,
    /// Where alerts go.
    pub alerts: Overrides,
    /// What is printed at the start.
    pub listening: Listening,
    /// Whether it ends when all doors have ended by themselves.
    pub ends: bool,
    /// The data directory, locked.
    pub data: data_dir::DataDir,
    /// Whether alerts and templates are kept in it.
    pub keep: bool,
    /// What it begins with.
    pub models: Option<Models>,
    /// The configuration file, to be read again on SIGHUP.
    pub file: Option<PathBuf>,
}

/// The models in a directory, if one is named.
pub fn models(
    dir: Option<&Path>,
    config: &Config,
    rules: &Rules,
) -> Result<Option<Models>, Failure> {
    let Some(dir) = dir else { return Ok(None) };
    models::read(dir, &Meaning::of(config, rules)?).map(Some)
}

/// Options of the file receiver.
pub fn files(config: &Config, patterns: Vec<String>, from_start: bool) -> file::FileOptions {
    let receivers = &config.receivers;
    let beginning = from_start || receivers.file_start == config::FileStart::Beginning;
    file::FileOptions {
        patterns,
        roots: receivers.allowed_log_roots.clone(),
        start: if beginning { FileStart::Beginning } else { FileStart::End },
        line_max: receivers.line_bytes_max,
        ..file::FileOptions::default()
    }
}

/// Options of the UDP receiver.
pub fn udp(config: &Config) -> udp::UdpOptions {
    udp::UdpOptions { frame_max: config.receivers.frame_bytes_max, ..udp::UdpOptions::default() }
}

/// Options of the TCP receiver.
pub fn tcp(config: &Config) -> tcp::TcpOptions {
    let receivers = &config.receivers;
    let idle = match receivers.idle_timeout_seconds {
        0 => u64::MAX,
        seconds => seconds.saturating_mul(SECOND),
    };
    tcp::TcpOptions {
        frame_max: receivers.frame_bytes_max,
        connections_max: receivers.connections_max,
        idle_timeout: idle,
    }
}

/// Bounds of a receiver to which requests are pushed.
pub fn pushed(config: &Config) -> push::Limits {
    let receivers = &config.receivers;
    let wire_max = receivers.otlp_http_max_request_bytes;
    let limits = push::Limits::default();
    push::Limits {
        wire_max,
        body_max: wire_max.saturating_mul(4),
        // The largest request and its records have room.
        held_max: limits.held_max.max(wire_max.saturating_mul(16)),
        record_max: receivers.line_bytes_max,
        connections_max: receivers.connections_max,
        ..limits
    }
}

/// Options of the webhooks.
pub fn webhooks(config: &Config) -> WebhookOptions {
    let receivers = &config.receivers;
    let limits = push::Limits {
        wire_max: receivers.webhook_max_request_bytes,
        body_max: receivers.webhook_max_request_bytes.saturating_mul(4),
        record_max: receivers.line_bytes_max,
        connections_max: receivers.connections_max,
        ..push::Limits::default()
    };
    WebhookOptions { entries: config.webhooks.clone(), limits }
}

/// Options of the pipe receiver.
pub fn pipe(config: &Config) -> pipe::PipeOptions {
    pipe::PipeOptions { line_max: config.receivers.line_bytes_max, ..pipe::PipeOptions::default() }
}

impl Daemon {
    /// Runs until a signal comes or, if it ends, until all doors have ended.
    pub fn run(self) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            // Threads that have answered a question hold memory of it.
            .thread_keep_alive(Duration::from_secs(1))
            .enable_all()
            .build()
            .map_err(|error| Failure::cannot_run(format!("cannot start: {error}")))?;
        let result = runtime.block_on(self.serve());
        runtime.shutdown_timeout(Duration::from_millis(200));
        result
    }

    async fn serve(mut self) -> Result<(), Failure> {
        let started = Instant::now();
        let signals = Signals::new().map_err(|e| Failure::cannot_run(format!("signals: {e}")))?;
        let plan = Plan::of(&self.config.alerting, &self.alerts);
        let sinks = Sinks::start(plan.open(&self.config.alerting)?).map_err(|error| {
            Failure::cannot_run(format!("cannot start the alert sinks: {error}"))
        })?;
        let clock = Clock::system();
        let store = self.keep.then(|| state::open(&self.config, &self.data)).transpose()?;
        let keeping = store.clone().map(|store| Keeping::start(store, clock.clone()));
        let keeping = keeping.transpose().map_err(|e| cannot_start(&e))?;
        let events = match self.keep {
            true => events::open(&self.config, &self.data)?,
            false => None,
        };
        let process = self.formed.as_ref().map_or(0, |formed| formed.process);
        // Ids of sources differ also when a data directory was copied to another host.
        let node = match (self.data.node_id()?, process) {
            (node, 0) => node,
            (node, process) => hash::pair(node, process as u64),
        };
        let lateness = self.config.engine.lateness_seconds * SECOND;
        let mut engine = setup::engine(&self.config, self.workers, &self.rules);
        let keeper = self.keeper(store.clone())?;
        engine.rules_desk = Arc::new(RuleDesk::new(keeper.book().set.clone()));
        engine.notices = self.config.engine.notices;
        let begins = match self.models {
            Some(models) => Some(begin_with(models, &mut engine, &clock, &self.config)?),
            None => None,
        };
        let options = LiveOptions {
            ways: self.ways,
            first_seq: clock.now() / 1_000,
            clock,
            rules: self.rules.clone(),
            node,
            lateness,
        };
        let parser = engine.parser.clone();
        engine.keepers = match &events {
            Some(store) => Some(events::keepers(store, self.workers, Origin::Live)?),
            None => None,
        };
        if let Some(store) = &store {
            guidance::restore(store.as_ref(), &engine.desk, Clock::system().now())?;
        }
        let process_alone = self.formed.is_none();
        engine.cluster = self.formed.take().map(Formed::into_cluster);
        let settings = engine.settings.clone();
        let (mut live, alerts) =
            Live::start(engine, options).map_err(|error| common::engine_failed(&error))?;
        let facts = EngineFacts::new(live.shared.clone(), live.receivers.clone());
        let facts = facts
            .redacting(self.rules.redacted().clone())
            .configured(config::shown::json(&self.config));
        let changer =
            RuleChanger::new(live.shared.clone(), settings, events.clone(), parser.clone());
        let ruling = match process_alone {
            true => Some(keeper.start(changer).map_err(|error| cannot_start(&error))?),
            false => None,
        };
        let facts =
            facts.keeping(keeping.as_ref().map(Keeping::kept)).searching(events.clone(), parser);
        let facts = Arc::new(facts.ruled_by(keeper.clone()));
        let options = api::Options::of(&self.config.program);
        let dictionary =
            store.map(|store| Dictionary::start(store, facts.clone(), Clock::system()));
        let dictionary = dictionary.transpose().map_err(|e| cannot_start(&e))?;
        let seen = facts.clone();
        let seen = move |alert| {
            seen.book().upsert(alert);
        };
        let pump = pump::start(alerts, seen, sinks, keeping).map_err(|e| cannot_start(&e))?;
        let down = CancellationToken::new();
        let http =
            self.http.map(|listener| serve_http(listener, facts.clone(), options, down.clone()));
        if let Some(address) = self.listening.http {
            self.data.answers_at(address).map_err(|error| {
                Failure::new(ExitCode::DataDir, format!("cannot write the lock: {error}"))
            })?;
        }
        output::message(&self.listening.to_string());
        if let Some(begins) = begins {
            output::message(&begins);
        }
        common::say_rules(&keeper.book(), true);
        if process > 0 {
            output::message("alerts of all processes come out of process 0");
        }

        let hangup = Hangup::new(self.keep)?;
        watch(&mut live, &facts, &self.listening, signals, (hangup, &*keeper), self.ends).await;

        let patience = Duration::from_secs_f64(self.config.program.shutdown_timeout_s.max(0.1));
        let shared = live.shared.clone();
        let stopped = tokio::time::timeout(patience, live.stop()).await;
        down.cancel();
        if let Some(http) = http {
            let _ = http.await;
        }
        match stopped {
            Ok(result) => result.map_err(|error| common::engine_failed(&error))?,
            Err(_) => output::message(&format!(
                "warning: not everything was finished within {} s (shutdown_timeout_s)",
                patience.as_secs_f64()
            )),
        }
        if let Some(ruling) = ruling {
            let ended = tokio::task::spawn_blocking(move || ruling.finish());
            // Rules that are put to what is stored are not waited for.
            let _ = tokio::time::timeout(RULES_END, ended).await;
        }
        if let Some(events) = events {
            let _ = tokio::task::spawn_blocking(move || events.close()).await;
        }
        // The engine is gone, so its channel is closed and the pump ends.
        let _ = tokio::task::spawn_blocking(move || put_away(pump, dictionary, patience)).await;
        let mut summary = Summary {
            alerts: facts.book().opened_by_severity().iter().sum(),
            open_alerts: facts.book().open() as u64,
            ..Summary::default()
        };
        common::summarise(&shared, &mut summary);
        summary.dropped = facts.dropped();
        summary.redacted = self.rules.redacted().values();
        output::message(&summary.took(started.elapsed()).to_string());
        Ok(())
    }
}

impl Daemon {
    /// Reads the rules. All processes of a cluster must have the same ones, and keep them.
    fn keeper(&mut self, store: Option<Arc<dyn StateStore>>) -> Result<Arc<RuleKeeper>, Failure> {
        let reread = self.file.clone().map(|file| -> Reread {
            let wish = move || -> Result<Wish, Failure> {
                let loaded = config::load(Some(&file), &Environment::of_process())?;
                Ok(Wish::of(&loaded.config))
            };
            Box::new(wish)
        });
        let keeper = RuleKeeper::open(Wish::of(&self.config), reread, store)?;
        if let Some(formed) = &mut self.formed {
            formed.agree(keeper.book().set.version(), "rules")?;
            return Ok(Arc::new(keeper.fixed()));
        }
        Ok(Arc::new(keeper))
    }
}

/// Gives an engine models to begin with; what a person should know of them.
fn begin_with(
    models: Models,
    engine: &mut Options,
    clock: &Clock,
    config: &Config,
) -> Result<String, Failure> {
    let lateness = config.engine.lateness_seconds * SECOND;
    let ahead = config.engine.max_future_seconds * SECOND;
    engine.gap = Some(models.gap(clock.now(), lateness, ahead)?);
    engine.restore = Some(Arc::new(models.state));
    let until = seerflow_model::time::rfc3339(models.until);
    Ok(format!("begins with models of {} events up to {until}", models.events))
}

/// SIGHUP, where it means that rules are to be read again. Where it does not, it ends the program
/// as always.
struct Hangup(Option<tokio::signal::unix::Signal>);

impl Hangup {
    fn new(wanted: bool) -> Result<Hangup, Failure> {
        let hangup = wanted.then(|| signal(SignalKind::hangup())).transpose();
        hangup.map(Hangup).map_err(|error| Failure::cannot_run(format!("signals: {error}")))
    }

    async fn comes(&mut self) {
        match &mut self.0 {
            Some(hangup) => drop(hangup.recv().await),
            None => std::future::pending().await,
        }
    }
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Waits until the last alerts and templates are where they belong.
fn put_away(
    pump: std::thread::JoinHandle<pump::Ended>,
    dictionary: Option<Dictionary>,
    patience: Duration,
) {
    // A panic was reported by its hook.
    if let Ok(ended) = pump.join() {
        if !ended.sinks.finish(patience) {
            output::message("warning: alerts were left that no sink has taken");
        }
        if ended.keeping.is_some_and(|keeping| !keeping.finish(patience)) {
            output::message("warning: alerts were left that could not be stored");
        }
    }
    if dictionary.is_some_and(|dictionary| !dictionary.finish(patience)) {
        output::message("warning: templates were left that could not be stored");
    }
}

fn cannot_start(error: &std::io::Error) -> Failure {
    Failure::cannot_run(format!("cannot start: {error}"))
}

fn serve_http(
    listener: TcpListener,
    facts: Arc<EngineFacts>,
    options: api::Options,
    down: CancellationToken,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let listener = listener
            .set_nonblocking(true)
            .and_then(|()| tokio::net::TcpListener::from_std(listener));
        let served = match listener {
            Ok(listener) => {
                let down = down.cancelled_owned();
                api::serve(listener, facts, options, down).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP face ended");
        }
    })
}

/// Waits for the end, and says now and then what a person should know.
async fn watch(
    live: &mut Live,
    facts: &EngineFacts,
    listening: &Listening,
    mut signals: Signals,
    (mut hangup, keeper): (Hangup, &RuleKeeper),
    ends: bool,
) {
    let silent = tokio::time::sleep(SILENT_AFTER);
    tokio::pin!(silent);
    let mut said_silent = false;
    let mut progress = tokio::time::interval(PROGRESS_EVERY);
    progress.tick().await;
    let mut doors = true;
    let mut calibrated = false;
    let mut cluster = tokio::time::interval(CLUSTER_LOOK);
    let peers = live.shared.peers.clone();
    loop {
        tokio::select! {
            () = signals.any() => {
                // A second signal ends at once.
                tokio::spawn(async move {
                    signals.any().await;
                    std::process::exit(0);
                });
                return;
            }
            () = hangup.comes() => keeper.ask_reload(),
            end = live.next_end(), if doors => match end {
                None if ends || live.shared.failed.load(Acquire) => return,
                None => doors = false,
                Some(Ok(())) => {}
                Some(Err(error)) => tracing::error!(%error, "a receiver ended"),
            },
            () = &mut silent, if !said_silent => {
                said_silent = true;
                let accepted = |r: &crate::runtime::live::Receiver| r.counters.accepted.load(Acquire);
                if live.receivers.iter().map(accepted).sum::<u64>() == 0 {
                    output::message(&listening.nothing_came(SILENT_AFTER.as_secs()));
                }
            }
            _ = cluster.tick(), if peers.is_some() => {
                if peers.as_ref().is_some_and(|peers| peers.ending()) {
                    output::message("another process of the cluster stops, so this one does");
                    return;
                }
            }
            _ = progress.tick(), if !calibrated => calibrated = say_progress(facts),
        }
    }
}

/// Says how far calibration is; true when nothing is left to wait for.
fn say_progress(facts: &EngineFacts) -> bool {
    let channels = facts.stats().calibration;
    let waiting: Vec<String> =
        channels.iter().filter(|c| !c.calibrated).map(ToString::to_string).collect();
    if !waiting.is_empty() {
        output::message(&format!("not calibrated yet: {}", waiting.join(", ")));
    } else if !channels.is_empty() {
        output::message("all channels are calibrated");
    }
    waiting.is_empty() && !channels.is_empty()
}

/// Paths to patterns, `-` apart.
pub fn split_stdin(paths: Vec<String>) -> (bool, Vec<String>) {
    let stdin = paths.iter().any(|path| path == "-");
    (stdin, paths.into_iter().filter(|path| path != "-").collect())
}

/// Opens the data directory of a daemon.
pub fn data_dir(
    argument: Option<&PathBuf>,
    config: &Config,
    environment: &Environment,
) -> Result<data_dir::DataDir, Failure> {
    let path = data_dir::locate(argument.map(PathBuf::as_path), config, environment)?;
    data_dir::open(&path)
}

//! Where `analyze --persist` puts what it finds: into the data directory that it locks, or, when a running program
//! has that, through the program.
//!
//! Both are idempotent: an event is known by its source and its position in it, an alert by its id, the counts of
//! templates by what was read. So a second run adds nothing, and says so.

use super::events;
use super::remote::{self, Client, Place};
use super::state;
use crate::config::{Config, DataDir};
use crate::failure::{ExitCode, Failure};
use crate::runtime::batch::Outcome;
use crate::runtime::clock::Clock;
use crate::store::control::{AlertWrite, StateStore, TemplateBatch};
use crate::store::events::{EventStore, Origin};
use crate::store::exchange;
use seerflow_model::Alert;
use seerflow_pipeline::keep::{Keeper, Keepers, Kept};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that are sent at a time.
const CHUNK: usize = 2 << 20;
/// Alerts that are stored at a time.
const ALERTS: usize = 1_000;

/// Where it goes.
pub enum Persist {
    /// Into the directory, which is ours while this lives.
    Here(Box<Here>),
    /// Through the running program.
    There(Arc<Sent>),
}

/// A directory of ours.
pub struct Here {
    _data: DataDir,
    events: Arc<EventStore>,
    state: Arc<dyn StateStore>,
}

/// What was sent to the running program.
pub struct Sent {
    address: SocketAddr,
    added: Mutex<Added>,
    failure: Mutex<Option<Failure>>,
}

/// What became part of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Events that were not there.
    pub events: u64,
    /// Events that were.
    pub known_events: u64,
    /// Alerts that were not there, or went on.
    pub alerts: u64,
    /// Alerts that were there as they are.
    pub known_alerts: u64,
}

impl Persist {
    /// Finds out where.
    pub fn open(data_dir: Option<&Path>, config: &Config) -> Result<Persist, Failure> {
        match remote::place(data_dir, config)? {
            Place::Running(client) => Ok(Persist::There(Arc::new(Sent {
                // What runs has one.
                address: client.address().unwrap_or_else(|| remote::configured(config)),
                added: Mutex::default(),
                failure: Mutex::default(),
            }))),
            Place::Resting(data) => {
                let Some(events) = events::open(config, &data)? else {
                    return Err(Failure::usage("events are kept nowhere")
                        .detail("key: storage.events is none")
                        .hint("set it to segments, or leave out --persist"));
                };
                let state = state::open(config, &data)?;
                Ok(Persist::Here(Box::new(Here { _data: data, events, state })))
            }
        }
    }

    /// What keeps the events of each worker.
    pub fn keepers(&self, workers: usize) -> Result<Keepers, Failure> {
        match self {
            Persist::Here(here) => events::keepers(&here.events, workers, Origin::Analyze),
            Persist::There(sent) => {
                let sent = sent.clone();
                Ok(Arc::new(move |_| {
                    Box::new(Sender { sent: sent.clone(), client: None, lines: String::new() })
                }))
            }
        }
    }

    /// Puts away what is known at the end; `run` names what was read.
    pub fn finish(self, outcome: &Outcome, run: u64) -> Result<Added, Failure> {
        match self {
            Persist::Here(here) => here.finish(outcome, run),
            Persist::There(sent) => {
                let mut sender = Sender { sent: sent.clone(), client: None, lines: String::new() };
                for alert in &outcome.alerts {
                    sender.line(&crate::alerting::render::json_line(alert));
                }
                sender.send();
                let failure = lock(&sent.failure).take();
                failure.map_or_else(|| Ok(*lock(&sent.added)), Err)
            }
        }
    }
}

impl Here {
    fn finish(self, outcome: &Outcome, run: u64) -> Result<Added, Failure> {
        self.events.close();
        let stats = self.events.stats();
        if stats.lost > 0 {
            let what = format!("{} events could not be stored", stats.lost);
            return Err(Failure::new(ExitCode::Storage, what));
        }
        let now = Clock::system().now();
        let mut added =
            Added { events: stats.stored, known_events: stats.already_stored, ..Added::default() };
        for some in outcome.alerts.chunks(ALERTS) {
            let write = |alert: &Alert| AlertWrite::of(Arc::new(alert.clone()));
            let batch: Vec<AlertWrite> = some.iter().map(write).collect();
            let counts = self.state.put_alerts(&batch, now)?;
            added.alerts += counts.added + counts.updated;
            added.known_alerts += counts.unchanged;
        }
        let views = &outcome.shared.views;
        let merged = views.merged();
        let aliases = merged.aliases.keys().map(|from| (*from, merged.resolve(*from))).collect();
        let rows = views.templates();
        let batch = TemplateBatch { run: format!("analyze:{run:016x}"), rows, aliases };
        self.state.put_templates(&batch, now)?;
        Ok(added)
    }
}

/// Sends what one worker finds.
struct Sender {
    sent: Arc<Sent>,
    client: Option<Client>,
    lines: String,
}

impl Sender {
    fn line(&mut self, line: &str) {
        self.lines.push_str(line);
        if self.lines.len() >= CHUNK {
            self.send();
        }
    }

    /// Sends what was gathered. After a failure nothing is sent any more: the run says at its end that it failed.
    fn send(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        if lines.is_empty() || lock(&self.sent.failure).is_some() {
            return;
        }
        if let Err(failure) = self.post(lines) {
            lock(&self.sent.failure).get_or_insert(failure);
        }
    }

    fn post(&mut self, lines: String) -> Result<(), Failure> {
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(Client::connect(self.sent.address)?),
        };
        let answer = client.import(lines.into_bytes())?;
        let count = |key: &str| answer[key].as_u64().unwrap_or(0);
        let mut added = lock(&self.sent.added);
        added.events += count("events");
        added.alerts += count("alerts");
        added.known_events += count("known_events");
        added.known_alerts += count("known_alerts");
        if count("rejected") > 0 {
            let what = answer["problems"][0]["detail"].as_str().unwrap_or_default();
            return Err(Failure::new(ExitCode::Internal, format!("a row was refused: {what}")));
        }
        Ok(())
    }
}

impl Keeper for Sender {
    fn keep(&mut self, kept: Kept<'_>) {
        let Kept { event, template, text, probability } = kept;
        let line = exchange::ndjson_line(event, template, text, probability);
        self.line(&line);
    }

    fn publish(&mut self) {}
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.send();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

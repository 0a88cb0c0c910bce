//! A fake engine and a door for the tests of receivers.

use super::Door;
use super::counters::ReceiverCounters;
use super::settings::{SourceKey, SourceRules, SourceSettings};
use crate::runtime::clock::{Clock, Pulse};
use crate::runtime::stamp::Gate;
use seerflow_model::record::{Flags, RecordBatch};
use seerflow_model::time::{Ns, SECOND};
use seerflow_parsing::time::Zone;
use seerflow_pipeline::feed::{LaneReceiver, Load, Port, PortState, lanes};
use seerflow_pipeline::flow::Flow;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Where the clocks of tests begin.
pub const START: Ns = 1_700_000_000 * SECOND;

/// A time of this many seconds after [`START`], as text.
pub fn at(seconds: u64) -> String {
    seerflow_model::time::rfc3339(START + seconds * SECOND)
}

/// Rules without entries.
pub struct Plain;

impl SourceRules for Plain {
    fn settle(&self, key: &SourceKey<'_>) -> SourceSettings {
        SourceSettings { zone: Zone::Utc, ..SourceSettings::defaults(key) }
    }
}

/// One record as the engine got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub source: u64,
    pub seq: u64,
    pub text: String,
    pub effective: Ns,
    pub flags: Flags,
    pub time: Option<Ns>,
    pub columns: Vec<String>,
}

/// Takes batches out of lanes and holds them against the promises.
pub struct Engine {
    lanes: Vec<LaneReceiver>,
    state: Arc<PortState>,
    acted: Ns,
    pub got: Vec<Got>,
    seen: HashSet<(u64, u64)>,
    /// Keep no records, only count them.
    pub count_only: bool,
    pub count: u64,
}

impl Engine {
    /// As a worker does: loads the promise, drains, then acts on it.
    pub fn drain(&mut self) -> usize {
        let promise = self.state.promise();
        let mut drained = 0;
        for i in 0..self.lanes.len() {
            self.lanes[i].state.rearm();
            while let Ok(feed) = self.lanes[i].rx.try_recv() {
                let Load::Batch(batch) = feed.load else { panic!("receivers send batches") };
                assert_eq!(feed.records, batch.records.len() as u64);
                drained += batch.records.len();
                self.take(batch, feed.floor);
            }
        }
        self.acted = promise;
        drained
    }

    fn take(&mut self, batch: RecordBatch, floor: Ns) {
        let n = batch.records.len() as u64;
        self.state.in_flight.fetch_sub(n, Ordering::AcqRel);
        self.state.processed.fetch_add(n, Ordering::AcqRel);
        self.count += n;
        assert!(n > 0 && n <= 512, "{n} records");
        for meta in &batch.records {
            assert!(meta.effective >= self.acted, "{} below {}", meta.effective, self.acted);
            assert!(meta.effective >= floor);
            assert!(self.seen.insert((batch.source.id, meta.seq)), "one number twice");
            if !self.count_only {
                self.got.push(Got {
                    source: batch.source.id,
                    seq: meta.seq,
                    text: String::from_utf8_lossy(batch.bytes_of(meta)).into_owned(),
                    effective: meta.effective,
                    flags: meta.flags,
                    time: meta.event_time,
                    columns: batch.source.table.as_ref().map_or(Vec::new(), |t| t.columns.clone()),
                });
            }
        }
    }

    pub fn promise(&self) -> Ns {
        self.state.promise()
    }

    /// Whether batches wait in its lanes.
    pub fn waits(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.rx.is_empty())
    }

    pub fn closed(&self) -> bool {
        self.state.closed()
    }

    /// Texts in the order of (source, sequence).
    pub fn texts(&mut self) -> Vec<String> {
        self.got.sort_by_key(|got| (got.source, got.seq));
        self.got.iter().map(|got| got.text.clone()).collect()
    }

    /// accepted = processed + dropped + in flight.
    pub fn ledger(&self, counters: &ReceiverCounters) {
        let accepted = self.state.accepted.load(Ordering::Acquire);
        let processed = self.state.processed.load(Ordering::Acquire);
        let in_flight = self.state.in_flight.load(Ordering::Acquire);
        assert_eq!(accepted, processed + counters.dropped() + in_flight);
        assert_eq!(accepted, counters.accepted.load(Ordering::Acquire));
    }
}

/// A door onto `workers` lanes of `capacity` batches, and the engine behind it.
pub fn door(clock: &Clock, workers: usize, capacity: usize) -> (Door, Engine) {
    let (senders, lanes) = lanes(workers, capacity);
    let state = Arc::new(PortState::default());
    let door = Door {
        clock: clock.clone(),
        pulse: Pulse::new(clock.clone()),
        gate: Gate::opened(),
        port: Port::new(0, senders, state.clone()),
        counters: Arc::new(ReceiverCounters::default()),
        rules: Arc::new(Plain),
        stop: CancellationToken::new(),
        node: 7,
        first_seq: 0,
        lateness: 2 * SECOND,
        flow: Arc::new(Flow::new(1, u64::MAX)),
    };
    let engine = Engine {
        lanes,
        state,
        acted: 0,
        got: Vec::new(),
        seen: HashSet::new(),
        count_only: false,
        count: 0,
    };
    (door, engine)
}

/// Polls until it holds; fails after 20 s.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(20), "waited too long: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

//! The way in: bounded lanes from receivers and readers to the workers.
//!
//! A *port* is one receiver (or one archive run). It spreads batches over the lanes of all workers
//! in turn and carries one promise: no record that the port sends later has an effective time
//! below it. The promise is one atomic per port, not a message: a worker loads it, then drains its
//! lane, then may act on what it loaded, because every batch that was sent before the promise was
//! raised is in the lane by then.
//!
//! Lanes are bounded in batches, so a full engine slows whoever can be slowed and makes the others
//! count. A lane wakes its worker at most once per drain.

use crate::rulebook::{Installed, RuleDesk};
use seerflow_model::record::RecordBatch;
use seerflow_model::time::{MAX_NS, Ns};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Work that a worker does itself: an archive chunk that is read, split and stamped where it is
/// parsed.
pub type Work = Box<dyn FnOnce() -> Vec<RecordBatch> + Send>;

/// What travels in a lane.
pub enum Load {
    /// Records, all with effective time ≥ `floor`.
    Batch(RecordBatch),
    /// Work that gives records, all with effective time ≥ `floor`.
    Work(Work),
}

/// One element of a lane.
pub struct Feed {
    /// The port it came through.
    pub port: u16,
    /// No record of this element, nor of any later one of this port *in this lane*, has an
    /// effective time below it.
    pub floor: Ns,
    /// How many records it holds (for `Work`: an estimate), for flow control.
    pub records: u64,
    /// The rules that judge its records, if any do.
    pub rules: Option<Arc<Installed>>,
    /// The content.
    pub load: Load,
}

/// Wakes a parked worker; set once its dataflow stands.
pub trait Wake: Send + Sync {
    /// Makes the worker's source run soon.
    fn wake(&self);
}

/// What the sending and the receiving side of one lane share.
#[derive(Default)]
pub struct LaneState {
    armed: AtomicBool,
    wake: std::sync::Mutex<Option<Box<dyn Wake>>>,
}

impl LaneState {
    /// Installs the wake-up of the worker that drains this lane.
    pub fn set_wake(&self, wake: Box<dyn Wake>) {
        *self.wake.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(wake);
    }

    /// Called by the worker before it drains: the next send wakes it again.
    pub fn rearm(&self) {
        self.armed.store(false, Ordering::Release);
    }

    /// Wakes the worker unless a wake-up is already under way.
    pub fn wake(&self) {
        if !self.armed.swap(true, Ordering::AcqRel)
            && let Some(wake) =
                self.wake.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).as_ref()
        {
            wake.wake();
        }
    }
}

/// Sending end of one lane.
#[derive(Clone)]
pub struct LaneSender {
    tx: flume::Sender<Feed>,
    state: Arc<LaneState>,
}

impl LaneSender {
    /// Wakes the worker that drains this lane.
    pub fn wake(&self) {
        self.state.wake();
    }
}

/// Receiving end of one lane, for the worker.
pub struct LaneReceiver {
    /// Elements in the order they were sent.
    pub rx: flume::Receiver<Feed>,
    /// Shared with the senders.
    pub state: Arc<LaneState>,
}

/// What the world knows of one port; shared with the workers.
#[derive(Default)]
pub struct PortState {
    promise: AtomicU64,
    closed: AtomicBool,
    newest: AtomicU64,
    /// Records accepted at the door.
    pub accepted: AtomicU64,
    /// Records handed to a lane and not yet held or dropped by a worker.
    pub in_flight: AtomicU64,
    /// Records held for order.
    pub held: AtomicU64,
    /// Records whose processing ended.
    pub processed: AtomicU64,
    /// Records dropped inside the engine (by `sources[].drop`).
    pub dropped: AtomicU64,
}

impl PortState {
    /// The promise in force.
    pub fn promise(&self) -> Ns {
        self.promise.load(Ordering::Acquire)
    }

    /// The newest effective time that was sent.
    pub fn newest(&self) -> Ns {
        self.newest.load(Ordering::Acquire)
    }

    /// A record with this effective time was sent.
    pub fn saw(&self, effective: Ns) {
        self.newest.fetch_max(effective, Ordering::AcqRel);
    }

    fn saw_batch(&self, batch: &RecordBatch) {
        if let Some(newest) = batch.records.iter().map(|record| record.effective).max() {
            self.saw(newest);
        }
    }

    /// Whether nothing more will come.
    pub fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// The engine is gone: nothing can be sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine has stopped")]
pub struct Stopped;

/// A batch that found its lane full, given back.
#[derive(Debug)]
pub enum TrySend {
    /// Try again later.
    Full(RecordBatch),
    /// The engine is gone.
    Stopped,
}

/// One receiver's way into the engine.
pub struct Port {
    /// Its number.
    pub id: u16,
    /// Shared with the workers.
    pub state: Arc<PortState>,
    lanes: Vec<LaneSender>,
    next: usize,
    rules: Option<Arc<RuleDesk>>,
}

impl Port {
    /// A port over the lanes of all workers. Promises nothing yet (0).
    pub fn new(id: u16, lanes: Vec<LaneSender>, state: Arc<PortState>) -> Port {
        Port { id, state, lanes, next: usize::from(id), rules: None }
    }

    /// Stamps what it sends with the rules that are in force then.
    pub fn judged_by(self, rules: Arc<RuleDesk>) -> Port {
        Port { rules: Some(rules), ..self }
    }

    /// Another sender of the same port, for receivers with a task per connection.
    pub fn handle(&self) -> Port {
        Port {
            id: self.id,
            state: self.state.clone(),
            lanes: self.lanes.clone(),
            next: self.next + 1,
            rules: self.rules.clone(),
        }
    }

    fn element(&self, floor: Ns, records: u64, load: Load) -> Feed {
        let rules = self.rules.as_ref().map(|rules| rules.current());
        Feed { port: self.id, floor, records, rules, load }
    }

    fn turn(&mut self) -> usize {
        self.next = (self.next + 1) % self.lanes.len();
        self.next
    }

    /// Sends a batch, waiting for room: this is what slows a sender. Every record must have an
    /// effective time ≥ the promise in force.
    pub async fn send(&mut self, batch: RecordBatch) -> Result<(), Stopped> {
        let records = batch.records.len() as u64;
        self.state.saw_batch(&batch);
        let feed = self.element(self.state.promise(), records, Load::Batch(batch));
        let turn = self.turn();
        self.state.in_flight.fetch_add(records, Ordering::AcqRel);
        let lane = &self.lanes[turn];
        lane.tx.send_async(feed).await.map_err(|_| Stopped)?;
        lane.state.wake();
        Ok(())
    }

    /// As [`Port::send`], from a thread.
    pub fn send_blocking(&mut self, batch: RecordBatch) -> Result<(), Stopped> {
        let records = batch.records.len() as u64;
        self.state.saw_batch(&batch);
        let feed = self.element(self.state.promise(), records, Load::Batch(batch));
        let turn = self.turn();
        self.state.in_flight.fetch_add(records, Ordering::AcqRel);
        let lane = &self.lanes[turn];
        lane.tx.send(feed).map_err(|_| Stopped)?;
        lane.state.wake();
        Ok(())
    }

    /// Sends a batch if there is room in the next lane, else in any; for doors that cannot wait.
    pub fn try_send(&mut self, batch: RecordBatch) -> Result<(), TrySend> {
        let records = batch.records.len() as u64;
        self.state.saw_batch(&batch);
        let mut feed = self.element(self.state.promise(), records, Load::Batch(batch));
        self.state.in_flight.fetch_add(records, Ordering::AcqRel);
        for _ in 0..self.lanes.len() {
            let turn = self.turn();
            let lane = &self.lanes[turn];
            match lane.tx.try_send(feed) {
                Ok(()) => {
                    lane.state.wake();
                    return Ok(());
                }
                Err(flume::TrySendError::Full(back)) => feed = back,
                Err(flume::TrySendError::Disconnected(_)) => return Err(TrySend::Stopped),
            }
        }
        self.state.in_flight.fetch_sub(records, Ordering::AcqRel);
        match feed.load {
            Load::Batch(batch) => Err(TrySend::Full(batch)),
            Load::Work(_) => Err(TrySend::Stopped),
        }
    }

    /// Sends work to a given worker's lane, waiting for room. `floor`: least effective time of
    /// this and every later element of this port in this lane. `records` is an estimate; the
    /// worker corrects the counters when the work is done.
    pub fn send_work(
        &mut self,
        lane: usize,
        floor: Ns,
        records: u64,
        work: Work,
    ) -> Result<(), Stopped> {
        let feed = self.element(floor, records, Load::Work(work));
        let lane = &self.lanes[lane % self.lanes.len()];
        lane.tx.send(feed).map_err(|_| Stopped)?;
        lane.state.wake();
        Ok(())
    }

    /// Raises the promise; a lower one is ignored. Wakes all workers when it passed a tick.
    pub fn promise(&self, promise: Ns) {
        let promise = seerflow_model::time::floor_tick(promise.min(MAX_NS));
        if self.state.promise.fetch_max(promise, Ordering::AcqRel) < promise {
            self.wake_all();
        }
    }

    /// Nothing more will come through this port, from any handle.
    pub fn close(&self) {
        self.state.closed.store(true, Ordering::Release);
        self.wake_all();
    }

    /// Elements waiting in all lanes, and how many fit: for the 80 % warning.
    pub fn fill(&self) -> (usize, usize) {
        let used = self.lanes.iter().map(|lane| lane.tx.len()).sum();
        let room = self.lanes.iter().map(|lane| lane.tx.capacity().unwrap_or(0)).sum();
        (used, room)
    }

    fn wake_all(&self) {
        for lane in &self.lanes {
            lane.state.wake();
        }
    }
}

/// Lanes for `workers` workers, each bounded to `capacity` elements.
pub fn lanes(workers: usize, capacity: usize) -> (Vec<LaneSender>, Vec<LaneReceiver>) {
    (0..workers)
        .map(|_| {
            let (tx, rx) = flume::bounded(capacity.max(1));
            let state = Arc::new(LaneState::default());
            (LaneSender { tx, state: state.clone() }, LaneReceiver { rx, state })
        })
        .unzip()
}

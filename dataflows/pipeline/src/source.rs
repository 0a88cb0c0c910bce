//! The source: drains the lane of its worker and keeps its capability at what the ports promise.
//!
//! One capability serves all ports: it stands at the least of their promises. A batch is sent
//! under the capability in force, which is ≤ the effective time of every record in it. While the
//! engine lives the source keeps ticking, because a capability that sleeps holds back everybody.
//!
//! Flow control: exchange queues have no bound, so the source holds back. It stops while too many
//! records are in flight below the frontier or too many bytes are held above it. The worker whose
//! promise is the least is never stopped for held bytes: it alone can move the frontier.
//!
//! Cost: per batch, not per record.

use crate::env::End;
use crate::feed::{Feed, LaneReceiver, Load, PortState, Wake};
use crate::flow::Flow;
use crate::rec::Time;
use crate::rulebook::Installed;
use seerflow_model::Ns;
use seerflow_model::record::RecordBatch;
use seerflow_model::time::tick_ms;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::time::Duration;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::ProbeHandle;
use timely::dataflow::operators::generic::OutputBuilderSession;
use timely::dataflow::operators::generic::operator::source;
use timely::dataflow::operators::{Capability, Probe};
use timely::dataflow::{Scope, StreamVec};
use timely::scheduling::{Activator, SyncActivator};

/// Records sent in one scheduling.
const SEND_MAX: u64 = 4_096;
/// Bytes of records sent in one scheduling.
const SEND_BYTES_MAX: usize = 8 << 20;
/// Marks that may lie between the input and the end of the dataflow.
const LAG_MAX: usize = 8;
/// How soon a source that is held back looks again.
const RETRY: Duration = Duration::from_millis(1);

/// A batch with the port it came through.
#[derive(Clone, Debug)]
pub struct Portioned {
    /// The port.
    pub port: u16,
    /// What judges the records, if anything does.
    pub rules: Option<Arc<Installed>>,
    /// The records.
    pub batch: RecordBatch,
}

impl Wake for SyncActivator {
    fn wake(&self) {
        // The worker is gone when this fails; then there is nobody to wake.
        let _ = self.activate();
    }
}

/// What the source of one worker works with.
pub struct Ingress {
    /// Its lane.
    pub lane: LaneReceiver,
    /// All ports, by number.
    pub ports: Arc<Vec<Arc<PortState>>>,
    /// Flow control of the process.
    pub flow: Arc<Flow>,
    /// The end of input.
    pub end: Arc<End>,
    /// Index of this worker in the process.
    pub worker: usize,
    /// Follows the end of the dataflow.
    pub probe: ProbeHandle<Time>,
    /// Follows the sources of all processes, in a cluster.
    pub sources: Option<ProbeHandle<Time>>,
}

/// Builds the source of this worker.
pub fn ingress<'s>(scope: Scope<'s, Time>, ingress: Ingress) -> StreamVec<'s, Time, Portioned> {
    let sources = ingress.sources.clone();
    let records = source::<_, CapacityContainerBuilder<Vec<Portioned>>, _, _>(
        scope,
        "ingress",
        |cap, info| {
            let wake = scope.worker().sync_activator_for(info.address.to_vec());
            ingress.lane.state.set_wake(Box::new(wake));
            let activator = scope.activator_for(info.address);
            let mut source = Source {
                ingress,
                cap: Some(cap),
                activator,
                ready: VecDeque::new(),
                marks: VecDeque::new(),
                due: None,
            };
            move |output| source.run(output)
        },
    );
    match sources {
        Some(probe) => records.probe_with(&probe),
        None => records,
    }
}

struct Source {
    ingress: Ingress,
    cap: Option<Capability<Time>>,
    activator: Activator,
    /// Batches that finished work gave and that are still to be sent.
    ready: VecDeque<Portioned>,
    /// Promises made and not yet passed by the end of the dataflow.
    marks: VecDeque<Time>,
    /// What was promised when so many elements were still in the lane that are not taken yet: it
    /// holds once they are sent, also when the lane is never empty.
    due: Option<(Ns, usize)>,
}

type Output<'a> = OutputBuilderSession<'a, Time, CapacityContainerBuilder<Vec<Portioned>>>;

impl Source {
    fn run(&mut self, output: &mut Output<'_>) {
        if self.cap.is_none() {
            return;
        }
        self.ingress.lane.state.rearm();
        // What is promised now holds for everything that is not in the lane yet.
        let promise = self.promise();
        let ended =
            self.ingress.end.announced() && self.ingress.ports.iter().all(|port| port.closed());
        let (mut sent, mut bytes) = (0, 0);
        let mut drained = false;
        while sent < SEND_MAX && bytes < SEND_BYTES_MAX {
            let lags = self.lag() > LAG_MAX;
            if !self.ingress.flow.may_send(self.ingress.worker, lags, || self.leads()) {
                self.activator.activate_after(RETRY);
                break;
            }
            if let Some(portioned) = self.ready.pop_front() {
                sent += portioned.batch.records.len() as u64;
                bytes += portioned.batch.bytes.len();
                self.send(portioned, output);
                continue;
            }
            self.keep_due();
            match self.ingress.lane.rx.try_recv() {
                Ok(feed) => {
                    if let Some((_, elements)) = &mut self.due {
                        *elements = elements.saturating_sub(1);
                    }
                    self.open(feed);
                }
                Err(_) => {
                    drained = true;
                    break;
                }
            }
        }
        if drained {
            self.due = None;
            self.lower(promise);
            if ended {
                self.cap = None;
                self.ingress.flow.promise(self.ingress.worker, u64::MAX);
            }
        } else if sent >= SEND_MAX || bytes >= SEND_BYTES_MAX {
            self.activator.activate();
        }
    }

    /// Keeps what was promised when what was in the lane then has been sent, and looks what is
    /// promised now.
    fn keep_due(&mut self) {
        match self.due {
            Some((_, 1..)) => return,
            Some((promise, 0)) => self.lower(promise),
            None => {}
        }
        // In this order: what was sent before the promise was raised is in the lane.
        let promise = self.promise();
        self.due = Some((promise, self.ingress.lane.rx.len()));
    }

    /// Takes one element: its floor allows the capability to move when only one port is open.
    fn open(&mut self, feed: Feed) {
        if self.ingress.ports.len() == 1 {
            self.lower(feed.floor);
        }
        match feed.load {
            Load::Batch(batch) => {
                self.ready.push_back(Portioned { port: feed.port, rules: feed.rules, batch });
            }
            Load::Work(work) => {
                let batches = work();
                let records: u64 = batches.iter().map(|batch| batch.records.len() as u64).sum();
                let port = &self.ingress.ports[usize::from(feed.port)];
                port.in_flight.fetch_add(records, AcqRel);
                let (port, rules) = (feed.port, feed.rules);
                self.ready.extend(batches.into_iter().map(|batch| {
                    let rules = rules.clone();
                    Portioned { port, rules, batch }
                }));
            }
        }
    }

    fn send(&mut self, portioned: Portioned, output: &mut Output<'_>) {
        self.ingress.flow.sent(portioned.batch.records.len() as u64);
        if let Some(cap) = &self.cap {
            output.session(cap).give(portioned);
        }
    }

    /// Promises below the frontier of the dataflow's input that its end has not passed.
    fn lag(&mut self) -> usize {
        let probe = &self.ingress.probe;
        while self.marks.front().is_some_and(|mark| !probe.less_than(mark)) {
            self.marks.pop_front();
        }
        self.marks.len()
    }

    /// Whether no source of another process promises less. What is known of them may be old; then
    /// they seem to promise less than they do, and this source waits a moment longer.
    fn leads(&self) -> bool {
        match (&self.ingress.sources, &self.cap) {
            (Some(sources), Some(cap)) => !sources.less_than(cap.time()),
            _ => true,
        }
    }

    /// The least promise of all open ports.
    fn promise(&self) -> u64 {
        let open = self.ingress.ports.iter().filter(|port| !port.closed());
        let least = open.map(|port| port.promise()).min();
        // Until E is announced, closed ports say nothing about the time.
        least.unwrap_or(if self.ingress.end.announced() { self.ingress.end.last() } else { 0 })
    }

    fn lower(&mut self, promise: u64) {
        let at = tick_ms(promise);
        if let Some(cap) = &mut self.cap
            && *cap.time() < at
        {
            cap.downgrade(&at);
            self.marks.push_back(at);
            self.ingress.flow.promise(self.ingress.worker, at);
        }
    }
}

/// Records of a port that are neither processed nor dropped yet: queued, in flight or held.
pub fn pending(port: &PortState) -> u64 {
    port.in_flight.load(Acquire) + port.held.load(Acquire)
}

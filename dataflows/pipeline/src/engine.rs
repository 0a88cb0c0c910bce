//! The engine: workers, lanes and the dataflow, as one thing to start, feed and end.

use crate::assembly::{parts, shared};
use crate::cluster::{Cluster, Peers, Place};
use crate::env::{Cut, End, Env, Gap, Snapshot};
use crate::feed::{self, LaneReceiver, LaneSender, Port, PortState};
use crate::flow::Flow;
use crate::folds::guidance::HeldByMarks;
use crate::guide::Desk;
use crate::keep::{Keeper, Keepers};
use crate::meters::Meters;
use crate::notes;
use crate::observe::Observer;
use crate::page;
use crate::parse::{DropRules, Noticed, Parse};
use crate::ports::Tally;
use crate::profile::Profile;
use crate::rulebook::RuleDesk;
use crate::settings::Settings;
use crate::sink::Outlet;
use crate::source::Ingress;
use crate::views::Views;
use seerflow_model::{Alert, Ns};
use seerflow_parsing::parser::Parser;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use timely::WorkerConfig;
use timely::dataflow::ProbeHandle;
use timely::worker::Worker;

/// CPU time of the calling thread in ns; given by whoever may look at clocks.
pub type ThreadCpu = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How an engine is started.
pub struct Options {
    /// Worker threads of this process.
    pub workers: usize,
    /// The other processes, when there are any. All must be started alike: the same threads, ports
    /// and settings.
    pub cluster: Option<Cluster>,
    /// Ports, by number: one per receiver.
    pub ports: usize,
    /// Elements that each lane holds.
    pub lane_capacity: usize,
    /// `engine.max_held_bytes`.
    pub held_bytes_max: u64,
    /// What detectors go by.
    pub settings: Settings,
    /// Makes a parser for each worker.
    pub parser: Arc<dyn Fn() -> Parser + Send + Sync>,
    /// Drops records, if any are to be.
    pub rules: Option<Arc<dyn DropRules>>,
    /// Keeps events, if any are to be kept.
    pub keepers: Option<Keepers>,
    /// Looks on while events are judged.
    pub observer: Option<Arc<dyn Observer>>,
    /// Measures workers.
    pub thread_cpu: Option<ThreadCpu>,
    /// Whether the time of each operator is measured.
    pub profile: bool,
    /// A cut to take on the way.
    pub cut: Option<Arc<Cut>>,
    /// State to begin with.
    pub restore: Option<Arc<Snapshot>>,
    /// The time between that state and now, when there is any.
    pub gap: Option<Gap>,
    /// Where guidance is left; what is there at the start comes before all records.
    pub desk: Arc<Desk>,
    /// The rules in force, and where others are put in force.
    pub rules_desk: Arc<RuleDesk>,
    /// Whether each match is told at once, too, as a provisional alert.
    pub notices: bool,
}

/// What workers share with readers.
#[derive(Clone)]
pub struct Shared {
    /// Published views.
    pub views: Arc<Views>,
    /// Flow control.
    pub flow: Arc<Flow>,
    /// Counters of the parser.
    pub noticed: Arc<Noticed>,
    /// Findings that the alert budget held back.
    pub budget_held: Arc<AtomicU64>,
    /// Where guidance is left.
    pub desk: Arc<Desk>,
    /// The rules in force.
    pub rules: Arc<RuleDesk>,
    /// What marks held.
    pub held_by_marks: Arc<HeldByMarks>,
    /// CPU time of each worker, ns.
    pub worker_cpu: Arc<Vec<AtomicU64>>,
    /// Where the end of the dataflow is, as each worker knows it: ms, `u64::MAX` when it is over.
    pub done: Arc<Vec<AtomicU64>>,
    /// Where alerts go; nobody is kept waiting for the last of them by this.
    pub alerts: flume::WeakSender<Alert>,
    /// What the keyed operators of this process count.
    pub meters: Meters,
    /// Scheduled time of each operator; empty unless [`Options::profile`] is set.
    pub profile: Profile,
    /// All ports of this process, by number.
    pub ports: Arc<Vec<Arc<PortState>>>,
    /// What is known of the other processes, when there are any.
    pub peers: Option<Arc<Peers>>,
    /// Who looks on.
    pub observer: Option<Arc<dyn Observer>>,
    /// Whether a worker failed; [`Engine::finish`] says how.
    pub failed: Arc<AtomicBool>,
}

/// What the page is built from, on one worker.
pub struct Parts {
    /// End, cut, restore.
    pub env: Env,
    /// What detectors go by.
    pub settings: Settings,
    /// The source.
    pub ingress: Ingress,
    /// The parser.
    pub parse: Parse,
    /// This worker's part of the conservation ledger.
    pub tally: Tally,
    /// Keeps its events.
    pub keeper: Option<Box<dyn Keeper>>,
    /// What is shared with readers.
    pub shared: Shared,
    /// Where guidance is left, on one worker of the process.
    pub desk: Option<Arc<Desk>>,
    /// Where alerts go.
    pub alerts: Outlet,
}

/// A running engine.
pub struct Engine {
    lanes: Vec<LaneSender>,
    end: Arc<End>,
    /// What workers share with readers.
    pub shared: Shared,
    guards: timely::communication::WorkerGuards<()>,
}

/// Ends all workers when one fails: without its part no frontier would ever move again, and the
/// others would wait for ever.
struct Watch {
    failed: Arc<AtomicBool>,
    lanes: Vec<LaneSender>,
}

impl Watch {
    fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }
}

/// Held by a worker while it runs.
struct Watched<'a>(&'a Watch);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed.store(true, Ordering::Release);
            self.0.lanes.iter().for_each(LaneSender::wake);
        }
    }
}

/// A worker panicked.
#[derive(Debug, thiserror::Error)]
#[error("a worker failed: {0}")]
pub struct Failed(String);

impl Failed {
    /// With what is known of it.
    pub fn new(what: String) -> Failed {
        Failed(what)
    }
}

/// What the workers are built from.
struct Build {
    options: Options,
    shared: Shared,
    end: Arc<End>,
    lanes: Vec<Mutex<Option<LaneReceiver>>>,
    watch: Watch,
    alerts: flume::Sender<Alert>,
    /// State to begin with, one for each worker that has not begun; freed when all have.
    restore: Mutex<Vec<Arc<Snapshot>>>,
}

impl Build {
    /// The life of one worker.
    fn work(&self, worker: &mut Worker) {
        let Build { options, shared, end, watch, .. } = self;
        let local = worker.index() - Place(shared.peers.clone()).first_worker();
        let lane = self.lanes[local].lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(lane) = lane else { return };
        let _watched = Watched(watch);
        if options.profile {
            shared.profile.watch(worker);
        }
        let probe = ProbeHandle::new();
        let mut parts = parts(options, shared, end, local, lane, &probe, self.alerts.clone());
        parts.env.restore = self.restore.lock().unwrap_or_else(PoisonError::into_inner).pop();
        worker.dataflow(|scope| page::build(scope, parts, &probe));
        let page = worker.installed_dataflows();
        if let Some(peers) = &shared.peers {
            worker.dataflow(|scope| notes::notes(scope, peers, shared));
        }
        let goes_on = |worker: &Worker| match &shared.peers {
            None => !probe.done(),
            // Its last counts come with its very end.
            Some(_) => worker.installed_dataflows().iter().any(|id| page.contains(id)),
        };
        while goes_on(worker) && !watch.failed() {
            worker.step_or_park(None);
            let done = probe.with_frontier(|frontier| frontier.first().copied());
            shared.done[local].store(done.unwrap_or(u64::MAX), Ordering::Release);
            if let Some(cpu) = &options.thread_cpu {
                shared.worker_cpu[local].store(cpu(), Ordering::Relaxed);
            }
        }
        if watch.failed() {
            // Its lane goes with it, so whoever sends learns that the engine is gone.
            worker.installed_dataflows().into_iter().for_each(|id| worker.drop_dataflow(id));
        } else if let Some(peers) = &shared.peers {
            peers.ended();
        }
    }
}

impl Engine {
    /// Starts the workers. Alerts come out of the returned channel: in a cluster those of all
    /// processes out of the first one's, and none out of the others'.
    pub fn start(mut options: Options) -> Result<(Engine, flume::Receiver<Alert>), Failed> {
        options.workers = options.workers.max(1);
        let workers = options.workers;
        let cluster = options.cluster.take();
        let (alerts, out) = flume::unbounded();
        let shared = shared(&options, cluster.as_ref(), alerts.downgrade())?;
        if options.notices {
            shared.rules.notify(alerts.downgrade());
        }
        let (senders, receivers) = feed::lanes(workers, options.lane_capacity);
        let end = Arc::new(End::default());
        let lanes = receivers.into_iter().map(|lane| Mutex::new(Some(lane))).collect();
        let watch = Watch { failed: shared.failed.clone(), lanes: senders.clone() };
        let restore = options.restore.take();
        let restore = Mutex::new(restore.map_or_else(Vec::new, |state| vec![state; workers]));
        let shared_too = shared.clone();
        let end_too = end.clone();
        let build =
            Build { options, shared: shared_too, end: end_too, lanes, watch, alerts, restore };
        let (builders, guard) = match cluster {
            Some(cluster) => cluster.allocators(workers),
            None => timely::CommunicationConfig::Process(workers).try_build(),
        }
        .map_err(Failed)?;
        let work = move |worker: &mut Worker| build.work(worker);
        let guards = timely::execute::execute_from(builders, guard, WorkerConfig::default(), work)
            .map_err(Failed)?;
        Ok((Engine { lanes: senders, end, shared, guards }, out))
    }

    /// The way in for one receiver.
    pub fn port(&self, id: u16) -> Port {
        Port::new(id, self.lanes.clone(), self.shared.ports[usize::from(id)].clone())
            .judged_by(self.shared.rules.clone())
    }

    /// Ends the input: nothing is sent any more. Timers due by the newest record fire, later ones
    /// do not; what is open says so. Waits for the workers, in a cluster for those of all processes,
    /// and gives the newest effective time of all.
    pub fn finish(self) -> Result<Ns, Failed> {
        let mut newest = self.newest();
        if let Some(peers) = &self.shared.peers {
            peers.ends(peers.process(), newest);
            newest = peers.agree(&self.shared.failed).unwrap_or(newest);
        }
        self.end.announce(newest);
        for id in 0..self.shared.ports.len() {
            self.port(id as u16).close();
        }
        for result in self.guards.join() {
            result.map_err(Failed)?;
        }
        Ok(newest)
    }

    /// The newest effective time that came in through this process.
    pub fn newest(&self) -> Ns {
        self.shared.newest()
    }
}

impl Shared {
    /// All records below it are done with.
    pub fn frontier(&self) -> Ns {
        let least = self.done.iter().map(|done| done.load(Ordering::Acquire)).min();
        least.unwrap_or_default().saturating_mul(1_000_000)
    }

    /// The newest effective time that came in through this process.
    pub fn newest(&self) -> Ns {
        self.ports.iter().map(|port| port.newest()).max().unwrap_or(0)
    }
}

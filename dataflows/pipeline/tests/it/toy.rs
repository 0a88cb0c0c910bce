//! A toy dataflow: one order-sensitive fold with a timer, fed through real lanes.

use seerflow_model::hash;
use seerflow_model::record::{Flags, ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::time::SECOND;
use seerflow_model::{Ns, Order};
use seerflow_pipeline::env::{Cut, End, Env, Gap, Snapshot};
use seerflow_pipeline::feed::{Port, PortState, lanes};
use seerflow_pipeline::flow::Flow;
use seerflow_pipeline::keyed::{Ctx, Fold, Step, keyed};
use seerflow_pipeline::rec::{Rec, Time};
use seerflow_pipeline::source::{Ingress, Portioned, ingress};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::ProbeHandle;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Probe;
use timely::dataflow::operators::generic::Operator;

/// After this long without a record a key says so.
pub const QUIET: Ns = 5 * SECOND;

/// One input record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    pub at: Ns,
    pub source: u64,
    pub seq: u64,
    pub key: u8,
}

/// What the fold says: at what instant, about which key, with what digest of all it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Said {
    pub at: Ns,
    pub key: u64,
    pub quiet: bool,
    pub digest: u64,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    digest: u64,
}

impl State {
    pub fn see(&mut self, input: &Input) {
        self.digest = hash::pair(self.digest, hash::pair(input.source, input.seq));
    }
    pub fn tick(&mut self, at: Ns) -> u64 {
        self.digest = hash::pair(self.digest, at);
        self.digest
    }
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

struct Toy {
    flow: Arc<Flow>,
}

impl Fold for Toy {
    type In = (u64, u64);
    type Out = Said;
    type State = State;
    const NAME: &'static str = "toy";
    const STAGE: u16 = 1;

    fn fresh(&mut self, _key: u64) -> State {
        State::default()
    }

    fn apply(&mut self, key: u64, state: &mut State, input: (u64, u64), ctx: &mut Ctx<Said>) {
        let at = ctx.now();
        state.see(&Input { at, source: input.0, seq: input.1, key: key as u8 });
        ctx.emit(key, Said { at, key, quiet: false, digest: state.digest() });
        ctx.set_timer(at + QUIET);
    }

    fn fire(&mut self, key: u64, state: &mut State, ctx: &mut Ctx<Said>) {
        let at = ctx.now();
        let digest = state.tick(at);
        ctx.emit(key, Said { at, key, quiet: true, digest });
    }

    /// What it waits for comes so much later.
    fn resume(&mut self, _state: &mut State, due: &mut Option<Ns>, gap: Gap) {
        *due = due.map(|due| due + gap.length());
    }

    fn account(&mut self, _input: &(u64, u64), step: Step) {
        match step {
            Step::Held => {
                self.flow.arrived(1);
                self.flow.hold(100);
            }
            Step::Released => self.flow.hold(-100),
        }
    }
}

/// A second fold behind an exchange, so that derived records and their order are tested too.
struct Echo;

impl Fold for Echo {
    type In = Said;
    type Out = Said;
    type State = State;
    const NAME: &'static str = "echo";
    const STAGE: u16 = 2;

    fn fresh(&mut self, _key: u64) -> State {
        State::default()
    }

    fn apply(&mut self, key: u64, state: &mut State, said: Said, ctx: &mut Ctx<Said>) {
        state.digest = hash::pair(state.digest, hash::pair(said.digest, said.at));
        ctx.emit(key, Said { digest: state.digest, ..said });
    }
}

/// How a run ends and what it begins with.
#[derive(Clone, Default)]
pub struct Run {
    pub workers: usize,
    pub cut: Option<Ns>,
    pub restore: Option<Arc<Snapshot>>,
    pub gap: Option<Gap>,
    /// Records a batch.
    pub batch: usize,
    /// Bytes that may be held.
    pub held_max: Option<u64>,
}

/// What a run gave.
pub struct Outcome {
    pub said: Vec<Said>,
    pub snapshot: Snapshot,
    pub held_peak: i64,
}

/// Runs `inputs` (each element one port; records of a port in the order they are sent, each with
/// the promise that holds after it) and returns what was said, sorted.
pub fn run(options: &Run, ports: &[Vec<(Input, Ns)>]) -> Outcome {
    let (senders, receivers) = lanes(options.workers, 4);
    let states: Vec<_> = ports.iter().map(|_| Arc::new(PortState::default())).collect();
    let shared = Arc::new(states.clone());
    let end = Arc::new(End::default());
    let flow = Arc::new(Flow::new(options.workers, options.held_max.unwrap_or(1 << 30)));
    let cut = options.cut.map(|at| Arc::new(Cut::at(at)));
    let said = Arc::new(Mutex::new(Vec::new()));
    let receivers: Arc<Vec<_>> =
        Arc::new(receivers.into_iter().map(|r| Mutex::new(Some(r))).collect());
    // Time has come as far as the newest record or promise.
    let newest = ports.iter().flatten().map(|(i, promise)| i.at.max(*promise)).max().unwrap_or(0);

    let guards = {
        let (end, flow, cut, said) = (end.clone(), flow.clone(), cut.clone(), said.clone());
        let (restore, gap, workers) = (options.restore.clone(), options.gap, options.workers);
        timely::execute(timely::Config::process(workers), move |worker| {
            let index = worker.index();
            let lane = receivers[index].lock().unwrap().take().unwrap();
            let probe = ProbeHandle::<Time>::new();
            let env = Env {
                worker: index,
                workers,
                end: end.clone(),
                cut: cut.clone(),
                restore: restore.clone(),
                gap,
                group_keys_max: None,
                ..Env::default()
            };
            let source = Ingress {
                lane,
                ports: shared.clone(),
                flow: flow.clone(),
                end: end.clone(),
                worker: index,
                probe: probe.clone(),
                sources: None,
            };
            let (said, flow) = (said.clone(), flow.clone());
            worker.dataflow::<Time, _, _>(|scope| {
                let records = ingress(scope, source)
                    .unary::<CapacityContainerBuilder<Vec<Rec<(u64, u64)>>>, _, _, _>(
                        Pipeline,
                        "read",
                        |_, _| {
                            |input, output| {
                                input.for_each_time(|cap, data| {
                                    let mut session = output.session(&cap);
                                    for Portioned { batch, .. } in data.flat_map(|c| c.drain(..)) {
                                        for meta in &batch.records {
                                            let key = u64::from(batch.bytes_of(meta)[0]);
                                            let id = batch.source.id;
                                            let order = Order::record(meta.effective, id, meta.seq);
                                            session.give(Rec { order, key, data: (id, meta.seq) });
                                        }
                                    }
                                });
                            }
                        },
                    );
                let first = keyed(records, Toy { flow }, &env);
                let echoed = keyed(first, Echo, &env);
                echoed
                    .unary::<CapacityContainerBuilder<Vec<()>>, _, _, _>(
                        Pipeline,
                        "sink",
                        |_, _| {
                            move |input, _output| {
                                input.for_each_time(|_, data| {
                                    let mut said = said.lock().unwrap();
                                    said.extend(data.flat_map(|c| c.drain(..)).map(|rec| rec.data));
                                });
                            }
                        },
                    )
                    .probe_with(&probe);
            });
            while !probe.done() {
                worker.step_or_park(None);
            }
        })
        .unwrap()
    };

    std::thread::scope(|scope| {
        for (id, inputs) in ports.iter().enumerate() {
            let port = Port::new(id as u16, senders.clone(), states[id].clone());
            let size = options.batch.max(1);
            scope.spawn(move || send(port, inputs, size));
        }
    });
    end.announce(newest);
    for (id, state) in states.iter().enumerate() {
        Port::new(id as u16, senders.clone(), state.clone()).close();
    }
    for result in guards.join() {
        result.unwrap();
    }
    let mut said = std::mem::take(&mut *said.lock().unwrap());
    said.sort_unstable();
    let snapshot = cut.map(|cut| cut.take()).unwrap_or_default();
    Outcome { said, snapshot, held_peak: flow.held().1 }
}

fn send(mut port: Port, inputs: &[(Input, Ns)], size: usize) {
    let mut rest = inputs;
    while let Some((first, _)) = rest.first() {
        let same = rest.iter().take(size).take_while(|(i, _)| i.source == first.source).count();
        let (now, later) = rest.split_at(same);
        let mut batch = RecordBatch {
            source: Arc::new(SourceInfo::plain(first.source, "toy", ReceiverKind::Archive, "toy")),
            observed: 0,
            bytes: Vec::new(),
            records: Vec::new(),
        };
        for (input, _) in now {
            batch.records.push(RecordMeta {
                start: batch.bytes.len() as u32,
                len: 1,
                seq: input.seq,
                event_time: None,
                effective: input.at,
                time_start: 0,
                time_len: 0,
                flags: Flags::default(),
                end: Default::default(),
            });
            batch.bytes.push(input.key);
        }
        port.send_blocking(batch).unwrap();
        port.promise(now.last().map_or(0, |(_, promise)| *promise));
        rest = later;
    }
}

//! Pass 2: hands the chunks of a plan to the workers, in order, from a thread of its own.
//!
//! Chunk i goes to worker i mod W; in a cluster each process reads those of its own workers. Plain and unpacked files are read by the worker; a compressed file
//! whose chunks are in order is unpacked here, once, front to back, and its bytes travel with the
//! work. The lanes' bound is what bounds those bytes. After each chunk the port promises what the
//! index says of the next one, at the end up to E; then the port closes.

use super::open;
use super::order::Placed;
use super::plan::{Access, DECODERS, Plan, Planned};
use super::problem::Problem;
use super::progress::Progress;
use super::read::{Bytes, Job, Unpacker};
use seerflow_model::time::{MAX_NS, MILLISECOND, Ns};
use seerflow_pipeline::feed::{Port, Stopped};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;

/// A plan under way.
pub struct Running {
    /// Counters and errors; workers go on using them after the dispatcher is done.
    pub progress: Arc<Progress>,
    thread: JoinHandle<Result<(), Stopped>>,
}

impl Running {
    /// Waits until every chunk is handed over.
    pub fn join(self) -> Result<(), Stopped> {
        self.thread.join().unwrap_or(Err(Stopped))
    }

    /// Whether every chunk is handed over, or the engine has stopped.
    pub fn finished(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Which workers of all are those of this process.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Workers of all processes.
    pub workers: usize,
    /// The first worker of this process.
    pub first: usize,
    /// Workers of this process: one lane each.
    pub own: usize,
}

impl Share {
    /// All workers are those of this process.
    pub fn whole(workers: usize) -> Share {
        Share { workers, first: 0, own: workers }
    }

    /// The lane of chunk `at`, if it is for this process.
    fn lane(self, at: usize) -> Option<usize> {
        (at % self.workers).checked_sub(self.first).filter(|lane| *lane < self.own)
    }
}

impl Plan {
    /// Runs this process's share of the plan on a thread of its own. The port must have one lane for
    /// each worker of it; it is closed at the end, also when the engine stops.
    pub fn run(self, mut port: Port, share: Share) -> io::Result<Running> {
        let progress = self.progress.clone();
        let thread = std::thread::Builder::new().name("archive".to_owned()).spawn(move || {
            let mut dispatcher = Dispatcher::new(self, share);
            let sent = dispatcher.send_all(&mut port);
            port.close();
            sent
        })?;
        Ok(Running { progress, thread })
    }
}

struct Dispatcher {
    plan: Plan,
    /// The chunks of this process: place in the plan, and lane.
    own: Vec<(usize, usize)>,
    decoders: BTreeMap<u32, Decoder>,
    /// Chunks of this process that are still to come, by file.
    left: Vec<u32>,
    on_disk: Arc<AtomicU64>,
}

struct Decoder {
    text: Unpacker<open::Text>,
    used: usize,
}

impl Dispatcher {
    fn new(plan: Plan, share: Share) -> Dispatcher {
        let own: Vec<(usize, usize)> =
            (0..plan.order.len()).filter_map(|at| Some((at, share.lane(at)?))).collect();
        let mut left = vec![0; plan.files.len()];
        for (at, _) in &own {
            left[plan.order[*at].file as usize] += 1;
        }
        Dispatcher { plan, own, decoders: BTreeMap::new(), left, on_disk: Arc::default() }
    }

    fn send_all(&mut self, port: &mut Port) -> Result<(), Stopped> {
        let end = self.plan.newest().map_or(0, |newest| (newest + MILLISECOND).min(MAX_NS));
        for number in 0..self.own.len() {
            let (at, lane) = self.own[number];
            let place = self.plan.order[at];
            let job = self.job(at, place, port);
            let records = u64::from(job.chunk.records);
            port.send_work(lane, place.promise, records, Box::new(move || job.run()))?;
            let next: Option<Ns> =
                self.own.get(number + 1).map(|(next, _)| self.plan.order[*next].promise);
            port.promise(next.unwrap_or(end));
        }
        port.promise(end);
        Ok(())
    }

    fn job(&mut self, at: usize, place: Placed, port: &Port) -> Job {
        let bytes = match &self.plan.files[place.file as usize].access {
            Access::Direct => Bytes::Disk,
            Access::Unpacked(copy) => Bytes::Unpacked(copy.clone()),
            Access::Decoder => self.decode(at, place).unwrap_or(Bytes::Ready(None)),
        };
        let file = &self.plan.files[place.file as usize];
        Job {
            bytes,
            path: file.scan.path.clone(),
            scanned: file.scan.opened.state,
            source: file.source.clone(),
            head: file.scan.head,
            chunk: file.scan.chunks[place.chunk as usize].clone(),
            floor: place.floor,
            window: self.plan.window,
            reading: file.reading.clone(),
            progress: self.plan.progress.clone(),
            port: port.state.clone(),
        }
    }

    /// The bytes of the next chunk of a compressed file.
    fn decode(&mut self, at: usize, place: Placed) -> Option<Bytes> {
        let file = &self.plan.files[place.file as usize];
        let progress = &self.plan.progress;
        let taken = self.decoders.remove(&place.file);
        self.left[place.file as usize] -= 1;
        let decoder = taken.map_or_else(|| start(file, progress, &self.on_disk), Ok);
        let decoder = decoder.map_err(|problem| progress.report(problem)).ok()?;
        let mut decoder = Decoder { used: at, ..decoder };
        let chunk = &file.scan.chunks[place.chunk as usize];
        let damaged = |error: io::Error| {
            let (path, after) = (file.scan.path.clone(), chunk.start);
            progress.report(Problem::Damaged { path, after, reason: error.to_string() });
        };
        let bytes = decoder.text.chunk(chunk, &file.reading).map_err(damaged).ok();
        if self.left[place.file as usize] > 0 {
            self.keep(place.file, decoder);
        }
        bytes
    }

    /// Keeps a decoder for the file's next chunk, in the place of the one used longest ago.
    fn keep(&mut self, file: u32, decoder: Decoder) {
        self.decoders.insert(file, decoder);
        while self.decoders.len() > DECODERS
            && let Some((&oldest, _)) = self.decoders.iter().min_by_key(|(_, decoder)| decoder.used)
        {
            self.decoders.remove(&oldest);
        }
    }
}

fn start(
    file: &Planned,
    progress: &Progress,
    on_disk: &Arc<AtomicU64>,
) -> Result<Decoder, Problem> {
    let (opened, text) = open::open(&file.scan.path, on_disk)?;
    if opened.state != file.scan.opened.state {
        progress.changed(&file.scan.path);
    }
    Ok(Decoder { text: Unpacker::new(text), used: 0 })
}

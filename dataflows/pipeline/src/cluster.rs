//! One engine in several processes: who is who, and what they must know of each other.
//!
//! Workers are numbered over all processes: those of process p are p·T … p·T + T − 1. Everything that
//! timely moves (records, frontiers, tables) is global by itself. What workers of one process share by
//! memory is not: the end of input, the ledgers of ports, published views. This is the place of what
//! the process knows of the others; [`crate::notes`] carries it.
//!
//! Invariants: E is the same everywhere, and known everywhere before the last capability goes, because
//! every process keeps its capabilities until all have said their newest time; the ledger of a port
//! is complete in the process that has the port.

use crate::feed::Wake;
use crate::ports::Moves;
use seerflow_model::Ns;
use std::any::Any;
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use timely::communication::Hooks;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::allocator::{AllocatorBuilder, ProcessBuilder};

/// Ports of all processes together: their numbers travel as `u16`.
pub const PORTS_MAX: usize = 1 << 16;
/// How often somebody who waits for the others looks whether the engine still lives.
const LOOK: Duration = Duration::from_millis(100);

/// This process and its connections to the others, which have shown that they belong together.
pub struct Cluster {
    /// Index of this process.
    pub process: usize,
    /// One socket per process, `None` for this one.
    pub sockets: Vec<Option<TcpStream>>,
}

impl Cluster {
    /// What timely runs `threads` workers of this process with.
    pub(crate) fn allocators(
        self,
        threads: usize,
    ) -> Result<(Vec<AllocatorBuilder>, Box<dyn Any + Send>), String> {
        let hooks = Hooks::default();
        let (refill, spill) = (hooks.refill.clone(), hooks.spill.clone());
        let workers = ProcessBuilder::new_typed_vector(threads, refill, spill);
        let (process, sockets) = (self.process, self.sockets);
        initialize_networking_from_sockets(workers, sockets, process, threads, hooks)
            .map(|(builders, guard)| {
                let guard: Box<dyn Any + Send> = Box::new(guard);
                (builders.into_iter().map(AllocatorBuilder::Tcp).collect(), guard)
            })
            .map_err(|error| format!("the network of the cluster: {error}"))
    }
}

/// What this process knows of the others.
pub struct Peers {
    process: usize,
    processes: usize,
    threads: usize,
    ports: usize,
    known: Mutex<Known>,
    changed: Condvar,
    wake: Mutex<Option<Box<dyn Wake>>>,
}

#[derive(Default)]
pub(crate) struct Known {
    /// What became here of records of ports elsewhere, and was not told yet.
    pub away: BTreeMap<usize, Moves>,
    /// The newest time of each process whose input has ended.
    pub newest: Vec<Option<Ns>>,
    /// Workers of this process whose dataflow has ended.
    pub ended: usize,
    /// Other processes that have told everything about our ports.
    pub complete: usize,
}

impl Peers {
    /// For process `process` of `processes`, each with so many threads and ports.
    pub fn new(process: usize, processes: usize, threads: usize, ports: usize) -> Peers {
        let known = Known { newest: vec![None; processes], ..Known::default() };
        Peers {
            process,
            processes,
            threads,
            ports,
            known: Mutex::new(known),
            changed: Condvar::new(),
            wake: Mutex::default(),
        }
    }

    /// Index of this process.
    pub fn process(&self) -> usize {
        self.process
    }

    /// Number of processes.
    pub fn processes(&self) -> usize {
        self.processes
    }

    /// The other processes.
    pub fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let own = self.process;
        (0..self.processes).filter(move |process| *process != own)
    }

    /// Worker threads of each process.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Index of the first worker of this process.
    pub fn first_worker(&self) -> usize {
        self.process * self.threads
    }

    /// Number of the first port of this process.
    pub fn first_port(&self) -> usize {
        self.process * self.ports
    }

    /// The process of a port.
    pub fn process_of(&self, port: usize) -> usize {
        port / self.ports.max(1)
    }

    /// Something became of records of a port elsewhere.
    pub fn moved(&self, port: usize, moves: Moves) {
        self.known().away.entry(port).or_default().add(moves);
    }

    /// The input of `process` has ended.
    pub fn ends(&self, process: usize, newest: Ns) {
        self.known().newest[process] = Some(newest);
        self.changed.notify_all();
        self.wake();
    }

    /// A worker's dataflow has ended.
    pub fn ended(&self) {
        self.known().ended += 1;
        self.wake();
    }

    /// Another process has told everything about our ports.
    pub(crate) fn complete(&self) {
        self.known().complete += 1;
        self.wake();
    }

    /// Whether the input of some process has ended.
    pub fn ending(&self) -> bool {
        self.known().newest.iter().any(Option::is_some)
    }

    /// Waits until the input of all processes has ended, and gives the newest time of all; `None`
    /// when the engine failed meanwhile.
    pub fn agree(&self, failed: &AtomicBool) -> Option<Ns> {
        let mut known = self.known();
        loop {
            if let Some(all) = known.newest.iter().copied().collect::<Option<Vec<Ns>>>() {
                return Some(all.into_iter().max().unwrap_or(0));
            }
            if failed.load(Ordering::Acquire) {
                return None;
            }
            let waited = self.changed.wait_timeout(known, LOOK);
            known = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What wakes the worker that writes notes.
    pub(crate) fn set_wake(&self, wake: Box<dyn Wake>) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
    }

    fn wake(&self) {
        if let Some(wake) = &*self.wake.lock().unwrap_or_else(PoisonError::into_inner) {
            wake.wake();
        }
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers that depend on whether there are others.
#[derive(Clone, Default)]
pub(crate) struct Place(pub Option<Arc<Peers>>);

impl Place {
    /// Index of the first worker of this process.
    pub fn first_worker(&self) -> usize {
        self.0.as_ref().map_or(0, |peers| peers.first_worker())
    }

    /// Number of the first port of this process.
    pub fn first_port(&self) -> usize {
        self.0.as_ref().map_or(0, |peers| peers.first_port())
    }

    /// Number of processes.
    pub fn processes(&self) -> usize {
        self.0.as_ref().map_or(1, |peers| peers.processes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_and_ports_are_numbered_over_all_processes() {
        let peers = Peers::new(2, 3, 4, 5);
        assert_eq!((peers.first_worker(), peers.first_port()), (8, 10));
        assert_eq!((peers.process_of(9), peers.process_of(10), peers.process_of(14)), (1, 2, 2));
        assert_eq!(peers.others().collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn the_end_is_known_when_all_have_said_theirs() {
        let peers = Arc::new(Peers::new(0, 3, 1, 1));
        let failed = Arc::new(AtomicBool::new(false));
        assert!(!peers.ending());
        peers.ends(0, 5);
        peers.ends(2, 9);
        assert!(peers.ending());
        let waiting = {
            let (peers, failed) = (peers.clone(), failed.clone());
            std::thread::spawn(move || peers.agree(&failed))
        };
        peers.ends(1, 7);
        assert_eq!(waiting.join().unwrap(), Some(9));
        failed.store(true, Ordering::Release);
        assert_eq!(Peers::new(0, 2, 1, 1).agree(&failed), None);
    }
}

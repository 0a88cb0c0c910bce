//! One way in of a receiver (a listener, or one path of it), and the senders behind it.
//!
//! Each sender's address is a source: its records have one sequence, its stamps and its promise are
//! its own. While a request of it is under way its promise is raised by its stamps alone; else by
//! the clock, so that a sender that waits for the engine does not become late. One that was silent
//! for long gives its promise up and starts anew at the receiver's. Senders are bounded; those that
//! were silent longest are forgotten, and their numbers are never used again.

use super::super::Door;
use super::super::batch::LiveSource;
use super::super::counters::ReceiverCounters;
use super::super::recent::{PEERS_MAX, Recent};
use super::Refusal;
use crate::runtime::stamp::{PeerPromise, PortPromise};
use seerflow_model::hash;
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::time::Ns;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Says more of a source than `sources[]` does.
pub type Describe = Box<dyn Fn(&mut SourceInfo) + Send + Sync>;

/// See the module head.
pub struct Entrance {
    /// Tells entrances apart in digests.
    pub id: u64,
    /// The door.
    pub kind: ReceiverKind,
    /// The name that sources are told by: the address, perhaps with a path.
    pub name: String,
    describe: Option<Describe>,
    peers: Mutex<Peers>,
}

struct Peers {
    known: Recent<Arc<Peer>>,
    /// No number below it may be given to a sender that appears.
    floor: u64,
}

/// One sender.
pub(super) struct Peer {
    /// Its source; requests of one sender take their turns.
    pub source: tokio::sync::Mutex<LiveSource>,
    /// The next sequence number.
    pub seq: AtomicU64,
    lateness: Ns,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Requests under way, and what they hold.
    requests: usize,
    bytes: usize,
    promise: Option<PeerPromise>,
    /// When its last request ended.
    used: Ns,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic elsewhere leaves is valid at any moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Entrance {
    pub(super) fn new(
        kind: ReceiverKind,
        name: String,
        first_seq: u64,
        describe: Option<Describe>,
    ) -> Entrance {
        let peers = Mutex::new(Peers { known: Recent::new(PEERS_MAX), floor: first_seq });
        let id = hash::pair(hash::text(kind.name()), hash::text(&name));
        Entrance { id, kind, name, describe, peers }
    }

    /// The sender of a request, known from before or new.
    pub(super) fn meet(&self, door: &Door, promises: &PortPromise, ip: IpAddr) -> Arc<Peer> {
        let mut peers = lock(&self.peers);
        if let Some(peer) = peers.known.get(&ip) {
            return peer.clone();
        }
        let promise = promises.register(door.lateness);
        let mut source = LiveSource::new(door, self.kind, &self.name, ip, promise.start());
        if let Some(describe) = &self.describe {
            describe(Arc::make_mut(&mut source.info));
        }
        promise.set_lateness(source.lateness);
        let lateness = source.lateness;
        let state = State { promise: Some(promise), ..State::default() };
        let peer = Arc::new(Peer {
            source: tokio::sync::Mutex::new(source),
            seq: AtomicU64::new(0),
            lateness,
            state: Mutex::new(state),
        });
        let gone = peers.known.insert(ip, peer.clone(), |peer| Arc::strong_count(peer) > 1);
        ReceiverCounters::add(&door.counters.peers_evicted, gone.len() as u64);
        for old in gone {
            peers.floor = peers.floor.max(old.seq.load(Ordering::Acquire));
        }
        peer.seq.store(peers.floor, Ordering::Release);
        peer
    }

    /// Takes the promises of senders that have been silent since `before`.
    pub(super) fn release_quiet(&self, before: Ns) {
        for peer in lock(&self.peers).known.values() {
            let mut state = lock(&peer.state);
            if state.requests == 0 && state.used < before {
                state.promise = None;
            }
        }
    }
}

impl Peer {
    /// A request of so many bytes is under way from now on. One sender alone may hold `share`.
    pub fn begin(
        self: &Arc<Self>,
        promises: &PortPromise,
        bytes: usize,
        share: usize,
    ) -> Result<UnderWay, Refusal> {
        let mut state = lock(&self.state);
        if state.requests > 0 && state.bytes + bytes > share {
            return Err(Refusal::Full);
        }
        let first = state.requests == 0;
        state.requests += 1;
        state.bytes += bytes;
        let promise = state.promise.get_or_insert_with(|| promises.register(self.lateness));
        if first {
            // The first of it is stamped when it is its turn.
            promise.waits();
        }
        Ok(UnderWay { peer: self.clone(), bytes, ended: 0 })
    }

    /// Records of it are stamped from now on: what was promised in its name, and what because the
    /// engine held too much. Its stamps must keep both.
    pub fn wake(&self) -> (Ns, Ns) {
        let state = lock(&self.state);
        state.promise.as_ref().map_or((0, 0), |promise| (promise.wake(), promise.pressed()))
    }

    /// All that was stamped is in its lane. Only for who has its source.
    pub fn rest(&self) {
        if let Some(promise) = &lock(&self.state).promise {
            promise.waits();
        }
    }

    /// All that was stamped before `offer` was computed is in its lane.
    pub fn raise(&self, offer: Ns) {
        if let Some(promise) = &lock(&self.state).promise {
            promise.raise(offer);
        }
    }
}

/// A request of a sender; dropping it says that nothing of it is in hand any more.
pub(super) struct UnderWay {
    pub peer: Arc<Peer>,
    bytes: usize,
    /// When it ended.
    pub ended: Ns,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = lock(&self.peer.state);
        state.requests -= 1;
        state.bytes -= self.bytes;
        state.used = state.used.max(self.ended);
        if state.requests == 0
            && let Some(promise) = &state.promise
        {
            promise.idle();
        }
    }
}

//! The promise of a port: the least of what its peers promise.
//!
//! Each peer (a connection, a file, all of UDP) has a [`PeerPromise`]. It *raises* what it offers
//! only after the records it stamped under the old offer are in their lane or counted as dropped;
//! so the port never promises past a record that is still in a receiver's hands. While it has
//! nothing in hand it says so ([`PeerPromise::idle`]) and is then promised for by the clock at
//! each tick, without being woken; [`PeerPromise::wake`] ends that and returns what was promised
//! in the meantime, which its stamper has to keep.
//!
//! While the engine holds all that it may, a receiver that was told so ([`PortPromise::pressed_by`])
//! promises by the clock without regard to lateness for those of its peers that have nothing
//! stamped in hand; those that have press on themselves.
//!
//! A new peer starts at the promise its port has made, under the lock under which that is raised.
//! A receiver without peers is drained and promises by the clock, once its [`Gate`] is open: at
//! start files are read first. One lock and a few comparisons per tick and peer; per batch one
//! uncontended lock.

use super::stamper::clock_promise;
use crate::runtime::clock::{Clock, Pulse};
use seerflow_model::time::{MAX_NS, Ns};
use seerflow_pipeline::feed::Port;
use seerflow_pipeline::flow::Flow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio_util::sync::CancellationToken;

/// Whether receivers may promise by the clock yet: until it opens, only as far as the files have
/// come, so that neither files become late nor all that is read from them is held. Cheap to clone;
/// opens once.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: AtomicBool,
    reached: AtomicU64,
}

impl Gate {
    /// A closed gate.
    pub fn closed() -> Gate {
        Gate::default()
    }

    /// An open gate.
    pub fn opened() -> Gate {
        let gate = Gate::default();
        gate.open();
        gate
    }

    /// Lets receivers promise by the clock.
    pub fn open(&self) {
        self.0.open.store(true, Ordering::Release);
    }

    /// The files have promised this.
    fn reach(&self, promise: Ns) {
        self.0.reached.fetch_max(promise, Ordering::AcqRel);
    }

    /// How far others may promise.
    fn limit(&self) -> Ns {
        if self.is_open() { MAX_NS } else { self.0.reached.load(Ordering::Acquire) }
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.0.open.load(Ordering::Acquire)
    }
}

/// Since when nothing of a peer is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drained {
    /// Records may be in hand.
    No,
    /// Records are in hand, but none that is stamped.
    Waits,
    /// All that reached us before this time was handed over.
    At(Ns),
    /// Nothing is in hand until the peer is woken by its socket.
    Still,
}

#[derive(Debug)]
struct Cell {
    /// What the peer offered itself.
    raised: Ns,
    /// The promise it started with, and what the clock promised for it.
    granted: Ns,
    /// What was promised for it because the engine held too much.
    pressed: Ns,
    lateness: Ns,
    drained: Drained,
}

#[derive(Debug)]
struct Peer {
    cell: Mutex<Cell>,
    gone: AtomicBool,
}

struct State {
    port: Port,
    clock: Clock,
    gate: Gate,
    lateness: Ns,
    /// Whether these are the files, which others wait for.
    leads: bool,
    /// What presses it on, if anything does.
    flow: OnceLock<Arc<Flow>>,
    peers: Mutex<Vec<Arc<Peer>>>,
}

/// The promises of all peers of one receiver, and the port they end in. Cheap to clone.
#[derive(Clone)]
pub struct PortPromise(Arc<State>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves numbers that are valid at any moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PortPromise {
    /// A receiver without peers. `lateness`: what it promises with while it has none.
    pub fn new(port: &Port, clock: Clock, gate: Gate, lateness: Ns) -> PortPromise {
        PortPromise::with(port, clock, gate, lateness, false)
    }

    /// As [`PortPromise::new`], for the files: a closed gate does not bind them, it follows them.
    pub fn leading(port: &Port, clock: Clock, gate: Gate, lateness: Ns) -> PortPromise {
        PortPromise::with(port, clock, gate, lateness, true)
    }

    fn with(port: &Port, clock: Clock, gate: Gate, lateness: Ns, leads: bool) -> PortPromise {
        let (port, peers) = (port.handle(), Mutex::new(Vec::new()));
        let flow = OnceLock::new();
        PortPromise(Arc::new(State { port, clock, gate, lateness, leads, flow, peers }))
    }

    /// From now on it is pressed on while the engine holds too much. Its peers must then keep
    /// [`PeerPromise::pressed`], too.
    pub fn pressed_by(&self, flow: Arc<Flow>) {
        // Told twice, it is the same engine.
        let _ = self.0.flow.set(flow);
    }

    /// A new peer, which starts at the promise in force and may have records in hand at once.
    pub fn register(&self, lateness: Ns) -> PeerPromise {
        let mut peers = lock(&self.0.peers);
        let start = self.0.port.state.promise();
        let cell = Cell { raised: 0, granted: start, pressed: 0, lateness, drained: Drained::No };
        let peer = Arc::new(Peer { cell: Mutex::new(cell), gone: AtomicBool::new(false) });
        peers.push(peer.clone());
        PeerPromise { peer, start }
    }

    /// How many peers there are.
    pub fn peers(&self) -> usize {
        lock(&self.0.peers).iter().filter(|peer| !peer.gone.load(Ordering::Acquire)).count()
    }

    /// Raises the promise of the port to the least of its peers'; drops those that are gone.
    /// Returns the time of the clock it went by.
    pub fn tick(&self) -> Ns {
        let mut peers = lock(&self.0.peers);
        peers.retain(|peer| !peer.gone.load(Ordering::Acquire));
        let now = self.0.clock.now();
        let limit = if self.0.leads { MAX_NS } else { self.0.gate.limit() };
        let pressed = self.0.flow.get().is_some_and(|flow| flow.is_full());
        let mut least = MAX_NS;
        for peer in peers.iter() {
            let mut cell = lock(&peer.cell);
            let at = match cell.drained {
                Drained::At(at) => Some(at),
                Drained::Still => Some(now),
                Drained::No | Drained::Waits => None,
            };
            if pressed && cell.drained != Drained::No {
                let promise = clock_promise(at.unwrap_or(now), now, 0).min(limit);
                cell.pressed = cell.pressed.max(promise);
            }
            if let Some(at) = at {
                let promise = clock_promise(at, now, cell.lateness).min(limit);
                cell.granted = cell.granted.max(promise);
            }
            least = least.min(cell.raised.max(cell.granted).max(cell.pressed));
        }
        if peers.is_empty() {
            // Before the first pass it is not known whether there are files.
            if self.0.leads && !self.0.gate.is_open() {
                return now;
            }
            let lateness = if pressed { 0 } else { self.0.lateness };
            least = clock_promise(now, now, lateness).min(limit);
        }
        // Still under the lock: a peer that registers now starts at what is promised here.
        self.0.port.promise(least);
        if self.0.leads {
            self.0.gate.reach(self.0.port.state.promise());
        }
        now
    }

    /// Ticks until `stop`. Runs beside the receiver.
    pub async fn run(self, pulse: Pulse, stop: CancellationToken) {
        loop {
            let seen = self.tick();
            tokio::select! {
                () = stop.cancelled() => return,
                () = pulse.tick_after(seen) => {}
            }
        }
    }
}

/// What one peer promises. Dropping it takes the peer out.
#[derive(Debug)]
pub struct PeerPromise {
    peer: Arc<Peer>,
    start: Ns,
}

impl PeerPromise {
    /// The promise its stamper starts with.
    pub fn start(&self) -> Ns {
        self.start
    }

    /// Records are in hand from now on. Returns what others promised in this peer's name: its
    /// stamper must keep it (`Stamper::grant`) before it stamps.
    pub fn wake(&self) -> Ns {
        let mut cell = lock(&self.peer.cell);
        cell.drained = Drained::No;
        cell.granted
    }

    /// What was promised in this peer's name because the engine held too much: its stamper must
    /// keep it ([`Stamper::press`](super::Stamper::press)). Ask after [`PeerPromise::wake`].
    pub fn pressed(&self) -> Ns {
        lock(&self.peer.cell).pressed
    }

    /// All that was promised for this peer, by itself or by others.
    pub fn promised(&self) -> Ns {
        let cell = lock(&self.peer.cell);
        cell.raised.max(cell.granted).max(cell.pressed)
    }

    /// Everything that was stamped before `offer` was computed is in its lane, or counted as
    /// dropped.
    pub fn raise(&self, offer: Ns) {
        let mut cell = lock(&self.peer.cell);
        cell.raised = cell.raised.max(offer);
    }

    /// Nothing is in hand, and reading would have blocked: the clock may promise until
    /// [`PeerPromise::wake`].
    pub fn idle(&self) {
        lock(&self.peer.cell).drained = Drained::Still;
    }

    /// What is in hand is not stamped: the clock may not promise, but the engine may press on.
    pub fn waits(&self) {
        lock(&self.peer.cell).drained = Drained::Waits;
    }

    /// Nothing that reached us before `at` is in hand.
    pub fn drained(&self, at: Ns) {
        lock(&self.peer.cell).drained = Drained::At(at);
    }

    /// Changes the lateness by which the clock promises.
    pub fn set_lateness(&self, lateness: Ns) {
        lock(&self.peer.cell).lateness = lateness;
    }
}

impl Drop for PeerPromise {
    fn drop(&mut self) {
        self.peer.gone.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::time::{SECOND, TICK};
    use seerflow_pipeline::feed::{LaneReceiver, PortState, lanes};

    fn port() -> (Port, Vec<LaneReceiver>) {
        let (senders, receivers) = lanes(2, 4);
        (Port::new(0, senders, Arc::new(PortState::default())), receivers)
    }

    #[test]
    fn until_the_files_are_read_listeners_promise_as_far_as_they_have_come() {
        let (files, _lanes) = port();
        let (listener, _more) = port();
        let (clock, hand) = Clock::manual(1_000 * SECOND);
        let gate = Gate::closed();
        let files = PortPromise::leading(&files, clock.clone(), gate.clone(), 2 * SECOND);
        let network = PortPromise::new(&listener, clock, gate.clone(), 2 * SECOND);
        let tick = || (files.tick(), network.tick());
        let promised = || (files.0.port.state.promise(), network.0.port.state.promise());
        tick();
        assert_eq!(promised(), (0, 0), "nothing is known of the files yet");
        let (first, second) = (files.register(2 * SECOND), files.register(2 * SECOND));
        first.raise(100 * SECOND);
        second.raise(400 * SECOND);
        tick();
        assert_eq!(promised(), (100 * SECOND, 100 * SECOND));
        // A file that is at its end holds neither the other nor the listeners.
        first.drained(1_000 * SECOND);
        tick();
        assert_eq!(promised(), (400 * SECOND, 400 * SECOND));
        second.drained(1_000 * SECOND);
        gate.open();
        hand.advance(SECOND);
        tick();
        assert_eq!(promised(), (997 * SECOND, 998 * SECOND));
    }

    #[test]
    fn what_is_not_stamped_does_not_hold_back_an_engine_that_holds_too_much() {
        let (port, _lanes) = port();
        let (clock, hand) = Clock::manual(100 * SECOND);
        let promise = PortPromise::new(&port, clock, Gate::opened(), 2 * SECOND);
        let flow = Arc::new(Flow::new(1, 100));
        promise.pressed_by(flow.clone());
        let (a, b) = (promise.register(10 * SECOND), promise.register(10 * SECOND));
        a.idle();
        b.waits();
        promise.tick();
        assert_eq!(port.state.promise(), 0, "what b has in hand is not late");
        flow.hold(101);
        promise.tick();
        assert_eq!(port.state.promise(), 99 * SECOND);
        flow.hold(-1);
        hand.advance(50 * SECOND);
        promise.tick();
        assert_eq!(port.state.promise(), 99 * SECOND);
        assert_eq!((b.wake(), b.pressed()), (0, 99 * SECOND));
        flow.hold(1);
        promise.tick();
        assert_eq!(port.state.promise(), 99 * SECOND, "b may have stamped something since");
        drop((a, b));
        promise.tick();
        assert_eq!(port.state.promise(), 149 * SECOND);
    }

    #[test]
    fn the_least_peer_decides_and_a_listener_alone_follows_the_clock() {
        let (port, _lanes) = port();
        let (clock, hand) = Clock::manual(100 * SECOND);
        let gate = Gate::closed();
        let promise = PortPromise::new(&port, clock, gate.clone(), 2 * SECOND);
        promise.tick();
        assert_eq!(port.state.promise(), 0, "files are read first");
        gate.open();
        promise.tick();
        assert_eq!(port.state.promise(), 97 * SECOND);

        let (a, b) = (promise.register(2 * SECOND), promise.register(2 * SECOND));
        assert_eq!(a.start(), 97 * SECOND);
        a.raise(99 * SECOND);
        hand.advance(50 * SECOND);
        promise.tick();
        assert_eq!(port.state.promise(), 97 * SECOND, "b holds it");
        b.idle();
        promise.tick();
        assert_eq!(port.state.promise(), 99 * SECOND, "a holds it");
        assert_eq!(b.wake(), 147 * SECOND, "what the clock promised for b");
        drop(a);
        promise.tick();
        assert_eq!((port.state.promise(), promise.peers()), (147 * SECOND, 1));
        b.drained(140 * SECOND);
        hand.advance(TICK);
        promise.tick();
        assert_eq!(port.state.promise(), 147 * SECOND, "never back");
        drop(b);
        promise.tick();
        assert_eq!(port.state.promise(), 147 * SECOND + TICK);
    }
}

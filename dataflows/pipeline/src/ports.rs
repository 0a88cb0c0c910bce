//! The conservation ledger inside the engine: what each port's records are doing.
//!
//! accepted = processed + dropped by reason + held + in flight, for every port, at every moment in
//! which nothing moves. Workers count locally and publish once a release.
//!
//! In a cluster ports are numbered over all processes, and the ledger of a port is kept by the process
//! that has it: what becomes of its records elsewhere is told to it (see [`crate::notes`]).

use crate::cluster::Peers;
use crate::feed::PortState;
use crate::flow::Flow;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::Ordering::AcqRel;

/// What became of some records of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    held: u64,
    /// Bytes of those that are held.
    bytes: i64,
    released: u64,
    dropped: u64,
}

impl Moves {
    /// Adds those of the same port.
    pub fn add(&mut self, more: Moves) {
        self.held += more.held;
        self.bytes += more.bytes;
        self.released += more.released;
        self.dropped += more.dropped;
    }

    /// Writes them into the ledger of the port.
    pub fn enter(self, port: &PortState, flow: &Flow) {
        let Moves { held, bytes, released, dropped } = self;
        if held > 0 {
            port.in_flight.fetch_sub(held, AcqRel);
            port.held.fetch_add(held, AcqRel);
            flow.arrived(held);
            flow.read(-bytes);
        }
        if released > 0 {
            port.held.fetch_sub(released, AcqRel);
            port.processed.fetch_add(released - dropped, AcqRel);
            port.dropped.fetch_add(dropped, AcqRel);
        }
    }
}

/// One worker's part of the ledger.
pub struct Tally {
    ports: Arc<Vec<Arc<PortState>>>,
    peers: Option<Arc<Peers>>,
    /// By port, those of all processes.
    moves: Vec<Moves>,
    bytes: i64,
    dirty: bool,
}

impl Tally {
    /// For these ports.
    pub fn new(ports: Arc<Vec<Arc<PortState>>>, peers: Option<Arc<Peers>>) -> Tally {
        let processes = peers.as_ref().map_or(1, |peers| peers.processes());
        let moves = vec![Moves::default(); ports.len() * processes];
        Tally { ports, peers, moves, bytes: 0, dirty: false }
    }

    /// A record arrived and is held.
    #[inline]
    pub fn held(&mut self, port: u16, bytes: i64) {
        if let Some(moves) = self.moves.get_mut(usize::from(port)) {
            moves.held += 1;
            moves.bytes += bytes;
            self.bytes += bytes;
            self.dirty = true;
        }
    }

    /// A held record was released and is processed now.
    #[inline]
    pub fn released(&mut self, port: u16, bytes: i64) {
        if let Some(moves) = self.moves.get_mut(usize::from(port)) {
            moves.released += 1;
            self.bytes -= bytes;
            self.dirty = true;
        }
    }

    /// A released record was dropped after all.
    #[inline]
    pub fn dropped(&mut self, port: u16) {
        if let Some(moves) = self.moves.get_mut(usize::from(port)) {
            moves.dropped += 1;
            self.dirty = true;
        }
    }

    /// Makes everything visible to the others.
    pub fn publish(&mut self, flow: &Flow) {
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        let first = self.peers.as_ref().map_or(0, |peers| peers.first_port());
        let own = first..first + self.ports.len();
        for (number, moves) in self.moves.iter_mut().enumerate() {
            let moves = std::mem::take(moves);
            if own.contains(&number) {
                moves.enter(&self.ports[number - first], flow);
            } else if moves != Moves::default()
                && let Some(peers) = &self.peers
            {
                peers.moved(number, moves);
            }
        }
        let bytes = std::mem::take(&mut self.bytes);
        if bytes != 0 {
            flow.hold(bytes);
        }
    }
}

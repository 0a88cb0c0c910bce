//! The conservation ledger inside the engine: what each port's records are doing.
//!
//! accepted = processed + dropped by reason + held + in flight, for every port, at every moment in
//! which nothing moves. Workers count locally and publish once a release.

use crate::feed::PortState;
use crate::flow::Flow;
use std::sync::Arc;
use std::sync::atomic::Ordering::AcqRel;

#[derive(Clone, Copy, Default)]
struct Moves {
    held: u64,
    released: u64,
    dropped: u64,
    bytes: i64,
}

/// One worker's part of the ledger.
pub struct Tally {
    ports: Arc<Vec<Arc<PortState>>>,
    moves: Vec<Moves>,
    dirty: bool,
}

impl Tally {
    /// For these ports.
    pub fn new(ports: Arc<Vec<Arc<PortState>>>) -> Tally {
        let moves = vec![Moves::default(); ports.len()];
        Tally { ports, moves, dirty: false }
    }

    /// A record arrived and is held.
    #[inline]
    pub fn held(&mut self, port: u16, bytes: i64) {
        if let Some(moves) = self.moves.get_mut(usize::from(port)) {
            moves.held += 1;
            moves.bytes += bytes;
            self.dirty = true;
        }
    }

    /// A held record was released and is processed now.
    #[inline]
    pub fn released(&mut self, port: u16, bytes: i64) {
        if let Some(moves) = self.moves.get_mut(usize::from(port)) {
            moves.released += 1;
            moves.bytes -= bytes;
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
        for (port, moves) in self.ports.iter().zip(&mut self.moves) {
            let Moves { held, released, dropped, bytes } = std::mem::take(moves);
            if held > 0 {
                port.in_flight.fetch_sub(held, AcqRel);
                port.held.fetch_add(held, AcqRel);
                flow.arrived(held);
            }
            if released > 0 {
                port.held.fetch_sub(released, AcqRel);
                port.processed.fetch_add(released - dropped, AcqRel);
                port.dropped.fetch_add(dropped, AcqRel);
            }
            if bytes != 0 {
                flow.hold(bytes);
            }
        }
    }
}

//! The doors: syslog over UDP and TCP, OTLP, tailed files, standard input.
//!
//! Each receiver takes an already bound socket (or patterns, or a reader), its options and a
//! [`Door`]: the clock, the port into the engine, counters, the rules by which its sources are
//! set up, and the token that stops it. It returns when it was stopped and everything it had
//! accepted is in a lane or counted as dropped, and then closes its port.
//!
//! Doors that can slow their sender (TCP, files, pipes) wait for room and lose nothing, those to
//! which requests are pushed ([`push`]) tell their sender to come back; UDP keeps one round of
//! records and counts what it drops. Every bound is a named option.

pub mod counters;
pub mod dedup;
pub mod file;
pub mod otlp;
pub mod pipe;
pub mod push;
pub mod settings;
pub mod syslog;
pub mod webhook;

mod batch;
mod queued;
mod recent;
mod text;

use crate::runtime::clock::{Clock, Pulse};
use crate::runtime::stamp::{Gate, PortPromise};
use counters::ReceiverCounters;
use seerflow_model::time::Ns;
use seerflow_pipeline::feed::Port;
use seerflow_pipeline::flow::Flow;
use settings::SourceRules;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

#[cfg(test)]
pub(crate) mod testing;

/// What every receiver is given.
pub struct Door {
    /// The clock of the edge.
    pub clock: Clock,
    /// The pulse that all doors share.
    pub pulse: Pulse,
    /// Opens once this receiver may promise by the clock.
    pub gate: Gate,
    /// The way into the engine, of this receiver alone.
    pub port: Port,
    /// What is counted.
    pub counters: Arc<ReceiverCounters>,
    /// How sources are set up.
    pub rules: Arc<dyn SourceRules>,
    /// Stops the receiver.
    pub stop: CancellationToken,
    /// Identity of this node, part of the ids of its sources.
    pub node: u64,
    /// The first sequence number that no source of this receiver has used yet.
    pub first_seq: u64,
    /// With what the receiver promises while it has no peers.
    pub lateness: Ns,
    /// How much is held for order.
    pub flow: Arc<Flow>,
}

impl Door {
    /// Whether records from `least` on have to wait here: they are far ahead of what the engine
    /// releases next, and it holds much already.
    fn too_far(&self, least: Ns) -> bool {
        self.flow.too_far(least, self.lateness)
    }

    /// The registry of promises of this door, ticking until the returned token is cancelled.
    fn promises(&self) -> (PortPromise, CancellationToken) {
        self.ticking(PortPromise::new)
    }

    /// As [`Door::promises`], for the files: others promise no further than they, at first.
    fn leading_promises(&self) -> (PortPromise, CancellationToken) {
        self.ticking(PortPromise::leading)
    }

    fn ticking(
        &self,
        make: fn(&Port, Clock, Gate, Ns) -> PortPromise,
    ) -> (PortPromise, CancellationToken) {
        let promises = make(&self.port, self.clock.clone(), self.gate.clone(), self.lateness);
        let end = CancellationToken::new();
        tokio::spawn(promises.clone().run(self.pulse.clone(), end.clone()));
        (promises, end)
    }
}

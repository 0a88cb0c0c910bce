//! What the doors share to which logs are pushed by HTTP: OTLP and webhooks.
//!
//! A request passes four steps: [`Intake::enter`] gives it room or says that there is none, [`body`]
//! reads and unpacks what it carries, the door turns that into [`Records`], and [`Intake::offer`]
//! takes all of them or none. Only then is it answered.
//!
//! * **Room.** What all requests of a receiver hold, unread bodies and waiting records alike, is
//!   bounded in bytes and in number ([`budget`]). There is no waiting for room: a sender is told to
//!   come back (429, `RESOURCE_EXHAUSTED`), and nothing of its request was taken.
//! * **All or nothing.** Records go to the lanes in a task of their own, which neither a broken
//!   connection nor the end of the program interrupts: it waits for room in the lanes, as TCP does.
//! * **Nothing twice.** A request whose answer was lost comes again. Digests of what was taken in
//!   the last ten minutes are kept ([`repeats`]); what is known is answered again and not taken
//!   again.
//! * **Sources.** Each sender's address is a source of its own per [`Entrance`], with its own
//!   stamps and its own promise ([`entrance`]).
//!
//! Cost per record beside the door's own decoding: the stamp and one copy of its bytes.

pub mod body;
pub mod budget;
pub mod entrance;
pub mod intake;
pub mod records;
pub mod refusal;
pub mod repeats;
pub mod server;
mod turn;
mod unpack;

#[cfg(test)]
mod tests;

pub use body::Framing;
pub use budget::Room;
pub use entrance::Entrance;
pub use intake::{Intake, Offer, Request, Taken};
pub use records::Records;
pub use refusal::Refusal;

use seerflow_model::time::{Ns, SECOND};
use std::time::Duration;

const MIB: usize = 1 << 20;

/// Bounds of one receiver.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request as it is sent.
    pub wire_max: usize,
    /// Bytes of a request when it is unpacked.
    pub body_max: usize,
    /// Bytes of the records that one request may become: each repeats what its batch has in common.
    pub records_max: usize,
    /// Bytes of one record.
    pub record_max: usize,
    /// Bytes that all requests together hold.
    pub held_max: usize,
    /// Requests at a time.
    pub requests_max: usize,
    /// Connections at a time; more wait to be accepted.
    pub connections_max: usize,
    /// Time that a request may take to arrive, and that a connection may be silent.
    pub receive_timeout: Duration,
    /// Time that open connections get to finish when the receiver stops.
    pub drain_timeout: Duration,
    /// How long a request that was taken is remembered.
    pub remember: Ns,
    /// How many are remembered.
    pub remembered_max: usize,
    /// A sender that sends nothing for so long no longer holds back the receiver's promise.
    pub quiet: Ns,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            wire_max: 4 * MIB,
            body_max: 16 * MIB,
            records_max: 32 * MIB,
            record_max: MIB,
            held_max: 64 * MIB,
            requests_max: 1024,
            connections_max: 1024,
            receive_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(2),
            remember: 600 * SECOND,
            remembered_max: 65_536,
            quiet: 600 * SECOND,
        }
    }
}

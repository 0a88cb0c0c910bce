//! The stamps of the edge: where a record gets the time by which the engine orders it.
//!
//! [`stamper`] decides, once and in the order of a source, the effective time of each record and
//! what the source promises about those that follow. [`promise`] gathers the promises of all peers
//! of a receiver into the one of its port. What the engine sees is only the outcome; nothing
//! behind the edge reads a clock.

mod crowd;
#[cfg(test)]
mod oracle;
pub mod promise;
pub mod stamper;

pub use promise::{Gate, PeerPromise, PortPromise};
pub use stamper::{Kind, Stamp, StampOptions, Stamper, clock_promise};

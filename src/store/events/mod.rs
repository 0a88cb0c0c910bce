//! The event store: everything that was seen, in files, to be found again.
//!
//! What a record says depends on the record alone; so the store keeps its bytes and what the edge
//! decided, and reads it again when the event is asked for. Everything else is an index.

mod appender;
mod block;
#[cfg(test)]
mod block_tests;
mod cache;
mod codec;
mod columns;
mod data;
mod decode;
mod encode;
mod error;
mod expire;
mod filter;
mod footer;
mod head;
mod manifest;
mod merge;
mod needle;
mod open;
mod opening;
mod part;
mod plan;
mod repair;
mod rows;
mod search;
mod segment;
mod shard;
mod skeleton;
mod stats;
mod store;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod support;
mod words;
mod writer;

pub mod find;

pub use error::{Result, StoreError};
pub use footer::Origin;
pub use merge::FAN_IN;
pub use needle::{NEEDLE_MAX, Needle};
pub use opening::Opened;
pub use part::{Hits, Part, Row, Snapshot, Who, format_of};
pub use rows::{BYTES_FULL, Coded, Entity, ROWS_MAX, Rows, Template};
pub use shard::QUEUE;
pub use stats::Stats;
pub use store::{EventStore, Options, Retention};
pub use writer::Writer;

//! The event store: everything that was seen, in files, to be found again.
//!
//! What a record says depends on the record alone; so the store keeps its bytes and what the edge
//! decided, and reads it again when the event is asked for. Everything else is an index: times,
//! severities, hosts, programs, templates, entities, and a filter of words.
//!
//! ```text
//! worker ─► Writer ─► gathered rows ─► waiting (at most QUEUE) ─► block of the open segment
//!            copies     seen when       the shard's thread        on disk, checked
//!                       published       codes, writes, syncs             │ sealed by size or age
//!                                                                        ▼
//! readers ◄─ Snapshot ◄─ parts: any of these, all alike            segment ─► merged ─► forgotten
//! ```
//!
//! * A *block* holds up to [`ROWS_MAX`] rows in columns, each compressed and with its checksum; it
//!   can be read alone. A *segment* is a file of blocks. A *shard* is what one writer writes.
//! * A reader never waits for the disk of a writer: it takes a [`Snapshot`], whose parts stay as
//!   they are whatever is merged or forgotten.
//! * A byte that is not as it was written is an error of that block, which is then left out and
//!   counted; it is never a wrong row. A torn end is cut when the store is opened, and told.
//! * A record that the store held when it was opened is not stored again: source and position say
//!   which it is.
//! * What has been synced survives a crash; rows that were gathered or waited do not.
//!
//! Cost per event: half a microsecond on the worker, one to two on the shard's thread.

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

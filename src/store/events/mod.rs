//! The event store: everything that was seen, in files, to be found again.
//!
//! What a record says depends on the record alone; so the store keeps its bytes and what the edge
//! decided, and reads it again when the event is asked for. Everything else is an index.

mod block;
#[cfg(test)]
mod block_tests;
mod cache;
mod codec;
mod decode;
mod encode;
mod error;
mod filter;
mod head;
mod needle;
mod open;
mod part;
mod rows;
mod search;
mod skeleton;
#[cfg(test)]
mod support;
mod words;

pub mod find;

pub use error::{Result, StoreError};
pub use needle::{NEEDLE_MAX, Needle};
pub use part::{Hits, Part, Row, Snapshot, Who, format_of};
pub use rows::{BYTES_FULL, Coded, Entity, ROWS_MAX, Rows, Template};

//! From bytes to fields: where a record says its time, where records begin and end, what their
//! headers say.
//!
//! Pure: no I/O, no wall clock. Everything here reads hostile text: bounded in size, depth and
//! time, and no bytes make it panic.

pub mod header;
pub mod lines;
pub mod time;

//! From bytes to fields: where records begin and end, what time they say, what their headers say,
//! which template they belong to, whom and what they speak of.
//!
//! Pure: no I/O, no wall clock. Everything here reads hostile text: bounded in size, depth and
//! time, and no bytes make it panic.

pub mod fields;
pub mod header;
pub mod layout;
pub mod lines;
pub mod mask;
pub mod parser;
pub mod redact;
pub mod roles;
pub mod template;
pub mod time;

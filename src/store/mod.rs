//! What is kept on disk and found again.
//!
//! * [`events`]: everything that was seen, in files of its own.
//! * [`control`]: state that people change, in a database.
//! * [`exchange`]: events out of one store and into another.

pub mod control;
pub mod events;
pub mod exchange;

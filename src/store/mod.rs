//! What is kept on disk and found again.

pub mod events;

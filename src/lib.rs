//! Seerflow.

pub mod receivers;
pub mod runtime;

//! Seerflow.

pub mod runtime;

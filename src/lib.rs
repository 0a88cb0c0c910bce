//! Seerflow: logs in, explained alerts out.
//!
//! This library is what the program `seerflow` is made of: everything that touches the world.
//! What is pure lives in the crates under `dataflows/`.

pub mod alerting;
pub mod api;
pub mod bench;
pub mod cli;
pub mod config;
pub mod failure;
pub mod quality;
pub mod receivers;
pub mod runtime;
pub mod sigma;
pub mod store;
pub mod validate;

pub use failure::{ExitCode, Failure};

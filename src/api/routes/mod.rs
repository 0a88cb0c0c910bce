//! The handlers, one file per thing that they are about.

pub mod alerts;
pub mod config;
pub mod engine;
pub mod health;
pub mod silences;
pub mod sources;
pub mod templates;

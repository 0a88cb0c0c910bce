//! The handlers, one file per thing that they are about.

pub mod alerts;
pub mod anomaly;
pub mod attack;
pub mod config;
pub mod engine;
pub mod entities;
pub mod events;
pub mod exchange;
pub mod health;
pub mod marks;
pub mod rule_rows;
pub mod rules;
pub mod silences;
pub mod sources;
pub mod templates;

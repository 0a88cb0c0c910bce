//! Webhooks: logs by HTTP POST, one path for each entry of `receivers.webhooks`.
//!
//! What all pushed requests share (limits while reading, all or nothing, nothing twice, promises)
//! is in [`super::push`]. Here: who may post ([`auth`]), which records a body holds ([`body`],
//! [`scan`]), and to which source each belongs.

mod auth;
mod body;
mod place;
mod scan;

#[cfg(test)]
mod scan_tests;

pub use place::Place;

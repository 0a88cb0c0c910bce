//! What is kept: state that people change.

pub mod control;

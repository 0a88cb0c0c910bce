//! The chain of detectors on simulated streams: series, histogram, calibrator, decision, budget.
//!
//! The short form runs in seconds; `SEERFLOW_FULL=1` runs more seeds for longer.

mod chain;
mod channels;
mod found;
mod golden;
mod novelty;
mod quiet;
mod speed;
mod spot;
mod streams;
mod week;
mod young;

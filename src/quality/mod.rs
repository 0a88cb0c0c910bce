//! How well the product detects, measured on labelled data: `seerflow bench quality DIR`.
//!
//! Labelled data is turned into what the product reads every day (lines of a file, rows of a table),
//! goes through the dataflow of `analyze` with the default configuration, and what comes out is held
//! against the labels. The labels themselves never reach the engine.
//!
//! [`layout`] finds data by its shape and is the only code that knows how it is laid out; names of
//! files, folders and columns decide nothing that is measured. Each measure has a scorer that knows
//! neither files nor the engine: [`windows`], [`ranking`], [`incidents`] and the one of
//! `templates eval`.
//!
//! Memory: labels and one score per row or session of the set at hand; texts go through a temporary
//! file.

pub mod incidents;
pub mod layout;
pub mod least;
pub mod page;
pub mod ranking;
pub mod report;
pub mod run;
pub mod series;
pub mod sessions;
pub mod sites;
mod stream;
pub mod templates;
pub mod windows;

pub use layout::Part;
pub use report::Report;

use crate::config::Config;
use crate::failure::Failure;
use layout::Layout;
use std::path::Path;

/// What is measured, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The parts that are measured.
    pub parts: Vec<Part>,
    /// Workers of each run; they change no figure.
    pub workers: usize,
    /// Share of anomalous sessions that precision is weighted to.
    pub anomalous_share: f64,
}

/// Measures what a folder holds.
pub fn measure(folder: &Path, options: &Options) -> Result<Report, Failure> {
    let layout = Layout::read(folder)?;
    if options.parts.iter().all(|part| layout.is_empty(*part)) {
        let failure = Failure::usage(format!("{}: nothing to measure there", folder.display()));
        let failure = options.parts.iter().fold(failure, |f, part| f.detail(part.absent()));
        return Err(failure.hint("docs/QUALITY.md says how data is laid out"));
    }
    let mut report = Report::new(&Config::default(), options.anomalous_share);
    for part in Part::ALL {
        if !options.parts.contains(&part) {
            continue;
        }
        if layout.is_empty(part) {
            report.missing.push(format!("{}: {}", part.name(), part.absent()));
            continue;
        }
        match part {
            Part::Templates => report.templates = Some(templates::measure(&layout.truths)?),
            Part::Series => report.series = Some(series::measure(&layout.series, options)?),
            Part::Sessions => report.sessions = Some(sessions::measure(&layout.sessions, options)?),
            Part::Incidents => report.incidents = Some(sites::measure(&layout.sites, options)?),
        }
    }
    report.notes = layout.notes;
    Ok(report)
}

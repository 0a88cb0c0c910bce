//! Part two: series of numbers. Each value becomes a line with one numeric slot,
//! `2014-04-01T00:05:00Z metric: value=12.5`; every series is a source and a run of its own, as
//! the benchmark wants it: nothing is known before its first row.
//!
//! A row is detected in one of two ways, each scored by itself: an *alert* begins at it (what a
//! person would be told), or the *probability* of all evidence of its event is at most the
//! configured risk level (what is decided before alerts are joined to episodes and budgeted).

use super::layout::Series;
use super::run::{self, Watch, storage};
use super::{Options, windows};
use crate::config::Config;
use crate::failure::Failure;
use seerflow_model::time::{MAX_NS, rfc3339};
use seerflow_model::{Alert, Ns};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Scores of all series together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesScores {
    /// Series.
    pub series: usize,
    /// Rows.
    pub rows: usize,
    /// Rows whose event had a probability: before that nothing is calibrated.
    pub judged_rows: usize,
    /// Detected is where an alert begins.
    pub alerts: windows::Scores,
    /// Detected is what has a probability of at most the risk level.
    pub probability: windows::Scores,
    /// The detected rows of each series, from 0, for other scorers.
    pub detected: Vec<Detected>,
}

/// Detected rows of one series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detected {
    /// What it is called.
    pub name: String,
    /// Where alerts begin.
    pub alerts: Vec<usize>,
    /// Where the probability is at most the risk level.
    pub probability: Vec<usize>,
}

/// Remembers the rows with a probability of at most `level`.
struct Rows {
    level: f64,
    seen: Mutex<(BTreeSet<u64>, usize)>,
}

impl Watch for Rows {
    fn judged(&self, seq: u64, probability: Option<f64>) {
        let Some(probability) = probability else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.1 += 1;
        if probability <= self.level {
            seen.0.insert(seq);
        }
    }
}

/// Measures all series.
pub fn measure(all: &[Series], options: &Options) -> Result<SeriesScores, Failure> {
    let level = Config::default().detection.dspot.risk_level;
    let (mut by_alert, mut by_probability, mut detected) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rows, mut judged_rows) = (0, 0);
    for series in all {
        let values = series.rows()?;
        let file = write(&values)?;
        let watch = Arc::new(Rows { level, seen: Mutex::default() });
        let outcome = run::analyze(file.path(), &[], options.workers, Some(watch.clone()))?;
        let times: Vec<Ns> = values.iter().map(|(time, _)| *time).collect();
        let windows = windows::rows_of(&times, &series.windows);
        let (probable, judged) =
            std::mem::take(&mut *watch.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let found = Detected {
            name: series.name.clone(),
            alerts: beginnings(&times, &outcome.alerts),
            probability: probable.into_iter().map(|seq| seq as usize).collect(),
        };
        rows += times.len();
        judged_rows += judged;
        let judged = |detected: &[usize]| windows::Judged {
            times: times.clone(),
            windows: windows.clone(),
            detected: detected.to_vec(),
        };
        by_alert.push(judged(&found.alerts));
        by_probability.push(judged(&found.probability));
        detected.push(found);
    }
    Ok(SeriesScores {
        series: all.len(),
        rows,
        judged_rows,
        alerts: windows::score(&by_alert),
        probability: windows::score(&by_probability),
        detected,
    })
}

/// One line a value. Row n is the record with the sequence number n.
fn write(values: &[(Ns, f64)]) -> Result<tempfile::NamedTempFile, Failure> {
    let file = tempfile::Builder::new().suffix(".log").tempfile().map_err(|e| storage(&e))?;
    let mut out = BufWriter::new(file.as_file());
    for (time, value) in values {
        writeln!(out, "{} metric: value={value}", rfc3339(*time)).map_err(|e| storage(&e))?;
    }
    out.flush().map_err(|e| storage(&e))?;
    drop(out);
    Ok(file)
}

/// The rows at which alerts begin: the last row at or before.
fn beginnings(times: &[Ns], alerts: &[Alert]) -> Vec<usize> {
    let row = |alert: &Alert| {
        let at = alert.timestamp_ns.min(MAX_NS);
        let before = times.iter().enumerate().filter(|(_, time)| **time <= at);
        before.max_by_key(|(row, time)| (**time, *row)).map(|(row, _)| row)
    };
    let rows: BTreeSet<usize> = alerts.iter().filter_map(row).collect();
    rows.into_iter().collect()
}

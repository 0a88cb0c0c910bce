//! Part two: series of numbers. Each value becomes a line with one numeric slot,
//! `2014-04-01T00:05:00Z metric: value=12.5`; every series is a source and a run of its own, as
//! the benchmark wants it: nothing is known before its first row.
//!
//! A row is detected in one of two ways, each scored by itself: an *alert* begins at it (what a
//! person would be told), or the *probability* of all evidence of its event is at most the
//! configured risk level (what is decided before alerts are joined to episodes and budgeted).

use super::Options;
use super::layout::Series;
use super::least::{Least, Place};
use super::run::{self, Budget, storage};
use super::windows::{self, Judged, Scores};
use crate::config::Config;
use crate::failure::Failure;
use seerflow_model::time::{MAX_NS, rfc3339};
use seerflow_model::{Alert, Ns};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::sync::Arc;

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
    pub alerts: Scores,
    /// Detected is what has a probability of at most the risk level.
    pub probability: Scores,
    /// The same by the probability of each channel alone.
    pub channels: BTreeMap<&'static str, Scores>,
    /// The detected rows of each series, for other scorers.
    pub detected: Vec<Detected>,
}

/// Detected rows of one series, from 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detected {
    /// What it is called.
    pub name: String,
    /// Where alerts begin.
    pub alerts: Vec<usize>,
    /// Where the probability is at most the risk level.
    pub probability: Vec<usize>,
}

/// One series, run.
struct Run {
    detected: Detected,
    by_channel: BTreeMap<&'static str, Vec<usize>>,
    judged_rows: usize,
    times: Vec<Ns>,
    windows: Vec<(usize, usize)>,
}

/// Measures all series.
pub fn measure(all: &[Series], options: &Options) -> Result<SeriesScores, Failure> {
    let level = Config::default().detection.dspot.risk_level;
    let runs: Vec<Run> =
        all.iter().map(|series| one(series, level, options)).collect::<Result<_, _>>()?;
    let score = |rows: &dyn Fn(&Run) -> Vec<usize>| {
        let judged = |run: &Run| Judged {
            times: run.times.clone(),
            windows: run.windows.clone(),
            detected: rows(run),
        };
        windows::score(&runs.iter().map(judged).collect::<Vec<_>>())
    };
    let channels: BTreeSet<&'static str> =
        runs.iter().flat_map(|run| run.by_channel.keys().copied()).collect();
    let by = |channel| score(&|run: &Run| run.by_channel.get(channel).cloned().unwrap_or_default());
    Ok(SeriesScores {
        series: runs.len(),
        rows: runs.iter().map(|run| run.times.len()).sum(),
        judged_rows: runs.iter().map(|run| run.judged_rows).sum(),
        alerts: score(&|run: &Run| run.detected.alerts.clone()),
        probability: score(&|run: &Run| run.detected.probability.clone()),
        channels: channels.into_iter().map(|channel| (channel, by(channel))).collect(),
        detected: runs.into_iter().map(|run| run.detected).collect(),
    })
}

fn one(series: &Series, level: f64, options: &Options) -> Result<Run, Failure> {
    let values = series.rows()?;
    let file = write(&values)?;
    let place = |row| Place { first: row, end: row + 1, session: row };
    let watch = Arc::new(Least::new((0..values.len() as u64).map(place).collect()));
    let outcome =
        run::analyze(file.path(), &[], options.workers, Budget::Default, Some(watch.clone()))?;
    let times: Vec<Ns> = values.iter().map(|(time, _)| *time).collect();
    let least = watch.all();
    let rare = |least: &[Option<f64>]| -> Vec<usize> {
        let rare = |row: &usize| least[*row].is_some_and(|p| p <= level);
        (0..least.len()).filter(rare).collect()
    };
    let channels = watch.by_channel().into_iter();
    Ok(Run {
        detected: Detected {
            name: series.name.clone(),
            alerts: beginnings(&times, &outcome.alerts),
            probability: rare(&least),
        },
        by_channel: channels.map(|(channel, least)| (channel, rare(&least))).collect(),
        judged_rows: least.iter().flatten().count(),
        windows: windows::rows_of(&times, &series.windows),
        times,
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

//! Part four: sites under attack. The rows of a site go in as a table with a header and a
//! `field_mapping` of time, host and message; the labels stay out. An alert is right when one of
//! the events that it shows is a row of the attack, and false otherwise.
//!
//! An alert about a count shows one or two of the events that it is about. So the phases are also
//! counted that have rows of the alert's host in its time: from one bucket before its beginning to
//! its end. An alert is not right by that.

use super::Options;
use super::incidents::{self, Alarm, Scores, Truth};
use super::layout::{Row, Site};
use super::run::{self, Budget, storage};
use crate::config::Config;
use crate::failure::Failure;
use seerflow_model::meaning::Meaning;
use seerflow_model::time::{DAY, SECOND, rfc3339};
use seerflow_model::{Alert, Ns, ids};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::BufWriter;

/// Scores of all sites.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incidents {
    /// Each site.
    pub sites: Vec<SiteScores>,
    /// All sites together: means, and sums of phases.
    pub mean: Mean,
}

/// One site.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteScores {
    /// What it is called.
    pub name: String,
    /// Its rows.
    pub rows: usize,
    /// Rows that are no attack, per day: what a person would read without us.
    pub false_rows_a_day: f64,
    /// Our alerts.
    pub alerts: Scores,
    /// The first time that a host shows a kind of alert.
    pub first_seen: Scores,
}

/// All sites together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Mean {
    /// False alerts a day, ours.
    pub false_a_day: f64,
    /// The least number of phases found on a site, ours.
    pub phases_found_least: usize,
    /// Phases found on a site, ours.
    pub phases_found: f64,
    /// False alarms a day of the first-seen rule.
    pub first_seen_false_a_day: f64,
    /// Phases that it finds on a site.
    pub first_seen_phases_found: f64,
}

/// Names of the columns that we write, and what they mean.
const COLUMNS: [(Meaning, &str); 4] = [
    (Meaning::Time, "seen"),
    (Meaning::Host, "machine"),
    (Meaning::Msgid, "sort"),
    (Meaning::Message, "text"),
];

/// Measures every site.
pub fn measure(all: &[Site], options: &Options) -> Result<Incidents, Failure> {
    let sites = all.iter().map(|site| one(site, options)).collect::<Result<Vec<_>, _>>()?;
    let n = sites.len().max(1) as f64;
    let of = |value: fn(&SiteScores) -> f64| sites.iter().map(value).sum::<f64>() / n;
    let mean = Mean {
        false_a_day: of(|site| site.alerts.false_a_day),
        phases_found_least: sites.iter().map(|site| site.alerts.phases_found).min().unwrap_or(0),
        phases_found: of(|site| site.alerts.phases_found as f64),
        first_seen_false_a_day: of(|site| site.first_seen.false_a_day),
        first_seen_phases_found: of(|site| site.first_seen.phases_found as f64),
    };
    Ok(Incidents { sites, mean })
}

/// What is kept of a site while its rows go by.
#[derive(Default)]
struct Kept {
    phases: BTreeMap<String, usize>,
    truth: Truth,
    keys: HashMap<(String, String), u32>,
    /// Time, host and kind, and phase of each row.
    rows: Vec<(Ns, u32, Option<usize>)>,
    /// Time and phase of the rows of the attack, by host.
    attacked: HashMap<String, Vec<(Ns, usize)>>,
}

impl Kept {
    fn add(&mut self, row: Row) {
        let next = self.phases.len();
        let phase = row.phase.map(|phase| match self.phases.get(&phase) {
            Some(known) => *known,
            None => {
                self.truth.phases.push((phase.clone(), row.time));
                self.phases.insert(phase, next);
                next
            }
        });
        if let Some(phase) = phase {
            let first = &mut self.truth.phases[phase].1;
            *first = row.time.min(*first);
            let host = self.attacked.entry(row.host.to_lowercase()).or_default();
            host.push((row.time, phase));
        }
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let key = *self.keys.entry((row.host, row.kind)).or_insert(next);
        self.rows.push((row.time, key, phase));
    }
}

impl Kept {
    /// The phases with rows of the alert's host in its time; of any host when it names none.
    fn around(&self, alert: &Alert, bucket: Ns) -> BTreeSet<usize> {
        let time = alert.timestamp_ns.saturating_sub(bucket)..=alert.last_seen_ns;
        let names = |host: &str| alert.entities.iter().any(|entity| entity.value == host);
        self.attacked
            .iter()
            .filter(|(host, _)| alert.entities.is_empty() || names(host))
            .flat_map(|(_, rows)| rows)
            .filter(|(at, _)| time.contains(at))
            .map(|(_, phase)| *phase)
            .collect()
    }
}

fn one(site: &Site, options: &Options) -> Result<SiteScores, Failure> {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().map_err(|e| storage(&e))?;
    let mut kept = Kept::default();
    write(site, file.as_file(), &mut kept)?;
    let outcome = run::analyze(file.path(), &COLUMNS, options.workers, Budget::Default, None)?;
    // The header is the first record.
    let attack: HashMap<String, usize> = (1u64..)
        .zip(&kept.rows)
        .filter_map(|(seq, (.., phase))| {
            Some((ids::event(outcome.source, seq).to_string(), (*phase)?))
        })
        .collect();
    let bucket = Config::default().detection.bucket_seconds * SECOND;
    let alarm = |alert: &Alert| Alarm {
        time: alert.timestamp_ns,
        phases: alert.events.iter().filter_map(|e| attack.get(&e.event_id).copied()).collect(),
        around: kept.around(alert, bucket),
    };
    let alarms: Vec<Alarm> = outcome.alerts.iter().map(alarm).collect();
    let Kept { mut truth, mut rows, .. } = kept;
    // Rows of one moment stay as they came.
    rows.sort_by_key(|(time, ..)| *time);
    truth.span = (rows.first().map_or(0, |row| row.0), rows.last().map_or(0, |row| row.0));
    let days = (truth.span.1 - truth.span.0) as f64 / DAY as f64;
    let harmless = rows.iter().filter(|(.., phase)| phase.is_none()).count();
    Ok(SiteScores {
        name: site.name.clone(),
        rows: rows.len(),
        false_rows_a_day: if days > 0.0 { harmless as f64 / days } else { 0.0 },
        alerts: incidents::score(&truth, &alarms),
        first_seen: incidents::score(&truth, &incidents::first_seen(&rows)),
    })
}

fn write(site: &Site, file: &std::fs::File, kept: &mut Kept) -> Result<(), Failure> {
    let failed = |error: csv::Error| storage(&std::io::Error::other(error));
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer(BufWriter::new(file));
    out.write_record(COLUMNS.iter().map(|(_, name)| *name).chain(["place"])).map_err(failed)?;
    for row in site.rows()? {
        let row = row?;
        let time = rfc3339(row.time);
        let known = [&time, &row.host, &row.kind, &row.message, &row.address];
        out.write_record(known.into_iter().chain(&row.others)).map_err(failed)?;
        kept.add(row);
    }
    out.flush().map_err(|error| storage(&error))
}

//! Alerts held against the red team's rows.
//!
//! An alert is about a row when it names two of its three parts (user, source, destination), as
//! entities in any role, and its time touches that of the row: from its first event, or its
//! beginning if that is earlier, to its newest, [`SLACK`] seconds wider on both sides. One part
//! alone is not enough: a server or an account is named by many alerts of its day. Whatever is about
//! no row is a false alert, whatever its severity and lens.
//!
//! Cost: rows are looked up by their seconds, so alerts × rows of their time.

use super::curve::{Curves, Told};
use super::record::second_of;
use super::truth::{Deed, Family, Truth};
use seerflow_model::{Alert, AlertStatus};
use std::collections::{BTreeMap, HashSet};

/// So many seconds before and behind an alert a row is its own.
pub const SLACK: u64 = 60;
/// Parts of a row that an alert must name.
const NAMED_MIN: usize = 2;

/// One scenario, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// When it began.
    pub first: u64,
    /// Its rows.
    pub rows: usize,
    /// Those that no alert is about.
    pub missed: usize,
    /// Seconds from its first row to its first alert, when there is one.
    pub detected_after: Option<u64>,
    /// Rules and detectors that spoke of it.
    pub rules: Vec<String>,
}

/// A row that no alert is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Missed {
    /// The row: second, user, source, destination.
    pub row: (u64, String, String, String),
    /// Its scenario.
    pub scenario: String,
    /// Who should have said something.
    pub family: Family,
}

/// An alert that is about no row.
#[derive(Clone, Debug, PartialEq)]
pub struct False {
    /// When it began, in seconds of the folder.
    pub second: u64,
    /// Its rule or detector.
    pub rule: String,
    /// Its title.
    pub title: String,
}

/// The verdict.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Alerts about rows.
    pub right: usize,
    /// The other alerts.
    pub wrong: Vec<False>,
    /// Rows that alerts are about.
    pub covered: usize,
    /// The other rows.
    pub missed: Vec<Missed>,
    /// All scenarios, by their beginnings.
    pub scenarios: Vec<Scenario>,
    /// Over the risk score; none where no alert has one.
    pub curves: Option<Curves>,
}

/// Holds alerts against rows.
pub fn judge(truth: &Truth, alerts: &[Alert]) -> Judgement {
    let mut covered = vec![false; truth.deeds.len()];
    let mut after: BTreeMap<usize, u64> = BTreeMap::new();
    let mut rules: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let (mut wrong, mut told) = (Vec::new(), Vec::new());
    let firsts = firsts(truth);
    for alert in alerts.iter().filter(|alert| alert.status != AlertStatus::Retracted) {
        let rows = about(truth, alert);
        for at in &rows {
            covered[*at] = true;
            let scenario = truth.deeds[*at].scenario;
            let waited = second_of(alert.timestamp_ns).saturating_sub(firsts[scenario]);
            let soonest = after.entry(scenario).or_insert(waited);
            *soonest = waited.min(*soonest);
            let spoke = rules.entry(scenario).or_default();
            if !spoke.contains(&alert.rule_name) {
                spoke.push(alert.rule_name.clone());
            }
        }
        if rows.is_empty() {
            wrong.push(False {
                second: second_of(alert.timestamp_ns),
                rule: alert.rule_name.clone(),
                title: alert.title.clone(),
            });
        }
        told.push(Told { score: alert.risk_score, rows });
    }
    let missed = truth.deeds.iter().zip(&covered).filter(|(_, covered)| !**covered);
    let missed: Vec<Missed> = missed.map(|(deed, _)| missed_of(truth, deed)).collect();
    let scenarios = truth.scenarios.iter().enumerate().map(|(at, name)| Scenario {
        name: name.clone(),
        first: firsts[at],
        rows: truth.deeds.iter().filter(|deed| deed.scenario == at).count(),
        missed: missed.iter().filter(|missed| missed.scenario == *name).count(),
        detected_after: after.get(&at).copied(),
        rules: rules.get(&at).cloned().unwrap_or_default(),
    });
    Judgement {
        right: told.iter().filter(|told| !told.rows.is_empty()).count(),
        covered: covered.iter().filter(|covered| **covered).count(),
        curves: Curves::over(&told, truth.deeds.len()),
        scenarios: scenarios.collect(),
        wrong,
        missed,
    }
}

fn missed_of(truth: &Truth, deed: &Deed) -> Missed {
    let row = (deed.second, deed.user.clone(), deed.source.clone(), deed.destination.clone());
    Missed { row, scenario: truth.scenarios[deed.scenario].clone(), family: deed.family() }
}

/// First second of each scenario.
fn firsts(truth: &Truth) -> Vec<u64> {
    let mut firsts = vec![u64::MAX; truth.scenarios.len()];
    for deed in &truth.deeds {
        firsts[deed.scenario] = firsts[deed.scenario].min(deed.second);
    }
    firsts
}

/// The rows that an alert is about.
fn about(truth: &Truth, alert: &Alert) -> Vec<usize> {
    let times = alert.events.iter().map(|event| event.timestamp_ns);
    let first = times.clone().min().unwrap_or(u64::MAX).min(alert.timestamp_ns);
    let last = times.max().unwrap_or(0).max(alert.last_seen_ns);
    let (from, to) = (second_of(first).saturating_sub(SLACK), second_of(last) + SLACK);
    let named: HashSet<&str> = alert.entities.iter().map(|entity| entity.value.as_str()).collect();
    let begin = truth.deeds.partition_point(|deed| deed.second < from);
    let within = truth.deeds[begin..].iter().take_while(|deed| deed.second <= to);
    let is = |deed: &Deed| {
        let mut parts: Vec<&str> = deed.names.iter().map(String::as_str).collect();
        // Within one machine source and destination are one part.
        parts.dedup();
        parts.iter().filter(|part| !part.is_empty() && named.contains(*part)).count() >= NAMED_MIN
    };
    within.enumerate().filter(|(_, deed)| is(deed)).map(|(at, _)| begin + at).collect()
}

//! What was found out, for people and as JSON. Figures are rounded to six places.

use super::curve::Point;
use super::judge::{False, Judgement};
use super::merge::Counts;
use seerflow_model::text;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// False alerts, and missed rows, that people are shown.
const SHOWN: usize = 20;

/// All of it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the contract; docs/validate.md explains each")]
pub struct Report {
    pub version: &'static str,
    pub dataset_dir: String,
    pub total_events_processed: u64,
    pub malformed_lines: u64,
    pub unordered_rows: u64,
    pub days: f64,
    pub total_alerts: usize,
    pub alerts_per_day: f64,
    pub false_alerts_per_day: f64,
    pub redteam_rows: usize,
    pub true_positives: usize,
    pub false_positives: usize,
    pub false_negatives: usize,
    pub precision: Option<f64>,
    pub recall: f64,
    pub f1: f64,
    pub scenarios: usize,
    pub detected_scenarios: usize,
    pub scenario_recall: f64,
    pub auc: Option<f64>,
    pub pr_points: Option<Vec<CurvePoint>>,
    pub roc_points: Option<Vec<CurvePoint>>,
    pub attack_scenarios: Vec<ScenarioOut>,
    pub missed_attributions: Vec<MissedOut>,
    pub silent_families: BTreeMap<&'static str, usize>,
    pub false_alerts: Vec<FalseOut>,
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, Serialize)]
#[allow(missing_docs, reason = "docs/validate.md explains each")]
pub struct CurvePoint {
    pub risk_score: Option<f64>,
    pub x: f64,
    pub y: f64,
}

/// A scenario.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "docs/validate.md explains each")]
pub struct ScenarioOut {
    pub name: String,
    pub first_event_time_s: u64,
    pub record_count: usize,
    pub missed_record_count: usize,
    pub detected: bool,
    pub time_to_detect_seconds: Option<u64>,
    pub rules: Vec<String>,
}

/// A row that no alert is about.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "docs/validate.md explains each")]
pub struct MissedOut {
    pub record: String,
    pub scenario: String,
    pub silent_family: &'static str,
}

/// An alert about no row.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "docs/validate.md explains each")]
pub struct FalseOut {
    pub time_s: u64,
    pub rule: String,
    pub title: String,
}

fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn share(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

impl Report {
    /// Of a judgement.
    pub fn new(folder: &Path, counts: Counts, judged: Judgement) -> Report {
        let Judgement { right, wrong, covered, missed, scenarios, curves } = judged;
        let (rows, alerts) = (covered + missed.len(), right + wrong.len());
        let days = counts.span.map_or(0.0, |(first, last)| (last - first + 1) as f64 / DAY);
        let per_day = |n: usize| if days > 0.0 { round(n as f64 / days) } else { 0.0 };
        let (precision, recall) = (share(right, alerts), share(covered, rows).unwrap_or(0.0));
        let found = scenarios.iter().filter(|one| one.detected_after.is_some()).count();
        let both = precision.unwrap_or(0.0) + recall;
        let points = |points: &[Point]| -> Vec<CurvePoint> {
            let out = |p: &Point| CurvePoint { risk_score: p.score, x: round(p.x), y: round(p.y) };
            points.iter().map(out).collect()
        };
        let mut silent_families = BTreeMap::new();
        for one in &missed {
            *silent_families.entry(one.family.name()).or_default() += 1;
        }
        Report {
            version: env!("CARGO_PKG_VERSION"),
            dataset_dir: folder.display().to_string(),
            total_events_processed: counts.rows,
            malformed_lines: counts.malformed,
            unordered_rows: counts.unordered,
            days: round(days),
            total_alerts: alerts,
            alerts_per_day: per_day(alerts),
            false_alerts_per_day: per_day(wrong.len()),
            redteam_rows: rows,
            true_positives: right,
            false_positives: wrong.len(),
            false_negatives: missed.len(),
            precision: precision.map(round),
            recall: round(recall),
            f1: if both > 0.0 {
                round(2.0 * precision.unwrap_or(0.0) * recall / both)
            } else {
                0.0
            },
            detected_scenarios: found,
            scenario_recall: round(share(found, scenarios.len()).unwrap_or(0.0)),
            scenarios: scenarios.len(),
            auc: curves.as_ref().and_then(|curves| curves.area).map(round),
            pr_points: curves.as_ref().map(|curves| points(&curves.precision)),
            roc_points: curves.as_ref().map(|curves| points(&curves.roc)),
            attack_scenarios: scenarios
                .into_iter()
                .map(|one| ScenarioOut {
                    name: one.name,
                    first_event_time_s: one.first,
                    record_count: one.rows,
                    missed_record_count: one.missed,
                    detected: one.detected_after.is_some(),
                    time_to_detect_seconds: one.detected_after,
                    rules: one.rules,
                })
                .collect(),
            missed_attributions: missed
                .into_iter()
                .map(|one| {
                    let (second, user, source, destination) = one.row;
                    MissedOut {
                        record: format!("{second},{user},{source},{destination}"),
                        scenario: one.scenario,
                        silent_family: one.family.name(),
                    }
                })
                .collect(),
            silent_families,
            false_alerts: wrong
                .into_iter()
                .map(|False { second, rule, title }| FalseOut { time_s: second, rule, title })
                .collect(),
        }
    }

    /// As JSON, with its line end.
    pub fn to_json(&self) -> String {
        // Plain data with string keys has a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// For people.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let known =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        let _ = writeln!(
            out,
            "{} records of {:.2} days, {} alerts ({:.2} a day, {:.2} false)",
            self.total_events_processed,
            self.days,
            self.total_alerts,
            self.alerts_per_day,
            self.false_alerts_per_day
        );
        let _ = writeln!(
            out,
            "precision {}, recall {:.3} ({} of {} rows), F1 {:.3}; {} of {} scenarios found",
            known(self.precision),
            self.recall,
            self.redteam_rows - self.false_negatives,
            self.redteam_rows,
            self.f1,
            self.detected_scenarios,
            self.scenarios
        );
        let _ = writeln!(out, "area below the ROC curve over the risk score: {}", known(self.auc));
        self.curves(&mut out);
        let _ = writeln!(out, "\nscenario  rows  missed  found after  by");
        for one in &self.attack_scenarios {
            let after = one.time_to_detect_seconds.map_or("-".to_owned(), |s| format!("{s} s"));
            let _ = writeln!(
                out,
                "{}  {}  {}  {after}  {}",
                text::neutral(&one.name),
                one.record_count,
                one.missed_record_count,
                one.rules.join(", ")
            );
        }
        self.lists(&mut out);
        out
    }

    fn curves(&self, out: &mut String) {
        let both = [("recall, precision", &self.pr_points), ("false, right", &self.roc_points)];
        for (what, points) in both {
            let Some(points) = points else { continue };
            let _ = write!(out, "{what} by least risk score:");
            for point in points {
                let score = point.risk_score.map_or("any".to_owned(), |s| format!("{s:.1}"));
                let _ = write!(out, " {score} ({:.3}, {:.3})", point.x, point.y);
            }
            out.push('\n');
        }
    }

    fn lists(&self, out: &mut String) {
        if !self.missed_attributions.is_empty() {
            let families: Vec<_> =
                self.silent_families.iter().map(|(family, n)| format!("{family} {n}")).collect();
            let _ = writeln!(
                out,
                "\nmissed rows, by the family that was silent: {}",
                families.join(", ")
            );
        }
        for one in self.missed_attributions.iter().take(SHOWN) {
            let (record, scenario) = (text::neutral(&one.record), text::neutral(&one.scenario));
            let _ = writeln!(out, "  {record}  ({scenario}; {})", one.silent_family);
        }
        more(out, self.missed_attributions.len());
        if !self.false_alerts.is_empty() {
            let _ = writeln!(out, "\nfalse alerts:");
        }
        for one in self.false_alerts.iter().take(SHOWN) {
            let _ = writeln!(out, "  {}  {}  {}", one.time_s, one.rule, text::neutral(&one.title));
        }
        more(out, self.false_alerts.len());
    }
}

fn more(out: &mut String, all: usize) {
    if all > SHOWN {
        let _ = writeln!(out, "  and {} more; --json has all", all - SHOWN);
    }
}

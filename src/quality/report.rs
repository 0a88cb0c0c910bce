//! What was measured. Figures are rounded to six places, so that the order in which sets are found
//! does not show in the last one.

use super::incidents;
use super::series::SeriesScores;
use super::sessions::{ALARM_BELOW, SetScores};
use super::sites::Incidents;
use super::templates::Templates;
use crate::config::Config;
use serde::Serialize;
use serde_json::Value;

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of the program.
    pub version: &'static str,
    /// Events that are less probable than this raise alerts.
    pub risk_level: f64,
    /// The budget of alerts.
    pub alerts_per_day: u32,
    /// Sessions with an event less probable than this are called anomalous.
    pub session_level: f64,
    /// Share of anomalous sessions that precision is weighted to.
    pub anomalous_share: f64,
    /// Part one.
    pub templates: Option<Templates>,
    /// Part two.
    pub series: Option<SeriesScores>,
    /// Part three.
    pub sessions: Option<Vec<SetScores>>,
    /// Part four.
    pub incidents: Option<Incidents>,
    /// Parts that were asked for and are not there.
    pub missing: Vec<String>,
    /// Files that were left out, and why.
    pub notes: Vec<String>,
}

/// The cells of a table.
pub struct Cells {
    /// What it shows.
    pub title: &'static str,
    /// Names of its columns.
    pub head: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

impl Report {
    pub(super) fn new(config: &Config, anomalous_share: f64) -> Report {
        Report {
            version: env!("CARGO_PKG_VERSION"),
            risk_level: config.detection.dspot.risk_level,
            alerts_per_day: config.detection.alerts_per_day,
            session_level: ALARM_BELOW,
            anomalous_share,
            templates: None,
            series: None,
            sessions: None,
            incidents: None,
            missing: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// One JSON document with a line end.
    pub fn to_json(&self) -> String {
        // Plain data with string keys has a JSON form.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        round(&mut value);
        format!("{value:#}\n")
    }

    /// The tables of the parts that were measured.
    pub fn tables(&self) -> Vec<Cells> {
        let mut all = Vec::new();
        all.extend(self.templates.as_ref().map(of_templates));
        all.extend(self.series.as_ref().map(of_series));
        all.extend(self.sessions.as_ref().map(|sets| of_sessions(sets)));
        all.extend(self.incidents.as_ref().map(of_incidents));
        all
    }
}

fn round(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(float) = number.as_f64().filter(|_| number.is_f64()) {
                *value = Value::from((float * 1e6).round() / 1e6);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(round),
        Value::Object(members) => members.values_mut().for_each(round),
        _ => {}
    }
}

fn of_templates(templates: &Templates) -> Cells {
    let row = |name: &str, s: &crate::bench::eval::Scores| {
        let counts = [s.messages, s.true_groups, s.groups].map(|n| n.to_string());
        let measures = [s.ga, s.pa, s.fga, s.fta].map(|measure| format!("{measure:.3}"));
        [vec![name.to_owned()], counts.to_vec(), measures.to_vec()].concat()
    };
    let mut rows: Vec<_> = templates.systems.iter().map(|s| row(&s.name, &s.scores)).collect();
    rows.push(row("mean", &templates.mean));
    Cells {
        title: "templates",
        head: vec!["system", "messages", "true", "found", "GA", "PA", "FGA", "FTA"],
        rows,
    }
}

fn of_series(series: &SeriesScores) -> Cells {
    let row = |name: &str, s: &super::windows::Scores| {
        vec![
            name.to_owned(),
            format!("{:.1}", s.standard),
            format!("{:.1}", s.low_fp),
            format!("{:.1}", s.low_fn),
            format!("{} of {}", s.windows_found, s.windows),
            s.false_points.to_string(),
            format!("{:.3}", s.false_points_a_day),
            s.median_delay_hours.map_or("-".to_owned(), |hours| format!("{hours:.1} h")),
        ]
    };
    Cells {
        title: "series",
        head: vec![
            "detected by",
            "standard",
            "low FP",
            "low FN",
            "windows",
            "false points",
            "a day and series",
            "median delay",
        ],
        rows: vec![row("alerts", &series.alerts), row("probability", &series.probability)],
    }
}

fn of_sessions(sets: &[SetScores]) -> Cells {
    let row = |set: &SetScores| {
        let counts = [set.trained, set.normal, set.anomalous, set.draws].map(|n| n.to_string());
        let measures = match &set.scores {
            Some(s) => vec![
                format!("{:.4}", s.auc),
                format!("{:.4}", s.at_share.f1),
                format!("{:.4}", s.at_own_share.f1),
                format!("{:.4}", s.recall),
                format!("{:.4}", s.fpr),
                format!("{:.4}", s.best_f1_at_share),
            ],
            None => vec!["not judged".to_owned(); 6],
        };
        [vec![set.name.clone()], counts.to_vec(), measures].concat()
    };
    Cells {
        title: "sessions",
        head: vec![
            "set",
            "trained",
            "normal",
            "anomalous",
            "draws",
            "AUC",
            "F1 at share",
            "F1 at its own",
            "recall",
            "FPR",
            "best F1 at share",
        ],
        rows: sets.iter().map(row).collect(),
    }
}

fn of_incidents(incidents: &Incidents) -> Cells {
    let row = |site: &str, by: &str, rows: String, s: &incidents::Scores| {
        vec![
            site.to_owned(),
            by.to_owned(),
            rows,
            s.raised.to_string(),
            format!("{:.2}", s.false_a_day),
            format!("{} of {}", s.phases_found, s.phases),
            s.phases_around.to_string(),
            s.hours_to_first.map_or("-".to_owned(), |hours| format!("{hours:.2} h")),
        ]
    };
    let of_site = |site: &super::sites::SiteScores| {
        let plain = format!("{} ({:.0} false a day)", site.rows, site.false_rows_a_day);
        [
            row(&site.name, "alerts", plain, &site.alerts),
            row("", "first seen", String::new(), &site.first_seen),
        ]
    };
    Cells {
        title: "incidents",
        head: vec![
            "site",
            "by",
            "rows",
            "raised",
            "false a day",
            "phases",
            "in its time",
            "first after",
        ],
        rows: incidents.sites.iter().flat_map(of_site).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_and_counts_are_not() {
        let mut value = serde_json::json!({"a": [0.123_456_789, 7], "b": {"c": -1.5}, "d": null});
        round(&mut value);
        assert_eq!(value, serde_json::json!({"a": [0.123_457, 7], "b": {"c": -1.5}, "d": null}));
    }
}

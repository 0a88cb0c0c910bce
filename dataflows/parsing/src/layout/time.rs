//! Where in a laid out record its time stands.

use super::Cells;
use crate::header::{alertmanager, github, kube};
use crate::time::{Located, json_value, locate, locate_field, locate_first, read_value};
use seerflow_model::Format;
use seerflow_model::meaning::Meaning;

/// Names of columns that hold the record's own time, the surest first.
const TIMES: [&str; 13] = [
    "timestamp",
    "@timestamp",
    "time",
    "datetime",
    "date_time",
    "eventtime",
    "event_time",
    "ts",
    "_time",
    "log_time",
    "timegenerated",
    "created",
    "createdat",
];

/// Where the time of a record is looked for.
#[derive(Clone, Debug)]
pub(super) enum TimeAt {
    /// Nowhere in particular.
    Line,
    /// In a column.
    Column(usize),
    /// The date in one column, the time of day in another.
    Columns(usize, usize),
    /// In the field of this name.
    Field(String),
    /// In the first of these fields that holds one.
    First(&'static [&'static str]),
    /// Where an alert began, or ended when it is over.
    Alert,
}

impl TimeAt {
    pub(super) fn of(
        format: Option<Format>,
        columns: Option<&[String]>,
        mapping: &[(Meaning, String)],
    ) -> TimeAt {
        let mapped = mapping.iter().find(|(meaning, _)| *meaning == Meaning::Time);
        let Some(columns) = columns else {
            return match (mapped, format) {
                (Some((_, name)), _) => TimeAt::Field(name.clone()),
                (None, Some(Format::Github)) => TimeAt::First(&github::TIMES),
                (None, Some(Format::KubeEvent)) => TimeAt::First(&kube::EVENT_TIMES),
                (None, Some(Format::Alertmanager)) => TimeAt::Alert,
                (None, _) => TimeAt::Line,
            };
        };
        let named = |wanted: &str| columns.iter().position(|c| c.eq_ignore_ascii_case(wanted));
        if let Some((_, name)) = mapped {
            let numbered = name.strip_prefix("column.").and_then(|n| n.parse::<usize>().ok());
            let at = named(name).or(numbered.and_then(|n| n.checked_sub(1)));
            return at.map_or(TimeAt::Line, TimeAt::Column);
        }
        if let (Some(date), Some(time)) = (named("date"), named("time")) {
            return TimeAt::Columns(date, time);
        }
        TIMES.into_iter().find_map(named).map_or(TimeAt::Line, TimeAt::Column)
    }

    /// In a record of a table. Only where no column is known to hold it, anywhere near its head.
    pub(super) fn in_cells(&self, b: &[u8], delimiter: u8) -> Option<Located> {
        let cell = |n: usize| Cells::new(b, delimiter).nth(n);
        match self {
            TimeAt::Line | TimeAt::Field(_) | TimeAt::First(_) | TimeAt::Alert => locate(b),
            TimeAt::Column(n) => {
                let cell = cell(*n)?;
                read_value(b, cell.start, cell.end)
            }
            TimeAt::Columns(date, time) => {
                let (date, time) = (cell(*date)?, cell(*time)?);
                let (day, clock) = (&b[date.start..date.end], &b[time.start..time.end]);
                if day.len() + clock.len() > 64 {
                    return None;
                }
                let both = [day.trim_ascii(), clock.trim_ascii()].join(&b' ');
                let found = read_value(&both, 0, both.len())?;
                let len = (date.end - date.start) as u32;
                Some(Located { start: date.start as u32, len, ..found })
            }
        }
    }

    /// In a JSON object or a line of pairs.
    pub(super) fn in_fields(&self, b: &[u8]) -> Option<Located> {
        match self {
            TimeAt::Field(name) => locate_field(b, name),
            TimeAt::First(names) => locate_first(b, names),
            TimeAt::Alert => {
                let status = json_value(b, "status").unwrap_or_default();
                let (began, ended) = alertmanager::TIMES;
                let over = status.eq_ignore_ascii_case(b"\"resolved\"");
                let names = if over { [ended, began] } else { [began; 2] };
                locate_first(b, &names)
            }
            _ => None,
        }
    }
}

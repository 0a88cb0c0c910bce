//! `seerflow sources`: what delivers, how much, how late, and what of it is not understood.

use super::asker::{Asker, Request};
use super::output;
use super::search_args::SourcesArgs;
use crate::alerting::render::Style;
use crate::alerting::table;
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use seerflow_model::text::neutral;
use serde_json::Value;

const HEAD: [&str; 10] =
    ["SOURCE", "RECEIVER", "TYPE", "ENTRY", "EVENTS", "RATE", "LATE", "UNPARSED", "LAST", "OFFSET"];

/// Runs it.
pub fn run(args: &SourcesArgs, config: &Config) -> Result<ExitCode, Failure> {
    let mut asker = Asker::of(args.data.data_dir.as_deref(), config)?;
    let mut rows: Vec<Value> = Vec::new();
    for page in 1u32.. {
        let request = Request::to("/api/v1/sources")
            .with("limit", Some("1000"))
            .with("page", Some(&page.to_string()));
        let answer = asker.get(request.text())?;
        rows.extend(answer["items"].as_array().into_iter().flatten().cloned());
        if answer["has_next"] != Value::Bool(true) {
            break;
        }
    }
    let style = Style { colour: false, local: args.local };
    let cells = |row: &Value| cells(row, style);
    let format = args.list.chosen(false);
    output::result(table::list(format, &HEAD, &rows, cells, Value::clone).as_bytes())
}

fn cells(row: &Value, style: Style) -> Vec<String> {
    let text = |key: &str| match &row[key] {
        Value::Null => "-".to_owned(),
        Value::String(text) => neutral(text).into_owned(),
        other => other.to_string(),
    };
    let percent = |key: &str| row[key].as_f64().map_or_else(|| "-".into(), |p| format!("{p:.1} %"));
    let ns = |key: &str| row[key].as_str().and_then(|text| text.parse::<u64>().ok());
    let offset = row["clock_offset_seconds"].as_f64();
    vec![
        text("name"),
        text("receiver"),
        text("source_type"),
        text("entry"),
        text("events"),
        row["rate_per_sec"].as_f64().map_or_else(|| "-".into(), |rate| format!("{rate:.1}/s")),
        percent("late_percent"),
        percent("unparsed_percent"),
        ns("last_seen_ns").map_or_else(|| "-".into(), |ns| style.time(ns)),
        offset.map_or_else(|| "-".into(), |seconds| format!("{seconds:+.1} s")),
    ]
}

//! One event, written.

use super::row::Recorded;
use crate::alerting::table;
use seerflow_model::text::neutral_json;
use seerflow_model::{Event, EventView, entity, time};
use serde::Serialize;

/// Columns of the CSV form.
pub const CSV_HEAD: [&str; 11] = [
    "event_id",
    "timestamp_ns",
    "timestamp",
    "severity",
    "source_type",
    "source",
    "host",
    "program",
    "template_id",
    "entity_refs",
    "message",
];

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    event: EventView<'a>,
    template_id: String,
    template: &'a str,
    record: Recorded,
}

/// An event as one line of NDJSON, which [`super::Row::read`] reads.
pub fn ndjson_line(event: &Event, template: u64, text: &str, probability: f64) -> String {
    let record = Recorded::of(event, probability);
    let line =
        Line { event: EventView(event), template_id: template.to_string(), template: text, record };
    // All of it is text and numbers, so nothing can fail.
    let json = serde_json::to_string(&line).unwrap_or_default();
    let mut line = neutral_json(&json).into_owned();
    line.push('\n');
    line
}

/// An event as one line of CSV: cells are quoted as RFC 4180 says, control characters are shown as
/// escapes, and a cell that a spreadsheet would take for a formula begins with an apostrophe.
pub fn csv_line(event: &Event, template: u64) -> String {
    let entities: Vec<String> = event
        .entities
        .iter()
        .map(|e| entity::uuid(e.kind, &event.canonical(e)).to_string())
        .collect();
    table::csv_line(&[
        event.id().to_string(),
        event.about().to_string(),
        time::rfc3339(event.about()),
        event.severity.name().to_owned(),
        event.source.source_type.clone(),
        event.source.name.clone(),
        event.host().to_owned(),
        event.program().to_owned(),
        template.to_string(),
        entities.join(";"),
        event.message().to_owned(),
    ])
}

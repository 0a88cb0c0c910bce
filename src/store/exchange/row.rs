//! One row, read back: hostile until proved otherwise.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seerflow_model::record::{Flags, LineEnd, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{Event, Ns, ids, time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Longest name, type or format of a source, in bytes.
const NAME_MAX: usize = 64 << 10;
/// Most columns of a table, and mappings of a source.
const COLUMNS_MAX: usize = 256;
/// Longest record, in bytes: no receiver takes a longer one.
const RECORD_MAX: usize = 64 << 20;

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It cannot be read.
    #[error("it is no exported event: {0}")]
    Shape(String),
    /// A value is not allowed.
    #[error("{key} is {value}; allowed: {allowed}")]
    Value {
        /// Which.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
}

/// What of an event is written and read.
#[derive(Serialize, Deserialize)]
pub(super) struct Recorded {
    source: Arc<SourceInfo>,
    seq: Number,
    observed_ns: Number,
    effective_ns: Number,
    event_time_ns: Option<Number>,
    flags: u16,
    line_end: LineEnd,
    time_start: u32,
    time_len: u32,
    probability: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_base64: Option<String>,
}

/// A number of 64 bits, as text for the sake of JavaScript.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
struct Number(u64);

impl From<Number> for String {
    fn from(number: Number) -> String {
        number.0.to_string()
    }
}

impl TryFrom<String> for Number {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Number, Self::Error> {
        text.parse().map(Number)
    }
}

impl Recorded {
    /// Of an event.
    pub fn of(event: &Event, probability: f64) -> Recorded {
        let raw = std::str::from_utf8(event.raw()).ok().map(str::to_owned);
        let raw_base64 = raw.is_none().then(|| STANDARD.encode(event.raw()));
        Recorded {
            source: event.source.clone(),
            seq: Number(event.seq),
            observed_ns: Number(event.observed_time),
            effective_ns: Number(event.effective_time),
            event_time_ns: event.event_time.map(Number),
            flags: event.flags.0,
            line_end: event.end,
            time_start: event.time_place.0,
            time_len: event.time_place.1,
            probability,
            raw,
            raw_base64,
        }
    }
}

#[derive(Deserialize)]
struct Shape {
    event_id: Option<uuid::Uuid>,
    template_id: String,
    template: String,
    record: Recorded,
}

/// An event on its way into a store.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its record alone, ready for the parser.
    pub batch: RecordBatch,
    /// The flags that the event had, those of the parser too.
    pub flags: Flags,
    /// Its template.
    pub template: u64,
    /// The text of that.
    pub text: String,
    /// How improbable the most unusual thing about it is.
    pub probability: f64,
}

impl Row {
    /// Reads one line.
    pub fn read(line: &[u8]) -> Result<Row, Problem> {
        let shape: Shape =
            serde_json::from_slice(line).map_err(|error| Problem::Shape(error.to_string()))?;
        let Shape { event_id, template_id, template: text, record } = shape;
        let bytes = match (record.raw, record.raw_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => STANDARD
                .decode(text)
                .map_err(|error| Problem::Shape(format!("raw_base64: {error}")))?,
            _ => return Err(Problem::Shape("one of raw and raw_base64 must be there".into())),
        };
        check_source(&record.source)?;
        limit("record.raw", bytes.len() as u64, RECORD_MAX as u64, "at most 64 MiB")?;
        limit("template", text.len() as u64, RECORD_MAX as u64, "at most 64 MiB")?;
        let at = |key, number: &Number| {
            limit(key, number.0, time::MAX_NS, "a time up to 2262").map(|()| number.0)
        };
        let event_time: Option<Ns> = match &record.event_time_ns {
            Some(number) => Some(at("record.event_time_ns", number)?),
            None => None,
        };
        let place = u64::from(record.time_start) + u64::from(record.time_len);
        limit("record.time_len", place, bytes.len() as u64, "a place in the record")?;
        let (probability, template) = (record.probability, template_id.parse::<u64>());
        if !(0.0..=1.0).contains(&probability) {
            let value = probability.to_string();
            return Err(Problem::Value { key: "record.probability", value, allowed: "0 to 1" });
        }
        let template = template.map_err(|_| Problem::Value {
            key: "template_id",
            value: format!("{template_id:?}"),
            allowed: "a number of 64 bits as text",
        })?;
        let id = ids::event(record.source.id, record.seq.0);
        if event_id.is_some_and(|given| given != id) {
            let allowed = "the id that follows from source and sequence";
            let value = event_id.unwrap_or_default().to_string();
            return Err(Problem::Value { key: "event_id", value, allowed });
        }
        let meta = RecordMeta {
            start: 0,
            len: bytes.len() as u32,
            seq: record.seq.0,
            event_time,
            effective: at("record.effective_ns", &record.effective_ns)?,
            time_start: record.time_start,
            time_len: record.time_len,
            flags: edge_flags(record.flags),
            end: record.line_end,
        };
        let observed = at("record.observed_ns", &record.observed_ns)?;
        let source = record.source;
        let batch = RecordBatch { source, observed, bytes, records: vec![meta] };
        Ok(Row { batch, flags: Flags(record.flags), template, text, probability })
    }

    /// The record.
    pub fn meta(&self) -> &RecordMeta {
        &self.batch.records[0]
    }
}

/// The flags that the edge sets; the parser finds its own again.
fn edge_flags(flags: u16) -> Flags {
    let edge = Flags::LATE
        | Flags::INHERITED
        | Flags::CLOCK_SKEW
        | Flags::CROWDED
        | Flags::CUT
        | Flags::MULTILINE
        | Flags::OWN;
    Flags(flags & edge.0)
}

fn check_source(source: &SourceInfo) -> Result<(), Problem> {
    let texts = [&source.name, &source.source_type, &source.format];
    let more = source.peer.iter().chain(&source.entry);
    let columns = source.table.as_ref().map_or(&[][..], |table| &table.columns);
    let mapped = source.field_mapping.iter().map(|(_, name)| name);
    limit("record.source.table", columns.len() as u64, COLUMNS_MAX as u64, "256 columns")?;
    let mappings = source.field_mapping.len() as u64;
    limit("record.source.field_mapping", mappings, COLUMNS_MAX as u64, "256 entries")?;
    let longest = texts.into_iter().chain(more).chain(columns).chain(mapped).map(String::len).max();
    limit("record.source", longest.unwrap_or(0) as u64, NAME_MAX as u64, "names up to 64 KiB")
}

fn limit(key: &'static str, value: u64, max: u64, allowed: &'static str) -> Result<(), Problem> {
    match value <= max {
        true => Ok(()),
        false => Err(Problem::Value { key, value: value.to_string(), allowed }),
    }
}

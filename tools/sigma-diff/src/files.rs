//! Rules and events from files.

use seerflow_model::Event;
use seerflow_model::record::{ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_parsing::lines;
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// All rule files of a folder with their texts, in the order of their names.
pub fn rules(folder: &str) -> Vec<(Arc<str>, String)> {
    let mut out = Vec::new();
    walk(Path::new(folder), &mut out);
    out
}

fn walk(path: &Path, out: &mut Vec<(Arc<str>, String)>) {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths.iter().for_each(|path| walk(path, out));
        return;
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if matches!(ending, "yml" | "yaml")
        && let Ok(text) = std::fs::read_to_string(path)
    {
        out.push((path.to_string_lossy().into(), text));
    }
}

/// The events of a file of lines, read as the program reads them.
pub fn events(text: &str) -> Vec<Event> {
    let finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let found = lines::records(text.as_bytes(), lines::Options::default(), finder);
    let meta = |(seq, record): (usize, &lines::Piece)| RecordMeta {
        effective: record.time.map_or(0, |time| time.ns),
        ..record.meta(seq as u64)
    };
    let batch = RecordBatch {
        source: Arc::new(SourceInfo::plain(1, "rate", ReceiverKind::File, "file")),
        observed: 0,
        records: found.records.iter().enumerate().map(meta).collect(),
        bytes: found.bytes,
    };
    let mut parser = Parser::new(RoleSet::bundled(), None);
    batch.records.iter().map(|meta| parser.parse(&batch, meta)).collect()
}

/// A file of JSON lines: what each line, or its `raw`, is as one line.
pub fn json_lines(text: &str) -> String {
    let line = |line: &str| {
        let mut value: Value = serde_json::from_str(line).ok()?;
        let event = value.get_mut("raw").map(Value::take).unwrap_or(value);
        Some(format!("{event}\n"))
    };
    text.lines().filter_map(line).collect()
}

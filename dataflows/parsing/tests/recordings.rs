//! Recordings of real Windows events, when they are at hand: `SEERFLOW_SHARED` names the folder
//! that holds `data/otrf` with zip archives of JSON lines. Nothing of them is part of this crate.

#![allow(clippy::unwrap_used, reason = "tests")]

use flate2::read::DeflateDecoder;
use seerflow_model::record::{RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{Event, Flags, Format, ReceiverKind};
use seerflow_parsing::header::Reader;
use seerflow_parsing::lines::{Options, records};
use seerflow_parsing::roles::RoleSet;
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

fn number(b: &[u8], at: usize, len: usize) -> usize {
    b[at..at + len].iter().rev().fold(0, |n, byte| n << 8 | usize::from(*byte))
}

/// Name and content of each file of a zip archive, by its central directory.
fn unzip(b: &[u8]) -> Vec<(String, Vec<u8>)> {
    let end = b.windows(4).rposition(|w| w == b"PK\x05\x06").unwrap();
    let mut at = number(b, end + 16, 4);
    (0..number(b, end + 10, 2))
        .map(|_| {
            let [method, packed, name, extra, comment, local] =
                [(10, 2), (20, 4), (28, 2), (30, 2), (32, 2), (42, 4)]
                    .map(|(from, len)| number(b, at + from, len));
            let called = String::from_utf8_lossy(&b[at + 46..at + 46 + name]).into_owned();
            at += 46 + name + extra + comment;
            let data = local + 30 + number(b, local + 26, 2) + number(b, local + 28, 2);
            let mut content = b[data..data + packed].to_vec();
            if method == 8 {
                let packed = std::mem::take(&mut content);
                DeflateDecoder::new(&packed[..]).read_to_end(&mut content).unwrap();
            }
            (called, content)
        })
        .collect()
}

fn events(bytes: &[u8], mut each: impl FnMut(Event)) {
    let finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let made = records(bytes, Options::default(), finder);
    let metas = made.records.iter().enumerate().map(|(seq, piece)| RecordMeta {
        start: piece.start,
        len: piece.len,
        seq: seq as u64,
        event_time: piece.time.map(|t| t.ns),
        effective: 0,
        time_start: piece.time.map_or(0, |t| t.start),
        time_len: piece.time.map_or(0, |t| t.len),
        flags: Flags::default() | piece.flags,
        end: Default::default(),
    });
    let source = Arc::new(SourceInfo::plain(1, "recording", ReceiverKind::Archive, "file"));
    let records = metas.collect();
    let batch = RecordBatch { source, observed: 0, bytes: made.bytes.clone(), records };
    let mut reader = Reader::new();
    batch.records.iter().for_each(|meta| each(reader.read(&batch, meta)));
}

fn field<'a>(event: &'a Event, name: &str) -> &'a str {
    let found = event.fields.iter().find(|f| event.get(f.name) == name);
    found.map_or("", |f| event.get(f.value))
}

#[test]
fn recorded_windows_events_say_what_they_are() {
    let Some(shared) = std::env::var_os("SEERFLOW_SHARED") else {
        println!("SEERFLOW_SHARED is not set: no recordings are read");
        return;
    };
    let folder = Path::new(&shared).join("data/otrf");
    let mut roles = RoleSet::bundled();
    let (mut formats, mut with_entities, mut activities) = (BTreeMap::new(), 0u32, 0u32);
    let mut messages = BTreeMap::<String, usize>::new();
    for archive in std::fs::read_dir(folder).unwrap() {
        for (name, content) in unzip(&std::fs::read(archive.unwrap().path()).unwrap()) {
            if !(name.ends_with(".json") || name.ends_with(".log")) || name.contains("__MACOSX") {
                continue;
            }
            events(&content, |mut event| {
                *formats.entry(event.format.name()).or_insert(0u32) += 1;
                if event.record().contains("\"EventID\"") {
                    let parts = ["EventID", "Channel", "Computer"].map(|n| field(&event, n));
                    assert!(
                        parts.iter().all(|part| !part.is_empty()),
                        "{name}: {}",
                        event.record()
                    );
                    assert_eq!(event.host(), parts[2], "{name}");
                    assert!(event.event_time.is_some(), "{name}: {}", event.record());
                    assert_eq!(event.format, Format::Windows, "{name}");
                    let id = format!("{} {}", parts[1], parts[0]);
                    *messages.entry(id).or_default() += 1;
                }
                roles.apply(&mut event);
                with_entities += u32::from(event.entities.len() > 2);
                activities += u32::from(event.activity != seerflow_model::Activity::Other);
            });
        }
    }
    println!("{formats:?}; {with_entities} with entities, {activities} with an activity");
    println!("{} kinds of Windows event", messages.len());
    assert!(formats["windows"] > 10_000 && formats["auditd"] > 0 && formats["cloudtrail"] > 0);
}

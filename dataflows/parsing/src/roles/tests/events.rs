//! Samples of the rule files for records that come as fields: the line is the whole record, read
//! by the header reader first. With `SEERFLOW_BLESS` set, what comes out is printed for a person
//! to judge.

use super::build::shown;
use crate::header;
use crate::roles::file::RoleFile;
use crate::roles::{BUNDLED, RoleSet};
use crate::time::{Finder, YearPolicy, Zone};
use seerflow_model::record::{RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{Event, Flags, ReceiverKind};
use std::sync::Arc;

/// A record as a file holds it, read.
pub(crate) fn record(line: &str) -> Event {
    let mut finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let hit = finder.find(line.as_bytes());
    let meta = RecordMeta {
        start: 0,
        len: line.len() as u32,
        seq: 7,
        event_time: hit.map(|h| h.ns),
        effective: hit.map_or(1, |h| h.ns),
        time_start: hit.map_or(0, |h| h.start),
        time_len: hit.map_or(0, |h| h.len),
        flags: Flags::default(),
        end: Default::default(),
    };
    let source = Arc::new(SourceInfo::plain(1, "t", ReceiverKind::File, "file"));
    let bytes = line.as_bytes().to_vec();
    header::read(&RecordBatch { source, observed: 5, bytes, records: vec![meta] }, &meta)
}

/// What an event shows without the parts of the header.
fn body(event: &Event) -> String {
    let host = event.host().to_ascii_lowercase();
    let got = shown(event);
    let process = format!("; object process {host}/{}", event.program());
    let got = got.strip_suffix(&process).unwrap_or(&got);
    got.strip_suffix(&format!("; target host {host}")).unwrap_or(got).to_owned()
}

#[test]
fn samples_of_records() {
    let mut roles = RoleSet::bundled();
    let bless = std::env::var_os("SEERFLOW_BLESS").is_some();
    let (mut count, mut wrong) = (0, 0);
    for (name, text) in BUNDLED {
        let file = RoleFile::parse(name, text).unwrap();
        if file.formats.is_empty() {
            continue;
        }
        assert!(!file.samples.is_empty(), "{name} has no samples");
        for sample in &file.samples {
            let mut event = record(sample.line.value.trim_end());
            let format = event.format.name();
            let said: Vec<&str> = file.formats.iter().map(|f| f.value.as_str()).collect();
            assert!(said.contains(&format), "{name}: {format}: {}", sample.line.value);
            // The others' times stand in fields that count only where the format is fixed.
            let timed = !matches!(format, "github" | "alertmanager");
            assert!(event.event_time.is_some() || !timed, "{name}: no time: {}", sample.line.value);
            roles.apply(&mut event);
            let got = body(&event);
            let at = sample.line.referenced.line();
            count += 1;
            if got != sample.gives {
                wrong += 1;
                println!("{name}:{at}\t{got}\t{}\t{}", event.host(), event.message());
                assert!(bless, "{name}:{at}: {got:?}, not {:?}", sample.gives);
            }
        }
    }
    assert!(count >= 80, "{count}");
    assert_eq!(wrong, 0);
}

#[test]
fn the_rule_that_is_named_first_wins() {
    let text = "formats: [windows]
events:
  - when: {EventID: [1, 2], Channel: x}
    outcome: failure
  - when: {Channel: X}
    outcome: success
  - activity: login
";
    let mut roles = RoleSet::from_files([("x.yaml", text)]).unwrap();
    for (id, channel, expected) in
        [(1, "X", "other failure"), (3, "x", "other success"), (1, "y", "login unknown")]
    {
        let mut event = record(&format!(r#"{{"EventID":{id},"Channel":"{channel}"}}"#));
        roles.apply(&mut event);
        assert_eq!(shown(&event), expected, "{id} {channel}");
    }
}

#[test]
fn errors_of_event_rules_name_the_line() {
    for (text, line, what) in [
        ("formats: [cat]\n", 1, "no format"),
        ("formats: [json]\nevents:\n  - map: {a: 'actor:cat'}\n", 3, "role:type"),
        ("formats: [json]\nevents:\n  - match: ['x']\n", 3, "match"),
    ] {
        let error = RoleSet::from_files([("x.yaml", text)]).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

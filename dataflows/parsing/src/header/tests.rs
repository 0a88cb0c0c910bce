//! Golden lines, an oracle for RFC 5424, and robustness against any bytes.

use super::golden::GOLDEN;
use super::golden_apps::APPLICATIONS;
use super::*;
use crate::time::{Finder, YearPolicy, Zone};
use proptest::prelude::*;
use seerflow_model::{ReceiverKind, SourceInfo};
use std::fmt::Write;

pub(super) fn batch(line: &[u8], source: SourceInfo) -> (RecordBatch, RecordMeta) {
    let mut finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let hit = finder.find(line);
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
    let source = Arc::new(source);
    (RecordBatch { source, observed: 5, bytes: line.to_vec(), records: vec![meta] }, meta)
}

pub(super) fn event(line: &[u8]) -> Event {
    let (batch, meta) = batch(line, SourceInfo::plain(1, "t", ReceiverKind::File, "file"));
    read(&batch, &meta)
}

/// One line that shows all that was read.
pub(super) fn show(event: &Event) -> String {
    let mut out = format!("{} {}", event.format.name(), event.severity);
    let parts = [
        ("host", event.host),
        ("program", event.program),
        ("pid", event.pid),
        ("msgid", event.msgid),
        ("trace", event.trace_id),
        ("span", event.span_id),
    ];
    for (name, span) in parts {
        if !span.is_empty() {
            let _ = write!(out, " {name}={}", event.get(span));
        }
    }
    for field in &event.fields {
        let _ = write!(out, " {{{}={}}}", event.get(field.name), event.get(field.value));
    }
    for flag in event.flags.names() {
        let _ = write!(out, " !{flag}");
    }
    let _ = write!(out, " | {}", event.message());
    out
}

#[test]
fn golden_lines_are_read_exactly() {
    assert!(GOLDEN.len() >= 60 && APPLICATIONS.len() >= 90);
    for (line, expected) in GOLDEN.iter().chain(APPLICATIONS) {
        let shown = show(&event(line.as_bytes()));
        let escaped: String = shown
            .chars()
            .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
            .collect();
        assert_eq!(escaped, *expected, "{line}");
    }
}

#[test]
fn times_flags_and_numbers_come_from_the_edge() {
    let line = b"<34>1 2003-10-11T22:14:15.003Z h su - - - x";
    let event = event(line);
    assert_eq!((event.seq, event.observed_time, event.facility), (7, 5, Some(4)));
    assert_eq!(event.event_time, Some(1_065_910_455_003_000_000));
    assert_eq!(event.effective_time, 1_065_910_455_003_000_000);
    assert_eq!(event.record(), std::str::from_utf8(line).unwrap());
}

#[test]
fn a_sender_stands_in_for_a_missing_host() {
    let mut source = SourceInfo::plain(1, "t", ReceiverKind::SyslogUdp, "syslog");
    source.peer = Some("203.0.113.9".to_owned());
    for (line, host) in [
        ("<34>Oct 11 22:14:15 su: x", "203.0.113.9"),
        ("<34>1 - - su - - - x", "203.0.113.9"),
        ("bare", "203.0.113.9"),
        ("<34>Oct 11 22:14:15 web su: x", "web"),
    ] {
        let (batch, meta) = batch(line.as_bytes(), source.clone());
        let event = read(&batch, &meta);
        assert_eq!((event.host(), event.record()), (host, line));
    }
}

#[test]
fn a_fixed_format_is_kept_to() {
    let mut source = SourceInfo::plain(1, "t", ReceiverKind::File, "file");
    let mut read_as = |format: &str, line: &str| {
        source.format = format.to_owned();
        let (batch, meta) = batch(line.as_bytes(), source.clone());
        show(&read(&batch, &meta))
    };
    assert_eq!(read_as("json", "x"), "plain INFORMATIONAL !malformed | x");
    assert_eq!(read_as("rfc5424", "x"), "plain INFORMATIONAL !malformed | x");
    assert_eq!(read_as("cri", "x"), "plain INFORMATIONAL !malformed | x");
    assert_eq!(read_as("timestamped", "x"), "plain INFORMATIONAL !malformed | x");
    for name in ["glog", "postgres", "mysql", "mysql_slow", "redis", "apache_error", "nginx_error"]
    {
        let line = "2026-03-04 10:00:00 INFO of another kind";
        assert_eq!(
            read_as(name, line),
            format!("plain INFORMATIONAL !malformed | {line}"),
            "{name}"
        );
        assert_eq!(read_as(name, "x"), "plain INFORMATIONAL !malformed | x", "{name}");
    }
    assert_eq!(read_as("leveled", "x"), "plain INFORMATIONAL !malformed | x");
    assert_eq!(
        read_as("postgres", "2026-03-04 10:00:00 UTC WARNING:  no prefix"),
        "postgres WARNING program=postgres | no prefix"
    );
    assert_eq!(read_as("plain", "{\"msg\":\"x\"}"), "plain INFORMATIONAL | {\"msg\":\"x\"}");
    assert_eq!(
        read_as("rfc3164", "2026-03-04 10:00:00 web app: x"),
        "rfc3164 INFORMATIONAL host=web program=app | x"
    );
}

#[test]
fn invalid_bytes_move_nothing() {
    let event = event(b"\xff\xfe 2026-03-04 10:00:00 ERROR \xc3 end");
    assert_eq!(show(&event), "timestamped ERROR {prefix=\\xff\\xfe} !invalid_utf8 | \\xc3 end");
}

#[test]
fn json_is_bounded_in_depth_and_fields() {
    let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    let deep_event = event(deep.as_bytes());
    assert_eq!((deep_event.format, deep_event.fields.len()), (Format::Json, 1));
    assert_eq!(deep_event.get(deep_event.fields[0].name).matches('.').count(), 15);
    let arrays = format!("{{\"a\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    assert_eq!(event(arrays.as_bytes()).format, Format::Json);
    let many: Vec<String> = (0..400).map(|i| format!("\"k{i}\":{i}")).collect();
    let many_event = event(format!("{{{}}}", many.join(",")).as_bytes());
    assert_eq!(many_event.fields.len(), FIELDS_MAX);
    assert!(many_event.flags.has(Flags::CUT));
}

#[test]
fn a_wrapper_in_a_wrapper_is_read_once() {
    let mut line = "core".to_owned();
    for _ in 0..4 {
        let escaped = serde_json::to_string(&format!("{line}\n")).unwrap();
        line = format!(
            "{{\"log\":{escaped},\"stream\":\"stdout\",\"time\":\"2026-03-04T10:00:00Z\"}}"
        );
    }
    let event = event(line.as_bytes());
    assert_eq!(event.format, Format::Docker);
    assert!(event.message().starts_with("{\"log\":"));
}

/// No panic, and every span inside the text and on character boundaries.
pub(super) fn sound(line: &[u8], format: &str) -> Result<(), TestCaseError> {
    let mut source = SourceInfo::plain(1, "t", ReceiverKind::SyslogTcp, "syslog");
    source.format = format.to_owned();
    source.peer = Some("192.0.2.1".to_owned());
    let (batch, meta) = batch(line, source);
    let event = read(&batch, &meta);
    let mut spans = vec![
        event.host,
        event.program,
        event.pid,
        event.msgid,
        event.message,
        event.trace_id,
        event.span_id,
    ];
    spans.extend(event.fields.iter().flat_map(|f| [f.name, f.value]));
    for span in spans {
        prop_assert!(event.text.get(span.start as usize..span.end()).is_some(), "{:?}", span);
    }
    prop_assert!(event.fields.len() <= FIELDS_MAX);
    prop_assert!(event.record_len as usize <= event.text.len());
    prop_assert_eq!(event.record(), &*text::decode(line));
    Ok(())
}

fn formats() -> impl Strategy<Value = &'static str> {
    let named = Format::ALL.into_iter().map(Format::name);
    prop::sample::select(std::iter::once("auto").chain(named).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_bytes_are_survived(
        line in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..150),
            "[ -~\\n\u{e4}\u{1f600}]{0,80}".prop_map(String::into_bytes),
            "<1[0-9]>1? ?[-0-9T:Z .]{0,30}[-a-z\\[\\]\"= \\\\:]{0,60}".prop_map(String::into_bytes),
            "\\{[\"a-c:{}\\[\\],\\\\u0-9 ]{0,60}\\}".prop_map(String::into_bytes),
        ],
        format in formats(),
    ) {
        sound(&line, format)?;
    }

    #[test]
    fn mutated_lines_are_survived(
        which in 0..GOLDEN.len() + APPLICATIONS.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..5), 1..6),
        format in formats(),
    ) {
        let (line, _) = GOLDEN.iter().chain(APPLICATIONS).nth(which).unwrap();
        let mut line = line.as_bytes().to_vec();
        for (index, byte, kind) in edits {
            let i = index.index(line.len() + 1);
            match kind {
                0 => line.insert(i, byte),
                1 if i < line.len() => { line.remove(i); }
                2 if i < line.len() => line[i] = byte,
                3 => { line.splice(i..i, "\u{e9}".bytes()); }
                _ => line.truncate(i.max(8)),
            }
        }
        sound(&line, format)?;
        sound(&line, "auto")?;
    }
}

fn some_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Map, Value};
    let text = "[a-z\"\\\\\n\u{1}\u{e4}\u{1f600}/ ]{0,8}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e30..1e30f64).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((text, inner), 0..4)
                .prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    });
    // Names that mean nothing: every value stays a field.
    proptest::collection::vec(("x[a-z\"\\\\\u{e4}]{0,5}", value), 0..5)
        .prop_map(|pairs| Value::Object(Map::from_iter(pairs)))
}

/// The stupid way: names and texts of all scalars, empty names and null included as they are.
fn flat(path: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
    use serde_json::Value;
    match value {
        Value::Null => {}
        Value::String(text) => out.push((path.to_owned(), text.clone())),
        Value::Array(values) => values.iter().for_each(|v| flat(path, v, out)),
        Value::Object(pairs) => {
            pairs.iter().for_each(|(name, v)| flat(&format!("{path}.{name}"), v, out));
        }
        other => out.push((path.to_owned(), other.to_string())),
    }
}

proptest! {
    #[test]
    fn json_agrees_with_serde(value in some_json(), pretty in any::<bool>()) {
        let line = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let event = event(line.unwrap().as_bytes());
        let mut expected = Vec::new();
        for (name, value) in value.as_object().unwrap() {
            flat(name, value, &mut expected);
        }
        let own: Vec<(String, String)> = event
            .fields
            .iter()
            .map(|f| (event.get(f.name).to_owned(), event.get(f.value).to_owned()))
            .collect();
        prop_assert_eq!(event.format, Format::Json);
        prop_assert_eq!(own, expected);
    }
}

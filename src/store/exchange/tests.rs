use super::*;
use proptest::prelude::*;
use seerflow_model::record::{Flags, LineEnd, ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{Event, ids};
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use std::sync::Arc;

const LINE: &str =
    "<11>1 2026-03-04T10:00:00Z web-1 sshd 42 - - Failed password for root from 10.1.2.3";

fn batch(bytes: &[u8], seq: u64, flags: Flags, end: LineEnd) -> RecordBatch {
    let mut source = SourceInfo::plain(7, "10.0.0.1 → udp:5514", ReceiverKind::SyslogUdp, "syslog");
    source.peer = Some("10.0.0.1".into());
    let meta = RecordMeta {
        start: 0,
        len: bytes.len() as u32,
        seq,
        event_time: Some(1_772_618_400_000_000_000),
        effective: 1_772_618_400_000_000_001,
        time_start: 0,
        time_len: 0,
        flags,
        end,
    };
    RecordBatch {
        source: Arc::new(source),
        observed: 5,
        bytes: bytes.to_vec(),
        records: vec![meta],
    }
}

fn parse(batch: &RecordBatch) -> Event {
    Parser::new(RoleSet::bundled(), None).parse(batch, &batch.records[0])
}

fn again(line: &str) -> Event {
    parse(&Row::read(line.as_bytes()).unwrap().batch)
}

proptest! {
    #[test]
    fn what_goes_out_comes_in(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            Just(LINE.as_bytes().to_vec()),
            Just([LINE.as_bytes(), b"\xff\xfe"].concat()),
        ],
        seq: u64,
        end in proptest::sample::select(&LineEnd::ALL[..]),
    ) {
        let event = parse(&batch(&bytes, seq, Flags::LATE, end));
        let line = ndjson_line(&event, u64::MAX, "a <*>", 1e-3);
        prop_assert_eq!(line.matches('\n').count(), 1);
        let row = Row::read(line.as_bytes()).unwrap();
        prop_assert_eq!((row.template, row.text.as_str(), row.probability), (u64::MAX, "a <*>", 1e-3));
        let back = parse(&row.batch);
        prop_assert_eq!(back.raw(), &bytes[..]);
        prop_assert_eq!(back.id(), event.id());
        prop_assert_eq!(back, event);
    }
}

#[test]
fn rows_that_are_none_say_why() {
    let event = parse(&batch(LINE.as_bytes(), 3, Flags::default(), LineEnd::Lf));
    let line = ndjson_line(&event, 1, "t", 1.0);
    assert_eq!(again(&line), event);
    let id = ids::event(7, 3).to_string();
    for (from, to, part) in [
        ("\"seq\":\"3\"", "\"seq\":\"4\"", "event_id"),
        (&format!("\"event_id\":\"{id}\""), "\"event_id\":\"x\"", "no exported event"),
        ("\"seq\":\"3\"", "\"seq\":\"-1\"", "no exported event"),
        ("\"template_id\":\"1\"", "\"template_id\":\"one\"", "template_id"),
        ("\"time_len\":0", "\"time_len\":9999", "record.time_len"),
        ("\"probability\":1.0", "\"probability\":1.5", "0 to 1"),
        (
            "\"effective_ns\":\"1772618400000000001\",\"event_time_ns\"",
            "\"effective_ns\":\"18446744073709551615\",\"event_time_ns\"",
            "effective_ns",
        ),
        ("\"raw\":", "\"rough\":", "raw and raw_base64"),
    ] {
        let wrong = line.replace(from, to);
        assert_ne!(wrong, line, "{from}");
        let problem = Row::read(wrong.as_bytes()).unwrap_err().to_string();
        assert!(problem.contains(part), "{from}: {problem}");
    }
    for text in ["", "{}", "[]", "null", "{\"record\":{}}", &"[".repeat(100_000)] {
        assert!(matches!(Row::read(text.as_bytes()), Err(Problem::Shape(_))), "{text:.20}");
    }
}

#[test]
fn spreadsheets_run_nothing() {
    let mut event = parse(&batch(b"=cmd|' /C calc'!A0", 1, Flags::default(), LineEnd::Lf));
    event.source = Arc::new(SourceInfo::plain(1, "@x", ReceiverKind::File, "+y"));
    let line = csv_line(&event, 5);
    assert!(line.contains("'=cmd") && line.contains("'@x") && line.contains("'+y"), "{line}");
    assert_eq!(line.matches("\r\n").count(), 1);
    assert_eq!(CSV_HEAD.len(), csv_line(&event, 5).split(',').count());
}

//! Whole records against a stupid oracle, in every chunking, and from every resume point.

use super::*;
use crate::time::{Finder, YearPolicy, Zone, heads, locate};
use proptest::prelude::*;
use seerflow_model::record::Flags;

const OPTIONS: Options = Options { line_bytes: 60, multiline: Joining::Auto, redact: None };

fn finder() -> Finder {
    Finder::new(Zone::Utc, YearPolicy::Fixed(2026))
}

fn texts(records: &Records) -> Vec<String> {
    let text = |p| String::from_utf8_lossy(records.bytes_of(p)).into_owned();
    records.records.iter().map(text).collect()
}

/// Splits, drops blank lines at ends, joins: one line at a time, on owned strings.
fn oracle(bytes: &[u8], options: Options) -> Vec<(Vec<u8>, bool)> {
    let mut out: Vec<(Vec<u8>, bool)> = Vec::new();
    let (mut trust, mut blanks, mut lines) = (0i32, 0usize, 0usize);
    let mut gap: Vec<u8> = Vec::new();
    let mut audit: Option<String> = None;
    for piece in bytes.split_inclusive(|b| *b == b'\n') {
        let line = match piece.strip_suffix(b"\n") {
            Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
            None => piece,
        };
        let end = if piece.ends_with(b"\r\n") { &b"\r\n"[..] } else { b"\n" };
        let cut = line.len() > options.line_bytes;
        let line = &line[..line.len().min(options.line_bytes)];
        if line.trim_ascii().is_empty() {
            blanks += 1;
            gap.extend_from_slice(line);
            gap.extend_from_slice(end);
            continue;
        }
        let timed = locate(line).is_some_and(|l| heads(line, l.start as usize));
        let same = stamp_of(line).is_some() && stamp_of(line) == audit;
        let goes_on = same || continues(line, timed, trust > 0);
        let fits = out.last().is_some_and(|(text, cut)| {
            !cut && lines + blanks < 500 && text.len() + gap.len() + line.len() <= 65_536
        });
        if goes_on && fits {
            let last = out.last_mut().unwrap();
            last.0.append(&mut gap);
            last.0.extend_from_slice(line);
            last.1 |= cut;
            lines += blanks + 1;
        } else {
            out.push((line.to_vec(), cut));
            lines = 1;
            audit = stamp_of(line);
        }
        if line.starts_with(b"type=EOE") && timed {
            // Complete: nothing continues it.
            (audit, lines) = (None, 500);
        }
        blanks = 0;
        gap = end.to_vec();
        trust = match (timed, continues_by_shape(line)) {
            (true, _) => (trust + 8).min(64),
            (false, false) => (trust - 1).max(0),
            (false, true) => trust,
        };
    }
    out
}

/// Node and stamp of an audit record.
fn stamp_of(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let (head, rest) = line.split_once("audit(")?;
    let stamp = rest.split_once(')')?.0;
    let node = head.split_once("node=").map_or("-", |(_, rest)| rest.split(' ').next().unwrap());
    locate(line.as_bytes()).and(Some(format!("{node} {stamp}")))
}

fn some_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"2026-03-04 10:00:00 one".to_vec()),
        Just(b"Dec 31 23:59:59 host x".to_vec()),
        Just(b"Jan  1 00:00:01 host x".to_vec()),
        Just(b"  at foo".to_vec()),
        Just(b"bare".to_vec()),
        Just(b"type=SYSCALL msg=audit(1772618400.1:7): a=1".to_vec()),
        Just(b"type=CWD msg=audit(1772618400.1:7): b=2".to_vec()),
        Just(b"type=PATH msg=audit(1772618400.1:8): c=3".to_vec()),
        Just(b"node=x type=PATH msg=audit(1772618400.1:8): c".to_vec()),
        Just(b"Mar  4 10:00:00 h audit(1772618400.1:8): d".to_vec()),
        Just(b"type=EOE msg=audit(1772618400.1:7): ".to_vec()),
        Just(b"".to_vec()),
        Just(b" \t".to_vec()),
        Just(vec![b'x'; 70]),
        proptest::collection::vec(any::<u8>(), 0..12),
    ]
}

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    let end = prop_oneof![Just(&b"\n"[..]), Just(&b"\r\n"[..])];
    proptest::collection::vec((some_line(), end), 0..30).prop_map(|lines| {
        let mut bytes: Vec<u8> = lines.into_iter().flat_map(|(l, e)| [&l, e].concat()).collect();
        if bytes.len().is_multiple_of(3) {
            bytes.pop();
        }
        bytes
    })
}

proptest! {
    #[test]
    fn records_are_the_oracles_in_any_chunking(
        bytes in some_bytes(),
        sizes in proptest::collection::vec(1usize..40, 1..20),
    ) {
        prop_assume!(!bytes.starts_with(b"\xef\xbb\xbf"));
        let whole = records(&bytes, OPTIONS, finder());
        let made: Vec<(Vec<u8>, bool)> = whole
            .records
            .iter()
            .map(|p| (whole.bytes_of(p).to_vec(), p.flags.has(Flags::CUT)))
            .collect();
        prop_assert_eq!(made, oracle(&bytes, OPTIONS));

        let mut assembler = Assembler::new(OPTIONS, finder());
        let mut out = Records::default();
        let (mut rest, mut sizes) = (&bytes[..], sizes.into_iter().cycle());
        let mut points = Vec::new();
        while !rest.is_empty() {
            let n = sizes.next().unwrap().min(rest.len());
            assembler.push(&rest[..n], 0, &mut out);
            rest = &rest[n..];
            points.push((out.records.len(), assembler.resume_point().unwrap()));
        }
        assembler.finish(&mut out);
        prop_assert_eq!(&out, &whole);

        // From every resume point the rest of the records come out the same, times included.
        for (done, (position, state)) in points {
            let mut again = Assembler::resume(OPTIONS, Zone::Utc, position, state);
            let mut tail = Records::default();
            again.push(&bytes[position as usize..], 0, &mut tail);
            again.finish(&mut tail);
            prop_assert_eq!(texts(&tail), texts(&whole)[done..].to_vec());
            for (a, b) in tail.records.iter().zip(&whole.records[done..]) {
                prop_assert_eq!(
                    (a.time, a.flags, a.from, a.to, a.line, a.lines),
                    (b.time, b.flags, b.from, b.to, b.line, b.lines)
                );
            }
        }
    }
}

#[test]
fn a_stack_trace_is_one_record() {
    let text = "2026-03-04 10:00:00 ERROR boom\njava.lang.Boom: x\n\tat a.b.C\nCaused by: y\n\n\
                ... 3 more\n\n2026-03-04 10:00:01 INFO fine\r\n";
    let out = records(text.as_bytes(), Options::default(), finder());
    assert_eq!(
        texts(&out),
        [
            "2026-03-04 10:00:00 ERROR boom\njava.lang.Boom: x\n\tat a.b.C\nCaused by: y\n\n... 3 more",
            "2026-03-04 10:00:01 INFO fine",
        ]
    );
    assert_eq!((out.records[0].lines, out.records[1].line), (6, 7));
    assert!(out.records[0].flags.has(Flags::MULTILINE));
    let single = Options { multiline: Joining::Off, ..Options::default() };
    assert_eq!(records(text.as_bytes(), single, finder()).records.len(), 6);
}

#[test]
fn limits_of_joining_hold() {
    let text = format!("2026-03-04 10:00:00 x\n{}", "\tat a.b.C\n".repeat(1200));
    let out = records(text.as_bytes(), Options::default(), finder());
    let lines: Vec<u32> = out.records.iter().map(|p| p.lines).collect();
    assert_eq!(lines, [500, 500, 201]);
    let text = format!("2026-03-04 10:00:00 x\n{}", format!("\t{}\n", "y".repeat(9_999)).repeat(8));
    let out = records(text.as_bytes(), Options::default(), finder());
    assert!(out.records.iter().all(|p| p.len as usize <= JOIN_BYTES));
    assert_eq!(out.records.len(), 2);
}

#[test]
fn a_live_record_is_flushed_after_a_second() {
    let mut assembler = Assembler::new(Options::default(), finder());
    let mut out = Records::default();
    assembler.push(b"2026-03-04 10:00:00 x\n  more\nhalf a li", 1_000, &mut out);
    assert_eq!(assembler.due(), Some(1_000 + FLUSH_AFTER));
    assembler.flush_due(FLUSH_AFTER, &mut out);
    assert!(out.records.is_empty());
    assembler.flush_due(1_000 + FLUSH_AFTER, &mut out);
    assert_eq!(texts(&out), ["2026-03-04 10:00:00 x\n  more"]);
    assert_eq!(assembler.due(), None);
    assembler.finish(&mut out);
    assert_eq!(texts(&out)[1], "half a li");
}

#[test]
fn a_byte_order_mark_and_nul_bytes() {
    let out = records(b"\xef\xbb\xbf2026-03-04 10:00:00 a\0b\n", Options::default(), finder());
    assert_eq!(texts(&out), ["2026-03-04 10:00:00 a\0b"]);
    assert_eq!(out.records[0].time.unwrap().start, 0);
}

#[test]
fn what_is_skipped_is_counted() {
    let mut assembler = Assembler::new(OPTIONS, finder());
    let mut out = Records::default();
    assembler.push(&[b'x'; 100], 0, &mut out);
    assembler.push(b"\n\nnext\n", 0, &mut out);
    assembler.finish(&mut out);
    let counts = assembler.counts();
    assert_eq!((counts.lines, counts.blank, counts.cut, counts.skipped_bytes), (3, 1, 1, 40));
    assert_eq!(texts(&out), ["x".repeat(60), "next".to_owned()]);
}

#[test]
fn an_expression_says_where_records_begin() {
    let start = regex::bytes::Regex::new("^BEGIN ").unwrap();
    let joining = Joining::Start(std::sync::Arc::new(start));
    let options = Options { line_bytes: 1_000, multiline: joining, redact: None };
    let finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let all = records(b"BEGIN a\n2026-01-01T00:00:00Z b\n\xff c\nBEGIN d\n", options, finder);
    let texts: Vec<_> = all.records.iter().map(|piece| all.bytes_of(piece)).collect();
    assert_eq!(texts, [&b"BEGIN a\n2026-01-01T00:00:00Z b\n\xff c"[..], b"BEGIN d"]);
}

/// Lines; how many of them each record has.
const JOINED: &[(&str, &[usize])] = &[
    (
        "# Time: 2026-03-04T10:00:00.123456Z\n# User@Host: bob[bob] @ [192.0.2.7]  Id: 1\n\
         # Query_time: 5.0  Lock_time: 0.1\nSET timestamp=1772618400;\nSELECT 1;\n\
         # Time: 2026-03-04T10:00:01.123456Z\n# User@Host: bob[bob] @ [192.0.2.7]  Id: 1\nSELECT\n2;\n",
        &[5, 4],
    ),
    (
        "INFO  [main] 2026-03-04 10:00:00,123 A.java:1 - up\nERROR [pool 1] 2026-03-04 10:00:01,123 \
         A.java:2 - bad\njava.io.IOException: x\n\tat a.B\n[WARN ] 2026-03-04 10:00:02 slow\n",
        &[1, 3, 1],
    ),
    (
        "Mar 04, 2026 10:00:00 AM org.example.Server start\nINFO: up in 5 ms\n\
         Mar 04, 2026 10:00:01 AM org.example.Server stop\nSEVERE: broken\njava.lang.Error\n",
        &[2, 3],
    ),
    (
        "2026-03-04 10:00:00.123 UTC [7] bob@shop ERROR:  syntax error\n\
         2026-03-04 10:00:00.123 UTC [7] bob@shop STATEMENT:  SELECT\n\t1;\n",
        &[1, 2],
    ),
    ("2026-03-04 10:00:00 up\nERROR at 2026-03-04 10:00:00 of the other\n", &[2]),
];

#[test]
fn records_of_loggers_begin_where_they_should() {
    for (text, lines) in JOINED {
        let options = Options { line_bytes: 1_000, multiline: Joining::Auto, redact: None };
        let made = records(text.as_bytes(), options, finder());
        let counts: Vec<usize> = made.records.iter().map(|piece| piece.lines as usize).collect();
        assert_eq!(counts, *lines, "{text}");
    }
}

#[test]
fn records_of_one_audit_event_are_one() {
    let a = "msg=audit(1772618400.123:7):";
    let b = "msg=audit(1772618400.123:8):";
    let text = format!(
        "type=SYSCALL {a} x=1\ntype=CWD {a} y=2\ntype=EOE {a} \ntype=CWD {a} late\n\
         type=SYSCALL {b} x=3\nMar  4 10:00:00 h audispd: node=h type=PATH {b} z\n\
         Mar  4 10:00:00 h audispd: node=h type=PATH {b} w\n{{\"time\":1772618400,\"msg\":\"{b}\"}}\n"
    );
    let out = records(text.as_bytes(), Options::default(), finder());
    let lines: Vec<u32> = out.records.iter().map(|p| p.lines).collect();
    assert_eq!(lines, [3, 1, 1, 2, 1], "{:?}", texts(&out));
    assert!(out.records[0].flags.has(Flags::MULTILINE));
    let single = Options { multiline: Joining::Off, ..Options::default() };
    assert_eq!(records(text.as_bytes(), single, finder()).records.len(), 8);
    let many = format!("type=PATH {a} item=1\n").repeat(1200);
    let out = records(many.as_bytes(), Options::default(), finder());
    let lines: Vec<u32> = out.records.iter().map(|p| p.lines).collect();
    assert_eq!(lines, [500, 500, 200]);
}

#[test]
fn an_array_of_records_resumes_anywhere() {
    let element = |i: u32| format!("{{\"time\":\"2026-03-04T10:00:0{i}Z\",\"a\":[{{}}]}}");
    let all: Vec<String> = (0..9).map(element).collect();
    let text = format!("{{\"Records\":[{}]}}\n2026-03-04 10:00:10 x\n", all.join(", \n"));
    let bytes = text.as_bytes();
    let whole = records(bytes, Options::default(), finder());
    assert_eq!(texts(&whole)[..9], all[..]);
    assert_eq!(whole.records.len(), 10);
    let mut assembler = Assembler::new(Options::default(), finder());
    let mut out = Records::default();
    for byte in bytes {
        assembler.push(&[*byte], 0, &mut out);
        let (position, state) = assembler.resume_point().unwrap();
        let mut again = Assembler::resume(Options::default(), Zone::Utc, position, state);
        let mut tail = Records::default();
        again.push(&bytes[position as usize..], 0, &mut tail);
        again.finish(&mut tail);
        assert_eq!(texts(&tail), texts(&whole)[out.records.len()..].to_vec(), "{position}");
    }
    assembler.finish(&mut out);
    assert_eq!(out, whole);
}

//! Lines of access logs, pairs, CEF and LEEF with exactly what is read from each.
//!
//! `wire_cases.txt` has blocks of two lines: the line, and `= ` with what is read. With
//! `SEERFLOW_BLESS` set the file is written anew, for a person to read the difference.

use super::tests::{batch, event, show, sound};
use super::*;
use proptest::prelude::*;
use seerflow_model::{ReceiverKind, SourceInfo};
use std::fmt::Write;

const CASES: &str = include_str!("wire_cases.txt");

fn lines() -> impl Iterator<Item = &'static str> {
    CASES.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '=']))
}

fn shown(line: &str) -> String {
    let event = event(line.as_bytes());
    let mut out = show(&event).replace('\n', "\\n").replace('\t', "\\t");
    if event.activity != Default::default() || event.outcome != Default::default() {
        let _ = write!(out, " ({:?}, {})", event.activity, event.outcome.name());
    }
    out
}

#[test]
fn lines_are_read_exactly() {
    let mut actual = String::new();
    let mut count = 0;
    for line in CASES.lines().filter(|line| !line.starts_with('=') && !line.is_empty()) {
        if line.starts_with('#') {
            let _ = writeln!(actual, "{line}\n");
            continue;
        }
        let _ = writeln!(actual, "{line}\n= {}\n", shown(line));
        count += 1;
    }
    assert!(count >= 75, "{count} lines");
    if std::env::var_os("SEERFLOW_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/header/wire_cases.txt");
        std::fs::write(path, &actual).unwrap();
    }
    for (expected, actual) in CASES.split("\n\n").zip(actual.split("\n\n")) {
        assert_eq!(actual.trim(), expected.trim());
    }
}

#[test]
fn hostile_lines_are_bounded() {
    let access = "198.51.100.4 - - [24/Mar/2026:19:00:00 +0000] \"GET /";
    let long = format!("{access}{} HTTP/1.1\" 200 5 \"-\" \"x\"", "a".repeat(1 << 20));
    let read = event(long.as_bytes());
    assert_eq!(read.format, Format::Access);
    assert!(read.message().len() < 4096 && read.message().ends_with(" 200 OK"));
    let never = format!("{access}{}", "\\\"".repeat(1 << 19));
    assert!(event(never.as_bytes()).flags.has(Flags::MALFORMED));
    let trailing = format!("{access} HTTP/1.1\" 200 5{}", " k=v 1.5 x \"q\"".repeat(9_999));
    let read = event(trailing.as_bytes());
    assert!(read.fields.len() < 60 && read.format == Format::Access);
    let user = format!(
        "198.51.100.4 - {} [24/Mar/2026:19:00:00 +0000] \"GET / HTTP/1.1\" 401 5",
        "u ".repeat(300)
    );
    let read = event(user.as_bytes());
    assert_eq!((read.format, read.event_time), (Format::Access, Some(1_774_378_800_000_000_000)));
    let nul = b"198.51.100.4 - \0 [24/Mar/2026:19:00:00 +0000] \"GET /\0 HTTP/1.1\" 200 5";
    assert_eq!(event(nul).message(), "GET /\0 200 OK");
    let pairs = format!("level=info msg=x {}", "k=v ".repeat(100_000));
    let read = event(pairs.as_bytes());
    assert_eq!((read.format, read.fields.len()), (Format::Logfmt, FIELDS_MAX - 1));
    assert!(read.flags.has(Flags::CUT));
    let open = format!("level=info msg=\"{}", "a\\\"".repeat(1 << 18));
    assert_eq!(event(open.as_bytes()).format, Format::Logfmt);
    for head in ["CEF:0|a|b|c|d|e|5|", "LEEF:2.0|a|b|c|d|^|"] {
        let read = event(format!("{head}{}", "k=v^ ".repeat(100_000)).as_bytes());
        assert!(read.fields.len() <= FIELDS_MAX && read.flags.has(Flags::CUT));
        event(format!("{head}{}", "=".repeat(1 << 20)).as_bytes());
        event(format!("{head}{}", "a".repeat(1 << 20)).as_bytes());
    }
    let labels: String = (0..200).map(|i| format!("cs{i}Label=n{i} cs{i}=v{i} ")).collect();
    assert_eq!(event(format!("CEF:0|a|b|c|d|e|5|{labels}").as_bytes()).format, Format::Cef);
}

#[test]
fn a_fixed_format_takes_bare_lines_and_syslog() {
    let mut source = SourceInfo::plain(1, "t", ReceiverKind::File, "file");
    let mut read_as = |format: &str, line: &str| {
        source.format = format.to_owned();
        let (batch, meta) = batch(line.as_bytes(), source.clone());
        let event = read(&batch, &meta);
        (event.format.name(), event.flags.has(Flags::MALFORMED))
    };
    for line in lines() {
        let (name, malformed) = read_as("auto", line);
        let format = Format::parse(name).unwrap();
        if body::is(format) {
            assert_eq!(read_as(name, line), (name, malformed), "{line}");
        }
    }
    for format in ["access", "haproxy", "squid", "logfmt", "cef", "leef"] {
        for line in ["x", "", "Mar  4 10:00:00 h app: x", "<13>1 - - - - - - x", "{\"a\":1}"] {
            assert_eq!(read_as(format, line), ("plain", true), "{format} {line}");
        }
    }
    // Pairs without a telling key, when the format is said.
    assert_eq!(read_as("logfmt", "a=1 b=2"), ("logfmt", false));
    assert_eq!(read_as("logfmt", "Mar  4 10:00:00 h app: a=1 b=2"), ("logfmt", false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn mutated_lines_are_survived(
        which in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..6), 1..8),
        format in prop::sample::select(Format::ALL.map(Format::name).to_vec()),
    ) {
        let all: Vec<_> = lines().collect();
        let mut line = all[which.index(all.len())].as_bytes().to_vec();
        for (index, byte, kind) in edits {
            let i = index.index(line.len() + 1);
            match kind {
                0 => line.insert(i, byte),
                1 if i < line.len() => { line.remove(i); }
                2 if i < line.len() => line[i] = byte,
                3 => { line.splice(i..i, "\u{e9}".bytes()); }
                4 => { line.splice(i..i, *b"\\\"=|[]"); }
                _ => line.truncate(i.max(8)),
            }
        }
        sound(&line, format)?;
        sound(&line, "auto")?;
    }

    #[test]
    fn any_text_of_these_alphabets_is_survived(
        line in prop_oneof![
            "(CEF:0|LEEF:[12]\\.0)(\\||[a-z=\\\\ ^\t\u{e4}]|cs1Label=|x5E){0,40}",
            "[a-z]{1,4} - [a-z] \\[10/Oct/2000:13:55:36 -0700\\] \"([A-Z]{1,4} |[ -~\u{e4}\\\\\"]){0,40}",
            "([a-z]{1,5}=|level=|msg=|\"|\\\\| |[a-z\u{e4},;]){0,40}",
            "[0-9.:]{1,12} \\[06/Feb/2009:12:14:14.655\\] ([a-z0-9/~{}|<>\" :-]|-- ){0,50}",
            "1286536309\\.450 [0-9]{1,4} [0-9.]{1,9} [A-Z_]{1,9}/[0-9]{3} ([a-z0-9/ :?-]){0,50}",
        ],
        format in prop::sample::select(Format::ALL.map(Format::name).to_vec()),
    ) {
        sound(line.as_bytes(), format)?;
        sound(line.as_bytes(), "auto")?;
    }
}

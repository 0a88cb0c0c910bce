//! Tables with a header, mapped fields and access logs through the real program.

use crate::support::program::{Said, run, run_with};
use std::path::Path;

const CONFIG: &str = "sources:
- name: till
  match: {path: '*till*'}
  field_mapping: {time: Booked at, message: Text, user: Clerk, src_ip: Terminal}
- name: piped
  match: {path: '-'}
  format: tsv
- name: app
  match: {path: '*.json'}
  field_mapping: {timestamp: meta.seen, user: who}
";
const TILL: &str = "Booked at,Seen,Terminal,Clerk,Text
2026-03-04 10:00:00,2001-01-01 00:00:00,203.0.113.9,bob,\"paid, in cash\"
2026-03-04 10:00:02,2001-01-01 00:00:00,203.0.113.9,eve,\"drawer

\"\"stuck\"\"\"
2026-03-04 10:00:01,2001-01-01 00:00:00,203.0.113.10,bob,till open
";

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("seerflow.yaml"), CONFIG).unwrap();
    home
}

/// Time, message, fields and tags of what `parse` shows, without headers.
fn events(said: &Said) -> Vec<String> {
    assert_eq!(said.code, 0, "{}", said.err);
    let shown = |e: &serde_json::Value| {
        format!("{} {} {} {}", e["event_time_ns"], e["message"], e["fields"], e["format"])
    };
    let is_event = |e: &&serde_json::Value| !e["tags"].to_string().contains("header");
    said.ndjson().iter().filter(is_event).map(shown).collect()
}

fn parse(home: &Path, file: &str) -> Vec<String> {
    events(&run(home, &["parse", file, "--format", "ndjson"]))
}

#[test]
fn a_table_is_read_by_its_header_and_the_mapping() {
    let home = home();
    let path = home.path();
    std::fs::write(path.join("till.csv"), TILL).unwrap();
    let expected = [
        r#""1772618400000000000" "paid, in cash" {"Seen":"2001-01-01 00:00:00","source.ip":"203.0.113.9","user.name":"bob"} "csv""#,
        r#""1772618402000000000" "drawer\n\n\"stuck\"" {"Seen":"2001-01-01 00:00:00","source.ip":"203.0.113.9","user.name":"eve"} "csv""#,
        r#""1772618401000000000" "till open" {"Seen":"2001-01-01 00:00:00","source.ip":"203.0.113.10","user.name":"bob"} "csv""#,
    ];
    assert_eq!(parse(path, "till.csv"), expected);
    let utf16: Vec<u8> =
        format!("\u{feff}{TILL}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(path.join("till16.csv"), utf16).unwrap();
    assert_eq!(parse(path, "till16.csv"), expected);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, TILL.as_bytes()).unwrap();
    std::fs::write(path.join("till.csv.gz"), packed.finish().unwrap()).unwrap();
    assert_eq!(parse(path, "till.csv.gz"), expected);
    // Not by its name, and with a first line that is none: lines like any others.
    std::fs::write(path.join("other.csv"), "2026-03-04 10:00:00,web-1,up\n").unwrap();
    assert_eq!(parse(path, "other.csv"), [r#""1772618400000000000" "web-1,up" {} "timestamped""#]);
}

#[test]
fn a_piped_table_has_its_header_too() {
    let home = home();
    let text = "ts\thost\tmsg\n2026-03-04T10:00:00Z\tweb-1\thello\n";
    let said = run_with(home.path(), &["parse", "-", "--format", "ndjson"], text.as_bytes());
    let expected =
        r#""1772618400000000000" "hello" {"ts":"2026-03-04T10:00:00Z","host":"web-1"} "tsv""#;
    assert_eq!(events(&said), [expected]);
    let said = run_with(home.path(), &["analyze", "-"], text.as_bytes());
    assert!(said.err.contains("events     1\n"), "{}", said.err);
    assert!(said.err.contains("dropped    1 header"), "{}", said.err);
}

#[test]
fn mapped_fields_of_json_give_time_and_meaning() {
    let home = home();
    let line =
        r#"{"time":"2001-01-01T00:00:00Z","who":"eve","meta":{"seen":1772618400},"msg":"x"}"#;
    std::fs::write(home.path().join("a.json"), format!("{line}\n")).unwrap();
    let expected =
        r#""1772618400000000000" "x" {"time":"2001-01-01T00:00:00Z","user.name":"eve"} "json""#;
    assert_eq!(parse(home.path(), "a.json"), [expected]);
}

/// Chunks of an archive begin at records, also where cells hold line ends, and every record is
/// counted once: as an event, or as a header.
#[test]
fn a_table_of_many_chunks_is_whole_with_any_number_of_workers() {
    let home = home();
    let mut text = String::from("Booked at,Terminal,Clerk,Text\n");
    for n in 0..9_000 {
        let (minute, second) = (n / 60 % 60, n % 60);
        let filler = "x".repeat(n % 200);
        text += &format!(
            "2026-03-04 10:{minute:02}:{second:02},203.0.113.{},clerk{},\"sold {filler},\n2001-01-01 00:00:00 \"\"{n}\"\"\"\n",
            n % 250,
            n % 7
        );
        if n % 3_000 == 2_999 {
            text += "Booked at,Terminal,Clerk,Text\n";
        }
    }
    assert!(text.len() > 1 << 20);
    std::fs::write(home.path().join("till.csv"), text).unwrap();
    let summary = |workers: &str| {
        let said = run(home.path(), &["analyze", "till.csv", "--workers", workers]);
        let kept = |line: &&str| !line.starts_with("took");
        said.err.lines().filter(kept).collect::<Vec<_>>().join("\n")
    };
    let one = summary("1");
    assert!(one.contains("events     9,000\n"), "{one}");
    assert!(one.contains("dropped    4 header"), "{one}");
    assert!(one.contains("2026-03-04T10:00:00Z – 2026-03-04T10:59:59Z"), "{one}");
    assert_eq!(summary("3"), one);
}

#[test]
fn a_wrong_mapping_is_told_with_its_place() {
    let home = home();
    let wrong = "sources:\n- format: csv\n  field_mapping: {mesage: Text}\n";
    std::fs::write(home.path().join("wrong.yaml"), wrong).unwrap();
    let said = run(home.path(), &["config", "check", "--config", "wrong.yaml"]);
    let text = format!("{}{}", said.out, said.err);
    assert_eq!(said.code, 2);
    assert!(text.contains("3:19") && text.contains("`message`"), "{text}");
}

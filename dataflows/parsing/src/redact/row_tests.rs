//! Tables and arrays on their way through lines and a redactor.

use super::{Key, Redactor, Rule, VALUES_MAX};
use crate::layout::Layout;
use crate::lines::{Assembler, Joining, LinesState, Options, Records};
use crate::time::{Finder, YearPolicy, Zone};
use seerflow_model::record::Flags;
use std::sync::Arc;

const CARD: &str = "4111111111111111";

fn redactor() -> Arc<Redactor> {
    let field = Rule::Field { field: "ssn".to_owned(), name: "id".to_owned() };
    let rules = [Rule::Card, Rule::Email, Rule::Token, field];
    Arc::new(Redactor::new(&rules, Key::new(b"k"), None))
}

fn of(kind: &str, value: &str) -> String {
    let mut out = Vec::new();
    Key::new(b"k").pseudonym(kind, value.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

fn options(name: &str, head: &str) -> Options {
    let redact = redactor();
    let head = redact.head(head.as_bytes());
    let layout = Layout::of(None, name, &head, &[], Joining::Auto);
    let multiline = layout.map_or(Joining::Auto, |layout| Joining::Laid(Arc::new(layout)));
    Options { line_bytes: 1 << 20, multiline, redact: Some(redact) }
}

fn finder() -> Finder {
    Finder::new(Zone::Utc, YearPolicy::Fixed(2026))
}

fn texts(records: &Records) -> Vec<String> {
    let text = |piece| String::from_utf8(records.bytes_of(piece).to_vec()).unwrap();
    records.records.iter().map(text).collect()
}

/// All records; resuming at every line must make the same.
fn read(name: &str, text: &str) -> Vec<String> {
    let options = options(name, text);
    let mut assembler = Assembler::new(options.clone(), finder());
    let (mut records, mut points) = (Records::default(), Vec::<(u64, LinesState, usize)>::new());
    for line in text.split_inclusive('\n') {
        assembler.push(line.as_bytes(), 0, &mut records);
        let point = assembler.resume_point();
        points.extend(point.map(|(at, state)| (at, state, records.records.len())));
    }
    assembler.finish(&mut records);
    let all = texts(&records);
    for (at, state, done) in points {
        let mut assembler = Assembler::resume(options.clone(), Zone::Utc, at, state);
        let mut records = Records::default();
        assembler.push(&text.as_bytes()[at as usize..], 0, &mut records);
        assembler.finish(&mut records);
        assert_eq!(texts(&records), all[done..], "from {at}");
    }
    all
}

#[test]
fn records_of_tables_are_redacted_as_a_whole() {
    let text = format!(
        "time,note,ssn\n\
         2026-03-04T10:00:00Z,\"a card\n{CARD},\n\nof a@b.example\",123\n\
         2026-03-04T10:00:01Z,\"{{\"\"card\"\":{CARD}}}\",-\n\
         2026-03-04T10:00:02Z,password=x,45,\n"
    );
    let card = of("card", CARD);
    let expected = [
        "time,note,ssn".to_owned(),
        format!(
            "2026-03-04T10:00:00Z,\"a card\n{card},\n\nof {}\",{}",
            of("email", "a@b.example"),
            of("id", "123")
        ),
        // A bare value gets no quotes, which would end the cell.
        format!("2026-03-04T10:00:01Z,\"{{\"\"card\"\":{card}}}\",-"),
    ];
    let records = read("a.csv", &text);
    assert_eq!(records[..3], expected);
    assert!(!records[3].contains("=x") && !records[3].contains("45"), "{}", records[3]);
}

#[test]
fn private_keys_are_redacted_within_and_across_records() {
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    let key = "MIIEvQIBADANBgkqhkiG9w0BAQ";
    let cell = format!("time,key\n1,\"{begin}\n{key}\n{end}\"\n2,x\n");
    let records = read("a.csv", &cell).join("\n");
    assert!(!records.contains(key) && records.ends_with("\n2,x"), "{records}");
    let rows = format!("when,what\n{begin}\n{key}\n{end}\n2,x\n");
    let records = read("a.csv", &rows).join("\n");
    assert!(!records.contains(key) && records.ends_with("\n2,x"), "{records}");
}

#[test]
fn a_header_that_holds_a_value_is_redacted_and_still_known() {
    let text = format!("time,of a@b.example,note\n2026-03-04T10:00:00Z,1,{CARD}\n");
    let options = options("a.csv", &text);
    let table = options.multiline.layout().and_then(|layout| layout.table.clone()).unwrap();
    let address = of("email", "a@b.example");
    assert_eq!(table.columns, ["time", &format!("of {address}"), "note"]);
    assert_eq!(read("a.csv", &text)[0], table.columns.join(","));
}

#[test]
fn elements_of_an_array_are_redacted() {
    let text = format!("{{\"Records\":[{{\"c\":{CARD}}},{{\"token\":\"x1y2\"}}]}}\n{CARD}\n");
    let expected = [
        format!("{{\"c\":\"{}\"}}", of("card", CARD)),
        format!("{{\"token\":\"{}\"}}", of("token", "x1y2")),
        of("card", CARD),
    ];
    assert_eq!(read("a.json", &text), expected);
}

#[test]
fn what_is_cut_is_tagged() {
    let many = format!("{CARD},").repeat(VALUES_MAX + 1);
    for (name, text) in [("a.log", many.clone()), ("a.csv", format!("time,note\n{many}\n"))] {
        let mut assembler = Assembler::new(options(name, &text), finder());
        let mut records = Records::default();
        assembler.push(text.as_bytes(), 0, &mut records);
        assembler.finish(&mut records);
        let last = records.records.last().unwrap();
        assert!(last.flags.has(Flags::CUT), "{name}");
        assert!(records.bytes_of(last).ends_with(b"<cut>"), "{name}");
        assert_eq!(assembler.counts().cut, 1);
    }
}

//! Headers, times of columns and fields.

use super::*;
use crate::lines::{Options, records};
use crate::time::{Finder, YearPolicy, Zone};
use seerflow_model::time::rfc3339;
use std::sync::Arc;

fn layout(format: Option<Format>, name: &str, head: &str) -> Option<Layout> {
    Layout::of(format, name, head.as_bytes(), &[], Joining::Auto)
}

#[test]
fn headers_are_told_by_name_and_first_line() {
    for (name, head, expected) in [
        ("a.csv", "time,host,msg\n1,2,3\n", Some("csv time|host|msg")),
        ("A.CSV.gz", "\u{feff}time;host;\"a;b\"\n", Some("csv time|host|a;b")),
        ("a.tsv", "time\thost\nx\ty\n", Some("tsv time|host")),
        ("a.csv", "\"time\",\"multi\nline\"\r\nx\n", Some("csv time|multi\nline")),
        ("a.csv", "2026-03-04T10:00:00Z,web-1,started\n", None),
        ("a.csv", "one column\n", None),
        ("a.csv", "a,a\n1,2\n", None),
        ("a.csv", "a,,b\n1,2,3\n", None),
        ("a.csv", "a,1\n", None),
        ("a.csv", "time,host", None),
        ("a.csv", "", None),
        ("a.log", "time,host,msg\n1,2,3\n", None),
        (
            "u_ex.log",
            "#Software: x\n#Version: 1.0\n#Fields: date time c-ip\n",
            Some("w3c date|time|c-ip"),
        ),
        ("u_ex.log", "#Software: x\n", None),
    ] {
        let shown = layout(None, name, head).map(|layout| {
            let (format, table) = (layout.format.unwrap(), layout.table.unwrap());
            format!("{} {}", format.name(), table.columns.join("|"))
        });
        assert_eq!(shown.as_deref(), expected, "{name} {head}");
    }
}

#[test]
fn a_fixed_format_is_a_table_whatever_its_name() {
    let columns =
        |format, head: &str| layout(Some(format), "x", head).unwrap().table.unwrap().columns;
    assert_eq!(columns(Format::Csv, "only\n1\n"), ["only"]);
    assert_eq!(columns(Format::Csv, "a,,a\n"), ["a", "column.2", "a"]);
    assert!(columns(Format::Csv, "2026-03-04T10:00:00Z,x\n").is_empty());
    assert_eq!(columns(Format::Csv, &format!("{}\n", "x,".repeat(2_000))).len(), COLUMNS_MAX);
    let long = format!("{}\tb\n", "\u{e4}".repeat(100));
    assert_eq!(columns(Format::Tsv, &long)[0].len(), NAME_MAX);
    assert!(layout(Some(Format::Json), "a.csv", "a,b\n1,2\n").is_none());
    assert!(layout(Some(Format::Plain), "a.log", "a,b\n1,2\n").is_none());
}

#[test]
fn a_header_may_come_in_pieces() {
    for (format, head, whole) in [
        (Format::Csv, "a,b", false),
        (Format::Csv, "a,\"b\n", false),
        (Format::Csv, "a,\"b\nc\"\n", true),
        (Format::W3c, "#Software: x\n#Fields: date", false),
        (Format::W3c, "#Software: x\n#Fields: date\n", true),
        (Format::W3c, "2026-03-04 10:00:00 x\n", true),
    ] {
        let layout = layout(Some(format), "-", "").unwrap();
        assert!(layout.lacks_columns());
        assert_eq!(layout.is_whole(head.as_bytes()), whole, "{head}");
        assert_eq!(layout.with_head(head.as_bytes()).format, Some(format));
    }
}

fn times(layout: Layout, text: &str) -> Vec<(String, u32)> {
    let finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let multiline = Joining::Laid(Arc::new(layout));
    let options = Options { line_bytes: 1 << 20, multiline, redact: None };
    let made = records(text.as_bytes(), options, finder);
    let time =
        |hit: Option<crate::time::TimeHit>| hit.map_or("-".to_owned(), |hit| rfc3339(hit.ns));
    made.records.iter().map(|piece| (time(piece.time), piece.lines)).collect()
}

#[test]
fn the_time_is_that_of_the_column() {
    let text = "host,note,timestamp\n\
                a,2001-01-01 00:00:00,2026-03-04T10:00:00Z\n\
                b,\"two\nlines, \"\"quoted\"\"\n\nthree\",1772618401\n\
                c,2001-01-01 00:00:00,unknown\n\
                \"open,2001-01-01 00:00:00,2026-03-04T10:00:02Z\n";
    let one = |time: &str, lines| (time.to_owned(), lines);
    let found = times(layout(None, "a.csv", text).unwrap(), text);
    assert_eq!(
        found,
        [
            one("-", 1),
            one("2026-03-04T10:00:00Z", 1),
            one("2026-03-04T10:00:01Z", 4),
            one("-", 1),
            one("2026-03-04T10:00:02Z", 1),
        ]
    );
    let text = "Date,Host,Time\n2026-03-04,a,10:00:00\n2026/03/04,a,10:00:01.5\n";
    let found = times(layout(None, "a.csv", text).unwrap(), text);
    assert_eq!(found[1..], [one("2026-03-04T10:00:00Z", 1), one("2026-03-04T10:00:01.5Z", 1)]);
    let mapping = [(Meaning::Time, "seen".to_owned())];
    let text = "time,seen\n2001-01-01 00:00:00,2026-03-04 10:00:00\n";
    let mapped = Layout::of(None, "a.csv", text.as_bytes(), &mapping, Joining::Auto).unwrap();
    assert_eq!(times(mapped, text)[1], one("2026-03-04T10:00:00Z", 1));
}

#[test]
fn the_time_is_that_of_the_field() {
    let mapping = [(Meaning::Time, "meta.seen".to_owned())];
    let layout = Layout::of(None, "a.log", b"", &mapping, Joining::Auto).unwrap();
    let text = "{\"time\":\"2001-01-01T00:00:00Z\",\"meta\":{\"x\":[1],\"seen\":1772618400}}\n\
                {\"time\":\"2001-01-01T00:00:00Z\",\"meta.seen\":\"2026-03-04T10:00:01Z\"}\n\
                time=2001-01-01T00:00:00Z meta.seen=\"2026-03-04T10:00:02Z\"\n\
                {\"time\":\"2026-03-04T10:00:03Z\"}\n\
                2026-03-04T10:00:04Z plain\n";
    let found: Vec<String> = times(layout, text).into_iter().map(|(time, _)| time).collect();
    let expected = [0, 1, 2, 3, 4].map(|n| format!("2026-03-04T10:00:0{n}Z"));
    assert_eq!(found, expected);
}

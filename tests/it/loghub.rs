//! Logs of eight systems with the parts of each line written beside it: time, level, component and
//! message that are read must be those. Needs `SEERFLOW_SHARED`; says so without it.
//!
//! The tables were made by regular expressions, one for each system, so some columns are not what
//! their names say. What is compared, and how:
//!
//! * blanks at the ends of a cell are trimmed; a number may be written `19939.0`; a date of six
//!   digits may have lost its leading zero;
//! * a version after a program's name, `syslogd 1.4.1`, is no part of the name;
//! * `Level` of one set and `Component` of another hold the host (syslog): compared with the host;
//! * where thread, class and line share a bracket the table cuts at the first colon, the reader at
//!   the last: what is compared is the bracket, put together again from the parts of each.

use crate::support::{program, shared};
use seerflow_model::Severity;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The year of times that are written without one.
const YEAR: i32 = 2015;

type Row = BTreeMap<String, String>;

/// Sets of the folder, and how many of their lines disagree, with the reason.
const SETS: [(&str, usize, &str); 8] = [
    ("Apache", 0, ""),
    ("HDFS", 0, ""),
    ("Hadoop", 0, ""),
    ("HealthApp", 1, "the table has a blank in a message where the line has none"),
    ("Linux", 0, ""),
    ("OpenSSH", 0, ""),
    ("OpenStack", 0, ""),
    ("Zookeeper", 0, ""),
];

#[test]
fn parts_of_every_line_are_those_of_the_tables() {
    let Some(folder) = shared("data/loghub") else { return };
    let mut lines = 0;
    let mut wrong = Vec::new();
    for (set, allowed, reason) in SETS {
        let differences = differences(&folder, set, &mut lines);
        println!("{set}: {} of its lines disagree {reason}", differences.len());
        if differences.len() != allowed {
            wrong.extend(differences.into_iter().take(5).map(|d| format!("{set}: {d}")));
        }
    }
    assert_eq!(lines, 16_000);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Reads one set with the real program, and lists where its table says something else.
fn differences(folder: &Path, set: &str, lines: &mut usize) -> Vec<String> {
    let log = folder.join(set).join(format!("{set}_2k.log"));
    let table = folder.join(set).join(format!("{set}_2k.log_structured_corrected.csv"));
    let rows = rows(&std::fs::read_to_string(table).unwrap());
    let home = tempfile::tempdir().unwrap();
    let arguments =
        ["parse", log.to_str().unwrap(), "--format", "ndjson", "--year", &YEAR.to_string()];
    let said = program::run(home.path(), &arguments);
    assert_eq!(said.code, 0, "{}", said.err);
    let events = said.ndjson();
    assert_eq!(events.len(), rows.len(), "{set}: every line is one record");
    *lines += events.len();
    let mut found = Vec::new();
    for (n, (row, event)) in rows.iter().zip(&events).enumerate() {
        let parts =
            [time(row, event), level(row, event), component(row, event), message(row, event)];
        for (expected, read) in parts.into_iter().flatten().filter(|(a, b)| a != b) {
            found.push(format!("line {}: the table has {expected:?}, read is {read:?}", n + 1));
        }
    }
    found
}

/// What the table has and what was read.
type Pair = Option<(String, String)>;

fn text(event: &Value, key: &str) -> String {
    event[key].as_str().unwrap_or_default().trim().to_owned()
}

fn field(event: &Value, key: &str) -> String {
    event["fields"][key].as_str().unwrap_or_default().to_owned()
}

fn cell<'a>(row: &'a Row, key: &str) -> &'a str {
    row.get(key).map_or("", |cell| cell.trim())
}

fn message(row: &Row, event: &Value) -> Pair {
    Some((cell(row, "Content").to_owned(), text(event, "message")))
}

/// Levels are compared as severities; a name that is no level is the host.
fn level(row: &Row, event: &Value) -> Pair {
    let level = row.get("Level")?.trim();
    Some(match Severity::from_word(level.as_bytes()) {
        Some(severity) => (severity.name().to_owned(), text(event, "severity_text")),
        None => (level.to_owned(), text(event, "host")),
    })
}

fn component(row: &Row, event: &Value) -> Pair {
    let component = row.get("Component")?.trim();
    let program = text(event, "program");
    if let Some(node) = row.get("Node") {
        let table = format!("{}:{component}@{}", node.trim(), number(cell(row, "Id")));
        let thread = field(event, "thread");
        return Some((table, format!("{thread}:{program}@{}", field(event, "line"))));
    }
    // A version after the name of a program is no part of the name.
    let component = match component.rsplit_once(' ') {
        Some((name, version)) if version.split('.').all(|n| n.parse::<u32>().is_ok()) => name,
        _ => component,
    };
    // The host stands where another set has the program.
    let host = row.contains_key("Day");
    Some((component.to_owned(), if host { text(event, "host") } else { program }))
}

/// `19939.0` is a number that a table reader made a fraction of.
fn number(cell: &str) -> &str {
    cell.strip_suffix(".0").unwrap_or(cell)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn month(name: &str) -> usize {
    1 + MONTHS.iter().position(|month| *month == name).unwrap_or_else(|| panic!("month {name}"))
}

/// The time of a row, in the words of RFC 3339.
fn time(row: &Row, event: &Value) -> Pair {
    let words: Vec<&str> = ["Month", "Date", "Day", "Time"]
        .into_iter()
        .filter_map(|key| row.get(key))
        .flat_map(|cell| cell.split_whitespace())
        .collect();
    let (date, clock) = match *words.as_slice() {
        // Dec 10 06:55:46
        [name, day, clock] if name.len() == 3 => (ymd(YEAR, month(name), day), clock.to_owned()),
        // Sun Dec 04 04:47:44 2005
        [_, name, day, clock, year] => {
            (ymd(year.parse().unwrap(), month(name), day), clock.to_owned())
        }
        // 2015-10-18 18:01:47,978
        [date, clock] if date.contains('-') => (date.to_owned(), clock.replace(',', ".")),
        // 81109 203615
        [date, clock] => {
            let (date, clock) = (format!("{date:0>6}"), format!("{clock:0>6}"));
            let date = format!("20{}-{}-{}", &date[..2], &date[2..4], &date[4..]);
            (date, format!("{}:{}:{}", &clock[..2], &clock[2..4], &clock[4..]))
        }
        // 20171223-22:15:29:606, and each part without its leading zeros
        [stamp] => {
            let (date, clock) = stamp.split_once('-').unwrap();
            let parts: Vec<u32> = clock.split(':').map(|part| part.parse().unwrap()).collect();
            let [hour, minute, second, milli] = parts[..] else { panic!("clock {clock}") };
            (
                format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]),
                format!("{hour:02}:{minute:02}:{second:02}.{milli:03}"),
            )
        }
        _ => panic!("time {words:?}"),
    };
    let moment: jiff::Timestamp = format!("{date}T{clock}Z").parse().unwrap();
    Some((moment.as_nanosecond().to_string(), text(event, "event_time_ns")))
}

fn ymd(year: i32, month: usize, day: &str) -> String {
    format!("{year}-{month:02}-{day:0>2}")
}

/// The rows of a table with quoted cells, by the names in its head.
fn rows(table: &str) -> Vec<Row> {
    let mut cells = vec![vec![String::new()]];
    let (mut quoted, mut chars) = (false, table.chars().peekable());
    while let Some(c) = chars.next() {
        let row: &mut Vec<String> = cells.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                row.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\n' if !quoted => cells.push(vec![String::new()]),
            '\r' => {}
            c => row.last_mut().unwrap().push(c),
        }
    }
    let names = cells.remove(0);
    let whole = cells.into_iter().filter(|row| row.len() == names.len());
    whole.map(|row| names.iter().cloned().zip(row).collect()).collect()
}

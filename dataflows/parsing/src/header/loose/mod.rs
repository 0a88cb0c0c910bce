//! Where `syslog_loose` and this reader part: one table, with the words of the RFCs.
//!
//! A proptest writes lines that keep to an RFC and lines with a few random edits, and reads each
//! with both. A checker written straight from the RFC's grammar says whether a line conforms, or
//! which rule it breaks first. On a conforming line every part must be equal but where an entry of
//! the table holds; on a broken one they may differ only if the broken rule has an entry. Every
//! entry has a line that shows it, so that none outlives its reason.

mod grammar;
mod table;

use super::tests::batch;
use super::*;
use grammar::{rule_3164, rule_5424};
use proptest::prelude::*;
use seerflow_model::{ReceiverKind, SourceInfo};
use std::fmt::Write;
use table::{Entry, R3164, R5424, Rfc, TABLE};

/// The parts of a line, in the order in which they are compared.
const PARTS: [&str; 8] = ["priority", "time", "host", "program", "pid", "msgid", "data", "message"];

/// What a reader made of a line; `None` when it refused it.
type Read = Option<[String; 8]>;

fn here(line: &str, rfc: Rfc) -> Read {
    let mut source = SourceInfo::plain(1, "t", ReceiverKind::SyslogTcp, "syslog");
    source.format = if rfc == R5424 { "rfc5424" } else { "rfc3164" }.to_owned();
    let (batch, meta) = batch(line.as_bytes(), source);
    let event = read(&batch, &meta);
    if event.flags.has(Flags::MALFORMED) {
        return None;
    }
    let mut data = String::new();
    for field in &event.fields {
        let _ = write!(data, "{}={:?} ", event.get(field.name), event.get(field.value));
    }
    Some([
        event.facility.map(|f| format!("{f} {}", event.severity)).unwrap_or_default(),
        event.event_time.map(|t| t.to_string()).unwrap_or_default(),
        event.host().to_owned(),
        event.program().to_owned(),
        event.get(event.pid).to_owned(),
        event.get(event.msgid).to_owned(),
        data,
        event.message().to_owned(),
    ])
}

fn there(line: &str, rfc: Rfc) -> Read {
    let variant = match rfc {
        R5424 => syslog_loose::Variant::RFC5424,
        R3164 => syslog_loose::Variant::RFC3164,
    };
    let read = syslog_loose::parse_message_with_year_exact(line, |_| 2026, variant).ok()?;
    let mut data = String::new();
    for element in &read.structured_data {
        for (name, value) in element.params() {
            let _ = write!(data, "{}.{name}={value:?} ", element.id);
        }
    }
    let severity = read.severity.map(|s| Severity::from_syslog(s as u8));
    let priority = read.facility.zip(severity).map(|(f, s)| format!("{} {s}", f as u8));
    // Times without a zone are read in the machine's there, and in UTC here.
    let moment = match rfc {
        R5424 => read.timestamp.and_then(|t| t.timestamp_nanos_opt()),
        R3164 => read.timestamp.and_then(|t| t.naive_local().and_utc().timestamp_nanos_opt()),
    };
    Some([
        priority.unwrap_or_default(),
        moment.map(|t| t.to_string()).unwrap_or_default(),
        read.hostname.unwrap_or_default().to_owned(),
        read.appname.unwrap_or_default().to_owned(),
        read.procid.map(|p| p.to_string()).unwrap_or_default(),
        read.msgid.unwrap_or_default().to_owned(),
        data,
        read.msg.to_owned(),
    ])
}

/// The parts in which two readings differ.
fn differing(ours: &Read, theirs: &Read) -> Vec<&'static str> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            (0..8).filter(|i| ours[*i] != theirs[*i]).map(|i| PARTS[i]).collect()
        }
        (None, None) => Vec::new(),
        _ => PARTS.to_vec(),
    }
}

/// The parts whose difference no entry explains.
fn unexplained(line: &str, rfc: Rfc) -> Vec<&'static str> {
    let (ours, theirs) = (here(line, rfc), there(line, rfc));
    let rule = if rfc == R5424 { rule_5424(line) } else { rule_3164(line) }.unwrap_or("");
    let entries: Vec<&Entry> = TABLE
        .iter()
        .filter(|e| e.rfc == rfc && e.rule == rule && (!rule.is_empty() || (e.holds)(line)))
        .collect();
    let mut parts = differing(&ours, &theirs);
    parts.retain(|part| !entries.iter().any(|entry| entry.parts.contains(part)));
    parts
}

#[test]
fn every_entry_has_a_line_that_shows_it() {
    for entry in TABLE {
        let Entry { rfc, line, rule, words, here: ours, there: theirs, parts, .. } = entry;
        let broken = if *rfc == R5424 { rule_5424(line) } else { rule_3164(line) };
        assert_eq!(broken.unwrap_or(""), *rule, "{line}: {words}");
        assert!((entry.holds)(line), "{line}");
        let differ = differing(&here(line, *rfc), &there(line, *rfc));
        assert!(!differ.is_empty(), "both read {line} alike now: {ours}; {theirs}");
        assert!(differ.iter().all(|part| parts.contains(part)), "{line}: {differ:?}");
        for quote in words.split('"').skip(1).step_by(2) {
            assert!(quote.split(' ').count() <= 15, "{quote}");
        }
    }
}

fn line_5424() -> impl Strategy<Value = String> {
    let time = "-|20[0-9]{2}-0[1-9]-(0[1-9]|1[0-9]|2[0-8])T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-]0[0-9]:[0-5]0)";
    let value = "([ -!#-\\[^-~\u{e4}]|\\\\[\"\\\\\\]]){0,8}";
    let parameter = ("[!#-<>-Z^-~]{1,6}", value);
    let elements = proptest::collection::vec(
        ("[a-z]{1,8}(@[0-9]{1,4})?", proptest::collection::vec(parameter, 0..3)),
        0..3,
    );
    let head = (
        0u8..=191,
        time,
        "-|[!-~]{1,12}",
        "-|[!-~]{1,12}",
        "-|[0-9]{1,6}|[!-~]{1,8}",
        "-|[!-~]{1,8}",
    );
    let message = "|( {0,2}|\u{feff})[!-~\u{e4}]([ -~\t\u{e4}]{0,20}) {0,2}";
    (head, elements, proptest::option::of(message)).prop_map(|(head, elements, message)| {
        let (priority, time, host, app, pid, msgid) = head;
        let mut line = format!("<{priority}>1 {time} {host} {app} {pid} {msgid} ");
        if elements.is_empty() {
            line.push('-');
        }
        for (id, parameters) in elements {
            let _ = write!(line, "[{id}");
            for (name, value) in parameters {
                let _ = write!(line, " {name}=\"{value}\"");
            }
            line.push(']');
        }
        if let Some(message) = message {
            let _ = write!(line, " {message}");
        }
        line
    })
}

fn line_3164() -> impl Strategy<Value = String> {
    let month = prop::sample::select(vec!["Jan", "Feb", "Mar", "Jun", "Sep", "Oct", "Dec"]);
    let time = (month, 1u8..=28, 0u8..24, 0u8..60, 0u8..60);
    let host = "[a-zA-Z][a-z0-9-]{0,10}|[1-9][0-9]?(\\.[1-9]){3}|2001:db8(:[0-9a-f]{1,4}){6}";
    let tag = "[a-zA-Z][a-zA-Z0-9]{0,12}";
    let after =
        "(\\[[0-9]{1,6}\\])?:|[/._(-][a-z]{1,8}\\)?(\\[[0-9]{1,6}\\])?:|[!-/:-@ ][ -~]{0,6}";
    let content = "| [ -~]{0,24}";
    (0u8..=191, time, host, tag, after, content).prop_map(|(priority, time, host, tag, after, content)| {
        let (month, day, hour, minute, second) = time;
        format!("<{priority}>{month} {day:>2} {hour:02}:{minute:02}:{second:02} {host} {tag}{after}{content}")
    })
}

/// A few edits with the bytes that the grammars are made of.
fn edited(line: &str, edits: &[(prop::sample::Index, char, u8)]) -> String {
    let mut line: Vec<char> = line.chars().collect();
    for (index, c, kind) in edits {
        let i = index.index(line.len() + 1);
        match kind {
            0 => line.insert(i, *c),
            1 if i < line.len() => {
                line.remove(i);
            }
            2 if i < line.len() => line[i] = *c,
            3 => line.truncate(i),
            _ => {
                let copy: Vec<char> = line[i..].iter().take(4).copied().collect();
                line.splice(i..i, copy);
            }
        }
    }
    line.into_iter().collect()
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, char, u8)>> {
    let c = prop::sample::select(" <>[]\":=\\-.\t1a\u{a0}\u{e4}".chars().collect::<Vec<_>>());
    proptest::collection::vec((any::<prop::sample::Index>(), c, 0u8..5), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn lines_of_rfc_5424_differ_only_by_the_table(line in line_5424(), edits in edits()) {
        prop_assert_eq!(rule_5424(&line), None, "{}", line);
        for line in [line.clone(), edited(&line, &edits)] {
            let parts = unexplained(&line, R5424);
            prop_assert!(parts.is_empty(), "{:?} of {:?}: {:?}, {:?}", parts, line, here(&line, R5424), there(&line, R5424));
        }
    }

    #[test]
    fn lines_of_rfc_3164_differ_only_by_the_table(line in line_3164(), edits in edits()) {
        prop_assert_eq!(rule_3164(&line), None, "{}", line);
        for line in [line.clone(), edited(&line, &edits)] {
            let parts = unexplained(&line, R3164);
            prop_assert!(parts.is_empty(), "{:?} of {:?}: {:?}, {:?}", parts, line, here(&line, R3164), there(&line, R3164));
        }
    }
}

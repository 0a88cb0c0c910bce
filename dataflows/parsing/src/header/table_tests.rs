//! Records of tables and mapped fields: what is read from each.

use super::tests::{batch, show};
use super::*;
use crate::layout::Layout;
use crate::lines::Joining;
use proptest::prelude::*;
use seerflow_model::meaning::Meaning;
use seerflow_model::{ReceiverKind, SourceInfo};

fn source(format: &str, head: &str, mapping: &[(&str, &str)]) -> SourceInfo {
    let mut source = SourceInfo::plain(1, "t", ReceiverKind::File, "file");
    source.format = format.to_owned();
    let mapping: Vec<_> = mapping
        .iter()
        .map(|(meaning, name)| (Meaning::parse(meaning).unwrap(), (*name).to_owned()))
        .collect();
    let fixed = Format::parse(format);
    if let Some(layout) = Layout::of(fixed, "x", head.as_bytes(), &mapping, Joining::Auto) {
        layout.describe(&mut source);
    }
    source
}

fn shown(source: &SourceInfo, line: &str) -> String {
    let (batch, meta) = batch(line.as_bytes(), source.clone());
    let event = read(&batch, &meta);
    let mut out = show(&event).replace('\n', "\\n");
    if event.outcome != Default::default() {
        out += &format!(" ({:?}, {})", event.activity, event.outcome.name());
    }
    out
}

const HEADER: &str = "Time,Level,Component,PID,ClientIP,Clerk,Content,\"a \"\"b\"\"\"\n";

/// Format, header, mapping; line; what is read.
type Case = (&'static str, &'static str, Mapping, &'static str, &'static str);
type Mapping = &'static [(&'static str, &'static str)];

#[rustfmt::skip]
const LINES: &[Case] = &[
    ("csv", HEADER, &[], "2026-03-04T10:00:00Z,ERROR,till,77,203.0.113.9,bob,no paper,x",
     "csv ERROR pid=77 {Time=2026-03-04T10:00:00Z} {Level=ERROR} {Component=till} {PID=77} {ClientIP=203.0.113.9} {Clerk=bob} {a \"b\"=x} | no paper"),
    ("csv", HEADER, &[("user", "Clerk"), ("src_ip", "clientip"), ("program", "Component"), ("time", "Time"), ("pid", "PID")],
     "2026-03-04T10:00:00Z,warn,till,77,203.0.113.9,bob,\"paper, \"\"A4\"\"\nmissing\",",
     "csv WARNING program=till pid=77 {Level=warn} {program=till} {process.pid=77} {source.ip=203.0.113.9} {user.name=bob} | paper, \"A4\"\\nmissing"),
    ("csv", HEADER, &[("message", "Clerk"), ("severity", "PID"), ("host", "Component")], "t,,till,3,-,bob,text,",
     "csv ERROR host=till pid=3 {Time=t} {host.name=till} {log.level=3} {Content=text} | bob"),
    ("csv", HEADER, &[], "Time,Level,Component,PID,ClientIP,Clerk,Content,\"a \"\"b\"\"\"",
     "csv INFORMATIONAL !header | Time,Level,Component,PID,ClientIP,Clerk,Content,\"a \"\"b\"\"\""),
    ("csv", HEADER, &[], "1,2,3,4,5,6,7,8,more,\"and \"\"more\"\"\"",
     "csv CRITICAL pid=4 {Time=1} {Level=2} {Component=3} {PID=4} {ClientIP=5} {Clerk=6} {a \"b\"=8} {column.9=more} {column.10=and \"more\"} | 7"),
    ("csv", HEADER, &[], "no table at all", "plain INFORMATIONAL !malformed | no table at all"),
    ("csv", HEADER, &[], "\"never,ends", "csv INFORMATIONAL {Time=\"never} {Level=ends} | \"never,ends"),
    ("csv", "a;b;msg\n", &[], "1;2,5;hello; world", "csv INFORMATIONAL {a=1} {b=2,5} {column.4= world} | hello"),
    ("csv", "", &[("message", "column.2")], "x,hello", "csv INFORMATIONAL {column.1=x} | hello"),
    ("tsv", "ts\thost\tmsg\n", &[], "1772618400\tweb-1\tdisk \"full\"", "tsv INFORMATIONAL host=web-1 {ts=1772618400} {host=web-1} | disk \"full\""),
    ("tsv", "ts\thost\tmsg\n", &[], "ts\thost\tmsg", "tsv INFORMATIONAL !header | ts\thost\tmsg"),
    ("tsv", "a\tb\n", &[], "1\t2", "tsv INFORMATIONAL {a=1} {b=2} | 1\t2"),
    ("w3c", "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken\n", &[],
     "2026-03-04 10:00:00 192.0.2.1 GET /default.htm q=1 443 CORP\\bob 203.0.113.9 Mozilla/5.0+(X11) 404 15",
     "w3c NOTICE {date=2026-03-04} {time=10:00:00} {server.ip=192.0.2.1} {http.request.method=GET} {url.path=/default.htm} {url.query=q=1} {server.port=443} {user.name=CORP\\bob} {source.ip=203.0.113.9} {user_agent.original=Mozilla/5.0+(X11)} {time-taken=15} {http.response.status_code=404} | GET /default.htm 404 Not Found (WebRequest, failure)"),
    ("w3c", "#Fields: date time x-event\n", &[], "2026-03-04 10:00:00 started", "w3c INFORMATIONAL {date=2026-03-04} {time=10:00:00} {x-event=started} | 2026-03-04 10:00:00 started"),
    ("w3c", "#Fields: date time\n", &[], "#Software: x", "w3c INFORMATIONAL !header | #Software: x"),
    ("auto", "", &[("user", "who.name"), ("message", "what"), ("severity", "how"), ("trace_id", "tr")],
     r#"{"who":{"name":"eve"},"what":"left","how":"E","msg":"other","tr":"4bf9"}"#,
     r#"json ERROR trace=4bf9 {user.name=eve} {log.level=E} {msg=other} {trace_id=4bf9} | left"#),
    ("auto", "", &[("dst_ip", "to"), ("host", "node")], "level=info msg=sent to=192.0.2.1 node=n7",
     "logfmt INFORMATIONAL host=n7 {level=info} {destination.ip=192.0.2.1} {host.name=n7} | sent"),
    ("auto", "", &[("dst_ip", "to")], "plain words to=192.0.2.1", "plain INFORMATIONAL | plain words to=192.0.2.1"),
];

#[test]
fn records_are_read_exactly() {
    let mut wrong = String::new();
    for (format, head, mapping, line, expected) in LINES {
        let got = shown(&source(format, head, mapping), line);
        if got != *expected {
            wrong += &format!("{line}\n  {got}\n  {expected}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn wide_and_long_records_are_bounded() {
    let wide = source("csv", &format!("{}\n", "c,".repeat(5_000)), &[]);
    let line = "1,".repeat(100_000);
    let (records, meta) = batch(line.as_bytes(), wide);
    let event = read(&records, &meta);
    assert!(event.format == Format::Csv && event.fields.len() <= FIELDS_MAX);
    for line in
        ["\"".repeat(1 << 20), "\"\",".repeat(1 << 18), format!("\"{}\"", "\"\"".repeat(1 << 19))]
    {
        let narrow = source("csv", "a,b,c\n", &[]);
        let (records, meta) = batch(line.as_bytes(), narrow);
        read(&records, &meta);
    }
}

proptest! {
    #[test]
    fn any_record_is_survived(
        head in "[a-c,;\t\"#\n\u{e4}]{0,30}",
        line in "([a-c,;\t\"#\n\u{e4}]|2026-03-04 10:00:00|GET|200){0,30}",
        format in prop::sample::select(vec!["csv", "tsv", "w3c", "auto"]),
        name in "[a-c]|column\\.[0-9]",
    ) {
        let mapping = [("message", name.as_str()), ("user", "a"), ("time", "b")];
        let source = source(format, &head, &mapping);
        let (batch, meta) = batch(line.as_bytes(), source);
        let event = read(&batch, &meta);
        for field in &event.fields {
            for span in [field.name, field.value] {
                prop_assert!(event.text.get(span.start as usize..span.end()).is_some());
            }
        }
        prop_assert!(event.text.get(event.message.start as usize..event.message.end()).is_some());
    }
}

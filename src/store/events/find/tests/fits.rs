//! What every term means, on events as the parser reads them.

use super::super::{Row, fits, parse};
use super::support::{event, parser};
use seerflow_model::Flags;

const SSHD: &str =
    "<38>Mar  4 10:11:12 Web-1 sshd[4711]: Failed password for root from 203.0.113.9 port 22";
const JSON: &str = "{\"time\":\"2026-03-04T10:11:12Z\",\"level\":\"error\",\"message\":\"caf\\u00e9 \\\"closed\\\"\",\
    \"http\":{\"response\":{\"status_code\":503}},\"user\":{\"name\":\"Bob\"},\"empty\":\"\",\"took\":1.5}";

fn check(line: &str, table: &[(&str, bool)]) {
    let event = event(&mut parser(), 7, 3, 1_772_619_072_000_000_000, line.as_bytes());
    for (query, expected) in table {
        let row = Row { event: &event, template: 42, probability: 0.01 };
        let node = parse(query).unwrap().resolve(&|id| if id == 1 { vec![42] } else { vec![] });
        assert_eq!(fits(&node, row), *expected, "{query} on {event:#?}");
    }
}

#[test]
fn a_line_of_syslog() {
    check(
        SSHD,
        &[
            ("*", true),
            ("failed", true),
            ("fail", false),
            ("fail*", true),
            ("\"FAILED password\"", true),
            ("\"password failed\"", false),
            ("203.0.113.9", true),
            ("203.0.113", true),
            ("03.0.113.9", false),
            ("sshd", true),
            ("38", true),
            ("failed root", true),
            ("failed admin", false),
            ("failed OR admin", true),
            ("-admin", true),
            ("NOT failed", false),
            ("(admin OR root) failed", true),
            ("host:web-1", true),
            ("host:web", false),
            ("host:we*", true),
            ("host:*", true),
            ("program:sshd", true),
            ("program:ssh", false),
            ("pid:4711", true),
            ("pid:47*", true),
            ("pid:471", false),
            ("msgid:*", false),
            ("-msgid:*", true),
            ("facility:auth", true),
            ("facility:>=4", true),
            ("facility:>4", false),
            ("severity:info", true),
            ("severity:>=warning", false),
            ("severity:<4", true),
            ("format:rfc3164", true),
            ("format:json", false),
            ("tag:late", false),
            ("source:/var/log/7.log", true),
            ("source:/VAR/*", true),
            ("source_type:file", true),
            ("template:42", true),
            ("template:1", true),
            ("template:2", false),
            ("score:>=0.99", true),
            ("score:>0.99", false),
            ("time:>=2026-03-04", true),
            ("time:<2026-03-04", false),
            ("user:root", true),
            ("user:ROOT", true),
            ("user:roo", false),
            ("user:ro*", true),
            ("ip:203.0.113.9", true),
            ("ip:203.0.*", true),
            ("ip:*", true),
            ("mac:*", false),
            ("entity.host:web-1", true),
            ("activity:login", true),
            ("outcome:failure", true),
            ("outcome:success", false),
            ("message:failed", true),
            ("message:sshd", false),
            ("message:\"port 22\"", true),
            ("message:*", true),
            ("nofield:x", false),
            ("-nofield:x", true),
            ("nofield:*", false),
        ],
    );
}

#[test]
fn a_record_whose_values_read_otherwise() {
    check(
        JSON,
        &[
            ("café", true),
            ("\"café \\\"closed\\\"\"", true),
            ("u00e9", true),
            ("cafu00e9", false),
            ("caf", true),
            ("message:caf", false),
            ("message:café", true),
            ("severity:error", true),
            ("http.response.status_code:503", true),
            ("HTTP.Response.Status_Code:503", true),
            ("http.response.status_code:50*", true),
            ("http.response.status_code:>=500", true),
            ("http.response.status_code:>503", false),
            ("http.response.status_code:<=503", true),
            ("http.response.status_code:<1000", true),
            ("took:<2", true),
            ("took:>1.49", true),
            ("user.name:bob", true),
            ("user.name:>1", false),
            ("user:bob", true),
            ("empty:*", true),
            ("empty:\"\"", true),
            ("empty:x*", false),
            ("nothing:\"\"", false),
            ("status_code:503", false),
        ],
    );
}

#[test]
fn ids_and_tags() {
    let mut event = event(&mut parser(), 7, 3, 5, SSHD.as_bytes());
    event.flags.set(Flags::LATE);
    let row = Row { event: &event, template: 1, probability: 1.0 };
    let root = event.entities.iter().find(|e| event.get(e.value) == "root").unwrap();
    let root = seerflow_model::entity::uuid(root.kind, &event.canonical(root));
    for (query, expected) in [
        (format!("event:{}", event.id()), true),
        (format!("event:{root}"), false),
        (format!("entity:{root}"), true),
        (format!("entity:{}", event.id()), false),
        ("tag:late".to_owned(), true),
        ("tag:own".to_owned(), false),
        ("score:0".to_owned(), true),
        ("score:>0".to_owned(), false),
    ] {
        assert_eq!(fits(&parse(&query).unwrap(), row), expected, "{query}");
    }
}

#[test]
fn parts_are_texts_of_their_own() {
    // Two values that were added one behind the other are no word together.
    let line = "{\"msg\":\"a\\tb\",\"x\":\"one\\u002dtwo\",\"y\":\"three\\u002dfour\"}";
    check(
        line,
        &[
            ("two", true),
            ("three", true),
            ("\"one-two\"", true),
            ("twothree", false),
            ("x:one-two", true),
            ("\"a\tb\"", true),
        ],
    );
}

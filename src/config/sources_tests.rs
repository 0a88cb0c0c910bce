use super::*;
use crate::config::{document, source_reader::read};
use seerflow_model::{SourceInfo, Span};
use std::sync::Arc;

fn check(yaml: &str) -> (Vec<SourceEntry>, Vec<String>) {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let entries = read(&document::parse(yaml).unwrap(), &mut problems, &mut warnings);
    problems.extend(warnings);
    (entries, problems.iter().map(|p| p.at("f").to_string()).collect())
}

fn event(severity: Severity, message: &str) -> Event {
    let source = SourceInfo::plain(1, "t", ReceiverKind::File, "file");
    let mut event = Event::empty(Arc::new(source));
    event.text = message.into();
    event.message = Span::new(0, message.len());
    event.severity = severity;
    event
}

#[test]
fn reads_an_entry() {
    let (entries, problems) = check(
        "- name: nginx\n  match: {receiver: file, path: /var/log/nginx/*.log}\n  format: json\n  \
         timezone: Europe/Berlin\n  year: 2024\n  multiline: {start: '^\\d{4}-'}\n  \
         source_type: web\n  lateness_seconds: 60\n  drop:\n  - severity: notice\n  \
         - {template: 'GET <path> took <*>'}\n  - {regex: health, severity: warning}\n",
    );
    assert_eq!(problems, [""; 0]);
    let entry = &entries[0];
    assert_eq!((entry.name.as_str(), entry.format), ("nginx", Some(Format::Json)));
    assert_eq!((entry.year, entry.lateness_seconds), (Some(2024), Some(60)));
    assert!(matches!(&entry.multiline, Multiline::Start(regex) if regex.is_match("2024-01-01")));
    assert_eq!(entry.drop.len(), 3);
    assert_eq!(entry.source_type.as_deref(), Some("web"));
    assert!(entry.timezone.is_some());
}

#[test]
fn reads_what_columns_mean() {
    let (entries, problems) = check(
        "- {format: csv, field_mapping: {message: Text, timestamp: Booked at, level: Grade, src_ip: Terminal}}",
    );
    assert_eq!(problems, [""; 0]);
    let mapping: Vec<_> =
        entries[0].field_mapping.iter().map(|(m, name)| (m.name(), name.as_str())).collect();
    let expected =
        [("message", "Text"), ("time", "Booked at"), ("severity", "Grade"), ("src_ip", "Terminal")];
    assert_eq!(mapping, expected);
}

#[test]
fn every_format_can_be_fixed() {
    for format in Format::ALL {
        let (entries, problems) = check(&format!("- {{format: {}}}", format.name()));
        assert_eq!((entries[0].format, problems), (Some(format), Vec::new()));
    }
}

#[test]
fn reads_what_is_redacted() {
    let (entries, problems) =
        check("- redact: [card, email, token, {regex: 'id=(\\d+)', as: id}, {field: ssn}]\n");
    assert_eq!(problems, [""; 0]);
    let file = "- {name: f, match: {receiver: file}REDACT}\n- {name: p, match: {program: x}}\n\
                - {name: all, redact: [card]}\n";
    let (_, problems) = check(&file.replace("REDACT", ""));
    assert!(problems[0].contains("f:3:3: sources[2]: redact does not hold for"), "{problems:?}");
    assert!(problems[0].contains("before it fit: f; write"), "{problems:?}");
    assert_eq!(check(&file.replace("REDACT", ", redact: []")).1, [""; 0]);
    let names: Vec<_> = entries[0].redact.iter().map(Rule::name).collect();
    assert_eq!(names, ["card", "email", "token", "id", "value"]);
}

#[test]
fn the_first_entry_that_fits_is_used() {
    let (entries, _) = check(
        "- {name: a, match: {path: '/var/log/*.log', program: sshd}}\n\
         - {name: b, match: {receiver: file}}\n- {name: c}\n",
    );
    let name = |facts: SourceFacts<'_>| find(&entries, &facts).map(|entry| entry.name.clone());
    let path = "/var/log/auth.log";
    let file = SourceFacts { receiver: Some(ReceiverKind::File), path, ..SourceFacts::default() };
    assert_eq!(name(SourceFacts { program: "sshd", ..file }).as_deref(), Some("a"));
    assert_eq!(name(file).as_deref(), Some("b"));
    assert_eq!(name(SourceFacts::default()).as_deref(), Some("c"));
}

#[test]
fn drops_what_fits_all_of_a_rule() {
    let (entries, problems) = check(
        "- drop: [{severity: 1}, {regex: ^ping}, {template: 'took <*> ms'}, {template: 42},\n    \
         {regex: secret, severity: error}]",
    );
    assert_eq!(problems, [""; 0]);
    let drop = &entries[0].drop;
    let info = event(Severity::Informational, "x");
    let error = event(Severity::Error, "ping secret");
    assert!(drop[0].drops(&info, None) && !drop[0].drops(&error, None));
    assert!(drop[1].drops(&error, None) && !drop[1].drops(&info, None));
    assert!(drop[2].drops(&error, Some((7, "took <number> ms"))));
    assert!(!drop[2].drops(&error, Some((7, "took <number> s"))) && !drop[2].drops(&error, None));
    assert!(drop[3].drops(&error, Some((42, ""))));
    assert!(drop[4].drops(&error, None));
    assert!(!drop[4].drops(&event(Severity::Fatal, "secret"), None));
    let reasons: Vec<_> = drop.iter().map(DropRule::reason).collect();
    let template = "drop_template";
    assert_eq!(reasons, ["drop_severity", "drop_regex", template, template, "drop_regex"]);
}

#[test]
fn says_what_is_wrong_and_where() {
    for (yaml, message) in [
        ("5", "f:1:1: sources: is 5; allowed: a list of entries"),
        ("- 5", "sources[0]: is 5; allowed: name, match"),
        ("- {nmae: x}", "f:1:4: sources[0].nmae: is not a known key; did you mean `name`?"),
        ("- {source_from: x}", "sources[0].source_from: cannot be used in this version"),
        ("- {weights: 5}", "sources[0].weights: is 5; allowed: content, volume"),
        ("- {weights: {contents: 1}}", "weights.contents: is not a known key; did you mean"),
        ("- {weights: {content: -1}}", "weights.content: is -1; allowed: a number from 0 to 1000"),
        (
            "- {weights: {content: 1}, match: {program: x}}",
            "sources[0].weights: cannot go with match.program",
        ),
        ("- {redact: card}", "f:1:12: sources[0].redact: is \"card\"; allowed: a list of card"),
        ("- {redact: [crad]}", "sources[0].redact[0]: is \"crad\"; allowed: card, email, token"),
        ("- {redact: [crad]}", "did you mean `card`?"),
        ("- {redact: [5]}", "sources[0].redact[0]: is 5; allowed: card, email, token"),
        (
            "- {redact: [{regexp: x}]}",
            "redact[0].regexp: is not a known key; did you mean `regex`?",
        ),
        ("- {redact: [{as: x}]}", "redact[0]: must have one of regex and field"),
        ("- {redact: [{regex: x, field: y}]}", "redact[0]: must have one of regex and field"),
        (
            "- {redact: [{regex: '('}]}",
            "redact[0].regex: is not a regular expression: error: unclosed",
        ),
        (
            "- {redact: [{regex: '(a{999}){999}'}]}",
            "redact[0].regex: is not a regular expression: ",
        ),
        ("- {redact: [{regex: a, as: 'A b'}]}", "redact[0].as: is \"A b\"; allowed: a lower-case"),
        ("- {redact: [{field: ''}]}", "redact[0].field: is \"\"; allowed: 1 to 128 visible"),
        ("- {redact: [card], match: {program: x}}", "redact: cannot go with match.program"),
        ("- {match: {paht: x}}", "sources[0].match.paht: is not a known key; did you mean `path`?"),
        ("- {match: {receiver: fiel}}", "is \"fiel\"; allowed: syslog_udp"),
        ("- {match: {path: 'a[b'}}", "sources[0].match.path: is \"a[b\", not a glob"),
        ("- {format: jsn}", "did you mean `json`?"),
        ("- {timezone: Mars/Olympus}", "is \"Mars/Olympus\"; allowed: UTC, local"),
        ("- {format: nginx}", "is \"nginx\"; allowed: auto, plain"),
        ("- {field_mapping: 5}", "sources[0].field_mapping: is 5; allowed: message, time"),
        (
            "- {field_mapping: {usr: x}}",
            "field_mapping.usr: is not a known key; did you mean `user`?",
        ),
        ("- {field_mapping: {user: ''}}", "field_mapping.user: has 0 bytes; allowed: the name"),
        ("- {field_mapping: {user: [x]}}", "sources[0].field_mapping.user: is "),
        ("- {field_mapping: {time: a, timestamp: b}}", "field_mapping.timestamp: says again"),
        ("- {format: cef, field_mapping: {user: x}}", "not with cef"),
        ("- {year: 24}", "is 24; allowed: a whole number from 1970 to 2261"),
        ("- {drop: [{}]}", "sources[0].drop[0]: is empty and would drop everything"),
        ("- {drop: [{regex: '('}]}", "drop[0].regex: is not a regular expression: error: unclosed"),
        ("- {drop: [{regex: '(a{999}){999}'}]}", "is not a regular expression: "),
        ("- {multiline: maybe}", "is \"maybe\"; allowed: auto, off"),
        ("- {name: a}\n- {name: a}", "name \"a\" is used twice"),
        ("- {name: a}\n- {name: b}", "f:2:3: sources[1]: is never used"),
    ] {
        let (_, problems) = check(yaml);
        assert!(problems.iter().any(|p| p.contains(message)), "{yaml}: {problems:?}");
    }
}

#[test]
fn wildcards_are_one() {
    assert_eq!(wildcards("a <ip> b <*>c <> < x>"), "a <*> b <*>c <> < x>");
    assert_eq!(wildcards("<number"), "<number");
}

//! The language, from the text of a rule to whether it matches: one line per sentence of the
//! specification.

use crate::engine::fields::Fields;
use crate::{LogSourceRef, Matcher, Options, load};
use serde_json::{Value, json};
use std::sync::Arc;

const SOURCE: LogSourceRef<'static> = LogSourceRef { category: "", product: "test", service: "" };

fn options() -> Options {
    let value = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let placeholders = [("admins", value(&["root", "adm_*"])), ("net", value(&["10.0.0.0/8"]))];
    let placeholders = placeholders.map(|(name, values)| (name.to_owned(), values)).into();
    Options { placeholders, ..Options::default() }
}

/// A rule with this detection, which must be fine.
fn rule(detection: &str) -> Matcher {
    let indented = detection.replace('\n', "\n  ");
    let text = format!("title: t\nlogsource:\n  product: test\ndetection:\n  {indented}\n");
    let loaded = load([("t.yml".into(), text.as_str())], &options());
    assert!(loaded.problems.is_empty(), "{detection}: {}", loaded.problems[0]);
    Matcher::new(Arc::new(loaded.set))
}

/// The message about a rule that is not fine.
fn wrong(detection: &str) -> String {
    let indented = detection.replace('\n', "\n  ");
    let text = format!("title: t\nlogsource:\n  product: test\ndetection:\n  {indented}\n");
    let loaded = load([("t.yml".into(), text.as_str())], &options());
    assert_eq!(loaded.problems.len(), 1, "{detection}");
    loaded.problems[0].to_string()
}

pub(super) fn check(detection: &str, event: &(impl Fields + std::fmt::Debug), expected: bool) {
    let mut matcher = rule(detection);
    let found = !matcher.matches(&[SOURCE], event).is_empty();
    assert_eq!(found, expected, "{detection}\n{event:?}");
}

/// One item, with the events that it matches and does not match.
fn item(item: &str, yes: &[Value], no: &[Value]) {
    let detection = format!("s:\n  {}\ncondition: s", item.replace('\n', "\n  "));
    yes.iter().for_each(|event| check(&detection, event, true));
    no.iter().for_each(|event| check(&detection, event, false));
}

#[test]
fn plain_values() {
    item("a: Foo", &[json!({"a": "fOO"})], &[json!({"a": "food"}), json!({"b": "foo"})]);
    item("a: ÄÖ", &[json!({"a": "äö"})], &[json!({"a": "ao"})]);
    item("a: f?o*r", &[json!({"a": "fooBAR"}), json!({"a": "fxor"})], &[json!({"a": "for"})]);
    item(r"a: 'f\*o'", &[json!({"a": "f*o"})], &[json!({"a": "foo"})]);
    item(r"a: 'C:\x\\*'", &[json!({"a": r"c:\x\y"})], &[json!({"a": r"c:\x*"})]);
    item("a: [x, y]", &[json!({"a": "x"}), json!({"a": "Y"})], &[json!({"a": "z"})]);
    item("a: ''", &[json!({"a": ""})], &[json!({"a": null}), json!({}), json!({"a": "x"})]);
    item("a: '*'", &[json!({"a": ""}), json!({"a": "x"})], &[json!({}), json!({"a": null})]);
    item("a: null", &[json!({}), json!({"a": null})], &[json!({"a": ""}), json!({"a": 0})]);
    item("a: true", &[json!({"a": true}), json!({"a": "True"})], &[json!({"a": false})]);
}

#[test]
fn numbers() {
    let number = [json!({"a": 4688}), json!({"a": "4688"}), json!({"a": 4688.0})];
    item("a: 4688", &number, &[json!({"a": 46880}), json!({"a": "x4688"}), json!({"a": true})]);
    item("a: '4688'", &number[..2], &[json!({"a": 4689})]);
    item("a: 0.5", &[json!({"a": 0.5}), json!({"a": "0.50"})], &[json!({"a": 5})]);
    item("a|gt: 5", &[json!({"a": 6}), json!({"a": "5.1"})], &[json!({"a": 5}), json!({"a": "x"})]);
    item("a|gte: 5", &[json!({"a": 5})], &[json!({"a": 4.9}), json!({})]);
    item("a|lt: 5", &[json!({"a": -1})], &[json!({"a": 5})]);
    item("a|lte: '5'", &[json!({"a": 5})], &[json!({"a": 6})]);
    item("a|contains: 46", &[json!({"a": 4688})], &[json!({"a": 45})]);
}

#[test]
fn affixes_and_lists() {
    item("a|contains: oB", &[json!({"a": "foobar"})], &[json!({"a": "fo bar"})]);
    item("a|startswith: foo", &[json!({"a": "FOObar"})], &[json!({"a": "afoo"})]);
    item("a|endswith: bar", &[json!({"a": "fooBAR"})], &[json!({"a": "barf"})]);
    item("a|endswith: '\\x.exe'", &[json!({"a": r"c:\X.EXE"})], &[json!({"a": "ax.exe"})]);
    item("a|contains: 'f*r'", &[json!({"a": "xfoobarx"})], &[json!({"a": "rf"})]);
    item("a|contains|all: [x, y]", &[json!({"a": "y x"})], &[json!({"a": "x"})]);
    item("a|all|contains: [x, y]", &[json!({"a": "y x"})], &[json!({"a": "x"})]);
    item("a|contains|any: [x, y]", &[json!({"a": "y"})], &[json!({"a": "z"})]);
    item("a|contains|all: [x, y]", &[json!({"a": ["x", "y"]})], &[json!({"a": ["x"]})]);
    item(
        "a.b: x",
        &[json!({"a": {"b": "x"}}), json!({"a": [{"b": "x"}]}), json!({"a.b": "x"})],
        &[json!({"b": "x"})],
    );
}

#[test]
fn case_matters_when_cased() {
    item("a|cased: Foo", &[json!({"a": "Foo"})], &[json!({"a": "foo"})]);
    item("a|contains|cased: Foo", &[json!({"a": "xFoox"})], &[json!({"a": "xfoox"})]);
    item("a|cased|endswith: '\\X.exe'", &[json!({"a": r"c:\X.exe"})], &[json!({"a": r"c:\x.exe"})]);
}

#[test]
fn regular_expressions() {
    item(r"a|re: 'b[0-9]+c'", &[json!({"a": "xb12c"})], &[json!({"a": "xB12c"})]);
    item(r"a|re|i: '^b[0-9]+C$'", &[json!({"a": "B12c"})], &[json!({"a": "xB12c"})]);
    item(r"a|re|m: '^b$'", &[json!({"a": "a\nb\nc"})], &[json!({"a": "abc"})]);
    item(r"a|re: '^b$'", &[json!({"a": "b"})], &[json!({"a": "a\nb\nc"})]);
    item(r"a|re|s: 'a.b'", &[json!({"a": "a\nb"})], &[json!({"a": "ab"})]);
    item(r"a|re: 'a.b'", &[json!({"a": "a-b"})], &[json!({"a": "a\nb"})]);
    item(r"a|re|i|m|s: '^b.c$'", &[json!({"a": "a\nB\nc\nd"})], &[json!({"a": "a\nB\nd"})]);
    item(r"a|re: ['^x', 'y$']", &[json!({"a": "xa"}), json!({"a": "ay"})], &[json!({"a": "ax"})]);
}

#[test]
fn networks() {
    item("a|cidr: 10.0.0.0/8", &[json!({"a": "10.1.2.3"})], &[json!({"a": "11.1.2.3"})]);
    item(
        "a|cidr: ['fe80::/10', '::1']",
        &[json!({"a": "fe80::9"}), json!({"a": "::1"})],
        &[json!({"a": "::2"}), json!({"a": "x"})],
    );
}

#[test]
fn encodings() {
    item("a|base64: foobar", &[json!({"a": "Zm9vYmFy"})], &[json!({"a": "foobar"})]);
    // `foobar` behind 0, 1 and 2 other bytes: base64 of "foobar!", "xfoobar!", "xxfoobar!".
    let shifted = ["Zm9vYmFyIQ==", "eGZvb2JhciE=", "eHhmb29iYXIh"];
    let shifted = shifted.map(|text| json!({ "a": text }));
    item("a|base64offset|contains: foobar", &shifted, &[json!({"a": "foobar"})]);
    // "cmd" in UTF-16, little end first: 63 00 6d 00 64 00.
    item("a|wide|base64: cmd", &[json!({"a": "YwBtAGQA"})], &[json!({"a": "Y21k"})]);
    item("a|utf16le|base64: cmd", &[json!({"a": "YwBtAGQA"})], &[]);
    item("a|utf16be|base64: cmd", &[json!({"a": "AGMAbQBk"})], &[]);
    item("a|utf16|base64: cmd", &[json!({"a": "//5jAG0AZAA="})], &[]);
    item("a|wide|contains: cmd", &[json!({"a": "xc\0m\0d\0"})], &[json!({"a": "cmd"})]);
    item("a|wide|base64offset|contains: cmd", &[json!({"a": "xxYwBtAGQAxx"})], &[]);
}

#[test]
fn windash() {
    let yes = ["x -enc y", "x /enc y", "x \u{2013}enc y", "x \u{2014}enc y", "x \u{2015}ENC y"];
    let yes = yes.map(|text| json!({ "a": text }));
    item("a|windash|contains: ' -enc '", &yes, &[json!({"a": "x +enc y"})]);
    item("a|contains|windash: ' -enc '", &yes, &[json!({"a": "x enc y"})]);
    item("a|windash|contains|all: ['-a', '/b']", &[json!({"a": "x /a -b"})], &[json!({"a": "-a"})]);
}

#[test]
fn presence_and_other_fields() {
    let there = ["\"x\"", "null", "[]", "{}", "[null]", "\"\""];
    let there = there.map(|value| json!({"a": value.parse::<Value>().unwrap()}));
    item("a|exists: true", &there, &[json!({})]);
    item("a|exists: false", &[json!({})], &there);
    item("a: null", &there[1..5], &[json!({"a": ""}), json!({"a": [null, 0]})]);
    item("a|exists: false", &[json!({"b": 1})], &[json!({"a": ""})]);
    item("a|neq: x", &[json!({"a": "y"})], &[json!({"a": "X"}), json!({})]);
    item("a|neq: 5", &[json!({"a": 6})], &[json!({"a": "5"})]);
    item("a|neq: [x, y]", &[json!({"a": "z"})], &[json!({"a": "x"}), json!({"a": "y"})]);
    item("a|contains|neq: x", &[json!({"a": "y"})], &[json!({"a": "axa"})]);
    item(
        "a|fieldref: b",
        &[json!({"a": "x", "b": "X"})],
        &[json!({"a": "x", "b": "y"}), json!({"a": "x"}), json!({})],
    );
    item("a|fieldref|neq: b", &[json!({"a": "x", "b": "y"})], &[json!({"a": "x", "b": "x"})]);
    item(
        "a|fieldref|startswith: b",
        &[json!({"a": "xy", "b": "x"})],
        &[json!({"a": "yx", "b": "x"})],
    );
    item(
        "a|fieldref|endswith: b",
        &[json!({"a": "xy", "b": "y"})],
        &[json!({"a": "yx", "b": "y"})],
    );
    item(
        "a|fieldref|contains: b",
        &[json!({"a": "xyz", "b": "y"})],
        &[json!({"a": "xz", "b": "y"})],
    );
    item("a|fieldref|cased: b", &[json!({"a": "x", "b": "x"})], &[json!({"a": "x", "b": "X"})]);
}

#[test]
fn times() {
    let at = |text: &str| json!({ "t": text });
    item("t|hour: 3", &[at("2026-03-15T03:14:07Z")], &[at("2026-03-15T04:14:07Z"), at("x")]);
    item("t|hour|gte: 18", &[at("2026-03-15 18:00:00")], &[at("2026-03-15 17:59:59")]);
    item("t|minute: [0, 30]", &[at("2026-03-15 18:30:00")], &[at("2026-03-15 18:31:00")]);
    item("t|day: 15", &[at("2026-03-15"), json!({"t": 1773544447})], &[at("2026-03-16")]);
    item("t|week: 11", &[at("2026-03-15")], &[at("2026-03-16")]);
    item("t|month|lt: 4", &[at("2026-03-31")], &[at("2026-04-01")]);
    item("t|year|neq: 2026", &[at("2025-03-31")], &[at("2026-04-01")]);
}

#[test]
fn placeholders() {
    item(
        "a|expand: '%admins%'",
        &[json!({"a": "root"}), json!({"a": "ADM_x"})],
        &[json!({"a": "x"})],
    );
    item(
        "a|contains|expand: 'u=%admins%;'",
        &[json!({"a": "xu=root;"})],
        &[json!({"a": "u=bob;"})],
    );
    item("a|expand: '\\%admins%'", &[json!({"a": "%admins%"})], &[json!({"a": "root"})]);
    item("a: '%admins%'", &[json!({"a": "%admins%"})], &[json!({"a": "root"})]);
    item("a|cidr|expand: '%net%'", &[json!({"a": "10.0.0.9"})], &[json!({"a": "9.0.0.9"})]);
}

#[test]
fn keywords() {
    let detection = "s:\n  - foo\n  - 'b*r'\n  - 42\ncondition: s";
    for (event, expected) in [
        (json!({"m": "a FOO b"}), true),
        (json!({"x": {"y": "xbaaarx"}}), true),
        (json!({"n": 1421}), true),
        (json!({"m": "fo o"}), false),
        (json!({"foo": "x"}), false),
    ] {
        check(detection, &event, expected);
    }
    check("s: foo\ncondition: s", &json!({"m": "xfoox"}), true);
    let all = "s:\n  '|all':\n    - foo\n    - bar\ncondition: s";
    check(all, &json!({"a": "foo", "b": "bar"}), true);
    check(all, &json!({"a": "foo"}), false);
    check("s:\n  '|re': '^f.o$'\ncondition: s", &json!({"a": "fxo"}), true);
    check("s:\n  '|cased': Foo\ncondition: s", &json!({"a": "foo"}), false);
    check("s:\n  - foo\n  - a: 1\ncondition: s", &json!({"a": 1}), true);
}

#[test]
fn conditions() {
    let names = "a1: {a: 1}\na2: {b: 1}\n_c: {c: 1}\nlist:\n  - {a: 2}\n  - {b: 2}\n";
    for (condition, event, expected) in [
        ("a1", json!({"a": 1}), true),
        ("a1 and a2", json!({"a": 1, "b": 1}), true),
        ("a1 and a2", json!({"a": 1}), false),
        ("a1 or a2 and _c", json!({"a": 1}), true),
        ("(a1 or a2) and _c", json!({"a": 1}), false),
        ("not a1", json!({"b": 1}), true),
        ("a1 and not a2", json!({"a": 1, "b": 1}), false),
        ("1 of a*", json!({"b": 1}), true),
        ("all of a*", json!({"b": 1}), false),
        ("all of a*", json!({"a": 1, "b": 1}), true),
        ("any of a*", json!({"b": 1}), true),
        ("1 of them", json!({"c": 1}), false),
        ("1 of _*", json!({"c": 1}), true),
        ("1 of them", json!({"b": 2}), true),
        ("not all of a*", json!({"b": 1}), true),
        ("list", json!({"a": 2}), true),
        ("not 1 of a* and list", json!({"a": [1, 2]}), false),
        ("[a1, a2]", json!({"b": 1}), true),
        ("[a1, a2]", json!({"c": 1}), false),
    ] {
        check(&format!("{names}condition: {condition}"), &event, expected);
    }
}

#[test]
fn what_is_wrong_names_file_line_column_and_rule() {
    let s = |item: &str| format!("s:\n  {item}\ncondition: s");
    for (detection, place, part) in [
        (s("a|contians: x"), "6:5", "`contains`"),
        (s("a|re: '('"), "6:11", "expression cannot be used"),
        (s("a|re: 'a(?=b)'"), "6:11", "look"),
        (s("a|re: 'x{1000}{1000}'"), "6:11", "size"),
        (s("a|cidr: 10.0.0.0/33"), "6:13", "no network"),
        (s("a|gt: x"), "6:11", "needs a number"),
        (s("a|exists: maybe"), "6:15", "true or false"),
        (s("a|i: x"), "6:10", "only follow `re`"),
        (s("a|wide|re: x"), "6:16", "needs text"),
        (s("a|gt|lt: 5"), "6:14", "exclude"),
        (s("a|base64: 'x*'"), "6:15", "wildcards"),
        (s("a|wide: \u{fc}x"), "6:13", "base64"),
        (s("a: {b: c}"), "6:8", "one scalar"),
        (s("a: []"), "6:8", "empty list"),
        (s("a: [[x]]"), "6:9", "one scalar"),
        (s("a|fieldref: ''"), "6:17", "not empty"),
        ("s: {a: x}\ncondition: t".to_owned(), "6:14", "no search identifier"),
        ("s: {a: x}\ncondition: 1 of t*".to_owned(), "6:14", "no search identifier"),
        ("s: {a: x}\ncondition: s | count() > 5".to_owned(), "6:14", "correlation"),
        ("s: {a: x}\ntimeframe: 5m\ncondition: s".to_owned(), "6:3", "correlation"),
        ("s: {a: x}".to_owned(), "5:3", "no `condition`"),
        ("s: {}\ncondition: s".to_owned(), "5:6", "empty mapping"),
        ("s: []\ncondition: s".to_owned(), "5:6", "empty list"),
        ("s:\ncondition: s".to_owned(), "5:4", "without content"),
        ("s:\n  '|cidr': 10.0.0.0/8\ncondition: s".to_owned(), "6:14", "needs a field"),
    ] {
        let message = wrong(&detection);
        let fits = message.starts_with(&format!("t.yml:{place}: ")) && message.contains(part);
        assert!(fits && message.ends_with("(rule `t`)"), "{detection}\n{message}");
    }
}

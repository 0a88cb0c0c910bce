//! What is decided where engines differ, one line per case: found by comparing answers with those
//! of an independent engine (`tools/sigma-diff`). Where the specification is silent, `docs/sigma.md`
//! says what speaks for the decision.

use super::tests::check;
use serde_json::{Value, json};

/// Items (or whole search identifiers, when they begin with `[` or `{`), an event, the answer.
fn table(rows: &[(&str, Value, bool)]) {
    for (search, event, expected) in rows {
        let whole = search.starts_with(['[', '{', '\'']);
        let detection = match whole {
            true => format!("s: {search}\ncondition: s"),
            false => format!("s:\n  {search}\ncondition: s"),
        };
        check(&detection, event, *expected);
    }
}

#[test]
fn keywords_are_of_the_entire_event() {
    table(&[
        ("{'|all': [foo, bar]}", json!({"a": "foo", "b": "bar"}), true),
        ("['f*o']", json!({"a": "say: faro!"}), true),
        ("['f?o']", json!({"a": "x fxo y"}), true),
        ("[42]", json!({"a": "port 421"}), true),
        ("['42']", json!({"a": 1421}), true),
        ("['true']", json!({"a": true}), true),
        ("[foo]", json!({"a": {"b": ["x", "a foo"]}}), true),
        ("[foo]", json!({"foo": "x"}), false),
    ]);
}

#[test]
fn wildcards_are_any_characters() {
    table(&[
        ("a: 'x*y'", json!({"a": "x\n1\ny"}), true),
        ("a: 'x?y'", json!({"a": "x\ny"}), true),
        ("a|contains: 'x*y'", json!({"a": "1x\ny2"}), true),
        ("a: 'x?y'", json!({"a": "x\u{130}y"}), true),
        ("a: 'x?y'", json!({"a": "x\u{1f600}y"}), true),
        ("a|startswith: 'x*y'", json!({"a": "x1y2"}), true),
        ("a|startswith: 'x*y'", json!({"a": "0x1y2"}), false),
        ("a|endswith: 'x*y'", json!({"a": "0x1y"}), true),
        ("a|endswith: 'x*y'", json!({"a": "0x1y2"}), false),
    ]);
}

#[test]
fn case_is_that_of_each_character() {
    table(&[
        ("a: \u{3a3}\u{3a3}", json!({"a": "\u{3c3}\u{3c3}"}), true),
        ("a: \u{3c3}\u{3c2}", json!({"a": "\u{3a3}\u{3a3}"}), false),
        ("a|contains: \u{3c3}", json!({"a": "A\u{3a3} B"}), true),
        ("a: s", json!({"a": "\u{17f}"}), false),
        ("a: k", json!({"a": "\u{212a}"}), true),
        ("a: \u{130}", json!({"a": "i"}), true),
        ("a: \u{df}", json!({"a": "SS"}), false),
        ("a: '*\u{e9}?'", json!({"a": "x\u{c9}\u{df}"}), true),
    ]);
}

#[test]
fn numbers_are_written_with_digits_first() {
    table(&[
        ("a: 5", json!({"a": "05"}), true),
        ("a: 5", json!({"a": "5.0"}), true),
        ("a: 10", json!({"a": "1e1"}), true),
        ("a: 5", json!({"a": "+5"}), false),
        ("a: 0.5", json!({"a": ".5"}), false),
        ("a|gt: 5", json!({"a": "inf"}), false),
        ("a: 9007199254740992", json!({"a": "9007199254740993"}), false),
        ("a|gt: 9007199254740992", json!({"a": 9_007_199_254_740_993_i64}), true),
        ("a: '18446744073709551615'", json!({"a": u64::MAX}), true),
        ("a: true", json!({"a": "TRUE"}), true),
        ("a: true", json!({"a": "1"}), false),
        ("a: true", json!({"a": "yes"}), false),
        ("a: true", json!({"a": 1}), false),
    ]);
}

#[test]
fn encodings_and_dashes() {
    table(&[
        // "ab" before "q": the last character of base64 hangs on what follows.
        ("a|base64offset|contains: ab", json!({"a": "YWJx"}), true),
        ("a|base64offset: abc", json!({"a": "xxYWJj"}), false),
        ("a|base64offset: abc", json!({"a": "YWJj"}), true),
        ("a|wide: ab", json!({"a": "a\0b\0"}), true),
        ("a|wide: ab", json!({"a": "ab"}), false),
        ("a|windash|contains: ' /c'", json!({"a": "cmd -c dir"}), true),
        ("a|windash|contains: ' \u{2013}c'", json!({"a": "cmd /c dir"}), true),
        ("a|windash: a-b", json!({"a": "a/b"}), false),
        ("a|windash: '--x'", json!({"a": "-/x"}), true),
        ("a|windash: '--x'", json!({"a": "/-x"}), false),
        ("a|windash: '-x*'", json!({"a": "/xyz"}), true),
        ("a|windash: '-x*'", json!({"a": "-x*"}), true),
    ]);
}

#[test]
fn times_are_read_as_they_stand() {
    table(&[
        ("a|hour: 23", json!({"a": "2026-03-15T23:14:07+05:00"}), true),
        ("a|day: 15", json!({"a": "2026-03-15"}), true),
        ("a|month: 3", json!({"a": "2026/03/15 03:14:07"}), true),
        ("a|minute: 14", json!({"a": "2026-03-15 03:14"}), true),
        ("a|hour: 3", json!({"a": "1773544447"}), true),
        ("a|year: 1969", json!({"a": -5}), false),
    ]);
}

#[test]
fn fields_without_values_and_several() {
    table(&[
        ("a|neq: x", json!({"a": null}), true),
        ("a|neq: x", json!({"a": []}), true),
        ("a|neq: x", json!({"a": ["y", "x"]}), false),
        ("a|neq: x", json!({}), false),
        ("a|fieldref: b", json!({"a": null, "b": null}), false),
        ("a|fieldref: b", json!({"a": ["x", "y"], "b": ["z", "y"]}), true),
        ("a|fieldref|contains: b", json!({"a": "xyz", "b": ["q", "Y"]}), true),
        ("a|exists: true", json!({"a": {"b": 1}}), false),
        ("a|cidr: 10.0.0.0/8", json!({"a": "::ffff:10.1.2.3"}), true),
        ("a|cidr: '::/0'", json!({"a": "::ffff:10.1.2.3"}), false),
    ]);
}

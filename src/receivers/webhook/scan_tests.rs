//! The scanner against a reader of JSON that builds everything.

use super::scan::{DEPTH_MAX, blanks, elements, field, one_line, value};
use proptest::prelude::*;
use serde_json::Value;

/// Whether the text is one value, by the scanner.
fn whole(text: &[u8]) -> bool {
    value(text, 0).is_ok_and(|end| blanks(text, end) == text.len())
}

/// The same by serde, which does not take lone surrogates and very large exponents.
fn by_serde(text: &[u8]) -> bool {
    serde_json::from_slice::<Value>(text).is_ok()
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((".{0,6}", inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn valid_texts_end_where_they_end_and_stay_what_they_are(json in json(), junk in "[ \t]{0,3}") {
        for text in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
            let text = format!("{text}{junk}");
            prop_assert_eq!(value(text.as_bytes(), 0), Ok(text.trim_end_matches([' ', '\t']).len()));
            let mut line = Vec::new();
            one_line(text.trim().as_bytes(), &mut line);
            prop_assert!(!line.contains(&b'\n'));
            prop_assert_eq!(&serde_json::from_slice::<Value>(&line).unwrap(), &json);
        }
    }

    #[test]
    fn damaged_texts_are_judged_as_serde_judges_them(
        json in json(), at in any::<prop::sample::Index>(), with in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut text = json.to_string().into_bytes();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = with }
        if std::str::from_utf8(&text).is_ok() {
            let escapes = text.windows(2).any(|w| w == b"\\u");
            let numbers = text.iter().filter(|c| matches!(c, b'e' | b'E')).count() > 0;
            prop_assert!(whole(&text) == by_serde(&text) || escapes || numbers, "{:?}", text);
        }
    }

    #[test]
    fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = (value(&bytes, 0), field(&bytes, 0, "a.b"), elements(&bytes, 0).count());
        one_line(&bytes, &mut Vec::new());
    }

    #[test]
    fn fields_are_found_as_serde_finds_them(json in json(), name in "[a-c]") {
        let inner = serde_json::json!({"a": json, "b": {"c": 7, "b": json}});
        let text = inner.to_string();
        let found = |name: &str| {
            let start = field(text.as_bytes(), 0, name)?;
            let end = value(text.as_bytes(), start).unwrap();
            serde_json::from_str::<Value>(&text[start..end]).ok()
        };
        prop_assert_eq!(found(&name), inner.get(&name).cloned());
        prop_assert_eq!(found("b.c"), Some(Value::from(7)));
        prop_assert_eq!(found("b.b"), Some(json));
    }
}

#[test]
fn forms_that_are_no_json() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "[1 2]",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "nul",
        "tru",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "[1}",
        "{\"a\":1]",
        "NaN",
        "Infinity",
        "// x\n1",
        "[\"a\",]",
        "\u{feff}1",
    ] {
        assert!(!whole(text.as_bytes()), "{text:?}");
    }
    for text in
        ["0", "-0.5e+9", "1E400", "[]", "{}", " [ ] ", "\"\\ud800\"", "{\"a\":{\"a\":[{}]}}"]
    {
        assert!(whole(text.as_bytes()), "{text:?}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |n: u32| "[".repeat(n as usize) + &"]".repeat(n as usize);
    assert!(whole(nested(DEPTH_MAX).as_bytes()));
    let deep = value(nested(DEPTH_MAX + 1).as_bytes(), 0).unwrap_err();
    assert_eq!((deep.at, deep.what), (64, "is nested too deeply"));
    let mixed = "{\"a\":[".repeat(32) + "1" + &"]}".repeat(32);
    assert!(whole(mixed.as_bytes()));
}

#[test]
fn elements_and_doubled_keys() {
    let text = br#"{"x":1,"alerts":[ {"a":1} ,{"b":[2,3]}, 7 ],"alerts":[]}"#;
    let start = field(text, 0, "alerts").unwrap();
    let all: Vec<&[u8]> = elements(text, start).map(|(s, e)| &text[s..e]).collect();
    assert_eq!(all, [&br#"{"a":1}"#[..], br#"{"b":[2,3]}"#, b"7"]);
    assert_eq!(elements(b"[]", 0).count(), 0);
    assert_eq!(field(text, 0, "none"), None);
}

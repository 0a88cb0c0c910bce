//! Single values of a JSON object, for the edge: without reading the rest.

use crate::time::json_value;
use std::borrow::Cow;

/// Longest value.
const VALUE_MAX: usize = 4096;

/// The text of a field of a JSON object, numbers and words as they are written; names of nested
/// fields are joined with dots. `None` when there is none, when it is `null`, an object or an
/// array, longer than 4 KiB, or further than 64 KiB into the object.
pub fn text<'a>(object: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let value = json_value(object, name)?;
    if value.len() > VALUE_MAX {
        return None;
    }
    match value.first()? {
        b'"' if memchr::memchr(b'\\', value).is_none() => {
            let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
            std::str::from_utf8(inner).ok().map(Cow::Borrowed)
        }
        b'"' => serde_json::from_slice::<String>(value).ok().map(Cow::Owned),
        b'{' | b'[' | b'n' => None,
        _ => std::str::from_utf8(value).ok().map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn one_value_of_an_object() {
        let object = br#" {"a": {"b" :"x\ny", "c":7, "d":null, "e":[1]}, "s": "ok","t":true }"#;
        for (name, expected) in [
            ("a.b", Some("x\ny")),
            ("A.C", Some("7")),
            ("a.d", None),
            ("a.e", None),
            ("a", None),
            ("s", Some("ok")),
            ("t", Some("true")),
            ("s.x", None),
            ("", None),
            ("none", None),
        ] {
            assert_eq!(text(object, name).as_deref(), expected, "{name}");
        }
        for broken in [&b"{"[..], b"{\"a\"", b"{\"a\":", b"{\"a\":\"", b"[1]", b"", b"{\"a\":1"] {
            assert!(text(broken, "a").is_none_or(|v| v.len() < 2), "{broken:?}");
        }
        assert_eq!(text(br#"{"a":1,"a":2}"#, "a").as_deref(), Some("1"), "the first counts");
    }
}

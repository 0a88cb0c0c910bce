//! From the body of a request to its records: JSON, many of them, nested ones, forms.
//!
//! Each object is one record, on one line, with the bytes that were sent (see [`super::scan`]). What
//! is neither an object nor an array of objects makes the whole request malformed: nothing of it is
//! taken. A form is what GitHub sends (`payload=…`) or flat pairs, which become one object.

use super::super::push::Refusal;
use super::scan::{self, Broken, blanks};

/// Most pairs of a form.
const PAIRS_MAX: usize = 256;

/// What is allowed, for the answer to what is not.
pub const ALLOWED: &str =
    "application/json, application/x-ndjson, application/x-www-form-urlencoded";

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// One JSON value, or several.
    Json,
    /// Pairs of a form.
    Form,
}

impl Media {
    /// By the content type. Without one it is JSON; and JSON that is called a form, as curl does
    /// with `-d`, is still JSON: a form has no bracket at its beginning.
    pub fn of(content_type: &str, body: &[u8]) -> Result<Media, Refusal> {
        let mut parts = content_type.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let charset = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
        });
        let known = |c: &str| c.eq_ignore_ascii_case("utf-8") || c.eq_ignore_ascii_case("us-ascii");
        let media = match name.as_str() {
            ""
            | "application/json"
            | "text/json"
            | "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-json-stream" => Media::Json,
            name if name.starts_with("application/") && name.ends_with("+json") => Media::Json,
            "application/x-www-form-urlencoded" => match body.get(blanks(body, 0)) {
                Some(b'{' | b'[') => Media::Json,
                _ => Media::Form,
            },
            _ => return Err(unsupported(content_type)),
        };
        match charset {
            Some(charset) if !known(charset) => Err(unsupported(content_type)),
            _ => Ok(media),
        }
    }
}

fn unsupported(content_type: &str) -> Refusal {
    Refusal::Media(content_type.chars().take(64).collect(), ALLOWED)
}

fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::Malformed(message.into())
}

/// Gives each record of a body, as it stands, to `each`. `items`: the field that holds the array of
/// records, or empty.
pub fn records(
    media: Media,
    body: &[u8],
    items: &str,
    each: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match media {
        Media::Json => values(body, items, each),
        Media::Form => {
            let pairs = pairs(body)?;
            match pairs.iter().find(|(name, _)| name == "payload") {
                Some((_, json)) => values(json.as_bytes(), items, each),
                None => each(object(&pairs).as_bytes()),
            }
        }
    }
}

/// JSON values one after another, with nothing but white space between them.
fn values(
    text: &[u8],
    items: &str,
    each: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if let Err(error) = std::str::from_utf8(text) {
        return Err(malformed(format!("byte {} is not UTF-8", error.valid_up_to() + 1)));
    }
    let mut i = blanks(text, 0);
    if i == text.len() {
        return Err(malformed("the body is empty"));
    }
    while i < text.len() {
        let end = scan::value(text, i).map_err(explain)?;
        match text[i] {
            b'[' => {
                for (start, end) in scan::elements(text, i) {
                    one(text, (start, end), items, each)?;
                }
            }
            _ => one(text, (i, end), items, each)?,
        }
        i = blanks(text, end);
    }
    Ok(())
}

fn explain(broken: Broken) -> Refusal {
    malformed(format!("the body is not JSON: byte {} {}", broken.at + 1, broken.what))
}

/// One object of a body: a record, or the array of records in it.
fn one(
    text: &[u8],
    (start, end): (usize, usize),
    items: &str,
    each: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let inner = if items.is_empty() { None } else { scan::field(text, start, items) };
    match inner.map(|at| (at, text.get(at))) {
        None => record(text, (start, end), each),
        Some((at, Some(b'['))) => {
            scan::elements(text, at).try_for_each(|element| record(text, element, each))
        }
        Some((at, _)) => record(text, (at, scan::value(text, at).map_err(explain)?), each),
    }
}

fn record(
    text: &[u8],
    (start, end): (usize, usize),
    each: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if text.get(start) != Some(&b'{') {
        return Err(malformed(format!("byte {} begins no object: records are objects", start + 1)));
    }
    each(&text[start..end])
}

/// The pairs of a form, decoded.
fn pairs(body: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let mut pairs = Vec::new();
    for pair in body.split(|c| *c == b'&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == PAIRS_MAX {
            return Err(malformed(format!("the form has more than {PAIRS_MAX} fields")));
        }
        let equals = memchr::memchr(b'=', pair);
        let (name, value) =
            (&pair[..equals.unwrap_or(pair.len())], equals.map(|at| &pair[at + 1..]));
        pairs.push((decoded(name)?, decoded(value.unwrap_or_default())?));
    }
    if pairs.is_empty() {
        return Err(malformed("the body is empty"));
    }
    Ok(pairs)
}

/// `+` is a blank and `%41` is `A`; what only looks like an escape stays.
fn decoded(text: &[u8]) -> Result<String, Refusal> {
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while let Some(byte) = text.get(i) {
        let hex = |at: usize| char::from(*text.get(at)?).to_digit(16);
        match (byte, hex(i + 1), hex(i + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                i += 2;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(*byte),
        }
        i += 1;
    }
    String::from_utf8(out).map_err(|_| malformed("the form is not UTF-8"))
}

/// Pairs as one JSON object on one line.
fn object(pairs: &[(String, String)]) -> String {
    let member = |(name, value): &(String, String)| {
        format!(
            "{}:{}",
            serde_json::Value::from(name.as_str()),
            serde_json::Value::from(value.as_str())
        )
    };
    format!("{{{}}}", pairs.iter().map(member).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &str, items: &str) -> Result<Vec<String>, Refusal> {
        let mut out = Vec::new();
        let media = Media::of(content_type, body.as_bytes())?;
        records(media, body.as_bytes(), items, &mut |record| {
            let mut line = Vec::new();
            scan::one_line(record, &mut line);
            out.push(String::from_utf8(line).unwrap());
            Ok(())
        })?;
        Ok(out)
    }

    #[test]
    fn bodies_and_their_records() {
        const JSON: &str = "application/json";
        const FORM: &str = "application/x-www-form-urlencoded";
        #[rustfmt::skip]
        let cases: [(&str, &str, &str, &[&str]); 16] = [
            (JSON, r#" {"a" : 1} "#, "", &[r#"{"a" : 1}"#]),
            (JSON, "{\n  \"a\": [1,\n 2],\r\n \"b\": \"x y\"\n}", "", &[r#"{"a":[1,2],"b":"x y"}"#]),
            (JSON, r#"[{"a":1},{"b":2}]"#, "", &[r#"{"a":1}"#, r#"{"b":2}"#]),
            (JSON, "[]", "", &[]),
            ("application/x-ndjson", "{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}", "", &[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]),
            (JSON, r#"{"alerts":[{"a":1},{"b":2}],"x":0}"#, "alerts", &[r#"{"a":1}"#, r#"{"b":2}"#]),
            (JSON, r#"{"d":{"rows":[{"a":1}]}}"#, "d.rows", &[r#"{"a":1}"#]),
            (JSON, r#"{"d":{"rows":[]}}"#, "d.rows", &[]),
            (JSON, r#"{"event":{"a":1},"verb":"x"}"#, "event", &[r#"{"a":1}"#]),
            (JSON, r#"{"no":"alerts"}"#, "alerts", &[r#"{"no":"alerts"}"#]),
            (JSON, r#"[{"alerts":[{"a":1}]},{"alerts":[{"b":2}]}]"#, "alerts", &[r#"{"a":1}"#, r#"{"b":2}"#]),
            (FORM, "payload=%7B%22a%22%3A%22b+c%22%7D&x=1", "", &[r#"{"a":"b c"}"#]),
            (FORM, "text=disk+full%21&level=error&n=%C3%BC&e", "", &[r#"{"text":"disk full!","level":"error","n":"ü","e":""}"#]),
            (FORM, r#"{"a":1}"#, "", &[r#"{"a":1}"#]),
            ("", r#"{"a":1,"a":2}"#, "", &[r#"{"a":1,"a":2}"#]),
            ("application/cloudevents+json; charset=UTF-8", "\u{feff}{}", "", &["{}"]),
        ];
        for (media, body, items, expected) in cases {
            assert_eq!(
                read(media, body, items).as_deref(),
                Ok(&expected.map_owned()[..]),
                "{body}"
            );
        }
    }

    trait Owned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl Owned for &[&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(|text| (*text).to_owned()).collect()
        }
    }

    #[test]
    fn what_is_refused_and_why() {
        for (media, body, part) in [
            ("text/plain", "x", "content type \"text/plain\""),
            ("application/json; charset=utf-16", "{}", "content type"),
            ("application/xml", "<a/>", "content type"),
            ("application/json", "", "the body is empty"),
            ("application/json", "{\"a\":}", "byte 6 is no value"),
            ("application/json", "7", "byte 1 begins no object"),
            ("application/json", "[{},\"x\"]", "byte 5 begins no object"),
            ("application/json", "{} x", "byte 4 is no value"),
            ("application/json", "{\"a\":{\"rows\":[1]}}", ""),
            ("application/x-www-form-urlencoded", "", "the body is empty"),
            ("application/x-www-form-urlencoded", "payload=x", "byte 1 is no value"),
            ("application/x-www-form-urlencoded", "a=%ff", "not UTF-8"),
        ] {
            match read(media, body, "") {
                Err(refusal) => assert!(refusal.to_string().contains(part), "{body}: {refusal}"),
                Ok(_) => assert!(part.is_empty(), "{body} was taken"),
            }
        }
        assert!(read("application/json", "{\"a\":{\"rows\":[1]}}", "a.rows").is_err());
        let many = "a=1&".repeat(PAIRS_MAX + 1);
        assert!(read("application/x-www-form-urlencoded", &many, "").is_err());
        assert!(records(Media::Json, b"{\"a\":\"\xff\"}", "", &mut |_| Ok(())).is_err());
    }
}

//! Disagreements that are understood: what is decided, and why.
//!
//! A class is recognised by the smallest pair that shows the disagreement. What is in none of
//! them is reported. Where the specification says what is right, the reason quotes it in short;
//! where it is silent, it says what speaks for the decision. Each class that rules can meet has a
//! test in `dataflows/sigma/src/read/choices.rs`.

use crate::generate::PARTS;
use crate::rule::Item;
use crate::shrink::Pair;
use serde_json::Value;

/// A class of disagreements.
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// What is decided, and why.
    pub why: &'static str,
    /// Whether a smallest pair is one of it.
    is: fn(&Pair) -> bool,
}

/// The class of a smallest pair, if there is one.
pub fn class(pair: &Pair) -> Option<&'static Known> {
    KNOWN.iter().find(|known| (known.is)(pair))
}

/// All classes.
pub const KNOWN: &[Known] = &[
    Known {
        name: "all keywords",
        why: "each may stand in a value of its own: keywords are of the entire event",
        is: |pair| any(pair, |item| item.field.is_empty() && item.has("all")),
    },
    Known {
        name: "keyword and number",
        why: "numbers and words of events are looked at, and numbers of rules are sought as text",
        is: |pair| {
            let number = |item: &Item| item.values.iter().any(Value::is_number);
            any(pair, |item| item.field.is_empty() && number(item))
                || (any(pair, |item| item.field.is_empty())
                    && leaf(&pair.event, &|value| value.is_number() || value.is_boolean()))
        },
    },
    Known {
        name: "line end and wildcard",
        why: "`*` and `?` stand for any character",
        is: |pair| any(pair, wildcard) && text(&pair.event, &|text| text.contains('\n')),
    },
    Known {
        name: "affix and wildcard",
        why: "`startswith` and `endswith` put the `*` at the other end of the value",
        is: |pair| {
            any(pair, |item| wildcard(item) && (item.has("startswith") || item.has("endswith")))
        },
    },
    Known {
        name: "case of odd letters",
        why: "case is that of each character by itself, so that a part of a text is compared like the \
              whole: the final sigma is another letter, the long s no s, the dotted I an i",
        is: |pair| {
            let odd = |text: &str| text.contains(['\u{17f}', '\u{3c2}', '\u{3a3}', '\u{130}']);
            let rule = |item: &Item| item.values.iter().any(|v| v.as_str().is_some_and(odd));
            text(&pair.event, &odd) || any(pair, rule)
        },
    },
    Known {
        name: "exists without value",
        why: "\"only verifies the presence of a field, not its value, be it empty or null\"",
        is: |pair| any(pair, |item| item.has("exists")) && leaf(&pair.event, &empty),
    },
    Known {
        name: "words for booleans",
        why: "`true` is true and the text \"true\", not 1 or yes",
        is: |pair| {
            let words = ["1", "0", "yes", "no"];
            let boolean = |item: &Item| item.values.iter().any(Value::is_boolean);
            any(pair, boolean)
                && text(&pair.event, &|text| words.contains(&text.to_lowercase().as_str()))
        },
    },
    Known {
        name: "odd numbers",
        why: "a number is written with digits first: not +5, .5 or inf; whole numbers are compared \
              exactly, beyond 2^53, too",
        is: |pair| {
            let odd = |text: &str| {
                text.starts_with(['+', '.'])
                    || text.starts_with("-.")
                    || text.starts_with("90071")
                    || text.to_lowercase().contains("inf")
                    || text.to_lowercase().contains("nan")
            };
            text(&pair.event, &odd)
        },
    },
    Known {
        name: "base64offset",
        why: "what the last bytes become hangs on what follows and is left out; without `contains` it \
              is the whole value",
        is: |pair| any(pair, |item| item.has("base64offset")),
    },
    Known {
        name: "wide alone",
        why: "the bytes are the text, when they are one; nothing is left out",
        is: |pair| {
            let encoded = |item: &Item| item.has("base64") || item.has("base64offset");
            any(pair, |item| item.has("wide") && !encoded(item))
        },
    },
    Known {
        name: "windash",
        why: "each of the five dashes, where it begins an option, as the reference implementation \
              does; wildcards keep their meaning",
        is: |pair| any(pair, |item| item.has("windash") && !plain_option(item)),
    },
    Known {
        name: "expand",
        why: "values of placeholders may have wildcards, and `contains` counts beside it",
        is: |pair| {
            any(pair, |item| item.has("expand") && !(item.modifiers.len() == 1 && one(item)))
        },
    },
    Known {
        name: "forms of times",
        why: "read as they stand (\"not designed to handle timezone\"), also without seconds or time of \
              day, with slashes, and as text of digits",
        is: |pair| {
            let timed = |item: &Item| item.modifiers.iter().any(|m| PARTS.contains(m));
            any(pair, timed) && leaf(&pair.event, &|value| !common_time(value))
        },
    },
    Known {
        name: "mapped address",
        why: "an IPv4 address mapped into IPv6 is the IPv4 address",
        is: |pair| {
            any(pair, |item| item.has("cidr"))
                && text(&pair.event, &|text| text.to_lowercase().contains("::ffff:"))
        },
    },
    Known {
        name: "fieldref of lists and nothing",
        why: "any value of the one against any of the other; nothing is not equal to nothing",
        is: |pair| {
            let list = |value: &Value| value.is_array() || value.is_null() || value.is_object();
            any(pair, |item| item.has("fieldref")) && deep(&pair.event, &list)
        },
    },
    Known {
        name: "objects and empty lists",
        why: "an object is not a value, but its parts are; an empty list is a field without a value",
        is: |pair| {
            // The object `n` of the dotted name has an `x`.
            let odd = |value: &Value| match value {
                Value::Object(all) => !all.contains_key("x"),
                Value::Array(all) => all.is_empty(),
                _ => false,
            };
            deep(&pair.event, &odd)
        },
    },
];

fn any(pair: &Pair, fits: impl Fn(&Item) -> bool) -> bool {
    pair.rule.items().any(fits)
}

/// Whether a value has a wildcard that is one.
fn wildcard(item: &Item) -> bool {
    let raw = ["re", "cidr", "fieldref"].iter().any(|name| item.has(name));
    let has = |text: &str| {
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\\' if rest.peek().is_some_and(|next| "*?\\".contains(*next)) => {
                    rest.next();
                }
                '*' | '?' => return true,
                _ => {}
            }
        }
        false
    };
    // Behind a placeholder stands a value with one.
    !raw && (item.has("expand") || item.values.iter().any(|v| v.as_str().is_some_and(has)))
}

/// Whether windash has nothing to do but what both do: dashes that begin an option.
fn plain_option(item: &Item) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let plain = |text: &str| {
        let all: Vec<char> = text.chars().collect();
        let at = |i: usize| all.get(i).copied();
        all.iter().enumerate().all(|(i, c)| match c {
            '-' => !word(i.checked_sub(1).and_then(at)) && word(at(i + 1)),
            '/' | '\u{2013}' | '\u{2014}' | '\u{2015}' => false,
            _ => true,
        })
    };
    !wildcard(item) && item.values.iter().all(|v| v.as_str().is_some_and(plain))
}

/// Whether a value is a time as RFC 3339 has it in UTC, or seconds or milliseconds.
fn common_time(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return value.as_i64().is_some_and(|n| n > 0) };
    let digits = |from: usize, to: usize| {
        text.get(from..to).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    let all = [(0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)];
    let marks = [(4, "-"), (7, "-"), (13, ":"), (16, ":")];
    all.iter().all(|(from, to)| digits(*from, *to))
        && marks.iter().all(|(at, mark)| text.get(*at..at + 1) == Some(mark))
        && text.get(10..11).is_some_and(|c| "T ".contains(c))
        && (text.len() == 19 || (text.ends_with('Z') && text.get(10..11) == Some("T")))
}

/// Whether its placeholder stands for one text.
fn one(item: &Item) -> bool {
    item.values.iter().all(|value| value.as_str().is_some_and(|text| text.contains("%one%")))
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.iter().all(empty),
        Value::Object(all) => all.is_empty(),
        _ => false,
    }
}

/// Whether a value inside the event is so; lists and objects count as well.
fn deep(event: &Value, fits: &dyn Fn(&Value) -> bool) -> bool {
    match event {
        Value::Object(all) => all.values().any(|value| fits(value) || deep(value, fits)),
        Value::Array(all) => all.iter().any(|value| fits(value) || deep(value, fits)),
        _ => false,
    }
}

fn leaf(event: &Value, fits: &dyn Fn(&Value) -> bool) -> bool {
    deep(event, &|value| {
        let single = !value.is_array() && !value.is_object();
        (single || empty(value)) && fits(value)
    })
}

fn text(event: &Value, fits: &dyn Fn(&str) -> bool) -> bool {
    deep(event, &|value| match value {
        Value::Number(number) => fits(&number.to_string()),
        other => other.as_str().is_some_and(fits),
    })
}

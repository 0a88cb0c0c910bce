//! Events as the matcher sees them: names and values.
//!
//! An event gives its values once, one after the other; the matcher looks each name up once and
//! files the value under its slots. So evaluation never hashes a string per rule, and a value that
//! no rule of the event's logsource asks for costs one look-up.

use crate::taxonomy::Mapping;
use serde_json::Value;

/// A value of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Datum<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Real(f64),
    /// True or false.
    Bool(bool),
    /// There, but nothing.
    Null,
}

/// Takes the values of an event: name, value, and whether keywords look at it.
pub type Sink<'s> = &'s mut dyn FnMut(&str, Datum<'_>, bool);

/// An event that rules can be asked about.
pub trait Fields {
    /// Which words its names are in.
    fn mapping(&self) -> Mapping {
        Mapping::Plain
    }

    /// Gives every value. A name may come more than once; any of its values suffices a rule.
    fn each(&self, take: Sink<'_>);
}

/// Deepest nesting of a JSON event that is looked at: what a JSON text can have at most when it is
/// read.
const DEPTH_MAX: usize = 128;

/// A JSON object. Nested names are joined with dots; elements of arrays are values of one name. What
/// is empty is there all the same, without a value.
impl Fields for Value {
    fn each(&self, take: Sink<'_>) {
        let mut name = String::new();
        walk(self, &mut name, 0, take);
    }
}

fn walk(value: &Value, name: &mut String, depth: usize, take: Sink<'_>) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Object(entries) if entries.is_empty() && depth > 0 => take(name, Datum::Null, false),
        Value::Array(items) if items.is_empty() => take(name, Datum::Null, false),
        Value::Object(entries) => {
            for (key, value) in entries {
                let length = name.len();
                if length > 0 {
                    name.push('.');
                }
                name.push_str(key);
                walk(value, name, depth + 1, take);
                name.truncate(length);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, name, depth + 1, take)),
        Value::String(text) => take(name, Datum::Text(text), true),
        Value::Bool(value) => take(name, Datum::Bool(*value), true),
        Value::Null => take(name, Datum::Null, false),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => take(name, Datum::Int(whole), true),
            // Too large for one: as it is written, digit for digit.
            (None, _) if number.is_u64() => take(name, Datum::Text(&number.to_string()), true),
            (None, real) => take(name, Datum::Real(real.unwrap_or_default()), true),
        },
    }
}

/// Names and texts, as they are.
impl Fields for [(&str, &str)] {
    fn each(&self, take: Sink<'_>) {
        self.iter().for_each(|(name, value)| take(name, Datum::Text(value), true));
    }
}

//! Numbers of rules and events.
//!
//! An integer stays one as long as it fits: event ids and sizes are compared exactly, only a
//! fraction makes both sides floating point.

use std::cmp::Ordering;
use std::fmt;

/// A number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// The bits of any other, never NaN.
    Real(u64),
}

impl Number {
    /// A floating point number; whole ones become integers, NaN is none.
    pub fn real(value: f64) -> Option<Number> {
        let whole = value as i64;
        match value {
            _ if value.is_nan() => None,
            _ if whole as f64 == value => Some(Number::Int(whole)),
            _ => Some(Number::Real(value.to_bits())),
        }
    }

    /// From text that is nothing but a decimal number.
    pub fn parse(text: &str) -> Option<Number> {
        let first = *text.as_bytes().first()?;
        if !(first.is_ascii_digit() || (first == b'-' && text.len() > 1)) || text.len() > 40 {
            return None;
        }
        let digits = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+');
        if !text.bytes().all(digits) {
            return None;
        }
        match text.parse() {
            Ok(whole) => Some(Number::Int(whole)),
            Err(_) => text.parse().ok().and_then(Number::real),
        }
    }

    /// As floating point.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Real(bits) => f64::from_bits(bits),
        }
    }

    /// Which is greater; NaN is never made.
    pub fn compare(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(&b),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(value) => value.fmt(f),
            Number::Real(bits) => f64::from_bits(*bits).fmt(f),
        }
    }
}

/// How two numbers are to stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// Equal.
    Eq,
    /// Different.
    Neq,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
}

impl Relation {
    /// Whether `ordering` of the left to the right number is as wanted.
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Relation::Eq => ordering.is_eq(),
            Relation::Neq => ordering.is_ne(),
            Relation::Lt => ordering.is_lt(),
            Relation::Lte => ordering.is_le(),
            Relation::Gt => ordering.is_gt(),
            Relation::Gte => ordering.is_ge(),
        }
    }

    /// The word in a rule.
    pub fn name(self) -> &'static str {
        match self {
            Relation::Eq => "eq",
            Relation::Neq => "neq",
            Relation::Lt => "lt",
            Relation::Lte => "lte",
            Relation::Gt => "gt",
            Relation::Gte => "gte",
        }
    }

    /// By its word.
    pub fn parse(word: &str) -> Option<Relation> {
        use Relation::*;
        [Eq, Neq, Lt, Lte, Gt, Gte].into_iter().find(|relation| relation.name() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_decimal_numbers_are_numbers() {
        for (text, expected) in [
            ("4688", Some(Number::Int(4688))),
            ("-1", Some(Number::Int(-1))),
            ("4688.0", Some(Number::Int(4688))),
            ("1e3", Some(Number::Int(1000))),
            ("9007199254740993", Some(Number::Int(9_007_199_254_740_993))),
            ("1e16", Some(Number::Int(10_000_000_000_000_000))),
            ("0.5", Number::real(0.5)),
            ("0x10", None),
            ("", None),
            ("-", None),
            ("nan", None),
            ("inf", None),
            (" 1", None),
            ("1.2.3", None),
        ] {
            assert_eq!(Number::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn relations() {
        let int = Number::Int;
        for (relation, less, equal, greater) in [
            (Relation::Lt, true, false, false),
            (Relation::Lte, true, true, false),
            (Relation::Gt, false, false, true),
            (Relation::Gte, false, true, true),
            (Relation::Eq, false, true, false),
            (Relation::Neq, true, false, true),
        ] {
            let found = [0, 1, 2].map(|n| relation.holds(int(n).compare(int(1))));
            assert_eq!(found, [less, equal, greater], "{relation:?}");
            assert_eq!(Relation::parse(relation.name()), Some(relation));
        }
        assert!(Number::real(0.5).unwrap().compare(int(1)).is_lt());
    }
}

//! The modifiers behind a field's name.
//!
//! `Field|a|b: value` applies `a`, then `b`. Names are strict: an unknown modifier is an error
//! with the nearest known name, because a rule that ignores one would say something else than its
//! author.

use crate::fault::{Fault, Place};
use crate::number::Relation;
use crate::test::TimePart;

/// A modifier of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// Anywhere in the value.
    Contains,
    /// At its start.
    StartsWith,
    /// At its end.
    EndsWith,
    /// Every value of the list, not any.
    All,
    /// Any value of the list: what is meant without a modifier.
    Any,
    /// Upper and lower case differ.
    Cased,
    /// A regular expression.
    Re,
    /// Of an expression: upper and lower case are one.
    Insensitive,
    /// Of an expression: `^` and `$` are the ends of lines.
    Lines,
    /// Of an expression: the dot matches line ends.
    DotAll,
    /// A network.
    Cidr,
    /// Encoded in base64.
    Base64,
    /// Encoded in base64 somewhere inside a longer text.
    Base64Offset,
    /// In UTF-16, little end first.
    Utf16Le,
    /// In UTF-16, big end first.
    Utf16Be,
    /// In UTF-16 with a byte order mark.
    Utf16,
    /// Any dash or slash before an option.
    Windash,
    /// The field is there.
    Exists,
    /// A number compared.
    Compare(Relation),
    /// The value is the name of another field.
    FieldRef,
    /// The value has placeholders.
    Expand,
    /// A part of a time.
    Time(TimePart),
}

const NAMES: [(&str, Modifier); 35] = [
    ("contains", Modifier::Contains),
    ("startswith", Modifier::StartsWith),
    ("endswith", Modifier::EndsWith),
    ("all", Modifier::All),
    ("any", Modifier::Any),
    ("cased", Modifier::Cased),
    ("re", Modifier::Re),
    ("i", Modifier::Insensitive),
    ("ignorecase", Modifier::Insensitive),
    ("m", Modifier::Lines),
    ("multiline", Modifier::Lines),
    ("s", Modifier::DotAll),
    ("dotall", Modifier::DotAll),
    ("cidr", Modifier::Cidr),
    ("base64", Modifier::Base64),
    ("base64offset", Modifier::Base64Offset),
    ("wide", Modifier::Utf16Le),
    ("utf16le", Modifier::Utf16Le),
    ("utf16be", Modifier::Utf16Be),
    ("utf16", Modifier::Utf16),
    ("windash", Modifier::Windash),
    ("exists", Modifier::Exists),
    ("lt", Modifier::Compare(Relation::Lt)),
    ("lte", Modifier::Compare(Relation::Lte)),
    ("gt", Modifier::Compare(Relation::Gt)),
    ("gte", Modifier::Compare(Relation::Gte)),
    ("neq", Modifier::Compare(Relation::Neq)),
    ("fieldref", Modifier::FieldRef),
    ("expand", Modifier::Expand),
    ("minute", Modifier::Time(TimePart::Minute)),
    ("hour", Modifier::Time(TimePart::Hour)),
    ("day", Modifier::Time(TimePart::Day)),
    ("week", Modifier::Time(TimePart::Week)),
    ("month", Modifier::Time(TimePart::Month)),
    ("year", Modifier::Time(TimePart::Year)),
];

/// The documented names, for messages and tests.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

/// Splits a key into the field and its modifiers.
pub fn split(key: &str, place: Place) -> Result<(&str, Vec<Modifier>), Fault> {
    let mut parts = key.split('|');
    let field = parts.next().unwrap_or_default().trim();
    let modifiers = parts.map(|name| modifier(name.trim(), place)).collect::<Result<_, _>>()?;
    Ok((field, modifiers))
}

fn modifier(name: &str, place: Place) -> Result<Modifier, Fault> {
    if let Some((_, found)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Ok(*found);
    }
    let near = names().min_by_key(|known| distance(known, name));
    let near = near.filter(|known| {
        let distance = distance(known, name);
        distance <= 1 + name.len() / 3 && distance < name.len()
    });
    let hint = near.map(|known| format!("; is `{known}` meant?")).unwrap_or_default();
    Err(Fault::new(place, format!("unknown modifier `{name}`{hint}")))
}

/// Edit distance, of short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(32).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_split() {
        let (field, modifiers) = split("a.b|wide|base64offset|contains", Place::default()).unwrap();
        let expected = [Modifier::Utf16Le, Modifier::Base64Offset, Modifier::Contains];
        assert_eq!((field, &modifiers[..]), ("a.b", &expected[..]));
        assert_eq!(split("|all", Place::default()).unwrap(), ("", vec![Modifier::All]));
    }

    #[test]
    fn unknown_modifiers_name_the_nearest() {
        let error = |key| split(key, Place::default()).unwrap_err().message;
        assert!(error("a|contians").contains("`contains`"), "{}", error("a|contians"));
        assert!(error("a|endwith").contains("`endswith`"));
        assert_eq!(error("a|zzzzzzzz"), "unknown modifier `zzzzzzzz`");
    }
}

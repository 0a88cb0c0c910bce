//! Short rows of values that travel between workers: packed in one text, bounded.
//!
//! A value that is not there differs from one that is empty. Keys are made of the whole values,
//! without regard to case as everything in rules; what is kept for display is cut.

use seerflow_model::hash;
use seerflow_model::text::shorten;
use serde::{Deserialize, Serialize};

/// Longest value that is kept for display, in bytes.
pub const VALUE_BYTES_MAX: usize = 256;
/// Ends a value.
const END: char = '\u{1f}';
/// Stands for a value that is not there.
const NONE: char = '\u{1e}';

/// Values in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tuple(Box<str>);

impl Tuple {
    /// From values; each is cut at [`VALUE_BYTES_MAX`].
    pub fn new<'v>(values: impl Iterator<Item = Option<&'v str>>) -> Tuple {
        let mut out = String::new();
        for value in values {
            match value {
                None => out.push(NONE),
                Some(value) => {
                    let short = match value.len() <= VALUE_BYTES_MAX {
                        true => value.into(),
                        false => shorten(value, VALUE_BYTES_MAX),
                    };
                    match short.contains([END, NONE]) {
                        true => out.push_str(&short.replace([END, NONE], " ")),
                        false => out.push_str(&short),
                    }
                }
            }
            out.push(END);
        }
        Tuple(out.into())
    }

    /// The values.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.split_terminator(END).map(|value| (value != "\u{1e}").then_some(value))
    }

    /// The value at a place.
    pub fn get(&self, at: usize) -> Option<&str> {
        self.iter().nth(at).flatten()
    }
}

/// Hash of a text without regard to case.
pub fn folded(text: &str) -> u64 {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return hash::text(text);
    }
    match text.is_ascii() {
        true => hash::text(&text.to_ascii_lowercase()),
        false => hash::text(&text.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_come_back() {
        let values = [Some("bob"), None, Some(""), Some("a\u{1f}b")];
        let tuple = Tuple::new(values.into_iter());
        let back: Vec<_> = tuple.iter().collect();
        assert_eq!(back, [Some("bob"), None, Some(""), Some("a b")]);
        assert_eq!(tuple.get(1), None);
        assert_eq!(tuple.get(9), None);
        assert_eq!(Tuple::new(std::iter::empty()).iter().count(), 0);
        assert_eq!(folded("Bob"), folded("bob"));
        assert_eq!(folded("ÄX"), folded("äx"));
        assert_ne!(folded("a"), folded("b"));
    }

    proptest! {
        #[test]
        fn any_values_are_bounded_and_as_many(values in prop::collection::vec(prop::option::of(".{0,400}"), 0..5)) {
            let tuple = Tuple::new(values.iter().map(Option::as_deref));
            prop_assert_eq!(tuple.iter().count(), values.len());
            for (kept, value) in tuple.iter().zip(&values) {
                prop_assert_eq!(kept.is_some(), value.is_some());
                prop_assert!(kept.is_none_or(|kept| kept.len() <= VALUE_BYTES_MAX));
            }
        }
    }
}

//! Strings without their case, as the store folds them: character by character, the same in every
//! place.

use crate::store::events::words;
use std::borrow::Cow;

/// A text without its case; borrowed where nothing changes.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| words::fold(c) == c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(words::fold).collect())
}

/// Whether a text is a folded one, case apart.
pub fn same(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        return text.eq_ignore_ascii_case(folded);
    }
    text.chars().map(words::fold).eq(folded.chars())
}

/// Whether a text begins with a folded one, case apart.
pub fn begins(text: &str, folded: &str) -> bool {
    let mut text = text.chars().map(words::fold);
    folded.chars().all(|c| text.next() == Some(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_nothing() {
        assert_eq!(fold("ABC-Übel"), "abc-übel");
        assert!(matches!(fold("plain"), Cow::Borrowed(_)));
        for (text, folded, is, starts) in [
            ("ABC", "abc", true, true),
            ("ABC", "ab", false, true),
            ("ab", "abc", false, false),
            ("Übel", "übel", true, true),
            ("Übel", "ü", false, true),
            ("", "", true, true),
            ("x", "", false, true),
        ] {
            assert_eq!((same(text, folded), begins(text, folded)), (is, starts), "{text} {folded}");
        }
    }
}

//! What a text is searched for: a word, a phrase, or the beginning of a word.
//!
//! A needle matches where it stands as it is written, but for case, and is bounded: an
//! alphanumeric character at its start or end must not be the middle of a word. With
//! [`Needle::prefix`] only the start is. Start and end of a text count as bounds. The text of an
//! event is its record as decoded, and besides each part of it that reads otherwise there (it was
//! unescaped, or cut out of a word) as a text of its own; a match lies in one.
//!
//! Cost: one pass of `memchr` over the text for ASCII needles.

use super::words::{self, fold};
use seerflow_model::{Event, Span};

/// Longest needle, in bytes.
pub const NEEDLE_MAX: usize = 4096;

/// A word, a phrase, or the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Needle {
    folded: String,
    prefix: bool,
    /// Hashes of its words and pairs that are whole.
    hashes: Vec<u64>,
    /// Its words.
    words: Vec<Word>,
}

/// A word of a needle, folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Word {
    text: String,
    /// Only its beginning is known.
    open: bool,
}

impl Word {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// Whether a text holds the word.
    pub(super) fn is_in(&self, text: &str) -> bool {
        matches(&self.text, self.open, text)
    }
}

impl Needle {
    /// A word or phrase; `None` when there is nothing in it or too much.
    pub fn phrase(text: &str) -> Option<Needle> {
        Needle::new(text, false)
    }

    /// The beginning of a word, or a phrase whose last word goes on.
    pub fn prefix(text: &str) -> Option<Needle> {
        Needle::new(text, true)
    }

    fn new(text: &str, prefix: bool) -> Option<Needle> {
        let text = text.trim();
        if text.is_empty() || text.len() > NEEDLE_MAX {
            return None;
        }
        let folded: String = text.chars().map(fold).collect();
        let open = folded.ends_with(char::is_alphanumeric) && prefix;
        let whole =
            if open { folded.trim_end_matches(char::is_alphanumeric) } else { folded.as_str() };
        let mut hashes = Vec::new();
        words::hashes(whole, |h| hashes.push(h));
        hashes.sort_unstable();
        hashes.dedup();
        let mut words: Vec<Word> = folded
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| Word { text: word.to_owned(), open: false })
            .collect();
        if let Some(last) = words.last_mut() {
            last.open = open;
        }
        Some(Needle { folded, prefix: open, hashes, words })
    }

    /// The needle without case.
    pub fn text(&self) -> &str {
        &self.folded
    }

    /// Hashes of its words and pairs; each of them is in any text that it matches.
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    pub(super) fn words(&self) -> &[Word] {
        &self.words
    }

    /// Whether it begins and ends with a word.
    pub(super) fn is_between_words(&self) -> bool {
        let ends = [self.folded.chars().next(), self.folded.chars().next_back()];
        !self.prefix && ends.into_iter().flatten().all(char::is_alphanumeric)
    }

    /// Whether it matches in the record of an event or in a part that reads otherwise there.
    pub fn is_in_event(&self, event: &Event) -> bool {
        let record = event.record();
        let apart = |span: &Span| span.end() > record.len() || cuts_a_word(record, *span);
        self.is_in(record) || parts(event).filter(apart).any(|span| self.is_in(event.get(span)))
    }

    /// Whether it matches in a text.
    pub fn is_in(&self, text: &str) -> bool {
        matches(&self.folded, self.prefix, text)
    }
}

/// Whether a folded needle is in a text, bounded at its start and, unless `open`, at its end.
fn matches(folded: &str, open: bool, text: &str) -> bool {
    if folded.is_ascii() {
        let mut from = 0;
        while let Some(at) =
            text.as_bytes().get(from..).and_then(|rest| find_ascii(rest, folded.as_bytes()))
        {
            let start = from + at;
            if is_bounded(folded, open, text, start, start + folded.len()) {
                return true;
            }
            from = start + 1;
        }
        return false;
    }
    let first = folded.chars().next();
    text.char_indices().filter(|(_, c)| Some(fold(*c)) == first).any(|(start, _)| {
        let rest = text.get(start..).unwrap_or_default();
        ends_at(rest, folded).is_some_and(|len| is_bounded(folded, open, text, start, start + len))
    })
}

fn is_bounded(folded: &str, open: bool, text: &str, start: usize, end: usize) -> bool {
    let alphanumeric = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else {
        return false;
    };
    let inside =
        |edge: Option<char>, beyond: Option<char>| alphanumeric(edge) && alphanumeric(beyond);
    !inside(folded.chars().next(), before.chars().next_back())
        && (open || !inside(folded.chars().next_back(), after.chars().next()))
}

/// Where the folded needle ends that begins the text.
fn ends_at(text: &str, folded: &str) -> Option<usize> {
    let mut chars = text.chars();
    for wanted in folded.chars() {
        if fold(chars.next()?) != wanted {
            return None;
        }
    }
    Some(text.len() - chars.as_str().len())
}

/// The first place of an ASCII needle in lower case, whatever the case there.
pub(super) fn find_ascii(text: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, last) = (needle.first()?, text.len().checked_sub(needle.len())?);
    let upper = first.to_ascii_uppercase();
    memchr::memchr2_iter(first, upper, &text[..=last])
        .find(|at| text[*at..*at + needle.len()].eq_ignore_ascii_case(needle))
}

/// The parts of an event that are texts of their own.
fn parts(event: &Event) -> impl Iterator<Item = Span> {
    let heads = [event.host, event.program, event.pid, event.msgid, event.message];
    let ids = [event.trace_id, event.span_id];
    let values = event.fields.iter().map(|field| field.value);
    heads.into_iter().chain(ids).chain(values).filter(|span| !span.is_empty())
}

/// Whether a stretch begins or ends inside a word.
fn cuts_a_word(text: &str, span: Span) -> bool {
    let (start, end) = (span.start as usize, span.end());
    let (Some(before), Some(inside), Some(behind)) =
        (text.get(..start), text.get(start..end), text.get(end..))
    else {
        return false;
    };
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    (word(before.chars().next_back()) && word(inside.chars().next()))
        || (word(inside.chars().next_back()) && word(behind.chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn needles_are_bounded_and_have_no_case() {
        let text = "sshd[12]: Failed password for Ärger from 203.0.113.9 port 22";
        let table: &[(&str, bool, bool)] = &[
            ("failed", false, true),
            ("fail", false, false),
            ("fail", true, true),
            ("ailed", true, false),
            ("FAILED password", false, true),
            ("Failed passw", true, true),
            ("ärger", false, true),
            ("ÄRG", true, true),
            ("203.0.113.9", false, true),
            ("203.0.113", false, true),
            ("3.0.113.9", false, false),
            ("[12]:", false, true),
            ("port 2", false, false),
            ("22", false, true),
        ];
        for (needle, prefix, found) in table {
            assert_eq!(
                Needle::new(needle, *prefix).unwrap().is_in(text),
                *found,
                "{needle} {prefix}"
            );
        }
        assert_eq!(Needle::phrase("  "), None);
        assert_eq!(Needle::phrase(&"a".repeat(NEEDLE_MAX + 1)), None);
    }

    proptest! {
        #[test]
        fn what_matches_has_the_hashes(
            text in "[a-cA-C0-1 .:äÄ…]{0,30}", from in 0usize..30, len in 1usize..8, prefix: bool,
        ) {
            let needle: String = text.chars().skip(from).take(len).collect();
            if let Some(needle) = Needle::new(&needle, prefix) {
                let mut found = Vec::new();
                words::hashes(&text, |h| found.push(h));
                let all = needle.hashes().iter().all(|h| found.contains(h));
                prop_assert!(!needle.is_in(&text) || all);
                let oracle = naive(&text, &needle);
                prop_assert_eq!(needle.is_in(&text), oracle);
            }
        }
    }

    /// Tries every place, character by character.
    fn naive(text: &str, needle: &Needle) -> bool {
        let text: Vec<char> = text.chars().map(fold).collect();
        let wanted: Vec<char> = needle.folded.chars().collect();
        (0..text.len()).any(|start| {
            let end = start + wanted.len();
            let word = |at: Option<&char>| at.is_some_and(|c| c.is_alphanumeric());
            end <= text.len()
                && text[start..end] == wanted[..]
                && !(start > 0 && word(text.get(start - 1)) && word(wanted.first()))
                && (needle.prefix || !(word(text.get(end)) && word(wanted.last())))
        })
    }
}

//! Patterns compiled: sorted by shape, so that most are one comparison.
//!
//! Patterns are folded like the values that they are compared with, unless the rule says that
//! case matters. A pattern that is none of the simple shapes is cut at its `*` into segments,
//! which are found from left to right; the first that fits is right, because what follows can
//! only gain by it. Cost: a comparison, or a substring search per segment.

use crate::pattern::{DASHES, Pattern, Piece, fold};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use memchr::memmem::{self, Finder};

/// From how many substrings on one automaton is faster than one search each.
const AUTOMATON_FROM: usize = 12;

/// A list of patterns, any of which suffices.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    anything: bool,
    /// Sorted.
    whole: Box<[Box<str>]>,
    starts: Box<[Box<str>]>,
    ends: Box<[Box<str>]>,
    inside: Inside,
    globs: Box<[Glob]>,
}

#[derive(Clone, Debug)]
enum Inside {
    Each(Box<[Finder<'static>]>),
    Together(Box<AhoCorasick>),
}

impl Texts {
    /// Compiles patterns; `None` when an automaton would be too large.
    pub fn new(patterns: &[Pattern], cased: bool) -> Option<Texts> {
        let mut anything = false;
        let (mut whole, mut starts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let (mut inside, mut globs) = (Vec::new(), Vec::new());
        for pattern in patterns {
            let pattern = if cased { pattern.clone() } else { pattern.map_text(fold) };
            match pattern.pieces() {
                [] => whole.push("".into()),
                [Piece::Many] => anything = true,
                [Piece::Lit(text)] => whole.push(text.clone()),
                [Piece::Lit(text), Piece::Many] => starts.push(text.clone()),
                [Piece::Many, Piece::Lit(text)] => ends.push(text.clone()),
                [Piece::Many, Piece::Lit(text), Piece::Many] => inside.push(text.clone()),
                pieces => globs.push(Glob::new(pieces)),
            }
        }
        whole.sort_unstable();
        whole.dedup();
        let inside = match inside.len() >= AUTOMATON_FROM {
            true => {
                let mut builder = AhoCorasickBuilder::new();
                let built = builder
                    .match_kind(MatchKind::Standard)
                    .build(inside.iter().map(|text| text.as_bytes()));
                Inside::Together(Box::new(built.ok()?))
            }
            false => {
                let finders = inside.iter().map(|text| Finder::new(text.as_bytes()).into_owned());
                Inside::Each(finders.collect())
            }
        };
        Some(Texts {
            anything,
            whole: whole.into(),
            starts: starts.into(),
            ends: ends.into(),
            inside,
            globs: globs.into(),
        })
    }

    /// Whether one of them fits the whole text.
    pub fn fit(&self, text: &str) -> bool {
        self.anything
            || self.whole.binary_search_by(|known| (**known).cmp(text)).is_ok()
            || self.starts.iter().any(|start| text.starts_with(&**start))
            || self.ends.iter().any(|end| text.ends_with(&**end))
            || match &self.inside {
                Inside::Each(all) => all.iter().any(|one| one.find(text.as_bytes()).is_some()),
                Inside::Together(automaton) => automaton.is_match(text),
            }
            || self.globs.iter().any(|glob| glob.fits(text))
    }

    /// How expensive it is, compared with others.
    pub fn cost(&self) -> u32 {
        let simple = self.whole.len().min(4) + self.starts.len() + self.ends.len();
        let inside = match &self.inside {
            Inside::Each(all) => 8 * all.len(),
            Inside::Together(_) => 120,
        };
        2 + (simple + inside + 16 * self.globs.len()) as u32
    }
}

/// A pattern with `*` in its middle, `?` or dashes.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    /// What stands between the `*`.
    segments: Box<[Box<[Piece]>]>,
    /// Whether the first segment must begin the text.
    at_start: bool,
    /// Whether the last one must end it.
    at_end: bool,
}

impl Glob {
    pub fn new(pieces: &[Piece]) -> Glob {
        let segments = pieces.split(|piece| *piece == Piece::Many);
        Glob {
            segments: segments.filter(|part| !part.is_empty()).map(Box::from).collect(),
            at_start: pieces.first() != Some(&Piece::Many),
            at_end: pieces.last() != Some(&Piece::Many),
        }
    }

    pub fn fits(&self, text: &str) -> bool {
        let mut from = 0;
        let last = self.segments.len().wrapping_sub(1);
        if self.segments.is_empty() {
            return !self.at_start || text.is_empty();
        }
        for (i, segment) in self.segments.iter().enumerate() {
            let found = match i {
                0 if self.at_start => match fit_at(segment, text, 0) {
                    Some(end) if !(last == 0 && self.at_end) || end == text.len() => Some(end),
                    _ => None,
                },
                _ if i == last && self.at_end => fit_end(segment, text, from),
                _ => find(segment, text, from),
            };
            match found {
                Some(end) => from = end,
                None => return false,
            }
        }
        true
    }
}

/// Where the segment ends, when it begins at `at`.
fn fit_at(segment: &[Piece], text: &str, at: usize) -> Option<usize> {
    let mut rest = text.get(at..)?;
    for piece in segment {
        rest = match piece {
            Piece::Lit(literal) => rest.strip_prefix(&**literal)?,
            Piece::One => {
                let mut chars = rest.chars();
                chars.next()?;
                chars.as_str()
            }
            Piece::Dash => rest.strip_prefix(DASHES)?,
            Piece::Many | Piece::Hole(_) => return None,
        };
    }
    Some(text.len() - rest.len())
}

/// Where the segment ends that ends the text and begins at `from` or later.
fn fit_end(segment: &[Piece], text: &str, from: usize) -> Option<usize> {
    let length = |piece: &Piece| match piece {
        Piece::Lit(literal) => literal.chars().count(),
        _ => 1,
    };
    let chars: usize = segment.iter().map(length).sum();
    let start = match chars.checked_sub(1) {
        None => text.len(),
        Some(back) => text.char_indices().rev().nth(back)?.0,
    };
    let end = fit_at(segment, text, start)?;
    (start >= from && end == text.len()).then_some(end)
}

/// Where the first occurrence at `from` or later ends.
fn find(segment: &[Piece], text: &str, from: usize) -> Option<usize> {
    let mut from = from;
    if let Some(Piece::Lit(literal)) = segment.first() {
        while let Some(at) = memmem::find(text.as_bytes().get(from..)?, literal.as_bytes()) {
            if let Some(end) = fit_at(segment, text, from + at) {
                return Some(end);
            }
            from += at + literal.chars().next().map_or(1, char::len_utf8);
        }
        return None;
    }
    let rest = text.get(from..)?;
    let starts = rest.char_indices().map(|(at, _)| from + at);
    starts.chain([text.len()]).find_map(|at| fit_at(segment, text, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The stupid way: try everything.
    fn oracle(pieces: &[Piece], text: &str) -> bool {
        let Some((piece, rest)) = pieces.split_first() else { return text.is_empty() };
        let mut chars = text.chars();
        match piece {
            Piece::Lit(literal) => {
                text.strip_prefix(&**literal).is_some_and(|text| oracle(rest, text))
            }
            Piece::Many => {
                let cuts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
                cuts.into_iter().any(|at| oracle(rest, &text[at..]))
            }
            Piece::One => chars.next().is_some() && oracle(rest, chars.as_str()),
            Piece::Dash => {
                chars.next().is_some_and(|c| DASHES.contains(&c)) && oracle(rest, chars.as_str())
            }
            Piece::Hole(_) => false,
        }
    }

    fn piece() -> impl Strategy<Value = Piece> {
        prop_oneof![
            4 => "[ab\u{e9}]{1,2}".prop_map(|text| Piece::Lit(text.into())),
            3 => Just(Piece::Many),
            1 => Just(Piece::One),
            1 => Just(Piece::Dash),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn as_the_stupid_way(
            lists in prop::collection::vec(prop::collection::vec(piece(), 0..6), 1..3),
            text in "[ab\u{e9}/\u{2014}-]{0,7}",
        ) {
            let patterns: Vec<_> = lists.iter().cloned().map(Pattern::from_pieces).collect();
            let expected = patterns.iter().any(|pattern| oracle(pattern.pieces(), &text));
            prop_assert_eq!(Texts::new(&patterns, true).unwrap().fit(&text), expected);
        }
    }

    #[test]
    fn many_substrings_are_one_automaton() {
        let patterns: Vec<_> =
            (0..40).map(|i| Pattern::plain(&format!("w{i:02}")).wrapped(true, true)).collect();
        let texts = Texts::new(&patterns, false).unwrap();
        assert!(matches!(texts.inside, Inside::Together(_)));
        assert!(texts.fit("xx w39 y") && texts.fit("w00") && !texts.fit("w4"));
    }

    #[test]
    fn segments() {
        for (pattern, text, expected) in [
            ("a*b", "ab", true),
            ("a*b", "axxb", true),
            ("a*b", "axxbc", false),
            ("*a*b*", "xxaxxbxx", true),
            ("a?c", "abc", true),
            ("a?c", "a\u{1f600}c", true),
            ("a?c", "ac", false),
            ("*ab?", "abab\u{e9}", true),
            ("?", "", false),
            ("a*a", "a", false),
            ("", "", true),
            ("", "a", false),
        ] {
            let glob = Glob::new(Pattern::parse(pattern, false).pieces());
            assert_eq!(glob.fits(text), expected, "{pattern} {text}");
        }
    }
}

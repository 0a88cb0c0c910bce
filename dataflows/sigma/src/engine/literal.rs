//! Literals without which a regular expression cannot match, with their case folded.
//!
//! The expression is walked once. A part either is one fixed text (then it joins its neighbours)
//! or has a set of texts of which one must occur, or says nothing. So `\\[a-z]+\.(exe|dll)$` needs
//! `exe` or `dll`.

use crate::pattern::fold;
use crate::test::RegexFlags;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Most literals of one set.
const SET_MAX: usize = 64;

enum Need {
    /// Exactly this text.
    Text(String),
    /// One of these must occur.
    Any(Vec<String>),
    /// Nothing is known.
    Nothing,
}

/// One of these occurs in every match; `None` when nothing is known.
pub(crate) fn needed(source: &str, flags: RegexFlags) -> Option<Vec<String>> {
    let hir = ParserBuilder::new()
        .case_insensitive(flags.insensitive)
        .multi_line(flags.lines)
        .dot_matches_new_line(flags.dot_all)
        .build()
        .parse(source)
        .ok()?;
    match walk(&hir) {
        Need::Text(text) if !text.is_empty() => Some(vec![text]),
        Need::Any(set) => Some(set),
        Need::Text(_) | Need::Nothing => None,
    }
}

/// How good a set is: the length of its shortest text.
fn worth(set: &[String]) -> usize {
    set.iter().map(String::len).min().unwrap_or(0)
}

fn walk(hir: &Hir) -> Need {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Need::Text(String::new()),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => Need::Text(fold(text)),
            Err(_) => Need::Nothing,
        },
        HirKind::Class(class) => one_letter(class),
        HirKind::Capture(capture) => walk(&capture.sub),
        HirKind::Repetition(repetition) => match (repetition.min, repetition.max) {
            (0, _) => Need::Nothing,
            (1, Some(1)) => walk(&repetition.sub),
            _ => match walk(&repetition.sub) {
                Need::Text(text) if text.is_empty() => Need::Nothing,
                Need::Text(text) => Need::Any(vec![text]),
                other => other,
            },
        },
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                match walk(part) {
                    Need::Text(text) if !text.is_empty() => all.push(text),
                    Need::Any(set) => all.extend(set),
                    Need::Text(_) | Need::Nothing => return Need::Nothing,
                }
                if all.len() > SET_MAX {
                    return Need::Nothing;
                }
            }
            Need::Any(all)
        }
    }
}

fn concat(parts: &[Hir]) -> Need {
    let mut best: Option<Vec<String>> = None;
    let mut run = String::new();
    let mut whole = true;
    let mut offer = |set: Vec<String>| {
        if best.as_ref().is_none_or(|known| worth(&set) > worth(known)) && worth(&set) > 0 {
            best = Some(set);
        }
    };
    for part in parts {
        match walk(part) {
            Need::Text(text) => run.push_str(&text),
            other => {
                whole = false;
                offer(vec![std::mem::take(&mut run)]);
                if let Need::Any(set) = other {
                    offer(set);
                }
            }
        }
    }
    if whole {
        return Need::Text(run);
    }
    offer(vec![run]);
    best.map_or(Need::Nothing, Need::Any)
}

/// A class that is one letter in both cases is that letter.
fn one_letter(class: &Class) -> Need {
    let Class::Unicode(class) = class else { return Need::Nothing };
    let mut found: Option<String> = None;
    for range in class.iter() {
        if range.len() > 2 {
            return Need::Nothing;
        }
        for c in range.start()..=range.end() {
            let folded = fold(c.encode_utf8(&mut [0; 4]));
            if found.get_or_insert_with(|| folded.clone()) != &folded {
                return Need::Nothing;
            }
        }
    }
    found.map_or(Need::Nothing, Need::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_must_occur() {
        for (source, insensitive, expected) in [
            ("Abc", false, Some(vec!["abc"])),
            ("abc", true, Some(vec!["abc"])),
            (r"\\[a-z]+\.(exe|dll)$", false, Some(vec!["exe", "dll"])),
            ("a.*longer", false, Some(vec!["longer"])),
            ("(foo|bar)baz", false, Some(vec!["foo", "bar", "baz"])),
            ("x*", false, None),
            ("[a-z]+", false, None),
            ("(ab){2,}", false, Some(vec!["ab"])),
            ("a|", false, None),
            ("^abc$", false, Some(vec!["abc"])),
        ] {
            let flags = RegexFlags { insensitive, ..RegexFlags::default() };
            let found = needed(source, flags);
            match expected {
                None => assert_eq!(found, None, "{source}"),
                Some(known) => {
                    let found = found.unwrap();
                    let fits = found.iter().all(|text| known.contains(&text.as_str()));
                    assert!(fits && !found.is_empty(), "{source}: {found:?}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn every_match_has_one(
            source in r"(\(?[abK]{1,2}\)?[*+?|]?|\.|\[ab\]|\(a\|Kb\)){1,5}",
            text in "[abkK\u{212a}]{0,8}",
            insensitive: bool,
        ) {
            let flags = RegexFlags { insensitive, ..RegexFlags::default() };
            let regex = regex::RegexBuilder::new(&source).case_insensitive(insensitive).build();
            if let (Ok(regex), Some(needed)) = (regex, needed(&source, flags))
                && regex.is_match(&text)
            {
                let folded = fold(&text);
                prop_assert!(needed.iter().any(|n| folded.contains(n)), "{source} {needed:?}");
            }
        }
    }
}

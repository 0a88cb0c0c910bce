//! The four measures of template extraction.
//!
//! * GA, grouping accuracy (Zhu et al., ICSE-SEIP 2019): the share of messages whose group has
//!   exactly the same members as their true group.
//! * PA, parsing accuracy (Dai et al., TSE 2020): the share of messages whose template text is the
//!   true one.
//! * FGA (Jiang et al., ISSTA 2024): the harmonic mean of the share of exactly right groups among
//!   those that were made and among the true ones.
//! * FTA (Khan et al., ICSE 2022): the same over template texts; a text is right when all messages
//!   that carry it have one true template, with that text.
//!
//! Before texts are compared, blanks are made single, placeholders become `<*>`, and neighbouring
//! wildcards one wildcard, on both sides.

use regex::Regex;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A message with its true and its assigned group and text.
#[derive(Clone, Debug)]
pub struct Judged {
    /// True group.
    pub true_group: String,
    /// True template.
    pub true_text: String,
    /// Assigned group.
    pub group: u64,
    /// Assigned template.
    pub text: String,
}

/// The result, each between 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Messages.
    pub messages: usize,
    /// True groups.
    pub true_groups: usize,
    /// Groups that were made.
    pub groups: usize,
    /// Grouping accuracy.
    pub ga: f64,
    /// Parsing accuracy.
    pub pa: f64,
    /// F1 of grouping.
    pub fga: f64,
    /// F1 of texts.
    pub fta: f64,
}

/// Scores the messages of one system.
pub fn score(judged: &[Judged]) -> Scores {
    let (mut truth, mut made) = (BTreeMap::<&str, Vec<usize>>::new(), BTreeMap::new());
    let mut texts: BTreeMap<String, BTreeSet<(&str, bool)>> = BTreeMap::new();
    let mut true_texts = BTreeSet::new();
    let mut exact = 0;
    for (at, message) in judged.iter().enumerate() {
        truth.entry(&message.true_group).or_default().push(at);
        made.entry(message.group).or_insert_with(Vec::new).push(at);
        let (is, should) = (normal(&message.text), normal(&message.true_text));
        exact += usize::from(is == should);
        let right = is == should;
        texts.entry(is).or_default().insert((&message.true_group, right));
        true_texts.insert(should);
    }
    let true_members: BTreeSet<&Vec<usize>> = truth.values().collect();
    let (mut right_groups, mut right_messages) = (0, 0);
    for members in made.values().filter(|members| true_members.contains(members)) {
        right_groups += 1;
        right_messages += members.len();
    }
    let right_texts = texts.values().filter(|of| of.len() == 1 && of.iter().all(|o| o.1)).count();
    Scores {
        messages: judged.len(),
        true_groups: truth.len(),
        groups: made.len(),
        ga: share(right_messages, judged.len()),
        pa: share(exact, judged.len()),
        fga: f1(right_groups, made.len(), truth.len()),
        fta: f1(right_texts, texts.len(), true_texts.len()),
    }
}

/// The mean of each measure over systems.
pub fn mean(all: &[Scores]) -> Scores {
    let of = |measure: fn(&Scores) -> f64| {
        all.iter().map(measure).sum::<f64>() / all.len().max(1) as f64
    };
    Scores {
        messages: all.iter().map(|s| s.messages).sum(),
        true_groups: all.iter().map(|s| s.true_groups).sum(),
        groups: all.iter().map(|s| s.groups).sum(),
        ga: of(|s| s.ga),
        pa: of(|s| s.pa),
        fga: of(|s| s.fga),
        fta: of(|s| s.fta),
    }
}

fn share(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}

/// 2 P R / (P + R) with P = right / made and R = right / true.
fn f1(right: usize, made: usize, of: usize) -> f64 {
    share(2 * right, made + of)
}

fn normal(text: &str) -> String {
    static PLACEHOLDER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"<:?[A-Z][A-Z0-9_]*:?>|\{\*\}").ok());
    static NEIGHBOURS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"<\*>(?:[.:,/]?|\s)<\*>").ok());
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (Some(placeholder), Some(neighbours)) = (&*PLACEHOLDER, &*NEIGHBOURS) else { return text };
    text = placeholder.replace_all(&text, "<*>").into_owned();
    loop {
        let next = neighbours.replace_all(&text, "<*>").into_owned();
        if next == text {
            return text;
        }
        text = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(rows: &[(&str, &str, u64, &str)]) -> Vec<Judged> {
        rows.iter()
            .map(|(true_group, true_text, group, text)| Judged {
                true_group: (*true_group).to_owned(),
                true_text: (*true_text).to_owned(),
                group: *group,
                text: (*text).to_owned(),
            })
            .collect()
    }

    #[test]
    fn by_hand() {
        // A is right; B is split, one half with the right text; C and D are one group.
        let scores = score(&judged(&[
            ("A", "a <*>", 1, "a <*>"),
            ("A", "a <*>", 1, "a <*>"),
            ("B", "b <*>", 2, "b <*>"),
            ("B", "b <*>", 3, "b c"),
            ("C", "c", 4, "<*>"),
            ("D", "d", 4, "<*>"),
        ]));
        assert_eq!((scores.messages, scores.true_groups, scores.groups), (6, 4, 4));
        assert_eq!(scores.ga, 2.0 / 6.0);
        assert_eq!(scores.pa, 3.0 / 6.0);
        // One right group of four made and four true.
        assert_eq!(scores.fga, 0.25);
        // Right texts: `a <*>`, `b <*>`; made: 4; true: 4.
        assert_eq!(scores.fta, 0.5);
        assert_eq!(mean(&[scores, Scores { ga: 1.0, ..scores }]).ga, 4.0 / 6.0);
        assert_eq!(score(&[]).ga, 0.0);
    }

    #[test]
    fn texts_are_compared_without_what_means_the_same() {
        for (one, other) in [
            ("from <IP>  port <NUM>", "from <*> port <*>"),
            ("<*>:<*> x <*> <*>", "<*> x <*>"),
            ("a {*} b", "a <*> b"),
        ] {
            assert_eq!(normal(one), normal(other));
        }
        assert_ne!(normal("a <b>"), normal("a <*>"));
    }
}

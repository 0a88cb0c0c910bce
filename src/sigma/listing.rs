//! A rule as lists show it, and which rules of the book are asked for.
//!
//! One row for the command line and the API, so that both say the same of a rule: who wrote it,
//! under which licence, where it comes from, whether it can match and, if not, why.

use super::book::{Book, Entry, Origin};
use crate::config::problem::nearest;
use seerflow_model::Tactic;
use seerflow_sigma::{Header, Level, LogSource, Part, Place, State, Status};
use serde::Serialize;

/// What a list says of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row<'b> {
    /// What it is known by.
    pub key: &'b str,
    /// Its head.
    pub header: &'b Header,
    /// `detection` or `correlation`.
    pub kind: &'static str,
    /// Where it comes from.
    pub origin: Origin,
    /// Its file.
    pub file: &'b str,
    /// Line that it begins at.
    pub line: u32,
    /// Column in it.
    pub column: u32,
    /// `ok`, `disabled` or `unreachable`.
    pub state: &'static str,
    /// Why it is not ok.
    pub reason: Option<&'b str>,
    /// Whether a match is an alert by itself.
    pub alone: bool,
}

/// The words for [`State`].
pub const STATES: [&str; 3] = ["ok", "disabled", "unreachable"];
/// The lenses of rules.
pub const LENSES: [&str; 2] = ["security", "operations"];

/// A state as a word and its reason.
pub fn state(state: &State) -> (&'static str, Option<&str>) {
    match state {
        State::Ok => (STATES[0], None),
        State::Disabled(why) => (STATES[1], Some(why)),
        State::Unreachable(why) => (STATES[2], Some(why)),
    }
}

impl<'b> Row<'b> {
    /// That of an entry of a book.
    pub fn of(book: &'b Book, entry: &'b Entry) -> Option<Row<'b>> {
        let set = &book.set;
        let (header, place, kind, alone) = match entry.part {
            Part::Rule(n) => {
                let rule = set.rules().get(n as usize)?;
                (&rule.rule.header, rule.rule.place, "detection", rule.alone)
            }
            Part::Correlation(n) => {
                let correlated = set.correlations().get(n as usize)?;
                (&correlated.rule.header, correlated.place, "correlation", correlated.alone)
            }
        };
        let (file, state_of) = book.file_and_state(entry.part)?;
        let (state, reason) = state(state_of);
        let alone = alone && !header.is_part();
        let (key, origin) = (entry.key.as_str(), entry.origin);
        let Place { line, column } = place;
        Some(Row { key, header, kind, origin, file, line, column, state, reason, alone })
    }

    /// Level; a rule without one counts as informational.
    pub fn level(&self) -> Level {
        self.header.level.unwrap_or(Level::Informational)
    }

    /// Product, category and service, `-` for what it does not say.
    pub fn logsource(&self) -> String {
        let LogSource { category, product, service, .. } = &self.header.logsource;
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
        match self.kind {
            "correlation" => "-".into(),
            _ => format!("{}/{}/{}", part(product), part(category), part(service)),
        }
    }

    /// Slugs of its tactics.
    pub fn tactics(&self) -> Vec<&'static str> {
        self.header.tactics().iter().map(|tactic| tactic.slug()).collect()
    }
}

/// Which rules are asked for; what is not set asks for nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A technique with those below it: `T1053` is `T1053.003` too.
    pub technique: Option<String>,
    /// A tactic.
    pub tactic: Option<Tactic>,
    /// A lens.
    pub lens: Option<&'static str>,
    /// A state.
    pub state: Option<&'static str>,
    /// Least level.
    pub level: Option<Level>,
    /// Least status.
    pub status: Option<Status>,
    /// Where it comes from.
    pub origin: Option<Origin>,
    /// Product of the logsource.
    pub product: Option<String>,
    /// Category of the logsource.
    pub category: Option<String>,
    /// Severities of matches, as numbers of the scale of alerts; any of them.
    pub severities: Vec<u8>,
    /// Whether it takes part.
    pub enabled: Option<bool>,
    /// Part of title, name or id, without regard to case.
    pub search: Option<String>,
}

/// Reads a technique: `T1053`, `t1053.003`.
pub fn technique(text: &str) -> Result<String, String> {
    let digits = |part: &str, n| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let upper = text.trim().to_ascii_uppercase();
    let fits = upper.strip_prefix('T').is_some_and(|rest| match rest.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(rest, 4),
    });
    match fits {
        true => Ok(upper),
        false => Err("is no technique; allowed: T1053 or T1053.003".into()),
    }
}

/// Reads a tactic: its name in any spelling, or its number.
pub fn tactic(text: &str) -> Result<Tactic, String> {
    Tactic::parse(text).ok_or_else(|| {
        let slugs = Tactic::ALL.iter().map(|tactic| tactic.slug());
        let near = nearest(&text.to_ascii_lowercase(), slugs.clone());
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let all = slugs.collect::<Vec<_>>().join(", ");
        format!("is no tactic{near} (allowed: {all}, or TA0001 and so on)")
    })
}

/// One of a few words.
pub fn word(text: &str, words: &[&'static str]) -> Result<&'static str, String> {
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(text.trim()));
    found.copied().ok_or_else(|| format!("is not known; allowed: {}", words.join(", ")))
}

/// The technique that a sub-technique is below; of others themselves.
pub fn parent(technique: &str) -> &str {
    technique.split('.').next().unwrap_or(technique)
}

/// Whether a technique is asked for by another: itself, or one below it.
pub fn below(technique: &str, asked: &str) -> bool {
    technique.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Filter {
    /// Whether a rule is asked for.
    pub fn wants(&self, row: &Row<'_>) -> bool {
        let header = row.header;
        let same = |wanted: &Option<String>, has: &Option<String>| match (wanted, has) {
            (None, _) => true,
            (Some(wanted), Some(has)) => wanted.eq_ignore_ascii_case(has),
            (Some(_), None) => false,
        };
        let technique = |asked: &String| header.techniques().iter().any(|has| below(has, asked));
        self.technique.as_ref().is_none_or(technique)
            && self.tactic.is_none_or(|tactic| header.tactics().contains(&tactic))
            && self.lens.is_none_or(|lens| header.lens() == lens)
            && self.state.is_none_or(|state| row.state == state)
            && self.level.is_none_or(|least| row.level() >= least)
            && self.status.is_none_or(|least| header.status.is_none_or(|status| status >= least))
            && self.origin.is_none_or(|origin| row.origin == origin)
            && same(&self.product, &header.logsource.product)
            && same(&self.category, &header.logsource.category)
            && (self.severities.is_empty() || self.severities.contains(&header.severity().id()))
            && self.enabled.is_none_or(|enabled| enabled == (row.state != STATES[1]))
            && self.search.as_ref().is_none_or(|text| self.found(row, text))
    }

    fn found(&self, row: &Row<'_>, text: &str) -> bool {
        let text = text.to_lowercase();
        let texts = [Some(row.header.title.as_str()), row.header.name.as_deref(), Some(row.key)];
        texts.iter().flatten().any(|has| has.to_lowercase().contains(&text))
    }

    /// The rules of a book that are asked for, in its order.
    pub fn rows<'b>(&self, book: &'b Book) -> Vec<Row<'b>> {
        let rows = book.entries.iter().filter_map(|entry| Row::of(book, entry));
        rows.filter(|row| self.wants(row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::sigma::book::{Changes, Wish};

    fn book() -> Book {
        Book::load(&Wish::of(&Config::default()), &Changes::default()).unwrap()
    }

    #[test]
    fn words_are_read_or_said_to_be_wrong() {
        assert_eq!(technique("t1053.003").unwrap(), "T1053.003");
        for wrong in ["", "T105", "1053", "T1053.3", "T1053.", "Tabcd"] {
            assert!(technique(wrong).is_err(), "{wrong}");
        }
        for right in ["persistence", "TA0003", "ta0003", "Persistence", "attack.persistence"] {
            assert_eq!(tactic(right), Ok(Tactic::Persistence), "{right}");
        }
        assert!(tactic("persistance").unwrap_err().contains("did you mean `persistence`?"));
        assert_eq!(word("OK", &STATES), Ok("ok"));
        assert!(word("fine", &STATES).unwrap_err().contains("ok, disabled, unreachable"));
        assert!(below("T1053.003", "T1053") && below("T1053", "T1053"));
        assert!(!below("T1053", "T1053.003") && !below("T10531", "T1053"));
    }

    #[test]
    fn each_filter_takes_some_and_leaves_some() {
        let book = book();
        let all = Filter::default().rows(&book).len();
        assert_eq!(all, book.entries.len());
        let filters = [
            Filter { technique: Some("T1053".into()), ..Filter::default() },
            Filter { tactic: Some(Tactic::Persistence), ..Filter::default() },
            Filter { lens: Some("operations"), ..Filter::default() },
            Filter { level: Some(Level::High), ..Filter::default() },
            Filter { product: Some("LINUX".into()), ..Filter::default() },
            Filter { category: Some("webserver".into()), ..Filter::default() },
            Filter { severities: vec![3], ..Filter::default() },
            Filter { search: Some("SUDO".into()), ..Filter::default() },
        ];
        for filter in filters {
            let some = filter.rows(&book).len();
            assert!(some > 0 && some < all, "{filter:?}: {some}");
        }
        let none = Filter { origin: Some(Origin::File), ..Filter::default() };
        assert!(none.rows(&book).is_empty());
        let sub = Filter { technique: Some("T1053".into()), ..Filter::default() };
        for row in sub.rows(&book) {
            assert!(
                row.header.techniques().iter().any(|id| id.starts_with("T1053")),
                "{}",
                row.key
            );
        }
        let off = Filter { enabled: Some(false), state: Some("disabled"), ..Filter::default() };
        assert!(off.rows(&book).is_empty());
    }
}

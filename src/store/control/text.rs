//! Words to be found in alerts.
//!
//! | written | finds |
//! |---|---|
//! | `failed root` | both words, anywhere in the alert, in any case |
//! | `"failed password"` | these words next to each other, in this order |
//! | `ssh*`, `"failed pass"*` | the last word may go on |
//! | `10.1.2.3`, `web-01` | the parts next to each other, as in quotes |
//!
//! A word is a run of letters and digits; everything else only separates. All other characters say
//! nothing: there are no operators, so no text can be a wrong query, except one without any word. A
//! quote that is not closed runs to the end. Searched are title, description, rule, values of
//! entities and messages of events. Values of accents count: `é` is not `e`.

use super::{Result, StateError};

/// Longest query, in bytes.
pub const QUERY_MAX: usize = 1_024;
/// Most terms of a query.
pub const TERMS_MAX: usize = 32;

/// Words that must stand next to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As they were written, without quotes.
    pub text: String,
    /// Whether the last one may go on.
    pub prefix: bool,
}

/// The terms of a query; empty when it is blank, which finds everything.
pub fn parse(query: &str) -> Result<Vec<Term>> {
    if query.len() > QUERY_MAX {
        return Err(StateError::Invalid(format!("the text is longer than {QUERY_MAX} bytes")));
    }
    let mut terms = Vec::new();
    let mut rest = query.trim_start();
    while !rest.is_empty() {
        let (text, prefix, after) = match rest.strip_prefix('"') {
            Some(quoted) => phrase(quoted),
            None => word(rest),
        };
        if text.chars().any(char::is_alphanumeric) {
            terms.push(Term { text: text.to_owned(), prefix });
        }
        rest = after.trim_start();
    }
    if terms.len() > TERMS_MAX {
        return Err(StateError::Invalid(format!("the text has more than {TERMS_MAX} words")));
    }
    if terms.is_empty() && !query.trim().is_empty() {
        return Err(StateError::Invalid("the text has no letter and no digit to look for".into()));
    }
    Ok(terms)
}

/// Up to the closing quote; a star right after it belongs to it.
fn phrase(quoted: &str) -> (&str, bool, &str) {
    let (text, after) = quoted.split_once('"').unwrap_or((quoted, ""));
    match after.strip_prefix('*') {
        Some(after) => (text, true, after),
        None => (text, false, after),
    }
}

/// Up to the next blank or quote.
fn word(rest: &str) -> (&str, bool, &str) {
    let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
    let (text, after) = rest.split_at(end);
    let (bare, prefix) = match text.strip_suffix('*') {
        Some(bare) => (bare, bare.ends_with(char::is_alphanumeric)),
        None => (text, false),
    };
    (bare, prefix, after)
}

/// The terms in the query language of FTS5. Every term is a string of it, so nothing in one can be
/// an operator.
pub(super) fn fts5(terms: &[Term]) -> String {
    let mut out = String::new();
    for term in terms {
        if !out.is_empty() {
            out.push_str(" AND ");
        }
        out.push('"');
        // FTS5 takes its query for a C string; what is no letter or digit separates anyway.
        out.extend(term.text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }));
        out.push_str(if term.prefix { "\" *" } else { "\"" });
    }
    out
}

#[cfg(test)]
pub(super) mod oracle {
    //! The same search, done the stupid way, for ASCII.

    use super::Term;

    fn words(text: &str) -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    }

    /// Whether one of the texts has the words of the term next to each other.
    fn has(texts: &[&str], term: &Term) -> bool {
        let want = words(&term.text);
        texts.iter().any(|text| {
            words(text).windows(want.len()).any(|have| {
                let (last, first) = want.split_last().unwrap();
                have[..first.len()] == *first
                    && match term.prefix {
                        true => have[first.len()].starts_with(last.as_str()),
                        false => have[first.len()] == *last,
                    }
            })
        })
    }

    /// Whether all terms are found.
    pub fn fits(texts: &[&str], terms: &[Term]) -> bool {
        terms.iter().all(|term| has(texts, term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_way_to_write_it() {
        let cases = [
            ("", ""),
            ("  \t ", ""),
            ("failed root", r#""failed" AND "root""#),
            (r#""failed password" root"#, r#""failed password" AND "root""#),
            (r#""failed pass"* x"#, r#""failed pass" * AND "x""#),
            ("ssh*", r#""ssh" *"#),
            ("10.1.2.3", r#""10 1 2 3""#),
            ("a AND NOT b", r#""a" AND "AND" AND "NOT" AND "b""#),
            (r#"open "never closed"#, r#""open" AND "never closed""#),
            (r#"a"b"c"#, r#""a" AND "b" AND "c""#),
            ("title:x (y) -z ^w", r#""title x" AND " y " AND " z" AND " w""#),
            ("a * - b", r#""a" AND "b""#),
            ("ab-*", r#""ab ""#),
            ("nul\0byte", r#""nul byte""#),
            ("été*", r#""été" *"#),
        ];
        for (query, want) in cases {
            assert_eq!(fts5(&parse(query).unwrap()), want, "{query:?}");
        }
    }

    #[test]
    fn what_cannot_be_asked() {
        let long = "x".repeat(QUERY_MAX + 1);
        let many = "x ".repeat(TERMS_MAX + 1);
        for query in ["*", "--", "\"\"", "\0", &long, &many] {
            assert!(parse(query).unwrap_err().is_invalid(), "{query:?}");
        }
    }
}

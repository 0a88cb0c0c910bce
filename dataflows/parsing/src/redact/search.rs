//! Finds what is to be redacted in one line.
//!
//! Each detector adds spans; they are put in order, those that overlap become one, and what lies in
//! a pseudonym that is there already is left out.

use super::field::{Line, starts};
use super::key::{pseudonym_at, pseudonym_over};
use super::pem::{self, State};
use super::shape::{self, SHAPES};
use super::sieve::Sieve;
use super::{Rule, card, email};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use regex::bytes::Regex;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A value: where, and of which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it stands.
    pub range: Range<usize>,
    /// Index of the rule.
    pub rule: usize,
}

/// Buffers of a search.
#[derive(Clone, Default)]
pub struct Scratch {
    /// What was found, in order, without overlaps.
    pub found: Vec<Found>,
    groups: Vec<Range<usize>>,
    /// A value as it is compared.
    pub value: Vec<u8>,
}

impl fmt::Debug for Scratch {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("found", &self.found).finish_non_exhaustive()
    }
}

/// Names before secrets; anything may stand before a name.
const NAMES: [&str; 24] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secret_key",
    "secret-key",
    "secretkey",
    "secret_access_key",
    "secret-access-key",
    "secretaccesskey",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "accesskey",
    "private_key",
    "private-key",
    "privatekey",
    "auth_key",
    "authkey",
    "token",
    "credential",
];

#[derive(Clone, Copy, Debug)]
enum Hint {
    /// The name of a field: whole, or the end of a name.
    Field {
        rule: usize,
        exact: bool,
    },
    Authorization,
    Bearer,
    Basic,
    WebToken,
    Shape(usize),
    PrivateKey,
    UserInfo,
}

/// The compiled rules.
#[derive(Clone)]
pub struct Search {
    /// Rule of cards.
    pub card: Option<usize>,
    /// Rule of addresses.
    pub email: Option<usize>,
    token: Option<usize>,
    hints: Option<(AhoCorasick, Arc<[Hint]>)>,
    /// Of the patterns of the hints.
    sieve: Option<Sieve>,
    expressions: Vec<(usize, Regex)>,
    /// Fields by name, in lower case.
    fields: Vec<(usize, String)>,
}

impl Search {
    pub(super) fn new(rules: &[Rule]) -> Search {
        let place = |wanted: fn(&Rule) -> bool| rules.iter().position(wanted);
        let token = place(|rule| matches!(rule, Rule::Token));
        let mut search = Search {
            card: place(|rule| matches!(rule, Rule::Card)),
            email: place(|rule| matches!(rule, Rule::Email)),
            token,
            hints: None,
            sieve: None,
            expressions: Vec::new(),
            fields: Vec::new(),
        };
        let (mut patterns, mut hints) = (Vec::new(), Vec::new());
        for (rule, of) in rules.iter().enumerate() {
            match of {
                Rule::Field { field, .. } => {
                    patterns.push(field.to_ascii_lowercase());
                    search.fields.push((rule, field.to_ascii_lowercase()));
                    hints.push(Hint::Field { rule, exact: true });
                }
                Rule::Regex { regex, .. } => search.expressions.push((rule, regex.clone())),
                Rule::Card | Rule::Email | Rule::Token => {}
            }
        }
        if let Some(rule) = token {
            let mut add = |pattern: &str, hint| {
                patterns.push(pattern.to_ascii_lowercase());
                hints.push(hint);
            };
            NAMES.iter().for_each(|name| add(name, Hint::Field { rule, exact: false }));
            add("authorization", Hint::Authorization);
            add("bearer ", Hint::Bearer);
            add("basic ", Hint::Basic);
            add("eyJ", Hint::WebToken);
            add("-----BEGIN ", Hint::PrivateKey);
            add("://", Hint::UserInfo);
            SHAPES.iter().enumerate().for_each(|(i, shape)| add(shape.0, Hint::Shape(i)));
        }
        search.sieve = Sieve::new(&patterns);
        // Patterns are few and short, and their number is bounded by the configuration.
        search.hints = (!patterns.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .match_kind(MatchKind::LeftmostLongest)
                    .kind(Some(AhoCorasickKind::DFA))
                    .build(&patterns)
                    .ok()
            })
            .flatten()
            .map(|found| (found, hints.into()));
        search
    }

    /// The rule of all cells of a column of this name. Blanks in it stand for `_`.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        let name = name.to_ascii_lowercase();
        let joined = name.replace(' ', "_");
        let named = self.fields.iter().find(|(_, field)| *field == name || *field == joined);
        let secret = || joined == "authorization" || NAMES.iter().any(|end| joined.ends_with(end));
        named.map(|(rule, _)| *rule).or_else(|| self.token.filter(|_| secret()))
    }

    /// Finds the values of a line. `state`: what is known of the lines before it; only the first
    /// look at a line has one.
    pub(super) fn find(&self, line: &[u8], state: Option<&mut State>, scratch: &mut Scratch) {
        let Scratch { found, groups, .. } = scratch;
        found.clear();
        if let Some(rule) = self.card {
            card::find(line, groups, |range| found.push(Found { range, rule }));
        }
        if let Some(rule) = self.email {
            email::find(line, |range| found.push(Found { range, rule }));
        }
        self.secrets(line, state, found);
        for (rule, regex) in &self.expressions {
            expression(line, regex, *rule, found);
        }
        if !found.is_empty() {
            self.tidy(line, found);
        }
    }

    fn secrets(&self, line: &[u8], state: Option<&mut State>, found: &mut Vec<Found>) {
        let Some((search, hints)) = &self.hints else { return };
        let mut after = State::default();
        if let (Some(state), Some(rule)) = (state.as_deref(), self.token)
            && state.inside()
        {
            let range;
            (range, after) = pem::goes_on(line, *state);
            found.extend(range.map(|range| Found { range, rule }));
        }
        if self.sieve.as_ref().is_none_or(|sieve| sieve.may_hold(line)) {
            self.hinted(line, search, hints, &mut after, found);
        }
        if let Some(state) = state {
            *state = after;
        }
    }

    /// What the patterns lead to.
    fn hinted(
        &self,
        line: &[u8],
        search: &AhoCorasick,
        hints: &[Hint],
        after: &mut State,
        found: &mut Vec<Found>,
    ) {
        let text = Line::new(line);
        let mut from = 0;
        while let Some(hit) = search.find(Input::new(line).span(from..line.len())) {
            if let Some(over) = pseudonym_over(line, hit.start()) {
                from = over.end;
                continue;
            }
            let (range, rule) = match hints[hit.pattern().as_usize()] {
                Hint::Field { rule, exact } => (text.field(hit.range(), exact), Some(rule)),
                Hint::PrivateKey => match pem::begins(line, hit.start()) {
                    Some((range, goes_on)) => {
                        if goes_on {
                            *after = pem::open();
                        }
                        (Some(range).filter(|range| !range.is_empty()), self.token)
                    }
                    None => (None, None),
                },
                hint => (self.shaped(hint, text, hit.range()), self.token),
            };
            from = range.as_ref().map_or(hit.start() + 1, |range| range.end.max(hit.start() + 1));
            if let (Some(range), Some(rule)) = (range, rule) {
                found.push(Found { range, rule });
            }
        }
    }

    fn shaped(&self, hint: Hint, line: Line<'_>, hit: Range<usize>) -> Option<Range<usize>> {
        let text = line.text;
        match hint {
            Hint::Authorization => line.authorization(hit),
            Hint::Bearer if starts(text, hit.start) => shape::bearer(text, hit.end),
            Hint::Basic if starts(text, hit.start) => shape::basic(text, hit.end),
            Hint::WebToken => shape::web_token(text, hit.start),
            Hint::Shape(i) => SHAPES[i].read(text, hit.start),
            Hint::UserInfo => shape::user_info(text, hit.end),
            Hint::Bearer | Hint::Basic | Hint::PrivateKey | Hint::Field { .. } => None,
        }
    }
}

/// What an expression matches.
fn expression(line: &[u8], regex: &Regex, rule: usize, found: &mut Vec<Found>) {
    if regex.captures_len() == 1 {
        let ranges = regex.find_iter(line).map(|whole| whole.range());
        found.extend(ranges.filter(|r| !r.is_empty()).map(|range| Found { range, rule }));
        return;
    }
    for captures in regex.captures_iter(line) {
        if let Some(group) = captures.get(1).filter(|group| !group.is_empty()) {
            found.push(Found { range: group.range(), rule });
        }
    }
}

impl Search {
    /// Puts spans in order, joins those that overlap, leaves pseudonyms alone.
    fn tidy(&self, line: &[u8], found: &mut Vec<Found>) {
        for found in found.iter_mut() {
            let Range { start, end } = &mut found.range;
            if let Some(over) = pseudonym_over(line, *start) {
                *start = over.start;
            }
            if let Some(over) = pseudonym_over(line, *end - 1) {
                *end = over.end;
            }
        }
        found.retain(|found| pseudonym_at(line, found.range.start) != Some(found.range.end));
        // `u:password@db.example.com` looks like an address: the secret goes first.
        let email = |found: &Found| self.email == Some(found.rule);
        let secret = |found: &Found| self.token == Some(found.rule);
        let order = |f: &Found| (f.range.start, !secret(f), usize::MAX - f.range.end, f.rule);
        found.sort_by_key(order);
        found.dedup_by(|next, kept| {
            let joined = next.range.start < kept.range.end;
            if joined && !(email(next) && secret(kept)) {
                kept.range.end = kept.range.end.max(next.range.end);
            }
            joined
        });
    }
}

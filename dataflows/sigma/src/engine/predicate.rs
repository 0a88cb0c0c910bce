//! Tests compiled: a slot and a question that a row answers.

use super::row::{ANYWHERE, Row, Seen, Slot};
use super::text::Texts;
use super::times;
use crate::net::Net;
use crate::number::{Number, Relation};
use crate::test::{Affix, RegexFlags, Test, TimePart, Want};
use regex::{Regex, RegexBuilder};
use std::net::IpAddr;

/// Size up to which a compiled expression is one of the small ones, in bytes.
const REGEX_SMALL_MAX: usize = 256 << 10;
/// Greatest size of a compiled expression, in bytes.
const REGEX_BYTES_MAX: usize = 10 << 20;
/// Greatest size of its cache while it runs, in bytes.
const REGEX_CACHE_MAX: usize = 2 << 20;
/// Deepest nesting of an expression.
const REGEX_DEPTH_MAX: u32 = 64;

/// A compiled test.
#[derive(Clone, Debug)]
pub(crate) struct Predicate {
    /// Which values are asked.
    pub slot: Slot,
    ask: Ask,
}

#[derive(Clone, Debug)]
enum Ask {
    Folded(Texts),
    Raw(Texts),
    Regex { regex: Regex, large: bool },
    Number(Relation, Number),
    Bool(&'static str),
    Null,
    Exists,
    Cidr(Box<[Net]>),
    Reference { other: Slot, how: Affix, cased: bool },
    Time(TimePart, Relation, Number),
}

impl Predicate {
    /// Compiles a test; the error says what is wrong with it.
    pub fn new(test: &Test, mut slot: impl FnMut(&str) -> Slot) -> Result<Predicate, String> {
        let own = if test.field.is_empty() { ANYWHERE } else { slot(&test.field) };
        let too_large = || "the list of patterns is too large".to_owned();
        let ask = match &test.want {
            Want::Text { patterns, cased: false } => {
                Ask::Folded(Texts::new(patterns, false).ok_or_else(too_large)?)
            }
            Want::Text { patterns, cased: true } => {
                Ask::Raw(Texts::new(patterns, true).ok_or_else(too_large)?)
            }
            Want::Regex { source, flags } => match regex(source, *flags, REGEX_SMALL_MAX) {
                Ok(regex) => Ask::Regex { regex, large: false },
                Err(_) => {
                    Ask::Regex { regex: regex(source, *flags, REGEX_BYTES_MAX)?, large: true }
                }
            },
            Want::Number(relation, number) => Ask::Number(*relation, *number),
            Want::Bool(value) => Ask::Bool(if *value { "true" } else { "false" }),
            Want::Null => Ask::Null,
            Want::Exists => Ask::Exists,
            Want::Cidr(nets) => Ask::Cidr(nets[..].into()),
            Want::Reference { other, how, cased } => {
                Ask::Reference { other: slot(other), how: *how, cased: *cased }
            }
            Want::Time(part, relation, number) => Ask::Time(*part, *relation, *number),
        };
        Ok(Predicate { slot: own, ask })
    }

    /// Whether it is an expression, and then whether it is a large one.
    pub fn expression(&self) -> Option<bool> {
        match self.ask {
            Ask::Regex { large, .. } => Some(large),
            _ => None,
        }
    }

    /// The other slot that it looks at, if any.
    pub fn other(&self) -> Option<Slot> {
        match self.ask {
            Ask::Reference { other, .. } => Some(other),
            _ => None,
        }
    }

    /// Asks a row.
    pub fn ask(&self, row: &Row) -> bool {
        match &self.ask {
            Ask::Null => !row.any(self.slot, |value| value.is_something()),
            Ask::Exists => row.has(self.slot),
            Ask::Reference { other, how, cased } => row.any(self.slot, |a| {
                a.is_something()
                    && row.any(*other, |b| b.is_something() && stands(a, b, *how, *cased))
            }),
            _ => row.any(self.slot, |value| self.fits(value)),
        }
    }

    /// Whether one value fits; for what asks single values.
    pub fn fits(&self, value: Seen<'_>) -> bool {
        match &self.ask {
            Ask::Folded(texts) => value.is_something() && texts.fit(value.folded),
            Ask::Raw(texts) => value.is_something() && texts.fit(value.raw),
            Ask::Regex { regex, .. } => value.is_something() && regex.is_match(value.raw),
            Ask::Bool(word) => value.is_something() && value.folded == *word,
            Ask::Number(relation, number) => {
                value.number().is_some_and(|n| relation.holds(n.compare(*number)))
            }
            Ask::Cidr(nets) => {
                let address: Result<IpAddr, _> = value.raw.parse();
                address.is_ok_and(|address| nets.iter().any(|net| net.contains(address)))
            }
            Ask::Time(part, relation, number) => {
                let found = times::part(value.raw, value.number(), *part);
                found.is_some_and(|n| relation.holds(Number::Int(n).compare(*number)))
            }
            Ask::Null | Ask::Exists | Ask::Reference { .. } => true,
        }
    }

    /// How expensive it is, compared with others.
    pub fn cost(&self) -> u32 {
        let each = match &self.ask {
            Ask::Null | Ask::Exists => 1,
            Ask::Number(..) | Ask::Bool(_) => 2,
            Ask::Folded(texts) | Ask::Raw(texts) => texts.cost(),
            Ask::Reference { .. } => 8,
            Ask::Time(..) => 10,
            Ask::Cidr(nets) => 20 + nets.len() as u32,
            Ask::Regex { .. } => 400,
        };
        if self.slot == ANYWHERE { each.saturating_mul(8) } else { each }
    }
}

fn stands(a: Seen<'_>, b: Seen<'_>, how: Affix, cased: bool) -> bool {
    let (a, b) = if cased { (a.raw, b.raw) } else { (a.folded, b.folded) };
    match how {
        Affix::Whole => a == b,
        Affix::Inside => a.contains(b),
        Affix::Start => a.starts_with(b),
        Affix::End => a.ends_with(b),
    }
}

/// A linear-time expression of bounded size.
fn regex(source: &str, flags: RegexFlags, bytes_max: usize) -> Result<Regex, String> {
    RegexBuilder::new(source)
        .case_insensitive(flags.insensitive)
        .multi_line(flags.lines)
        .dot_matches_new_line(flags.dot_all)
        .size_limit(bytes_max)
        .dfa_size_limit(REGEX_CACHE_MAX)
        .nest_limit(REGEX_DEPTH_MAX)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default().trim().to_owned();
            format!("the expression cannot be used: {}", last.trim_start_matches("error: "))
        })
}

//! What is wrong with a rule, and where.
//!
//! While a document is read a fault knows its line and column; who reads the file adds the file
//! and the rule. So a message always names all four, and none is made up.

use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// A position in a text, counted from 1; 0 where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What is said of a rule whose id another one has; the file of that one follows.
pub(crate) const DOUBLE: &str = "the id is already that of a rule in ";

/// Something wrong at a place of the document that is being read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{message}", if place.line == 0 { String::new() } else { format!("{place}: ") })]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, and what would be right.
    pub message: String,
}

impl Fault {
    /// A fault with its message.
    pub fn new(place: Place, message: impl Into<String>) -> Fault {
        Fault { place, message: message.into() }
    }
}

/// A fault with the file and the rule that it is in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{}{fault}{}", if fault.place.line == 0 { " " } else { "" }, rule.as_ref().map(|r| format!(" (rule `{r}`)")).unwrap_or_default())]
pub struct Problem {
    /// Name of the file, as the loader was told.
    pub file: Arc<str>,
    /// Title of the rule, or its id; none where the file could not be read so far.
    pub rule: Option<String>,
    /// What and where.
    pub fault: Fault,
}

impl Problem {
    /// Where the rule counts whose id this one has too, if that is all that is wrong.
    pub fn double_of(&self) -> Option<&str> {
        self.fault.message.strip_prefix(DOUBLE)
    }
}

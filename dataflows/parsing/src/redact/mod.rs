//! Redaction: what must not be kept is replaced by keyed pseudonyms before anything else sees it.
//!
//! It is done to lines as they come from the wire or the file, before their time is looked for and
//! before lines are joined to records: so nothing behind it can hold what was redacted, and no
//! position moves. The same value gives the same pseudonym as long as the key is the same, so that
//! what happens with a card, an address or a key can still be followed. See [`key`] for its shape.
//!
//! What is found: [`card`] numbers, [`email`] addresses, secrets by their name ([`field`]) or their
//! own shape ([`shape`]), private keys ([`pem`]), the fields and expressions of the configuration.
//!
//! The lines of a table are redacted as whole records, because a quoted cell may hold line ends, and
//! first by the names of their [`column`]s; so are the names in its header, if they hold a value.
//!
//! Invariants: a line in which nothing is found is handed on as it is, byte for byte; redacting
//! twice changes nothing more; the result depends on key, rules and the lines before it in its
//! source (for private keys of many lines) alone. A bare JSON value becomes a JSON
//! string, but in a table, where a quote would end a cell.
//!
//! Bounds: of a line with more than [`VALUES_MAX`] values the rest is cut off; passes until nothing
//! more is found are at most [`PASSES_MAX`]. Cost: about 0.2 µs for a line of 150 bytes without a
//! value (`examples/redact.rs`), about 1 µs for each value.

mod card;
mod column;
mod counts;
mod email;
mod field;
mod key;
mod pem;
mod search;
mod shape;
mod sieve;
mod write;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod row_tests;
#[cfg(test)]
mod tests;

pub use card::luhn;
pub use column::Columns;
pub use counts::Counts;
pub use key::{Key, NAME_MAX, is_name, pseudonym_at};
pub use pem::State;

use regex::bytes::Regex;
use search::{Found, Search};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Values redacted in one line.
pub const VALUES_MAX: usize = 1_024;
/// Passes over one line.
const PASSES_MAX: usize = 4;
/// Stands for the rest of a line beyond [`VALUES_MAX`].
pub const CUT: &[u8] = b"<cut>";

/// What is redacted.
#[derive(Clone, Debug)]
pub enum Rule {
    /// Card numbers.
    Card,
    /// E-mail addresses.
    Email,
    /// Passwords, tokens and keys.
    Token,
    /// The value of a field of this name.
    Field {
        /// Name of the field, in any case.
        field: String,
        /// Kind of the pseudonyms.
        name: String,
    },
    /// What an expression matches: its first group, or all.
    Regex {
        /// The expression.
        regex: Regex,
        /// Kind of the pseudonyms.
        name: String,
    },
}

impl Rule {
    /// Kind of its pseudonyms.
    pub fn name(&self) -> &str {
        match self {
            Rule::Card => "card",
            Rule::Email => "email",
            Rule::Token => "token",
            Rule::Field { name, .. } | Rule::Regex { name, .. } => name,
        }
    }
}

/// The rules of a source, compiled.
pub struct Redactor {
    search: Search,
    names: Vec<String>,
    key: Key,
    counts: Option<(Arc<AtomicU64>, Vec<Arc<AtomicU64>>)>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Redactor {
    /// Compiles rules. `counts` gets what is redacted.
    pub fn new(rules: &[Rule], key: Key, counts: Option<&Counts>) -> Redactor {
        let names: Vec<String> = rules.iter().map(|rule| rule.name().to_owned()).collect();
        let of = |counts: &Counts| {
            (counts.lines.clone(), names.iter().map(|name| counts.kind(name)).collect())
        };
        Redactor { search: Search::new(rules), counts: counts.map(of), names, key }
    }

    /// The same rules, without counting: for a reader of what another one reads too.
    #[must_use]
    pub fn uncounted(&self) -> Redactor {
        let (search, names, key) = (self.search.clone(), self.names.clone(), self.key.clone());
        Redactor { search, names, key, counts: None }
    }

    /// See [`Key::identifier`].
    pub fn identifier(&self, id: u64) -> u64 {
        self.key.identifier(id)
    }

    /// See [`Key::digest`].
    pub fn digest(&self) -> u64 {
        self.key.digest()
    }

    /// The head of a file as its lines are redacted: what its header says is kept too.
    pub fn head(self: &Arc<Redactor>, head: &[u8]) -> Vec<u8> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let mut lines = Redacting::new(Arc::new(self.uncounted()), State::default()).of_rows();
        let mut safe = Vec::with_capacity(head.len());
        for line in head.split_inclusive(|b| *b == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            safe.extend_from_slice(lines.line(text).bytes);
            safe.extend_from_slice(&line[text.len()..]);
        }
        safe
    }

    /// Counts a cell; `first`: of its record.
    fn count_cell(&self, rule: usize, first: bool) {
        if let Some((lines, kinds)) = &self.counts {
            lines.fetch_add(u64::from(first), Relaxed);
            kinds[rule].fetch_add(1, Relaxed);
        }
    }

    fn count(&self, found: &[Found]) {
        if let Some((lines, kinds)) = &self.counts {
            lines.fetch_add(1, Relaxed);
            for found in found.iter().take(VALUES_MAX) {
                kinds[found.rule].fetch_add(1, Relaxed);
            }
        }
    }
}

/// The lines of one source on their way through a redactor; keeps its buffers.
#[derive(Clone, Debug)]
pub struct Redacting {
    redactor: Arc<Redactor>,
    state: State,
    scratch: search::Scratch,
    out: Vec<u8>,
    next: Vec<u8>,
    /// Whether lines are records of a table.
    rows: bool,
}

/// A line of which nothing is to be redacted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Safe<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether it was cut at [`VALUES_MAX`] values.
    pub cut: bool,
}

impl Redacting {
    /// At the beginning of a source, or where another one stood in this state.
    pub fn new(redactor: Arc<Redactor>, state: State) -> Redacting {
        let scratch = search::Scratch::default();
        let (out, next) = (Vec::new(), Vec::new());
        Redacting { redactor, state, scratch, out, next, rows: false }
    }

    /// For the records of a table.
    #[must_use]
    pub fn of_rows(self) -> Redacting {
        Redacting { rows: true, ..self }
    }

    /// What is known after the lines so far.
    pub fn state(&self) -> State {
        self.state
    }

    /// The rules.
    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    /// One line without what is redacted.
    pub fn line<'a>(&'a mut self, line: &'a [u8]) -> Safe<'a> {
        match self.replace(line) {
            Some(cut) => Safe { bytes: &self.out, cut },
            None => Safe { bytes: line, cut: false },
        }
    }

    /// The same, in its place; says whether it was cut.
    pub fn in_place(&mut self, line: &mut Vec<u8>) -> bool {
        let cut = self.replace(line);
        if cut.is_some() {
            std::mem::swap(line, &mut self.out);
        }
        cut.unwrap_or(false)
    }

    /// Leaves the line in `out` if anything is redacted in it, and says whether it was cut.
    fn replace(&mut self, line: &[u8]) -> Option<bool> {
        let Redacting { redactor, state, scratch, out, next, rows } = self;
        redactor.search.find(line, Some(state), scratch);
        if scratch.found.is_empty() {
            return None;
        }
        redactor.count(&scratch.found);
        out.clear();
        let mut cut = write::replace(line, redactor, scratch, *rows, out);
        // What was part of something else before may stand alone now.
        for _ in 1..PASSES_MAX {
            redactor.search.find(out, None, scratch);
            if scratch.found.is_empty() {
                break;
            }
            next.clear();
            cut |= write::replace(out, redactor, scratch, *rows, next);
            std::mem::swap(out, next);
        }
        Some(cut)
    }
}

impl Redactor {
    pub(crate) fn parts(&self) -> (&Key, &[String], &Search) {
        (&self.key, &self.names, &self.search)
    }
}

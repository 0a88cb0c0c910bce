//! The stream of sessions that is judged: each event a row of a table whose `user` is the session
//! and whose message is made of words that only this kind of event has, so that it is one template.
//! Times are a second apart; the normal sessions for training come first.
//!
//! **Who comes when.** The product learns from what it sees, always. In a set that was enriched for
//! the sake of statistics, anomalies would soon be the normal case, as they never are where logs come
//! from. So normal and anomalous sessions are spread evenly over the stream, and as far as
//! [`FILLER_EVENTS_MAX`] allows, sessions of the training part are repeated between them until the
//! anomalous ones are no more than the given share. These fillers are not judged.
//!
//! A session ends for the product when its entity has been silent for a while, not in the file.

use super::layout::{Session, SessionSet, Slice};
use super::least::{Place, SESSION};
use super::run::storage;
use crate::failure::Failure;
use seerflow_model::Ns;
use seerflow_model::meaning::Meaning;
use seerflow_model::time::{DAY, SECOND, rfc3339};
use std::collections::HashMap;
use std::io::{BufWriter, Write};

/// Most events of repeated sessions in one set.
const FILLER_EVENTS_MAX: u64 = 2_000_000;
/// Most kinds of events in one set.
const KINDS_MAX: usize = 1_000_000;
/// The first moment of a stream: a Monday, 00:00.
const BEGIN: u64 = 1_767_571_200 * SECOND;
/// Names of the columns that we write, and what they mean.
pub(super) const COLUMNS: [(Meaning, &str); 3] =
    [(Meaning::Time, "seen"), (Meaning::User, "session"), (Meaning::Message, "text")];
/// Rows above the first one: the header.
const HEADER: u64 = 1;

/// The table that is written.
pub(super) struct Stream<'a> {
    out: BufWriter<&'a std::fs::File>,
    kinds: HashMap<String, usize>,
    /// Time of the header, had it one.
    begin: Ns,
    /// Rows written, the header included.
    rows: u64,
    sessions: u64,
    events: u64,
    /// The judged sessions.
    pub(super) places: Vec<Place>,
    /// Whether each judged session is anomalous.
    pub(super) labels: Vec<bool>,
}

impl<'a> Stream<'a> {
    /// Begins a file.
    pub(super) fn new(file: &'a std::fs::File) -> Result<Stream<'a>, Failure> {
        let mut out = BufWriter::new(file);
        writeln!(out, "{}", COLUMNS.map(|(_, name)| name).join(",")).map_err(|e| storage(&e))?;
        let (places, labels) = (Vec::new(), Vec::new());
        let kinds = HashMap::new();
        Ok(Stream {
            out,
            kinds,
            begin: BEGIN,
            rows: HEADER,
            sessions: 0,
            events: 0,
            places,
            labels,
        })
    }

    fn session(&mut self, events: &[String]) -> Result<(), Failure> {
        self.sessions += 1;
        for event in events {
            let next = self.kinds.len().min(KINDS_MAX);
            let kind = match self.kinds.get(event) {
                Some(kind) => *kind,
                None => {
                    if next < KINDS_MAX {
                        self.kinds.insert(event.clone(), next);
                    }
                    next
                }
            };
            let (time, word) = (rfc3339(self.begin + self.rows * SECOND), word(kind));
            let session = self.sessions;
            writeln!(self.out, "{time},{SESSION}{session},{word}on {word}at {word}up")
                .map_err(|e| storage(&e))?;
            self.rows += 1;
        }
        self.events += events.len() as u64;
        Ok(())
    }

    /// Writes what is learnt from; says how many sessions that is.
    pub(super) fn train(&mut self, slices: &[Slice]) -> Result<u64, Failure> {
        for slice in slices {
            for session in slice.sessions()? {
                let session = session?;
                if !session.anomalous {
                    self.session(&session.events)?;
                }
            }
        }
        Ok(self.sessions)
    }

    /// Writes what is judged, with fillers: how many are normal, anomalous, fillers.
    pub(super) fn judge(
        &mut self,
        set: &SessionSet,
        trained: u64,
        share: f64,
    ) -> Result<(u64, u64, u64), Failure> {
        let (mut normal, mut anomalous) = (0, 0);
        for slice in &set.judged {
            let (good, bad) = slice.counts()?;
            (normal, anomalous) = (normal + good, anomalous + bad);
        }
        let wanted = (anomalous as f64 * (1.0 - share) / share) as u64;
        let affordable = (FILLER_EVENTS_MAX * trained).checked_div(self.events).unwrap_or(0);
        let fillers = wanted.saturating_sub(normal).min(affordable);
        let mut good = Kind::of(&set.judged, false);
        let mut bad = Kind::of(&set.judged, true);
        let mut filler = Kind::of(&set.train, false);
        let judged = normal + anomalous;
        for at in 0..judged {
            for _ in 0..step(at, fillers, judged) {
                if let Some(session) = filler.next_again()? {
                    self.session(&session.events)?;
                }
            }
            let next = if step(at, anomalous, judged) > 0 { bad.next()? } else { good.next()? };
            let Some(session) = next else { continue };
            let first = self.rows;
            self.session(&session.events)?;
            self.places.push(Place { first, end: self.rows, session: self.sessions });
            self.labels.push(session.anomalous);
        }
        Ok((normal, anomalous, fillers))
    }

    /// Ends the file: with a session a day later, so that all others have ended by then.
    pub(super) fn end(mut self, set: &SessionSet) -> Result<Stream<'a>, Failure> {
        if let Some(session) = Kind::of(&set.train, false).next()? {
            self.begin += DAY;
            self.session(&session.events)?;
        }
        self.out.flush().map_err(|e| storage(&e))?;
        Ok(self)
    }
}

/// How many of `part` fall to place `at` when they are spread evenly over `all` places.
fn step(at: u64, part: u64, all: u64) -> u64 {
    let before = |at: u64| u128::from(at) * u128::from(part) / u128::from(all.max(1));
    (before(at + 1) - before(at)) as u64
}

/// A word of at least four letters that only this kind has.
fn word(kind: usize) -> String {
    format!("{kind:04}").bytes().map(|digit| char::from(b'a' + (digit - b'0'))).collect()
}

/// The sessions of one label, one by one, over several files.
struct Kind<'a> {
    slices: &'a [Slice],
    anomalous: bool,
    next: usize,
    open: Option<Box<dyn Iterator<Item = Result<Session, Failure>>>>,
}

impl<'a> Kind<'a> {
    fn of(slices: &'a [Slice], anomalous: bool) -> Kind<'a> {
        Kind { slices, anomalous, next: 0, open: None }
    }

    fn next(&mut self) -> Result<Option<Session>, Failure> {
        loop {
            if let Some(open) = &mut self.open {
                for session in open.by_ref() {
                    let session = session?;
                    if session.anomalous == self.anomalous {
                        return Ok(Some(session));
                    }
                }
            }
            let Some(slice) = self.slices.get(self.next) else { return Ok(None) };
            self.next += 1;
            self.open = Some(Box::new(slice.sessions()?));
        }
    }

    /// As [`Kind::next`], from the beginning when there are no more.
    fn next_again(&mut self) -> Result<Option<Session>, Failure> {
        if let Some(session) = self.next()? {
            return Ok(Some(session));
        }
        (self.next, self.open) = (0, None);
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_spread_evenly() {
        for (part, all) in [(0, 7), (3, 7), (7, 7), (20, 7), (1, 1)] {
            let steps: Vec<u64> = (0..all).map(|at| step(at, part, all)).collect();
            assert_eq!(steps.iter().sum::<u64>(), part);
            let (least, most) = (steps.iter().min().unwrap(), steps.iter().max().unwrap());
            assert!(most - least <= 1, "{steps:?}");
        }
        assert_eq!(step(0, 5, 0), 0);
    }

    #[test]
    fn kinds_have_words_of_their_own() {
        assert_eq!(
            (word(0).as_str(), word(42).as_str(), word(12_345).as_str()),
            ("aaaa", "aaec", "bcdef")
        );
    }
}

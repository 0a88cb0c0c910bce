//! The stream of sessions that is judged: each event a row of a table whose `user` is the session
//! and whose message is made of words that only this kind of event has, so that it is one template.
//! Times are a second apart; the normal sessions for training come first.
//!
//! **Who comes when.** The product learns from what it sees, always. In a set that was enriched for
//! the sake of statistics, anomalies would soon be the normal case, as they never are where logs come
//! from. So no stream has more anomalous sessions than the given share. A set with more of them is
//! judged in several draws: each is a run of its own, with the training part, all its normal
//! sessions and every n-th anomalous one, spread evenly over the stream.
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

/// Most draws of one set.
const DRAWS_MAX: u64 = 20;
/// Draws end when so many events were written for a set.
const EVENTS_MAX: u64 = 5_000_000;
/// Most kinds of events in one set.
const KINDS_MAX: usize = 1_000_000;
/// The first moment of a stream: a Monday, 00:00.
const BEGIN: u64 = 1_767_571_200 * SECOND;
/// Names of the columns that we write, and what they mean.
pub(super) const COLUMNS: [(Meaning, &str); 3] =
    [(Meaning::Time, "seen"), (Meaning::User, "session"), (Meaning::Message, "text")];
/// Rows above the first one: the header.
const HEADER: u64 = 1;

/// Which anomalous sessions of a set are judged: those whose place, modulo `of`, is `number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw {
    /// Normal sessions of the set.
    pub(super) normal: u64,
    /// Its anomalous ones.
    pub(super) all: u64,
    /// Which draw.
    pub(super) number: u64,
    /// How many there would have to be for all of them.
    pub(super) of: u64,
}

impl Draw {
    /// The first draw: so many draws that none has more than its share.
    pub(super) fn first(normal: u64, anomalous: u64, share: f64) -> Draw {
        let most = (normal as f64 * share / (1.0 - share)).max(1.0);
        let of = (anomalous as f64 / most).ceil().max(1.0) as u64;
        Draw { normal, all: anomalous, number: 0, of }
    }

    /// The next one, unless it would be one too many after `events` in all.
    pub(super) fn next(self, events: u64) -> Option<Draw> {
        let number = self.number + 1;
        let affordable = events + events / number <= EVENTS_MAX;
        (number < self.of.min(DRAWS_MAX) && affordable).then_some(Draw { number, ..self })
    }

    /// How many anomalous sessions it has.
    pub(super) fn anomalous(self) -> u64 {
        (self.all + self.of - 1 - self.number) / self.of
    }
}

/// The table that is written.
pub(super) struct Stream<'a> {
    out: BufWriter<&'a std::fs::File>,
    kinds: HashMap<String, usize>,
    /// Time of the header, had it one.
    begin: Ns,
    /// Rows written, the header included.
    rows: u64,
    sessions: u64,
    /// Events written.
    pub(super) events: u64,
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

    /// Writes what is judged: all normal sessions, and the anomalous ones of a draw.
    pub(super) fn judge(&mut self, set: &SessionSet, draw: Draw) -> Result<(), Failure> {
        let mut good = Kind::of(&set.judged, false);
        let mut bad = Kind::of(&set.judged, true);
        let (mut passed, anomalous) = (0, draw.anomalous());
        let all = draw.normal + anomalous;
        for at in 0..all {
            let next = if step(at, anomalous, all) > 0 {
                // As far as the next one of this draw.
                while passed % draw.of != draw.number {
                    passed += 1;
                    bad.next()?;
                }
                passed += 1;
                bad.next()?
            } else {
                good.next()?
            };
            let Some(session) = next else { continue };
            let first = self.rows;
            self.session(&session.events)?;
            self.places.push(Place { first, end: self.rows, session: self.sessions });
            self.labels.push(session.anomalous);
        }
        Ok(())
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

/// The record with this time: a second each.
pub(super) fn record_at(time: Ns) -> Option<u64> {
    Some(time.checked_sub(BEGIN)? / SECOND)
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
    }

    #[test]
    fn draws_take_every_anomalous_session_once() {
        let first = Draw::first(2_000, 8_419, 0.0293);
        assert_eq!((first.of, first.anomalous()), (140, 61));
        let all = (0..140).map(|number| Draw { number, ..first }.anomalous()).sum::<u64>();
        assert_eq!(all, 8_419);
        let mut draws = 1;
        let mut draw = first;
        while let Some(next) = draw.next(1_000 * draws) {
            (draw, draws) = (next, draws + 1);
        }
        assert_eq!(draws, DRAWS_MAX);
        assert_eq!(first.next(EVENTS_MAX), None, "two would be too many");
        assert_eq!(Draw::first(100, 2, 0.5).of, 1);
        assert_eq!(Draw::first(1, 2, 0.01).of, 2);
    }

    #[test]
    fn kinds_have_words_of_their_own() {
        assert_eq!(
            (word(0).as_str(), word(42).as_str(), word(12_345).as_str()),
            ("aaaa", "aaec", "bcdef")
        );
    }
}

//! Part three: sessions. Each event of a session becomes a row of a table whose `user` is the
//! session and whose message is made of words that only this kind of event has, so that it is one
//! template. Times are a second apart; the normal sessions for training come first.
//!
//! A session is judged by the least probability of its events, and called anomalous when that is
//! below [`ALARM_BELOW`].
//!
//! **Who comes when.** The product learns from what it sees, always. In a set that was enriched for
//! the sake of statistics, anomalies would soon be the normal case, as they never are where logs come
//! from. So normal and anomalous sessions are spread evenly over the stream, and as far as
//! [`FILLER_EVENTS_MAX`] allows, sessions of the training part are repeated between them until the
//! anomalous ones are no more than the given share. These fillers are not judged.

use super::Options;
use super::layout::{Session, SessionSet, Slice};
use super::ranking::{self, Judged};
use super::run::{self, Watch, storage};
use crate::failure::Failure;
use seerflow_model::meaning::Meaning;
use seerflow_model::time::{SECOND, rfc3339};
use serde::Serialize;
use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A session with an event of less probability is called anomalous.
pub const ALARM_BELOW: f64 = 1e-3;
/// Most events of repeated sessions in one set.
const FILLER_EVENTS_MAX: u64 = 2_000_000;
/// Most kinds of events in one set.
const KINDS_MAX: usize = 1_000_000;
/// The first moment of a stream: a Monday, 00:00.
const BEGIN: u64 = 1_767_571_200 * SECOND;
/// Names of the columns that we write, and what they mean.
const COLUMNS: [(Meaning, &str); 3] =
    [(Meaning::Time, "seen"), (Meaning::User, "session"), (Meaning::Message, "text")];
/// Rows above the first one: the header.
const HEADER: u64 = 1;

/// Scores of one set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetScores {
    /// What it is called.
    pub name: String,
    /// Normal sessions that were learnt from.
    pub trained: u64,
    /// Normal sessions that were judged.
    pub normal: u64,
    /// Anomalous ones.
    pub anomalous: u64,
    /// Sessions repeated between them.
    pub fillers: u64,
    /// Sessions without any event that had a probability; they count as normal.
    pub unjudged: usize,
    /// What the scores are worth; none when no event had a probability.
    pub scores: Option<ranking::Scores>,
}

/// Measures every set.
pub fn measure(all: &[SessionSet], options: &Options) -> Result<Vec<SetScores>, Failure> {
    all.iter().map(|set| one(set, options)).collect()
}

/// The least probability of each judged session.
struct Least {
    /// First record of each judged session and the first behind it.
    places: Vec<(u64, u64)>,
    /// Bits of the probability: those of numbers that are not negative have the same order.
    least: Vec<AtomicU64>,
}

/// Stands for "not judged".
const UNKNOWN: u64 = u64::MAX;

impl Watch for Least {
    fn judged(&self, seq: u64, probability: Option<f64>) {
        let at = self.places.partition_point(|(first, _)| *first <= seq);
        let Some(at) = at.checked_sub(1).filter(|at| seq < self.places[*at].1) else { return };
        if let Some(probability) = probability.filter(|p| *p >= 0.0) {
            self.least[at].fetch_min(probability.to_bits(), Relaxed);
        }
    }
}

fn one(set: &SessionSet, options: &Options) -> Result<SetScores, Failure> {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().map_err(|e| storage(&e))?;
    let mut stream = Stream::new(file.as_file())?;
    let trained = stream.train(&set.train)?;
    let share = options.anomalous_share;
    let (normal, anomalous, fillers) = stream.judge(set, trained, share)?;
    let Stream { places, labels, .. } = stream.end()?;
    let least = places.iter().map(|_| AtomicU64::new(UNKNOWN)).collect();
    let watch = Arc::new(Least { places, least });
    run::analyze(file.path(), &COLUMNS, options.workers, Some(watch.clone()))?;
    let least: Vec<u64> = watch.least.iter().map(|bits| bits.load(Relaxed)).collect();
    let unjudged = least.iter().filter(|bits| **bits == UNKNOWN).count();
    let score = |bits: u64| if bits == UNKNOWN { 0.0 } else { surprise(f64::from_bits(bits)) };
    let judged: Vec<Judged> = least
        .iter()
        .zip(labels)
        .map(|(bits, anomalous)| Judged { score: score(*bits), anomalous })
        .collect();
    let scores = (unjudged < judged.len())
        .then(|| ranking::score(&judged, surprise(ALARM_BELOW).next_up(), share));
    Ok(SetScores { name: set.name.clone(), trained, normal, anomalous, fillers, unjudged, scores })
}

/// −ln p: higher is more anomalous.
fn surprise(probability: f64) -> f64 {
    -probability.max(f64::MIN_POSITIVE).ln()
}

/// The table that is written.
struct Stream<'a> {
    out: BufWriter<&'a std::fs::File>,
    kinds: HashMap<String, usize>,
    /// Rows written, the header included.
    rows: u64,
    sessions: u64,
    events: u64,
    places: Vec<(u64, u64)>,
    labels: Vec<bool>,
}

impl<'a> Stream<'a> {
    fn new(file: &'a std::fs::File) -> Result<Stream<'a>, Failure> {
        let mut out = BufWriter::new(file);
        writeln!(out, "{}", COLUMNS.map(|(_, name)| name).join(",")).map_err(|e| storage(&e))?;
        let (places, labels) = (Vec::new(), Vec::new());
        let kinds = HashMap::new();
        Ok(Stream { out, kinds, rows: HEADER, sessions: 0, events: 0, places, labels })
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
            let (time, word) = (rfc3339(BEGIN + self.rows * SECOND), word(kind));
            let session = self.sessions;
            writeln!(self.out, "{time},s{session},{word}on {word}at {word}up")
                .map_err(|e| storage(&e))?;
            self.rows += 1;
        }
        self.events += events.len() as u64;
        Ok(())
    }

    /// Writes what is learnt from; says how many sessions that is.
    fn train(&mut self, slices: &[Slice]) -> Result<u64, Failure> {
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
    fn judge(
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
            self.places.push((first, self.rows));
            self.labels.push(session.anomalous);
        }
        Ok((normal, anomalous, fillers))
    }

    fn end(mut self) -> Result<Stream<'a>, Failure> {
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

    #[test]
    fn a_session_is_as_probable_as_its_rarest_event() {
        let least = (0..2).map(|_| AtomicU64::new(UNKNOWN)).collect();
        let watch = Least { places: vec![(5, 8), (10, 12)], least };
        for (seq, p) in [(4, 1e-9), (5, 0.5), (7, 0.01), (6, 0.2), (8, 1e-9), (11, 0.0), (12, 1e-9)]
        {
            watch.judged(seq, Some(p));
        }
        watch.judged(10, None);
        let least: Vec<f64> =
            watch.least.iter().map(|bits| f64::from_bits(bits.load(Relaxed))).collect();
        assert_eq!(least, vec![0.01, 0.0]);
        assert!(
            surprise(0.0) > surprise(1e-300) && surprise(1e-4) > surprise(ALARM_BELOW).next_up()
        );
        assert!(surprise(ALARM_BELOW) < surprise(ALARM_BELOW).next_up());
    }
}

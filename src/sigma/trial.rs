//! A rule put to its own samples: records through the real reader, the matcher and, for rules
//! over several events, the evaluator that counts them in the order of time.
//!
//! A sample of a detection rule does what it says if one of its records matches; one of a
//! correlation if an episode begins. A rule that takes no part is not tried.

use super::book::{Book, Entry};
use super::listing::Row;
use super::reading::Reading;
use super::samples::{self, Sample, Samples};
use seerflow_model::time::{DAY, Ns};
use seerflow_sigma::correlate::{Match, Phase, Replay};
use seerflow_sigma::{Part, RuleSet};
use std::collections::HashMap;
use std::sync::Arc;

/// How long is waited for what a correlation says after the last record, beyond its timespan.
const AFTER: Ns = DAY;

/// What came of the samples of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Samples that did what they say.
    pub passed: usize,
    /// Those that did not, in words.
    pub failed: Vec<String>,
}

/// Tries rules of a book.
pub struct Trials<'b> {
    book: &'b Book,
    reading: Reading,
    /// Samples by file; an error is what is wrong with them.
    texts: HashMap<&'b str, Result<Vec<Samples>, String>>,
}

impl<'b> Trials<'b> {
    /// With the rules of a book.
    pub fn new(book: &'b Book, reading: Reading) -> Trials<'b> {
        Trials { book, reading, texts: HashMap::new() }
    }

    /// The samples of a rule; none where it has none.
    pub fn samples(&mut self, entry: &'b Entry) -> Result<Samples, String> {
        let book = self.book;
        let gone = || "is not there any more".to_owned();
        let row = Row::of(book, entry).ok_or_else(gone)?;
        let read = || samples::read(&book.text(entry)?);
        let all = self.texts.entry(row.file).or_insert_with(read).as_ref().map_err(Clone::clone)?;
        Ok(all.iter().find(|samples| samples.are_of(row.header)).cloned().unwrap_or_default())
    }

    /// Puts a rule to its samples.
    pub fn run(&mut self, entry: &'b Entry) -> Result<Trial, String> {
        let samples = self.samples(entry)?;
        let mut trial = Trial::default();
        let lists = [(true, &samples.matches), (false, &samples.misses)];
        for (wanted, sample) in lists.iter().flat_map(|(wanted, l)| l.iter().map(|s| (*wanted, s)))
        {
            match matches(&mut self.reading, entry.part, sample) == wanted {
                true => trial.passed += 1,
                false => trial.failed.push(self.failure(entry.part, wanted, sample)),
            }
        }
        Ok(trial)
    }

    fn failure(&mut self, part: Part, wanted: bool, sample: &Sample) -> String {
        let verb = if wanted { "does not match" } else { "matches" };
        let first = sample.records.first().map(String::as_str).unwrap_or_default();
        match part {
            Part::Rule(rule) => {
                format!("{verb}: {first} ({})", self.reading.shown(rule, first))
            }
            Part::Correlation(_) => {
                let (n, last) = (sample.records.len(), sample.records.last());
                format!("{verb} {n} records from {first} to {}", last.unwrap_or(&String::new()))
            }
        }
    }
}

/// Whether a rule matches a sample.
fn matches(reading: &mut Reading, part: Part, sample: &Sample) -> bool {
    match part {
        Part::Rule(rule) => {
            sample.records.iter().any(|text| reading.matches(text.as_bytes()).0.contains(&rule))
        }
        Part::Correlation(number) => fired(reading, &sample.records).contains_key(&number),
    }
}

/// The correlations that fire on records, by their number, with the time of each.
pub fn fired(reading: &mut Reading, records: &[String]) -> HashMap<u32, Vec<Ns>> {
    let set = reading.matcher.set().clone();
    let mut fired: HashMap<u32, Vec<Ns>> = HashMap::new();
    for found in episodes(reading, records).iter().filter(|found| found.phase == Phase::Began) {
        if let Some(law) = set.plan().law(found.law) {
            fired.entry(law.number).or_default().push(found.end);
        }
    }
    fired
}

/// All that correlations say of records, each known by its place among them.
pub fn episodes(reading: &mut Reading, records: &[String]) -> Vec<Match<usize>> {
    let set = reading.matcher.set().clone();
    let mut out = Vec::new();
    let mut replay = Replay::new(set.plan().clone());
    let mut matched = Vec::with_capacity(records.len());
    for (place, record) in records.iter().enumerate() {
        let (rules, at) = reading.matches(record.as_bytes());
        matched.push((at, place, rules));
    }
    // What carries no time happens when the record before it does.
    let mut now = 0;
    for (at, _, _) in &mut matched {
        now = at.unwrap_or(now);
        *at = Some(now);
    }
    matched.sort_by_key(|(at, place, _)| (*at, *place));
    for (at, place, rules) in matched {
        now = at.unwrap_or_default();
        // The matcher knows the values of the record that it saw last.
        reading.matches(records[place].as_bytes());
        let value = |field| reading.matcher.value(field);
        replay.event(now, &rules, value, &place, &mut out);
    }
    replay.advance(now.saturating_add(longest(&set)).saturating_add(AFTER), &mut out);
    out
}

/// The longest timespan of a set.
fn longest(set: &Arc<RuleSet>) -> Ns {
    set.plan().laws().iter().map(|law| law.span).max().unwrap_or_default()
}

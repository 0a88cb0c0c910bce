//! What the workers publish for readers: templates, entities, calibration. Merged at each read,
//! never fed back into evidence.

mod rows;

pub use rows::{Merged, TemplateRow};

use crate::folds::facts::FactKind;
use arc_swap::ArcSwap;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far the calibration of one channel is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Progress {
    /// Channel, with its peer group.
    pub channel: String,
    /// What it has.
    pub have: u64,
    /// What it needs.
    pub need: u64,
    /// In what unit.
    pub unit: String,
}

/// Levels below the risk level at which decisions are counted: each a tenth of the one before.
pub const DECADES: usize = 4;

/// Decisions on one kind of series, before they are joined or held against the alert budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisions {
    /// When the first score was judged: calibrated since then.
    pub since: Ns,
    /// When the first decision was made.
    pub first: Option<Ns>,
    /// Scores that were judged, with those of empty buckets: all there are where `score_min` is 0,
    /// else those that it lets through.
    pub judged: u64,
    /// Decisions at the risk level, at a tenth of it, at a hundredth …
    pub at_levels: [u64; DECADES],
}

impl Decisions {
    /// Counts a probability that is `part` of the risk level, and scores that say nothing.
    fn count(&mut self, at: Ns, part: f64, ordinary: u64) {
        self.judged = self.judged.saturating_add(ordinary).saturating_add(1);
        let mut level = 1.0;
        for count in &mut self.at_levels {
            *count += u64::from(part <= level);
            level /= 10.0;
        }
        if part <= 1.0 {
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
        }
    }

    fn merge(&mut self, other: &Decisions) {
        self.since = self.since.min(other.since);
        self.judged = self.judged.saturating_add(other.judged);
        self.first = self.first.into_iter().chain(other.first).min();
        for (mine, theirs) in self.at_levels.iter_mut().zip(other.at_levels) {
            *mine += theirs;
        }
    }
}

#[derive(Default)]
struct Part {
    merged: ArcSwap<Merged>,
    wants_templates: AtomicBool,
    templates: ArcSwap<Vec<TemplateRow>>,
    template_count: AtomicU64,
    facts: ArcSwap<BTreeMap<FactKind, u64>>,
    progress: Mutex<BTreeMap<&'static str, Vec<Progress>>>,
    decisions: Mutex<BTreeMap<&'static str, Decisions>>,
    evictions: AtomicU64,
    steps: AtomicU64,
}

/// What one worker has published, in a form that travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    templates: Vec<TemplateRow>,
    template_count: u64,
    merged: Merged,
    facts: BTreeMap<FactKind, u64>,
    progress: Vec<Progress>,
    evictions: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Parts published by each worker of this process. Those of other processes come at the end of the
/// input, and only to the first process.
pub struct Views {
    parts: Vec<Part>,
    /// The workers of this process.
    here: Range<usize>,
}

impl Views {
    /// For `workers` workers.
    pub fn new(workers: usize) -> Views {
        Views::of_cluster(workers, 0..workers)
    }

    /// For `workers` workers of all processes, of which those in `here` are of this one.
    pub fn of_cluster(workers: usize, here: Range<usize>) -> Views {
        Views { parts: (0..workers).map(|_| Part::default()).collect(), here }
    }

    /// Asks the workers to publish what is costly to publish; they do at their next release.
    pub fn ask(&self) {
        for part in &self.parts[self.here.clone()] {
            part.wants_templates.store(true, Ordering::Release);
        }
    }

    /// Whether somebody asked for templates since the last time.
    pub fn wants_templates(&self, worker: usize) -> bool {
        self.parts[worker].wants_templates.swap(false, Ordering::AcqRel)
    }

    /// Publishes the number of templates.
    pub fn put_template_count(&self, worker: usize, count: u64) {
        self.parts[worker].template_count.store(count, Ordering::Release);
    }

    /// Publishes templates.
    pub fn put_templates(&self, worker: usize, rows: Vec<TemplateRow>, evictions: u64) {
        let part = &self.parts[worker];
        part.templates.store(Arc::new(rows));
        part.evictions.store(evictions, Ordering::Release);
        part.steps.fetch_add(1, Ordering::AcqRel);
    }

    /// Publishes the number of facts.
    pub fn put_facts(&self, worker: usize, facts: BTreeMap<FactKind, u64>) {
        self.parts[worker].facts.store(Arc::new(facts));
    }

    /// Publishes how far the calibration of one operator is.
    pub fn put_progress(&self, operator: &'static str, worker: usize, rows: Vec<Progress>) {
        lock(&self.parts[worker].progress).insert(operator, rows);
    }

    /// Publishes what was merged.
    pub fn put_merged(&self, worker: usize, merged: Merged) {
        self.parts[worker].merged.store(Arc::new(merged));
    }

    /// What was merged.
    pub fn merged(&self) -> Merged {
        let mut all = Merged::default();
        for part in &self.parts {
            let merged = part.merged.load();
            all.aliases.extend(&merged.aliases);
            all.texts.extend(merged.texts.iter().map(|(id, text)| (*id, text.clone())));
            all.refused += merged.refused;
        }
        all
    }

    /// All templates, by id, merged ones as one.
    pub fn templates(&self) -> Vec<TemplateRow> {
        let rows =
            self.parts.iter().flat_map(|part| part.templates.load().as_ref().clone()).collect();
        self.merged().join(rows)
    }

    /// How many templates there are.
    pub fn template_count(&self) -> u64 {
        let of = |part: &Part| part.template_count.load(Ordering::Acquire);
        let merged = |part: &Part| part.merged.load().aliases.len() as u64;
        let (all, merged): (u64, u64) =
            (self.parts.iter().map(of).sum(), self.parts.iter().map(merged).sum());
        all.saturating_sub(merged)
    }

    /// How many facts of each kind there are.
    pub fn facts(&self) -> BTreeMap<FactKind, u64> {
        let mut all = BTreeMap::new();
        for part in &self.parts {
            for (kind, count) in part.facts.load().iter() {
                *all.entry(*kind).or_default() += count;
            }
        }
        all
    }

    /// How far calibration is, by channel.
    pub fn progress(&self) -> Vec<Progress> {
        let of = |part: &Part| lock(&part.progress).values().flatten().cloned().collect::<Vec<_>>();
        let mut all: Vec<Progress> = self.parts.iter().flat_map(of).collect();
        all.sort();
        all
    }

    /// Counts a judged score of a channel: its probability is `part` of the risk level. Beside it
    /// `ordinary` scores were judged of which nothing is to be said.
    pub fn count_decision(
        &self,
        worker: usize,
        channel: &'static str,
        at: Ns,
        part: f64,
        ordinary: u64,
    ) {
        let fresh = Decisions { since: at, first: None, judged: 0, at_levels: [0; DECADES] };
        let mut decisions = lock(&self.parts[worker].decisions);
        decisions.entry(channel).or_insert(fresh).count(at, part, ordinary);
    }

    /// Decisions by channel.
    pub fn decisions(&self) -> BTreeMap<&'static str, Decisions> {
        let mut all: BTreeMap<&'static str, Decisions> = BTreeMap::new();
        for part in &self.parts {
            for (channel, decisions) in lock(&part.decisions).iter() {
                all.entry(channel).and_modify(|sum| sum.merge(decisions)).or_insert(*decisions);
            }
        }
        all
    }

    /// How often templates were published: lets a reader wait for an answer to [`Views::ask`].
    pub fn published(&self) -> Vec<u64> {
        self.parts[self.here.clone()]
            .iter()
            .map(|part| part.steps.load(Ordering::Acquire))
            .collect()
    }

    /// All that the workers of this process have published.
    pub(crate) fn published_here(&self) -> Vec<(usize, Published)> {
        let of = |part: &Part| Published {
            templates: part.templates.load().as_ref().clone(),
            template_count: part.template_count.load(Ordering::Acquire),
            merged: part.merged.load().as_ref().clone(),
            facts: part.facts.load().as_ref().clone(),
            progress: lock(&part.progress).values().flatten().cloned().collect(),
            evictions: part.evictions.load(Ordering::Acquire),
        };
        self.here.clone().map(|worker| (worker, of(&self.parts[worker]))).collect()
    }

    /// Takes what a worker of another process has published.
    pub(crate) fn put_published(&self, worker: usize, published: Published) {
        if worker < self.parts.len() {
            self.put_templates(worker, published.templates, published.evictions);
            self.put_template_count(worker, published.template_count);
            self.put_merged(worker, published.merged);
            self.put_facts(worker, published.facts);
            self.put_progress("elsewhere", worker, published.progress);
        }
    }

    /// Leaves evicted so far.
    pub fn evictions(&self) -> u64 {
        self.parts.iter().map(|part| part.evictions.load(Ordering::Acquire)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_of_all_workers_are_counted_by_level() {
        let views = Views::new(2);
        for (worker, at, part) in
            [(0, 90, 5.0), (1, 80, 1.0), (0, 100, 0.1), (1, 110, 0.02), (0, 120, 1e-9)]
        {
            views.count_decision(worker, "volume-host", at, part, worker as u64);
        }
        let all = views.decisions();
        let want = Decisions { since: 80, first: Some(80), judged: 7, at_levels: [4, 3, 1, 1] };
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [("volume-host", want)]);
    }
}

//! Events against rules.
//!
//! A matcher belongs to one thread and keeps buffers and the indexes that it has met. Per event:
//! the index of its logsources is looked up, its values are filed by slot, the index says which
//! rules might match, and their programs run, each predicate asked at most once. Matches come in
//! the order of the rules, so they do not hang on anything but event and set.

use super::fields::Fields;
use super::index::{Index, Stable};
use super::row::Row;
use super::set::{Field, LogSourceRef, RuleSet};
use crate::taxonomy;
use crate::read::detection::Origin;
use hashbrown::HashMap;
use seerflow_model::{Event, hash};
use smallvec::SmallVec;
use std::sync::Arc;

/// Most sets of logsources that a matcher remembers.
const REMEMBERED_MAX: usize = 512;

/// Category, product and service of an event.
type Triple = [Box<str>; 3];

/// Where the words of logsources stand, and how long they are.
type Places = SmallVec<[[(usize, usize); 3]; 6]>;

/// Finds the rules that match an event.
#[derive(Debug)]
pub struct Matcher {
    set: Arc<RuleSet>,
    row: Row,
    memo: Memo,
    bits: Vec<u64>,
    found: Vec<u32>,
    /// By hash of the logsources, with these to be sure.
    indexes: HashMap<u64, (Vec<Triple>, Arc<Index>), Stable>,
    /// The same for events of the model, by where the words of their own logsources stand in the
    /// program: such words last as long as it does, so equal places are equal words.
    places: HashMap<Places, Arc<Index>, Stable>,
    own: Vec<LogSourceRef<'static>>,
    /// Programs that were run, ever.
    asked: u64,
}

/// Answers of predicates for the current event, stamped instead of cleared.
#[derive(Debug, Default)]
struct Memo {
    answers: Vec<u32>,
    epoch: u32,
}

impl Memo {
    fn begin(&mut self) {
        self.epoch += 2;
        if self.epoch >= u32::MAX - 2 {
            self.answers.fill(0);
            self.epoch = 2;
        }
    }

    #[inline]
    fn get(&mut self, predicate: u32, ask: impl FnOnce() -> bool) -> bool {
        let Some(answer) = self.answers.get_mut(predicate as usize) else { return false };
        if *answer & !1 == self.epoch {
            return *answer & 1 == 1;
        }
        let found = ask();
        *answer = self.epoch | u32::from(found);
        found
    }
}

/// A test of a rule that an event has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Search identifier.
    pub selection: Arc<str>,
    /// Field, empty for keywords.
    pub field: Arc<str>,
    /// What was asked.
    pub test: String,
    /// The value that answered, where there is one.
    pub value: Option<String>,
}

/// What an event answers to a test of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The test, and a value that answered.
    pub reason: Reason,
    /// Whether it was passed.
    pub passed: bool,
}

fn passed(answers: Vec<Answer>) -> Vec<Reason> {
    answers.into_iter().filter(|answer| answer.passed).map(|answer| answer.reason).collect()
}

impl Matcher {
    /// A matcher for a set.
    pub fn new(set: Arc<RuleSet>) -> Matcher {
        Matcher {
            row: Row::new(set.fields()),
            memo: Memo { answers: vec![0; set.tests()], epoch: 0 },
            bits: Vec::new(),
            found: Vec::new(),
            indexes: HashMap::default(),
            places: HashMap::default(),
            own: Vec::new(),
            asked: 0,
            set,
        }
    }

    /// The set.
    pub fn set(&self) -> &Arc<RuleSet> {
        &self.set
    }

    /// Values that were cut or left out because of their size or number, ever.
    pub fn cut(&self) -> u64 {
        self.row.cut
    }

    /// Rules that were asked in full because something of them was found, ever.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// The numbers of the rules that match an event of these logsources, in ascending order.
    pub fn matches(
        &mut self,
        sources: &[LogSourceRef<'_>],
        event: &(impl Fields + ?Sized),
    ) -> &[u32] {
        let index = self.index(sources);
        self.ask(&index, event)
    }

    /// As [`Matcher::matches`], for an event of the model and all logsources that it has.
    pub fn matches_event(&mut self, event: &Event) -> &[u32] {
        let mut own = std::mem::take(&mut self.own);
        taxonomy::own(event, &mut own);
        let place = |part: &'static str| (part.as_ptr() as usize, part.len());
        let places = own.iter().map(|of| [of.category, of.product, of.service].map(place));
        let places: Places = places.collect();
        let index = match self.places.get(&places) {
            Some(index) => index.clone(),
            None => {
                if self.places.len() >= REMEMBERED_MAX {
                    self.places.clear();
                }
                taxonomy::widen(&mut own);
                let index = self.index(&own);
                self.places.insert(places, index.clone());
                index
            }
        };
        self.own = own;
        self.ask(&index, event)
    }

    fn ask(&mut self, index: &Index, event: &(impl Fields + ?Sized)) -> &[u32] {
        self.found.clear();
        if index.rules.is_empty() {
            return &self.found;
        }
        self.load(index, event);
        index.candidates(&self.row, &mut self.bits);
        self.memo.begin();
        let Matcher { set, row, memo, bits, found, asked, .. } = self;
        for (word, all) in bits.iter().enumerate() {
            let mut rest = *all;
            while rest != 0 {
                let local = word * 64 + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let Some(number) = index.rules.get(local) else { continue };
                let Some(rule) = set.compiled(*number) else { continue };
                *asked += 1;
                let matched = rule.program.run(|id| {
                    let predicate = set.predicates.get(id as usize);
                    memo.get(id, || predicate.is_some_and(|predicate| predicate.ask(row)))
                });
                if matched {
                    found.push(*number);
                }
            }
        }
        &self.found
    }

    /// The first value of a field in the event that was last put to the rules, if a rule of its
    /// logsources or a correlation of one asks for it.
    pub fn value(&self, field: Field) -> Option<&str> {
        self.row.first(field.0)
    }

    /// As [`Matcher::matches`], but every rule of the logsources is asked: for checking the index.
    pub fn matches_unindexed(
        &mut self,
        sources: &[LogSourceRef<'_>],
        event: &(impl Fields + ?Sized),
    ) -> Vec<u32> {
        let index = self.index(sources);
        self.load(&index, event);
        let (set, row) = (&self.set, &self.row);
        let ask = |id: u32| set.predicates.get(id as usize).is_some_and(|p| p.ask(row));
        let matched = |rule: &&u32| set.compiled(**rule).is_some_and(|rule| rule.program.run(ask));
        index.rules.iter().filter(matched).copied().collect()
    }

    /// What of a rule an event has passed, whether it matches as a whole or not.
    pub fn explain(&mut self, rule: u32, event: &(impl Fields + ?Sized)) -> Vec<Reason> {
        passed(self.answers(rule, event))
    }

    /// What an event answers to each test of a rule, in their order.
    pub fn answers(&mut self, rule: u32, event: &(impl Fields + ?Sized)) -> Vec<Answer> {
        let set = self.set.clone();
        let index = Index::new(&[rule], set.fields(), &*set);
        self.load(&index, event);
        self.answered(rule)
    }

    /// What of a rule the event has passed that was last put to the rules, if the rule is one of its
    /// logsources.
    pub fn reasons(&self, rule: u32) -> Vec<Reason> {
        passed(self.answered(rule))
    }

    fn answered(&self, rule: u32) -> Vec<Answer> {
        let set = &self.set;
        let Some(compiled) = set.compiled(rule) else { return Vec::new() };
        let tests = compiled.rule.detection.tests.iter().zip(&compiled.predicates);
        let answer = |(origin, id): (&Origin, &u32)| {
            let predicate = set.predicates.get(*id as usize)?;
            let passed = predicate.ask(&self.row);
            let mut value = None;
            self.row.any(predicate.slot, |seen| {
                let fits = seen.is_something() && predicate.fits(seen) == passed;
                if fits {
                    value = Some(seen.raw.to_owned());
                }
                fits
            });
            let reason = Reason {
                selection: origin.selection.clone(),
                field: origin.test.field.clone(),
                test: origin.test.to_string(),
                value,
            };
            Some(Answer { reason, passed })
        };
        tests.filter_map(answer).collect()
    }

    /// Whether an event matches a rule, whatever its logsources and whether the rule takes part.
    pub fn holds(&mut self, rule: u32, event: &(impl Fields + ?Sized)) -> bool {
        let set = self.set.clone();
        let Some(compiled) = set.compiled(rule) else { return false };
        let index = Index::new(&[rule], set.fields(), &*set);
        self.load(&index, event);
        let ask = |id: u32| set.predicates.get(id as usize).is_some_and(|p| p.ask(&self.row));
        compiled.program.run(ask)
    }

    fn load(&mut self, index: &Index, event: &(impl Fields + ?Sized)) {
        let Matcher { set, row, .. } = self;
        row.begin();
        let mapping = event.mapping();
        event.each(&mut |name, datum, keyword| {
            let wanted =
                |slot: &u16| index.wanted.get(usize::from(*slot)).copied().unwrap_or(false);
            let slots = set.names(mapping, name).iter().copied().filter(wanted);
            let keyword = keyword && index.keywords;
            if keyword || slots.clone().next().is_some() {
                row.put(datum, slots, keyword);
            }
        });
    }

    fn index(&mut self, sources: &[LogSourceRef<'_>]) -> Arc<Index> {
        let mut key = 0;
        for source in sources {
            for part in [source.category, source.product, source.service] {
                key = hash::pair(key, hash::text(part));
            }
        }
        let parts = |source: &LogSourceRef<'_>| {
            [source.category, source.product, source.service].map(Box::from)
        };
        if let Some((known, index)) = self.indexes.get(&key) {
            let same = known.len() == sources.len()
                && known.iter().zip(sources).all(|(known, source)| {
                    let theirs = [source.category, source.product, source.service];
                    known.iter().zip(theirs).all(|(a, b)| **a == *b)
                });
            if same {
                return index.clone();
            }
        }
        if self.indexes.len() >= REMEMBERED_MAX {
            self.indexes.clear();
        }
        let index = self.set.index(self.set.dispatch(sources));
        self.indexes.insert(key, (sources.iter().map(parts).collect(), index.clone()));
        index
    }
}

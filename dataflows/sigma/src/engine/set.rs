//! A set of rules, compiled: what a matcher runs and what lists and alerts show.
//!
//! Each rule has a [`State`] that says whether it can match and, if not, why. The set is immutable
//! (a change is a new set) and shared between threads; only indexes are added to it, when the
//! first event of a kind comes.

use super::index::{Index, Source, Stable};
use super::predicate::Predicate;
use super::program::Program;
use super::row::Slot;
use super::witness::Key;
use crate::correlate::Plan;
use crate::fault::Place;
use crate::head::{Header, Level, Status};
use crate::read::correlation::Correlation;
use crate::read::pipeline::Pipeline;
use crate::read::rule::Rule;
use crate::read::value::Placeholders;
use crate::taxonomy::Mapping;
use hashbrown::HashMap;
use serde::Serialize;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Most indexes that are kept; beyond it they are built anew.
const INDEXES_MAX: usize = 512;

/// Most different field names of a set; beyond it names share the last slot, and loading says so.
pub(super) const SLOTS_MAX: usize = 60_000;

/// A logsource of an event; an empty part is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSourceRef<'a> {
    /// For instance `process_creation`.
    pub category: &'a str,
    /// For instance `linux`.
    pub product: &'a str,
    /// For instance `sshd`.
    pub service: &'a str,
}

/// Category, product and service that a rule wants.
pub(super) type Wanted = [Option<Box<str>>; 3];

/// What is chosen of the rules that are found.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What stands for placeholders.
    pub placeholders: Placeholders,
    /// What changes rules while they are loaded; lower priorities first, then this order.
    pub pipelines: Vec<Pipeline>,
    /// Less mature rules are disabled.
    pub min_status: Option<Status>,
    /// Less severe rules are disabled.
    pub min_level: Option<Level>,
    /// Who decides of single rules; nobody leaves it to the two above.
    pub chooser: Option<Arc<dyn Choose>>,
}

/// Decides of each rule whether it takes part. How it is printed for debugging is part of the
/// version of a set: it must show all that the choice hangs on.
pub trait Choose: fmt::Debug + Send + Sync {
    /// What becomes of the rule of this head, read from this file.
    fn choose(&self, header: &Header, file: &str) -> Choice;
}

/// What becomes of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Its status and level decide.
    Usual,
    /// It takes part whatever its status and level.
    In,
    /// It takes no part, for this reason.
    Out(String),
}

/// Whether a rule can match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum State {
    /// An event that it matches was found.
    Ok,
    /// It takes part, but no event was found that it would match.
    Unreachable(String),
    /// It takes no part.
    Disabled(String),
}

/// A rule of a set.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What was read; filters are part of its condition.
    pub rule: Rule,
    /// Whether it can match.
    pub state: State,
    /// Whether a match is an alert by itself; else correlations alone want it.
    pub alone: bool,
    /// Of each test its predicate.
    pub(super) predicates: Box<[u32]>,
    pub(super) program: Program,
    /// Slots that correlations ask for when it matches.
    pub(super) kept: Box<[Slot]>,
    pub(super) witness: Option<Vec<Key>>,
}

/// A correlation rule of a set.
#[derive(Clone, Debug)]
pub struct Correlated {
    /// What was read.
    pub rule: Correlation,
    /// File it was read from.
    pub file: Arc<str>,
    /// Where it begins.
    pub place: Place,
    /// Whether it can match.
    pub state: State,
    /// Whether a match is an alert by itself; else other correlations alone want it.
    pub alone: bool,
    /// What each of its `rules` is.
    pub parts: Vec<Part>,
    /// What it asks of the events of each.
    pub fields: Vec<PartFields>,
}

/// A field by number, valid in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(pub(super) Slot);

/// What a correlation asks of the events of one of its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartFields {
    /// Of each `group-by` the field in this part, aliases resolved.
    pub group_by: Vec<Field>,
    /// Of each measured field.
    pub measured: Vec<Field>,
}

/// What a correlation refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A detection rule, by its number.
    Rule(u32),
    /// Another correlation, by its number; it stands before this one.
    Correlation(u32),
}

/// A compiled set of rules.
#[derive(Debug, Default)]
pub struct RuleSet {
    pub(super) rules: Vec<Compiled>,
    pub(super) correlations: Vec<Correlated>,
    pub(super) predicates: Vec<Predicate>,
    pub(super) slots: HashMap<Box<str>, Slot, Stable>,
    /// Of each mapping which name fills which slots.
    pub(super) names: Vec<HashMap<Box<str>, Box<[Slot]>, Stable>>,
    /// Rules that take part, by category, product and service.
    pub(super) dispatch: Vec<(Wanted, Vec<u32>)>,
    /// Which correlations want what.
    pub(super) plan: Arc<Plan>,
    /// Of what it was made.
    pub(super) version: u64,
    indexes: Mutex<HashMap<Vec<u32>, Arc<Index>, Stable>>,
}

impl RuleSet {
    /// The detection rules; their place is their number in matches.
    pub fn rules(&self) -> &[Compiled] {
        &self.rules
    }

    /// The correlation rules, each behind those that it refers to.
    pub fn correlations(&self) -> &[Correlated] {
        &self.correlations
    }

    /// How matches of rules become matches of correlations.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Says whether a correlation can match.
    pub(crate) fn mark(&mut self, correlation: usize, state: State) {
        if let Some(correlated) = self.correlations.get_mut(correlation) {
            correlated.state = state;
        }
    }

    /// A hash of all texts and options that it was made of: equal sets have equal versions.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many fields rules ask for.
    pub fn fields(&self) -> usize {
        self.slots.len()
    }

    /// How many different tests the rules have together.
    pub fn tests(&self) -> usize {
        self.predicates.len()
    }

    /// How many rules that take part have no literal to be found by.
    pub fn always(&self) -> usize {
        let taking_part = |rule: &&Compiled| !matches!(rule.state, State::Disabled(_));
        self.rules.iter().filter(taking_part).filter(|rule| rule.witness.is_none()).count()
    }

    /// The field of a name, if rules or correlations ask for it.
    pub fn field(&self, name: &str) -> Option<Field> {
        self.slots.get(name).copied().map(Field)
    }

    /// The field of a name, new or known.
    pub(crate) fn intern(&mut self, name: &str) -> Field {
        let next = self.slots.len().min(SLOTS_MAX) as Slot;
        match self.slots.get(name) {
            Some(slot) => Field(*slot),
            None => Field(*self.slots.entry(name.into()).or_insert(next)),
        }
    }

    /// The slots that a name of an event fills.
    #[inline]
    pub(super) fn names(&self, mapping: Mapping, name: &str) -> &[Slot] {
        let of_mapping = self.names.get(mapping as usize);
        of_mapping.and_then(|names| names.get(name)).map_or(&[], |slots| slots)
    }

    /// The rules for an event that belongs to these logsources.
    pub(super) fn dispatch(&self, sources: &[LogSourceRef<'_>]) -> Vec<u32> {
        let meant = |wanted: &Wanted| {
            sources.iter().any(|source| {
                let has = [source.category, source.product, source.service];
                let fits = |(wanted, has): (&Option<Box<str>>, &str)| {
                    wanted.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(has))
                };
                wanted.iter().zip(has).all(fits)
            })
        };
        let groups = self.dispatch.iter().filter(|(wanted, _)| meant(wanted));
        let mut found: Vec<u32> = groups.flat_map(|(_, rules)| rules).copied().collect();
        found.sort_unstable();
        found
    }

    /// The index of these rules, built when it is first needed.
    pub(super) fn index(&self, rules: Vec<u32>) -> Arc<Index> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = indexes.get(&rules) {
            return index.clone();
        }
        if indexes.len() >= INDEXES_MAX {
            indexes.clear();
        }
        let index = Arc::new(Index::new(&rules, self.slots.len(), self));
        indexes.insert(rules, index.clone());
        index
    }

    #[inline]
    pub(super) fn compiled(&self, rule: u32) -> Option<&Compiled> {
        self.rules.get(rule as usize)
    }
}

impl Compiled {
    /// Whether it takes part.
    pub fn takes_part(&self) -> bool {
        !matches!(self.state, State::Disabled(_))
    }
}

impl Source for RuleSet {
    fn keys(&self, rule: u32) -> Option<&[Key]> {
        self.compiled(rule)?.witness.as_deref()
    }

    fn slots(&self, rule: u32, take: &mut dyn FnMut(Slot)) {
        let Some(compiled) = self.compiled(rule) else { return };
        compiled.kept.iter().copied().for_each(&mut *take);
        let predicates = compiled.predicates.iter();
        for predicate in predicates.filter_map(|id| self.predicates.get(*id as usize)) {
            take(predicate.slot);
            predicate.other().into_iter().for_each(&mut *take);
        }
    }
}

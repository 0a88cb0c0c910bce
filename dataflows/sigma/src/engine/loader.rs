//! Loading: from files to a set, with nothing dropped silently.
//!
//! Every document becomes a rule, a filter or a correlation, or a [`Problem`] that names file,
//! line, column and rule. Equal tests become one predicate; filters become part of the conditions
//! that they are for; correlations are put in the order of what they refer to.

use super::index::Stable;
use super::link::{self, Waiting};
use super::needs;
use super::predicate::Predicate;
use super::program::Program;
use super::reach;
use super::set::{Choice, Compiled, Correlated, Options, RuleSet, SLOTS_MAX, State, Wanted};
use super::witness;
use crate::correlate;
use crate::fault::{DOUBLE, Fault, Place, Problem};
use crate::head::Header;
use crate::read::detection::EXPR_SIZE_MAX;
use crate::read::pipeline::Pipeline;
use crate::read::rule::{self, Document, Filter, Rule};
use crate::read::value::Placeholders;
use crate::taxonomy;
use crate::test::{Expr, Test};
use hashbrown::HashMap;
use seerflow_model::hash;
use std::sync::Arc;

/// Most expressions of a set, and most of those that take more than 256 KiB: what they take is
/// not known before they are compiled, and a small text can ask for much.
const EXPRESSIONS_MAX: [usize; 2] = [20_000, 64];
/// The same for one rule.
const EXPRESSIONS_RULE_MAX: [usize; 2] = [256, 8];
/// Most rules of a set.
const RULES_MAX: usize = 200_000;

/// What came of loading.
#[derive(Debug)]
pub struct Loaded {
    /// The set.
    pub set: RuleSet,
    /// What is wrong with documents that are not in it, or only in part.
    pub problems: Vec<Problem>,
    /// What is odd about rules that are.
    pub warnings: Vec<Problem>,
}

/// Reads and compiles files, given as name and text, in this order: of equal ids the first counts.
pub fn load<'t>(files: impl IntoIterator<Item = (Arc<str>, &'t str)>, options: &Options) -> Loaded {
    let mut loader = Loader::new(options);
    let mut pipelines: Vec<&Pipeline> = options.pipelines.iter().collect();
    pipelines.sort_by_key(|pipeline| pipeline.priority);
    let mut placeholders = Placeholders::new();
    pipelines.iter().for_each(|pipeline| placeholders.extend(pipeline.placeholders.clone()));
    placeholders.extend(options.placeholders.clone());
    let mut version = hash::text(&format!("{options:?}"));
    for (file, text) in files {
        version = hash::pair(version, hash::text(text));
        for document in rule::read(&file, text, &placeholders, &mut loader.problems) {
            match document {
                Document::Rule(mut rule) => {
                    pipelines.iter().for_each(|pipeline| pipeline.apply(&mut rule));
                    loader.rule(rule);
                }
                Document::Filter(filter) => loader.filters.push(filter),
                Document::Correlation(rule, place) => {
                    loader.correlations.push((rule, file.clone(), place));
                }
            }
        }
    }
    loader.set.version = version;
    loader.finish()
}

struct Loader<'o> {
    options: &'o Options,
    rules: Vec<Rule>,
    filters: Vec<Filter>,
    correlations: Vec<Waiting>,
    ids: HashMap<String, Arc<str>>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    set: RuleSet,
    interned: HashMap<Test, u32, Stable>,
    /// Expressions, and large ones, of the set.
    expressions: [usize; 2],
    /// Of each rule whether nothing but its level keeps it out.
    low: Vec<bool>,
}

pub(super) fn problem(file: &Arc<str>, header: &Header, fault: Fault) -> Problem {
    Problem { file: file.clone(), rule: Some(header.label()), fault }
}

impl<'o> Loader<'o> {
    fn new(options: &'o Options) -> Loader<'o> {
        Loader {
            options,
            rules: Vec::new(),
            filters: Vec::new(),
            correlations: Vec::new(),
            ids: HashMap::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
            set: RuleSet::default(),
            interned: HashMap::default(),
            expressions: [0; 2],
            low: Vec::new(),
        }
    }

    /// Whether an id or name is new; says so when it is not.
    fn is_new(&mut self, file: &Arc<str>, header: &Header, place: Place) -> bool {
        let Some(id) = &header.id else { return true };
        match self.ids.get(id) {
            None => {
                self.ids.insert(id.clone(), file.clone());
                true
            }
            Some(first) => {
                let message = format!("{DOUBLE}{first}");
                let fault = Fault::new(place, message);
                self.problems.push(problem(file, header, fault));
                false
            }
        }
    }

    fn rule(&mut self, rule: Rule) {
        if !self.is_new(&rule.file, &rule.header, rule.place) {
            return;
        }
        if self.rules.len() >= RULES_MAX {
            let fault = Fault::new(rule.place, format!("more than {RULES_MAX} rules"));
            self.problems.push(problem(&rule.file, &rule.header, fault));
            return;
        }
        if !rule.detection.unused.is_empty() {
            let names = rule.detection.unused.join(", ");
            let fault = Fault::new(rule.place, format!("the condition does not use {names}"));
            self.warnings.push(problem(&rule.file, &rule.header, fault));
        }
        self.rules.push(rule);
    }

    fn finish(mut self) -> Loaded {
        for filter in std::mem::take(&mut self.filters) {
            self.filter(filter);
        }
        let rules = std::mem::take(&mut self.rules);
        for rule in rules {
            self.compile(rule);
        }
        let correlations = std::mem::take(&mut self.correlations);
        let new = |(rule, file, place): &Waiting| self.is_new(file, &rule.header, *place);
        let correlations = correlations.into_iter().filter(new).collect();
        link::link(&mut self.set, correlations, &mut self.problems, &mut self.warnings);
        let mut low = Vec::new();
        for number in 0..self.set.correlations.len() {
            let Correlated { rule, file, .. } = &self.set.correlations[number];
            let choice = self.choice(&rule.header, file);
            low.push(self.low(&rule.header, &choice));
            if let Some(reason) = self.left_out(&rule.header, choice) {
                self.set.mark(number, State::Disabled(reason));
            }
        }
        link::roles(&mut self.set, &self.low, low, &mut self.warnings);
        needs::resolve(&mut self.set, &mut self.problems, &mut self.warnings);
        self.set.names = taxonomy::names(&self.set.slots);
        self.dispatch();
        reach::judge(&mut self.set);
        correlate::judge(&mut self.set);
        Loaded { set: self.set, problems: self.problems, warnings: self.warnings }
    }

    /// Adds a filter's condition to the rules that it is for.
    fn filter(&mut self, filter: Filter) {
        let part = |mine: &Option<String>, theirs: &Option<String>| match (mine, theirs) {
            (None, _) => true,
            (Some(mine), Some(theirs)) => mine.eq_ignore_ascii_case(theirs),
            (Some(_), None) => false,
        };
        let source = &filter.header.logsource;
        let mut met = vec![false; filter.rules.as_ref().map_or(0, Vec::len)];
        let mut used = false;
        let mut faults = Vec::new();
        for rule in &mut self.rules {
            let named = |name: &String| {
                Some(name) == rule.header.id.as_ref() || Some(name) == rule.header.name.as_ref()
            };
            if let Some(names) = &filter.rules {
                let Some(at) = names.iter().position(named) else { continue };
                met[at] = true;
            }
            let theirs = &rule.header.logsource;
            let fits = part(&source.category, &theirs.category)
                && part(&source.product, &theirs.product)
                && part(&source.service, &theirs.service);
            match fits {
                true => {
                    used = true;
                    rule.detection.and(&filter.detection);
                }
                false if filter.rules.is_some() => {
                    let name = rule.header.label();
                    faults.push(format!("`{name}` is of another logsource than the filter"));
                }
                false => {}
            }
        }
        let names = filter.rules.iter().flatten().zip(met);
        for (name, _) in names.filter(|(_, met)| !met) {
            faults.push(format!("the filter is for `{name}`, which is not loaded"));
        }
        if !used && faults.is_empty() {
            faults.push("the filter is for no rule that is loaded".to_owned());
        }
        for message in faults {
            let fault = Fault::new(filter.place, message);
            self.problems.push(problem(&filter.file, &filter.header, fault));
        }
    }

    /// Compiles a rule; what cannot be compiled is a problem.
    fn compile(&mut self, rule: Rule) {
        if rule.detection.expr.size() > EXPR_SIZE_MAX {
            let message =
                format!("with filters and pipelines it has more than {EXPR_SIZE_MAX} parts");
            let fault = Fault::new(rule.place, message);
            self.problems.push(problem(&rule.file, &rule.header, fault));
            return;
        }
        let mut predicates = Vec::with_capacity(rule.detection.tests.len());
        let before = self.expressions;
        for origin in &rule.detection.tests {
            match self.predicate(&origin.test, before) {
                Ok(id) => predicates.push(id),
                Err(message) => {
                    let fault = Fault::new(origin.place, message);
                    self.problems.push(problem(&rule.file, &rule.header, fault));
                    return;
                }
            }
        }
        let expr = rule.detection.expr.replaced(&|test| Expr::Test(predicates[test as usize]));
        let program = Program::new(&expr, &self.set.predicates);
        let tests = &rule.detection.tests;
        let slot = |name: &str| self.set.slots.get(name).copied().unwrap_or_default();
        let test = |id: u32| &tests[id as usize].test;
        let witness = witness::witness(&rule.detection.expr.normal(), &test, &slot);
        let choice = self.choice(&rule.header, &rule.file);
        let low = self.low(&rule.header, &choice);
        let disabled = self.disabled(&rule, choice);
        let low = disabled.is_none().then_some(low).flatten();
        self.low.push(low.is_some());
        let state = disabled.or(low).map_or(State::Ok, State::Disabled);
        let predicates = predicates.into();
        let kept = Box::default();
        let alone = true;
        let rule = Compiled { rule, state, alone, predicates, program, kept, witness };
        self.set.rules.push(rule);
    }

    /// The number of a test; `before` is how many expressions there were before its rule.
    fn predicate(&mut self, test: &Test, before: [usize; 2]) -> Result<u32, String> {
        if let Some(id) = self.interned.get(test) {
            return Ok(*id);
        }
        let set = &mut self.set;
        let predicate = Predicate::new(test, |name| set.intern(name).0)?;
        let full = self.set.slots.len() > SLOTS_MAX;
        if full {
            return Err(format!("the rules have more than {SLOTS_MAX} different fields"));
        }
        if let Some(large) = predicate.expression() {
            self.expressions[0] += 1;
            self.expressions[1] += usize::from(large);
            for (i, count) in self.expressions.iter().enumerate() {
                if *count > EXPRESSIONS_MAX[i] || count - before[i] > EXPRESSIONS_RULE_MAX[i] {
                    let large = ["", "large "][i];
                    return Err(format!("too many {large}regular expressions"));
                }
            }
        }
        let id = self.set.predicates.len() as u32;
        self.set.predicates.push(predicate);
        self.interned.insert(test.clone(), id);
        Ok(id)
    }

    /// Why a rule takes no part, if it does not.
    fn disabled(&self, rule: &Rule, choice: Choice) -> Option<String> {
        let mut missing = rule.detection.missing.clone();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            return Some(format!("no values are given for the placeholder {}", missing.join(", ")));
        }
        self.left_out(&rule.header, choice)
    }

    fn choice(&self, header: &Header, file: &str) -> Choice {
        let chooser = self.options.chooser.as_ref();
        chooser.map_or(Choice::Usual, |chooser| chooser.choose(header, file))
    }

    /// Why a rule of this head is not chosen or not mature enough, if it is not.
    fn left_out(&self, header: &Header, choice: Choice) -> Option<String> {
        match choice {
            Choice::In => return None,
            Choice::Out(reason) => return Some(reason),
            Choice::Usual => {}
        }
        let (least, status) = (self.options.min_status?, header.status?);
        (status < least).then(|| format!("its status {} is below {}", status.name(), least.name()))
    }

    /// Why it is not severe enough, if it is not.
    fn low(&self, header: &Header, choice: &Choice) -> Option<String> {
        if *choice != Choice::Usual {
            return None;
        }
        let level = header.level.unwrap_or(crate::head::Level::Informational);
        let least = self.options.min_level.filter(|least| level < *least)?;
        Some(format!("its level {} is below {}", level.name(), least.name()))
    }

    fn dispatch(&mut self) {
        let mut groups: HashMap<Wanted, usize, Stable> = HashMap::default();
        for (number, rule) in self.set.rules.iter().enumerate() {
            if !rule.takes_part() {
                continue;
            }
            let source = &rule.rule.header.logsource;
            let part = |part: &Option<String>| {
                let text = part.as_deref().map(str::trim).filter(|text| !text.is_empty());
                text.map(|text| text.to_lowercase().into_boxed_str())
            };
            let key = [part(&source.category), part(&source.product), part(&source.service)];
            let dispatch = &mut self.set.dispatch;
            let group = *groups.entry(key.clone()).or_insert_with(|| {
                dispatch.push((key, Vec::new()));
                dispatch.len() - 1
            });
            dispatch[group].1.push(number as u32);
        }
    }
}

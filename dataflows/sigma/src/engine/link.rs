//! Correlations: resolving what they refer to, and their order.
//!
//! References are ids or names of rules and of other correlations, in any file. A correlation is
//! put behind those it refers to, so that one pass over the list evaluates chains; what refers to
//! nothing that is loaded, or in a circle, is a problem.

use super::loader::problem;
use super::set::{Correlated, Part, RuleSet, State};
use crate::fault::{Fault, Place, Problem};
use crate::head::Header;
use crate::read::correlation::Correlation;
use hashbrown::HashMap;
use std::sync::Arc;

/// Deepest chain of correlations.
const CHAIN_MAX: usize = 10;

/// A correlation, its file and where it begins.
pub(super) type Waiting = (Correlation, Arc<str>, Place);

type Known = HashMap<String, Part>;

/// Puts correlations into a set.
pub(super) fn link(
    set: &mut RuleSet,
    mut waiting: Vec<Waiting>,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) {
    let mut known = Known::new();
    for (number, rule) in set.rules.iter().enumerate() {
        let header = &rule.rule.header;
        if let Err(message) = learn(&mut known, header, Part::Rule(number as u32)) {
            warnings.push(problem(&rule.rule.file, header, Fault::new(rule.rule.place, message)));
        }
    }
    for _ in 0..CHAIN_MAX {
        let before = set.correlations.len();
        let mut later = Vec::new();
        for (rule, file, place) in waiting {
            let parts: Option<Vec<Part>> =
                rule.rules.iter().map(|name| known.get(name).copied()).collect();
            match parts {
                Some(parts) => set.correlations.push(Correlated {
                    rule,
                    file,
                    place,
                    parts,
                    fields: Vec::new(),
                }),
                None => later.push((rule, file, place)),
            }
        }
        for number in before..set.correlations.len() {
            let Correlated { rule, file, place, .. } = &set.correlations[number];
            let part = Part::Correlation(number as u32);
            if let Err(message) = learn(&mut known, &rule.header, part) {
                warnings.push(problem(file, &rule.header, Fault::new(*place, message)));
            }
        }
        waiting = later;
    }
    for (rule, file, place) in &waiting {
        problems.push(problem(file, &rule.header, Fault::new(*place, lost(rule, &known))));
    }
    for correlated in &set.correlations {
        idle(set, correlated, warnings);
    }
}

/// Remembers a rule by id and name; the error is a name that another rule has.
fn learn(known: &mut Known, header: &Header, part: Part) -> Result<(), String> {
    if let Some(id) = &header.id {
        known.entry(id.clone()).or_insert(part);
    }
    match &header.name {
        Some(name) if known.get(name).is_some_and(|first| *first != part) => {
            Err(format!("the name `{name}` is already that of another rule"))
        }
        Some(name) => {
            known.insert(name.clone(), part);
            Ok(())
        }
        None => Ok(()),
    }
}

/// Why a correlation could not be put anywhere.
fn lost(rule: &Correlation, known: &Known) -> String {
    let missing = rule.rules.iter().filter(|name| !known.contains_key(*name));
    let names: Vec<_> = missing.map(String::as_str).collect();
    match names.is_empty() {
        true => format!("is one of a chain of more than {CHAIN_MAX}"),
        false => {
            format!("refers to {}, which is not loaded or refers back to it", names.join(", "))
        }
    }
}

/// Warns of parts that never match.
fn idle(set: &RuleSet, correlated: &Correlated, warnings: &mut Vec<Problem>) {
    for (name, part) in correlated.rule.rules.iter().zip(&correlated.parts) {
        let Part::Rule(number) = part else { continue };
        if let Some(State::Disabled(reason)) = set.compiled(*number).map(|rule| &rule.state) {
            let message = format!("refers to {name}, which takes no part: {reason}");
            let fault = Fault::new(correlated.place, message);
            warnings.push(problem(&correlated.file, &correlated.rule.header, fault));
        }
    }
}

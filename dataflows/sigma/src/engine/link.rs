//! Correlations: resolving what they refer to, and their order.
//!
//! References are ids or names of rules and of other correlations, in any file. A correlation is
//! put behind those it refers to, so that one pass over the list evaluates chains; what refers to
//! nothing that is loaded, or in a circle, is a problem.

use super::loader::problem;
use super::set::{Correlated, Part, RuleSet, State};
use crate::fault::{Fault, Place, Problem};
use crate::head::Header;
use crate::read::correlation::{Correlation, Trigger};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::correlate::LEVELS_MAX;

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
    for _ in 0..LEVELS_MAX {
        let before = set.correlations.len();
        let mut later = Vec::new();
        for (rule, file, place) in waiting {
            let parts: Option<Vec<Part>> =
                rule.rules.iter().map(|name| known.get(name).copied()).collect();
            if let Some(message) = aliases(&rule) {
                problems.push(problem(&file, &rule.header, Fault::new(place, message)));
                continue;
            }
            match parts {
                Some(parts) => set.correlations.push(Correlated {
                    rule,
                    file,
                    place,
                    state: State::Ok,
                    alone: true,
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
        let fault = Fault::new(*place, lost(rule, &known, &waiting));
        problems.push(problem(file, &rule.header, fault));
    }
}

/// What correlations refer to: it is evaluated even if its level is below what is asked for
/// (`low`), and alerts by itself only if a correlation says so. Warns of what never matches.
pub(super) fn roles(
    set: &mut RuleSet,
    low: &[bool],
    low_correlations: Vec<Option<String>>,
    warnings: &mut Vec<Problem>,
) {
    let mut wanted: BTreeMap<Part, bool> = BTreeMap::new();
    let numbered = low_correlations.into_iter().enumerate().zip(&mut set.correlations);
    let numbered: Vec<_> = numbered.collect();
    for ((number, low), correlated) in numbered.into_iter().rev() {
        let refers = wanted.contains_key(&Part::Correlation(number as u32));
        match low {
            Some(reason) if !refers && correlated.state == State::Ok => {
                correlated.state = State::Disabled(reason);
            }
            Some(_) => correlated.alone = false,
            None => {}
        }
        if !matches!(correlated.state, State::Disabled(_)) {
            for part in &correlated.parts {
                *wanted.entry(*part).or_default() |= correlated.rule.generate;
            }
        }
    }
    for (part, generate) in wanted {
        match part {
            Part::Rule(number) => {
                let Some(rule) = set.rules.get_mut(number as usize) else { continue };
                let low = low.get(number as usize).copied().unwrap_or_default();
                rule.alone = generate && !low;
                if low {
                    rule.state = State::Ok;
                }
            }
            Part::Correlation(number) => {
                let Some(correlated) = set.correlations.get_mut(number as usize) else { continue };
                correlated.alone &= generate;
            }
        }
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
fn lost(rule: &Correlation, known: &Known, waiting: &[Waiting]) -> String {
    let missing: Vec<_> = rule.rules.iter().filter(|name| !known.contains_key(*name)).collect();
    let named =
        |name: &String| waiting.iter().map(|(rule, _, _)| rule).find(|rule| is(&rule.header, name));
    let gone: Vec<_> =
        missing.iter().filter(|name| named(name).is_none()).map(|name| name.as_str()).collect();
    if !gone.is_empty() {
        return format!("refers to {}, which is not loaded", gone.join(", "));
    }
    // All that is missing waits, too: following it ends at a rule met before, or at one that
    // waits for something else.
    let mut path: Vec<&str> = Vec::new();
    let mut at = missing.first().map(|name| name.as_str());
    while let Some(name) = at {
        if let Some(begin) = path.iter().position(|met| *met == name) {
            let circle = path[begin..].join(", ");
            return format!("is in or refers to a circle: {circle}, {name}");
        }
        path.push(name);
        let next = named(&name.to_owned());
        let next = next.and_then(|rule| rule.rules.iter().find(|name| !known.contains_key(*name)));
        at = next.map(String::as_str);
    }
    match missing.is_empty() {
        true => format!("is one of a chain of more than {LEVELS_MAX}"),
        false => format!("refers to {}, which cannot be evaluated", path.join(", ")),
    }
}

/// Whether a rule is known by a name.
fn is(header: &Header, name: &String) -> bool {
    header.id.as_ref() == Some(name) || header.name.as_ref() == Some(name)
}

/// What is wrong with the aliases of a correlation: one that it uses must say what it means in
/// each rule.
fn aliases(rule: &Correlation) -> Option<String> {
    let measured = match &rule.trigger {
        Trigger::Measure { fields, .. } => fields.as_slice(),
        Trigger::Every | Trigger::Rules(_) => &[],
    };
    for alias in &rule.aliases {
        let name = &alias.name;
        if !rule.group_by.contains(name) && !measured.contains(name) {
            return Some(format!("the alias `{name}` is not used"));
        }
        let has = |part: &&String| !alias.fields.iter().any(|(of, _)| of == *part);
        if let Some(part) = rule.rules.iter().find(has) {
            return Some(format!("the alias `{name}` says nothing of `{part}`"));
        }
    }
    None
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

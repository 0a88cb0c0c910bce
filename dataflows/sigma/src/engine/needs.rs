//! Fields that correlations ask of the events that their rules match.
//!
//! Grouping and measuring need values of fields that the rules themselves may never look at. They
//! are resolved once, aliases put in for each rule, and handed down chains to the rules at their
//! ends, so that an event keeps exactly these values besides those that its rules test.

use super::loader::problem;
use super::row::Slot;
use super::set::{Correlated, Field, Part, PartFields, RuleSet, SLOTS_MAX};
use crate::fault::{Fault, Problem};
use crate::read::correlation::Trigger;
use std::collections::BTreeSet;

/// Fills in [`Correlated::fields`] and what each rule has to keep.
pub(super) fn resolve(set: &mut RuleSet, warnings: &mut Vec<Problem>) {
    let mut inherited: Vec<BTreeSet<Slot>> = vec![BTreeSet::new(); set.correlations.len()];
    let mut kept: Vec<BTreeSet<Slot>> = vec![BTreeSet::new(); set.rules.len()];
    // Whatever refers to a correlation stands behind it.
    for number in (0..set.correlations.len()).rev() {
        let fields = fields(set, number);
        let from_above = inherited[number].clone();
        for (part, own) in set.correlations[number].parts.iter().zip(&fields) {
            let own = own.group_by.iter().chain(&own.measured).map(|field| field.0);
            let all = own.chain(from_above.iter().copied());
            match part {
                Part::Rule(rule) => kept[*rule as usize].extend(all),
                Part::Correlation(other) => inherited[*other as usize].extend(all),
            }
        }
        let of = |part: &PartFields| [&part.group_by[..], &part.measured[..]].concat();
        if fields.iter().flat_map(of).any(|field| usize::from(field.0) >= SLOTS_MAX) {
            let Correlated { rule, file, place, .. } = &set.correlations[number];
            let message =
                format!("asks for one of more than {SLOTS_MAX} fields, mixed with others");
            warnings.push(problem(file, &rule.header, Fault::new(*place, message)));
        }
        set.correlations[number].fields = fields;
    }
    for (rule, kept) in set.rules.iter_mut().zip(kept) {
        rule.kept = kept.into_iter().collect();
    }
}

/// The fields of each part of a correlation.
fn fields(set: &mut RuleSet, number: usize) -> Vec<PartFields> {
    let Correlated { rule, .. } = &set.correlations[number];
    let rule = rule.clone();
    let measured = match &rule.trigger {
        Trigger::Measure { fields, .. } => fields.clone(),
        Trigger::Every | Trigger::Rules(_) => Vec::new(),
    };
    let of = |names: &[String], part: &String, set: &mut RuleSet| {
        let field = |name: &String| {
            let alias = rule.aliases.iter().find(|alias| alias.name == *name);
            let other = alias.and_then(|alias| alias.fields.iter().find(|(of, _)| of == part));
            set.intern(other.map_or(name, |(_, field)| field))
        };
        names.iter().map(field).collect::<Vec<Field>>()
    };
    let part = |part: &String| PartFields {
        group_by: of(&rule.group_by, part, set),
        measured: of(&measured, part, set),
    };
    rule.rules.iter().map(part).collect()
}

//! Fields that correlations ask of the events that their rules match.
//!
//! Grouping and measuring need values of fields that the rules themselves may never look at. They
//! are resolved once, aliases put in for each rule, and handed down chains to the rules at their
//! ends, so that an event keeps exactly these values besides those that its rules test.

use super::loader::problem;
use super::set::{Correlated, Field, PartFields, RuleSet, SLOTS_MAX, State};
use crate::correlate::resolve;
use crate::fault::{Fault, Problem};
use crate::read::correlation::Trigger;
use std::sync::Arc;

/// Fills in [`Correlated::fields`], the plan and what each rule has to keep.
pub(super) fn resolve(set: &mut RuleSet, problems: &mut Vec<Problem>, warnings: &mut Vec<Problem>) {
    for number in 0..set.correlations.len() {
        let fields = fields(set, number);
        set.correlations[number].fields = fields;
    }
    let (plan, kept, faults) = resolve::make(set);
    for (number, message) in faults {
        let Correlated { rule, file, place, .. } = &set.correlations[number];
        problems.push(problem(file, &rule.header, Fault::new(*place, &message)));
        set.mark(number, State::Unreachable(message));
    }
    set.plan = Arc::new(plan);
    for (rule, kept) in set.rules.iter_mut().zip(kept) {
        rule.kept = kept.into_iter().map(|field| field.0).collect();
    }
    if set.slots.len() > SLOTS_MAX {
        for Correlated { rule, file, place, fields, .. } in &set.correlations {
            let of = |part: &PartFields| [&part.group_by[..], &part.measured[..]].concat();
            if fields.iter().flat_map(of).any(|field| usize::from(field.0) >= SLOTS_MAX) {
                let message =
                    format!("asks for one of more than {SLOTS_MAX} fields, mixed with others");
                warnings.push(problem(file, &rule.header, Fault::new(*place, message)));
            }
        }
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

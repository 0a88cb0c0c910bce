//! Making the plan of a set: laws, their identities, and where each value comes from.
//!
//! Names of fields are followed down chains: at each correlation its aliases are put in, until
//! they arrive at the rules whose events have the values. A correlation carries for others what
//! it does not group by itself.

use super::law::Law;
use super::plan::{Origin, Plan, Route};
use crate::engine::set::{Correlated, Field, Part, RuleSet, State};
use crate::read::correlation::Trigger;
use seerflow_model::hash;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What others want of a correlation's events, by name as the correlation knows it.
type Wanted = Vec<String>;

/// Most fields that a correlation carries for others.
const CARRIED_MAX: usize = 64;

/// A plan, of each rule what it has to keep for it, and of each correlation that cannot be
/// evaluated why.
pub(crate) type Made = (Plan, Vec<BTreeSet<Field>>, Faults);

/// Correlations by number that cannot be evaluated, and why.
type Faults = Vec<(usize, String)>;

/// Makes the plan of a set.
pub(crate) fn make(set: &mut RuleSet) -> Made {
    let count = set.correlations().len();
    let mut wanted: Vec<Wanted> = vec![Vec::new(); count];
    let mut kept = vec![BTreeSet::new(); set.rules().len()];
    let mut plan = Plan { by_rule: vec![Vec::new(); set.rules().len()], ..Plan::default() };
    let (mut laws, mut faults) = laws(set);
    // Whatever refers to a correlation stands behind it, so that its wants are known first.
    for number in (0..count).rev() {
        if wanted[number].len() > CARRIED_MAX {
            faults.push((number, format!("others want more than {CARRIED_MAX} fields of it")));
            laws[number] = None;
        }
        let Some(law) = laws[number].clone() else { continue };
        let correlated = set.correlations()[number].clone();
        let carried = wanted[number].clone();
        for (slot, part) in correlated.parts.iter().enumerate() {
            let route = route(set, &law, &correlated, slot, &carried, &mut wanted);
            match part {
                Part::Rule(rule) => {
                    let all = route.group.iter().chain(&route.measured).chain(&route.carried);
                    kept[*rule as usize].extend(all.filter_map(|origin| match origin {
                        Origin::Field(field) => Some(*field),
                        Origin::Group(_) | Origin::Carried(_) => None,
                    }));
                    plan.by_rule[*rule as usize].push(route);
                }
                Part::Correlation(other) => {
                    if let Some(other) = &laws[*other as usize] {
                        plan.by_law.entry(other.identity).or_default().push(route);
                    }
                }
            }
        }
        plan.laws.insert(law.identity, law);
    }
    (plan, kept, faults)
}

/// From a part of a correlation to it; what it wants of another correlation is added to `wanted`.
fn route(
    set: &mut RuleSet,
    law: &Arc<Law>,
    correlated: &Correlated,
    slot: usize,
    carried: &[String],
    wanted: &mut [Wanted],
) -> Route {
    let mut resolve = |names: &[String]| -> Box<[Origin]> {
        let of = |name: &String| {
            let name = field(correlated, slot, name);
            match correlated.parts[slot] {
                Part::Rule(_) => Origin::Field(set.intern(name)),
                Part::Correlation(other) => {
                    let other = other as usize;
                    origin(&set.correlations()[other], name, &mut wanted[other])
                }
            }
        };
        names.iter().map(of).collect()
    };
    let measured = match &correlated.rule.trigger {
        Trigger::Measure { fields, .. } => fields.as_slice(),
        Trigger::Every | Trigger::Rules(_) => &[],
    };
    Route {
        law: law.clone(),
        slot: slot as u8,
        group: resolve(&correlated.rule.group_by),
        measured: resolve(measured),
        carried: resolve(carried),
    }
}

/// The laws of a set, by number; a correlation that takes no part has none.
fn laws(set: &RuleSet) -> (Vec<Option<Arc<Law>>>, Faults) {
    let mut identities: Vec<u64> = Vec::new();
    let mut laws: Vec<Option<Law>> = Vec::new();
    let mut faults = Vec::new();
    for (number, correlated) in set.correlations().iter().enumerate() {
        let identity = identity(set, correlated, &identities);
        identities.push(identity);
        let known = laws.iter().flatten().any(|law| law.identity == identity);
        let mut law = match Law::new(&correlated.rule, identity, number as u32) {
            Ok(_) if known => Err("says the same as another correlation".to_owned()),
            other => other,
        };
        let parts = correlated.parts.iter().filter_map(|part| match part {
            Part::Correlation(other) => Some(*other as usize),
            Part::Rule(_) => None,
        });
        for other in parts {
            match (&mut law, laws.get_mut(other).and_then(Option::as_mut)) {
                (Ok(law), Some(other)) => {
                    law.level = law.level.max(other.level + 1);
                    other.chained = true;
                }
                (Ok(_), None) => law = Err("refers to one that cannot be evaluated".to_owned()),
                (Err(_), _) => {}
            }
        }
        laws.push(match law {
            Ok(law) => Some(law).filter(|_| !matches!(correlated.state, State::Disabled(_))),
            Err(why) => {
                faults.push((number, why));
                None
            }
        });
    }
    (laws.into_iter().map(|law| law.map(Arc::new)).collect(), faults)
}

/// A hash of all that a correlation means, and of what it refers to.
fn identity(set: &RuleSet, correlated: &Correlated, before: &[u64]) -> u64 {
    let rule = &correlated.rule;
    let name = rule.header.id.as_deref().unwrap_or(&rule.header.title);
    let meaning = format!(
        "{:?}",
        (
            rule.kind,
            &rule.group_by,
            rule.timespan_seconds,
            &rule.trigger,
            &rule.aliases,
            &rule.custom
        )
    );
    let own = hash::pair(hash::text(name), hash::text(&meaning));
    correlated.parts.iter().fold(own, |key, part| {
        let part = match part {
            Part::Correlation(other) => before.get(*other as usize).copied().unwrap_or_default(),
            Part::Rule(rule) => set.rules().get(*rule as usize).map_or(0, |rule| {
                let detection = &rule.rule.detection;
                let tests: Vec<_> = detection.tests.iter().map(|origin| &origin.test).collect();
                let source = &rule.rule.header.logsource;
                let source = (&source.category, &source.product, &source.service);
                hash::text(&format!("{:?}", (tests, &detection.expr, source)))
            }),
        };
        hash::pair(key, part)
    })
}

/// What a name means in a part of a correlation.
fn field<'n>(correlated: &'n Correlated, slot: usize, name: &'n str) -> &'n str {
    let rule = &correlated.rule;
    let alias = rule.aliases.iter().find(|alias| alias.name == name);
    let part = rule.rules.get(slot);
    let own = alias.and_then(|alias| alias.fields.iter().find(|(of, _)| Some(of) == part));
    own.map_or(name, |(_, field)| field)
}

/// Where a correlation has a value that another wants.
fn origin(other: &Correlated, name: &str, wanted: &mut Wanted) -> Origin {
    if let Some(at) = other.rule.group_by.iter().position(|own| own == name) {
        return Origin::Group(at);
    }
    let at = wanted.iter().position(|known| known == name);
    Origin::Carried(at.unwrap_or_else(|| {
        wanted.push(name.to_owned());
        wanted.len() - 1
    }))
}

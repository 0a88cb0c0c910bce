//! Correlations the stupid way: every moment looks back over all that came before it.
//!
//! For the samples of correlation rules, which are short. Quadratic, without any state that is
//! kept; a correlation that fired is silent for its own timespan, per group.

use super::reading::Reading;
use seerflow_model::time::{Ns, SECOND};
use seerflow_sigma::{Field, Kind, Logic, Number, Part, Relation, RuleSet, Trigger};
use std::collections::{BTreeMap, BTreeSet};

/// Something that happened: a match of a rule, or of a correlation.
#[derive(Clone)]
struct Moment {
    at: Ns,
    /// Values of the event behind it, by field.
    values: BTreeMap<Field, String>,
}

/// The numbers of the correlations that fire on these records, each with the times at which.
pub fn fired(reading: &mut Reading, records: &[String]) -> BTreeMap<usize, Vec<Ns>> {
    let set = reading.matcher.set().clone();
    let asked: BTreeSet<Field> = set
        .correlations()
        .iter()
        .flat_map(|c| c.fields.iter().flat_map(|part| [&part.group_by[..], &part.measured[..]]))
        .flatten()
        .copied()
        .collect();
    let mut moments: BTreeMap<Part, Vec<Moment>> = BTreeMap::new();
    for record in records {
        let (matches, at) = reading.matches(record.as_bytes());
        let value = |field: &Field| Some((*field, reading.matcher.value(*field)?.to_owned()));
        let values: BTreeMap<_, _> = asked.iter().filter_map(value).collect();
        for rule in matches {
            let moment = Moment { at: at.unwrap_or_default(), values: values.clone() };
            moments.entry(Part::Rule(rule)).or_default().push(moment);
        }
    }
    let mut out = BTreeMap::new();
    for number in 0..set.correlations().len() {
        let found = judge(&set, number, &moments);
        if !found.is_empty() {
            out.insert(number, found.iter().map(|moment| moment.at).collect());
        }
        moments.insert(Part::Correlation(number as u32), found);
    }
    out
}

/// When a correlation fires.
fn judge(set: &RuleSet, number: usize, moments: &BTreeMap<Part, Vec<Moment>>) -> Vec<Moment> {
    let correlated = &set.correlations()[number];
    let span = correlated.rule.timespan_seconds * SECOND;
    let mut groups: BTreeMap<Vec<&str>, Vec<(usize, &Moment)>> = BTreeMap::new();
    for (i, part) in correlated.parts.iter().enumerate() {
        for moment in moments.get(part).into_iter().flatten() {
            let value = |field: &Field| moment.values.get(field).map(String::as_str);
            let key: Option<Vec<&str>> = correlated.fields[i].group_by.iter().map(value).collect();
            // Without a value of what is grouped by it belongs to no group.
            if let Some(key) = key {
                groups.entry(key).or_default().push((i, moment));
            }
        }
    }
    let mut out = Vec::new();
    for mut group in groups.into_values() {
        group.sort_by_key(|(_, moment)| moment.at);
        let mut silent_until = 0;
        for end in 0..group.len() {
            let now = group[end].1.at;
            let inside = |(_, moment): &&(usize, &Moment)| moment.at + span > now;
            let window: Vec<_> = group[..=end].iter().filter(inside).copied().collect();
            if now >= silent_until && holds(set, number, &window) {
                silent_until = now + span;
                out.push(group[end].1.clone());
            }
        }
    }
    out.sort_by_key(|moment| moment.at);
    out
}

fn holds(set: &RuleSet, number: usize, window: &[(usize, &Moment)]) -> bool {
    let correlated = &set.correlations()[number];
    let rule = &correlated.rule;
    let seen = |part: usize| window.iter().any(|(of, _)| *of == part);
    match &rule.trigger {
        Trigger::Every if rule.kind == Kind::TemporalOrdered => {
            let mut next = 0;
            for (part, _) in window {
                next += usize::from(*part == next);
            }
            next == rule.rules.len()
        }
        Trigger::Every => (0..rule.rules.len()).all(seen),
        Trigger::Rules(logic) => true_of(logic, &seen),
        Trigger::Measure { percentile, bounds, .. } => {
            let values = window.iter().filter_map(|(part, moment)| {
                let field = correlated.fields[*part].measured.first()?;
                moment.values.get(field).map(String::as_str)
            });
            let numbers = |values: Vec<&str>| -> Vec<f64> {
                values.iter().filter_map(|value| value.parse().ok()).collect()
            };
            let measure = match rule.kind {
                Kind::EventCount => window.len() as f64,
                Kind::ValueCount => values.collect::<BTreeSet<_>>().len() as f64,
                Kind::ValueSum => numbers(values.collect()).iter().sum(),
                Kind::ValuePercentile => {
                    let mut sorted = numbers(values.collect());
                    sorted.sort_by(f64::total_cmp);
                    let share = f64::from(percentile.unwrap_or(50)) / 100.0;
                    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
                    let Some(value) = sorted.get(rank - 1) else { return false };
                    *value
                }
                Kind::IntervalVariation => {
                    let times: Vec<Ns> = window.iter().map(|(_, moment)| moment.at).collect();
                    let least = rule.custom.min_events.unwrap_or(10) as usize;
                    let Some(variation) = variation(&times).filter(|_| times.len() >= least) else {
                        return false;
                    };
                    variation
                }
                other => panic!("no bundled correlation is of the type {other:?}"),
            };
            let measured = Number::real(measure).unwrap_or(Number::Int(0));
            bounds.iter().all(|(relation, bound)| compare(*relation, measured, bound.0))
        }
    }
}

/// Standard deviation of the intervals over their mean; beats of the samples are more than a second
/// apart.
fn variation(times: &[Ns]) -> Option<f64> {
    let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
    let squares = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>();
    (mean > 0.0).then(|| (squares / gaps.len() as f64).sqrt() / mean)
}

fn compare(relation: Relation, measured: Number, bound: Number) -> bool {
    let (measured, bound) = (measured.as_f64(), bound.as_f64());
    match relation {
        Relation::Gt => measured > bound,
        Relation::Gte => measured >= bound,
        Relation::Lt => measured < bound,
        Relation::Lte => measured <= bound,
        Relation::Eq => measured == bound,
        Relation::Neq => measured != bound,
    }
}

fn true_of(logic: &Logic, seen: &impl Fn(usize) -> bool) -> bool {
    match logic {
        Logic::Rule(part) => seen(*part),
        Logic::And(items) => items.iter().all(|item| true_of(item, seen)),
        Logic::Or(items) => items.iter().any(|item| true_of(item, seen)),
        Logic::Not(inner) => !true_of(inner, seen),
    }
}

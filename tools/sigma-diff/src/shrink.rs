//! Makes a disagreement small: whatever can be left out without the engines agreeing is left out.

use crate::rule::{Condition, Item, Rule, Search};
use serde_json::{Map, Value, json};

/// Most attempts; what is not small by then stays as it is.
const ATTEMPTS_MAX: usize = 3_000;

/// A rule and an event about which the engines disagree.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The rule.
    pub rule: Rule,
    /// The event.
    pub event: Value,
}

/// The smallest pair found for which `holds`.
pub fn shrink(pair: Pair, mut holds: impl FnMut(&Pair) -> bool) -> Pair {
    let mut best = pair;
    let mut attempts = 0;
    loop {
        let next = smaller(&best).into_iter().find(|pair| {
            attempts += 1;
            attempts <= ATTEMPTS_MAX && holds(pair)
        });
        match next {
            Some(pair) => best = pair,
            None => return best,
        }
    }
}

/// Everything that is one step smaller, the largest steps first.
fn smaller(pair: &Pair) -> Vec<Pair> {
    let rules = rules(&pair.rule).into_iter();
    let mut out: Vec<_> = rules.map(|rule| Pair { rule, event: pair.event.clone() }).collect();
    let events = values(&pair.event, true).into_iter();
    out.extend(events.map(|event| Pair { rule: pair.rule.clone(), event }));
    out
}

fn rules(rule: &Rule) -> Vec<Rule> {
    let mut out = Vec::new();
    let with = |conditions| Rule { conditions, ..rule.clone() };
    if rule.searches.len() > 1 {
        for one in &rule.searches {
            for condition in [Condition::Name(0), Condition::Not(Box::new(Condition::Name(0)))] {
                out.push(Rule { searches: vec![one.clone()], conditions: vec![condition] });
            }
        }
    }
    if rule.conditions.len() > 1 {
        out.extend(rule.conditions.iter().map(|one| with(vec![one.clone()])));
    }
    for (at, condition) in rule.conditions.iter().enumerate() {
        for less in conditions(condition, rule.searches.len()) {
            let mut all = rule.conditions.clone();
            all[at] = less;
            out.push(with(all));
        }
    }
    for (at, (name, search)) in rule.searches.iter().enumerate() {
        for less in searches(search) {
            let mut all = rule.searches.clone();
            all[at] = (name, less);
            out.push(Rule { searches: all, conditions: rule.conditions.clone() });
        }
    }
    out
}

fn conditions(condition: &Condition, names: usize) -> Vec<Condition> {
    let parts = |all: &[Condition], make: fn(Vec<Condition>) -> Condition| {
        let mut out = all.to_vec();
        for at in 0..all.len() {
            let mut rest = all.to_vec();
            rest.remove(at);
            if rest.len() > 1 {
                out.push(make(rest));
            }
            for less in conditions(&all[at], names) {
                let mut changed = all.to_vec();
                changed[at] = less;
                out.push(make(changed));
            }
        }
        out
    };
    match condition {
        Condition::Name(_) => Vec::new(),
        Condition::Of(..) => (0..names).map(Condition::Name).collect(),
        Condition::And(all) => parts(all, Condition::And),
        Condition::Or(all) => parts(all, Condition::Or),
        Condition::Not(inner) => {
            let mut out = vec![(**inner).clone()];
            out.extend(conditions(inner, names).into_iter().map(|c| Condition::Not(Box::new(c))));
            out
        }
    }
}

fn searches(search: &Search) -> Vec<Search> {
    match search {
        Search::Words(item) => items(item).into_iter().map(Search::Words).collect(),
        Search::Maps(maps) => {
            let mut out = Vec::new();
            if maps.len() > 1 {
                out.extend(maps.iter().map(|map| Search::Maps(vec![map.clone()])));
            }
            for (at, map) in maps.iter().enumerate() {
                for less in map_parts(map) {
                    let mut all = maps.clone();
                    all[at] = less;
                    out.push(Search::Maps(all));
                }
            }
            out
        }
    }
}

fn map_parts(map: &[Item]) -> Vec<Vec<Item>> {
    let mut out = Vec::new();
    if map.len() > 1 {
        out.extend(map.iter().map(|item| vec![item.clone()]));
    }
    for (at, item) in map.iter().enumerate() {
        for less in items(item) {
            let mut all = map.to_vec();
            all[at] = less;
            let keys: std::collections::BTreeSet<_> = all.iter().map(Item::key).collect();
            if keys.len() == all.len() {
                out.push(all);
            }
        }
    }
    out
}

fn items(item: &Item) -> Vec<Item> {
    let mut out = Vec::new();
    if item.values.len() > 1 {
        out.extend(item.values.iter().map(|v| Item { values: vec![v.clone()], ..item.clone() }));
        for at in 0..item.values.len() {
            let mut values = item.values.clone();
            values.remove(at);
            out.push(Item { values, ..item.clone() });
        }
    }
    for at in 0..item.modifiers.len() {
        let mut modifiers = item.modifiers.clone();
        modifiers.remove(at);
        out.push(Item { modifiers, ..item.clone() });
    }
    if !item.has("re") && !item.has("cidr") && !item.has("fieldref") && !item.has("expand") {
        for at in 0..item.values.len() {
            for less in values(&item.values[at], false) {
                let mut all = item.values.clone();
                all[at] = less;
                out.push(Item { values: all, ..item.clone() });
            }
        }
    }
    out
}

/// A value with something left out.
fn values(value: &Value, whole: bool) -> Vec<Value> {
    match value {
        Value::Object(entries) => {
            let mut out = Vec::new();
            for (name, value) in entries {
                if whole {
                    let mut rest: Map<_, _> = entries.clone();
                    rest.shift_remove(name);
                    out.push(Value::Object(rest));
                }
                for less in values(value, false) {
                    let mut changed = entries.clone();
                    changed.insert(name.clone(), less);
                    out.push(Value::Object(changed));
                }
            }
            out
        }
        Value::Array(all) => {
            let mut out = all.clone();
            for at in 0..all.len() {
                let mut rest = all.clone();
                rest.remove(at);
                out.push(Value::Array(rest));
            }
            out
        }
        Value::String(text) => {
            let all: Vec<char> = text.chars().collect();
            let without = |at: usize| {
                let rest = all.iter().enumerate().filter(|(i, _)| *i != at);
                rest.map(|(_, c)| *c).collect::<String>()
            };
            let mut out: Vec<_> = (0..all.len()).map(|at| json!(without(at))).collect();
            // Letters that mean nothing become the same one.
            for (at, c) in all.iter().enumerate().filter(|(_, c)| "bkx10ABK .%".contains(**c)) {
                let mut changed = all.clone();
                changed[at] = 'a';
                let _ = c;
                out.push(json!(changed.into_iter().collect::<String>()));
            }
            out
        }
        Value::Number(number) if number.as_i64().is_some_and(|n| n != 0) => vec![json!(0)],
        _ => Vec::new(),
    }
}

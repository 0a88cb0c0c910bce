//! Whether a rule can match at all: an event that it matches is made up and put to it.
//!
//! The condition is taken apart into conjunctions of tests; for each a value per field is put
//! together that should pass them (the texts that must be inside between those that must begin
//! and end it, a number beyond the bound, an address of the network, an example of the
//! expression), and the rule itself judges it. So "ok" is shown, not inferred. A rule for which
//! none of a bounded number of tries succeeds is called unreachable: it contradicts itself, or is
//! so odd that somebody should look at it.

use super::example;
use super::row::{ANYWHERE, Row};
use super::set::{RuleSet, State};
use crate::engine::fields::Datum;
use crate::number::{Number, Relation};
use crate::pattern::Piece;
use crate::read::detection::Origin;
use crate::test::{Affix, Expr, FieldName, Test, TimePart, Want};
use std::collections::BTreeMap;

/// How many conjunctions are looked at, first and in the second go.
const CONJUNCTIONS: [usize; 2] = [8, 512];
/// Most tests in all conjunctions of a go together.
const WORK_MAX: usize = 100_000;
/// How many ways each is filled in.
pub(super) const WAYS: usize = 6;
/// A test and whether it must be passed.
type Demand = (u32, bool);

/// Marks rules that cannot be shown to match.
pub(super) fn judge(set: &mut RuleSet) {
    let mut row = Row::new(set.fields());
    for number in 0..set.rules().len() {
        let rule = &set.rules()[number];
        if rule.state == State::Ok && !can_match(set, number, &mut row) {
            let message = "no event could be made up that it would match: it asks for \
                things that exclude each other";
            set.rules[number].state = State::Unreachable(message.to_owned());
        }
    }
}

fn can_match(set: &RuleSet, number: usize, row: &mut Row) -> bool {
    let Some(rule) = set.compiled(number as u32) else { return false };
    let tests = &rule.rule.detection.tests;
    let expr = rule.rule.detection.expr.normal();
    let affordable = (WORK_MAX / expr.size()).max(1);
    CONJUNCTIONS.iter().any(|most| {
        conjunctions(&expr, (*most).min(affordable)).iter().any(|demands| {
            (0..WAYS).any(|way| {
                let Some(values) = fill(demands, tests, way) else { return false };
                row.begin();
                for (field, value) in &values {
                    let slot = match &field[..] {
                        "" => ANYWHERE,
                        name => set.slots.get(name).copied().unwrap_or(ANYWHERE),
                    };
                    row.put(Datum::Text(value), std::iter::once(slot), true);
                }
                rule.program.run(|id| {
                    let predicate = set.predicates.get(id as usize);
                    predicate.is_some_and(|predicate| predicate.ask(row))
                })
            })
        })
    })
}

/// The first `most` conjunctions of a condition in normal form.
fn conjunctions(expr: &Expr, most: usize) -> Vec<Vec<Demand>> {
    match expr {
        Expr::Test(id) => vec![vec![(*id, true)]],
        Expr::Not(inner) => match **inner {
            Expr::Test(id) => vec![vec![(id, false)]],
            _ => Vec::new(),
        },
        Expr::Or(items) => {
            let mut all = Vec::new();
            for item in items {
                all.extend(conjunctions(item, most));
                if all.len() >= most {
                    all.truncate(most);
                    break;
                }
            }
            all
        }
        Expr::And(items) => {
            let mut all: Vec<Vec<Demand>> = vec![Vec::new()];
            for item in items {
                let more = conjunctions(item, most);
                if more.is_empty() {
                    return Vec::new();
                }
                // Every alternative of the item comes once before any comes a second time.
                let count = all.len();
                let pairs = count.saturating_mul(more.len()).min(most.max(count));
                let copies: Vec<_> = (count..pairs).map(|n| all[n % count].clone()).collect();
                all.extend(copies);
                for (n, demands) in all.iter_mut().enumerate() {
                    demands.extend_from_slice(&more[(n % count + n / count) % more.len()]);
                }
            }
            all
        }
    }
}

/// What a value must be made of.
#[derive(Default)]
struct Parts {
    whole: Option<String>,
    start: String,
    inside: Vec<String>,
    end: String,
    numbers: Vec<(Relation, Number)>,
    times: Vec<(TimePart, Relation, Number)>,
    present: bool,
    absent: bool,
}

/// A value for each field, or `None` when the demands exclude each other.
fn fill(demands: &[Demand], tests: &[Origin], way: usize) -> Option<BTreeMap<FieldName, String>> {
    let mut parts: BTreeMap<FieldName, Parts> = BTreeMap::new();
    let mut references = Vec::new();
    for (id, passed) in demands {
        let test = &tests.get(*id as usize)?.test;
        let part = parts.entry(test.field.clone()).or_default();
        match (&test.want, passed) {
            (Want::Null, true) | (Want::Exists, false) => part.absent = true,
            (Want::Null, false) | (Want::Exists, true) => part.present = true,
            (Want::Reference { other, how, .. }, true) => {
                references.push((test.field.clone(), other.clone(), *how));
            }
            (_, false) => {}
            (_, true) => demand(test, part, way),
        }
    }
    let mut values = BTreeMap::new();
    for (number, (field, part)) in parts.iter().enumerate() {
        match part.value(way, number) {
            Some(_) if part.absent => return None,
            Some(value) => drop(values.insert(field.clone(), value)),
            None => {}
        }
    }
    for (field, other, how) in references {
        let known = [&other, &field].into_iter().find_map(|name| values.get(name).cloned());
        let value = known.unwrap_or_else(|| "x".to_owned());
        values.entry(other).or_insert_with(|| value.clone());
        match how {
            Affix::Whole => values.insert(field, value),
            _ => Some(values.entry(field).or_insert(value).clone()),
        };
    }
    Some(values)
}

impl Parts {
    /// The value of the field of this number; what is free differs from field to field.
    fn value(&self, way: usize, number: usize) -> Option<String> {
        let filler = ["", "zq", "zq ", "z.q", "1", "/"][way % WAYS];
        if let Some(whole) = &self.whole {
            return Some(whole.clone());
        }
        if !self.numbers.is_empty() {
            return example::numbers(&self.numbers, way);
        }
        if !self.times.is_empty() {
            return example::time(&self.times);
        }
        if self.start.is_empty() && self.end.is_empty() && self.inside.is_empty() {
            // Nothing at all is what a text that is like none of many may have to be.
            let last = way + 1 == WAYS;
            return self.present.then(|| if last { String::new() } else { format!("zq{number}") });
        }
        let mut out = self.start.clone();
        if self.start.is_empty() {
            out.push_str(filler);
        }
        for (i, text) in self.inside.iter().enumerate() {
            let again = out.contains(text.as_str());
            if !again {
                out.push_str(if i == 0 || way % 2 == 1 { "" } else { " " });
                out.push_str(text);
            }
        }
        match self.end.is_empty() {
            true => out.push_str(filler),
            false if out.ends_with(&self.end) => {}
            false => out.push_str(&self.end),
        }
        Some(out)
    }

    fn text(&mut self, text: String, at_start: bool, at_end: bool) {
        match (at_start, at_end) {
            (true, true) if self.whole.is_none() => self.whole = Some(text),
            (true, false) if text.len() > self.start.len() => self.start = text,
            (false, true) if text.len() > self.end.len() => self.end = text,
            (false, false) => self.inside.push(text),
            _ => {}
        }
    }
}

fn demand(test: &Test, part: &mut Parts, way: usize) {
    match &test.want {
        Want::Text { patterns, .. } => {
            let Some(pattern) = patterns.get(way % patterns.len().max(1)) else { return };
            let at = |piece: Option<&Piece>| piece != Some(&Piece::Many);
            let pieces = pattern.pieces();
            part.text(example::plain(pattern), at(pieces.first()), at(pieces.last()));
            part.present = true;
        }
        Want::Regex { source, flags } => {
            let (text, at_start, at_end) = example::regex(source, *flags, way);
            part.text(text, at_start, at_end);
            part.present = true;
        }
        Want::Number(relation, number) => part.numbers.push((*relation, *number)),
        Want::Bool(value) => part.text(value.to_string(), true, true),
        Want::Cidr(nets) => {
            let net = nets.get(way % nets.len().max(1));
            let address = net.map(|net| net.example(way % 2 == 1).to_string());
            part.text(address.unwrap_or_default(), true, true);
        }
        Want::Time(which, relation, number) => part.times.push((*which, *relation, *number)),
        Want::Null | Want::Exists | Want::Reference { .. } => {}
    }
}

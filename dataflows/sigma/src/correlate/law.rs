//! A correlation made ready to be evaluated: numbers instead of words.
//!
//! Whether more events can undo a condition decides when it is judged. What only grows (`gte` of
//! a count, `temporal` without `not`) and what goes both ways (means, percentiles, regularity) is
//! judged with each event over (t − timespan, t]. A count or a sum that must not exceed something,
//! and rules that must not come, are known only when the time is over: there windows follow each
//! other, each begins with the first event that is in no other and is judged at its end.

use super::fixed::{Fixed, Ratio};
use super::window::NUMBERED_MAX;
use crate::number::Relation;
use crate::read::correlation::{Bound, Correlation, Kind, Logic, Rearm, Trigger};
use seerflow_model::Ns;
use seerflow_model::time::SECOND;
use std::fmt::Write;

/// Greatest number that events or values are counted up to.
pub const COUNT_MAX: u64 = 1 << 20;
/// Times that are remembered of a group even if the condition could do with fewer.
const TIMES_MIN: usize = 64;
/// The same for values.
const VALUES_MIN: usize = 4_096;
/// Beats without which there is no regularity, unless the rule says otherwise.
const BEATS_DEFAULT: u32 = 10;

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Relations of a number, all of them.
    Bounds(Vec<(Relation, Fixed)>),
    /// All rules.
    Every,
    /// An expression over rules.
    Rules(Logic),
}

/// A correlation, ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    /// What it is known by in states and matches: equal as long as it and what it refers to mean
    /// the same.
    pub identity: u64,
    /// Its number in the set.
    pub number: u32,
    /// 0 when it is about rules alone, else one more than the highest that it is about.
    pub level: u8,
    /// Whether others are about it.
    pub chained: bool,
    /// What is measured.
    pub kind: Kind,
    /// Within what time.
    pub span: Ns,
    /// What must hold.
    pub test: Test,
    /// Whether it is judged when windows end, not with each event.
    pub whole: bool,
    /// Names of what it groups by.
    pub group_by: Vec<String>,
    /// The condition for people: `gte 10 events within 5m`.
    pub summary: String,
    pub(super) percentile: u8,
    pub(super) steps: Vec<Vec<u8>>,
    pub(super) rules: usize,
    /// Of each rule how many events it takes.
    pub(super) counts: Vec<usize>,
    pub(super) rearm: Option<Ns>,
    pub(super) min_events: usize,
    pub(super) together: Ns,
    pub(super) keep: usize,
}

impl Law {
    /// From what was read; the error says why it cannot be evaluated.
    pub(super) fn new(rule: &Correlation, identity: u64, number: u32) -> Result<Law, String> {
        let test = match &rule.trigger {
            Trigger::Measure { bounds, .. } => {
                Test::Bounds(bounds.iter().map(|(r, Bound(n))| (*r, Fixed::of(*n))).collect())
            }
            Trigger::Every => Test::Every,
            Trigger::Rules(logic) => Test::Rules(logic.clone()),
        };
        let greatest = match &test {
            Test::Bounds(bounds) => bounds.iter().map(|(_, bound)| bound.ceil()).max(),
            _ => None,
        };
        let greatest = greatest.unwrap_or_default();
        let counts = matches!(rule.kind, Kind::EventCount | Kind::ValueCount);
        if counts && greatest > COUNT_MAX {
            return Err(format!("counts up to {COUNT_MAX}, and the condition asks for more"));
        }
        let together = rule.custom.together_seconds.unwrap_or(1);
        if beats_of(rule) && 3 * together > rule.timespan_seconds {
            return Err("the timespan has no room for three beats".to_owned());
        }
        let least = if rule.kind == Kind::ValueCount { VALUES_MIN } else { TIMES_MIN };
        let span = rule.timespan_seconds * SECOND;
        let beats = beats_of(rule);
        Ok(Law {
            whole: whole(rule.kind, &test),
            steps: steps(rule, &test)?,
            percentile: match &rule.trigger {
                Trigger::Measure { percentile: Some(percent), .. } => *percent,
                _ => 50,
            },
            keep: (greatest.min(COUNT_MAX) as usize + 1).max(least),
            rearm: match rule.custom.rearm {
                Rearm::Timespan => Some(span),
                Rearm::Seconds(seconds) => Some(seconds * SECOND),
                Rearm::Consume => None,
            },
            min_events: rule.custom.min_events.unwrap_or(if beats { BEATS_DEFAULT } else { 1 })
                as usize,
            together: together * SECOND,
            summary: summary(rule),
            group_by: rule.group_by.clone(),
            rules: rule.rules.len(),
            counts: {
                let mut counts = vec![1; rule.rules.len()];
                rule.custom.counts.iter().for_each(|(slot, count)| counts[*slot] = *count as usize);
                counts
            },
            level: 0,
            chained: false,
            kind: rule.kind,
            identity,
            number,
            span,
            test,
        })
    }

    /// Whether a match goes on until its end is told.
    pub fn ends(&self) -> bool {
        self.rearm.is_some()
    }

    /// Whether steps may be left out, because their number decides.
    pub(super) fn numbered(&self) -> bool {
        matches!(self.test, Test::Bounds(_))
    }

    /// Whether a measured number is as wanted.
    pub(super) fn meets(&self, number: Ratio) -> bool {
        match &self.test {
            Test::Bounds(bounds) => number.meets(bounds),
            Test::Every | Test::Rules(_) => {
                let all = if self.steps.is_empty() { self.rules } else { self.steps.len() };
                number.compare(Fixed::whole(all as u64)).is_ge()
            }
        }
    }
}

impl Logic {
    /// Whether the expression holds.
    pub fn holds(&self, has: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Logic::Rule(slot) => has(*slot),
            Logic::And(items) => items.iter().all(|item| item.holds(has)),
            Logic::Or(items) => items.iter().any(|item| item.holds(has)),
            Logic::Not(inner) => !inner.holds(has),
        }
    }

    /// How many parts it has.
    pub fn size(&self) -> usize {
        match self {
            Logic::Rule(_) => 1,
            Logic::And(items) | Logic::Or(items) => {
                1 + items.iter().map(Logic::size).sum::<usize>()
            }
            Logic::Not(inner) => 1 + inner.size(),
        }
    }

    /// Whether something must not have matched.
    pub fn negates(&self) -> bool {
        match self {
            Logic::Rule(_) => false,
            Logic::And(items) | Logic::Or(items) => items.iter().any(Logic::negates),
            Logic::Not(_) => true,
        }
    }
}

fn beats_of(rule: &Correlation) -> bool {
    rule.kind == Kind::IntervalVariation
}

/// Whether more events can undo the condition, but nothing else can.
fn whole(kind: Kind, test: &Test) -> bool {
    match test {
        Test::Bounds(bounds) => {
            let grows = matches!(
                kind,
                Kind::EventCount | Kind::ValueCount | Kind::ValueSum | Kind::Temporal
            );
            let above = |(relation, _): &(Relation, Fixed)| {
                matches!(relation, Relation::Gt | Relation::Gte)
            };
            grows && !bounds.iter().all(above)
        }
        Test::Rules(logic) => logic.negates(),
        Test::Every => false,
    }
}

/// The rules of each step of an order.
fn steps(rule: &Correlation, test: &Test) -> Result<Vec<Vec<u8>>, String> {
    if rule.kind != Kind::TemporalOrdered {
        return Ok(Vec::new());
    }
    let each = || (0..rule.rules.len()).map(|slot| vec![slot as u8]).collect::<Vec<_>>();
    let steps = match test {
        Test::Every => each(),
        Test::Bounds(bounds) => {
            let above = |(relation, _): &(Relation, Fixed)| {
                matches!(relation, Relation::Gt | Relation::Gte)
            };
            if !bounds.iter().all(above) {
                return Err("of an order only `gt` and `gte` steps can be asked for".to_owned());
            }
            if rule.rules.len() > NUMBERED_MAX {
                return Err(format!("counts steps of an order of up to {NUMBERED_MAX} rules"));
            }
            each()
        }
        Test::Rules(logic) => {
            let items = match logic {
                Logic::And(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            items.iter().map(step).collect::<Option<_>>().ok_or(
                "the condition of an order must be steps joined by `and`, each a rule or several \
                joined by `or`",
            )?
        }
    };
    match steps.len() {
        0 | 1 => Err("an order needs two steps".to_owned()),
        _ => Ok(steps),
    }
}

fn step(logic: &Logic) -> Option<Vec<u8>> {
    match logic {
        Logic::Rule(slot) => u8::try_from(*slot).ok().map(|slot| vec![slot]),
        Logic::Or(items) => {
            let parts: Option<Vec<_>> = items.iter().map(step).collect();
            parts.map(|parts| parts.concat())
        }
        Logic::And(_) | Logic::Not(_) => None,
    }
}

/// The condition for people.
fn summary(rule: &Correlation) -> String {
    let mut out = String::new();
    let (count, unit) = match rule.timespan_seconds {
        seconds if seconds % 86_400 == 0 => (seconds / 86_400, 'd'),
        seconds if seconds % 3_600 == 0 => (seconds / 3_600, 'h'),
        seconds if seconds % 60 == 0 => (seconds / 60, 'm'),
        seconds => (seconds, 's'),
    };
    match &rule.trigger {
        Trigger::Measure { fields, percentile, bounds } => {
            let fields = fields.join(", ");
            let what = match rule.kind {
                Kind::EventCount => "events".to_owned(),
                Kind::Temporal | Kind::TemporalOrdered => "rules".to_owned(),
                Kind::ValueCount => format!("different values of {fields}"),
                Kind::ValueSum => format!("as sum of {fields}"),
                Kind::ValueAvg => format!("as mean of {fields}"),
                Kind::ValueMedian => format!("as median of {fields}"),
                Kind::ValuePercentile => {
                    format!("as percentile {} of {fields}", percentile.unwrap_or(50))
                }
                Kind::IntervalVariation => "as variation of the intervals".to_owned(),
            };
            for (n, (relation, bound)) in bounds.iter().enumerate() {
                let and = if n == 0 { "" } else { " and " };
                let _ = write!(out, "{and}{} {}", relation.name(), bound.0);
            }
            let _ = write!(out, " {what}");
        }
        Trigger::Every => {
            let order = if rule.kind == Kind::TemporalOrdered { " in order" } else { "" };
            let _ = write!(out, "all of {}{order}", rule.rules.join(", "));
        }
        Trigger::Rules(_) => {
            let order = if rule.kind == Kind::TemporalOrdered { " in order" } else { "" };
            let _ = write!(out, "the condition over {}{order}", rule.rules.join(", "));
        }
    }
    let _ = write!(out, " within {count}{unit}");
    out
}

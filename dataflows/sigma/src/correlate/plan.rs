//! From rules that match to the correlations that want them.
//!
//! Made once when a set is loaded (`resolve`): of each rule the correlations that refer to it, and
//! of each value they want where it comes from. So an event costs a look-up per matched rule, and nothing more when no correlation
//! wants it. An event that several rules of a correlation match, in one group, is one event.

use super::episode::Held;
use super::fixed::Fixed;
use super::law::Law;
use super::tuple::{Tuple, folded};
use crate::engine::set::Field;
use crate::number::Number;
use crate::read::correlation::Kind;
use hashbrown::HashMap;
use seerflow_model::hash;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::sync::Arc;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A field of the event.
    Field(Field),
    /// What a correlation groups by, by place.
    Group(usize),
    /// What a correlation carries for others, by place.
    Carried(usize),
}

/// From a rule or correlation to a correlation that refers to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Route {
    pub law: Arc<Law>,
    pub slot: u8,
    pub group: Box<[Origin]>,
    pub measured: Box<[Origin]>,
    pub carried: Box<[Origin]>,
}

/// What is measured of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Nothing but that it came.
    None,
    /// Which value it has.
    Hash(u64),
    /// How much.
    Number(Fixed),
}

/// An event for a group of a law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feed<E> {
    /// Identity of the law.
    pub law: u64,
    /// Its level, 0 for those about rules alone.
    pub level: u8,
    /// Names law and group: where the state lives.
    pub key: u64,
    /// Which of the law's rules it matches.
    pub slots: SmallVec<[u8; 8]>,
    /// Values of what is grouped by.
    pub group: Tuple,
    /// What is measured.
    pub value: Value,
    /// Values that others want of it.
    pub carried: Tuple,
    /// What to show of it.
    pub event: E,
}

/// Events that a correlation would want but cannot use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Without a value of something that is grouped by.
    pub ungrouped: u64,
    /// Without a value, or without a number, of what is measured.
    pub unmeasured: u64,
}

/// Which correlations want what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub(super) laws: HashMap<u64, Arc<Law>>,
    pub(super) by_rule: Vec<Vec<Route>>,
    pub(super) by_law: HashMap<u64, Vec<Route>>,
}

impl Plan {
    /// The laws, by their number in the set.
    pub fn laws(&self) -> Vec<&Arc<Law>> {
        let mut laws: Vec<_> = self.laws.values().collect();
        laws.sort_unstable_by_key(|law| law.number);
        laws
    }

    /// The law of an identity, if this set has it.
    pub fn law(&self, identity: u64) -> Option<&Arc<Law>> {
        self.laws.get(&identity)
    }

    /// How many levels there are.
    pub fn levels(&self) -> u8 {
        self.laws.values().map(|law| law.level + 1).max().unwrap_or_default()
    }

    /// Whether a correlation wants events of a rule.
    pub fn wants(&self, rule: u32) -> bool {
        self.by_rule.get(rule as usize).is_some_and(|routes| !routes.is_empty())
    }

    /// Adds to `out` what an event that these rules match is for correlations.
    pub fn feeds<'v, E: Clone>(
        &self,
        matched: &[u32],
        value: impl Fn(Field) -> Option<&'v str>,
        event: &E,
        skipped: &mut Skipped,
        out: &mut Vec<Feed<E>>,
    ) {
        let begin = out.len();
        for rule in matched {
            for route in self.by_rule.get(*rule as usize).into_iter().flatten() {
                let get = |origin: Origin| match origin {
                    Origin::Field(field) => value(field).filter(|value| !value.is_empty()),
                    Origin::Group(_) | Origin::Carried(_) => None,
                };
                let Some(feed) = route.feed(get, event, skipped) else { continue };
                let same = |known: &&mut Feed<E>| (known.law, known.key) == (feed.law, feed.key);
                match out[begin..].iter_mut().find(same) {
                    Some(known) => known.slots.extend(feed.slots),
                    None => out.push(feed),
                }
            }
        }
    }

    /// Adds to `out` what a condition that holds is for other correlations: an event for those of
    /// rules in time, while those that count take the beginnings of episodes.
    pub fn chain<E: Clone>(&self, held: &Held<E>, skipped: &mut Skipped, out: &mut Vec<Feed<E>>) {
        let begin = out.len();
        for route in self.by_law.get(&held.law).into_iter().flatten() {
            if !held.began && !route.law.kind.temporal() {
                continue;
            }
            let get = |origin: Origin| match origin {
                Origin::Field(_) => None,
                Origin::Group(at) => held.group.get(at),
                Origin::Carried(at) => held.carried.get(at),
            };
            let Some(feed) = route.feed(get, &held.event, skipped) else { continue };
            let same = |known: &&mut Feed<E>| (known.law, known.key) == (feed.law, feed.key);
            match out[begin..].iter_mut().find(same) {
                Some(known) => known.slots.extend(feed.slots),
                None => out.push(feed),
            }
        }
    }
}

impl Route {
    fn feed<'v, E: Clone>(
        &self,
        get: impl Fn(Origin) -> Option<&'v str>,
        event: &E,
        skipped: &mut Skipped,
    ) -> Option<Feed<E>> {
        if self.group.iter().any(|origin| get(*origin).is_none()) {
            skipped.ungrouped += 1;
            return None;
        }
        let Some(value) = self.value(&get) else {
            skipped.unmeasured += 1;
            return None;
        };
        let group = Tuple::new(self.group.iter().map(|origin| get(*origin)));
        let key = group
            .iter()
            .flatten()
            .fold(self.law.identity, |key, value| hash::pair(key, folded(value)));
        Some(Feed {
            law: self.law.identity,
            level: self.law.level,
            key,
            slots: SmallVec::from_slice(&[self.slot]),
            group,
            value,
            carried: Tuple::new(self.carried.iter().map(|origin| get(*origin))),
            event: event.clone(),
        })
    }

    fn value<'v>(&self, get: &impl Fn(Origin) -> Option<&'v str>) -> Option<Value> {
        match self.law.kind {
            Kind::EventCount | Kind::Temporal | Kind::TemporalOrdered | Kind::IntervalVariation => {
                Some(Value::None)
            }
            Kind::ValueCount => {
                let mut value = 0;
                for origin in &self.measured {
                    value = hash::pair(value, folded(get(*origin)?));
                }
                Some(Value::Hash(value))
            }
            Kind::ValueSum | Kind::ValueAvg | Kind::ValuePercentile | Kind::ValueMedian => {
                let number = Number::parse(get(*self.measured.first()?)?.trim())?;
                Some(Value::Number(Fixed::of(number)))
            }
        }
    }
}

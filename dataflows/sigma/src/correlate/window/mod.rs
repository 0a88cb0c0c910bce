//! What is remembered of the events of one group within the timespan, one kind for each measure.
//!
//! All are exact over (t − timespan, t] and bounded; where a bound changes an answer, the module
//! says how, and [`Cuts`] counts it. Times of what comes in must not fall.

mod beats;
mod count;
mod distinct;
mod rank;
mod steps;
mod sum;
mod together;

pub use steps::NUMBERED_MAX;

use super::fixed::{Fixed, Ratio};
use super::law::Law;
use super::plan::{Feed, Value};
use crate::read::correlation::Kind;
use beats::Beats;
use count::Count;
use distinct::Distinct;
use rank::Rank;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use steps::Steps;
use sum::Sum;
use together::Together;

/// How often a bound of a state has changed what it remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cuts {
    /// Times and values that were let go before the timespan was over: the number is then "at
    /// least", and still decides as it should; of percentiles the newest values are looked at.
    pub dropped: u64,
    /// Values added to one of nearly the same time (a 4,096th of the timespan).
    pub merged: u64,
}

/// What is remembered, by what is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Window<E> {
    /// Not begun.
    Nothing,
    /// Times.
    Count(Count),
    /// Values.
    Distinct(Box<Distinct>),
    /// Values that are added.
    Sum(Box<Sum>),
    /// Values in their order.
    Rank(Box<Rank>),
    /// Rules.
    Together(Together<E>),
    /// Rules in their order.
    Steps(Steps<E>),
    /// Intervals.
    Beats(Box<Beats>),
    /// A sum from which nothing leaves before the window ends.
    Total(Fixed),
}

impl<E: Clone> Window<E> {
    /// That of a law, without anything seen.
    pub fn fresh(law: &Law) -> Window<E> {
        match law.kind {
            Kind::EventCount | Kind::ValueSum if law.whole => Window::Total(Fixed::default()),
            Kind::EventCount => Window::Count(Count::default()),
            Kind::ValueCount => Window::Distinct(Box::default()),
            Kind::ValueSum | Kind::ValueAvg => Window::Sum(Box::default()),
            Kind::ValuePercentile | Kind::ValueMedian => Window::Rank(Box::default()),
            Kind::Temporal => Window::Together(Together::default()),
            Kind::TemporalOrdered => Window::Steps(Steps::default()),
            Kind::IntervalVariation => Window::Beats(Box::default()),
        }
    }

    /// Takes an event.
    pub fn push(&mut self, law: &Law, at: Ns, feed: &Feed<E>, cuts: &mut Cuts) {
        let number = match feed.value {
            Value::Number(number) => number,
            Value::Hash(_) | Value::None => Fixed::default(),
        };
        match self {
            Window::Count(count) => count.push(at, law.keep, cuts),
            Window::Distinct(distinct) => {
                if let Value::Hash(value) = feed.value {
                    distinct.push(at, value, law.keep, cuts);
                }
            }
            Window::Sum(sum) => sum.push(at, number, law.span, cuts),
            Window::Rank(rank) => rank.push(at, number, cuts),
            Window::Beats(beats) => beats.push(at, law.together, cuts),
            Window::Total(total) => total.0 = total.0.saturating_add(number.0),
            Window::Together(together) => together.push(at, &feed.slots, &feed.event, &law.counts),
            Window::Steps(steps) => {
                steps.push(at, &feed.slots, &feed.event, &law.steps, law.numbered());
            }
            Window::Nothing => {}
        }
    }

    /// Forgets what is not after `until`.
    pub fn expire(&mut self, until: Ns) {
        match self {
            Window::Count(count) => count.expire(until),
            Window::Distinct(distinct) => distinct.expire(until),
            Window::Sum(sum) => sum.expire(until),
            Window::Rank(rank) => rank.expire(until),
            Window::Beats(beats) => beats.expire(until),
            Window::Together(together) => together.expire(until),
            Window::Steps(steps) => steps.expire(until),
            Window::Total(_) | Window::Nothing => {}
        }
    }

    /// What is measured, where there is enough for it; `events` are those of a window that is
    /// judged at its end.
    pub fn number(&self, law: &Law, events: u64) -> Option<Ratio> {
        let enough = |events: usize| events >= law.min_events;
        match self {
            Window::Count(count) => Some(Ratio::count(count.len() as u64)),
            Window::Distinct(distinct) => Some(Ratio::count(distinct.len() as u64)),
            Window::Sum(sum) if law.kind == Kind::ValueSum => Some(Ratio::plain(Fixed(sum.sum))),
            Window::Sum(sum) => enough(sum.events as usize)
                .then_some(Ratio { over: sum.sum, under: sum.events.max(1) }),
            Window::Rank(rank) if !enough(rank.len()) => None,
            Window::Rank(rank) if law.kind == Kind::ValueMedian => rank.median(),
            Window::Rank(rank) => rank.percentile(law.percentile),
            Window::Beats(beats) if !enough(beats.len()) => None,
            Window::Beats(beats) => beats.variation(),
            Window::Together(together) => Some(Ratio::count(together.len() as u64)),
            Window::Steps(steps) => {
                Some(Ratio::count(steps.longest(law.steps.len(), law.numbered()) as u64))
            }
            Window::Total(_) if law.kind == Kind::EventCount => Some(Ratio::count(events)),
            Window::Total(total) => Some(Ratio::plain(*total)),
            Window::Nothing => None,
        }
    }

    /// Whether it may be more than is remembered.
    pub fn at_least(&self, law: &Law) -> bool {
        match self {
            Window::Count(count) => count.len() >= law.keep,
            Window::Distinct(distinct) => distinct.len() >= law.keep,
            _ => false,
        }
    }

    /// How many events are remembered, where that is known.
    pub fn events(&self) -> Option<u64> {
        match self {
            Window::Count(count) => Some(count.len() as u64),
            Window::Sum(sum) => Some(sum.events),
            Window::Rank(rank) => Some(rank.len() as u64),
            _ => None,
        }
    }
}

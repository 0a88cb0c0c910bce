//! The same answers the stupid way: all events of a group are kept, and all of them are looked
//! at again for each.

use super::fixed::{Fixed, Ratio};
use super::law::{Law, Test};
use super::plan::Value;
use crate::read::correlation::Kind;
use seerflow_model::Ns;

/// An event of one group.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Ns,
    pub slots: Vec<u8>,
    pub value: Value,
}

/// What is expected of a group: when episodes begin and end.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Began { at: Ns, start: Ns, number: f64 },
    Ended { at: Ns, count: u64 },
}

/// The episodes of a group whose events come in this order, and nothing behind them.
pub fn episodes(law: &Law, events: &[Seen]) -> Vec<Told> {
    let judged = if law.whole { windows(law, events) } else { sliding(law, events) };
    let rearm = law.rearm.unwrap_or_default();
    // The last time it held, and which event is its first.
    let mut open: Option<(Ns, usize)> = None;
    let mut out = Vec::new();
    let ended = |held: Ns, from: usize, until: Ns| {
        let count = events[from..].iter().filter(|event| event.at < until).count();
        Told::Ended { at: held, count: count as u64 }
    };
    for moment in &judged {
        if let Some((held, from)) = open
            && held + rearm <= moment.begin
        {
            out.push(ended(held, from, held + rearm));
            open = None;
        }
        match (&moment.found, open) {
            (Some(_), Some((_, from))) => open = Some((moment.at, from)),
            (Some((start, number, shown)), None) => {
                out.push(Told::Began { at: moment.at, start: *start, number: *number });
                open = law.rearm.map(|_| (moment.at, moment.known - shown));
            }
            // A window was waited for, and it is not as wanted.
            (None, Some((held, from))) if held + rearm <= moment.at => {
                out.push(ended(held, from, moment.at));
                open = None;
            }
            (None, _) => {}
        }
    }
    if let Some((held, from)) = open {
        out.push(ended(held, from, held + rearm));
    }
    out
}

/// The beginnings of windows that follow each other.
fn begins(law: &Law, events: &[Seen]) -> Vec<Ns> {
    let mut out: Vec<Ns> = Vec::new();
    for event in events {
        if out.last().is_none_or(|begin| event.at >= begin + law.span) {
            out.push(event.at);
        }
    }
    out
}

/// A moment at which something is judged.
struct Moment {
    at: Ns,
    /// When it began to be waited for.
    begin: Ns,
    /// Events until then.
    known: usize,
    /// When what is shown begins, the number, and how many events are shown.
    found: Option<(Ns, f64, usize)>,
}

fn windows(law: &Law, events: &[Seen]) -> Vec<Moment> {
    let judged = |begin: Ns| {
        let end = begin + law.span;
        let inside: Vec<&Seen> = events.iter().filter(|e| e.at >= begin && e.at < end).collect();
        let found = measure(law, &inside).map(|number| (begin, number, inside.len()));
        let known = events.iter().filter(|e| e.at < end).count();
        Moment { at: end, begin, known, found }
    };
    begins(law, events).into_iter().map(judged).collect()
}

fn sliding(law: &Law, events: &[Seen]) -> Vec<Moment> {
    let mut from = 0;
    let mut out = Vec::new();
    for (n, event) in events.iter().enumerate() {
        let known = beats(law, &events[from..=n]);
        let inside = known.into_iter().filter(|other| other.at + law.span > event.at);
        let inside: Vec<&Seen> = inside.collect();
        let number = measure(law, &inside);
        let (start, shown) = shown(law, &events[from..=n], &inside);
        if number.is_some() && law.rearm.is_none() {
            from = n + 1;
        }
        let found = number.map(|number| (start, number, shown));
        out.push(Moment { at: event.at, begin: event.at, known: n + 1, found });
    }
    out
}

/// Of regularity the beats, else all events.
fn beats<'e>(law: &Law, events: &'e [Seen]) -> Vec<&'e Seen> {
    let mut out: Vec<&Seen> = Vec::new();
    for event in events {
        let apart = |last: &&Seen| event.at - last.at > law.together;
        if law.kind != Kind::IntervalVariation || out.last().is_none_or(apart) {
            out.push(event);
        }
    }
    out
}

/// When what a match shows begins, and how many events it is.
fn shown(law: &Law, all: &[Seen], inside: &[&Seen]) -> (Ns, usize) {
    match law.kind {
        Kind::IntervalVariation => {
            // Events between beats are shown, too.
            let now = all.last().map_or(0, |event| event.at);
            let all: Vec<_> = all.iter().filter(|event| event.at + law.span > now).collect();
            (all.first().map_or(0, |event| event.at), all.len())
        }
        Kind::Temporal => {
            let mut last: Vec<usize> = Vec::new();
            for slot in 0..law.rules {
                let own = (0..inside.len()).filter(|n| inside[*n].slots.contains(&(slot as u8)));
                let own: Vec<usize> = own.collect();
                if own.len() >= law.counts[slot] {
                    last.extend(own.iter().rev().take(law.counts[slot].min(8)));
                }
            }
            last.sort_unstable();
            last.dedup();
            (last.first().map_or(0, |first| inside[*first].at), last.len())
        }
        Kind::TemporalOrdered => {
            let (length, start) = longest(law, inside);
            (start, length)
        }
        _ => (inside.first().map_or(0, |event| event.at), inside.len()),
    }
}

/// The longest run of steps, and the latest beginning of one so long.
fn longest(law: &Law, inside: &[&Seen]) -> (usize, Ns) {
    // All ways, tried one after the other.
    fn go(law: &Law, inside: &[&Seen], from: usize, next: usize, taken: usize) -> usize {
        let mut best = taken;
        for (n, event) in inside.iter().enumerate().skip(from) {
            let last = if law.numbered() { law.steps.len() } else { next + 1 };
            for step in next..last.min(law.steps.len()) {
                if law.steps[step].iter().any(|slot| event.slots.contains(slot)) {
                    best = best.max(go(law, inside, n + 1, step + 1, taken + 1));
                }
            }
        }
        best
    }
    let length = go(law, inside, 0, 0, 0);
    let begins = (0..inside.len()).rev().find(|from| go(law, inside, *from, 0, 0) == length);
    (length, begins.map_or(0, |from| inside[from].at))
}

fn numbers(inside: &[&Seen]) -> Vec<Fixed> {
    let number = |event: &&Seen| match event.value {
        Value::Number(number) => number,
        _ => Fixed::default(),
    };
    inside.iter().map(number).collect()
}

/// What is measured, where it is as wanted.
fn measure(law: &Law, inside: &[&Seen]) -> Option<f64> {
    let enough = inside.len() >= law.min_events;
    let mut sorted = numbers(inside);
    sorted.sort();
    let sum: i128 = sorted.iter().map(|number| number.0).sum();
    let number = match law.kind {
        Kind::EventCount => Ratio::count(inside.len() as u64),
        Kind::ValueCount => {
            let mut values: Vec<u64> = inside
                .iter()
                .map(|event| match event.value {
                    Value::Hash(value) => value,
                    _ => 0,
                })
                .collect();
            values.sort_unstable();
            values.dedup();
            Ratio::count(values.len() as u64)
        }
        Kind::ValueSum => Ratio { over: sum, under: 1 },
        _ if !enough || inside.is_empty() => return None,
        Kind::ValueAvg => Ratio { over: sum, under: inside.len() as u64 },
        Kind::ValueMedian => {
            let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
            Ratio { over: low.0 + high.0, under: 2 }
        }
        Kind::ValuePercentile => {
            let least = |n: &&Fixed| {
                let below = sorted.iter().filter(|other| other <= n).count();
                below * 100 >= usize::from(law.percentile) * sorted.len()
            };
            Ratio::plain(*sorted.iter().find(least)?)
        }
        Kind::IntervalVariation => {
            if inside.len() < law.min_events.max(3) {
                return None;
            }
            let gap = |pair: &[&Seen]| (pair[1].at - pair[0].at) as f64 / 1e3;
            let gaps: Vec<f64> = inside.windows(2).map(gap).collect();
            let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
            let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>();
            Ratio::plain(Fixed::real((variance / gaps.len() as f64).sqrt() / mean))
        }
        Kind::Temporal => {
            let count = |slot: u8| inside.iter().filter(|e| e.slots.contains(&slot)).count();
            let has = |slot: usize| count(slot as u8) >= law.counts[slot];
            let matched = (0..law.rules).filter(|slot| has(*slot)).count();
            match &law.test {
                Test::Rules(logic) => {
                    return logic.holds(&has).then_some(matched as f64);
                }
                _ => Ratio::count(matched as u64),
            }
        }
        Kind::TemporalOrdered => Ratio::count(longest(law, inside).0 as u64),
    };
    law.meets(number).then(|| number.as_f64())
}

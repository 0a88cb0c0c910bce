//! The parsing operator: records in, events out, on the worker that has the record.
//!
//! What a record says does not depend on other records, so this needs no order and keeps no state
//! but caches. Records that `sources[].drop` names end here and are counted by reason.

use crate::feed::PortState;
use crate::flow::Flow;
use crate::folds::leaves::Parsed;
use crate::matching::{Hit, Matching};
use crate::rec::{Rec, Time};
use crate::source::Portioned;
use crate::sources::{Part, Sources};
use seerflow_model::{Event, Flags};
use seerflow_parsing::parser::Parser;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::{Arc, Mutex, PoisonError};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::progress::operate::FrontierInterest;

/// Decides which events are dropped, and why.
pub trait DropRules: Send + Sync {
    /// The reason why an event is dropped, if it is.
    fn reason(&self, event: &Event) -> Option<&str>;

    /// The same, once the template of the event is known.
    fn reason_by_template(&self, event: &Event, id: u64, text: &str) -> Option<&str>;
}

/// Counts what the parser notices, shared by all workers of a process.
#[derive(Default)]
pub struct Noticed {
    /// The ports of this process, when there are others.
    own: Option<Range<u16>>,
    /// Drops of records whose ports are elsewhere, and that were not told yet.
    away: Mutex<BTreeMap<(u16, String), u64>>,
    dropped: Mutex<BTreeMap<(u16, String), u64>>,
    tags: Mutex<BTreeMap<&'static str, u64>>,
    sources: Mutex<BTreeSet<u64>>,
    /// What each source has delivered to this process.
    pub by_source: Sources,
}

/// Counters in a form that travels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticedPart {
    dropped: Vec<((u16, String), u64)>,
    tags: Vec<(String, u64)>,
    sources: Vec<u64>,
}

/// Sources that are counted.
const SOURCES_MAX: usize = 100_000;

impl Noticed {
    /// Dropped records by port and reason.
    pub fn dropped(&self) -> BTreeMap<(u16, String), u64> {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records by tag: `late`, `malformed` …
    pub fn tags(&self) -> BTreeMap<&'static str, u64> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sources that have delivered.
    pub fn sources(&self) -> u64 {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    fn add_source(&self, id: u64) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() < SOURCES_MAX {
            sources.insert(id);
        }
    }

    fn add_tags(&self, counts: &BTreeMap<&'static str, u64>) {
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        for (tag, count) in counts {
            *tags.entry(tag).or_default() += count;
        }
    }

    /// For the process whose ports have these numbers.
    pub fn of_cluster(own: Range<u16>) -> Noticed {
        Noticed { own: Some(own), ..Noticed::default() }
    }

    /// A record was dropped; `port` is its number over all processes.
    pub fn add_dropped(&self, port: u16, reason: &str) {
        let (counts, port) = match &self.own {
            None => (&self.dropped, port),
            Some(own) if own.contains(&port) => (&self.dropped, port - own.start),
            Some(_) => (&self.away, port),
        };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((port, reason.to_owned())).or_default() += 1;
    }

    /// Takes the drops of records whose ports are elsewhere.
    pub(crate) fn take_away(&self) -> Vec<(u16, String, u64)> {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *away)
            .into_iter()
            .map(|((port, reason), n)| (port, reason, n))
            .collect()
    }

    /// Another process has dropped `n` records of a port of this one.
    pub(crate) fn dropped_elsewhere(&self, port: u16, reason: &str, n: u64) {
        let first = self.own.as_ref().map_or(0, |own| own.start);
        if let Some(port) = port.checked_sub(first) {
            let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
            *dropped.entry((port, reason.to_owned())).or_default() += n;
        }
    }

    /// All counters, to be sent.
    pub(crate) fn part(&self) -> NoticedPart {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        NoticedPart {
            dropped: self.dropped().into_iter().collect(),
            tags: self.tags().into_iter().map(|(tag, n)| (tag.to_owned(), n)).collect(),
            sources: sources.iter().copied().collect(),
        }
    }

    /// Adds the counters of another process.
    pub(crate) fn enter(&self, part: NoticedPart) {
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, n) in part.dropped {
            *dropped.entry(key).or_default() += n;
        }
        let known = |tag: &str| Flags(u16::MAX).names().find(|name| *name == tag);
        let tags = part.tags.iter().filter_map(|(tag, n)| Some((known(tag)?, *n)));
        self.add_tags(&tags.collect());
        part.sources.into_iter().for_each(|id| self.add_source(id));
    }
}

/// What the operator works with.
pub struct Parse {
    /// Reads records.
    pub parser: Parser,
    /// Says which rules they match.
    pub matching: Matching,
    /// Drops some.
    pub rules: Option<Arc<dyn DropRules>>,
    /// All ports of this process, by number.
    pub ports: Arc<Vec<Arc<PortState>>>,
    /// Number of the first of them over all processes.
    pub first_port: u16,
    /// Flow control.
    pub flow: Arc<Flow>,
    /// Counters.
    pub noticed: Arc<Noticed>,
}

impl Parse {
    fn batch(
        &mut self,
        Portioned { port, rules, batch }: Portioned,
        mut give: impl FnMut(Rec<Parsed>),
        mut hit: impl FnMut(Rec<Hit>),
    ) {
        let mut tags: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut dropped = 0;
        let mut bytes = 0;
        let mut part = Part::default();
        self.noticed.add_source(batch.source.id);
        let mut judging = rules.map(|rules| self.matching.batch(rules));
        for meta in &batch.records {
            let event = self.parser.parse(&batch, meta);
            part.see(&event);
            if event.flags != Flags::default() {
                for tag in event.flags.names() {
                    *tags.entry(tag).or_default() += 1;
                }
            }
            if event.flags.has(Flags::HEADER) {
                self.noticed.add_dropped(port, "header");
                dropped += 1;
                continue;
            }
            if let Some(rules) = &self.rules
                && let Some(reason) = rules.reason(&event)
            {
                self.noticed.add_dropped(self.first_port + port, reason);
                dropped += 1;
                continue;
            }
            let (order, key) = (event.order(), event.leaf);
            let event = Arc::new(event);
            if let Some(judging) = &mut judging {
                judging.judge(&event, &mut hit);
            }
            let data = Parsed { event, port: self.first_port + port };
            bytes += data.weight() as i64;
            give(Rec { order, key, data });
        }
        if let Some(judging) = judging {
            judging.end();
        }
        self.flow.read(bytes);
        self.noticed.by_source.add(&batch, part);
        if !tags.is_empty() {
            self.noticed.add_tags(&tags);
        }
        if dropped > 0 {
            self.flow.arrived(dropped);
            if let Some(port) = self.ports.get(usize::from(port)) {
                port.in_flight.fetch_sub(dropped, AcqRel);
                port.dropped.fetch_add(dropped, AcqRel);
            }
        }
    }
}

/// Builds the operator: events, and what rules find in them.
pub fn parse<'s>(
    records: StreamVec<'s, Time, Portioned>,
    mut parse: Parse,
) -> (StreamVec<'s, Time, Rec<Parsed>>, StreamVec<'s, Time, Rec<Hit>>) {
    let mut builder = OperatorBuilder::new("parse".to_owned(), records.scope());
    let mut input = builder.new_input(records, Pipeline);
    builder.set_notify_for(0, FrontierInterest::Never);
    let (events, event_stream) = builder.new_output();
    let (hits, hit_stream) = builder.new_output();
    let mut events = OutputBuilder::<_, CapacityContainerBuilder<Vec<Rec<Parsed>>>>::from(events);
    let mut hits = OutputBuilder::<_, CapacityContainerBuilder<Vec<Rec<Hit>>>>::from(hits);
    builder.build(move |_caps| {
        move |_frontiers| {
            let (mut events, mut hits) = (events.activate(), hits.activate());
            input.for_each_time(|cap, data| {
                let mut events = events.session(&cap);
                let mut hits = hits.session(&cap);
                for batch in data.flat_map(|container| container.drain(..)) {
                    parse.batch(batch, |rec| events.give(rec), |rec| hits.give(rec));
                }
            });
        }
    });
    (event_stream, hit_stream)
}

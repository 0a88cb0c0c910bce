//! Histograms, entities, one event, all events: against the same made the stupid way.

use super::super::{
    Aliases, By, EventQuery, NoAliases, Order, each, entity, event, histogram, named, related,
    search,
};
use super::oracle::{arb_query, arb_stored, keys, naive, snapshot, stored};
use super::support::{Stored, parser};
use crate::store::events::Snapshot;
use proptest::prelude::*;
use seerflow_model::time::SECOND;
use seerflow_model::{EntityType, Event, Ns, entity as model};
use std::collections::{BTreeMap, BTreeSet};

/// The value by which an event is counted.
fn value(stored: &Stored, by: By) -> String {
    let event = &stored.event;
    match by {
        By::Severity => event.severity.name().to_owned(),
        By::Source => event.source.name.clone(),
        By::SourceType => event.source.source_type.clone(),
        By::Host => event.host().to_owned(),
        By::Program => event.program().to_owned(),
        By::Template => (stored.template / 2).to_string(),
        By::Format => event.format.name().to_owned(),
    }
}

/// Templates 2n and 2n + 1 are the same, called n.
struct Halves;

impl Aliases for Halves {
    fn all_of(&self, id: u64) -> Vec<u64> {
        vec![id]
    }

    fn stands_for(&self, id: u64) -> u64 {
        id / 2
    }

    fn text(&self, _id: u64) -> Option<String> {
        None
    }
}

fn fitting<'a>(all: &'a [Stored], query: &EventQuery) -> Vec<&'a Stored> {
    let keys: BTreeSet<_> = naive(all, query).into_iter().collect();
    let key = |e: &Event| (e.about(), e.source.id, e.seq);
    all.iter().filter(|stored| keys.contains(&key(&stored.event))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn counts_like_a_list(
        kinds in prop::collection::vec(arb_stored(), 1..60),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
        sealed: u8,
        query in arb_query(),
        by in prop::option::of(prop::sample::select(By::ALL.to_vec())),
        width in prop::sample::select(vec![SECOND, 7 * SECOND, 3600 * SECOND]),
        top in 1usize..4,
    ) {
        let all = stored(&kinds);
        let snapshot = snapshot(&all, &cuts, sealed);
        let fits = fitting(&all, &query);
        let by_top = by.map(|by| (by, top));
        let found = histogram(&snapshot, &query, width, by_top, &mut parser(), &Halves).unwrap();
        prop_assert_eq!(found.total, fits.len() as u64);
        let mut totals: BTreeMap<String, u64> = BTreeMap::new();
        let mut cells: BTreeMap<(Ns, String), u64> = BTreeMap::new();
        for stored in &fits {
            let (time, value) = (stored.event.about(), by.map_or(String::new(), |by| value(stored, by)));
            *totals.entry(value.clone()).or_default() += 1;
            *cells.entry((time - time % width, value)).or_default() += 1;
        }
        let mut totals: Vec<(String, u64)> = totals.into_iter().collect();
        totals.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        totals.truncate(if by.is_some() { top } else { 0 });
        let series: Vec<_> = found.series.iter().map(|s| (s.value.clone(), s.total)).collect();
        prop_assert_eq!(&series, &totals);
        for (at, count) in found.counts.iter().enumerate() {
            let start = found.start + at as u64 * width;
            let of = |value: &str| cells.get(&(start, value.to_owned())).copied().unwrap_or(0);
            let sum: u64 = cells.iter().filter(|((t, _), _)| *t == start).map(|(_, n)| n).sum();
            prop_assert_eq!(*count, sum);
            let named: u64 = found.series.iter().map(|s| s.counts[at]).sum();
            for series in &found.series {
                prop_assert_eq!(series.counts[at], of(&series.value));
            }
            if by.is_some() {
                prop_assert_eq!(found.other[at] + named, sum);
            }
        }
        prop_assert_eq!(found.counts.iter().sum::<u64>(), fits.len() as u64);
    }

    #[test]
    fn every_event_once_and_in_order(
        kinds in prop::collection::vec(arb_stored(), 0..60),
        cuts in prop::collection::vec(any::<usize>(), 0..5),
        sealed: u8,
        query in arb_query(),
        stop in 0usize..80,
    ) {
        let all = stored(&kinds);
        let snapshot = snapshot(&all, &cuts, sealed);
        let wanted = naive(&all, &query);
        let mut found = Vec::new();
        let done = each(&snapshot, &query, &mut parser(), &NoAliases, |one| {
            found.push(one);
            found.len() < stop
        }).unwrap();
        let to = wanted.len().min(stop.max(1));
        prop_assert_eq!(keys(&found), &wanted[..to]);
        prop_assert_eq!((done.events, done.damaged), (to as u64, 0));
    }

    #[test]
    fn entities_and_events_are_found(
        kinds in prop::collection::vec(arb_stored(), 1..50),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
        sealed: u8,
        text in prop::sample::select(vec!["", "o", "B", "203.0.113", "root", "ÄRGER", "zz"]),
        kinds_of in prop::sample::select(vec![vec![], vec![EntityType::User], vec![EntityType::Ip, EntityType::Host]]),
    ) {
        let all = stored(&kinds);
        let snapshot = snapshot(&all, &cuts, sealed);
        let mut wanted: BTreeMap<(EntityType, String), (u64, Ns, Ns)> = BTreeMap::new();
        for event in all.iter().map(|s| &s.event) {
            let own: BTreeSet<_> = event.entities.iter().map(|e| (e.kind, event.canonical(e))).collect();
            for one in own {
                let seen = wanted.entry(one).or_insert((0, Ns::MAX, 0));
                *seen = (seen.0 + 1, seen.1.min(event.about()), seen.2.max(event.about()));
            }
        }
        let fits = |kind: &EntityType, value: &str| {
            (kinds_of.is_empty() || kinds_of.contains(kind)) && value.contains(&text.to_lowercase())
        };
        let found = search(&snapshot, text, &kinds_of, 1_000).unwrap();
        let listed: BTreeMap<_, _> = found.items.iter()
            .map(|e| ((e.kind, e.value.clone()), (e.events, e.first_seen, e.last_seen))).collect();
        let want: BTreeMap<_, _> = wanted.clone().into_iter().filter(|((k, v), _)| fits(k, v)).collect();
        prop_assert_eq!((found.total, found.items.len()), (want.len(), want.len()));
        prop_assert_eq!(listed, want);
        for ((kind, value), (events, first, last)) in &wanted {
            let id = model::uuid(*kind, value);
            prop_assert_eq!(named(&snapshot, id).unwrap(), Some((*kind, value.clone())));
            let one = entity(&snapshot, id).unwrap().unwrap();
            prop_assert_eq!((one.events, one.first_seen, one.last_seen), (*events, *first, *last));
            prop_assert_eq!(&search(&snapshot, &id.to_string(), &[], 5).unwrap().items, &[one]);
            let near = related(&snapshot, &EventQuery::default(), id, &mut parser(), &NoAliases).unwrap();
            prop_assert_eq!(near.iter().map(|r| r.events).sum::<u64>(), edges_of(&all, id));
        }
        for stored in all.iter().step_by(7) {
            let near = Some(stored.event.about()).filter(|_| stored.event.seq.is_multiple_of(2));
            let found = event(&snapshot, stored.event.id(), near, &mut parser()).unwrap();
            prop_assert_eq!(&found.unwrap().event, &stored.event);
        }
        prop_assert!(event(&snapshot, uuid::Uuid::nil(), None, &mut parser()).unwrap().is_none());
        prop_assert!(entity(&snapshot, uuid::Uuid::nil()).unwrap().is_none());
    }
}

/// Different statements of events about an entity.
fn edges_of(all: &[Stored], id: uuid::Uuid) -> u64 {
    let of_event = |event: &Event| {
        let end = |at: u8| {
            let e = &event.entities[usize::from(at)];
            model::uuid(e.kind, &event.canonical(e))
        };
        let said: BTreeSet<_> = event
            .edges
            .iter()
            .map(|edge| (end(edge.from), end(edge.to), edge.relation))
            .filter(|(from, to, _)| (*from == id) != (*to == id))
            .collect();
        said.len() as u64
    };
    all.iter().map(|stored| of_event(&stored.event)).sum()
}

#[test]
fn a_login_says_who_came_from_where() {
    let all = stored(&[(0, 0, 1, 1, 0, 0), (0, 0, 1, 1, 5, 0), (1, 0, 2, 1, 3, 0)]);
    let snapshot = snapshot(&all, &[1], 1);
    let root = model::uuid(EntityType::User, "root");
    let near = related(&snapshot, &EventQuery::default(), root, &mut parser(), &NoAliases).unwrap();
    let from = |r: &&super::super::Related| r.relation.name() == "authenticated_from";
    let from: Vec<_> = near
        .iter()
        .filter(from)
        .map(|r| (r.value.as_str(), r.kind, r.events, r.outgoing))
        .collect();
    assert_eq!(
        from,
        [("203.0.113.1", EntityType::Ip, 2, true), ("203.0.113.2", EntityType::Ip, 1, true)]
    );
}

#[test]
fn the_range_of_a_histogram_is_bounded() {
    let all = stored(&[(0, 0, 1, 1, 0, 0), (0, 0, 1, 1, 39, 0)]);
    let snapshot = snapshot(&all, &[], 0);
    let ask = |query: &EventQuery, width, by| {
        histogram(&snapshot, query, width, by, &mut parser(), &NoAliases)
    };
    let query = EventQuery::default();
    assert!(ask(&query, 1_000, None).unwrap_err().to_string().contains("at most 10000"));
    assert!(ask(&query, 0, None).is_err());
    assert!(ask(&query, SECOND, Some((By::Host, 0))).unwrap_err().to_string().contains("1 to 100"));
    let none = EventQuery { until: Some(0), ..query.clone() };
    assert_eq!(ask(&none, SECOND, None).unwrap().total, 0);
    assert_eq!(ask(&query, SECOND, None).unwrap().counts.len(), 40);
    let nothing = Snapshot::of(Vec::new());
    assert_eq!(
        histogram(&nothing, &query, 5, None, &mut parser(), &NoAliases).unwrap().counts.len(),
        0
    );
    assert_eq!(By::parse("host"), Some(By::Host));
    assert_eq!(Order::default(), Order::Newest);
}

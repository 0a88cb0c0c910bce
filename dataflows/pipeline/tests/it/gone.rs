//! Correlations that are in force no longer: at the instant of the change their alerts close and
//! what they remember is forgotten, and only theirs, on any number of workers.

use seerflow_model::alert::{Alert, AlertStatus};
use seerflow_model::event::{Event, Field, Format, Span};
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::time::SECOND;
use seerflow_model::{Ns, Severity};
use seerflow_pipeline::env::{End, Env};
use seerflow_pipeline::finding::{Finding, Told};
use seerflow_pipeline::folds::episodes::{Episodes, evidence};
use seerflow_pipeline::folds::stories::Stories;
use seerflow_pipeline::handover::{GoneLaws, Seeds, handed};
use seerflow_pipeline::keyed::keyed;
use seerflow_pipeline::matching::{Hit, Matching, correlated};
use seerflow_pipeline::rec::{Rec, Time};
use seerflow_pipeline::retro::{Only, Retro};
use seerflow_pipeline::rulebook::RuleDesk;
use seerflow_pipeline::settings::Settings;
use seerflow_pipeline::sink::{Outlet, sink};
use seerflow_pipeline::split::split;
use seerflow_sigma::{Options, RuleSet, load};
use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::vec::Map;
use timely::dataflow::operators::{Concat, Input, Probe};
use timely::dataflow::{InputHandle, ProbeHandle};

const START: Ns = 1_700_000_000 * SECOND;
const MINUTE: Ns = 60 * SECOND;
const ROOMS: u64 = 40;
const END: Ns = START + 20 * MINUTE;

const PARTS: &str = "\
title: Knock
id: knock
name: knock
tags: [seerflow.part]
logsource: {product: windows}
detection: {s: {what: knock}, condition: s}
---
title: Open
id: open
name: open
tags: [seerflow.part]
logsource: {product: windows}
detection: {s: {what: open}, condition: s}
---
";

/// Knocks by room.
fn counted(id: &str, count: u32, minutes: u32) -> String {
    format!(
        "title: {id}\nid: {id}\nname: {id}\nlevel: high\ncorrelation:\n  type: event_count\n  \
         rules: [knock]\n  group-by: [room]\n  timespan: {minutes}m\n  \
         condition: {{gte: {count}}}\n---\n"
    )
}

/// Is judged when its time is over.
const ALONE: &str = "title: alone\nid: alone\nlevel: high\ncorrelation:\n  type: temporal\n  \
    rules: [knock, open]\n  group-by: [room]\n  timespan: 10m\n  \
    condition: knock and not open\n---\n";

fn set(parts: &[&str]) -> Arc<RuleSet> {
    let text = PARTS.to_owned() + &parts.concat();
    let loaded = load([("a.yml".into(), text.as_str())], &Options::default());
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    Arc::new(loaded.set)
}

fn knock(room: u64, seq: u64, at: Ns) -> Event {
    let source = SourceInfo::plain(1, "s", ReceiverKind::File, "windows");
    let mut event = Event::empty(Arc::new(source));
    let mut text = String::new();
    let mut put = |part: &str| {
        text.push_str(part);
        Span::new(text.len() - part.len(), text.len())
    };
    let room = format!("room-{room}");
    let fields = [("what", "knock"), ("room", room.as_str())];
    event.fields = fields.map(|(name, value)| Field { name: put(name), value: put(value) }).into();
    event.text = text.into();
    event.format = Format::Windows;
    event.severity = Severity::Informational;
    (event.seq, event.event_time, event.effective_time) = (seq, Some(at), at);
    event
}

/// Each room is knocked at three to five times, and eight times more after the change.
fn knocks() -> (Vec<Event>, Vec<Event>) {
    let rounds = (0..5).flat_map(|round| (0..ROOMS).map(move |room| (round, room)));
    let before = rounds.filter(|(round, room)| *round < 3 + room % 3);
    let before = before.enumerate().map(|(n, (_, room))| (room, n as u64));
    let at = |n: u64| START + n * SECOND / 10;
    let before: Vec<Event> = before.map(|(room, n)| knock(room, n, at(n))).collect();
    let after = (0..8 * ROOMS).map(|n| knock(n % ROOMS, 1_000 + n, START + 2 * MINUTE + n));
    (before, after.collect())
}

fn told(Rec { order, key, data }: Rec<Finding>) -> Rec<Told> {
    Rec { order, key, data: Told { finding: data, risk: None } }
}

/// What alerts come, as each was told last, and the instant of the change. `seeds`: what is handed
/// over then; none for no change at all.
fn run(
    workers: usize,
    sets: [Arc<RuleSet>; 2],
    laws: BTreeSet<u64>,
    seeds: impl Fn(Ns) -> Option<Seeds> + Send + Sync + 'static,
) -> (Vec<Alert>, Ns) {
    let [first, second] = sets;
    let desk = Arc::new(RuleDesk::new(first));
    let (to, alerts) = flume::unbounded();
    let (change, changed) = flume::unbounded();
    let (end, barrier) = (Arc::new(End::default()), Arc::new(Barrier::new(workers)));
    let guards = timely::execute(timely::Config::process(workers), move |worker| {
        let index = worker.index();
        let env = Env { worker: index, workers, end: end.clone(), ..Env::default() };
        let mut input = InputHandle::<Time, CapacityContainerBuilder<Vec<Rec<Hit>>>>::new();
        let (probe, outlet) = (ProbeHandle::new(), Outlet { to: to.clone(), gather: false });
        worker.dataflow::<Time, _, _>(|scope| {
            let hits = scope.input_from(&mut input);
            let (matched, feeds) = split(hits, |hit| match hit {
                Hit::Said(said) => Ok(said),
                Hit::Fed(fed) => Err(fed),
            });
            let (feeds, open) = handed(feeds, desk.clone(), index == 0);
            let said = matched.concat(correlated(feeds, &desk, &env));
            let ruled = keyed(said, Stories, &env).map(|rec| {
                let key = seerflow_pipeline::folds::episodes::key_of(&rec.data);
                evidence(told(Rec { key, ..rec }))
            });
            let alerts = keyed(ruled.concat(open), Episodes::new(&Settings::default()), &env);
            sink(alerts, outlet).probe_with(&probe);
        });
        let mut matching = Matching::new(desk.clone());
        let mut judge = |events: &[Event], input: &mut InputHandle<_, _>| {
            let mut batch = matching.batch(desk.current());
            for event in events.iter().skip(index).step_by(workers) {
                batch.judge(&Arc::new(event.clone()), |rec| input.send(rec));
            }
            batch.end();
        };
        let (before, after) = knocks();
        judge(&before, &mut input);
        barrier.wait();
        let newest = before.iter().map(|event| event.effective_time).max().unwrap_or_default();
        if index == 0 && seeds(0).is_some() {
            let (_, at) = desk.begin(second.clone(), laws.clone(), 0, || newest);
            desk.handover.give(seeds(at).unwrap());
            change.send(at).unwrap();
        }
        barrier.wait();
        judge(&after, &mut input);
        end.announce(END);
        input.close();
    })
    .unwrap();
    guards.join().into_iter().for_each(|result| result.unwrap());
    let mut last = std::collections::BTreeMap::new();
    for alert in alerts.try_iter() {
        let before: Option<Alert> = last.insert(alert.alert_id.clone(), alert.clone());
        assert!(before.is_none_or(|before| before.revision < alert.revision), "{alert:?}");
    }
    (last.into_values().collect(), changed.try_iter().next().unwrap_or_default())
}

/// Id of the rule, status and end of each alert of a rule.
fn of(alerts: &[Alert], rule: &str) -> Vec<(AlertStatus, Option<Ns>)> {
    let own = alerts.iter().filter(|alert| alert.rule_id == rule);
    own.map(|alert| (alert.status, alert.closed_ns)).collect()
}

#[test]
fn what_is_gone_ends_at_once_and_nothing_else_does() {
    let (three, five) = (counted("three", 3, 30), counted("five", 5, 30));
    let before = set(&[&three, &five, ALONE]);
    let after = set(&[&three]);
    let fives = (0..ROOMS).filter(|room| room % 3 == 2).count();
    let (all, _) = run(2, [before.clone(), before.clone()], BTreeSet::new(), |_| None);
    assert_eq!(of(&all, "alone").len(), ROOMS as usize, "as long as it is in force");
    assert!(of(&all, "five").iter().all(|alert| *alert == (AlertStatus::Open, None)));
    let mut gone = GoneLaws::default();
    for law in before.plan().laws() {
        let rule = before.correlations()[law.number as usize].rule.header.id.clone().unwrap();
        if rule != "three" {
            gone.laws.insert((law.level, law.identity));
            gone.rules.insert(rule);
        }
    }
    let mut known: Option<Vec<Alert>> = None;
    for workers in 1..=4 {
        let gone = gone.clone();
        let seeds = move |_| Some(Seeds { gone: gone.clone(), ..Seeds::default() });
        let (alerts, at) = run(workers, [before.clone(), after.clone()], BTreeSet::new(), seeds);
        assert!(at > START && at < START + MINUTE);
        assert_eq!(of(&alerts, "five"), vec![(AlertStatus::Closed, Some(at)); fives]);
        assert_eq!(of(&alerts, "three"), vec![(AlertStatus::Open, None); ROOMS as usize]);
        assert!(of(&alerts, "alone").is_empty(), "its time was not over");
        let mut threes = alerts.iter().filter(|alert| alert.rule_id == "three");
        assert!(threes.all(|alert| alert.event_count >= 6), "it goes on");
        let same = known.get_or_insert_with(|| alerts.clone());
        assert_eq!(*same, alerts, "{workers} workers");
    }
}

#[test]
fn an_alert_that_is_told_by_what_a_rule_means_now_goes_on() {
    let (before, after) = (set(&[&counted("four", 4, 30)]), set(&[&counted("four", 4, 31)]));
    let laws: BTreeSet<u64> = after.plan().laws().iter().map(|law| law.identity).collect();
    let old = before.plan().laws()[0].clone();
    assert!(!laws.contains(&old.identity));
    let judged = after.clone();
    let seeds = move |at: Ns| {
        let only: Only = Arc::new(["four".to_owned()].into());
        let mut retro = Retro::new(judged.clone(), &Settings::default(), only);
        knocks().0.into_iter().for_each(|event| retro.event(event));
        let mut seeds = retro.finish(at.max(START + MINUTE)).seeds;
        seeds.gone.laws.insert((old.level, old.identity));
        seeds.gone.rules.insert("four".to_owned());
        Some(seeds)
    };
    let (alerts, _) = run(3, [before, after], laws, seeds);
    // Each room has four knocks at last; those that had them before the change have no second alert,
    // and what came before counts once.
    assert_eq!(of(&alerts, "four"), vec![(AlertStatus::Open, None); ROOMS as usize]);
    assert!(alerts.iter().all(|alert| alert.event_count == 8), "what comes is told by doubling");
}

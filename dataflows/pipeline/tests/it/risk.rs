//! Risk and kill chain against an oracle that looks at all that was given anew each time.

use proptest::prelude::*;
use seerflow_detection::risk::RiskKind;
use seerflow_model::evidence::EntityOut;
use seerflow_model::time::SECOND;
use seerflow_model::{EntityType, Ns, Order, Role, Tactic};
use seerflow_pipeline::env::{End, Env};
use seerflow_pipeline::finding::{Phase, Told};
use seerflow_pipeline::folds::risk::{Contribution, RiskFold, RiskIn};
use seerflow_pipeline::keyed::keyed;
use seerflow_pipeline::rec::{Rec, Time};
use seerflow_pipeline::settings::{ChainSettings, RiskSettings, Settings};
use seerflow_pipeline::share::key_of;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::InputHandle;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Input;
use timely::dataflow::operators::generic::Operator;

const HOUR: Ns = 3_600 * SECOND;
const HALF: Ns = 2 * HOUR;
const WINDOW: Ns = 900 * SECOND;
const CHAIN: Ns = 6 * HOUR;
const START: Ns = 1_700_000_000 * SECOND;
const THRESHOLD: f64 = 40.0;
const KINDS: [RiskKind; 3] = [RiskKind::Sigma, RiskKind::Volume, RiskKind::Behaviour];

/// (when, entity, kind, rule, points, tactic)
type Record = (Ns, u8, usize, u64, f64, Option<Tactic>);

/// What was said of an entity: of its risk or its way, what, when, and how much.
#[derive(Clone, Debug)]
struct Said {
    entity: String,
    chain: bool,
    phase: Phase,
    at: Ns,
    value: f64,
}

fn who(entity: u8) -> EntityOut {
    EntityOut::new(EntityType::Host, &format!("web-{entity}"), Role::Target)
}

fn settings() -> Settings {
    let chain = Some(ChainSettings { tactics: 3, window: CHAIN });
    let risk = RiskSettings { half_life: HALF, threshold: THRESHOLD, entities_max: 10_000, chain };
    Settings { risk, ..Settings::default() }
}

fn given(record: &Record) -> Contribution {
    let (_, entity, kind, rule, points, tactic) = *record;
    Contribution {
        who: who(entity),
        kind: KINDS[kind],
        rule,
        name: format!("rule-{rule}").into(),
        title: "something".into(),
        points,
        event: None,
        tactics: tactic.into_iter().collect(),
    }
}

/// What the fold says, however the records come to `workers` workers.
fn run(workers: usize, records: &[(usize, Record)], until: Ns) -> Vec<Said> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let (out, records) = (all.clone(), records.to_vec());
    let end = Arc::new(End::default());
    let guards = timely::execute(timely::Config::process(workers), move |worker| {
        let index = worker.index();
        let env = Env { worker: index, workers, end: end.clone(), ..Env::default() };
        let fold = RiskFold::new(&settings());
        let mut input = InputHandle::<Time, CapacityContainerBuilder<Vec<Rec<RiskIn>>>>::new();
        let out = out.clone();
        worker.dataflow::<Time, _, _>(|scope| {
            let stream = scope.input_from(&mut input);
            keyed(stream, fold, &env).unary::<CapacityContainerBuilder<Vec<()>>, _, _, _>(
                Pipeline,
                "collect",
                |_, _| {
                    move |input, _output| {
                        input.for_each_time(|_, data| {
                            let recs = data.flat_map(|container| container.drain(..));
                            out.lock().unwrap().extend(recs.map(said));
                        });
                    }
                },
            );
        });
        for (place, (n, record)) in records.iter().enumerate() {
            if place % workers == index {
                input.send(Rec {
                    order: Order::record(record.0, 1, *n as u64),
                    key: key_of(&who(record.1)),
                    data: RiskIn::Given(Box::new(given(record))),
                });
            }
        }
        end.announce(until);
        input.close();
    })
    .unwrap();
    guards.join().into_iter().for_each(|result| result.unwrap());
    let mut said = std::mem::take(&mut *all.lock().unwrap());
    said.sort_by(|a: &Said, b: &Said| (&a.entity, a.chain, a.at).cmp(&(&b.entity, b.chain, b.at)));
    said
}

fn said(rec: Rec<Told>) -> Said {
    let lead = &rec.data.finding.lead;
    let by = rec.data.finding.by.as_ref().unwrap();
    Said {
        entity: lead.entities[0].value.clone(),
        chain: lead.kind == "kill-chain",
        phase: by.phase,
        at: rec.order.effective,
        value: lead.values[0].1,
    }
}

/// One entity, the stupid way: everything that was given, with what it was worth then.
#[derive(Default)]
struct Entity {
    given: Vec<(Ns, usize, u64, f64)>,
    tactics: Vec<(Ns, Tactic)>,
    open: bool,
    steps: Option<usize>,
}

impl Entity {
    fn score(&self, now: Ns) -> f64 {
        let mut points = 0.0;
        for kind in 0..KINDS.len() {
            let mut rules: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
            for (at, _, rule, given) in self.given.iter().filter(|given| given.1 == kind) {
                let left = given * 2f64.powf(-((now - at) as f64) / HALF as f64);
                let (sum, most) = rules.entry(*rule).or_default();
                (*sum, *most) = (*sum + left, most.max(*given));
            }
            let worth = |(sum, most): (f64, f64)| {
                if sum <= most { sum } else { most * (2.0 - most / sum) }
            };
            let mut worth: Vec<f64> = rules.into_values().map(worth).collect();
            worth.sort_by(|a, b| b.total_cmp(a));
            points += (1..).zip(worth).map(|(n, worth)| worth / f64::from(n)).sum::<f64>();
        }
        100.0 * (1.0 - 2f64.powf(-points / 50.0))
    }

    /// The longest way of distinct tactics in order that began within the window before `now`.
    fn longest(&self, now: Ns) -> usize {
        let all: Vec<_> = self.tactics.iter().filter(|(at, _)| now - at < CHAIN).collect();
        let mut best = vec![1; all.len()];
        for j in 0..all.len() {
            for i in 0..j {
                if all[i].1 < all[j].1 {
                    best[j] = best[j].max(best[i] + 1);
                }
            }
        }
        best.into_iter().max().unwrap_or(0)
    }

    /// The first moment after `from` at which something is no longer so.
    fn first(&self, from: Ns, holds: impl Fn(&Entity, Ns) -> bool) -> Ns {
        let (mut above, mut below) = (from, from + 400 * HALF);
        while below - above > 1 {
            let middle = above + (below - above) / 2;
            if holds(self, middle) { above = middle } else { below = middle }
        }
        below
    }

    /// What ends until `until`.
    fn pass(&mut self, name: &str, from: Ns, until: Ns, out: &mut Vec<Said>) {
        let mut say = |chain, at, value| {
            let entity = name.to_owned();
            out.push(Said { entity, chain, phase: Phase::Ends, at, value });
        };
        if self.open {
            let end = self.first(from, |entity, at| entity.score(at) >= 0.8 * THRESHOLD);
            if end <= until {
                self.open = false;
                say(false, end, self.score(end));
            }
        }
        if self.steps.is_some() {
            let end = self.first(from, |entity, at| entity.longest(at) >= 3);
            if end <= until {
                self.steps = None;
                say(true, end, self.longest(end) as f64);
            }
        }
    }

    fn take(&mut self, name: &str, record: &Record, out: &mut Vec<Said>) {
        let (at, _, kind, rule, points, tactic) = *record;
        let same = |given: &&(Ns, usize, u64, f64)| {
            (given.1, given.2) == (kind, rule) && given.0 + WINDOW > at
        };
        let before: f64 = self.given.iter().filter(same).map(|given| given.3).sum();
        let grown = points > before || tactic.is_some();
        if points > before {
            self.given.push((at, kind, rule, points - before));
        }
        self.tactics.extend(tactic.map(|tactic| (at, tactic)));
        if !grown {
            return;
        }
        let mut say = |chain, phase, value| {
            out.push(Said { entity: name.to_owned(), chain, phase, at, value });
        };
        let score = self.score(at);
        if self.open || score >= THRESHOLD {
            say(false, if self.open { Phase::Grows } else { Phase::Begins }, score);
            self.open = true;
        }
        let steps = self.longest(at);
        let phase = match self.steps {
            None if steps >= 3 => Phase::Begins,
            Some(before) if steps > before => Phase::Grows,
            _ => return,
        };
        self.steps = Some(steps);
        say(true, phase, steps as f64);
    }
}

fn oracle(records: &[Record], until: Ns) -> Vec<Said> {
    let mut out = Vec::new();
    for entity in 0..4u8 {
        let name = who(entity).value;
        let (mut state, mut last) = (Entity::default(), START);
        for record in records.iter().filter(|record| record.1 == entity) {
            state.pass(&name, last, record.0, &mut out);
            state.take(&name, record, &mut out);
            last = record.0;
        }
        state.pass(&name, last, until, &mut out);
    }
    out.sort_by(|a, b| (&a.entity, a.chain, a.at).cmp(&(&b.entity, b.chain, b.at)));
    out
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let tactic = prop::option::weighted(0.3, (0usize..6).prop_map(|n| Tactic::ALL[n * 2]));
    let one = (1u64..8_000, 0u8..4, 0usize..3, 0u64..4, 0.5f64..25.0, tactic);
    prop::collection::vec(one, 0..60).prop_map(|all| {
        let mut at = START;
        let later = |(gap, entity, kind, rule, points, tactic)| {
            // Some come close together, some hours apart.
            at += if gap < 6_000 { gap / 8 + 1 } else { gap } * SECOND;
            (at, entity, kind, rule, points, tactic)
        };
        all.into_iter().map(later).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn risk_and_ways_are_what_the_oracle_says(
        records in records(), workers in 1usize..=4, seed in any::<u64>(), hours in 0u64..60,
    ) {
        let until = records.last().map_or(START, |record| record.0) + hours * HOUR;
        let mut shuffled: Vec<(usize, Record)> = records.iter().copied().enumerate().collect();
        shuffled.sort_by_key(|(n, _)| seerflow_model::hash::mix(seed ^ *n as u64));
        let found = run(workers, &shuffled, until);
        let expected = oracle(&records, until);
        prop_assert_eq!(found.len(), expected.len(), "{:?}\n{:?}", found, expected);
        for (found, expected) in found.iter().zip(&expected) {
            let same = (&found.entity, found.chain, found.phase)
                == (&expected.entity, expected.chain, expected.phase);
            // Fixed point and rounded: a score to a tenth, an end to a millisecond.
            let near = found.at.abs_diff(expected.at) < SECOND / 1_000
                && (found.value - expected.value).abs() < 0.06;
            prop_assert!(same && near, "{:?}\n{:?}", found, expected);
        }
    }
}

#[test]
fn points_halve_and_the_alert_ends_with_them() {
    let all = [
        (START, 0, 0, 1, 25.0, None),
        (START, 0, 1, 1, 25.0, None),
        (START + SECOND, 0, 2, 1, 20.0, None),
    ];
    let records: Vec<(usize, Record)> = all.into_iter().enumerate().collect();
    let said = run(2, &records, START + 100 * HALF);
    let phases: Vec<Phase> = said.iter().map(|said| said.phase).collect();
    assert_eq!(phases, [Phase::Begins, Phase::Grows, Phase::Ends], "{said:?}");
    assert_eq!(said[0].value, 50.0);
    assert!(said[2].value < 0.8 * THRESHOLD + 0.1 && said[2].at > START + HALF, "{said:?}");
}

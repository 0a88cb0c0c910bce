//! The ledger of facts against an oracle that looks at everything anew each second.

use proptest::prelude::*;
use seerflow_model::time::SECOND;
use seerflow_model::{EntityType, Ns, Order};
use seerflow_pipeline::combine::{Sum, representative};
use seerflow_pipeline::engine::Shared;
use seerflow_pipeline::env::{End, Env};
use seerflow_pipeline::flow::Flow;
use seerflow_pipeline::folds::facts::{Change, FactKind, Facts, QUANTUM, Seen};
use seerflow_pipeline::keyed::keyed;
use seerflow_pipeline::rec::{Rec, Time};
use seerflow_pipeline::settings::Settings;
use seerflow_pipeline::views::Views;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::InputHandle;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Input;
use timely::dataflow::operators::generic::Operator;

const KEEP: Ns = 10 * SECOND;
const KIND: FactKind = FactKind::Entity(EntityType::Ip);

/// (when, what), as (ns, key, diff).
type Changes = Vec<(Ns, u64, i8)>;

fn shared(workers: usize) -> Shared {
    Shared {
        views: Arc::new(Views::new(workers)),
        flow: Arc::new(Flow::new(workers, u64::MAX)),
        noticed: Arc::default(),
        budget_held: Arc::default(),
        rules: Default::default(),
        desk: Arc::default(),
        held_by_marks: Arc::default(),
        worker_cpu: Arc::default(),
        done: Arc::default(),
        alerts: flume::unbounded().0.downgrade(),
        ports: Arc::default(),
        peers: None,
        observer: None,
        profile: Default::default(),
        meters: Default::default(),
        failed: Default::default(),
    }
}

/// Feeds sightings (second, key) to the fold and collects its changes.
fn run(workers: usize, sightings: &[(u64, u64)], until: u64) -> Changes {
    let all = Arc::new(Mutex::new(Changes::new()));
    let (out, sightings) = (all.clone(), sightings.to_vec());
    let end = Arc::new(End::default());
    let shared = shared(workers);
    let guards = timely::execute(timely::Config::process(workers), move |worker| {
        let index = worker.index();
        let env = Env { worker: index, workers, end: end.clone(), ..Env::default() };
        let settings = Settings { facts_keep: KEEP, ..Settings::default() };
        let fold = Facts::new(&settings, &shared, &env);
        let mut input = InputHandle::<Time, CapacityContainerBuilder<Vec<Rec<Sum<Seen>>>>>::new();
        let out = out.clone();
        worker.dataflow::<Time, _, _>(|scope| {
            let stream = scope.input_from(&mut input);
            keyed(stream, fold, &env).unary::<CapacityContainerBuilder<Vec<()>>, _, _, _>(
                Pipeline,
                "collect",
                |_, _| {
                    move |input, _output| {
                        input.for_each_time(|_, data| {
                            let mut all = out.lock().unwrap();
                            for rec in data.flat_map(|container| container.drain(..)) {
                                let Change { key, diff, .. } = rec.data;
                                all.push((rec.order.effective, key, diff));
                            }
                        });
                    }
                },
            );
        });
        for (n, (second, key)) in sightings.iter().enumerate() {
            if n % workers != index {
                continue;
            }
            let at = second * SECOND + SECOND / 2;
            let seen = Seen { kind: KIND, count: 1, first: at, last: at };
            input.send(Rec {
                order: Order::record(at, 0, 0),
                key: representative(0),
                data: Sum { key: *key, bucket: at / QUANTUM, value: seen },
            });
        }
        end.announce(until * SECOND);
        input.close();
    })
    .unwrap();
    guards.join().into_iter().for_each(|result| result.unwrap());
    let mut changes = std::mem::take(&mut *all.lock().unwrap());
    changes.sort_unstable();
    changes
}

/// The stupid way: at the end of each second, who is there that was not, and who has gone.
fn oracle(sightings: &[(u64, u64)], until: u64) -> Changes {
    let mut there: BTreeMap<u64, Ns> = BTreeMap::new();
    let mut changes = Changes::new();
    for end in 1..=until {
        let now = end * SECOND;
        for (second, key) in sightings.iter().filter(|(second, _)| second + 1 == end) {
            let last = second * SECOND + SECOND / 2;
            if there.insert(*key, last).is_none() {
                changes.push((now, *key, 1));
            }
        }
        let gone = |last: Ns| (last + KEEP).next_multiple_of(SECOND) <= now;
        for key in
            there.iter().filter(|(_, last)| gone(**last)).map(|(k, _)| *k).collect::<Vec<_>>()
        {
            there.remove(&key);
            changes.push((now, key, -1));
        }
    }
    changes.sort_unstable();
    changes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn facts_appear_and_expire_when_the_oracle_says(
        sightings in prop::collection::vec((0u64..60, 0u64..8), 0..80),
        workers in 1usize..=4,
    ) {
        // The fold names a fact by its mixed key.
        let mixed = |changes: Changes| -> Changes {
            let mut all: Changes = changes
                .into_iter()
                .map(|(at, key, diff)| (at, seerflow_model::hash::mix(key), diff))
                .collect();
            all.sort_unstable();
            all
        };
        prop_assert_eq!(run(workers, &sightings, 90), mixed(oracle(&sightings, 90)));
    }
}

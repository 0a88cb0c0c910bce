//! The keyed operator alone: exchange, hold, sort, look-up and release of a small record.
//!
//! `cargo bench -p seerflow-pipeline --bench operators`

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seerflow_model::{Order, hash};
use seerflow_pipeline::env::Env;
use seerflow_pipeline::keyed::{Ctx, Fold, keyed};
use seerflow_pipeline::rec::Rec;
use std::time::Duration;
use timely::dataflow::InputHandle;
use timely::dataflow::operators::Input;

/// Records of one round.
const LINES: u64 = 10_000;

/// Counts the records of each key.
struct Tally;

impl Fold for Tally {
    type In = u64;
    type Out = u64;
    type State = u64;
    const NAME: &'static str = "tally";
    const STAGE: u16 = 1;

    fn fresh(&mut self, _key: u64) -> u64 {
        0
    }

    fn apply(&mut self, _key: u64, state: &mut u64, input: u64, _ctx: &mut Ctx<u64>) {
        *state += input;
    }
}

fn operating(c: &mut Criterion) {
    /// A record a millisecond.
    const STEP: u64 = 1_000_000;
    let mut group = c.benchmark_group("operate");
    group.throughput(Throughput::Elements(LINES));
    group.bench_function("keyed", |b| {
        let env = Env { workers: 1, ..Env::default() };
        b.iter(|| {
            let env = env.clone();
            timely::execute_directly(move |worker| {
                let mut input = InputHandle::new();
                worker.dataflow::<u64, _, _>(|scope| {
                    keyed(scope.input_from(&mut input), Tally, &env);
                });
                for n in 0..LINES {
                    let order = Order::record(n * STEP, 1, n);
                    input.send(Rec { order, key: hash::mix(n % 500), data: 1 });
                    if n % 1_000 == 999 {
                        input.advance_to(n / 100 * 100);
                        worker.step();
                    }
                }
            });
        });
    });
    group.finish();
}

fn config() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

criterion_group! {
    name = operators;
    config = config();
    targets = operating
}
criterion_main!(operators);

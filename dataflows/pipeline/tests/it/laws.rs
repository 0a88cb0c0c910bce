//! Whatever the number of workers, the batching, the ports: the fold says what the oracle says.

use crate::toy::{Input, QUIET, Run, Said, State, run};
use proptest::prelude::*;
use seerflow_model::Ns;
use seerflow_model::hash;
use seerflow_model::time::{MILLISECOND, SECOND};
use seerflow_pipeline::env::Gap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The stupid way: sort everything, walk through time one instant after the other.
fn oracle(ports: &[Vec<(Input, Ns)>]) -> Vec<Said> {
    oracle_with_gap(ports, None)
}

/// As [`oracle`], with a time without the engine: every timer that is set then moves by its length.
fn oracle_with_gap(ports: &[Vec<(Input, Ns)>], mut gap: Option<Gap>) -> Vec<Said> {
    let mut all: Vec<Input> = ports.iter().flatten().map(|(input, _)| *input).collect();
    all.sort_by_key(|input| (input.at, input.source, input.seq));
    let last = all.iter().map(|input| input.at).max().unwrap_or(0) + MILLISECOND;
    let mut states: BTreeMap<u64, (State, Option<Ns>)> = BTreeMap::new();
    let mut first = Vec::new();
    let fire = |states: &mut BTreeMap<u64, (State, Option<Ns>)>, until: Ns, out: &mut Vec<Said>| {
        loop {
            let next = states.iter().filter_map(|(key, (_, due))| due.map(|due| (due, *key))).min();
            let Some((due, key)) = next.filter(|(due, _)| *due <= until) else { break };
            let (state, timer) = states.get_mut(&key).unwrap();
            *timer = None;
            let digest = state.tick(due);
            out.push(Said { at: due, key, quiet: true, digest });
        }
    };
    let mut pass =
        |states: &mut BTreeMap<u64, (State, Option<Ns>)>, at: Ns, out: &mut Vec<Said>| {
            if let Some(gap) = gap.take_if(|gap| gap.from <= at) {
                fire(states, gap.from.saturating_sub(1), out);
                for (_, due) in states.values_mut() {
                    *due = due.map(|due| due + gap.length());
                }
            }
        };
    for input in &all {
        pass(&mut states, input.at, &mut first);
        fire(&mut states, input.at, &mut first);
        let (state, due) = states.entry(u64::from(input.key)).or_default();
        state.see(input);
        *due = Some(input.at + QUIET);
        let (at, key) = (input.at, u64::from(input.key));
        first.push(Said { at, key, quiet: false, digest: state.digest() });
    }
    pass(&mut states, last, &mut first);
    fire(&mut states, last, &mut first);
    let mut echo: BTreeMap<u64, u64> = BTreeMap::new();
    let mut said: Vec<Said> = first
        .into_iter()
        .map(|said| {
            let digest = echo.entry(said.key).or_default();
            *digest = hash::pair(*digest, hash::pair(said.digest, said.at));
            Said { digest: *digest, ..said }
        })
        .collect();
    said.sort_unstable();
    said
}

/// Gives each port's records sequence numbers and the promises that hold after them.
fn promised(ports: Vec<Vec<(Ns, u8)>>) -> Vec<Vec<(Input, Ns)>> {
    let stamp = |(source, records): (usize, Vec<(Ns, u8)>)| {
        let inputs: Vec<Input> = records
            .into_iter()
            .enumerate()
            .map(|(seq, (at, key))| Input { at, source: source as u64 + 1, seq: seq as u64, key })
            .collect();
        // The last promise is no more than what the port has seen: its end is not the end of time.
        let newest = inputs.iter().map(|input| input.at).max().unwrap_or(0);
        let least_after =
            |i: usize| inputs[i + 1..].iter().map(|input| input.at).min().unwrap_or(newest);
        inputs.iter().enumerate().map(|(i, input)| (*input, least_after(i))).collect()
    };
    ports.into_iter().enumerate().map(stamp).collect()
}

fn times() -> impl Strategy<Value = Ns> {
    prop_oneof![
        // Dense, within a tick.
        (0u64..300).prop_map(|ms| 100 * SECOND + ms * MILLISECOND),
        // Sparse.
        (0u64..400).prop_map(|s| s * SECOND),
        // Equal.
        Just(200 * SECOND),
        // Far ahead.
        (0u64..3).prop_map(|y| 2_000_000_000 * SECOND + y),
        // On the very instants where timers are due.
        (0u64..20).prop_map(|s| 100 * SECOND + s * QUIET),
    ]
}

fn ports() -> impl Strategy<Value = Vec<Vec<(Input, Ns)>>> {
    prop::collection::vec(prop::collection::vec((times(), 0u8..6), 0..60), 1..4).prop_map(promised)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_fold_says_what_the_oracle_says(
        ports in ports(), workers in 1usize..=4, batch in 1usize..20,
    ) {
        let outcome = run(&Run { workers, batch, ..Run::default() }, &ports);
        prop_assert_eq!(outcome.said, oracle(&ports));
    }

    #[test]
    fn a_cut_and_another_number_of_workers_change_nothing(
        ports in ports(), before in 1usize..=4, after in 1usize..=4, at in times(),
    ) {
        let cut = seerflow_model::time::floor_tick(at);
        let whole = oracle(&ports);
        let first = run(&Run { workers: before, batch: 7, cut: Some(cut), ..Run::default() }, &ports);
        prop_assert_eq!(&first.said, &whole);
        let rest: Vec<Vec<(Input, Ns)>> = ports
            .iter()
            .map(|port| port.iter().filter(|(i, _)| i.at >= cut).copied().collect())
            .collect();
        let newest = ports.iter().flatten().map(|(i, _)| i.at).max().unwrap_or(0);
        // A cut beyond the end is never reached; then there is nothing to restore.
        prop_assume!(newest >= cut && rest.iter().any(|port| !port.is_empty()));
        let restore = Some(Arc::new(first.snapshot));
        let second = run(&Run { workers: after, batch: 3, restore, ..Run::default() }, &rest);
        let expected: Vec<Said> = whole.into_iter().filter(|said| said.at >= cut).collect();
        prop_assert_eq!(second.said, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Stopped at a frontier (all that came before it is in the state), started again later with
    /// another number of workers: what is waited for moves by the time between.
    #[test]
    fn a_stop_and_a_gap_move_what_is_waited_for(
        before in prop::collection::vec((0u64..60, 0u8..6), 1..60),
        after in prop::collection::vec((0u64..60, 0u8..6), 1..60),
        from in 60u64..80,
        length in 0u64..1_000,
        workers in (1usize..=4, 1usize..=4),
    ) {
        let gap = Gap { from: from * SECOND, to: (from + length) * SECOND };
        let early = before.iter().map(|(at, key)| (at * SECOND, *key));
        let late = after.iter().map(|(at, key)| (gap.to + at * SECOND, *key));
        let ports = promised(vec![early.chain(late).collect()]);
        let whole = oracle_with_gap(&ports, Some(gap));
        let part = |keep: &dyn Fn(Ns) -> bool| -> Vec<Vec<(Input, Ns)>> {
            vec![ports[0].iter().filter(|(i, _)| keep(i.at)).copied().collect()]
        };
        // The receiver is still there when the engine is stopped: it has promised up to the cut.
        let mut first = part(&|at| at < gap.from);
        first[0].last_mut().unwrap().1 = gap.from;
        let cut = Some(gap.from);
        let stopped = run(&Run { workers: workers.0, batch: 5, cut, ..Run::default() }, &first);
        let restore = Some(Arc::new(stopped.snapshot));
        let again = Run { workers: workers.1, batch: 3, restore, gap: Some(gap), ..Run::default() };
        let mut said: Vec<Said> = stopped.said.into_iter().filter(|s| s.at < gap.from).collect();
        said.extend(run(&again, &part(&|at| at >= gap.from)).said);
        said.sort_unstable();
        prop_assert_eq!(said, whole);
    }
}

/// `n` records of one source, `gap` ns apart, each promising itself.
fn stream(n: u64, gap: Ns) -> Vec<(Input, Ns)> {
    (0..n)
        .map(|seq| {
            let at = SECOND + seq * gap;
            (Input { at, source: 1, seq, key: (seq % 5) as u8 }, at + gap)
        })
        .collect()
}

#[test]
fn dense_equal_and_daily_streams_run_through_in_bounded_memory() {
    const MIB: i64 = 1 << 20;
    for (n, gap) in [(300_000, 0), (300_000, 5_000), (100_000, 86_400 * SECOND)] {
        let ports = vec![stream(n, gap)];
        let options = Run { workers: 2, batch: 512, held_max: Some(8 << 20), ..Run::default() };
        let outcome = run(&options, &ports);
        assert_eq!(outcome.said.iter().filter(|said| !said.quiet).count() as u64, n);
        // All with one stamp must be held until the promise passes it; others must not be.
        let bound = if gap == 0 { n as i64 * 100 } else { 9 * MIB };
        assert!(outcome.held_peak <= bound, "gap {gap}: {} bytes held", outcome.held_peak);
    }
}

#[test]
fn a_port_that_is_ahead_waits_for_the_one_that_is_behind() {
    let ahead: Vec<(Input, Ns)> = stream(200_000, MILLISECOND);
    let mut behind = stream(200_000, MILLISECOND);
    for (input, _) in &mut behind {
        input.source = 2;
    }
    let options = Run { workers: 2, batch: 256, held_max: Some(4 << 20), ..Run::default() };
    let outcome = run(&options, &[ahead, behind]);
    assert_eq!(outcome.said.iter().filter(|said| !said.quiet).count(), 400_000);
}

//! Sessions of processes that are made up: the rate that was asked for, and what is found.

use super::numbers::{Losses, Numbers};
use super::*;
use proptest::prelude::*;
use seerflow_model::hash::mix;

/// Draws that follow from a seed.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Geometric with this mean, at least 1.
    fn some(&mut self, mean: u64) -> u64 {
        let mut n = 1;
        while n < 200 && self.below(mean) != 0 {
            n += 1;
        }
        n
    }
}

/// Draws a session of a process.
type Process = fn(&mut Draws) -> Vec<u64>;

/// Order fixed; order that wavers; many ways; noise of many symbols.
const PROCESSES: [(&str, Process); 4] = [
    ("a fixed way, repeated", |draws| {
        let rounds = draws.some(4);
        let middle = (0..rounds).flat_map(|_| [12, 13, 14]);
        [10, 11].into_iter().chain(middle).chain([15]).collect()
    }),
    ("three copies, shuffled", |draws| {
        let mut all: Vec<u64> = [12, 13, 14].repeat(3);
        for at in (1..all.len()).rev() {
            let other = draws.below(at as u64 + 1) as usize;
            all.swap(at, other);
        }
        [10].into_iter().chain(all).chain([15, 16]).collect()
    }),
    ("one of twenty ways, rare ones too", |draws| {
        let way = draws.below(20).min(draws.below(20)).min(draws.below(40));
        let steps = 4 + way % 5;
        (0..steps).map(|step| 100 + mix(way << 8 | step) % 60).collect()
    }),
    ("calls of a program", |draws| {
        let (mut state, mut all) = (0, Vec::new());
        for _ in 0..draws.some(60) + 20 {
            state = match draws.below(10) {
                0..7 => (state * 5 + 3) % 41,
                7..9 => draws.below(8),
                _ => draws.below(41),
            };
            all.push(1000 + state);
        }
        all
    }),
];

/// A peer group on its way: what a dataflow would hold.
#[derive(Default)]
struct Group {
    config: SequenceConfig,
    chain: Chain,
    owner: Sessions,
    table: SessionTable,
    fresh: Chain,
    part: SessionPart,
}

impl Group {
    fn run(&mut self, symbols: &[u64]) -> Option<SessionScore> {
        let mut walk = Walk::default();
        for &symbol in symbols {
            walk.observe(&self.config, &self.chain, &mut self.fresh, 0, symbol);
        }
        let session = walk.end_session(&self.config, &self.chain, &mut self.fresh);
        let score = self.table.judge(&session);
        let seal = symbols.iter().fold(0, |seal, symbol| mix(seal ^ symbol));
        self.part.learn(&session, score.as_ref(), seal);
        score
    }

    fn end_quantum(&mut self) {
        self.chain.absorb(&std::mem::take(&mut self.fresh));
        self.owner.absorb(&std::mem::take(&mut self.part));
        if let Some(table) = self.owner.close_quantum() {
            assert!(table.version > self.table.version);
            self.table = table;
        }
    }
}

/// Sessions of a process, `per` a quantum, some of them changed; p of (usual ones, changed ones).
fn judged(
    process: Process,
    seed: u64,
    sessions: u64,
    odd_from: u64,
    change: impl Fn(&mut Draws, Vec<u64>) -> Vec<u64>,
) -> (Vec<f64>, Vec<f64>) {
    let (mut group, mut draws) = (Group::default(), Draws(seed << 32));
    let (mut usual, mut changed) = (Vec::new(), Vec::new());
    for n in 0..sessions {
        let mut symbols = process(&mut draws);
        let odd = n >= odd_from && draws.below(33) == 0;
        if odd {
            symbols = change(&mut draws, symbols);
        }
        if let Some(p) = group.run(&symbols).and_then(|score| score.p) {
            if odd { changed.push(p) } else { usual.push(p) }
        }
        if n % 20 == 19 {
            group.end_quantum();
        }
    }
    (usual, changed)
}

/// Area under the curve: how often a changed session is odder than a usual one.
fn area(usual: &[f64], changed: &[f64]) -> f64 {
    let mut sorted = usual.to_vec();
    sorted.sort_by(f64::total_cmp);
    let won = changed.iter().map(|p| {
        let below = sorted.partition_point(|u| u < p);
        let upto = sorted.partition_point(|u| u <= p);
        sorted.len() as f64 - 0.5 * (below + upto) as f64
    });
    won.sum::<f64>() / (sorted.len() * changed.len()) as f64
}

#[test]
fn the_rate_is_what_p_says() {
    for (name, process) in PROCESSES {
        let (mut of, mut found) = (0, [0u32; 2]);
        for seed in 0..3 {
            let (usual, _) = judged(process, seed, 5000, u64::MAX, |_, symbols| symbols);
            of += usual.len();
            for (found, level) in found.iter_mut().zip([1e-2, 1e-3]) {
                *found += usual.iter().filter(|&&p| p <= level).count() as u32;
            }
        }
        let rates = [1e-2, 1e-3].map(|level| level * of as f64);
        println!("{name}: {found:?} of {of}, expected {rates:?}");
        for (found, rate) in found.into_iter().zip(rates) {
            assert!(f64::from(found) <= 3.0 * rate + 3.0, "{name}: {found} for {rate}");
        }
    }
}

#[test]
fn odd_sessions_are_told_from_usual_ones() {
    type Change = fn(&mut Draws, Vec<u64>) -> Vec<u64>;
    let changes: [(&str, Change, [f64; 4]); 4] = [
        (
            "a step never seen",
            |draws, mut symbols| {
                let at = draws.below(symbols.len() as u64) as usize;
                symbols.insert(at, 7000 + draws.below(3));
                symbols
            },
            [0.95, 0.95, 0.95, 0.75],
        ),
        ("breaks off", |_, symbols| symbols[..symbols.len() / 2].to_vec(), [0.9, 0.95, 0.8, 0.5]),
        (
            "once too often",
            |_, mut symbols| {
                let first = symbols[0];
                symbols.insert(0, first);
                symbols
            },
            [0.95, 0.95, 0.9, 0.5],
        ),
        (
            "no order at all",
            |draws, mut symbols| {
                for at in (1..symbols.len()).rev() {
                    let other = draws.below(at as u64 + 1) as usize;
                    symbols.swap(at, other);
                }
                symbols
            },
            [0.9, 0.9, 0.9, 0.9],
        ),
    ];
    for (what, change, least) in changes {
        for ((name, process), least) in PROCESSES.into_iter().zip(least) {
            let (usual, changed) = judged(process, 3, 6000, 3000, change);
            let area = area(&usual, &changed);
            let found = changed.iter().filter(|&&p| p <= 1e-3).count();
            println!("{what}, {name}: {area:.3}, {found} of {}", changed.len());
            assert!(area >= least, "{what}, {name}: {area}");
        }
    }
}

#[test]
fn what_comes_again_is_found_again_until_it_is_usual() {
    let (mut group, mut draws) = (Group::default(), Draws(9));
    let (_, process) = PROCESSES[1];
    let (mut steady, mut change) = (0, 0);
    for n in 0..8000u64 {
        let odd = if n < 7000 { n >= 6000 && n % 40 == 0 } else { n % 2 == 0 };
        let mut symbols = process(&mut draws);
        if odd {
            symbols.push(777);
        }
        let score = group.run(&symbols);
        let found = score.and_then(|score| score.p).is_some_and(|p| p <= 1e-3);
        steady += u32::from(odd && found && n < 7000);
        change += u32::from(odd && found && n >= 7000);
        if n % 20 == 19 {
            group.end_quantum();
        }
    }
    assert!(steady >= 24, "one in forty is odd every time: {steady} of 25");
    assert!((20..250).contains(&change), "a new habit is taken over: {change} of 500");
}

#[test]
fn nothing_is_said_before_and_the_numbers_tell_why() {
    let (mut group, mut draws) = (Group::default(), Draws(5));
    let (_, process) = PROCESSES[1];
    let early = group.run(&process(&mut draws));
    assert_eq!(early, None);
    for n in 0..3000u64 {
        let symbols = process(&mut draws);
        group.run(&symbols);
        if n % 20 == 19 {
            group.end_quantum();
        }
    }
    assert_eq!(group.owner.sessions(), 2980, "the first quantum has no chain to judge by");
    let settled = group.table.sessions();
    assert!((2100..2500).contains(&settled), "all but the newest quarter: {settled}");
    let mut symbols = process(&mut draws);
    symbols.retain(|&symbol| symbol != 15);
    let score = group.run(&symbols).unwrap();
    let odd = score.odd_count;
    assert_eq!((odd.symbol, odd.times, odd.sessions), (folded(15), 0, (settled, settled)));
    assert!(score.p.unwrap() < 1e-3 && score.counts > 7.0, "{score:?}");
    assert_eq!(group.table.judge(&Session::default()), None);
    let bytes = bincode::serialize(&group.owner).unwrap();
    assert_eq!(bincode::deserialize::<Sessions>(&bytes).unwrap(), group.owner);
    let bytes = bincode::serialize(&group.table).unwrap();
    assert!(bytes.len() < 16 << 10, "{}", bytes.len());
    assert_eq!(bincode::deserialize::<SessionTable>(&bytes).unwrap(), group.table);
}

/// Sessions that all began at once and end as they will: at each moment only the shortest have ended.
#[test]
fn a_session_is_judged_when_its_like_can_have_ended() {
    let minute = 60_000_000_000u64;
    assert!(!comparable(0, 0, 10 * minute), "nobody began before it");
    assert!(!comparable(0, 69 * minute, 79 * minute) && comparable(0, 70 * minute, 80 * minute));
    assert!(comparable(5, 5, 5), "of no length");
    assert!(!comparable(10 * minute, 70 * minute, 80 * minute), "watched for seven times as long");
}

/// One event that is rare is as rare as it is, in a short session as well: its mean is no evidence
/// beyond that, however little the means of long sessions spread.
#[test]
fn the_mean_of_a_short_session_says_no_more_than_its_nats() {
    let long =
        |n: u64| Losses { events: 40, mean: 1.0 + (n % 10) as f32 / 1e3, end: 0.1, greatest: 4.0 };
    let numbers = Numbers::of(&(0..1000).map(|n| (long(n), 1.0)).collect::<Vec<_>>());
    let at =
        |events| numbers.rarities(Losses { events, mean: 4.0, end: 0.1, greatest: 4.0 }, 1.0)[0];
    assert!(at(1) < 3.0 + 3.1, "{}", at(1));
    assert!(at(40) > 10.0 && at(1) < at(2) && at(2) < at(4), "{}", at(40));
}

proptest! {
    #[test]
    fn parts_add_up_in_any_order(seed in 0u64..1000, cut in 0usize..60) {
        let mut group = Group::default();
        let mut draws = Draws(seed << 20);
        let (_, process) = PROCESSES[2];
        for _ in 0..12 {
            (0..20).for_each(|_| { group.run(&process(&mut draws)); });
            group.end_quantum();
        }
        let sessions: Vec<Vec<u64>> = (0..60).map(|_| process(&mut draws)).collect();
        let mut of = |sessions: &[Vec<u64>]| {
            sessions.iter().for_each(|symbols| { group.run(symbols); });
            std::mem::take(&mut group.part)
        };
        let (a, b, whole) = (of(&sessions[..cut]), of(&sessions[cut..]), of(&sessions));
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.merge(&b);
        ba.merge(&a);
        prop_assert_eq!(&ab, &whole);
        prop_assert_eq!(&ba, &whole);
    }
}

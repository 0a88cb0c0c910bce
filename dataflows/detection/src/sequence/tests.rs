//! The reference table, oracles, and what order tells.

use super::*;
use crate::golden::Lcg;
use proptest::prelude::*;
use seerflow_model::hash::mix;
use std::collections::{BTreeMap, BTreeSet};

/// The sequence of the reference table.
fn sequence() -> Vec<u64> {
    let rows: [&[f64]; 5] = [
        &[0.1, 0.8, 0.1, 0.0, 0.0],
        &[0.0, 0.1, 0.85, 0.05, 0.0],
        &[0.6, 0.2, 0.0, 0.2, 0.0],
        &[0.0, 0.5, 0.25, 0.2, 0.05],
        &[1.0, 0.0, 0.0, 0.0, 0.0],
    ];
    let mut lcg = Lcg(29);
    let mut all = vec![0u64];
    for _ in 0..1500 {
        let (draw, mut sum, mut next) = (lcg.uniform(), 0.0, 0);
        for (symbol, p) in rows[all[all.len() - 1] as usize].iter().enumerate() {
            sum += p;
            next = symbol as u64;
            if draw < sum {
                break;
            }
        }
        all.push(next);
    }
    all
}

/// Symbols of the table are small numbers; 0 and 1 are taken here.
fn symbol(n: u64) -> u64 {
    100 + n
}

#[test]
fn counts_and_probabilities_are_the_exact_fractions() {
    let all = sequence();
    let mut chain = Chain::default();
    for pair in all[..1001].windows(2) {
        chain.learn([START, symbol(pair[0])], symbol(pair[1]));
    }
    // ln p by exact fractions, and of the rest of the sequence.
    let rows = [
        (1e-6, 0, 1, -0.2298625182664055),
        (1e-6, 0, 3, -19.227156632140744),
        (1e-6, 1, 2, -0.20763937599619312),
        (1e-6, 3, 4, -3.081909815666622),
        (1e-6, 4, 0, -7.999995199958236e-07),
        (1e-6, 5, 5, -1.6094379124341003),
    ];
    for (alpha, a, b, want) in rows {
        let got = chain.additive(symbol(a), symbol(b), alpha, 5).ln();
        assert!((got - want).abs() <= 1e-9 * want.abs(), "{a} {b}: {got} want {want}");
    }
    let totals =
        [(1e-6, -370.77762041240555), (1e-2, -370.8312970740155), (1.0, -375.56436232129266)];
    for (alpha, want) in totals {
        let steps = all[1000..].windows(2);
        let got: f64 =
            steps.map(|pair| chain.additive(symbol(pair[0]), symbol(pair[1]), alpha, 5).ln()).sum();
        assert!((got / want - 1.0).abs() < 1e-9, "{alpha}: {got} want {want}");
    }
}

/// The stupid way: everything kept, every count by a pass.
struct Oracle(Vec<([u64; 2], u64)>);

impl Oracle {
    fn predict(&self, after: [u64; 2], symbol: u64) -> f64 {
        let all: BTreeSet<u64> = self.0.iter().map(|step| step.1).collect();
        let mut p = 1.0 / (all.len() as f64 + 1.0);
        for order in 0..3 {
            p = self.blend(order, after, symbol, p);
        }
        p
    }

    fn blend(&self, order: usize, after: [u64; 2], symbol: u64, p: f64) -> f64 {
        let same = self.0.iter().filter(|step| step.0[2 - order..] == after[2 - order..]);
        let next: Vec<u64> = same.map(|step| step.1).collect();
        let kinds = next.iter().collect::<BTreeSet<_>>().len() as f64;
        let seen = next.iter().filter(|&&s| s == symbol).count() as f64;
        if next.is_empty() { p } else { (seen + kinds * p) / (next.len() as f64 + kinds) }
    }
}

fn steps() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(2u64..8, 2..150)
}

proptest! {
    #[test]
    fn predictions_are_those_of_the_stupid_way(symbols in steps(), a in 0u64..9, b in 0u64..9) {
        let (mut chain, mut oracle) = (Chain::default(), Oracle(Vec::new()));
        let mut after = [START; 2];
        for &symbol in &symbols {
            chain.learn(after, symbol);
            oracle.0.push((after, symbol));
            after = [after[1], symbol];
        }
        let mut sum = 0.0;
        for symbol in 0..10 {
            let got = chain.predict([a, b], symbol).p;
            prop_assert!((got - oracle.predict([a, b], symbol)).abs() < 1e-12);
            let own = chain.lean([a, b], symbol, 0.25).p;
            let want = oracle.blend(2, [a, b], symbol, oracle.blend(1, [a, b], symbol, 0.25));
            prop_assert!((own - want).abs() < 1e-12);
            // Of the ones never seen, all share what one is given here.
            sum += if symbols.contains(&symbol) { got } else { 0.0 };
        }
        let unseen = chain.predict([a, b], 999).p;
        prop_assert!((sum + unseen - 1.0).abs() < 1e-9, "{sum} {unseen}");
    }

    #[test]
    fn parts_add_up_in_any_order_and_what_is_saved_is_all(symbols in steps(), cut in 0usize..150) {
        let mut parts = [Chain::default(), Chain::default()];
        let mut whole = Chain::default();
        let mut after = [START; 2];
        for (at, &symbol) in symbols.iter().enumerate() {
            whole.learn(after, symbol);
            parts[usize::from(at >= cut)].learn(after, symbol);
            after = [after[1], symbol];
        }
        let [a, b] = &parts;
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.absorb(b);
        ba.absorb(a);
        prop_assert_eq!(&ab, &whole);
        let bytes = bincode::serialize(&whole).unwrap();
        prop_assert_eq!(&bincode::serialize(&ab).unwrap(), &bytes);
        prop_assert_eq!(&bincode::serialize(&ba).unwrap(), &bytes);
        let restored: Chain = bincode::deserialize(&bytes).unwrap();
        prop_assert_eq!(restored.predict(after, 3), whole.predict(after, 3));
    }

    #[test]
    fn a_full_table_keeps_its_bound_and_its_sums(symbols in prop::collection::vec(2u64..60, 1..800)) {
        let mut chain = Chain::bounded(64);
        let mut after = [START; 2];
        for &symbol in &symbols {
            chain.learn(after, symbol);
            after = [after[1], symbol];
            prop_assert!(chain.used <= 64);
            let mut sums: BTreeMap<u64, (u32, u32)> = BTreeMap::new();
            for entry in chain.entries.iter().filter(|entry| entry.context != 0) {
                let sum = sums.entry(entry.context).or_default();
                (sum.0, sum.1) = (sum.0 + entry.count, sum.1 + 1);
            }
            for (context, sum) in sums {
                let entry = chain.find(context);
                prop_assert_eq!((entry.count, entry.kinds), sum);
            }
        }
    }
}

const CONFIG: fn() -> SequenceConfig = SequenceConfig::default;

/// Sessions of login, some work, logout; the draw decides the work.
fn session(draw: u64) -> Vec<u64> {
    let work = (0..3 + draw % 4).map(|n| 12 + mix(draw ^ n) % 3);
    [10, 11].into_iter().chain(work).chain([20]).collect()
}

fn trained_peers() -> Chain {
    let mut peers = Chain::default();
    for n in 0..2000 {
        let mut walk = Walk::default();
        let mut fresh = Chain::default();
        for symbol in session(mix(n)) {
            walk.observe(&CONFIG(), &peers, &mut fresh, n, symbol);
        }
        walk.end_session(&CONFIG(), &peers, &mut fresh);
        peers.absorb(&fresh);
    }
    peers
}

#[test]
fn a_cold_entity_is_judged_by_its_peers() {
    let peers = trained_peers();
    let mut walk = Walk::default();
    let mut fresh = Chain::default();
    for symbol in session(99) {
        let loss = walk.observe(&CONFIG(), &peers, &mut fresh, 0, symbol).unwrap();
        assert!(loss.nats < 3.0 && loss.own.is_none(), "{loss:?}");
    }
    assert!(walk.heap_bytes() <= 32 && size_of::<Walk>() <= 88, "{}", size_of::<Walk>());
    let usual = walk.end_session(&CONFIG(), &peers, &mut fresh);
    assert!(usual.mean() < 1.8 && usual.greatest < 3.0 && usual.end < 0.1, "{usual:?}");
    // Logout before login; then something that nobody ever did.
    let loss = walk.observe(&CONFIG(), &peers, &mut fresh, 0, 20).unwrap();
    assert!(loss.nats > 6.0 && loss.peers.seen == 0 && loss.peers.context == 2000, "{loss:?}");
    let never = walk.observe(&CONFIG(), &peers, &mut fresh, 0, 7777).unwrap();
    assert!(never.nats > 5.0 && never.after == [START, 20], "{never:?}");
    assert!(walk.session().greatest > 6.0);
    let young = Walk::default().observe(&CONFIG(), &Chain::default(), &mut fresh, 0, 10);
    assert_eq!(young, None);
}

#[test]
fn an_entity_learns_its_own_ways_and_a_drift_is_found() {
    let peers = trained_peers();
    let mut walk = Walk::default();
    let mut fresh = Chain::default();
    let (mut late, mut changes) = (Vec::new(), Vec::new());
    for n in 0..3000u64 {
        // Its own way is a round that its peers do not know; from 2,000 on it wavers.
        let usual = 10 + [0, 4, 1, 3, 2][n as usize % 5];
        let symbol =
            if n >= 2000 && mix(n).is_multiple_of(3) { 10 + mix(n ^ 5) % 5 } else { usual };
        let loss = walk.observe(&CONFIG(), &peers, &mut fresh, n, symbol).unwrap();
        changes.extend(loss.drift.edge.map(|change| (n, change)));
        if (1000..2000).contains(&n) {
            late.push(loss.nats);
        }
    }
    assert!(late.iter().all(|&nats| nats < 0.5), "its own chain knows its round");
    let (found, change) = changes[0];
    assert!((2000..2060).contains(&found) && change.since >= 1990, "{changes:?}");
    assert!(walk.heap_bytes() <= 110_000, "{}", walk.heap_bytes());
}

#[test]
fn stationary_walks_drift_rarely() {
    let peers = trained_peers();
    let (mut events, mut found) = (0u32, 0u32);
    for entity in 0..40u64 {
        let (mut walk, mut fresh) = (Walk::default(), Chain::default());
        for n in 0..150u64 {
            for symbol in session(mix(entity << 32 | n)) {
                let loss = walk.observe(&CONFIG(), &peers, &mut fresh, n, symbol).unwrap();
                events += 1;
                found += u32::from(loss.drift.edge.is_some_and(|c| c.phase == Phase::Alarmed));
            }
            walk.end_session(&CONFIG(), &peers, &mut fresh);
        }
    }
    assert!(found <= events / 3000, "{found} of {events}");
}

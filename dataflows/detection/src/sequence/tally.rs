//! How often each symbol came in a session, and how often it comes in the sessions of the peers.
//!
//! An entity keeps four bytes per symbol of the session at hand: 22 bits that stand for the symbol
//! and a count up to 1,023; at most [`SLOTS`] symbols, later ones are left out. The peers keep, per
//! symbol, in how many sessions it came how often, in bins: exact up to eight times, half an octave
//! beyond. Two symbols of two thousand share their 22 bits once in two peer groups; then they are
//! counted as one. Sums are integers: merging is commutative while the bound is not met; beyond it
//! the symbols of the fewest sessions go.
//!
//! Cost: a pass over at most 32 numbers per event; per ended session one look-up per symbol. At
//! most 128 bytes per session on its way; 92 bytes per symbol of the peers, at most 188 KiB.

use libm::{log, log2};
use seerflow_model::hash::mix;
use serde::{Deserialize, Serialize};

/// Symbols of one session.
pub const SLOTS: usize = 32;
/// Symbols of a peer group.
pub const SYMBOLS_MAX: usize = 2048;
/// Bits of a slot that count.
const COUNT_BITS: u32 = 10;
const COUNT_MAX: u32 = (1 << COUNT_BITS) - 1;
/// Counts up to this one have a bin of their own.
const EXACT: u32 = 8;
/// Bins: eight, and half octaves up to the greatest count.
const BINS: usize = 22;
/// A symbol in at least this share of all sessions is missed when it does not come.
const USUAL: f64 = 0.75;

/// What stands for a symbol in tallies.
pub fn folded(symbol: u64) -> u32 {
    (mix(symbol) >> (32 + COUNT_BITS)) as u32
}

/// How often each symbol came in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally(Vec<u32>);

impl Tally {
    pub(super) fn add(&mut self, symbol: u64) {
        let symbol = folded(symbol);
        if let Some(slot) = self.0.iter_mut().find(|slot| **slot >> COUNT_BITS == symbol) {
            *slot += u32::from(*slot & COUNT_MAX < COUNT_MAX);
        } else if self.0.len() < SLOTS {
            self.0.push(symbol << COUNT_BITS | 1);
        }
    }

    fn entries(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.0.iter().map(|slot| (slot >> COUNT_BITS, slot & COUNT_MAX))
    }

    /// Whether symbols may have been left out.
    fn full(&self) -> bool {
        self.0.len() >= SLOTS
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.0.capacity() * size_of::<u32>()
    }
}

/// The count of one symbol that is least like the peers'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OddCount {
    /// −ln of how rarely a count is as far out, two-sided.
    pub nats: f64,
    /// What stands for the symbol ([`folded`]).
    pub symbol: u32,
    /// How often it came.
    pub times: u32,
    /// In how many of the peers' sessions it came at all, and of how many.
    pub sessions: (u64, u64),
}

/// In how many sessions a symbol came how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    symbol: u32,
    bins: [u32; BINS],
}

/// The counts of a peer group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tallies {
    sessions: u64,
    /// In the order of the symbols.
    rows: Vec<Row>,
}

/// The bin of a count ≥ 1.
fn bin(times: u32) -> usize {
    if times <= EXACT {
        return times.max(1) as usize - 1;
    }
    let halves = 2.0 * log2(f64::from(times) / f64::from(EXACT));
    (EXACT as usize + halves as usize).min(BINS - 1)
}

impl Row {
    fn present(&self) -> u64 {
        self.bins.iter().map(|&n| u64::from(n)).sum()
    }

    /// −ln of the two-sided tail of a count in `sessions` sessions.
    fn nats(&self, times: u32, sessions: u64) -> f64 {
        self.nats_but(times, sessions, 0)
    }

    /// The same by all others, for one that was learnt itself.
    fn nats_own(&self, times: u32, others: u64) -> f64 {
        self.nats_but(times, others, 1)
    }

    /// `own`: sessions in the bin of this count that do not count.
    fn nats_but(&self, times: u32, sessions: u64, own: u64) -> f64 {
        let present = self.present().saturating_sub(own);
        let absent = sessions.saturating_sub(present);
        let (mut upto, mut from) = (absent, sessions);
        if times > 0 {
            let bin = bin(times);
            let of = |bins: &[u32]| bins.iter().map(|&n| u64::from(n)).sum::<u64>();
            from = of(&self.bins[bin..]).saturating_sub(own);
            upto = absent + of(&self.bins[..=bin]).saturating_sub(own);
        }
        nats(from.min(upto), sessions)
    }
}

/// −ln of the two-sided tail in which `seen` of `of` lie.
fn nats(seen: u64, of: u64) -> f64 {
    -log((2.0 * (seen as f64 + 0.5) / (of as f64 + 1.0)).min(1.0))
}

/// −ln of how likely a symbol is that was never seen: by Good and Turing's rule as likely as those
/// seen once.
fn newcomer(once: usize, sessions: u64) -> f64 {
    -log(((once as f64 + 0.5) / (sessions as f64 + 1.0)).min(1.0))
}

impl Tallies {
    pub(super) fn learn(&mut self, tally: &Tally) {
        self.sessions += 1;
        for (symbol, times) in tally.entries() {
            let row = self.row(symbol);
            row.bins[bin(times)] = row.bins[bin(times)].saturating_add(1);
        }
        self.bound();
    }

    pub(super) fn merge(&mut self, other: &Tallies) {
        self.sessions += other.sessions;
        for theirs in &other.rows {
            let row = self.row(theirs.symbol);
            for (mine, theirs) in row.bins.iter_mut().zip(theirs.bins) {
                *mine = mine.saturating_add(theirs);
            }
        }
        self.bound();
    }

    /// Forgets half.
    pub(super) fn halve(&mut self) {
        self.sessions /= 2;
        self.rows.iter_mut().for_each(|row| row.bins.iter_mut().for_each(|n| *n /= 2));
        self.rows.retain(|row| row.present() > 0);
    }

    /// The symbols whose absence tells something.
    pub(super) fn usual(&self) -> Vec<u32> {
        let least = USUAL * self.sessions as f64;
        let rows = self.rows.iter().filter(|row| row.present() as f64 >= least);
        rows.map(|row| row.symbol).collect()
    }

    /// The count that is least like the peers'.
    pub(super) fn judge(&self, tally: &Tally, usual: &[u32]) -> OddCount {
        let mut odd = OddCount { sessions: (0, self.sessions), ..OddCount::default() };
        let mut offer = |symbol, times| {
            let row = self.find(symbol);
            let nats = row.map_or_else(|| self.newcomer(), |row| row.nats(times, self.sessions));
            if nats > odd.nats {
                let sessions = (row.map_or(0, Row::present), self.sessions);
                odd = OddCount { nats, symbol, times, sessions };
            }
        };
        tally.entries().for_each(|(symbol, times)| offer(symbol, times));
        if !tally.full() {
            let missing = usual.iter().filter(|&&symbol| tally.entries().all(|e| e.0 != symbol));
            missing.for_each(|&symbol| offer(symbol, 0));
        }
        odd
    }

    /// How odd, in nats, the oddest count of a session is that was itself learnt, by all others.
    pub(super) fn judge_own(&self, tally: &Tally, usual: &[u32]) -> f64 {
        let others = self.sessions.saturating_sub(1);
        // Its symbols that no other session has, and those that one other has.
        let (mut odd, mut alone, mut one) = (0.0f64, 0, 0);
        for (symbol, times) in tally.entries() {
            match self.find(symbol).filter(|row| row.present() > 1) {
                Some(row) => {
                    odd = odd.max(row.nats_own(times, others));
                    one += usize::from(row.present() == 2);
                }
                None => alone += 1,
            }
        }
        if alone > 0 {
            let once = (self.once() + one).saturating_sub(alone);
            odd = odd.max(newcomer(once, others));
        }
        if !tally.full() {
            let missing = usual.iter().filter(|&&symbol| tally.entries().all(|e| e.0 != symbol));
            let rows = missing.filter_map(|&symbol| self.find(symbol));
            odd = rows.map(|row| row.nats(0, others)).fold(odd, f64::max);
        }
        odd
    }

    /// Symbols of one session.
    fn once(&self) -> usize {
        self.rows.iter().filter(|row| row.present() == 1).count()
    }

    fn newcomer(&self) -> f64 {
        newcomer(self.once(), self.sessions)
    }

    fn find(&self, symbol: u32) -> Option<&Row> {
        let at = self.rows.binary_search_by_key(&symbol, |row| row.symbol).ok()?;
        self.rows.get(at)
    }

    fn row(&mut self, symbol: u32) -> &mut Row {
        let at = match self.rows.binary_search_by_key(&symbol, |row| row.symbol) {
            Ok(at) => at,
            Err(at) => {
                self.rows.insert(at, Row { symbol, bins: [0; BINS] });
                at
            }
        };
        &mut self.rows[at]
    }

    /// Lets the symbols of the fewest sessions go, a quarter at once.
    fn bound(&mut self) {
        if self.rows.len() <= SYMBOLS_MAX {
            return;
        }
        let mut order: Vec<(u64, u32)> =
            self.rows.iter().map(|row| (row.present(), row.symbol)).collect();
        order.sort_unstable();
        let last = order[order.len() - SYMBOLS_MAX * 3 / 4];
        self.rows.retain(|row| (row.present(), row.symbol) >= last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn of(symbols: &[u64]) -> Tally {
        let mut tally = Tally::default();
        symbols.iter().for_each(|&symbol| tally.add(symbol));
        tally
    }

    fn sessions() -> impl Strategy<Value = Vec<Vec<u64>>> {
        prop::collection::vec(prop::collection::vec(0u64..12, 0..40), 1..40)
    }

    /// The stupid way: the sessions themselves, counted anew for every question.
    fn oracle(sessions: &[Vec<u64>], asked: &[u64]) -> f64 {
        let count = |session: &[u64], symbol| session.iter().filter(|&&s| s == symbol).count();
        let place = |n: usize| if n == 0 { 0 } else { bin(n as u32) + 1 };
        let known: BTreeSet<u64> = sessions.iter().flatten().copied().collect();
        let of = sessions.len();
        let once = known
            .iter()
            .filter(|&&s| sessions.iter().filter(|session| session.contains(&s)).count() == 1);
        let new = -(((once.count() as f64 + 0.5) / (of as f64 + 1.0)).min(1.0)).ln();
        let mut worst = 0.0f64;
        for symbol in known.iter().copied().chain(asked.iter().copied()) {
            let with = sessions.iter().filter(|session| session.contains(&symbol)).count();
            let at = place(count(asked, symbol));
            if at == 0 && (with as f64) < USUAL * of as f64 {
                continue;
            }
            let places = || sessions.iter().map(|session| place(count(session, symbol)));
            let (up, low) = (places().filter(|&p| p >= at), places().filter(|&p| p <= at));
            let least = up.count().min(low.count()) as f64;
            let nats = -((2.0 * (least + 0.5) / (of as f64 + 1.0)).min(1.0)).ln();
            worst = worst.max(if known.contains(&symbol) { nats } else { new });
        }
        worst
    }

    proptest! {
        #[test]
        fn the_oddest_count_is_that_of_the_stupid_way(
            sessions in sessions(), asked in prop::collection::vec(0u64..14, 0..60),
        ) {
            let mut tallies = Tallies::default();
            sessions.iter().for_each(|session| tallies.learn(&of(session)));
            let got = tallies.judge(&of(&asked), &tallies.usual());
            prop_assert!((got.nats - oracle(&sessions, &asked)).abs() < 1e-9, "{got:?}");
        }

        #[test]
        fn one_that_was_learnt_is_judged_by_all_others(sessions in sessions(), at in 0usize..40) {
            let learn = |but: usize| {
                let mut tallies = Tallies::default();
                let others = sessions.iter().enumerate().filter(|(at, _)| *at != but);
                others.for_each(|(_, session)| tallies.learn(&of(session)));
                tallies
            };
            let at = at.min(sessions.len() - 1);
            let (all, others, own) = (learn(usize::MAX), learn(at), of(&sessions[at]));
            let usual = all.usual();
            let known: Vec<u32> =
                usual.iter().copied().filter(|symbol| others.find(*symbol).is_some()).collect();
            let want = others.judge(&own, &known).nats;
            prop_assert!((all.judge_own(&own, &usual) - want).abs() < 1e-9);
        }

        #[test]
        fn parts_add_up_in_any_order(sessions in sessions(), cut in 0usize..40) {
            let learn = |sessions: &[Vec<u64>]| {
                let mut tallies = Tallies::default();
                sessions.iter().for_each(|session| tallies.learn(&of(session)));
                tallies
            };
            let (a, b) = sessions.split_at(cut.min(sessions.len()));
            let (mut ab, mut ba) = (learn(a), learn(b));
            ab.merge(&learn(b));
            ba.merge(&learn(a));
            prop_assert_eq!(&ab, &learn(&sessions));
            prop_assert_eq!(ab, ba);
        }
    }

    #[test]
    fn counts_and_symbols_are_bounded() {
        let mut tally = of(&(0..100).collect::<Vec<_>>());
        (0..5000).for_each(|_| tally.add(3));
        assert_eq!(tally.entries().count(), SLOTS);
        assert_eq!(tally.entries().find(|e| e.0 == folded(3)), Some((folded(3), COUNT_MAX)));
        assert!(tally.heap_bytes() <= 4 * SLOTS && bin(COUNT_MAX) == BINS - 1);
        let mut tallies = Tallies::default();
        for n in 0..20_000u64 {
            tallies.learn(&of(&[n, 5_000_000 + n % 7]));
        }
        assert!(tallies.rows.len() <= SYMBOLS_MAX);
        let kept = (0..7).filter(|n| tallies.find(folded(5_000_000 + n)).is_some());
        assert_eq!(kept.count(), 7, "what comes often stays");
        tallies.halve();
        assert_eq!(tallies.sessions, 10_000);
        assert!(tallies.rows.len() < 60, "what came once goes: {}", tallies.rows.len());
    }

    #[test]
    fn bins_rise_with_the_count() {
        let mut seen = BTreeMap::new();
        for times in 1..=COUNT_MAX {
            seen.entry(bin(times)).or_insert(times);
        }
        let starts: Vec<u32> = seen.into_values().collect();
        assert_eq!(starts[..10], [1, 2, 3, 4, 5, 6, 7, 8, 9, 12]);
        assert_eq!(starts.len(), BINS);
        assert!(starts.is_sorted());
    }
}

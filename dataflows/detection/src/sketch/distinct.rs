//! How many different values: exact up to [`FEW_MAX`], then HyperLogLog.
//!
//! 256 registers of one byte (P. Flajolet et al., 2007) with the estimator of O. Ertl (2017), which
//! needs no thresholds and no table of corrections; standard error 6.5 %. The change from the
//! exact to the estimated form depends on the set of values alone, so merging is commutative,
//! associative and idempotent. Cost: a binary search or one register per value; 256 bytes.

use seerflow_model::hash::mix;
use serde::{Deserialize, Serialize};

/// Values that are counted exactly.
pub const FEW_MAX: usize = 32;
/// Bits of a hash that choose a register.
const INDEX_BITS: u32 = 8;
/// Registers.
const REGISTERS: usize = 1 << INDEX_BITS;
/// Greatest rank: zeros of what is left of the hash, plus one.
const RANK_MAX: usize = 65 - INDEX_BITS as usize;

/// A set of which only the size is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distinct {
    /// Mixed hashes, sorted.
    Few(Vec<u64>),
    /// Greatest rank seen by register.
    Many(Box<[u8]>),
}

impl Default for Distinct {
    fn default() -> Distinct {
        Distinct::Few(Vec::new())
    }
}

fn register(registers: &mut [u8], mixed: u64) -> bool {
    let index = (mixed >> (64 - INDEX_BITS)) as usize;
    let rank = ((mixed << INDEX_BITS).leading_zeros() as usize + 1).min(RANK_MAX) as u8;
    let more = rank > registers[index];
    if more {
        registers[index] = rank;
    }
    more
}

impl Distinct {
    /// Adds a value by its hash; whether that changed anything.
    pub fn add(&mut self, hash: u64) -> bool {
        self.add_mixed(mix(hash))
    }

    fn add_mixed(&mut self, mixed: u64) -> bool {
        let few = match self {
            Distinct::Many(registers) => return register(registers, mixed),
            Distinct::Few(few) => few,
        };
        let Err(at) = few.binary_search(&mixed) else { return false };
        if few.len() < FEW_MAX {
            few.insert(at, mixed);
        } else {
            let mut registers = vec![0; REGISTERS].into_boxed_slice();
            few.iter().chain([&mixed]).for_each(|&seen| {
                register(&mut registers, seen);
            });
            *self = Distinct::Many(registers);
        }
        true
    }

    /// Adds the values of another set.
    pub fn merge(&mut self, other: &Distinct) {
        match (&mut *self, other) {
            (_, Distinct::Few(theirs)) => theirs.iter().for_each(|&mixed| {
                self.add_mixed(mixed);
            }),
            (Distinct::Many(mine), Distinct::Many(theirs)) => {
                mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
            }
            (Distinct::Few(_), Distinct::Many(_)) => {
                let few = std::mem::replace(self, other.clone());
                self.merge(&few);
            }
        }
    }

    /// How many values: exact or estimated.
    pub fn estimate(&self) -> f64 {
        match self {
            Distinct::Few(few) => few.len() as f64,
            Distinct::Many(registers) => estimate(registers),
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        matches!(self, Distinct::Few(few) if few.is_empty())
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Distinct::Few(few) => few.capacity() * 8,
            Distinct::Many(_) => REGISTERS,
        }
    }
}

/// Ertl's improved raw estimator.
fn estimate(registers: &[u8]) -> f64 {
    let m = REGISTERS as f64;
    let mut counts = [0u32; RANK_MAX + 1];
    registers.iter().for_each(|&rank| counts[usize::from(rank).min(RANK_MAX)] += 1);
    let mut z = m * tau(1.0 - f64::from(counts[RANK_MAX]) / m);
    for rank in (1..RANK_MAX).rev() {
        z = 0.5 * (z + f64::from(counts[rank]));
    }
    z += m * sigma(f64::from(counts[0]) / m);
    m * m / (2.0 * std::f64::consts::LN_2 * z)
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = libm::sqrt(x);
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn of(values: &[u64]) -> Distinct {
        let mut distinct = Distinct::default();
        values.iter().for_each(|&value| {
            distinct.add(value);
        });
        distinct
    }

    proptest! {
        #[test]
        fn any_split_in_any_order_is_the_whole(
            values in prop::collection::vec(0u64..120, 0..200), cut in 0usize..200,
        ) {
            let (a, b) = values.split_at(cut.min(values.len()));
            let (mut ab, mut ba) = (of(a), of(b));
            ab.merge(&of(b));
            ba.merge(&of(a));
            let whole = of(&values);
            prop_assert_eq!(&ab, &whole);
            prop_assert_eq!(&ba, &whole);
            ab.merge(&whole);
            prop_assert_eq!(&ab, &whole, "twice is once");
            let truth = values.iter().collect::<BTreeSet<_>>().len();
            if truth <= FEW_MAX {
                prop_assert_eq!(whole.estimate(), truth as f64);
            } else {
                prop_assert!((whole.estimate() / truth as f64 - 1.0).abs() < 0.25);
            }
        }
    }

    #[test]
    fn the_error_is_that_of_256_registers_at_any_size() {
        for size in [33u64, 100, 300, 640, 1_000, 10_000, 200_000] {
            let mut squares = 0.0;
            let mut bias = 0.0;
            for seed in 0..30u64 {
                let mut distinct = Distinct::default();
                (0..size).for_each(|n| {
                    distinct.add(seed << 40 | n);
                });
                let error = distinct.estimate() / size as f64 - 1.0;
                squares += error * error / 30.0;
                bias += error / 30.0;
            }
            assert!(squares.sqrt() < 0.095 && bias.abs() < 0.04, "{size}: {squares} {bias}");
        }
    }
}

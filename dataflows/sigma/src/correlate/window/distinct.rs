//! How many different values, in constant time per event whatever their number.
//!
//! A map says when each value was seen last, a queue says in which order; an entry of the queue
//! that is older than the map says is void. The queue is rebuilt when half of it is void, so a
//! value that comes again and again costs no memory. Values are 64-bit hashes: among a million of
//! them two are equal with a probability of 3·10⁻⁸.

use super::Cuts;
use hashbrown::HashMap;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::hash::{BuildHasherDefault, Hasher};

/// Void entries that are not worth a rebuild.
const SLACK: usize = 64;
/// Room for so many values is never given back.
const SHRINK_MIN: usize = 1_024;

/// Values are hashes already.
#[derive(Clone, Copy, Default)]
pub struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Different values and when each was seen last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "VecDeque<(Ns, u64)>", into = "VecDeque<(Ns, u64)>")]
pub struct Distinct {
    last: HashMap<u64, Ns, BuildHasherDefault<Plain>>,
    queue: VecDeque<(Ns, u64)>,
}

impl Distinct {
    /// Takes a value. Only the `keep` that were seen last are remembered.
    pub fn push(&mut self, at: Ns, value: u64, keep: usize, cuts: &mut Cuts) {
        if self.last.insert(value, at) == Some(at) {
            return;
        }
        self.queue.push_back((at, value));
        while self.last.len() > keep {
            let before = self.last.len();
            self.pop();
            cuts.dropped += (before - self.last.len()) as u64;
        }
        if self.queue.len() > 2 * self.last.len() + SLACK {
            let last = &self.last;
            self.queue.retain(|(at, value)| last.get(value) == Some(at));
        }
    }

    /// Removes the oldest entry, with its value unless that was seen again.
    fn pop(&mut self) {
        if let Some((at, value)) = self.queue.pop_front()
            && self.last.get(&value) == Some(&at)
        {
            self.last.remove(&value);
        }
    }

    /// Forgets what is not after `until`.
    pub fn expire(&mut self, until: Ns) {
        while self.queue.front().is_some_and(|(at, _)| *at <= until) {
            self.pop();
        }
        if self.last.capacity() > 8 * self.last.len() + SHRINK_MIN {
            self.last.shrink_to(2 * self.last.len());
            self.queue.shrink_to(2 * self.queue.len());
        }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// Entries held, for the bound.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.queue.len()
    }
}

impl From<VecDeque<(Ns, u64)>> for Distinct {
    fn from(queue: VecDeque<(Ns, u64)>) -> Distinct {
        Distinct { last: queue.iter().map(|(at, value)| (*value, *at)).collect(), queue }
    }
}

impl From<Distinct> for VecDeque<(Ns, u64)> {
    fn from(distinct: Distinct) -> VecDeque<(Ns, u64)> {
        distinct.queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_a_million_times_is_one_value() {
        let (mut distinct, mut cuts) = (Distinct::default(), Cuts::default());
        for at in 0..1_000_000u64 {
            distinct.push(at, 7, 100, &mut cuts);
            assert!(distinct.held() <= 2 + SLACK);
        }
        assert_eq!((distinct.len(), cuts.dropped), (1, 0));
    }

    #[test]
    fn room_for_many_values_is_given_back() {
        let (mut distinct, mut cuts) = (Distinct::default(), Cuts::default());
        (0..100_000u64).for_each(|at| distinct.push(at, at, 1 << 20, &mut cuts));
        assert!(distinct.last.capacity() >= 100_000);
        distinct.expire(99_989);
        assert!(distinct.len() == 10 && distinct.last.capacity() <= 8 * 10 + SHRINK_MIN);
        assert!(distinct.queue.capacity() < 1_000);
        distinct.push(100_000, 99_995, 1 << 20, &mut cuts);
        assert_eq!(distinct.len(), 10);
    }

    #[test]
    fn the_values_seen_last_are_kept() {
        let (mut distinct, mut cuts) = (Distinct::default(), Cuts::default());
        for at in 0..1_000u64 {
            distinct.push(at, at, 100, &mut cuts);
            distinct.push(at, 0, 100, &mut cuts);
        }
        assert_eq!((distinct.len(), cuts.dropped), (100, 900));
        distinct.expire(950);
        assert_eq!(distinct.len(), 50);
    }
}

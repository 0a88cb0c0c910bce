//! Percentiles and the median: the values in the order of time and in their own.
//!
//! Exact over the newest [`RANK_MAX`] values of the timespan; when there are more, the older ones
//! are not looked at. Sorted values lie in chunks, so that one that comes or leaves moves at most
//! [`CHUNK_MAX`] of them.

use super::super::fixed::{Fixed, Ratio};
use super::Cuts;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Values looked at.
pub const RANK_MAX: usize = 8_192;

/// Values of a chunk.
const CHUNK_MAX: usize = 256;

/// Values in their order.
#[derive(Clone, Debug, Default)]
struct Sorted {
    /// None is empty.
    chunks: Vec<Vec<Fixed>>,
    len: usize,
}

impl PartialEq for Sorted {
    fn eq(&self, other: &Sorted) -> bool {
        self.chunks.iter().flatten().eq(other.chunks.iter().flatten())
    }
}

impl Sorted {
    /// The chunk that a value lies in, or belongs to.
    fn chunk(&self, value: Fixed) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| *last < value))
    }

    fn insert(&mut self, value: Fixed) {
        self.len += 1;
        let at = self.chunk(value).min(self.chunks.len().saturating_sub(1));
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![value]);
            return;
        };
        chunk.insert(chunk.partition_point(|other| *other <= value), value);
        if chunk.len() > CHUNK_MAX {
            let upper = chunk.split_off(CHUNK_MAX / 2);
            self.chunks.insert(at + 1, upper);
        }
    }

    fn remove(&mut self, value: Fixed) {
        let at = self.chunk(value);
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        let Ok(place) = chunk.binary_search(&value) else { return };
        chunk.remove(place);
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
    }

    fn get(&self, mut place: usize) -> Option<Fixed> {
        for chunk in &self.chunks {
            match chunk.get(place) {
                Some(value) => return Some(*value),
                None => place -= chunk.len(),
            }
        }
        None
    }
}

/// Values of the timespan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "VecDeque<(Ns, Fixed)>", into = "VecDeque<(Ns, Fixed)>")]
pub struct Rank {
    queue: VecDeque<(Ns, Fixed)>,
    sorted: Sorted,
}

impl Rank {
    /// Takes a value.
    pub fn push(&mut self, at: Ns, value: Fixed, cuts: &mut Cuts) {
        if self.queue.len() >= RANK_MAX {
            self.pop();
            cuts.dropped += 1;
        }
        self.queue.push_back((at, value));
        self.sorted.insert(value);
    }

    fn pop(&mut self) {
        let Some((_, value)) = self.queue.pop_front() else { return };
        self.sorted.remove(value);
    }

    /// Forgets what is not after `until`.
    pub fn expire(&mut self, until: Ns) {
        while self.queue.front().is_some_and(|(at, _)| *at <= until) {
            self.pop();
        }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// The least value that so many percent of the values do not exceed.
    pub fn percentile(&self, percent: u8) -> Option<Ratio> {
        let rank = (self.sorted.len * usize::from(percent)).div_ceil(100).max(1);
        self.sorted.get(rank - 1).map(Ratio::plain)
    }

    /// The middle value; the mean of two where there is none.
    pub fn median(&self) -> Option<Ratio> {
        let half = self.sorted.len / 2;
        let upper = self.sorted.get(half)?;
        if self.sorted.len % 2 == 1 {
            return Some(Ratio::plain(upper));
        }
        Some(Ratio { over: self.sorted.get(half - 1)?.0 + upper.0, under: 2 })
    }
}

impl From<VecDeque<(Ns, Fixed)>> for Rank {
    fn from(queue: VecDeque<(Ns, Fixed)>) -> Rank {
        let mut sorted = Sorted::default();
        queue.iter().for_each(|(_, value)| sorted.insert(*value));
        Rank { queue, sorted }
    }
}

impl From<Rank> for VecDeque<(Ns, Fixed)> {
    fn from(rank: Rank) -> VecDeque<(Ns, Fixed)> {
        rank.queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_stay_in_order_and_lose_nothing() {
        let (mut sorted, mut plain) = (Sorted::default(), Vec::new());
        for n in 0..6_000u64 {
            let value = Fixed::whole(seerflow_model::hash::mix(n) % 900);
            sorted.insert(value);
            plain.push(value);
            if n % 3 == 0 {
                sorted.remove(plain.remove((n % 7) as usize % plain.len()));
            }
            sorted.remove(Fixed::whole(1_000));
        }
        plain.sort_unstable();
        assert!(sorted.chunks.len() > 20 && sorted.len == plain.len());
        assert!(sorted.chunks.iter().all(|chunk| (1..=CHUNK_MAX).contains(&chunk.len())));
        assert!((0..=plain.len()).all(|n| sorted.get(n) == plain.get(n).copied()));
        plain.into_iter().for_each(|value| sorted.remove(value));
        assert!(sorted.chunks.is_empty() && sorted.get(0).is_none());
    }

    #[test]
    fn ranks() {
        let (mut rank, mut cuts) = (Rank::default(), Cuts::default());
        assert_eq!((rank.median(), rank.percentile(50)), (None, None));
        for (at, value) in [9, 1, 5, 3].into_iter().enumerate() {
            rank.push(at as u64 + 1, Fixed::whole(value), &mut cuts);
        }
        assert_eq!(rank.median().unwrap().as_f64(), 4.0);
        for (percent, expected) in [(0, 1.0), (25, 1.0), (26, 3.0), (95, 9.0), (100, 9.0)] {
            assert_eq!(rank.percentile(percent).unwrap().as_f64(), expected, "{percent}");
        }
        rank.expire(1);
        assert_eq!(rank.median().unwrap().as_f64(), 3.0);
        for at in 0..2 * RANK_MAX as u64 {
            rank.push(10 + at, Fixed::whole(at), &mut cuts);
        }
        assert_eq!(rank.len(), RANK_MAX);
        assert_eq!(cuts.dropped, RANK_MAX as u64 + 3);
        assert_eq!(rank.percentile(0).unwrap().as_f64(), RANK_MAX as f64);
    }
}

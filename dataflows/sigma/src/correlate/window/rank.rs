//! Percentiles and the median: the values in the order of time and in their own.
//!
//! Exact over the newest [`RANK_MAX`] values of the timespan; when there are more, the older ones
//! are not looked at. An insertion moves half of them at most: 2 µs when full, far less when not.

use super::super::fixed::{Fixed, Ratio};
use super::Cuts;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Values looked at.
pub const RANK_MAX: usize = 8_192;

/// Values of the timespan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "VecDeque<(Ns, Fixed)>", into = "VecDeque<(Ns, Fixed)>")]
pub struct Rank {
    queue: VecDeque<(Ns, Fixed)>,
    sorted: Vec<Fixed>,
}

impl Rank {
    /// Takes a value.
    pub fn push(&mut self, at: Ns, value: Fixed, cuts: &mut Cuts) {
        if self.queue.len() >= RANK_MAX {
            self.pop();
            cuts.dropped += 1;
        }
        self.queue.push_back((at, value));
        let place = self.sorted.partition_point(|other| *other <= value);
        self.sorted.insert(place, value);
    }

    fn pop(&mut self) {
        let Some((_, value)) = self.queue.pop_front() else { return };
        if let Ok(place) = self.sorted.binary_search(&value) {
            self.sorted.remove(place);
        }
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
        let rank = (self.sorted.len() * usize::from(percent)).div_ceil(100).max(1);
        self.sorted.get(rank - 1).map(|value| Ratio::plain(*value))
    }

    /// The middle value; the mean of two where there is none.
    pub fn median(&self) -> Option<Ratio> {
        let half = self.sorted.len() / 2;
        let upper = self.sorted.get(half)?;
        if self.sorted.len() % 2 == 1 {
            return Some(Ratio::plain(*upper));
        }
        Some(Ratio { over: self.sorted.get(half - 1)?.0 + upper.0, under: 2 })
    }
}

impl From<VecDeque<(Ns, Fixed)>> for Rank {
    fn from(queue: VecDeque<(Ns, Fixed)>) -> Rank {
        let mut sorted: Vec<_> = queue.iter().map(|(_, value)| *value).collect();
        sorted.sort_unstable();
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

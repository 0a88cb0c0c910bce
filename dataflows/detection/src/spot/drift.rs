//! The moving mean of DSPOT: of the last values that were no alarms.

use serde::{Deserialize, Serialize};

/// A ring of values and their sum, which is made anew with each turn so that errors do not grow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Drift {
    ring: Vec<f64>,
    at: usize,
    sum: f64,
}

impl Drift {
    /// The mean; 0 without a depth, `None` until the ring is full.
    pub(super) fn mean(&self, depth: u32) -> Option<f64> {
        match depth as usize {
            0 => Some(0.0),
            depth if self.ring.len() < depth => None,
            _ => Some(self.sum / self.ring.len() as f64),
        }
    }

    /// Learns a value.
    pub(super) fn learn(&mut self, depth: u32, value: f64) {
        let depth = depth as usize;
        if depth == 0 {
            return;
        }
        if self.ring.len() > depth {
            self.ring.truncate(depth);
            (self.at, self.sum) = (0, self.ring.iter().sum());
        }
        if self.ring.len() < depth {
            self.ring.push(value);
            self.sum += value;
            return;
        }
        self.sum += value - std::mem::replace(&mut self.ring[self.at], value);
        self.at += 1;
        if self.at == depth {
            (self.at, self.sum) = (0, self.ring.iter().sum());
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.ring.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_mean_of_the_last(
            values in prop::collection::vec(-1e6f64..1e6, 1..80), depth in 1usize..12,
        ) {
            let mut drift = Drift::default();
            for (at, value) in values.iter().enumerate() {
                let before = &values[..at];
                let want = (at >= depth)
                    .then(|| before[at - depth..].iter().sum::<f64>() / depth as f64);
                match (drift.mean(depth as u32), want) {
                    (Some(got), Some(want)) => prop_assert!((got - want).abs() < 1e-6),
                    (got, want) => prop_assert_eq!(got, want),
                }
                drift.learn(depth as u32, *value);
            }
        }
    }
}

//! Whether something was seen once: in one cluster of lines.
//!
//! Good and Turing's estimate holds for observations that come one by one. Lines come in clusters:
//! a program that starts writes twenty lines of a kind within a second, and a count of lines knows
//! nothing that was seen once. A minute in which something was seen is the observation that comes
//! by itself (Chao's incidence), so "seen once" means here: in one minute only, and no more often
//! than a cluster explains. Cost: a division; 16 bytes of state.

use serde::{Deserialize, Serialize};

/// Length of what counts as one sighting, ns.
const MINUTE_NS: u64 = 60_000_000_000;

/// Lines of one kind that one cause still explains.
const CLUSTER: u32 = 64;

/// Whether something was seen once. See the module head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighted {
    /// The minute of all sightings so far; `u64::MAX` when it was seen more than once.
    minute: u64,
    /// Sightings in that minute.
    count: u32,
}

impl Sighted {
    /// Before its first sighting, which is at this time.
    pub fn first(at_ns: u64) -> Sighted {
        Sighted { minute: at_ns / MINUTE_NS, count: 0 }
    }

    /// Whether it was seen once so far.
    pub fn once(&self) -> bool {
        self.minute != u64::MAX
    }

    /// A sighting; whether by it this is no longer something that was seen once.
    pub fn again(&mut self, at_ns: u64) -> bool {
        if self.minute == u64::MAX {
            return false;
        }
        self.count += 1;
        let more = self.minute != at_ns / MINUTE_NS || self.count > CLUSTER;
        if more {
            self.minute = u64::MAX;
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_one_sighting_and_the_next_minute_ends_it_once() {
        let mut sighted = Sighted::first(3 * MINUTE_NS);
        let later = [3 * MINUTE_NS, 4 * MINUTE_NS - 1, 4 * MINUTE_NS, 5 * MINUTE_NS, 0, u64::MAX];
        assert_eq!(later.map(|at| sighted.again(at)), [false, false, true, false, false, false]);
    }

    #[test]
    fn what_no_cluster_explains_was_seen_more_than_once() {
        let mut sighted = Sighted::first(0);
        assert!((0..u64::from(CLUSTER)).all(|second| !sighted.again(second)));
        assert!(sighted.again(70) && !sighted.again(71));
    }
}

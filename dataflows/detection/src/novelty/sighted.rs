//! In how many minutes something was seen: one, or more than one.
//!
//! Good and Turing's estimate holds for observations that come one by one. Lines come in clusters:
//! a program that starts writes twenty lines of a kind within a second, and a count of lines knows
//! nothing that was seen once. A minute in which something was seen is the observation that comes
//! by itself (Chao's incidence), so "seen once" means here: in one minute only. Cost: a division;
//! eight bytes of state.

use serde::{Deserialize, Serialize};

/// Length of what counts as one sighting, ns.
const MINUTE_NS: u64 = 60_000_000_000;

/// Whether something was seen in one minute only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighted {
    /// The minute of all sightings so far; `u64::MAX` when there were more.
    minute: u64,
}

impl Sighted {
    /// Seen for the first time.
    pub fn first(at_ns: u64) -> Sighted {
        Sighted { minute: at_ns / MINUTE_NS }
    }

    /// Seen again; whether by that it is no longer something that was seen once.
    pub fn again(&mut self, at_ns: u64) -> bool {
        if self.minute == u64::MAX || self.minute == at_ns / MINUTE_NS {
            return false;
        }
        self.minute = u64::MAX;
        true
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
}

//! How long a question may work: what bounds every search, so that none can run for ever.

use std::time::{Duration, Instant};

/// Longest time that a question may work.
pub const TIME_MAX: Duration = Duration::from_secs(5);
/// Most events that are read again to be looked at.
pub const READS_MAX: u64 = 2_000_000;

/// What is left of it. Asked between parts: a part that was begun is finished, so every answer
/// gets further.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    deadline: Instant,
    reads: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget::new(TIME_MAX, READS_MAX)
    }
}

impl Budget {
    /// So much from now.
    pub fn new(time: Duration, reads: u64) -> Budget {
        Budget { deadline: Instant::now() + time, reads }
    }

    /// An event was read.
    pub(super) fn read(&mut self) {
        self.reads = self.reads.saturating_sub(1);
    }

    /// Whether nothing is left.
    pub(super) fn is_spent(&self) -> bool {
        self.reads == 0 || Instant::now() >= self.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_by_time_and_by_reads() {
        assert!(Budget::new(Duration::ZERO, 9).is_spent());
        let mut budget = Budget::new(Duration::from_secs(600), 2);
        budget.read();
        assert!(!budget.is_spent());
        budget.read();
        budget.read();
        assert!(budget.is_spent());
    }
}

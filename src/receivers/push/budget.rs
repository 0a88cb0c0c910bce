//! How much all requests of a receiver may hold: bytes and requests, counted, never waited for.
//!
//! A [`Room`] is what one request holds; dropping it gives everything back. Two atomics a growth.

use super::Refusal;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bound of one receiver.
#[derive(Debug)]
pub struct Budget {
    bytes: AtomicUsize,
    requests: AtomicUsize,
    bytes_max: usize,
    requests_max: usize,
}

impl Budget {
    /// Nothing held yet.
    pub fn new(bytes_max: usize, requests_max: usize) -> Arc<Budget> {
        let (bytes, requests) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Budget { bytes, requests, bytes_max, requests_max })
    }

    /// Room for one more request, empty at first.
    pub fn enter(self: &Arc<Self>) -> Result<Room, Refusal> {
        if self.requests.fetch_add(1, Ordering::AcqRel) >= self.requests_max {
            self.requests.fetch_sub(1, Ordering::AcqRel);
            return Err(Refusal::Full);
        }
        Ok(Room { budget: self.clone(), bytes: 0 })
    }

    /// Bytes and requests held now.
    pub fn held(&self) -> (usize, usize) {
        (self.bytes.load(Ordering::Acquire), self.requests.load(Ordering::Acquire))
    }
}

/// What one request holds.
#[derive(Debug)]
pub struct Room {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Room {
    /// Holds so many bytes more, or none.
    pub fn grow(&mut self, more: usize) -> Result<(), Refusal> {
        let before = self.budget.bytes.fetch_add(more, Ordering::AcqRel);
        if before.saturating_add(more) > self.budget.bytes_max {
            self.budget.bytes.fetch_sub(more, Ordering::AcqRel);
            return Err(Refusal::Full);
        }
        self.bytes += more;
        Ok(())
    }

    /// Gives bytes back.
    pub fn shrink(&mut self, less: usize) {
        let less = less.min(self.bytes);
        self.bytes -= less;
        self.budget.bytes.fetch_sub(less, Ordering::AcqRel);
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
        self.budget.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_changes_nothing_and_all_is_given_back() {
        let budget = Budget::new(100, 2);
        let mut one = budget.enter().unwrap();
        let mut two = budget.enter().unwrap();
        assert!(matches!(budget.enter(), Err(Refusal::Full)));
        one.grow(60).unwrap();
        assert!(matches!(two.grow(41), Err(Refusal::Full)));
        assert!(matches!(two.grow(usize::MAX), Err(Refusal::Full)));
        assert_eq!(budget.held(), (60, 2));
        two.grow(40).unwrap();
        one.shrink(10);
        assert_eq!((one.bytes(), budget.held()), (50, (90, 2)));
        one.shrink(1_000);
        drop(one);
        assert_eq!(budget.held(), (40, 1));
        drop(two);
        assert_eq!(budget.held(), (0, 0));
    }
}

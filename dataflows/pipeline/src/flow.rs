//! Flow control of one process: how much is in flight, how much is held, who may go on.
//!
//! In a cluster what the process sent elsewhere is in flight until the others say that it arrived, and
//! a source stops for what any process holds.

use seerflow_model::time::{Ns, SECOND, floor_tick};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Records so far above the frontier (beyond the lateness) are those of a clock that is ahead.
const AHEAD: Ns = 10 * SECOND;
/// Records in flight.
const IN_FLIGHT_MAX: i64 = 32_768;
/// Bytes of those of them that are read.
const IN_FLIGHT_BYTES_MAX: i64 = 32 << 20;

/// Shared by the sources and the first keyed operator of all workers of a process.
pub struct Flow {
    /// Records sent by sources and not yet arrived where they are held.
    in_flight: AtomicI64,
    /// Bytes of those of them that are read.
    in_flight_bytes: AtomicI64,
    /// Bytes held for order.
    held: AtomicI64,
    held_max: i64,
    /// Promise (ms) of each worker's source.
    promises: Vec<AtomicU64>,
    /// Most bytes ever held.
    peak: AtomicI64,
    /// Bytes held by each other process of the cluster, as it last said.
    elsewhere: Vec<AtomicI64>,
}

impl Flow {
    /// For `workers` workers; `held_max` is `engine.max_held_bytes`.
    pub fn new(workers: usize, held_max: u64) -> Flow {
        Flow::of_cluster(workers, 1, held_max)
    }

    /// For `workers` workers of one of `processes` processes.
    pub fn of_cluster(workers: usize, processes: usize, held_max: u64) -> Flow {
        Flow {
            in_flight: AtomicI64::new(0),
            in_flight_bytes: AtomicI64::new(0),
            held: AtomicI64::new(0),
            held_max: held_max.min(i64::MAX as u64) as i64,
            promises: (0..workers).map(|_| AtomicU64::new(0)).collect(),
            peak: AtomicI64::new(0),
            elsewhere: (1..processes).map(|_| AtomicI64::new(0)).collect(),
        }
    }

    /// A source sent records.
    pub fn sent(&self, records: u64) {
        self.in_flight.fetch_add(records as i64, Ordering::AcqRel);
    }

    /// Records arrived (and are held now, or were dropped on the way).
    pub fn arrived(&self, records: u64) {
        self.in_flight.fetch_sub(records as i64, Ordering::AcqRel);
    }

    /// So many bytes of records in flight were read (positive), or arrived.
    pub fn read(&self, bytes: i64) {
        self.in_flight_bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Bytes are held (positive) or released (negative).
    pub fn hold(&self, bytes: i64) {
        let now = self.held.fetch_add(bytes, Ordering::AcqRel) + bytes;
        if bytes > 0 {
            self.peak.fetch_max(now, Ordering::AcqRel);
        }
    }

    /// The `other`th of the other processes holds `bytes`.
    pub fn held_elsewhere(&self, other: usize, bytes: i64) {
        self.elsewhere[other].store(bytes, Ordering::Release);
    }

    /// Whether this process or another holds all that it may.
    pub fn is_full(&self) -> bool {
        let full = |held: &AtomicI64| held.load(Ordering::Acquire) > self.held_max;
        full(&self.held) || self.elsewhere.iter().any(full)
    }

    /// Bytes held now, and the most ever held.
    pub fn held(&self) -> (i64, i64) {
        (self.held.load(Ordering::Acquire), self.peak.load(Ordering::Acquire))
    }

    /// The source of `worker` promises `ms`.
    pub fn promise(&self, worker: usize, ms: u64) {
        self.promises[worker].store(ms, Ordering::Release);
    }

    /// The least of all promises, ns; `None` before the first.
    pub fn frontier_ns(&self) -> Option<u64> {
        let least = self.promises.iter().map(|p| p.load(Ordering::Acquire)).min()?;
        (least > 0).then(|| least.saturating_mul(1_000_000))
    }

    /// Whether records from `least` on have to wait at their door. Workers serve all doors alike, so
    /// none of them can be stopped for the sake of one sender whose clock is ahead: that sender is,
    /// when half of what may be held is held.
    pub fn too_far(&self, least: Ns, lateness: Ns) -> bool {
        self.held.load(Ordering::Acquire) > self.held_max / 2
            && self
                .frontier_ns()
                .is_some_and(|at| least > at.saturating_add(lateness).saturating_add(AHEAD))
    }

    /// Whether records from `least` on have to wait at their door because all is held that may be.
    /// Those that are next never have to: without them the frontier could stand still.
    pub fn must_wait(&self, least: Ns) -> bool {
        self.is_full() && self.frontier_ns().unwrap_or(0) < floor_tick(least)
    }

    /// Whether the source of `worker` may send another batch; `lags` when too many of its marks
    /// are still under way, `leads` says whether no other process promises less.
    pub fn may_send(&self, worker: usize, lags: bool, leads: impl FnOnce() -> bool) -> bool {
        if self.in_flight.load(Ordering::Acquire) > IN_FLIGHT_MAX
            || self.in_flight_bytes.load(Ordering::Acquire) > IN_FLIGHT_BYTES_MAX
        {
            return false;
        }
        if !lags && !self.is_full() {
            return true;
        }
        let own = self.promises[worker].load(Ordering::Acquire);
        self.promises.iter().all(|other| own <= other.load(Ordering::Acquire)) && leads()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::time::MILLISECOND;

    #[test]
    fn half_of_what_may_be_held_is_for_those_that_are_not_ahead() {
        let flow = Flow::new(1, 100);
        flow.hold(51);
        assert!(!flow.too_far(60 * SECOND, 0), "nothing is promised yet");
        flow.promise(0, 1_000);
        assert!(flow.too_far(60 * SECOND, 0) && !flow.too_far(60 * SECOND, 50 * SECOND));
        assert!(!flow.too_far(11 * SECOND, 0));
        flow.hold(-1);
        assert!(!flow.too_far(60 * SECOND, 0));
    }

    #[test]
    fn when_all_is_held_only_what_is_next_comes_in() {
        let flow = Flow::new(1, 100);
        flow.promise(0, 1_000);
        flow.hold(100);
        assert!(!flow.must_wait(60 * SECOND));
        flow.hold(1);
        assert!(flow.must_wait(1_100 * MILLISECOND));
        assert!(!flow.must_wait(1_099 * MILLISECOND));
    }

    #[test]
    fn the_least_promise_is_never_stopped_by_what_is_held() {
        let flow = Flow::new(2, 100);
        flow.promise(0, 5);
        flow.promise(1, 9);
        flow.hold(101);
        let may = |worker, lags| flow.may_send(worker, lags, || true);
        assert!(may(0, true) && !may(1, false));
        flow.hold(-1);
        assert!(may(1, false) && !may(1, true));
        flow.sent(70_000);
        assert!(!may(0, false));
        flow.arrived(70_000);
        flow.read(IN_FLIGHT_BYTES_MAX + 1);
        assert!(!may(0, false));
        flow.read(-1);
        assert!(may(0, false));
        assert_eq!(flow.held(), (100, 101));
    }

    #[test]
    fn what_another_process_holds_stops_all_but_the_least_of_all() {
        let flow = Flow::of_cluster(1, 3, 100);
        flow.promise(0, 5);
        flow.held_elsewhere(1, 101);
        assert!(flow.may_send(0, false, || true) && !flow.may_send(0, false, || false));
        flow.held_elsewhere(1, 100);
        assert!(flow.may_send(0, false, || false));
    }
}

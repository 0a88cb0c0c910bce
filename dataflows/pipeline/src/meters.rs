//! What the keyed operators of a process count, for people.
//!
//! Each operator of each worker has its own cells and stores into them when it has released
//! something; readers add them up. Cost: a few stores a release, not a record.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// Cells of one operator of one worker.
#[derive(Debug, Default)]
pub struct Meter {
    /// Records that it has taken.
    pub records: AtomicU64,
    /// Records that it holds for order.
    pub held: AtomicU64,
    /// Keys that have state.
    pub keys: AtomicU64,
    /// Keys that were given up to keep the bound.
    pub evictions: AtomicU64,
    /// Bytes of a key's state, without what it points to.
    pub key_bytes: AtomicU64,
}

/// The cells of each operator, one set a worker.
type ByOperator = BTreeMap<&'static str, Vec<Arc<Meter>>>;

/// Cells of all operators. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Meters(Arc<Mutex<ByOperator>>);

/// What an operator has counted on all workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metered {
    /// Records that it has taken.
    pub records: u64,
    /// Records that it holds for order.
    pub held: u64,
    /// Keys that have state.
    pub keys: u64,
    /// Keys that were given up to keep the bound.
    pub evictions: u64,
    /// Bytes of its state, without what it points to.
    pub bytes: u64,
}

impl Meters {
    /// Cells for an operator of one worker.
    pub fn of(&self, operator: &'static str, key_bytes: usize) -> Arc<Meter> {
        let meter = Arc::new(Meter::default());
        meter.key_bytes.store(key_bytes as u64, Relaxed);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(operator).or_default().push(meter.clone());
        meter
    }

    /// What all have counted, by operator.
    pub fn read(&self) -> BTreeMap<&'static str, Metered> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |meters: &Vec<Arc<Meter>>| {
            meters.iter().fold(Metered::default(), |sum, meter| {
                let keys = meter.keys.load(Relaxed);
                Metered {
                    records: sum.records + meter.records.load(Relaxed),
                    held: sum.held + meter.held.load(Relaxed),
                    keys: sum.keys + keys,
                    evictions: sum.evictions + meter.evictions.load(Relaxed),
                    bytes: sum.bytes + keys * meter.key_bytes.load(Relaxed),
                }
            })
        };
        all.iter().map(|(name, meters)| (*name, sum(meters))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_added_up() {
        let meters = Meters::default();
        for n in 1..=2 {
            let meter = meters.of("series", 100);
            meter.records.store(10 * n, Relaxed);
            meter.keys.store(n, Relaxed);
        }
        let want = Metered { records: 30, keys: 3, bytes: 300, ..Metered::default() };
        assert_eq!(meters.clone().read(), BTreeMap::from([("series", want)]));
    }
}

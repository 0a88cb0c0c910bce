//! How much was redacted, by kind.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// Counters that all sources of a run share.
#[derive(Debug, Default)]
pub struct Counts {
    pub(super) lines: Arc<AtomicU64>,
    kinds: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
}

impl Counts {
    /// Lines in which something was redacted.
    pub fn lines(&self) -> u64 {
        self.lines.load(Relaxed)
    }

    /// Redacted values by kind; kinds that no rule names are not there.
    pub fn values(&self) -> BTreeMap<String, u64> {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.iter().map(|(name, n)| (name.clone(), n.load(Relaxed))).collect()
    }

    pub(super) fn kind(&self, name: &str) -> Arc<AtomicU64> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.entry(name.to_owned()).or_default().clone()
    }
}

//! What every operator of one worker is given: the end of input, the cut, the state to begin with.

use crate::meters::Meters;
use crate::rec::Time;
use seerflow_model::Ns;
use seerflow_model::time::{MAX_NS, MILLISECOND};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// State of operators by (name, group), as bytes.
pub type Snapshot = BTreeMap<(String, u8), Vec<u8>>;

/// The end of input: its time E, known before the last capability goes.
///
/// Timers due ≤ E fire, later ones do not: the end of an archive is not the end of time.
#[derive(Debug)]
pub struct End(AtomicU64);

impl Default for End {
    fn default() -> End {
        End(AtomicU64::new(u64::MAX))
    }
}

impl End {
    /// Announces E = newest effective time of all + 1 ms. Must come before the ports close.
    pub fn announce(&self, newest: Ns) {
        self.0.store(newest.saturating_add(MILLISECOND).min(MAX_NS), Ordering::Release);
    }

    /// Whether E is known.
    pub fn announced(&self) -> bool {
        self.last() != u64::MAX
    }

    /// The last instant at which a timer may fire.
    pub fn last(&self) -> Ns {
        self.0.load(Ordering::Acquire)
    }
}

/// A cut at a frontier F: every operator hands over its state of all records < F, then goes on.
#[derive(Debug)]
pub struct Cut {
    /// F, a multiple of the tick.
    pub at: Ns,
    parts: Mutex<Snapshot>,
}

impl Cut {
    /// A cut to be taken at `at`, rounded down to the tick.
    pub fn at(at: Ns) -> Cut {
        Cut { at: seerflow_model::time::floor_tick(at), parts: Mutex::default() }
    }

    /// A cut at the end of the input: the state of all records, after what is due by then and before
    /// anything is closed.
    pub fn at_end() -> Cut {
        Cut::at(Ns::MAX)
    }

    /// Takes the state of one group of one operator.
    pub fn put(&self, operator: &str, group: u8, state: Vec<u8>) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let before = parts.insert((operator.to_owned(), group), state);
        debug_assert!(before.is_none(), "one owner a group: {operator} {group}");
    }

    /// Everything that was handed over.
    pub fn take(&self) -> Snapshot {
        std::mem::take(&mut *self.parts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Time without the engine, between the cut that was restored and the first promise after it.
///
/// What happened in it is not known: buckets inside it are unknown, not zero, and whoever waits for
/// something that comes regularly waits so much longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The frontier of the cut.
    pub from: Ns,
    /// When the engine was there again.
    pub to: Ns,
}

impl Gap {
    /// Its length.
    pub fn length(self) -> Ns {
        self.to.saturating_sub(self.from)
    }

    /// How many units of `unit` ns lie in it.
    pub fn units(self, unit: Ns) -> u64 {
        (self.to / unit).saturating_sub(self.from / unit)
    }

    /// How many units of `unit` ns it touches: of all of them something is not known.
    pub fn touched(self, unit: Ns) -> u64 {
        if self.to <= self.from {
            return 0;
        }
        self.to.div_ceil(unit).saturating_sub(self.from / unit)
    }
}

/// What operators of one worker share with the outside.
#[derive(Clone, Default)]
pub struct Env {
    /// Index of this worker.
    pub worker: usize,
    /// Number of workers of all processes.
    pub workers: usize,
    /// The end of input.
    pub end: Arc<End>,
    /// The cut to take, if any.
    pub cut: Option<Arc<Cut>>,
    /// The state to begin with.
    pub restore: Option<Arc<Snapshot>>,
    /// The time between that state and now, when there is any.
    pub gap: Option<Gap>,
    /// Keys that a group of any operator may hold, where that is less than the operator's own bound.
    pub group_keys_max: Option<usize>,
    /// What its keyed operators count.
    pub meters: Meters,
}

impl Env {
    /// Whether this worker owns a key group.
    pub fn owns(&self, group: u8) -> bool {
        usize::from(group) % self.workers.max(1) == self.worker
    }

    /// The groups of `operator` that this worker owns and that have state to begin with.
    pub fn restored(&self, operator: &str) -> Vec<(u8, &[u8])> {
        let Some(snapshot) = &self.restore else { return Vec::new() };
        snapshot
            .range((operator.to_owned(), 0)..=(operator.to_owned(), u8::MAX))
            .filter(|((_, group), _)| self.owns(*group))
            .map(|((_, group), bytes)| (*group, bytes.as_slice()))
            .collect()
    }
}

/// First instant that a frontier (`None`: empty) has not passed, in ns.
pub fn passed(frontier: Option<Time>) -> Ns {
    frontier.map_or(u64::MAX, |ms| ms.saturating_mul(MILLISECOND))
}

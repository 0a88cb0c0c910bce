//! The total order of everything in the engine.

use crate::time::Ns;
use serde::{Deserialize, Serialize};

/// Position of a record in the total order; compared field by field.
///
/// A derived record inherits the first three from its cause and adds its producer's stage, its key
/// and a running number. What a timer makes has `(its due time, 0, 0, stage, key, n)`. Two records
/// with equal order in one operator are a bug.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Order {
    /// Effective time of the record or of the timer.
    pub effective: Ns,
    /// Source of the causing record, 0 for timers.
    pub source: u64,
    /// Sequence of the causing record within its source, 0 for timers.
    pub seq: u64,
    /// Stage of the producing operator; 0 for a record as it came in.
    pub stage: u16,
    /// Key of the producing state.
    pub key: u64,
    /// Running number of what that state produced for one cause.
    pub n: u32,
}

impl Order {
    /// Order of a record as it came in.
    pub const fn record(effective: Ns, source: u64, seq: u64) -> Order {
        Order { effective, source, seq, stage: 0, n: 0, key: 0 }
    }

    /// Order of the `n`-th thing that `stage` derives from this one under `key`.
    pub const fn derive(self, stage: u16, key: u64, n: u32) -> Order {
        Order { stage, key, n, ..self }
    }

    /// Order of what a timer makes.
    pub const fn timer(due: Ns, stage: u16, key: u64, n: u32) -> Order {
        Order { effective: due, source: 0, seq: 0, stage, key, n }
    }
}

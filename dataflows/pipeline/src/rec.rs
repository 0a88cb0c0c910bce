//! What travels between operators: payload, key and place in the total order.

use seerflow_model::Order;
use seerflow_model::hash;
use serde::{Deserialize, Serialize};

/// The dataflow timestamp: milliseconds since 1970, a multiple of the tick.
pub type Time = u64;

/// A record on its way to the owner of its key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rec<D> {
    /// Place in the total order.
    pub order: Order,
    /// Key that owns it; its group decides the worker.
    pub key: u64,
    /// Payload.
    pub data: D,
}

impl<D> Rec<D> {
    /// Routing value: the key group, so that routing survives a change of worker count.
    #[inline]
    pub fn route(&self) -> u64 {
        u64::from(hash::group(self.key))
    }
}

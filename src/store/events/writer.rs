//! The writer of one worker: takes its events, passes over those that were stored before.
//!
//! Only events of a source that the store already knew when it was opened can have been stored
//! before; for those the positions in it are looked up, for all others that costs one comparison.

use super::footer::Origin;
use super::shard::Shard;
use super::store::Inner;
use hashbrown::HashMap;
use roaring::RoaringTreemap;
use seerflow_model::Event;
use seerflow_pipeline::keep::{Keeper, Kept};
use std::sync::{Arc, PoisonError};

/// See the module head.
pub struct Writer {
    inner: Arc<Inner>,
    shard: Arc<Shard>,
    /// Positions that are stored, of the sources that came; `None` for a source not known before.
    before: HashMap<u64, Option<RoaringTreemap>>,
    /// Events taken and not counted yet.
    taken: u64,
}

impl Writer {
    pub(super) fn new(inner: Arc<Inner>, shard: Arc<Shard>) -> Writer {
        Writer { inner, shard, before: HashMap::new(), taken: 0 }
    }

    /// How events of this writer came into the store.
    pub fn origin(&self) -> Origin {
        self.shard.origin
    }

    /// Takes an event; `false` when it was stored before this opening of the store.
    pub fn store(&mut self, event: &Event, template: u64, text: &str, probability: f64) -> bool {
        let known = self
            .before
            .entry(event.source.id)
            .or_insert_with(|| self.inner.before(event.source.id));
        if known.as_ref().is_some_and(|seqs| seqs.contains(event.seq)) {
            self.inner.counts.already_stored(1);
            return false;
        }
        let mut state = self.shard.lock();
        if !state.running {
            drop(state);
            self.inner.counts.lost(1);
            return true;
        }
        if state.open.since.is_none() {
            state.open.since = Some(self.inner.clock.now());
        }
        let full = {
            let mut rows = state.open.rows.write().unwrap_or_else(PoisonError::into_inner);
            rows.keep(event, template, text, probability);
            rows.is_full()
        };
        self.taken += 1;
        if full && self.shard.hand_over(state) {
            self.inner.counts.waited();
        }
        true
    }

    /// Lets readers see all that was taken.
    pub fn show(&mut self) {
        self.inner.counts.stored(std::mem::take(&mut self.taken));
        let mut state = self.shard.lock();
        let open = &mut state.open;
        if open.since.is_some() {
            let rows = open.rows.read().unwrap_or_else(PoisonError::into_inner);
            open.published = open.published.and(&rows);
        }
        let now = self.inner.clock.now();
        let age = open.since.map_or(0, |since| now.saturating_sub(since));
        if age >= self.inner.options.block_age && self.shard.hand_over(state) {
            self.inner.counts.waited();
        }
    }
}

impl Keeper for Writer {
    fn keep(&mut self, kept: Kept<'_>) {
        self.store(kept.event, kept.template, kept.text, kept.probability);
    }

    fn publish(&mut self) {
        self.show();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.show();
    }
}

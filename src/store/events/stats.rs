//! What the store counts.

use super::opening::Opened;
use super::store::Inner;
use seerflow_model::Ns;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Running counters.
#[derive(Debug, Default)]
pub(super) struct Counts {
    stored: AtomicU64,
    already_stored: AtomicU64,
    lost: AtomicU64,
    waits: AtomicU64,
    merges: AtomicU64,
    expired: [AtomicU64; 3],
    cut_bytes: AtomicU64,
    set_aside: AtomicU64,
}

/// Why events are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Age,
    Bytes,
    Disk,
}

impl Counts {
    pub(super) fn stored(&self, events: u64) {
        self.stored.fetch_add(events, Relaxed);
    }

    pub(super) fn taken(&self) -> u64 {
        self.stored.load(Relaxed)
    }

    pub(super) fn already_stored(&self, events: u64) {
        self.already_stored.fetch_add(events, Relaxed);
    }

    pub(super) fn lost(&self, events: u64) {
        self.lost.fetch_add(events, Relaxed);
    }

    pub(super) fn waited(&self) {
        self.waits.fetch_add(1, Relaxed);
    }

    pub(super) fn merged(&self) {
        self.merges.fetch_add(1, Relaxed);
    }

    pub(super) fn expired(&self, reason: Reason, events: u64) {
        if let Some(count) = self.expired.get(reason as usize) {
            count.fetch_add(events, Relaxed);
        }
    }

    pub(super) fn opened(&self, opened: &Opened) {
        self.cut_bytes.fetch_add(opened.cut_bytes, Relaxed);
        self.set_aside.fetch_add(opened.set_aside, Relaxed);
    }
}

/// What the store holds and what became of the rest; counters since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events that readers see.
    pub events: u64,
    /// Bytes of all sealed segments.
    pub bytes: u64,
    /// Sealed segments.
    pub segments: u64,
    /// Blocks on disk.
    pub blocks: u64,
    /// The least time that a stored event speaks of, and the greatest.
    pub span: Option<(Ns, Ns)>,
    /// Events that writers have taken.
    pub stored: u64,
    /// Events that were not stored because they were already.
    pub already_stored: u64,
    /// Events that could not be written.
    pub lost: u64,
    /// Times that a worker waited for the disk.
    pub waits: u64,
    /// Merges done.
    pub merges: u64,
    /// Events forgotten because of their age,
    pub expired_age: u64,
    /// because of `retention.max_bytes`,
    pub expired_bytes: u64,
    /// because the disk is nearly full.
    pub expired_disk: u64,
    /// Bytes of torn ends that were cut when the store was opened.
    pub cut_bytes: u64,
    /// Damaged stretches that are left out: found when the store was opened, or since.
    pub set_aside: u64,
}

impl Stats {
    pub(super) fn of(inner: &Inner) -> Stats {
        let counts = &inner.counts;
        let [age, bytes, disk] = &counts.expired;
        let mut stats = Stats {
            stored: counts.stored.load(Relaxed),
            already_stored: counts.already_stored.load(Relaxed),
            lost: counts.lost.load(Relaxed),
            waits: counts.waits.load(Relaxed),
            merges: counts.merges.load(Relaxed),
            expired_age: age.load(Relaxed),
            expired_bytes: bytes.load(Relaxed),
            expired_disk: disk.load(Relaxed),
            cut_bytes: counts.cut_bytes.load(Relaxed),
            set_aside: counts.set_aside.load(Relaxed),
            ..Stats::default()
        };
        for shard in inner.shards() {
            let state = shard.lock();
            stats.set_aside += state.damaged();
            stats.blocks += state.unsealed().1;
            for segment in state.segments.values() {
                stats.bytes += segment.bytes;
                stats.segments += 1;
                stats.blocks += segment.blocks.len() as u64;
            }
            let mut parts = Vec::new();
            state.parts(&mut parts);
            for part in parts {
                stats.events += u64::from(part.rows());
                let (least, greatest) = part.span();
                let known = stats.span.unwrap_or((least, greatest));
                stats.span = Some((known.0.min(least), known.1.max(greatest)));
            }
        }
        stats
    }
}

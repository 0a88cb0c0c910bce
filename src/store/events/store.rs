//! The face of the event store.

use super::cache::Cache;
use super::error::{Result, StoreError};
use super::expire;
use super::footer::Origin;
use super::manifest::{Listed, Manifest};
use super::opening::{self, Opened};
use super::part::Snapshot;
use super::segment::Segment;
use super::shard::Shard;
use super::stats::{Counts, Stats};
use super::writer::Writer;
use crate::runtime::clock::Clock;
use roaring::RoaringTreemap;
use seerflow_model::Ns;
use seerflow_model::time::SECOND;
use seerflow_pipeline::keep::Keepers;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How a store behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rows that wait for others longer than this become a block of their own.
    pub block_age: Ns,
    /// A segment is sealed when it has so many rows,
    pub segment_rows: u64,
    /// or so many bytes,
    pub segment_bytes: u64,
    /// or is so old.
    pub segment_age: Ns,
    /// Bytes of decoded columns that are kept in memory.
    pub cache_bytes: usize,
    /// Merge and expire by itself.
    pub background: bool,
    /// What is forgotten.
    pub retention: Retention,
}

/// What is forgotten, by age since receipt and by bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retention {
    /// Events received longer ago than this.
    pub max_age: Option<Ns>,
    /// The oldest, when all files are larger than this,
    pub max_bytes: Option<u64>,
    /// or larger than this part of the disk,
    pub max_disk_share: f64,
    /// or when more than this part of the disk is in use.
    pub disk_full: f64,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention {
            max_age: Some(30 * 86_400 * SECOND),
            max_bytes: Some(10 << 30),
            max_disk_share: 0.2,
            disk_full: 0.95,
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            block_age: 5 * SECOND,
            segment_rows: 1 << 20,
            segment_bytes: 128 << 20,
            segment_age: 300 * SECOND,
            cache_bytes: 12 << 20,
            background: true,
            retention: Retention::default(),
        }
    }
}

/// How often the background looks for what is to be forgotten.
const EXPIRE_EVERY: Ns = 60 * SECOND;

/// What threads and writers share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) dir: PathBuf,
    pub(super) options: Options,
    pub(super) clock: Clock,
    pub(super) cache: Arc<Cache>,
    pub(super) counts: Counts,
    shards: Mutex<BTreeMap<u32, Arc<Shard>>>,
    /// The sources that were known when the store was opened.
    before: BTreeSet<u64>,
    /// Held by a merge from its choice to its end, and while segments are forgotten.
    pub(super) merging: Mutex<()>,
    /// Held while the list of segments changes and the manifest is written.
    changing: Mutex<()>,
    background: Mutex<Background>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Background {
    sealed: bool,
    ends: bool,
}

/// The event store; see the module head of `events`.
#[derive(Debug)]
pub struct EventStore {
    pub(super) inner: Arc<Inner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Inner {
    pub(super) fn shards(&self) -> Vec<Arc<Shard>> {
        self.locked().values().cloned().collect()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Shard>>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored of a source now, wherever it is.
    pub(super) fn seqs_of(&self, source: u64) -> Result<RoaringTreemap> {
        let (mut all, mut parts) = (RoaringTreemap::new(), Vec::new());
        for shard in self.shards() {
            let segments: Vec<_> = {
                let state = shard.lock();
                state.unsealed_parts(&mut parts);
                state.segments.values().cloned().collect()
            };
            all |= sealed_seqs(&segments, source);
        }
        for part in parts {
            let sources = part.sources()?;
            let seqs = part.seqs()?;
            for (row, seq) in (0..part.rows()).zip(seqs.iter()) {
                if sources.get(row).is_some_and(|info| info.id == source) {
                    all.insert(*seq);
                }
            }
        }
        Ok(all)
    }

    /// What of a source is in sealed segments, when it was known as the store was opened.
    pub(super) fn before(&self, source: u64) -> Option<RoaringTreemap> {
        if !self.before.contains(&source) {
            return None;
        }
        let mut all = RoaringTreemap::new();
        for shard in self.shards() {
            let segments: Vec<_> = shard.lock().segments.values().cloned().collect();
            all |= sealed_seqs(&segments, source);
        }
        Some(all)
    }

    /// Writes the manifest; `changing` must be held.
    pub(super) fn save(&self, _changing: &MutexGuard<'_, ()>) -> Result<()> {
        let (mut next, mut segments) = (BTreeMap::new(), Vec::new());
        for shard in self.shards() {
            let state = shard.lock();
            next.insert(shard.number, state.next);
            segments.extend(state.segments.values().map(|segment| Listed {
                shard: shard.number,
                number: segment.number,
                place: segment.footer.place,
                rows: segment.rows(),
                bytes: segment.bytes,
            }));
        }
        Manifest::new(next, segments).write(&self.dir)
    }

    /// A segment was sealed.
    pub(super) fn sealed(&self) {
        let changing = self.changing();
        if let Err(error) = self.save(&changing) {
            // Files that it does not list are found when the store is opened.
            tracing::warn!(%error, "the manifest could not be written");
        }
        drop(changing);
        self.background.lock().unwrap_or_else(PoisonError::into_inner).sealed = true;
        self.wake.notify_all();
    }

    /// Writing failed: perhaps the disk is full. Does nothing while a merge runs.
    pub(super) fn make_room(&self) {
        let Ok(merging) = self.merging.try_lock() else { return };
        if let Err(error) = expire::run(self, self.clock.now(), &merging) {
            tracing::warn!(%error, "old events could not be removed");
        }
    }

    fn merge_all(&self) {
        loop {
            match super::merge::once(self) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "segments could not be merged");
                    return;
                }
            }
        }
    }

    /// The thread that merges and expires.
    fn run(&self) {
        let mut expired = self.clock.now();
        loop {
            let background = self.background.lock().unwrap_or_else(PoisonError::into_inner);
            if background.ends {
                return;
            }
            let tick = Duration::from_millis(500);
            let waited = self.wake.wait_timeout(background, tick);
            let mut background = waited.unwrap_or_else(PoisonError::into_inner).0;
            let (sealed, ends) = (std::mem::take(&mut background.sealed), background.ends);
            drop(background);
            if sealed && !ends {
                self.merge_all();
            }
            if self.clock.now().saturating_sub(expired) >= EXPIRE_EVERY {
                expired = self.clock.now();
                self.make_room();
            }
        }
    }
}

/// The positions of a source that are in these segments.
fn sealed_seqs(segments: &[Arc<Segment>], source: u64) -> RoaringTreemap {
    let with = segments.iter().filter(|one| one.footer.sources.binary_search(&source).is_ok());
    with.filter_map(|one| one.seqs().remove(&source))
        .fold(RoaringTreemap::new(), |all, one| all | one)
}

impl EventStore {
    /// Opens the store in a directory, which is made when it is not there. Nobody else may use it.
    pub fn open(dir: &Path, options: Options, clock: Clock) -> Result<(Arc<EventStore>, Opened)> {
        let cache = Arc::new(Cache::new(options.cache_bytes));
        let (shards, opened) = opening::open(dir, &cache)?;
        let mut before = BTreeSet::new();
        for shard in shards.values() {
            let state = shard.lock();
            before.extend(state.segments.values().flat_map(|one| &one.footer.sources));
        }
        let background = options.background;
        let inner = Arc::new(Inner {
            dir: dir.to_owned(),
            options,
            clock,
            cache,
            counts: Counts::default(),
            shards: Mutex::new(shards),
            before,
            merging: Mutex::new(()),
            changing: Mutex::new(()),
            background: Mutex::new(Background { sealed: true, ends: false }),
            wake: Condvar::new(),
        });
        inner.counts.opened(&opened);
        inner.save(&inner.changing())?;
        let store = EventStore { inner, threads: Mutex::default() };
        if background {
            let inner = Arc::clone(&store.inner);
            store.spawn("events-merge", move || inner.run())?;
        }
        Ok((Arc::new(store), opened))
    }

    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(StoreError::io("starting a thread for", &self.inner.dir))?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// The writer of a worker, for events that come in a certain way. One at a time may be used.
    pub fn writer(&self, worker: u16, origin: Origin) -> Result<Writer> {
        Ok(Writer::new(Arc::clone(&self.inner), self.shard(worker, origin)?))
    }

    /// What makes the keepers of so many workers of this process.
    pub fn keepers(&self, workers: u16, origin: Origin) -> Result<Keepers> {
        let shards: Result<Vec<_>> = (0..workers.max(1)).map(|n| self.shard(n, origin)).collect();
        let (inner, shards) = (Arc::clone(&self.inner), shards?);
        Ok(Arc::new(move |worker| {
            // A worker beyond the number writes to the shard of another; shards have locks.
            let shard = &shards[worker % shards.len()];
            Box::new(Writer::new(Arc::clone(&inner), Arc::clone(shard)))
        }))
    }

    /// A shard and its thread.
    fn shard(&self, worker: u16, origin: Origin) -> Result<Arc<Shard>> {
        let number = opening::shard_of(worker, origin);
        let new = || Arc::new(Shard::new(number, origin));
        let shard = Arc::clone(self.inner.locked().entry(number).or_insert_with(new));
        let starts = !std::mem::replace(&mut shard.lock().running, true);
        if starts {
            let (inner, shard) = (Arc::clone(&self.inner), Arc::clone(&shard));
            self.spawn(&format!("events-{number}"), move || shard.run(&inner))?;
        }
        Ok(shard)
    }

    /// Everything that is to be seen now. Parts of it stay readable as long as it lives.
    pub fn snapshot(&self) -> Snapshot {
        let shards = self.inner.shards();
        let states: Vec<_> = shards.iter().map(|shard| shard.lock()).collect();
        let mut parts = Vec::new();
        states.iter().for_each(|state| state.parts(&mut parts));
        Snapshot { parts }
    }

    /// What the store holds and what became of the rest.
    pub fn stats(&self) -> Stats {
        Stats::of(&self.inner)
    }

    /// Events that writers have taken and shown since the store was opened.
    pub fn stats_taken(&self) -> u64 {
        self.inner.counts.taken()
    }

    /// The positions of a source that are stored now.
    pub fn seqs_of(&self, source: u64) -> Result<RoaringTreemap> {
        self.inner.seqs_of(source)
    }

    /// Seals what is gathered and returns when it is on disk.
    pub fn seal(&self) {
        self.inner.shards().iter().for_each(|shard| shard.seal());
    }

    /// Merges one run of small segments; `false` when there is none.
    pub fn merge(&self) -> Result<bool> {
        super::merge::once(&self.inner)
    }

    /// Removes what is to be forgotten at a time; says how many events.
    pub fn expire(&self, now: Ns) -> Result<u64> {
        let merging = self.inner.merging.lock().unwrap_or_else(PoisonError::into_inner);
        expire::run(&self.inner, now, &merging)
    }

    /// Seals everything and ends the threads; events that come later are lost and counted.
    pub fn close(&self) {
        self.inner.shards().iter().for_each(|shard| shard.close());
        self.inner.background.lock().unwrap_or_else(PoisonError::into_inner).ends = true;
        self.inner.wake.notify_all();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the event store has panicked");
            }
        }
    }
}

impl Drop for EventStore {
    fn drop(&mut self) {
        self.close();
    }
}

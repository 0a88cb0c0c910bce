//! A shard: what one writer writes, from the rows it gathers to sealed segments.
//!
//! Rows move on under one lock, so that a reader sees each in one place: gathered, waiting to be
//! coded, in a block of the segment that is written, in a sealed segment. Coding, writing and
//! syncing are done by the shard's own thread without that lock. The worker only copies; it waits
//! when [`QUEUE`] blocks wait to be written.

use super::appender::Appender;
use super::block::Block;
use super::error::Result;
use super::footer::Origin;
use super::manifest::path_of;
use super::open::{OpenPart, Published};
use super::part::Part;
use super::rows::Rows;
use super::segment::Segment;
use super::store::Inner;
use seerflow_model::Ns;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

/// Blocks that may wait to be written.
pub const QUEUE: usize = 4;
/// How often the thread looks at the clock when there is nothing to do.
const TICK: Duration = Duration::from_millis(100);
/// Times that writing is tried before the rows are given up.
const TRIES: u32 = 3;

/// Rows that are gathered.
#[derive(Debug, Default)]
pub(super) struct Gather {
    pub(super) rows: Arc<RwLock<Rows>>,
    pub(super) published: Published,
    /// When the first of them came, by the clock.
    pub(super) since: Option<Ns>,
}

/// Where the rows of a shard are.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Sealed segments by their place.
    pub(super) segments: BTreeMap<u64, Arc<Segment>>,
    /// Blocks of the segment that is written.
    blocks: Vec<Arc<Block>>,
    pending: VecDeque<Arc<OpenPart>>,
    pub(super) open: Gather,
    /// The number of the next segment.
    pub(super) next: u64,
    /// How often sealing was asked for, and how often it was done.
    seals: (u64, u64),
    closing: bool,
    /// There is a thread that writes.
    pub(super) running: bool,
}

/// See the module head.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) number: u32,
    pub(super) origin: Origin,
    state: Mutex<State>,
    more: Condvar,
    done: Condvar,
}

/// Tells whoever waits that the thread has ended, however it did.
struct Ends<'a>(&'a Shard);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.lock().running = false;
        self.0.done.notify_all();
    }
}

/// What the thread does next.
enum Work {
    Write(Arc<OpenPart>),
    Seal(u64),
    Close,
}

impl Shard {
    pub(super) fn new(number: u32, origin: Origin) -> Shard {
        Shard {
            number,
            origin,
            state: Mutex::new(State { next: 1, ..State::default() }),
            more: Condvar::new(),
            done: Condvar::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the gathered rows to the thread; waits while too many wait there. Says whether it
    /// waited.
    pub(super) fn hand_over(&self, mut state: MutexGuard<'_, State>) -> bool {
        state.hand_over();
        self.more.notify_all();
        let waits = state.pending.len() > QUEUE;
        while state.pending.len() > QUEUE && state.running {
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        waits
    }

    /// Seals what there is, and returns when that is done.
    pub(super) fn seal(&self) {
        let mut state = self.lock();
        state.seals.0 += 1;
        let wanted = state.seals.0;
        self.more.notify_all();
        while state.seals.1 < wanted && state.running {
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the thread end once everything is sealed.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.more.notify_all();
    }

    fn next(&self, inner: &Inner, appender: Option<&Appender>) -> Work {
        let mut state = self.lock();
        loop {
            let now = inner.clock.now();
            let old = |since: Option<Ns>, age: Ns| {
                since.is_some_and(|since| now.saturating_sub(since) >= age)
            };
            let asked = state.closing || state.seals.0 > state.seals.1;
            if old(state.open.since, inner.options.block_age) || asked {
                state.hand_over();
            }
            if let Some(first) = state.pending.front() {
                return Work::Write(Arc::clone(first));
            }
            let full = appender.is_some_and(|appender| {
                appender.rows >= inner.options.segment_rows
                    || appender.bytes >= inner.options.segment_bytes
                    || old(Some(appender.begun), inner.options.segment_age)
            });
            if full || state.seals.0 > state.seals.1 || state.closing && appender.is_some() {
                return Work::Seal(state.seals.0);
            }
            if state.closing {
                return Work::Close;
            }
            state = match self.more.wait_timeout(state, TICK) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// The thread: writes until the shard is closed.
    pub(super) fn run(&self, inner: &Inner) {
        let _ends = Ends(self);
        let mut appender = None;
        loop {
            match self.next(inner, appender.as_ref()) {
                Work::Write(part) => self.write(inner, &mut appender, &part),
                Work::Seal(asked) => self.finish(inner, appender.take(), asked),
                Work::Close => break,
            }
        }
    }

    fn write(&self, inner: &Inner, appender: &mut Option<Appender>, part: &OpenPart) {
        let mut written = self.append(inner, appender, part);
        for _ in 1..TRIES {
            if written.is_ok() {
                break;
            }
            inner.make_room();
            std::thread::sleep(TICK);
            written = self.append(inner, appender, part);
        }
        let rows = u64::from(part.rows());
        let mut state = self.lock();
        state.pending.pop_front();
        match written {
            Ok(block) => state.blocks.push(block),
            Err(error) => {
                inner.counts.lost(rows);
                tracing::error!(%error, rows, "events could not be stored");
            }
        }
        drop(state);
        self.done.notify_all();
    }

    fn append(
        &self,
        inner: &Inner,
        appender: &mut Option<Appender>,
        part: &OpenPart,
    ) -> Result<Arc<Block>> {
        let now = inner.clock.now();
        let to = match appender {
            Some(appender) => appender,
            None => {
                let number = self.take_number();
                let path = path_of(&inner.dir, self.number, number);
                let new = Appender::create(&path, number, self.origin, now, &inner.cache)?;
                super::manifest::sync_dir(&inner.dir)?;
                appender.insert(new)
            }
        };
        to.append(&part.lock(), now, true)
    }

    /// A number for a segment.
    pub(super) fn take_number(&self) -> u64 {
        let mut state = self.lock();
        state.next += 1;
        state.next - 1
    }

    fn finish(&self, inner: &Inner, appender: Option<Appender>, asked: u64) {
        if let Some(appender) = appender {
            let path = path_of(&inner.dir, self.number, appender.number);
            // When the footer cannot be written, opening the file again makes it from the blocks.
            let sealed = appender.seal().map(Some).or_else(|error| {
                tracing::warn!(%error, "a segment is sealed again");
                let number = super::manifest::parse_name(&path).map_or(0, |(_, number)| number);
                Segment::open(&path, number, &inner.cache).map(|(segment, _)| segment)
            });
            let mut state = self.lock();
            match sealed {
                Ok(Some(segment)) => {
                    state.blocks.clear();
                    state.segments.insert(segment.footer.place, Arc::new(segment));
                }
                Ok(None) => state.blocks.clear(),
                // The blocks stay readable; the file is found and sealed when the store is opened.
                Err(error) => tracing::error!(%error, "a segment could not be sealed"),
            }
            drop(state);
            inner.sealed();
        }
        self.lock().seals.1 = asked;
        self.done.notify_all();
    }
}

impl State {
    /// Moves the gathered rows to those that wait to be written.
    fn hand_over(&mut self) {
        if self.open.since.is_none() {
            return;
        }
        let Gather { rows, published, .. } = std::mem::take(&mut self.open);
        let published = {
            let rows = rows.read().unwrap_or_else(PoisonError::into_inner);
            published.and(&rows)
        };
        self.pending.push_back(Arc::new(OpenPart { rows, published }));
    }

    /// Everything that readers may see, in the order in which it was written.
    pub(super) fn parts(&self, parts: &mut Vec<Part>) {
        let sealed = self.segments.values().flat_map(|segment| &segment.blocks);
        let good = sealed.filter(|block| !block.is_damaged());
        parts.extend(good.map(|block| Part::sealed(Arc::clone(block))));
        self.unsealed_parts(parts);
    }

    /// Those of them that are in no sealed segment.
    pub(super) fn unsealed_parts(&self, parts: &mut Vec<Part>) {
        let good = self.blocks.iter().filter(|block| !block.is_damaged());
        parts.extend(good.map(|block| Part::sealed(Arc::clone(block))));
        parts.extend(self.pending.iter().map(|part| Part::waiting(Arc::clone(part))));
        if self.open.published.rows > 0 {
            let rows = Arc::clone(&self.open.rows);
            parts.push(Part::open(OpenPart { rows, published: self.open.published }));
        }
    }

    /// Rows that are not in a sealed segment, and blocks among them.
    pub(super) fn unsealed(&self) -> (u64, u64) {
        let blocks: u64 = self.blocks.iter().map(|block| u64::from(block.rows())).sum();
        let pending: u64 = self.pending.iter().map(|part| u64::from(part.rows())).sum();
        (blocks + pending + u64::from(self.open.published.rows), self.blocks.len() as u64)
    }

    pub(super) fn damaged(&self) -> u64 {
        let sealed = self.segments.values().flat_map(|segment| &segment.blocks);
        sealed.chain(&self.blocks).filter(|block| block.is_damaged()).count() as u64
    }
}

//! All tailed files: what is open, what is read next, what a rotation left behind.
//!
//! * A path that leads to another inode than before (rename, delete and re-create, symlink swap):
//!   the old file is read on until it has not grown for `grace`, the new one from its beginning.
//! * A file that shrank or begins differently (copytruncate): what was not read yet is looked for
//!   in its copy, a file of the same directory that begins alike and has the same bytes before our
//!   position; then the file is read from its beginning, in the same source.
//! * A file that appears and is the copy of one that is read is not read. One that is known from
//!   before (a symlink swapped back) goes on where it was left.
//!
//! The source id of a file is made of the node, a number counted here and the hash of its head.

mod identity;
mod rotation;

use super::head::Mark;
use super::open::{Content, Inode, Live, Look, Open, Read, Rest};
use super::paths::{OpenError, Paths};
use super::{FileOptions, FileStart, explain};
use crate::receivers::Door;
use crate::receivers::batch::{accept, count_duplicates};
use crate::receivers::counters::ReceiverCounters;
use crate::receivers::queued::QueuedSource;
use crate::receivers::settings::SourceKey;
use crate::receivers::text::{Begin, TextSource};
use crate::runtime::stamp::{Kind, PortPromise, StampOptions, Stamper};
use seerflow_model::hash;
use seerflow_model::record::{ReceiverKind, RecordBatch, SourceInfo};
use seerflow_model::time::{Ns, SECOND};
use seerflow_parsing::lines::{Utf16, decode_utf16};
use seerflow_pipeline::feed::{Port, TrySend};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;
/// Chunks read in one pass before the directories are looked at again.
const CHUNKS_PER_PASS: usize = 32;
/// Files that were read and are closed, kept to know them again.
const KNOWN_MAX: usize = 1_024;
/// Paths that were complained about.
const COMPLAINTS_MAX: usize = 10_000;
/// Directories without a file of ours that are watched for new ones.
const DIRECTORIES_MAX: usize = 512;
/// Files of a directory that are looked at for the copy of a truncated one.
const CANDIDATES_MAX: usize = 256;

/// How a pass ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// The engine has no room.
    pub full: bool,
    /// There is more to read at once.
    pub more: bool,
    /// The engine is gone.
    pub gone: bool,
    /// All files were read to their end.
    pub at_end: bool,
    /// When something that waits is due.
    pub due: Option<Ns>,
}

/// A file that was read.
struct Known {
    mark: Mark,
    /// Its source and next sequence number; none for a copy.
    source: Option<(Arc<SourceInfo>, u64)>,
}

/// All files of one receiver.
pub struct Tailer {
    options: FileOptions,
    paths: Paths,
    promises: PortPromise,
    door: Door,
    port: Port,
    open: Vec<Open>,
    known: VecDeque<Known>,
    complaints: HashSet<PathBuf>,
    /// A batch that found no room.
    pending: Option<RecordBatch>,
    buffer: Vec<u8>,
    /// Files met so far.
    number: u64,
    first: bool,
}

impl Tailer {
    /// Nothing is open yet.
    pub fn new(options: FileOptions, paths: Paths, promises: PortPromise, door: Door) -> Tailer {
        Tailer {
            options,
            paths,
            promises,
            port: door.port.handle(),
            door,
            open: Vec::new(),
            known: VecDeque::new(),
            complaints: HashSet::new(),
            pending: None,
            buffer: vec![0; CHUNK],
            number: 0,
            first: true,
        }
    }

    /// One look at everything; reads until every file is at its end or the engine is full.
    pub fn pass(&mut self, rescan: bool, stopping: bool) -> Outcome {
        let now = self.door.clock.now();
        let mut outcome = Outcome::default();
        self.look();
        if rescan && !stopping {
            self.scan(now);
        }
        self.decide(now);
        self.send_pending(&mut outcome);
        if !stopping {
            self.read_on(now, &mut outcome);
        }
        self.flush(now, stopping, &mut outcome);
        self.close_gone(now, &mut outcome);
        self.promise(now, &outcome);
        outcome.at_end = !outcome.full && self.open.iter().all(|open| open.at_end);
        outcome.due = self.open.iter().filter_map(|open| open.live.as_ref()?.text.due()).min();
        outcome
    }

    /// Nothing more comes.
    pub fn close(&mut self) {
        if let Some(batch) = self.pending.take() {
            ReceiverCounters::add(&self.door.counters.stopped, batch.records.len() as u64);
        }
        self.door.port.close();
    }

    /// The directories in which something may happen.
    pub fn directories(&self) -> BTreeSet<PathBuf> {
        let bases: Vec<&Path> = self.paths.bases().collect();
        let mut all: BTreeSet<PathBuf> = bases.iter().map(|base| base.to_path_buf()).collect();
        for open in self.open.iter().filter(|open| open.linked) {
            let ancestors = open.path.ancestors().skip(1);
            for dir in ancestors.take_while(|dir| bases.iter().any(|base| dir.starts_with(base))) {
                if !all.insert(dir.to_path_buf()) {
                    break;
                }
            }
        }
        all.extend(self.paths.directories().take(DIRECTORIES_MAX));
        all
    }

    /// Notices growth and replacement of what is open.
    fn look(&mut self) {
        for i in 0..self.open.len() {
            match self.open[i].look() {
                Ok(Look::Same) => {}
                // A copy that goes on is no copy any more, or was not finished.
                Ok(Look::Changed) => {
                    if self.open[i].content == Content::Copy {
                        self.open[i].content = Content::Unknown;
                    }
                }
                Ok(Look::Truncated) => self.truncated(i),
                Err(error) => self.failed(i, &error),
            }
        }
    }

    fn failed(&mut self, i: usize, error: &io::Error) {
        ReceiverCounters::add(&self.door.counters.read_errors, 1);
        self.open[i].at_end = true;
        let path = self.open[i].path.clone();
        self.complain(&path, &explain::unreadable(&path, error));
    }

    fn complain(&mut self, path: &Path, text: &str) {
        if self.complaints.len() < COMPLAINTS_MAX && self.complaints.insert(path.to_path_buf()) {
            tracing::warn!("{text}");
        }
    }

    /// Reads the file with the least promise first, so that what is held for order stays small.
    fn read_on(&mut self, now: Ns, outcome: &mut Outcome) {
        for _ in 0..CHUNKS_PER_PASS {
            if outcome.full || outcome.gone {
                return;
            }
            let next = self.open.iter().enumerate().filter(|(_, open)| !open.at_end);
            let next = next.filter_map(|(i, open)| {
                let promise = open.live.as_ref()?.text.source.stamper.promise();
                (!self.door.too_far(promise)).then_some((promise, i))
            });
            let Some((_, i)) = next.min() else { return };
            self.read_chunk(i, now);
            self.deliver(i, now, outcome);
        }
        outcome.more = true;
    }

    fn read_chunk(&mut self, i: usize, now: Ns) {
        let open = &mut self.open[i];
        let read = match open.read(&mut self.buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            Err(error) => return self.failed(i, &error),
        };
        let counters = &self.door.counters;
        match read {
            Read::Bytes(n) => {
                ReceiverCounters::add(&counters.bytes, n as u64);
                if open.gone.is_some() {
                    open.gone = Some(now);
                }
                let Some(live) = &mut open.live else { return };
                live.text.source.stamper.grant(live.promise.wake());
                live.text.feed(&self.buffer[..n], now, counters);
            }
            Read::Restart => {
                if let Some(live) = &mut open.live {
                    live.text.restart(now, counters);
                }
                self.decide_one(i, false, now);
            }
            Read::End => {}
            Read::Truncated => self.truncated(i),
        }
    }

    /// Hands on what waited long enough, at the end everything.
    fn flush(&mut self, now: Ns, stopping: bool, outcome: &mut Outcome) {
        for i in 0..self.open.len() {
            if outcome.full || outcome.gone {
                return;
            }
            let counters = &self.door.counters;
            if let Some(live) = &mut self.open[i].live {
                if stopping {
                    live.text.finish(now, counters);
                } else {
                    live.text.flush_due(now, counters);
                }
                self.deliver(i, now, outcome);
            }
        }
    }

    /// Lets go of files that are gone and have not grown for a while.
    fn close_gone(&mut self, now: Ns, outcome: &mut Outcome) {
        let mut i = 0;
        while i < self.open.len() {
            let open = &mut self.open[i];
            let over =
                open.gone.is_some_and(|since| now.saturating_sub(since) >= self.options.grace)
                    && open.at_end;
            if !over || outcome.full || outcome.gone {
                i += 1;
                continue;
            }
            if let Some(live) = &mut open.live {
                live.text.finish(now, &self.door.counters);
            }
            self.deliver(i, now, outcome);
            if outcome.full {
                return;
            }
            let open = self.open.swap_remove(i);
            if let Some(live) = open.live {
                let source = Some((live.text.source.info.clone(), live.text.source.seq));
                self.know(Known { mark: open.mark, source });
            }
        }
    }

    /// Raises what files promise: all that was stamped is in a lane unless a batch is pending.
    fn promise(&mut self, now: Ns, outcome: &Outcome) {
        if self.pending.is_some() || outcome.gone {
            return;
        }
        for open in &mut self.open {
            let at_end = open.at_end;
            let Some(live) = &mut open.live else { continue };
            live.promise.raise(live.text.source.stamper.offer(now));
            if at_end && !live.text.holds() {
                live.promise.drained(now);
            }
        }
        if outcome.more {
            // Far from its end: the frontier need not wait for the next tick.
            self.promises.tick();
        }
    }

    fn deliver(&mut self, i: usize, now: Ns, outcome: &mut Outcome) {
        while !outcome.full && !outcome.gone {
            let Some(live) = &mut self.open[i].live else { return };
            count_duplicates(&self.door, live.text.source.duplicates());
            let Some(batch) = live.text.take(now) else {
                // All that was stamped is in its lane. While the engine is full a pass always ends
                // with a batch in hand, so this is where the promise moves on.
                live.promise.raise(live.text.source.stamper.offer(now));
                self.promises.tick();
                return;
            };
            accept(&self.door, batch.records.len(), now);
            self.pending = Some(batch);
            self.send_pending(outcome);
        }
    }

    fn send_pending(&mut self, outcome: &mut Outcome) {
        let Some(batch) = self.pending.take() else { return };
        let records = batch.records.len() as u64;
        match self.port.try_send(batch) {
            Ok(()) => {}
            Err(TrySend::Full(batch)) => {
                self.pending = Some(batch);
                outcome.full = true;
                let now = self.door.clock.now();
                self.door.counters.watch_fill("file", self.port.fill(), now);
            }
            Err(TrySend::Stopped) => {
                self.port.state.in_flight.fetch_sub(records, Ordering::AcqRel);
                ReceiverCounters::add(&self.door.counters.stopped, records);
                outcome.gone = true;
            }
        }
    }
}

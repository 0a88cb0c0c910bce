//! Pass 2 over one chunk: its bytes as a batch of stamped records in the order of time.
//!
//! Runs on the worker that parses the records. What is allocated is the bytes, the list of records
//! and nothing per record. A file that changed since the scan cannot break a promise: a stamp below
//! what was planned is raised to it.

use super::cut::Chunk;
use super::judge;
use super::open::{DiskState, read_full};
use super::problem::Problem;
use super::progress::Progress;
use super::scan::Reading;
use super::split::{Splitter, Step};
use seerflow_model::record::{Flags, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::time::Ns;
use seerflow_pipeline::feed::PortState;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Where a chunk's bytes come from.
pub enum Bytes {
    /// At their place in the file.
    Disk,
    /// At their place in its unpacked copy.
    Unpacked(Arc<File>),
    /// Unpacked already, unless that failed.
    Ready(Option<Vec<u8>>),
}

/// All that a worker needs for a chunk.
pub struct Job {
    /// Where its bytes are.
    pub bytes: Bytes,
    /// The file.
    pub path: PathBuf,
    /// Its state when it was scanned; its modification time is the receive time.
    pub scanned: DiskState,
    /// Its source.
    pub source: Arc<SourceInfo>,
    /// See [`super::scan::FileScan::head`].
    pub head: Ns,
    /// The chunk.
    pub chunk: Chunk,
    /// Records below it are `crowded`.
    pub floor: Ns,
    /// Records outside are left out.
    pub window: Window,
    /// As in the scan.
    pub reading: Arc<Reading>,
    /// What is told to the outside.
    pub progress: Arc<Progress>,
    /// The ledger of the port.
    pub port: Arc<PortState>,
}

/// The times that are wanted: from `since` up to, not including, `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First wanted.
    pub since: Ns,
    /// First not wanted any more.
    pub until: Ns,
}

impl Window {
    /// Everything.
    pub const ALL: Window = Window { since: 0, until: Ns::MAX };

    /// Whether a stamp lies in it.
    pub fn holds(self, stamp: Ns) -> bool {
        self.since <= stamp && stamp < self.until
    }

    /// Whether it has something in common with `least..=greatest`.
    pub fn meets(self, least: Ns, greatest: Ns) -> bool {
        self.since <= greatest && least < self.until
    }
}

impl Job {
    /// Reads the chunk.
    pub fn run(mut self) -> Vec<RecordBatch> {
        let length = self.chunk.end - self.chunk.start;
        self.progress.bytes.fetch_add(length, Ordering::Relaxed);
        let Some(bytes) = self.load() else { return Vec::new() };
        let mut records = self.split(&bytes);
        if (bytes.len() as u64) < length || records.len() != self.chunk.records as usize {
            self.changed();
        }
        judge::stamp(&mut records, self.chunk.before, self.head, self.chunk.doubted);
        self.settle(&mut records);
        self.progress.records.fetch_add(records.len() as u64, Ordering::Relaxed);
        self.port.accepted.fetch_add(records.len() as u64, Ordering::AcqRel);
        if records.is_empty() {
            return Vec::new();
        }
        vec![RecordBatch { source: self.source, observed: self.scanned.modified, bytes, records }]
    }

    /// The bytes, as many as there are; `None` after an error, which is reported.
    fn load(&mut self) -> Option<Vec<u8>> {
        match std::mem::replace(&mut self.bytes, Bytes::Disk) {
            Bytes::Ready(bytes) => bytes,
            Bytes::Disk => self.load_disk(),
            Bytes::Unpacked(file) => {
                let mut bytes = vec![0; (self.chunk.end - self.chunk.start) as usize];
                let read = file.read_exact_at(&mut bytes, self.chunk.start);
                read.map_err(|error| self.failed(&error)).ok()?;
                Some(bytes)
            }
        }
    }

    fn load_disk(&self) -> Option<Vec<u8>> {
        let opened = File::open(&self.path);
        let unreadable = |error| self.progress.report(Problem::unreadable(&self.path, &error));
        let mut file = opened.map_err(unreadable).ok()?;
        if file.metadata().map(|meta| DiskState::of(&meta)).ok() != Some(self.scanned) {
            self.changed();
        }
        let length = self.chunk.end - self.chunk.start;
        let mut bytes = Vec::with_capacity(length as usize);
        file.seek(SeekFrom::Start(self.chunk.start))
            .and_then(|_| file.take(length).read_to_end(&mut bytes))
            .map_err(|error| self.failed(&error))
            .ok()?;
        Some(bytes)
    }

    fn failed(&self, error: &io::Error) {
        self.progress.report(Problem::Damaged {
            path: self.path.clone(),
            after: self.chunk.start,
            reason: error.to_string(),
        });
    }

    fn changed(&self) {
        self.progress.changed(&self.path);
    }

    fn split(&self, bytes: &[u8]) -> Vec<RecordMeta> {
        let Reading { zone, multiline, line_bytes_max } = &*self.reading;
        let state = &self.chunk.state;
        let mut splitter = Splitter::resume(zone.clone(), state, *multiline, *line_bytes_max);
        splitter.cut_end = self.chunk.cut;
        let most = self.chunk.records as usize;
        let mut records = Vec::with_capacity(most);
        let mut at = 0;
        while records.len() < most {
            match splitter.step(&bytes[at..], true) {
                Step::Record(split) => {
                    let hit = split.hit;
                    records.push(RecordMeta {
                        start: at as u32,
                        len: split.len as u32,
                        seq: self.chunk.first_seq + records.len() as u64,
                        event_time: hit.map(|hit| hit.ns),
                        effective: 0,
                        time_start: hit.map_or(0, |hit| hit.start),
                        time_len: hit.map_or(0, |hit| hit.len),
                        flags: split.flags,
                    });
                    at += split.next;
                }
                Step::Skip(n) => at += n,
                Step::More | Step::End => break,
            }
        }
        records
    }

    /// Leaves out what is not wanted, keeps the promise, sorts.
    fn settle(&self, records: &mut Vec<RecordMeta>) {
        if self.window != Window::ALL {
            records.retain(|record| self.window.holds(record.effective));
        }
        for record in records.iter_mut() {
            if record.effective < self.chunk.least {
                record.effective = self.chunk.least;
                record.flags.set(Flags::LATE);
            }
            if record.effective < self.floor {
                record.effective = self.floor;
                record.flags.set(Flags::CROWDED);
            }
        }
        if !records.is_sorted_by_key(|record| record.effective) {
            records.sort_by_key(|record| record.effective);
        }
    }
}

/// The bytes of chunks of one compressed file, in its order.
pub struct Unpacker<R> {
    text: R,
    at: u64,
}

impl<R: Read> Unpacker<R> {
    /// `at`: position of the text's first byte.
    pub fn new(text: R, at: u64) -> Unpacker<R> {
        Unpacker { text, at }
    }

    /// The bytes of a chunk at or behind the last one; fewer when the text is shorter now.
    pub fn chunk(&mut self, chunk: &Chunk) -> io::Result<Vec<u8>> {
        let gap = chunk.start.saturating_sub(self.at);
        self.at += io::copy(&mut self.text.by_ref().take(gap), &mut io::sink())?;
        let mut bytes = vec![0; (chunk.end - chunk.start) as usize];
        let read = read_full(&mut self.text, &mut bytes)?;
        bytes.truncate(read);
        self.at += read as u64;
        Ok(bytes)
    }
}

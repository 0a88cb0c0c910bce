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
use super::scan::{BLOCK, Reading};
use seerflow_model::record::{Flags, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::time::Ns;
use seerflow_parsing::lines::{Assembler, Piece, Records};
use seerflow_pipeline::feed::PortState;
use std::fs::File;
use std::io::{self, Read};
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
    /// Unpacked and split already, because it is so long.
    Split(Option<Records>),
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
        let Some(Records { bytes, mut records }) = self.load() else { return Vec::new() };
        if records.len() != self.chunk.records as usize {
            self.progress.changed(&self.path);
            records.truncate(self.chunk.records as usize);
        }
        let mut metas = self.metas(&records);
        judge::stamp(&mut metas, self.chunk.before, self.head, self.chunk.doubted);
        self.settle(&mut metas);
        self.progress.records.fetch_add(metas.len() as u64, Ordering::Relaxed);
        self.port.accepted.fetch_add(metas.len() as u64, Ordering::AcqRel);
        if metas.is_empty() {
            return Vec::new();
        }
        let (source, observed) = (self.source, self.scanned.modified);
        vec![RecordBatch { source, observed, bytes, records: metas }]
    }

    /// The records; `None` after an error, which is reported.
    fn load(&mut self) -> Option<Records> {
        let split = |text: &mut dyn Read| split(text, &self.chunk, &self.reading);
        let split = match std::mem::replace(&mut self.bytes, Bytes::Disk) {
            Bytes::Split(records) => return records,
            Bytes::Ready(bytes) => split(&mut &bytes?[..]),
            Bytes::Unpacked(file) => split(&mut Positioned { file: &file, at: self.chunk.start }),
            Bytes::Disk => {
                let unreadable = |error| Problem::unreadable(&self.path, &error);
                let report = |problem| self.progress.report(problem);
                let file = File::open(&self.path).map_err(unreadable).map_err(report).ok()?;
                if file.metadata().map(|meta| DiskState::of(&meta)).ok() != Some(self.scanned) {
                    self.progress.changed(&self.path);
                }
                split(&mut Positioned { file: &file, at: self.chunk.start })
            }
        };
        let damaged = |error: io::Error| {
            let (path, after) = (self.path.clone(), self.chunk.start);
            self.progress.report(Problem::Damaged { path, after, reason: error.to_string() });
        };
        split.map_err(damaged).ok()
    }

    fn metas(&self, records: &[Piece]) -> Vec<RecordMeta> {
        records.iter().zip(self.chunk.first_seq..).map(|(record, seq)| record.meta(seq)).collect()
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

/// A file from some position on, without moving a cursor that others share.
struct Positioned<'a> {
    file: &'a File,
    at: u64,
}

impl Read for Positioned<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(out, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// The records of a chunk out of a text that stands at its beginning; fewer when the text is
/// shorter now. What is read at a time is bounded, and so is what is kept, however long a line is.
pub fn split(text: &mut dyn Read, chunk: &Chunk, reading: &Reading) -> io::Result<Records> {
    let length = chunk.end - chunk.start;
    let mut lines =
        Assembler::resume(reading.lines.clone(), reading.zone.clone(), chunk.start, chunk.state);
    let mut records = Records {
        bytes: Vec::with_capacity(length.min(LONG) as usize),
        records: Vec::with_capacity(chunk.records as usize),
    };
    let mut text = text.take(length);
    let mut block = vec![0; BLOCK.min(length as usize)];
    loop {
        match text.read(&mut block) {
            Ok(0) => break,
            Ok(n) => lines.push(&block[..n], 0, &mut records),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    lines.finish(&mut records);
    Ok(records)
}

/// Chunks longer than this (by a line that is cut) never lie in memory as a whole.
pub const LONG: u64 = 8 << 20;

/// The text of one compressed file, chunk by chunk in its order.
pub struct Unpacker<R> {
    text: R,
    at: u64,
}

impl<R: Read> Unpacker<R> {
    /// At the beginning of the text.
    pub fn new(text: R) -> Unpacker<R> {
        Unpacker { text, at: 0 }
    }

    /// A chunk at or behind the end of the last one.
    pub fn chunk(&mut self, chunk: &Chunk, reading: &Reading) -> io::Result<Bytes> {
        let (gap, length) = (chunk.start.saturating_sub(self.at), chunk.end - chunk.start);
        io::copy(&mut self.text.by_ref().take(gap), &mut io::sink())?;
        self.at = chunk.end;
        if length > LONG {
            return split(&mut self.text, chunk, reading)
                .map(|records| Bytes::Split(Some(records)));
        }
        let mut bytes = vec![0; length as usize];
        let read = read_full(&mut self.text, &mut bytes)?;
        bytes.truncate(read);
        Ok(Bytes::Ready(Some(bytes)))
    }
}

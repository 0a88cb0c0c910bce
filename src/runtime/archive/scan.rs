//! Pass 1 over one file: cuts it into chunks and notes what stamps each chunk holds.
//!
//! Stamps only: no record is kept. A ring holds the times of the next 64 records, so a jump is
//! decided where its voters are known; what is left of a decision is in the chunk's record of
//! about 200 bytes per MiB. A file without years is scanned again when the first guess of its
//! year turns out wrong, which only a turn of the year inside it can do.

use super::cut::{Chunk, ChunkSize, Cutter};
use super::open::{self, Opened, Text};
use super::problem::Problem;
use super::split::{Splitter, Step};
use seerflow_model::record::Flags;
use seerflow_model::time::{DAY, Ns, SECOND};
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What both passes must do alike.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Zone of times without one.
    pub zone: Zone,
    /// Whether lines are joined to records.
    pub multiline: bool,
    /// Longest line; longer ones are cut.
    pub line_bytes_max: usize,
}

/// What the scan of a file found.
#[derive(Debug)]
pub struct FileScan {
    /// Which.
    pub path: PathBuf,
    /// How it lies on the disk.
    pub opened: Opened,
    /// Its chunks, in its own order.
    pub chunks: Vec<Chunk>,
    /// Bytes of text.
    pub bytes: u64,
    /// Records.
    pub records: u64,
    /// The stamp of records before the first time: that time, or the modification time.
    pub head: Ns,
    /// Whether any record had a time.
    pub timed: bool,
    /// Whether a time had no zone.
    pub zoneless: bool,
    /// The year its first time was given, when times had none.
    pub year: Option<i16>,
    /// Reading ended early.
    pub damaged: Option<Problem>,
}

impl FileScan {
    /// Whether its chunks are in the order of their least stamps.
    pub fn ordered(&self) -> bool {
        self.chunks.is_sorted_by_key(|chunk| chunk.least)
    }
}

/// Scans a file. `on_disk` counts bytes read; `tell` is called every few MiB.
pub fn scan(
    path: &Path,
    reading: &Reading,
    year: Option<i16>,
    size: ChunkSize,
    on_disk: &Arc<AtomicU64>,
    tell: &dyn Fn(),
) -> Result<FileScan, Problem> {
    let (opened, text) = open::open(path, on_disk)?;
    let modified = opened.state.modified;
    let mut policy =
        year.map_or(YearPolicy::NotAfter(modified), |year| YearPolicy::Fixed(year.into()));
    let latest = modified.saturating_add(DAY);
    let mut scanned = run(path, reading, policy, size, (opened, text), tell);
    // A wrong guess is off by whole years, so one correction settles all but leap days.
    for _ in 0..3 {
        let (Some(first), Some(last)) = (scanned.first, scanned.last) else { break };
        if year.is_some() || scanned.file.year.is_none() || last <= latest {
            break;
        }
        let years = u64::from((year_of(last) - year_of(latest)).max(1).unsigned_abs());
        // The greatest year that puts the first time near its place so many years before.
        policy = YearPolicy::NotAfter((first + 30 * DAY).saturating_sub(years * 365 * DAY));
        let (again, text) = open::open(path, on_disk)?;
        if again.state != opened.state {
            return Err(Problem::Changed { path: path.to_owned() });
        }
        scanned = run(path, reading, policy, size, (opened, text), tell);
    }
    Ok(scanned.file)
}

/// The year of a time in UTC.
fn year_of(ns: Ns) -> i16 {
    jiff::Timestamp::from_second((ns / SECOND) as i64)
        .map_or(1970, |time| time.to_zoned(jiff::tz::TimeZone::UTC).year())
}

struct Scanned {
    file: FileScan,
    first: Option<Ns>,
    last: Option<Ns>,
}

/// One run over the text.
fn run(
    path: &Path,
    reading: &Reading,
    policy: YearPolicy,
    size: ChunkSize,
    (opened, text): (Opened, Text),
    tell: &dyn Fn(),
) -> Scanned {
    let finder = Finder::new(reading.zone.clone(), policy);
    let mut splitter = Splitter::new(finder, reading.multiline, reading.line_bytes_max);
    let mut window = Window::new(text, opened.offset);
    let mut cutter = Cutter::new(size, splitter.state());
    let (mut damaged, mut told) = (None, 0);
    loop {
        match splitter.step(window.bytes(), window.ended) {
            Step::Record(split) => {
                let cut = split.flags.has(Flags::CUT);
                let time = split.hit.map(|hit| hit.ns);
                cutter.record(window.at(), split.next, time, cut, split.state);
                window.advance(split.next);
                splitter.snapshot = cutter.ripe();
            }
            Step::Skip(n) => window.advance(n),
            Step::More => {
                if window.read >> 22 != told {
                    told = window.read >> 22;
                    tell();
                }
                if let Err(error) = window.more() {
                    let (path, after) = (path.to_owned(), window.read);
                    damaged = Some(Problem::Damaged { path, after, reason: error.to_string() });
                }
            }
            Step::End => break,
        }
    }
    let finder = splitter.finder();
    let cuts = cutter.done(opened.state.modified);
    let file = FileScan {
        path: path.to_owned(),
        opened,
        bytes: window.read - opened.offset,
        records: cuts.records,
        head: cuts.head,
        timed: cuts.first.is_some(),
        zoneless: finder.zone_less(),
        year: cuts.first.filter(|_| finder.year_less()).map(year_of),
        chunks: cuts.chunks,
        damaged,
    };
    Scanned { file, first: cuts.first, last: cuts.last }
}

/// A sliding window over a text: a record must lie in it as a whole.
pub struct Window<R> {
    text: R,
    buf: Vec<u8>,
    from: usize,
    to: usize,
    /// Bytes of text read so far.
    pub read: u64,
    /// Nothing follows.
    pub ended: bool,
}

/// Bytes asked for at a time.
const WINDOW: usize = 256 * 1024;

impl<R: Read> Window<R> {
    /// `offset`: position of the text's first byte.
    pub fn new(text: R, offset: u64) -> Window<R> {
        Window { text, buf: vec![0; 2 * WINDOW], from: 0, to: 0, read: offset, ended: false }
    }

    /// What is in the window.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.buf[self.from..self.to]
    }

    /// Position of the window's first byte in the text.
    #[inline]
    pub fn at(&self) -> u64 {
        self.read - (self.to - self.from) as u64
    }

    /// Passes over `n` bytes.
    #[inline]
    pub fn advance(&mut self, n: usize) {
        self.from += n;
    }

    /// Reads on. After an error the text has ended.
    pub fn more(&mut self) -> io::Result<()> {
        if self.buf.len() - self.to < WINDOW {
            self.buf.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
            if self.buf.len() - self.to < WINDOW {
                self.buf.resize(self.buf.len() + WINDOW, 0);
            }
        }
        match self.text.read(&mut self.buf[self.to..]) {
            Ok(n) => {
                self.to += n;
                self.read += n as u64;
                self.ended = n == 0;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => {
                self.ended = true;
                Err(error)
            }
        }
    }
}

//! Pass 1 over one file: cuts it into chunks and notes what stamps each chunk holds.
//!
//! Stamps only: no record is kept. A ring holds the times of the next 64 records, so a jump is
//! decided where its voters are known; what is left of a decision is in the chunk's record of
//! about 200 bytes per MiB. A file without years is scanned again when the first guess of its
//! year turns out wrong, which only a turn of the year inside it can do.

use super::cut::{Chunk, ChunkSize, Cutter, Ripeness};
use super::open::{self, Opened, Text};
use super::problem::Problem;
use seerflow_model::time::{DAY, Ns, SECOND};
use seerflow_parsing::lines::{Assembler, LinesState, Options, Records};
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
    /// How lines become records.
    pub lines: Options,
}

impl Reading {
    /// What is known before the first line.
    fn initial(&self, policy: YearPolicy) -> LinesState {
        LinesState::first(&Finder::new(self.zone.clone(), policy))
    }
}

/// Bytes taken at a time.
pub const BLOCK: usize = 64 * 1024;

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
    /// Records that were longer than the limit.
    pub cut: u64,
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
    (opened, mut text): (Opened, Text),
    tell: &dyn Fn(),
) -> Scanned {
    let mut lines =
        Assembler::new(reading.lines.clone(), Finder::new(reading.zone.clone(), policy));
    let cutter = Cutter::new(size, reading.initial(policy));
    let mut taken = Taken { records: Records::default(), cutter, end: 0 };
    let mut block = vec![0; BLOCK.min(size.bytes.max(1) as usize)];
    let (mut read, mut told) = (0u64, 0);
    let damaged = loop {
        match text.read(&mut block) {
            Ok(0) => break None,
            Ok(n) => {
                read += n as u64;
                lines.push(&block[..n], 0, &mut taken.records);
                taken.take();
                cut(&mut lines, read, &mut taken);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let (path, reason) = (path.to_owned(), error.to_string());
                break Some(Problem::Damaged { path, after: read, reason });
            }
        }
        if read >> 22 != told {
            told = read >> 22;
            tell();
        }
    };
    lines.finish(&mut taken.records);
    taken.take();
    let finder = lines.finder();
    let cuts = taken.cutter.done(read, opened.state.modified);
    let file = FileScan {
        path: path.to_owned(),
        opened,
        bytes: read,
        records: cuts.records,
        cut: lines.counts().cut,
        head: cuts.head,
        timed: cuts.first.is_some(),
        zoneless: finder.zone_less(),
        year: cuts.first.filter(|_| finder.year_less()).map(year_of),
        chunks: cuts.chunks,
        damaged,
    };
    Scanned { file, first: cuts.first, last: cuts.last }
}

/// Records on their way to the cutter.
struct Taken {
    records: Records,
    cutter: Cutter,
    /// Where the last one ends in the text.
    end: u64,
}

impl Taken {
    fn take(&mut self) {
        for record in &self.records.records {
            self.cutter.record(record.time.map(|time| time.ns));
            self.end = self.end.max(record.to);
        }
        self.records.records.clear();
        self.records.bytes.clear();
    }
}

/// Cuts the chunk if it is time and a place is there: behind all records so far and before all
/// others, which a line in pieces, with other lines between them, does not allow. Where there is
/// none for very long, what waits is ended.
fn cut(lines: &mut Assembler, read: u64, taken: &mut Taken) {
    let ripeness = taken.cutter.ripeness(read);
    if ripeness == Ripeness::Young {
        return;
    }
    let mut place = lines.resume_point().filter(|(at, _)| *at >= taken.end);
    if place.is_none() && ripeness == Ripeness::Overdue {
        lines.flush_due(Ns::MAX, &mut taken.records);
        taken.take();
        place = lines.resume_point();
    }
    if let Some((at, state)) = place {
        taken.cutter.cut(at, state);
    }
}

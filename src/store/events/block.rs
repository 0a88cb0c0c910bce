//! A block on disk, as readers see it: columns are read when asked for, checked, and cached.

use super::cache::{Cache, Key};
use super::codec::{crc, decompress};
use super::decode::{self, Codes, Frame, Skeletons, Stamp};
use super::error::{Result, StoreError};
use super::filter::{self, Kind};
use super::head::{Head, Id, Place};
use super::needle::Needle;
use super::part::{Row, Who, meta};
use super::rows::{APART, Coded, Stamps, Template};
use seerflow_model::{Ns, SourceInfo};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A file that blocks are read from.
#[derive(Debug)]
pub(super) struct Data {
    path: PathBuf,
    file: File,
    /// Its number in this process: what the cache knows it by.
    number: u64,
}

impl Data {
    pub(super) fn new(path: &Path, file: File) -> Data {
        Data { path: path.to_owned(), file, number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    pub(super) fn open(path: &Path) -> Result<Data> {
        let file = File::open(path).map_err(StoreError::io("opening", path))?;
        Ok(Data::new(path, file))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn len(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(StoreError::io("reading", &self.path))?.len())
    }

    pub(super) fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, offset).map_err(|error| {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                self.damaged(offset, "the file ends before")
            } else {
                StoreError::io("reading", &self.path)(error)
            }
        })?;
        Ok(bytes)
    }

    pub(super) fn damaged(&self, offset: u64, what: &'static str) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), offset, what }
    }
}

/// See the module head.
#[derive(Debug)]
pub(super) struct Block {
    data: Arc<Data>,
    offset: u64,
    head: Head,
    cache: Arc<Cache>,
    /// A column of it was found to be damaged: it is left out of later snapshots.
    damaged: AtomicBool,
}

impl Block {
    pub(super) fn new(data: Arc<Data>, offset: u64, head: Head, cache: Arc<Cache>) -> Block {
        Block { data, offset, head, cache, damaged: AtomicBool::new(false) }
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(super) fn rows(&self) -> u32 {
        self.head.rows
    }

    pub(super) fn span(&self) -> (Ns, Ns) {
        (self.head.least, self.head.greatest)
    }

    pub(super) fn severities(&self) -> u8 {
        self.head.severities
    }

    fn wrong(&self, place: &Place, what: &'static str) -> StoreError {
        self.damaged.store(true, Ordering::Relaxed);
        self.data.damaged(self.offset + u64::from(place.offset), what)
    }

    /// The bytes of a column as they were before they were compressed.
    fn bytes(&self, place: &Place) -> Result<Vec<u8>> {
        let at = self.offset + u64::from(place.offset);
        let coded = self.data.read(at, place.coded as usize).inspect_err(|error| {
            if error.is_damage() {
                self.damaged.store(true, Ordering::Relaxed);
            }
        })?;
        if crc(&coded) != place.crc {
            return Err(self.wrong(place, "the checksum of a column does not fit"));
        }
        decompress(coded, place.raw as usize)
            .ok_or_else(|| self.wrong(place, "a column cannot be decompressed"))
    }

    fn place(&self, id: Id, n: usize) -> Result<&Place> {
        let none = Place { id: id as u8, offset: 0, coded: 0, raw: 0, crc: 0 };
        self.head.column(id, n).ok_or_else(|| self.wrong(&none, "a column is missing"))
    }

    /// A column, decoded and cached.
    fn column<T: Send + Sync + 'static>(
        &self,
        id: Id,
        n: usize,
        decode: impl FnOnce(&[u8]) -> Option<(T, usize)>,
    ) -> Result<Arc<T>> {
        let place = self.place(id, n)?;
        self.cache.get(self.key(id, n), || {
            let bytes = self.bytes(place)?;
            decode(&bytes).ok_or_else(|| self.wrong(place, "a column does not hold what it should"))
        })
    }

    fn key(&self, id: Id, n: usize) -> Key {
        (self.data.number, self.offset, id as u8, n as u16)
    }

    /// Checks all columns without decoding them.
    pub(super) fn check(&self) -> Result<()> {
        self.head.columns.iter().try_for_each(|place| {
            let at = self.offset + u64::from(place.offset);
            let coded = self.data.read(at, place.coded as usize)?;
            if crc(&coded) == place.crc {
                Ok(())
            } else {
                Err(self.wrong(place, "the checksum of a column does not fit"))
            }
        })
    }

    fn len(&self) -> usize {
        self.head.rows as usize
    }

    pub(super) fn codes(&self) -> Result<Arc<Codes>> {
        let rows = self.len();
        self.column(Id::Codes, 0, |bytes| {
            let codes = decode::codes(bytes, rows)?;
            Some((codes, rows * 8))
        })
    }

    pub(super) fn skeletons(&self) -> Result<Arc<Skeletons>> {
        let codes = self.codes()?;
        let rows = self.len();
        self.column(Id::Skeletons, 0, |bytes| {
            Some((decode::skeletons(bytes, &codes, rows)?, bytes.len() + rows * 4))
        })
    }

    pub(super) fn frame(&self, n: usize) -> Result<Arc<Frame>> {
        self.column(Id::Frame, n, |bytes| {
            let frame = decode::frame(bytes)?;
            let len = frame.len();
            Some((frame, len))
        })
    }

    pub(super) fn literals(&self) -> Result<Arc<Frame>> {
        self.column(Id::Literals, 0, |bytes| {
            let frame = decode::literals(bytes)?;
            let len = frame.len();
            Some((frame, len))
        })
    }

    fn stamp(&self) -> Result<Arc<Stamp>> {
        let rows = self.len();
        self.column(Id::Times, 0, |bytes| Some((decode::times(bytes, rows)?, rows * 24)))
    }

    pub(super) fn times(&self) -> Result<Arc<[Ns]>> {
        Ok(Arc::clone(&self.stamp()?.about))
    }

    pub(super) fn seqs(&self) -> Result<Arc<[u64]>> {
        let sources = self.sources()?;
        let rows = self.len();
        let seqs: Arc<Arc<[u64]>> = self.column(Id::Seqs, 0, |bytes| {
            Some((decode::by_source(bytes, 1, &sources.codes, rows)?, rows * 8))
        })?;
        Ok(Arc::clone(&seqs))
    }

    fn observed(&self) -> Result<Arc<[Ns]>> {
        let sources = self.sources()?;
        let rows = self.len();
        let observed: Arc<Arc<[u64]>> = self.column(Id::Observed, 0, |bytes| {
            let (unit, bytes) = decode::unit(bytes)?;
            Some((decode::by_source(bytes, unit, &sources.codes, rows)?, rows * 8))
        })?;
        Ok(Arc::clone(&observed))
    }

    fn small(&self, id: Id) -> Result<Arc<[u8]>> {
        let codes = self.codes()?;
        let column: Arc<Arc<[u8]>> = self.column(id, 0, |bytes| {
            let values = decode::predicted(&mut super::codec::Take(bytes), &codes)?;
            let values: Option<Vec<u8>> =
                values.iter().map(|value| u8::try_from(*value).ok()).collect();
            let values = values?;
            let len = values.len();
            Some((values.into(), len))
        })?;
        Ok(Arc::clone(&column))
    }

    pub(super) fn severity(&self) -> Result<Arc<[u8]>> {
        self.small(Id::Severity)
    }

    pub(super) fn formats(&self) -> Result<Arc<[u8]>> {
        self.small(Id::Format)
    }

    pub(super) fn flags(&self) -> Result<Arc<[u16]>> {
        let rows = self.len();
        let flags: Arc<Arc<[u16]>> =
            self.column(Id::Flags, 0, |bytes| Some((decode::flags(bytes, rows)?, rows * 2)))?;
        Ok(Arc::clone(&flags))
    }

    fn ends(&self) -> Result<Arc<Vec<u8>>> {
        let rows = self.len();
        self.column(Id::Ends, 0, |bytes| (bytes.len() == rows).then(|| (bytes.to_vec(), rows)))
    }

    /// Whether a value of a row reads otherwise than in the record.
    pub(super) fn apart(&self) -> Result<impl Fn(u32) -> bool + use<>> {
        let ends = self.ends()?;
        Ok(move |row: u32| ends.get(row as usize).is_some_and(|end| end & APART != 0))
    }

    fn places(&self) -> Result<Arc<Vec<(u32, u32)>>> {
        let rows = self.len();
        self.column(Id::Places, 0, |bytes| Some((decode::places(bytes, rows)?, rows * 8)))
    }

    fn scores(&self) -> Result<Arc<Vec<(u32, u16)>>> {
        let rows = self.head.rows;
        self.column(Id::Scores, 0, |bytes| {
            let scores = decode::scores(bytes, rows)?;
            let len = scores.len() * 8;
            Some((scores, len))
        })
    }

    pub(super) fn probabilities(&self) -> Result<Arc<[(u32, f64)]>> {
        let scores = self.scores()?;
        let real = |(row, score): &(u32, u16)| (*row, super::rows::probability(*score));
        Ok(scores.iter().map(real).collect())
    }

    fn coded<T: Clone + Send + Sync + 'static>(
        &self,
        id: Id,
        value: impl Fn(&mut super::codec::Take<'_>) -> Option<T>,
    ) -> Result<Coded<T>> {
        let codes = self.codes()?;
        let column: Arc<Coded<T>> = self.column(id, 0, |bytes| {
            let coded = decode::coded(bytes, &codes, value)?;
            Some((coded, codes.codes.len() * 4 + bytes.len() * 2))
        })?;
        Ok((*column).clone())
    }

    pub(super) fn sources(&self) -> Result<Coded<Arc<SourceInfo>>> {
        self.coded(Id::Source, |take| serde_json::from_slice(take.bytes()?).ok().map(Arc::new))
    }

    pub(super) fn templates(&self) -> Result<Coded<Template>> {
        self.coded(Id::Template, |take| {
            Some(Template { id: take.le64()?, text: take.text()?.into() })
        })
    }

    pub(super) fn hosts(&self) -> Result<Coded<Arc<str>>> {
        self.coded(Id::Host, |take| take.text().map(Arc::from))
    }

    pub(super) fn programs(&self) -> Result<Coded<Arc<str>>> {
        self.coded(Id::Program, |take| take.text().map(Arc::from))
    }

    pub(super) fn who(&self) -> Result<Who> {
        let codes = self.codes()?;
        let entities = self
            .column(Id::Entities, 0, |bytes| Some((decode::entities(bytes)?, bytes.len() * 6)))?;
        let lists = entities.1.len();
        let column: Arc<Arc<[u32]>> = self.column(Id::Who, 0, |bytes| {
            let values = decode::predicted(&mut super::codec::Take(bytes), &codes)?;
            let len = values.len() * 4;
            values.iter().all(|code| (*code as usize) < lists).then(|| (values.into(), len))
        })?;
        Ok(Who {
            entities: Arc::clone(&entities.0),
            lists: Arc::clone(&entities.1),
            codes: Arc::clone(&column),
        })
    }

    pub(super) fn filter(&self) -> Result<Arc<Vec<u8>>> {
        self.column(Id::Filter, 0, |bytes| Some((bytes.to_vec(), bytes.len())))
    }

    pub(super) fn may_hold(&self, needle: &Needle) -> Result<bool> {
        let filter = self.filter()?;
        let held = |kind, h: &u64| filter::may_hold(&filter, kind, *h);
        let hashes = needle.hashes();
        let in_record = |h: &u64| held(Kind::Value, h) || held(Kind::Shared, h);
        Ok(hashes.iter().all(in_record)
            || hashes.iter().all(|h| held(Kind::Added, h) || held(Kind::Cut, h)))
    }

    pub(super) fn may_hold_value(&self, hashes: &[u64]) -> Result<bool> {
        let filter = self.filter()?;
        let kinds = [Kind::Value, Kind::Shared, Kind::Added, Kind::Cut];
        Ok(hashes.iter().all(|h| kinds.iter().any(|kind| filter::may_hold(&filter, *kind, *h))))
    }

    pub(super) fn may_hold_entity(&self, key: u64) -> Result<bool> {
        Ok(filter::may_hold(&*self.filter()?, Kind::Entity, key))
    }

    /// The bytes of the record of a row, and where its values stand.
    pub(super) fn record(
        &self,
        row: u32,
        out: &mut Vec<u8>,
        places: &mut Vec<(u32, u32)>,
    ) -> Result<()> {
        let codes = self.codes()?;
        let (code, rank) = codes.of(row).ok_or(StoreError::NoSuchRow { row, rows: self.rows() })?;
        let filled = if code == 0 {
            self.literals()?.value(rank).map(|bytes| out.extend_from_slice(bytes))
        } else {
            let skeletons = self.skeletons()?;
            match skeletons.get(code) {
                Some(skeleton) if skeleton.slots == 0 => {
                    out.extend_from_slice(&skeleton.text);
                    Some(())
                }
                Some(skeleton) => skeleton.fill(&*self.frame(skeleton.frame)?, rank, out, places),
                None => None,
            }
        };
        filled.ok_or_else(|| self.data.damaged(self.offset, "a value is missing"))
    }

    /// Everything of a row but its record.
    pub(super) fn stamps(&self, row: u32) -> Result<Stamps> {
        if row >= self.rows() {
            return Err(StoreError::NoSuchRow { row, rows: self.rows() });
        }
        let times = self.stamp()?;
        let scores = self.scores()?;
        let found = scores.binary_search_by_key(&row, |(row, _)| *row).ok();
        Ok(Stamps {
            seq: of(&self.seqs()?, row),
            effective: of(&times.effective, row),
            event_time: of(&times.event_time, row),
            observed: of(&self.observed()?, row),
            flags: of(&self.flags()?, row),
            end: of(&self.ends()?, row) & !APART,
            place: of(&self.places()?, row),
            severity: of(&self.severity()?, row),
            format: of(&self.formats()?, row),
            score: found.and_then(|at| scores.get(at)).map_or(0, |(_, score)| *score),
        })
    }

    pub(super) fn row(&self, row: u32) -> Result<Row> {
        let stamps = self.stamps(row)?;
        let none = StoreError::NoSuchRow { row, rows: self.rows() };
        let source = Arc::clone(self.sources()?.get(row).ok_or(none)?);
        let mut raw = Vec::new();
        self.record(row, &mut raw, &mut Vec::new())?;
        Ok(Row { source, meta: meta(&stamps, raw.len()), observed: stamps.observed, raw })
    }
}

/// The value of a row; columns have as many as the block has rows.
fn of<T: Copy + Default>(column: &[T], row: u32) -> T {
    column.get(row as usize).copied().unwrap_or_default()
}

//! A block on disk, as readers see it: columns are read when asked for, checked, and cached.

use super::cache::{Cache, Key};
use super::codec::{crc, decompress};
use super::data::Data;
use super::decode::{self, Codes, Frame, Skeletons};
use super::error::{Result, StoreError};
use super::filter::{self, Kind};
use super::head::{Head, Id, Place};
use super::needle::Needle;
use seerflow_model::Ns;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

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
    pub(super) fn column<T: Send + Sync + 'static>(
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

    /// What is kept of this block under a number that is no column's.
    pub(super) fn cached<T: Send + Sync + 'static>(
        &self,
        number: u8,
        make: impl FnOnce() -> Result<(T, usize)>,
    ) -> Result<Arc<T>> {
        self.cache.get((self.data.number(), self.offset, number, 0), make)
    }

    fn key(&self, id: Id, n: usize) -> Key {
        (self.data.number(), self.offset, id as u8, n as u16)
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

    pub(super) fn len(&self) -> usize {
        self.head.rows as usize
    }

    pub(super) fn codes(&self) -> Result<Arc<Codes>> {
        let rows = self.len();
        self.column(Id::Codes, 0, |bytes| {
            let codes = decode::codes(bytes, rows)?;
            Some((codes, rows * 12))
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

    pub(super) fn filter(&self) -> Result<Arc<Vec<u8>>> {
        self.column(Id::Filter, 0, |bytes| Some((bytes.to_vec(), bytes.len())))
    }

    pub(super) fn may_hold(&self, needle: &Needle) -> Result<bool> {
        let filter = self.filter()?;
        let held = |kind, h: &u64| filter::may_hold(&filter, kind, *h);
        let hashes = needle.hashes();
        let in_record = |h: &u64| held(Kind::Value, h) || held(Kind::Shared, h);
        Ok(hashes.iter().all(in_record) || hashes.iter().all(|h| held(Kind::Added, h)))
    }

    pub(super) fn may_hold_value(&self, hashes: &[u64]) -> Result<bool> {
        let filter = self.filter()?;
        let kinds = [Kind::Value, Kind::Shared, Kind::Added];
        Ok(hashes.iter().all(|h| kinds.iter().any(|kind| filter::may_hold(&filter, *kind, *h))))
    }

    pub(super) fn may_name(&self, id: Uuid) -> Result<bool> {
        Ok(filter::may_hold(&self.filter()?, Kind::Named, filter::named(id)))
    }

    pub(super) fn may_hold_entity(&self, key: u64) -> Result<bool> {
        Ok(filter::may_hold(&self.filter()?, Kind::Entity, key))
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

    pub(super) fn raw(&self, row: u32) -> Result<Vec<u8>> {
        let mut raw = Vec::new();
        self.record(row, &mut raw, &mut Vec::new())?;
        Ok(raw)
    }
}

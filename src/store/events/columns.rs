//! The columns of a block, decoded: what readers ask a part for.

use super::block::Block;
use super::codec::Take;
use super::decode::{self, Stamp};
use super::error::{Result, StoreError};
use super::head::Id;
use super::part::{Row, Who, meta};
use super::rows::{APART, Coded, Entity, Stamps, Template, probability};
use seerflow_model::{Ns, SourceInfo};
use std::sync::Arc;

impl Block {
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
            let values = decode::predicted(&mut Take(bytes), &codes)?;
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
        let rows = self.rows();
        self.column(Id::Scores, 0, |bytes| {
            let scores = decode::scores(bytes, rows)?;
            let len = scores.len() * 8;
            Some((scores, len))
        })
    }

    pub(super) fn probabilities(&self) -> Result<Arc<[(u32, f64)]>> {
        let scores = self.scores()?;
        let real = |(row, score): &(u32, u16)| (*row, probability(*score));
        Ok(scores.iter().map(real).collect())
    }

    fn coded<T: Clone + Send + Sync + 'static>(
        &self,
        id: Id,
        value: impl Fn(&mut Take<'_>) -> Option<T>,
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

    /// Entities, and the lists of them that occur.
    fn lists(&self) -> Result<Arc<decode::Entities>> {
        self.column(Id::Entities, 0, |bytes| Some((decode::entities(bytes)?, bytes.len() * 6)))
    }

    pub(super) fn entities(&self) -> Result<Arc<[Entity]>> {
        Ok(Arc::clone(&self.lists()?.0))
    }

    pub(super) fn who(&self) -> Result<Who> {
        let codes = self.codes()?;
        let entities = self.lists()?;
        let lists = entities.1.len();
        let column: Arc<Arc<[u32]>> = self.column(Id::Who, 0, |bytes| {
            let values = decode::predicted(&mut Take(bytes), &codes)?;
            let len = values.len() * 4;
            values.iter().all(|code| (*code as usize) < lists).then(|| (values.into(), len))
        })?;
        Ok(Who {
            entities: Arc::clone(&entities.0),
            lists: Arc::clone(&entities.1),
            codes: Arc::clone(&column),
        })
    }

    /// All columns that a row is read from, but its record.
    fn stamped(&self) -> Result<Arc<Stamped>> {
        self.cached(STAMPED, || {
            let stamped = Stamped {
                times: self.stamp()?,
                seqs: self.seqs()?,
                observed: self.observed()?,
                flags: self.flags()?,
                ends: self.ends()?,
                places: self.places()?,
                severity: self.severity()?,
                formats: self.formats()?,
                scores: self.scores()?,
                sources: self.sources()?,
            };
            Ok((stamped, self.len() * STAMPED_BYTES))
        })
    }

    /// Everything of a row but its record.
    pub(super) fn stamps(&self, row: u32) -> Result<Stamps> {
        if row >= self.rows() {
            return Err(StoreError::NoSuchRow { row, rows: self.rows() });
        }
        Ok(self.stamped()?.of(row))
    }

    pub(super) fn row(&self, row: u32) -> Result<Row> {
        let stamped = self.stamped()?;
        let none = StoreError::NoSuchRow { row, rows: self.rows() };
        let source = Arc::clone(stamped.sources.get(row).ok_or(none)?);
        let (stamps, raw) = (stamped.of(row), self.raw(row)?);
        Ok(Row { source, meta: meta(&stamps, raw.len()), observed: stamps.observed, raw })
    }
}

/// The cache knows [`Stamped`] by this, which is no column.
const STAMPED: u8 = u8::MAX;
/// Bytes of it per row.
const STAMPED_BYTES: usize = 64;

/// The columns that a row is read from.
#[derive(Debug)]
struct Stamped {
    times: Arc<Stamp>,
    seqs: Arc<[u64]>,
    observed: Arc<[Ns]>,
    flags: Arc<[u16]>,
    ends: Arc<Vec<u8>>,
    places: Arc<Vec<(u32, u32)>>,
    severity: Arc<[u8]>,
    formats: Arc<[u8]>,
    scores: Arc<Vec<(u32, u16)>>,
    sources: Coded<Arc<SourceInfo>>,
}

impl Stamped {
    fn of(&self, row: u32) -> Stamps {
        let found = self.scores.binary_search_by_key(&row, |(row, _)| *row).ok();
        Stamps {
            seq: of(&self.seqs, row),
            effective: of(&self.times.effective, row),
            event_time: of(&self.times.event_time, row),
            observed: of(&self.observed, row),
            flags: of(&self.flags, row),
            end: of(&self.ends, row) & !APART,
            place: of(&self.places, row),
            severity: of(&self.severity, row),
            format: of(&self.formats, row),
            score: found.and_then(|at| self.scores.get(at)).map_or(0, |(_, score)| *score),
        }
    }
}

/// The value of a row; columns have as many as the block has rows.
fn of<T: Copy + Default>(column: &[T], row: u32) -> T {
    column.get(row as usize).copied().unwrap_or_default()
}

//! Rows that a writer still gathers, as readers see them: those that were published.
//!
//! The rows behind are only appended to, so the first `visible` of them never change; the lock is
//! held while columns are copied or searched, a few milliseconds at most.

use super::error::{Result, StoreError};
use super::needle::Needle;
use super::part::{Hits, Lists, Row, Who, meta};
use super::rows::{Coded, Entity, Rows, Template, probability};
use roaring::RoaringBitmap;
use seerflow_model::{Ns, SourceInfo, text};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use uuid::Uuid;

/// What a writer has published of its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) rows: u32,
    pub(super) least: Ns,
    pub(super) greatest: Ns,
    pub(super) severities: u8,
}

impl Published {
    /// With the rows that came since.
    pub(super) fn and(mut self, rows: &Rows) -> Published {
        for stamps in rows.stamps.iter().skip(self.rows as usize) {
            let about = stamps.about();
            self.least = if self.rows == 0 { about } else { self.least.min(about) };
            self.greatest = self.greatest.max(about);
            self.severities |= 1u8.checked_shl(u32::from(stamps.severity)).unwrap_or(0);
            self.rows += 1;
        }
        self
    }
}

/// See the module head.
#[derive(Debug)]
pub(super) struct OpenPart {
    pub(super) rows: Arc<RwLock<Rows>>,
    pub(super) published: Published,
}

impl OpenPart {
    pub(super) fn lock(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn visible(&self) -> usize {
        self.published.rows as usize
    }

    pub(super) fn rows(&self) -> u32 {
        self.published.rows
    }

    pub(super) fn span(&self) -> (Ns, Ns) {
        (self.published.least, self.published.greatest)
    }

    pub(super) fn severities(&self) -> u8 {
        self.published.severities
    }

    fn stamps<T>(&self, of: impl Fn(&super::rows::Stamps) -> T) -> Result<Arc<[T]>> {
        Ok(self.lock().stamps.iter().take(self.visible()).map(of).collect())
    }

    pub(super) fn times(&self) -> Result<Arc<[Ns]>> {
        self.stamps(|stamps| stamps.about())
    }

    pub(super) fn seqs(&self) -> Result<Arc<[u64]>> {
        self.stamps(|stamps| stamps.seq)
    }

    pub(super) fn severity(&self) -> Result<Arc<[u8]>> {
        self.stamps(|stamps| stamps.severity)
    }

    pub(super) fn formats(&self) -> Result<Arc<[u8]>> {
        self.stamps(|stamps| stamps.format)
    }

    pub(super) fn flags(&self) -> Result<Arc<[u16]>> {
        self.stamps(|stamps| stamps.flags)
    }

    pub(super) fn probabilities(&self) -> Result<Arc<[(u32, f64)]>> {
        let rows = self.lock();
        let scores = (0u32..).zip(rows.stamps.iter().take(self.visible()));
        let unusual = scores.filter(|(_, stamps)| stamps.score > 0);
        Ok(unusual.map(|(row, stamps)| (row, probability(stamps.score))).collect())
    }

    fn coded<T: Clone>(&self, codes: &[u32], values: &[T]) -> Result<Coded<T>> {
        let codes = codes.iter().take(self.visible()).copied().collect();
        Ok(Coded { codes, values: values.into() })
    }

    pub(super) fn sources(&self) -> Result<Coded<Arc<SourceInfo>>> {
        let rows = self.lock();
        self.coded(&rows.source.codes, &rows.source.values)
    }

    pub(super) fn templates(&self) -> Result<Coded<Template>> {
        let rows = self.lock();
        self.coded(&rows.template.codes, &rows.template.values)
    }

    pub(super) fn hosts(&self) -> Result<Coded<Arc<str>>> {
        let rows = self.lock();
        self.coded(&rows.host.codes, &rows.host.values)
    }

    pub(super) fn programs(&self) -> Result<Coded<Arc<str>>> {
        let rows = self.lock();
        self.coded(&rows.program.codes, &rows.program.values)
    }

    pub(super) fn entities(&self) -> Result<Arc<[Entity]>> {
        Ok(self.lock().entities.as_slice().into())
    }

    pub(super) fn who(&self) -> Result<Who> {
        let rows = self.lock();
        let lists = self.coded(&rows.who.codes, &rows.who.values)?;
        let mut flat = Lists::default();
        for list in lists.values.iter() {
            list.iter().for_each(|code| flat.add(*code));
            flat.end();
        }
        Ok(Who {
            entities: rows.entities.as_slice().into(),
            lists: Arc::new(flat),
            codes: lists.codes,
        })
    }

    /// There is no filter yet: only searching tells.
    pub(super) fn may_hold(&self, _needle: &Needle) -> Result<bool> {
        Ok(true)
    }

    pub(super) fn may_hold_value(&self, _hashes: &[u64]) -> Result<bool> {
        Ok(true)
    }

    pub(super) fn may_name(&self, _id: Uuid) -> Result<bool> {
        Ok(true)
    }

    pub(super) fn may_hold_entity(&self, key: u64) -> Result<bool> {
        Ok(self.lock().entities.iter().any(|entity| entity.key == key))
    }

    pub(super) fn rows_with(&self, needle: &Needle) -> Result<Hits> {
        let rows = self.lock();
        let is_in = |row: &u32| needle.is_in(&text::decode(rows.raw(*row as usize)));
        let sure: RoaringBitmap = (0..self.published.rows).filter(is_in).collect();
        let apart = |row: &u32| rows.is_apart(*row as usize) && !sure.contains(*row);
        let maybe = (0..self.published.rows).filter(apart).collect();
        Ok(Hits { sure, maybe })
    }

    pub(super) fn row(&self, row: u32) -> Result<Row> {
        let rows = self.lock();
        let at = row as usize;
        let none = || StoreError::NoSuchRow { row, rows: self.published.rows };
        let stamps = rows.stamps.get(at).ok_or_else(none)?;
        let code = *rows.source.codes.get(at).ok_or_else(none)? as usize;
        let source = Arc::clone(rows.source.values.get(code).ok_or_else(none)?);
        let raw = rows.raw(at).to_vec();
        Ok(Row { source, meta: meta(stamps, raw.len()), observed: stamps.observed, raw })
    }
}

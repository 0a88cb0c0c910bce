//! A segment that is being written: blocks are appended and made durable one by one, the footer
//! when it is sealed.

use super::block::Block;
use super::cache::Cache;
use super::codec::crc;
use super::data::Data;
use super::encode;
use super::error::{Result, StoreError};
use super::footer::{self, Footer, Origin, Section, Seqs};
use super::head::Head;
use super::rows::Rows;
use super::segment::Segment;
use crate::config::data_dir::FILE_MODE;
use seerflow_model::Ns;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// A segment that is being written.
#[derive(Debug)]
pub(super) struct Appender {
    file: File,
    data: Arc<Data>,
    cache: Arc<Cache>,
    footer: Footer,
    seqs: Seqs,
    pub(super) number: u64,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    /// When it was begun, by the clock.
    pub(super) begun: Ns,
}

impl Appender {
    /// Begins a file that is not there yet.
    pub(super) fn create(
        path: &Path,
        number: u64,
        origin: Origin,
        begun: Ns,
        cache: &Arc<Cache>,
    ) -> Result<Appender> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(path)
            .map_err(StoreError::io("creating", path))?;
        let mut stamp = [0; 8];
        getrandom::fill(&mut stamp)
            .map_err(|error| StoreError::io("stamping", path)(std::io::Error::other(error)))?;
        let stamp = u64::from_le_bytes(stamp);
        let head = footer::file_head(origin, stamp);
        file.write_all_at(&head, 0).map_err(StoreError::io("writing", path))?;
        let read = file.try_clone().map_err(StoreError::io("opening", path))?;
        Ok(Appender {
            file,
            data: Arc::new(Data::new(path, read)),
            cache: Arc::clone(cache),
            footer: Footer { origin, stamp, place: number, ..Footer::default() },
            seqs: Seqs::new(),
            number,
            bytes: head.len() as u64,
            rows: 0,
            begun,
        })
    }

    /// It stands for others, at the place of the first.
    pub(super) fn replacing(mut self, place: u64, numbers: Vec<u64>) -> Appender {
        (self.footer.place, self.footer.replaces) = (place, numbers);
        self
    }

    /// Appends rows as a block, durable when this returns. After an error nothing was appended.
    pub(super) fn append(&mut self, rows: &Rows, receipt: Ns, sync: bool) -> Result<Arc<Block>> {
        let path = self.data.path().to_owned();
        let Some(bytes) = encode::block(rows, receipt, self.footer.stamp) else {
            return Err(StoreError::Stopped("a block is larger than blocks may be".to_owned()));
        };
        self.file.write_all_at(&bytes, self.bytes).map_err(StoreError::io("writing", &path))?;
        if sync {
            self.file.sync_data().map_err(StoreError::io("syncing", &path))?;
        }
        let head = Head::len_of(&bytes).and_then(|len| Head::decode(bytes.get(..len)?));
        let Some(head) = head else {
            return Err(self.data.damaged(self.bytes, "the head of a new block"));
        };
        let offset = self.bytes;
        self.bytes += bytes.len() as u64;
        self.rows += rows.len() as u64;
        for (stamps, source) in rows.stamps.iter().zip(&rows.source.codes) {
            if let Some(source) = rows.source.values.get(*source as usize) {
                self.seqs.entry(source.id).or_default().insert(stamps.seq);
            }
        }
        self.footer.blocks.push((offset, head.clone()));
        let (data, cache) = (Arc::clone(&self.data), Arc::clone(&self.cache));
        Ok(Arc::new(Block::new(data, offset, head, cache)))
    }

    /// Writes the footer. `path` is where the file will be found.
    pub(super) fn seal(mut self) -> Result<Segment> {
        let path = self.data.path().to_owned();
        let (footer, seqs) = (&mut self.footer, &mut self.seqs);
        write_end(&self.file, &path, self.bytes, footer, seqs)?;
        Segment::of(self.data, self.number, self.footer, &self.cache)
    }
}

pub(super) fn write_end(
    file: &File,
    path: &Path,
    end: u64,
    footer: &mut Footer,
    seqs: &mut Seqs,
) -> Result<u64> {
    footer.sources = seqs.keys().copied().collect();
    let mut bytes = footer::encode_seqs(seqs);
    footer.seqs = Section { offset: end, len: bytes.len() as u64, crc: crc(&bytes) };
    bytes.extend(footer.encode(end + bytes.len() as u64));
    file.write_all_at(&bytes, end).map_err(StoreError::io("writing", path))?;
    file.sync_data().map_err(StoreError::io("syncing", path))?;
    Ok(end + bytes.len() as u64)
}

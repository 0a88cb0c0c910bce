//! A segment: a file of blocks, written once, then only read.
//!
//! Blocks are appended and made durable one by one; the footer is written when the segment is
//! sealed. A file without a good footer is scanned: blocks whose checksums fit are kept, what is
//! damaged between good ones is set aside, what follows the last good one is cut, and the footer
//! is written again.

use super::block::{Block, Data};
use super::cache::Cache;
use super::codec::crc;
use super::encode;
use super::error::{Result, StoreError};
use super::footer::{self, FOOTER_MAX, Footer, HEAD, Origin, Section, Seqs, TAIL};
use super::head::{FIXED, Head};
use super::rows::Rows;
use crate::config::data_dir::FILE_MODE;
use seerflow_model::Ns;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A segment that is complete.
#[derive(Debug)]
pub(super) struct Segment {
    data: Arc<Data>,
    pub(super) number: u64,
    pub(super) footer: Footer,
    pub(super) blocks: Vec<Arc<Block>>,
    pub(super) bytes: u64,
    /// A merge found that it cannot be read: it is not tried again.
    pub(super) left_alone: AtomicBool,
}

/// What was wrong with a file when it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Repairs {
    /// The footer was made again.
    pub(super) rebuilt: bool,
    /// Bytes of a torn end that were cut.
    pub(super) cut: u64,
    /// Damaged stretches that were left out.
    pub(super) set_aside: u64,
}

impl Segment {
    pub(super) fn rows(&self) -> u64 {
        self.blocks.iter().map(|block| u64::from(block.rows())).sum()
    }

    /// The newest receipt of a row.
    pub(super) fn receipt(&self) -> Ns {
        self.blocks.iter().map(|block| block.head().receipt).max().unwrap_or(0)
    }

    pub(super) fn path(&self) -> &Path {
        self.data.path()
    }

    /// Opens a file, repairing what needs it; `None` when it holds no row.
    pub(super) fn open(
        path: &Path,
        number: u64,
        cache: &Arc<Cache>,
    ) -> Result<(Option<Segment>, Repairs)> {
        let data = Arc::new(Data::open(path)?);
        if let Some(footer) = read_footer(&data)? {
            return Ok((Some(Segment::of(data, number, footer, cache)?), Repairs::default()));
        }
        let (footer, end, mut repairs) = scan(&data, number, cache)?;
        if footer.blocks.is_empty() {
            return Ok((None, repairs));
        }
        repairs.rebuilt = true;
        let file = OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(StoreError::io("opening for repair", path))?;
        file.set_len(end).map_err(StoreError::io("cutting", path))?;
        let footer = finish(&file, path, end, footer, &data, cache)?;
        Ok((Some(Segment::of(Arc::new(Data::open(path)?), number, footer, cache)?), repairs))
    }

    fn of(data: Arc<Data>, number: u64, footer: Footer, cache: &Arc<Cache>) -> Result<Segment> {
        let block = |(offset, head): &(u64, Head)| {
            Arc::new(Block::new(Arc::clone(&data), *offset, head.clone(), Arc::clone(cache)))
        };
        Ok(Segment {
            blocks: footer.blocks.iter().map(block).collect(),
            bytes: data.len()?,
            number,
            footer,
            data,
            left_alone: AtomicBool::new(false),
        })
    }

    /// The positions that it holds, by source; from the blocks when they are damaged.
    pub(super) fn seqs(&self) -> Seqs {
        let section = self.footer.seqs;
        let read = (section.len <= FOOTER_MAX)
            .then(|| self.data.read(section.offset, section.len as usize).ok())
            .flatten()
            .filter(|bytes| crc(bytes) == section.crc)
            .and_then(|bytes| footer::decode_seqs(&bytes));
        read.unwrap_or_else(|| {
            let mut seqs = Seqs::new();
            for block in &self.blocks {
                // A block that cannot be read holds nothing that could be doubled.
                let _ = add_seqs(block, &mut seqs);
            }
            seqs
        })
    }
}

fn add_seqs(block: &Block, seqs: &mut Seqs) -> Result<()> {
    let (sources, positions) = (block.sources()?, block.seqs()?);
    for (row, seq) in (0u32..).zip(positions.iter()) {
        if let Some(source) = sources.get(row) {
            seqs.entry(source.id).or_default().insert(*seq);
        }
    }
    Ok(())
}

/// The footer, when the file has a good one.
fn read_footer(data: &Data) -> Result<Option<Footer>> {
    let len = data.len()?;
    let Some(at) = len.checked_sub(TAIL as u64).filter(|at| *at >= HEAD as u64) else {
        return Ok(None);
    };
    let Some(section) = Footer::section(&data.read(at, TAIL)?, len) else { return Ok(None) };
    let bytes = data.read(section.offset, section.len as usize)?;
    if crc(&bytes) != section.crc {
        return Ok(None);
    }
    Ok(Footer::decode(&bytes, section.offset))
}

/// Finds the blocks of a file; also where the last one ends.
fn scan(data: &Arc<Data>, number: u64, cache: &Arc<Cache>) -> Result<(Footer, u64, Repairs)> {
    let len = data.len()?;
    let head = if len < HEAD as u64 { Vec::new() } else { data.read(0, HEAD)? };
    let known = footer::read_file_head(&head);
    let mut footer = Footer { place: number, ..Footer::default() };
    if let Some((origin, stamp)) = known {
        (footer.origin, footer.stamp) = (origin, stamp);
    } else if let Some(head) = head_at(data, HEAD as u64, len)? {
        footer.stamp = head.stamp;
    }
    let (mut at, mut end, mut repairs) = (HEAD as u64, HEAD as u64, Repairs::default());
    while at < len {
        let good = match head_at(data, at, len)?.filter(|head| head.stamp == footer.stamp) {
            Some(head) => {
                let block = Block::new(Arc::clone(data), at, head.clone(), Arc::clone(cache));
                match block.check() {
                    Ok(()) => Some(head),
                    Err(error) if error.is_damage() => None,
                    Err(error) => return Err(error),
                }
            }
            None => None,
        };
        if let Some(head) = good {
            repairs.set_aside += u64::from(at > end);
            let next = at + u64::from(head.len);
            footer.blocks.push((at, head));
            (at, end) = (next, next);
        } else {
            match next_head(data, at + 1, len, footer.stamp)? {
                Some(next) => at = next,
                None => break,
            }
        }
    }
    let sealed = len >= TAIL as u64
        && Footer::section(&data.read(len - TAIL as u64, TAIL)?, len)
            .is_some_and(|section| section.offset >= end);
    repairs.cut = if sealed { 0 } else { len - end };
    footer.set_aside = repairs.set_aside;
    Ok((footer, end, repairs))
}

/// The head of the block that is at a place.
fn head_at(data: &Data, at: u64, len: u64) -> Result<Option<Head>> {
    if at + FIXED as u64 > len {
        return Ok(None);
    }
    let Some(size) = Head::len_of(&data.read(at, FIXED)?) else { return Ok(None) };
    if at + size as u64 > len {
        return Ok(None);
    }
    let head = Head::decode(&data.read(at, size)?);
    Ok(head.filter(|head| at + u64::from(head.len) <= len))
}

/// The next place from `at` on where a block of this segment begins.
fn next_head(data: &Data, mut at: u64, len: u64, stamp: u64) -> Result<Option<u64>> {
    const WINDOW: u64 = 1 << 20;
    while at + FIXED as u64 <= len {
        let bytes = data.read(at, WINDOW.min(len - at) as usize)?;
        let mut from = 0;
        while let Some(found) = bytes.get(from..).and_then(Head::find) {
            let place = at + (from + found) as u64;
            if head_at(data, place, len)?.is_some_and(|head| head.stamp == stamp) {
                return Ok(Some(place));
            }
            from += found + 1;
        }
        // The magic may lie over the edge of two windows.
        at += (bytes.len() as u64).saturating_sub(3).max(1);
    }
    Ok(None)
}

/// Writes positions, footer and trailer, and makes them durable.
fn finish(
    file: &File,
    path: &Path,
    end: u64,
    mut footer: Footer,
    data: &Arc<Data>,
    cache: &Arc<Cache>,
) -> Result<Footer> {
    let mut seqs = Seqs::new();
    for (offset, head) in &footer.blocks {
        let block = Block::new(Arc::clone(data), *offset, head.clone(), Arc::clone(cache));
        add_seqs(&block, &mut seqs)?;
    }
    write_end(file, path, end, &mut footer, &mut seqs)?;
    Ok(footer)
}

fn write_end(
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

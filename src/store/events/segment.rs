//! A segment: a file of blocks, written once, then only read.
//!
//! Blocks are appended and made durable one by one; the footer is written when the segment is
//! sealed. A file without a good footer is scanned: blocks whose checksums fit are kept, what is
//! damaged between good ones is set aside, what follows the last good one is cut, and the footer
//! is written again.

use super::block::Block;
use super::cache::Cache;
use super::codec::crc;
use super::data::Data;
use super::error::{Result, StoreError};
use super::footer::{self, FOOTER_MAX, Footer, HEAD, Seqs, TAIL};
use super::head::Head;
use super::repair::{finish, scan};
use seerflow_model::Ns;
use std::fs::OpenOptions;
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

    pub(super) fn of(
        data: Arc<Data>,
        number: u64,
        footer: Footer,
        cache: &Arc<Cache>,
    ) -> Result<Segment> {
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

pub(super) fn add_seqs(block: &Block, seqs: &mut Seqs) -> Result<()> {
    let (sources, positions) = (block.sources()?, block.seqs()?);
    for (row, seq) in (0u32..).zip(positions.iter()) {
        if let Some(source) = sources.get(row) {
            seqs.entry(source.id).or_default().insert(*seq);
        }
    }
    Ok(())
}

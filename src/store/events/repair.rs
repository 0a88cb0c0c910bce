//! The footer of a file that has none: its blocks are looked for and checked.
//!
//! Blocks whose checksums fit are kept, what is damaged between good ones is set aside, what
//! follows the last good one is cut.

use super::appender::write_end;
use super::block::Block;
use super::cache::Cache;
use super::data::Data;
use super::error::Result;
use super::footer::{self, Footer, HEAD, Seqs, TAIL};
use super::head::{FIXED, Head};
use super::segment::{Repairs, add_seqs};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Finds the blocks of a file; also where the last one ends.
pub(super) fn scan(
    data: &Arc<Data>,
    number: u64,
    cache: &Arc<Cache>,
) -> Result<(Footer, u64, Repairs)> {
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
    repairs.cut = if sealed { 0 } else { len.saturating_sub(end) };
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
pub(super) fn finish(
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

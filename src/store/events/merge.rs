//! Small segments become one: neighbours of one shard and of about the same size are read and
//! written again with full blocks.
//!
//! Sizes are in tiers, each [`FAN_IN`] times the one before, so a row is written again a few times
//! in all. The new file is written under another name, synced, renamed, and takes the place of the
//! old ones when the manifest says so; a crash before that leaves the old ones, after it the new
//! one, and what is left over is removed at the next opening. What the parser adds to a record is
//! read again from it, because only its words are stored.

use super::appender::Appender;
use super::block::Block;
use super::error::{Result, StoreError};
use super::manifest::{path_of, sync_dir};
use super::opening::{remove, unfinished};
use super::rows::{RowParts, Rows};
use super::segment::Segment;
use super::shard::Shard;
use super::store::Inner;
use seerflow_model::Ns;
use seerflow_parsing::header::Reader;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

/// Segments that are merged at once.
pub const FAN_IN: usize = 8;
/// Fewer are merged only when one more would make too large a segment, but at least so many.
const FEW: usize = 4;

/// Which of the segments of a shard, in their order, to merge, by their rows; 0 for one that is to
/// be left alone.
fn choose(rows: &[u64], most: u64) -> Option<std::ops::Range<usize>> {
    let tier = |rows: u64| rows.checked_ilog(FAN_IN as u64);
    for start in 0..rows.len() {
        let first = *rows.get(start)?;
        let (mut sum, mut end, mut full) = (0, start, false);
        while let Some(next) = rows.get(end)
            && *next > 0
            && tier(*next) == tier(first)
            && end - start < FAN_IN
        {
            full = sum + next > most;
            if full {
                break;
            }
            sum += next;
            end += 1;
        }
        if end - start == FAN_IN || full && end - start >= FEW {
            return Some(start..end);
        }
    }
    None
}

/// Merges one run of segments of some shard; `false` when there is none.
pub(super) fn once(inner: &Inner) -> Result<bool> {
    // Held to the end: nothing may be forgotten that is being merged.
    let _merging = inner.merging.lock().unwrap_or_else(PoisonError::into_inner);
    for shard in inner.shards() {
        let run = run_of(&shard, inner.options.segment_rows);
        if run.is_empty() {
            continue;
        }
        let number = shard.take_number();
        let merged = write(inner, &shard, &run, number).inspect_err(|_| {
            run.iter().for_each(|one| one.left_alone.store(true, Relaxed));
            let _ = std::fs::remove_file(unfinished(&inner.dir, shard.number, number));
        })?;
        let changing = inner.changing();
        let mut state = shard.lock();
        run.iter().for_each(|one| drop(state.segments.remove(&one.footer.place)));
        state.segments.insert(merged.footer.place, Arc::new(merged));
        drop(state);
        inner.save(&changing)?;
        run.iter().try_for_each(|one| remove(one.path()))?;
        inner.counts.merged();
        return Ok(true);
    }
    Ok(false)
}

/// The segments of a shard that are to be merged now.
fn run_of(shard: &Shard, most: u64) -> Vec<Arc<Segment>> {
    let all: Vec<Arc<Segment>> = shard.lock().segments.values().cloned().collect();
    let size = |one: &Arc<Segment>| if one.left_alone.load(Relaxed) { 0 } else { one.rows() };
    let rows: Vec<u64> = all.iter().map(size).collect();
    choose(&rows, most).and_then(|run| all.get(run)).unwrap_or_default().to_vec()
}

/// Writes the rows of a run to a new file.
fn write(inner: &Inner, shard: &Shard, run: &[Arc<Segment>], number: u64) -> Result<Segment> {
    let path = unfinished(&inner.dir, shard.number, number);
    let place = run.first().map_or(number, |first| first.footer.place);
    let numbers = run.iter().map(|one| one.number).collect();
    let mut to = Appender::create(&path, number, shard.origin, inner.clock.now(), &inner.cache)?
        .replacing(place, numbers);
    let (mut rows, mut receipt, mut reader) = (Rows::default(), 0, Reader::new());
    for block in run.iter().flat_map(|segment| &segment.blocks) {
        read(block, &mut reader, &mut |row| {
            rows.push(row);
            receipt = receipt.max(block.head().receipt);
            if rows.is_full() {
                flush(&mut to, &mut rows, &mut receipt)?;
            }
            Ok(())
        })?;
    }
    if !rows.is_empty() {
        flush(&mut to, &mut rows, &mut receipt)?;
    }
    drop(to.seal()?);
    let to = path_of(&inner.dir, shard.number, number);
    std::fs::rename(&path, &to).map_err(StoreError::io("renaming", &path))?;
    sync_dir(&inner.dir)?;
    let (merged, _) = Segment::open(&to, number, &inner.cache)?;
    merged.ok_or_else(|| StoreError::Stopped("a merge left nothing".to_owned()))
}

fn flush(to: &mut Appender, rows: &mut Rows, receipt: &mut Ns) -> Result<()> {
    to.append(rows, *receipt, false)?;
    (*rows, *receipt) = (Rows::default(), 0);
    Ok(())
}

/// Gives the rows of a block.
fn read(
    block: &Block,
    reader: &mut Reader,
    give: &mut dyn FnMut(RowParts<'_>) -> Result<()>,
) -> Result<()> {
    let (sources, templates) = (block.sources()?, block.templates()?);
    let (hosts, programs) = (block.hosts()?, block.programs()?);
    let (who, apart) = (block.who()?, block.apart()?);
    let (mut raw, mut spans) = (Vec::new(), Vec::new());
    for row in 0..block.rows() {
        let none = || StoreError::NoSuchRow { row, rows: block.rows() };
        raw.clear();
        spans.clear();
        block.record(row, &mut raw, &mut spans)?;
        let stamps = block.stamps(row)?;
        let source = sources.get(row).ok_or_else(none)?;
        // The reader finds again what it added, and values that cut a word.
        let event = super::part::reread(reader, source, &stamps, &raw);
        let tail = if apart(row) {
            event.text.get(event.record_len as usize..).unwrap_or_default()
        } else {
            ""
        };
        let mut cuts = Vec::new();
        super::rows::cut_words(&event, |h| cuts.push(h));
        give(RowParts {
            raw: &raw,
            tail,
            spans: &spans,
            cuts: &cuts,
            stamps,
            source,
            template: templates.get(row).ok_or_else(none)?,
            host: hosts.get(row).ok_or_else(none)?,
            program: programs.get(row).ok_or_else(none)?,
            who: &who.of(row).collect::<Vec<_>>(),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_size_are_merged() {
        let table: &[(&[u64], Option<std::ops::Range<usize>>)] = &[
            (&[10; 7], None),
            (&[10; 8], Some(0..8)),
            (&[5000, 10, 10, 10, 10, 10, 10, 10, 10], Some(1..9)),
            (&[10, 10, 10, 10, 0, 10, 10, 10, 10], None),
            (&[600; 4], None),
            (&[3000; 5], None),
            // A fifth would be too much.
            (&[2400; 5], Some(0..4)),
            (&[], None),
        ];
        for (rows, wanted) in table {
            assert_eq!(choose(rows, 10_000), *wanted, "{rows:?}");
        }
    }
}

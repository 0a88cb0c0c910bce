//! Columns of a block become values again; the reverse of `encode`.
//!
//! Every function gives `None` when the bytes are not what `encode` writes for that many rows, and
//! none allocates more than a small multiple of the bytes and rows it is given.

use super::codec::Take;
use super::part::Lists;
use super::rows::{Coded, Entity, entity_key};
use super::skeleton::{END, HOLE, fill};
use seerflow_model::Ns;
use seerflow_model::entity::EntityType;
use std::sync::Arc;

/// The skeleton of each row.
#[derive(Debug)]
pub(super) struct Codes {
    /// 0 for a literal, else the number of the skeleton.
    pub(super) codes: Vec<u32>,
    /// How many rows before have the same skeleton.
    ranks: Vec<u32>,
    /// How many rows have each skeleton.
    pub(super) counts: Vec<u32>,
    /// All rows by skeleton, and where those of each begin.
    order: Vec<u32>,
    starts: Vec<u32>,
}

impl Codes {
    /// Skeleton and rank of a row.
    pub(super) fn of(&self, row: u32) -> Option<(u32, u32)> {
        Some((*self.codes.get(row as usize)?, *self.ranks.get(row as usize)?))
    }

    /// The rows with a skeleton, ascending.
    pub(super) fn rows(&self, code: u32) -> &[u32] {
        let at = |code: usize| self.starts.get(code).map_or(self.order.len(), |at| *at as usize);
        self.order.get(at(code as usize)..at(code as usize + 1)).unwrap_or_default()
    }
}

/// Reads codes of one, two or four bytes.
pub(super) fn codes(bytes: &[u8], rows: usize) -> Option<Codes> {
    let (width, bytes) = bytes.split_first()?;
    let width = usize::from(*width);
    if !matches!(width, 1 | 2 | 4) || bytes.len() != rows * width {
        return None;
    }
    let codes: Vec<u32> = bytes
        .chunks_exact(width)
        .map(|chunk| chunk.iter().rev().fold(0, |code, byte| code << 8 | u32::from(*byte)))
        .collect();
    let most = codes.iter().max().copied().unwrap_or(0) as usize;
    if most > rows {
        return None;
    }
    let mut counts = vec![0u32; most + 1];
    let mut ranks = Vec::with_capacity(rows);
    for code in &codes {
        let count = counts.get_mut(*code as usize)?;
        ranks.push(*count);
        *count += 1;
    }
    let starts: Vec<u32> = counts
        .iter()
        .scan(0, |at, count| {
            let start = *at;
            *at += count;
            Some(start)
        })
        .collect();
    let mut order = vec![0; rows];
    for ((row, code), rank) in (0u32..).zip(&codes).zip(&ranks) {
        *order.get_mut((starts.get(*code as usize)? + rank) as usize)? = row;
    }
    Some(Codes { codes, ranks, counts, order, starts })
}

/// A skeleton, and where the values of its rows are.
#[derive(Debug)]
pub(super) struct Skeleton {
    pub(super) text: Box<[u8]>,
    pub(super) slots: usize,
    pub(super) frame: usize,
    /// The first of its values in the frame.
    base: usize,
    count: usize,
}

impl Skeleton {
    /// Builds the record of the row with that rank.
    pub(super) fn fill(
        &self,
        frame: &Frame,
        rank: u32,
        out: &mut Vec<u8>,
        places: &mut Vec<(u32, u32)>,
    ) -> Option<()> {
        let at = |slot: usize| self.base + slot * self.count + rank as usize;
        let values = (0..self.slots).map_while(|slot| frame.value(at(slot) as u32));
        fill(&self.text, values, out, places)
    }

    /// Ranks of rows in whose values something stands in any case; of ASCII in lower case.
    pub(super) fn ranks_with(&self, frame: &Frame, wanted: &[u8]) -> Vec<u32> {
        let (first, last) = (self.base, self.base + self.slots * self.count);
        let mut ranks = frame.values_with(first, last, wanted);
        ranks.iter_mut().for_each(|value| {
            *value = ((*value as usize - first) % self.count.max(1)) as u32;
        });
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }
}

/// The skeletons of a block; the first has number 1.
#[derive(Debug)]
pub(super) struct Skeletons(Vec<Skeleton>);

impl Skeletons {
    pub(super) fn get(&self, code: u32) -> Option<&Skeleton> {
        self.0.get((code as usize).checked_sub(1)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Skeleton)> {
        (1u32..).zip(&self.0)
    }
}

pub(super) fn skeletons(bytes: &[u8], codes: &Codes, rows: usize) -> Option<Skeletons> {
    let mut take = Take(bytes);
    let count = take.count()?;
    if count > rows {
        return None;
    }
    let (mut all, mut base, mut last) = (Vec::with_capacity(count), 0usize, 0usize);
    for code in 1..=count {
        let text: Box<[u8]> = take.bytes()?.into();
        let frame = take.u32()? as usize;
        if frame != last {
            (base, last) = (0, frame);
        }
        let slots = memchr::memchr_iter(HOLE, &text).count();
        let count = codes.counts.get(code).copied().unwrap_or(0) as usize;
        all.push(Skeleton { text, slots, frame, base, count });
        base = base.checked_add(slots.checked_mul(count)?)?;
    }
    Some(Skeletons(all))
}

/// Values, one behind the other.
#[derive(Debug)]
pub(super) struct Frame {
    bytes: Vec<u8>,
    /// Where each begins, and at last where one more would.
    starts: Vec<u32>,
    /// What stands behind each.
    gap: usize,
}

impl Frame {
    pub(super) fn value(&self, n: u32) -> Option<&[u8]> {
        let (start, next) = (self.starts.get(n as usize)?, self.starts.get(n as usize + 1)?);
        self.bytes.get(*start as usize..(*next as usize).checked_sub(self.gap)?)
    }

    /// Bytes in memory.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() + self.starts.len() * 4
    }

    /// Which of the values from `first` to before `last` hold something, in any case.
    fn values_with(&self, first: usize, last: usize, wanted: &[u8]) -> Vec<u32> {
        let start = |n: usize| self.starts.get(n).map_or(self.bytes.len(), |at| *at as usize);
        let (mut at, end) = (start(first), start(last));
        let mut found = Vec::new();
        while let Some(hit) =
            self.bytes.get(at..end).and_then(|bytes| super::needle::find_ascii(bytes, wanted))
        {
            let value = self.starts.partition_point(|s| *s as usize <= at + hit) - 1;
            found.push(value as u32);
            at = start(value + 1);
        }
        found
    }
}

pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    let ends = memchr::memchr_iter(END, bytes).map(|at| at as u32 + 1);
    let starts: Vec<u32> = std::iter::once(0).chain(ends).collect();
    (*starts.last()? as usize == bytes.len()).then(|| Frame {
        bytes: bytes.to_vec(),
        starts,
        gap: 1,
    })
}

pub(super) fn literals(bytes: &[u8]) -> Option<Frame> {
    let mut take = Take(bytes);
    let count = take.count()?;
    let mut starts = Vec::with_capacity(count + 1);
    let mut at = 0u32;
    starts.push(0);
    for _ in 0..count {
        at = at.checked_add(take.u32()?)?;
        starts.push(at);
    }
    (at as usize == take.0.len()).then(|| Frame { bytes: take.0.to_vec(), starts, gap: 0 })
}

/// The times of the rows.
#[derive(Debug)]
pub(super) struct Stamp {
    pub(super) effective: Vec<Ns>,
    pub(super) event_time: Vec<Option<Ns>>,
    pub(super) about: Arc<[Ns]>,
}

pub(super) fn unit(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut take = Take(bytes);
    let unit = take.varint()?;
    (unit > 0).then_some((unit, take.0))
}

pub(super) fn times(bytes: &[u8], rows: usize) -> Option<Stamp> {
    let (unit, bytes) = unit(bytes)?;
    let mut take = Take(bytes);
    let (mut effective, mut event_time) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let mut last = 0u64;
    for _ in 0..rows {
        last = last.wrapping_add(take.signed()? as u64);
        effective.push(last.checked_mul(unit)?);
    }
    for at in &effective {
        event_time.push(match take.varint()? {
            0 => Some(*at),
            1 => None,
            2 => Some((at / unit).wrapping_add(take.signed()? as u64).checked_mul(unit)?),
            _ => return None,
        });
    }
    let about = effective.iter().zip(&event_time).map(|(at, own)| own.unwrap_or(*at)).collect();
    take.0.is_empty().then_some(Stamp { effective, event_time, about })
}

/// Numbers that were written as differences to the row before of the same source.
pub(super) fn by_source(
    bytes: &[u8],
    unit: u64,
    sources: &[u32],
    rows: usize,
) -> Option<Arc<[u64]>> {
    let mut take = Take(bytes);
    let most = sources.iter().max().copied().unwrap_or(0) as usize;
    let mut last = vec![0u64; most + 1];
    let mut out = Vec::with_capacity(rows);
    for source in sources {
        let last = last.get_mut(*source as usize)?;
        *last = last.wrapping_add(take.signed()? as u64);
        out.push(last.checked_mul(unit)?);
    }
    (take.0.is_empty() && out.len() == rows).then(|| out.into())
}

pub(super) fn flags(bytes: &[u8], rows: usize) -> Option<Arc<[u16]>> {
    let mut take = Take(bytes);
    let flags: Option<Arc<[u16]>> = (0..rows).map(|_| u16::try_from(take.varint()?).ok()).collect();
    flags.filter(|_| take.0.is_empty())
}

pub(super) fn places(bytes: &[u8], rows: usize) -> Option<Vec<(u32, u32)>> {
    let mut take = Take(bytes);
    let places: Option<Vec<_>> = (0..rows).map(|_| Some((take.u32()?, take.u32()?))).collect();
    places.filter(|_| take.0.is_empty())
}

pub(super) fn scores(bytes: &[u8], rows: u32) -> Option<Vec<(u32, u16)>> {
    let mut take = Take(bytes);
    let (mut scores, mut row) = (Vec::new(), 0u32);
    while !take.0.is_empty() {
        row = row.checked_add(take.u32()?).filter(|row| *row < rows)?;
        scores.push((row, u16::try_from(take.varint()?).ok()?));
    }
    Some(scores)
}

/// Codes that were written as differences to the row before with the same skeleton.
pub(super) fn predicted(take: &mut Take<'_>, codes: &Codes) -> Option<Vec<u32>> {
    let mut last = vec![0u32; codes.counts.len()];
    let mut out = Vec::with_capacity(codes.codes.len());
    for skeleton in &codes.codes {
        let last = last.get_mut(*skeleton as usize)?;
        if let Some(code) = take.u32()?.checked_sub(1) {
            *last = code;
        }
        out.push(*last);
    }
    take.0.is_empty().then_some(out)
}

/// A dictionary and the codes behind it.
pub(super) fn coded<T>(
    bytes: &[u8],
    codes: &Codes,
    value: impl Fn(&mut Take<'_>) -> Option<T>,
) -> Option<Coded<T>> {
    let mut take = Take(bytes);
    let count = take.count()?;
    let values: Option<Vec<T>> = (0..count).map(|_| value(&mut take)).collect();
    let codes = predicted(&mut take, codes)?;
    let known = codes.iter().all(|code| (*code as usize) < count);
    known.then_some(Coded { codes: codes.into(), values: values?.into() })
}

/// Entities, and the lists of them that occur.
pub(super) type Entities = (Arc<[Entity]>, Arc<Lists>);

pub(super) fn entities(bytes: &[u8]) -> Option<Entities> {
    let mut take = Take(bytes);
    let count = take.count()?;
    let entities: Option<Vec<Entity>> = (0..count)
        .map(|_| {
            let number = take.byte()?;
            let kind = EntityType::ALL.into_iter().find(|kind| *kind as u8 == number)?;
            let value = take.text()?;
            Some(Entity { key: entity_key(kind, value), kind, value: value.into() })
        })
        .collect();
    let entities = entities?;
    let (mut lists, mut next) = (Lists::default(), 0u32);
    for _ in 0..take.count()? {
        let len = take.count()?;
        for _ in 0..len {
            let code = match take.u32()?.checked_sub(1) {
                Some(code) => code,
                None => {
                    next += 1;
                    next - 1
                }
            };
            lists.add(((code as usize) < count).then_some(code)?);
        }
        lists.end();
    }
    take.0.is_empty().then(|| (entities.into(), Arc::new(lists)))
}

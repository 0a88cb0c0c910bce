//! The records of one request, in the batches in which they go to the lanes.
//!
//! A door writes one record after another; a record that is too long, or one too many, is taken
//! back and counted as refused. Bytes are written once and never copied again, unless the source
//! redacts. Room is held for what is allocated, which is up to twice of what the records have.

use super::super::batch::BATCH_RECORDS;
use super::{Limits, Refusal, Room};

/// A batch ends when it holds so many bytes.
const BATCH_BYTES: usize = 256 * 1024;
/// Room is taken in steps of so many bytes.
const STEP: usize = 64 * 1024;
/// What a record costs beside its bytes until it is in its lane.
const OVERHEAD: usize = 8;

/// One batch: bytes, and where each record ends.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The records, one after another.
    pub bytes: Vec<u8>,
    /// Where each ends.
    pub ends: Vec<u32>,
}

/// See the module head.
#[derive(Debug)]
pub struct Records {
    chunks: Vec<Chunk>,
    record_max: usize,
    bytes_max: usize,
    bytes: usize,
    /// Bytes allocated by the batches that are full.
    behind: usize,
    reserved: usize,
    count: usize,
    refused: u64,
}

impl Records {
    /// No records yet.
    pub fn new(limits: &Limits) -> Records {
        Records {
            chunks: Vec::new(),
            record_max: limits.record_max,
            bytes_max: limits.records_max,
            bytes: 0,
            behind: 0,
            reserved: 0,
            count: 0,
            refused: 0,
        }
    }

    /// Adds the record that `write` appends to the buffer it is given. It must only append.
    /// Whether it was kept; if not, it is counted as refused.
    pub fn add(
        &mut self,
        room: &mut Room,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<bool, Refusal> {
        let full = |c: &Chunk| c.ends.len() >= BATCH_RECORDS || c.bytes.len() >= BATCH_BYTES;
        if self.chunks.last().is_none_or(full) {
            self.behind += self.chunks.last().map_or(0, |chunk| chunk.bytes.capacity());
            self.chunks.push(Chunk::default());
        }
        let Some(chunk) = self.chunks.last_mut() else { return Ok(false) };
        let start = chunk.bytes.len();
        write(&mut chunk.bytes);
        let len = chunk.bytes.len().saturating_sub(start);
        let bytes = self.bytes + len + OVERHEAD;
        if len == 0 || len > self.record_max || bytes > self.bytes_max {
            chunk.bytes.truncate(start);
            self.refused += 1;
            return Ok(false);
        }
        let allocated = self.behind + chunk.bytes.capacity() + (self.count + 1) * OVERHEAD;
        if allocated > self.reserved {
            let step = (allocated - self.reserved).next_multiple_of(STEP);
            room.grow(step)?;
            self.reserved += step;
        }
        chunk.ends.push(chunk.bytes.len() as u32);
        self.bytes = bytes;
        self.count += 1;
        Ok(true)
    }

    /// Whether nothing more would be kept, because the request has become too large: a door need
    /// not write what follows, only count it.
    pub fn is_full(&self) -> bool {
        self.bytes + OVERHEAD >= self.bytes_max
    }

    /// Bytes that one record may have.
    pub fn record_max(&self) -> usize {
        self.record_max
    }

    /// Bytes that the next record may have; a door need not write more of it.
    pub fn next_max(&self) -> usize {
        self.record_max.min(self.bytes_max.saturating_sub(self.bytes + OVERHEAD))
    }

    /// Counts a record that the door itself refuses.
    pub fn refuse(&mut self) {
        self.refused += 1;
    }

    /// How many were kept.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many were refused.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The batches; none is empty.
    pub fn into_chunks(self) -> impl Iterator<Item = Chunk> {
        self.chunks.into_iter().filter(|chunk| !chunk.ends.is_empty())
    }
}

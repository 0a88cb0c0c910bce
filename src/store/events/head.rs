//! The head of a block: what it holds, where its columns are, and their checksums.
//!
//! A block is self-contained: magic, lengths, a few facts by which it can be passed over, the
//! table of columns, a CRC over all of that; then the columns, each with its own CRC in the table.
//! The footer of a segment repeats the heads of its blocks byte for byte.

use super::codec::{COLUMN_MAX, Put, Take, crc};
use seerflow_model::Ns;

/// Begins a block; the last byte is the version of the form.
const MAGIC: &[u8; 4] = b"SFB\x01";
/// Magic, length of the head, CRC of it.
pub(super) const FIXED: usize = 12;
/// Most bytes of a head.
pub(super) const HEAD_MAX: usize = 64 * 1024;
/// Most columns of a block.
const COLUMNS_MAX: usize = 2048;
/// Most rows of a block; blocks are written with fewer.
const ROWS_LIMIT: u32 = 1 << 20;

/// The columns of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum Id {
    /// The texts of the skeletons, and which frame holds the values of each.
    Skeletons = 1,
    /// Per row its skeleton, 0 for none.
    Codes,
    /// Records without skeleton.
    Literals,
    /// Values by skeleton and place.
    Frame,
    /// Effective and event times.
    Times,
    /// Positions in the source.
    Seqs,
    /// When records reached us.
    Observed,
    /// Flags.
    Flags,
    /// Line ends, and whether a value reads otherwise than in the record.
    Ends,
    /// Where times stand in records.
    Places,
    /// Severities.
    Severity,
    /// Formats.
    Format,
    /// Scores.
    Scores,
    /// Sources and their codes.
    Source,
    /// Templates and their codes.
    Template,
    /// Hosts and their codes.
    Host,
    /// Programs and their codes.
    Program,
    /// Entities and the lists that occur.
    Entities,
    /// Codes of those lists.
    Who,
    /// The filter of words.
    Filter,
}

/// Where a column is, and what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: u8,
    /// From the start of the block.
    pub(super) offset: u32,
    pub(super) coded: u32,
    pub(super) raw: u32,
    pub(super) crc: u32,
}

/// See the module head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) rows: u32,
    /// Least and greatest time that rows speak of.
    pub(super) least: Ns,
    pub(super) greatest: Ns,
    /// When the block was made, by the clock: what retention goes by.
    pub(super) receipt: Ns,
    pub(super) severities: u8,
    /// That of its segment: a number nobody outside knows, so that no record can look like a block.
    pub(super) stamp: u64,
    pub(super) columns: Vec<Place>,
    /// Of the whole block, with its head.
    pub(super) len: u32,
}

impl Head {
    /// The head as bytes; offsets and length are settled by it.
    pub(super) fn encode(&mut self) -> Vec<u8> {
        let mut body = Vec::with_capacity(64 + self.columns.len() * 12);
        body.varint(u64::from(self.rows));
        body.varint(self.least);
        body.varint(self.greatest - self.least);
        body.varint(self.receipt);
        body.push(self.severities);
        body.extend_from_slice(&self.stamp.to_le_bytes());
        body.varint(self.columns.len() as u64);
        for column in &self.columns {
            body.push(column.id);
            body.varint(u64::from(column.coded));
            body.varint(u64::from(column.raw));
            body.extend_from_slice(&column.crc.to_le_bytes());
        }
        let mut out = Vec::with_capacity(FIXED + body.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        out.extend_from_slice(&crc(&body).to_le_bytes());
        out.extend_from_slice(&body);
        self.settle(out.len() as u32);
        out
    }

    fn settle(&mut self, head: u32) {
        let mut at = head;
        for column in &mut self.columns {
            column.offset = at;
            at = at.saturating_add(column.coded);
        }
        self.len = at;
    }

    /// How long the head is that begins with these bytes.
    pub(super) fn len_of(fixed: &[u8]) -> Option<usize> {
        let mut take = Take(fixed);
        if take.take(4)? != MAGIC {
            return None;
        }
        let len = FIXED + take.le32()? as usize;
        (len <= HEAD_MAX).then_some(len)
    }

    /// The head that these bytes are, from the first to the last.
    pub(super) fn decode(bytes: &[u8]) -> Option<Head> {
        if Head::len_of(bytes.get(..FIXED)?)? != bytes.len() {
            return None;
        }
        let mut take = Take(bytes.get(8..)?);
        if take.le32()? != crc(take.0) {
            return None;
        }
        let rows = take.u32()?;
        let least = take.varint()?;
        let greatest = least.checked_add(take.varint()?)?;
        let receipt = take.varint()?;
        let severities = take.byte()?;
        let stamp = take.le64()?;
        let count = take.count()?;
        if rows == 0 || rows > ROWS_LIMIT || count > COLUMNS_MAX {
            return None;
        }
        let mut head =
            Head { rows, least, greatest, receipt, severities, stamp, columns: Vec::new(), len: 0 };
        let mut total = bytes.len() as u64;
        for _ in 0..count {
            let (id, coded, raw) = (take.byte()?, take.u32()?, take.u32()?);
            if raw as usize > COLUMN_MAX || coded > raw {
                return None;
            }
            total += u64::from(coded);
            head.columns.push(Place { id, offset: 0, coded, raw, crc: take.le32()? });
        }
        if !take.0.is_empty() || total > u64::from(u32::MAX) {
            return None;
        }
        head.settle(bytes.len() as u32);
        Some(head)
    }

    /// The n-th column with that id.
    pub(super) fn column(&self, id: Id, n: usize) -> Option<&Place> {
        self.columns.iter().filter(|column| column.id == id as u8).nth(n)
    }

    /// Where the magic of a block is in bytes.
    pub(super) fn find(bytes: &[u8]) -> Option<usize> {
        memchr::memmem::find(bytes, MAGIC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_come_back_and_no_byte_may_differ() {
        let place = |id, coded| Place { id, offset: 0, coded, raw: coded + 5, crc: 77 };
        let mut head = Head {
            rows: 3,
            least: 5,
            greatest: 1_800_000_000_000_000_000,
            receipt: 9,
            severities: 0b10,
            stamp: 99,
            columns: vec![place(1, 10), place(4, 1000), place(4, 0)],
            len: 0,
        };
        let bytes = head.encode();
        assert_eq!(Head::decode(&bytes).as_ref(), Some(&head));
        assert_eq!(head.len as usize, bytes.len() + 1010);
        assert_eq!(head.column(Id::Frame, 1).unwrap().offset as usize, bytes.len() + 1010);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(Head::decode(&bad), None, "byte {at}, bit {bit}");
            }
            assert_eq!(Head::decode(&bytes[..at]), None);
        }
    }
}

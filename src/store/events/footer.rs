//! The head and the footer of a segment file.
//!
//! A file is: its head (magic, origin, stamp, CRC); blocks, one behind the other; the positions it
//! holds, by source; the footer; a trailer of fixed length that says where the footer is. The
//! footer repeats the heads of the blocks, so opening a segment is two reads. Whatever of this is
//! missing or damaged is made again from the blocks.

use super::codec::{Put, Take, crc};
use super::head::Head;
use roaring::RoaringTreemap;
use std::collections::BTreeMap;

/// Begins a file; the last byte is the version of the form.
const MAGIC: &[u8; 4] = b"SFS\x01";
/// Ends a file.
const TRAILER: &[u8; 4] = b"SFE\x01";
/// Bytes of the head of a file.
pub(super) const HEAD: usize = 17;
/// Bytes of the trailer.
pub(super) const TAIL: usize = 20;
/// Most bytes of a footer, and of the positions.
pub(super) const FOOTER_MAX: u64 = 256 << 20;

/// How events came into the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Origin {
    /// By `start`.
    #[default]
    Live,
    /// By `analyze --persist`.
    Analyze,
    /// By `import`.
    Import,
}

impl Origin {
    /// All of them, by number.
    pub const ALL: [Origin; 3] = [Origin::Live, Origin::Analyze, Origin::Import];

    /// The name in output.
    pub const fn name(self) -> &'static str {
        match self {
            Origin::Live => "live",
            Origin::Analyze => "analyze",
            Origin::Import => "import",
        }
    }
}

/// The head of a file.
pub(super) fn file_head(origin: Origin, stamp: u64) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.push(origin as u8);
    out.extend_from_slice(&stamp.to_le_bytes());
    out.extend_from_slice(&crc(&out).to_le_bytes());
    out
}

/// Origin and stamp of a file.
pub(super) fn read_file_head(bytes: &[u8]) -> Option<(Origin, u64)> {
    let body = bytes.get(..HEAD - 4)?;
    let mut take = Take(bytes);
    if take.take(4)? != MAGIC {
        return None;
    }
    let origin = Origin::ALL.get(usize::from(take.byte()?))?;
    let stamp = take.le64()?;
    (take.le32()? == crc(body)).then_some((*origin, stamp))
}

/// Where something is in a file, and its checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) offset: u64,
    pub(super) len: u64,
    pub(super) crc: u32,
}

/// See the module head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) origin: Origin,
    pub(super) stamp: u64,
    /// Its place among the segments of its shard.
    pub(super) place: u64,
    /// The numbers of the segments it stands for.
    pub(super) replaces: Vec<u64>,
    /// Damaged stretches between the blocks that were found when the footer was made.
    pub(super) set_aside: u64,
    /// The sources of its rows, ascending.
    pub(super) sources: Vec<u64>,
    pub(super) seqs: Section,
    /// Where the blocks are, with their heads.
    pub(super) blocks: Vec<(u64, Head)>,
}

impl Footer {
    /// The footer and the trailer.
    pub(super) fn encode(&self, offset: u64) -> Vec<u8> {
        let mut out = vec![self.origin as u8];
        out.extend_from_slice(&self.stamp.to_le_bytes());
        out.varint(self.place);
        out.varint(self.replaces.len() as u64);
        self.replaces.iter().for_each(|number| out.varint(*number));
        out.varint(self.set_aside);
        out.varint(self.sources.len() as u64);
        self.sources.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes()));
        out.varint(self.seqs.offset);
        out.varint(self.seqs.len);
        out.extend_from_slice(&self.seqs.crc.to_le_bytes());
        out.varint(self.blocks.len() as u64);
        for (offset, head) in &self.blocks {
            out.varint(*offset);
            out.bytes(&head.clone().encode());
        }
        let (len, sum) = (out.len() as u32, crc(&out));
        let from = out.len();
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(&len.to_le_bytes());
        let of_trailer = crc(out.get(from..).unwrap_or_default());
        out.extend_from_slice(&(sum ^ of_trailer).to_le_bytes());
        out.extend_from_slice(TRAILER);
        out
    }

    /// Where the footer is, by the trailer of a file of that length.
    pub(super) fn section(trailer: &[u8], file: u64) -> Option<Section> {
        let mut take = Take(trailer);
        let (offset, len) = (take.le64()?, u64::from(take.le32()?));
        let of_trailer = crc(trailer.get(..12)?);
        let crc = take.le32()? ^ of_trailer;
        let fits = offset.checked_add(len)?.checked_add(TAIL as u64)? == file;
        (take.0 == TRAILER && fits && len <= FOOTER_MAX).then_some(Section { offset, len, crc })
    }

    /// The footer that these bytes are; `limit` is where it begins in the file.
    pub(super) fn decode(bytes: &[u8], limit: u64) -> Option<Footer> {
        let mut take = Take(bytes);
        let mut footer = Footer {
            origin: *Origin::ALL.get(usize::from(take.byte()?))?,
            stamp: take.le64()?,
            place: take.varint()?,
            ..Footer::default()
        };
        for _ in 0..take.count()? {
            footer.replaces.push(take.varint()?);
        }
        footer.set_aside = take.varint()?;
        for _ in 0..take.count()? {
            footer.sources.push(take.le64()?);
        }
        footer.seqs = Section { offset: take.varint()?, len: take.varint()?, crc: take.le32()? };
        for _ in 0..take.count()? {
            let offset = take.varint()?;
            let head = Head::decode(take.bytes()?)?;
            if offset.checked_add(u64::from(head.len))? > limit || head.stamp != footer.stamp {
                return None;
            }
            footer.blocks.push((offset, head));
        }
        take.0.is_empty().then_some(footer)
    }
}

/// The positions that a segment holds, by source.
pub(super) type Seqs = BTreeMap<u64, RoaringTreemap>;

/// Positions as bytes.
pub(super) fn encode_seqs(seqs: &mut Seqs) -> Vec<u8> {
    let mut out = Vec::new();
    out.varint(seqs.len() as u64);
    for (id, set) in seqs {
        // Runs would be shorter still, but the treemap of this crate only finds them per 2^32.
        out.extend_from_slice(&id.to_le_bytes());
        let mut bytes = Vec::with_capacity(set.serialized_size());
        // Writing to memory cannot fail.
        let _ = set.serialize_into(&mut bytes);
        out.bytes(&bytes);
    }
    let mut coded = Vec::new();
    coded.varint(out.len() as u64);
    super::codec::compress(&out, &mut coded);
    coded
}

/// Positions from bytes.
pub(super) fn decode_seqs(bytes: &[u8]) -> Option<Seqs> {
    let mut take = Take(bytes);
    let len = usize::try_from(take.varint()?).ok()?;
    let raw = super::codec::decompress(take.0.to_vec(), len)?;
    let mut take = Take(&raw);
    let mut seqs = Seqs::new();
    for _ in 0..take.count()? {
        let id = take.le64()?;
        seqs.insert(id, RoaringTreemap::deserialize_from(take.bytes()?).ok()?);
    }
    take.0.is_empty().then_some(seqs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers_come_back_and_no_byte_may_differ() {
        let mut head = Head { rows: 2, stamp: 4, ..Head::default() };
        head.encode();
        let footer = Footer {
            origin: Origin::Import,
            stamp: 4,
            place: 3,
            replaces: vec![1, 2],
            set_aside: 1,
            sources: vec![7, 9],
            seqs: Section { offset: 100, len: 20, crc: 5 },
            blocks: vec![(17, head)],
        };
        let bytes = footer.encode(500);
        let file = 500 + bytes.len() as u64;
        let read = |bytes: &[u8]| {
            let section = Footer::section(bytes.get(bytes.len() - TAIL..)?, file)?;
            let body = bytes.get(..section.len as usize)?;
            (crc(body) == section.crc).then(|| Footer::decode(body, 500)).flatten()
        };
        assert_eq!(read(&bytes).as_ref(), Some(&footer));
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            assert_eq!(read(&bad), None, "byte {at}");
        }
        let head = file_head(Origin::Analyze, 77);
        assert_eq!(read_file_head(&head), Some((Origin::Analyze, 77)));
        for at in 0..head.len() {
            let mut bad = head.clone();
            bad[at] ^= 1;
            assert_eq!(read_file_head(&bad), None, "byte {at}");
        }
    }

    #[test]
    fn positions_come_back() {
        let mut seqs = Seqs::new();
        seqs.insert(5, (0..1000).chain([u64::MAX, 1 << 40]).collect());
        seqs.insert(u64::MAX, (0..100_000).step_by(3).collect());
        let bytes = encode_seqs(&mut seqs);
        assert_eq!(decode_seqs(&bytes).as_ref(), Some(&seqs));
        assert_eq!(decode_seqs(&bytes[..bytes.len() - 1]), None);
    }
}

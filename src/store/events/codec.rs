//! How numbers and columns become bytes: varints, zig-zag, zstd with a CRC.
//!
//! Decoding trusts nothing: the size of what comes out is bounded before it is allocated, and
//! every read can fail. Cost: zstd level 1, some 300 MB/s in, 1 GB/s out.

use std::cell::RefCell;
use zstd::bulk::{Compressor, Decompressor};

/// Most bytes that one column may have when it is not compressed.
pub(super) const COLUMN_MAX: usize = 64 << 20;
/// Columns below this are not worth compressing.
const SMALL: usize = 16;

/// Appends numbers to bytes.
pub(super) trait Put {
    /// Seven bits a byte, low ones first.
    fn varint(&mut self, value: u64);
    /// Length, then the bytes.
    fn bytes(&mut self, bytes: &[u8]);
    /// A signed number: small ones of either sign are short.
    fn signed(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)) as u64);
    }
}

impl Put for Vec<u8> {
    #[inline]
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }
}

/// Takes numbers from bytes; `None` when there are not enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Take<'a>(pub(super) &'a [u8]);

impl<'a> Take<'a> {
    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    #[inline]
    pub(super) fn signed(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    /// A number of things that follow, each at least one byte long.
    pub(super) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.varint()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub(super) fn le32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn le64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}

thread_local! {
    static ZSTD: RefCell<Option<(Compressor<'static>, Decompressor<'static>)>> =
        const { RefCell::new(None) };
}

fn with_zstd<T>(
    act: impl FnOnce(&mut Compressor<'static>, &mut Decompressor<'static>) -> Option<T>,
) -> Option<T> {
    ZSTD.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Some((Compressor::new(1).ok()?, Decompressor::new().ok()?));
        }
        let (compressor, decompressor) = kept.as_mut()?;
        act(compressor, decompressor)
    })
}

/// Appends the coded form of a column; as it is when that is not longer. Returns its length.
pub(super) fn compress(raw: &[u8], out: &mut Vec<u8>) -> usize {
    let coded = (raw.len() >= SMALL)
        .then(|| with_zstd(|compressor, _| compressor.compress(raw).ok()))
        .flatten()
        .filter(|coded| coded.len() < raw.len());
    let coded = coded.as_deref().unwrap_or(raw);
    out.extend_from_slice(coded);
    coded.len()
}

/// Gives back a column of a known length.
pub(super) fn decompress(coded: Vec<u8>, raw_len: usize) -> Option<Vec<u8>> {
    if raw_len > COLUMN_MAX {
        return None;
    }
    if coded.len() == raw_len {
        return Some(coded);
    }
    let raw = with_zstd(|_, decompressor| decompressor.decompress(&coded, raw_len).ok())?;
    (raw.len() == raw_len).then_some(raw)
}

/// The checksum of bytes.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(values: Vec<(u64, i64)>) {
            let mut out = Vec::new();
            for (a, b) in &values {
                out.varint(*a);
                out.signed(*b);
            }
            let mut take = Take(&out);
            for (a, b) in &values {
                prop_assert_eq!(take.varint(), Some(*a));
                prop_assert_eq!(take.signed(), Some(*b));
            }
            prop_assert_eq!(take.varint(), None);
        }

        #[test]
        fn columns_come_back(raw in prop::collection::vec(0u8..4, 0..300)) {
            let mut out = Vec::new();
            let len = compress(&raw, &mut out);
            prop_assert_eq!(len, out.len());
            prop_assert_eq!(decompress(out, raw.len()), Some(raw));
        }

        #[test]
        fn rubbish_is_refused(coded: Vec<u8>, raw_len in 0usize..5000) {
            if let Some(raw) = decompress(coded.clone(), raw_len) {
                prop_assert_eq!(raw.len(), raw_len);
            }
            let mut take = Take(&coded);
            while take.varint().is_some() {}
        }
    }

    #[test]
    fn sizes_are_bounded_before_they_are_allocated() {
        assert_eq!(decompress(vec![1, 2, 3], COLUMN_MAX + 1), None);
    }
}

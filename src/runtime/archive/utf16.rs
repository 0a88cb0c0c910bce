//! UTF-16 text as UTF-8, as a reader over a reader. Lone surrogates become U+FFFD.

use std::io::{self, Read};

/// Decodes what follows the byte order mark.
pub struct Utf16<R> {
    inner: R,
    big_endian: bool,
    raw: Vec<u8>,
    odd: Option<u8>,
    high: Option<u16>,
    ready: Vec<u8>,
    pos: usize,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    /// Over a reader that stands behind the byte order mark.
    pub fn new(inner: R, big_endian: bool) -> Utf16<R> {
        Utf16 {
            inner,
            big_endian,
            raw: vec![0; 16 * 1024],
            odd: None,
            high: None,
            ready: Vec::new(),
            pos: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.pos = 0;
        while self.ready.is_empty() && !self.ended {
            let n = self.inner.read(&mut self.raw)?;
            if n == 0 {
                self.ended = true;
                if self.high.take().is_some() | self.odd.take().is_some() {
                    self.push(char::REPLACEMENT_CHARACTER);
                }
            }
            for at in 0..n {
                let byte = self.raw[at];
                match self.odd.take() {
                    None => self.odd = Some(byte),
                    Some(first) if self.big_endian => self.unit(u16::from_be_bytes([first, byte])),
                    Some(first) => self.unit(u16::from_le_bytes([first, byte])),
                }
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: u16) {
        let high = self.high.take();
        match (high, unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                let code =
                    0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
                self.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                return;
            }
            (Some(_), _) => self.push(char::REPLACEMENT_CHARACTER),
            (None, _) => {}
        }
        if (0xd800..=0xdbff).contains(&unit) {
            self.high = Some(unit);
        } else {
            self.push(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    fn push(&mut self, c: char) {
        self.ready.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.pos == self.ready.len() {
            self.refill()?;
        }
        let n = out.len().min(self.ready.len() - self.pos);
        out[..n].copy_from_slice(&self.ready[self.pos..self.pos + n]);
        self.pos += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decodes_what_was_encoded(text in "\\PC{0,200}", big in any::<bool>()) {
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect();
            let mut out = String::new();
            Utf16::new(&bytes[..], big).read_to_string(&mut out)?;
            prop_assert_eq!(out, text);
        }

        #[test]
        fn any_bytes_give_text(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut out = String::new();
            Utf16::new(&bytes[..], false).read_to_string(&mut out)?;
            prop_assert!(out.chars().count() <= bytes.len());
        }
    }
}

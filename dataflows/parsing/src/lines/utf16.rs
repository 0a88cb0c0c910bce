//! Files in UTF-16 (Windows writes them) are decoded to UTF-8 before anything else sees them.

/// Byte order of UTF-16 text, told by its byte order mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utf16 {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl Utf16 {
    /// The order that the first two bytes of a file mark, if they do.
    pub fn sniff(bytes: &[u8]) -> Option<Utf16> {
        match bytes {
            // Four bytes would be UTF-32, which no logger writes.
            [0xff, 0xfe, 0, 0, ..] => None,
            [0xff, 0xfe, ..] => Some(Utf16::Little),
            [0xfe, 0xff, ..] => Some(Utf16::Big),
            _ => None,
        }
    }
}

/// Decodes a stream, however it is chunked.
#[derive(Clone, Debug)]
pub struct Utf16Decoder {
    order: Utf16,
    byte: Option<u8>,
    high: Option<u16>,
    begun: bool,
}

impl Utf16Decoder {
    /// A decoder at the beginning of a stream, before its byte order mark.
    pub fn new(order: Utf16) -> Utf16Decoder {
        Utf16Decoder { order, byte: None, high: None, begun: false }
    }

    /// Decodes the next bytes into `out`; a lone half of a pair becomes U+FFFD.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            let Some(first) = self.byte.take() else {
                self.byte = Some(byte);
                continue;
            };
            let unit = match self.order {
                Utf16::Little => u16::from_le_bytes([first, byte]),
                Utf16::Big => u16::from_be_bytes([first, byte]),
            };
            self.unit(unit, out);
        }
    }

    /// The stream has ended.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.high.take().is_some() | self.byte.take().is_some() {
            put(char::REPLACEMENT_CHARACTER, out);
        }
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        let begun = std::mem::replace(&mut self.begun, true);
        if !begun && unit == 0xfeff {
            return;
        }
        let high = self.high.take();
        match (high, unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                let code = 0x1_0000 + (u32::from(high - 0xd800) << 10) + u32::from(unit - 0xdc00);
                put(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), out);
            }
            (high, _) => {
                if high.is_some() {
                    put(char::REPLACEMENT_CHARACTER, out);
                }
                match unit {
                    0xd800..=0xdbff => self.high = Some(unit),
                    _ => put(
                        char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER),
                        out,
                    ),
                }
            }
        }
    }
}

fn put(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Decodes bytes that begin with a UTF-16 byte order mark; `None` when they do not.
pub fn decode_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Utf16Decoder::new(Utf16::sniff(bytes)?);
    let mut out = Vec::with_capacity(bytes.len() / 2 + 16);
    decoder.push(bytes, &mut out);
    decoder.finish(&mut out);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(
            units in proptest::collection::vec(
                prop_oneof![any::<u16>(), 0xd700u16..0xe100, 32u16..127], 0..60),
            big in any::<bool>(),
            chunk in 1usize..9,
        ) {
            let encode = |u: &u16| if big { u.to_be_bytes() } else { u.to_le_bytes() };
            let bytes: Vec<u8> = [0xfeff].iter().chain(&units).flat_map(encode).collect();
            prop_assume!(big || units.first() != Some(&0));
            let expected = String::from_utf16_lossy(&units).into_bytes();
            prop_assert_eq!(decode_utf16(&bytes), Some(expected.clone()));
            let mut decoder = Utf16Decoder::new(Utf16::sniff(&bytes).unwrap());
            let mut out = Vec::new();
            bytes.chunks(chunk).for_each(|c| decoder.push(c, &mut out));
            decoder.finish(&mut out);
            prop_assert_eq!(out, expected);
        }
    }

    #[test]
    fn odd_ends() {
        assert_eq!(decode_utf16(b"plain"), None);
        assert_eq!(decode_utf16(b"\xff\xfea\0b"), Some("a\u{fffd}".as_bytes().to_vec()));
    }
}

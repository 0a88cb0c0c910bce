//! The key, and what stands in a line in the place of a value.
//!
//! A pseudonym is `<kind:` and 24 hexadecimal digits and `>`: the first 96 bits of HMAC-SHA-256
//! over kind and value. A plain hash would not do: there are so few card numbers that all can be
//! tried. The shape is one masked value of a template, needs no escape in JSON, and holds nothing
//! that any detector of this module takes for a value.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::ops::Range;

/// Hexadecimal digits of a pseudonym.
pub const DIGITS: usize = 24;
/// Longest name of a kind.
pub const NAME_MAX: usize = 24;

/// The secret that pseudonyms are made with.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

impl Key {
    /// From secret bytes, as many as there are.
    pub fn new(secret: &[u8]) -> Key {
        // HMAC takes keys of every length; the zero key stands for an error that cannot be.
        let mac = Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default()));
        Key(mac)
    }

    /// Appends the pseudonym of a value of this kind.
    pub fn pseudonym(&self, kind: &str, value: &[u8], out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut mac = self.0.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        let digest = mac.finalize().into_bytes();
        out.push(b'<');
        out.extend_from_slice(kind.as_bytes());
        out.push(b':');
        for byte in &digest[..DIGITS / 2] {
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
        out.push(b'>');
    }

    /// Tells one key from another, and nothing else about it.
    pub fn digest(&self) -> u64 {
        let mut mac = self.0.clone();
        // No kind begins so, and identifiers go on with eight bytes.
        mac.update(b"\0key");
        let digest = mac.finalize().into_bytes();
        digest[..8].iter().fold(0, |id, byte| id << 8 | u64::from(*byte))
    }

    /// An identifier that was hashed from what is redacted, such that it cannot be found by trying
    /// what it may have been hashed from.
    pub fn identifier(&self, id: u64) -> u64 {
        let mut mac = self.0.clone();
        // No kind is empty.
        mac.update(&[0]);
        mac.update(&id.to_le_bytes());
        let digest = mac.finalize().into_bytes();
        digest[..8].iter().fold(0, |id, byte| id << 8 | u64::from(*byte))
    }
}

/// Whether a name can stand in a pseudonym: a lower-case letter, then lower-case letters, digits,
/// `_` and `-`.
pub fn is_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    name.len() <= NAME_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(inner)
}

/// The end of a pseudonym that begins at `at`.
pub fn pseudonym_at(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'<') {
        return None;
    }
    let name = text[at + 1..].iter().take(NAME_MAX + 1).position(|b| *b == b':')?;
    let digits = at + name + 2;
    let valid = std::str::from_utf8(&text[at + 1..digits - 1]).is_ok_and(is_name);
    let run = text.get(digits..digits + DIGITS)?;
    let hex = run.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (valid && hex && text.get(digits + DIGITS) == Some(&b'>')).then_some(digits + DIGITS + 1)
}

/// The pseudonym that covers the byte at `at`, if any.
pub fn pseudonym_over(text: &[u8], at: usize) -> Option<Range<usize>> {
    let reach = NAME_MAX + DIGITS + 3;
    let from = at.saturating_sub(reach - 1);
    let open = text.get(from..=at)?.iter().rposition(|b| *b == b'<')? + from;
    pseudonym_at(text, open).filter(|end| *end > at).map(|end| open..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_keyed_by_kind_and_secret() {
        let of = |secret: &[u8], kind: &str, value: &[u8]| {
            let mut out = Vec::new();
            Key::new(secret).pseudonym(kind, value, &mut out);
            String::from_utf8(out).unwrap()
        };
        let one = of(b"k", "card", b"4111111111111111");
        assert_eq!(one, of(b"k", "card", b"4111111111111111"));
        assert_ne!(one, of(b"l", "card", b"4111111111111111"));
        assert_ne!(one[6..], of(b"k", "token", b"4111111111111111")[7..]);
        assert_eq!(one.len(), "<card:>".len() + DIGITS);
        assert_eq!(pseudonym_at(one.as_bytes(), 0), Some(one.len()));
        assert_eq!(pseudonym_over(format!("a{one}b").as_bytes(), 9), Some(1..one.len() + 1));
        assert!(pseudonym_over(format!("a{one}b").as_bytes(), one.len() + 1).is_none());
        assert_eq!(format!("{:?}", Key::new(b"hunter2")), "Key(***)");
        assert_eq!(Key::new(b"k").digest(), Key::new(b"k").digest());
        assert_ne!(Key::new(b"k").digest(), Key::new(b"l").digest());
        // RFC 4231, test case 2, has this key and no zero byte; ours is its own.
        assert_ne!(Key::new(b"k").identifier(1), Key::new(b"l").identifier(1));
    }

    #[test]
    fn agrees_with_hmac_sha_256_worked_by_hand() {
        use sha2::Digest;
        let (mut inner, mut outer) = ([0x36u8; 64], [0x5cu8; 64]);
        for (i, byte) in b"secret".iter().enumerate() {
            inner[i] ^= byte;
            outer[i] ^= byte;
        }
        let first = Sha256::new().chain_update(inner).chain_update(b"card\x00123").finalize();
        let whole = Sha256::new().chain_update(outer).chain_update(first).finalize();
        let hex: String = whole[..12].iter().map(|b| format!("{b:02x}")).collect();
        let mut out = Vec::new();
        Key::new(b"secret").pseudonym("card", b"123", &mut out);
        assert_eq!(out, format!("<card:{hex}>").into_bytes());
    }

    #[test]
    fn names() {
        for good in ["card", "a", "patient-id", "x_1"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "Card", "1x", "a b", "a:b", "<", "abcdefghijklmnopqrstuvwxy"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}

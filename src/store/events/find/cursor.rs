//! Where a page ended, as a text that a client gives back.
//!
//! It holds the key of the last item, so the next page begins behind it whatever was written or
//! merged since; a digest of the query, so that it is refused with another one; and the total
//! that was counted for the first page. Base64 (URL alphabet, no padding) of: version, digest,
//! total and flag, time, source, sequence, big-endian.

use super::query::Key;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The form below.
const VERSION: u8 = 1;
/// Bytes of that form.
const LEN: usize = 1 + 8 + 8 + 1 + 24;

/// How many events fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// So many, or so many at least.
    pub events: u64,
    /// Whether there may be more.
    pub is_lower_bound: bool,
}

/// See the module head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Digest of the query.
    pub(super) digest: u64,
    /// What the first page counted; `None` when it did not.
    pub(super) total: Option<Total>,
    /// The key behind which the next page begins.
    pub(super) after: Key,
}

/// A text that is no cursor of this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is none that a page gave; use next_cursor as it is")]
pub struct NoCursor;

impl Cursor {
    /// From the text of a client.
    pub fn parse(text: &str) -> Result<Cursor, NoCursor> {
        // Longer texts are not decoded at all.
        if text.len() > LEN * 2 {
            return Err(NoCursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoCursor)?;
        let (&[version], rest) = bytes.split_first_chunk().ok_or(NoCursor)?;
        let (numbers, &[flag]) = rest.split_last_chunk().ok_or(NoCursor)?;
        if version != VERSION || bytes.len() != LEN || flag > 2 {
            return Err(NoCursor);
        }
        let mut numbers = numbers
            .chunks_exact(8)
            .map(|chunk| chunk.try_into().map(u64::from_be_bytes).map_err(|_| NoCursor));
        let mut next = || numbers.next().unwrap_or(Err(NoCursor));
        let (digest, events) = (next()?, next()?);
        let after = (next()?, next()?, next()?);
        let total = (flag < 2).then_some(Total { events, is_lower_bound: flag == 1 });
        Ok(Cursor { digest, total, after })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (time, source, seq) = self.after;
        let mut bytes = vec![VERSION];
        let events = self.total.map_or(0, |total| total.events);
        for number in [self.digest, events, time, source, seq] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.push(self.total.map_or(2, |total| u8::from(total.is_lower_bound)));
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn comes_back(digest: u64, after: (u64, u64, u64), total: Option<(u64, bool)>) {
            let total = total.map(|(events, is_lower_bound)| Total { events, is_lower_bound });
            let cursor = Cursor { digest, total, after };
            prop_assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
        }

        #[test]
        fn refuses_what_is_none(text in "\\PC{0,80}") {
            // 57 characters of the alphabet could be one; these are not of that length or alphabet.
            if let Ok(cursor) = Cursor::parse(&text) {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn refuses_other_versions_and_lengths() {
        let text = Cursor { digest: 1, total: None, after: (2, 3, 4) }.to_string();
        let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        bytes[0] = 2;
        assert_eq!(Cursor::parse(&URL_SAFE_NO_PAD.encode(&bytes)), Err(NoCursor));
        for wrong in [&text[1..], &text[..text.len() - 1], "", "a", &text.repeat(100)] {
            assert_eq!(Cursor::parse(wrong), Err(NoCursor), "{wrong}");
        }
    }
}

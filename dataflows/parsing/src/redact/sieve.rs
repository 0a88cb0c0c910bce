//! Tells lines in which no pattern can be from the others, several times faster than a search.
//!
//! Of each pattern its rarest three bytes are kept. Wherever they stand in a text, two of them begin
//! at an even place: so only every second place is looked at, and most looks end at one bit of a
//! table of pairs. Upper and lower case are the same.

/// Letters by how often texts have them.
const OFTEN: &[u8] = b" etaoinsrhldcumfpgwybvkxjqz";
/// How rare other bytes are taken to be.
const OTHER: usize = 15;
/// Bytes of what is kept of a pattern.
const KEPT: usize = 3;

/// One bit for each number of 16 bits.
#[derive(Clone)]
struct Bits(Box<[u64; 1 << 10]>);

impl Bits {
    #[inline]
    fn has(&self, bit: u16) -> bool {
        self.0[usize::from(bit >> 6)] >> (bit & 63) & 1 == 1
    }

    fn set(&mut self, bit: u16) {
        self.0[usize::from(bit >> 6)] |= 1 << (bit & 63);
    }
}

/// The kept parts of all patterns.
#[derive(Clone)]
pub struct Sieve {
    /// Two neighbours of what is kept.
    pairs: Bits,
    /// A hash of what is kept.
    kept: Bits,
}

impl Sieve {
    /// Of patterns in lower case; `None` when one of them is too short.
    pub fn new(patterns: &[String]) -> Option<Sieve> {
        let none = || Bits(Box::new([0; 1 << 10]));
        let mut sieve = Sieve { pairs: none(), kept: none() };
        for pattern in patterns {
            // Where it is there is the shorter one too.
            let inside = |other: &String| other != pattern && pattern.contains(other.as_str());
            if patterns.iter().any(inside) {
                continue;
            }
            let rarest = pattern.as_bytes().windows(KEPT).max_by_key(|part| rarity(part))?;
            sieve.kept.set(hash(rarest));
            rarest.windows(2).for_each(|two| sieve.pairs.set(pair(two)));
        }
        Some(sieve)
    }

    /// Whether a pattern may be in the text; when not, none is.
    pub fn may_hold(&self, text: &[u8]) -> bool {
        text.chunks_exact(2)
            .enumerate()
            .any(|(i, two)| self.pairs.has(pair(two)) && self.near(text, 2 * i))
    }

    /// Whether what is kept begins at `at` or one byte before.
    #[cold]
    fn near(&self, text: &[u8], at: usize) -> bool {
        let kept =
            |from: usize| text.get(from..from + KEPT).is_some_and(|part| self.kept.has(hash(part)));
        kept(at) || at > 0 && kept(at - 1)
    }
}

/// Upper and lower case alike; some signs too, which only costs a look more.
#[inline]
fn fold(b: u8) -> u16 {
    u16::from(b | 0x20)
}

#[inline]
fn pair(two: &[u8]) -> u16 {
    fold(two[0]) << 8 | fold(two[1])
}

fn hash(part: &[u8]) -> u16 {
    fold(part[0]) << 10 ^ fold(part[1]) << 5 ^ fold(part[2])
}

fn rarity(part: &[u8]) -> usize {
    part.iter().map(|b| OFTEN.iter().position(|o| o == b).unwrap_or(OTHER)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_it_holds_back_holds_nothing(
            patterns in proptest::collection::vec("[abk:_]{3,6}", 1..5),
            text in "[abkABK:_]{0,40}",
        ) {
            let sieve = Sieve::new(&patterns).unwrap();
            let lower = text.to_ascii_lowercase();
            let there = patterns.iter().any(|pattern| lower.contains(pattern.as_str()));
            prop_assert!(!there || sieve.may_hold(text.as_bytes()), "{:?} {}", patterns, text);
        }
    }

    #[test]
    fn most_lines_are_held_back() {
        let sieve = Sieve::new(&["password".into(), "token".into(), "://".into()]).unwrap();
        assert!(!sieve.may_hold(b"Received disconnect from 203.0.113.9: 11: Bye Bye [preauth]"));
        assert!(sieve.may_hold(b"a PassWord is there") && sieve.may_hold(b"http://a"));
        assert!(Sieve::new(&["ab".into()]).is_none());
    }
}

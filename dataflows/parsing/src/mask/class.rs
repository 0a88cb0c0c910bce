//! What a byte may be, and what a run of bytes was made of.
//!
//! A message is read as *cores* (runs of atom bytes, or a masked value) in a *skeleton* of
//! delimiters and white space. The table has one byte per byte, so a run is classified by OR-ing.

/// White space and other control bytes: separates words.
pub const SPACE: u8 = 1;
/// `0`–`9`.
pub const DIGIT: u8 = 2;
/// `a`–`f`, `A`–`F`.
pub const HEX: u8 = 4;
/// Other ASCII letters and `_`.
pub const ALPHA: u8 = 8;
/// `- + $ ~ %`: inside a core, but never at its beginning.
pub const SOFT: u8 = 16;
/// `.`
pub const DOT: u8 = 32;
/// `@`
pub const AT: u8 = 64;
/// Part of a character outside ASCII.
pub const WIDE: u8 = 128;
/// All of what may stand in a core; everything else is white space or a delimiter (0).
pub const ATOM: u8 = !SPACE;
/// What a core may begin with.
pub const START: u8 = DIGIT | HEX | ALPHA | WIDE;

/// The class of each byte.
pub static CLASS: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            0..=b' ' | 0x7f => SPACE,
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEX,
            b'g'..=b'z' | b'G'..=b'Z' | b'_' => ALPHA,
            b'-' | b'+' | b'$' | b'~' | b'%' => SOFT,
            b'.' => DOT,
            b'@' => AT,
            0x80.. => WIDE,
            _ => 0,
        };
        b += 1;
    }
    table
}

/// The class of the byte at `i`; past the end counts as white space.
#[inline]
pub fn at(text: &[u8], i: usize) -> u8 {
    text.get(i).map_or(SPACE, |&b| CLASS[usize::from(b)])
}

/// The byte at `i`; past the end 0.
#[inline]
pub fn byte(text: &[u8], i: usize) -> u8 {
    text.get(i).copied().unwrap_or(0)
}

/// Where a run of decimal digits that starts at `i` ends.
#[inline]
pub fn digits(text: &[u8], mut i: usize) -> usize {
    while byte(text, i).is_ascii_digit() {
        i += 1;
    }
    i
}

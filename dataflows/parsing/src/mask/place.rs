//! Values by their place: what stands after `key=`, `key:` and `"key": `.

use super::class::{CLASS, SPACE, byte};

/// Bytes of a quoted value that are looked at.
const QUOTED_MAX: usize = 1024;

/// The core before a place: where it ends, and whether it is literal text.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// One past its last byte.
    pub end: usize,
    /// Whether it was not masked.
    pub literal: bool,
}

/// Whether what begins at `start` is a value: right after `key=`, perhaps in quotes, or in quotes
/// after `key:` or `"key": `. Without quotes a word after a colon is prose, or part of a name.
#[inline]
pub fn of_value(text: &[u8], start: usize, key: Key) -> bool {
    match text[start - 1] {
        b'=' => after_key(text, start, key, false),
        b'"' | b'\'' => start > 1 && after_key(text, start - 1, key, true),
        _ => false,
    }
}

/// Whether a key and its sign end at `end`.
fn after_key(text: &[u8], end: usize, key: Key, quoted: bool) -> bool {
    let (sign, blank) = match text[end - 1] {
        b' ' if quoted && end > 1 => (end - 2, true),
        _ => (end - 1, false),
    };
    let own_quote = key.end + 1 == sign && matches!(text[key.end], b'"' | b'\'');
    match text[sign] {
        b'=' => !blank && (key.end == sign || own_quote),
        b':' => quoted && key.literal && (key.end == sign && !blank || own_quote),
        _ => false,
    }
}

/// Quoted text of several words whose quote stands at `open`, in the place of a value: where the
/// text between the quotes ends. A backslash keeps a quote from closing.
pub fn quoted(text: &[u8], open: usize, key: Key) -> Option<usize> {
    let quote = text[open];
    if open == 0 || !after_key(text, open, key, true) {
        return None;
    }
    let (mut i, mut blank) = (open + 1, false);
    let end = text.len().min(open + QUOTED_MAX);
    while i < end {
        match text[i] {
            b'\\' => i += 1,
            b if b == quote => break,
            b => blank |= CLASS[usize::from(b)] & SPACE != 0,
        }
        i += 1;
    }
    let closed = i < end && byte(text, i) == quote;
    (closed && blank && !text[open + 1..i].iter().all(|b| CLASS[usize::from(*b)] & SPACE != 0))
        .then_some(i)
}

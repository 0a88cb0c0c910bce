//! Private keys in PEM form: on one line with escaped line ends, or over several lines.
//!
//! What stands between the markers is the value. A key whose lines come one by one is followed by
//! a count of lines that may still belong to it ([`State`]), which ends with the end marker; until
//! then what looks like its text is taken. Cost: nothing outside of keys but one pattern in the
//! search of the secrets.

use memchr::memmem;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Most lines of a key.
const LINES_MAX: u16 = 300;
/// How long a marker may be.
const MARKER_MAX: usize = 64;
/// So many lines without its text end a key.
const MISSES_MAX: u16 = 10;
/// A shorter run at the end of a longer line is no text of a key.
const RUN_MIN: usize = 16;

/// What is known between two lines of a source: how many more may belong to a private key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State(u16);

impl State {
    /// Whether a private key is under way.
    pub fn inside(self) -> bool {
        self.0 > 0
    }
}

fn is_text(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

/// A key whose begin marker stands at `at`: its text, and whether it goes on in the next line.
pub fn begins(text: &[u8], at: usize) -> Option<(Range<usize>, bool)> {
    let marker = &text[at..text.len().min(at + MARKER_MAX)];
    let name = marker.strip_prefix(b"-----BEGIN ")?;
    let name = &name[..memmem::find(name, b"-----")?];
    memmem::find(name, b"PRIVATE KEY")?;
    let from = at + "-----BEGIN ".len() + name.len() + "-----".len();
    // Up to the next marker only, so that many of them do not make many searches of the whole text.
    let next = memmem::find(&text[from..], b"-----").map(|len| from + len);
    if let Some(end) = next.filter(|end| text[*end..].starts_with(b"-----END ")) {
        return Some((from..end, false));
    }
    // No end: cut, or one line of many.
    let text_or_escape = |b: &u8| is_text(*b) || b.is_ascii_whitespace() || *b == b'\\';
    let len = text[from..].iter().take_while(|b| text_or_escape(b)).count();
    Some((from..from + len, from + len == text.len()))
}

/// The state after a begin marker whose key goes on.
pub fn open() -> State {
    State(LINES_MAX)
}

/// What of a line belongs to the key that is under way, and the state after it.
pub fn goes_on(text: &[u8], state: State) -> (Option<Range<usize>>, State) {
    if let Some(end) = memmem::find(text, b"-----END ") {
        let mut from = end;
        while from > 0 && (is_text(text[from - 1]) || text[from - 1] == b'\\') {
            from -= 1;
        }
        return ((from < end).then_some(from..end), State(0));
    }
    let trimmed = text.trim_ascii_end();
    let run = trimmed.iter().rev().take_while(|b| is_text(**b)).count();
    let from = trimmed.len() - run;
    let alone = text[..from].iter().all(u8::is_ascii_whitespace);
    let key = run > 0 && (alone || run >= RUN_MIN);
    let cost = if key { 1 } else { LINES_MAX / MISSES_MAX };
    (key.then_some(from..trimmed.len()), State(state.0.saturating_sub(cost)))
}

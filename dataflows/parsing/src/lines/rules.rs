//! Which lines continue the record before them: pure rules, and how many lines may be joined.

use crate::layout::Layout;
use crate::time::{Located, heads, locate};
use regex::bytes::Regex;
use std::sync::Arc;

/// Most lines of one record.
pub const JOIN_LINES: u32 = 500;
/// Most bytes of a record of several lines.
pub const JOIN_BYTES: usize = 64 * 1024;

/// How the lines of a source become records (`sources[].multiline`).
#[derive(Clone, Debug, Default)]
pub enum Joining {
    /// By how lines begin, see [`continues`].
    #[default]
    Auto,
    /// Every line is a record.
    Off,
    /// A record begins where this matches.
    Start(Arc<Regex>),
    /// By the layout of the source.
    Laid(Arc<Layout>),
}

impl Joining {
    /// Where the time of a line, or of the record of a table, stands.
    pub fn locate(&self, line: &[u8]) -> Option<Located> {
        match self {
            Joining::Laid(layout) => layout.locate(line),
            _ => locate(line),
        }
    }

    /// Whether a time makes its line begin a record.
    pub fn heads(&self, line: &[u8], start: usize) -> bool {
        heads(line, start) || self.layout().is_some_and(|layout| layout.heads(line, start))
    }

    /// The layout of the source, if it has one.
    pub fn layout(&self) -> Option<&Layout> {
        match self {
            Joining::Laid(layout) => Some(layout),
            _ => None,
        }
    }

    /// Whether its records are those of a table: their time is known when they are complete.
    pub fn is_table(&self) -> bool {
        self.layout().is_some_and(|layout| layout.table.is_some())
    }

    /// Whether a line continues the record before it.
    pub fn continues(&self, line: &[u8], has_time: bool, source_has_times: bool) -> bool {
        match self {
            Joining::Auto => continues(line, has_time, source_has_times),
            Joining::Off => false,
            Joining::Start(start) => !start.is_match(line),
            Joining::Laid(layout) if layout.table.is_some() => false,
            Joining::Laid(layout) => layout.joining.continues(line, has_time, source_has_times),
        }
    }
}

/// Whether a line continues the record before it, by the rules that hold without configuration.
///
/// `has_time`: the line has a time at its head. `source_has_times`: so have the lines of its
/// source ([`Trust`]). A time at the head always begins a record.
pub fn continues(line: &[u8], has_time: bool, source_has_times: bool) -> bool {
    if has_time {
        return false;
    }
    continues_by_shape(line) || source_has_times
}

/// Whether a line looks like the inside of a record whatever its source is like: indented, a stack
/// frame, a nested cause, a closing bracket.
pub fn continues_by_shape(line: &[u8]) -> bool {
    const STARTS: [&[u8]; 6] =
        [b"at ", b"Caused by:", b"...", b"Traceback", b"goroutine", b"Suppressed:"];
    match line.first() {
        None => true,
        Some(b' ' | b'\t' | 0x0b | 0x0c) => true,
        Some(b'}' | b']' | b')') => true,
        Some(_) => STARTS.iter().any(|s| line.starts_with(s)),
    }
}

/// The records of one event of the Linux audit system stand on lines of their own, each with the
/// time and serial number of the event: `type=CWD msg=audit(1700000000.123:456): …`, perhaps
/// behind a syslog header. Finds that stamp.
#[derive(Clone, Debug)]
pub(super) struct Audit(memchr::memmem::Finder<'static>);

/// Where the stamp stands in a line, without its brackets.
pub(super) type Stamp = (usize, usize);

impl Audit {
    /// Within so many bytes of a line.
    const REACH: usize = 320;
    /// Longest stamp.
    const STAMP_MAX: usize = 48;

    pub(super) fn new() -> Audit {
        Audit(memchr::memmem::Finder::new(b"audit("))
    }

    /// The stamp of a line whose time was found to begin at `time`.
    pub(super) fn stamp(&self, line: &[u8], time: usize) -> Option<Stamp> {
        if line[0] == b'{' {
            return None;
        }
        let from = match line[..time].ends_with(b"audit(") {
            true => time,
            false => self.0.find(&line[..line.len().min(Self::REACH)])? + 6,
        };
        let rest = &line[from..line.len().min(from + Self::STAMP_MAX)];
        let length = memchr::memchr(b')', rest)?;
        let digits = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b':');
        let sound = rest[..length].iter().all(digits) && rest[..length].contains(&b':');
        sound.then_some((from, from + length))
    }

    /// Whether two lines are of one event: equal stamps, of the same machine where they name one.
    pub(super) fn same(one: (&[u8], Stamp), other: (&[u8], Stamp)) -> bool {
        one.0[one.1.0..one.1.1] == other.0[other.1.0..other.1.1] && node(one) == node(other)
    }

    /// Whether a record says that its event is complete.
    pub(super) fn ends(line: &[u8], stamp: Stamp) -> bool {
        line[..stamp.0].ends_with(b"type=EOE msg=audit(")
    }
}

fn node((line, stamp): (&[u8], Stamp)) -> Option<&[u8]> {
    let at = memchr::memmem::find(&line[..stamp.0], b"node=")? + 5;
    line[at..stamp.0].split(|b| *b == b' ').next()
}

/// Whether the lines of a source have times, learnt as they come.
///
/// The rule: the first line with a time at its head is worth 8, each later one 8 more, at most 64;
/// each line without one that does not look like a continuation costs 1; the source has times
/// while anything is left. So in a source with times a block of up to 64 bare lines is one record,
/// and in a source without any a stray time ties at most 8 lines to it. It depends on the lines
/// alone, never on how they arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trust(u8);

impl Trust {
    const GAIN: u8 = 8;
    const MOST: u8 = 64;

    /// Whether lines without a time continue the record before them.
    pub fn has_times(self) -> bool {
        self.0 > 0
    }

    /// Takes one line into account, after it was judged.
    pub fn learn(&mut self, line: &[u8], has_time: bool) {
        if has_time {
            self.0 = (self.0 + Self::GAIN).min(Self::MOST);
        } else if !continues_by_shape(line) {
            self.0 = self.0.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continuations() {
        for line in [
            "  indented",
            "\tat x",
            "at java.lang.Thread.run",
            "Caused by: x",
            "... 12 more",
            "Traceback (most recent call last):",
            "goroutine 1 [running]:",
            "}",
            "",
        ] {
            assert!(continues(line.as_bytes(), false, false), "{line}");
            assert!(!continues(line.as_bytes(), true, true), "{line}");
        }
        for line in ["attack", "hello", "{\"a\":1}", "[x]"] {
            assert!(!continues(line.as_bytes(), false, false), "{line}");
            assert!(continues(line.as_bytes(), false, true), "{line}");
        }
    }

    #[test]
    fn trust_grows_and_wears_off() {
        let mut trust = Trust::default();
        assert!(!trust.has_times());
        trust.learn(b"2026", true);
        for _ in 0..8 {
            assert!(trust.has_times());
            trust.learn(b"x", false);
            trust.learn(b"  x", false);
        }
        assert!(!trust.has_times());
        (0..20).for_each(|_| trust.learn(b"2026", true));
        (0..64).for_each(|_| trust.learn(b"x", false));
        assert!(!trust.has_times());
    }
}

//! Lines from bytes, however the bytes are chunked.
//!
//! A line ends at `\n` or `\r\n`, or is an element of a file that is one array; NUL and every other byte is data. A line that lies whole in one
//! chunk is handed on without a copy. What exceeds the limit is skipped to the line's end, flagged
//! and counted.

use super::array::{Element, HEAD, Nesting};
use seerflow_model::LineEnd;

/// One line as it is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes, without the line end, at most the limit.
    pub bytes: &'a [u8],
    /// Position of its first byte in the stream.
    pub start: u64,
    /// Position after its line end.
    pub end: u64,
    /// How it ended.
    pub line_end: LineEnd,
    /// Whether bytes beyond the limit were skipped.
    pub cut: bool,
    /// Where its first byte stands in a file that is one array.
    pub nesting: Nesting,
}

/// Cuts a stream of bytes into lines.
#[derive(Clone, Debug)]
pub struct Splitter {
    limit: usize,
    /// The beginning of a line that has not ended yet, at most one byte more than the limit (a
    /// carriage return may still turn out to be part of the line end).
    carry: Vec<u8>,
    /// Position in the stream of the first byte not handed on.
    start: u64,
    /// Length of the unfinished line so far, skipped bytes included.
    length: u64,
    last: u8,
    /// Where in a file that is one array the next line begins.
    nesting: Nesting,
    /// The same for the line that has begun.
    began: Nesting,
    element: Element,
    /// Bytes that were skipped.
    pub skipped: u64,
}

impl Splitter {
    /// A splitter that stands at `start` of its stream and lets lines be `limit` bytes long.
    pub fn new(limit: usize, start: u64) -> Splitter {
        Splitter::resume(limit, start, Nesting::None)
    }

    /// As [`Splitter::new`], where another splitter stood.
    pub fn resume(limit: usize, start: u64, nesting: Nesting) -> Splitter {
        let (limit, element) = (limit.max(1), Element::default());
        let (carry, began) = (Vec::new(), Nesting::None);
        Splitter { limit, carry, start, length: 0, last: 0, nesting, began, element, skipped: 0 }
    }

    /// Where the line that has begun, or else the next, begins in a file that is one array.
    pub fn nesting(&self) -> Nesting {
        if self.length > 0 { self.began } else { self.nesting }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Line<'_>)) {
        loop {
            match self.nesting {
                Nesting::None => {}
                Nesting::Elements => bytes = self.elements(bytes, &mut each),
                Nesting::Tail => bytes = self.tail(bytes),
            }
            if bytes.is_empty() {
                return;
            }
            if self.nesting != Nesting::None {
                continue;
            }
            if let Some(n) = self.head(bytes) {
                self.pass(n);
                bytes = &bytes[n..];
                continue;
            }
            let Some(end) = memchr::memchr(b'\n', bytes) else { return self.hold(bytes) };
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.length == 0 {
                let whole = line.strip_suffix(b"\r").unwrap_or(line);
                self.hand(whole, line.len() as u64 + 1, &mut each);
            } else {
                self.hold(line);
                self.close(1, &mut each);
            }
            bytes = rest;
        }
    }

    /// How many bytes complete the beginning of a file that is one array, if these do.
    #[inline]
    fn head(&self, bytes: &[u8]) -> Option<usize> {
        let have = self.length as usize;
        // The third byte tells at once that most JSON is none.
        let other = have == 0 && bytes.get(2).is_some_and(|b| *b != HEAD[2]);
        if other || have >= HEAD.len() || bytes[0] != HEAD[have] || self.limit < HEAD.len() {
            return None;
        }
        let n = HEAD.len() - have;
        (self.carry == HEAD[..have] && bytes.starts_with(&HEAD[have..])).then_some(n)
    }

    /// Passes over the beginning of such a file: it is no line.
    #[inline(never)]
    fn pass(&mut self, n: usize) {
        self.start += self.length + n as u64;
        self.length = 0;
        self.carry.clear();
        (self.nesting, self.element) = (Nesting::Elements, Element::default());
    }

    /// Reads elements; gives what is left when the array is left.
    #[inline(never)]
    fn elements<'b>(&mut self, mut bytes: &'b [u8], each: &mut impl FnMut(Line<'_>)) -> &'b [u8] {
        while !bytes.is_empty() {
            if self.length == 0 {
                let apart = |b: &u8| b.is_ascii_whitespace() || *b == b',';
                let blank = bytes.iter().take_while(|b| apart(b)).count();
                self.start += blank as u64;
                bytes = &bytes[blank..];
                match bytes.first() {
                    None => return bytes,
                    Some(b'{') => self.began = Nesting::Elements,
                    Some(b']') => {
                        self.nesting = Nesting::Tail;
                        return bytes;
                    }
                    Some(_) => {
                        self.nesting = Nesting::None;
                        return bytes;
                    }
                }
            }
            let room = (self.limit as u64 + 1).saturating_sub(self.length) as usize;
            let reach = &bytes[..bytes.len().min(room)];
            match self.element.end(reach) {
                Some(end) => {
                    self.hold(&bytes[..end]);
                    self.close(0, each);
                    bytes = &bytes[end..];
                }
                None => {
                    self.hold(reach);
                    bytes = &bytes[reach.len()..];
                    if self.length > self.limit as u64 {
                        // Too long for an element: it is an ordinary line.
                        self.nesting = Nesting::None;
                        return bytes;
                    }
                }
            }
        }
        bytes
    }

    /// Passes over what follows the array; gives what is left when its line has ended.
    #[inline(never)]
    fn tail<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
        let lost = |b: &&u8| !b.is_ascii_whitespace() && !matches!(b, b']' | b'}');
        self.skipped += bytes[..end].iter().filter(lost).count() as u64;
        self.start += end as u64;
        if bytes[..end].last() == Some(&b'\n') {
            self.nesting = Nesting::None;
        }
        &bytes[end..]
    }

    /// The stream has ended: what is left is a line.
    pub fn finish(&mut self, mut each: impl FnMut(Line<'_>)) {
        if self.length > 0 {
            self.close(0, &mut each);
        }
    }

    /// Whether a line has begun and not ended.
    pub fn pending(&self) -> bool {
        self.length > 0
    }

    /// Position of the first byte that was not handed on.
    pub fn position(&self) -> u64 {
        self.start
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = (self.limit + 1).saturating_sub(self.carry.len()).min(bytes.len());
        self.carry.extend_from_slice(&bytes[..room]);
        self.length += bytes.len() as u64;
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    fn close(&mut self, line_end: u64, each: &mut impl FnMut(Line<'_>)) {
        let mut carry = std::mem::take(&mut self.carry);
        let (length, last) = (self.length, self.last);
        let content = length - u64::from(line_end == 1 && last == b'\r');
        carry.truncate(content.min(carry.len() as u64) as usize);
        let skipped = content - (content.min(self.limit as u64));
        carry.truncate(self.limit);
        self.length = 0;
        self.emit(&carry, length + line_end, skipped, each);
        carry.clear();
        self.carry = carry;
    }

    fn hand(&mut self, whole: &[u8], consumed: u64, each: &mut impl FnMut(Line<'_>)) {
        let kept = &whole[..whole.len().min(self.limit)];
        self.emit(kept, consumed, (whole.len() - kept.len()) as u64, each);
    }

    fn emit(&mut self, kept: &[u8], consumed: u64, skipped: u64, each: &mut impl FnMut(Line<'_>)) {
        let (start, end) = (self.start, self.start + consumed);
        self.start = end;
        self.skipped += skipped;
        let nesting = std::mem::take(&mut self.began);
        let line_end = match consumed - skipped - kept.len() as u64 {
            0 => LineEnd::None,
            1 => LineEnd::Lf,
            _ => LineEnd::CrLf,
        };
        each(Line { bytes: kept, start, end, line_end, cut: skipped > 0, nesting });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Owned = (Vec<u8>, u64, u64, bool);

    fn oracle(bytes: &[u8], limit: usize) -> Vec<Owned> {
        let mut lines = Vec::new();
        let mut start = 0;
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let line = match piece.strip_suffix(b"\n") {
                Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
                None => piece,
            };
            let end = start + piece.len() as u64;
            let cut = line.len() > limit;
            lines.push((line[..line.len().min(limit)].to_vec(), start, end, cut));
            start = end;
        }
        lines
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), Just(0), Just(b'a')], 0..80),
            cuts in proptest::collection::vec(0usize..80, 0..10),
            limit in 1usize..12,
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut splitter = Splitter::new(limit, 0);
            let mut lines: Vec<Owned> = Vec::new();
            for pair in cuts.windows(2) {
                splitter.push(&bytes[pair[0]..pair[1]], |l| {
                    lines.push((l.bytes.to_vec(), l.start, l.end, l.cut));
                });
            }
            splitter.finish(|l| lines.push((l.bytes.to_vec(), l.start, l.end, l.cut)));
            let expected = oracle(&bytes, limit);
            let kept: usize = expected.iter().map(|l| l.0.len()).sum();
            prop_assert_eq!(&lines, &expected);
            let ends = lines.iter().map(|l| l.2).max().unwrap_or(0);
            prop_assert_eq!(ends, bytes.len() as u64);
            prop_assert!(kept as u64 + splitter.skipped <= bytes.len() as u64);
        }
    }
}

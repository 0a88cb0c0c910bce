//! Frames of syslog over TCP: lines, and octet counts (RFC 6587 §3.4), told apart frame by frame.
//!
//! A frame is counted when it begins with one to seven digits (no leading zero), a space and `<`;
//! on a connection that has counted before the `<` may be missing. Everything else is a line. On
//! such a connection bytes that are no frame end at the next line end or at what looks like the
//! head of a frame (`17 <13>`), so one wrong count does not swallow the rest.
//!
//! Invariants, checked by proptest: any chunking of the same bytes gives the same frames; a frame
//! is never longer than the limit; what is held back is at most the limit and a few bytes. Cost:
//! one `memchr` over each byte; bytes that were searched are not searched again.

use memchr::{memchr, memchr2};
use seerflow_model::record::{Flags, LineEnd};

/// A longer octet count is not believed: the frame is read as a line.
const COUNT_MAX: usize = 1 << 20;
/// Digits of an octet count at most.
const DIGITS_MAX: usize = 7;
/// A run of digits longer than this is not looked at further.
const DIGITS_LOOK: usize = 20;

/// One frame in the buffer, without its line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// First byte in the buffer.
    pub start: usize,
    /// Length in bytes, not 0.
    pub len: usize,
    /// `cut`, `malformed` or nothing.
    pub flags: Flags,
    /// How it ended.
    pub end: LineEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Line { malformed: bool, scanned: usize },
    SkipLine,
    Counted(usize),
    SkipCounted(usize),
}

enum Head {
    Counted { head: usize, count: usize },
    Line { malformed: bool },
    More,
}

/// Finds the frames of one connection.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    state: State,
    /// Whether this connection has counted octets.
    counts: bool,
}

impl Framer {
    /// A connection of which nothing has been read. `limit`: bytes of a frame at most.
    pub fn new(limit: usize) -> Framer {
        Framer { limit: limit.max(1), state: State::Start, counts: false }
    }

    /// Bytes that may have to be held back for the next frame.
    pub fn hold_max(&self) -> usize {
        self.limit + DIGITS_LOOK + 16
    }

    /// The next frame at or after `pos`, which moves past what was used up. `None`: more bytes are
    /// needed; those from `pos` on have to be there again, at the start of what comes next. `end`:
    /// nothing more will come.
    pub fn next(&mut self, buffer: &[u8], pos: &mut usize, end: bool) -> Option<Frame> {
        loop {
            let rest = &buffer[*pos..];
            match self.state {
                State::Start => {
                    let skip = rest.iter().take_while(|b| matches!(b, b'\n' | b'\r' | 0)).count();
                    *pos += skip;
                    let rest = &rest[skip..];
                    if rest.is_empty() {
                        return None;
                    }
                    self.state = match self.head(rest, end) {
                        Head::More => return None,
                        Head::Line { malformed } => State::Line { malformed, scanned: 0 },
                        Head::Counted { head, count } => {
                            self.counts = true;
                            *pos += head;
                            State::Counted(count)
                        }
                    };
                }
                State::Line { malformed, scanned } => {
                    if let Some(frame) = self.line(buffer, pos, end, malformed, scanned)? {
                        return Some(frame);
                    }
                }
                State::SkipLine => {
                    let at = self.boundary(rest, 0, end);
                    let (Boundary::At { at: used, .. } | Boundary::None { clear: used }) = at;
                    *pos += used;
                    match at {
                        Boundary::At { .. } => self.state = State::Start,
                        Boundary::None { .. } => return None,
                    }
                }
                State::Counted(count) => {
                    let want = count.min(self.limit);
                    if rest.is_empty() || (rest.len() < want && !end) {
                        return None;
                    }
                    let take = want.min(rest.len());
                    let mut flags = Flags::default();
                    self.state = match count - take {
                        0 => State::Start,
                        left => {
                            flags.set(Flags::CUT);
                            State::SkipCounted(left)
                        }
                    };
                    let start = *pos;
                    *pos += take;
                    if let Some(frame) = trimmed(buffer, start, take, flags) {
                        return Some(frame);
                    }
                }
                State::SkipCounted(left) => {
                    let take = left.min(rest.len());
                    *pos += take;
                    if take < left {
                        self.state = State::SkipCounted(left - take);
                        return None;
                    }
                    self.state = State::Start;
                }
            }
        }
    }

    /// A frame that ends at a line end. `None`: more bytes are needed; `Some(None)`: it was empty.
    fn line(
        &mut self,
        buffer: &[u8],
        pos: &mut usize,
        end: bool,
        malformed: bool,
        scanned: usize,
    ) -> Option<Option<Frame>> {
        // Two more than the limit: a line end of two bytes is not part of the frame.
        let window_end = buffer.len().min(*pos + self.limit + 2);
        let window = &buffer[*pos..window_end];
        let whole = window.len() == self.limit + 2;
        let mut flags = if malformed { Flags::MALFORMED } else { Flags::default() };
        let start = *pos;
        let (len, used) = match self.boundary(window, scanned, end || whole) {
            Boundary::At { at, used } => (at, at + used),
            Boundary::None { .. } if whole => (self.limit + 2, self.limit),
            Boundary::None { .. } if end && !window.is_empty() => (window.len(), window.len()),
            Boundary::None { clear } => {
                self.state = State::Line { malformed, scanned: clear };
                return None;
            }
        };
        self.state = State::Start;
        let mut text = trim(&window[..len]);
        if len > self.limit + 1 {
            // No end in sight: what follows the limit is skipped.
            self.state = State::SkipLine;
            text = len;
        }
        if text > self.limit {
            flags.set(Flags::CUT);
        }
        *pos += used;
        let line_end = LineEnd::behind(&buffer[start..(*pos).max(start + text)], text);
        let len = text.min(self.limit);
        Some((len > 0).then_some(Frame { start, len, flags, end: line_end }))
    }

    fn head(&self, rest: &[u8], end: bool) -> Head {
        let digits = rest.iter().take(DIGITS_LOOK).take_while(|b| b.is_ascii_digit()).count();
        // In a connection that counts, what begins neither with a count nor a priority is no frame.
        let line = Head::Line { malformed: self.counts && rest[0] != b'<' };
        if digits == 0 || digits == DIGITS_LOOK {
            return line;
        }
        let (space, bracket) = (rest.get(digits), rest.get(digits + 1));
        match (space, bracket) {
            (None, _) | (Some(b' '), None) if !end => return Head::More,
            (Some(b' '), Some(b'<')) => {}
            (Some(b' '), Some(_)) if self.counts => {}
            _ => return line,
        }
        let count = (digits <= DIGITS_MAX && rest[0] != b'0')
            .then(|| rest[..digits].iter().fold(0, |n, b| n * 10 + usize::from(b - b'0')));
        match count {
            Some(count) if count <= COUNT_MAX => Head::Counted { head: digits + 1, count },
            _ => Head::Line { malformed: true },
        }
    }

    /// Where bytes that are no counted frame end: at a line end or, on a connection that counts,
    /// before the head of a frame. Searches from `from` on.
    fn boundary(&self, bytes: &[u8], from: usize, end: bool) -> Boundary {
        if !self.counts {
            let from = from.min(bytes.len());
            return match memchr(b'\n', &bytes[from..]) {
                Some(at) => Boundary::At { at: from + at, used: 1 },
                None => Boundary::None { clear: bytes.len() },
            };
        }
        let mut from = from.min(bytes.len());
        while let Some(at) = memchr2(b'\n', b'<', &bytes[from..]).map(|at| from + at) {
            if bytes[at] == b'\n' {
                return Boundary::At { at, used: 1 };
            }
            let Some(head) = frame_head_before(&bytes[..at]) else {
                from = at + 1;
                continue;
            };
            let tail = &bytes[at + 1..];
            let digits = tail.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
            if digits == tail.len() && digits < 4 && !end {
                return Boundary::None { clear: head.saturating_sub(1) };
            }
            if (1..=3).contains(&digits) && tail.get(digits) == Some(&b'>') && head > 0 {
                return Boundary::At { at: head, used: 0 };
            }
            from = at + 1;
        }
        // The head of a frame may begin in the last bytes: the digits, one byte before, a space.
        let keep = if end { 0 } else { DIGITS_MAX + 2 };
        Boundary::None { clear: bytes.len().saturating_sub(keep) }
    }
}

enum Boundary {
    At {
        at: usize,
        used: usize,
    },
    /// Nothing before `clear` has to be searched again.
    None {
        clear: usize,
    },
}

/// Where the digits of `… 17 ` begin.
fn frame_head_before(bytes: &[u8]) -> Option<usize> {
    let digits_end = bytes.strip_suffix(b" ")?.len();
    let digits = bytes[..digits_end].iter().rev().take_while(|b| b.is_ascii_digit());
    let n = digits.take(DIGITS_MAX + 1).count();
    let head = digits_end - n;
    ((1..=DIGITS_MAX).contains(&n) && bytes[head] != b'0').then_some(head)
}

/// Length without the line end.
fn trim(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r' | 0)).map_or(0, |last| last + 1)
}

fn trimmed(buffer: &[u8], start: usize, len: usize, flags: Flags) -> Option<Frame> {
    let frame = &buffer[start..start + len];
    let len = trim(frame);
    let end = LineEnd::behind(frame, len);
    (len > 0).then_some(Frame { start, len, flags, end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Frames of `bytes` given in chunks of these sizes, the last one repeated.
    fn frames(limit: usize, bytes: &[u8], chunks: &[usize]) -> Vec<(Vec<u8>, Flags)> {
        let mut framer = Framer::new(limit);
        let (mut buffer, mut out, mut given, mut turn) = (Vec::new(), Vec::new(), 0, 0);
        loop {
            let end = given == bytes.len();
            let mut pos = 0;
            while let Some(frame) = framer.next(&buffer, &mut pos, end) {
                assert!(frame.len > 0 && frame.len <= limit);
                out.push((buffer[frame.start..frame.start + frame.len].to_vec(), frame.flags));
            }
            buffer.drain(..pos);
            assert!(buffer.len() <= framer.hold_max(), "{} held", buffer.len());
            if end {
                assert!(buffer.is_empty(), "{buffer:?} left in {:?}", framer.state);
                return out;
            }
            let chunk = chunks[turn.min(chunks.len() - 1)].max(1);
            turn += 1;
            let next = bytes.len().min(given + chunk);
            buffer.extend_from_slice(&bytes[given..next]);
            given = next;
        }
    }

    fn texts(limit: usize, bytes: &[u8]) -> Vec<(String, Flags)> {
        let show = |(text, flags): (Vec<u8>, Flags)| (String::from_utf8_lossy(&text).into(), flags);
        frames(limit, bytes, &[bytes.len()]).into_iter().map(show).collect()
    }

    fn plain(texts: &[&str]) -> Vec<(String, Flags)> {
        texts.iter().map(|text| ((*text).to_owned(), Flags::default())).collect()
    }

    #[test]
    fn lines_and_counts_are_told_apart_frame_by_frame() {
        assert_eq!(texts(99, b"one\r\n\n<13>two\nthree"), plain(&["one", "<13>two", "three"]));
        assert_eq!(texts(99, b"7 <13>a\nb8 <13>cdef"), plain(&["<13>a\nb", "<13>cdef"]));
        assert_eq!(
            texts(99, b"7 <1>abc\n<2>line\n7 <3>defg"),
            plain(&["<1>abc", "<2>line", "<3>defg"])
        );
        assert_eq!(texts(99, b"7 <1>abcd5 plain3 abc"), plain(&["<1>abcd", "plain", "abc"]));
        assert_eq!(
            texts(99, b"2024 was a year\n7 dwarfs\n"),
            plain(&["2024 was a year", "7 dwarfs"])
        );
        assert_eq!(texts(99, b"12345678"), plain(&["12345678"]));
    }

    #[test]
    fn impossible_counts_are_lines() {
        for bytes in [&b"0 <1>x"[..], b"07 <1>x", b"99999999 <1>x", b"9999999 <1>x"] {
            let text = String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(texts(99, bytes), [(text, Flags::MALFORMED)]);
        }
        let long = format!("{} <1>x", "9".repeat(500));
        assert_eq!(texts(999, long.as_bytes()), plain(&[&long]));
    }

    #[test]
    fn what_is_too_long_is_cut_and_the_next_frame_is_fine() {
        let cut = |text: &str| (text.to_owned(), Flags::CUT);
        let fine = |text: &str| (text.to_owned(), Flags::default());
        assert_eq!(texts(4, b"abcdefgh\nnext\n"), [cut("abcd"), fine("next")]);
        assert_eq!(texts(4, b"abcd\r\nabcde\nabcd"), [fine("abcd"), cut("abcd"), fine("abcd")]);
        assert_eq!(texts(4, b"abcd\0\0\0more\nnext"), [cut("abcd"), fine("next")]);
        assert_eq!(texts(4, b"9 <1>defghi4 <1>x"), [cut("<1>d"), fine("<1>x")]);
        assert_eq!(texts(9, b"9 <1>"), [cut("<1>")], "unfinished at the end");
    }

    #[test]
    fn a_wrong_count_does_not_swallow_the_rest() {
        // No line end anywhere: the frames after the lie are found again.
        let got =
            texts(99, b"5 <1>ab3 <2>too long for its count17 <13>again all is wel9 <14>fine.");
        let last = got.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>();
        assert_eq!(&last[last.len() - 1..], ["<14>fine."], "{last:?}");
        assert!(got.iter().any(|(_, flags)| flags.has(Flags::MALFORMED)));
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => "[a-z <>0-9\\r]{0,30}\n".prop_map(String::into_bytes),
            4 => "<[0-9]{1,3}>[a-z 0-9<>\n]{0,20}"
                .prop_map(|text| format!("{} {text}", text.len()).into_bytes()),
            1 => "[0-9]{1,9} <[0-9]{1,3}>[a-z]{0,9}".prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..20),
            1 => "[0-9]{0,3}[ <\n]{0,2}".prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_chunking_gives_the_same_frames(
            pieces in prop::collection::vec(piece(), 0..12),
            chunks in prop::collection::vec(1..9usize, 1..60),
            limit in 1..40usize,
        ) {
            let bytes = pieces.concat();
            let whole = frames(limit, &bytes, &[bytes.len().max(1)]);
            prop_assert_eq!(&frames(limit, &bytes, &[1]), &whole);
            prop_assert_eq!(&frames(limit, &bytes, &chunks), &whole);
        }

        #[test]
        fn well_formed_frames_come_out_as_they_went_in(
            messages in prop::collection::vec("<[0-9]{1,3}>[a-z]{1,20}", 1..20), counted in any::<bool>(),
        ) {
            let mut bytes = Vec::new();
            for text in &messages {
                let frame = if counted { format!("{} {text}", text.len()) } else { format!("{text}\n") };
                bytes.extend_from_slice(frame.as_bytes());
            }
            let got: Vec<_> = texts(99, &bytes);
            let expected: Vec<_> = messages.iter().map(String::as_str).collect();
            prop_assert_eq!(got, plain(&expected));
        }

    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn after_garbage_a_line_gets_through(
            garbage in prop::collection::vec(any::<u8>(), 0..300), counted in any::<bool>(),
        ) {
            let mut bytes = if counted { b"5 <1>ab".to_vec() } else { Vec::new() };
            bytes.extend_from_slice(&garbage);
            // Longer than any count that is believed and does not fit the limit.
            bytes.extend(std::iter::repeat_n(b'\n', COUNT_MAX + 1));
            bytes.extend_from_slice(b"<13>fine\n");
            let got = frames(64, &bytes, &[4096]);
            prop_assert_eq!(got.last().unwrap(), &(b"<13>fine".to_vec(), Flags::default()));
        }
    }
}

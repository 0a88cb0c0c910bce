//! Lines that begin with a time, read by shape: what stands between the time and the message.
//!
//! Levels, process ids, threads and components are taken while they are certain by their form and
//! place; the first word that is not ends the header. Nothing here knows a product, only the ways
//! in which loggers arrange the same few parts: [`super::words`] and [`super::marks`] read bare
//! words, [`super::bracket`] and [`super::ids`] what stands in brackets, [`super::number`] numbers, and this file what is
//! before the time and between the parts. Lines without a time but with a level at their head go
//! the same way.
//!
//! Invariant: the position only moves forward, over ASCII, so it is always a character boundary.
//! Cost: 0.1–0.4 µs a line; at most [`PARTS_MAX`] parts are read, each within a named bound.

use super::draft::{Draft, Line};
use super::level;
use super::place::is_class;
use super::rfc3164::blanks;
use crate::time::at;
use seerflow_model::{Severity, Span};

/// Most parts of a header.
const PARTS_MAX: usize = 10;

/// A header while it is read.
pub(super) struct Header<'a, 'd> {
    pub(super) line: Line<'a>,
    pub(super) b: &'a [u8],
    pub(super) i: usize,
    pub(super) draft: &'d mut Draft,
    pub(super) level: Option<Severity>,
    pub(super) thread: Span,
    /// Whether the parts are set apart (`|`, ` - `), so that a bare word is a part.
    pub(super) apart: bool,
    /// Whether the bracket before the time is not closed yet.
    pub(super) open: bool,
    /// Whether the component stood before the level: then a bracket after it is message.
    pub(super) named_first: bool,
    /// Whether ` --- ` has passed: only brackets and the logger follow.
    pub(super) dashed: bool,
    /// Whether a bracket named the logger, so that parentheses after it name the thread.
    pub(super) by_bracket: bool,
}

impl<'a, 'd> Header<'a, 'd> {
    pub(super) fn new(draft: &'d mut Draft, line: Line<'a>, i: usize) -> Header<'a, 'd> {
        let b = line.bytes();
        let (level, thread) = (None, Span::NONE);
        let (apart, open, named_first, dashed, by_bracket) = (false, false, false, false, false);
        Header { line, b, i, draft, level, thread, apart, open, named_first, dashed, by_bracket }
    }

    /// The text of a span of this line.
    pub(super) fn said(&self, span: Span) -> &'a str {
        let start = (span.start as usize).wrapping_sub(self.line.base);
        self.line.text.get(start..start.wrapping_add(span.len as usize)).unwrap_or_default()
    }

    /// Reads parts as long as there are some.
    pub(super) fn parts(&mut self) {
        for _ in 0..PARTS_MAX {
            if self.separators() || !self.part() {
                break;
            }
        }
        self.i = blanks(self.b, self.i);
    }

    /// Gives what was read to the draft; the rest is the message.
    pub(super) fn end(self) {
        let (i, level) = (self.i, self.level);
        self.draft.named("thread", self.thread);
        self.draft.message = self.line.span(i, self.b.len());
        self.draft.severity = level.or_else(|| level::leading(&self.line.text[i..]));
    }
}

/// Reads the header of a line whose time is known; `false` when the time is not part of one.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, time: (usize, usize)) -> bool {
    let mut header = Header::new(draft, line, time.1);
    if !header.before(time.0) {
        return false;
    }
    let closed = matches!(at(header.b, header.i), b']' | b')' | b'"' | b'>');
    header.i += usize::from(closed);
    header.open = !closed && time.0 > 0 && header.b[time.0 - 1] == b'[';
    header.parts();
    if closed && header.level.is_some() && header.draft.program.is_empty() {
        header.class_at_end();
    } else {
        header.end();
    }
    true
}

impl Header<'_, '_> {
    /// What stands before the time: nothing, a bracket, a level, one word, or the client of a web
    /// server's line.
    fn before(&mut self, time: usize) -> bool {
        let text = self.line.text;
        let before = text[..time].trim_start_matches(['\u{feff}', ' ', '\t']);
        let start = time - before.len();
        let before = before.trim_end_matches(['[', '(', '"', ' ', '\t', '|', '*', '.']);
        let end = start + before.len();
        if before.is_empty() || before == "-" {
            return true;
        }
        if before.len() == 1 && end == time {
            self.level = level::letter(before.as_bytes()[0]);
            return self.level.is_some();
        }
        if text[..time].trim_end().ends_with('|') && !before.contains([' ', '\t', '=']) {
            self.draft.program = self.line.span(start, end);
            return true;
        }
        if before.contains(' ') && self.level_before(start, before) {
            return true;
        }
        let words: Vec<&str> = before.split(' ').take(6).collect();
        match words.len() {
            1 => self.word_before(start, end, before),
            3..=5 if text[..time].ends_with('[') => {
                self.client_before(end, &words);
                true
            }
            _ => false,
        }
    }

    /// `host ident user [`.
    fn client_before(&mut self, end: usize, words: &[&str]) {
        let mut at = end;
        let mut spans = [Span::NONE; 3];
        for (span, word) in spans.iter_mut().zip(words.iter().rev()) {
            let from = at - word.len();
            if *word != "-" {
                *span = self.line.span(from, at);
            }
            at = from.saturating_sub(1);
        }
        let [user, _, client] = spans;
        self.draft.named("source.ip", client);
        self.draft.named("user.name", user);
    }

    /// `INFO  [main]`, `[WARN ]`: a level, perhaps with a thread in brackets.
    fn level_before(&mut self, start: usize, before: &str) -> bool {
        let bare = before.strip_prefix('[').unwrap_or(before);
        let length = bare.bytes().take_while(u8::is_ascii_uppercase).count();
        let level = Severity::from_word(&bare.as_bytes()[..length]);
        let rest = bare[length..].trim_start();
        let rest = if bare.len() < before.len() {
            rest.strip_prefix(']').unwrap_or(rest).trim_start()
        } else {
            rest
        };
        let from = start + before.len() - rest.len();
        match rest.strip_prefix('[').and_then(|r| r.strip_suffix(']')) {
            _ if level.is_none() => return false,
            _ if rest.is_empty() => {}
            Some(thread) => self.thread = self.line.span(from + 1, from + 1 + thread.len()),
            None => return false,
        }
        self.level = level;
        true
    }

    fn word_before(&mut self, start: usize, end: usize, word: &str) -> bool {
        let bare = word.trim_matches(['[', ']', ':', '<', '>']);
        if let Some(severity) = Severity::from_word(bare.as_bytes()) {
            self.level = Some(severity);
        } else if let [letter, b','] = word.as_bytes()
            && let Some(severity) = level::letter(*letter)
        {
            self.level = Some(severity);
        } else if word.contains(['=', '(', '{']) {
            // `time="…"`: the whole line is pairs.
            return false;
        } else if let Some(program) = word.strip_suffix(':') {
            self.draft.program = self.line.span(start, start + program.len());
        } else if let Some((pid, _)) = word.split_once(':')
            && !pid.is_empty()
            && pid.bytes().all(|c| c.is_ascii_digit())
        {
            self.draft.pid = self.line.span(start, start + pid.len());
        } else {
            let value = self.line.span(start, end);
            self.draft.named("prefix", value);
        }
        true
    }

    /// Passes over what sets parts apart; whether it was a dash that ends the header, because a
    /// level and another part stand before it.
    fn separators(&mut self) -> bool {
        let parts = [self.draft.program, self.draft.pid, self.thread];
        let enough = self.level.is_some() && parts.iter().any(|p| !p.is_empty());
        loop {
            let i = blanks(self.b, self.i);
            let (c, next) = (at(self.b, i), at(self.b, i + 1));
            let length = match c {
                b'|' => 1,
                b',' | b';' if i == self.i => 1,
                b':' if matches!(next, b' ' | b'\t') => 1,
                b'-' if next == b' ' && i > self.i => 1,
                b'-' if self.b[i..].starts_with(b"--- ") && i > self.i => 3,
                b'-' if self.b[i..].starts_with(b"-- ") && i > self.i && self.level.is_some() => 2,
                _ => {
                    self.i = i;
                    return false;
                }
            };
            if enough && c == b'-' && length == 1 {
                self.i = i + 1;
                return true;
            }
            self.apart = c == b'|' || (c == b'-' && length == 1);
            self.dashed |= length == 3;
            self.i = i + length;
        }
    }

    fn part(&mut self) -> bool {
        self.named_first |= self.level.is_none() && !self.draft.program.is_empty();
        match at(self.b, self.i) {
            b'#' => self.process_in_bracket(),
            b'[' | b'<' | b'(' | b'{' => self.bracket(),
            b'0'..=b'9' => self.number(),
            c if c.is_ascii_alphabetic() || c == b'_' || c == b'/' => self.word(),
            _ => false,
        }
    }

    /// `[time] LEVEL message (org.example.Server)`: the logger closes the first line.
    fn class_at_end(self) {
        let rest = &self.b[self.i..];
        let first = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let place = rest[..first].strip_suffix(b")").and_then(|line| {
            let open = memchr::memrchr(b'(', line)?;
            let name = &line[open + 1..];
            let thrown = name.ends_with(b"Exception") || name.ends_with(b"Error");
            let apart = open > 0 && line[open - 1] == b' ';
            (apart && is_class(name) && !thrown).then_some((open, line.len()))
        });
        let (i, whole, line) = (self.i, first == rest.len(), self.line);
        let Some((open, close)) = place else { return self.end() };
        let draft = self.draft;
        draft.program = line.span(i + open + 1, i + close);
        draft.severity = self.level;
        draft.named("thread", self.thread);
        // Lines of a stack trace may follow: then the message keeps what stands before them.
        draft.message = line.span(i, if whole { i + open - 1 } else { line.text.len() });
    }
}

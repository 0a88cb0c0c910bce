//! Lines that begin with a time, read by shape: what stands between the time and the message.
//!
//! Levels, process ids, threads and components are taken while they are certain by their form and
//! place; the first word that is not ends the header. Nothing here knows a product, only the ways
//! in which loggers arrange the same few parts.

use super::draft::{Draft, Line};
use super::level;
use super::rfc3164::{blanks, word_end};
use crate::time::at;
use seerflow_model::{Severity, Span};

/// Longest bracketed part of a header.
const BRACKET_MAX: usize = 256;
/// Most parts of a header.
const PARTS_MAX: usize = 10;

pub(super) struct Header<'a, 'd> {
    pub(super) line: Line<'a>,
    pub(super) b: &'a [u8],
    pub(super) i: usize,
    pub(super) draft: &'d mut Draft,
    pub(super) level: Option<Severity>,
    thread: Span,
    /// Whether the parts are set apart (`|`, ` - `), so that a bare word is a part.
    pub(super) apart: bool,
}

/// Reads the header of a line whose time is known; `false` when the time is not part of one.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, time: (usize, usize)) -> bool {
    let b = line.bytes();
    let mut header =
        Header { line, b, i: time.1, draft, level: None, thread: Span::NONE, apart: false };
    if !header.before(time.0) {
        return false;
    }
    if matches!(at(b, header.i), b']' | b')' | b'"' | b'>') {
        header.i += 1;
    }
    for _ in 0..PARTS_MAX {
        if header.separators() || !header.part() {
            break;
        }
    }
    header.i = blanks(b, header.i);
    let (i, level, thread) = (header.i, header.level, header.thread);
    draft.named("thread", thread);
    draft.message = line.span(i, b.len());
    draft.severity = level.or_else(|| level::leading(&line.text[i..]));
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
        let words: Vec<&str> = before.split(' ').take(6).collect();
        match words.len() {
            1 => self.word_before(start, end, before),
            3..=5 if text[..time].ends_with('[') => {
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
                true
            }
            _ => false,
        }
    }

    fn word_before(&mut self, start: usize, end: usize, word: &str) -> bool {
        let bare = word.trim_matches(['[', ']', ':', '<', '>']);
        if let Some(severity) = Severity::from_word(bare.as_bytes()) {
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
            self.i = i + length;
        }
    }

    fn part(&mut self) -> bool {
        match at(self.b, self.i) {
            b'[' | b'<' | b'(' => self.bracket(),
            b'0'..=b'9' => self.number(),
            c if c.is_ascii_alphabetic() || c == b'_' || c == b'/' => self.word(),
            _ => false,
        }
    }

    /// The end of a bracket's content; brackets inside are balanced.
    pub(super) fn closing(&self, start: usize) -> Option<usize> {
        let (open, close) = match self.b[start] {
            b'[' => (b'[', b']'),
            b'<' => (b'<', b'>'),
            _ => (b'(', b')'),
        };
        let mut depth = 0;
        for (n, &c) in self.b[start..].iter().take(BRACKET_MAX).enumerate() {
            if c == open {
                depth += 1;
            } else if c == close {
                depth -= 1;
                if depth == 0 {
                    return Some(start + n);
                }
            } else if c == b'\n' {
                return None;
            }
        }
        None
    }

    fn bracket(&mut self) -> bool {
        let start = self.i + 1;
        let Some(end) = self.closing(self.i) else { return false };
        let Some(inside) = self.line.text.get(start..end) else { return false };
        let trimmed = inside.trim();
        let from = start + (inside.len() - inside.trim_start().len());
        let span = self.line.span(from, from + trimmed.len());
        let square = self.b[self.i] == b'[';
        let digits = |text: &str| {
            !text.is_empty() && text.len() < 11 && text.bytes().all(|c| c.is_ascii_digit())
        };
        if self.level.is_none() && self.bracket_level(trimmed, from) {
        } else if square && self.draft.pid.is_empty() && digits(trimmed) {
            self.draft.pid = span;
        } else if square && self.draft.pid.is_empty() && trimmed.starts_with("pid ") {
            let pid = &trimmed[4..];
            let length = pid.bytes().take_while(u8::is_ascii_digit).count();
            self.draft.pid = self.line.span(from + 4, from + 4 + length);
        } else if square && self.thread.is_empty() && self.is_thread(trimmed, end + 1) {
            self.thread = span;
        } else {
            return false;
        }
        self.i = end + 1;
        true
    }

    fn bracket_level(&mut self, inside: &str, from: usize) -> bool {
        let (module, word) = inside.split_once(':').unwrap_or(("", inside));
        let Some(severity) = Severity::from_word(word.as_bytes()) else { return false };
        if !module.is_empty() && self.draft.program.is_empty() {
            self.draft.program = self.line.span(from, from + module.len());
        }
        self.level = Some(severity);
        true
    }

    /// A bracket is a thread when a separator or a logger follows it, or when it is one word after
    /// a level.
    fn is_thread(&self, inside: &str, after: usize) -> bool {
        if inside.is_empty() {
            return false;
        }
        let rest = &self.b[after.min(self.b.len())..];
        let apart = rest.starts_with(b" - ")
            || rest.starts_with(b": ")
            || rest.starts_with(b" | ")
            || self.level.is_none() && level_next(rest);
        let logger = || {
            let after = rest.strip_prefix(b" ").unwrap_or_default();
            let word = &after[..word_end(after, 0)];
            word.len() > 2 && word.ends_with(b":") && word.contains(&b'.')
        };
        apart
            || (self.level.is_some() && logger())
            || (self.level.is_some() && !inside.contains([' ', '=', '"']))
    }

    /// Numbers before a level (process, thread), `123#0:`, and a number before ` --- [`.
    fn number(&mut self) -> bool {
        let digits = |i: usize| self.b[i..].iter().take_while(|c| c.is_ascii_digit()).count();
        let end = self.i + digits(self.i);
        let span = self.line.span(self.i, end);
        if !self.draft.pid.is_empty() || end - self.i > 10 {
            return false;
        }
        if at(self.b, end) == b'#' {
            let thread = digits(end + 1);
            if thread == 0 || at(self.b, end + 1 + thread) != b':' {
                return false;
            }
            (self.draft.pid, self.i) = (span, end + thread + 2);
            return true;
        }
        if at(self.b, end) == b'|' || self.b[end..].starts_with(b" --- ") {
            (self.draft.pid, self.i) = (span, end);
            return true;
        }
        let mut next = blanks(self.b, end);
        if next == end {
            return false;
        }
        let second = digits(next);
        if second > 0 && at(self.b, next + second) == b' ' {
            next = blanks(self.b, next + second);
        }
        let word = word_end(self.b, next);
        let level = match &self.b[next..word] {
            [c] => level::letter(*c),
            word => level::capitals(word).then(|| Severity::from_word(word)).flatten(),
        };
        if level.is_some() && self.level.is_none() {
            (self.draft.pid, self.level, self.i) = (span, level, word);
            return true;
        }
        // glog puts the level before the time, then the thread and `file.go:123]`.
        if self.level.is_some() && self.b[next..word].last() == Some(&b']') && second == 0 {
            self.draft.pid = span;
            let place = self.line.span(next, word - 1);
            self.draft.named("code.location", place);
            self.i = word;
        }
        false
    }
}

/// Whether a blank and a level in capitals follow.
fn level_next(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b" ") else { return false };
    let word = &rest[..word_end(rest, 0)];
    level::capitals(word) && Severity::from_word(word).is_some()
}

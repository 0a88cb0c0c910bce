//! Brackets in a stamped header: levels, processes, threads, loggers, requests, places in code.
//!
//! What a bracket means is told by its inside, by what has been read before it and by what follows
//! it. A bracket that could as well belong to the message ends the header.

use super::level;
use super::place::{class_line, file_line, is_logger, is_name};
use super::rfc3164::{blanks, word_end};
use super::stamped::Header;
use crate::time::at;
use seerflow_model::{Severity, Span};

/// Longest bracketed part of a header.
const BRACKET_MAX: usize = 256;

/// What stands in a bracket.
#[derive(Clone, Copy)]
pub(super) struct Inside<'a> {
    /// Without blanks at its ends.
    pub(super) text: &'a str,
    /// Where that begins.
    pub(super) from: usize,
    /// What follows the bracket.
    pub(super) rest: &'a [u8],
}

impl<'a> Header<'a, '_> {
    /// The end of a bracket's content; brackets inside are balanced.
    pub(super) fn closing(&self, start: usize) -> Option<usize> {
        let (open, close) = match at(self.b, start) {
            b'[' => (b'[', b']'),
            b'<' => (b'<', b'>'),
            b'{' => (b'{', b'}'),
            _ => (b'(', b')'),
        };
        let mut depth = 0;
        for (n, &c) in self.b.get(start..)?.iter().take(BRACKET_MAX).enumerate() {
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

    pub(super) fn bracket(&mut self) -> bool {
        let start = self.i + 1;
        let Some(end) = self.closing(self.i) else { return false };
        let Some(inside) = self.line.text.get(start..end) else { return false };
        let text = inside.trim();
        let from = start + (inside.len() - inside.trim_start().len());
        let inside = Inside { text, from, rest: &self.b[end + 1..] };
        let taken = !text.is_empty()
            && (self.level.is_none() && self.bracket_level(inside)
                || match self.b[self.i] {
                    b'[' => self.square(inside),
                    b'(' | b'{' => self.round(inside),
                    _ => self.angle(inside),
                });
        if taken {
            self.i = end + 1;
        }
        taken
    }

    /// `<0.222.0>`: a process of Erlang.
    fn angle(&mut self, inside: Inside<'_>) -> bool {
        let numbers = inside.text.bytes().all(|c| c.is_ascii_digit() || c == b'.');
        let taken = numbers && inside.text.contains('.') && self.thread.is_empty();
        if taken {
            self.thread = self.span(inside);
        }
        taken
    }

    fn span(&self, inside: Inside<'_>) -> Span {
        self.line.span(inside.from, inside.from + inside.text.len())
    }

    /// `[INFO]`, `[core:error]`, `[INFO/Worker-1]`.
    fn bracket_level(&mut self, inside: Inside<'_>) -> bool {
        let (text, from) = (inside.text, inside.from);
        let (module, word) = text.split_once(':').unwrap_or(("", text));
        if let Some(severity) = Severity::from_word(word.as_bytes()) {
            if !module.is_empty() && self.draft.program.is_empty() {
                self.draft.program = self.line.span(from, from + module.len());
            }
            self.level = Some(severity);
            return true;
        }
        let Some((word, process)) = text.split_once('/') else { return false };
        let Some(severity) = Severity::from_word(word.as_bytes()) else { return false };
        self.thread = self.line.span(from + word.len() + 1, from + word.len() + 1 + process.len());
        self.level = Some(severity);
        true
    }

    fn square(&mut self, inside: Inside<'_>) -> bool {
        if self.ids(inside) || self.trace(inside) || self.place(inside) || self.logger(inside) {
            return true;
        }
        if self.dashed && names_service(inside) {
            self.dashed = false;
            let value = self.span(inside);
            self.draft.named("service.name", value);
            return true;
        }
        if self.thread.is_empty() && self.is_thread(inside) {
            self.thread = self.span(inside);
            return true;
        }
        false
    }

    /// `[Server.java:12]`, and `[thread:Class@12]` before a dash.
    fn place(&mut self, inside: Inside<'_>) -> bool {
        let (text, from) = (inside.text, inside.from);
        if let Some(file) = file_line(text) {
            self.file(from, file, from + text.len());
            return true;
        }
        let apart = inside.rest.starts_with(b" - ") || inside.rest.starts_with(b": ");
        if !apart || !self.draft.program.is_empty() {
            return false;
        }
        let Some((class, end)) = class_line(text) else { return false };
        // A bracket before this one was not the thread after all.
        self.draft.named("context", self.thread);
        self.thread = self.line.span(from, (from + class).saturating_sub(1));
        self.draft.program = self.line.span(from + class, from + end);
        let line = self.line.span(from + end + 1, from + text.len());
        self.draft.named("line", line);
        true
    }

    /// `[org.example.Server]` beside a level; `[gc,start]` right after the level's bracket.
    fn logger(&mut self, inside: Inside<'_>) -> bool {
        if !self.draft.program.is_empty() {
            return false;
        }
        let word = inside.text.as_bytes();
        let known = self.level.is_some();
        let named = is_logger(word) && (known || level_next(inside.rest));
        let threaded = known && inside.rest.starts_with(b" (") && is_name(word) && {
            let open = self.b.len() - inside.rest.len() + 1;
            self.closing(open)
                .and_then(|close| self.line.text.get(open + 1..close))
                .is_some_and(|text| file_line(text).is_none())
        };
        let tag = |c: &u8| c.is_ascii_lowercase() || matches!(c, b',' | b'_') || c.is_ascii_digit();
        let adjacent = known && self.i > 0 && self.b[self.i - 1] == b']' && word.iter().all(tag);
        if !(named || threaded || adjacent) {
            return false;
        }
        self.draft.program = self.span(inside);
        self.by_bracket = !adjacent;
        true
    }

    /// A bracket is a thread when a separator or a logger follows it, or when it is one word after
    /// a level.
    fn is_thread(&self, inside: Inside<'_>) -> bool {
        let rest = inside.rest;
        let apart = rest.starts_with(b" - ")
            || rest.starts_with(b": ")
            || rest.starts_with(b" | ")
            || self.level.is_none() && level_next(rest);
        let logger = || {
            let after = rest.strip_prefix(b" ").unwrap_or_default();
            let end = word_end(after, 0);
            let word = &after[..end];
            let next = &after[blanks(after, end)..];
            let followed = next.starts_with(b"- ") || next.starts_with(b": ");
            word.len() > 2 && word.ends_with(b":") && word.contains(&b'.')
                || followed && is_logger(word)
        };
        apart
            || (self.level.is_some() && logger())
            || self.level.is_some() && !self.named_first && !inside.text.contains([' ', '=', '"'])
    }

    /// `(Server.java:12)`, `{server.py:12}`, and the thread after a logger in brackets.
    fn round(&mut self, inside: Inside<'_>) -> bool {
        if let Some(file) = file_line(inside.text) {
            self.file(inside.from, file, inside.from + inside.text.len());
            return true;
        }
        if self.b[self.i] != b'(' || self.level.is_none() {
            return false;
        }
        let unnamed = self.draft.program.is_empty();
        let logger_next = || {
            let inside = inside.rest.strip_prefix(b" [").unwrap_or_default();
            memchr::memchr(b']', &inside[..inside.len().min(BRACKET_MAX)])
                .is_some_and(|end| is_logger(&inside[..end]))
        };
        if unnamed && is_logger(inside.text.as_bytes()) {
            self.draft.program = self.span(inside);
            return true;
        }
        let thread = self.thread.is_empty() && (self.by_bracket || unnamed && logger_next());
        if thread {
            self.thread = self.span(inside);
        }
        thread
    }
}

/// ` --- [application] [thread] logger`: a bracket follows that is no trace.
fn names_service(inside: Inside<'_>) -> bool {
    let Some(rest) = inside.rest.strip_prefix(b" [") else { return false };
    let trace = rest.len() > 32 && rest[..32].iter().all(u8::is_ascii_hexdigit);
    !trace && !inside.text.contains(' ')
}

/// Whether a blank and a level in capitals follow.
fn level_next(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b" ") else { return false };
    let word = &rest[..word_end(rest, 0)];
    let word = word.strip_suffix(b":").unwrap_or(word);
    level::capitals(word) && Severity::from_word(word).is_some()
}

//! The words of a stamped header: levels, components and what sets them apart.

use super::level;
use super::rfc3164::{blanks, tag, word_end};
use super::stamped::Header;
use crate::time::at;
use seerflow_model::{Severity, Span};

impl Header<'_, '_> {
    /// Takes the word at the position if it is a part of the header.
    pub(super) fn word(&mut self) -> bool {
        let rest = &self.b[self.i..];
        let name = rest
            .iter()
            .take(128)
            .take_while(|c| c.is_ascii_alphanumeric() || b"_.$/-:@".contains(c))
            .count();
        let name = name - rest[..name].iter().rev().take_while(|c| **c == b':').count();
        let end = self.i + name;
        let next = at(self.b, end);
        if self.level.is_none() && self.level_word(end, next) {
            return true;
        }
        if name == 0 || !self.draft.program.is_empty() {
            return false;
        }
        let span = self.line.span(self.i, end);
        let gap = blanks(self.b, end) - end;
        let after = &self.b[end + gap..];
        let separated = gap > 0 && (after.starts_with(b"- ") || after.starts_with(b": "))
            || next == b'|' && self.apart
            || gap > 0 && after.first() == Some(&b'|') && self.apart;
        let dotted = rest[..name].contains(&b'.') && rest[0].is_ascii_alphabetic();
        let column = self.level.is_some() && (gap >= 3 || gap == 2 && after.first() == Some(&b'['));
        if separated || (column && !after.is_empty()) {
            (self.draft.program, self.i) = (span, end);
            return true;
        }
        if gap == 1 && dotted && self.level.is_some() && after.first() == Some(&b'[') {
            self.draft.program = span;
            self.i = end + 1;
            return self.context();
        }
        if next == b':' && self.level.is_none() && self.channel(end) {
            return false;
        }
        if next == b'\t' && self.level.is_some() {
            // Columns set apart by tabs: the logger, or the place in the code.
            match memchr::memchr(b':', &rest[..name]) {
                Some(_) => self.draft.named("code.location", span),
                None => self.draft.program = span,
            }
            self.i = end;
            return true;
        }
        if next == b':' || next == b'[' {
            return self.tagged();
        }
        gap == 1 && self.level.is_none() && self.level_after(span, end + 1)
    }

    /// `channel.ERROR: …`.
    fn channel(&mut self, end: usize) -> bool {
        let word = &self.b[self.i..end];
        let Some(dot) = memchr::memrchr(b'.', word) else { return false };
        let level = &word[dot + 1..];
        self.level = level::capitals(level).then(|| Severity::from_word(level)).flatten();
        if self.level.is_some() {
            self.draft.program = self.line.span(self.i, self.i + dot);
            self.i = end + 1;
        }
        self.level.is_some()
    }

    /// One word, then a level and a colon: `bob@shop FATAL:  …`.
    fn level_after(&mut self, word: Span, start: usize) -> bool {
        let end = word_end(self.b, start);
        let Some(level) = self.b[start..end].strip_suffix(b":") else { return false };
        self.level = level::capitals(level).then(|| Severity::from_word(level)).flatten();
        if self.level.is_some() {
            self.draft.named("context", word);
            self.i = end;
        }
        false
    }

    /// `name:` or `name[pid]:`.
    fn tagged(&mut self) -> bool {
        let Some(tag) = tag(self.line, self.i) else { return false };
        let pid = self.draft.pid;
        tag.keep(self.draft, self.line);
        if !pid.is_empty() {
            self.draft.pid = pid;
        }
        self.i = self.draft.message.start as usize - self.line.base;
        // What follows may still be a level, as in `queries: info: …`.
        self.level.is_none()
    }

    /// The request that a logger writes in brackets after its name.
    fn context(&mut self) -> bool {
        if let Some(end) = self.closing(self.i)
            && self.line.text.is_char_boundary(end)
        {
            let inside = self.line.span(self.i + 1, end);
            self.draft.named("context", inside);
            self.i = end + 1;
        }
        false
    }

    fn level_word(&mut self, end: usize, next: u8) -> bool {
        let word = &self.b[self.i..end];
        if let [c] = word
            && next == b' '
            && (at(self.b, end + 1) == b' ' || !self.draft.pid.is_empty())
        {
            self.level = level::letter(*c);
            self.i = end;
            return self.level.is_some();
        }
        let Some(severity) = Severity::from_word(word) else { return false };
        let set_off = self.apart
            || matches!(next, b':' | b'\t' | b'|' | b',')
            || (next == b' ' && matches!(at(self.b, end + 1), b' ' | b'[' | b'-'));
        let ends = matches!(next, b' ' | b':' | b'\t' | b'|' | b',' | b'\n' | 0);
        if !(set_off || ends && level::capitals(word)) {
            return false;
        }
        self.level = Some(severity);
        self.i = end + usize::from(next == b':');
        true
    }
}

//! Levels among the words of a stamped header, and what is written in one word with them.

use super::level;
use super::rfc3164::{blanks, word_end};
use super::stamped::Header;
use crate::time::at;
use seerflow_model::{Severity, Span};

impl Header<'_, '_> {
    /// Takes the word at the position if it is a level, alone or with a component or process.
    pub(super) fn level_at(&mut self, end: usize, next: u8) -> bool {
        self.level_word(end, next)
            || self.letter_tag(end, next)
            || self.level_and_process(end, next)
    }

    /// `channel.ERROR: …`.
    pub(super) fn channel(&mut self, end: usize) -> bool {
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
    pub(super) fn level_after(&mut self, word: Span, start: usize) -> bool {
        let end = word_end(self.b, start);
        let Some(level) = self.b[start..end].strip_suffix(b":") else { return false };
        self.level = level::capitals(level).then(|| Severity::from_word(level)).flatten();
        if self.level.is_some() {
            self.draft.named("context", word);
            self.i = end;
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

    /// `INFO/Worker-1] …`, the end of a bracket that the time opened.
    fn level_and_process(&mut self, end: usize, next: u8) -> bool {
        let word = &self.b[self.i..end];
        let Some(slash) = memchr::memchr(b'/', word).filter(|_| next == b']') else { return false };
        let Some(level) = Severity::from_word(&word[..slash]) else { return false };
        self.level = Some(level);
        self.thread = self.line.span(self.i + slash + 1, end);
        self.i = end + 1;
        true
    }

    /// `D/Tag( 123): …`: a letter for the level, the component, the process.
    fn letter_tag(&mut self, end: usize, next: u8) -> bool {
        let word = &self.b[self.i..end];
        if word.len() < 3 || word[1] != b'/' || next != b'(' {
            return false;
        }
        let (Some(level), Some(close)) = (level::letter(word[0]), self.closing(end)) else {
            return false;
        };
        let from = blanks(self.b, end + 1);
        let pid = self.b.get(from..close).unwrap_or_default();
        if pid.is_empty() || !pid.iter().all(u8::is_ascii_digit) || at(self.b, close + 1) != b':' {
            return false;
        }
        self.level = Some(level);
        self.draft.program = self.line.span(self.i + 2, end);
        self.draft.pid = self.line.span(from, close);
        self.i = close + 2;
        true
    }
}

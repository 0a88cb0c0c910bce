//! Numbers in a stamped header: processes, threads, the time since a program began.

use super::level;
use super::place::file_line;
use super::rfc3164::{blanks, word_end};
use super::stamped::Header;
use crate::time::at;
use seerflow_model::Severity;

/// Most digits of a process or thread id.
const ID_DIGITS: usize = 10;

impl Header<'_, '_> {
    /// Numbers before a level (process, thread), before a bar, a dash or ` --- [`, and `123#0:`.
    pub(super) fn number(&mut self) -> bool {
        let digits = |i: usize| self.b[i..].iter().take_while(|c| c.is_ascii_digit()).count();
        let end = self.i + digits(self.i);
        if at(self.b, end) == b'.' {
            return self.uptime(end + 1);
        }
        let span = self.line.span(self.i, end);
        if !self.draft.pid.is_empty() || end - self.i > ID_DIGITS {
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
        let mut next = blanks(self.b, end);
        let rest = &self.b[next..];
        let cell = self.apart && (rest.starts_with(b"- ") || rest.starts_with(b"|"));
        if at(self.b, end) == b'|' || next > end && (rest.starts_with(b"--- ") || cell) {
            (self.draft.pid, self.i) = (span, end);
            return true;
        }
        if next == end {
            return false;
        }
        let first = next;
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
            if next > first && self.thread.is_empty() {
                self.thread = self.line.span(first, first + second);
            }
            return true;
        }
        if self.level.is_some() && self.b[next..word].last() == Some(&b']') && second == 0 {
            self.draft.pid = span;
            self.place_before_bracket(next, word - 1);
            self.i = word;
        }
        false
    }

    /// glog puts the level before the time, then the thread and `file.go:123]`.
    fn place_before_bracket(&mut self, start: usize, end: usize) {
        let text = self.line.text.get(start..end).unwrap_or_default();
        match file_line(text) {
            Some(file) => self.file(start, file, end),
            None => {
                let place = self.line.span(start, end);
                self.draft.named("code.file", place);
            }
        }
    }

    /// Keeps a source file and a line number: `start` of the file, its length, end of the number.
    pub(super) fn file(&mut self, start: usize, file: usize, end: usize) {
        let (name, number) =
            (self.line.span(start, start + file), self.line.span(start + file + 1, end));
        self.draft.named("code.file", name);
        self.draft.named("line", number);
    }

    /// ` #12] LEVEL -- name: …`: the process closes the time's bracket. The level is there twice.
    pub(super) fn process_in_bracket(&mut self) -> bool {
        let start = self.i + 1;
        let end = start + self.b[start..].iter().take_while(|c| c.is_ascii_digit()).count();
        if !self.open || end == start || end - start > ID_DIGITS || at(self.b, end) != b']' {
            return false;
        }
        self.draft.pid = self.line.span(start, end);
        let word = blanks(self.b, end + 1);
        let after = word_end(self.b, word);
        if let Some(level) = Severity::from_word(&self.b[word..after]) {
            self.level = Some(level);
            self.i = after;
        } else {
            self.i = end + 1;
        }
        true
    }

    /// `12.345: `: seconds since the program began.
    fn uptime(&mut self, fraction: usize) -> bool {
        let digits = self.b[fraction..].iter().take_while(|c| c.is_ascii_digit()).count();
        let end = fraction + digits;
        let known = digits > 0 && at(self.b, end) == b':' && at(self.b, end + 1) == b' ';
        if known && self.draft.program.is_empty() && end - self.i <= 20 {
            let value = self.line.span(self.i, end);
            self.draft.named("uptime", value);
            self.i = end + 2;
            return true;
        }
        false
    }
}

//! The words of a stamped header: levels, components and what sets them apart.

use super::context;
use super::level;
use super::place::{file_line, is_class, is_line, is_logger, is_name, last_part};
use super::rfc3164::{blanks, tag, word_end};
use super::stamped::Header;
use crate::time::at;
use seerflow_model::{Severity, Span};

/// Longest name of a component.
const NAME_MAX: usize = 128;

/// A word and what follows it.
#[derive(Clone, Copy)]
struct Word<'a> {
    name: &'a [u8],
    end: usize,
    /// Blanks after it.
    gap: usize,
    /// What follows the blanks.
    after: &'a [u8],
}

impl<'a> Header<'a, '_> {
    /// Takes the word at the position if it is a part of the header.
    pub(super) fn word(&mut self) -> bool {
        let rest = &self.b[self.i..];
        let name = rest
            .iter()
            .take(NAME_MAX)
            .take_while(|c| c.is_ascii_alphanumeric() || b"_.$/-:@".contains(c))
            .count();
        let name = name - rest[..name].iter().rev().take_while(|c| **c == b':').count();
        let end = self.i + name;
        let next = at(self.b, end);
        if self.level.is_none() && self.level_at(end, next) {
            return true;
        }
        if name == 0 {
            return false;
        }
        let gap = blanks(self.b, end) - end;
        let word = Word { name: &rest[..name], end, gap, after: &self.b[end + gap..] };
        if !self.draft.program.is_empty() {
            return self.second(word);
        }
        self.separated(word)
            || !self.path(word)
                && (self.column(next) || self.before_bracket(word) || self.followed(word))
    }

    /// A component that a separator, a bar or a column sets apart.
    fn separated(&mut self, word: Word<'_>) -> bool {
        let Word { name, end, gap, after } = word;
        let bar = after.first() == Some(&b'|') && self.apart;
        let separated = gap > 0 && (after.starts_with(b"- ") || after.starts_with(b": ")) || bar;
        let column = self.level.is_some() && (gap >= 3 || gap == 2 && after.first() == Some(&b'['))
            || gap >= 2
                && is_logger(name)
                && after.first() == Some(&b'[')
                && at(after, 1).is_ascii_digit();
        if !(separated || (column && !after.is_empty())) {
            return false;
        }
        self.component(self.i, name);
        self.i = end;
        true
    }

    /// `crate::module: …`, `module] …` in the bracket that the time opened, and `in module: …`;
    /// the message follows.
    fn path(&mut self, word: Word<'_>) -> bool {
        let Word { name, end, gap, after } = word;
        if self.level.is_none() {
            return false;
        }
        let next = at(self.b, end);
        let nested = memchr::memmem::find(name, b"::").is_some_and(|at| at > 0);
        if next == b']' && self.open && (nested || is_name(name)) {
            self.draft.program = self.line.span(self.i, end);
            self.i = end + 1;
            return true;
        }
        if next == b':' && nested && matches!(at(self.b, end + 1), b' ' | 0) {
            self.draft.program = self.line.span(self.i, end);
            self.i = end + 1;
            return true;
        }
        if name == b"in" && gap == 1 {
            let length = word_end(after, 0).saturating_sub(1);
            if at(after, length) == b':' && is_name(&after[..length]) {
                self.draft.program = self.line.span(end + 1, end + 1 + length);
                self.i = end + 1 + length + 1;
                return true;
            }
        }
        false
    }

    /// After a thread in brackets: a logger whose name holds brackets itself, up to a column's colon.
    fn column(&mut self, next: u8) -> bool {
        if next != b'[' || self.level.is_none() || self.thread.is_empty() {
            return false;
        }
        let end = word_end(self.b, self.i);
        let colon = blanks(self.b, end);
        let sound = end - self.i <= NAME_MAX && self.line.text.is_char_boundary(end);
        if !sound || colon == end || !self.b[colon..].starts_with(b": ") {
            return false;
        }
        self.draft.program = self.line.span(self.i, end);
        self.i = end;
        true
    }

    /// Keeps a component; the function and line that may follow its name become fields.
    fn component(&mut self, start: usize, name: &[u8]) {
        let end = start + name.len();
        let text = self.line.text.get(start..end).unwrap_or_default();
        let Some((left, number)) = text.rsplit_once(':').filter(|(_, n)| is_line(n)) else {
            self.draft.program = self.line.span(start, end);
            return;
        };
        if let Some(file) = file_line(text) {
            self.file(start, file, end);
            let stem = left.rfind('.').unwrap_or(left.len());
            let path = left[..stem].rfind(['/', '\\']).map_or(0, |slash| slash + 1);
            self.draft.program = self.line.span(start + path, start + stem);
            return;
        }
        let class = left.find(':').unwrap_or(left.len());
        self.draft.program = self.line.span(start, start + class);
        let function = self.line.span(start + (class + 1).min(left.len()), start + left.len());
        self.draft.named("code.function", function);
        let number = self.line.span(end - number.len(), end);
        self.draft.named("line", number);
    }

    /// `logger [request] …`, `org.example.Server.run(Server.java:12) …`.
    fn before_bracket(&mut self, word: Word<'_>) -> bool {
        let Word { name, end, gap, after } = word;
        if self.level.is_none() {
            return false;
        }
        let dotted = name.contains(&b'.') && name[0].is_ascii_alphabetic();
        let request = after.starts_with(b"[-]") || after.starts_with(b"[req-");
        if gap == 1 && after.first() == Some(&b'[') && (dotted || request && is_name(name)) {
            self.draft.program = self.line.span(self.i, end);
            self.i = end + 1;
            return self.context();
        }
        if gap == 0
            && after.first() == Some(&b'(')
            && is_logger(name)
            && let Some(close) = self.closing(end)
            && let Some(inside) = self.line.text.get(end + 1..close)
            && let Some(file) = file_line(inside)
        {
            let function = self.i + last_part(name);
            self.draft.program = self.line.span(self.i, function - 1);
            let function = self.line.span(function, end);
            self.draft.named("code.function", function);
            self.file(end + 1, file, close);
            self.i = close + 1;
            return true;
        }
        false
    }

    /// A component that its form and the character after it give away.
    fn followed(&mut self, word: Word<'_>) -> bool {
        let Word { name, end, gap, .. } = word;
        let next = at(self.b, end);
        if next == b':' && self.level.is_none() && self.channel(end) {
            return false;
        }
        if next == b'\t' && self.level.is_some() {
            // Columns set apart by tabs: the logger, or the place in the code.
            match file_line(self.line.text.get(self.i..end).unwrap_or_default()) {
                Some(file) => self.file(self.i, file, end),
                None => self.component(self.i, name),
            }
            self.i = end;
            return true;
        }
        if next == b':' || next == b'[' {
            return self.tagged();
        }
        if gap != 1 {
            return false;
        }
        if self.level.is_some() {
            // `[thread] org.example.Server.start message`.
            if !self.thread.is_empty() && is_class(name) {
                self.class_and_function(name);
                self.i = end;
            }
            return false;
        }
        let span = self.line.span(self.i, end);
        self.level_after(span, end + 1) || is_logger(name) && self.two_lines(span, end + 1)
    }

    /// `org.example.Server.start`: a function's name begins with a small letter.
    fn class_and_function(&mut self, name: &[u8]) {
        let (start, last) = (self.i, last_part(name));
        let function = at(name, last).is_ascii_lowercase();
        let class = if function { last - 1 } else { name.len() };
        self.draft.program = self.line.span(start, start + class);
        if function {
            let span = self.line.span(start + last, start + name.len());
            self.draft.named("code.function", span);
        }
    }

    /// A second name: between dashes before the level, or a logger between bars, it is the
    /// component, and the first was the thread.
    fn second(&mut self, word: Word<'_>) -> bool {
        let Word { name, end, gap, after } = word;
        if !self.apart || !self.thread.is_empty() {
            return false;
        }
        let dash = gap > 0
            && self.level.is_none()
            && after.strip_prefix(b"- ").is_some_and(|rest| {
                let word = &rest[..word_end(rest, 0)];
                level::capitals(word) && Severity::from_word(word).is_some()
            });
        let first = self.said(self.draft.program);
        let bar = after.first() == Some(&b'|') && is_logger(name) && !is_logger(first.as_bytes());
        if dash || bar {
            self.thread = self.draft.program;
            self.component(self.i, name);
            self.i = end;
        }
        dash || bar
    }

    /// `org.example.Server start`, and on the next line `INFO: …`, as java.util.logging writes.
    fn two_lines(&mut self, logger: Span, start: usize) -> bool {
        let function = word_end(self.b, start);
        let rest = &self.b[function..];
        let Some(rest) = rest.strip_prefix(b"\n") else { return false };
        let word = &rest[..rest.iter().take(14).take_while(|c| c.is_ascii_uppercase()).count()];
        let Some(level) = Severity::from_word(word) else { return false };
        if at(rest, word.len()) == b':' && is_name(&self.b[start..function]) {
            (self.draft.program, self.level) = (logger, Some(level));
            let name = self.line.span(start, function);
            self.draft.named("code.function", name);
            self.i = function + 1 + word.len() + 1;
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
            context::request(self.draft, self.line, self.i + 1, end);
            self.i = end + 1;
            if self.b[self.i..].starts_with(b" - ") {
                self.i += 3;
            }
        }
        false
    }
}

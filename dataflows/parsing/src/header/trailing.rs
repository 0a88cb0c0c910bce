//! What stands behind the request of an access log line: status, size, referer, user agent, and
//! whatever a site has its server add, read by its form.

use super::draft::{Draft, Line};
use super::rfc3164::{blanks, word_end};
use super::{http, quoted};
use crate::time::at;
use seerflow_model::Span;
use seerflow_model::record::Flags;

/// Most fields behind the request that are read.
const TRAILING_MAX: usize = 24;
/// Names of fields whose meaning is not known.
const EXTRA: [&str; 8] =
    ["extra.1", "extra.2", "extra.3", "extra.4", "extra.5", "extra.6", "extra.7", "extra.8"];

/// What stands behind the request.
pub(super) struct Behind<'a, 'd> {
    draft: &'d mut Draft,
    line: Line<'a>,
    b: &'a [u8],
    i: usize,
    quoted: usize,
    seconds: usize,
    extra: usize,
    forwarded: bool,
    /// A whole number that is not named yet: the size of the request if seconds follow.
    number: Span,
}

impl<'a, 'd> Behind<'a, 'd> {
    pub(super) fn new(draft: &'d mut Draft, line: Line<'a>, i: usize) -> Behind<'a, 'd> {
        let (b, number) = (line.bytes(), Span::NONE);
        Behind { draft, line, b, i, quoted: 0, seconds: 0, extra: 0, forwarded: false, number }
    }

    /// Status and size.
    pub(super) fn status(&mut self) -> Span {
        let start = blanks(self.b, self.i);
        let end = word_end(self.b, start);
        let word = &self.b[start..end];
        if word.len() != 3 || !(word == b"000" || word.iter().all(u8::is_ascii_digit)) {
            return Span::NONE;
        }
        self.i = end;
        let size = blanks(self.b, end);
        let size_end = word_end(self.b, size);
        if self.b[size..size_end].iter().all(u8::is_ascii_digit) && size_end > size {
            self.draft.named("http.response.body.bytes", self.line.span(size, size_end));
            self.i = size_end;
        } else if &self.b[size..size_end] == b"-" {
            self.i = size_end;
        }
        self.line.span(start, end)
    }

    /// All that follows.
    pub(super) fn rest(&mut self) {
        for _ in 0..TRAILING_MAX {
            self.i = blanks(self.b, self.i);
            match at(self.b, self.i) {
                0 | b'\n' if self.i >= self.b.len() || self.b[self.i] == b'\n' => break,
                b'"' => self.quoted(),
                b'[' => self.bracket(),
                _ => self.word(),
            }
        }
        self.flush();
    }

    fn quoted(&mut self) {
        let quoted = quoted::read(self.b, self.i);
        self.i = quoted.next;
        self.quoted += 1;
        if !quoted.closed {
            self.draft.flags.set(Flags::MALFORMED);
        }
        let text = &self.line.text[quoted.start..quoted.end];
        if matches!(text, "" | "-") {
            return;
        }
        let value = quoted::plain(self.draft, self.line, quoted);
        match self.quoted {
            1 => self.draft.named("http.request.referrer", value),
            2 => self.draft.named("user_agent.original", value),
            _ if !self.forwarded && text.split(',').all(|part| http::address(part.trim())) => {
                self.forwarded = true;
                self.draft.named("network.forwarded_ip", value);
            }
            _ => {
                if !self.seconds(quoted.start, quoted.end) {
                    self.extra(value);
                }
            }
        }
    }

    /// `[upstream]`, as an ingress controller writes it.
    fn bracket(&mut self) {
        let end = word_end(self.b, self.i);
        let inside =
            if at(self.b, end - 1) == b']' { (self.i + 1, end - 1) } else { (self.i, end) };
        self.i = end;
        if inside.1 > inside.0 {
            self.draft.named("upstream.name", self.line.span(inside.0, inside.1));
        }
    }

    fn word(&mut self) {
        let (start, mut end) = (self.i, word_end(self.b, self.i));
        if self.b[end - 1] == b',' && end > start + 1 {
            end -= 1;
        }
        self.i = word_end(self.b, self.i);
        let word = &self.b[start..end];
        if let Some(equals) = memchr::memchr(b'=', word).filter(|n| *n > 0) {
            return self.pair(start, start + equals);
        }
        if word == b"-" || self.seconds(start, end) {
            return;
        }
        self.flush();
        let span = self.line.span(start, end);
        if word.iter().all(u8::is_ascii_digit) {
            self.number = span;
        } else if port(&self.line.text[start..end]) {
            self.draft.named("upstream.address", span);
        } else if word.len() == 32 && word.iter().all(u8::is_ascii_hexdigit) {
            self.draft.named("http.request.id", span);
        } else {
            self.extra(span);
        }
    }

    /// `key=value`, `key="value"`.
    fn pair(&mut self, start: usize, equals: usize) {
        self.flush();
        let name = self.line.span(start, equals);
        let value = if at(self.b, equals + 1) == b'"' {
            let quoted = quoted::read(self.b, equals + 1);
            self.i = quoted.next;
            quoted::plain(self.draft, self.line, quoted)
        } else {
            self.line.span(equals + 1, self.i)
        };
        if !value.is_empty() && super::object::text(self.draft, self.line, value) != "-" {
            self.draft.field(name, value);
        }
    }

    /// A number with a fraction: seconds, of the request and then of the server behind.
    fn seconds(&mut self, start: usize, end: usize) -> bool {
        let word = &self.b[start..end];
        let dots = word.iter().filter(|c| **c == b'.').count();
        let digits = word.iter().all(|c| c.is_ascii_digit() || *c == b'.');
        if dots != 1 || !digits || word.len() < 3 {
            return false;
        }
        let size = std::mem::take(&mut self.number);
        self.seconds += 1;
        let span = self.line.span(start, end);
        match self.seconds {
            1 => {
                self.draft.named("http.request.bytes", size);
                self.draft.named("http.server.request.duration", span);
            }
            2 => {
                self.extra(size);
                self.draft.named("upstream.duration", span);
            }
            _ => self.extra(span),
        }
        true
    }

    fn flush(&mut self) {
        let number = std::mem::take(&mut self.number);
        self.extra(number);
    }

    fn extra(&mut self, value: Span) {
        if value.is_empty() {
            return;
        }
        if let Some(name) = EXTRA.get(self.extra) {
            self.draft.named(name, value);
            self.extra += 1;
        } else {
            self.draft.flags.set(Flags::CUT);
        }
    }
}

/// Whether a word is an address with a port.
fn port(word: &str) -> bool {
    word.rsplit_once(':').is_some_and(|(host, port)| {
        let host = host.trim_matches(['[', ']']);
        http::address(host) && !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit())
    })
}

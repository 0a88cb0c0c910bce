//! JSON objects as flat fields: names joined with dots, strings without their escapes.
//!
//! A hand-written reader because the values stay where they are: a value without escapes is a span
//! of the record. Bounds: depth 16 (what lies deeper is kept as text), 256 fields. Elements of an
//! array are fields of the same name.

use super::draft::{Draft, Line};
use super::github;
use crate::time::at;
use seerflow_model::{Span, text};

/// Objects and arrays deeper than this are kept as text.
const DEPTH_MAX: usize = 16;

pub(super) struct Flat<'a, 'd> {
    line: Line<'a>,
    b: &'a [u8],
    i: usize,
    draft: &'d mut Draft,
    path: String,
}

/// Reads the object that is the whole line into the draft's fields; `false` when it is none.
pub(super) fn flatten(draft: &mut Draft, line: Line<'_>) -> bool {
    let mut flat = Flat { line, b: line.bytes(), i: 0, draft, path: String::new() };
    flat.blanks();
    if flat.object(0).is_none() {
        return false;
    }
    flat.blanks();
    flat.i == flat.b.len()
}

impl Flat<'_, '_> {
    fn blanks(&mut self) {
        while matches!(at(self.b, self.i), b' ' | b'\t' | b'\n' | b'\r') {
            self.i += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (at(self.b, self.i) == byte).then(|| self.i += 1)
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.take(b'{')?;
        self.blanks();
        if self.take(b'}').is_some() {
            return Some(());
        }
        let outer = self.path.len();
        loop {
            self.blanks();
            let key = self.string()?;
            self.blanks();
            self.take(b':')?;
            self.blanks();
            if self.draft.lean && github::is_link(self.draft.get(self.line.text, self.local(key))) {
                self.pass_over()?;
            } else {
                let name = self.name(key, depth);
                self.value(name, depth)?;
                self.path.truncate(outer);
            }
            self.blanks();
            if self.take(b',').is_some() {
                continue;
            }
            return self.take(b'}');
        }
    }

    /// The full name of a key. At the top it is the key; below, the path is put before it. The
    /// path grows only when the value is an object or array.
    fn name(&mut self, key: Span, depth: usize) -> Span {
        let nested = matches!(at(self.b, self.i), b'{' | b'[');
        if depth == 0 && !nested {
            return key;
        }
        let text = self.draft.get(self.line.text, self.local(key)).to_owned();
        let from = self.draft.tail_end();
        if depth > 0 {
            self.draft.tail.push_str(&self.path);
            self.draft.tail.push('.');
        }
        self.draft.tail.push_str(&text);
        let name = self.draft.since(from);
        if nested {
            if depth > 0 {
                self.path.push('.');
            }
            self.path.push_str(&text);
        }
        name
    }

    /// A span of this line as seen from its own beginning; one of an addition is left alone.
    fn local(&self, span: Span) -> Span {
        if (span.start as usize) < self.line.base + self.b.len()
            && span.start as usize >= self.line.base
        {
            Span { start: span.start - self.line.base as u32, len: span.len }
        } else {
            span
        }
    }

    fn value(&mut self, name: Span, depth: usize) -> Option<()> {
        match at(self.b, self.i) {
            b'"' => {
                let value = self.string()?;
                self.draft.field(name, value);
            }
            b'{' | b'[' if depth + 1 >= DEPTH_MAX => {
                let start = self.i;
                self.skip()?;
                let value = self.line.span(start, self.i);
                self.draft.field(name, value);
            }
            b'{' => self.object(depth + 1)?,
            b'[' => self.array(name, depth + 1)?,
            _ => {
                let start = self.i;
                let null = self.scalar()?;
                if !null {
                    let value = self.line.span(start, self.i);
                    self.draft.field(name, value);
                }
            }
        }
        Some(())
    }

    fn array(&mut self, name: Span, depth: usize) -> Option<()> {
        if let Some(value) = self.byte_array() {
            self.draft.field(name, value);
            return Some(());
        }
        self.take(b'[')?;
        self.blanks();
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.blanks();
            self.value(name, depth)?;
            self.blanks();
            if self.take(b',').is_some() {
                continue;
            }
            return self.take(b']');
        }
    }

    /// Journald writes a message that is not printable as an array of its bytes.
    fn byte_array(&mut self) -> Option<Span> {
        if self.path != "MESSAGE" {
            return None;
        }
        let close = self.i + memchr::memchr(b']', &self.b[self.i..])?;
        let numbers = self.line.text.get(self.i + 1..close)?.split(',');
        let bytes: Result<Vec<u8>, _> = numbers.map(|n| n.trim().parse::<u8>()).collect();
        let value = self.draft.add(&text::decode(&bytes.ok()?));
        self.i = close + 1;
        Some(value)
    }

    /// A number or a word; whether it is null.
    fn scalar(&mut self) -> Option<bool> {
        let rest = &self.b[self.i.min(self.b.len())..];
        for (word, null) in [(&b"null"[..], true), (b"true", false), (b"false", false)] {
            if rest.starts_with(word) {
                self.i += word.len();
                return Some(null);
            }
        }
        let n = rest
            .iter()
            .take_while(|c| c.is_ascii_digit() || matches!(c, b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let sound =
            rest[..n].iter().any(u8::is_ascii_digit) && matches!(rest[0], b'-' | b'0'..=b'9');
        self.i += n;
        sound.then_some(false)
    }

    /// Passes over any value.
    fn pass_over(&mut self) -> Option<()> {
        match at(self.b, self.i) {
            b'"' => {
                self.i = string_end(self.b, self.i + 1)? + 1;
                Some(())
            }
            b'{' | b'[' => self.skip(),
            _ => self.scalar().map(drop),
        }
    }

    /// Passes over an object or array without reading it.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0u32;
        loop {
            match self.b.get(self.i)? {
                b'"' => {
                    self.i = string_end(self.b, self.i + 1)?;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.i += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn string(&mut self) -> Option<Span> {
        self.take(b'"')?;
        let start = self.i;
        let first = start + memchr::memchr2(b'"', b'\\', &self.b[start..])?;
        if self.b[first] == b'"' {
            self.i = first + 1;
            return Some(self.line.span(start, first));
        }
        let from = self.draft.tail_end();
        let (mut kept, mut i) = (start, first);
        loop {
            self.draft.tail.push_str(&self.line.text[kept..i]);
            if self.b[i] == b'"' {
                self.i = i + 1;
                return Some(self.draft.since(from));
            }
            let (c, after) = escape(self.b, i + 1)?;
            self.draft.tail.push(c);
            kept = after;
            i = after + memchr::memchr2(b'"', b'\\', self.b.get(after..)?)?;
        }
    }
}

fn string_end(b: &[u8], mut i: usize) -> Option<usize> {
    loop {
        i += memchr::memchr2(b'"', b'\\', b.get(i..)?)?;
        if b[i] == b'"' {
            return Some(i);
        }
        i += 2;
    }
}

/// Reads what follows a backslash; a lone half of a pair is U+FFFD.
fn escape(b: &[u8], i: usize) -> Option<(char, usize)> {
    let c = match at(b, i) {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = hex(b, i + 1)?;
            if (0xd800..0xdc00).contains(&high)
                && at(b, i + 5) == b'\\'
                && at(b, i + 6) == b'u'
                && let Some(low @ 0xdc00..=0xdfff) = hex(b, i + 7)
            {
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Some((char::from_u32(code)?, i + 11));
            }
            return Some((char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), i + 5));
        }
        _ => return None,
    };
    Some((c, i + 1))
}

fn hex(b: &[u8], i: usize) -> Option<u32> {
    let mut value = 0;
    for k in 0..4 {
        value = value << 4 | char::from(at(b, i + k)).to_digit(16)?;
    }
    Some(value)
}

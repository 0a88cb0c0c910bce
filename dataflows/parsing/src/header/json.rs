//! JSON objects as flat fields: names joined with dots, strings without their escapes.
//!
//! A hand-written reader because the values stay where they are: a value without escapes is a span
//! of the record. Bounds: depth 16 (what lies deeper is kept as text), 256 fields. Elements of an
//! array are fields of the same name.

use super::draft::{Draft, FIELDS_MAX, Line};
use super::{github, object};
use crate::time::at;
use seerflow_model::record::Flags;
use seerflow_model::{Span, text};

/// Objects and arrays deeper than this are kept as text.
const DEPTH_MAX: usize = 16;
/// Names of objects are put before those of their members up to so many bytes: each member repeats
/// them.
const PATH_MAX: usize = 1024;

pub(super) struct Flat<'a, 'd> {
    line: Line<'a>,
    b: &'a [u8],
    i: usize,
    draft: &'d mut Draft,
    path: String,
}

/// Calls `each` for every member of the object that is the whole line, with its name; `false` when
/// it is none. `each` must read the value or pass over it.
pub(super) fn walk(draft: &mut Draft, line: Line<'_>, each: Each<'_>) -> bool {
    let mut flat = Flat { line, b: line.bytes(), i: 0, draft, path: String::new() };
    flat.blanks();
    if flat.members(each).is_none() {
        return false;
    }
    flat.blanks();
    flat.i == flat.b.len()
}

/// What is done with a member of an object; `None` when it cannot be read.
pub(super) type Each<'e> = &'e mut dyn FnMut(&mut Flat<'_, '_>, &str) -> Option<()>;

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
    /// Calls `each` for every member of the object here, as [`walk`] does. Null has no members.
    pub(super) fn members(&mut self, each: Each<'_>) -> Option<()> {
        if self.byte() == b'n' {
            return self.scalar().map(drop);
        }
        self.take(b'{')?;
        self.blanks();
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            self.blanks();
            let key = self.string()?;
            self.blanks();
            self.take(b':')?;
            self.blanks();
            let from = (key.start as usize).checked_sub(self.line.base);
            let text = self.line.text;
            // A name of ours has no escapes; one that has is not known.
            let name = from.and_then(|from| text.get(from..from + key.len as usize));
            each(self, name.unwrap_or_default())?;
            self.blanks();
            if self.take(b',').is_some() {
                continue;
            }
            return self.take(b'}');
        }
    }

    /// The byte here.
    pub(super) fn byte(&self) -> u8 {
        at(self.b, self.i)
    }

    /// Passes over the value here.
    pub(super) fn pass(&mut self) -> Option<()> {
        match self.byte() {
            b'"' => self.i = string_end(self.b, self.i + 1)? + 1,
            b'{' | b'[' => self.skip()?,
            _ => drop(self.scalar()?),
        }
        Some(())
    }

    /// The value here as one text; nothing for null.
    pub(super) fn one(&mut self) -> Option<Span> {
        if self.byte() == b'"' {
            return self.string();
        }
        let (start, null) = (self.i, self.byte() == b'n');
        self.pass()?;
        Some(if null { Span::NONE } else { self.line.span(start, self.i) })
    }

    /// Keeps the value here as a field.
    pub(super) fn keep(&mut self, name: &str) -> Option<Span> {
        let value = self.one()?;
        self.draft.named(name, value);
        Some(value)
    }

    /// Keeps the members of the object here as fields, under their names or with `prefix` before.
    pub(super) fn map(&mut self, prefix: &str) -> Option<()> {
        if self.byte() != b'{' {
            return self.pass();
        }
        self.path.clear();
        self.path.push_str(prefix);
        self.object(usize::from(!prefix.is_empty()))?;
        self.path.clear();
        Some(())
    }

    /// Keeps what is in the object or array here as fields under `name`; gives its text.
    pub(super) fn nested(&mut self, name: &str) -> Option<Span> {
        let start = self.i;
        if self.byte() == b'{' {
            self.map(name)?;
        } else {
            self.path.clear();
            self.path.push_str(name);
            let name = self.draft.add(name);
            self.array(name, 1)?;
            self.path.clear();
        }
        Some(self.line.span(start, self.i))
    }

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
            if self.draft.lean && github::is_link(object::text(self.draft, self.line, key)) {
                self.pass()?;
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
        if depth == 0 && !nested || self.draft.fields.len() >= FIELDS_MAX {
            return key;
        }
        let from = self.draft.tail_end();
        if depth > 0 {
            self.draft.tail.push_str(&self.path);
            self.draft.tail.push('.');
        }
        self.draft.copy(self.line, key, usize::MAX);
        let name = self.draft.since(from);
        if nested {
            let text = self.draft.get("", name);
            let text = text.get(if depth > 0 { self.path.len() + 1 } else { 0 }..);
            let text = text.unwrap_or_default().to_owned();
            if self.path.len() + text.len() >= PATH_MAX {
                self.draft.flags.set(Flags::CUT);
                return name;
            }
            if depth > 0 {
                self.path.push('.');
            }
            self.path.push_str(&text);
        }
        name
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

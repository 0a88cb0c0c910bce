//! Lines of `key=value` pairs: logfmt, and devices that write all they say as pairs.
//!
//! A line is one when it is pairs from its first byte to nearly its end and names a level, a text
//! or a time among them; a packet filter's `IN=eth0 SRC=…` names none and stays a message. Quoted
//! values are unescaped. Words between the pairs after the text's key belong to the text: some
//! loggers do not quote it. Cost: one pass to tell, one to read.

use super::draft::{Draft, Line};
use super::object;
use super::quoted::{self, Quoted};
use crate::time::{at, pair_key};

/// How far a line is looked at to tell whether it is one.
const SNIFF_MAX: usize = 4096;
/// Most pairs of a line that are looked at to tell.
const SNIFF_PAIRS: usize = 64;

const TEXT: [&[u8]; 4] = [b"msg", b"message", b"event", b"error"];
const TELLING: [&[u8]; 9] =
    [b"msg", b"message", b"level", b"lvl", b"severity", b"loglevel", b"time", b"ts", b"timestamp"];

/// Whether a line is one.
pub(super) fn is(b: &[u8]) -> bool {
    // Linux audit has keys of these names and a format of its own.
    if pair_key(b, 0) == 0 || memchr::memmem::find(&b[..b.len().min(256)], b"msg=audit(").is_some()
    {
        return false;
    }
    let mut pairs = Pairs { b: &b[..b.len().min(SNIFF_MAX)], i: 0 };
    let (mut count, mut stray, mut telling) = (0usize, 0usize, 0usize);
    let mut text = false;
    while let Some(part) = pairs.next() {
        match part {
            Part::Pair { name, .. } => {
                count += 1;
                text = TEXT.contains(&name);
                telling += usize::from(TELLING.contains(&name));
                if count >= SNIFF_PAIRS {
                    break;
                }
            }
            Part::Word if text => {}
            Part::Word => stray += 1,
        }
    }
    count >= 2 && telling >= 1 && (telling >= 2 || count >= 4) && stray * 4 <= count
}

/// Reads a line; `false` when it holds no pair.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) -> bool {
    let b = line.bytes();
    let first = draft.fields.len();
    let mut pairs = Pairs { b, i: 0 };
    let mut text: Option<(usize, usize, usize)> = None;
    while let Some(part) = pairs.next() {
        let Part::Pair { name, start, value } = part else {
            if let Some((_, _, end)) = &mut text {
                *end = pairs.i;
            }
            continue;
        };
        close(draft, line, text.take());
        let name_span = line.span(start, start + name.len());
        match value {
            Value::Quoted(quoted) => {
                let value = quoted::plain(draft, line, quoted);
                draft.field(name_span, value);
            }
            Value::Bare(from, to) if TEXT.contains(&name) => {
                text = Some((draft.fields.len(), from, to));
                draft.field(name_span, line.span(from, to));
            }
            Value::Bare(from, to) => draft.field(name_span, line.span(from, to)),
        }
    }
    close(draft, line, text);
    if draft.fields.len() == first {
        return false;
    }
    object::meanings(draft, line);
    true
}

/// Lets an unquoted text end where the words after it end.
fn close(draft: &mut Draft, line: Line<'_>, text: Option<(usize, usize, usize)>) {
    if let Some((index, from, to)) = text
        && let Some(field) = draft.fields.get_mut(index)
    {
        field.value = line.span(from, to);
    }
}

enum Value {
    Quoted(Quoted),
    Bare(usize, usize),
}

enum Part<'a> {
    Pair {
        name: &'a [u8],
        start: usize,
        value: Value,
    },
    /// A word that is no pair.
    Word,
}

struct Pairs<'a> {
    b: &'a [u8],
    /// After a part: where it ends.
    i: usize,
}

impl<'a> Pairs<'a> {
    fn next(&mut self) -> Option<Part<'a>> {
        while at(self.b, self.i).is_ascii_whitespace() || matches!(at(self.b, self.i), b',' | b';')
        {
            self.i += 1;
        }
        let start = self.i;
        if start >= self.b.len() {
            return None;
        }
        let key = pair_key(self.b, start);
        if key == 0 {
            self.i = self.bare(start);
            return Some(Part::Word);
        }
        let (name, from) = (&self.b[start..start + key], start + key + 1);
        if at(self.b, from) == b'"' {
            let quoted = quoted::read(self.b, from);
            self.i = quoted.next;
            return Some(Part::Pair { name, start, value: Value::Quoted(quoted) });
        }
        self.i = self.bare(from);
        // A comma between pairs is no part of a value.
        let to = match self.b[from..self.i].last() {
            Some(b',' | b';') if self.i < self.b.len() => self.i - 1,
            _ => self.i,
        };
        Some(Part::Pair { name, start, value: Value::Bare(from, to) })
    }

    fn bare(&self, from: usize) -> usize {
        let rest = &self.b[from..];
        from + rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len())
    }
}

//! QRadar's Log Event Extended Format: `LEEF:1.0|vendor|product|version|id|` and attributes set
//! apart by tabs; `LEEF:2.0|…|id|delimiter|` says its delimiter, as a character or in hex (`x5E`).
//!
//! Where a relay has written tabs as `#011` or as blanks, that is read too. Attributes keep their
//! names; the message is `msg` or `message`, else the id of the event and its category.

use super::cef;
use super::draft::{Draft, Line};
use super::object;
use crate::time::at;
use seerflow_model::{Field, Span};

/// Whether a text begins as one.
pub(super) fn begins(b: &[u8]) -> bool {
    b.starts_with(b"LEEF:") && at(b, 5).is_ascii_digit() && b[..b.len().min(10)].contains(&b'|')
}

/// Reads an event; `false` when its header has too few parts.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) -> bool {
    let b = line.bytes();
    if !begins(b) {
        return false;
    }
    let mut parts = [Span::NONE; 5];
    let mut i = 0;
    for (n, part) in parts.iter_mut().enumerate() {
        let end = match memchr::memchr(b'|', &b[i..]) {
            Some(found) => i + found,
            // Without attributes the last bar may be missing.
            None if n == 4 => b.len(),
            None => return false,
        };
        *part = line.span(i, end);
        i = (end + 1).min(b.len());
    }
    let [_, vendor, product, version, id] = parts;
    draft.named("observer.vendor", vendor);
    draft.named("observer.product", product);
    draft.named("observer.version", version);
    draft.named("event.code", id);
    let mut delimiter: &[u8] = b"\t";
    let mut one = [0u8];
    if b.starts_with(b"LEEF:2")
        && let Some((given, next)) = given(b, i)
    {
        (one[0], i) = (given.unwrap_or(b'\t'), next);
        delimiter = &one;
    }
    let rest = &b[i..];
    if delimiter == b"\t" && !rest.contains(&b'\t') {
        delimiter = if memchr::memmem::find(rest, b"#011").is_some() { b"#011" } else { b"" };
    }
    let first = draft.fields.len();
    match delimiter {
        b"" => cef::extension(draft, line, i),
        _ => attributes(draft, line, i, delimiter),
    }
    if draft.program.is_empty() {
        draft.program = product;
    }
    meanings(draft, line, first, id);
    true
}

/// The delimiter that stands between bars: `^`, `x5E`, `0x5E`, or nothing for a tab.
fn given(b: &[u8], i: usize) -> Option<(Option<u8>, usize)> {
    let length = memchr::memchr(b'|', &b[i..b.len().min(i + 8)])?;
    let text = &b[i..i + length];
    let digits = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"x"));
    let given = match (text, digits) {
        ([], _) => None,
        ([c], _) if c.is_ascii() => Some(*c),
        (_, Some(digits @ [_] | digits @ [_, _])) => {
            let code = std::str::from_utf8(digits).ok()?;
            Some(u8::from_str_radix(code, 16).ok().filter(u8::is_ascii)?)
        }
        _ => return None,
    };
    Some((given, i + length + 1))
}

fn attributes(draft: &mut Draft, line: Line<'_>, start: usize, delimiter: &[u8]) {
    let b = line.bytes();
    let mut i = start;
    while i < b.len() {
        let end = memchr::memmem::find(&b[i..], delimiter).map_or(b.len(), |n| i + n);
        let from = i + b[i..end].iter().take_while(|c| c.is_ascii_whitespace()).count();
        if let Some(equals) = memchr::memchr(b'=', &b[from..end]).filter(|n| *n > 0) {
            let equals = from + equals;
            let to = equals + 1 + b[equals + 1..end].trim_ascii_end().len();
            if to > equals + 1 {
                draft.field(line.span(from, equals), line.span(equals + 1, to));
            }
        }
        i = end + delimiter.len();
    }
}

fn meanings(draft: &mut Draft, line: Line<'_>, first: usize, id: Span) {
    let named = |draft: &Draft, names: &[&str]| {
        let fields = draft.fields.get(first..).unwrap_or_default();
        let is = |f: &&Field| names.contains(&object::text(draft, line, f.name));
        fields.iter().find(is).map(|f| f.value)
    };
    if let Some(severity) = named(draft, &["sev"]) {
        draft.severity = cef::grade(object::text(draft, line, severity)).or(draft.severity);
    }
    if draft.host.is_empty() {
        draft.host = named(draft, &["devName", "identHostName"]).unwrap_or_default();
    }
    if let Some(text) = named(draft, &["msg", "message"]) {
        draft.message = text;
        draft.fields.retain(|f| f.value != text);
        return;
    }
    let from = draft.tail_end();
    draft.copy(line, id, usize::MAX);
    if let Some(category) = named(draft, &["cat"]) {
        draft.tail.push(' ');
        draft.copy(line, category, usize::MAX);
    }
    draft.message = draft.since(from);
}

//! RFC 5424: `<PRI>1 TIME HOST APP PROCID MSGID SD MSG`.
//!
//! Strict where the header could be mistaken (every part there, structured data well formed),
//! lenient in lengths and in an unescaped `]` inside a value, which many senders write.

use super::draft::{Draft, Line};
use seerflow_model::Span;

/// Reads what follows the priority; `false` when it is not RFC 5424.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, after_priority: usize) -> bool {
    let b = line.bytes();
    // `1 `: the version.
    let mut i = after_priority + 2;
    let mut parts = [Span::NONE; 5];
    for part in &mut parts {
        let Some(end) = memchr::memchr(b' ', b.get(i..).unwrap_or_default()).map(|n| i + n) else {
            return false;
        };
        if end == i {
            return false;
        }
        if &b[i..end] != b"-" {
            *part = line.span(i, end);
        }
        i = end + 1;
    }
    let [time, host, program, pid, msgid] = parts;
    let time_like = time.is_empty() || b[time.start as usize - line.base].is_ascii_digit();
    let Some(end) = structured(draft, line, i) else { return false };
    if !time_like {
        return false;
    }
    (draft.host, draft.program, draft.pid, draft.msgid) = (host, program, pid, msgid);
    let start = match b.get(end) {
        None => end,
        Some(b' ') if b[end + 1..].starts_with(b"\xef\xbb\xbf") => end + 4,
        Some(b' ') => end + 1,
        Some(_) => return false,
    };
    draft.message = line.span(start, b.len());
    true
}

/// Reads structured data; position after it.
fn structured(draft: &mut Draft, line: Line<'_>, start: usize) -> Option<usize> {
    let b = line.bytes();
    if b.get(start) == Some(&b'-') {
        return Some(start + 1);
    }
    let mut i = start;
    while b.get(i) == Some(&b'[') {
        i = element(draft, line, i + 1)?;
    }
    (i > start).then_some(i)
}

/// Reads `id name="value" …]` and keeps the values as fields `id.name`.
fn element(draft: &mut Draft, line: Line<'_>, start: usize) -> Option<usize> {
    let b = line.bytes();
    let name_end = |i: usize| {
        let rest = b.get(i..)?;
        let n = rest.iter().position(|c| matches!(c, b' ' | b']' | b'=' | b'"' | b'\n'))?;
        (n > 0 && line.text.is_char_boundary(i + n)).then_some(i + n)
    };
    let id_end = name_end(start)?;
    let id = &line.text[start..id_end];
    let mut i = id_end;
    loop {
        while b.get(i) == Some(&b' ') {
            i += 1;
        }
        if b.get(i) == Some(&b']') {
            return Some(i + 1);
        }
        let end = name_end(i)?;
        if b.get(end..end + 2) != Some(b"=\"") {
            return None;
        }
        let from = draft.tail_end();
        draft.tail.push_str(id);
        draft.tail.push('.');
        draft.tail.push_str(&line.text[i..end]);
        let name = draft.since(from);
        let (value, after) = value(draft, line, end + 2)?;
        draft.field(name, value);
        if !matches!(b.get(after), Some(b' ' | b']')) {
            return None;
        }
        i = after;
    }
}

/// Reads a value up to its closing quote, without its escapes.
fn value(draft: &mut Draft, line: Line<'_>, start: usize) -> Option<(Span, usize)> {
    let b = line.bytes();
    let first = start + memchr::memchr2(b'"', b'\\', b.get(start..)?)?;
    if b[first] == b'"' {
        return Some((line.span(start, first), first + 1));
    }
    let from = draft.tail_end();
    let (mut i, mut kept) = (first, start);
    loop {
        if b[i] == b'"' {
            draft.tail.push_str(&line.text[kept..i]);
            return Some((draft.since(from), i + 1));
        }
        // Only these three are escaped; any other backslash is itself.
        if matches!(b.get(i + 1), Some(b'"' | b'\\' | b']')) {
            draft.tail.push_str(&line.text[kept..i]);
            kept = i + 1;
            i += 2;
        } else {
            i += 1;
        }
        i += memchr::memchr2(b'"', b'\\', b.get(i..)?)?;
    }
}

//! ArcSight's Common Event Format: `CEF:0|vendor|product|version|class|name|severity|extension`.
//!
//! `\|` and `\\` are escapes in the header, `\=`, `\\`, `\n` and `\r` in the extension, whose
//! values hold blanks and end before the next key. Keys keep their own names, and `cs1` takes the
//! name that `cs1Label` gives it. Vendor, product, version and class are `observer.vendor`,
//! `observer.product`, `observer.version` and `event.code`; the name is the message (without one the
//! class), followed by `msg` where it is there. Without a syslog header the product is the program and `dvchost` the
//! host. Cost: one pass, and a copy where there is an escape.

use super::draft::{Draft, Line};
use super::object;
use super::rfc3164::blanks;
use crate::time::at;
use seerflow_model::{Field, Outcome, Severity, Span};

/// Parts of the header.
const PARTS: usize = 7;
/// Keys whose name another key gives.
const LABELLED_MAX: usize = 32;

/// Whether a text begins as one.
pub(super) fn begins(b: &[u8]) -> bool {
    b.starts_with(b"CEF:") && at(b, 4).is_ascii_digit() && b[..b.len().min(8)].contains(&b'|')
}

/// Reads an event; `false` when its header has too few parts.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) -> bool {
    let b = line.bytes();
    if !begins(b) {
        return false;
    }
    let mut parts = [Span::NONE; PARTS];
    let mut i = 0;
    for part in &mut parts {
        let Some(end) = bar(b, i) else { return false };
        *part = unescaped(draft, line, i, end);
        i = end + 1;
    }
    let [_, vendor, product, version, class, name, severity] = parts;
    draft.named("observer.vendor", vendor);
    draft.named("observer.product", product);
    draft.named("observer.version", version);
    draft.named("event.code", class);
    let graded = grade(object::text(draft, line, severity));
    draft.named("event.severity", severity);
    draft.severity = graded.or(draft.severity);
    let first = draft.fields.len();
    extension(draft, line, i);
    labels(draft, line, first);
    if draft.program.is_empty() {
        draft.program = product;
    }
    let name = if name.is_empty() { class } else { name };
    finish(draft, line, first, name);
    true
}

/// The bar that ends a part of the header.
fn bar(b: &[u8], mut i: usize) -> Option<usize> {
    loop {
        i += memchr::memchr2(b'|', b'\\', b.get(i..)?)?;
        if b[i] == b'|' {
            return Some(i);
        }
        i += 2;
    }
}

/// Severity 0–10 or in words.
pub(super) fn grade(text: &str) -> Option<Severity> {
    Some(match text.trim() {
        "0" | "1" | "2" | "3" => Severity::Informational,
        "4" | "5" | "6" => Severity::Warning,
        "7" | "8" => Severity::Error,
        "9" | "10" => Severity::Critical,
        word if word.eq_ignore_ascii_case("low") => Severity::Informational,
        word if word.eq_ignore_ascii_case("medium") => Severity::Warning,
        word if word.eq_ignore_ascii_case("high") => Severity::Error,
        word if word.eq_ignore_ascii_case("very-high") => Severity::Critical,
        _ => return None,
    })
}

/// A stretch as it should read.
fn unescaped(draft: &mut Draft, line: Line<'_>, start: usize, end: usize) -> Span {
    let b = &line.bytes()[..end];
    if memchr::memchr(b'\\', &b[start.min(end)..]).is_none() {
        return line.span(start, end);
    }
    let from = draft.tail_end();
    let (mut kept, mut i) = (start, start);
    while let Some(found) = memchr::memchr(b'\\', &b[i..]) {
        let slash = i + found;
        let c = match at(b, slash + 1) {
            c @ (b'|' | b'=' | b'\\') => char::from(c),
            b'n' => '\n',
            b'r' => '\r',
            _ => {
                i = slash + 1;
                continue;
            }
        };
        draft.tail.push_str(&line.text[kept..slash]);
        draft.tail.push(c);
        (kept, i) = (slash + 2, slash + 2);
    }
    draft.tail.push_str(&line.text[kept..end]);
    draft.since(from)
}

/// Reads `key=value key=value` with blanks inside values.
pub(super) fn extension(draft: &mut Draft, line: Line<'_>, start: usize) {
    let b = line.bytes();
    let mut open: Option<(Span, usize)> = None;
    let mut i = start;
    while let Some(found) = memchr::memchr2(b'=', b'\\', b.get(i..).unwrap_or_default()) {
        let place = i + found;
        if b[place] == b'\\' {
            i = place + 2;
            continue;
        }
        i = place + 1;
        let key = key_start(b, open.map_or(start, |(_, from)| from), place);
        if key == place {
            continue;
        }
        if let Some((name, from)) = open.take() {
            value(draft, line, name, from, key);
        }
        open = Some((line.span(key, place), place + 1));
    }
    if let Some((name, from)) = open {
        value(draft, line, name, from, b.len());
    }
}

fn value(draft: &mut Draft, line: Line<'_>, name: Span, from: usize, to: usize) {
    let end = from + line.bytes()[from..to].trim_ascii_end().len();
    let value = unescaped(draft, line, blanks(line.bytes(), from).min(end), end);
    if !value.is_empty() {
        draft.field(name, value);
    }
}

/// Where the key before an equals sign begins; the sign itself when there is none. A key stands at
/// the beginning or after a blank.
fn key_start(b: &[u8], floor: usize, equals: usize) -> usize {
    const KEY_MAX: usize = 256;
    let inner =
        |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b'[' | b']' | b':');
    let mut key = equals;
    while key > floor && equals - key < KEY_MAX && inner(b[key - 1]) {
        key -= 1;
    }
    let begins = key == 0 || matches!(b[key - 1], b' ' | b'\t' | b'|' | b'\n');
    if begins && key < equals && b[key].is_ascii_alphanumeric() { key } else { equals }
}

/// Gives `cs1` the name that `cs1Label` holds.
fn labels(draft: &mut Draft, line: Line<'_>, first: usize) {
    const LABEL: &str = "Label";
    let mut named: [(Span, Span); LABELLED_MAX] = [(Span::NONE, Span::NONE); LABELLED_MAX];
    let mut count = 0;
    for field in draft.fields.get(first..).unwrap_or_default() {
        let name = object::text(draft, line, field.name);
        if let Some(short) = name.strip_suffix(LABEL)
            && !short.is_empty()
            && count < LABELLED_MAX
        {
            named[count] = (Span { len: short.len() as u32, ..field.name }, field.value);
            count += 1;
        }
    }
    for (short, label) in &named[..count] {
        let short = object::text(draft, line, *short);
        let wanted = |f: &Field| object::text(draft, line, f.name) == short;
        if let Some(n) = draft.fields[first..].iter().position(wanted) {
            draft.fields[first + n].name = *label;
            let is_label = |f: &Field| f.value != *label;
            let kept: Vec<Field> = draft.fields[first..].iter().copied().filter(is_label).collect();
            draft.fields.truncate(first);
            draft.fields.extend(kept);
        }
    }
}

/// Message, host and outcome.
fn finish(draft: &mut Draft, line: Line<'_>, first: usize, name: Span) {
    let (mut text, mut host, mut outcome) = (Span::NONE, Span::NONE, Outcome::Unknown);
    for field in draft.fields.get(first..).unwrap_or_default() {
        match object::text(draft, line, field.name) {
            "msg" => text = field.value,
            "dvchost" => host = field.value,
            "outcome" | "categoryOutcome" => {
                outcome = match object::text(draft, line, field.value).trim_start_matches('/') {
                    o if o.eq_ignore_ascii_case("success") => Outcome::Success,
                    o if o.eq_ignore_ascii_case("failure") => Outcome::Failure,
                    _ => outcome,
                }
            }
            _ => {}
        }
    }
    draft.outcome = outcome;
    if draft.host.is_empty() {
        draft.host = host;
    }
    draft.fields.retain(|f| f.value != text || text.is_empty());
    draft.message = name;
    if !text.is_empty() {
        let from = draft.tail_end();
        draft.copy(line, name, usize::MAX);
        draft.tail.push_str(": ");
        draft.copy(line, text, usize::MAX);
        draft.message = draft.since(from);
    }
}

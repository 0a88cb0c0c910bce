//! The error log of nginx: `2026/03/04 10:00:00 [error] 12#34: *5 message, client: …, server: …`.
//!
//! The pairs at the end become fields and are not part of the message. A client can write into the
//! message (the path it asked for) and into `request`, so the pairs are believed only if `, client:
//! ` stands once in the line, an address follows it, and the keys come in nginx's own order;
//! else all of it stays message. Cost: one search for the first key.

use super::draft::{Draft, Line};
use crate::time::at;
use seerflow_model::{Severity, Span};
use std::net::IpAddr;

const CLIENT: &str = ", client: ";
/// The keys after the client, in the order in which nginx writes them, and the fields they become.
const PAIRS: [(&str, &str); 7] = [
    (", server: ", "server.name"),
    (", request: ", "request"),
    (", subrequest: ", "subrequest"),
    (", upstream: ", "upstream"),
    (", host: ", "url.domain"),
    (", referrer: ", "http.request.referrer"),
    (", login: ", "user.name"),
];

/// `[level] 12#34: `, and where the message begins.
struct Head {
    level: Severity,
    pid: (usize, usize),
    thread: (usize, usize),
    end: usize,
}

fn head(b: &[u8], time_end: usize) -> Option<Head> {
    let open = time_end + 1;
    if at(b, time_end) != b' ' || at(b, open) != b'[' {
        return None;
    }
    let close = open + memchr::memchr(b']', b.get(open..b.len().min(open + 16))?)?;
    let level = Severity::from_word(&b[open + 1..close])?;
    let number = |i: usize| {
        let end = i + b.get(i..)?.iter().take(10).take_while(|c| c.is_ascii_digit()).count();
        (end > i).then_some((i, end))
    };
    let pid = number(close + 2).filter(|p| at(b, close + 1) == b' ' && at(b, p.1) == b'#')?;
    let thread = number(pid.1 + 1).filter(|t| b[t.1..].starts_with(b": "))?;
    Some(Head { level, pid, thread, end: thread.1 + 2 })
}

pub(super) fn opens(b: &[u8], time_end: usize) -> bool {
    head(b, time_end).is_some()
}

/// Reads what follows the time; `false` when it is not of this format.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, time_end: usize) -> bool {
    let b = line.bytes();
    let Some(Head { level, pid, thread, end: mut i }) = head(b, time_end) else { return false };
    draft.severity = Some(level);
    draft.pid = line.span(pid.0, pid.1);
    draft.program = draft.add("nginx");
    draft.named("thread", line.span(thread.0, thread.1));
    let digits =
        b.get(i + 1..).unwrap_or_default().iter().take_while(|c| c.is_ascii_digit()).count();
    if at(b, i) == b'*' && digits > 0 && at(b, i + 1 + digits) == b' ' {
        draft.named("connection", line.span(i + 1, i + 1 + digits));
        i += digits + 2;
    }
    let end = pairs(draft, line, i).unwrap_or(b.len());
    draft.message = line.span(i, end);
    true
}

/// Keeps the pairs at the end of the line; where the first begins.
fn pairs(draft: &mut Draft, line: Line<'_>, from: usize) -> Option<usize> {
    let client = [(CLIENT, "source.ip")];
    let start = next_key(line.text, from, &client)?;
    if next_key(line.text, start + 1, &client).is_some() {
        return None;
    }
    let at = start + CLIENT.len();
    let mut end =
        next_key(line.text, at, &PAIRS).unwrap_or(line.text.trim_ascii_end().len().max(at));
    let client = line.text.get(at..end)?;
    if client.parse::<IpAddr>().is_err() && client != "unix:" {
        return None;
    }
    if client != "unix:" {
        draft.named("source.ip", line.span(at, end));
    }
    let mut rest = &PAIRS[..];
    while let Some(n) = rest.iter().position(|(key, _)| line.text[end..].starts_with(key)) {
        let (key, name) = rest[n];
        rest = &rest[n + 1..];
        let at = end + key.len();
        let quoted = line.text[at..].starts_with('"');
        end = value_end(line.text, at, quoted, rest);
        let closed = quoted && end > at + 1 && line.text[..end].ends_with('"');
        let (from, to) = (at + usize::from(quoted), end - usize::from(closed));
        let span = line.span(from, to);
        match name {
            "request" => request(draft, line, span),
            // A quote inside: the client wrote a key of its own into its request.
            _ if line.text.get(from..to).is_none_or(|text| text.contains('"')) => {}
            name => draft.named(name, span),
        }
    }
    Some(start)
}

/// The nearest of the keys from a position on, and where it stands.
fn next_key(text: &str, from: usize, keys: &[(&str, &str)]) -> Option<usize> {
    let b = text.as_bytes();
    memchr::memchr_iter(b',', b.get(from..)?)
        .map(|comma| from + comma)
        .find(|&comma| keys.iter().any(|(key, _)| b[comma..].starts_with(key.as_bytes())))
}

/// Where a value ends: before a later key (a quoted one only after its closing quote), or where
/// the line does.
fn value_end(text: &str, from: usize, quoted: bool, later: &[(&str, &str)]) -> usize {
    let mut at = from;
    while let Some(key) = next_key(text, at, later) {
        if !quoted || key > from + 1 && text[..key].ends_with('"') {
            return key;
        }
        at = key + 2;
    }
    text.trim_ascii_end().len().max(from)
}

/// `GET /path HTTP/1.1`: method, target and version.
fn request(draft: &mut Draft, line: Line<'_>, span: Span) {
    let start = span.start as usize - line.base;
    let text = line.text.get(start..start + span.len as usize).unwrap_or_default();
    let method = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let version = text.rfind(" HTTP/").unwrap_or(text.len());
    if method == 0 || !text[method..].starts_with(' ') || version <= method {
        return draft.named("request", span);
    }
    draft.named("http.request.method", line.span(start, start + method));
    draft.named("url.original", line.span(start + method + 1, start + version));
    if version < text.len() {
        draft.named("http.version", line.span(start + version + 6, start + text.len()));
    }
}

//! Events for tests, with parameters found by a finder that is generous on purpose: it also marks
//! pieces that only look like an address, so that the reading must judge them itself.

use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::{Event, Field, Param, ParamKind, Span};
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;

/// An event with these strings; the message is searched for parameters.
pub(crate) fn event(host: &str, program: &str, message: &str) -> Event {
    with_fields(host, program, message, &[])
}

pub(crate) fn with_fields(
    host: &str,
    program: &str,
    message: &str,
    fields: &[(&str, &str)],
) -> Event {
    let source = SourceInfo::plain(7, "test", ReceiverKind::File, "syslog");
    let mut event = Event::empty(Arc::new(source));
    let mut text = String::new();
    let mut put = |part: &str| {
        let start = text.len();
        text.push_str(part);
        let span = Span::new(start, text.len());
        text.push(' ');
        span
    };
    event.host = put(host);
    event.program = put(program);
    event.message = put(message);
    event.fields =
        fields.iter().map(|(name, value)| Field { name: put(name), value: put(value) }).collect();
    event.record_len = text.len() as u32;
    event.text = text.into();
    event.params = params(&event);
    event
}

fn params(event: &Event) -> Box<[Param]> {
    let base = event.message.start as usize;
    let mut found = Vec::new();
    for (token, start, end) in words(event.message()) {
        for (kind, from, to) in kinds(&event.message()[start..end]) {
            let value = Span::new(base + start + from, base + start + to);
            found.push(Param { kind, token, value });
        }
    }
    found.into()
}

fn words(message: &str) -> Vec<(u16, usize, usize)> {
    let mut at = 0;
    let mut words = Vec::new();
    for (token, word) in message.split(' ').enumerate() {
        words.push((token as u16, at, at + word.len()));
        at += word.len() + 1;
    }
    words
}

fn kinds(word: &str) -> Vec<(ParamKind, usize, usize)> {
    let edge = |c: char| !(c.is_alphanumeric() || matches!(c, '/' | ':'));
    let start = word.len() - word.trim_start_matches(edge).len();
    let inner = word[start..].trim_end_matches(|c: char| edge(c) || c == ':');
    let end = start + inner.len();
    if inner.contains("://") {
        return vec![(ParamKind::Url, start, end)];
    }
    if inner.contains('@') && inner.contains('.') {
        let glued = inner.rfind(['<', '=']).map_or(0, |at| at + 1);
        return vec![(ParamKind::Email, start + glued, end)];
    }
    if let [a, b, ..] = *inner.as_bytes()
        && a == b'/'
        && b.is_ascii_alphabetic()
    {
        return vec![(ParamKind::Path, start, end)];
    }
    let pieces = pieces(inner, start);
    if pieces.is_empty() && inner.contains('.') && inner.chars().any(char::is_alphabetic) {
        return vec![(ParamKind::Domain, start, end)];
    }
    if inner.len() == 32 && inner.bytes().all(|b| b.is_ascii_hexdigit()) {
        return vec![(ParamKind::Hex, start, end)];
    }
    pieces
}

/// The longest pieces of a word that parse as an address.
fn pieces(word: &str, base: usize) -> Vec<(ParamKind, usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < word.len() {
        let longest = (at + 2..=word.len())
            .rev()
            .filter(|to| word.is_char_boundary(at) && word.is_char_boundary(*to))
            .find(|to| word[at..*to].parse::<IpAddr>().is_ok());
        match longest {
            Some(to) => {
                found.push((ParamKind::Ip, base + at, base + to));
                at = to;
            }
            None => at += 1,
        }
    }
    found
}

/// `activity outcome; role type canonical; …` and, after ` | `, the edges.
pub(crate) fn shown(event: &Event) -> String {
    let outcome = event.outcome.name();
    let activity = serde_json::to_value(event.activity).unwrap();
    let mut out = format!("{} {outcome}", activity.as_str().unwrap());
    for e in &event.entities {
        let value = event.canonical(e);
        write!(out, "; {} {} {value}", e.role.name(), e.kind.name()).unwrap();
    }
    out
}

/// The edges, `value relation value`, one after the other.
pub(crate) fn edges(event: &Event) -> String {
    let value = |i: u8| event.canonical(&event.entities[usize::from(i)]);
    let shown = |e: &seerflow_model::EdgeRef| {
        format!("{} {} {}", value(e.from), e.relation.name(), value(e.to))
    };
    event.edges.iter().map(shown).collect::<Vec<_>>().join("; ")
}

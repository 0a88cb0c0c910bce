//! Access logs of web servers: common, combined, with a virtual host before, with fields behind.
//!
//! A line is one when a time in the common log format stands in brackets and a quoted request
//! follows: nothing else is written so. What stands before and behind is read by its form, because
//! every site arranges it as it likes: numbers with a fraction are seconds, a list of addresses is
//! who the request was forwarded for, `key=value` names itself, the rest is kept as `extra.1` …
//! Escapes of the server are undone; a request without its closing quote is read as far as it goes
//! and tagged `malformed`. Cost: about half a microsecond, most of it copying names.

use super::draft::{Draft, Line};
use super::http;
use super::quoted;
use super::rfc3164::{blanks, word_end};
use super::trailing::Behind;
use crate::time::{at, clf_time};
use seerflow_model::record::Flags;

/// Whether a line has the form of an access log.
pub(super) fn is(b: &[u8], time: (usize, usize)) -> bool {
    let (_, close) = time;
    at(b, close) == b']' && at(b, blanks(b, close + 1)) == b'"'
}

/// Reads an access log line; `false` when it is none.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) -> bool {
    let b = line.bytes();
    let Some(time) = clf_time(b).filter(|time| is(b, *time)) else { return false };
    before(draft, line, time.0 - 1);
    let quoted = quoted::request(b, blanks(b, time.1 + 1));
    let request = http::request(draft, line, quoted);
    if !quoted.closed {
        draft.flags.set(Flags::MALFORMED);
    }
    let mut behind = Behind::new(draft, line, quoted.next);
    let status = behind.status();
    behind.rest();
    http::answered(draft, line, request, status);
    true
}

/// `client`, `client identity user`, `host client identity user`; a user name may hold blanks, and
/// a proxy's list of clients is set apart by commas.
fn before(draft: &mut Draft, line: Line<'_>, bracket: usize) {
    let text = line.text[..bracket].trim_end();
    let lead = text.len() - text.trim_start().len();
    let mut words = Words { text, i: lead };
    let Some(mut first) = words.next() else { return };
    let listed = |word: (usize, usize)| text[word.0..word.1].ends_with(',');
    if listed(first) {
        first.1 -= 1;
        while words.next().is_some_and(listed) {}
    }
    let second = words.peek();
    let is = |word: Option<(usize, usize)>, text: &str| {
        word.is_some_and(|w| &line.text[w.0..w.1] == text)
    };
    let hosted = second.is_some_and(|word| {
        let rest = text[word.1..].trim_start();
        !is(second, "-")
            && (http::address(&text[word.0..word.1]) || rest.starts_with("- ") || rest == "- -")
    });
    if hosted {
        virtual_host(draft, line, first);
        first = words.next().unwrap_or(first);
    }
    http::client(draft, line, first.0, first.1);
    let identity = words.next();
    let rest = words.rest();
    match (identity, rest) {
        (Some(identity), Some(user)) => {
            if !is(Some(identity), "-") {
                draft.named("client.identity", line.span(identity.0, identity.1));
            }
            user_name(draft, line, user);
        }
        (Some(user), None) => user_name(draft, line, user),
        _ => {}
    }
}

fn user_name(draft: &mut Draft, line: Line<'_>, (start, end): (usize, usize)) {
    if !matches!(&line.text[start..end], "-" | "\"\"") {
        draft.named("user.name", line.span(start, end));
    }
}

/// `www.example.org:443`.
fn virtual_host(draft: &mut Draft, line: Line<'_>, (start, end): (usize, usize)) {
    let text = &line.text[start..end];
    let port = text
        .rfind(':')
        .filter(|at| text.len() > at + 1 && text[at + 1..].bytes().all(|c| c.is_ascii_digit()));
    draft.named("url.domain", line.span(start, start + port.unwrap_or(text.len())));
    if let Some(port) = port {
        draft.named("url.port", line.span(start + port + 1, end));
    }
}

/// Words of a text, as positions.
struct Words<'a> {
    text: &'a str,
    i: usize,
}

impl Words<'_> {
    fn peek(&self) -> Option<(usize, usize)> {
        let start = blanks(self.text.as_bytes(), self.i);
        let end = word_end(self.text.as_bytes(), start);
        (end > start).then_some((start, end))
    }

    fn next(&mut self) -> Option<(usize, usize)> {
        let word = self.peek()?;
        self.i = word.1;
        Some(word)
    }

    /// All that is left.
    fn rest(&mut self) -> Option<(usize, usize)> {
        let (start, _) = self.peek()?;
        Some((start, self.text.len()))
    }
}

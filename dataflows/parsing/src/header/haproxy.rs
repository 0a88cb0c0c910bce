//! HAProxy's log lines: HTTP, TCP, and failed connections, as its `option httplog`, `option
//! tcplog` and its error format write them.
//!
//! Recognised by client and port before a time with milliseconds in brackets. Timers and counters
//! are kept together as they are written, because sites shorten and lengthen them.

use super::draft::{Draft, Line};
use super::http;
use super::quoted;
use super::rfc3164::{blanks, word_end};
use crate::time::{at, clf_time};
use seerflow_model::record::Flags;
use seerflow_model::{Activity, Outcome, Severity, Span};

/// Whether a line is one: `client:port [time.mmm] `.
pub(super) fn is(b: &[u8], (open, close): (usize, usize)) -> bool {
    let client = b[..open - 1].trim_ascii();
    !client.contains(&b' ')
        && client.len() < 128
        && memchr::memrchr(b':', client).is_some_and(|colon| {
            colon > 0
                && client.len() > colon + 1
                && client[colon + 1..].iter().all(u8::is_ascii_digit)
        })
        && at(b, close + 1) == b' '
}

/// Reads a line; `false` when it is none.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) -> bool {
    let b = line.bytes();
    let Some(time) = clf_time(b).filter(|time| is(b, *time)) else { return false };
    let lead = blanks(b, 0);
    let client = b[lead..time.0 - 1].trim_ascii_end().len() + lead;
    let colon = lead + memchr::memrchr(b':', &b[lead..client]).unwrap_or(0);
    http::client(draft, line, lead, colon);
    draft.named("source.port", line.span(colon + 1, client));
    let mut parts = Parts { line, b, i: time.1 + 1 };
    let frontend = parts.word();
    let text = parts.text(frontend);
    // `frontend/listener: why the connection failed`.
    if let Some(place) = text.strip_suffix(':')
        && let Some((name, _)) = place.split_once('/')
    {
        draft.named("haproxy.frontend_name", line.span(frontend.0, frontend.0 + name.len()));
        draft.message = line.span(blanks(b, frontend.1), b.len());
        draft.severity = draft.severity.max(Some(Severity::Notice));
        (draft.activity, draft.outcome) = (Activity::NetworkConnection, Outcome::Failure);
        return true;
    }
    // A tilde says that the connection was encrypted.
    let name = text.trim_end_matches('~').len();
    draft.named("haproxy.frontend_name", line.span(frontend.0, frontend.0 + name));
    let backend = parts.word();
    let (name, server) = parts.text(backend).split_once('/').unwrap_or((parts.text(backend), ""));
    draft.named("haproxy.backend_name", line.span(backend.0, backend.0 + name.len()));
    draft.named("haproxy.server_name", line.span(backend.1 - server.len(), backend.1));
    parts.keep(draft, "haproxy.timers");
    connection(draft, parts, frontend.0, backend.1);
    true
}

/// What follows the timers: of a request (a status comes first) or of a connection.
fn connection(draft: &mut Draft, mut parts: Parts<'_>, named: usize, named_end: usize) {
    let (line, b) = (parts.line, parts.b);
    let (start, end) = parts.peek();
    let second = parts.after(end);
    // A connection's bytes may have three digits too, but then no number follows.
    let http = (end - start == 3 || &b[start..end] == b"-1")
        && matches!(at(b, second.0), b'0'..=b'9' | b'+');
    let mut status = Span::NONE;
    if http {
        parts.word();
        status = if end - start == 3 { line.span(start, end) } else { Span::NONE };
        parts.keep(draft, "http.response.bytes");
        parts.keep(draft, "haproxy.captured_request_cookie");
        parts.keep(draft, "haproxy.captured_response_cookie");
    } else {
        parts.keep(draft, "destination.bytes");
    }
    let state = parts.keep(draft, "haproxy.termination_state");
    parts.keep(draft, "haproxy.connections");
    parts.keep(draft, "haproxy.queues");
    parts.captured(draft, "haproxy.captured_request_headers");
    parts.captured(draft, "haproxy.captured_response_headers");
    let ended = ended(at(b, state.0));
    let open = blanks(b, parts.i);
    if http && at(b, open) == b'"' {
        let quoted = quoted::read(b, open);
        if !quoted.closed {
            draft.flags.set(Flags::MALFORMED);
        }
        let request = http::request(draft, line, quoted);
        http::answered(draft, line, request, status);
    } else {
        draft.activity = Activity::NetworkConnection;
        draft.outcome =
            if ended > Severity::Informational { Outcome::Failure } else { Outcome::Success };
        let from = draft.tail_end();
        draft.tail.push_str(&line.text[named..named_end]);
        draft.tail.push_str(" ended ");
        draft.tail.push_str(&line.text[state.0..state.1]);
        draft.message = draft.since(from);
    }
    draft.severity = draft.severity.max(Some(ended));
}

/// How bad the first letter of a termination state is: `-` is a normal end, `C` and `c` are the
/// client's doing, the others say that a server, a limit or the proxy itself ended it.
fn ended(state: u8) -> Severity {
    match state {
        b'-' | 0 | b'D' | b'L' => Severity::Informational,
        b'C' | b'c' => Severity::Notice,
        _ => Severity::Warning,
    }
}

#[derive(Clone, Copy)]
struct Parts<'a> {
    line: Line<'a>,
    b: &'a [u8],
    i: usize,
}

impl<'a> Parts<'a> {
    fn peek(&self) -> (usize, usize) {
        self.after(self.i)
    }

    fn after(&self, i: usize) -> (usize, usize) {
        let start = blanks(self.b, i);
        (start, word_end(self.b, start))
    }

    fn word(&mut self) -> (usize, usize) {
        let word = self.peek();
        self.i = word.1;
        word
    }

    fn text(&self, word: (usize, usize)) -> &'a str {
        &self.line.text[word.0..word.1]
    }

    /// The next word as a field, `-` being nothing.
    fn keep(&mut self, draft: &mut Draft, name: &str) -> (usize, usize) {
        let word = self.word();
        if self.text(word) != "-" {
            draft.named(name, self.line.span(word.0, word.1));
        }
        word
    }

    /// `{one|two}`.
    fn captured(&mut self, draft: &mut Draft, name: &str) {
        let open = blanks(self.b, self.i);
        if at(self.b, open) == b'{'
            && let Some(close) = memchr::memchr(b'}', &self.b[open..])
        {
            draft.named(name, self.line.span(open + 1, open + close));
            self.i = open + close + 1;
        }
    }
}

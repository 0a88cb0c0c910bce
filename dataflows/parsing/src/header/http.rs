//! What all access logs share: the request line, the status, and the message made of both.
//!
//! The message of a request is `GET /path 404 Not Found`: the method and the words of the status
//! are literals, the path is one masked value, so that each method and status is one template. The
//! query is left out of it: its punctuation would make a template for every form of a query; it is
//! in `url.original` and `url.query`. What is no request (the first bytes of TLS, say) is quoted,
//! so that it is one value too.

use super::draft::{Draft, Line};
use super::quoted::{self, Quoted};
use crate::time::at;
use seerflow_model::{Activity, Outcome, Severity, Span};

/// Longest method.
const METHOD_MAX: usize = 32;
/// Longest part of a target, or of what is no request, that goes into the message.
const SHOWN_MAX: usize = 2048;

/// A request as it was logged; parts that are not there are empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Request {
    pub(super) method: Span,
    pub(super) url: Span,
    /// The whole, when it is no request.
    pub(super) other: Span,
}

/// Reads a request line and keeps its parts as fields.
pub(super) fn request(draft: &mut Draft, line: Line<'_>, quoted: Quoted) -> Request {
    let b = &line.bytes()[..quoted.end];
    let method = b[quoted.start..].iter().take(METHOD_MAX + 1).take_while(|c| token(**c)).count();
    let target = quoted.start + method + 1;
    if method == 0 || method > METHOD_MAX || at(b, target - 1) != b' ' || target >= b.len() {
        let text = &line.text[quoted.start..quoted.end];
        let other = if text == "-" { Span::NONE } else { line.span(quoted.start, quoted.end) };
        return Request { other, ..Request::default() };
    }
    let mut end = b.len();
    if let Some(blank) = memchr::memrchr(b' ', &b[target..]).map(|n| target + n)
        && let Some(slash) = memchr::memchr(b'/', &b[blank..]).map(|n| blank + n)
        && b[blank + 1..slash].iter().all(u8::is_ascii_uppercase)
        && at(b, slash + 1).is_ascii_digit()
    {
        draft.named("http.version", line.span(slash + 1, b.len()));
        end = blank;
    }
    let method = line.span(quoted.start, target - 1);
    draft.named("http.request.method", method);
    let url = quoted::plain(draft, line, Quoted { start: target, end, ..quoted });
    target_of(draft, line, url);
    Request { method, url, other: Span::NONE }
}

/// Keeps a target, and its query as a field of its own.
pub(super) fn target_of(draft: &mut Draft, line: Line<'_>, url: Span) {
    draft.named("url.original", url);
    let text = super::object::text(draft, line, url);
    if let Some(at) = memchr::memchr(b'?', text.as_bytes()) {
        let query = Span { start: url.start + at as u32 + 1, len: url.len - at as u32 - 1 };
        draft.named("url.query", query);
    }
}

fn token(c: u8) -> bool {
    c.is_ascii_uppercase() || matches!(c, b'-' | b'_')
}

/// What a status says: outcome and severity, and with the request the message. `status` is empty
/// when none is known.
///
/// A server's own failure (5xx) is an error; what a client did wrong (4xx) is a notice: normal,
/// but what scans and broken links are made of. A severity that came with the line stands when it
/// is higher.
pub(super) fn answered(draft: &mut Draft, line: Line<'_>, request: Request, status: Span) {
    let code: u16 = super::object::text(draft, line, status).parse().unwrap_or(0);
    let (severity, outcome) = match code {
        100..=399 => (Severity::Informational, Outcome::Success),
        400..=499 => (Severity::Notice, Outcome::Failure),
        500..=999 => (Severity::Error, Outcome::Failure),
        _ => (Severity::Informational, Outcome::Unknown),
    };
    draft.severity = draft.severity.max(Some(severity));
    (draft.activity, draft.outcome) = (Activity::WebRequest, outcome);
    draft.named("http.response.status_code", status);
    let from = draft.tail_end();
    if request.other.is_empty() {
        draft.copy(line, request.method, SHOWN_MAX);
        draft.tail.push_str(if request.method.is_empty() { "-" } else { " " });
        let url = super::object::text(draft, line, request.url);
        let path = memchr::memchr(b'?', url.as_bytes()).unwrap_or(url.len());
        draft.copy(line, Span { len: path as u32, ..request.url }, SHOWN_MAX);
    } else {
        draft.tail.push('"');
        draft.copy(line, request.other, SHOWN_MAX);
        draft.tail.push('"');
    }
    if !status.is_empty() {
        draft.tail.push(' ');
        draft.copy(line, status, SHOWN_MAX);
        draft.tail.push_str(reason(code));
    }
    draft.message = draft.since(from);
}

/// The words of a status (RFC 9110 and its registry; nginx's own), with a blank before them.
fn reason(code: u16) -> &'static str {
    match code {
        101 => " Switching Protocols",
        200 => " OK",
        201 => " Created",
        202 => " Accepted",
        204 => " No Content",
        206 => " Partial Content",
        207 => " Multi-Status",
        301 => " Moved Permanently",
        302 => " Found",
        303 => " See Other",
        304 => " Not Modified",
        307 => " Temporary Redirect",
        308 => " Permanent Redirect",
        400 => " Bad Request",
        401 => " Unauthorized",
        403 => " Forbidden",
        404 => " Not Found",
        405 => " Method Not Allowed",
        406 => " Not Acceptable",
        407 => " Proxy Authentication Required",
        408 => " Request Timeout",
        409 => " Conflict",
        410 => " Gone",
        411 => " Length Required",
        412 => " Precondition Failed",
        413 => " Content Too Large",
        414 => " URI Too Long",
        415 => " Unsupported Media Type",
        416 => " Range Not Satisfiable",
        421 => " Misdirected Request",
        422 => " Unprocessable Content",
        425 => " Too Early",
        426 => " Upgrade Required",
        428 => " Precondition Required",
        429 => " Too Many Requests",
        431 => " Request Header Fields Too Large",
        444 => " No Response",
        451 => " Unavailable For Legal Reasons",
        499 => " Client Closed Request",
        500 => " Internal Server Error",
        501 => " Not Implemented",
        502 => " Bad Gateway",
        503 => " Service Unavailable",
        504 => " Gateway Timeout",
        505 => " HTTP Version Not Supported",
        507 => " Insufficient Storage",
        _ => match code / 100 {
            1 => " Informational",
            2 => " Success",
            3 => " Redirection",
            4 => " Client Error",
            5 => " Server Error",
            _ => "",
        },
    }
}

/// Keeps the client: as an address when it is one, else as a name.
pub(super) fn client(draft: &mut Draft, line: Line<'_>, start: usize, end: usize) {
    let mut text = line.text.get(start..end).unwrap_or_default();
    let (mut start, mut end) = (start, end);
    if let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        (text, start, end) = (inside, start + 1, end - 1);
    }
    if !matches!(text, "" | "-") {
        let name = if address(text) { "source.ip" } else { "source.address" };
        draft.named(name, line.span(start, end));
    }
}

/// Whether a word has the form of an IP address.
pub(super) fn address(text: &str) -> bool {
    let b = text.as_bytes();
    let v4 = |c: &u8| c.is_ascii_digit() || *c == b'.';
    let v6 = |c: &u8| c.is_ascii_hexdigit() || matches!(c, b':' | b'.');
    let zone = memchr::memchr(b'%', b).unwrap_or(b.len());
    let (dots, colons) = (memchr::memchr_iter(b'.', b), memchr::memchr_iter(b':', b));
    b.len() <= 64
        && (b.iter().all(v4) && dots.count() == 3 || b[..zone].iter().all(v6) && colons.count() > 1)
}

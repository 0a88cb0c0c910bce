//! Squid's native access log: `time elapsed client result/status bytes method URL user
//! hierarchy/peer type`.

use super::draft::{Draft, Line};
use super::http::{self, Request};
use super::rfc3164::{blanks, word_end};
use crate::time::at;

/// Words of a line.
const WORDS: usize = 10;

/// Whether a line is one: seconds with three decimals, a number, an address, `RESULT/status`.
pub(super) fn is(b: &[u8]) -> bool {
    let seconds = b.iter().take(12).take_while(|c| c.is_ascii_digit()).count();
    seconds >= 9 && at(b, seconds) == b'.' && words(b).is_some()
}

/// The words of a line, when their forms are right.
fn words(b: &[u8]) -> Option<[(usize, usize); WORDS]> {
    let mut words = [(0, 0); WORDS];
    let mut i = 0;
    for word in &mut words {
        let start = blanks(b, i);
        i = word_end(b, start);
        *word = (start, i);
    }
    let of = |n: usize| &b[words[n].0..words[n].1];
    let number = |n: usize| {
        let digits = of(n).strip_prefix(b"-").unwrap_or(of(n));
        !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    };
    let result = of(3);
    let slash = memchr::memchr(b'/', result)?;
    let named = result[..slash].iter().all(|c| c.is_ascii_uppercase() || *c == b'_');
    let status = result.len() == slash + 4 && result[slash + 1..].iter().all(u8::is_ascii_digit);
    let hierarchy = memchr::memchr(b'/', of(8)).is_some();
    (number(1) && slash > 0 && named && status && number(4) && hierarchy).then_some(words)
}

/// Reads a line; `false` when it is none.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) -> bool {
    let Some(words) = words(line.bytes()) else { return false };
    let span = |n: usize| line.span(words[n].0, words[n].1);
    let text = |n: usize| &line.text[words[n].0..words[n].1];
    http::client(draft, line, words[2].0, words[2].1);
    draft.named("squid.elapsed_ms", span(1));
    let slash = words[3].1 - 4;
    draft.named("squid.result_code", line.span(words[3].0, slash));
    draft.named("http.response.bytes", span(4));
    draft.named("http.request.method", span(5));
    http::target_of(draft, line, span(6));
    if text(7) != "-" {
        draft.named("user.name", span(7));
    }
    let (hierarchy, peer) = text(8).split_once('/').unwrap_or((text(8), ""));
    draft.named("squid.hierarchy_code", line.span(words[8].0, words[8].0 + hierarchy.len()));
    if !matches!(peer, "" | "-") {
        draft.named("destination.address", line.span(words[8].1 - peer.len(), words[8].1));
    }
    if !matches!(text(9), "" | "-") {
        draft.named("http.response.mime_type", span(9));
    }
    let request = Request { method: span(5), url: span(6), ..Request::default() };
    // A tunnel that was never opened, or a client that left, has the status 000.
    let status = line.span(slash + 1, words[3].1);
    http::answered(draft, line, request, status);
    true
}

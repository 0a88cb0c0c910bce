//! Whose request a line belongs to, as services write it in brackets after the logger.

use super::draft::{Draft, Line};

/// Reads `req-… user project …`; anything else in the bracket is kept whole. A dash says that a
/// place is empty.
pub(super) fn request(draft: &mut Draft, line: Line<'_>, start: usize, end: usize) {
    const NAMES: [&str; 3] = ["request_id", "request.user", "request.project"];
    let inside = line.text.get(start..end).unwrap_or_default();
    if inside == "-" || inside == "(null)" {
        return;
    }
    if !inside.starts_with("req-") {
        return draft.named("context", line.span(start, end));
    }
    let mut names = NAMES.iter();
    let mut at = start;
    for word in inside.split(' ') {
        let span = line.span(at, at + word.len());
        at += word.len() + 1;
        if at == start + word.len() + 1 && inside[word.len()..].starts_with(" req-") {
            // The request that this one was made for comes first.
            draft.named("global_request_id", span);
            continue;
        }
        let Some(name) = names.next() else { return };
        if word != "-" {
            draft.named(name, span);
        }
    }
}

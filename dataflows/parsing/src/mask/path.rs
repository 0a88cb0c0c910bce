//! Paths and URLs.

use super::class::{self, ATOM, DIGIT, DOT, START, byte};

/// Bytes of a path or URL besides those of a core.
fn goes_on(b: u8, url: bool) -> bool {
    class::CLASS[usize::from(b)] & ATOM != 0
        || matches!(b, b'/' | b'#' | b'=' | b'&' | b'?' | b'!' | b'*')
        || url && matches!(b, b':' | b',' | b';' | b'(' | b'[' | b'*' | b'^' | b'|')
}

fn run(text: &[u8], from: usize, url: bool) -> usize {
    let mut end = from;
    while end < text.len() && goes_on(text[end], url) {
        end += 1;
    }
    // What ends a sentence or opens a bracket is not part of it.
    while end > from
        && matches!(
            text[end - 1],
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'=' | b'-' | b'(' | b'[' | b'*' | b'&'
        )
    {
        end -= 1;
    }
    end
}

/// The end of a URL whose scheme ends at `colon`, where `://` stands.
pub fn url(text: &[u8], colon: usize) -> Option<usize> {
    if !text[colon..].starts_with(b"://") {
        return None;
    }
    let end = run(text, colon + 3, true);
    (end > colon + 3).then_some(end)
}

/// The end of an absolute POSIX path that begins at `at` with `/`.
pub fn posix(text: &[u8], at: usize) -> Option<usize> {
    if class::at(text, at + 1) & ATOM == 0 {
        return None;
    }
    let end = run(text, at + 1, false);
    // Bounded, so that a line of `/-/-/-` is not read again and again.
    let named = text[at..end].iter().take(64).any(|b| class::CLASS[usize::from(*b)] & START != 0);
    named.then_some(end)
}

/// The end of a Windows path: `C:\…` with its letter at `at`, or `\\host\share`.
pub fn windows(text: &[u8], at: usize) -> Option<usize> {
    let from = if text[at].is_ascii_alphabetic() {
        (byte(text, at + 1) == b':' && matches!(byte(text, at + 2), b'\\' | b'/')).then_some(at + 3)
    } else {
        (text[at..].starts_with(br"\\") && class::at(text, at + 2) & START != 0).then_some(at + 2)
    }?;
    let mut end = from;
    while end < text.len() && (goes_on(text[end], false) || text[end] == b'\\') {
        end += 1;
    }
    while end > from && matches!(text[end - 1], b'.' | b'!' | b'?' | b'-') {
        end -= 1;
    }
    Some(end)
}

/// The end of a relative path whose first name ends at `slash`; it must say that it is one:
/// three slashes, or two and a dot or digit, or one and a file name's ending.
pub fn relative(text: &[u8], at: usize, slash: usize) -> Option<usize> {
    let (mut end, mut slashes, mut union) = (slash, 0, 0);
    let mut last = slash;
    while end < text.len() {
        let class = class::CLASS[usize::from(text[end])];
        if text[end] == b'/' {
            slashes += 1;
            last = end;
        } else if class & ATOM == 0 {
            break;
        }
        union |= class;
        end += 1;
    }
    while end > last + 1 && matches!(text[end - 1], b'.' | b'-' | b'+' | b'%' | b'$' | b'~' | b'@')
    {
        end -= 1;
    }
    let clue = union & (DOT | DIGIT) != 0 || text[at..end].contains(&b'_');
    let ending = match text[last + 1..end].iter().rposition(|b| *b == b'.') {
        Some(dot) if dot > 0 => {
            let ending = &text[last + 2 + dot..end];
            (1..=10).contains(&ending.len()) && ending.iter().all(u8::is_ascii_alphabetic)
        }
        _ => false,
    };
    let is = slashes >= 3 || slashes == 2 && clue || slashes == 1 && ending;
    (is && end > slash + 1).then_some(end)
}

/// The end of `name/version` (a product token of RFC 9110 §10.1.5: `curl/7.58.0`, `HTTP/1.1`)
/// whose name ends at `slash`; the version has a dot.
pub fn product(text: &[u8], slash: usize) -> Option<usize> {
    let major = class::digits(text, slash + 1);
    let mut end = major + 1;
    if major == slash + 1 || byte(text, major) != b'.' || class::at(text, end) & DIGIT == 0 {
        return None;
    }
    while class::at(text, end) & (START | DOT | class::SOFT) != 0 {
        end += 1;
    }
    while class::at(text, end - 1) & (DOT | class::SOFT) != 0 {
        end -= 1;
    }
    (byte(text, end) != b'/').then_some(end)
}

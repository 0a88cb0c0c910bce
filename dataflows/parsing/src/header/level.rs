//! Words that say how bad it is.

use seerflow_model::Severity;

/// The level a message opens with: a word in capitals (`FATAL connection lost`), a word before a
/// colon (`error: no such file`), a word in brackets (`[warn] x`, `<Error> x`), or one of a few
/// words that a log writes in lower case only as a level.
pub(super) fn leading(message: &str) -> Option<Severity> {
    let bytes = message.as_bytes();
    let open = usize::from(matches!(bytes.first(), Some(b'[' | b'<' | b'(')));
    let word = word(bytes, open)?;
    let severity = Severity::from_word(word)?;
    let next = bytes.get(open + word.len()).copied().unwrap_or(b' ');
    let closed = open == 1 && matches!(next, b']' | b'>' | b')');
    let capitals = open == 0 && capitals(word) && !matches!(next, b'_' | b'=' | b'.' | b'-');
    (closed || capitals || (open == 0 && next == b':')).then_some(severity)
}

/// The value of `level=` in a line of `key=value` pairs.
pub(super) fn in_pairs(line: &str) -> Option<Severity> {
    const REACH: usize = 512;
    let bytes = &line.as_bytes()[..line.len().min(REACH)];
    for at in memchr::memchr_iter(b'=', bytes) {
        let before = &bytes[..at];
        let known = [&b"level"[..], b"lvl", b"severity"].into_iter().find(|k| before.ends_with(k));
        let Some(key) = known else { continue };
        if key.len() == at || matches!(bytes[at - key.len() - 1], b' ' | b'\t') {
            let quote = usize::from(bytes.get(at + 1) == Some(&b'"'));
            return Severity::from_word(word(bytes, at + 1 + quote)?);
        }
    }
    None
}

/// Whether a word is written in capitals, and more than one letter.
pub(super) fn capitals(word: &[u8]) -> bool {
    word.len() > 1 && word.iter().all(|c| !c.is_ascii_lowercase())
}

fn word(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let rest = bytes.get(start..)?;
    let length = rest.iter().take(14).take_while(|c| c.is_ascii_alphanumeric()).count();
    (1..14).contains(&length).then(|| &rest[..length])
}

/// The levels that Android, glog and MongoDB write as one letter.
pub(super) fn letter(c: u8) -> Option<Severity> {
    Some(match c {
        b'V' | b'D' => Severity::Trace,
        b'I' => Severity::Informational,
        b'W' => Severity::Warning,
        b'E' => Severity::Error,
        b'F' => Severity::Fatal,
        _ => return None,
    })
}

//! RFC 3164 as the world writes it: with and without priority, year, host and tag.

use super::draft::{Draft, Line, Place};
use super::level::capitals;
use crate::time::at;
use seerflow_model::{Severity, Span};

/// Reads what follows the priority (position 0 when there is none). Never fails: what is no host
/// and no tag is message.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, start: usize, time: Place) {
    let b = line.bytes();
    // A router puts a sequence number and a mark of its clock's state before the time.
    let counted = |c: &u8| c.is_ascii_digit() || matches!(c, b':' | b' ' | b'*' | b'.');
    let time =
        time.filter(|t| t.0 >= start && t.0 - start <= 16 && b[start..t.0].iter().all(counted));
    let mut i = time.map_or(start, |t| t.1);
    if time.is_some() && at(b, i) == b':' {
        i += 1;
    }
    i = blanks(b, i);
    if at(b, i) == b'%' {
        draft.message = line.span(i, b.len());
        return;
    }
    if let Some(tag) = tag(line, i) {
        return tag.keep(draft, line);
    }
    let end = word_end(b, i);
    let after = blanks(b, end);
    if hostlike(&b[i..end]) && after > end {
        if time.is_some() {
            draft.host = line.span(i, end);
            i = after;
            if at(b, i) == b':' && at(b, i + 1) == b' ' {
                i = blanks(b, i + 1);
            }
            if at(b, i) != b'%'
                && let Some(tag) = tag(line, i)
            {
                return tag.keep(draft, line);
            }
            // login shows the user in its name, `login -- root`, and its tag is the end of that.
            if b[i..].starts_with(b"-- ")
                && let Some(mut tag) = tag(line, i + 3).filter(|tag| !tag.pid.is_empty())
            {
                tag.program = line.span(i, tag.program.end() - line.base);
                return tag.keep(draft, line);
            }
        } else if let Some(tag) = tag(line, after).filter(|tag| !tag.pid.is_empty()) {
            draft.host = line.span(i, end);
            return tag.keep(draft, line);
        }
    }
    draft.message = line.span(i, b.len());
}

/// Whether a line that begins with an ISO time goes on as a syslog header: host, then a tag with a
/// process id, or any tag where the time is written as rsyslog and journalctl write it.
pub(super) fn follows(line: Line<'_>, time: (usize, usize)) -> bool {
    let b = line.bytes();
    if at(b, time.1) != b' ' || at(b, time.1 + 1) == b' ' {
        return false;
    }
    let end = word_end(b, time.1 + 1);
    let host = &b[time.1 + 1..end];
    let level = capitals(host) && Severity::from_word(host).is_some();
    if level || !hostlike(host) || host.last() == Some(&b':') || at(b, end) != b' ' {
        return false;
    }
    let machine = at(b, time.0 + 10) == b'T' && b[time.0..time.1].last() != Some(&b'Z');
    tag(line, end + 1).is_some_and(|tag| {
        let numbered = b[tag.pid.start as usize..].first().is_some_and(u8::is_ascii_digit);
        (!tag.pid.is_empty() && numbered) || machine
    })
}

/// `program[pid]:` and its relatives, and where the message begins.
pub(super) struct Tag {
    program: Span,
    /// Relative to the line, not to the event's text.
    pid: Span,
    message: usize,
}

impl Tag {
    pub(super) fn keep(&self, draft: &mut Draft, line: Line<'_>) {
        draft.program = self.program;
        if !self.pid.is_empty() {
            draft.pid = line.span(self.pid.start as usize, self.pid.end());
        }
        draft.message = line.span(self.message, line.text.len());
    }
}

/// Reads a tag: `sshd[123]:`, `kernel:`, `su(pam_unix)[12]:`, `launchd[1] (com.x[7]):`,
/// `syslogd 1.4.1:`.
pub(super) fn tag(line: Line<'_>, start: usize) -> Option<Tag> {
    const NAME_MAX: usize = 128;
    let b = line.bytes();
    let rest = b.get(start..)?;
    let name = rest
        .iter()
        .take(NAME_MAX)
        .take_while(|c| c.is_ascii_graphic() && !matches!(c, b'[' | b':' | b'"' | b'=' | b','))
        .count();
    let end = start + name;
    if name == 0 || !rest[..name].iter().any(u8::is_ascii_alphabetic) || rest[0] == b'%' {
        return None;
    }
    let program = line.span(start, end);
    let ends = |i: usize| at(b, i) == b':' && matches!(at(b, i + 1), b' ' | 0 | b'\t');
    match at(b, end) {
        b':' if ends(end) => Some(Tag { program, pid: Span::NONE, message: blanks(b, end + 1) }),
        b'[' => {
            let inside = rest[name + 1..].iter().take(64);
            let pid = inside.take_while(|c| c.is_ascii_graphic() && **c != b']').count();
            let close = end + 1 + pid;
            if at(b, close) != b']' {
                return None;
            }
            let pid = Span::new(end + 1, close);
            let next = close + 1;
            let message = match at(b, next) {
                b':' => next + 1,
                b' ' if at(b, next + 1) == b'(' => after_parenthesis(b, next + 1).unwrap_or(next),
                b' ' | 0 => next,
                _ => return None,
            };
            Some(Tag { program, pid, message: blanks(b, message) })
        }
        b' ' if at(b, end + 1).is_ascii_digit() => {
            let version = word_end(b, end + 1);
            let dotted = memchr::memchr(b'.', &b[end..version]).is_some();
            let numbered = |c: &u8| c.is_ascii_digit() || matches!(c, b'.' | b'#' | b'-' | b':');
            let sound = dotted && b[end + 1..version].iter().all(numbered);
            (sound && version > end + 2 && ends(version - 1)).then(|| Tag {
                program,
                pid: Span::NONE,
                message: blanks(b, version),
            })
        }
        _ => None,
    }
}

/// `(com.apple.quicklook[71]):`: position after the colon.
fn after_parenthesis(b: &[u8], open: usize) -> Option<usize> {
    let close = open + b[open..].iter().take(128).position(|c| matches!(c, b')' | b'\n'))?;
    (at(b, close) == b')' && at(b, close + 1) == b':').then_some(close + 2)
}

pub(super) fn hostlike(word: &[u8]) -> bool {
    (1..=255).contains(&word.len())
        && word.iter().any(u8::is_ascii_alphanumeric)
        && word.iter().all(|c| {
            c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b':' | b'%' | b'@' | b'/')
        })
}

pub(super) fn blanks(b: &[u8], mut i: usize) -> usize {
    while matches!(at(b, i), b' ' | b'\t') {
        i += 1;
    }
    i
}

pub(super) fn word_end(b: &[u8], i: usize) -> usize {
    let rest = b.get(i..).unwrap_or_default();
    i + rest.iter().position(|c| c.is_ascii_whitespace()).unwrap_or(rest.len())
}

//! Writes a line with its values replaced.

use super::search::Scratch;
use super::{CUT, Redactor, VALUES_MAX, email};
use std::ops::Range;

/// Appends `line` with what was found replaced; says whether it was cut. `rows`: it is of a table.
pub(super) fn replace(
    line: &[u8],
    redactor: &Redactor,
    scratch: &mut Scratch,
    rows: bool,
    out: &mut Vec<u8>,
) -> bool {
    let (key, names, search) = redactor.parts();
    let Scratch { found, value, .. } = scratch;
    let json = line.trim_ascii_start().first() == Some(&b'{');
    // Whether a JSON string is open at `done`.
    let (mut done, mut string) = (0, false);
    for found in found.iter().take(VALUES_MAX) {
        let Range { start, end } = found.range;
        out.extend_from_slice(&line[done..start]);
        if json {
            string ^= quotes(line, done..start) % 2 == 1;
        }
        value.clear();
        let raw = &line[start..end];
        if search.card == Some(found.rule) {
            value.extend(raw.iter().filter(|b| b.is_ascii_digit()));
        }
        if value.is_empty() && search.email == Some(found.rule) {
            email::normalise(raw, value);
        } else if value.is_empty() {
            value.extend_from_slice(raw);
        }
        let bare = !rows && bare_json(line, start, end, json && !string);
        if bare {
            out.push(b'"');
        }
        key.pseudonym(&names[found.rule], value, out);
        if bare {
            out.push(b'"');
        }
        done = end;
        if json {
            string ^= quotes(line, start..end) % 2 == 1;
        }
    }
    if found.len() > VALUES_MAX {
        out.extend_from_slice(CUT);
        return true;
    }
    out.extend_from_slice(&line[done..]);
    false
}

/// Quotes without a backslash before them.
fn quotes(line: &[u8], range: Range<usize>) -> usize {
    let escaped =
        |at: usize| line[..at].iter().rev().take(64).take_while(|b| **b == b'\\').count() % 2 == 1;
    let from = range.start;
    memchr::memchr_iter(b'"', &line[range]).filter(|at| !escaped(from + at)).count()
}

/// Whether a value stands bare in JSON: after `"key":`, or in an array of an object.
fn bare_json(line: &[u8], start: usize, end: usize, outside: bool) -> bool {
    let (before, after) = (line[..start].trim_ascii_end(), line[end..].trim_ascii_start());
    if !matches!(after.first(), Some(b',' | b'}' | b']')) {
        return false;
    }
    match before {
        [rest @ .., b':'] => {
            let rest = rest.trim_ascii_end();
            rest.ends_with(b"\"") && !rest.ends_with(b"\\\"")
        }
        [.., b'[' | b','] => outside,
        _ => false,
    }
}

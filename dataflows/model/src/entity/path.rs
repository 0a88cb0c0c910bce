//! Canonical paths of files.
//!
//! POSIX: repeated slashes and `.` components go, `..` stays (what it means depends on links).
//! Windows does not tell letters of a path apart, so its paths are in lower case with an upper
//! case drive; `/`, doubled backslashes (escapes that were never undone) and the prefixes `\\?\`
//! and `\??\` are other spellings of the same.

use super::text::{lower_nfc, nfc};
use std::borrow::Cow;

pub(super) fn file(value: &str) -> Option<Cow<'_, str>> {
    // Before anything is looked at: the Kelvin sign is a letter of a drive afterwards.
    let value = nfc(value);
    if is_windows(&value) {
        return Some(Cow::Owned(windows(&value)));
    }
    let plain = !value.contains("//") && !value.contains("/./") && !value.ends_with("/.");
    if plain {
        return Some(value);
    }
    Some(Cow::Owned(posix(&value)))
}

/// A drive, or a leading backslash (UNC, device, NT namespace).
fn is_windows(value: &str) -> bool {
    value.starts_with('\\') || drive(value)
}

fn drive(value: &str) -> bool {
    matches!(value.as_bytes(), [d, b':', b'\\' | b'/', ..] if d.is_ascii_alphabetic())
}

fn posix(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (i, part) in value.split('/').enumerate() {
        if i > 0 && !out.ends_with('/') {
            out.push('/');
        }
        if i == 0 || part != "." {
            out.push_str(part);
        }
    }
    out
}

fn windows(value: &str) -> String {
    let lower = lower_nfc(value);
    let mut out = String::with_capacity(lower.len());
    if lower.starts_with("\\\\") {
        out.push('\\');
    }
    for (i, part) in lower.split(['\\', '/']).enumerate() {
        if i == 1 || i > 1 && !out.ends_with('\\') {
            out.push('\\');
        }
        if i == 0 || part != "." {
            out.push_str(part);
        }
    }
    // `\\?\C:\x`, `\??\C:\x`, and `\\.\C:\x`, whose `.` is gone already.
    let inner = out.trim_start_matches('\\');
    let inner = ["?\\", "??\\"].iter().find_map(|p| inner.strip_prefix(p)).unwrap_or(inner);
    if drive(inner) {
        out.drain(..out.len() - inner.len());
        if let Some(letter) = out.get_mut(..1) {
            letter.make_ascii_uppercase();
        }
    }
    out
}

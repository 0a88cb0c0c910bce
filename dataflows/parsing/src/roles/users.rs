//! Users in the free text of a message: `for user x`, `user 'x'`, `DOMAIN\user`.

use super::context::{Before, logs_in};
use super::forms::is_name_end;
use super::principals::{PRINCIPAL_MAX, is_principal};
use super::value::{self, Read, Trust, Value, ValueType};
use memchr::{memchr_iter, memmem};
use seerflow_model::{EntityType, Role, Span};

/// Most places looked at in one message, for each of the two forms.
const PLACES_MAX: usize = 16;

/// `for user x`, `user 'x'`, `User x logged in`.
pub(super) fn named(
    user: &memmem::Finder<'_>,
    text: &str,
    start: usize,
    mut add: impl FnMut(Role, Value),
) {
    let bytes = text.as_bytes();
    for at in user.find_iter(&bytes[start..]).take(PLACES_MAX).map(|at| start + at) {
        let word = at.wrapping_sub(1);
        if at == start || !matches!(bytes[word], b'u' | b'U') {
            continue;
        }
        if word > start && (bytes[word - 1].is_ascii_alphanumeric() || bytes[word - 1] >= 0x80) {
            continue;
        }
        let before = Before::new(bytes, start, word);
        if let Some((from, to)) = user_after(bytes, at + 3, &before)
            && let Read::Some(value) =
                value::read(ValueType::Of(EntityType::User), text, from, to, Trust::Field)
        {
            let role = if before.is(&["as", "to"]) { Role::Target } else { Role::Actor };
            add(role, value);
        }
    }
}

/// The name after the word `user` that ends at `at`.
fn user_after(bytes: &[u8], at: usize, before: &Before<'_>) -> Option<(usize, usize)> {
    let mut from = at;
    if bytes.get(from) == Some(&b':') {
        from += 1;
    }
    let spaced = bytes.get(from) == Some(&b' ');
    from += usize::from(spaced);
    let first = *bytes.get(from)?;
    if matches!(first, b'"' | b'\'' | b'<' | b'`') && (spaced || from > at) {
        let close = if first == b'<' {
            b'>'
        } else if first == b'`' {
            b'\''
        } else {
            first
        };
        let tail = &bytes[from + 1..bytes.len().min(from + 130)];
        return memchr::memchr(close, tail).map(|len| (from + 1, from + 1 + len));
    }
    if !spaced || !(first.is_ascii_alphanumeric() || first == b'_' || first >= 0x80) {
        return None;
    }
    let inner = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'-' | b'.' | b'@' | b'\\' | b'$' | b'+')
            || *b >= 0x80
    };
    let len = bytes[from..].iter().take(129).take_while(|b| inner(b)).count();
    let mut to = from + len;
    while to > from && bytes[to - 1] == b'.' {
        to -= 1;
    }
    if bytes.get(to) == Some(&b':') && bytes.get(to + 1).is_some_and(u8::is_ascii_alphanumeric) {
        // `system:serviceaccount:ns:name` and its like: one identity, not a user `system`.
        let len = bytes[from..].iter().take(PRINCIPAL_MAX).take_while(|b| !is_name_end(**b));
        let end = from + len.count();
        let whole = std::str::from_utf8(&bytes[from..end]).unwrap_or_default();
        let whole = whole.trim_end_matches([':', '.']);
        return is_principal(whole).then(|| (from, from + whole.len()));
    }
    let name = &bytes[from..to];
    let ends = matches!(
        bytes.get(to),
        None | Some(b' ' | b'.' | b',' | b';' | b':' | b')' | b']' | b'(' | b'\'' | b'"')
    );
    let word = ends && len <= 128 && !name.iter().all(u8::is_ascii_digit) && !common(name);
    let told = bytes[at] == b':'
        || before.is(&["for", "invalid", "by", "as", "unknown", "of", "illegal", "from", "failed"])
        || logs_in(&bytes[to..]);
    (word && told).then_some((from, to))
}

/// `DOMAIN\user` standing alone. One letter after the backslash may be an escape that was never
/// undone (`ERROR\nCaused`): then the word before must speak of a user.
pub(super) fn with_domain(text: &str, start: usize, mut add: impl FnMut(Value)) {
    let bytes = text.as_bytes();
    for at in memchr_iter(b'\\', &bytes[start..]).map(|at| start + at).take(PLACES_MAX) {
        let domain = |b: &&u8| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'-';
        let from = at - bytes[start..at].iter().rev().take(16).take_while(domain).count();
        let doubled = usize::from(bytes.get(at + 1) == Some(&b'\\'));
        let user = at + 1 + doubled;
        let inner = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'$');
        let mut to = user + bytes[user..].iter().take(65).take_while(inner).count();
        while to > user && bytes[to - 1] == b'.' {
            to -= 1;
        }
        let edge = |b: u8| {
            b == b' '
                || matches!(
                    b,
                    b'"' | b'\'' | b'(' | b')' | b'[' | b']' | b',' | b';' | b':' | b'=' | b'.'
                )
        };
        let alone = (from == start || edge(bytes[from - 1]))
            && bytes.get(to).is_none_or(|b| edge(*b) && *b != b'=');
        let sizes = (2..=15).contains(&(at - from)) && (2..=64).contains(&(to - user));
        if !alone || !sizes || bytes[from..at].starts_with(b"HK") {
            continue;
        }
        let escape = matches!(bytes[user], b'n' | b't' | b'r' | b'x' | b'u' | b'0');
        if escape && !Before::new(bytes, start, from).names_an_actor() {
            continue;
        }
        add(Value {
            kind: EntityType::User,
            value: Span::new(user, to),
            domain: Span::new(from, at),
        });
    }
}

/// Words that follow `user` without being a name.
fn common(name: &[u8]) -> bool {
    const WORDS: [&str; 70] = [
        "unknown",
        "name",
        "names",
        "not",
        "is",
        "was",
        "has",
        "had",
        "the",
        "a",
        "an",
        "this",
        "that",
        "id",
        "ids",
        "with",
        "without",
        "from",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "and",
        "or",
        "agent",
        "account",
        "accounts",
        "authentication",
        "authorization",
        "login",
        "logon",
        "session",
        "sessions",
        "input",
        "data",
        "request",
        "requests",
        "record",
        "records",
        "error",
        "failed",
        "does",
        "did",
        "who",
        "which",
        "profile",
        "password",
        "list",
        "table",
        "group",
        "groups",
        "space",
        "mode",
        "limit",
        "defined",
        "specified",
        "supplied",
        "service",
        "process",
        "cache",
        "info",
        "information",
        "details",
        "settings",
        "token",
        "action",
        "code",
        "requested",
    ];
    WORDS.iter().any(|word| name.eq_ignore_ascii_case(word.as_bytes()))
}

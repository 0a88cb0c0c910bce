//! Canonical names: hosts, domains, users, mail addresses, processes.
//!
//! Host and domain names follow UTS 46 (IDNA): the A-label in lower case is the canonical form, so
//! `BÜCHER.example`, `bücher.example` and `xn--bcher-kva.example` are one. A name that IDNA
//! refuses (a hostile mix of directions, a forbidden character) stays what it is in lower case:
//! it is odd, and exactly therefore worth being an entity of its own. Names in ASCII, nearly all,
//! never reach IDNA.

use super::code::ip;
use super::text::{lower_ascii, lower_nfc, nfc, strip};
use idna::AsciiDenyList;
use std::borrow::Cow;

/// A host or domain: lower case, A-labels, no trailing dots.
pub(super) fn host(value: &str) -> Option<Cow<'_, str>> {
    let value = bare(value);
    if value.is_ascii() {
        return (!value.is_empty()).then(|| lower_ascii(value));
    }
    let lower = lower_nfc(value);
    let out = match idna::domain_to_ascii_cow(lower.as_bytes(), AsciiDenyList::URL) {
        Ok(ascii) => bare(&ascii).to_owned(),
        Err(_) => bare(&lower).to_owned(),
    };
    (!out.is_empty()).then_some(Cow::Owned(out))
}

/// Without white space at the ends and without trailing dots.
fn bare(value: &str) -> &str {
    value.trim_start().trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// `domain:user` or `user`, in lower case. Without a domain of its own `D\u` and `u@d` are split,
/// and `d:u` is taken as split already: neither Unix nor Windows allows `:` in a name.
pub(super) fn user<'a>(value: &'a str, domain: &str) -> Option<Cow<'a, str>> {
    if !domain.trim().is_empty() {
        return in_domain(value, domain);
    }
    let mut value = value;
    loop {
        value = value.trim();
        let (user, domain) = match value.split_once(':') {
            Some((domain, user)) if !domain.trim().is_empty() && !user.trim().is_empty() => {
                (user, domain)
            }
            Some(_) => return Some(lower_nfc(value)),
            None => match value.split_once('\\') {
                Some((domain, user)) => (user.trim_start_matches('\\'), domain),
                None => match value.rsplit_once('@') {
                    Some((user, domain)) => (user, domain),
                    None => return (!value.is_empty()).then(|| lower_nfc(value)),
                },
            },
        };
        if user.trim().is_empty() {
            return None;
        }
        if host(domain).is_some() {
            return in_domain(user, domain);
        }
        // `.\bob`, `\bob`, `bob@`: no domain, and the rest may hold one.
        value = user;
    }
}

fn in_domain<'a>(user: &str, domain: &str) -> Option<Cow<'a, str>> {
    let user = user.trim();
    if user.is_empty() || domain.contains(':') {
        return None;
    }
    let user = lower_nfc(user);
    Some(Cow::Owned(match host(domain) {
        Some(domain) => format!("{domain}:{user}"),
        None => return self::user(&user, "").map(|user| Cow::Owned(user.into_owned())),
    }))
}

/// `local@domain`, both in lower case: hardly any mail system tells letters of the local part
/// apart, and senders write them as they like.
pub(super) fn email(value: &str) -> Option<Cow<'_, str>> {
    let mut value = value;
    loop {
        let inner = value.trim_start_matches('<').trim_end_matches('>').trim();
        let inner = strip(inner, "mailto:").unwrap_or(inner);
        if inner.len() == value.len() {
            break;
        }
        value = inner;
    }
    if value.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>')) {
        return None;
    }
    let (local, domain) = value.rsplit_once('@')?;
    if local.is_empty() {
        return None;
    }
    match (lower_nfc(local), host(domain)?) {
        (Cow::Borrowed(_), Cow::Borrowed(same)) if same.len() == domain.len() => {
            Some(Cow::Borrowed(value))
        }
        (local, domain) => Some(Cow::Owned(format!("{local}@{domain}"))),
    }
}

/// `host/name`. Without a host of its own the value may be in that form already. Names of Windows
/// programs (`.exe`) are in lower case, others as they are.
pub(super) fn process<'a>(value: &str, scope: &str) -> Option<Cow<'a, str>> {
    let (scope, name) = match (scope.trim(), value.split_once('/')) {
        ("", Some((scope, name))) => (scope.trim(), name.trim()),
        (scope, _) => (scope, value.trim()),
    };
    if name.is_empty() || scope.contains('/') {
        return None;
    }
    let name = match name.len().checked_sub(4).and_then(|at| name.get(at..)) {
        Some(end) if end.eq_ignore_ascii_case(".exe") => lower_nfc(name),
        _ => nfc(name),
    };
    let scope = match ip(scope) {
        Some(address) => Cow::Owned(address),
        None => host(scope).unwrap_or_default(),
    };
    Some(Cow::Owned(format!("{scope}/{name}")))
}

//! Canonical forms of what machines number: addresses, hashes, containers, cloud principals.

use super::text::{lower_ascii, lower_nfc, nfc, strip};
use std::borrow::Cow;
use std::net::IpAddr;

/// Hexadecimal digits of MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512.
const HASH_LENGTHS: [usize; 6] = [32, 40, 56, 64, 96, 128];
/// Hexadecimal digits of a container's short id.
const SHORT_ID: usize = 12;

/// IPv4 dotted; IPv6 with all its digits, in lower case; v4-mapped unwrapped; without zone.
pub(super) fn ip(value: &str) -> Option<String> {
    let value = value.split_once('%').map_or(value, |(address, _zone)| address);
    Some(match value.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => v6.segments().map(|segment| format!("{segment:04x}")).join(":"),
    })
}

/// Lower-case digits. The algorithm follows from their number and is no part of the value, so
/// `SHA256=…`, `sha256:…` and the bare digits are one.
pub(super) fn hash(value: &str) -> Option<Cow<'_, str>> {
    let digits = value.rsplit([':', '=']).next().unwrap_or_default();
    let label = value[..value.len() - digits.len()].trim_end_matches([':', '=']);
    let named = label.len() <= 10 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let fits = named && HASH_LENGTHS.contains(&digits.len());
    (fits && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| lower_ascii(digits))
}

/// `aa:bb:cc:dd:ee:ff`, from the forms with `-`, with dots between four digits, or with nothing.
pub(super) fn mac(value: &str) -> Option<Cow<'_, str>> {
    let b = value.as_bytes();
    let group = match b.len() {
        17 if matches!(b[2], b':' | b'-') => 2,
        14 if matches!(b[4], b'.' | b'-' | b':') => 4,
        12 => 12,
        _ => return None,
    };
    let separator = b.get(group).copied();
    let fits = b.iter().enumerate().all(|(i, b)| match i % (group + 1) == group {
        true => Some(*b) == separator,
        false => b.is_ascii_hexdigit(),
    });
    if !fits {
        return None;
    }
    if separator == Some(b':') && group == 2 {
        return Some(lower_ascii(value));
    }
    let mut out = String::with_capacity(17);
    for digit in value.chars().filter(char::is_ascii_hexdigit) {
        if out.len() % 3 == 2 {
            out.push(':');
        }
        out.push(digit.to_ascii_lowercase());
    }
    Some(Cow::Owned(out))
}

/// A container's id as its first 12 digits, or a name: `namespace/pod`, `namespace/pod/container`.
/// A namespace of its own goes before a name that has none; an id needs none.
pub(super) fn container<'a>(value: &'a str, namespace: &str) -> Option<Cow<'a, str>> {
    const SCHEMES: [&str; 5] =
        ["docker://", "containerd://", "cri-o://", "podman://", "docker-pullable://"];
    const SCOPES: [&str; 4] = ["docker-", "cri-containerd-", "crio-", "libpod-"];
    let mut name = value;
    loop {
        let inner = name.trim_start_matches('/').trim_start();
        let inner = SCHEMES.iter().find_map(|scheme| strip(inner, scheme)).unwrap_or(inner);
        if inner.len() == name.len() {
            break;
        }
        name = inner;
    }
    let id = |text: &str| {
        matches!(text.len(), SHORT_ID | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
    };
    if let Some(scope) = name.strip_suffix(".scope")
        && let Some(inner) = SCOPES.iter().find_map(|prefix| scope.strip_prefix(prefix))
        && id(inner)
    {
        name = inner;
    }
    if id(name) {
        return Some(lower_ascii(&name[..SHORT_ID]));
    }
    let namespace = namespace.trim();
    match (name.is_empty(), namespace.is_empty() || name.contains('/')) {
        (true, _) => None,
        (false, true) => Some(nfc(name)),
        (false, false) if namespace.contains('/') => None,
        (false, false) => Some(Cow::Owned(format!("{}/{}", nfc(namespace), nfc(name)))),
    }
}

/// Who acts in a cloud: an ARN, a service account, an object id.
pub(super) fn principal(value: &str) -> Option<Cow<'_, str>> {
    let mut value = value;
    while let Some(inner) = strip(value, "serviceaccount:").filter(|inner| inner.contains('@')) {
        value = inner.trim();
    }
    if value.is_empty() {
        return None;
    }
    if strip(value, "arn:").is_some() && value.matches(':').count() >= 5 {
        return Some(arn(value));
    }
    if strip(value, "system:serviceaccount:").is_some() || value.contains('@') {
        return Some(lower_nfc(value));
    }
    let id = value.strip_prefix('{').and_then(|v| v.strip_suffix('}')).unwrap_or(value);
    if uuid(id) {
        return Some(lower_ascii(id));
    }
    Some(nfc(value))
}

/// An ARN is told apart by letters only in its resource: what stands before is lower case.
fn arn(value: &str) -> Cow<'_, str> {
    let end = value.match_indices(':').nth(4).map_or(value.len(), |(at, _)| at);
    let (head, resource) = value.split_at(end);
    match (lower_nfc(head), nfc(resource)) {
        (Cow::Borrowed(_), Cow::Borrowed(_)) => value.into(),
        (head, resource) => Cow::Owned(format!("{head}{resource}")),
    }
}

fn uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

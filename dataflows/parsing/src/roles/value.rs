//! Reading a typed value out of a stretch of text: narrowing it, judging it, splitting it.
//!
//! A stretch is what a hole, a field or a parameter covers; quotes, brackets, ports and trailing
//! punctuation may cling to it. Reading gives the exact span of the value, or says that there is
//! none (empty, `-`, `(null)`) or that it cannot be of that type. Cost: a pass over the stretch.

use super::address::{address, digits, unspecified};
use super::forms::{hash, mac, nobodys_mac, windows};
use super::principals::{PRINCIPAL_MAX, is_principal};
use seerflow_model::{EntityType, Span};

/// Longest value of each sort; longer ones are no entities.
const USER_MAX: usize = 256;
const NAME_MAX: usize = 253;
const PATH_MAX: usize = 4096;

/// What a rule or a field name says a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueType {
    /// Exactly one kind of entity.
    Of(EntityType),
    /// An address or else a host name.
    Address,
    /// The domain of the acting user.
    UserDomain,
    /// The namespace of the pod.
    Namespace,
    /// An HTTP status: the outcome, no entity.
    Status,
}

impl ValueType {
    /// By the name that rule files use.
    pub(super) fn parse(name: &str) -> Option<ValueType> {
        match name {
            "addr" => Some(ValueType::Address),
            "user_domain" => Some(ValueType::UserDomain),
            "namespace" => Some(ValueType::Namespace),
            "status" => Some(ValueType::Status),
            _ => EntityType::ALL.into_iter().find(|t| t.name() == name).map(ValueType::Of),
        }
    }
}

/// How far the place of a value is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// A rule names the place: `unknown` may be a user.
    Rule,
    /// A field or key names it: words that mean "nothing" are nothing.
    Field,
}

/// A value that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) kind: EntityType,
    pub(super) value: Span,
    pub(super) domain: Span,
}

/// What reading gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// A value.
    Some(Value),
    /// Nothing is there, and that is in order.
    Nothing,
    /// Something else is there.
    Wrong,
}

/// Reads `text[start..end]` as `kind`. The range lies on character boundaries.
pub(super) fn read(kind: ValueType, text: &str, start: usize, end: usize, trust: Trust) -> Read {
    let (start, end) = trim(text, start, end);
    let stretch = &text[start..end];
    if stretch.is_empty() || null(stretch, trust) {
        return Read::Nothing;
    }
    if stretch.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Read::Wrong;
    }
    let kind = match kind {
        ValueType::Of(kind) => kind,
        ValueType::Address => return address_or_host(text, start, end),
        ValueType::UserDomain => return whole(EntityType::Domain, start, end, name(stretch)),
        ValueType::Namespace => return whole(EntityType::Container, start, end, name(stretch)),
        ValueType::Status => return Read::Wrong,
    };
    match kind {
        EntityType::User if is_principal(stretch) => whole(EntityType::Principal, start, end, true),
        EntityType::User => user(text, start, end),
        EntityType::Ip => match address(text, start, end) {
            Some((start, end)) if unspecified(&text[start..end]) => whole(kind, start, end, false),
            Some((start, end)) => whole(kind, start, end, true),
            None => Read::Wrong,
        },
        EntityType::Host => address_or_host(text, start, end),
        EntityType::Domain => {
            let end = start + stretch.trim_end_matches('.').len();
            whole(kind, start, end, domain_name(&text[start..end]))
        }
        EntityType::Process => process(text, start, end),
        EntityType::File => file(text, start, end),
        EntityType::Url => url(text, start, end),
        EntityType::Hash => whole(kind, start, end, hash(stretch)),
        EntityType::Email => whole(kind, start, end, email(stretch)),
        EntityType::Mac if mac(stretch) && nobodys_mac(stretch) => Read::Nothing,
        EntityType::Mac => whole(kind, start, end, mac(stretch)),
        EntityType::Service | EntityType::Container => {
            let end = start + stretch.trim_end_matches(['.', ',', ':', ';']).len();
            // Scopes and slices are made per session: they are no service.
            let unit = !stretch.ends_with(".scope") && !stretch.ends_with(".slice");
            let fits = unit && end > start && end - start <= NAME_MAX && !stretch.contains(' ');
            whole(kind, start, end, fits)
        }
        EntityType::Principal => {
            let fits = stretch.len() <= PRINCIPAL_MAX && !stretch.contains(' ');
            whole(kind, start, end, fits)
        }
    }
}

fn whole(kind: EntityType, start: usize, end: usize, fits: bool) -> Read {
    match fits {
        true => Read::Some(Value { kind, value: Span::new(start, end), domain: Span::NONE }),
        false => Read::Wrong,
    }
}

/// Takes off white space and one pair of quotes or angle brackets.
fn trim(text: &str, start: usize, end: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (mut start, mut end) = space(bytes, start, end);
    if end - start >= 2
        && matches!(
            (bytes[start], bytes[end - 1]),
            (b'"', b'"') | (b'\'', b'\'') | (b'<', b'>') | (b'`', b'\'') | (b'`', b'`')
        )
    {
        (start, end) = space(bytes, start + 1, end - 1);
    }
    (start, end)
}

fn space(bytes: &[u8], mut start: usize, mut end: usize) -> (usize, usize) {
    while start < end && bytes[start].is_ascii_whitespace() {
        start += 1;
    }
    while start < end && bytes[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    (start, end)
}

/// Whether a value says that there is no value.
fn null(value: &str, trust: Trust) -> bool {
    const ALWAYS: [&str; 5] = ["-", "?", "(null)", "(unknown)", "(none)"];
    const FIELDS: [&str; 8] = ["null", "none", "unknown", "nil", "n/a", "undefined", "--", "unset"];
    value.len() <= 9
        && (ALWAYS.contains(&value)
            || trust == Trust::Field && FIELDS.iter().any(|n| n.eq_ignore_ascii_case(value)))
}

/// `bob`, `DOMAIN\bob`, `bob@corp.com`, `root(uid=0)`.
fn user(text: &str, start: usize, end: usize) -> Read {
    let stretch = &text[start..end];
    let stretch = match stretch.find("(uid=") {
        Some(at) if at > 0 => &stretch[..at],
        _ => stretch.trim_end_matches([',', ';', ':']),
    };
    let end = start + stretch.len();
    if stretch.is_empty() || stretch.len() > USER_MAX {
        return Read::Wrong;
    }
    let whole = (Span::new(start, end), Span::NONE);
    let (value, domain) = if let Some((domain, rest)) = stretch.split_once('\\') {
        let user = rest.trim_start_matches('\\');
        match (user.is_empty(), name(domain)) {
            (true, _) => return Read::Wrong,
            (false, false) => whole,
            (false, true) => {
                (Span::new(end - user.len(), end), Span::new(start, start + domain.len()))
            }
        }
    } else if let Some((user, domain)) = stretch.rsplit_once('@') {
        match (user.is_empty(), name(domain)) {
            (true, _) => return Read::Wrong,
            (false, false) => whole,
            (false, true) => {
                (Span::new(start, start + user.len()), Span::new(end - domain.len(), end))
            }
        }
    } else {
        whole
    };
    let (from, to) = space(text.as_bytes(), value.start as usize, value.end());
    if from == to {
        return Read::Wrong;
    }
    Read::Some(Value { kind: EntityType::User, value: Span::new(from, to), domain })
}

fn address_or_host(text: &str, start: usize, end: usize) -> Read {
    if let Some((start, end)) = address(text, start, end) {
        return match unspecified(&text[start..end]) {
            true => Read::Nothing,
            false => whole(EntityType::Ip, start, end, true),
        };
    }
    let stretch = text[start..end].trim_end_matches([',', ';', '.', ':']);
    let host = match stretch.rsplit_once(':') {
        Some((host, tail)) if digits(tail.as_bytes()) => host,
        _ => stretch,
    };
    if host.eq_ignore_ascii_case("unknown") {
        return Read::Nothing;
    }
    let fits = name(host) && host.bytes().any(|b| b.is_ascii_alphabetic());
    whole(EntityType::Host, start, start + host.len(), fits)
}

/// Letters, digits, `-`, `_` and inner dots.
fn name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.') || *b >= 0x80;
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    bytes.len() <= NAME_MAX
        && edge(bytes.first())
        && bytes.iter().all(inner)
        && !text.contains("..")
}

/// A name of at least two labels whose last one could be a top-level domain.
pub(super) fn domain_name(text: &str) -> bool {
    let top = text.rsplit('.').next().unwrap_or_default();
    name(text)
        && top.len() < text.len()
        && (2..=63).contains(&top.len())
        && (top.bytes().all(|b| b.is_ascii_alphabetic()) || top.starts_with("xn--"))
}

/// The last component of a program's name, without what stands in parentheses.
pub(super) fn program_base(text: &str, start: usize, end: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (start, end) = space(bytes, start, end);
    let windows = windows(&text[start..end]);
    let stop = match memchr::memchr(b'(', &bytes[start..end]) {
        Some(at) if at > 0 && !windows => start + at,
        _ => end,
    };
    let slash = match bytes.get(start) {
        Some(b'/') => memchr::memrchr(b'/', &bytes[start..stop]),
        _ if windows => memchr::memrchr2(b'/', b'\\', &bytes[start..stop]),
        _ => None,
    };
    match slash {
        Some(at) if start + at + 1 < stop => (start + at + 1, stop),
        _ => (start, stop),
    }
}

fn process(text: &str, start: usize, end: usize) -> Read {
    let (mut start, end) = program_base(text, start, end);
    if let Some(at) = memchr::memrchr(b'\\', &text.as_bytes()[start..end]) {
        start += at + 1;
    }
    let fits = (1..=NAME_MAX).contains(&(end - start));
    whole(EntityType::Process, start, end, fits)
}

/// An absolute path: POSIX, or Windows with a drive, a share or a device.
fn file(text: &str, start: usize, end: usize) -> Read {
    let stretch = &text[start..end];
    let windows = windows(stretch);
    let stretch = match windows {
        true => stretch,
        false => stretch.split([' ', '\t']).next().unwrap_or_default(),
    };
    let stretch = stretch.trim_end_matches([',', ';', '.', ':', ')', ']', '\'', '"']);
    let posix = stretch.len() > 1 && stretch.starts_with('/') && !stretch.starts_with("//");
    let end = start + stretch.len();
    whole(EntityType::File, start, end, stretch.len() <= PATH_MAX && (posix || windows))
}

/// A path that fills its stretch, spaces and all: a rule says where it ends.
pub(super) fn path(text: &str, start: usize, end: usize) -> Read {
    let (start, end) = trim(text, start, end);
    let stretch = &text[start..end];
    if stretch.is_empty() {
        return Read::Nothing;
    }
    let windows = matches!(stretch.as_bytes(), [d, b':', b'\\', _, ..] if d.is_ascii_alphabetic());
    let posix = stretch.len() > 1 && stretch.starts_with('/');
    let clean = !stretch.bytes().any(|b| b < b' ' || b == 0x7f);
    whole(EntityType::File, start, end, clean && stretch.len() <= PATH_MAX && (posix || windows))
}

/// A URL, or the path of a request; query and fragment are left out of a bare path, because they
/// would make every request an entity of its own.
fn url(text: &str, start: usize, end: usize) -> Read {
    let stretch = text[start..end].split([' ', '\t', '"']).next().unwrap_or_default();
    let path = stretch.starts_with('/');
    let stretch = match path {
        true => stretch.split(['?', '#']).next().unwrap_or_default(),
        false => stretch.trim_end_matches([',', ';', '.', ')', ']', '\'']),
    };
    let fits = stretch.len() <= PATH_MAX && (path || stretch.contains("://"));
    whole(EntityType::Url, start, start + stretch.len(), fits)
}

fn email(text: &str) -> bool {
    let Some((user, domain)) = text.rsplit_once('@') else { return false };
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"._%+-'/!#$&*".contains(&b) || b >= 0x80;
    !user.is_empty() && user.len() <= USER_MAX && user.bytes().all(inner) && domain_name(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: &str, text: &str) -> String {
        let kind = ValueType::parse(kind).unwrap();
        match read(kind, text, 0, text.len(), Trust::Field) {
            Read::Some(v) => {
                format!("{} {} {}", v.kind.name(), v.value.of(text), v.domain.of(text))
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn values_are_narrowed() {
        for (kind, text, expected) in [
            ("user", " \"bob\" ", "user bob "),
            ("user", "CORP\\bob", "user bob CORP"),
            ("user", "CORP\\\\bob", "user bob CORP"),
            ("user", "bob@corp.com", "user bob corp.com"),
            ("user", "root(uid=0)", "user root "),
            ("user", "-", "Nothing"),
            ("user", "", "Nothing"),
            ("user", "\\\\", "Wrong"),
            ("ip", "1.2.3.4:80", "ip 1.2.3.4 "),
            ("ip", "/1.2.3.4:45307,", "ip 1.2.3.4 "),
            ("ip", "[2001:db8::1]:443", "ip 2001:db8::1 "),
            ("ip", "2001:db8::1", "ip 2001:db8::1 "),
            ("ip", "fe80::1%eth0", "ip fe80::1%eth0 "),
            ("ip", "1.2.3.4.5", "Wrong"),
            ("ip", "1.2.3.4:x", "Wrong"),
            ("ip", "0.0.0.0", "Wrong"),
            ("addr", "host.example.com:22", "host host.example.com "),
            ("addr", "1.2.3.4", "ip 1.2.3.4 "),
            ("addr", "UNKNOWN", "Nothing"),
            ("addr", "1.2.3.4.5", "Wrong"),
            ("addr", "::", "Nothing"),
            ("domain", "example.com.", "domain example.com "),
            ("domain", "localhost", "Wrong"),
            ("file", "/etc/passwd, x", "file /etc/passwd "),
            ("file", "etc/passwd", "Wrong"),
            ("file", "C:\\Windows\\a b.exe", "file C:\\Windows\\a b.exe "),
            ("url", "/a/b?x=1", "url /a/b "),
            ("url", "https://x.y/a?x=1", "url https://x.y/a?x=1 "),
            ("mac", "00:11:22:aa:bb:cc", "mac 00:11:22:aa:bb:cc "),
            ("mac", "00:11-22:aa:bb:cc", "Wrong"),
            ("mac", "0011.22aa.bbcc", "mac 0011.22aa.bbcc "),
            ("mac", "00-11-22-AA-BB-CC", "mac 00-11-22-AA-BB-CC "),
            ("mac", "00:00:00:00:00:00", "Nothing"),
            ("mac", "FF-FF-FF-FF-FF-FF", "Nothing"),
            ("mac", "00:00:00:00:00", "Wrong"),
            ("file", "\\\\fs1\\share\\a b", "file \\\\fs1\\share\\a b "),
            ("file", "\\Device\\X\\a", "file \\Device\\X\\a "),
            ("file", "\\n", "Wrong"),
            ("file", "\\\\", "Wrong"),
            ("file", "\\\\x", "Wrong"),
            ("process", "C:\\Program Files (x86)\\a b.exe", "process a b.exe "),
            ("process", "/a(b/c)", "process a "),
            ("user", "arn:aws:iam::1:user/bob", "principal arn:aws:iam::1:user/bob "),
            ("user", "system:serviceaccount:ns:x", "principal system:serviceaccount:ns:x "),
            ("user", "system:admin", "user system:admin "),
            ("principal", "AIDAEXAMPLE", "principal AIDAEXAMPLE "),
            (
                "hash",
                "SHA1=da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "hash SHA1=da39a3ee5e6b4b0d3255bfef95601890afd80709 ",
            ),
            ("process", "/usr/sbin/cron", "process cron "),
            ("process", "C:\\Windows\\System32\\cmd.exe", "process cmd.exe "),
            ("process", "C:\\Windows\\", "Wrong"),
            ("user", "unset", "Nothing"),
            ("email", "<a@b.cc>", "email a@b.cc "),
            ("hash", "d41d8cd98f00b204e9800998ecf8427e", "hash d41d8cd98f00b204e9800998ecf8427e "),
            ("service", "nginx.service.", "service nginx.service "),
            ("service", "session-3.scope", "Wrong"),
            ("email", "from=<a@b.cc", "Wrong"),
            ("email", "com.example.Thing@33557fe4", "Wrong"),
        ] {
            assert_eq!(shown(kind, text), expected, "{kind} {text}");
        }
    }
}

//! Machines by name in free text: full DNS names, `name/address:port`, addresses of threads.
//!
//! Dotted words are mostly names of code and files. One is taken for a machine when the words
//! before it say so, or, alone, when it can hardly be anything else: three labels or more, no
//! underscore, a last label that is a top-level domain and no file ending. Cost: a look at the
//! labels of a parameter that is a dotted name already.

use super::address::digits;
use super::context::{Before, Place};
use super::keys::is_ipv4;
use super::value::domain_name;
use seerflow_model::{Event, Span};

/// Longest thread name looked at, in bytes.
const THREAD_MAX: usize = 256;
/// Longest label of a DNS name.
const LABEL_MAX: usize = 63;

/// What a dotted name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dotted {
    /// A machine.
    Host,
    /// A name that is asked for or served.
    Domain,
    /// A class, a file, a version, or nothing that can be told.
    Other,
}

/// Judges the dotted name `span` of `text` by itself and by what stands around it.
pub(super) fn dotted(text: &str, span: Span, before: &Before<'_>) -> Dotted {
    let name = span.of(text).trim_end_matches('.');
    // A port may belong to the parameter.
    let name = match name.rsplit_once(':') {
        Some((name, port)) if digits(port.as_bytes()) => name,
        _ => name,
    };
    if !domain_name(name) || code(name) {
        return Dotted::Other;
    }
    if before.is(&["domain", "zone", "fqdn"]) {
        return Dotted::Domain;
    }
    let told = before.is(&["host", "hostname", "node", "machine", "computer", "workstation"])
        || before.place() != Place::Free
            && (!before.is(&["from", "to", "by", "toward", "towards", "source", "origin"])
                || believable(name));
    match told || (stands_alone(text.as_bytes(), span) && full(name)) {
        true => Dotted::Host,
        false => Dotted::Other,
    }
}

/// Whether nothing makes the name a part of something longer.
fn stands_alone(bytes: &[u8], span: Span) -> bool {
    let before = (span.start as usize).checked_sub(1).map_or(b' ', |i| bytes[i]);
    let after = bytes.get(span.end()).copied().unwrap_or(b' ');
    !matches!(before, b'/' | b'\\' | b'@' | b'$' | b'-' | b'_' | b'.' | b'%' | b'#' | b'&' | b'?')
        && !matches!(after, b'/' | b'\\' | b'@' | b'(' | b'$' | b'-' | b'_' | b'=' | b'#' | b'!')
}

/// Whether `from x.y` can mean a machine: rows move `from users.old to users.backup` as well.
fn believable(name: &str) -> bool {
    const SURE: [&str; 14] = [
        "com",
        "net",
        "org",
        "edu",
        "gov",
        "mil",
        "arpa",
        "lan",
        "corp",
        "intranet",
        "localdomain",
        "invalid",
        "onion",
        "example",
    ];
    const LIKELY: [&str; 12] = [
        "local", "internal", "home", "intra", "info", "biz", "dev", "app", "cloud", "test", "int",
        "domain",
    ];
    let top = name.rsplit('.').next().unwrap_or_default();
    let is = |list: &[&str]| list.iter().any(|t| t.eq_ignore_ascii_case(top));
    // Names of machines are numbered or hyphened, those of code seldom.
    let shaped = name.bytes().any(|b| b.is_ascii_digit() || b == b'-' || b >= 0x80);
    is(&SURE) || shaped || (top.len() == 2 || is(&LIKELY)) && name.split('.').count() >= 3
}

/// Three labels or more under a top-level domain that is no file ending and no word of code.
fn full(name: &str) -> bool {
    const TOPS: [&str; 48] = [
        "com", "net", "org", "edu", "gov", "mil", "arpa", "example", "at", "au", "be", "br", "ca",
        "ch", "cl", "cn", "co", "cz", "de", "dk", "es", "eu", "fi", "fr", "gr", "hk", "hu", "ie",
        "il", "in", "io", "it", "jp", "kr", "mx", "nl", "no", "nz", "om", "pt", "ro", "ru", "se",
        "sg", "tr", "tw", "uk", "us",
    ];
    let label = |label: &str| {
        let b = label.as_bytes();
        let inner = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
        (1..=LABEL_MAX).contains(&b.len())
            && b.iter().all(inner)
            && b[0] != b'-'
            && b[b.len() - 1] != b'-'
    };
    let labels = name.split('.').count();
    let top = name.rsplit('.').next().unwrap_or_default();
    labels >= 3
        && name.split('.').all(label)
        && TOPS.iter().any(|t| t.eq_ignore_ascii_case(top))
        // `a.b.in`, `obj.value.no`: two letters are a word as often as a country.
        && (top.len() > 2 || labels >= 4 || name.bytes().any(|b| b.is_ascii_digit() || b == b'-'))
}

/// `java.lang.String`, `settings.conf` and the like: names of code and files, not of machines.
fn code(text: &str) -> bool {
    const FILES: [&str; 40] = [
        "bak",
        "c",
        "cfg",
        "class",
        "conf",
        "cpp",
        "crt",
        "csv",
        "dat",
        "db",
        "dll",
        "exe",
        "gz",
        "h",
        "html",
        "ini",
        "jar",
        "java",
        "js",
        "json",
        "key",
        "lock",
        "log",
        "pem",
        "php",
        "pid",
        "properties",
        "py",
        "service",
        "so",
        "sock",
        "socket",
        "sql",
        "tar",
        "tmp",
        "toml",
        "txt",
        "xml",
        "yaml",
        "yml",
    ];
    const PACKAGES: [&str; 9] = ["com", "org", "net", "io", "java", "javax", "sun", "jdk", "akka"];
    let first = text.split('.').next().unwrap_or_default();
    let last = text.rsplit('.').next().unwrap_or_default();
    // `COM` may end the name of a machine that is written in capitals throughout.
    let mixed = last.bytes().any(|b| b.is_ascii_uppercase())
        && text.bytes().any(|b| b.is_ascii_lowercase());
    PACKAGES.contains(&first) || mixed || FILES.contains(&last)
}

/// The name in `name/192.0.2.1:80`, as Java writes a resolved address that begins at `at`. Words
/// for protocols stand in the same place, so the name must look like one, or follow a word that
/// asks for a place.
pub(super) fn before_slash(text: &str, start: usize, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let slash = at.checked_sub(1).filter(|i| *i > start && bytes[*i] == b'/')?;
    let inner = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let from = slash - bytes[start..slash].iter().rev().take(254).take_while(inner).count();
    let name = &text[from..slash];
    let apart = from == start
        || matches!(bytes[from - 1], b' ' | b'(' | b'[' | b'<' | b'=' | b',' | b'"' | b'\'' | b'{');
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    let letters = name.bytes().any(|b| b.is_ascii_alphabetic());
    if !apart || !first || !letters || name.ends_with(['-', '.']) || name.len() > 253 {
        return None;
    }
    let shaped = name == "localhost"
        || name.len() > 3 && name.bytes().any(|b| b.is_ascii_digit() || b == b'-')
        || domain_name(name) && !code(name);
    let protocol = ["tcp", "udp", "http", "ipv", "socks", "inet", "tls", "ssl", "h2"];
    let word = protocol.iter().any(|p| super::context::begins(name, p));
    (shaped && !word).then_some((from, slash))
}

/// Addresses in the name of the thread, `Worker-/192.0.2.1:80`: whom the thread serves.
pub(super) fn in_thread(event: &Event, mut add: impl FnMut(usize, usize)) {
    let text = &*event.text;
    let named = event.fields.iter().take(8).find(|field| event.get(field.name) == "thread");
    let Some(thread) = named.map(|field| field.value) else { return };
    let end = thread.end().min(thread.start as usize + THREAD_MAX);
    let Some(bytes) = text.as_bytes().get(thread.start as usize..end) else { return };
    for slash in memchr::memchr_iter(b'/', bytes).take(4) {
        let from = slash + 1;
        let quad = |b: &&u8| b.is_ascii_digit() || **b == b'.';
        let to = from + bytes[from..].iter().take(16).take_while(quad).count();
        let port =
            bytes.get(to) == Some(&b':') && bytes.get(to + 1).is_some_and(u8::is_ascii_digit);
        if port && is_ipv4(&bytes[from..to]) && !bytes[from..].starts_with(b"0.") {
            add(thread.start as usize + from, thread.start as usize + to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_names() {
        use Dotted::{Domain, Host, Other};
        for (text, expected) in [
            ("Resolved *db-3.lan.example.com to /rack", Host),
            ("Resolved *DB-3.LAN.EXAMPLE.COM to /rack", Host),
            ("node *worker.example reports", Host),
            ("sync with host '*cp-1.pg0.example.us'.", Host),
            ("connected to *files.example", Host),
            ("id *ws-7.corp.example.com:8042, x", Host),
            ("renewing zone *example.com", Domain),
            ("for domain *mail.example.com", Domain),
            ("*example.com", Other),
            ("class *a.b.Net", Other),
            ("*org.example.net", Other),
            ("at *com.example.net", Other),
            ("*spring.cloud.internal", Other),
            ("*settings.app.in", Other),
            ("call *api.server.net()", Other),
            ("load *www.example.com/x", Other),
            ("prop *a_b.c.com", Other),
            ("from *main.py", Other),
            ("moved from *users.old to x", Other),
            ("migrated to *schema.v", Other),
            ("to *app.example.de", Host),
            ("from *gw.internal", Other),
            ("from *gw-1.internal", Host),
            ("from *mail.lan", Host),
            ("server *gw.internal", Host),
            ("x*foo.bar.com", Host),
            ("$*foo.bar.com", Other),
        ] {
            let (head, tail) = text.split_once('*').unwrap();
            let whole = format!("{head}{tail}");
            let inner = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
            let len = tail.find(|c| !inner(c)).unwrap_or(tail.len());
            let span = Span::new(head.len(), head.len() + tail[..len].trim_end_matches('.').len());
            let before = Before::new(whole.as_bytes(), 0, head.len());
            assert_eq!(dotted(&whole, span, &before), expected, "{text}");
        }
    }

    #[test]
    fn names_before_a_slash() {
        for (text, expected) in [
            ("at db-3/192.0.2.1:80", Some("db-3")),
            ("(ws7.example.com/192.0.2.1:80)", Some("ws7.example.com")),
            ("localhost/127.0.0.1:80", Some("localhost")),
            ("tcp/192.0.2.1:80", None),
            ("tcp4/192.0.2.1:80", None),
            ("Chrome/120.0.0.0", None),
            ("/192.0.2.1:80", None),
            ("a/b-1/192.0.2.1:80", None),
            ("0.0.0.0/0.0.0.0:80", None),
            ("-x1-/192.0.2.1:80", None),
            ("ü-1/192.0.2.1:80", None),
        ] {
            let at = text.rfind('/').unwrap() + 1;
            let got = before_slash(text, 0, at).map(|(from, to)| &text[from..to]);
            assert_eq!(got, expected, "{text}");
        }
    }
}

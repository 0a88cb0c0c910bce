//! Origins of web pages, as browsers name them: `https://logs.example:8443`.

use std::net::Ipv6Addr;

/// What messages say.
pub const ALLOWED: &str = "http:// or https://, a host, perhaps a port, and nothing after it";
/// Longest origin, in bytes: a host name has 253.
const BYTES_MAX: usize = 280;

/// An origin in the form that browsers send: lower case, without the port that its scheme has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebOrigin {
    scheme: &'static str,
    host: String,
    port: u16,
}

impl WebOrigin {
    /// Reads one. `*` and `null` are none: they would let every page in.
    pub fn parse(text: &str) -> Option<WebOrigin> {
        let lower = text.trim().to_ascii_lowercase();
        if lower.len() > BYTES_MAX {
            return None;
        }
        let (scheme, rest, port) = match lower.strip_prefix("https://") {
            Some(rest) => ("https", rest, 443),
            None => ("http", lower.strip_prefix("http://")?, 80),
        };
        WebOrigin::of(scheme, rest, port)
    }

    /// From a scheme and what stands in a Host header: `host`, `host:port`, `[::1]:port`.
    pub fn of(scheme: &'static str, authority: &str, default_port: u16) -> Option<WebOrigin> {
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, rest)) => {
                address.parse::<Ipv6Addr>().ok()?;
                (address, rest)
            }
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => port.parse().ok()?,
            None if port.is_empty() => default_port,
            _ => return None,
        };
        let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
        let host = host.to_ascii_lowercase();
        (!host.is_empty() && host.bytes().all(named)).then_some(WebOrigin { scheme, host, port })
    }

    /// Its host, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether host and port are those of `other`, whatever the schemes.
    pub fn same_place(&self, other: &WebOrigin) -> bool {
        self.host == other.host && self.port == other.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_however_it_is_written() {
        let parse = WebOrigin::parse;
        assert_eq!(parse("https://Logs.Example"), parse("https://logs.example:443"));
        assert_eq!(parse("http://[::1]"), parse("http://[::1]:80"));
        assert_eq!(parse("http://[::1]:8080").unwrap().host(), "::1");
        assert_ne!(parse("http://a"), parse("https://a"));
        assert_ne!(parse("http://a"), parse("http://a:8080"));
        let here = WebOrigin::of("http", "localhost:8080", 80).unwrap();
        assert!(parse("http://localhost:8080").unwrap().same_place(&here));
        assert!(!parse("http://localhost:8081").unwrap().same_place(&here));
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "*",
            "null",
            "logs.example",
            "ftp://a",
            "https://",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "https://u@a",
            "https://a b",
            "https://a:",
            "https://a:x",
            "https://a:99999",
            "https://[::1",
            "https://[x]",
            "https://*.example",
            "https://ä",
        ] {
            assert_eq!(WebOrigin::parse(text), None, "{text}");
        }
        assert_eq!(WebOrigin::parse(&format!("https://{}", "a".repeat(300))), None);
    }
}

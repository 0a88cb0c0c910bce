//! The words before a value, and what they say about its part.
//!
//! Cost: a look at no more than some fifty bytes before the value.

use seerflow_model::{Role, Span};

/// Longest word looked at.
const WORD_MAX: usize = 24;
/// Longest name of a host before an address in brackets.
const NAME_MAX: usize = 253;
/// Longest list of proxies between a client and its request, in bytes.
const PROXIES_MAX: usize = 256;
/// Most separators skipped between a word and the value.
const SKIP_MAX: usize = 6;

/// HTTP methods.
const METHODS: [&[u8]; 7] = [b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"PATCH", b"OPTIONS"];

/// The part that the words before a value give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It comes from there.
    Source,
    /// It goes there.
    Destination,
    /// Nothing says so.
    Free,
}

impl Place {
    pub(super) const fn role(self) -> Role {
        match self {
            Place::Source => Role::Src,
            Place::Destination => Role::Dst,
            Place::Free => Role::Object,
        }
    }
}

/// The word before a place in a text, and the one before that.
pub(super) struct Before<'a> {
    word: Word<'a>,
    earlier: Word<'a>,
}

#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a [u8],
    start: usize,
}

impl<'a> Before<'a> {
    /// The words that end before `at`, not before `start`.
    pub(super) fn new(bytes: &'a [u8], start: usize, at: usize) -> Before<'a> {
        let word = word_before(bytes, start, bracketed(bytes, start, at));
        Before { word, earlier: word_before(bytes, start, word.start) }
    }

    /// Whether the word is one of these (lower case).
    pub(super) fn is(&self, words: &[&str]) -> bool {
        self.word.is(words)
    }

    /// What the words say about an address.
    pub(super) fn place(&self) -> Place {
        const FILLERS: [&str; 10] =
            ["ip", "address", "addr", "host", "ipaddr", "node", "the", "is", "tcp", "udp"];
        // `connection request 192.0.2.1`: it is the one who asks.
        if self.is(&["request", "attempt"]) && self.earlier.is(&["connection", "connect"]) {
            return Place::Source;
        }
        match self.word.place() {
            Place::Free if self.word.is(&FILLERS) => self.earlier.place(),
            place => place,
        }
    }

    /// Whether the word can only be followed by who acts.
    pub(super) fn names_an_actor(&self) -> bool {
        self.is(&[
            "user",
            "for",
            "by",
            "login",
            "logon",
            "account",
            "username",
            "principal",
            "member",
            "identity",
            "acct",
        ])
    }

    /// Whether the word speaks of mail.
    pub(super) fn names_mail(&self) -> bool {
        self.is(&[
            "from",
            "to",
            "cc",
            "bcc",
            "sender",
            "recipient",
            "rcpt",
            "mail",
            "email",
            "mailto",
        ])
    }

    /// Whether the word says that hexadecimal digits are the hash of a file.
    pub(super) fn names_a_hash(&self) -> bool {
        self.is(&[
            "md5", "sha1", "sha-1", "sha256", "sha-256", "sha512", "hash", "checksum", "digest",
        ])
    }

    /// Whether the word is an HTTP method.
    pub(super) fn is_http_method(&self) -> bool {
        METHODS.contains(&self.word.text)
    }

    /// Whether the word names a program or a version, so that `1.2.3.4` after it is a version.
    pub(super) fn names_a_product(&self) -> bool {
        const WORDS: [&str; 36] = [
            "version", "ver", "v", "release", "rev", "revision", "build", "patch", "driver",
            "bios", "kernel", "linux", "firmware", "openssl", "openssh", "nginx", "apache",
            "httpd", "php", "python", "java", "jdk", "jre", "chrome", "chromium", "firefox",
            "safari", "edge", "opera", "mozilla", "curl", "sdk", "syslogd", "rsyslogd", "named",
            "package",
        ];
        // `OpenSSL`, `MySQL`, `LibreSSL`: a capital after a small letter is a product's name.
        let mixed = self
            .word
            .text
            .windows(2)
            .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        mixed || self.is(&WORDS)
    }

    /// Whether nothing is glued to the front of a dotted quad. `name/1.2.3.4` is an address only
    /// with a port: otherwise it is a product and its version.
    pub(super) fn is_free(&self, bytes: &[u8], whole: Span, port: bool) -> bool {
        let at = whole.start as usize;
        let at = if bytes.get(at) == Some(&b'/') { at } else { at.wrapping_sub(1) };
        let Some(glued) = bytes.get(at) else { return true };
        match glued {
            b'/' => {
                let named = at.checked_sub(1).is_some_and(|i| bytes[i].is_ascii_alphanumeric());
                !named || port || bytes.get(whole.end()) == Some(&b':')
            }
            b':' => !tags(&bytes[..at]),
            b'.' | b'-' | b'_' | b'+' | b'~' | b'^' => false,
            other => !other.is_ascii_alphanumeric(),
        }
    }
}

/// Whether what ends here is the path of an image, as in `team/app:1.2.3.4`: a tag follows.
fn tags(before: &[u8]) -> bool {
    let inner = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let name = before.iter().rev().take(NAME_MAX).take_while(inner).count();
    let rest = &before[..before.len() - name];
    name > 0 && matches!(rest, [.., a, b'/'] if a.is_ascii_alphanumeric())
}

impl Word<'_> {
    fn is(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.eq_ignore_ascii_case(word.as_bytes()))
    }

    fn place(&self) -> Place {
        const FROM: [&str; 14] = [
            "from",
            "client",
            "peer",
            "remote",
            "rhost",
            "src",
            "source",
            "saddr",
            "rip",
            "sender",
            "origin",
            "attacker",
            "by",
            "requester",
        ];
        const TO: [&str; 12] = [
            "to",
            "dst",
            "dest",
            "destination",
            "daddr",
            "server",
            "upstream",
            "connecting",
            "connect",
            "toward",
            "towards",
            "dial",
        ];
        if self.is(&FROM) {
            Place::Source
        } else if self.is(&TO) {
            Place::Destination
        } else {
            Place::Free
        }
    }
}

/// Where the name in `name[address]` begins: mail programs write a client so.
fn bracketed(bytes: &[u8], start: usize, at: usize) -> usize {
    if at < start + 2 || bytes[at - 1] != b'[' {
        return at;
    }
    let inner = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let name = bytes[start..at - 1].iter().rev().take(NAME_MAX).take_while(inner).count();
    if name == 0 { at } else { at - 1 - name }
}

fn word_before(bytes: &[u8], start: usize, at: usize) -> Word<'_> {
    let mut end = at;
    let separator =
        |b: u8| matches!(b, b' ' | b'\t' | b'[' | b'(' | b'<' | b'"' | b'\'' | b'/' | b'=' | b':');
    while end > start && at - end < SKIP_MAX && separator(bytes[end - 1]) {
        end -= 1;
    }
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let mut begin = end;
    while begin > start && end - begin < WORD_MAX && inner(bytes[begin - 1]) {
        begin -= 1;
    }
    Word { text: &bytes[begin..end], start: begin }
}

/// Whether a message goes on, after a name, with logging in or out.
pub(super) fn logs_in(rest: &[u8]) -> bool {
    let words: [&[u8]; 5] =
        [b" logged ", b" signed ", b" authenticated", b" logs ", b" has logged "];
    words.iter().any(|word| rest.starts_with(word))
}

/// Whether a request line follows an address, perhaps after those of proxies:
/// `192.0.2.1 "GET /x`, `192.0.2.1,192.0.2.2 "GET /x`.
pub(super) fn asks(rest: &[u8]) -> bool {
    let proxy = |b: &&u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b',' | b' ');
    let proxies = match rest.first() {
        Some(b',') => rest.iter().take(PROXIES_MAX).take_while(proxy).count().saturating_sub(1),
        _ => 0,
    };
    rest[proxies..].strip_prefix(b" \"").is_some_and(|line| {
        let methods = METHODS.iter().filter_map(|method| line.strip_prefix(*method));
        methods.into_iter().any(|tail| tail.first() == Some(&b' '))
    })
}

/// Whether a text begins with an ASCII word, in any case.
pub(super) fn begins(text: &str, word: &str) -> bool {
    text.as_bytes().get(..word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word.as_bytes()))
}

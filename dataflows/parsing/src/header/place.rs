//! Names and places in code, as loggers write them: loggers, source files with lines, threads with
//! class and line. Pure looks at one word or the inside of one bracket.

use crate::time::at;

/// Endings of source files. A word before a colon and a number is a place in code only with one of
/// them: `web.example.com:8080` is none.
const SOURCES: [&str; 30] = [
    "java", "kt", "scala", "groovy", "clj", "py", "pyx", "go", "rs", "c", "cc", "cpp", "cxx", "h",
    "hpp", "cs", "vb", "fs", "js", "mjs", "ts", "rb", "php", "pl", "pm", "swift", "m", "lua",
    "erl", "ex",
];
/// Most digits of a line number.
const LINE_DIGITS: usize = 7;

/// `Server.java:123`: length of the file's name; the number follows the colon.
pub(super) fn file_line(text: &str) -> Option<usize> {
    let (file, line) = text.rsplit_once(':')?;
    let (_, ending) = file.rsplit_once('.')?;
    let clean = file.bytes().all(|c| c.is_ascii_graphic() && !matches!(c, b'"' | b'(' | b'['));
    (is_line(line) && clean && SOURCES.contains(&ending)).then_some(file.len())
}

/// `thread:Class@123`: where the class begins and where it ends. The thread may hold colons of its
/// own, so the class begins after the last one.
pub(super) fn class_line(text: &str) -> Option<(usize, usize)> {
    let (left, line) = text.rsplit_once('@')?;
    let start = left.rfind(':').map_or(0, |colon| colon + 1);
    (is_line(line) && is_name(&left.as_bytes()[start..])).then_some((start, left.len()))
}

/// Digits of a line number.
pub(super) fn is_line(text: &str) -> bool {
    (1..=LINE_DIGITS).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit())
}

/// A name of a module or class: words of letters, digits, `_` and `$`, joined with dots.
pub(super) fn is_name(word: &[u8]) -> bool {
    let mut fresh = true;
    for &c in word {
        let letter = c.is_ascii_alphabetic() || matches!(c, b'_' | b'$');
        if !letter && (fresh || !c.is_ascii_digit() && c != b'.') {
            return false;
        }
        fresh = c == b'.';
    }
    !fresh
}

/// A name with a dot: what only loggers are called.
pub(super) fn is_logger(word: &[u8]) -> bool {
    memchr::memchr(b'.', word).is_some() && is_name(word)
}

/// `org.example.server.Server.start`, `org.example.Server`: two dots, and a later part that is
/// written like a class.
pub(super) fn is_class(word: &[u8]) -> bool {
    let mut dots = 0;
    let mut class = false;
    for (n, &c) in word.iter().enumerate() {
        dots += usize::from(c == b'.');
        class |= c == b'.' && at(word, n + 1).is_ascii_uppercase();
    }
    dots >= 2 && class && is_name(word)
}

/// Where the last part of a dotted name begins.
pub(super) fn last_part(word: &[u8]) -> usize {
    memchr::memrchr(b'.', word).map_or(0, |dot| dot + 1)
}

/// 32 or 16 hexadecimal digits, as trace and span ids are written.
pub(super) fn is_trace(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_lines() {
        for (text, length) in [
            ("Server.java:123", Some(11)),
            ("server/main.go:12", Some(14)),
            ("C:\\src\\x.cs:7", Some(11)),
            ("web.example.com:8080", None),
            ("Server.java", None),
            ("Server.java:", None),
            (".java:1x", None),
            ("a b.java:1", None),
            ("x.java:12345678", None),
            ("", None),
        ] {
            assert_eq!(file_line(text), length, "{text}");
        }
    }

    #[test]
    fn classes_and_lines() {
        let split = |text: &'static str| {
            class_line(text).map(|(from, to)| (&text[..from.saturating_sub(1)], &text[from..to]))
        };
        assert_eq!(split("main:Peer@12"), Some(("main", "Peer")));
        assert_eq!(
            split("Peer[id=1]/0:0:0:2181:a.B$C@7"),
            Some(("Peer[id=1]/0:0:0:2181", "a.B$C"))
        );
        assert_eq!(split("Peer@7"), Some(("", "Peer")));
        for text in ["bob@corp", "bob@", "a:1@2", "a:b c@2", "@2", "a:@2", ""] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_loggers() {
        for name in ["a.b", "org.example.Server$Inner", "_x.y1", "scrapy.core.engine"] {
            assert!(is_logger(name.as_bytes()), "{name}");
        }
        for name in
            ["a", ".a", "a.", "a..b", "1.a", "a.1", "10.0.0.1", "a-b.c", "a b.c", "", "a.b:c"]
        {
            assert!(!is_logger(name.as_bytes()), "{name}");
        }
        assert!(is_class(b"org.example.Server.start") && !is_class(b"www.example.com"));
        assert_eq!((last_part(b"a.b.run"), last_part(b"run")), (4, 0));
    }
}

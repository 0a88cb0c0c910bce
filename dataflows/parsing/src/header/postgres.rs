//! The server log of Postgres: whatever `log_line_prefix` puts before `LOG:  message`.
//!
//! The prefix is free, so its parts are told by their form: `[pid]`, `[pid-line]`, `user@db`,
//! `host(port)`, `key=value`, a session id, an SQLSTATE. Two blanks after the severity's colon, and
//! a part that only Postgres writes, make the format certain. The words for parts of a report
//! (`DETAIL`, `STATEMENT` …) are no levels and stay in the message. Cost: one pass over the prefix,
//! of which at most 256 bytes are looked at.

use super::draft::{Draft, Line};
use crate::time::at;
use seerflow_model::Severity;

/// Longest prefix between the time and the severity.
const PREFIX_MAX: usize = 256;

/// Where the word before `:  ` stands, and what it says.
struct Mark {
    word: usize,
    end: usize,
    severity: Option<Severity>,
}

fn mark(b: &[u8], from: usize) -> Option<Mark> {
    let window = b.get(from..b.len().min(from + PREFIX_MAX))?;
    for colon in memchr::memchr_iter(b':', window).map(|n| from + n) {
        if at(b, colon + 1) != b' ' || at(b, colon + 2) != b' ' {
            continue;
        }
        let length = b[from..colon].iter().rev().take_while(|c| c.is_ascii_alphanumeric()).count();
        let word = colon - length;
        if !matches!(b.get(word.wrapping_sub(1)), Some(b' ' | b':' | b']' | b'|' | b',' | b'>')) {
            continue;
        }
        let severity = match &b[word..colon] {
            b"LOG" | b"INFO" => Some(Severity::Informational),
            b"NOTICE" => Some(Severity::Notice),
            b"WARNING" => Some(Severity::Warning),
            b"ERROR" => Some(Severity::Error),
            b"FATAL" | b"PANIC" => Some(Severity::Fatal),
            b"DEBUG" | b"DEBUG1" | b"DEBUG2" | b"DEBUG3" | b"DEBUG4" | b"DEBUG5" => {
                Some(Severity::Trace)
            }
            b"DETAIL" | b"HINT" | b"CONTEXT" | b"STATEMENT" | b"QUERY" | b"LOCATION" => None,
            _ => continue,
        };
        return Some(Mark { word, end: colon + 1, severity });
    }
    None
}

pub(super) fn opens(line: Line<'_>, time_end: usize) -> bool {
    let b = line.bytes();
    let Some(mark) = mark(b, time_end) else { return false };
    if mark.word <= time_end + 1 && !b[mark.word..].starts_with(b"LOG") {
        return false;
    }
    let mut parts = Parts { line, draft: None, certain: false, client: false };
    parts.read(time_end, mark.word)
}

/// Reads what follows the time; `false` when it is not of this format.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, time_end: usize) -> bool {
    let b = line.bytes();
    let Some(mark) = mark(b, time_end) else { return false };
    draft.program = draft.add("postgres");
    draft.severity = Some(mark.severity.unwrap_or(Severity::Informational));
    let start = if mark.severity.is_some() { mark.end + 2 } else { mark.word };
    draft.message = line.span(start, b.len());
    Parts { line, draft: Some(draft), certain: false, client: false }.read(time_end, mark.word)
}

/// The parts of a prefix; without a draft they are only looked at.
struct Parts<'a, 'd> {
    line: Line<'a>,
    draft: Option<&'d mut Draft>,
    /// Whether something was met that only this format has.
    certain: bool,
    /// Whether an address was met.
    client: bool,
}

impl Parts<'_, '_> {
    /// Reads the prefix; whether it is one.
    fn read(&mut self, from: usize, to: usize) -> bool {
        let b = self.line.bytes();
        let mut i = from;
        let mut words = 0;
        while i < to {
            if matches!(b[i], b' ' | b',' | b':' | b';' | b'|' | b'-' | b'\t') {
                i += 1;
                continue;
            }
            let end = self.end_of(i, to);
            if !self.line.text.is_char_boundary(i) || !self.line.text.is_char_boundary(end) {
                return false;
            }
            words += usize::from(!self.part(i, end));
            i = end;
        }
        self.certain && words <= 2 || from + 1 >= to
    }

    /// Where a part ends: at its closing bracket, its comma, or the next blank.
    fn end_of(&self, i: usize, to: usize) -> usize {
        let rest = &self.line.bytes()[i..to];
        if rest[0] == b'['
            && let Some(close) = memchr::memchr(b']', rest)
        {
            return i + close + 1;
        }
        let blank = rest.iter().position(|c| matches!(c, b' ' | b'\t' | b',')).unwrap_or(to - i);
        if let Some(equals) = memchr::memchr(b'=', &rest[..blank]) {
            // A value may hold blanks when a comma ends it.
            let comma = memchr::memchr(b',', &rest[equals..]).map(|n| equals + n);
            return i + comma.unwrap_or(blank);
        }
        // `192.0.2.7(4711):bob@shop:[12]:`.
        let port = memchr::memmem::find(&rest[..blank], b"):").map(|n| n + 1);
        let open = memchr::memmem::find(&rest[..blank], b":[");
        i + port.unwrap_or(blank).min(open.unwrap_or(blank))
    }

    /// Takes a part; whether its form says what it is.
    fn part(&mut self, from: usize, to: usize) -> bool {
        let text = &self.line.text[from..to];
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        if let Some(inside) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            let (pid, number) = inside.split_once('-').unwrap_or((inside, ""));
            if !digits(pid) {
                return self.address(from + 1, inside) || self.who(from + 1, inside);
            }
            self.certain = true;
            if number.is_empty() || self.draft.as_ref().is_none_or(|d| d.pid.is_empty()) {
                self.pid(from + 1, pid);
            }
            if digits(number) {
                self.keep("session_line", from + 2 + pid.len(), number);
            }
            return true;
        }
        if let Some((key, value)) = text.split_once('=') {
            return self.pair(key, from + key.len() + 1, value);
        }
        let known = self.draft.as_ref().is_some_and(|draft| !draft.pid.is_empty());
        if digits(text) && !(known && text.len() == 5) {
            self.pid(from, text);
            return true;
        }
        let session = text.split_once('.').is_some_and(|(time, pid)| {
            let hex = |t: &str| !t.is_empty() && t.bytes().all(|c| c.is_ascii_hexdigit());
            time.len() == 8 && hex(time) && hex(pid)
        });
        if session {
            self.certain = true;
            self.keep("session_id", from, text);
            return true;
        }
        if text.len() == 5
            && text.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
            && text.bytes().any(|c| c.is_ascii_digit())
        {
            self.keep("sqlstate", from, text);
            return true;
        }
        self.address(from, text) || self.who(from, text)
    }

    /// `user=bob`, `db=shop`, `app=psql`, `client=192.0.2.7`.
    fn pair(&mut self, key: &str, from: usize, value: &str) -> bool {
        let name = match key {
            "user" | "usr" | "u" => "user.name",
            "db" | "database" | "d" => "db.name",
            "app" | "application" | "a" => "application",
            "client" | "host" | "h" | "r" | "remote" => {
                self.certain |= self.address(from, value);
                return true;
            }
            _ => return false,
        };
        self.certain = true;
        if value != "[unknown]" {
            self.keep(name, from, value);
        }
        true
    }

    /// `bob@shop`.
    fn who(&mut self, from: usize, text: &str) -> bool {
        let text = text.trim_end_matches(':');
        let Some((user, database)) = text.rsplit_once('@') else { return false };
        self.certain = true;
        if user != "[unknown]" {
            self.keep("user.name", from, user);
        }
        if database != "[unknown]" {
            self.keep("db.name", from + user.len() + 1, database);
        }
        true
    }

    /// `192.0.2.7`, `192.0.2.7(4711)`, `[local]`.
    fn address(&mut self, from: usize, text: &str) -> bool {
        if text == "local" || text == "[local]" {
            return true;
        }
        let (address, port) = match text.strip_suffix(')').and_then(|t| t.split_once('(')) {
            Some((address, port)) => (address, port),
            None => (text, ""),
        };
        if address.parse::<std::net::IpAddr>().is_err() {
            return false;
        }
        self.certain |= !port.is_empty();
        if std::mem::replace(&mut self.client, true) {
            // The application's name is the client's own text: of two addresses none is believed.
            self.forget_client();
            return true;
        }
        self.keep("source.ip", from, address);
        self.keep("source.port", from + address.len() + 1, port);
        true
    }

    fn forget_client(&mut self) {
        let text = self.line.text;
        let Some(draft) = &mut self.draft else { return };
        let source = |draft: &Draft, name| draft.get(text, name).starts_with("source.");
        let kept: Vec<_> =
            draft.fields.iter().filter(|f| !source(draft, f.name)).copied().collect();
        draft.fields = kept;
    }

    fn pid(&mut self, from: usize, digits: &str) {
        if let Some(draft) = &mut self.draft
            && draft.pid.is_empty()
        {
            draft.pid = self.line.span(from, from + digits.len());
        }
    }

    fn keep(&mut self, name: &str, from: usize, value: &str) {
        if let Some(draft) = &mut self.draft {
            draft.named(name, self.line.span(from, from + value.len()));
        }
    }
}

//! Events of the Linux audit system: one record, or the records of one event joined at the edge.
//!
//! The pairs of all records become fields under their own names; strings that the kernel wrote as
//! hexadecimal digits are decoded. What helps every reader is added: `SYSCALL` (the name of the
//! call), for a program that was started `CommandLine` (from the arguments of EXECVE), `Image` and
//! `CurrentDirectory`, for a socket `laddr` and `lport`; an id that is not set reads `unset`.
//! `a0`–`a3` of a system call are named `SYSCALL.a0` and so on when EXECVE gives the arguments.
//!
//! The message is a summary, `SYSCALL execve success exe=/usr/bin/id`: type, call or operation,
//! result, and the program or unit. Events of one kind are so one template, whatever their records
//! say. Bounds: [`ARGS_MAX`] arguments, 256 fields. Cost: one pass.

use super::auditd_event::{complete, summarise};
use super::auditd_names::record_type;
use super::auditd_values::{Form, Pair, bytes_of, each, socket};
use super::draft::{Draft, Line};
use super::object::text;
use memchr::memmem;
use seerflow_model::{Format, Span, text as bytes};

/// Most arguments of a command line.
const ARGS_MAX: usize = 128;
/// Within so many bytes of a line stands what a record begins with.
const HEAD_MAX: usize = 320;
/// Longest time and serial, `1700000000.123:456`.
const STAMP_MAX: usize = 48;

/// Strings that may be written as hexadecimal digits.
const STRINGS: [&str; 14] = [
    "proctitle",
    "comm",
    "exe",
    "name",
    "cwd",
    "acct",
    "cmd",
    "data",
    "dir",
    "path",
    "file",
    "key",
    "ocomm",
    "vm",
];

/// What a reading keeps until all records are read.
#[derive(Default)]
pub(super) struct Seen {
    records: usize,
    pub(super) kind: Span,
    /// Whether the arguments of a program that was started are in the event.
    starts: bool,
    /// Arguments; whether one goes on where the one before it was cut.
    pub(super) args: Vec<(Span, bool)>,
    pub(super) arch: Span,
    pub(super) call: Span,
    pub(super) decision: Span,
    pub(super) permission: Span,
}

/// Whether the time of a line is that of an audit record.
pub(super) fn stamped(b: &[u8], time: (usize, usize)) -> bool {
    b[..time.0].ends_with(b"audit(") && b.get(time.1) == Some(&b':')
}

/// Reads the audit records in the message of a syslog line, if it holds any.
pub(super) fn inside(draft: &mut Draft, line: Line<'_>) {
    let message = text(draft, line, draft.message);
    // The kernel writes the seconds since it started before its messages.
    let rest = match message.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((_, rest)) => rest,
        None => message,
    };
    let begins = ["type=", "node=", "audit: type=", "audit("].iter().any(|s| rest.starts_with(s));
    // `audit(…): initialized` is a word of the kernel, not a record of its audit system.
    if begins && rest.contains("type=") && stamp(message).is_some() {
        read(draft, line);
    }
}

/// Where `audit(time:serial):` stands in a line: its beginning and its end.
fn stamp(line: &str) -> Option<(usize, usize)> {
    let b = line.as_bytes();
    let from = memmem::find(&b[..b.len().min(HEAD_MAX)], b"audit(")?;
    let inner = from + 6;
    let close = inner + memchr::memchr(b')', &b[inner..b.len().min(inner + STAMP_MAX)])?;
    let sound = b[inner..close].iter().all(|c| c.is_ascii_digit() || matches!(c, b'.' | b':'));
    (sound && b[inner..close].contains(&b':')).then_some((from, close + 1))
}

/// Reads the records of one event; `false` when the line holds none.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) -> bool {
    let whole = line.text.as_bytes();
    let starts =
        ["type=EXECVE", "type=1309"].iter().any(|s| memmem::find(whole, s.as_bytes()).is_some());
    let mut seen = Seen { starts, ..Seen::default() };
    let mut at = 0;
    for piece in line.text.split('\n') {
        record(draft, line, (at, at + piece.len()), &mut seen);
        at += piece.len() + 1;
    }
    if seen.records == 0 {
        return false;
    }
    draft.format = Format::Auditd;
    complete(draft, line, &seen);
    summarise(draft, line, &seen);
    true
}

/// Reads one record: `type=T msg=audit(…): pairs`, perhaps after `node=` and a syslog header.
fn record(draft: &mut Draft, line: Line<'_>, (from, to): (usize, usize), seen: &mut Seen) {
    let piece = &line.text[from..to];
    let Some((head, mut body)) = stamp(piece) else { return };
    body += usize::from(piece.as_bytes().get(body) == Some(&b':'));
    let word = |key: &str| {
        let start = memmem::rfind(&piece.as_bytes()[..head], key.as_bytes())? + key.len();
        let rest = &piece.as_bytes()[start..head];
        let len = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        Some((start, start + len))
    };
    let mut kind = "";
    if let Some((start, end)) = word("type=") {
        let mut span = line.span(from + start, from + end);
        kind = &piece[start..end];
        if let Some(name) = record_type(kind) {
            (kind, span) = (name, draft.add(name));
        }
        draft.named("type", span);
        if seen.records == 0 {
            seen.kind = span;
        }
    }
    if let Some((start, end)) = word("node=").filter(|_| draft.host.is_empty() || seen.records == 0)
    {
        draft.host = line.span(from + start, from + end);
    }
    seen.records += 1;
    verdict(line, (from + body, to), seen);
    pairs(draft, line, (from + body, to), kind, seen, true);
}

/// `avc:  denied  { read } for …`.
fn verdict(line: Line<'_>, (from, to): (usize, usize), seen: &mut Seen) {
    let body = &line.text[from..to];
    let Some(rest) = body.trim_start().strip_prefix("avc:") else { return };
    let at = to - rest.trim_start().len();
    let word = line.text[at..to].bytes().take_while(u8::is_ascii_alphabetic).count();
    seen.decision = line.span(at, at + word);
    let inner = |open: usize| {
        let close = open + memchr::memchr(b'}', &line.text.as_bytes()[open..to])?;
        let inside = &line.text[open + 1..close];
        let start = close - inside.trim_start().len();
        Some(line.span(start, start + inside.trim().len()))
    };
    let open = memchr::memchr(b'{', &line.text.as_bytes()[at..to]).map(|n| at + n);
    seen.permission = open.and_then(inner).unwrap_or_default();
}

fn pairs(
    draft: &mut Draft,
    line: Line<'_>,
    (from, to): (usize, usize),
    kind: &str,
    seen: &mut Seen,
    outer: bool,
) {
    each(line.text, from, to, |pair| match pair.form {
        Form::Nested if outer => pairs(draft, line, pair.value, kind, seen, false),
        _ => keep(draft, line, pair, kind, seen),
    });
}

/// Makes a pair a field.
fn keep(draft: &mut Draft, line: Line<'_>, pair: Pair, kind: &str, seen: &mut Seen) {
    let key = &line.text[pair.key.0..pair.key.1];
    let written = &line.text[pair.value.0..pair.value.1];
    if written.is_empty() || written == "(null)" {
        return;
    }
    let (mut name, mut value) =
        (line.span(pair.key.0, pair.key.1), line.span(pair.value.0, pair.value.1));
    let argument = kind == "EXECVE" && argument(key);
    if pair.form == Form::Bare {
        if (argument || STRINGS.contains(&key))
            && let Some(decoded) = bytes_of(written)
        {
            let apart: Vec<u8> =
                decoded.into_iter().map(|b| if b == 0 { b' ' } else { b }).collect();
            value = draft.add(bytes::decode(&apart).trim_end());
        } else if matches!(written, "4294967295" | "-1") && identity(key) {
            value = draft.add("unset");
        } else if key == "saddr"
            && let Some((ip, port)) = socket(written)
        {
            let (ip, port) = (draft.add(&ip.to_string()), draft.add(&port.to_string()));
            draft.named("laddr", ip);
            draft.named("lport", port);
        }
    }
    match key {
        "syscall" => seen.call = value,
        "arch" => seen.arch = value,
        "a0" | "a1" | "a2" | "a3" if kind == "SYSCALL" && seen.starts => {
            name = draft.add("SYSCALL.");
            draft.tail.push_str(key);
            name = Span::new(name.start as usize, draft.tail_end());
        }
        _ => {}
    }
    if argument && seen.args.len() < ARGS_MAX {
        let goes_on = key.ends_with(']') && !key.ends_with("[0]");
        seen.args.push((value, goes_on));
    }
    draft.field(name, value);
}

/// `a0`, `a12`, `a1[0]`, but not `argc` and `a1_len`.
fn argument(key: &str) -> bool {
    let digits = key.strip_prefix('a').unwrap_or_default().split('[').next().unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a number under this key is the id of a user, group or session.
fn identity(key: &str) -> bool {
    key.ends_with("uid") || key.ends_with("gid") || key.ends_with("ses")
}

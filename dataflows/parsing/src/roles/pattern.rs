//! A role rule's pattern: literal words and named, typed holes, matched from the start.
//!
//! `Failed {method} for invalid user {actor:user} from {src:ip} port {port}` has these holes:
//! * `{name}`: one word, perhaps empty, that says nothing;
//! * `{...}`: any text up to the first place where the next literal stands;
//! * `{*}`: any text up to the *last* place from which the rest fits;
//! * `{role:type}`: a value. A user may hold spaces and reaches as far as `{*}` does, because what
//!   a client sends as its name may imitate the rest of the line; other types are one word, and so
//!   is an `account`, a user whose name no client chose. An address that is none fails the pattern;
//!   any other bad value is only left out.
//!
//! What follows the pattern in the message is free. Cost: linear in the message, no allocation.
//! Bounds: [`REACH_MAX`] bytes a hole, [`TRIES_MAX`] places for each of at most two far holes.

use super::collect::role_and_type;
use super::value::{self, Read, Trust, Value, ValueType};
use memchr::{memchr, memrchr};
use seerflow_model::{EntityType, Role};
use smallvec::SmallVec;

/// Longest text one hole may cover.
const REACH_MAX: usize = 2048;
/// Most places a far hole tries to end at.
const TRIES_MAX: usize = 8;
/// Most far holes of one pattern: with more of them tries would multiply.
const FAR_MAX: usize = 2;

/// What a match captured.
pub(super) type Captures = SmallVec<[Capture; 8]>;

/// One captured thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    /// An entity with its role.
    Entity(Role, Value),
    /// An HTTP status.
    Status(u16),
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    segments: Box<[Segment]>,
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(Box<str>),
    Hole(Reach, Option<(Role, ValueType)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Word,
    Near,
    Far,
}

impl Pattern {
    /// Compiles a pattern; the error says what is wrong with it.
    pub(super) fn compile(text: &str) -> Result<Pattern, String> {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let open = rest.find('{').unwrap_or(rest.len());
            if open > 0 {
                segments.push(Segment::Literal(rest[..open].into()));
                rest = &rest[open..];
                continue;
            }
            let close = rest.find('}').ok_or("a `{` has no `}`")?;
            if matches!(segments.last(), Some(Segment::Hole(..))) {
                return Err("two holes need text between them".into());
            }
            segments.push(hole(&rest[1..close])?);
            rest = &rest[close + 1..];
        }
        let far = |s: &&Segment| matches!(s, Segment::Hole(Reach::Far, _));
        match segments.iter().filter(far).count() {
            _ if segments.is_empty() => Err("the pattern is empty".into()),
            n if n > FAR_MAX => Err(format!("more than {FAR_MAX} holes that may hold spaces")),
            _ => Ok(Pattern { segments: segments.into() }),
        }
    }

    /// The literal it begins with, empty when it begins with a hole.
    pub(super) fn lead(&self) -> &str {
        match &self.segments[0] {
            Segment::Literal(text) => text,
            Segment::Hole(..) => "",
        }
    }

    /// Whether it begins with an address.
    pub(super) fn leads_with_address(&self) -> bool {
        use ValueType::{Address, Of};
        matches!(self.segments[0], Segment::Hole(_, Some((_, Of(EntityType::Ip) | Address))))
    }

    /// Matches `text[start..]` from its start. Gives where the match ends; `captures` then holds
    /// what the holes cover, with spans in `text`.
    pub(super) fn matches(
        &self,
        text: &str,
        start: usize,
        captures: &mut Captures,
    ) -> Option<usize> {
        captures.clear();
        run(&self.segments, text, start, captures)
    }
}

fn hole(inside: &str) -> Result<Segment, String> {
    let (reach, takes) = match inside {
        "..." => (Reach::Near, None),
        "*" => (Reach::Far, None),
        _ if inside.contains(':') => {
            let account = inside.strip_suffix(":account").map(|role| format!("{role}:user"));
            let (role, kind) = role_and_type(account.as_deref().unwrap_or(inside))
                .ok_or_else(|| format!("`{{{inside}}}` is no role:type"))?;
            let far = kind == ValueType::Of(EntityType::User) && account.is_none();
            (if far { Reach::Far } else { Reach::Word }, Some((role, kind)))
        }
        _ if !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
            (Reach::Word, None)
        }
        _ => return Err(format!("`{{{inside}}}` is no hole")),
    };
    Ok(Segment::Hole(reach, takes))
}

fn run(segments: &[Segment], text: &str, at: usize, captures: &mut Captures) -> Option<usize> {
    let Some((first, rest)) = segments.split_first() else { return Some(at) };
    let (reach, takes) = match first {
        Segment::Literal(literal) => {
            let fits = text.as_bytes()[at..].starts_with(literal.as_bytes());
            return if fits { run(rest, text, at + literal.len(), captures) } else { None };
        }
        Segment::Hole(reach, takes) => (*reach, *takes),
    };
    let Some(Segment::Literal(next)) = rest.first() else {
        let end = if reach == Reach::Word || takes.is_some() { word(text, at) } else { text.len() };
        return take(takes, text, at, end, captures).then_some(end);
    };
    let next = next.as_bytes();
    let window = &text.as_bytes()[at..text.len().min(at + REACH_MAX + next.len())];
    if reach != Reach::Far {
        let end = at + find(window, next)?;
        if reach == Reach::Word && text.as_bytes()[at..end].iter().any(u8::is_ascii_whitespace) {
            return None;
        }
        if !take(takes, text, at, end, captures) {
            return None;
        }
        return run(rest, text, end, captures);
    }
    let mut limit = window.len();
    for _ in 0..TRIES_MAX {
        let found = rfind(&window[..limit], next)?;
        let kept = captures.len();
        if take(takes, text, at, at + found, captures)
            && let Some(end) = run(rest, text, at + found, captures)
        {
            return Some(end);
        }
        captures.truncate(kept);
        limit = found + next.len() - 1;
    }
    None
}

/// Captures what a hole covers; `false` when it cannot be what the hole says.
fn take(
    takes: Option<(Role, ValueType)>,
    text: &str,
    start: usize,
    end: usize,
    captures: &mut Captures,
) -> bool {
    let Some((role, kind)) = takes else { return true };
    if kind == ValueType::Status {
        let status = text[start..end].parse().ok().filter(|s| (100..600).contains(s));
        captures.extend(status.map(Capture::Status));
        return status.is_some();
    }
    match value::read(kind, text, start, end, Trust::Rule) {
        Read::Some(value) => captures.push(Capture::Entity(role, value)),
        Read::Nothing => {}
        Read::Wrong => return !matches!(kind, ValueType::Of(EntityType::Ip) | ValueType::Address),
    }
    true
}

fn word(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    at + rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len())
}

fn find(window: &[u8], literal: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(literal[0], &window[from..])?;
        if window[at..].starts_with(literal) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn rfind(window: &[u8], literal: &[u8]) -> Option<usize> {
    let mut limit = window.len();
    loop {
        let at = memrchr(literal[0], &window[..limit])?;
        if window[at..].starts_with(literal) {
            return Some(at);
        }
        limit = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pattern: &str, text: &str) -> Option<String> {
        let mut captures = Captures::new();
        let end = Pattern::compile(pattern).unwrap().matches(text, 0, &mut captures)?;
        let show = |c: &Capture| match c {
            Capture::Entity(role, v) => format!("{}={} ", role.name(), v.value.of(text)),
            Capture::Status(status) => format!("{status} "),
        };
        Some(captures.iter().map(show).collect::<String>() + &text[end..])
    }

    #[test]
    fn holes_cover_what_they_say() {
        for (pattern, text, expected) in [
            ("a {x} b", "a 1 b", Some("")),
            ("a {x} b", "a 1 2 b", None),
            ("a {...} b", "a 1 2 b 3 b", Some(" 3 b")),
            ("a {*} b", "a 1 2 b 3 b!", Some("!")),
            ("for {actor:user} from {src:ip}", "for x from 1.2.3.4", Some("actor=x src=1.2.3.4 ")),
            (
                "for {actor:user} from {src:ip} port",
                "for x from 6.6.6.6 port 1 ssh2 from 1.2.3.4 port 2",
                Some("actor=x from 6.6.6.6 port 1 ssh2 src=1.2.3.4  2"),
            ),
            ("for {actor:user} from {src:ip}", "for  from 1.2.3.4", Some("src=1.2.3.4 ")),
            ("from {src:ip}", "from nobody", None),
            ("from {src:addr}:", "from host-1: x", Some("src=host-1  x")),
            (
                "{src:ip} \"{...}\" {actor:status}",
                "1.2.3.4 \"x\" 404 -",
                Some("src=1.2.3.4 404  -"),
            ),
            ("[{src:ip}]:{port} x", "[2001:db8::1]:22 x", Some("src=2001:db8::1 ")),
        ] {
            assert_eq!(shown(pattern, text).as_deref(), expected, "{pattern} | {text}");
        }
    }

    #[test]
    fn bad_patterns_say_why() {
        for (pattern, why) in [
            ("", "empty"),
            ("a {b", "no `}`"),
            ("{a}{b}", "text between"),
            ("{actor:cat}", "no role:type"),
            ("{A b}", "no hole"),
            ("{*} a {*} b {actor:user}", "more than 2"),
        ] {
            let error = Pattern::compile(pattern).unwrap_err();
            assert!(error.contains(why), "{pattern}: {error}");
        }
    }
}

//! A role rule's pattern: literal words and named, typed holes, matched from the start.
//!
//! `Failed {method} for invalid user {actor:user} from {src:ip} port {port}` has these holes:
//! * `{name}`: one word, perhaps empty, that says nothing;
//! * `{...}`: any text up to the first place where the next literal stands;
//! * `{*}`: any text up to the *last* place from which the rest fits;
//! * `{role:type}`: a value. A user may hold spaces and reaches as far as `{*}` does, because what
//!   a client sends as its name may imitate the rest of the line; other types are one word. An
//!   address that is none fails the pattern; any other bad value is only left out.
//!
//! What follows the pattern in the message is free, unless the pattern ends with `$`: then only
//! blanks may follow. Cost: linear in the message, no allocation.
//! Bounds: [`REACH_MAX`] bytes a hole, [`TRIES_MAX`] places for each of at most two far holes.

use super::hole::{self, Captures, Reach, Takes, take};
use super::value::ValueType;
use memchr::{memchr, memrchr};
use seerflow_model::EntityType;

/// Longest text one hole may cover.
const REACH_MAX: usize = 4096;
/// Most places a far hole tries to end at.
const TRIES_MAX: usize = 32;
/// Most far holes of one pattern: with more of them tries would multiply.
const FAR_MAX: usize = 2;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    segments: Box<[Segment]>,
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(Box<str>),
    Hole(Reach, Option<Takes>),
    End,
}

impl Pattern {
    /// Compiles a pattern; the error says what is wrong with it.
    pub(super) fn compile(text: &str) -> Result<Pattern, String> {
        let mut segments = Vec::new();
        let mut rest = text.strip_suffix('$').unwrap_or(text);
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
            let (reach, takes) = hole::parse(&rest[1..close])?;
            segments.push(Segment::Hole(reach, takes));
            rest = &rest[close + 1..];
        }
        if text.ends_with('$') && !segments.is_empty() {
            segments.push(Segment::End);
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
            Segment::Hole(..) | Segment::End => "",
        }
    }

    /// Whether it begins with an address.
    pub(super) fn leads_with_address(&self) -> bool {
        use ValueType::{Address, Of};
        let Segment::Hole(_, Some(takes)) = &self.segments[0] else { return false };
        matches!(takes.kind, Of(EntityType::Ip) | Address)
    }

    /// Matches `text[start..]` from its start. Gives where the match ends and adds to `captures`
    /// what the holes cover, with spans in `text`; without a match they are as before.
    pub(super) fn matches(
        &self,
        text: &str,
        start: usize,
        captures: &mut Captures,
    ) -> Option<usize> {
        let kept = captures.len();
        let end = run(&self.segments, text, start, captures);
        if end.is_none() {
            captures.truncate(kept);
        }
        end
    }
}

fn run(segments: &[Segment], text: &str, at: usize, captures: &mut Captures) -> Option<usize> {
    let Some((first, rest)) = segments.split_first() else { return Some(at) };
    let (reach, takes) = match first {
        Segment::Literal(literal) => {
            let fits = text.as_bytes()[at..].starts_with(literal.as_bytes());
            return if fits { run(rest, text, at + literal.len(), captures) } else { None };
        }
        Segment::End => {
            let blank = text.as_bytes()[at..].iter().all(u8::is_ascii_whitespace);
            return blank.then_some(at);
        }
        Segment::Hole(reach, takes) => (*reach, *takes),
    };
    let Some(Segment::Literal(next)) = rest.first() else {
        let end = match (reach, takes, rest.first()) {
            (Reach::Near | Reach::Far, _, Some(Segment::End)) => text.len(),
            (Reach::Near | Reach::Far, None, _) => text.len(),
            _ => word(text, at),
        };
        let fits = take(takes, text, at, end, captures);
        return if fits { run(rest, text, end, captures) } else { None };
    };
    let next = next.as_bytes();
    let window = &text.as_bytes()[at..text.len().min(at + REACH_MAX + next.len())];
    if reach != Reach::Far {
        // A word ends at the first blank, so what follows it cannot begin later.
        let window = match reach {
            Reach::Word => &window[..window.len().min(word(text, at) - at + next.len())],
            Reach::Near | Reach::Far => window,
        };
        let end = at + find(window, next)?;
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
    use super::super::hole::Capture;
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
            ("{actor:name} : ", "a b : c : d", Some("actor=a b c : d")),
            ("{actor:account} : ", "a b : c", None),
            ("user = {actor:user}$", "user = a b", Some("actor=a b ")),
            ("user = {actor:user}", "user = a b", Some("actor=a  b")),
            ("({src:hostname})", "(pc-1)", Some("src=pc-1 ")),
            ("{src:endpoint} [", "2001:db8::9:8080 [", Some("src=2001:db8::9 ")),
            ("{src:endpoint} [", "[2001:db8::9]:8080 [", Some("src=2001:db8::9 ")),
            ("{src:endpoint} [", "192.0.2.1:8080 [", Some("src=192.0.2.1 ")),
            ("{src:endpoint} [", "192.0.2.1 [", None),
            ("({src:hostname})", "(192.0.2.1)", Some("")),
            ("\"{object:path}\" failed", "\"/a b, c\" failed", Some("object=/a b, c ")),
            ("\"{object:path}\" failed", "\"a b\" failed", Some("")),
            ("from {src:ip} port {port}$", "from 1.2.3.4 port 22  ", Some("src=1.2.3.4   ")),
            ("from {src:ip} port {port}$", "from 1.2.3.4 port 22 x", None),
            (
                "for {actor:user} from {src:ip} port {port}$",
                "for x from 6.6.6.6 port 1 from 1.2.3.4",
                None,
            ),
            (
                "for {actor:user} from {src:ip}$",
                "for x from 6.6.6.6 port 1 from 1.2.3.4",
                Some("actor=x from 6.6.6.6 port 1 src=1.2.3.4 "),
            ),
        ] {
            assert_eq!(shown(pattern, text).as_deref(), expected, "{pattern} | {text}");
        }
    }

    #[test]
    fn bad_patterns_say_why() {
        for (pattern, why) in [
            ("", "empty"),
            ("$", "empty"),
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

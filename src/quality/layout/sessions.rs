//! Sessions: JSON objects, one a line, each with a list of events (texts or numbers), a label (0 or
//! 1, false or true) and, as a rule, an id. Which member is which is told by its type.

use super::{open, unreadable};
use crate::failure::Failure;
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

/// Longest line.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// Lines by which a file is known.
const HEAD_LINES: usize = 20;

/// One session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Whether it is anomalous.
    pub anomalous: bool,
    /// Its events in order.
    pub events: Vec<String>,
}

/// A set that is measured: what is learnt from, and what is judged.
#[derive(Clone, Debug)]
pub struct SessionSet {
    /// What it is called.
    pub name: String,
    /// Files that come first, of which only normal sessions are used.
    pub train: Vec<Slice>,
    /// Files whose sessions are judged.
    pub judged: Vec<Slice>,
}

/// A file of sessions, or a half of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    pub(super) path: PathBuf,
    /// First session that counts.
    pub(super) from: u64,
    /// First one that does not.
    pub(super) to: u64,
}

impl Slice {
    pub(super) fn whole(path: PathBuf) -> Slice {
        Slice { path, from: 0, to: u64::MAX }
    }

    /// Its sessions, one by one.
    pub fn sessions(
        &self,
    ) -> Result<impl Iterator<Item = Result<Session, Failure>> + use<>, Failure> {
        let mut lines = BufReader::new(open(&self.path)?);
        let (path, from, to) = (self.path.clone(), self.from, self.to);
        let mut at = 0;
        Ok(std::iter::from_fn(move || {
            loop {
                let mut line = Vec::new();
                let read = lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
                if let Err(error) = read {
                    return Some(Err(unreadable(&path, error)));
                }
                if line.is_empty() || at >= to {
                    return None;
                }
                if line.trim_ascii().is_empty() {
                    continue;
                }
                at += 1;
                if at > from {
                    let wrong = || unreadable(&path, format!("line {at} is no session"));
                    return Some(session(&line).ok_or_else(wrong));
                }
            }
        }))
    }

    /// How many of its sessions are normal, and how many anomalous.
    pub fn counts(&self) -> Result<(u64, u64), Failure> {
        let (mut normal, mut anomalous) = (0, 0);
        for session in self.sessions()? {
            *(if session?.anomalous { &mut anomalous } else { &mut normal }) += 1;
        }
        Ok((normal, anomalous))
    }
}

/// Whether a text begins with sessions.
pub(super) fn looks(head: &[u8]) -> bool {
    let mut lines = head
        .split_inclusive(|c| *c == b'\n')
        .filter(|line| line.ends_with(b"\n") || line.len() == head.len());
    let mut seen = 0;
    lines.by_ref().take(HEAD_LINES).all(|line| {
        seen += 1;
        session(line).is_some()
    }) && seen > 0
}

fn session(line: &[u8]) -> Option<Session> {
    let Value::Object(members) = serde_json::from_slice(line).ok()? else { return None };
    let events = events(&members)?;
    let mut labels = members.values().filter_map(label);
    let anomalous = labels.next()?;
    // Two that could be the label: which one is meant cannot be told.
    labels.next().is_none().then_some(Session { anomalous, events })
}

fn label(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(label) => Some(*label),
        Value::Number(number) => match number.as_u64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// The one list, of texts and numbers.
fn events(members: &Map<String, Value>) -> Option<Vec<String>> {
    let mut lists = members.values().filter_map(Value::as_array);
    let list = lists.next()?;
    let event = |event: &Value| match event {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if lists.next().is_some() {
        return None;
    }
    list.iter().map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_by_their_type() {
        let read = |line: &str| session(line.as_bytes());
        let expected = Some(Session { anomalous: true, events: vec!["5".into(), "22".into()] });
        assert_eq!(read(r#"{"id": "b", "label": 1, "events": [5, 22]}"#), expected);
        assert_eq!(
            read(r#"{"steps": ["5", "22"], "bad": true, "kind": "x", "who": 77}"#),
            expected
        );
        for other in [
            r#"{"id": "b", "label": 2, "events": [5]}"#,
            r#"{"label": 1, "flag": false, "events": [5]}"#,
            r#"{"label": 1, "events": [[5]]}"#,
            r#"{"label": 1, "events": [5], "more": [6]}"#,
            r#"{"label": 1}"#,
            "[1]",
            "{",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_head_may_end_within_a_line() {
        let line = "{\"id\": \"b\", \"label\": 1, \"events\": [5]}\n";
        assert!(looks(line.repeat(3).as_bytes()));
        assert!(looks(line.trim_end().as_bytes()));
        assert!(looks(format!("{line}{{\"id\": ").as_bytes()));
        assert!(!looks(b"{\"id\": "));
        assert!(!looks(b"{\n \"a\": 1}\n"));
    }
}

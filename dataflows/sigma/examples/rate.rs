//! How many events per CPU second: `rate windows|windows-all|syslog EVENTS FOLDER…`.
//!
//! `windows` reads JSON lines whose fields have Sysmon's names and takes the process creations, `windows-all`
//! all of them;
//! `syslog` reads lines of RFC 3164. Both are made events of the model first, which is not
//! counted. Prints the best of several rounds, the matches and how many rules were asked, and checks
//! that asking every rule gives the same matches.

mod common;

use seerflow_model::event::{Field, Format, Span};
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::{Activity, Event};
use seerflow_sigma::{LogSourceRef, Matcher, Options, load, taxonomy};
use serde_json::Value;
use std::process::ExitCode;
use std::sync::Arc;

/// Rounds, of which the best counts.
const ROUNDS: usize = 9;
/// Events of a round, at least.
const EVENTS_MIN: usize = 20_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, path, folders @ ..] = &arguments[..] else {
        eprintln!("rate windows|windows-all|syslog EVENTS FOLDER…");
        return ExitCode::from(2);
    };
    let files = common::files(folders);
    let loaded =
        load(files.iter().map(|(name, text)| (name.clone(), text.as_str())), &Options::default());
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let source = Arc::new(SourceInfo::plain(1, "rate", ReceiverKind::File, "file"));
    let events: Vec<Event> = match kind.as_str() {
        "windows" | "windows-all" => {
            let all = kind == "windows-all";
            text.lines().filter_map(|line| windows(line, all, &source)).collect()
        }
        _ => text.lines().map(|line| syslog(line, &source)).collect(),
    };
    if events.is_empty() {
        eprintln!("no events in {path}");
        return ExitCode::from(2);
    }
    let mut matcher = Matcher::new(Arc::new(loaded.set));
    let mut sources: Vec<LogSourceRef<'static>> = Vec::new();
    let repeats = EVENTS_MIN.div_ceil(events.len());
    let count = repeats * events.len();
    let mut best = f64::MAX;
    let (mut matches, mut asked) = (0, 0);
    for _ in 0..ROUNDS {
        (matches, asked) = (0, matcher.asked());
        let start = common::cpu_seconds();
        for _ in 0..repeats {
            for event in &events {
                taxonomy::logsources(event, &mut sources);
                matches += matcher.matches(&sources, event).len();
            }
        }
        best = best.min(common::cpu_seconds() - start);
        asked = matcher.asked() - asked;
    }
    for event in &events {
        taxonomy::logsources(event, &mut sources);
        let found = matcher.matches(&sources, event).to_vec();
        let all = matcher.matches_unindexed(&sources, event);
        assert_eq!(found, all, "the index hides a match");
    }
    let bytes: usize = events.iter().map(|event| event.text.len()).sum();
    println!(
        "{kind}: {} events of {} bytes, {:.0} events per CPU second, {:.2} µs each; \
         per event {:.3} matches, {:.1} rules asked",
        events.len(),
        bytes / events.len(),
        count as f64 / best,
        best / count as f64 * 1e6,
        matches as f64 / count as f64,
        asked as f64 / count as f64,
    );
    ExitCode::SUCCESS
}

/// Puts texts one behind the other.
#[derive(Default)]
struct Text(String);

impl Text {
    fn put(&mut self, part: &str) -> Span {
        let start = self.0.len();
        self.0.push_str(part);
        Span::new(start, self.0.len())
    }
}

fn windows(line: &str, all: bool, source: &Arc<SourceInfo>) -> Option<Event> {
    let json: Value = serde_json::from_str(line).ok()?;
    let id = json.get("EventID")?.as_i64()?;
    let start = id == 1 && json.get("Channel")?.as_str()?.contains("Sysmon");
    if !start && !all {
        return None;
    }
    let mut text = Text::default();
    let mut fields = Vec::new();
    for (name, value) in json.as_object()? {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if name != "Message" {
            fields.push(Field { name: text.put(name), value: text.put(&value) });
        }
    }
    let mut event = Event::empty(source.clone());
    event.format = Format::Windows;
    event.activity = Activity::ProcessStart;
    event.message = text.put("Process Create");
    event.program = text.put("Microsoft-Windows-Sysmon");
    event.fields = fields.into();
    event.text = text.0.into();
    Some(event)
}

fn syslog(line: &str, source: &Arc<SourceInfo>) -> Event {
    let mut event = Event::empty(source.clone());
    event.format = Format::Rfc3164;
    event.text = line.into();
    let span = |part: &str| {
        let start = part.as_ptr() as usize - event.text.as_ptr() as usize;
        Span::new(start, start + part.len())
    };
    let rest = event.text.get(16..).unwrap_or_default();
    let (host, rest) = rest.split_once(' ').unwrap_or(("", rest));
    let (tag, message) = rest.split_once(": ").unwrap_or(("", rest));
    let program = tag.split('[').next().unwrap_or_default();
    (event.host, event.program, event.message) = (span(host), span(program), span(message));
    event
}

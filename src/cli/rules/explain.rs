//! `seerflow rules explain RULE EVENT`: which tests of a rule an event passes, and which not.
//!
//! The event goes through the real reader, as if it had come from a file. A JSON object that is
//! then not of the rule's logsource is taken as fields under the names that Sigma rules use; that
//! is said. Of a correlation is told what each of its parts matches and whether it fires.

use super::super::output;
use super::super::rules_args::RulesExplainArgs;
use crate::alerting::table::ListFormat;
use crate::config::Config;
use crate::config::problem::nearest;
use crate::failure::{ExitCode, Failure};
use crate::sigma::book::{Book, Entry, Origin};
use crate::sigma::listing::Row;
use crate::sigma::reading::{self, Reading};
use crate::sigma::trial;
use seerflow_model::text::{neutral, neutral_json, shorten};
use seerflow_model::time;
use seerflow_sigma::correlate::Phase;
use seerflow_sigma::{Answer, Part, State, taxonomy};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest text of events.
const BYTES_MAX: u64 = 16 << 20;
/// Most events.
const EVENTS_MAX: usize = 10_000;
/// Longest value that is shown for people.
const SHOWN_MAX: usize = 200;

/// Runs it.
pub fn run(args: &RulesExplainArgs, config: &Config) -> Result<ExitCode, Failure> {
    let book = book_with(&args.rule, config)?;
    let entry = found(&book, &args.rule)?;
    let row = Row::of(&book, entry)
        .ok_or_else(|| Failure::new(ExitCode::Internal, "the rule is not in its own book"))?;
    let records = records(&args.event)?;
    let mut reading = Reading::with(book.set.clone(), config.role_set());
    let table = args.list.chosen(false) == ListFormat::Table;
    let told: Vec<Value> = match entry.part {
        Part::Rule(rule) => {
            records.iter().map(|record| of_rule(&mut reading, rule, &row, record)).collect()
        }
        Part::Correlation(number) => {
            vec![of_correlation(&mut reading, number, &row, &records)]
        }
    };
    let text = match (table, args.list.chosen(false)) {
        (true, _) => told.iter().map(people).collect::<Vec<_>>().join("\n"),
        (_, ListFormat::Json) => match &told[..] {
            [one] => format!("{one:#}\n"),
            all => format!("{:#}\n", Value::from(all.to_vec())),
        },
        _ => told.iter().map(|one| format!("{one}\n")).collect(),
    };
    let text = if table { text.into() } else { neutral_json(&text) };
    output::result(text.as_bytes())
}

/// The book that has the rule: the file's, when it names one.
fn book_with(rule: &str, config: &Config) -> Result<Book, Failure> {
    let path = Path::new(rule);
    let file = path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
    match file && path.is_file() {
        true => super::book_of(&[PathBuf::from(rule)], config),
        false => super::book(config),
    }
}

fn found<'b>(book: &'b Book, rule: &str) -> Result<&'b Entry, Failure> {
    let of_file = || {
        let is = |entry: &&Entry| {
            entry.origin == Origin::File
                && book.file_and_state(entry.part).is_some_and(|(file, _)| {
                    &**file == rule || file.strip_prefix("./").is_some_and(|file| file == rule)
                })
        };
        book.entries.iter().find(is)
    };
    of_file().or_else(|| book.find(rule)).ok_or_else(|| {
        let heads = book.entries.iter().filter_map(|entry| book.header(entry.part));
        let names = heads.flat_map(|head| [head.name.as_deref(), Some(head.title.as_str())]);
        let near = nearest(rule, names.flatten());
        let failure = Failure::usage(format!("there is no rule {rule:?}"));
        let failure = book.problems.iter().take(5).fold(failure, |f, p| f.detail(p.to_string()));
        match near {
            Some(near) => failure.hint(format!("did you mean {near:?}?")),
            None => failure.hint("`seerflow rules list` shows ids, names and titles"),
        }
    })
}

/// The records that are meant: one, or the lines of a file or of standard input.
fn records(event: &str) -> Result<Vec<String>, Failure> {
    let text = match event.strip_prefix('@') {
        _ if event == "-" => read(&mut std::io::stdin().lock(), "standard input")?,
        Some(path) => {
            let failed = |e: std::io::Error| Failure::usage(format!("cannot read {path}: {e}"));
            read(&mut std::fs::File::open(path).map_err(failed)?, path)?
        }
        None => return Ok(vec![event.to_owned()]),
    };
    let whole = text.trim();
    if serde_json::from_str::<serde_json::Map<String, Value>>(whole).is_ok() {
        // One object, perhaps over several lines.
        return Ok(vec![whole.to_owned()]);
    }
    let records: Vec<String> =
        text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    match records.len() {
        0 => Err(Failure::usage("there is no event: the input is empty")),
        n if n > EVENTS_MAX => {
            Err(Failure::usage(format!("there are {n} events; at most {EVENTS_MAX} are read")))
        }
        _ => Ok(records),
    }
}

fn read(from: &mut dyn Read, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    match bytes.len() as u64 > BYTES_MAX {
        true => Err(Failure::usage(format!("{name} is larger than {BYTES_MAX} bytes"))),
        false => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// What is said of any rule.
fn head(row: &Row<'_>) -> Value {
    json!({
        "rule_id": row.key,
        "rule": row.header.title,
        "author": row.header.author,
        "license": row.header.license,
        "references": row.header.references,
        "file": row.file,
        "line": row.line,
        "state": row.state,
        "reason": row.reason,
        "logsource": row.logsource(),
    })
}

/// A detection rule and one record.
fn of_rule(reading: &mut Reading, rule: u32, row: &Row<'_>, record: &str) -> Value {
    let event = reading.event(record.as_bytes());
    let mut sources = Vec::new();
    taxonomy::logsources(&event, &mut sources);
    let wanted = &row.header.logsource;
    let fits = sources.iter().any(|source| {
        let part = |mine: &Option<String>, theirs: &str| {
            mine.as_deref().is_none_or(|mine| mine.trim().eq_ignore_ascii_case(theirs))
        };
        part(&wanted.category, source.category)
            && part(&wanted.product, source.product)
            && part(&wanted.service, source.service)
    });
    let object: Option<Value> = serde_json::from_str(record).ok().filter(Value::is_object);
    let set = reading.matcher.set().clone();
    let missing = set.rules().get(rule as usize).is_some_and(|compiled| {
        matches!(compiled.state, State::Disabled(_)) && !compiled.rule.detection.missing.is_empty()
    });
    let matcher = &mut reading.matcher;
    let (holds, answers, taken) = match object.filter(|_| !fits) {
        Some(object) => (matcher.holds(rule, &object), matcher.answers(rule, &object), "fields"),
        None => (matcher.holds(rule, &event), matcher.answers(rule, &event), "record"),
    };
    let tests: Vec<Value> = answers.iter().map(test).collect();
    let mut told = head(row);
    told["event"] = json!(record);
    told["taken_as"] = json!(taken);
    told["event_format"] = json!(event.format.name());
    told["event_logsources"] = json!(reading::sources(&sources));
    told["logsource_fits"] = json!(fits || taken == "fields");
    told["detection_holds"] = json!(holds && !missing);
    told["matches"] =
        json!(holds && !missing && (fits || taken == "fields") && row.state != "disabled");
    told["tests"] = json!(tests);
    told
}

fn test(answer: &Answer) -> Value {
    let Answer { reason, passed } = answer;
    json!({
        "selection": &*reason.selection,
        "field": &*reason.field,
        "test": reason.test,
        "passed": passed,
        "value": reason.value,
    })
}

/// A correlation and records in their order.
fn of_correlation(reading: &mut Reading, number: u32, row: &Row<'_>, records: &[String]) -> Value {
    let set = reading.matcher.set().clone();
    let episodes = trial::episodes(reading, records);
    let mut matched = vec![0usize; set.rules().len()];
    for record in records {
        for rule in reading.matches(record.as_bytes()).0 {
            matched[rule as usize] += 1;
        }
    }
    let began = |wanted: u32| {
        let is = |law: u64| set.plan().law(law).is_some_and(|law| law.number == wanted);
        episodes.iter().filter(move |e| e.phase == Phase::Began && is(e.law)).collect::<Vec<_>>()
    };
    let mut told = head(row);
    told["events"] = json!(records.len());
    let Some(correlated) = set.correlations().get(number as usize) else { return told };
    let law = set.plan().laws().into_iter().find(|law| law.number == number).cloned();
    let parts = correlated.rule.rules.iter().zip(&correlated.parts).map(|(name, part)| {
        let matches = match part {
            Part::Rule(rule) => matched.get(*rule as usize).copied().unwrap_or_default(),
            Part::Correlation(other) => began(*other).len(),
        };
        json!({ "rule": name, "matches": matches })
    });
    told["parts"] = parts.collect();
    told["condition"] = json!(law.as_ref().map(|law| law.summary.clone()));
    let fired = began(number);
    let episode = |e: &&seerflow_sigma::correlate::Match<usize>| {
        let names = law.as_ref().map(|law| law.group_by.clone()).unwrap_or_default();
        let group: serde_json::Map<String, Value> =
            names.into_iter().zip(e.group.iter().map(|value| json!(value))).collect();
        json!({
            "group": group,
            "first": time::rfc3339(e.start),
            "at": time::rfc3339(e.end),
            "events": e.count,
            "number": e.number,
        })
    };
    told["matches"] = json!(!fired.is_empty() && row.state != "disabled");
    told["episodes"] = fired.iter().map(episode).collect();
    told
}

/// The answer for people.
fn people(told: &Value) -> String {
    let text = |key: &str| match &told[key] {
        Value::String(text) => neutral(text).into_owned(),
        Value::Null => "-".into(),
        other => neutral(&other.to_string()).into_owned(),
    };
    let short = |text: String| shorten(&text, SHOWN_MAX).into_owned();
    let mut out = String::new();
    let _ = writeln!(out, "rule       {} ({})", text("rule"), text("rule_id"));
    let _ = writeln!(out, "author     {}, licence {}", text("author"), text("license"));
    let _ = writeln!(out, "file       {}:{}", text("file"), text("line"));
    let why =
        if told["reason"].is_null() { String::new() } else { format!(": {}", text("reason")) };
    let _ = writeln!(out, "state      {}{why}", text("state"));
    let yes = |key: &str| if told[key] == Value::Bool(true) { "yes" } else { "no" };
    if let Some(parts) = told["parts"].as_array() {
        let _ = writeln!(out, "condition  {}", text("condition"));
        for part in parts {
            let name = part["rule"].as_str().map(neutral).unwrap_or_default();
            let _ = writeln!(out, "  {name}: {} of {} events", part["matches"], told["events"]);
        }
        let _ = writeln!(out, "matches    {}", yes("matches"));
        for episode in told["episodes"].as_array().into_iter().flatten() {
            let _ = writeln!(out, "  {}", neutral(&episode.to_string()));
        }
        return out;
    }
    let _ = writeln!(out, "event      {}", short(text("event")));
    let taken = match told["taken_as"].as_str() {
        Some("fields") => "fields with Sigma's names, of the rule's logsource".to_owned(),
        _ => format!("{}, logsources {}", text("event_format"), text("event_logsources")),
    };
    let _ = writeln!(out, "read as    {taken}");
    let _ = writeln!(out, "logsource  {}: {}", text("logsource"), yes("logsource_fits"));
    let _ = writeln!(out, "detection  {}", yes("detection_holds"));
    for test in told["tests"].as_array().into_iter().flatten() {
        let part = |key: &str| neutral(test[key].as_str().unwrap_or_default()).into_owned();
        let mark = if test["passed"] == Value::Bool(true) { "passed" } else { "not   " };
        let value = match &test["value"] {
            Value::String(value) => format!("  <- {}", short(neutral(value).into_owned())),
            _ => String::new(),
        };
        let _ = writeln!(out, "  {mark}  {}: {}{value}", part("selection"), short(part("test")));
    }
    let _ = writeln!(out, "matches    {}", yes("matches"));
    out
}

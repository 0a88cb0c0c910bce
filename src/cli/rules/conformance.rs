//! `seerflow rules test --conformance FILE --rules DIR`: events of which is known what matches.
//!
//! A line is a JSON object: `event` with fields under the names that Sigma rules use, `logsources`
//! that it belongs to, and `all_matches`, the ids of all rules that match. Without `all_matches`
//! only `rule_id` is asked about, as `expected` says. Every rule is put to every event; what is
//! missed and what matches though it must not is printed. Cost: one evaluation per event.

use super::super::output;
use super::super::rules_args::RulesTestArgs;
use crate::alerting::table;
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::sigma::book::{Book, Changes, Wish};
use seerflow_model::text::neutral;
use seerflow_sigma::{LogSourceRef, Matcher, State};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longest line.
const LINE_MAX: u64 = 16 << 20;

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    case: Value,
    #[serde(default)]
    rule_id: Option<String>,
    #[serde(default)]
    expected: Option<bool>,
    #[serde(default)]
    all_matches: Option<Vec<String>>,
    #[serde(default)]
    logsources: Vec<Source>,
    event: Value,
}

#[derive(Default, Deserialize)]
struct Source {
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    product: Option<String>,
    #[serde(default)]
    service: Option<String>,
}

/// A rule that did not do with an event what is known of it.
struct Wrong {
    case: String,
    line: usize,
    kind: &'static str,
    rule_id: String,
    why: String,
}

/// What was found out so far.
#[derive(Default)]
struct Tally {
    cases: usize,
    expected: usize,
    matched: usize,
    wrong: Vec<Wrong>,
}

/// Runs it.
pub fn run(file: &Path, args: &RulesTestArgs, config: &Config) -> Result<ExitCode, Failure> {
    let wish = Wish {
        bundled: false,
        folders: args.rules.clone(),
        min_status: None,
        min_level: None,
        exclude: Vec::new(),
        ..Wish::of(config)
    };
    let book = Book::load(&wish, &Changes::default())?;
    super::say(&book);
    let failed = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot read {}: {error}", file.display()))
    };
    let mut reader = BufReader::new(std::fs::File::open(file).map_err(|error| failed(&error))?);
    let mut tally = Tally::default();
    let mut matcher = Matcher::new(book.set.clone());
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let read = reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut text);
        if read.map_err(|error| failed(&error))? == 0 {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let case = serde_json::from_slice(&text).map_err(|error| {
            Failure::usage(format!("{}:{line}:{}: {error}", file.display(), error.column()))
        })?;
        tally.judge(line, &case, &mut matcher);
    }
    let Tally { cases, expected, matched, wrong } = tally;
    const HEAD: [&str; 5] = ["CASE", "LINE", "WRONG", "RULE", "WHY"];
    let cells = |wrong: &Wrong| {
        let text = |text: &str| neutral(text).into_owned();
        let line = wrong.line.to_string();
        vec![text(&wrong.case), line, wrong.kind.into(), text(&wrong.rule_id), text(&wrong.why)]
    };
    let document = |wrong: &Wrong| {
        json!({
            "case": wrong.case, "line": wrong.line, "wrong": wrong.kind,
            "rule_id": wrong.rule_id, "why": wrong.why,
        })
    };
    if !wrong.is_empty() || args.list.json {
        let out = table::list(args.list.chosen(false), &HEAD, &wrong, cells, document);
        output::result(out.as_bytes())?;
    }
    let count = |kind| wrong.iter().filter(|wrong| wrong.kind == kind).count();
    output::message(&format!(
        "{cases} events, {} rules: {expected} matches expected, {matched} found, {} missed, {} \
         false; {} problems",
        book.set.rules().len(),
        count("missed"),
        count("false"),
        book.problems.len()
    ));
    let fine = wrong.is_empty() && book.problems.is_empty() && cases > 0;
    Ok(if fine { ExitCode::Fine } else { ExitCode::Findings })
}

impl Tally {
    fn judge(&mut self, line: usize, case: &Case, matcher: &mut Matcher) {
        self.cases += 1;
        let text = |part: &'_ Option<String>| part.clone().unwrap_or_default();
        let owned = case.logsources.iter().map(|s| [&s.category, &s.product, &s.service].map(text));
        let owned: Vec<[String; 3]> = owned.collect();
        let sources: Vec<LogSourceRef<'_>> = owned
            .iter()
            .map(|[category, product, service]| LogSourceRef { category, product, service })
            .collect();
        let matched = matcher.matches(&sources, &case.event).to_vec();
        let set = matcher.set().clone();
        let id = |number: &u32| {
            set.rules().get(*number as usize).and_then(|rule| rule.rule.header.id.clone())
        };
        let found: BTreeSet<String> = matched.iter().filter_map(id).collect();
        let mut expected: BTreeMap<&String, bool> = BTreeMap::new();
        if let Some(all) = &case.all_matches {
            expected.extend(found.iter().map(|id| (id, false)));
            expected.extend(all.iter().map(|id| (id, true)));
        }
        if let (Some(id), Some(matches)) = (&case.rule_id, case.expected) {
            expected.entry(id).or_insert(matches);
        }
        let name = match &case.case {
            Value::String(name) => name.clone(),
            Value::Null => line.to_string(),
            other => other.to_string(),
        };
        for (id, wanted) in expected {
            self.expected += usize::from(wanted);
            let has = found.contains(id);
            self.matched += usize::from(has);
            if has == wanted {
                continue;
            }
            let kind = if wanted { "missed" } else { "false" };
            let why = why(matcher, id, &case.event);
            self.wrong.push(Wrong { case: name.clone(), line, kind, rule_id: id.clone(), why });
        }
    }
}

/// What is to be said of a rule that did the wrong thing.
fn why(matcher: &mut Matcher, id: &str, event: &Value) -> String {
    let set = matcher.set().clone();
    let known = |rule: &seerflow_sigma::Compiled| rule.rule.header.id.as_deref() == Some(id);
    let Some((number, rule)) = set.rules().iter().enumerate().find(|(_, rule)| known(rule)) else {
        return "no such rule is loaded".into();
    };
    if let State::Disabled(reason) = &rule.state {
        return format!("it takes no part: {reason}");
    }
    let passed: Vec<_> =
        matcher.explain(number as u32, event).into_iter().map(|reason| reason.test).collect();
    match passed.is_empty() {
        true => "the event passes none of its tests".into(),
        false => format!("the event passes {}", passed.join(", ")),
    }
}

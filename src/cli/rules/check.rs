//! `seerflow rules check`: of each rule whether it can match, and what is wrong where.

use super::super::output;
use super::super::rules_args::RulesCheckArgs;
use crate::alerting::table;
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::sigma::book::{Book, Origin};
use crate::sigma::bundled;
use crate::sigma::listing::{Row, STATES};
use seerflow_model::text::neutral;
use seerflow_sigma::Problem;
use serde_json::{Value, json};

/// What is said of a rule or a file.
struct Said<'b> {
    file: &'b str,
    line: u32,
    column: u32,
    /// `ok`, `disabled`, `unreachable`, `error` or `warning`.
    state: &'static str,
    rule_id: Option<&'b str>,
    rule: Option<&'b str>,
    reason: Option<&'b str>,
}

impl Said<'_> {
    fn place(&self) -> String {
        match self.line {
            0 => self.file.to_owned(),
            line => format!("{}:{line}:{}", self.file, self.column),
        }
    }
}

/// Runs it.
pub fn run(args: &RulesCheckArgs, config: &Config) -> Result<ExitCode, Failure> {
    let all = args.paths.is_empty();
    let book = match all {
        true => super::book(config)?,
        false => super::book_of(&args.paths, config)?,
    };
    let mut said = said(&book, all);
    let count = |state: &str| said.iter().filter(|said| said.state == state).count();
    let counts = [STATES[0], STATES[1], STATES[2], "error", "warning"].map(|s| (s, count(s)));
    let rules: usize = counts[..3].iter().map(|(_, n)| n).sum();
    let wrong = counts[2].1 + counts[3].1;
    said.retain(|said| !args.quiet || said.state != STATES[0]);
    const HEAD: [&str; 4] = ["STATE", "PLACE", "RULE", "REASON"];
    let cells = |said: &Said<'_>| {
        let text = |text: Option<&str>| neutral(text.unwrap_or("-")).into_owned();
        let place = neutral(&said.place()).into_owned();
        vec![said.state.to_owned(), place, text(said.rule), text(said.reason)]
    };
    let out = table::list(args.list.chosen(false), &HEAD, &said, cells, document);
    let code = if wrong == 0 { ExitCode::Fine } else { ExitCode::Findings };
    output::result(if said.is_empty() && !args.list.json { b"" } else { out.as_bytes() })?;
    let counts = counts.map(|(state, n)| format!("{n} {state}")).join(", ");
    let files = match book.excluded {
        0 => String::new(),
        n => format!("; {n} files excluded"),
    };
    output::message(&format!("{rules} rules: {counts}{files}"));
    Ok(code)
}

/// All that is to be said, by file and place. `all`: of bundled rules too.
fn said(book: &Book, all: bool) -> Vec<Said<'_>> {
    let mut out = Vec::new();
    for entry in book.entries.iter().filter(|entry| all || entry.origin != Origin::Bundled) {
        let Some(row) = Row::of(book, entry) else { continue };
        out.push(Said {
            file: row.file,
            line: row.line,
            column: row.column,
            state: row.state,
            rule_id: Some(row.key),
            rule: Some(&row.header.title),
            reason: row.reason,
        });
    }
    let wanted = |found: &&Problem| all || !found.file.starts_with(bundled::PREFIX);
    for (list, state) in [(&book.problems, "error"), (&book.warnings, "warning")] {
        for found in list.iter().filter(wanted) {
            out.push(Said {
                file: &found.file,
                line: found.fault.place.line,
                column: found.fault.place.column,
                state,
                rule_id: None,
                rule: found.rule.as_deref(),
                reason: Some(&found.fault.message),
            });
        }
    }
    out.sort_by_key(|said| (said.file, said.line, said.column));
    out
}

fn document(said: &Said<'_>) -> Value {
    json!({
        "file": said.file,
        "line": said.line,
        "column": said.column,
        "state": said.state,
        "rule_id": said.rule_id,
        "rule": said.rule,
        "reason": said.reason,
    })
}

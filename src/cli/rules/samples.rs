//! `seerflow rules test`: rules put to the samples that stand in their own files.

use super::super::output;
use super::super::rules_args::RulesTestArgs;
use crate::alerting::table;
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::sigma::book::Origin;
use crate::sigma::listing::{Row, STATES};
use crate::sigma::reading::Reading;
use crate::sigma::trial::{Trial, Trials};
use seerflow_model::text::{neutral, shorten};
use serde_json::{Value, json};

/// Longest text of a failure in a table.
const SHOWN_MAX: usize = 400;

struct Tried<'b> {
    row: Row<'b>,
    /// `passed`, `failed`, `none` without samples, or `skipped`: a rule that takes no part.
    result: &'static str,
    trial: Trial,
}

/// Runs it.
pub fn run(args: &RulesTestArgs, config: &Config) -> Result<ExitCode, Failure> {
    let all = args.paths.is_empty();
    let book = if all { super::book(config)? } else { super::book_of(&args.paths, config)? };
    super::say(&book);
    let reading = Reading::with(book.set.clone(), config.role_set());
    let mut trials = Trials::new(&book, reading);
    let mut tried = Vec::new();
    for entry in book.entries.iter().filter(|entry| all || entry.origin != Origin::Bundled) {
        let Some(row) = Row::of(&book, entry) else { continue };
        let trial = match row.state == STATES[1] {
            true => None,
            false => Some(trials.run(entry).unwrap_or_else(|error| Trial {
                passed: 0,
                failed: vec![format!("the samples cannot be read: {error}")],
            })),
        };
        let result = match &trial {
            None => "skipped",
            Some(trial) if !trial.failed.is_empty() => "failed",
            Some(trial) if trial.passed == 0 => "none",
            Some(_) => "passed",
        };
        tried.push(Tried { row, result, trial: trial.unwrap_or_default() });
    }
    let count = |result: &str| tried.iter().filter(|tried| tried.result == result).count();
    let (passed, failed) = (count("passed"), count("failed"));
    let samples: usize = tried.iter().map(|tried| tried.trial.passed).sum();
    let summary = format!(
        "{} rules: {passed} passed with {samples} samples, {failed} failed, {} have no samples, \
         {} take no part; {} problems",
        tried.len(),
        count("none"),
        count("skipped"),
        book.problems.len()
    );
    const HEAD: [&str; 5] = ["RESULT", "RULE", "FILE", "PASSED", "FAILED"];
    let cells = |tried: &Tried<'_>| {
        let why = neutral(&tried.trial.failed.join("; ")).into_owned();
        vec![
            tried.result.to_owned(),
            neutral(&tried.row.header.title).into_owned(),
            neutral(tried.row.file).into_owned(),
            tried.trial.passed.to_string(),
            if why.is_empty() { "-".into() } else { shorten(&why, SHOWN_MAX).into_owned() },
        ]
    };
    let out = table::list(args.list.chosen(false), &HEAD, &tried, cells, document);
    output::result(out.as_bytes())?;
    output::message(&summary);
    let fine = failed == 0 && book.problems.is_empty();
    Ok(if fine { ExitCode::Fine } else { ExitCode::Findings })
}

fn document(tried: &Tried<'_>) -> Value {
    json!({
        "rule_id": tried.row.key,
        "rule": tried.row.header.title,
        "file": tried.row.file,
        "result": tried.result,
        "passed": tried.trial.passed,
        "failed": tried.trial.failed,
    })
}

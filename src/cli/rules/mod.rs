//! `seerflow rules list|check|test|explain|coverage`.
//!
//! All work without a running program: on the rules that the configuration puts in force, or on
//! those of folders and files that are named. `list` and `coverage` also know what people have
//! switched and uploaded, from the database of the data directory, which they only read.

mod check;
mod conformance;
mod coverage;
mod explain;
mod samples;

use super::rules_args::{RulesArgs, RulesCommand, RulesListArgs};
use super::{output, state};
use crate::alerting::table::{self, ListFormat};
use crate::config::{Config, Environment, data_dir};
use crate::failure::{ExitCode, Failure};
use crate::sigma::book::{Book, Changes, Wish};
use crate::sigma::listing::{self, Filter, Row};
use crate::store::control::SqliteStore;
use seerflow_model::text::neutral;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Runs it.
pub fn run(args: RulesArgs, config: &Config) -> Result<ExitCode, Failure> {
    match args.command {
        RulesCommand::List(args) => list(&args, config),
        RulesCommand::Check(args) => check::run(&args, config),
        RulesCommand::Test(args) => match &args.conformance {
            Some(file) => conformance::run(file, &args, config),
            None => samples::run(&args, config),
        },
        RulesCommand::Explain(args) => explain::run(&args, config),
        RulesCommand::Coverage(args) => coverage::run(&args, config),
    }
}

/// The rules that the configuration puts in force.
fn book(config: &Config) -> Result<Book, Failure> {
    Book::load(&Wish::of(config), &Changes::default())
}

/// The same with what people have switched and uploaded, as the data directory has it, whether a
/// program uses it or not. Where that cannot be read it is said, and the configuration alone counts.
fn book_in_force(data_dir: Option<&Path>, config: &Config) -> Result<Book, Failure> {
    let found = data_dir::locate(data_dir, config, &Environment::of_process())
        .map(|folder| state::path(config, &folder))
        .and_then(|path| Ok(SqliteStore::peek_rules(&path)?));
    let changes = match found {
        Ok(Some((switches, uploads))) => Changes::of(switches, uploads),
        Ok(None) => Changes::default(),
        Err(failure) => {
            output::message(&format!("warning: only the configuration is known: {failure}"));
            Changes::default()
        }
    };
    let (switches, uploads) = (changes.switches.len(), changes.uploads.len());
    if switches + uploads > 0 {
        output::message(&format!("with {switches} switched and {uploads} uploaded rules"));
    }
    Book::load(&Wish::of(config), &changes)
}

/// The rules of folders and files, whatever their status and level, and the bundled ones that
/// correlations among them may refer to.
fn book_of(paths: &[PathBuf], config: &Config) -> Result<Book, Failure> {
    let wish = Wish {
        folders: paths.to_vec(),
        min_status: None,
        min_level: None,
        exclude: Vec::new(),
        ..Wish::of(config)
    };
    Book::load(&wish, &Changes::default())
}

fn list(args: &RulesListArgs, config: &Config) -> Result<ExitCode, Failure> {
    let word = |text: &Option<String>, words: &[&'static str]| {
        text.as_deref().and_then(|text| listing::word(text, words).ok())
    };
    let filter = Filter {
        technique: args.technique.clone(),
        tactic: args.tactic,
        lens: word(&args.lens, &listing::LENSES),
        state: word(&args.state, &listing::STATES),
        search: args.search.clone(),
        ..Filter::default()
    };
    let book = book_in_force(args.data_dir.as_deref(), config)?;
    say(&book);
    let rows = filter.rows(&book);
    const HEAD: [&str; 11] = [
        "NAME",
        "LEVEL",
        "LOGSOURCE",
        "TACTICS",
        "TECHNIQUES",
        "LENS",
        "STATE",
        "SOURCE",
        "AUTHOR",
        "ID",
        "TITLE",
    ];
    let cells = |row: &Row<'_>| {
        let text = |text: &str| neutral(text).into_owned();
        let header = row.header;
        vec![
            text(header.name.as_deref().unwrap_or("-")),
            row.level().name().to_owned(),
            text(&row.logsource()),
            row.tactics().join(" "),
            header.techniques().join(" "),
            header.lens().to_owned(),
            row.state.to_owned(),
            row.origin.name().to_owned(),
            text(header.author.as_deref().unwrap_or("-")),
            text(row.key),
            text(&header.title),
        ]
    };
    let format = args.list.chosen(false);
    let mut out = table::list(format, &HEAD, &rows, cells, document);
    if format == ListFormat::Table && rows.is_empty() {
        out = "no rules\n".to_owned();
    }
    let code = output::result(out.as_bytes())?;
    output::message(&format!("{} of {} rules", rows.len(), book.entries.len()));
    Ok(code)
}

/// What is wrong with rules, one line each.
fn say(book: &Book) {
    for problem in &book.problems {
        output::message(&format!("warning: {problem}"));
    }
}

/// A rule as lists in JSON show it.
fn document(row: &Row<'_>) -> Value {
    let header = row.header;
    json!({
        "rule_id": row.key,
        "name": header.name,
        "title": header.title,
        "type": row.kind,
        "level": row.level().name(),
        "severity": header.severity().id(),
        "status": header.status,
        "logsource": {
            "category": header.logsource.category,
            "product": header.logsource.product,
            "service": header.logsource.service,
        },
        "tactics": row.tactics(),
        "techniques": header.techniques(),
        "lens": header.lens(),
        "state": row.state,
        "reason": row.reason,
        "alerts": row.alone,
        "author": header.author,
        "license": header.license,
        "references": header.references,
        "source": row.origin.name(),
        "file": row.file,
        "line": row.line,
        "description": header.description,
    })
}

//! `seerflow mark deploy|maintenance|list|end`.
//!
//! In a running program over its HTTP face, else in the database under the lock of the data
//! directory; what is marked at rest is in force when the program starts.

use super::mark_args::{MarkAddArgs, MarkArgs, MarkCommand, MarkEndArgs, MarkListArgs};
use super::output;
use super::state::{self, Reach};
use crate::alerting::table;
use crate::api::MarkRow;
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::clock::Clock;
use crate::store::control::{MarkKind, MarkMatch, MarkRequest};
use http::Method;
use seerflow_detection::marks::Scope;
use seerflow_model::text::neutral;
use seerflow_model::{Ns, time};
use serde_json::Value;

/// Where marks are.
const PATH: &str = "/api/v1/marks";

/// Runs it.
pub fn run(args: &MarkArgs, config: &Config) -> Result<ExitCode, Failure> {
    let now = Clock::system().now();
    match &args.command {
        MarkCommand::Deploy(args) => add(MarkKind::Deploy, args, config, now),
        MarkCommand::Maintenance(args) => add(MarkKind::Maintenance, args, config, now),
        MarkCommand::List(args) => list(args, config, now),
        MarkCommand::End(args) => end(args, config, now),
    }
}

fn add(kind: MarkKind, args: &MarkAddArgs, config: &Config, now: Ns) -> Result<ExitCode, Failure> {
    let scope = Scope::parse(&args.matching).map_err(|error| {
        Failure::usage(error.to_string())
            .detail("argument: --match")
            .hint("for example --match 'program=nginx,host=web-*'")
    })?;
    let request = MarkRequest {
        kind,
        matching: MarkMatch::from(scope),
        note: args.note.clone(),
        created_by: Some(state::who()),
        at: args.at.clone(),
        ends: None,
        lasts: Some(args.lasts.clone()),
    };
    // What cannot be is told before anything is opened.
    let new = request.resolve(now, "cli")?.checked(now)?;
    let mark = match state::reach(args.data_dir.as_deref(), config)? {
        Reach::Running(mut client) => {
            let body = serde_json::to_value(&request).map_err(|error| odd(&error.to_string()))?;
            let answer = client.expect(Method::POST, PATH, Some(&body))?;
            read(answer.json())?.mark()
        }
        Reach::Resting(_data, store) => store.add_mark(&new, now)?,
    };
    output::message(&format!(
        "novelty and change are held from {} until {}: {}",
        time::rfc3339(mark.starts_ns),
        time::rfc3339(mark.ends_ns),
        words(mark.matching.clone())
    ));
    output::result(format!("{}\n", mark.id).as_bytes())
}

fn words(matching: MarkMatch) -> String {
    neutral(&Scope::from(matching).words()).into_owned()
}

fn list(args: &MarkListArgs, config: &Config, now: Ns) -> Result<ExitCode, Failure> {
    let marks: Vec<MarkRow> = match state::reach(args.data_dir.as_deref(), config)? {
        Reach::Running(mut client) => state::listed(&mut client, PATH, args.all, read)?,
        Reach::Resting(_data, store) => {
            let mut all = store.marks(if args.all { 0 } else { now })?;
            all.retain(|mark| args.all || !mark.over(now));
            all.into_iter().map(|mark| MarkRow::new(mark, None)).collect()
        }
    };
    const HEAD: [&str; 8] = ["ID", "KIND", "STATE", "STARTS", "ENDS", "MATCH", "HELD", "NOTE"];
    let cells = |row: &MarkRow| {
        let mark = row.mark();
        vec![
            mark.id.clone(),
            seerflow_detection::marks::MarkKind::from(mark.kind).name().to_owned(),
            mark.state(now).to_owned(),
            time::rfc3339(mark.starts_ns),
            time::rfc3339(mark.until()),
            words(mark.matching),
            row.held.to_string(),
            neutral(&mark.note).into_owned(),
        ]
    };
    let document = |row: &MarkRow| serde_json::to_value(row).unwrap_or_default();
    let text = table::list(args.list.chosen(false), &HEAD, &marks, cells, document);
    output::result(text.as_bytes())
}

fn end(args: &MarkEndArgs, config: &Config, now: Ns) -> Result<ExitCode, Failure> {
    let none = || {
        Failure::new(ExitCode::Findings, "there is no such mark, or it is over")
            .hint("`seerflow mark list` shows the ids")
    };
    match state::reach(args.data_dir.as_deref(), config)? {
        Reach::Running(mut client) => {
            if !state::is_id(&args.id) {
                return Err(none());
            }
            client.expect(Method::DELETE, &format!("{PATH}/{}", args.id), None)?;
        }
        Reach::Resting(_data, store) => {
            store.end_mark(&args.id, &state::who(), now)?.ok_or_else(none)?;
        }
    }
    output::message("the mark has ended");
    Ok(ExitCode::Fine)
}

fn read(value: Value) -> Result<MarkRow, Failure> {
    serde_json::from_value(value).map_err(|error| odd(&error.to_string()))
}

fn odd(error: &str) -> Failure {
    Failure::cannot_run(format!("the running program says what is no mark: {error}"))
}

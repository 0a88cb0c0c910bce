//! `seerflow silence add|list|rm`.
//!
//! In a running program over its HTTP face, else in the database under the lock of the data
//! directory: the same request, read by the same code.

use super::output;
use super::people_args::{
    SilenceAddArgs, SilenceArgs, SilenceCommand, SilenceListArgs, SilenceRmArgs,
};
use super::state::{self, Reach};
use crate::alerting::table;
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::clock::Clock;
use crate::store::control::{Silence, SilenceMatch, SilenceRequest};
use http::Method;
use seerflow_model::text::neutral;
use seerflow_model::{Ns, Severity, time};
use serde_json::Value;

/// Where silences are.
const PATH: &str = "/api/v1/silences";

/// Runs it.
pub fn run(args: &SilenceArgs, config: &Config) -> Result<ExitCode, Failure> {
    let now = Clock::system().now();
    match &args.command {
        SilenceCommand::Add(args) => add(args, config, now),
        SilenceCommand::List(args) => list(args, config, now),
        SilenceCommand::Rm(args) => remove(args, config, now),
    }
}

fn request(args: &SilenceAddArgs) -> Result<SilenceRequest, Failure> {
    let (entity_type, entity_value) = match args.entity.as_deref().map(|text| text.split_once(':'))
    {
        None => (None, None),
        Some(Some((kind, value))) => (Some(kind.to_owned()), Some(value.to_owned())),
        Some(None) => {
            return Err(Failure::usage("an entity is its type and its value")
                .detail("argument: --entity")
                .hint("for example --entity ip:10.1.2.3"));
        }
    };
    let severity = |text: &String| {
        let id = text.parse::<u8>().ok().filter(|id| *id <= 6).map(Severity::from_id);
        id.or_else(|| Severity::from_word(text.as_bytes())).ok_or_else(|| {
            Failure::usage(format!("{text:?} is no severity; allowed: 0 to 6 or a name"))
                .detail("argument: --max-severity")
        })
    };
    Ok(SilenceRequest {
        matching: SilenceMatch {
            rule: args.rule.clone(),
            entity_type,
            entity_value,
            source_type: args.source_type.clone(),
            host: args.host.clone(),
            lens: args.lens.clone(),
            alert_type: args.alert_type.clone(),
            max_severity: args.max_severity.as_ref().map(severity).transpose()?.map(Severity::id),
        },
        reason: args.reason.clone(),
        created_by: Some(args.created_by.clone().unwrap_or_else(state::who)),
        starts: args.starts.clone(),
        ends: args.until.clone(),
        lasts: args.lasts.clone(),
    })
}

fn add(args: &SilenceAddArgs, config: &Config, now: Ns) -> Result<ExitCode, Failure> {
    let request = request(args)?;
    // What cannot be is told before anything is opened.
    let new = request.resolve(now, "cli")?.checked(now)?;
    let silence = match state::reach(args.data_dir.as_deref(), config)? {
        Reach::Running(mut client) => {
            let body = serde_json::to_value(&request).map_err(|error| odd(&error.to_string()))?;
            let answer = client.expect(Method::POST, PATH, Some(&body))?;
            read(answer.json())?
        }
        Reach::Resting(_data, store) => store.add_silence(&new, now)?,
    };
    output::message(&format!(
        "silenced until {}: {}",
        time::rfc3339(silence.ends_ns),
        neutral(&silence.matching.words())
    ));
    output::result(format!("{}\n", silence.id).as_bytes())
}

fn list(args: &SilenceListArgs, config: &Config, now: Ns) -> Result<ExitCode, Failure> {
    let silences: Vec<Silence> = match state::reach(args.data_dir.as_deref(), config)? {
        Reach::Running(mut client) => state::listed(&mut client, PATH, args.all, read)?,
        Reach::Resting(_data, store) => store.silences(args.all, now)?,
    };
    const HEAD: [&str; 7] = ["ID", "STATE", "STARTS", "ENDS", "BY", "MATCH", "REASON"];
    let cells = |silence: &Silence| {
        vec![
            silence.id.clone(),
            silence.state(now).to_owned(),
            time::rfc3339(silence.starts_ns),
            time::rfc3339(silence.removed_ns.unwrap_or(silence.ends_ns)),
            neutral(&silence.created_by).into_owned(),
            neutral(&silence.matching.words()).into_owned(),
            neutral(&silence.reason).into_owned(),
        ]
    };
    let document = |silence: &Silence| serde_json::to_value(silence).unwrap_or_default();
    let text = table::list(args.list.chosen(false), &HEAD, &silences, cells, document);
    output::result(text.as_bytes())
}

fn remove(args: &SilenceRmArgs, config: &Config, now: Ns) -> Result<ExitCode, Failure> {
    let none = || {
        Failure::new(ExitCode::Findings, "there is no such silence, or it is over")
            .hint("`seerflow silence list` shows the ids")
    };
    match state::reach(args.data_dir.as_deref(), config)? {
        Reach::Running(mut client) => {
            if !state::is_id(&args.id) {
                return Err(none());
            }
            let path = format!("{PATH}/{}", args.id);
            client.expect(Method::DELETE, &path, None)?;
        }
        Reach::Resting(_data, store) => {
            store.remove_silence(&args.id, &state::who(), now)?.ok_or_else(none)?;
        }
    }
    output::message("the silence has ended");
    Ok(ExitCode::Fine)
}

fn read(value: Value) -> Result<Silence, Failure> {
    serde_json::from_value(value).map_err(|error| odd(&error.to_string()))
}

fn odd(error: &str) -> Failure {
    Failure::cannot_run(format!("the running program says what is no silence: {error}"))
}

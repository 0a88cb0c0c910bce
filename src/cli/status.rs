//! `seerflow status`: how the running program is. Exit code 0 healthy, 1 degraded, 3 not reachable.

use super::output;
use super::remote::{self, Client};
use super::search_args::StatusArgs;
use crate::config::data_dir::{self, Running};
use crate::config::{Config, Environment};
use crate::failure::{ExitCode, Failure};
use http::Method;
use seerflow_model::text::{neutral, neutral_json};
use serde_json::{Map, Value};
use std::net::SocketAddr;
use std::time::Duration;

/// Runs it.
pub fn run(args: &StatusArgs, config: &Config) -> Result<ExitCode, Failure> {
    let address = address(args, config)?;
    let mut client = Client::with_timeout(address, Duration::from_secs_f64(args.timeout))?;
    // 503 is an answer, too: it says what is wrong.
    let health = client.send_bytes(Method::GET, "/api/v1/health", None)?;
    let stats = client.send_bytes(Method::GET, "/api/v1/stats", None)?;
    let (status, document) = (health.json(), merged(stats.json(), health.json()));
    let healthy = health.status.is_success() && status["status"] == "healthy";
    if !status.is_object() {
        return Err(Failure::cannot_run(format!("what answers at {address} is not Seerflow"))
            .detail(format!("status {}", health.status.as_u16())));
    }
    let code = if healthy { ExitCode::Fine } else { ExitCode::Findings };
    let text = match args.json {
        true => neutral_json(&format!("{document:#}\n")).into_owned(),
        false => columns(&document),
    };
    output::result(text.as_bytes())?;
    Ok(code)
}

/// Where the program that uses the data directory answers; where the configuration says, if nobody does.
fn address(args: &StatusArgs, config: &Config) -> Result<SocketAddr, Failure> {
    let path = data_dir::locate(args.data.data_dir.as_deref(), config, &Environment::of_process())?;
    match data_dir::running(&path) {
        Ok(Running::At(address)) => Ok(address),
        Ok(Running::No) if args.data.data_dir.is_none() => Ok(remote::configured(config)),
        Ok(Running::No) => Err(Failure::cannot_run(format!("nothing uses {}", path.display()))
            .hint("start it with `seerflow start`")),
        Err(failure) => Err(Failure { exit_code: ExitCode::CannotRun, ..failure }),
    }
}

/// Both documents as one; what both have is taken from the health.
fn merged(stats: Value, health: Value) -> Value {
    let mut all = Map::new();
    for document in [health, stats] {
        if let Value::Object(map) = document {
            for (key, value) in map {
                all.entry(key).or_insert(value);
            }
        }
    }
    Value::Object(all)
}

/// Name and value, one a line.
fn columns(document: &Value) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (key, value) in document.as_object().into_iter().flatten() {
        flat(key, value, &mut lines);
    }
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    lines.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

fn flat(name: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| flat(&format!("{name}.{key}"), value, lines));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                lines.push((neutral(name).into_owned(), neutral(&item.to_string()).into_owned()));
            }
        }
        Value::Array(items) => {
            let words: Vec<String> = items.iter().map(shown).collect();
            lines.push((neutral(name).into_owned(), words.join("; ")));
        }
        other if name == "uptime_seconds" => {
            let seconds = other.as_f64().unwrap_or(0.0) as u64;
            let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            lines.push(("uptime".to_owned(), format!("{h:02}h {m:02}m {s:02}s")));
        }
        other => lines.push((neutral(name).into_owned(), shown(other))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => neutral(text).into_owned(),
        Value::Object(map) if map.is_empty() => "-".to_owned(),
        other => neutral(&other.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_documents_as_columns() {
        let stats = json!({"status": "x", "total_events": 5, "uptime_seconds": 3_725.5});
        let health =
            json!({"status": "healthy", "problems": [], "components": {"a": "b\u{1b}[31m"}});
        let all = merged(stats, health);
        assert_eq!(all["status"], "healthy");
        let text = columns(&all);
        assert!(text.contains("uptime        01h 02m 05s\n"), "{text}");
        assert!(text.contains("total_events  5\n") && !text.contains('\u{1b}'), "{text}");
    }
}

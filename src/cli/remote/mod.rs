//! Asking the running program, over its HTTP face on this machine.

mod client;

pub use client::{Answer, Client};

use crate::config::data_dir::{self, Running};
use crate::config::{Config, Environment};
use crate::failure::Failure;
use seerflow_pipeline::views::TemplateRow;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;

/// Rows asked for at a time.
const PAGE: usize = 1_000;

/// Where the program listens that a configuration describes.
pub fn configured(config: &Config) -> SocketAddr {
    SocketAddr::new(config.program.health_bind_address, config.program.dashboard_port)
}

/// Where the data that a command speaks of is found.
pub enum Place {
    /// A running program has it: ask there.
    Running(Client),
    /// Nobody uses it: the directory is ours while this lives.
    Resting(data_dir::DataDir),
}

/// The running program that uses the data directory, or the directory itself, locked.
pub fn place(argument: Option<&Path>, config: &Config) -> Result<Place, Failure> {
    let path = data_dir::locate(argument, config, &Environment::of_process())?;
    match data_dir::running(&path)? {
        Running::No => Ok(Place::Resting(data_dir::open(&path)?)),
        Running::At(address) => Ok(Place::Running(Client::connect(address)?)),
    }
}

/// All templates of the running program.
pub fn templates(config: &Config) -> Result<Vec<TemplateRow>, Failure> {
    let mut rows = Vec::new();
    let mut client = Client::connect(configured(config))
        .map_err(|failure| failure.hint("start it with `seerflow start`, or name files"))?;
    for page in 1.. {
        let answer = client.get(&format!("/api/v1/templates?page={page}&limit={PAGE}"))?;
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        rows.extend(items.iter().map(row));
        if answer["has_next"] != Value::Bool(true) {
            break;
        }
    }
    Ok(rows)
}

fn row(item: &Value) -> TemplateRow {
    let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| text(key).parse().unwrap_or(0);
    TemplateRow {
        id: number("template_id"),
        text: text("template"),
        source_type: text("source_type"),
        program: text("program"),
        count: item["event_count"].as_u64().unwrap_or(0),
        first_seen: number("first_seen_ns"),
        last_seen: number("last_seen_ns"),
        example: text("example"),
    }
}

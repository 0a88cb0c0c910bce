//! Asking the running program, over its HTTP face on this machine.

use crate::config::Config;
use crate::failure::Failure;
use seerflow_pipeline::views::TemplateRow;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long the program may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer, in bytes.
const ANSWER_MAX: u64 = 64 << 20;
/// Rows asked for at a time.
const PAGE: usize = 1_000;

/// All templates of the running program.
pub fn templates(config: &Config) -> Result<Vec<TemplateRow>, Failure> {
    let mut rows = Vec::new();
    for page in 1.. {
        let answer = get(config, &format!("/api/v1/templates?page={page}&limit={PAGE}"))?;
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

fn get(config: &Config, path: &str) -> Result<Value, Failure> {
    let address =
        SocketAddr::new(config.program.health_bind_address, config.program.dashboard_port);
    let failed = |what: String| {
        Failure::cannot_run(format!("cannot ask the running program at {address}: {what}"))
            .hint("start it with `seerflow start`, or name files")
    };
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(ANSWER_MAX).read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).unwrap_or("no answer");
    if status != "200" {
        return Err(failed(format!("status {status}")));
    }
    serde_json::from_str(body).map_err(|error| failed(error.to_string()))
}

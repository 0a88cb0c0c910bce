//! The doors, and the requests that senders put through them.

use super::Form;
use crate::daemon::Daemon;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::SystemTime;

/// A way in that acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Webhook,
    Http,
    Grpc,
}

impl Door {
    pub const ALL: [Door; 3] = [Door::Webhook, Door::Http, Door::Grpc];

    /// What the ledger calls it.
    pub fn receiver(self) -> &'static str {
        match self {
            Door::Webhook => "webhook",
            Door::Http => "otlp_http",
            Door::Grpc => "otlp_grpc",
        }
    }

    /// Where it listens.
    pub fn address(self, daemon: &Daemon) -> SocketAddr {
        let label = match self {
            Door::Webhook => "webhook",
            Door::Http => "OTLP HTTP",
            Door::Grpc => "OTLP gRPC",
        };
        let text = daemon.err.text();
        let line = text.lines().find_map(|line| line.trim().strip_prefix(label)).unwrap().trim();
        line.split('/').nth(2).unwrap_or(line).parse().unwrap()
    }
}

/// Whom a sender's records are of.
pub fn program(door: Door, sender: usize) -> String {
    format!("{}-{sender}", door.receiver())
}

fn message(number: u64) -> String {
    format!("order {number} of user u{} took {} ms", number % 50, number % 900)
}

/// The number of a record, from its message.
pub fn serial(message: &str) -> Option<u64> {
    message.strip_prefix("order ")?.split(' ').next()?.parse().ok()
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64
}

/// A request of HTTP with its head; the same batch made again is another request.
pub fn http(door: Door, sender: usize, batch: u64, form: Form) -> Vec<u8> {
    let json = "application/json";
    let (path, media, body) = match door {
        Door::Webhook => ("/burst", json, rows(sender, batch, form).into_bytes()),
        _ if sender.is_multiple_of(2) => {
            ("/v1/logs", json, serde_json::to_vec(&logs(door, sender, batch, form)).unwrap())
        }
        _ => {
            let body = logs(door, sender, batch, form).encode_to_vec();
            ("/v1/logs", "application/x-protobuf", body)
        }
    };
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\nIdempotency-Key: \
         {sender}-{batch}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend(body);
    request
}

/// Rows of a webhook.
fn rows(sender: usize, batch: u64, form: Form) -> String {
    let (program, pad) = (program(Door::Webhook, sender), "x".repeat(form.pad));
    let mut body = "[".to_owned();
    for number in batch * form.records..(batch + 1) * form.records {
        let (host, text) = (number % 8, message(number));
        let comma = if body.len() == 1 { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"program":"{program}","host":"h{host}","msg":"{text}","pad":"{pad}"}}"#
        )
        .unwrap();
    }
    body + "]"
}

/// Records of OpenTelemetry.
pub fn logs(door: Door, sender: usize, batch: u64, form: Form) -> ExportLogsServiceRequest {
    let text = |text: String| Some(AnyValue { value: Some(Value::StringValue(text)) });
    let attribute = |key: &str, value: String| KeyValue {
        key: key.to_owned(),
        value: text(value),
        ..KeyValue::default()
    };
    let record = |number: u64| LogRecord {
        time_unix_nano: now(),
        severity_number: 9,
        body: text(message(number)),
        attributes: vec![attribute("pad", "x".repeat(form.pad))],
        ..LogRecord::default()
    };
    let attributes = vec![
        attribute("service.name", program(door, sender)),
        attribute("host.name", format!("h{}", sender % 8)),
    ];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_logs: vec![ScopeLogs {
                log_records: (batch * form.records..(batch + 1) * form.records)
                    .map(record)
                    .collect(),
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    }
}

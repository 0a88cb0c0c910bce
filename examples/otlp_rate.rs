//! How many OTLP records a CPU second takes: read from a request, written as lines, parsed.
//!
//! `cargo run --release --example otlp_rate` prints for both encodings the records per CPU second
//! (user and system) of decoding with writing, of parsing, and of both.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use seerflow::receivers::otlp::{json, proto};
use seerflow::receivers::push::budget::Budget;
use seerflow::receivers::push::{Limits, Records};
use seerflow_model::record::{Flags, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{LineEnd, ReceiverKind};
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use std::sync::Arc;

const RECORDS: usize = 2_000;
const ROUNDS: usize = 20;

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let ns = stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0);
    ns / 1e9
}

fn text(value: &str) -> Option<AnyValue> {
    Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) })
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    let pair = |(key, value): &(&str, &str)| KeyValue {
        key: (*key).to_owned(),
        value: text(value),
        ..KeyValue::default()
    };
    pairs.iter().map(pair).collect()
}

/// Records as a web service in a cluster sends them: ten attributes of the resource, five of its own.
fn request() -> ExportLogsServiceRequest {
    let record = |i: usize| LogRecord {
        time_unix_nano: 1_772_618_400_000_000_000 + i as u64,
        observed_time_unix_nano: 1_772_618_400_500_000_000 + i as u64,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: text(&format!(
            "order {i} of user u{} from 10.1.2.{} took {} ms",
            i % 50,
            i % 200,
            i % 900
        )),
        attributes: pairs(&[
            ("http.request.method", "POST"),
            ("url.path", "/api/orders"),
            ("client.address", "10.1.2.3"),
            ("user.name", "ann"),
            ("thread.name", "worker-7"),
        ]),
        trace_id: vec![7; 16],
        span_id: vec![9; 8],
        ..LogRecord::default()
    };
    let resource = pairs(&[
        ("service.name", "checkout"),
        ("service.version", "1.8.2"),
        ("host.name", "web-1"),
        ("k8s.pod.name", "checkout-7f9c"),
        ("k8s.namespace.name", "shop"),
        ("k8s.node.name", "node-3"),
        ("cloud.provider", "aws"),
        ("cloud.region", "eu-west-1"),
        ("telemetry.sdk.language", "java"),
        ("telemetry.sdk.version", "1.40.0"),
    ]);
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource { attributes: resource, ..Resource::default() }),
            scope_logs: vec![ScopeLogs {
                scope: Some(InstrumentationScope {
                    name: "shop.orders".to_owned(),
                    ..Default::default()
                }),
                log_records: (0..RECORDS).map(record).collect(),
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    }
}

fn read(body: &[u8], as_json: bool) -> Records {
    let limits = Limits::default();
    let mut room = Budget::new(limits.held_max, 1).enter().expect("there is room");
    let mut records = Records::new(&limits);
    let done = match as_json {
        true => json::read(body, &mut records, &mut room),
        false => proto::read(body, &mut records, &mut room),
    };
    done.expect("the request is sound");
    records
}

/// The batches that a request becomes.
fn batches(records: Records) -> Vec<RecordBatch> {
    let source = Arc::new(SourceInfo::plain(1, "x", ReceiverKind::OtlpGrpc, "otlp"));
    let mut finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let batch = |chunk: seerflow::receivers::push::records::Chunk| {
        let mut from = 0;
        let mut metas = Vec::with_capacity(chunk.ends.len());
        for end in &chunk.ends {
            let found = finder.find(&chunk.bytes[from as usize..*end as usize]);
            metas.push(RecordMeta {
                start: from,
                len: end - from,
                seq: 0,
                event_time: found.map(|time| time.ns),
                effective: found.map_or(1, |time| time.ns),
                time_start: found.map_or(0, |time| time.start),
                time_len: found.map_or(0, |time| time.len),
                flags: Flags::default(),
                end: LineEnd::None,
            });
            from = *end;
        }
        RecordBatch { source: source.clone(), observed: 1, bytes: chunk.bytes, records: metas }
    };
    records.into_chunks().map(batch).collect()
}

fn main() {
    let request = request();
    let bodies = [
        ("protobuf", request.encode_to_vec()),
        ("json", serde_json::to_string(&request).unwrap_or_default().into_bytes()),
    ];
    let mut parser = Parser::new(RoleSet::bundled(), None);
    for (name, body) in bodies {
        let (mut reading, mut parsing) = (f64::MAX, f64::MAX);
        let mut fields = 0;
        for _ in 0..ROUNDS {
            let begin = cpu_seconds();
            let batches = batches(read(&body, name == "json"));
            let read = cpu_seconds();
            for batch in &batches {
                for meta in &batch.records {
                    fields += parser.parse(batch, meta).fields.len();
                }
            }
            reading = reading.min(read - begin);
            parsing = parsing.min(cpu_seconds() - read);
        }
        let rate = |seconds: f64| RECORDS as f64 / seconds / 1_000.0;
        println!(
            "{name}: {} bytes and {} fields a record; k records per CPU second: read and write {:.0}, parse {:.0}, both {:.0}",
            body.len() / RECORDS,
            fields / RECORDS / ROUNDS,
            rate(reading),
            rate(parsing),
            rate(reading + parsing)
        );
    }
}

//! Both doors over real sockets: what is taken, what is told to come back, what comes again.

use super::super::push::Limits;
use super::super::testing::{START, door, until};
use super::{grpc, http};
use crate::receivers::counters::ReceiverCounters;
use crate::runtime::clock::Clock;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;
use seerflow_model::time::SECOND;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request};

/// A request of `n` records that are told from others by `what`.
fn request(what: &str, n: usize) -> ExportLogsServiceRequest {
    let record = |i: usize| LogRecord {
        time_unix_nano: START + i as u64,
        severity_number: 17,
        body: Some(AnyValue { value: Some(Value::StringValue(format!("{what} {i}"))) }),
        ..LogRecord::default()
    };
    let log_records = (0..n).map(record).collect();
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }],
    }
}

/// A running door and the engine behind it.
struct Rig {
    engine: super::super::testing::Engine,
    counters: Arc<ReceiverCounters>,
    stop: CancellationToken,
    address: SocketAddr,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
    _hand: crate::runtime::clock::ManualClock,
}

impl Rig {
    async fn new(over_grpc: bool, limits: Limits) -> Rig {
        let (clock, hand) = Clock::manual(START + SECOND);
        let (door, engine) = door(&clock, 1, 16);
        let (counters, stop) = (door.counters.clone(), door.stop.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = match over_grpc {
            true => tokio::spawn(grpc::run(listener, limits, door)),
            false => tokio::spawn(http::run(listener, limits, door)),
        };
        Rig { engine, counters, stop, address, task, _hand: hand }
    }

    async fn client(&self) -> LogsServiceClient<tonic::transport::Channel> {
        LogsServiceClient::connect(format!("http://{}", self.address)).await.unwrap()
    }

    /// Sends one request as it is, and gives status line, head and body of the answer.
    async fn send(&self, head: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        // A server that refuses early may close before all of it was sent.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let at = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0);
        let head = String::from_utf8_lossy(&answer[..at]).to_lowercase();
        (head, answer.split_off((at + 4).min(answer.len())))
    }

    async fn end(mut self) -> super::super::testing::Engine {
        self.stop.cancel();
        until("the door is closed", || {
            self.engine.drain();
            self.task.is_finished()
        })
        .await;
        self.engine.drain();
        assert!(self.engine.closed());
        self.engine.ledger(&self.counters);
        self.engine
    }
}

const PROTOBUF: &str = "POST /v1/logs HTTP/1.1\r\nContent-Type: application/x-protobuf";
const JSON: &str = "POST /v1/logs HTTP/1.1\r\nContent-Type: application/json; charset=utf-8";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_takes_calls_packed_or_not_and_none_twice() {
    let rig = Rig::new(true, Limits::default()).await;
    let mut plain = rig.client().await;
    let mut gzip = rig
        .client()
        .await
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    for (packed, what) in [(false, "a"), (true, "b"), (false, "a"), (false, "b")] {
        let client = if packed { &mut gzip } else { &mut plain };
        let answer = client.export(request(what, 700)).await.unwrap();
        assert_eq!(answer.into_inner().partial_success, None, "{what}");
    }
    // A record that can never be taken is told and the others are.
    let mut mixed = request("c", 2);
    let long = Value::StringValue("x".repeat(2 << 20));
    mixed.resource_logs[0].scope_logs[0].log_records[0].body = Some(AnyValue { value: Some(long) });
    let partial = plain.export(mixed).await.unwrap().into_inner().partial_success.unwrap();
    assert_eq!(partial.rejected_log_records, 1);
    assert!(!partial.error_message.is_empty());
    let repeated = rig.counters.repeated_request.load(std::sync::atomic::Ordering::Acquire);
    assert_eq!(repeated, 2);
    let mut engine = rig.end().await;
    assert_eq!(engine.texts().len(), 1_401);
    let first = engine.got.iter().find(|got| got.text.contains("\"a 0\"")).unwrap();
    assert_eq!(first.time, Some(START));
    assert!(first.text.starts_with("{\"logRecord\":{\"timeUnixNano\":\"1700000000000000000\","));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_says_what_is_wrong_and_when_to_come_back() {
    let full = Rig::new(true, Limits { requests_max: 0, ..Limits::default() }).await;
    let status = full.client().await.export(request("a", 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let details = super::answer::Status::decode(status.details()).unwrap();
    assert!(details.details[0].type_url.ends_with("google.rpc.RetryInfo"));
    let info = super::answer::RetryInfo::decode(&details.details[0].value[..]).unwrap();
    assert_eq!(info.retry_delay.unwrap().seconds, 1);
    assert_eq!(full.end().await.count, 0);

    let small = Limits { wire_max: 2_000, body_max: 8_000, ..Limits::default() };
    let rig = Rig::new(true, small).await;
    let mut client = rig.client().await;
    assert_eq!(client.export(request("a", 100)).await.unwrap_err().code(), Code::InvalidArgument);
    let mut gzip = rig.client().await.send_compressed(CompressionEncoding::Gzip);
    let bomb = request(&"x".repeat(20_000), 1);
    assert_eq!(gzip.export(bomb).await.unwrap_err().code(), Code::InvalidArgument);
    let mut late = Request::new(request("b", 1));
    late.set_timeout(Duration::from_secs(5));
    client.export(late).await.unwrap();
    let refused = rig.counters.refused_request.load(std::sync::atomic::Ordering::Acquire);
    assert_eq!(refused, 2);
    assert_eq!(rig.end().await.count, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_answers_in_the_encoding_of_the_request() {
    let rig = Rig::new(false, Limits { wire_max: 10_000, ..Limits::default() }).await;
    let (head, body) = rig.send(PROTOBUF, &request("a", 3).encode_to_vec()).await;
    assert!(head.starts_with("http/1.1 200") && head.contains("application/x-protobuf"), "{head}");
    assert!(body.is_empty());
    let text =
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"j"}}]}]}]}"#;
    for _ in 0..2 {
        let (head, body) = rig.send(JSON, text.as_bytes()).await;
        assert!(head.starts_with("http/1.1 200") && head.contains("application/json"), "{head}");
        assert_eq!(body, b"{}");
    }
    let (head, body) = rig.send(PROTOBUF, b"\xff\xff").await;
    assert!(head.starts_with("http/1.1 400"), "{head}");
    assert_eq!(
        super::answer::Status::decode(&body[..]).unwrap().code,
        Code::InvalidArgument as i32
    );
    for (head, body, status) in [
        (JSON, &b"{"[..], "400"),
        (JSON, &[b' '; 10_001][..], "413"),
        ("POST /v1/logs HTTP/1.1\r\nContent-Type: text/plain", b"x", "415"),
        ("POST /v1/logs HTTP/1.1", b"x", "415"),
        (
            "POST /v1/logs HTTP/1.1\r\nContent-Type: application/json\r\nContent-Encoding: br",
            b"x",
            "415",
        ),
        ("GET /v1/logs HTTP/1.1", b"", "405"),
        ("POST /v1/traces HTTP/1.1\r\nContent-Type: application/json", b"{}", "404"),
        ("POST /v1/metrics HTTP/1.1", b"{}", "404"),
        ("GET / HTTP/1.1", b"", "404"),
    ] {
        let (answer, body) = rig.send(head, body).await;
        assert!(answer.starts_with(&format!("http/1.1 {status}")), "{head}: {answer}");
        let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(told["code"].is_number() && told["message"].is_string(), "{told}");
        assert_eq!(answer.contains("allow: post"), status == "405");
    }
    assert_eq!(rig.end().await.count, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_says_when_to_come_back_and_does_not_wait_for_the_slow() {
    let full = Rig::new(false, Limits { requests_max: 0, ..Limits::default() }).await;
    let (head, body) = full.send(JSON, b"{}").await;
    assert!(head.starts_with("http/1.1 429") && head.contains("retry-after: 1"), "{head}");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["code"], 8);
    assert_eq!(full.end().await.count, 0);

    let hasty = Limits { receive_timeout: Duration::from_millis(200), ..Limits::default() };
    let rig = Rig::new(false, hasty).await;
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    let head = format!("{JSON}\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection was kept");
    assert_eq!(rig.end().await.count, 0);
}

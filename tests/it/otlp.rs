//! OpenTelemetry logs: the real program, real sockets, the real SDK.

use crate::daemon::{Daemon, FREE_PORTS, program, wait};
use crate::support::program::{run, run_with};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde_json::{Value as Json, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Where the doors of a program listen.
fn doors(daemon: &Daemon) -> (SocketAddr, SocketAddr) {
    let text = daemon.err.text();
    let after = |label: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(label));
        line.unwrap_or_else(|| panic!("no {label}: {text}")).trim().to_owned()
    };
    let http = after("OTLP HTTP");
    (after("OTLP gRPC").parse().unwrap(), http.split('/').nth(2).unwrap().parse().unwrap())
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64
}

/// A request of `n` records of one service; `first` is the number of the first.
fn request(first: usize, n: usize) -> ExportLogsServiceRequest {
    let text = |text: String| Some(AnyValue { value: Some(Value::StringValue(text)) });
    let record = |i: usize| LogRecord {
        time_unix_nano: now(),
        severity_number: 17,
        body: text(format!("payment {i} from 10.1.2.3 was refused")),
        ..LogRecord::default()
    };
    let name = KeyValue {
        key: "service.name".to_owned(),
        value: text("checkout".to_owned()),
        ..KeyValue::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource { attributes: vec![name], ..Resource::default() }),
            scope_logs: vec![ScopeLogs {
                log_records: (first..first + n).map(record).collect(),
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    }
}

/// Posts JSON; gives the answer's status and body.
fn post(address: SocketAddr, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: \
         application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn records_of_both_doors_are_events_and_repeated_requests_are_not() {
    let daemon = Daemon::start(FREE_PORTS);
    let (grpc, http) = doors(&daemon);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = LogsServiceClient::connect(format!("http://{grpc}")).await.unwrap();
        for batch in 0..4 {
            let request = request(batch * 500, 500);
            for _ in 0..2 {
                client.export(request.clone()).await.unwrap();
            }
        }
    });
    let record = |i: usize| {
        let body = json!({"stringValue": format!("payment {i} from 10.1.2.3 was refused")});
        json!({"timeUnixNano": now().to_string(), "severityNumber": 17, "body": body})
    };
    let name = json!([{"key": "service.name", "value": {"stringValue": "checkout"}}]);
    for batch in 0..4 {
        let records: Vec<Json> = (batch * 500..batch * 500 + 500).map(record).collect();
        let logs =
            json!({"resource": {"attributes": name}, "scopeLogs": [{"logRecords": records}]});
        let body = json!({"resourceLogs": [logs]}).to_string();
        for _ in 0..2 {
            assert_eq!(post(http, &body), (200, "{}".to_owned()));
        }
    }
    daemon.wait_processed(4_000);
    for door in ["otlp_grpc", "otlp_http"] {
        let row = daemon.ledger(door);
        assert_eq!((&row["accepted"], &row["balanced"]), (&json!(2_000), &json!(true)), "{row}");
        assert_eq!(daemon.counter(&format!("{door}_repeated_request")), 4);
    }
    assert_eq!(daemon.events_of("checkout"), 4_000);
    assert_eq!(daemon.stop().status.code(), Some(0));
}

/// The line that the doors write is read by `parse` alone.
#[test]
fn a_record_comes_back_with_message_severity_time_and_address() {
    let line = concat!(
        r#"{"logRecord":{"timeUnixNano":"1772618400123456789","severityNumber":17,"#,
        r#""body":"login of root from 10.1.2.3 failed"},"#,
        r#""resource":{"attributes":{"service.name":"checkout","host.name":"web-1"}}}"#,
        "\n"
    );
    let home = tempfile::tempdir().unwrap();
    let said = run_with(home.path(), &["parse", "--format", "json"], line.as_bytes());
    assert_eq!(said.code, 0, "{}", said.err);
    let events: Json = serde_json::from_str(&said.out).unwrap();
    let event = &events[0];
    let event = event.get("event").unwrap_or(event);
    for (key, expected) in [
        ("message", json!("login of root from 10.1.2.3 failed")),
        ("severity_id", json!(4)),
        ("otel_severity", json!(17)),
        ("event_time_ns", json!("1772618400123456789")),
        ("program", json!("checkout")),
        ("host", json!("web-1")),
        ("format", json!("otlp")),
    ] {
        assert_eq!(event[key], expected, "{key}: {event}");
    }
    let entities = event["entities"].as_array().unwrap();
    let address = entities.iter().find(|entity| entity["type"] == "ip").unwrap();
    assert_eq!(address["value"], "10.1.2.3");

    let config = "sources: [{name: x, match: {path: '**/x.log'}, format: otlp}]\n";
    std::fs::write(home.path().join("seerflow.yaml"), config).unwrap();
    std::fs::write(home.path().join("x.log"), line).unwrap();
    let said = run(home.path(), &["parse", "x.log", "--explain", "--format", "table"]);
    assert!(said.out.contains("otlp, fixed as otlp"), "{} {}", said.out, said.err);
}

/// The same over the wire and out of the store.
#[test]
fn a_record_is_found_as_it_was_sent() {
    let daemon = Daemon::start(FREE_PORTS);
    let (_, http) = doors(&daemon);
    // An old record is late, and keeps its own time.
    let body = json!({"resourceLogs": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "checkout"}},
        ]},
        "scopeLogs": [{"logRecords": [{
            "timeUnixNano": "1772618400123456789",
            "severityNumber": 17,
            "body": {"stringValue": "login of root from 10.1.2.3 failed"},
        }]}],
    }]});
    assert_eq!(post(http, &body.to_string()).0, 200);
    let mut found = Json::Null;
    wait("it can be found", || {
        found = daemon.json("/api/v1/events?q=%22login+of+root%22");
        found["total"] == 1
    });
    let event = &found["items"][0];
    assert_eq!(event["message"], "login of root from 10.1.2.3 failed");
    assert_eq!(event["severity_id"], 4);
    assert_eq!(event["timestamp_ns"], "1772618400123456789");
    assert_eq!(event["program"], "checkout");
    let entities = event["entities"].as_array().unwrap();
    // The sender stands in for the host that no attribute names.
    let spoken = |entity: &&Json| entity["type"] == "ip" && entity["role"] == "src";
    let addresses = entities.iter().filter(spoken);
    assert_eq!(addresses.map(|ip| &ip["value"]).collect::<Vec<_>>(), ["10.1.2.3"]);
}

#[test]
fn an_occupied_port_ends_the_start_and_names_its_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for key in ["otlp_grpc_port", "otlp_http_port"] {
        let dir = tempfile::tempdir().unwrap();
        let yaml = FREE_PORTS.replace(&format!("{key}: 0"), &format!("{key}: {port}"));
        std::fs::write(dir.path().join("seerflow.yaml"), yaml).unwrap();
        let output = program(dir.path()).arg("start").output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{text}");
        for part in [format!("127.0.0.1:{port}"), format!("receivers.{key}"), "hint:".to_owned()] {
            assert!(text.contains(&part), "{part}: {text}");
        }
    }
}

/// The Python that has the SDK: named by `SEERFLOW_OTEL_PYTHON`, else the system's.
fn python() -> Option<String> {
    let python = std::env::var("SEERFLOW_OTEL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let modules = "import opentelemetry.sdk._logs, \
                   opentelemetry.exporter.otlp.proto.grpc._log_exporter, \
                   opentelemetry.exporter.otlp.proto.http._log_exporter";
    let output = Command::new(&python).args(["-c", modules]).output();
    let there = output.is_ok_and(|output| output.status.success());
    if !there {
        let demanded = std::env::var_os("SEERFLOW_CLIENTS").is_some_and(|value| value == "1");
        assert!(!demanded, "{python} has no OpenTelemetry SDK with its exporters");
        println!("NOT CHECKED: {python} has no OpenTelemetry SDK with its exporters");
    }
    there.then_some(python)
}

#[test]
fn five_thousand_records_of_the_real_sdk_in_both_protocols() {
    let Some(python) = python() else { return };
    let daemon = Daemon::start(FREE_PORTS);
    let (grpc, http) = doors(&daemon);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/otel.py");
    for (protocol, endpoint) in
        [("grpc", format!("http://{grpc}")), ("http", format!("http://{http}/v1/logs"))]
    {
        for arguments in [&["4000"][..], &["1000", "gzip"]] {
            let mut client = Command::new(&python);
            client.arg(script).args([protocol, &endpoint]).args(arguments);
            let output = client.output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{protocol} {arguments:?}: {said}");
        }
    }
    daemon.wait_processed(10_000);
    for door in ["otlp_grpc", "otlp_http"] {
        assert_eq!(daemon.ledger(door)["processed"], 5_000);
    }
    wait("its templates are listed", || daemon.events_of("checkout") == 10_000);
    assert_eq!(daemon.stop().status.code(), Some(0));
}

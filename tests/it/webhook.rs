//! Webhooks of the real program: posts come out as events.

use crate::daemon::{Answer, Daemon, program, wait};
use serde_json::json;
use std::net::{SocketAddr, TcpListener};

const CONFIG: &str = "dashboard_port: 0
receivers:
  syslog_enabled: false
  otlp_grpc_enabled: false
  otlp_http_enabled: false
  webhook_port: 0
  webhooks:
  - {path: /hooks/github, source_id: github, mapping: github}
  - {path: /hooks/alerts, mapping: alertmanager}
  - path: /hooks/shop
    items: rows
    source_type: shop
    field_mapping: {message: what, time: at, severity: prio, program: app, user: clerk}
    severity_map: {P1: critical}
";

/// Where the webhooks listen.
pub fn address(daemon: &Daemon) -> SocketAddr {
    let text = daemon.err.text();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("webhook")).unwrap();
    line.trim().split('/').nth(2).unwrap().parse().unwrap()
}

fn post(address: SocketAddr, path: &str, body: &str) -> Answer {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nConnection: \
         close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Answer::of_other(address, &(head + body))
}

fn now() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    seerflow_model::time::rfc3339(now.as_nanos() as u64)
}

#[test]
fn posts_become_events() {
    let daemon = Daemon::start(CONFIG);
    let address = address(&daemon);
    let rows = json!({"rows": [
        {"what": "till opened", "at": now(), "prio": "P1", "app": "till", "clerk": "ann"},
        {"what": "till closed", "at": now(), "prio": 6, "app": "till", "clerk": "ann"},
    ]});
    assert_eq!(post(address, "/hooks/shop", &rows.to_string()).json(), json!({"accepted": 2}));
    let push = json!({"ref": "refs/heads/main", "pusher": {"name": "ann"}, "sender": {"login": "ann"},
        "repository": {"full_name": "example/shop"}});
    assert_eq!(post(address, "/hooks/github", &push.to_string()).status, 200);
    let alerts = json!({"version": "4", "status": "firing", "alerts": [
        {"status": "firing", "labels": {"alertname": "DiskFull", "instance": "db-1:9100"},
         "annotations": {"summary": "disk is full"}, "startsAt": now()},
        {"status": "resolved", "labels": {"alertname": "DiskFull", "instance": "db-2:9100"},
         "annotations": {"summary": "disk is full"}, "startsAt": now(), "endsAt": now()},
    ]});
    assert_eq!(post(address, "/hooks/alerts", &alerts.to_string()).json(), json!({"accepted": 2}));
    assert_eq!(post(address, "/hooks/none", "{}").status, 404);
    assert_eq!(post(address, "/hooks/shop", "{\"rows\":[1]}").status, 400);
    daemon.wait_processed(5);
    let row = daemon.ledger("webhook");
    assert_eq!((&row["accepted"], &row["balanced"]), (&json!(5), &json!(true)), "{row}");
    wait("templates of each", || {
        daemon.events_of("till") == 2
            && daemon.events_of("github") == 1
            && daemon.events_of("alertmanager") == 2
    });
    let list = daemon.json("/api/v1/templates?limit=100");
    let texts: Vec<(&str, &str)> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["source_type"].as_str().unwrap(), row["template"].as_str().unwrap()))
        .collect();
    assert!(texts.contains(&("shop", "till opened")), "{texts:?}");
    assert!(
        texts
            .iter()
            .any(|(kind, text)| *kind == "webhook" && text.starts_with("push example/shop")),
        "{texts:?}"
    );
    assert_eq!(daemon.counter("webhook_refused_request"), 2);
    let ended = daemon.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
}

#[test]
fn a_taken_port_is_told_with_its_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let yaml = CONFIG.replace("webhook_port: 0", &format!("webhook_port: {port}"));
    std::fs::write(dir.path().join("seerflow.yaml"), yaml).unwrap();
    let output = program(dir.path()).arg("start").output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(err.contains("receivers.webhook_port") && err.contains(&port.to_string()), "{err}");
}

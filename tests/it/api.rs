//! The HTTP face and the ways in which a start fails, as a user meets them.

use crate::daemon::{Answer, Daemon, FREE_PORTS, program, request, wait};
use std::collections::BTreeSet;
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Learns from 300 lines; then one that was never seen raises an alert.
fn with_an_alert() -> Daemon {
    let yaml = format!(
        "{FREE_PORTS}detection: {{dspot: {{calibration_window: 200, risk_level: 0.01}}}}\n"
    );
    let daemon = Daemon::start(&yaml);
    let mut stream = daemon.connect();
    for i in 0..300 {
        writeln!(stream, "<134>1 2026-03-24T19:00:00Z web nginx {i} - - GET /a 200 {i}ms").unwrap();
    }
    daemon.wait_processed(300);
    writeln!(stream, "<11>1 2026-03-24T19:01:00Z db postgres 9 - - FATAL no space left").unwrap();
    daemon.wait_processed(301);
    wait("an alert", || daemon.json("/api/v1/alerts")["total"] == 1);
    daemon
}

#[test]
fn what_it_shows() {
    let daemon = with_an_alert();
    let health = daemon.json("/api/v1/health");
    assert_eq!(health["status"], "healthy");
    assert!(health["components"]["syslog_udp"].as_str().unwrap().starts_with("127.0.0.1:"));
    for path in ["/health/live", "/health/ready", "/healthz", "/readyz"] {
        assert_eq!(daemon.get(path).status, 200, "{path}");
    }
    wait("the events", || daemon.json("/api/v1/stats")["total_events"] == 301);
    let stats = daemon.json("/api/v1/stats");
    for (key, value) in
        [("total_events_processed", 301), ("total_events", 301), ("dropped_events", 0)]
    {
        assert_eq!(stats[key].as_u64(), Some(value), "{key}");
    }
    assert_eq!(stats["total_alerts"], 1);
    assert_eq!(stats["templates"], 2, "{stats}");
    wait("the entities", || daemon.json("/api/v1/stats")["entities"].as_u64() >= Some(4));
    assert!(stats["calibration"].is_array());

    let ledger = daemon.json("/api/v1/ledger");
    assert_eq!(ledger["balanced"], true, "{ledger}");
    let row = daemon.ledger("syslog_tcp");
    assert_eq!((row["accepted"].as_u64(), row["processed"].as_u64()), (Some(301), Some(301)));

    let templates = daemon.json("/api/v1/templates?limit=1");
    assert_eq!(
        (templates["limit"].as_u64(), templates["has_next"].as_bool()),
        (Some(1), Some(true))
    );
    let first = &templates["items"][0];
    assert_eq!(
        (first["program"].as_str(), first["event_count"].as_u64()),
        (Some("nginx"), Some(300))
    );
    assert!(first["template_id"].is_string() && first["last_seen_ns"].is_string());
    assert_eq!(daemon.json("/api/v1/templates?limit=1&page=2")["items"][0]["event_count"], 1);
    assert_eq!(daemon.stop().status.code(), Some(0));
}

#[test]
fn alerts_and_their_limits() {
    let daemon = with_an_alert();
    let list = daemon.json("/api/v1/alerts");
    let keys: BTreeSet<&str> = list.as_object().unwrap().keys().map(String::as_str).collect();
    let named = ["items", "total", "total_is_lower_bound", "page", "limit", "has_next"];
    assert!(keys.is_superset(&BTreeSet::from(named)) && keys.contains("next_cursor"));
    let id = list["items"][0]["alert_id"].as_str().unwrap();
    assert_eq!(daemon.json(&format!("/api/v1/alerts/{id}"))["alert_id"], id);
    assert_eq!(daemon.json("/api/v1/alerts?limit=500&page=1")["total"], 1);
    assert_eq!(
        daemon.json("/api/v1/alerts?limit=500&page=2")["items"].as_array().unwrap().len(),
        0
    );
    assert_eq!(daemon.json("/api/v1/alerts?status=closed")["total"], 0);
    for query in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=x",
        "limit=1e2",
        "limit=",
        "page=0",
        "page=x",
        "page=99999999999999999999",
        "severity=9",
        "severity=loud",
        "status=asleep",
        "type=odd",
        "since=yesterday",
        "limt=5",
        "limit=1&limit=2",
        "limit=%00",
        "limit=%F0%28",
    ] {
        let answer = daemon.get(&format!("/api/v1/alerts?{query}"));
        assert!(matches!(answer.status, 422 | 400), "{query}: {} {}", answer.status, answer.body);
        if !query.contains('%') {
            assert_eq!(answer.status, 422, "{query}");
        }
        assert!(answer.json()["detail"].as_str().unwrap().len() > 10, "{query}: {}", answer.body);
    }
    for path in ["/api/v1/alerts/none", "/api/v1/alerts/%ff", "/api/v1/alerts/..%2f..%2fetc"] {
        assert_eq!(daemon.get(path).status, 404, "{path}");
    }
}

#[test]
fn metrics_parse() {
    let daemon = with_an_alert();
    let answer = daemon.get("/metrics");
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    let mut declared: BTreeSet<&str> = BTreeSet::new();
    let mut samples: BTreeSet<&str> = BTreeSet::new();
    assert!(answer.body.ends_with('\n'));
    for line in answer.body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert!(declared.insert(name), "declared twice: {name}");
        } else if !line.starts_with("# HELP ") {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            assert!(declared.contains(name), "{line}");
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            assert!(sample.contains('{') == sample.ends_with('}'), "{line}");
            assert!(samples.insert(sample), "twice: {line}");
            assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
        }
    }
    assert_eq!(daemon.metric("seerflow_events_processed_total"), 301);
    assert_eq!(daemon.metric("seerflow_receiver_accepted_total{receiver=\"syslog_tcp\"}"), 301);
}

#[test]
fn what_it_refuses() {
    let daemon = Daemon::start(FREE_PORTS);
    let address = daemon.http.unwrap();
    let status = |text: &str| Answer::of(address, text).status;
    let port = address.port();
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            assert_eq!(status(&request("GET", "/api/v1/stats", &host)), 200, "{host}");
        }
    }
    for host in ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil", ""] {
        assert_eq!(status(&request("GET", "/api/v1/stats", host)), 403, "{host}");
    }
    assert_eq!(status("GET /api/v1/stats HTTP/1.1\r\nConnection: close\r\n\r\n"), 400);
    for path in ["/", "/api", "/api/v2/stats", "/api/v1/stats/", "/metrics/x", "/%2e%2e/etc"] {
        let answer = daemon.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["detail"].is_string() && answer.head.contains("application/json"));
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        for path in ["/api/v1/stats", "/api/v1/none"] {
            let answer = Answer::of(address, &request(method, path, "localhost"));
            if path == "/api/v1/none" {
                assert_eq!(answer.status, 404, "{method} {path}");
                continue;
            }
            assert_eq!(answer.status, 405, "{method} {path}");
            assert!(answer.head.contains("allow: get, head"), "{method}: {}", answer.head);
        }
    }
    let long = format!("/api/v1/alerts?since={}", "9".repeat(10_000));
    assert!(matches!(daemon.get(&long).status, 414 | 431));
    let body = "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                Content-Length: 5\r\n\r\nhello";
    assert_eq!(status(body), 413);
    assert_eq!(status("nonsense\r\n\r\n"), 400);
    assert_eq!(daemon.get("/api/v1/stats").status, 200, "it still answers");
    assert_eq!(daemon.stop().status.code(), Some(0));
}

/// Runs to the end; exit code and stderr.
fn fails(dir: &Path, yaml: &str, arguments: &[&str]) -> (Option<i32>, String) {
    std::fs::write(dir.join("seerflow.yaml"), yaml).unwrap();
    let output = program(dir).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_taken_port_ends_the_start() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (tcp, udp) =
        (tcp.local_addr().map(|a| (a, tcp)).unwrap(), (udp.local_addr().unwrap(), udp));
    for (key, address, yaml) in [
        (
            "receivers.syslog_udp_port",
            udp.0,
            format!("receivers: {{syslog_udp_port: {}}}", udp.0.port()),
        ),
        (
            "receivers.syslog_tcp_port",
            tcp.0,
            format!("receivers: {{syslog_udp_port: 0, syslog_tcp_port: {}}}", tcp.0.port()),
        ),
        (
            "dashboard_port",
            tcp.0,
            FREE_PORTS.replace("port: 0\nr", &format!("port: {}\nr", tcp.0.port())),
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (code, text) = fails(dir.path(), &yaml, &["start"]);
        assert_eq!(code, Some(3), "{key}: {text}");
        for part in [address.to_string().as_str(), key, "hint:", "another port"] {
            assert!(text.contains(part), "{key}: {part}: {text}");
        }
    }
}

#[test]
fn a_mistake_in_the_configuration_ends_with_line_and_column() {
    for (yaml, parts) in [
        ("receivers:\n  syslog_udp_prot: 5514\n", vec!["seerflow.yaml:2:3", "syslog_udp_port"]),
        ("receivers:\n  syslog_udp_port: many\n", vec!["seerflow.yaml:2:20"]),
        ("receivers:\n  syslog_udp_port: 70000\n", vec!["seerflow.yaml:2:20"]),
        ("receivers: [1\n", vec!["seerflow.yaml:"]),
        ("receivers:\n\tsyslog_enabled: true\n", vec!["seerflow.yaml:2:"]),
        ("dashboard_port: 0\ndashboard_port: 1\n", vec!["seerflow.yaml:2:1"]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        for arguments in [&["start"][..], &["config", "check"]] {
            let (code, text) = fails(dir.path(), yaml, arguments);
            assert_eq!(code, Some(2), "{yaml}: {text}");
            for part in &parts {
                assert!(text.contains(part), "{yaml}: {part}: {text}");
            }
        }
    }
}

#[test]
fn only_the_loopback_is_listened_on() {
    for address in ["0.0.0.0", "::", "192.0.2.7"] {
        let dir = tempfile::tempdir().unwrap();
        let yaml = format!("{FREE_PORTS}health_bind_address: '{address}'\n");
        let (code, text) = fails(dir.path(), &yaml, &["start"]);
        assert_eq!(code, Some(2), "{address}: {text}");
        for part in ["key: health_bind_address", "nobody is asked for a password", "hint:"] {
            assert!(text.contains(part), "{address}: {part}: {text}");
        }
    }
    let daemon = Daemon::start(&format!("{FREE_PORTS}health_bind_address: '127.0.0.2'\n"));
    assert_eq!(daemon.http.unwrap().ip().to_string(), "127.0.0.2");
    assert_eq!(daemon.get("/api/v1/stats").status, 200);
}

#[test]
fn where_records_come_from_and_what_was_wrong() {
    let yaml = "dashboard_port: 0\nreceivers: {syslog_udp_port: 0, syslog_tcp_port: 0, \
                otlp_grpc_port: 0, otlp_http_port: 0}\n\
                engine: {workers: 2}\nsources: [{name: here, match: {receiver: syslog_tcp}, \
                timezone: Europe/Oslo}]\n";
    let daemon = Daemon::start(yaml);
    let mut stream = daemon.connect();
    for i in 0..8 {
        writeln!(stream, "<134>1 2026-03-24T19:00:0{i}Z web nginx {i} - - GET /a 200").unwrap();
    }
    stream
        .write_all(b"<13>1 2026-03-24T19:00:08Z web x - - - bad \xff byte\nwhat is this?\n")
        .unwrap();
    daemon.wait_processed(10);
    let sources = daemon.json("/api/v1/sources");
    let one = &sources["items"][0];
    assert_eq!(sources["total"], 1, "{sources}");
    assert_eq!((one["receiver"].as_str(), one["events"].as_u64()), (Some("syslog_tcp"), Some(10)));
    assert_eq!((one["entry"].as_str(), one["zone"].as_str()), (Some("here"), Some("Europe/Oslo")));
    assert_eq!(one["unparsed_percent"], 10.0, "{one}");
    assert!(one["rate_per_sec"].as_f64().unwrap() > 0.0, "{one}");
    assert!(one["clock_offset_seconds"].as_f64().unwrap() < -86_400.0, "{one}");
    assert_eq!(daemon.json("/api/v1/sources?receiver=file")["total"], 0);
    let errors = daemon.json("/api/v1/errors");
    assert_eq!(errors["counts"]["invalid_utf8"], 1, "{errors}");
    let recent = errors["recent"].as_array().unwrap();
    assert!(recent.iter().any(|row| row["text"].as_str().unwrap().contains("bad \\xff byte")));
    let engine = daemon.json("/api/v1/engine");
    assert_eq!((engine["workers"].as_u64(), engine["processes"].as_u64()), (Some(2), Some(1)));
    let leaves = engine["operators"].as_array().unwrap();
    let leaves = leaves.iter().find(|row| row["name"] == "leaves").unwrap();
    assert_eq!(leaves["records"].as_u64(), Some(10), "{engine}");
    assert!(leaves["keys"].as_u64() >= Some(2) && leaves["bytes"].as_u64() > Some(0), "{leaves}");
    assert!(engine["frontier_ns"].is_string() && engine["lag_seconds"].as_f64().is_some());
    let config = daemon.json("/api/v1/config");
    assert_eq!(
        (config["dashboard_port"].as_u64(), config["engine"]["workers"].as_u64()),
        (Some(0), Some(2))
    );
    assert_eq!(daemon.get("/api/v1/openapi.json").json(), daemon.json("/api/v1/openapi.json"));
    for (method, path) in crate::support::schema::routes() {
        // Exports are streams, without a length.
        if method == "GET" && !path.starts_with("/api/v1/export/") {
            // Whatever it answers was held against the document.
            daemon.get(&path.replace(['{', '}'], ""));
        }
    }
    let document = daemon.get("/api/v1/openapi.json").body;
    assert_eq!(
        document,
        crate::support::schema::golden().trim_end(),
        "what is served is agreed on"
    );
    assert_eq!(daemon.stop().status.code(), Some(0));
}

#[test]
fn what_came_in_can_be_found() {
    let home = tempfile::tempdir().unwrap();
    let yaml = format!(
        "{FREE_PORTS}storage: {{data_dir: \"{{dir}}/data\"}}\n\
         detection: {{dspot: {{calibration_window: 200, risk_level: 0.01}}}}\n"
    );
    let daemon = Daemon::within(home.path(), &yaml, &["start"]);
    let mut stream = daemon.connect();
    for i in 0..300 {
        let (user, ip) = (i % 5, i % 3);
        writeln!(
            stream,
            "<38>1 2026-03-24T19:00:{:02}Z web-{} sshd {i} - - Failed password for user{user} from \
             10.0.0.{ip} port {i} ssh2",
            i / 5,
            i % 2
        )
        .unwrap();
    }
    daemon.wait_processed(300);
    writeln!(stream, "<11>1 2026-03-24T19:02:00Z db postgres 9 - - FATAL no space left").unwrap();
    daemon.wait_processed(301);
    wait("the events", || daemon.json("/api/v1/stats")["total_events"] == 301);
    let total = |query: &str| daemon.json(&format!("/api/v1/events?{query}"))["total"].as_u64();
    for (query, events) in [
        ("", 301),
        ("q=user3", 60),
        ("q=%22no%20space%20left%22%20severity:%3E=error", 1),
        ("host=web-1&entity=ip:10.0.0.2", 50),
        ("program=postgres", 1),
        ("since=2026-03-24T19:01:00Z", 1),
    ] {
        assert_eq!(total(query), Some(events), "{query}");
    }
    let raw = daemon.json("/api/v1/events?raw=true&q=%22no%20space%22");
    let line = "<11>1 2026-03-24T19:02:00Z db postgres 9 - - FATAL no space left\n";
    assert_eq!(raw["items"][0]["raw"], line);
    let counts = daemon.json("/api/v1/events/histogram?field=host&bucket=1m");
    assert_eq!(counts["total"], 301);
    let user = daemon.json("/api/v1/entities/search?q=user3&type=user");
    let uuid = user["items"][0]["entity_uuid"].as_str().unwrap().to_owned();
    assert_eq!(daemon.json(&format!("/api/v1/entities/{uuid}"))["event_count"], 60);
    let near = daemon.json(&format!("/api/v1/entities/{uuid}/related"));
    assert!(near["items"].as_array().unwrap().iter().any(|row| row["entity_type"] == "ip"));

    wait("an alert", || daemon.json("/api/v1/alerts?q=space")["total"] == 1);
    let alert = daemon.json("/api/v1/alerts?q=space")["items"][0].clone();
    let id = alert["alert_id"].as_str().unwrap().to_owned();
    let one = daemon.json(&format!("/api/v1/alerts/{id}"));
    let events = one["contributing_events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["program"] == "postgres"), "{one}");
    let address = daemon.http.unwrap();
    let post = |path: &str, body: &str| {
        Answer::of(
            address,
            &format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: \
                 application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        )
    };
    let path = format!("/api/v1/alerts/{id}/feedback");
    assert_eq!(post(&path, r#"{"feedback":"fp","note":"a test"}"#).status, 204);
    let silence = r#"{"match":{"rule":"silence"},"reason":"maintenance","for":"2h"}"#;
    assert_eq!(post("/api/v1/silences", silence).status, 201);
    assert_eq!(daemon.stop().status.code(), Some(0));

    let again = Daemon::within(home.path(), &yaml, &["start"]);
    assert_eq!(again.json("/api/v1/stats")["total_events"], 301, "events outlive the program");
    assert_eq!(again.json("/api/v1/events?q=user3")["total"], 60);
    let one = again.json(&format!("/api/v1/alerts/{id}"));
    assert_eq!((&one["feedback"], &one["feedback_note"]), (&"fp".into(), &"a test".into()));
    assert_eq!(again.json("/api/v1/silences")["total"], 1);
    assert_eq!(again.json("/api/v1/templates")["total"], 0, "none since the start");
    assert!(again.json("/api/v1/templates?scope=all")["total"].as_u64() >= Some(2));
    assert_eq!(again.stop().status.code(), Some(0));
}

#[test]
fn without_an_event_store_it_says_what_to_set() {
    let daemon = Daemon::start(&format!("{FREE_PORTS}storage: {{events: none}}\n"));
    let answer = daemon.get("/api/v1/events");
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.json()["detail"].as_str().unwrap().contains("storage.events"));
    assert_eq!(daemon.json("/api/v1/alerts")["total"], 0);
    assert_eq!(daemon.stop().status.code(), Some(0));
}

#[test]
fn limits_are_in_force_without_a_word() {
    let daemon = Daemon::start(&format!("{FREE_PORTS}api_rate_limit_enabled: true\n"));
    let codes: Vec<u16> = (0..61).map(|_| daemon.get("/api/v1/alerts").status).collect();
    assert!(codes[..60].iter().all(|code| *code == 200) && codes[60] == 429, "{codes:?}");
    assert_eq!(daemon.get("/api/v1/health").status, 200);
}

#[test]
fn the_data_directory_is_private_and_locked() {
    let home = tempfile::tempdir().unwrap();
    let yaml = format!("{FREE_PORTS}storage: {{data_dir: \"{{dir}}/data\"}}\n");
    let daemon = Daemon::within(home.path(), &yaml, &["start"]);
    let data = home.path().join("data");
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{entry:?}");
    }
    let second = program(home.path()).arg("start").output().unwrap();
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(73), "{text}");
    assert!(text.contains("another Seerflow process") && text.contains("--data-dir"), "{text}");
    assert_eq!(daemon.stop().status.code(), Some(0));
    let again = Daemon::within(home.path(), &yaml, &["start"]);
    assert_eq!(again.stop().status.code(), Some(0), "the lock went with its holder");
}

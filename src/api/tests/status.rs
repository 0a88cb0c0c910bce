//! How the program is, and what it tells of itself.

use super::*;

#[test]
fn numbers_and_ledger() {
    let server = Server::start();
    let (status, stats) = server.get("/api/v1/stats");
    assert_eq!(status, 200);
    assert_eq!(stats["total_events_processed"], 312);
    assert_eq!(stats["dropped_events"], 2);
    assert_eq!(stats["calibration"][0]["have"], 37);
    assert_eq!(stats["calibration"][0]["calibrated"], false);
    let (_, ledger) = server.get("/api/v1/ledger");
    assert_eq!(ledger["balanced"], true);
    assert_eq!(ledger["receivers"][0]["dropped"]["frame_too_long"], 2);
    assert!(!LedgerRow::new("x", 5, 3, BTreeMap::new(), 1, 0).balanced);
}

#[test]
fn health_says_what_is_wrong() {
    let server = Server::start();
    for path in ["/api/v1/health", "/health/live", "/health/ready", "/healthz", "/readyz"] {
        assert_eq!(server.get(path).0, 200, "{path}");
    }
    assert_eq!(server.get("/api/v1/health").1["status"], "healthy");
    server.facts.ready.store(false, Ordering::Relaxed);
    for path in ["/api/v1/health", "/health/ready", "/readyz"] {
        let (status, body) = server.get(path);
        assert_eq!(status, 503, "{path}");
        assert_eq!(body["problems"][0], "syslog_udp is not bound");
    }
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn templates_by_page() {
    let server = Server::start();
    let (_, page) = server.get("/api/v1/templates?limit=3&page=3");
    assert_eq!(page["items"][0]["template_id"], "6");
    assert_eq!((page["total"].as_u64(), page["has_next"].as_bool()), (Some(7), Some(false)));
}

#[test]
fn metrics_are_prometheus_text() {
    let server = Server::start();
    enter(&server, 4);
    let (status, head, body) = server.ask("GET", "/metrics", "127.0.0.1");
    assert!(status == 200 && head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    for line in [
        "# TYPE seerflow_events_processed_total counter",
        "seerflow_events_processed_total 312",
        "seerflow_receiver_dropped_total{receiver=\"syslog_udp\",reason=\"frame_too_long\"} 2",
        "seerflow_alerts_total{severity=\"error\"} 2",
        "seerflow_calibration_have{channel=\"volume\",unit=\"buckets\"} 37",
        "seerflow_records_tagged_total{tag=\"late\"} 5",
        "seerflow_worker_records_total{worker=\"a\\\"b\\\\\\n\"} 3",
    ] {
        assert!(body.lines().any(|other| other == line), "{line}\n{body}");
    }
    let metric = |line: &str| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        name.starts_with("seerflow_") && line.rsplit(' ').next().unwrap().parse::<f64>().is_ok()
    };
    assert!(body.lines().all(|line| line.starts_with("# ") || metric(line)), "{body}");
}

#[test]
fn every_route_answers_as_its_document_says() {
    let server = Server::start();
    enter(&server, 3);
    for (method, path) in schema::routes() {
        let path = path.replace("{id}", "a001").replace("{uuid}", &uuid::Uuid::nil().to_string());
        if method == "GET" {
            let (status, head, _) = server.ask(&method, &path, "localhost");
            assert!(matches!(status, 200 | 404 | 422 | 503), "{path}: {status}");
            assert!(head.contains("x-process-time-ms: "), "{path}: {head}");
            assert!(head.contains("nosniff") && head.contains("cache-control: no-store"));
            let unknown = format!("{path}?unknown=1");
            assert_eq!(server.ask("GET", &unknown, "localhost").0, 422, "{unknown}");
        }
    }
    let served = server.raw("GET /api/v1/openapi.json HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assert!(served.ends_with(schema::golden().trim_end()), "the document is served as it is");
}

#[test]
fn sources_errors_engine_and_configuration() {
    let server = Server::start();
    let (_, all) = server.get("/api/v1/sources?receiver=syslog_tcp&limit=1");
    assert_eq!((all["total"].as_u64(), all["has_next"].as_bool()), (Some(2), Some(true)));
    let (_, named) = server.get("/api/v1/sources?q=0.0.2");
    assert_eq!(named["items"][0]["clock_offset_seconds"], -0.5);
    let (_, errors) = server.get("/api/v1/errors");
    assert_eq!((errors["counts"]["malformed"].as_u64()), Some(9));
    assert_eq!(errors["recent"][0]["reason"], "malformed");
    let (_, engine) = server.get("/api/v1/engine");
    assert_eq!(
        (engine["workers"].as_u64(), engine["operators"][0]["keys"].as_u64()),
        (Some(2), Some(3))
    );
    assert_eq!(server.get("/api/v1/config").1["dashboard_port"], 8080);
    let (_, templates) = server.get("/api/v1/templates?q=STEP%203");
    assert_eq!(templates["total"], 1);
    assert_eq!(server.get("/api/v1/templates?program=sshd").1["total"], 4);
}

#[test]
fn templates_of_this_run_and_of_all() {
    let server = Server::start();
    assert_eq!(server.get("/api/v1/templates/3").1["template"], "Took <*> in step 3");
    assert_eq!(server.get("/api/v1/templates?scope=all").1["total"], 0);
    for id in ["99", "x", "-1", "18446744073709551616"] {
        assert!(
            server.detail(&format!("/api/v1/templates/{id}"), 404).contains("no such template")
        );
    }
}

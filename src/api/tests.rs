//! Black box: real sockets, a made-up program behind the face.

#[path = "../../tests/it/support/schema.rs"]
mod schema;

use super::*;
use crate::alerting::{AlertBook, samples};
use crate::store::control::{AlertWrite, SqliteStore, StateStore};
use seerflow_model::{Alert, AlertStatus, Ns, Severity};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};

struct Fake {
    book: AlertBook,
    store: Arc<SqliteStore>,
    /// Where it is; none: there is no store.
    home: Option<tempfile::TempDir>,
    ready: AtomicBool,
    panics: AtomicBool,
}

impl Facts for Fake {
    fn health(&self) -> Health {
        let ready = self.ready.load(Ordering::Relaxed);
        let problems = if ready { vec![] } else { vec!["syslog_udp is not bound".into()] };
        let components = BTreeMap::from([("engine".into(), "running".into())]);
        Health { ready, problems, components }
    }

    fn stats(&self) -> Stats {
        assert!(!self.panics.load(Ordering::Relaxed), "as ordered");
        Stats {
            total_events_processed: 312,
            total_events: 312,
            dropped_events: 2,
            uptime_seconds: 45.5,
            calibration: vec![ChannelState::new("volume", 37, 60, "buckets")],
            tags: BTreeMap::from([("late".into(), 5)]),
            ..Stats::default()
        }
    }

    fn ledger(&self) -> Vec<LedgerRow> {
        let dropped = BTreeMap::from([("frame_too_long".into(), 2)]);
        vec![LedgerRow::new("syslog_udp", 314, 312, dropped, 0, 0)]
    }

    fn alerts(&self) -> &AlertBook {
        &self.book
    }

    fn templates(&self) -> Vec<TemplateRow> {
        let row = |n: usize| TemplateRow {
            template_id: n.to_string(),
            template: format!("Took <*> in step {n}"),
            program: if n % 2 == 0 { "sshd" } else { "nginx" }.to_owned(),
            ..TemplateRow::default()
        };
        (0..7).map(row).collect()
    }

    fn sources(&self, _now: Ns) -> Vec<SourceRow> {
        let row = |n: usize| SourceRow {
            name: format!("10.0.0.{n} → syslog_tcp"),
            receiver: if n == 0 { "file" } else { "syslog_tcp" }.to_owned(),
            clock_offset_seconds: (n > 1).then_some(-0.5),
            ..SourceRow::default()
        };
        (0..3).map(row).collect()
    }

    fn errors(&self) -> Errors {
        let text = "<script>alert(1)</script>\u{1b}[31m".to_owned();
        let row = ErrorRow { reason: "malformed".into(), text, ..ErrorRow::default() };
        Errors { counts: BTreeMap::from([("malformed".into(), 9)]), recent: vec![row] }
    }

    fn engine(&self, now: Ns) -> EngineRow {
        let operator = OperatorRow { name: "series".into(), keys: 3, ..OperatorRow::default() };
        EngineRow {
            workers: 2,
            frontier_ns: Some(now.to_string()),
            lag_seconds: Some(1.5),
            operators: vec![operator],
            ..EngineRow::default()
        }
    }

    fn state(&self) -> Option<Arc<dyn StateStore>> {
        self.home.as_ref().map(|_| self.store.clone() as Arc<dyn StateStore>)
    }

    fn config(&self) -> Value {
        serde_json::json!({"dashboard_port": 8080, "engine": {"workers": null}})
    }

    fn metrics(&self) -> Vec<Metric> {
        let label = Some(("worker", "a\"b\\\n".to_owned()));
        vec![Metric { name: "worker_records_total", help: "Records.", label, value: 3.0 }]
    }
}

struct Server {
    address: SocketAddr,
    facts: Arc<Fake>,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<io::Result<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    fn start() -> Server {
        Server::with("127.0.0.1:0", Options::default())
    }

    fn with(bind: &str, options: Options) -> Server {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind(bind)).unwrap();
        let address = listener.local_addr().unwrap();
        let home = tempfile::tempdir().unwrap();
        let facts = Arc::new(Fake {
            book: AlertBook::default(),
            store: Arc::new(SqliteStore::open(&home.path().join("a.db")).unwrap()),
            home: Some(home),
            ready: AtomicBool::new(true),
            panics: AtomicBool::new(false),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let served = runtime.spawn(serve(listener, facts.clone(), options, shutdown));
        Server { address, facts, stop: Some(stop), served, runtime: Some(runtime) }
    }

    /// Sends bytes as they are and reads to the end.
    fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        schema::check(request, status, head, body);
        answer
    }

    fn ask(&self, method: &str, path: &str, host: &str) -> (u16, String, String) {
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = self.raw(&request);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, head.to_lowercase(), body.to_owned())
    }

    /// A request with more headers and perhaps a body.
    fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, String, Value) {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = match body {
            "" => String::new(),
            body => format!("Content-Length: {}\r\n", body.len()),
        };
        let answer = self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\
             {lines}{length}\r\n{body}"
        ));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, head.to_lowercase(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let (status, head, body) = self.ask("GET", path, "localhost:8080");
        assert!(head.contains("content-type: application/json"), "{head}");
        (status, serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}")))
    }

    fn detail(&self, path: &str, expected: u16) -> String {
        let (status, body) = self.get(path);
        assert_eq!(status, expected, "{path}: {body}");
        body["detail"].as_str().unwrap_or_else(|| panic!("{path}: {body}")).to_owned()
    }
}

fn enter(server: &Server, n: usize) {
    for n in 0..n {
        let mut alert: Alert = samples::alert(&format!("a{n:03}"));
        alert.timestamp_ns = samples::START + n as u64 * 1_000_000_000;
        alert.severity = if n % 2 == 0 { Severity::Error } else { Severity::Warning };
        alert.status = if n % 5 == 0 { AlertStatus::Closed } else { AlertStatus::Open };
        let alert = Arc::new(alert);
        server.facts.book.upsert(alert.clone());
        let put = server.facts.store.put_alerts(&[AlertWrite::of(alert)], samples::START);
        assert_eq!(put.unwrap().added, 1);
    }
}

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
fn alerts_by_page_and_filter() {
    let server = Server::start();
    enter(&server, 25);
    let (_, page) = server.get("/api/v1/alerts?limit=10&page=3");
    assert_eq!((page["total"].as_u64(), page["has_next"].as_bool()), (Some(25), Some(false)));
    assert_eq!(page["items"].as_array().unwrap().len(), 5);
    assert!(page["next_cursor"].is_null() && page["page"] == 3 && page["limit"] == 10);
    let (_, page) = server.get("/api/v1/alerts?limit=10&page=2");
    assert_eq!(page["has_next"], true);
    let (_, first) = server.get("/api/v1/alerts");
    assert_eq!(first["items"][0]["alert_id"], "a024");
    assert_eq!(first["items"][0]["timestamp_ns"], "1774378884000000000");
    for (query, total) in [
        ("severity=4", 13),
        ("severity=warning", 25),
        ("status=closed", 5),
        ("status=open,closed", 25),
        ("type=ml", 25),
        ("type=sigma,ioc", 0),
        ("since=2026-03-24T19:01:05Z&until=2026-03-24T19:01:07Z", 2),
        ("since=2026-03-24T21:01:05%2B02:00", 20),
        ("until=1m", 25),
        ("since=1s", 0),
    ] {
        let (status, page) = server.get(&format!("/api/v1/alerts?{query}"));
        assert_eq!((status, page["total"].as_u64()), (200, Some(total)), "{query}: {page}");
    }
    let (status, one) = server.get("/api/v1/alerts/a003");
    assert_eq!((status, one["alert_id"].as_str()), (200, Some("a003")));
    assert!(server.detail("/api/v1/alerts/%ff", 404).contains("no such alert"));
    assert!(server.detail("/api/v1/alerts/none", 404).contains("no such alert"));
}

#[test]
fn wrong_parameters_say_what_is_allowed() {
    let server = Server::start();
    for (query, status, part) in [
        ("limit=1001", 422, "limit is \"1001\"; allowed: a whole number from 1 to 1000"),
        ("limit=0", 422, "from 1 to 1000"),
        ("page=0", 422, "page is \"0\""),
        ("page=-1", 422, "page is \"-1\""),
        ("severity=9", 422, "0 to 6"),
        ("type=mll", 422, "type is \"mll\"; allowed: ml, sigma"),
        ("status=shut", 422, "allowed: open, updated, closed, retracted"),
        ("since=yesterday", 422, "since is \"yesterday\"; allowed: "),
        ("limt=5", 422, "did you mean limit?"),
        ("limit=5&limit=6", 422, "given twice"),
        ("since=1m&until=2m", 400, "since must be before until"),
    ] {
        let detail = server.detail(&format!("/api/v1/alerts?{query}"), status);
        assert!(detail.contains(part), "{query}: {detail}");
    }
    assert!(server.detail("/api/v1/stats?x=1", 422).contains("allowed: none"));
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
fn only_our_own_names_are_answered() {
    let server = Server::start();
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080", "127.0.0.9"] {
        assert_eq!(server.ask("GET", "/healthz", host).0, 200, "{host}");
    }
    for host in ["evil.example", "evil.example:8080", "10.0.0.1", "localhost.evil", "", "[::2]"] {
        let (status, _, body) = server.ask("GET", "/healthz", host);
        assert_eq!(status, 403, "{host}: {body}");
        assert!(body.contains("\"detail\""), "{body}");
    }
    let none = server.raw("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(none.starts_with("HTTP/1.1 400"), "{none}");
    let two = server
        .raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n");
    assert!(two.starts_with("HTTP/1.1 400"), "{two}");
    let absolute = server
        .raw("GET http://evil/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(absolute.starts_with("HTTP/1.1 403"), "{absolute}");
    let origins = vec![WebOrigin::parse("https://logs.example").unwrap()];
    let options = Options { origins, ..Options::default() };
    let wide = Server::with("0.0.0.0:0", options);
    for (host, status) in [("10.1.2.3", 200), ("logs.example:80", 200), ("evil.example", 403)] {
        assert_eq!(wide.ask("GET", "/healthz", host).0, status, "{host}");
    }
}

#[test]
fn reads_only() {
    let server = Server::start();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let (status, head, body) = server.ask(method, "/api/v1/stats", "localhost");
        assert_eq!(status, 405, "{method}");
        assert!(head.contains("allow: get, head") && body.contains("allowed: GET, HEAD"), "{head}");
    }
    let (status, head, body) = server.ask("HEAD", "/api/v1/stats", "localhost");
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("cache-control: no-store") && head.contains("nosniff"), "{head}");
    let body = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\
                Connection: close\r\n\r\nhello";
    assert!(server.raw(body).starts_with("HTTP/1.1 413"));
}

#[test]
fn unknown_paths_and_abuse_are_answered_in_json() {
    let server = Server::start();
    assert!(server.detail("/", 404).contains("the API is under /api/v1"));
    assert!(server.detail("/api/v1/nothing", 404).contains("there is no /api/v1/nothing"));
    assert!(server.detail("/api/v1/alerts/a/b", 404).contains("there is no"));
    assert!(server.detail(&format!("/{}", "x".repeat(10_000)), 414).contains("longer than"));
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let answer = server.raw(&format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    for garbage in ["\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        let answer = server.raw(garbage);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn a_failing_handler_is_a_500_and_the_next_request_is_fine() {
    let server = Server::start();
    server.facts.panics.store(true, Ordering::Relaxed);
    assert_eq!(server.detail("/api/v1/stats", 500), "internal server error");
    server.facts.panics.store(false, Ordering::Relaxed);
    assert_eq!(server.get("/api/v1/stats").0, 200);
}

#[test]
fn a_slow_sender_is_cut_off_and_frees_its_place() {
    let options = Options {
        connections_max: 1,
        receive_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let server = Server::with("127.0.0.1:0", options);
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
    // The only place is taken: this is answered only once the slow one is cut off.
    assert_eq!(server.get("/healthz").0, 200);
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[test]
fn stops_when_told() {
    let mut server = Server::start();
    assert_eq!(server.get("/healthz").0, 200);
    // A request that never ends must not hold up the stop.
    let mut half = TcpStream::connect(server.address).unwrap();
    half.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
    drop(server.stop.take());
    let runtime = server.runtime.take().unwrap();
    let served = &mut server.served;
    runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(20), served).await })
        .expect("it stops")
        .unwrap()
        .unwrap();
}

#[test]
fn every_route_answers_as_its_document_says() {
    let server = Server::start();
    enter(&server, 3);
    for (method, path) in schema::routes() {
        let path = path.replace("{id}", "a001").replace("{uuid}", "none");
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
    assert!(served.ends_with(schema::GOLDEN.trim_end()), "the document is served as it is");
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
fn runs_of_slashes_and_nothing_else_are_mended() {
    let server = Server::start();
    assert_eq!(server.get("//api///v1//stats").0, 200);
    assert_eq!(server.get("/api/v1/stats/").0, 404);
    assert_eq!(server.get("/api/v1/../v1/stats").0, 404);
}

#[test]
fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let rate = |text| crate::config::rate::Rate::parse(text).unwrap();
    let rates = Rates([rate("3/minute"), rate("2/hour"), rate("1/day")]);
    let options = Options { rates: Some(rates), trust_proxy: true, ..Options::default() };
    let server = Server::with("127.0.0.1:0", options);
    for _ in 0..3 {
        assert_eq!(server.get("/api/v1/alerts").0, 200);
    }
    for path in ["/api/v1/alerts", "/api/v1/templates", "//api/v1/alerts?limit=0"] {
        let (status, head, body) = server.send("GET", path, &[], "");
        assert_eq!(status, 429, "{path}");
        let after = head.lines().find_map(|line| line.strip_prefix("retry-after: "));
        let after: u64 = after.unwrap().trim().parse().unwrap();
        assert!((1..=60).contains(&after), "{after}");
        assert!(body["detail"].as_str().unwrap().starts_with("rate limit exceeded: 3/minute"));
    }
    assert_eq!(server.get("/api/v1/stats").0, 200, "another class");
    for _ in 0..50 {
        assert_eq!(server.get("/api/v1/health").0, 200);
        assert_eq!(server.ask("GET", "/metrics", "localhost").0, 200);
    }
    // Behind a proxy the last entry counts: the ones before it could be made up.
    for (forwarded, status) in
        [("9.9.9.9", 200), ("8.8.8.8, 7.7.7.7", 200), ("1.1.1.1, 7.7.7.7", 200), ("x", 429)]
    {
        let header = format!("X-Forwarded-For: {forwarded}");
        assert_eq!(server.send("GET", "/api/v1/alerts", &[&header], "").0, status, "{forwarded}");
    }
    let (_, _, metrics) = server.ask("GET", "/metrics", "localhost");
    assert!(metrics.contains("seerflow_api_rate_limited_total{class=\"list\"} 4"), "{metrics}");
    assert!(metrics.contains("seerflow_api_requests_total{status=\"429\"} 4"), "{metrics}");
    let strict = Server::with(
        "127.0.0.1:0",
        Options {
            rates: Some(Rates([rate("1/day"), rate("1/day"), rate("1/day")])),
            ..Options::default()
        },
    );
    assert_eq!(strict.send("GET", "/api/v1/alerts", &[], "").0, 200);
    let header = "X-Forwarded-For: 9.9.9.9";
    assert_eq!(strict.send("GET", "/api/v1/alerts", &[header], "").0, 429, "nobody is believed");
}

#[test]
fn pages_of_other_origins_get_nothing_unless_they_are_named() {
    let origins = vec![WebOrigin::parse("https://ops.example").unwrap()];
    let options = Options { origins, ..Options::default() };
    let server = Server::with("127.0.0.1:0", options);
    let get = |origin: &str| {
        let header = format!("Origin: {origin}");
        server.send("GET", "/api/v1/stats", &[&header], "")
    };
    for origin in ["https://ops.example", "HTTPS://OPS.example:443"] {
        let (status, head, _) = get(origin);
        assert_eq!(status, 200, "{origin}");
        let told = format!("access-control-allow-origin: {}", origin.to_lowercase());
        assert!(head.contains(&told) && head.contains("vary: origin"), "{head}");
        assert!(!head.contains("access-control-allow-credentials"));
    }
    let (status, head, _) = get("http://localhost:8080");
    assert_eq!(status, 200, "the page of the API itself");
    assert!(!head.contains("access-control-allow-origin"), "{head}");
    for origin in [
        "https://evil.example",
        "null",
        "http://ops.example",
        "https://ops.example.evil",
        "http://localhost:9",
        "https://ops.example/",
        "",
        "*",
    ] {
        let (status, head, body) = get(origin);
        assert_eq!(status, 403, "{origin}");
        assert!(!head.contains("access-control-"), "{head}");
        assert!(body["detail"].as_str().unwrap().contains("api_allowed_origins"));
    }
    let ask = "Access-Control-Request-Method: DELETE";
    let (status, head, _) =
        server.send("OPTIONS", "/api/v1/alerts", &["Origin: https://ops.example", ask], "");
    assert_eq!(status, 204);
    for part in [
        "access-control-allow-methods: get, head, post, patch, delete, options",
        "access-control-allow-headers: accept, authorization, content-type",
        "access-control-allow-origin: https://ops.example",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
    let (status, head, _) =
        server.send("OPTIONS", "/api/v1/alerts", &["Origin: https://evil.example", ask], "");
    assert!(status == 403 && !head.contains("access-control-"), "{head}");
    let two = ["Origin: https://ops.example", "Origin: https://evil.example"];
    assert_eq!(server.send("GET", "/api/v1/stats", &two, "").0, 400);
    let site = ["Sec-Fetch-Site: cross-site"];
    assert_eq!(server.send("DELETE", "/api/v1/stats", &site, "").0, 403);
    assert_eq!(server.send("GET", "/api/v1/stats", &site, "").0, 200);
}

const JSON: &str = "Content-Type: application/json";

#[test]
fn verdicts_are_kept_and_the_last_one_counts() {
    let server = Server::start();
    enter(&server, 2);
    let path = "/api/v1/alerts/a001/feedback";
    let post = |path: &str, headers: &[&str], body: &str| server.send("POST", path, headers, body);
    assert_eq!(post(path, &[JSON], r#"{"feedback":"tp","note":"a\u0007b"}"#).0, 204);
    let body = r#"{"feedback":"fp","origin":"dashboard"}"#;
    assert_eq!(post(path, &["content-type: Application/JSON; charset=utf-8"], body).0, 204);
    let (_, history) = server.get(path);
    assert_eq!(history["total"], 2);
    assert_eq!(history["items"][0]["feedback"], "fp");
    assert_eq!(history["items"][0]["origin"], "dashboard");
    assert_eq!(history["items"][1]["note"], "ab");
    assert_eq!(server.get("/api/v1/alerts/a001").1["feedback"], "fp");
    assert_eq!(server.get("/api/v1/alerts?feedback=fp").1["total"], 1);
    assert_eq!(server.get("/api/v1/alerts?feedback=tp").1["total"], 0);
    for (path, headers, body, status) in [
        ("/api/v1/alerts/none/feedback", JSON, r#"{"feedback":"tp"}"#, 404),
        (path, JSON, r#"{"feedback":"maybe"}"#, 422),
        (path, JSON, r#"{"feedback":"tp","notes":"x"}"#, 422),
        (path, JSON, r#"{"note":"x"}"#, 422),
        (path, JSON, "tp", 422),
        (path, JSON, "", 422),
        (path, JSON, "[[[[[[[[", 422),
        (path, "Content-Type: text/plain", r#"{"feedback":"tp"}"#, 415),
        (path, "Content-Type: application/x-www-form-urlencoded", "feedback=tp", 415),
        (path, "X-Other: 1", r#"{"feedback":"tp"}"#, 415),
    ] {
        let (code, _, answer) = post(path, &[headers], body);
        assert_eq!(code, status, "{headers} {body}: {answer}");
        assert!(answer["detail"].is_string());
    }
    let long = format!("{{\"feedback\":\"tp\",\"note\":\"{}\"}}", "x".repeat(513));
    assert_eq!(post(path, &[JSON], &long).0, 422);
    let huge = format!("{{\"feedback\":\"tp\",\"note\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(post(path, &[JSON], &huge).0, 413);
    let zipped = [JSON, "Content-Encoding: gzip"];
    assert_eq!(post(path, &zipped, "{}").0, 415);
    assert_eq!(post(path, &[JSON, "Origin: https://evil.example"], body).0, 403);
    assert_eq!(post("/api/v1/alerts", &[JSON], "{}").0, 405);
    assert_eq!(server.send("DELETE", "/api/v1/silences/x", &[JSON], "{}").0, 413);
    assert_eq!(server.get(path).1["total"], 2, "nothing of that was recorded");
}

#[test]
fn silences_come_and_go() {
    let server = Server::start();
    let body =
        r#"{"match":{"rule":"silence"},"reason":"maintenance","for":"2h","created_by":"ada"}"#;
    let (status, _, silence) = server.send("POST", "/api/v1/silences", &[JSON], body);
    assert_eq!(status, 201, "{silence}");
    let id = silence["id"].as_str().unwrap().to_owned();
    assert_eq!(silence["match"]["rule"], "silence");
    let (_, list) = server.get("/api/v1/silences");
    assert_eq!((list["total"].as_u64(), &list["items"][0]["id"]), (Some(1), &silence["id"]));
    for body in [
        r#"{"match":{},"reason":"x","for":"2h"}"#,
        r#"{"match":{"rule":"r"},"reason":"x"}"#,
        r#"{"match":{"rule":"r"},"reason":"x","for":"9999d"}"#,
        r#"{"match":{"rule":"r","all":true},"reason":"x","for":"2h"}"#,
        r#"{"match":{"entity_type":"cat","entity_value":"x"},"reason":"x","for":"2h"}"#,
        "{}",
    ] {
        let (status, _, answer) = server.send("POST", "/api/v1/silences", &[JSON], body);
        assert_eq!(status, 422, "{body}: {answer}");
    }
    let path = format!("/api/v1/silences/{id}");
    let (status, _, gone) = server.send("DELETE", &path, &[], "");
    assert_eq!((status, gone["removed_ns"].is_string()), (200, true));
    assert_eq!(server.send("DELETE", &path, &[], "").0, 404);
    assert_eq!(server.send("DELETE", "/api/v1/silences/%00", &[], "").0, 404);
    assert_eq!(server.get("/api/v1/silences").1["total"], 0);
    assert_eq!(server.get("/api/v1/silences?past=true").1["total"], 1);
}

#[test]
fn alerts_by_cursor_while_new_ones_come_in() {
    let server = Server::start();
    enter(&server, 1_500);
    let mut seen = std::collections::BTreeSet::new();
    let mut path = "/api/v1/alerts?limit=100".to_owned();
    for page in 0.. {
        let (status, list) = server.get(&path);
        assert_eq!(status, 200, "{list}");
        for alert in list["items"].as_array().unwrap() {
            assert!(seen.insert(alert["alert_id"].as_str().unwrap().to_owned()), "twice");
        }
        let mut new: Alert = samples::alert(&format!("n{page}"));
        new.timestamp_ns = samples::START + 9_000_000_000_000 + page;
        let put = server.facts.store.put_alerts(&[AlertWrite::of(Arc::new(new))], samples::START);
        put.unwrap();
        let Some(cursor) = list["next_cursor"].as_str() else {
            assert_eq!(list["has_next"], false);
            break;
        };
        assert!(list["page"].is_null() || page == 0);
        path = format!("/api/v1/alerts?limit=100&cursor={cursor}");
    }
    assert_eq!(seen.len(), 1_500, "none is missing");
    assert!(server.detail("/api/v1/alerts?cursor=AAAA", 422).contains("cursor"));
    assert!(server.detail("/api/v1/alerts?cursor=x&page=1", 422).contains("page and cursor"));
}

#[test]
fn alerts_by_what_is_in_them() {
    let server = Server::start();
    enter(&server, 3);
    let mut odd: Alert = samples::alert("odd");
    odd.title = "Brute force against ada".into();
    odd.mitre_tactics = vec![seerflow_model::attack::Tactic::CredentialAccess];
    odd.mitre_techniques = vec!["T1110.001".into()];
    let entity = odd.entities[0].uuid.clone();
    let write = AlertWrite { alert: Arc::new(odd), silenced_by: Some("s1".into()) };
    server.facts.store.put_alerts(&[write], samples::START).unwrap();
    for (query, total) in [
        ("q=brute%20ada", 1),
        ("q=%22force%20against%22", 1),
        ("q=bru*", 1),
        ("tactic=credential_access", 1),
        ("tactic=TA0006", 1),
        ("technique=T1110", 1),
        ("technique=t1110.002", 0),
        ("silenced=true", 1),
        ("silenced=false", 3),
        ("rule=never-seen-message", 4),
        ("lens=security", 0),
        ("source_type=nothing", 0),
        (&format!("entity={entity}"), 4),
        ("entity=00000000-0000-0000-0000-000000000000", 0),
    ] {
        let (status, page) = server.get(&format!("/api/v1/alerts?{query}"));
        assert_eq!((status, page["total"].as_u64()), (200, Some(total)), "{query}: {page}");
    }
    for (query, part) in [
        ("tactic=cooking", "tactic is \"cooking\""),
        ("technique=T1", "technique is not like"),
        ("entity=ada", "allowed: a UUID"),
        ("silenced=maybe", "allowed: true, false"),
        ("q=%2B%2B", ""),
    ] {
        assert!(server.detail(&format!("/api/v1/alerts?{query}"), 422).contains(part), "{query}");
    }
    let (_, one) = server.get("/api/v1/alerts/odd");
    assert_eq!((one["silenced_by"].as_str(), one["feedback_note"].is_null()), (Some("s1"), true));
    let (_, all) = server.get("/api/v1/alerts/odd/revisions");
    assert_eq!(
        (all["total"].as_u64(), &all["items"][0]["alert"]["alert_id"]),
        (Some(1), &one["alert_id"])
    );
    assert!(server.detail("/api/v1/alerts/none/revisions", 404).contains("no such alert"));
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

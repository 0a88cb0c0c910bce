//! Webhooks of the real program: posts come out as events, and a burst loses and doubles nothing.

use crate::daemon::{Answer, Daemon, full, program, wait, wait_for};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

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

/// A sender that keeps one connection and comes back when it is told to.
struct Sender {
    address: SocketAddr,
    stream: Option<TcpStream>,
    told: u64,
}

impl Sender {
    /// Posts until it is taken.
    fn post(&mut self, body: &str) {
        let head = format!(
            "POST /burst HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let request = head + body;
        loop {
            match self.once(request.as_bytes()) {
                Some(200) => return,
                Some(429 | 503) => {
                    self.told += 1;
                    std::thread::sleep(Duration::from_millis(100));
                }
                Some(status) => panic!("status {status}"),
                // Refused before the request was read: the server may close.
                None => self.stream = None,
            }
        }
    }

    fn once(&mut self, request: &[u8]) -> Option<u16> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
            self.stream = Some(stream);
        }
        let stream = self.stream.as_mut()?;
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let mut chunk = [0; 1024];
        let head = loop {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return None,
                Ok(n) => answer.extend_from_slice(&chunk[..n]),
            }
            let text = String::from_utf8_lossy(&answer).to_lowercase();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length =
                head.split("content-length: ").nth(1)?.lines().next()?.parse::<usize>().ok()?;
            if body.len() >= length {
                break head.to_owned();
            }
        };
        let status = head.split(' ').nth(1)?.parse().ok()?;
        if status != 200 || head.contains("connection: close") {
            self.stream = None;
        }
        Some(status)
    }
}

/// Greatest resident memory of a process so far, in MiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() >> 10
}

fn row(sender: usize, n: u64) -> String {
    let (host, user, took, pad) = (n % 8, n % 50, n % 900, "x".repeat(1_000));
    format!(
        r#"{{"program":"burst{sender}","host":"h{host}","msg":"order {n} of user u{user} took {took} ms","pad":"{pad}"}}"#
    )
}

/// Events by program, over all templates.
fn by_program(daemon: &Daemon) -> BTreeMap<String, u64> {
    let mut events = BTreeMap::new();
    for page in 1.. {
        let list = daemon.json(&format!("/api/v1/templates?limit=1000&page={page}"));
        for row in list["items"].as_array().unwrap() {
            let program = row["program"].as_str().unwrap().to_owned();
            *events.entry(program).or_default() += row["event_count"].as_u64().unwrap();
        }
        if list["has_next"] != true {
            break;
        }
    }
    events
}

/// Many senders post as fast as they can, which is far more than the engine takes: it tells them to
/// come back, and in the end each record that was acknowledged is there once.
#[test]
fn a_burst_loses_nothing_and_doubles_nothing() {
    const RECORDS: u64 = 100;
    // What the engine may hold, the queue, and the program itself.
    const PEAK_MIB: u64 = 512;
    // All together offer more than the requests of a receiver may hold.
    let (seconds, senders) = if full() { (60, 400) } else { (3, 250) };
    let yaml = "dashboard_port: 0\nreceivers: {syslog_enabled: false, otlp_grpc_enabled: false, otlp_http_enabled: false, webhook_port: 0, webhooks: \
                [{path: /burst}]}\nengine: {workers: 1, max_held_bytes: 64 MiB}\n";
    let daemon = Daemon::start(yaml);
    let address = address(&daemon);
    let over = Arc::new(AtomicBool::new(false));
    let posted: Arc<Vec<AtomicU64>> = Arc::new((0..senders).map(|_| AtomicU64::new(0)).collect());
    let tasks: Vec<_> = (0..senders)
        .map(|sender| {
            let (over, posted) = (over.clone(), posted.clone());
            std::thread::spawn(move || {
                let mut client = Sender { address, stream: None, told: 0 };
                let rows: Vec<String> = (0..RECORDS).map(|n| row(sender, n)).collect();
                let body = format!("[{}]", rows.join(","));
                while !over.load(Relaxed) {
                    client.post(&body);
                    posted[sender].fetch_add(RECORDS, Relaxed);
                }
                client.told
            })
        })
        .collect();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_millis(50));
    }
    over.store(true, Relaxed);
    let told: u64 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
    let took = begun.elapsed().as_secs_f64();
    let sent: u64 = posted.iter().map(|n| n.load(Relaxed)).sum();
    let mut row = serde_json::Value::Null;
    wait_for("all are processed", Duration::from_secs(300), || {
        row = daemon.ledger("webhook");
        row["processed"] == json!(sent) || row["held"] == json!(0) && row["in_flight"] == json!(0)
    });
    let peak = peak(daemon.pid());
    println!("{sent} records in {took:.1} s, told to come back {told} times, {peak} MiB at most");
    assert_eq!((&row["accepted"], &row["processed"]), (&json!(sent), &json!(sent)), "{row}");
    assert_eq!(row["balanced"], json!(true), "{row}");
    assert!(told > 0, "the burst was no burst");
    let expected: BTreeMap<String, u64> =
        (0..senders).map(|n| (format!("burst{n}"), posted[n].load(Relaxed))).collect();
    wait("each sender's records are counted", || by_program(&daemon) == expected);
    assert!(peak < PEAK_MIB, "{peak} MiB");
    assert_eq!(daemon.stop().status.code(), Some(0));
}

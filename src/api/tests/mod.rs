//! Black box: real sockets, a made-up program behind the face.

mod alerts;
mod events;
mod guard;
#[path = "../../../tests/it/support/schema.rs"]
mod schema;
mod status;

use super::*;
use crate::alerting::{AlertBook, samples};
use crate::runtime::aliases::Known;
use crate::runtime::clock::Clock;
use crate::store::control::{AlertWrite, SqliteStore, StateStore};
use crate::store::events::find::Aliases;
use crate::store::events::{EventStore, Origin, Writer};
use seerflow_model::record::{LineEnd, ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{Alert, AlertStatus, Ns, Severity};
use seerflow_model::{Event, Flags};
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

struct Fake {
    book: AlertBook,
    store: Arc<SqliteStore>,
    events: Arc<EventStore>,
    writer: Mutex<Writer>,
    /// Where they are.
    _home: tempfile::TempDir,
    /// Whether there are stores.
    stores: AtomicBool,
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
            program: if n.is_multiple_of(2) { "sshd" } else { "nginx" }.to_owned(),
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
        let there = self.stores.load(Ordering::Relaxed);
        there.then(|| self.store.clone() as Arc<dyn StateStore>)
    }

    fn events(&self) -> Option<Arc<EventStore>> {
        self.stores.load(Ordering::Relaxed).then(|| self.events.clone())
    }

    fn parser(&self) -> Parser {
        parser()
    }

    fn aliases(&self) -> Box<dyn Aliases + Send> {
        let mut merged = seerflow_pipeline::views::Merged::default();
        merged.aliases.insert(8, 7);
        merged.texts.insert(7, "Failed password for <*> from <*>".into());
        Box::new(Known::new(Arc::default(), merged))
    }

    fn config(&self) -> Value {
        serde_json::json!({"dashboard_port": 8080, "engine": {"workers": null}})
    }

    fn metrics(&self) -> Vec<Metric> {
        let label = Some(("worker", "a\"b\\\n".to_owned()));
        vec![Metric { name: "worker_records_total", help: "Records.", label, value: 3.0 }]
    }
}

/// Reading the rules takes longer than a test.
fn parser() -> Parser {
    static ROLES: OnceLock<RoleSet> = OnceLock::new();
    Parser::new(ROLES.get_or_init(RoleSet::bundled).clone(), None)
}

/// An event of a line.
fn event(source: u64, seq: u64, at: u64, line: &[u8]) -> Event {
    let info = SourceInfo::plain(source, "auth.log", ReceiverKind::File, "file");
    let meta = RecordMeta {
        start: 0,
        len: line.len() as u32,
        seq,
        event_time: Some(at),
        effective: at,
        time_start: 0,
        time_len: 0,
        flags: Flags::default(),
        end: LineEnd::Lf,
    };
    let bytes = line.to_vec();
    let batch = RecordBatch { source: Arc::new(info), observed: at, bytes, records: vec![meta] };
    parser().parse(&batch, &meta)
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
        let at = home.path().join("events");
        let how = crate::store::events::Options::default();
        let (events, _) = EventStore::open(&at, how, Clock::system()).unwrap();
        let facts = Arc::new(Fake {
            book: AlertBook::default(),
            store: Arc::new(SqliteStore::open(&home.path().join("a.db")).unwrap()),
            writer: Mutex::new(events.writer(0, Origin::Live).unwrap()),
            events,
            _home: home,
            stores: AtomicBool::new(true),
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

const JSON: &str = "Content-Type: application/json";

const SECOND: u64 = 1_000_000_000;

impl Server {
    /// Stores lines of failed logins, one a second, every tenth of them unusual.
    fn store_lines(&self, from: u64, lines: u64) {
        let mut writer = self.facts.writer.lock().unwrap();
        for n in from..from + lines {
            let line = format!(
                "<38>1 2026-03-24T19:00:00Z web-{} sshd {n} - - Failed password for user{} from \
                 10.0.0.{} port {n} ssh2",
                n % 2,
                n % 5,
                n % 3
            );
            let event = event(1, n, samples::START + n * SECOND, line.as_bytes());
            let probability = if n % 10 == 0 { 0.25 } else { 1.0 };
            let (template, text) = (7 + n % 2, "Failed password for <*> from <*> port <*> ssh2");
            assert!(writer.store(&event, template, text, probability));
        }
        writer.show();
    }
}

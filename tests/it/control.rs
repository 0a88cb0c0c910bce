//! State that people change: what outlives the program, in the real program.

use crate::daemon::{Daemon, program, wait};
use seerflow::store::control::{PageRequest, SqliteStore, StateStore, TemplateQuery};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};

const YAML: &str = "\
receivers:
  syslog_udp_port: 0
  syslog_tcp_port: 0
  otlp_grpc_enabled: false
  otlp_http_enabled: false
detection:
  dspot:
    calibration_window: 200
    risk_level: 0.01
dashboard_port: 0
";
const FATAL: &str = "<11>1 2026-03-24T19:01:00Z db postgres 999 - - FATAL connection limit exceeded \
                     847/100";

fn send(daemon: &Daemon, line: &str) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(format!("{line}\n").as_bytes(), daemon.udp.unwrap()).unwrap();
}

fn quiet(daemon: &Daemon) {
    for i in 1..=300 {
        let line =
            format!("<134>1 2026-03-24T19:00:00Z web nginx {i} - - GET /api/v{} 200 {i}ms", i % 5);
        send(daemon, &line);
    }
    daemon.wait_processed(300);
}

/// Runs a command beside the daemon: exit code, standard output, standard error.
fn seerflow(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let output = program(dir).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn fine(dir: &Path, args: &[&str]) -> String {
    let (code, out, err) = seerflow(dir, args);
    assert_eq!(code, 0, "{args:?}: {err}");
    out
}

fn database(dir: &Path) -> PathBuf {
    dir.join(".local/share/seerflow/seerflow.db")
}

#[test]
fn alerts_silences_feedback_and_templates_outlive_the_program() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    let daemon = Daemon::within(dir, YAML, &["start"]);
    quiet(&daemon);
    let add = ["silence", "add", "--rule", "never-seen-message", "--for", "2h", "--reason", "test"];
    let silence = fine(dir, &add).trim().to_owned();
    let list = fine(dir, &["silence", "list", "--format", "csv"]);
    assert!(list.contains(&silence) && list.contains("active"), "{list}");
    send(&daemon, FATAL);
    wait("the alert is stored", || daemon.json("/api/v1/alerts")["total"] == 1);
    let alerts = daemon.json("/api/v1/alerts?silenced=true");
    assert_eq!(alerts["total"], 1, "{alerts}");
    let id = alerts["items"][0]["alert_id"].as_str().unwrap().to_owned();
    assert_eq!(daemon.out.text(), "", "nobody is told");
    assert!(daemon.metric("seerflow_alerts_silenced_total") >= 1);
    assert!(daemon.metric("seerflow_alert_revisions_stored_total") >= 1);
    fine(dir, &["feedback", &id, "fp", "--note", "a load test"]);
    assert_eq!(daemon.json("/api/v1/alerts?feedback=fp")["items"][0]["alert_id"], id.as_str());
    fine(dir, &["silence", "rm", &silence]);
    assert_eq!(seerflow(dir, &["silence", "rm", &silence]).0, 1, "it is over");
    let ended = daemon.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);

    // At rest.
    let list = fine(dir, &["silence", "list"]);
    assert_eq!(list, "", "none is in force");
    let list = fine(dir, &["silence", "list", "--all"]);
    assert!(list.contains(&silence), "{list}");
    fine(dir, &["feedback", &id, "tp"]);
    assert_eq!(seerflow(dir, &["feedback", "nonsense", "tp"]).0, 1);
    let store = SqliteStore::open(&database(dir)).unwrap();
    let templates = store.templates(&TemplateQuery::default(), &PageRequest::page(1, 9)).unwrap();
    let events: u64 = templates.items.iter().map(|template| template.row.count).sum();
    assert_eq!(events, 301, "{templates:?}");
    let first = &store.alert_revisions(&id).unwrap()[0];
    assert_eq!(first.silenced_by.as_deref(), Some(silence.as_str()));
    drop(store);

    let (code, _, err) = seerflow(dir, &["templates", "prune", "--min-count", "2"]);
    assert!(code == 0 && err.ends_with("templates forgotten: 1\n"), "{err}");

    // In another run.
    let daemon = Daemon::within(dir, YAML, &["start"]);
    let alert = &daemon.json("/api/v1/alerts?rule=never-seen-message")["items"][0];
    assert_eq!((&alert["alert_id"], &alert["feedback"]), (&id.as_str().into(), &"tp".into()));
    assert_eq!(seerflow(dir, &["templates", "reset"]).0, 3, "the program runs");
    assert_eq!(daemon.stop().status.code(), Some(0));
    assert_eq!(seerflow(dir, &["templates", "reset"]).0, 0);
    let store = SqliteStore::open(&database(dir)).unwrap();
    let feedback = store.feedback(&id, &PageRequest::page(1, 9)).unwrap().unwrap();
    let said: Vec<_> = feedback.items.iter().map(|f| (f.feedback.word(), &*f.note)).collect();
    assert_eq!(said, [("tp", ""), ("fp", "a load test")]);
}

#[test]
fn what_cannot_be_a_silence_is_told_before_anything_is_opened() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    for (args, want) in [
        (&["--rule", "r", "--reason", "x"][..], "--for"),
        (&["--for", "2h", "--reason", "x"], "a silence names"),
        (&["--rule", "r", "--for", "2x", "--reason", "x"], "span of time"),
        (&["--entity", "10.1.2.3", "--for", "2h", "--reason", "x"], "ip:10.1.2.3"),
        (&["--rule", "r", "--for", "9999d", "--reason", "x"], "a year"),
    ] {
        let all: Vec<&str> = ["silence", "add"].iter().chain(args).copied().collect();
        let (code, out, err) = seerflow(dir, &all);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(want), "{args:?}: {err}");
    }
    let add = ["silence", "add", "--entity", "ip:::ffff:10.1.2.3", "--for", "2h", "--reason", "x"];
    fine(dir, &add);
    assert!(fine(dir, &["silence", "list", "--json"]).contains("\"10.1.2.3\""));
}

#[test]
fn a_newer_database_is_refused_with_code_74() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    fine(dir, &["silence", "list"]);
    let db = rusqlite::Connection::open(database(dir)).unwrap();
    db.pragma_update(None, "user_version", 1_000).unwrap();
    drop(db);
    let before = std::fs::read(database(dir)).unwrap();
    std::fs::write(dir.join("seerflow.yaml"), YAML).unwrap();
    let (code, _, err) = seerflow(dir, &["start"]);
    assert_eq!(code, 74, "{err}");
    assert!(err.contains("newer Seerflow") && err.contains("hint:"), "{err}");
    assert_eq!(std::fs::read(database(dir)).unwrap(), before);
}

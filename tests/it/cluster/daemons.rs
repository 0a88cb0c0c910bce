//! `start` as a cluster.

use crate::daemon::{Daemon, wait};
use crate::support::cluster;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Starts one daemon of a cluster; gives it when it is ready.
fn daemon(home: &Path, hosts: &Path, index: usize) -> Daemon {
    let dir = home.join(format!("node-{index}"));
    std::fs::create_dir_all(&dir).unwrap();
    let yaml = "receivers: {syslog_udp_port: 0, syslog_tcp_port: 0, otlp_grpc_port: 0, otlp_http_port: 0}\ndashboard_port: 0\n\
                detection: {dspot: {calibration_window: 200, risk_level: 0.01}}\n";
    let (index, hosts) = (index.to_string(), hosts.to_str().unwrap());
    let args = ["start", "--workers", "1", "--data-dir", "data"];
    Daemon::within(&dir, yaml, &[&args[..], &["--process", &index, "--hostfile", hosts]].concat())
}

fn daemons(home: &Path) -> (Daemon, Daemon) {
    let hosts = cluster::hostfile(home, 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| daemon(home, &hosts, 1));
        (daemon(home, &hosts, 0), second.join().unwrap())
    })
}

#[test]
fn daemons_are_one_engine() {
    let home = tempfile::tempdir().unwrap();
    let (first, second) = daemons(home.path());
    let line = |i: u32, host: &str| {
        format!("<134>1 2026-03-24T19:00:00Z {host} nginx {i} - - GET /api/v{} 200 {i}ms\n", i % 5)
    };
    let (mut to_first, mut to_second) = (first.connect(), second.connect());
    for i in 0..200 {
        to_first.write_all(line(i, "web-1").as_bytes()).unwrap();
        to_second.write_all(line(i, "web-2").as_bytes()).unwrap();
    }
    // Each counts what came through its own doors, wherever it is processed.
    first.wait_processed(200);
    second.wait_processed(200);
    assert_eq!(first.events_of("nginx") + second.events_of("nginx"), 400);
    // What comes in through one leaves through the other.
    let fatal =
        "<11>1 2026-03-24T19:01:00Z db postgres 999 - - FATAL connection limit exceeded 847/100\n";
    to_second.write_all(fatal.as_bytes()).unwrap();
    wait("the alert", || first.out.text().contains("FATAL"));
    second.wait_processed(201);
    let ledger = second.ledger("syslog_tcp");
    assert_eq!((&ledger["accepted"], &ledger["processed"]), (&201.into(), &201.into()), "{ledger}");

    // One that stops stops both, and each in order.
    let begun = Instant::now();
    let mut first = first;
    let stopped = second.stop();
    let other = first.end(begun);
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.err);
    assert_eq!(other.status.code(), Some(0), "{}", other.err);
    assert_eq!(stopped.out, "");
    assert!(
        other.err.contains("events     401") && other.err.contains("alerts     1"),
        "{}",
        other.err
    );
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn an_idle_daemon_that_is_killed_ends_the_other() {
    let home = tempfile::tempdir().unwrap();
    let (mut first, second) = daemons(home.path());
    let begun = Instant::now();
    drop(second);
    let ended = first.end(begun);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(ended.status.code(), Some(75), "{}", ended.err);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

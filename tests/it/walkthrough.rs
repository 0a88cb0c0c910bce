//! The walk-through that new users paste: a configuration, 300 quiet lines, one that matters.

use crate::daemon::{Daemon, wait};
use std::net::UdpSocket;
use std::time::Duration;

/// As it is pasted, but for the port, and with free ports for what it does not name.
const YAML: &str = "\
receivers:
  syslog_enabled: true
  syslog_udp_port: 0       # use high port to avoid root
  syslog_tcp_port: 0
  otlp_grpc_enabled: false
  otlp_http_enabled: false
  webhook_enabled: false

detection:
  hst_window_size: 100         # lower for faster calibration
  dspot:
    calibration_window: 200
    risk_level: 0.01           # more sensitive for testing

dashboard_port: 0
";
const FATAL: &str = "<11>1 2026-03-24T19:01:00Z db postgres 999 - - FATAL connection limit exceeded \
                     847/100";

/// Each line in a datagram of its own socket, as `nc -u -w0` sends it.
fn send(daemon: &Daemon, line: &str) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(format!("{line}\n").as_bytes(), daemon.udp.unwrap()).unwrap();
}

#[test]
fn one_alert_for_the_line_that_matters_and_none_for_the_others() {
    let daemon = Daemon::start(YAML);
    for i in 1..=300 {
        let line =
            format!("<134>1 2026-03-24T19:00:00Z web nginx {i} - - GET /api/v{} 200 {i}ms", i % 5);
        send(&daemon, &line);
    }
    daemon.wait_processed(300);
    assert_eq!(daemon.out.text(), "", "quiet lines raise nothing");
    send(&daemon, FATAL);
    wait("the alert", || daemon.out.text().contains("FATAL"));
    daemon.wait_processed(301);
    assert_eq!(daemon.tagged("late"), 301, "months old lines are late, all of them");

    wait("the alert is stored", || daemon.json("/api/v1/alerts")["total"] != 0);
    let alerts = daemon.json("/api/v1/alerts");
    assert_eq!(alerts["total"], 1, "{alerts}");
    let alert = &alerts["items"][0];
    assert!(alert["entities"].to_string().contains("postgres"), "{alert}");
    assert!(alert["entities"].to_string().contains("\"db\""), "{alert}");

    let ended = daemon.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    for part in
        ["postgres", "db", "FATAL connection limit exceeded 847/100", "2026-03-24T19:01:00Z"]
    {
        assert!(ended.out.contains(part), "{part}: {}", ended.out);
    }
    assert_eq!(ended.out.matches("never-seen-message").count(), 1, "{}", ended.out);
    assert_eq!(ended.out.lines().filter(|line| !line.starts_with(' ')).count(), 1);
    for part in ["nginx", "GET /api"] {
        assert!(!ended.out.contains(part), "{part}: {}", ended.out);
    }
    for part in ["events     301", "alerts     1", "301 late", "dropped    0", "took"] {
        assert!(ended.err.contains(part), "{part}: {}", ended.err);
    }
}

#[test]
fn parked_workers_stop_within_two_seconds() {
    // A machine that is busy with other things may be slow once, not every time.
    let mut times = Vec::new();
    for _ in 0..3 {
        let daemon = Daemon::start(YAML);
        send(&daemon, FATAL);
        daemon.wait_processed(1);
        let ended = daemon.stop();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
        times.push(ended.took);
        if ended.took < Duration::from_secs(2) {
            return;
        }
    }
    panic!("stopping took {times:?}");
}

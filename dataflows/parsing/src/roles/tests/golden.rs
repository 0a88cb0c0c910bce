//! Six events of six kinds as people and the API see them.

use super::build::with_fields;
use crate::roles::RoleSet;
use seerflow_model::time::SECOND;
use seerflow_model::{Event, EventView, Flags, Format, Severity, Span};

/// Friday, 2026-03-06T09:00:00Z.
const MORNING: u64 = 1_772_787_600 * SECOND;

fn finished(mut event: Event, format: Format, severity: Severity, pid: &str) -> Event {
    let start = event.text.len();
    event.text = format!("{}{pid}", event.text).into();
    event.pid = Span::new(start, start + pid.len());
    event.seq = 3;
    event.event_time = Some(MORNING);
    event.observed_time = MORNING + 2 * SECOND;
    event.effective_time = MORNING;
    (event.format, event.severity) = (format, severity);
    RoleSet::bundled().apply(&mut event);
    event
}

#[test]
fn sshd_login_failure() {
    let message = "Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2";
    let mut event = with_fields("web-1", "sshd", message, &[]);
    event.facility = Some(10);
    let event = finished(event, Format::Rfc3164, Severity::Informational, "4021");
    insta::assert_json_snapshot!(EventView(&event));
}

#[test]
fn sudo_command() {
    let message = "bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/usr/bin/apt update";
    let event = with_fields("web-1", "sudo", message, &[]);
    let event = finished(event, Format::Rfc5424, Severity::Notice, "77");
    insta::assert_json_snapshot!(EventView(&event));
}

#[test]
fn web_request_line() {
    let message = "203.0.113.9 - bob [06/Mar/2026:09:00:00 +0000] \
                   \"GET /private/report.html?id=7 HTTP/1.0\" 401 2326 \"-\" \"curl/8.0\"";
    let event = with_fields("web-1", "nginx", message, &[]);
    let event = finished(event, Format::Plain, Severity::Informational, "");
    insta::assert_json_snapshot!(EventView(&event));
}

#[test]
fn kernel_packet_filter() {
    let message = "[12345.678901] [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=40";
    let mut event = with_fields("fw-1", "kernel", message, &[]);
    event.flags = Flags::LATE;
    let event = finished(event, Format::Rfc3164, Severity::Warning, "");
    insta::assert_json_snapshot!(EventView(&event));
}

#[test]
fn json_application_error() {
    let fields = [
        ("user.name", "carol"),
        ("user.domain", "CORP"),
        ("client_ip", "198.51.100.4"),
        ("http.url", "https://shop.example.org/pay"),
        ("duration_ms", "812"),
    ];
    let mut event = with_fields("app-3", "checkout", "payment gateway timed out", &fields);
    let start = event.text.len();
    event.text = format!("{}4bf92f3577b34da6a3ce929d0e0e4736", event.text).into();
    event.trace_id = Span::new(start, start + 32);
    let event = finished(event, Format::Json, Severity::Error, "9");
    insta::assert_json_snapshot!(EventView(&event));
}

#[test]
fn pam_session() {
    let message = "session opened for user news by (uid=0)";
    let event = with_fields("combo", "su(pam_unix)", message, &[]);
    let event = finished(event, Format::Rfc3164, Severity::Informational, "2605");
    insta::assert_json_snapshot!(EventView(&event));
}

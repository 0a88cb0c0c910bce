//! Lines with exactly what must come out: entities with roles, edges, activity, outcome.
//!
//! `cases.txt` has blocks of three lines: `program | message`, `= entities`, `> edges`. With
//! `SEERFLOW_BLESS` set the file is written anew, for a person to read the difference.

use super::build::{edges, event, shown};
use crate::roles::RoleSet;

const CASES: &str = include_str!("cases.txt");

#[test]
fn lines_with_exact_results() {
    let mut roles = RoleSet::bundled();
    let mut actual = String::new();
    let mut count = 0;
    for line in CASES.lines().filter(|line| !line.starts_with(['=', '>']) && !line.is_empty()) {
        if line.starts_with('#') {
            actual += &format!("{line}\n\n");
            continue;
        }
        let (program, message) = line.split_once(" | ").expect("program | message");
        let mut event = event("Web-1", program, message);
        roles.apply(&mut event);
        actual += &format!("{line}\n= {}\n> {}\n\n", shown(&event), edges(&event));
        count += 1;
    }
    assert!(count >= 60, "{count} lines");
    if std::env::var_os("SEERFLOW_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/roles/tests/cases.txt");
        std::fs::write(path, &actual).unwrap();
    }
    for (expected, actual) in CASES.split("\n\n").zip(actual.split("\n\n")) {
        assert_eq!(actual.trim(), expected.trim());
    }
}

#[test]
fn the_required_example() {
    let message = "Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2";
    let mut event = event("Web-1", "sshd", message);
    RoleSet::bundled().apply(&mut event);
    assert_eq!(
        shown(&event),
        "login failure; actor user admin; src ip 203.0.113.9; target host web-1; \
         object process web-1/sshd"
    );
    assert_eq!(
        edges(&event),
        "admin authenticated_from 203.0.113.9; admin logged_into web-1; \
         203.0.113.9 reached_host web-1; web-1/sshd ran_on web-1"
    );
    assert_eq!(event.canonical(event.primary().unwrap()), "admin");
}

#[test]
fn structured_fields() {
    let fields = [
        ("user", "Bob"),
        ("user.domain", "CORP"),
        ("source.ip", "203.0.113.9"),
        ("destination_ip", "192.0.2.1:443"),
        ("host", "db-1"),
        ("x@32473.user", "eve"),
        ("event_data.TargetUserName", "carol"),
        ("level", "10.0.0.9"),
        ("src_ip", ""),
        ("client_ip", "-"),
        ("sha256", "zz"),
        ("username", "null"),
    ];
    let mut event = super::build::with_fields("", "app", "it failed", &fields);
    RoleSet::bundled().apply(&mut event);
    assert_eq!(
        shown(&event),
        "other unknown; actor user corp:bob; src ip 203.0.113.9; dst ip 192.0.2.1; \
         target host db-1; actor user eve; target user carol"
    );
}

#[test]
fn a_host_that_is_an_address_and_one_that_is_none() {
    let mut roles = RoleSet::bundled();
    let mut event1 = event("198.51.100.7", "app", "x");
    roles.apply(&mut event1);
    assert_eq!(
        shown(&event1),
        "other unknown; target ip 198.51.100.7; object process 198.51.100.7/app"
    );
    for host in ["", "-", "!!"] {
        let mut event = event(host, "app", "x");
        roles.apply(&mut event);
        assert_eq!(shown(&event), "other unknown", "{host}");
    }
}

//! CPU time per line of redaction, on one thread: lines without a value, and lines with some.
//!
//! `cargo run --release -p seerflow-parsing --example redact`

use seerflow_parsing::redact::{Key, Redacting, Redactor, Rule, State};
use std::hint::black_box;
use std::sync::Arc;

/// About 150 bytes each, without anything to redact.
const CLEAN: [&str; 5] = [
    "Dec 10 06:55:46 web-prod-01 sshd[24200]: Received disconnect from 203.0.113.9: 11: Bye Bye \
     [preauth] after 3 attempts in 12 s, session 4f2a closed for good now",
    "<134>1 2026-03-24T19:00:00.123456Z web-01 nginx 4711 - - 203.0.113.9 \"GET /api/v1/items/42 \
     HTTP/1.1\" 200 5316 0.012 upstream 10.0.0.7:8080 rt 0.011 id 77",
    "2026-03-24 19:00:00,123 INFO [main-7] org.example.service.OrderService - order 118273 of \
     customer 99812 shipped in 3 parcels, weight 12.5 kg, took 133 ms in all",
    "{\"time\":\"2026-03-24T19:00:00Z\",\"level\":\"info\",\"msg\":\"request done\",\"status\":200,\
     \"path\":\"/api/v1/items\",\"ms\":12,\"host\":\"web-01\",\"bytes\":5316}",
    "2026-03-24T19:00:00Z kernel: [12345.678901] audit: type=1400 apparmor=\"ALLOWED\" \
     operation=\"open\" profile=\"/usr/sbin/cupsd\" name=\"/etc/passwd-\" pid=1234 comm=\"cupsd\"",
];
/// One value of each kind.
const FULL: [&str; 3] = [
    "2026-03-24T19:00:00Z pay: charge of 4111 1111 1111 1111 accepted, order 118273 of customer 99812",
    "2026-03-24T19:00:00Z mail: message for alice@example.com queued as 7F2A3, 5316 bytes, 2 recipients",
    "2026-03-24T19:00:00Z app: GET /login?user=alice&password=hunter2&next=/home HTTP/1.1 200 5316",
];
const ROUNDS: usize = 200_000;

fn main() {
    let all = [Rule::Card, Rule::Email, Rule::Token];
    for (what, rules) in
        [("card", &all[..1]), ("email", &all[1..2]), ("token", &all[2..]), ("all three", &all[..])]
    {
        measure(&format!("{what}, nothing to redact"), rules, &CLEAN);
    }
    measure("all three, one value a line", &all, &FULL);
}

fn measure(what: &str, rules: &[Rule], lines: &[&str]) {
    let redactor = Arc::new(Redactor::new(rules, Key::new(b"a key for measuring"), None));
    let mut source = Redacting::new(redactor, State::default());
    let bytes: usize = lines.iter().map(|line| line.len()).sum();
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = cpu_ns();
        for _ in 0..ROUNDS {
            for line in lines {
                black_box(source.line(black_box(line.as_bytes())));
            }
        }
        best = best.min((cpu_ns() - start) as f64 / (ROUNDS * lines.len()) as f64);
    }
    println!("{what}: {best:.0} ns CPU per line of {} bytes", bytes / lines.len());
}

/// CPU time of this thread in nanoseconds, from the kernel's scheduler.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    stat.split_ascii_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}

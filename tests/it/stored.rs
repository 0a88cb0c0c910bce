//! What is kept is found again: by commands at rest, through a running program, and after it.

use crate::daemon::{Daemon, FREE_PORTS};
use crate::support::program::{Said, run, run_with};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Lines of several programs, with entities, bytes that are no text, and both line ends.
fn log(lines: usize) -> Vec<u8> {
    let mut text = String::new();
    for n in 0..lines {
        let (hour, minute, second) = (n / 3_600 % 24, n / 60 % 60, n % 60);
        let time = format!("2026-03-04T{hour:02}:{minute:02}:{second:02}Z");
        let end = if n % 3 == 0 { "\r\n" } else { "\n" };
        let said = match n % 4 {
            0 => format!(
                "sshd[7]: Failed password for root from 10.1.{}.{} port 40{n}",
                n % 9,
                n % 7
            ),
            1 => format!("app[8]: order {n} took {} ms", n % 90),
            2 => format!("app[8]: ERROR cannot reach db-{}", n % 5),
            _ => "cron[9]: (root) CMD (run-parts /etc/cron.hourly)".to_owned(),
        };
        write!(text, "{time} web-{} {said}{end}", n % 3).unwrap();
    }
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(b"2026-03-05T00:00:00Z web-1 app[8]: raw \xff\xfe bytes\r\n");
    bytes.extend_from_slice(b"2026-03-05T00:00:01Z web-1 app[8]: a trace\r\n  at one\r\n  at two");
    bytes
}

fn ok(said: &Said) -> &Said {
    assert!(said.code < 2, "{}: {}", said.code, said.err);
    said
}

fn count(home: &Path, dir: &str, more: &[&str]) -> usize {
    let args = [&["query", "events", "--data-dir", dir, "--limit", "100000"], more].concat();
    ok(&run(home, &args)).out.lines().count()
}

#[test]
fn records_come_back_byte_for_byte_and_a_second_time_adds_nothing() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let log = log(3_000);
    fs::write(home.join("a.log"), &log).unwrap();
    let persist = ["analyze", "a.log", "--persist", "--data-dir", "data"];
    let first = run(home, &persist);
    assert!(ok(&first).err.contains("stored     3,002 events"), "{}", first.err);
    let again = run(home, &persist);
    let nothing = "stored     0 events, 0 alerts; 3,002 events";
    assert!(ok(&again).err.contains(nothing), "{}", again.err);
    assert_eq!(first.out, again.out, "what is known already is judged alike");

    let all = ["query", "events", "--data-dir", "data", "--oldest-first", "--limit", "10000"];
    let ids: Vec<String> = run(home, &all)
        .ndjson()
        .iter()
        .map(|row| row["event_id"].as_str().unwrap().to_owned())
        .collect();
    let mut distinct = ids.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((ids.len(), distinct.len()), (3_002, 3_002));
    let raw = [&all[..], &["--raw"]].concat();
    let output = crate::support::program::command(home).args(raw).output().unwrap();
    assert!(output.stdout == log, "the records are not the file");

    assert_eq!(count(home, "data", &["--text", "failed password -order"]), 750);
    assert_eq!(count(home, "data", &["--entity", "ip:10.1.4.4"]), 12);
    assert_eq!(count(home, "data", &["--severity", "error"]), 750);
    let bad = run(home, &["query", "events", "--data-dir", "data", "--severity", "9"]);
    assert_eq!(bad.code, 2, "{}", bad.err);
    let bad = run(home, &["query", "events", "--data-dir", "data", "--text", "(a"]);
    assert!(bad.code == 2 && bad.err.contains("q:"), "{}", bad.err);
}

#[test]
fn a_pipe_is_known_by_what_it_held() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let analyze = |text: &[u8]| {
        let args = ["analyze", "-", "--persist", "--data-dir", "data"];
        ok(&run_with(home, &args, text)).err.clone()
    };
    let (one, two) = (log(100), b"2026-03-04T10:00:00Z web-1 app[8]: another\n");
    assert!(analyze(&one).contains("stored     102 events"));
    assert!(analyze(two).contains("stored     1 events"));
    assert!(analyze(&one).contains("stored     0 events"));
    assert_eq!(count(home, "data", &[]), 103);
}

#[test]
fn what_is_exported_can_be_imported_and_is_equal() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("a.log"), log(2_000)).unwrap();
    ok(&run(home, &["analyze", "a.log", "--persist", "--data-dir", "one"]));
    let export = |dir: &str, what: &str, more: &[&str]| {
        let args = [&["export", what, "--data-dir", dir], more].concat();
        let said = run(home, &args);
        assert_eq!(said.code, 0, "{}", said.err);
        said
    };
    let (events, alerts) = (export("one", "events", &[]).out, export("one", "alerts", &[]).out);
    assert_eq!(events.lines().count(), 2_002);
    fs::write(home.join("rows.ndjson"), events.clone() + &alerts).unwrap();
    let import = ["import", "rows.ndjson", "--data-dir", "two"];
    let said = run(home, &import);
    assert!(said.code == 0 && said.err.contains("(2002 events, "), "{}", said.err);
    assert_eq!(export("two", "events", &[]).out, events);
    assert_eq!(export("two", "alerts", &[]).out, alerts);
    let said = run(home, &import);
    assert!(said.err.starts_with("0 imported"), "{}", said.err);

    let csv = export("one", "events", &["--format", "csv", "--limit", "1500"]).out;
    let ids: std::collections::BTreeSet<&str> =
        csv.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids.len(), 1_500);
    fs::write(home.join("bad.ndjson"), "{\"event_id\":1}\n\nnot json\n").unwrap();
    let said = run(home, &["import", "bad.ndjson", "--data-dir", "two"]);
    assert!(said.code == 1 && said.err.contains("bad.ndjson:3: "), "{}", said.err);
    assert!(said.err.contains("2 rejected"), "{}", said.err);
}

#[test]
fn a_running_program_is_asked_and_given() {
    let home = tempfile::tempdir().unwrap();
    let yaml = format!("storage: {{data_dir: '{{dir}}/data'}}\n{FREE_PORTS}");
    let daemon = Daemon::within(home.path(), &yaml, &["start"]);
    let home = home.path();
    fs::write(home.join("a.log"), log(500)).unwrap();
    for (stored, known) in [("502", "0"), ("0", "502")] {
        let said = run(home, &["analyze", "a.log", "--persist"]);
        let told = format!("stored     {stored} events");
        assert!(ok(&said).err.contains(&told), "{}", said.err);
        assert!(said.err.contains(&format!("; {known} events and")), "{}", said.err);
    }
    let found = daemon.json("/api/v1/events?q=order&limit=1");
    assert_eq!(found["total"], 125);
    let asked = run(home, &["query", "events", "--text", "order", "--limit", "3", "--json"]);
    assert_eq!(ok(&asked).out.matches("\"event_id\"").count(), 3);
    let exported = run(home, &["export", "events"]).out;
    assert_eq!(exported.lines().count(), 502);
    fs::write(home.join("rows.ndjson"), &exported).unwrap();
    let said = run(home, &["import", "rows.ndjson"]);
    assert!(said.err.starts_with("0 imported"), "{}", said.err);
    let socket = daemon.datagrams();
    socket.send(b"<11>app: straight from the wire").unwrap();
    crate::daemon::wait("what came in is found", || {
        daemon.json("/api/v1/events?q=wire")["total"] == 1
    });
    let status = run(home, &["status", "--json"]);
    assert_eq!(status.code, 0, "{}", status.err);
    let sources = run(home, &["sources"]);
    assert!(sources.out.contains("127.0.0.1"), "{}", sources.out);
    assert_eq!(daemon.stop().status.code(), Some(0));

    // At rest everything is still there, and nobody answers for its state.
    assert_eq!(count(home, "data", &[]), 503);
    let status = run(home, &["status", "--data-dir", "data"]);
    assert_eq!(status.code, 3, "{}", status.err);
}

#[test]
fn paging_while_others_write_shows_each_once() {
    let home = tempfile::tempdir().unwrap();
    let yaml = format!("storage: {{data_dir: '{{dir}}/data'}}\n{FREE_PORTS}");
    let daemon = Daemon::within(home.path(), &yaml, &["start"]);
    let socket = daemon.connect();
    let mut out = std::io::BufWriter::new(&socket);
    for n in 0..1_500 {
        std::io::Write::write_all(&mut out, format!("<13>app: item {n}\n").as_bytes()).unwrap();
    }
    std::io::Write::flush(&mut out).unwrap();
    crate::daemon::wait("all are found", || daemon.json("/api/v1/events?q=item")["total"] == 1_500);
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    for page in 0.. {
        let at = if page == 0 { String::new() } else { format!("&cursor={cursor}") };
        let answer = daemon.json(&format!("/api/v1/events?q=item&limit=100{at}"));
        for row in answer["items"].as_array().unwrap() {
            seen.push(row["message"].as_str().unwrap().to_owned());
        }
        std::io::Write::write_all(&mut out, format!("<13>app: late item {page}\n").as_bytes())
            .unwrap();
        std::io::Write::flush(&mut out).unwrap();
        match answer["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    seen.retain(|message| message.starts_with("item "));
    seen.sort();
    let before = seen.len();
    seen.dedup();
    assert_eq!((before, seen.len()), (1_500, 1_500), "twice, or missing");
}

#[test]
fn what_is_on_disk_survives_a_kill() {
    let home = tempfile::tempdir().unwrap();
    let yaml = format!("storage: {{data_dir: '{{dir}}/data'}}\n{FREE_PORTS}");
    let daemon = Daemon::within(home.path(), &yaml, &["start"]);
    let socket = daemon.connect();
    let mut out = std::io::BufWriter::new(&socket);
    for n in 0..2_000 {
        std::io::Write::write_all(&mut out, format!("<13>app: item {n}\n").as_bytes()).unwrap();
    }
    std::io::Write::flush(&mut out).unwrap();
    crate::daemon::wait("all are found", || {
        daemon.json("/api/v1/events?q=item&limit=1")["total"] == 2_000
    });
    // What is gathered goes to disk a few seconds later.
    crate::daemon::wait("all are on disk", || {
        std::io::Write::write_all(&mut &socket, b"<13>app: more\n").unwrap();
        daemon.metric("seerflow_event_store_blocks") > 0
    });
    let pid = rustix::process::Pid::from_raw(daemon.pid() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    drop(daemon);
    let again = Daemon::within(home.path(), &yaml, &["start"]);
    let mut seen = Vec::new();
    for page in 1..=2 {
        let answer = again.json(&format!("/api/v1/events?q=item&limit=1000&page={page}"));
        for row in answer["items"].as_array().unwrap() {
            seen.push(row["message"].as_str().unwrap().to_owned());
        }
    }
    seen.sort();
    let before = seen.len();
    seen.dedup();
    assert_eq!((before, seen.len()), (2_000, 2_000));
    assert_eq!(again.stop().status.code(), Some(0));
}

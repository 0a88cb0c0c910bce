//! Under load and at rest: nothing is lost that can be kept, what is lost is counted, and an idle
//! program costs nothing and talks to nobody.

use crate::daemon::{Daemon, FREE_PORTS, LONG, full, program, wait, wait_for};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

fn line(n: u64) -> String {
    let message = match n % 5 {
        0 => format!("GET /api/v{} 200 {}ms", n % 7, n % 300),
        1 => format!("connection from 203.0.113.{} port {}", n % 250, 1024 + n % 60_000),
        2 => format!("job {n} finished in {} s", n % 90),
        3 => format!("cache hit ratio 0.{:02} for shard {}", n % 100, n % 16),
        _ => format!("user u{} logged in", n % 500),
    };
    format!("<134>1 2026-03-24T19:00:00Z web{} app{} {n} - - {message}", n % 4, n % 3)
}

fn number(row: &serde_json::Value, key: &str) -> u64 {
    row[key].as_u64().unwrap_or_else(|| panic!("{key} in {row}"))
}

fn dropped(row: &serde_json::Value) -> u64 {
    row["dropped"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum()
}

/// Waits until nothing is under way and says how the ledger stands.
fn settled(daemon: &Daemon, receiver: &str) -> serde_json::Value {
    let mut row = serde_json::Value::Null;
    wait_for("nothing is held or in flight", LONG * 5, || {
        row = daemon.ledger(receiver);
        number(&row, "held") + number(&row, "in_flight") == 0 && row["balanced"] == true
    });
    row
}

#[test]
fn tcp_loses_none_however_fast() {
    const LINES: u64 = 200_000;
    let daemon = Daemon::start(FREE_PORTS);
    let senders: Vec<_> = (0..2)
        .map(|octets| {
            let mut stream = daemon.connect();
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                for n in (0..LINES).filter(|n| n % 2 == octets) {
                    let line = line(n);
                    match octets {
                        0 => writeln!(bytes, "{line}").unwrap(),
                        _ => write!(bytes, "{} {line}", line.len()).unwrap(),
                    }
                    if bytes.len() > 1 << 16 {
                        stream.write_all(&bytes).unwrap();
                        bytes.clear();
                    }
                }
                stream.write_all(&bytes).unwrap();
            })
        })
        .collect();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    daemon.wait_processed(LINES);
    let row = settled(&daemon, "syslog_tcp");
    assert_eq!((number(&row, "accepted"), dropped(&row)), (LINES, 0), "{row}");
    let events: u64 = (0..3).map(|n| daemon.events_of(&format!("app{n}"))).sum();
    assert_eq!(events, LINES, "template counts are exact");
    let ended = daemon.stop();
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.err.contains("events     200,000"), "{}", ended.err);
}

#[test]
fn what_was_accepted_before_a_stop_is_processed_or_counted() {
    let daemon = Daemon::start(FREE_PORTS);
    let mut stream = daemon.connect();
    let sender = std::thread::spawn(move || {
        let mut n = 0;
        // Until the listener goes away.
        while stream.write_all((line(n) + "\n").as_bytes()).is_ok() {
            n += 1;
        }
    });
    wait("some came through", || daemon.processed() > 1_000);
    let ended = daemon.stop();
    sender.join().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert!(ended.err.contains("dropped    0"), "{}", ended.err);
}

#[test]
fn udp_counts_every_datagram_that_is_lost() {
    const LINES: u64 = 200_000;
    let daemon = Daemon::start(FREE_PORTS);
    let socket = daemon.datagrams();
    for n in 0..LINES {
        socket.send(line(n).as_bytes()).unwrap();
    }
    let taken = || number(&daemon.ledger("syslog_udp"), "accepted");
    let kernel = || daemon.counter("syslog_udp_kernel");
    wait_for("all are accounted for", LONG * 2, || taken() + kernel() >= LINES);
    let row = settled(&daemon, "syslog_udp");
    let (accepted, lost) = (number(&row, "accepted"), kernel());
    println!("accepted {accepted}, by the kernel {lost}, dropped {}", row["dropped"]);
    assert_eq!(accepted + lost, LINES);
    assert_eq!(accepted, number(&row, "processed") + dropped(&row));
    let stats = daemon.json("/api/v1/stats");
    assert_eq!(number(&stats, "total_events_processed"), number(&row, "processed"));
    assert_eq!(number(&stats, "dropped_events"), dropped(&row) + lost);
    assert_eq!(daemon.stop().status.code(), Some(0));
}

#[test]
fn a_sender_whose_clock_is_ahead_fills_no_memory_and_stops_nobody() {
    const HELD_MAX: u64 = 64 << 20;
    let yaml = format!("{FREE_PORTS}engine: {{max_held_bytes: {HELD_MAX}}}\n");
    let daemon = Daemon::start(&yaml);
    let ahead = seerflow_model::time::rfc3339(clock() + 250_000_000_000);
    let ahead = format!("<134>1 {ahead} h fast 1 - - request took 12 ms for user alice");
    // By TCP it is slowed: it never gets rid of all of this.
    let mut stream = daemon.connect();
    stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    let lines = format!("{ahead}\n").repeat(1_000);
    let stuck = (0..1_000).any(|_| stream.write_all(lines.as_bytes()).is_err());
    assert!(stuck, "it sent a million lines that nobody can process yet");
    assert!(daemon.counter("syslog_tcp_waited_ahead") > 0);
    // By UDP it is dropped, and counted.
    let datagrams = daemon.datagrams();
    for _ in 0..500 {
        datagrams.send(ahead.as_bytes()).unwrap();
    }
    wait("its datagrams are dropped", || dropped(&daemon.ledger("syslog_udp")) > 0);
    // The others go on, in both ways, and their lines are processed.
    let mut other = daemon.connect();
    for n in 0..2_000 {
        let now = seerflow_model::time::rfc3339(clock());
        writeln!(other, "<134>1 {now} h right 1 - - line {n}").unwrap();
    }
    daemon.wait_processed(2_000);
    let most = daemon.metric("seerflow_held_bytes_peak");
    println!("{} MiB held at most", most >> 20);
    // Half of it, and what was in the queue by then.
    assert!(most < HELD_MAX, "{most} bytes were held");
    let ended = daemon.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
}

#[test]
fn a_long_file_at_the_start_is_not_held_until_its_end() {
    // Held whole it would be more than twice what `engine.max_held_bytes` allows.
    const LINES: u64 = 1_000_000;
    const HELD_MAX: u64 = 256 << 20;
    let home = tempfile::tempdir().unwrap();
    let begin = clock() - 86_400_000_000_000;
    let mut file = std::io::BufWriter::new(append(&home.path().join("a.log")));
    for n in 0..LINES {
        let at = seerflow_model::time::rfc3339(begin + n * 5_000_000);
        writeln!(file, "{at} web app[1]: request {n} took {} ms", n % 90).unwrap();
    }
    drop(file);
    let yaml = "dashboard_port: 0\nreceivers: {syslog_udp_port: 0, syslog_tcp_port: 0, \
                otlp_grpc_port: 0, otlp_http_port: 0, file_start: beginning, file_paths: \
                ['{dir}/*.log']}\n";
    let daemon = Daemon::within(home.path(), yaml, &["start"]);
    daemon.wait_processed(LINES);
    assert_eq!(daemon.tagged("late"), 0);
    let most = daemon.metric("seerflow_held_bytes_peak");
    println!("{} MiB held at most", most >> 20);
    assert!(most < HELD_MAX, "{most} bytes were held of a file in order");
    assert_eq!(daemon.stop().status.code(), Some(0));
}

/// The ways of rotation.
#[derive(Clone, Copy, Debug)]
enum Way {
    Rename,
    CopyTruncate,
    Recreate,
    Symlink,
}

const WAYS: [Way; 4] = [Way::Rename, Way::CopyTruncate, Way::Recreate, Way::Symlink];

fn append(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).unwrap()
}

/// Writes `rate` lines a second to `dir/app.log` and rotates it every second; returns how many
/// lines each program wrote: one program for each time the file was opened.
fn write_and_rotate(dir: &Path, way: Way, rate: u64, rotations: u64) -> Vec<u64> {
    let path = dir.join("app.log");
    if let Way::Symlink = way {
        symlink(dir.join("data.0"), &path).unwrap();
    }
    let mut file = append(&path);
    let begun = Instant::now();
    let mut counts = Vec::new();
    for generation in 0..=rotations {
        let mut written = 0;
        let program = format!("{way:?}{generation}").to_lowercase();
        while written < rate {
            let now = seerflow_model::time::rfc3339(clock());
            let mut text = String::new();
            for _ in 0..(rate / 50).max(1) {
                text += &format!("{now} host {program}[7]: line {written} of many\n");
                written += 1;
            }
            file.write_all(text.as_bytes()).unwrap();
            let due = Duration::from_millis((generation * rate + written) * 1000 / rate);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        counts.push(written);
        if generation < rotations {
            file = rotate(dir, &path, file, way, generation + 1);
        }
    }
    counts
}

fn rotate(dir: &Path, path: &Path, file: File, way: Way, n: u64) -> File {
    match way {
        Way::Rename => fs::rename(path, dir.join(format!("app.log.{n}"))).unwrap(),
        Way::CopyTruncate => {
            fs::copy(path, dir.join("app.log.1")).unwrap();
            file.set_len(0).unwrap();
            return file;
        }
        Way::Recreate => fs::remove_file(path).unwrap(),
        Way::Symlink => {
            let (next, link) = (dir.join(format!("data.{n}")), dir.join("new"));
            let file = append(&next);
            symlink(&next, &link).unwrap();
            fs::rename(&link, path).unwrap();
            return file;
        }
    }
    append(path)
}

fn clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_nanos() as u64
}

#[test]
fn rotated_files_give_every_line_once() {
    let (rate, rotations) = if full() { (20_000, 60) } else { (2_000, 4) };
    for ways in WAYS.chunks(if full() { 1 } else { 4 }) {
        let home = tempfile::tempdir().unwrap();
        let folder = |way: Way| -> PathBuf { home.path().join(format!("{way:?}")) };
        ways.iter().for_each(|way| fs::create_dir(folder(*way)).unwrap());
        let yaml = "receivers:\n  syslog_enabled: false\n  file_paths: [\"{dir}/*/app.log\"]\n  \
                    file_start: beginning\ndashboard_port: 0\n";
        let daemon = Daemon::within(home.path(), yaml, &["start"]);
        let writers: Vec<_> = ways
            .iter()
            .map(|way| {
                let (way, dir) = (*way, folder(*way));
                std::thread::spawn(move || write_and_rotate(&dir, way, rate, rotations))
            })
            .collect();
        let counts: Vec<Vec<u64>> = writers.into_iter().map(|w| w.join().unwrap()).collect();
        let total: u64 = counts.iter().flatten().sum();
        daemon.wait_processed(total);
        for (way, counts) in ways.iter().zip(&counts) {
            for (generation, count) in counts.iter().enumerate() {
                let program = format!("{way:?}{generation}").to_lowercase();
                assert_eq!(daemon.events_of(&program), *count, "{program}");
            }
        }
        let row = settled(&daemon, "file");
        assert_eq!((number(&row, "processed"), dropped(&row)), (counts.iter().flatten().sum(), 0));
        assert_eq!(daemon.counter("file_rest_lost"), 0);
        assert_eq!(daemon.stop().status.code(), Some(0));
    }
}

#[test]
fn an_alert_pipe_that_nobody_reads_stops_nothing() {
    let home = tempfile::tempdir().unwrap();
    let fifo = home.path().join("alerts.fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let yaml = format!(
        "{FREE_PORTS}shutdown_timeout_s: 1\ndetection:\n  alerts_per_day: 0\n  \
                        dspot: {{calibration_window: 100, risk_level: 0.1}}\n"
    );
    let daemon =
        Daemon::within(home.path(), &yaml, &["start", "--alerts-to", fifo.to_str().unwrap()]);
    let mut stream = daemon.connect();
    let mut sent = 0;
    for n in 0..10_000 {
        writeln!(stream, "<134>1 - web nginx {n} - - GET /a 200 {n}ms").unwrap();
        sent += 1;
    }
    daemon.wait_processed(sent);
    // More alerts than a pipe holds, each about something never seen.
    let words = ["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine"];
    for (i, a) in words.iter().enumerate() {
        for b in &words[..=i] {
            let text = format!("<11>1 - db{sent} {a}{b} 1 - - FATAL {a} {b} is broken");
            writeln!(stream, "{text}").unwrap();
            sent += 1;
        }
    }
    daemon.wait_processed(sent);
    let alerts = || daemon.json("/api/v1/alerts")["total"].as_u64().unwrap();
    wait("more alerts than a pipe of 64 KiB holds", || alerts() > 40);
    for n in 0..5_000 {
        writeln!(stream, "{}", line(n)).unwrap();
    }
    daemon.wait_processed(sent + 5_000);
    let ended = daemon.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert!(ended.took < Duration::from_secs(20), "{:?}", ended.took);
    assert!(ended.err.contains("took"), "the summary is there: {}", ended.err);
}

#[test]
fn an_idle_daemon_costs_nearly_nothing() {
    let daemon = Daemon::start(FREE_PORTS);
    let mut stream = daemon.connect();
    for n in 0..100 {
        writeln!(stream, "{}", line(n)).unwrap();
    }
    daemon.wait_processed(100);
    // What follows is not synchronised by the sleep: it is the span that is measured. Ticks slow
    // down after 10 s without a record, so that is what the long form waits for.
    let (quiet, span, bound) = if full() { (12, 20, 0.005) } else { (0, 5, 0.05) };
    std::thread::sleep(Duration::from_secs(quiet));
    let before = daemon.cpu_seconds();
    std::thread::sleep(Duration::from_secs(span));
    let share = (daemon.cpu_seconds() - before) / span as f64;
    println!("idle: {:.2} % of a CPU", share * 100.0);
    assert!(share <= bound, "{share} of a CPU over {span} s at rest");
    assert_eq!(daemon.stop().status.code(), Some(0));
}

/// Rows of a table of sockets of a process's own network namespace.
fn sockets(pid: u32, table: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
    let rows = text.lines().skip(1);
    rows.map(|row| row.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn it_talks_to_nobody() {
    let home = tempfile::tempdir().unwrap();
    let unshare = ["--user", "--map-root-user", "--net"];
    let allowed = Command::new("unshare")
        .args(unshare)
        .args(["ip", "link", "set", "lo", "up"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !allowed {
        println!("NOT CHECKED: this machine does not allow a network namespace of our own");
        return;
    }
    let yaml = format!(
        "api_rate_limit_enabled: false\ndashboard_port: 0\nreceivers: {{syslog_udp_port: 0, syslog_tcp_port: 0, otlp_grpc_port: 0, \
         otlp_http_port: 0, file_start: beginning, file_paths: ['{}/*.log']}}\n",
        home.path().display()
    );
    fs::write(home.path().join("seerflow.yaml"), yaml).unwrap();
    let lines: String = (0..2_000).map(|n| line(n) + "\n").collect();
    fs::write(home.path().join("a.log"), lines).unwrap();
    let plain = program(home.path());
    let mut command = Command::new("unshare");
    command.args(unshare).args(["sh", "-c", "ip link set lo up && exec \"$0\" start"]);
    command.arg(plain.get_program()).current_dir(home.path()).env("HOME", home.path());
    command.stdin(std::process::Stdio::null());
    let daemon = Daemon::spawn(command, home.path());
    let pid = daemon.pid();
    // Its HTTP face is in the other namespace; that the file was read shows in its open files.
    let begun = Instant::now();
    let mut seen = 0;
    while begun.elapsed() < Duration::from_secs(if full() { 30 } else { 4 }) {
        for table in ["tcp", "tcp6"] {
            for row in sockets(pid, table) {
                assert_eq!(row[3], "0A", "a TCP socket that does not listen: {row:?}");
                seen += 1;
            }
        }
        for table in ["udp", "udp6", "raw", "raw6", "icmp", "icmp6"] {
            for row in sockets(pid, table) {
                let remote = row[2].rsplit_once(':').unwrap();
                assert!(remote.0.bytes().all(|b| b == b'0') && remote.1 == "0000", "{row:?}");
                assert_eq!(table, "udp", "an unexpected socket: {row:?}");
                seen += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(seen > 0, "its own listeners are to be seen");
    // Nothing left by any interface: lo has carried nothing, since nobody spoke to us.
    let devices = fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap();
    let lo = devices.lines().find(|row| row.trim_start().starts_with("lo:")).unwrap();
    let sent: u64 = lo.split_whitespace().nth(9).unwrap().parse().unwrap();
    assert_eq!(sent, 0, "{devices}");
    let ended = daemon.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert!(ended.err.contains("events     2,000"), "{}", ended.err);
}

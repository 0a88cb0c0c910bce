//! Input that means harm: nothing panics, nothing sticks, each abuse is counted, and the line
//! after it is read as if nothing had been.

use crate::daemon::{Daemon, FREE_PORTS, Random, full, wait};
use seerflow::receivers::syslog::framing::Framer;
use seerflow_model::record::{ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::time::{SECOND, rfc3339};
use seerflow_model::{Event, Flags};
use seerflow_parsing::lines::{Joining, Options, Records, records};
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use seerflow_parsing::template::Miner;
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

fn stamp() -> String {
    rfc3339(now() / SECOND * SECOND)
}

/// One abuse: its bytes, and the counter that must have grown by at least one when it came over
/// TCP: a tag of records, or a counter of the receiver after `#`.
struct Abuse {
    name: &'static str,
    bytes: Vec<u8>,
    counted: &'static str,
}

fn abuse(name: &'static str, bytes: impl Into<Vec<u8>>, counted: &'static str) -> Abuse {
    Abuse { name, bytes: bytes.into(), counted }
}

fn abuses() -> Vec<Abuse> {
    let at = |time: &str, text: &str| format!("<13>1 {time} h app 1 - - {text}\n");
    let ahead = rfc3339(now() / SECOND * SECOND + 3_653 * 86_400 * SECOND);
    let invalid =
        [b"<13>1 ", stamp().as_bytes(), b" h app 1 - - \xff\xfe\xc3\x28 \xf0\x9f\n"].concat();
    let long = at(&stamp(), &"x".repeat(1 << 20));
    let words = at(&stamp(), &"a=b \"c\" [d] ".repeat(90_000));
    let deep = format!("{{\"a\":{}\n", "[".repeat(50_000));
    vec![
        abuse("1970", at("1970-01-01T00:00:00Z", "the epoch"), "late"),
        abuse("before 1970", at("1901-12-13T20:45:52Z", "before it"), ""),
        abuse("2262", at("2262-04-11T23:47:16.854775807Z", "the end"), "clock_skew"),
        abuse("beyond 2262", at("9999-12-31T23:59:59Z", "after it"), ""),
        abuse("ten years ahead", at(&ahead, "from the future"), "clock_skew"),
        abuse("no such day", at("2026-13-45T25:61:61Z", "never"), "inherited"),
        abuse("no time", at("-", "undated"), "inherited"),
        abuse("invalid UTF-8", invalid, "invalid_utf8"),
        abuse("NUL", at(&stamp(), "before\0after\0\0end"), ""),
        abuse("escapes", at(&stamp(), "\x1b[2J\x1b]0;owned\x07 \u{202e}evil"), ""),
        abuse("1 MiB in one word", long, "cut"),
        abuse("1 MB of words", words, "cut"),
        abuse("priority out of range", "<999>1 - h app 1 - - x\n", "malformed"),
        abuse("open structured data", "<13>1 - h app 1 - [a b=\"c\n", "malformed"),
        abuse("head only", "<13>\n<\n<>\n<13>1\n<13>1 \n", ""),
        abuse("deep JSON", deep, "malformed"),
        abuse("numbers that do not fit", "{\"time\":1e999,\"a\":-1e-999,\"msg\":\"x\"}\n", ""),
        abuse("count of zero", "0 <13>1 - h app 1 - - zero\n", "#malformed_frame"),
        abuse("count beyond all", "99999999999 <13>1 - h app 1 - - far\n", "#malformed_frame"),
        abuse("count too small", "5 <13>1 - h app 1 - - short count\n", "#malformed_frame"),
        abuse("negative count", "21 <13>1 - h app 1 - - a -6 <13>x\n", "#malformed_frame"),
        abuse("only digits", "1".repeat(100_000) + "\n", "cut"),
        abuse("empty frames", "\n\r\n\0\0\n0 \n1 <\n", ""),
    ]
}

const CONFIG: &str = concat!(
    "dashboard_port: 0\n",
    "receivers: {syslog_udp_port: 0, syslog_tcp_port: 0, otlp_grpc_port: 0, otlp_http_port: 0, frame_bytes_max: 64 KiB}\n"
);

fn frontier(daemon: &Daemon) -> u64 {
    let stats = daemon.json("/api/v1/stats");
    stats["frontier_ns"].as_str().map_or(0, |text| text.parse().unwrap())
}

/// The frontier is near the clock: nothing holds it back and nothing pushed it ahead.
fn frontier_follows_the_clock(daemon: &Daemon) {
    wait("the frontier comes near the clock", || frontier(daemon) + 20 * SECOND > now());
    assert!(frontier(daemon) <= now(), "the frontier is ahead of the clock");
    let before = frontier(daemon);
    wait("the frontier moves on", || frontier(daemon) > before);
}

fn ends_well(daemon: Daemon) {
    let ended = daemon.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    for stream in [&ended.err, &ended.out] {
        assert!(!stream.contains("panicked"), "{stream}");
        assert!(!stream.contains('\x1b') && !stream.contains('\0'), "{stream}");
    }
}

/// Everything that was accepted was processed, and the books agree.
fn ledger_holds(daemon: &Daemon, receiver: &str) {
    wait("the ledger is settled", || {
        let row = daemon.ledger(receiver);
        row["balanced"] == true && row["accepted"] == row["processed"]
    });
}

fn marker(n: usize) -> String {
    format!("<13>1 {} h mark{n} 1 - - the line after\n", stamp())
}

#[test]
fn over_tcp_each_abuse_is_counted_and_the_next_line_is_fine() {
    let daemon = Daemon::start(CONFIG);
    let abuses = abuses();
    let counted = |daemon: &Daemon, what: &str| match what.strip_prefix('#') {
        Some(counter) => daemon.counter(&format!("syslog_tcp_{counter}")),
        None => daemon.tagged(what),
    };
    for (n, abuse) in abuses.iter().enumerate() {
        let before = if abuse.counted.is_empty() { 0 } else { counted(&daemon, abuse.counted) };
        let mut stream = daemon.connect();
        stream.write_all(&abuse.bytes).unwrap();
        stream.write_all(marker(n).as_bytes()).unwrap();
        if !abuse.counted.is_empty() {
            let grown = || counted(&daemon, abuse.counted) > before;
            wait(&format!("{}: {} grows", abuse.name, abuse.counted), grown);
        }
    }
    ledger_holds(&daemon, "syslog_tcp");
    for (n, abuse) in abuses.iter().enumerate() {
        let found = || daemon.events_of(&format!("mark{n}")) == 1;
        wait(&format!("the line after {}", abuse.name), found);
    }
    frontier_follows_the_clock(&daemon);
    ends_well(daemon);
}

#[test]
fn all_abuses_on_one_connection_leave_it_usable() {
    let daemon = Daemon::start(CONFIG);
    let mut stream = daemon.connect();
    let lines: Vec<Abuse> = abuses().into_iter().filter(|a| !a.counted.starts_with('#')).collect();
    for (n, abuse) in lines.iter().enumerate() {
        stream.write_all(&abuse.bytes).unwrap();
        stream.write_all(marker(n).as_bytes()).unwrap();
    }
    ledger_holds(&daemon, "syslog_tcp");
    for (n, abuse) in lines.iter().enumerate() {
        let found = || daemon.events_of(&format!("mark{n}")) == 1;
        wait(&format!("the line after {}", abuse.name), found);
    }
    frontier_follows_the_clock(&daemon);
    ends_well(daemon);
}

#[test]
fn over_udp_the_next_datagram_is_fine() {
    let daemon = Daemon::start(CONFIG);
    let socket = daemon.datagrams();
    // A line of 1970 is late only where the source has promised something.
    frontier_follows_the_clock(&daemon);
    let mut sent = 0;
    for (n, abuse) in abuses().iter().enumerate() {
        // The longest datagram that IPv4 carries.
        let bytes = &abuse.bytes[..abuse.bytes.len().min(65_507)];
        socket.send(bytes).unwrap();
        socket.send(marker(n).as_bytes()).unwrap();
        sent += 2;
        let row = || daemon.ledger("syslog_udp")["accepted"].as_u64().unwrap();
        wait(&format!("{} is taken", abuse.name), || row() == sent);
    }
    socket.send(b"").unwrap();
    socket.send(marker(999).as_bytes()).unwrap();
    ledger_holds(&daemon, "syslog_udp");
    for n in (0..abuses().len()).chain([999]) {
        wait("the line after", || daemon.events_of(&format!("mark{n}")) == 1);
    }
    assert!(daemon.tagged("cut") >= 1 || daemon.counter("syslog_udp_cut") == 0);
    for tag in ["late", "clock_skew", "malformed", "invalid_utf8"] {
        assert!(daemon.tagged(tag) >= 1, "{tag}");
    }
    frontier_follows_the_clock(&daemon);
    ends_well(daemon);
}

#[test]
fn a_followed_file_survives_the_same() {
    let yaml = "receivers:\n  syslog_enabled: false\n  file_paths: [\"{dir}/*.log\"]\n  \
                file_start: beginning\ndashboard_port: 0\n";
    let daemon = Daemon::start(yaml);
    let mut file = std::fs::File::create(daemon.dir.join("a.log")).unwrap();
    let lines = abuses();
    for (n, abuse) in lines.iter().enumerate() {
        file.write_all(&abuse.bytes).unwrap();
        file.write_all(marker(n).as_bytes()).unwrap();
    }
    file.write_all(&vec![b'y'; 3 << 20]).unwrap();
    file.write_all(b"\n").unwrap();
    file.write_all(marker(999).as_bytes()).unwrap();
    for n in (0..lines.len()).chain([999]) {
        wait(&format!("line {n}"), || daemon.events_of(&format!("mark{n}")) == 1);
    }
    for tag in ["cut", "clock_skew", "invalid_utf8"] {
        assert!(daemon.tagged(tag) >= 1, "{tag}");
    }
    ledger_holds(&daemon, "file");
    ends_well(daemon);
}

#[test]
fn random_bytes_over_sockets() {
    let daemon = Daemon::start(FREE_PORTS);
    let until = Instant::now() + Duration::from_secs(if full() { 60 } else { 2 });
    let mut random = Random(0x5eed);
    let datagrams = daemon.datagrams();
    let mut bytes = Vec::new();
    let mut refused = 0;
    while Instant::now() < until {
        let mut stream = daemon.connect();
        for _ in 0..random.below(20) {
            garble(&mut random, &mut bytes);
            // A connection too many is closed; that is counted, too.
            if stream.write_all(&bytes).is_err() {
                refused += 1;
                break;
            }
            bytes.truncate(65_507);
            datagrams.send(&bytes).unwrap();
        }
    }
    wait("connections are closed", || daemon.counter("syslog_tcp_connections") == 0);
    let counted = daemon.counter("syslog_tcp_refused_connection");
    assert!(counted >= refused, "{refused} connections broke, {counted} were refused");
    let mut stream = daemon.connect();
    stream.write_all(b"\n").unwrap();
    stream.write_all(marker(1).as_bytes()).unwrap();
    wait("the line after", || daemon.events_of("mark1") == 1);
    ledger_holds(&daemon, "syslog_tcp");
    wait("the ledger of UDP holds", || daemon.ledger("syslog_udp")["balanced"] == true);
    frontier_follows_the_clock(&daemon);
    ends_well(daemon);
}

/// Pieces that headers, times, masks and roles look for.
const PIECES: [&str; 40] = [
    "<13>1 ",
    "<34>",
    "<999>",
    "2026-03-24T19:01:00Z ",
    "2262-04-11T23:47:16.854775807Z",
    "Oct 11 22:14:15 ",
    "Feb 29 23:59:60 ",
    "1774378860",
    "1774378860.123456789 ",
    "[11/Oct/2000:13:55:36 -0700] ",
    "host ",
    "sshd[4242]: ",
    "sudo: ",
    "su(pam_unix)[1]: ",
    "Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2",
    "pam_unix(sshd:session): session opened for user root by (uid=0)",
    "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-03-24T19:01:00Z\"}",
    "{\"__REALTIME_TIMESTAMP\":\"1774378860000000\",\"MESSAGE\":[104,105]}",
    "2026-03-24T19:01:00.0Z stdout P ",
    " stdout F ",
    "[a@1 b=\"c\\\"d\" e=\"]\"]",
    "::1",
    "fe80::1%eth0",
    "12::34",
    "std::vector",
    "0x1F",
    "550e8400-e29b-41d4-a716-446655440000",
    "/usr/lib/x.so",
    "C:\\Windows\\x.dll",
    "DOMAIN\\bob",
    "a@b.example",
    "https://u:p@h:99/p?q=1#f",
    "key=value ",
    "key=\"quo ted\" ",
    "\t",
    "  at x.y(Z.java:1)\n",
    "Caused by: ",
    "\u{202e}é漢",
    "\n",
    "99999999999999999999999999",
];

/// New bytes: noise, or pieces that are cut, repeated and damaged.
fn garble(random: &mut Random, bytes: &mut Vec<u8>) {
    bytes.clear();
    let most = match random.below(32) {
        0 => 70_000,
        1..=8 => 2_000,
        9..=24 => 200,
        _ => 16,
    };
    let length = random.below(most) + 1;
    let noise = random.below(8) == 0;
    while bytes.len() < length {
        if noise || random.below(6) == 0 {
            bytes.extend((0..random.below(9)).map(|_| random.next() as u8));
            continue;
        }
        let piece = PIECES[random.below(PIECES.len())].as_bytes();
        let times = if random.below(30) == 0 { random.below(200) } else { 1 };
        let cut = if random.below(5) == 0 { random.below(piece.len()) } else { piece.len() };
        (0..times).for_each(|_| bytes.extend_from_slice(&piece[..cut]));
    }
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
}

fn event(parser: &mut Parser, source: &Arc<SourceInfo>, bytes: &[u8]) -> Event {
    let mut finder = Finder::new(Zone::Utc, YearPolicy::NotAfter(1_774_378_860 * SECOND));
    let hit = finder.find(bytes);
    let meta = RecordMeta {
        start: 0,
        len: bytes.len() as u32,
        seq: 0,
        event_time: hit.map(|hit| hit.ns),
        effective: hit.map_or(0, |hit| hit.ns),
        time_start: hit.map_or(0, |hit| hit.start),
        time_len: hit.map_or(0, |hit| hit.len),
        flags: Flags::default(),
        end: Default::default(),
    };
    let batch = RecordBatch {
        source: source.clone(),
        observed: 0,
        bytes: bytes.to_vec(),
        records: vec![meta],
    };
    parser.parse(&batch, &meta)
}

/// Seconds that the parsers are fuzzed for.
fn span() -> Duration {
    Duration::from_secs(if full() { 60 } else { 2 })
}

#[test]
fn random_bytes_into_header_time_mask_roles_and_templates() {
    let source = Arc::new(SourceInfo::plain(1, "x", ReceiverKind::File, "file"));
    let roles = RoleSet::bundled();
    let mut parser = Parser::new(roles.clone(), None);
    let mut other = Parser::new(roles, None);
    let mut miner = Miner::new();
    let mut random = Random(1);
    let (mut bytes, mut inputs) = (Vec::new(), 0_u64);
    let until = Instant::now() + span();
    while Instant::now() < until {
        garble(&mut random, &mut bytes);
        let begun = Instant::now();
        let read = event(&mut parser, &source, &bytes);
        miner.assign(&read);
        assert!(begun.elapsed() < Duration::from_secs(5), "{} bytes took too long", bytes.len());
        let (before, after) = (bytes.len(), read.record().len());
        assert!(after <= 4 * before + 64, "{before} bytes became {after}");
        // What a record says does not depend on what was read before it.
        if inputs % 3 == 0 {
            assert_eq!(event(&mut other, &source, &bytes), read);
        }
        inputs += 1;
    }
    assert!(inputs > 100, "{inputs}");
    println!("{inputs} inputs");
}

#[test]
fn random_bytes_into_lines_and_frames() {
    let mut random = Random(2);
    let (mut bytes, mut inputs) = (Vec::new(), 0_u64);
    let until = Instant::now() + span();
    while Instant::now() < until {
        garble(&mut random, &mut bytes);
        let line_bytes = [16, 300, 1 << 20][random.below(3)];
        let multiline = if random.below(2) == 0 { Joining::Auto } else { Joining::Off };
        let finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
        let made: Records =
            records(&bytes, Options { line_bytes, multiline, redact: None }, finder);
        let total: usize = made.records.iter().map(|piece| made.bytes_of(piece).len()).sum();
        assert!(total <= bytes.len() + made.records.len(), "{total} of {}", bytes.len());

        let limit = 1 + random.below(300);
        let mut framer = Framer::new(limit);
        let mut pos = 0;
        while let Some(frame) = framer.next(&bytes, &mut pos, true) {
            assert!(frame.len > 0 && frame.len <= limit && frame.start + frame.len <= bytes.len());
        }
        inputs += 1;
    }
    assert!(inputs > 100, "{inputs}");
    println!("{inputs} inputs");
}

//! What is sent in to be redacted is in nothing that comes out: no file of the data directory, no
//! answer, no stream, no alert. The same run without redaction shows all of it, so the test can fail.

use crate::daemon::{Daemon, wait};
use crate::support::program::{command, run, run_with};
use seerflow::runtime::setup;
use seerflow_parsing::redact::{Key, Redacting, Redactor, Rule, State, pseudonym_at};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

const CARD: &str = "4111111111111111";
const MAIL: &str = "canary.person@leak.example";
const PASSWORD: &str = "hunter2-canary";
const KEY: &str = "ghp_CanaryCanaryCanaryCanaryCanary012345";
/// Ordinary lines before the one that matters.
const CALM: usize = 300;

const YAML: &str = "\
storage: {data_dir: '{dir}/data'}
log_level: DEBUG
dashboard_port: 0
receivers:
  syslog_udp_port: 0
  syslog_tcp_port: 0
  otlp_grpc_port: 0
  otlp_http_port: 0
  file_paths: ['{dir}/in/*.log']
  file_start: beginning
detection:
  alerts_per_day: 0
  dspot: {calibration_window: 200, risk_level: 0.01}
alerting: {file_path: '{dir}/alerts.ndjson'}
";

/// Lines of a program; the last one holds all canaries, the card in three spellings.
fn lines(program: &str, minute: u32) -> Vec<String> {
    let at = |second: u32| format!("2026-03-24T19:{:02}:{:02}Z", minute + second / 60, second % 60);
    let mut lines: Vec<String> = (0..CALM as u32)
        .map(|i| format!("<134>1 {} web {program} {i} - - GET /a 200 {i}ms", at(i / 10)))
        .collect();
    let spelt = [CARD.to_owned(), spaced(" "), spaced("-")].join(", ");
    lines.push(format!(
        "<11>1 {} db pay-{program} 9 - - FATAL cannot charge {spelt} of {MAIL}, \
         password={PASSWORD}, key {KEY}",
        at(60)
    ));
    lines
}

fn spaced(joint: &str) -> String {
    let groups: Vec<&str> = (0..4).map(|i| &CARD[4 * i..4 * i + 4]).collect();
    groups.join(joint)
}

/// What of the canaries a text holds.
fn leaks(text: &str) -> Vec<&'static str> {
    let digits = text.replace([' ', '-'], "");
    let mut found = Vec::new();
    for (name, there) in [
        ("card", digits.contains(CARD)),
        ("email", text.to_lowercase().contains("canary.person")),
        ("password", text.contains(PASSWORD)),
        ("key", text.contains("CanaryCanary")),
    ] {
        if there {
            found.push(name);
        }
    }
    found
}

/// All files below a folder, as text.
fn files(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            out.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

const PATHS: [&str; 8] = [
    "/api/v1/health",
    "/api/v1/stats",
    "/api/v1/ledger",
    "/api/v1/alerts?limit=500",
    "/api/v1/templates?limit=1000",
    "/api/v1/errors",
    "/health/ready",
    "/metrics",
];

/// A daemon that gets the canaries by UDP, TCP and a followed file; then all it ever said.
fn live(dir: &Path, yaml: &str) -> Vec<(String, String)> {
    std::fs::create_dir_all(dir.join("in")).unwrap();
    std::fs::write(dir.join("in/app.log"), lines("file", 10).join("\n") + "\n").unwrap();
    let daemon = Daemon::within(dir, yaml, &["start"]);
    let mut stream = daemon.connect();
    for line in lines("tcp", 20) {
        writeln!(stream, "{line}").unwrap();
    }
    daemon.wait_processed(2 * (CALM as u64 + 1));
    let socket = daemon.datagrams();
    socket.send(lines("udp", 30).last().unwrap().as_bytes()).unwrap();
    daemon.wait_processed(2 * (CALM as u64 + 1) + 1);
    for program in ["pay-file", "pay-tcp", "pay-udp"] {
        wait(program, || daemon.get("/api/v1/alerts?limit=500").body.contains(program));
    }
    let mut said: Vec<_> =
        PATHS.iter().map(|path| ((*path).to_owned(), daemon.get(path).body)).collect();
    let ended = daemon.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    said.push(("stdout".into(), ended.out));
    said.push(("stderr".into(), ended.err));
    files(&dir.join("data"), &mut said);
    said.push(("alert file".into(), std::fs::read_to_string(dir.join("alerts.ndjson")).unwrap()));
    said
}

/// The commands that read archives and standard input.
fn commands(dir: &Path) -> Vec<(String, String)> {
    let mut said = Vec::new();
    let text = lines("file", 10).join("\n") + "\n";
    let packed = std::fs::File::create(dir.join("app.log.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap();
    // Where a time would stand: none must be read from a card.
    let heads = format!("{CARD} in front\n{{\"ts\":{CARD},\"msg\":\"{MAIL}\"}}\n").repeat(80);
    std::fs::write(dir.join("heads.log"), heads).unwrap();
    // A table: a quoted cell of two lines, a column named like a secret.
    let table = format!(
        "time,who,db_password,note\n\
         2026-03-24T19:00:00Z,{MAIL},{PASSWORD},\"card\n{CARD}, key {KEY}\"\n"
    );
    std::fs::write(dir.join("table.csv"), &table).unwrap();
    for args in [
        &["parse", "table.csv", "--json"][..],
        &["analyze", "table.csv", "--json"],
        &["analyze", "--one-pass", "table.csv", "--json"],
        &["templates", "list", "table.csv", "--json"],
        &["analyze", "in/app.log", "--json"],
        &["analyze", "in/app.log"],
        &["analyze", "app.log.gz", "--json"],
        &["analyze", "heads.log", "--json"],
        &["parse", "heads.log", "--json"],
        &["analyze", "--one-pass", "in/app.log", "--json"],
        &["parse", "in/app.log", "--json", "--explain"],
        &["parse", "in/app.log"],
        &["templates", "list", "in/app.log", "--json"],
        &["templates", "assign", "in/app.log"],
        &["bench", "--input", "in/app.log"],
    ] {
        let ran = run(dir, args);
        assert!(matches!(ran.code, 0 | 1), "{args:?}: {}", ran.err);
        said.push((args.join(" "), ran.out + &ran.err));
    }
    for args in [&["analyze", "-", "--json"][..], &["parse", "-"], &["tail", "-"]] {
        let ran = run_with(dir, args, text.as_bytes());
        assert!(matches!(ran.code, 0 | 1), "{args:?}: {}", ran.err);
        said.push((args.join(" "), ran.out + &ran.err));
    }
    // The header of a pipe is known only when it comes.
    let yaml = std::fs::read_to_string(dir.join("seerflow.yaml")).unwrap();
    let yaml = match yaml.contains("sources: [{") {
        true => yaml.replace("sources: [{", "sources: [{format: csv, "),
        false => yaml + "sources: [{format: csv}]\n",
    };
    std::fs::write(dir.join("pipe.yaml"), yaml).unwrap();
    for args in [&["analyze", "-", "--json"][..], &["parse", "-", "--json"], &["tail", "-"]] {
        let args = [&["--config", "pipe.yaml"], args].concat();
        let ran = run_with(dir, &args, table.as_bytes());
        assert!(matches!(ran.code, 0 | 1), "{args:?}: {}", ran.err);
        said.push((args.join(" "), ran.out + &ran.err));
    }
    files(&dir.join("data"), &mut said);
    said
}

/// The pseudonyms of cards in a text.
fn pseudonyms(text: &str) -> Vec<&str> {
    let at = text.match_indices("<card:").map(|(at, _)| at);
    at.filter_map(|at| Some(&text[at..pseudonym_at(text.as_bytes(), at)?])).collect()
}

#[test]
fn what_is_redacted_never_comes_out() {
    let home = tempfile::tempdir().unwrap();
    let yaml = format!("{YAML}sources: [{{redact: [card, email, token]}}]\n");
    let mut said = live(home.path(), &yaml);
    let metrics = &said.iter().find(|(name, _)| name == "/metrics").unwrap().1;
    for (kind, count) in [("card", 9), ("email", 3), ("token", 6)] {
        let sample = format!("seerflow_redacted_values_total{{kind=\"{kind}\"}} {count}");
        assert!(metrics.contains(&sample), "{sample}: {metrics}");
    }
    assert!(metrics.contains("seerflow_redacted_lines_total 3"));
    said.extend(commands(home.path()));
    for (name, text) in &said {
        assert_eq!(leaks(text), [""; 0], "{name}: {text}");
    }
    let mut cards: Vec<&str> = said.iter().flat_map(|(_, text)| pseudonyms(text)).collect();
    assert!(cards.len() > 20, "alerts and records show pseudonyms: {}", cards.len());
    cards.dedup();
    assert_eq!(cards.len(), 1, "one card, one pseudonym, whoever read it: {cards:?}");
    let key = home.path().join("data/redact.key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&key.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_not_redacted_does() {
    let home = tempfile::tempdir().unwrap();
    let mut said = live(home.path(), YAML);
    said.extend(commands(home.path()));
    for shown in ["/api/v1/alerts?limit=500", "stdout", "alert file"] {
        let text = &said.iter().find(|(name, _)| name == shown).unwrap().1;
        assert_eq!(leaks(text), ["card", "email", "password", "key"], "{shown}");
    }
    for shown in [
        "analyze in/app.log --json",
        "analyze app.log.gz --json",
        "analyze - --json",
        "parse in/app.log",
        "tail -",
        "parse table.csv --json",
        "--config pipe.yaml parse - --json",
    ] {
        let text = &said.iter().find(|(name, _)| name == shown).unwrap().1;
        assert_eq!(leaks(text), ["card", "email", "password", "key"], "{shown}: {text}");
    }
    assert!(!home.path().join("data/redact.key").exists());
}

/// The same alerts with any number of workers, from a file and from a stream.
#[test]
fn workers_and_ways_give_the_same() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    let yaml = format!(
        "{YAML}sources: [{{redact: [card, email, token, {{regex: 'GET (/[a-z])', as: path}}]}}]\n"
    );
    std::fs::write(dir.join("seerflow.yaml"), yaml.replace("{dir}", dir.to_str().unwrap()))
        .unwrap();
    let text: Vec<String> = ["a", "b", "c"].iter().flat_map(|program| lines(program, 10)).collect();
    std::fs::write(dir.join("app.log"), text.join("\n") + "\n").unwrap();
    let alerts = |workers: &str| {
        let said = run(dir, &["analyze", "app.log", "--format", "ndjson", "--workers", workers]);
        assert_eq!(said.code, 1, "{}", said.err);
        said.out
    };
    let one = alerts("1");
    assert!(one.contains("<card:") && one.contains("<email:"), "{one}");
    for workers in ["2", "3"] {
        assert_eq!(alerts(workers), one, "{workers} workers");
    }
}

/// A key that is given makes the same pseudonyms everywhere and no file.
#[test]
fn a_given_key_is_used() {
    let of = |key: &str| {
        let home = tempfile::tempdir().unwrap();
        let yaml = "sources: [{redact: [card]}]\nengine: {redact_key: '${CANARY_KEY}'}\n";
        std::fs::write(home.path().join("seerflow.yaml"), yaml).unwrap();
        let mut child = command(home.path())
            .args(["parse", "-"])
            .env("CANARY_KEY", key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "paid with {CARD}").unwrap();
        let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert!(!home.path().join(".local").exists());
        pseudonyms(&out).first().map(|text| (*text).to_owned()).unwrap_or_else(|| panic!("{out}"))
    };
    let (a, b) = ("a".repeat(32), "b".repeat(32));
    assert_eq!(of(&a), of(&a));
    assert_ne!(of(&a), of(&b));
}

/// Four times the line takes about four times the CPU time, whatever it repeats.
#[test]
fn hostile_lines_take_linear_time() {
    let rules = [Rule::Card, Rule::Email, Rule::Token];
    let redactor = Arc::new(Redactor::new(&rules, Key::new(b"tests"), None));
    let clock = setup::thread_cpu();
    let cost = |unit: &str, len: usize| {
        let line = unit.repeat(len / unit.len());
        let once = || {
            let mut source = Redacting::new(redactor.clone(), State::default());
            let begun = clock();
            std::hint::black_box(source.line(line.as_bytes()));
            clock() - begun
        };
        (0..3).map(|_| once()).min().unwrap()
    };
    for unit in [
        "password=",
        "password=\"",
        "password=,",
        "authorization: ",
        "a@",
        "%40",
        "\\u0040",
        "4 ",
        "41-",
        "://:",
        "://a:b",
        "eyJ.",
        "{\"token\":[",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----a",
        "\\\"",
        "<token:",
        "token='",
        "bearer ",
        "basic YTpi",
        "x,",
        "4111 1111 1111 1111 ",
        " ",
    ] {
        let (short, long) = (cost(unit, 64 << 10), cost(unit, 256 << 10));
        assert!(long < 8 * short + 20_000_000, "{unit}: {short} and {long} ns");
    }
}

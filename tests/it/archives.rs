//! Archives: what the time of a log may look like, and what its end means.

use crate::support::digest::{self, same};
use crate::support::engine::{self, How, quick};
use crate::support::program::{self, Running, until};
use crate::support::rng::Rng;
use crate::support::world::{self, Shape};
use crate::support::{full, shared};
use seerflow::runtime::archive::{OnePass, PIPE_LATENESS, Window};
use seerflow::runtime::batch::Outcome;
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::time::{DAY, SECOND};
use seerflow_model::{Alert, AlertStatus, Ns};
use seerflow_parsing::time::{YearPolicy, Zone};
use seerflow_pipeline::engine::Engine;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// What names an episode, without the events that show it.
fn outline(alerts: &[Alert]) -> Vec<(String, String, Ns, u64)> {
    let of = |alert: &Alert| {
        (alert.rule_name.clone(), alert.dedup_key.clone(), alert.timestamp_ns, alert.occurrences)
    };
    alerts.iter().map(of).collect()
}

fn stamp(at: Ns) -> String {
    let at = jiff::Timestamp::from_nanosecond(i128::from(at)).unwrap();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Ordinary lines from `begin` on, one every other second or so; an error burst at two thirds.
fn ordinary(begin: Ns, minutes: u64) -> Vec<String> {
    let mut rng = Rng::new(minutes);
    let mut lines = Vec::new();
    for second in 0..minutes * 60 {
        let at = stamp(begin + second * SECOND);
        if rng.chance(0.5) {
            lines.push(format!(
                "{at} INFO job {} finished after {} ms",
                rng.below(9),
                rng.below(900)
            ));
        }
        if (minutes * 40..minutes * 40 + 60).contains(&second) {
            for _ in 0..3 {
                lines.push(format!("{at} ERROR connection to db-1 lost, retry {}", rng.below(99)));
            }
        }
    }
    lines
}

fn analyze(path: &Path, lines: &[String]) -> Outcome {
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
    engine::analyze(&[path.to_owned()], &How { workers: 2, tune: quick, ..How::default() })
}

#[test]
fn one_line_of_another_year_changes_nothing_but_a_tag() {
    let folder = tempfile::tempdir().unwrap();
    let begin = 1_430_000_000 * SECOND;
    let mut lines = ordinary(begin, 60);
    let without = analyze(&folder.path().join("old.log"), &lines);
    let stray = format!("{} INFO job 3 finished after 17 ms", stamp(begin + 3_650 * DAY));
    lines.insert(lines.len() / 2, stray);
    let with = analyze(&folder.path().join("old.log"), &lines);
    assert!(!without.alerts.is_empty());
    assert_eq!(outline(&without.alerts), outline(&with.alerts));
    assert_eq!(with.shared.noticed.tags(), BTreeMap::from([("clock_skew", 1)]));
    assert_eq!(without.shared.noticed.tags(), BTreeMap::new());
    assert!(with.span.unwrap().1 < begin + DAY, "{:?}", with.span);
}

#[test]
fn a_log_that_runs_backwards_by_weeks_has_no_late_record() {
    let folder = tempfile::tempdir().unwrap();
    let begin = 1_600_000_000 * SECOND;
    let lines: Vec<String> =
        (0..6u64).rev().flat_map(|week| ordinary(begin + week * 7 * DAY, 10)).collect();
    let outcome = analyze(&folder.path().join("backwards.log"), &lines);
    assert_eq!(outcome.shared.noticed.tags(), BTreeMap::new());
    let (first, last) = outcome.span.unwrap();
    assert!(first < begin + 600 * SECOND && last >= begin + 35 * DAY);
}

#[test]
fn zookeeper_has_no_late_record() {
    let Some(root) = shared("data/loghub/Zookeeper") else { return };
    let path = root.join("Zookeeper_2k.log");
    let outcome = engine::analyze(&[path], &How { workers: 2, ..How::default() });
    let tags = outcome.shared.noticed.tags();
    println!("{tags:?}");
    assert!(!tags.contains_key("late") && !tags.contains_key("crowded"), "{tags:?}");
}

/// A source that ends an hour before the others is silent; the end of the archive is not silence.
#[test]
fn the_end_of_an_archive_is_not_silence() {
    let folder = tempfile::tempdir().unwrap();
    let begin = 1_700_000_000 * SECOND;
    let (long, short) = (folder.path().join("long.log"), folder.path().join("short.log"));
    std::fs::write(&long, ordinary(begin, 60).join("\n")).unwrap();
    let how = How { tune: quick, ..How::default() };
    let silences = |outcome: &Outcome| {
        outcome
            .alerts
            .iter()
            .filter(|a| a.rule_name.contains("silence"))
            .cloned()
            .collect::<Vec<_>>()
    };
    let alone = engine::analyze(std::slice::from_ref(&long), &how);
    assert!(silences(&alone).is_empty(), "{:?}", outline(&silences(&alone)));
    std::fs::write(&short, ordinary(begin, 30).join("\n")).unwrap();
    let both = engine::analyze(&[long, short.clone()], &how);
    let silent = silences(&both);
    assert!(!silent.is_empty(), "the same detector does find a source that stops");
    let name = short.to_string_lossy().into_owned();
    for alert in silent {
        assert!(serde_json::to_string(&alert).unwrap().contains(&name), "{alert:?}");
    }
}

#[test]
fn the_last_event_raises_its_alert_without_further_input() {
    let folder = tempfile::tempdir().unwrap();
    let begin = 1_700_000_000 * SECOND;
    let mut lines = ordinary(begin, 30);
    lines.retain(|line| !line.contains("ERROR"));
    let last = begin + 30 * 60 * SECOND;
    lines.push(format!("{} FATAL file system of /var/lib/db is read-only now", stamp(last)));
    let outcome = analyze(&folder.path().join("app.log"), &lines);
    let shows = |alert: &&Alert| alert.events.iter().any(|e| e.message.contains("read-only"));
    let alert = outcome.alerts.iter().find(shows).expect("the last line is a never-seen message");
    assert_eq!((alert.timestamp_ns, alert.status), (last, AlertStatus::Open));
}

/// A text that is made while it is read.
struct Made<F> {
    line: F,
    left: u64,
    number: u64,
    rest: Vec<u8>,
    at: usize,
}

impl<F: FnMut(u64, &mut Vec<u8>)> Read for Made<F> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.rest.len() {
            self.rest.clear();
            self.at = 0;
            while self.left > 0 && self.rest.len() < out.len() {
                (self.line)(self.number, &mut self.rest);
                self.number += 1;
                self.left -= 1;
            }
        }
        let n = out.len().min(self.rest.len() - self.at);
        out[..n].copy_from_slice(&self.rest[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Reads made lines through the whole engine; gives what was processed and the most bytes held.
fn pour(records: u64, line: impl FnMut(u64, &mut Vec<u8>)) -> (u64, i64) {
    let how = How { workers: 2, lane_capacity: 4, ..How::default() };
    let options = engine::options(&how, &engine::rules(&engine::config()));
    let (engine, alerts) = Engine::start(options).unwrap();
    let drain = std::thread::spawn(move || alerts.into_iter().count());
    let source = SourceInfo::plain(1, "made", ReceiverKind::Stdin, "file");
    let pass = OnePass {
        source: Arc::new(source),
        observed: 0,
        zone: Zone::Utc,
        year: YearPolicy::Fixed(2026),
        lines: Default::default(),
        lateness: PIPE_LATENESS,
        window: Window::ALL,
    };
    let mut made = Made { line, left: records, number: 0, rest: Vec::new(), at: 0 };
    let progress = Default::default();
    pass.read(&mut made, Path::new("made"), &mut engine.port(0), &progress).unwrap();
    let shared = engine.shared.clone();
    engine.finish().unwrap();
    drain.join().unwrap();
    digest::ledger(&shared);
    (shared.ports[0].processed.load(Relaxed), shared.flow.held().1)
}

/// Two million records with one stamp, 200,000 a second of log, and one a day.
#[test]
fn any_density_runs_through_in_bounded_memory() {
    let records = if full() { 2_000_000 } else { 100_000 };
    let begin = 1_000_000_000 * SECOND;
    for (name, step) in
        [("one stamp", 0), ("200,000 a second", SECOND / 200_000), ("one a day", DAY)]
    {
        let records = if step == DAY { records / 100 } else { records };
        let (mut last, mut text) = (u64::MAX, String::new());
        let begun = std::time::Instant::now();
        let (processed, held) = pour(records, |number, out| {
            let at = begin + number * step;
            if at / 1_000_000 != last {
                last = at / 1_000_000;
                let time = jiff::Timestamp::from_millisecond(last as i64).unwrap();
                text = time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            }
            out.extend_from_slice(format!("{text} INFO job {} finished\n", number % 97).as_bytes());
        });
        println!(
            "{name}: {records} records, {} MiB held at most, {:?}",
            held >> 20,
            begun.elapsed()
        );
        assert_eq!(processed, records, "{name}");
        // `engine.max_held_bytes`, and what was on its way when it was reached.
        assert!(held <= (256 + 64) << 20, "{name}: {held} bytes");
    }
}

const CONFIG: &str = "detection:\n  bucket_seconds: 10\n  alerts_per_day: 0\n  dspot:\n    risk_level: 0.01\n    calibration_window: 200\n";

/// The alerts of a file that is followed from its start are those of the archive.
#[test]
fn a_file_of_yesterday_followed_from_its_start_says_what_the_archive_says() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("yesterday.log");
    let config = home.path().join("seerflow.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let now = jiff::Timestamp::now().as_second() as u64;
    let begin = (now - now % 86_400).saturating_sub(86_400 - 3_600) * SECOND;
    // Zoneless, so that the zone has a say.
    let lines: Vec<String> = ordinary(begin, 120)
        .iter()
        .map(|line| line.replacen('T', " ", 1).replacen('Z', "", 1))
        .collect();
    std::fs::write(&log, lines.join("\n") + "\n").unwrap();
    let log = log.to_string_lossy().into_owned();
    let zone = ["--timezone", "+02:00"];
    let analyzed =
        program::run(home.path(), &[&["analyze", &log, "--format", "ndjson"], &zone[..]].concat());
    assert_eq!(analyzed.code, 1, "{}", analyzed.err);
    let expected: Vec<Alert> =
        analyzed.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let out = home.path().join("alerts.ndjson");
    let to = out.to_string_lossy().into_owned();
    let data = home.path().join("data").to_string_lossy().into_owned();
    let args = [
        "tail",
        "--from-start",
        &log,
        "--data-dir",
        &data,
        "--alerts-to",
        &to,
        "--alerts-format",
        "json",
    ];
    let child = program::command(home.path())
        .args(args)
        .args(zone)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _running = Running(child);
    let last = begin + 120 * 60 * SECOND - 2 * 3_600 * SECOND;
    until("the alerts of the archive from tail", Duration::from_secs(60), || {
        let tailed = last_of(&out);
        let same = |a: &Alert, t: &Alert| {
            (&a.rule_name, &a.entities, a.timestamp_ns)
                == (&t.rule_name, &t.entities, t.timestamp_ns)
                && (a.occurrences == t.occurrences
                    || (a.status == AlertStatus::Open && t.occurrences > a.occurrences))
                && t.status == AlertStatus::Closed
        };
        let found = expected.iter().all(|a| tailed.iter().any(|t| same(a, t)));
        let upto = tailed.iter().filter(|t| t.timestamp_ns <= last).count();
        (found && upto == expected.len()).then_some(())
    });
}

/// The last revision of each alert in a file; lines that are still being written are left out.
fn last_of(path: &PathBuf) -> Vec<Alert> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let alerts = text.lines().filter_map(|line| serde_json::from_str::<Alert>(line).ok());
    seerflow::runtime::batch::last_states(alerts)
}

#[test]
fn one_pass_and_the_plan_agree_on_a_log_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { seed: 11, minutes: 40, busy: 1.0, entities: 40 };
    let paths = world::write(folder.path(), &world::generate(shape));
    let rules = engine::rules(&engine::config());
    let how = How { workers: 2, tune: quick, ..How::default() };
    let planned = engine::run(engine::planned(&paths, &how, &rules), &how, &rules);
    let once = engine::run(engine::once(&paths, &how, &rules), &how, &rules);
    assert!(planned.alerts.len() >= 5);
    same(
        "alerts",
        &digest::alerts_by_content(&planned.alerts),
        &digest::alerts_by_content(&once.alerts),
    );
}

//! Models: what an archive has taught goes on live, on any number of workers, over a gap.

use crate::daemon::{Daemon, FREE_PORTS, program, wait};
use crate::support::digest::{self, same};
use crate::support::engine::{self, How, Record, brief};
use crate::support::world::{self, Shape};
use seerflow::runtime::batch::last_states;
use seerflow::runtime::models::Models;
use seerflow_model::time::{SECOND, rfc3339};
use seerflow_model::{Alert, AlertStatus, Ns};
use seerflow_pipeline::env::{Cut, Gap, Snapshot};
use seerflow_pipeline::models;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

const MINUTE: Ns = 60 * SECOND;
const DAY: Ns = 24 * 60 * MINUTE;

/// Records of a world that is quiet in its first half, and where the second begins.
fn halves(shape: Shape) -> (Vec<Record>, Vec<Record>) {
    let folder = tempfile::tempdir().unwrap();
    let mut records = engine::records(&world::write(folder.path(), &world::generate(shape)));
    let half = world::BEGIN + shape.minutes / 2 * MINUTE;
    let at = records.partition_point(|record| record.meta.effective < half);
    let rest = records.split_off(at);
    (records, rest)
}

fn feed(
    records: &[Record],
    workers: usize,
    cut: Option<Arc<Cut>>,
    (restore, gap): (Option<Snapshot>, Option<Gap>),
) -> Vec<Alert> {
    let how = How { workers, tune: brief, lane_capacity: 4, ..How::default() };
    let mut options = engine::options(&how, &engine::rules(&engine::config()));
    (options.cut, options.gap) = (cut, gap);
    options.restore = restore.map(Arc::new);
    last_states(engine::feed(options, records, 700).0.into_iter())
}

/// What the first half has taught.
fn learnt(records: &[Record], workers: usize) -> Models {
    let cut = Arc::new(Cut::at_end());
    feed(records, workers, Some(cut.clone()), (None, None));
    let all = cut.take();
    let of = |snapshot: &Snapshot| -> BTreeSet<String> {
        snapshot.keys().map(|(name, _)| name.clone()).collect()
    };
    let newest = records.iter().map(|record| record.meta.effective).max().unwrap();
    let before = of(&all);
    let models = Models::learnt(all, newest, records.len() as u64);
    // Whoever adds an operator decides whether a warm start takes its state over.
    let left: BTreeSet<String> = models::LEFT.iter().map(ToString::to_string).collect();
    let taken = of(&models.state);
    let unknown: Vec<&String> = before.difference(&taken).filter(|n| !left.contains(*n)).collect();
    assert!(unknown.is_empty() && taken.is_disjoint(&left), "{unknown:?}");
    models::check(&models.state).unwrap();
    models
}

#[test]
fn what_was_learnt_goes_on_with_any_number_of_workers() {
    let (first, second) = halves(Shape { seed: 5, minutes: 40, busy: 0.7, entities: 30 });
    let models = learnt(&first, 2);
    let others = learnt(&first, 3).state;
    assert!(others.keys().eq(models.state.keys()), "the same parts of any number of workers");
    let unbroken = feed(&[first, second.clone()].concat(), 1, None, (None, None));
    // What was open when the archive ended is an alert of its own now.
    let f = models.until;
    let open: BTreeSet<&str> = unbroken
        .iter()
        .filter(|alert| alert.timestamp_ns < f)
        .filter(|alert| alert.status != AlertStatus::Closed || alert.closed_ns >= Some(f))
        .map(|alert| alert.dedup_key.as_str())
        .collect();
    // What adds up about an entity begins anew: it happened to the installation that saw it.
    let new = |alerts: &[Alert]| -> Vec<Alert> {
        let new = |a: &&Alert| {
            a.timestamp_ns >= f && !open.contains(a.dedup_key.as_str()) && a.alert_type == "ml"
        };
        let unranked = |alert: &Alert| Alert { risk_score: None, ..alert.clone() };
        alerts.iter().filter(new).map(unranked).collect()
    };
    let expected = new(&unbroken);
    println!("{} alerts, {} of them new after the archive", unbroken.len(), expected.len());
    assert!(expected.len() >= 10, "{}", expected.len());
    for workers in 1..=3 {
        let warm = feed(&second, workers, None, (Some(models.state.clone()), None));
        let name = format!("{workers} workers");
        same(&name, &digest::alerts(&expected), &digest::alerts(&new(&warm)));
    }
    let soon = |alerts: &[Alert]| {
        let text = "connection to db-1 lost";
        let soon = |a: &&Alert| a.timestamp_ns < f + 2 * MINUTE;
        alerts.iter().filter(soon).any(|a| serde_json::to_string(a).unwrap().contains(text))
    };
    assert!(soon(&unbroken), "an incident at the very beginning is found");
    assert!(!soon(&feed(&second, 1, None, (None, None))), "but not by who knows nothing");
}

/// The engine was not there for a week: that is no silence, no drop and no odd pause.
#[test]
fn a_gap_is_no_finding() {
    let (first, second) = halves(Shape { seed: 9, minutes: 80, busy: 1.0, entities: 30 });
    // Quiet as well.
    let (first, quiet) = first.split_at(
        first.partition_point(|record| record.meta.effective < world::BEGIN + 30 * MINUTE),
    );
    let models = learnt(first, 1);
    let later = |records: &[Record]| -> Vec<Record> {
        let mut records = records.to_vec();
        for Record { meta, .. } in &mut records {
            meta.effective += 7 * DAY;
            meta.event_time = meta.event_time.map(|time| time + 7 * DAY);
        }
        records
    };
    let rest = later(quiet);
    let gap = Gap { from: models.until, to: models.until + 7 * DAY };
    let run = |records: &[Record], gap: Option<Gap>| {
        feed(records, 2, None, (Some(models.state.clone()), gap))
    };
    let of = |alerts: &[Alert], rules: &[&str]| {
        alerts.iter().filter(|alert| rules.contains(&alert.rule_name.as_str())).count()
    };
    let missing = ["silence", "volume-drop"];
    let (told, untold, at_once) = (run(&rest, Some(gap)), run(&rest, None), run(quiet, None));
    println!("{} told, {} not told, {} without a gap", told.len(), untold.len(), at_once.len());
    assert!(of(&untold, &missing) > of(&told, &missing), "else this would show nothing");
    assert!(of(&told, &missing) <= of(&at_once, &missing), "{told:#?}");
    assert!(told.len() <= at_once.len() + 2, "{} and {}", told.len(), at_once.len());
    // And what happens then is still found.
    let both = [quiet, &second].concat();
    let (at_once, told) = (run(&both, None), run(&later(&both), Some(gap)));
    let found = |alerts: &[Alert], sign: &str| {
        alerts.iter().any(|alert| serde_json::to_string(alert).unwrap().contains(sign))
    };
    let signs = [
        "connection to db-1 lost",
        "203.0.113.9",
        "router-2",
        "mallory",
        "health check",
        "198.51.100.23",
        "oom-killer",
        "main process exited",
        "192.0.2.66",
        "queue of worker",
    ];
    let known: Vec<&str> = signs.into_iter().filter(|sign| found(&at_once, sign)).collect();
    let missed: Vec<&&str> = known.iter().filter(|sign| !found(&told, sign)).collect();
    assert!(known.len() >= 7 && missed.len() <= 1, "of {known:?} not {missed:?}");
}

/// A line of an application.
fn line(at: Ns, rest: &str) -> String {
    format!("{} INFO {rest}\n", rfc3339(at))
}

fn now() -> Ns {
    seerflow::runtime::clock::Clock::system().now()
}

/// Two hours and a half of a calm application, up to a minute ago.
fn archive(path: &Path) {
    let end = now() - MINUTE;
    let mut text = String::new();
    for second in (0..150 * 60).rev() {
        let n = second * 7 % 31;
        text += &line(end - second * SECOND, &format!("job {n} finished after {} ms", 20 + n));
    }
    std::fs::write(path, text).unwrap();
}

const ODD: &str = "file system of /var/lib/db became read-only";

/// Starts and writes three lines of which the last is odd; whether it raises an alert.
fn alerts(dir: &Path, arguments: &[&str]) -> bool {
    let log = dir.join("app.log");
    std::fs::write(&log, "").unwrap();
    let yaml = format!("{FREE_PORTS}{CONFIG}");
    let yaml = yaml.replace(
        "receivers: {",
        "receivers: {file_paths: ['{dir}/app.log'], file_start: beginning, ",
    );
    let daemon = Daemon::within(dir, &yaml, arguments);
    if arguments.contains(&"--models") {
        let ready = || {
            let stats = daemon.json("/api/v1/stats");
            let channels = stats["calibration"].as_array().unwrap().clone();
            let ready = |name: &str| {
                let named = |c: &&serde_json::Value| c["channel"].as_str().unwrap().contains(name);
                channels.iter().find(named).is_some_and(|c| c["calibrated"] == true)
            };
            ["never-seen (file)", "volume-source (file)", "volume-template (file)"].map(ready)
        };
        wait("it is calibrated before the first line", || ready() == [true; 3]);
        assert_eq!(daemon.processed(), 0);
        assert!(daemon.err.text().contains("begins with models of 9000 events"));
    }
    let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    let at = now();
    let rests = ["job 5 finished after 25 ms", "job 6 finished after 26 ms", ODD];
    file.write_all(rests.map(|rest| line(at, rest)).concat().as_bytes()).unwrap();
    daemon.wait_processed(3);
    let found = || {
        let alerts = daemon.json("/api/v1/alerts");
        let all = alerts["items"].as_array().unwrap();
        all.iter().any(|alert| alert.to_string().contains("became read-only"))
    };
    let passed = || {
        let frontier = daemon.json("/api/v1/stats")["frontier_ns"].as_str().map(str::to_owned);
        // An alert comes with the tick after its line, and is stored within a second.
        frontier.is_some_and(|ns| ns.parse::<Ns>().unwrap() > at + 8 * SECOND)
    };
    wait("an alert, or the frontier has passed the lines", || found() || passed());
    found()
}

const CONFIG: &str = "detection: {dspot: {risk_level: 0.001}}\n";

fn analyze(dir: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = program(dir).arg("analyze").args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_program_begins_with_what_an_archive_has_taught() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    std::fs::write(dir.join("seerflow.yaml"), CONFIG).unwrap();
    archive(&dir.join("old.log"));
    let saving = ["old.log", "--workers", "2", "--save-models", "learnt/app"];
    let (code, said) = analyze(dir, &saving);
    assert!(matches!(code, Some(0 | 1)) && said.contains("models of 9000 events"), "{said}");
    let warm = ["start", "--workers", "3", "--data-dir", "warm", "--models", "learnt/app"];
    assert!(alerts(dir, &warm), "found among the first lines");
    assert!(!alerts(dir, &["start", "--data-dir", "cold"]), "nothing is known yet");
}

#[test]
fn models_that_do_not_fit_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    std::fs::write(dir.join("few.log"), line(now() - MINUTE, "job 1 finished")).unwrap();
    let (code, said) = analyze(dir, &["few.log", "--save-models", "m"]);
    assert_eq!(code, Some(0), "{said}");
    let file = dir.join("m/models.seerflow");
    let bytes = std::fs::read(&file).unwrap();
    let start = |yaml: &str| {
        let ports = format!("{FREE_PORTS}{yaml}");
        std::fs::write(dir.join("seerflow.yaml"), ports).unwrap();
        let output = program(dir).args(["start", "--models", "m"]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = start("detection: {bucket_seconds: 30}");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("detection.bucket_seconds was 60 there and is 30 here"), "{said}");
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (bytes, code, part) in [
        (flipped, 74, "models.seerflow is damaged"),
        (bytes[..bytes.len() / 2].to_vec(), 74, "models.seerflow is damaged"),
        (b"a letter to somebody".to_vec(), 2, "is not a file of models"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let (found, said) = start("");
        assert_eq!(found, Some(code), "{said}");
        assert!(said.contains(part), "{said}");
    }
    std::fs::remove_file(&file).unwrap();
    let (code, said) = start("");
    assert!(code == Some(2) && said.contains("there are no models in m"), "{said}");
    let (code, said) = analyze(dir, &["few.log", "--save-models", "."]);
    assert!(code == Some(2) && said.contains("holds files that are not models"), "{said}");
}

/// Times to come are a mistake in reading the archive, and would make all that is live late.
#[test]
fn models_of_the_future_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    std::fs::write(dir.join("few.log"), line(now() + 30 * DAY, "job 1 finished")).unwrap();
    let (code, said) = analyze(dir, &["few.log", "--save-models", "m"]);
    assert_eq!(code, Some(0), "{said}");
    std::fs::write(dir.join("seerflow.yaml"), FREE_PORTS).unwrap();
    let output = program(dir).args(["start", "--models", "m"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a time that is still to come"), "{said}");
}

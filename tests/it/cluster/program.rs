//! The real program, alone and as a cluster, over the same logs.

use crate::support::cluster;
use crate::support::digest::{Digest, same};
use crate::support::program::{self, Said};
use crate::support::shared;
use crate::support::world::{self, Shape};
use std::path::{Path, PathBuf};

/// Keys that let a short log raise alerts.
pub const KEYS: &str = "detection:\n  dspot: {risk_level: 0.01, calibration_window: 200}\n  \
                    alerts_per_day: 0\n  bucket_seconds: 10\n";

pub fn config(home: &Path, keys: &str) -> String {
    let path = home.join("seerflow.yaml");
    std::fs::write(&path, keys).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Arguments of `analyze` over a folder.
pub fn arguments(config: &str, workers: usize, summary: &Path, logs: &Path) -> Vec<String> {
    let workers = workers.to_string();
    let summary = summary.to_str().unwrap();
    ["analyze", "--config", config, "--year", "2026", "--workers", &workers]
        .into_iter()
        .chain(["--format", "ndjson", "--summary-json", summary, logs.to_str().unwrap()])
        .map(str::to_owned)
        .collect()
}

/// Alerts, and everything else that a run tells, as lines.
fn told(said: &Said, summary: &Path) -> Digest {
    let mut alerts: Vec<String> = said.out.lines().map(str::to_owned).collect();
    alerts.sort();
    alerts.extend(std::fs::read_to_string(summary).unwrap().lines().map(str::to_owned));
    Digest(alerts)
}

/// The real program over `logs`: alone with 1 to 4 workers, and as a cluster. Gives the alerts.
fn programs_agree(home: &Path, logs: &Path) -> usize {
    let config = config(home, KEYS);
    let summary = home.join("summary.json");
    let mut expected: Option<Digest> = None;
    let mut alerts = 0;
    for workers in 1..=4 {
        let args = arguments(&config, workers, &summary, logs);
        let said = program::run(home, &args.iter().map(String::as_str).collect::<Vec<_>>());
        alerts = said.out.lines().count();
        assert_eq!(said.code, i32::from(alerts > 0), "{}", said.err);
        let told = told(&said, &summary);
        same(&format!("{workers} workers"), expected.get_or_insert(told.clone()), &told);
    }
    let expected = expected.unwrap();
    for (processes, workers) in [(2, 1), (2, 2)] {
        let of = |index: usize| home.join(format!("summary-{index}.json"));
        let all =
            cluster::run(home, processes, |index| arguments(&config, workers, &of(index), logs));
        let name = format!("{processes} processes of {workers} workers");
        assert_eq!(all[0].code, i32::from(alerts > 0), "{name}: {}", all[0].err);
        same(&name, &expected, &told(&all[0], &of(0)));
        for other in &all[1..] {
            assert_eq!((other.code, other.out.as_str()), (0, ""), "{name}: {}", other.err);
            assert!(other.err.contains("process 0 shows the result"), "{}", other.err);
        }
        assert!(!of(1).exists(), "only the first process writes");
    }
    alerts
}

#[test]
fn the_program_gives_the_same_in_two_processes() {
    let home = tempfile::tempdir().unwrap();
    let logs = home.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    // An hour of twelve incidents.
    let shape = Shape { seed: 4, minutes: 60, busy: 2.0, entities: 100 };
    world::write(&logs, &world::generate(shape));
    let alerts = programs_agree(home.path(), &logs);
    println!("{alerts} alerts");
    assert!(alerts >= 5, "{alerts} alerts");
}

#[test]
fn loghub_gives_the_same_in_two_processes() {
    let Some(root) = shared("data/loghub") else { return };
    let home = tempfile::tempdir().unwrap();
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut with_alerts = 0;
    for folder in &folders {
        let logs = home.path().join(folder.file_name().unwrap());
        std::fs::create_dir(&logs).unwrap();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "log") {
                std::fs::copy(&path, logs.join(path.file_name().unwrap())).unwrap();
            }
        }
        let alerts = programs_agree(home.path(), &logs);
        println!("{}: {alerts} alerts", folder.display());
        with_alerts += usize::from(alerts > 0);
    }
    assert!(with_alerts >= 5, "{with_alerts} of {}", folders.len());
}

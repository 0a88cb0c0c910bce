//! Founding tests 1 and 2: the same records give the same result, whatever the number of workers,
//! the chunks, the batches, and the order of arrival inside the lateness.

use crate::support::digest::{self, same};
use crate::support::engine::{self, How, chunk, quick};
use crate::support::rng::Rng;
use crate::support::world::{self, Line, Shape};
use crate::support::{full, shared};
use seerflow_model::time::SECOND;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;

fn shape() -> Shape {
    if full() {
        Shape { seed: 1, minutes: 240, busy: 8.0, entities: 400 }
    } else {
        Shape { seed: 1, minutes: 120, busy: 1.0, entities: 40 }
    }
}

/// Rules of alerts, with how many there are of each.
fn kinds(outcome: &seerflow::runtime::batch::Outcome) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for alert in &outcome.alerts {
        *kinds.entry(alert.rule_name.clone()).or_default() += 1;
    }
    kinds
}

#[test]
fn any_number_of_workers_and_any_chunks_give_the_same() {
    for seed in 1..=if full() { 5 } else { 1 } {
        workers_and_chunks(Shape { seed, ..shape() });
    }
}

fn workers_and_chunks(shape: Shape) {
    let folder = tempfile::tempdir().unwrap();
    let paths = world::write(folder.path(), &world::generate(shape));
    let base = How { tune: quick, ..How::default() };
    let first = engine::analyze(&paths, &base);
    let expected = digest::all(&first);
    let kinds = kinds(&first);
    println!("{} alerts: {kinds:?}", first.alerts.len());
    assert!(first.alerts.len() >= 12, "{kinds:?}");
    let all = ["never-seen-message", "never-seen-value", "silence", "volume-burst", "volume-drop"];
    assert!(all.iter().all(|kind| kinds.contains_key(*kind)), "{kinds:?}");
    for (workers, chunk, lane_capacity) in [
        (2, chunk(1 << 20, 16_384), 2),
        (3, chunk(48 << 10, 1_000), 1),
        (4, chunk(20_000, 16_384), 7),
        (1, chunk(1 << 20, 333), 2),
        (2, chunk(9_000, 100), 64),
    ] {
        // Small chunks of files side by side are many open ones.
        let how = How { workers, chunk, lane_capacity, open_chunks: 4_096, ..base.clone() };
        let outcome = engine::analyze(&paths, &how);
        same(&format!("{workers} workers, {chunk:?}"), &expected, &digest::all(&outcome));
    }
}

/// A window that begins and ends inside of chunks, the budget of every day, and little room.
#[test]
fn windows_budgets_and_narrow_lanes_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let paths = world::write(folder.path(), &world::generate(Shape { seed: 2, ..shape() }));
    fn tune(settings: &mut seerflow_pipeline::settings::Settings) {
        quick(settings);
        settings.budget.alerts_per_day = 10;
    }
    let minute = |minute: u64| Some(world::BEGIN + minute * 60 * SECOND + 1_234_567);
    let length = shape().minutes;
    for window in [(minute(length / 4), minute(length * 3 / 4)), (None, minute(length - 9))] {
        let base = How { tune, window, ..How::default() };
        let first = engine::analyze(&paths, &base);
        println!("{window:?}: {} alerts", first.alerts.len());
        assert!(!first.alerts.is_empty());
        for (workers, chunk, held_bytes_max) in [
            (1, chunk(5_000, 77), 256 << 20),
            (2, chunk(30_000, 16_384), 100_000),
            (4, chunk(1 << 20, 500), 1),
        ] {
            let how = How { workers, chunk, held_bytes_max, open_chunks: 4_096, ..base.clone() };
            let outcome = engine::analyze(&paths, &how);
            same(&format!("{workers}, {chunk:?}"), &digest::all(&first), &digest::all(&outcome));
            assert_eq!(first.span, outcome.span);
        }
    }
}

#[test]
fn every_staged_incident_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let paths = world::write(folder.path(), &world::generate(shape()));
    let outcome = engine::analyze(&paths, &How { workers: 2, tune: quick, ..How::default() });
    // What a person would look for in the alert, by incident.
    let signs = [
        "connection to db-1 lost",
        "203.0.113.9",
        "read-only",
        "host router-2 fell silent",
        "mallory",
        "health check",
        "198.51.100.23",
        "web.json",
        "oom-killer",
        "main process exited",
        "192.0.2.66",
        "queue of worker",
    ];
    let found: Vec<bool> = signs
        .iter()
        .map(|sign| {
            outcome.alerts.iter().any(|alert| serde_json::to_string(alert).unwrap().contains(sign))
        })
        .collect();
    let missed: Vec<&&str> =
        signs.iter().zip(&found).filter(|(_, f)| !**f).map(|(s, _)| s).collect();
    println!("not found: {missed:?}");
    assert!(missed.len() <= 1, "not found: {missed:?}");
    for alert in &outcome.alerts {
        let end = world::BEGIN + shape().minutes * 60 * SECOND;
        assert!((world::BEGIN..=end).contains(&alert.timestamp_ns), "times are the log's own");
    }
}

/// Many entities and templates in small bounds, few open chunks, and a file read once that is late.
#[test]
fn evictions_late_and_crowded_records_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let shape =
        Shape { seed: 7, minutes: 30, busy: if full() { 20.0 } else { 3.0 }, entities: 50_000 };
    let paths = world::write(folder.path(), &world::generate(shape));
    let mut sources = world::generate(Shape { seed: 8, ..shape });
    let (_, mut late) = sources.swap_remove(0);
    many_templates(&mut late);
    displace(&mut late, 150, 9);
    let pipe = folder.path().join("pipe.log");
    std::fs::write(&pipe, world::text(&late)).unwrap();
    fn tune(settings: &mut seerflow_pipeline::settings::Settings) {
        quick(settings);
        let bounds = &mut settings.bounds;
        bounds.keys = 10;
        bounds.series = 40;
        bounds.open_series = 60;
        bounds.facts = 50;
        bounds.new_facts = 5;
    }
    let run = |workers: usize| {
        let how =
            How { workers, chunk: chunk(16 << 10, 200), open_chunks: 2, tune, ..How::default() };
        let rules = engine::rules(&engine::config());
        let mut inputs = engine::planned(&paths, &how, &rules);
        inputs.passes = engine::once(std::slice::from_ref(&pipe), &how, &rules).passes;
        engine::run(inputs, &how, &rules)
    };
    let first = run(1);
    let (expected, tags) = (digest::all(&first), first.shared.noticed.tags());
    println!(
        "{tags:?}, {} evictions, {} alerts",
        first.shared.views.evictions(),
        first.alerts.len()
    );
    assert!(tags["late"] > 100 && tags["crowded"] > 100, "{tags:?}");
    assert!(first.shared.views.evictions() > 100, "{}", first.shared.views.evictions());
    assert!(first.alerts.len() >= 5, "{}", first.alerts.len());
    for workers in 2..=4 {
        same(&format!("{workers} workers"), &expected, &digest::all(&run(workers)));
    }
}

/// Lines that found a leaf each.
pub fn many_templates(lines: &mut [Line]) {
    for (number, line) in lines.iter_mut().enumerate().skip(200).step_by(2) {
        let words = ["alpha", "beta", "gamma", "delta", "omega"];
        let word =
            |n: usize| format!("{}{}", words[n % 5], ["a", "b", "c", "d", "e", "f", "g"][n % 7]);
        let tail: Vec<String> = (0..number % 23).map(|n| word(number / 35 + n)).collect();
        line.text.push_str(&format!(" {} {}", word(number), tail.join(" ")));
        line.text = line.text.replace("sshd[", &format!("{}[", word(number / 3)));
    }
}

/// Moves lines by up to `seconds` of their own time, those of one stamp in their order. The head
/// stays, because the first 4 KiB are a file's identity.
pub(crate) fn displace(lines: &mut Vec<Line>, seconds: u64, seed: u64) {
    let mut rng = Rng::new(seed);
    let head: Vec<Line> = lines.drain(..lines.len().min(100)).collect();
    assert!(world::text(&head).len() > 4096);
    let mut moved: Vec<(u64, Line)> = Vec::new();
    for line in lines.drain(..) {
        let by = rng.below(seconds * SECOND);
        let place = line.at + by;
        // Never before one of the same stamp that came first.
        let least =
            moved.last().filter(|(_, last)| last.at == line.at).map_or(0, |(place, _)| *place);
        moved.push((place.max(least), line));
    }
    moved.sort_by_key(|(place, _)| *place);
    lines.extend(head);
    lines.extend(moved.into_iter().map(|(_, line)| line));
}

#[test]
fn displaced_within_the_lateness_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { minutes: 90, ..shape() };
    let mut sources = world::generate(shape);
    let rules = engine::rules(&engine::config());
    let run = |sources: &world::Sources, workers: usize| {
        let paths = world::write(folder.path(), sources);
        let how = How { workers, tune: quick, ..How::default() };
        engine::run(engine::once(&paths, &how, &rules), &how, &rules)
    };
    let sorted = run(&sources, 1);
    assert!(sorted.alerts.len() >= 12, "{}", sorted.alerts.len());
    let expected = digest::alerts_by_content(&sorted.alerts);
    for (seed, workers) in [(1, 1), (2, 2), (3, 4)] {
        let before = sources.clone();
        for (index, (_, lines)) in sources.iter_mut().enumerate() {
            displace(lines, 59, seed * 10 + index as u64);
        }
        assert_ne!(before, sources, "something must move");
        let outcome = run(&sources, workers);
        assert_eq!(outcome.shared.noticed.tags(), sorted.shared.noticed.tags(), "none is late");
        same(&format!("seed {seed}"), &expected, &digest::alerts_by_content(&outcome.alerts));
        same("templates", &digest::knowledge(&sorted.shared), &digest::knowledge(&outcome.shared));
        sources = before;
    }
}

#[test]
fn any_batches_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { minutes: 40, ..shape() };
    let records = engine::records(&world::write(folder.path(), &world::generate(shape)));
    let rules = engine::rules(&engine::config());
    let run = |workers: usize, window: usize| {
        let how = How { workers, tune: quick, lane_capacity: 4, ..How::default() };
        let (alerts, shared) = engine::feed(engine::options(&how, &rules), &records, window);
        let mut lines = digest::alerts(&alerts).0;
        lines.extend(digest::knowledge(&shared).0);
        lines.extend(digest::ledger(&shared).0);
        (digest::Digest(lines), alerts.len())
    };
    let (expected, alerts) = run(1, 1_000);
    assert!(alerts >= 12, "{alerts} revisions");
    for (workers, window) in [(1, 7), (2, 64), (3, 100_000), (4, 513)] {
        same(&format!("{workers} workers, {window}"), &expected, &run(workers, window).0);
    }
}

#[test]
fn loghub_gives_the_same_on_any_number_of_workers() {
    let Some(root) = shared("data/loghub") else { return };
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert_eq!(folders.len(), 8);
    let rules = engine::rules_by_file(&engine::config());
    let mut with_alerts = 0;
    for folder in &folders {
        let logs = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let logs: Vec<PathBuf> =
            logs.filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
        let run = |how: &How| engine::run(engine::planned(&logs, how, &rules), how, &rules);
        let first = run(&How::default());
        let expected = digest::all(&first);
        let (alerts, templates) = (first.alerts.len(), first.shared.views.template_count());
        println!(
            "{}: {alerts} alerts, {templates} templates, {:?}",
            folder.display(),
            first.shared.noticed.tags()
        );
        with_alerts += usize::from(alerts > 0);
        for (workers, size) in [
            (2, chunk(1 << 20, 16_384)),
            (3, chunk(16 << 10, 16_384)),
            (4, chunk(1 << 20, 100)),
            (1, chunk(5_000, 50)),
        ] {
            let how = How { workers, chunk: size, open_chunks: 4_096, ..How::default() };
            same(
                &format!("{} {workers} {size:?}", folder.display()),
                &expected,
                &digest::all(&run(&how)),
            );
        }
    }
    println!("{with_alerts} of 8 raise alerts");
    assert!(with_alerts >= 5, "{with_alerts} of 8");
}

/// Only an input of some size can be measured.
#[test]
fn no_worker_has_less_than_half_its_share() {
    let folder = tempfile::tempdir().unwrap();
    let minutes = if full() { 60 } else { 20 };
    let shape = Shape { seed: 3, minutes, busy: 12.0, entities: 2_000 };
    let paths = world::write(folder.path(), &world::generate(shape));
    for workers in [2, 4] {
        let how =
            How { workers, chunk: chunk(64 << 10, 16_384), open_chunks: 4_096, ..How::default() };
        let outcome = engine::analyze(&paths, &how);
        let cpu: Vec<u64> = outcome.shared.worker_cpu.iter().map(|cpu| cpu.load(Relaxed)).collect();
        let (all, least) = (cpu.iter().sum::<u64>(), *cpu.iter().min().unwrap());
        println!(
            "{workers} workers: {:?} ms",
            cpu.iter().map(|ns| ns / 1_000_000).collect::<Vec<_>>()
        );
        assert!(least * workers as u64 * 2 >= all, "{cpu:?}");
    }
}

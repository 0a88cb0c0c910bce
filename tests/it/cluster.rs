//! Founding test 1 over processes: an archive gives the same in one process and in several, whatever
//! their workers; and what happens when a cluster does not come about, or breaks.

use crate::daemon::{Daemon, wait};
use crate::founding;
use crate::support::cluster::{self, connected};
use crate::support::digest::{self, Digest, same};
use crate::support::engine::{self, How, chunk, quick};
use crate::support::program::{self, Running, Said, until};
use crate::support::world::{self, Shape};
use crate::support::{full, shared};
use seerflow::config::Config;
use seerflow_pipeline::engine::Engine;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Acquire;
use std::time::{Duration, Instant};

fn shape() -> Shape {
    let (minutes, busy, entities) = if full() { (240, 8.0, 400) } else { (100, 1.0, 40) };
    Shape { seed: 1, minutes, busy, entities }
}

#[test]
fn any_number_of_processes_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let paths = world::write(folder.path(), &world::generate(shape()));
    // Small chunks of files side by side are many open ones; every process gets some.
    let base =
        How { tune: quick, chunk: chunk(20_000, 16_384), open_chunks: 4_096, ..How::default() };
    let rules = engine::rules(&engine::config());
    let first = engine::run(engine::planned(&paths, &base, &rules), &base, &rules);
    let expected = digest::all(&first);
    assert!(first.alerts.len() >= 12, "{}", first.alerts.len());
    for (processes, workers, lane_capacity, held_bytes_max) in
        [(2, 1, 2, 256 << 20), (2, 2, 1, 100_000), (3, 1, 7, 1), (1, 2, 2, 256 << 20)]
    {
        let how = How { workers, lane_capacity, held_bytes_max, ..base.clone() };
        let inputs = || engine::planned(&paths, &how, &rules);
        let outcomes = cluster::analyze(processes, &how, &rules, inputs);
        let name = format!("{processes} processes of {workers} workers");
        same(&name, &expected, &digest::all(&outcomes[0]));
        for outcome in &outcomes {
            assert_eq!(outcome.span, first.span, "{name}");
            assert!(outcome.shared.ports[0].accepted.load(Acquire) > 0, "{name}: all take part");
        }
        for other in &outcomes[1..] {
            assert_eq!(other.alerts, [], "{name}: alerts come out of the first process");
            // Its own ledger, which checks itself, is a part of all.
            digest::ledger(&other.shared);
        }
    }
}

/// Small bounds, drops by severity and by template, and two files read once, one of them late.
#[test]
fn evictions_drops_and_late_records_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { seed: 7, minutes: 20, busy: 2.0, entities: 20_000 };
    let paths = world::write(folder.path(), &world::generate(shape));
    let mut passes = Vec::new();
    for (seed, swap) in [(8, 150), (9, 2)] {
        let (name, mut lines) =
            world::generate(Shape { seed, ..shape }).swap_remove((seed % 2) as usize);
        founding::many_templates(&mut lines);
        let length = lines.len();
        (100..length - swap).step_by(swap * 3).for_each(|at| lines[at..at + swap].reverse());
        let path = folder.path().join(format!("{seed}-{name}"));
        std::fs::write(&path, world::text(&lines)).unwrap();
        passes.push(path);
    }
    fn tune(settings: &mut seerflow_pipeline::settings::Settings) {
        quick(settings);
        let bounds = &mut settings.bounds;
        bounds.keys = 10;
        bounds.series = 40;
        bounds.open_series = 60;
        bounds.facts = 50;
        bounds.new_facts = 5;
    }
    let yaml = "detection: {dspot: {risk_level: 0.01}, alerts_per_day: 0}\nsources:\n  - drop:\n      \
                - {severity: debug}\n      - {template: \"Accepted publickey for <*> from <*> port <*> ssh2\"}\n";
    let config = folder.path().join("seerflow.yaml");
    std::fs::write(&config, yaml).unwrap();
    let loaded = seerflow::config::load(Some(&config), &seerflow::config::Environment::default());
    let rules = engine::rules(&loaded.unwrap().config);
    let run = |processes: usize, workers: usize| {
        let how =
            How { workers, chunk: chunk(16 << 10, 200), open_chunks: 2, tune, ..How::default() };
        let inputs = || {
            let mut inputs = engine::planned(&paths, &how, &rules);
            inputs.passes = engine::once(&passes, &how, &rules).passes;
            inputs
        };
        match processes {
            0 => engine::run(inputs(), &how, &rules),
            _ => cluster::analyze(processes, &how, &rules, inputs).swap_remove(0),
        }
    };
    let first = run(0, 1);
    let (expected, tags) = (digest::all(&first), first.shared.noticed.tags());
    let dropped = first.shared.noticed.dropped();
    println!("{tags:?}, {dropped:?}, {} evictions", first.shared.views.evictions());
    assert!(tags["late"] > 10 && tags["crowded"] > 10, "{tags:?}");
    assert!(first.shared.views.evictions() > 10 && !first.alerts.is_empty());
    assert!(dropped.keys().any(|(_, reason)| reason.contains("template")), "{dropped:?}");
    for (processes, workers) in [(2, 1), (2, 2), (3, 1)] {
        let name = format!("{processes} processes of {workers} workers");
        same(&name, &expected, &digest::all(&run(processes, workers)));
    }
}

/// What becomes of a record in another process is told to the one that took it in, while it runs.
#[test]
fn ledgers_are_whole_while_records_flow() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { minutes: 10, ..shape() };
    let records = engine::records(&world::write(folder.path(), &world::generate(shape)));
    let rules = engine::rules(&engine::config());
    let how = How { lane_capacity: 64, ..How::default() };
    let mut engines: Vec<Engine> = Vec::new();
    for cluster in connected(2) {
        let mut options = engine::options(&how, &rules);
        options.cluster = Some(cluster);
        engines.push(Engine::start(options).unwrap().0);
    }
    let half = records.len() / 2;
    let last = records[half - 1].meta.effective + 60 * seerflow_model::time::SECOND;
    for (engine, part) in engines.iter().zip(records[..half].chunks(half.div_ceil(2))) {
        let mut port = engine.port(0);
        for batch in engine::batches(part) {
            port.state
                .accepted
                .fetch_add(batch.records.len() as u64, std::sync::atomic::Ordering::AcqRel);
            port.send_blocking(batch).unwrap();
        }
        port.promise(last);
    }
    for engine in &engines {
        let port = &engine.shared.ports[0];
        until("everything is processed and told", Duration::from_secs(20), || {
            let [accepted, processed, in_flight, held] =
                [&port.accepted, &port.processed, &port.in_flight, &port.held]
                    .map(|count| count.load(Acquire));
            (accepted > 0 && accepted == processed && (in_flight, held) == (0, 0)).then_some(())
        });
        assert!(!engine.shared.peers.as_ref().unwrap().ending());
    }
    let ends: Vec<_> =
        engines.into_iter().map(|engine| std::thread::spawn(|| engine.finish())).collect();
    let newest: Vec<_> = ends.into_iter().map(|end| end.join().unwrap().unwrap()).collect();
    assert_eq!(newest, [records[half - 1].meta.effective; 2], "both know the newest time of all");
}

/// Keys that let a short log raise alerts.
const KEYS: &str = "detection:\n  dspot: {risk_level: 0.01, calibration_window: 200}\n  \
                    alerts_per_day: 0\n  bucket_seconds: 10\n";

fn config(home: &Path, keys: &str) -> String {
    let path = home.join("seerflow.yaml");
    std::fs::write(&path, keys).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Arguments of `analyze` over a folder.
fn arguments(config: &str, workers: usize, summary: &Path, logs: &Path) -> Vec<String> {
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

/// Starts process `index` and, if it is the first, waits until it listens.
fn background(home: &Path, hosts: &Path, index: usize, args: &[String]) -> Running {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    Running(cluster::process(home, hosts, index, &args))
}

fn text(mut stream: impl Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Waits for its end.
fn ended(mut running: Running, within: Duration) -> (i32, String) {
    let status = until("the process ends", within, || running.0.try_wait().unwrap());
    (status.code().unwrap(), text(running.0.stderr.take().unwrap()))
}

/// A log that takes a while.
fn long(folder: &Path) {
    let shape = Shape { seed: 5, minutes: 240, busy: 20.0, entities: 400 };
    world::write(folder, &world::generate(shape));
}

#[test]
fn the_loss_of_a_peer_ends_the_other_with_75() {
    let home = tempfile::tempdir().unwrap();
    let logs = home.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    long(&logs);
    let config = config(home.path(), KEYS);
    let args = arguments(&config, 1, &home.path().join("summary.json"), &logs);
    for lost in [0, 1] {
        let hosts = cluster::hostfile(home.path(), 2);
        let mut running: Vec<Running> =
            (0..2).map(|index| background(home.path(), &hosts, index, &args)).collect();
        // Both threads of a connection there is from the moment the engine runs.
        for child in &running {
            threads(child.0.id(), "timely:recv");
        }
        let mut dead = running.remove(lost);
        dead.0.kill().unwrap();
        let begun = Instant::now();
        let (code, said) = ended(running.remove(0), Duration::from_secs(5));
        println!("{lost} killed: the other ended after {:?}", begun.elapsed());
        assert_eq!(code, 75, "{said}");
        assert!(said.contains(&format!("process {lost} (127.0.0.1:")), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// Waits until the process has a thread whose name begins so.
fn threads(pid: u32, name: &str) {
    until("the engine runs", Duration::from_secs(60), || {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let mut names = tasks
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names.any(|comm| comm.starts_with(name)).then_some(())
    });
}

#[test]
fn processes_that_differ_end_with_76() {
    let home = tempfile::tempdir().unwrap();
    let logs = home.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    world::write(&logs, &world::generate(Shape { minutes: 2, ..shape() }));
    let other_logs = home.path().join("other");
    std::fs::create_dir(&other_logs).unwrap();
    world::write(&other_logs, &world::generate(Shape { minutes: 2, seed: 2, ..shape() }));
    let config = config(home.path(), KEYS);
    let other = home.path().join("other.yaml");
    std::fs::write(&other, "detection: {bucket_seconds: 20}\n").unwrap();
    let summary = home.path().join("summary.json");
    let usual = arguments(&config, 1, &summary, &logs);
    let cases = [
        (arguments(&config, 2, &summary, &logs), "workers (--workers)"),
        (arguments(other.to_str().unwrap(), 1, &summary, &logs), "settings under detection"),
        (arguments(&config, 1, &summary, &other_logs), "reads other files"),
    ];
    for (different, what) in cases {
        let of = |index: usize| if index == 0 { usual.clone() } else { different.clone() };
        let all = cluster::run(home.path(), 2, of);
        for said in &all {
            assert_eq!((said.code, said.out.as_str()), (76, ""), "{}", said.err);
        }
        assert!(all.iter().all(|said| said.err.contains(what)), "{what}: {all:?}");
    }
    // A process that finds nothing to read takes the other with it.
    let none = arguments(&config, 1, &summary, &home.path().join("none"));
    let all =
        cluster::run(home.path(), 2, |index| if index == 0 { usual.clone() } else { none.clone() });
    assert_eq!((all[0].code, all[1].code), (76, 2), "{all:?}");
    assert!(all[0].err.contains("process 1"), "{}", all[0].err);
}

#[test]
fn a_cluster_that_does_not_form_ends_in_time() {
    let home = tempfile::tempdir().unwrap();
    let logs = home.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    world::write(&logs, &world::generate(Shape { minutes: 2, ..shape() }));
    let config = config(home.path(), &format!("{KEYS}engine: {{cluster_wait_seconds: 2}}\n"));
    let args = arguments(&config, 1, &home.path().join("summary.json"), &logs);
    let hosts = cluster::hostfile(home.path(), 2);
    let address = std::fs::read_to_string(&hosts).unwrap().lines().next().unwrap().to_owned();
    let begun = Instant::now();
    let alone = background(home.path(), &hosts, 0, &args);
    // Somebody who connects and says nothing changes nothing.
    let silent = until("it listens", Duration::from_secs(10), || TcpStream::connect(&address).ok());
    let (code, said) = ended(alone, Duration::from_secs(10));
    assert_eq!(code, 76, "{said}");
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    assert!(said.contains("within 2 s") && said.contains("process 1"), "{said}");
    drop(silent);
}

/// Starts one daemon of a cluster; gives it when it is ready.
fn daemon(home: &Path, hosts: &Path, index: usize) -> Daemon {
    let dir = home.join(format!("node-{index}"));
    std::fs::create_dir_all(&dir).unwrap();
    let yaml = "receivers: {syslog_udp_port: 0, syslog_tcp_port: 0}\ndashboard_port: 0\n\
                detection: {dspot: {calibration_window: 200, risk_level: 0.01}}\n";
    let (index, hosts) = (index.to_string(), hosts.to_str().unwrap());
    let args = ["start", "--workers", "1", "--data-dir", "data"];
    Daemon::within(&dir, yaml, &[&args[..], &["--process", &index, "--hostfile", hosts]].concat())
}

fn daemons(home: &Path) -> (Daemon, Daemon) {
    let hosts = cluster::hostfile(home, 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| daemon(home, &hosts, 1));
        (daemon(home, &hosts, 0), second.join().unwrap())
    })
}

#[test]
fn daemons_are_one_engine() {
    let home = tempfile::tempdir().unwrap();
    let (first, second) = daemons(home.path());
    let line = |i: u32, host: &str| {
        format!("<134>1 2026-03-24T19:00:00Z {host} nginx {i} - - GET /api/v{} 200 {i}ms\n", i % 5)
    };
    let (mut to_first, mut to_second) = (first.connect(), second.connect());
    for i in 0..200 {
        to_first.write_all(line(i, "web-1").as_bytes()).unwrap();
        to_second.write_all(line(i, "web-2").as_bytes()).unwrap();
    }
    // Each counts what came through its own doors, wherever it is processed.
    first.wait_processed(200);
    second.wait_processed(200);
    assert_eq!(first.events_of("nginx") + second.events_of("nginx"), 400);
    // What comes in through one leaves through the other.
    let fatal =
        "<11>1 2026-03-24T19:01:00Z db postgres 999 - - FATAL connection limit exceeded 847/100\n";
    to_second.write_all(fatal.as_bytes()).unwrap();
    wait("the alert", || first.out.text().contains("FATAL"));
    second.wait_processed(201);
    let ledger = second.ledger("syslog_tcp");
    assert_eq!((&ledger["accepted"], &ledger["processed"]), (&201.into(), &201.into()), "{ledger}");

    // One that stops stops both, and each in order.
    let begun = Instant::now();
    let mut first = first;
    let stopped = second.stop();
    let other = first.end(begun);
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.err);
    assert_eq!(other.status.code(), Some(0), "{}", other.err);
    assert_eq!(stopped.out, "");
    assert!(
        other.err.contains("events     401") && other.err.contains("alerts     1"),
        "{}",
        other.err
    );
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn an_idle_daemon_that_is_killed_ends_the_other() {
    let home = tempfile::tempdir().unwrap();
    let (mut first, second) = daemons(home.path());
    let begun = Instant::now();
    drop(second);
    let ended = first.end(begun);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(ended.status.code(), Some(75), "{}", ended.err);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

#[test]
fn mistakes_of_the_command_line_are_named() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("a.log");
    std::fs::write(&log, "x\n").unwrap();
    let hosts = home.path().join("hosts");
    let run = |lines: &str, more: &[&str]| {
        std::fs::write(&hosts, lines).unwrap();
        let args = [&["analyze", log.to_str().unwrap()], more].concat();
        program::run(home.path(), &args)
    };
    let file = hosts.to_str().unwrap();
    let both = ["--process", "1", "--hostfile", file];
    let two = "127.0.0.1:2101\n127.0.0.1:2102\n";
    for (lines, more, said) in [
        (two, &["--process", "1"][..], "--hostfile"),
        (two, &["--hostfile", file], "--process"),
        (two, &["--process", "2", "--hostfile", file], "--process is 2; allowed: 0 to 1"),
        (two, &["-", "--process", "1", "--hostfile", file], "standard input"),
        ("127.0.0.1:2101\nnonsense\n", &both, "hosts:2"),
        ("127.0.0.1:2101\n192.0.2.1:2102\n", &both, "cluster_insecure"),
    ] {
        let result = run(lines, more);
        assert_eq!(result.code, 2, "{more:?}: {}", result.err);
        assert!(result.err.contains(said), "{more:?}: {}", result.err);
    }
    // One process is no cluster.
    let alone = run("127.0.0.1:2101\n", &["--process", "0", "--hostfile", file]);
    assert_eq!(alone.code, 0, "{}", alone.err);
    assert!(Config::default().engine.cluster_wait_seconds == 30);
}

//! A cluster that does not come about, and one that breaks.

use super::program::{KEYS, arguments, config};
use super::shape;
use crate::failing::Broken;
use crate::support::cluster;
use crate::support::engine::{self, How};
use crate::support::program::{self, Running, until};
use crate::support::world::{self, Shape};
use seerflow::runtime::batch;
use seerflow::runtime::cluster::{Member, hosts};
use std::io::Read;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    let shape = Shape { seed: 5, minutes: 120, busy: 20.0, entities: 400 };
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
    let keyed = |letter: &str| {
        let path = home.path().join(format!("{letter}.yaml"));
        let key = letter.repeat(32);
        let yaml = format!("{KEYS}sources: [{{redact: [card]}}]\nengine: {{redact_key: {key}}}\n");
        std::fs::write(&path, yaml).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let summary = home.path().join("summary.json");
    let usual = arguments(&config, 1, &summary, &logs);
    let (one, two) = (keyed("a"), keyed("b"));
    let of = |index| arguments(if index == 0 { &one } else { &two }, 1, &summary, &logs);
    let all = cluster::run(home.path(), 2, of);
    for said in &all {
        assert_eq!(said.code, 76, "{}", said.err);
        assert!(said.err.contains("the key of what is redacted"), "{}", said.err);
        assert!(!said.err.contains("settings under sources"), "{}", said.err);
    }
    let all = cluster::run(home.path(), 2, |_| arguments(&one, 1, &summary, &logs));
    assert!(all.iter().all(|said| matches!(said.code, 0 | 1)), "{all:?}");
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
}

/// Not a test of its own: one process of the cluster below, when the environment says so.
#[test]
fn part() {
    let Some(index) = std::env::var_os("SEERFLOW_TEST_PART") else { return };
    let index: usize = index.to_str().unwrap().parse().unwrap();
    let home = PathBuf::from(std::env::var_os("SEERFLOW_TEST_HOME").unwrap());
    let hosts = hosts::read(&home.join("hosts"), false).unwrap();
    let member = Member::new(index, hosts, &engine::config(), 1, ("test", 0)).unwrap();
    let how = How { chunk: engine::chunk(10_000, 200), ..How::default() };
    let rules = engine::rules(&engine::config());
    let mut options = engine::options(&how, &rules);
    options.cluster = Some(member.form().unwrap().into_cluster());
    if index == 1 {
        options.rules = Some(Arc::new(Broken));
    }
    let logs: Vec<PathBuf> = ["auth.log", "app.log"].iter().map(|name| home.join(name)).collect();
    let _ = batch::run(engine::planned(&logs, &how, &rules), options, |_, _| {});
    panic!("the engine ended in order");
}

#[test]
fn a_worker_that_fails_ends_its_process_and_then_the_others() {
    let home = tempfile::tempdir().unwrap();
    world::write(home.path(), &world::generate(Shape { minutes: 20, ..shape() }));
    cluster::hostfile(home.path(), 2);
    let mut parts: Vec<Running> = (0..2)
        .map(|index| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["cluster::ends::part", "--exact", "--nocapture"]);
            command.env("SEERFLOW_TEST_PART", index.to_string());
            command.env("SEERFLOW_TEST_HOME", home.path());
            Running(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
        })
        .collect();
    let (code, said) = ended(parts.remove(1), Duration::from_secs(60));
    assert_eq!(code, 70, "{said}");
    assert!(said.contains("a bug of ours, made for this test"), "{said}");
    let (code, said) = ended(parts.remove(0), Duration::from_secs(5));
    assert_eq!(code, 75, "{said}");
    assert!(said.contains("process 1") && !said.contains("panicked"), "{said}");
}

//! Founding test 1 over processes: an archive gives the same in one process and in several, whatever
//! their workers. Here the processes are engines in this one, over real sockets; `program` runs the real
//! program, `ends` shows what happens when a cluster does not come about or breaks, `daemons` runs `start`.

mod daemons;
mod ends;
mod program;

use crate::founding;
use crate::support::cluster::{self, connected};
use crate::support::digest::{self, same};
use crate::support::engine::{self, How, chunk, quick};
use crate::support::full;
use crate::support::program::until;
use crate::support::world::{self, Shape};
use seerflow_pipeline::engine::Engine;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::time::Duration;

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
            port.state.accepted.fetch_add(batch.records.len() as u64, AcqRel);
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

//! The cut: state at a frontier F, handed to another number of workers, goes on as if nothing had
//! happened. The whole dataflow takes part.

use crate::support::digest::{self, Digest, same};
use crate::support::engine::{self, How, Record, brief};
use crate::support::full;
use crate::support::world::{self, Shape};
use proptest::test_runner::{Config, TestRunner};
use seerflow::runtime::batch::last_states;
use seerflow_model::{Alert, AlertStatus, Ns};
use seerflow_pipeline::engine::Shared;
use seerflow_pipeline::env::{Cut, Snapshot};
use std::sync::Arc;

fn feed(
    records: &[Record],
    workers: usize,
    window: usize,
    cut: Option<Arc<Cut>>,
    restore: Option<Snapshot>,
) -> (Vec<Alert>, Shared) {
    let how = How { workers, tune: brief, lane_capacity: 4, ..How::default() };
    let mut options = engine::options(&how, &engine::rules(&engine::config()));
    options.cut = cut;
    options.restore = restore.map(Arc::new);
    engine::feed(options, records, window)
}

/// Alerts that say anything at or after F: all but those that were closed before.
fn after(alerts: &[Alert], f: Ns) -> Vec<Alert> {
    let alive = |alert: &Alert| {
        alert.status != AlertStatus::Closed || alert.closed_ns.is_some_and(|closed| closed >= f)
    };
    last_states(alerts.iter().filter(|alert| alive(alert)).cloned())
        .into_iter()
        .filter(|last| {
            // The last state of all, not only the last of those that are left.
            alerts.iter().all(|a| a.alert_id != last.alert_id || a.revision <= last.revision)
        })
        .collect()
}

#[test]
fn a_cut_at_any_frontier_goes_on_with_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { seed: 5, minutes: 40, busy: 0.7, entities: 30 };
    let records = engine::records(&world::write(folder.path(), &world::generate(shape)));
    let (unbroken, shared) = feed(&records, 1, 500, None, None);
    let (all, knowledge) = (digest::alerts(&unbroken), digest::knowledge(&shared));
    let count = last_states(unbroken.iter().cloned()).len();
    println!("{} records, {count} alerts", records.len());
    assert!(count >= 20, "{count} alerts");
    let (least, greatest) = (records[0].meta.effective, records[records.len() - 1].meta.effective);
    let check = |place: f64, from: usize, to: usize, window: usize| {
        let at = least + ((greatest - least) as f64 * place) as Ns;
        let cut = Arc::new(Cut::at(at));
        let f = cut.at;
        let (alerts, _) = feed(&records, from, window, Some(cut.clone()), None);
        same("a cut changes nothing", &all, &digest::alerts(&alerts));
        let snapshot = cut.take();
        assert!(!snapshot.is_empty(), "the cut was taken");
        let rest = records.partition_point(|record| record.meta.effective < f);
        let (alerts, shared) = feed(&records[rest..], to, window, None, Some(snapshot));
        let (expected, alerts): (Digest, Digest) = (
            digest::alerts(&after(&unbroken, f)),
            digest::alerts(&last_states(alerts.into_iter())),
        );
        same(&format!("alerts after {f}, {from} to {to} workers"), &expected, &alerts);
        same("templates and facts", &knowledge, &digest::knowledge(&shared));
    };
    let cases = if full() { 300 } else { 24 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let strategy = (0.02f64..0.98, 1usize..=4, 1usize..=4, 50usize..3_000);
    TestRunner::new(config)
        .run(&strategy, |(place, from, to, window)| {
            check(place, from, to, window);
            Ok(())
        })
        .unwrap();
}

/// What is restored and cut again at once is the same, byte for byte.
#[test]
fn state_survives_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { seed: 6, minutes: 30, busy: 0.7, entities: 30 };
    let records = engine::records(&world::write(folder.path(), &world::generate(shape)));
    let at = records[records.len() * 3 / 4].meta.effective;
    let first = Arc::new(Cut::at(at));
    feed(&records, 1, 500, Some(first.clone()), None);
    let f = first.at;
    let first = first.take();
    let second = Arc::new(Cut::at(f));
    let rest = records.partition_point(|record| record.meta.effective < f);
    feed(&records[rest..], 3, 500, Some(second.clone()), Some(first.clone()));
    let second = second.take();
    let keys = |snapshot: &Snapshot| snapshot.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&first), keys(&second));
    for (key, bytes) in &first {
        assert!(*bytes == second[key], "{key:?}: {} and {} bytes", bytes.len(), second[key].len());
    }
    let operators: std::collections::BTreeSet<&str> =
        first.keys().map(|(name, _)| name.as_str()).collect();
    assert!(operators.len() >= 17, "every operator hands over its state: {operators:?}");
}

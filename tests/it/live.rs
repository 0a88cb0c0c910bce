//! Through real sockets, on a clock that the test drives: incidents are found, quiet hours are
//! quiet. See tests/slow/README.md for the long form.

mod judge;
mod rig;

use crate::generator::{self, Kind, MINUTE};
use judge::Verdict;
use rig::Rig;
use seerflow_model::Alert;
use seerflow_model::time::{Ns, SECOND};
use std::collections::BTreeMap;

/// 2026-03-02T00:00:00Z; each seed begins at another minute of another day.
const EPOCH: Ns = 1_772_409_600 * SECOND;
/// Minutes before anything is judged.
const WARM_UP: u64 = 75;

struct Run {
    alerts: Vec<Alert>,
    incidents: Vec<generator::Incident>,
    /// Where the judged hour begins.
    hour: Ns,
    lines: u64,
}

fn run(seed: u64, with_incidents: bool) -> Run {
    let world = generator::world(seed);
    let start = EPOCH + seed % 25 * 86_400 * SECOND + seed * 37 % 1_200 * MINUTE;
    let hour = start + WARM_UP * MINUTE;
    let incidents = if with_incidents { generator::hour(&world, hour) } else { Vec::new() };
    let silent = incidents.iter().find(|incident| incident.kind == Kind::Silence);
    let mut rig = Rig::start(&world, start);
    for at in (start..hour + 60 * MINUTE).step_by(MINUTE as usize) {
        let mut lines = generator::minute(&world, at);
        let extra = incidents.iter().flat_map(|incident| &incident.lines);
        lines.extend(extra.filter(|line| (at..at + MINUTE).contains(&line.at)).cloned());
        if let Some(silent) = silent {
            lines.retain(|line| line.host != silent.host || line.stamp < silent.from);
        }
        lines.sort_by_key(|line| line.at);
        rig.minute(at, &lines);
    }
    let (alerts, lines) = rig.finish();
    Run { alerts, incidents, hour, lines }
}

/// `SEERFLOW_FULL=1`: all 30 seeds; `SEERFLOW_SEEDS=a-b`: those; else three.
fn seeds() -> Vec<u64> {
    if let Ok(range) = std::env::var("SEERFLOW_SEEDS") {
        let (from, to) = range.split_once('-').expect("SEERFLOW_SEEDS=from-to");
        return (from.parse().unwrap()..=to.parse().unwrap()).collect();
    }
    if full() { (0..30).collect() } else { vec![0, 1, 2] }
}

fn full() -> bool {
    std::env::var_os("SEERFLOW_FULL").is_some()
}

#[test]
fn incidents_are_found_and_name_whom_they_concern() {
    let mut found: BTreeMap<Kind, [u32; 2]> = BTreeMap::new();
    let (mut others, seeds) = (0, seeds());
    for &seed in &seeds {
        let run = run(seed, true);
        let world = generator::world(seed);
        let mut fits = vec![false; run.alerts.len()];
        for incident in &run.incidents {
            let verdict = judge::judge(&world, incident, &run.alerts, &mut fits);
            *found.entry(incident.kind).or_default().get_mut(seed as usize % 2).unwrap() +=
                u32::from(verdict == Verdict::Found);
            if verdict != Verdict::Found {
                println!("seed {seed}: {:?} {verdict:?}: {}", incident.kind, incident.about);
            }
        }
        for (alert, _) in run.alerts.iter().zip(&fits).filter(|(_, fits)| !**fits) {
            others += 1;
            println!("seed {seed}: beside: {}", judge::line(alert, run.hour));
        }
        println!("seed {seed}: {} lines, {} alerts", run.lines, run.alerts.len());
    }
    let n = seeds.len() as u32;
    println!("found of {n} (even, odd): {found:?}; {others} other alerts");
    for (kind, [even, odd]) in found {
        // 28 of 30.
        assert!(even + odd >= n - n.div_ceil(15).min(n / 3), "{kind:?}: {} of {n}", even + odd);
    }
}

#[test]
fn quiet_hours_are_quiet() {
    let (mut alerts, mut early, seeds) = (0, 0, seeds());
    for &seed in &seeds {
        let run = run(seed, false);
        for alert in &run.alerts {
            let late = alert.timestamp_ns >= run.hour;
            alerts += usize::from(late);
            early += usize::from(!late);
            println!("seed {seed}: {}", judge::line(alert, run.hour));
            assert_ne!(alert.rule_name, "silence", "seed {seed}: {}", alert.title);
        }
        println!("seed {seed}: {} lines", run.lines);
    }
    println!("{alerts} alerts in {} quiet hours, {early} while warming up", seeds.len());
    // 12 in 30 hours.
    assert!(alerts <= (seeds.len() * 12).div_ceil(30), "{alerts}");
}

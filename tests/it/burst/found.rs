//! What the engine has of each sender, held against what was acknowledged.

use super::Crowd;
use super::request::{Door, program, serial};
use crate::daemon::{Daemon, wait_for};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Senders of each door whose records are looked at one by one.
const LOOKED_AT: usize = 4;
/// How long a total may take to be complete.
const PATIENCE: Duration = Duration::from_secs(120);

/// Records that must be there, by program; without the senders of which nothing was taken.
pub fn expected(crowd: &Crowd) -> BTreeMap<String, u64> {
    let all = crowd.tallies.iter().enumerate().map(|(sender, (door, tally))| {
        (program(*door, sender), tally.taken.load(Relaxed) * crowd.form.records)
    });
    all.filter(|(_, records)| *records > 0).collect()
}

/// Events by program, over all templates.
pub fn by_program(daemon: &Daemon) -> BTreeMap<String, u64> {
    let mut events = BTreeMap::new();
    for page in 1.. {
        let list = daemon.json(&format!("/api/v1/templates?limit=1000&page={page}"));
        for row in list["items"].as_array().unwrap() {
            let program = row["program"].as_str().unwrap().to_owned();
            *events.entry(program).or_default() += row["event_count"].as_u64().unwrap();
        }
        if list["has_next"] != true {
            break;
        }
    }
    events
}

/// Asks the store for every sender's total, and for each record of some senders.
pub fn stored(daemon: &Daemon, crowd: &Crowd) {
    let mut looked_at: BTreeMap<&str, usize> = BTreeMap::new();
    for (sender, (door, tally)) in crowd.tallies.iter().enumerate() {
        let records = tally.taken.load(Relaxed) * crowd.form.records;
        let program = program(*door, sender);
        let path = format!("/api/v1/events?program={program}&limit=1");
        wait_for(&format!("{records} events of {program}"), PATIENCE, || {
            let list = daemon.json(&path);
            assert_eq!(list["total_is_lower_bound"], false, "{program}: {list}");
            let total = list["total"].as_u64().unwrap();
            assert!(total <= records, "{program}: {total} of {records}: some are doubled");
            total == records
        });
        let looked = looked_at.entry(door.receiver()).or_default();
        if records > 0 && *looked < LOOKED_AT {
            *looked += 1;
            each_once(daemon, *door, sender, records);
        }
    }
}

/// Every number of a sender's records is there, and none is there twice.
fn each_once(daemon: &Daemon, door: Door, sender: usize, records: u64) {
    let program = program(door, sender);
    let (mut seen, mut at) = (vec![0u32; records as usize], String::new());
    loop {
        let list = daemon.json(&format!("/api/v1/events?program={program}&limit=1000{at}"));
        for row in list["items"].as_array().unwrap() {
            let number = row["message"].as_str().and_then(serial);
            let number = number.unwrap_or_else(|| panic!("{program}: {row}"));
            let cell = seen.get_mut(number as usize);
            *cell.unwrap_or_else(|| panic!("{program}: {number} was not taken")) += 1;
        }
        match &list["next_cursor"] {
            Value::String(next) => at = format!("&cursor={next}"),
            _ => break,
        }
    }
    let wrong = seen.iter().position(|times| *times != 1);
    assert_eq!(wrong, None, "{program}: a record is missing or doubled");
}

//! Precision and recall of IPs, users and hosts on public logs, against what a person read there.
//!
//! `facts.txt` holds hashes of 400 lines, 50 of each of eight systems drawn by a seed with every
//! template before any second line of it, and all that they name; never a line. The lines are
//! looked for in `$SEERFLOW_SHARED/data/loghub`; without it the test says so and measures nothing.

use crate::parser::Parser;
use crate::roles::RoleSet;
use crate::time::{Finder, YearPolicy, Zone};
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::{EntityType, Event, Flags, RecordBatch, RecordMeta, hash};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

const FACTS: &str = include_str!("facts.txt");
const JUDGED: [EntityType; 3] = [EntityType::Ip, EntityType::User, EntityType::Host];
const LEAST_PRECISION: f64 = 0.98;
/// Saying nothing is precise, too.
const LEAST_RECALL: f64 = 0.9;

#[derive(Default, Debug)]
struct Fact {
    /// (type, value) → roles; empty when not judged.
    named: BTreeMap<(String, String), BTreeSet<String>>,
    opinion: BTreeSet<(String, String)>,
}

fn facts() -> HashMap<u64, Fact> {
    let mut facts = HashMap::new();
    for line in FACTS.lines().filter(|line| !line.starts_with('#')) {
        let (hash, entities) = line.split_once(' ').expect(line);
        let mut fact = Fact::default();
        for entity in entities.split("; ").filter(|e| *e != "-") {
            let [role, kind, value] = entity.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let what = (kind.to_owned(), value.to_owned());
            if role.starts_with('?') {
                fact.opinion.insert(what);
            } else {
                let roles = fact.named.entry(what).or_default();
                if role != "*" {
                    roles.insert(role.to_owned());
                }
            }
        }
        let hash = u64::from_str_radix(hash, 16).expect(line);
        assert!(facts.insert(hash, fact).is_none(), "{line}: twice");
    }
    facts
}

#[derive(Clone, Copy, Default)]
struct Count {
    right: u32,
    wrong: u32,
    missed: u32,
    role_right: u32,
    role_wrong: u32,
}

fn ratio(a: u32, b: u32) -> f64 {
    if a + b == 0 { 1.0 } else { f64::from(a) / f64::from(a + b) }
}

/// Compares one event with its fact; differences go to `notes`.
fn compare(
    event: &Event,
    fact: &Fact,
    counts: &mut BTreeMap<&'static str, Count>,
    notes: &mut Vec<String>,
) {
    let mut got: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for e in event.entities.iter().filter(|e| JUDGED.contains(&e.kind)) {
        let what = (e.kind.name().to_owned(), event.canonical(e));
        got.entry(what).or_default().insert(e.role.name().to_owned());
    }
    for kind in JUDGED {
        let count = counts.entry(kind.name()).or_default();
        for (what, roles) in got.iter().filter(|(what, _)| what.0 == kind.name()) {
            match fact.named.get(what) {
                Some(expected) => {
                    count.right += 1;
                    let agrees = expected.is_empty() || expected.is_subset(roles);
                    count.role_right += u32::from(agrees);
                    count.role_wrong += u32::from(!agrees);
                    if !agrees {
                        notes.push(format!("role {roles:?} for {expected:?}: {what:?}"));
                    }
                }
                None if fact.opinion.contains(what) => {}
                None => {
                    count.wrong += 1;
                    notes.push(format!("wrong {what:?}"));
                }
            }
        }
        let missed = fact.named.keys().filter(|w| w.0 == kind.name() && !got.contains_key(*w));
        for what in missed {
            count.missed += 1;
            notes.push(format!("missed {what:?}"));
        }
    }
}

fn read_file(path: &Path, mut f: impl FnMut(&[u8], Event)) {
    let bytes = std::fs::read(path).expect("SEERFLOW_SHARED is set, so its data sets are there");
    let source = Arc::new(SourceInfo::plain(1, "t", ReceiverKind::Archive, "file"));
    let mut finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let mut parser = Parser::new(RoleSet::bundled(), None);
    for (seq, line) in bytes.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let hit = finder.find(line);
        let meta = RecordMeta {
            start: 0,
            len: line.len() as u32,
            seq: seq as u64,
            event_time: hit.map(|h| h.ns),
            effective: hit.map_or(1, |h| h.ns),
            time_start: hit.map_or(0, |h| h.start),
            time_len: hit.map_or(0, |h| h.len),
            flags: Flags::default(),
            end: Default::default(),
        };
        let source = Arc::clone(&source);
        let batch = RecordBatch { source, observed: 5, bytes: line.to_vec(), records: vec![meta] };
        f(line, parser.parse(&batch, &meta));
    }
}

#[test]
fn precision_on_public_logs() {
    let mut facts = facts();
    assert_eq!(facts.len(), 400);
    let Some(shared) = std::env::var_os("SEERFLOW_SHARED") else {
        return eprintln!("SEERFLOW_SHARED is not set: precision of entities is not measured");
    };
    // Even hashes: looked at when the reading was made. Odd ones: only reported.
    let mut halves = [BTreeMap::new(), BTreeMap::new()];
    let root = Path::new(&shared).join("data/loghub");
    let mut folders: Vec<_> = std::fs::read_dir(&root).unwrap().map(|e| e.unwrap()).collect();
    folders.sort_by_key(std::fs::DirEntry::file_name);
    for folder in folders {
        let name = folder.file_name().into_string().unwrap();
        read_file(&folder.path().join(format!("{name}_2k.log")), |line, event| {
            let hash = hash::bytes(line);
            let Some(fact) = facts.remove(&hash) else { return };
            let half = (hash % 2) as usize;
            let mut notes = Vec::new();
            compare(&event, &fact, &mut halves[half], &mut notes);
            if half == 0 {
                notes.iter().for_each(|note| println!("{name} {hash:016x} {note}"));
            }
        });
    }
    assert!(facts.is_empty(), "{} lines are not there", facts.len());
    for kind in JUDGED.map(EntityType::name) {
        let [even, odd] = [0, 1].map(|half| halves[half][kind]);
        let all = Count {
            right: even.right + odd.right,
            wrong: even.wrong + odd.wrong,
            missed: even.missed + odd.missed,
            role_right: even.role_right + odd.role_right,
            role_wrong: even.role_wrong + odd.role_wrong,
        };
        for (which, c) in [("chosen on", even), ("reported", odd), ("all", all)] {
            println!(
                "{kind:5} {which:10} precision {:.3} ({}/{}) recall {:.3} role {:.3}",
                ratio(c.right, c.wrong),
                c.right,
                c.right + c.wrong,
                ratio(c.right, c.missed),
                ratio(c.role_right, c.role_wrong),
            );
        }
        assert!(ratio(all.right, all.wrong) >= LEAST_PRECISION, "precision of {kind}");
        assert!(ratio(all.right, all.missed) >= LEAST_RECALL, "recall of {kind}");
    }
}

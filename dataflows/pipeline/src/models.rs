//! Models: the part of a snapshot that a warm start takes over.
//!
//! What was learnt goes on: templates and their merges, values, series, content, order, entities,
//! sessions, and the calibrators with their tables. What happened stays where it happened: alerts
//! that were open and what was spent of the budget belong to the installation that raised them, and
//! the ledger of entities and edges says what *this* installation has seen. So an archive of others
//! makes detectors ready and nothing else.
//!
//! State is read by its operator and must then be sound: [`check`] reads all of it once before.

use crate::env::Snapshot;
use crate::folds::entities::Entities;
use crate::folds::merges::AliasTable;
use crate::folds::walks::{Known, Walks};
use crate::folds::{
    calibrate, chains, content, correlate, kinds, leaves, merges, newness, peers, series, sessions,
};
use crate::keyed::{Fold, Groups, Knowing, Versions};
use crate::table::Tables;
use seerflow_detection::calibrate::Table;
use seerflow_detection::volume::PeerCounts;
use seerflow_model::hash::group;
use serde::de::DeserializeOwned;

/// Reads the state of one group of one operator; says what is wrong with it.
type Read = fn(u8, &[u8]) -> Result<(), String>;

/// Operators whose state is taken over.
const TAKEN: &[(&str, Read)] = &[
    (leaves::Leaves::NAME, keyed::<leaves::Leaves>),
    (merges::Merges::NAME, keyed::<merges::Merges>),
    ("resolve", table::<AliasTable>),
    (newness::NewnessFold::NAME, keyed::<newness::NewnessFold>),
    (series::SeriesFold::NAME, keyed::<series::SeriesFold>),
    (peers::Peers::NAME, keyed::<peers::Peers>),
    (kinds::KindsFold::NAME, keyed::<kinds::KindsFold>),
    ("young", table::<PeerCounts>),
    (content::ContentFold::NAME, keyed::<content::ContentFold>),
    (Walks::NAME, keyed::<Walks>),
    (chains::Chains::NAME, keyed::<chains::Chains>),
    (Entities::NAME, keyed::<Entities>),
    (<Entities as Knowing>::TABLES, versions::<Known>),
    (sessions::SessionFold::NAME, keyed::<sessions::SessionFold>),
    (calibrate::Calibrate::NAME, keyed::<calibrate::Calibrate>),
    ("decide", table::<Table>),
    ("judge", table::<Table>),
];

/// Operators whose state stays behind; see the module head.
pub const LEFT: [&str; 10] = [
    "facts",
    "budget",
    "risk",
    "episodes",
    "stories",
    correlate::NAMES[0],
    correlate::NAMES[1],
    correlate::NAMES[2],
    correlate::NAMES[3],
    correlate::NAMES[4],
];

/// State that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the state of {operator}, group {group}: {reason}")]
pub struct Unreadable {
    /// Whose.
    pub operator: String,
    /// Which part of it.
    pub group: u8,
    /// What is wrong.
    pub reason: String,
}

/// The models of a snapshot.
pub fn taken(snapshot: Snapshot) -> Snapshot {
    let known = |name: &str| TAKEN.iter().any(|(taken, _)| *taken == name);
    snapshot.into_iter().filter(|((name, _), _)| known(name)).collect()
}

/// Whether every part can be read by its operator, and none is of an operator that is not known.
pub fn check(models: &Snapshot) -> Result<(), Unreadable> {
    for ((operator, index), bytes) in models {
        let read = TAKEN.iter().find(|(taken, _)| taken == operator);
        let result = match read {
            Some((_, read)) => read(*index, bytes),
            None => Err("nothing here is called so".to_owned()),
        };
        result.map_err(|reason| Unreadable {
            operator: operator.clone(),
            group: *index,
            reason,
        })?;
    }
    Ok(())
}

fn keyed<F: Fold>(index: u8, bytes: &[u8]) -> Result<(), String> {
    let mut groups: Groups<F::State> = Groups::new(F::GROUP_KEYS_MAX);
    groups.decode(index, bytes).map_err(|error| error.to_string())?;
    match groups.iter().all(|(key, _)| group(key) == index) {
        true => Ok(()),
        false => Err("it holds a key of another group".to_owned()),
    }
}

fn table<T: DeserializeOwned>(index: u8, bytes: &[u8]) -> Result<(), String> {
    whole::<Tables<T>>(index, bytes)
}

fn versions<T: DeserializeOwned>(index: u8, bytes: &[u8]) -> Result<(), String> {
    whole::<Versions<T>>(index, bytes)
}

/// Tables are saved as one.
fn whole<T: DeserializeOwned>(index: u8, bytes: &[u8]) -> Result<(), String> {
    if index != 0 {
        return Err("tables have one part only".to_owned());
    }
    bincode::deserialize::<T>(bytes).map(drop).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(parts: &[(&str, u8, &[u8])]) -> Snapshot {
        parts
            .iter()
            .map(|(name, index, bytes)| ((name.to_string(), *index), bytes.to_vec()))
            .collect()
    }

    #[test]
    fn what_happened_stays_behind() {
        let all = snapshot(&[("leaves", 1, b"x"), ("budget", 0, b"x"), ("judge", 0, b"x")]);
        let names: Vec<String> = taken(all).into_keys().map(|key| key.0).collect();
        assert_eq!(names, ["judge", "leaves"]);
        assert!(LEFT.iter().all(|left| TAKEN.iter().all(|(taken, _)| taken != left)));
    }

    #[test]
    fn what_cannot_be_read_is_found_before_its_operator_reads_it() {
        let empty: Vec<(u64, Option<u64>, u64, bool, u64)> = Vec::new();
        let none = bincode::serialize(&empty).unwrap();
        for name in ["leaves", "series", "walks", "entities", "calibrate", "sessions"] {
            assert!(check(&snapshot(&[(name, 7, &none)])).is_ok(), "{name}");
            let error = check(&snapshot(&[(name, 7, &[0xff; 40])])).unwrap_err();
            assert_eq!((error.operator.as_str(), error.group), (name, 7));
        }
        let tables = bincode::serialize(&Tables::<Table>::new()).unwrap();
        assert!(check(&snapshot(&[("judge", 0, &tables)])).is_ok());
        assert!(check(&snapshot(&[("judge", 1, &tables)])).is_err());
        assert!(check(&snapshot(&[("budget", 0, &none)])).is_err(), "not taken over");
        assert!(check(&snapshot(&[("leaves", 1, &[])])).is_err(), "cut off");
    }

    #[test]
    fn a_key_lies_in_its_group() {
        let way = (8u64, None::<u64>, 0u64, true, ([0u64; 2], 0u64, 0u64, 0u64));
        let at = group(8);
        let bytes = bincode::serialize(&vec![way]).unwrap();
        assert!(check(&snapshot(&[("walks", at, &bytes)])).is_ok());
        let error = check(&snapshot(&[("walks", at.wrapping_add(1), &bytes)])).unwrap_err();
        assert!(error.to_string().contains("another group"), "{error}");
    }
}

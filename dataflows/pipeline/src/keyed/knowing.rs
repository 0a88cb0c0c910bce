//! What a fold knows of other keys: tables that reach it beside its records.
//!
//! A table's owner (a keyed fold before this one) broadcasts versions; each is valid from the
//! instant at which its timer made it. A version may be the whole table or what was added to it:
//! [`Version::follow`] says. Every worker follows the same versions in the same order, so all hold
//! the same tables.

use super::Fold;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use timely::ExchangeData;

/// A version of a table, or what comes to it.
pub trait Version: ExchangeData + Clone + Serialize + DeserializeOwned {
    /// Brings what is known up to the next version.
    fn follow(&mut self, next: Self);
}

/// A fold that knows tables.
pub trait Knowing: Fold {
    /// Versions of the tables.
    type Table: Version;
    /// Name under which the tables are saved.
    const TABLES: &'static str;

    /// What it knows; it must call [`Versions::turn`] in its [`Fold::turn`].
    fn tables(&mut self) -> &mut Versions<Self::Table>;
}

/// Tables by key, and the versions that are not yet in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Versions<T> {
    current: BTreeMap<u64, T>,
    coming: BTreeMap<(Ns, u64), T>,
}

impl<T> Default for Versions<T> {
    fn default() -> Versions<T> {
        Versions { current: BTreeMap::new(), coming: BTreeMap::new() }
    }
}

impl<T: Version> Versions<T> {
    /// Takes a version that is valid from `at` on. An owner's versions arrive in their order.
    pub fn add(&mut self, at: Ns, key: u64, version: T) {
        match self.coming.get_mut(&(at, key)) {
            Some(coming) => coming.follow(version),
            None => {
                self.coming.insert((at, key), version);
            }
        }
    }

    /// Brings the tables up to `now`.
    #[inline]
    pub fn turn(&mut self, now: Ns) {
        while let Some(entry) = self.coming.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, key), next) = entry.remove_entry();
            match self.current.get_mut(&key) {
                Some(table) => table.follow(next),
                None => {
                    self.current.insert(key, next);
                }
            }
        }
    }

    /// A table as it is now.
    pub fn get(&self, key: u64) -> Option<&T> {
        self.current.get(&key)
    }

    /// The tables as they are just before `at`, without what comes later.
    pub(super) fn at(&self, at: Ns) -> Versions<T> {
        let mut tables = self.clone();
        if let Some(last) = at.checked_sub(1) {
            tables.turn(last);
        }
        tables.coming.clear();
        tables
    }
}

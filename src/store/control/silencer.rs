//! Says of each alert on its way to people whether it is silenced, and by what.
//!
//! Holds the silences that are not over and reads them anew when the store says that they changed.
//! When they cannot be read, those that were known go on to hold, and it is tried again.

use super::{Silence, StateStore};
use seerflow_model::{Alert, Ns};
use std::sync::Arc;

/// See the module head.
pub struct Silencer {
    store: Arc<dyn StateStore>,
    known: Vec<Silence>,
    /// Version of what is known; none before the first reading.
    version: Option<u64>,
}

impl Silencer {
    /// For the silences of a store.
    pub fn new(store: Arc<dyn StateStore>) -> Silencer {
        Silencer { store, known: Vec::new(), version: None }
    }

    /// The silence that keeps this alert from people at `now`: of several the one that lasts
    /// longest.
    pub fn silences(&mut self, alert: &Alert, now: Ns) -> Option<&str> {
        self.refresh(now);
        self.known
            .iter()
            .filter(|silence| silence.holds(now) && silence.matching.fits(alert))
            .max_by_key(|silence| silence.ends_ns)
            .map(|silence| silence.id.as_str())
    }

    fn refresh(&mut self, now: Ns) {
        // Taken first: a change that comes while it is read is read the next time.
        let version = self.store.silences_version();
        if self.version == Some(version) {
            return;
        }
        match self.store.silences(false, now) {
            Ok(known) => (self.known, self.version) = (known, Some(version)),
            Err(error) => tracing::error!(%error, "cannot read the silences"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NewSilence, SilenceMatch, SqliteStore};
    use super::*;
    use crate::alerting::samples::{START, alert};
    use seerflow_model::time::DAY;

    #[test]
    fn follows_changes_and_the_clock() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&dir.path().join("a.db")).unwrap());
        let mut silencer = Silencer::new(store.clone());
        let alert = alert("a");
        assert_eq!(silencer.silences(&alert, START), None);
        let new = |rule: &str, starts, ends| NewSilence {
            matching: SilenceMatch { rule: Some(rule.into()), ..SilenceMatch::default() },
            reason: "x".into(),
            created_by: "ada".into(),
            starts,
            ends,
        };
        let add = |rule, starts, ends| store.add_silence(&new(rule, starts, ends), START).unwrap();
        add("other", START, START + DAY);
        let short = add("never-seen-message", START + 10, START + 20);
        let mut at = |now| silencer.silences(&alert, now).map(str::to_owned);
        assert_eq!((at(START + 9), at(START + 10)), (None, Some(short.id.clone())));
        assert_eq!(at(START + 20), None);
        let long = add("never-seen-message", START, START + DAY);
        assert_eq!(at(START + 15), Some(long.id.clone()));
        store.remove_silence(&long.id, "ada", START + 16).unwrap();
        assert_eq!(at(START + 16), Some(short.id));
        assert_eq!(at(START + 20), None);
    }
}

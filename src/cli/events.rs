//! The event store of a command: opened in the data directory as the configuration says.

use super::output;
use crate::config::{Config, DataDir, EventStorage};
use crate::failure::{ExitCode, Failure};
use crate::runtime::clock::Clock;
use crate::store::events::{EventStore, Opened, Options, Origin, Retention, StoreError, Writer};
use seerflow_model::time::DAY;
use seerflow_pipeline::keep::{Keeper, Keepers};
use std::sync::{Arc, Mutex, PoisonError};

/// Folder of the events in the data directory.
const FOLDER: &str = "events";

/// Opens the store, unless events are kept nowhere, and says what was found to be broken.
pub fn open(config: &Config, data: &DataDir) -> Result<Option<Arc<EventStore>>, Failure> {
    if config.storage.events == EventStorage::None {
        return Ok(None);
    }
    let options = Options { retention: retention(config), ..Options::default() };
    let (store, opened) = EventStore::open(&data.path().join(FOLDER), options, Clock::system())
        .map_err(|error| failed(&error))?;
    say(&opened);
    Ok(Some(store))
}

/// What becomes of events in time.
fn retention(config: &Config) -> Retention {
    let keys = &config.retention;
    let unset = Retention::default();
    Retention {
        max_age: (keys.max_age_days > 0).then(|| u64::from(keys.max_age_days) * DAY),
        max_bytes: keys.max_bytes.or(unset.max_bytes),
        // What is asked for by name may be more than a fifth of the disk.
        max_disk_share: if keys.max_bytes.is_some() { 1.0 } else { unset.max_disk_share },
        disk_full: f64::from(keys.max_disk_percent) / 100.0,
    }
}

/// One writer for each worker.
pub fn keepers(store: &EventStore, workers: usize, origin: Origin) -> Result<Keepers, Failure> {
    let writers: Result<Vec<_>, StoreError> =
        (0..workers).map(|worker| store.writer(worker as u16, origin)).collect();
    let writers: Vec<Mutex<Option<Writer>>> = writers
        .map_err(|error| failed(&error))?
        .into_iter()
        .map(|writer| Mutex::new(Some(writer)))
        .collect();
    Ok(Arc::new(move |worker| {
        let writer = writers
            .get(worker)
            .and_then(|writer| writer.lock().unwrap_or_else(PoisonError::into_inner).take());
        // Each worker is made once.
        Box::new(writer.expect("a writer for each worker")) as Box<dyn Keeper>
    }))
}

fn say(opened: &Opened) {
    if opened.cut_bytes > 0 {
        output::message(&format!(
            "warning: the event store was not closed: {} bytes of a torn end were cut",
            opened.cut_bytes
        ));
    }
    if opened.set_aside > 0 {
        output::message(&format!(
            "warning: the event store is damaged: {} stretches are left out",
            opened.set_aside
        ));
    }
}

/// A failure of the store.
pub fn failed(error: &StoreError) -> Failure {
    Failure::new(ExitCode::Storage, format!("the event store: {error}"))
}

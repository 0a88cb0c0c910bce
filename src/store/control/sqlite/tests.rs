//! Tests of [`super`].

mod alerts;
mod figures;
mod files;
mod hostile;
mod oracle;
mod people;
mod rules;
mod templates;

use super::*;
use crate::alerting::samples::{START, alert};
use seerflow_model::{Alert, AlertStatus, Severity};
use std::sync::Arc;
use tempfile::TempDir;

/// A store in a folder of its own, which lives as long as this does.
fn store() -> (TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("seerflow.db")).unwrap();
    (dir, store)
}

fn write(alert: Alert) -> AlertWrite {
    AlertWrite::of(Arc::new(alert))
}

fn revision(id: &str, revision: u32, status: AlertStatus) -> Alert {
    Alert { revision, status, ..alert(id) }
}

fn json(alert: &Alert) -> String {
    serde_json::to_string(alert).unwrap()
}

fn ids(page: &Paged<StoredAlert>) -> Vec<&str> {
    page.items.iter().map(|stored| stored.alert.alert_id.as_str()).collect()
}

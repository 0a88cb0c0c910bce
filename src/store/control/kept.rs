//! The store of a running program, with what is counted around it.

use super::writer::WriterCounters;
use super::{Silencer, StateStore, StateWriter};
use crate::api::Metric;
use crate::runtime::clock::Clock;
use seerflow_model::Alert;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What readers of a running program see of its state store.
#[derive(Clone)]
pub struct Kept {
    /// The store.
    pub store: Arc<dyn StateStore>,
    /// What became of alerts on their way into it.
    pub written: Arc<WriterCounters>,
    /// Revisions that a silence kept from people.
    pub silenced: Arc<AtomicU64>,
}

impl Kept {
    /// What is wrong, for the health of the program.
    pub fn problems(&self) -> Vec<String> {
        let failing = self.written.failing.load(Ordering::Acquire);
        let said = "alerts cannot be stored at present; they are kept and tried again";
        if failing { vec![said.to_owned()] } else { Vec::new() }
    }

    /// Its counters.
    pub fn metrics(&self) -> Vec<Metric> {
        let metric =
            |name, help, value: u64| Metric { name, help, label: None, value: value as f64 };
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        vec![
            metric(
                "alerts_silenced_total",
                "Revisions of alerts that a silence kept from people.",
                count(&self.silenced),
            ),
            metric(
                "alert_revisions_stored_total",
                "Revisions of alerts that were stored.",
                count(&self.written.stored),
            ),
            metric(
                "alert_revisions_lost_total",
                "Revisions of alerts that could not be stored.",
                count(&self.written.lost),
            ),
        ]
    }
}

/// What alerts pass on their way to people: asked whether they are silenced, then stored.
pub struct Keeping {
    kept: Kept,
    writer: StateWriter,
    silencer: Silencer,
    clock: Clock,
}

impl Keeping {
    /// Starts the queue in front of a store.
    pub fn start(store: Arc<dyn StateStore>, clock: Clock) -> io::Result<Keeping> {
        let writer = StateWriter::start(store.clone(), clock.clone())?;
        let silencer = Silencer::new(store.clone());
        let kept = Kept { store, written: writer.counters(), silenced: Arc::default() };
        Ok(Keeping { kept, writer, silencer, clock })
    }

    /// What readers see of it.
    pub fn kept(&self) -> Kept {
        self.kept.clone()
    }

    /// The silence that keeps an alert from people, counted.
    pub fn silenced(&mut self, alert: &Alert) -> Option<String> {
        let by = self.silencer.silences(alert, self.clock.now()).map(str::to_owned);
        self.kept.silenced.fetch_add(u64::from(by.is_some()), Ordering::Relaxed);
        by
    }

    /// Stores an alert with that silence; may wait while the store is slow.
    pub fn keep(&self, alert: Arc<Alert>, silenced_by: Option<String>) {
        self.writer.push(super::AlertWrite { alert, silenced_by });
    }

    /// Stores what waits; `false` when that took longer than allowed, or something was lost.
    pub fn finish(self, timeout: Duration) -> bool {
        let counters = self.writer.counters();
        self.writer.finish(timeout) && counters.lost.load(Ordering::Relaxed) == 0
    }
}

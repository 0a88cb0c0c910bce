//! Archives through the dataflow, as fast as the machine can.

use super::archive::{Plan, Progress, Summary};
use seerflow_model::Alert;
use seerflow_pipeline::engine::{Engine, Options, Shared};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an archive run gave.
pub struct Outcome {
    /// The last state of each alert, sorted by (start, id).
    pub alerts: Vec<Alert>,
    /// What workers share with readers, as it stood at the end.
    pub shared: Shared,
    /// What the scan found.
    pub summary: Summary,
    /// What went wrong on the way.
    pub progress: Arc<Progress>,
}

/// An archive run failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The engine did.
    #[error(transparent)]
    Engine(#[from] seerflow_pipeline::engine::Failed),
    /// The reader could not be started.
    #[error("cannot start the reader: {0}")]
    Reader(#[from] std::io::Error),
}

/// Runs a scanned plan. `started` gets what readers may watch while it runs.
pub fn run(
    plan: Plan,
    options: Options,
    started: impl FnOnce(&Shared, &Arc<Progress>),
) -> Result<Outcome, Failed> {
    let workers = options.workers.max(1);
    let summary = plan.summary();
    let newest = plan.newest().unwrap_or(0);
    let progress = plan.progress();
    let (engine, alerts) = Engine::start(options)?;
    started(&engine.shared, &progress);
    let collect = std::thread::spawn(move || last_states(alerts.into_iter()));
    let port = engine.port(0);
    // Workers may still have chunks to open when the last one is handed over.
    port.state.saw(newest);
    let running = plan.run(port, workers)?;
    // The engine only stops before its input ends when a worker failed; `finish` says so.
    let _ = running.join();
    let shared = engine.shared.clone();
    engine.finish()?;
    let alerts = collect.join().unwrap_or_default();
    Ok(Outcome { alerts, shared, summary, progress })
}

/// The last revision of each alert, sorted by (start, id).
pub fn last_states(alerts: impl Iterator<Item = Alert>) -> Vec<Alert> {
    let mut last: BTreeMap<(u64, String), Alert> = BTreeMap::new();
    for alert in alerts {
        let place = (alert.timestamp_ns, alert.alert_id.clone());
        match last.get_mut(&place) {
            Some(have) if have.revision >= alert.revision => {}
            Some(have) => *have = alert,
            None => {
                last.insert(place, alert);
            }
        }
    }
    last.into_values().collect()
}

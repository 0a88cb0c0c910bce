//! What a run has learnt and counted, as one JSON document: the same for any number of workers and
//! processes, byte for byte.

use super::summary::Summary;
use super::templates;
use crate::failure::Failure;
use seerflow_model::text::neutral_json;
use seerflow_pipeline::engine::Shared;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering::Acquire;

/// Opens the file before the work, so that a mistake is told at once.
pub fn open(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| {
        Failure::usage(format!("cannot write {}: {error}", path.display()))
            .detail("argument: --summary-json")
    })
}

/// Writes it.
pub fn write(file: &mut File, summary: &Summary, shared: &Shared) -> std::io::Result<()> {
    let text = format!("{:#}\n", document(summary, shared));
    file.write_all(neutral_json(&text).as_bytes())
}

fn document(summary: &Summary, shared: &Shared) -> Value {
    let ledger = shared.ports.iter().enumerate().map(|(id, port)| {
        let [accepted, processed, dropped, in_flight, held] =
            [&port.accepted, &port.processed, &port.dropped, &port.in_flight, &port.held]
                .map(|count| count.load(Acquire));
        json!({
            "port": id,
            "accepted": accepted,
            "processed": processed,
            "dropped": dropped,
            "in_flight": in_flight,
            "held": held,
        })
    });
    let facts = shared.views.facts();
    let facts = facts.iter().map(|(kind, n)| (format!("{kind:?}"), Value::from(*n)));
    json!({
        "events": summary.events,
        "alerts": summary.alerts,
        "open_alerts": summary.open_alerts,
        "templates": summary.templates,
        "entities": summary.entities,
        "sources": shared.noticed.sources(),
        "span": summary.span,
        "dropped": summary.dropped,
        "tags": summary.tags,
        "held_by_budget": shared.budget_held.load(Acquire),
        "evictions": shared.views.evictions(),
        "facts": facts.collect::<serde_json::Map<_, _>>(),
        "ledger": ledger.collect::<Vec<_>>(),
        "notices": summary.notices,
        "template_list": shared.views.templates().iter().map(templates::document).collect::<Vec<_>>(),
    })
}

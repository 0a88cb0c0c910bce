//! All that a run gave, as sorted lines: two runs are alike when these are equal byte for byte.

use seerflow::runtime::batch::Outcome;
use seerflow_model::Alert;
use seerflow_pipeline::engine::Shared;
use std::sync::atomic::Ordering::Acquire;

/// What a run gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest(pub Vec<String>);

/// All fields of the alerts.
pub fn alerts(alerts: &[Alert]) -> Digest {
    let mut lines: Vec<String> =
        alerts.iter().map(|alert| serde_json::to_string(alert).unwrap()).collect();
    lines.sort();
    Digest(lines)
}

/// The alerts, with their events named by source, time and message instead of by id.
pub fn alerts_by_content(list: &[Alert]) -> Digest {
    let mut list = list.to_vec();
    for event in list.iter_mut().flat_map(|alert| &mut alert.events) {
        event.event_id.clear();
    }
    alerts(&list)
}

/// Templates and numbers of facts.
pub fn knowledge(shared: &Shared) -> Digest {
    let mut lines: Vec<String> =
        shared.views.templates().iter().map(|row| serde_json::to_string(row).unwrap()).collect();
    lines.push(format!("facts {:?}", shared.views.facts()));
    lines.push(format!("template count {}", shared.views.template_count()));
    lines.sort();
    Digest(lines)
}

/// The conservation ledger, port by port; checks that it holds.
pub fn ledger(shared: &Shared) -> Digest {
    let mut lines = Vec::new();
    for (id, port) in shared.ports.iter().enumerate() {
        let [accepted, processed, dropped, held, in_flight] =
            [&port.accepted, &port.processed, &port.dropped, &port.held, &port.in_flight]
                .map(|count| count.load(Acquire));
        assert_eq!(accepted, processed + dropped, "port {id}: nothing may be lost");
        assert_eq!((held, in_flight), (0, 0), "port {id}: nothing may be left at the end");
        lines.push(format!("port {id}: {accepted} = {processed} + {dropped}"));
    }
    lines.push(format!("dropped {:?}", shared.noticed.dropped()));
    lines.push(format!("tags {:?}", shared.noticed.tags()));
    lines.push(format!("sources {}", shared.noticed.sources()));
    lines.push(format!("held by the budget {}", shared.budget_held.load(Acquire)));
    lines.push(format!("evictions {}", shared.views.evictions()));
    Digest(lines)
}

/// Everything.
pub fn all(outcome: &Outcome) -> Digest {
    let mut lines = alerts(&outcome.alerts).0;
    lines.extend(knowledge(&outcome.shared).0);
    lines.extend(ledger(&outcome.shared).0);
    Digest(lines)
}

/// Fails with the first difference.
#[track_caller]
pub fn same(name: &str, left: &Digest, right: &Digest) {
    if left == right {
        return;
    }
    let differ = left.0.iter().zip(&right.0).find(|(a, b)| a != b);
    let (a, b) = differ.map_or(("", ""), |(a, b)| (a.as_str(), b.as_str()));
    let at = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let cut = |text: &str| -> String {
        let bytes = &text.as_bytes()[at.saturating_sub(200).min(text.len())..];
        String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).into_owned()
    };
    panic!(
        "{name}: {} and {} lines; first difference:\n  {}\n  {}",
        left.0.len(),
        right.0.len(),
        cut(a),
        cut(b)
    );
}

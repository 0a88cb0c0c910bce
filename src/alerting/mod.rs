//! Alerts on their way to people: how they look, where they go, which are remembered.
//!
//! * [`render`]: an alert as text, for people and as JSON; lists as table and CSV.
//! * [`console`], [`mod@file`]: the sinks there are.
//! * [`sinks`]: one bounded queue and one thread in front of all sinks, so that a slow terminal or
//!   a full disk never holds up the engine.
//! * [`book`]: the open alerts and the last closed ones, for the API.
//! * [`pump`]: from the engine to the book, the sinks and the store.
//! * [`plan`]: which sinks a configuration and the command line ask for.

pub mod book;
pub mod console;
pub mod file;
pub mod plan;
pub mod pump;
pub mod render;
pub mod sinks;
pub mod table;

pub use book::AlertBook;
pub use plan::{Overrides, Plan};
pub use sinks::{Counters, Sink, Sinks};

#[cfg(test)]
pub(crate) mod samples {
    //! Alerts for tests.

    use seerflow_model::alert::AlertEvidence;
    use seerflow_model::{Alert, AlertStatus, Brief, EntityOut, EntityType, Role, Severity};
    use std::collections::BTreeMap;

    /// 2026-03-24T19:01:00Z.
    pub const START: u64 = 1_774_378_860_000_000_000;

    /// An alert like the one of the walk-through.
    pub fn alert(id: &str) -> Alert {
        let message = "FATAL connection limit exceeded 847/100";
        Alert {
            schema: 1,
            alert_id: id.into(),
            revision: 0,
            status: AlertStatus::Open,
            provisional: false,
            retro: false,
            alert_type: "ml".into(),
            lens: "operations".into(),
            rule_name: "never-seen-message".into(),
            rule_id: "r".into(),
            rule_author: None,
            ruleset_version: None,
            title: "never seen from postgres on db: FATAL connection limit exceeded <*>".into(),
            description: String::new(),
            severity: Severity::Error,
            severity_text: "ERROR".into(),
            timestamp_ns: START,
            last_seen_ns: START,
            closed_ns: None,
            entity_uuid: Some("u".into()),
            entity_type: Some(EntityType::Host),
            entity_value: Some("db".into()),
            entities: vec![EntityOut::new(EntityType::Host, "db", Role::Target)],
            source_type: Some("syslog".into()),
            occurrences: 1,
            dedup_count: 1,
            risk_score: None,
            probability: Some(2e-5),
            evidence: vec![AlertEvidence {
                channel: "content".into(),
                kind: "new-template".into(),
                probability: Some(2e-5),
                text: "new after 301 events".into(),
                values: BTreeMap::from([("events".into(), 301.0)]),
            }],
            event_count: 1,
            events: vec![Brief {
                event_id: "e".into(),
                timestamp_ns: START,
                source: "127.0.0.1 → udp:5514".into(),
                message: message.into(),
            }],
            mitre_tactics: vec![],
            mitre_techniques: vec![],
            dedup_key: "k".into(),
            feedback: None,
        }
    }
}

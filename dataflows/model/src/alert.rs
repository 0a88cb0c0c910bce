//! The one alert object: console, file, API and stream all show this.
//!
//! Keys are always present, null when unknown; times in nanoseconds are strings, so that
//! JavaScript readers lose nothing.

use crate::attack::Tactic;
use crate::entity::EntityType;
use crate::evidence::{Brief, EntityOut};
use crate::severity::Severity;
use crate::time::Ns;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Nanoseconds as a JSON string.
pub mod ns_string {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the number as a string.
    pub fn serialize<S: Serializer>(ns: &u64, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(ns)
    }

    /// Reads it back.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<u64, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

/// As [`ns_string`], for a time that may be unknown.
pub mod ns_string_opt {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes a string or null.
    pub fn serialize<S: Serializer>(ns: &Option<u64>, s: S) -> Result<S::Ok, S::Error> {
        match ns {
            // Not `collect_str`: forms that do not describe themselves need the mark of "some".
            Some(ns) => s.serialize_some(&ns.to_string()),
            None => s.serialize_none(),
        }
    }

    /// Reads it back.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
        let text = Option::<String>::deserialize(d)?;
        text.map(|t| t.parse().map_err(D::Error::custom)).transpose()
    }
}

/// Severity as its number.
mod severity_id {
    use crate::severity::Severity;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(severity: &Severity, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u8(severity.id())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Severity, D::Error> {
        Ok(Severity::from_id(u8::deserialize(d)?))
    }
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// Its episode goes on.
    Open,
    /// Its episode goes on and something about it changed.
    Updated,
    /// Its episode ended.
    Closed,
    /// What it said turned out not to hold.
    Retracted,
}

/// Evidence as an alert carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertEvidence {
    /// Channel.
    pub channel: String,
    /// Kind within the channel.
    pub kind: String,
    /// Tail probability; null where a rule has matched.
    pub probability: Option<f64>,
    /// One sentence.
    pub text: String,
    /// Numbers behind it.
    pub values: BTreeMap<String, f64>,
}

/// An alert: one episode of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the contract; the API page explains each")]
pub struct Alert {
    pub schema: u32,
    pub alert_id: String,
    pub revision: u32,
    pub status: AlertStatus,
    pub provisional: bool,
    pub retro: bool,
    pub alert_type: String,
    pub lens: String,
    pub rule_name: String,
    pub rule_id: String,
    pub rule_author: Option<String>,
    pub ruleset_version: Option<String>,
    pub title: String,
    pub description: String,
    #[serde(with = "severity_id")]
    pub severity: Severity,
    pub severity_text: String,
    #[serde(with = "ns_string")]
    pub timestamp_ns: Ns,
    #[serde(with = "ns_string")]
    pub last_seen_ns: Ns,
    #[serde(with = "ns_string_opt")]
    pub closed_ns: Option<Ns>,
    pub entity_uuid: Option<String>,
    pub entity_type: Option<EntityType>,
    pub entity_value: Option<String>,
    pub entities: Vec<EntityOut>,
    pub source_type: Option<String>,
    pub occurrences: u64,
    pub dedup_count: u64,
    pub risk_score: Option<f64>,
    pub probability: Option<f64>,
    pub evidence: Vec<AlertEvidence>,
    pub event_count: u64,
    pub events: Vec<Brief>,
    pub mitre_tactics: Vec<Tactic>,
    pub mitre_techniques: Vec<String>,
    pub dedup_key: String,
    pub feedback: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_always_present_and_ns_are_strings() {
        let alert = Alert {
            schema: 1,
            alert_id: "x".into(),
            revision: 0,
            status: AlertStatus::Open,
            provisional: false,
            retro: false,
            alert_type: "ml".into(),
            lens: "operations".into(),
            rule_name: "silence".into(),
            rule_id: "r".into(),
            rule_author: None,
            ruleset_version: None,
            title: String::new(),
            description: String::new(),
            severity: Severity::Error,
            severity_text: "ERROR".into(),
            timestamp_ns: 1,
            last_seen_ns: u64::MAX >> 1,
            closed_ns: None,
            entity_uuid: None,
            entity_type: None,
            entity_value: None,
            entities: vec![],
            source_type: None,
            occurrences: 1,
            dedup_count: 1,
            risk_score: None,
            probability: Some(1e-9),
            evidence: vec![],
            event_count: 1,
            events: vec![],
            mitre_tactics: vec![Tactic::CredentialAccess],
            mitre_techniques: vec![],
            dedup_key: "k".into(),
            feedback: None,
        };
        let json = serde_json::to_value(&alert).unwrap();
        assert_eq!(json["last_seen_ns"], "9223372036854775807");
        assert!(json["closed_ns"].is_null() && json.get("feedback").is_some());
        assert_eq!(json["severity"], 4);
        assert_eq!(json["mitre_tactics"][0], "credential-access");
        assert_eq!(serde_json::from_value::<Alert>(json).unwrap(), alert);
    }
}

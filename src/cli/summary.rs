//! What a command says when it ends: events, alerts, templates, entities, drops by reason, rate.

use super::persist::Added;
use super::progress::thousands;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The numbers of a run. What is not known is `None` and shown as not known.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Events that passed the dataflow.
    pub events: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Alerts.
    pub alerts: u64,
    /// Whether another process of the cluster has them, and knows what is counted over all.
    #[serde(skip)]
    pub alerts_elsewhere: bool,
    /// Alerts whose episodes were still going on.
    pub open_alerts: u64,
    /// Templates.
    pub templates: Option<u64>,
    /// Entities.
    pub entities: Option<u64>,
    /// What became part of the store, when it was to.
    #[serde(skip)]
    pub stored: Option<Added>,
    /// Records that were dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Records by tag: late, clock_skew, inherited …
    pub tags: BTreeMap<String, u64>,
    /// Redacted values by kind.
    pub redacted: BTreeMap<String, u64>,
    /// Wall time.
    pub seconds: f64,
    /// First and last event time, in RFC 3339.
    pub span: Option<(String, String)>,
    /// What a reader should know: the zone and year that were assumed, files passed over.
    pub notices: Vec<String>,
}

impl Summary {
    /// Sets the wall time.
    #[must_use]
    pub fn took(mut self, elapsed: Duration) -> Summary {
        self.seconds = elapsed.as_secs_f64();
        self
    }

    /// Events per second of wall time.
    pub fn events_per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.events as f64 / self.seconds } else { 0.0 }
    }
}

fn counts(counts: &BTreeMap<String, u64>) -> String {
    let parts: Vec<_> =
        counts.iter().map(|(name, n)| format!("{} {name}", thousands(*n))).collect();
    parts.join(", ")
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |n: Option<u64>| n.map_or_else(|| "not known".to_owned(), thousands);
        writeln!(f, "events     {}", thousands(self.events))?;
        if self.alerts_elsewhere {
            // What is counted over all cannot be told from a part of it.
            return write!(f, "took       {:.1} s", self.seconds);
        }
        match self.open_alerts {
            0 => writeln!(f, "alerts     {}", thousands(self.alerts))?,
            open => writeln!(f, "alerts     {}, {} still open", thousands(self.alerts), open)?,
        }
        writeln!(f, "templates  {}", known(self.templates))?;
        writeln!(f, "entities   {}", known(self.entities))?;
        if let Some((first, last)) = &self.span {
            writeln!(f, "log time   {first} – {last}")?;
        }
        if self.dropped.is_empty() {
            writeln!(f, "dropped    0")?;
        } else {
            writeln!(f, "dropped    {}", counts(&self.dropped))?;
        }
        if !self.tags.is_empty() {
            writeln!(f, "tagged     {}", counts(&self.tags))?;
        }
        if self.redacted.values().any(|n| *n > 0) {
            writeln!(f, "redacted   {}", counts(&self.redacted))?;
        }
        if let Some(stored) = &self.stored {
            writeln!(
                f,
                "stored     {} events, {} alerts; {} events and {} alerts were there already",
                thousands(stored.events),
                thousands(stored.alerts),
                thousands(stored.known_events),
                thousands(stored.known_alerts)
            )?;
        }
        let rate = thousands(self.events_per_second() as u64);
        write!(f, "took       {:.1} s, {rate} events/s", self.seconds)?;
        self.notices.iter().try_for_each(|notice| write!(f, "\nnotice: {notice}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_known_and_what_is_not() {
        let summary = Summary {
            events: 1_234_567,
            alerts: 3,
            open_alerts: 1,
            templates: Some(7),
            dropped: BTreeMap::from([
                ("frame_too_long".into(), 2),
                ("udp_queue_full".into(), 1_000),
            ]),
            notices: vec!["times without a zone were read as UTC".into()],
            ..Summary::default()
        };
        assert_eq!(
            summary.took(Duration::from_secs(2)).to_string(),
            "events     1,234,567\nalerts     3, 1 still open\ntemplates  7\nentities   not known\n\
             dropped    2 frame_too_long, 1,000 udp_queue_full\n\
             took       2.0 s, 617,283 events/s\nnotice: times without a zone were read as UTC"
        );
        assert!(Summary::default().to_string().contains("0 events/s"));
    }
}

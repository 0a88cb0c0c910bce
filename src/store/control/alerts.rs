//! Alerts as they are put in, asked for and given back.

use super::text;
use super::{Result, StateError};
use seerflow_model::attack::Tactic;
use seerflow_model::{Alert, AlertStatus, Ns, Severity};
use std::sync::Arc;

/// Longest text in a field of a query, in bytes.
pub const FIELD_MAX: usize = 1_024;
/// Most values of one field of a query.
pub const VALUES_MAX: usize = 64;

/// A revision to be stored.
#[derive(Clone, Debug)]
pub struct AlertWrite {
    /// The alert.
    pub alert: Arc<Alert>,
    /// The silence that kept it from people.
    pub silenced_by: Option<String>,
}

impl AlertWrite {
    /// One that was delivered, or is to be delivered by nobody.
    pub fn of(alert: Arc<Alert>) -> AlertWrite {
        AlertWrite { alert, silenced_by: None }
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutCounts {
    /// Alerts that were not there.
    pub added: u64,
    /// Revisions of alerts that were there, stored now.
    pub updated: u64,
    /// Revisions that were there as they are.
    pub unchanged: u64,
    /// Alerts beyond the limits of an alert, which were not stored.
    pub refused: u64,
}

impl PutCounts {
    /// Adds the counts of another batch.
    pub fn add(&mut self, other: PutCounts) {
        self.added += other.added;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.refused += other.refused;
    }
}

/// An alert that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAlert {
    /// As its newest revision says, with the last verdict as `feedback`.
    pub alert: Alert,
    /// Note of the last verdict.
    pub feedback_note: Option<String>,
    /// The silence that kept its newest revision from people.
    pub silenced_by: Option<String>,
    /// When its newest revision was stored.
    pub stored: Ns,
}

/// A revision that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRevision {
    /// The alert as it was.
    pub alert: Alert,
    /// The silence that kept it from people.
    pub silenced_by: Option<String>,
    /// When it was stored.
    pub stored: Ns,
}

/// Alerts of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertBucket {
    /// Start of the bucket.
    pub start: Ns,
    /// Alerts that began in it.
    pub count: u64,
    /// The worst of them.
    pub max_severity: Severity,
}

/// How many alerts there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertCounts {
    /// By severity 0–6.
    pub by_severity: [u64; 7],
    /// Whose episode goes on.
    pub open: u64,
    /// Whose newest revision was silenced.
    pub silenced: u64,
    /// Judged to be right, last.
    pub true_positives: u64,
    /// Judged to be wrong, last.
    pub false_positives: u64,
}

/// Which alerts are wanted. What is empty or `None` fits all; values of one field are
/// alternatives, fields must all fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertQuery {
    /// Begun at or after.
    pub since: Option<Ns>,
    /// Begun before.
    pub until: Option<Ns>,
    /// Types.
    pub types: Vec<String>,
    /// At least this severity.
    pub min_severity: Option<Severity>,
    /// States.
    pub statuses: Vec<AlertStatus>,
    /// UUIDs of entities, whatever the part they play.
    pub entities: Vec<String>,
    /// Tactics.
    pub tactics: Vec<Tactic>,
    /// Techniques, `T1110` or `T1110.001`; the former finds the latter too.
    pub techniques: Vec<String>,
    /// Name or id of rules.
    pub rules: Vec<String>,
    /// Words to be found, see [`text`].
    pub text: Option<String>,
    /// Only silenced ones, or only those that were not.
    pub silenced: Option<bool>,
    /// Verdicts: `tp`, `fp`.
    pub feedback: Option<super::Verdict>,
    /// Source types.
    pub source_types: Vec<String>,
    /// Lens: `security`, `operations`.
    pub lens: Option<String>,
}

impl AlertQuery {
    /// Refuses what is beyond the limits, and what cannot be.
    pub(super) fn check(&self) -> Result<()> {
        let lists = [
            ("type", &self.types),
            ("entity", &self.entities),
            ("technique", &self.techniques),
            ("rule", &self.rules),
            ("source_type", &self.source_types),
        ];
        for (name, values) in lists {
            if values.len() > VALUES_MAX {
                let text = format!("{name} has {} values; at most {VALUES_MAX}", values.len());
                return Err(StateError::Invalid(text));
            }
            if values.iter().any(|value| value.len() > FIELD_MAX) {
                let text = format!("a value of {name} is longer than {FIELD_MAX} bytes");
                return Err(StateError::Invalid(text));
            }
        }
        for value in &self.techniques {
            if technique(value).is_none() {
                return Err(StateError::Invalid("technique is not like T1110 or T1110.001".into()));
            }
        }
        if self.lens.as_ref().is_some_and(|lens| lens.len() > FIELD_MAX) {
            return Err(StateError::Invalid(format!("lens is longer than {FIELD_MAX} bytes")));
        }
        if let Some(query) = &self.text {
            text::parse(query)?;
        }
        Ok(())
    }
}

/// A technique in its canonical form, `T1110` or `T1110.001`; `None` when it is none.
pub fn technique(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("attack.").unwrap_or(text).to_ascii_uppercase();
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let rest = text.strip_prefix('T')?;
    let fits = match rest.split_once('.') {
        Some((parent, sub)) => digits(parent, 4) && digits(sub, 3),
        None => digits(rest, 4),
    };
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_have_one_form() {
        let cases = [
            ("T1110", Some("T1110")),
            (" attack.t1110.001 ", Some("T1110.001")),
            ("T1110.1", None),
            ("1110", None),
            ("T11100", None),
            ("T1110.", None),
            ("T1110.001.002", None),
            ("", None),
            ("TÜ110", None),
        ];
        for (text, want) in cases {
            assert_eq!(technique(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn limits_of_a_query() {
        let long = "x".repeat(FIELD_MAX + 1);
        let fine = AlertQuery { types: vec!["ml".into()], ..AlertQuery::default() };
        assert!(fine.check().is_ok());
        let many = AlertQuery { rules: vec!["r".into(); VALUES_MAX + 1], ..AlertQuery::default() };
        let wide = AlertQuery { entities: vec![long], ..AlertQuery::default() };
        let odd = AlertQuery { techniques: vec!["T1' --".into()], ..AlertQuery::default() };
        for query in [many, wide, odd] {
            assert!(query.check().unwrap_err().is_invalid(), "{query:?}");
        }
    }
}

//! State that people change, and what they look it up by: alerts with every revision, feedback,
//! silences, marks, switches of rules, the dictionary of templates, and who changed what.
//!
//! [`StateStore`] is the contract. It is synchronous and object-safe: a database is asked from a
//! thread that may wait, never from the dataflow, and another database than SQLite can stand behind
//! it. [`SqliteStore`] is the one there is. [`StateWriter`] is the bounded queue in front of it for
//! what the engine sends; [`Silencer`] says whether an alert is silenced.
//!
//! Invariants: a revision is stored once, whatever how often it is put; feedback belongs to the
//! alert and outlives its revisions; an alert comes back as it was put, byte for byte as JSON,
//! except for `feedback`; every change by a person leaves a line in the audit in the same
//! transaction. Nothing reads a clock: whoever calls says what time it is.
//!
//! What is put in is untrusted, and so is what is asked: every text has a named limit.

pub mod alerts;
pub mod error;
pub mod feedback;
pub mod kept;
pub mod mark;
pub mod page;
pub mod rules;
pub mod silence;
pub mod silencer;
pub mod sqlite;
pub mod templates;
pub mod text;
pub mod writer;

pub use alerts::{
    AlertBucket, AlertCounts, AlertQuery, AlertWrite, PutCounts, StoredAlert, StoredRevision,
};
pub use error::StateError;
pub use feedback::{AuditEntry, Feedback, GivenVerdict, NewFeedback, RuleSwitch, Verdict};
pub use kept::{Keeping, Kept};
pub use mark::{Mark, MarkKind, MarkMatch, MarkRequest, NewMark};
pub use page::{PageRequest, Paged, Place};
pub use rules::{AlertsByRule, AlertsByTechnique, RuleAlerts, Upload};
pub use silence::{NewSilence, Silence, SilenceMatch, SilenceRequest};
pub use silencer::Silencer;
pub use sqlite::SqliteStore;
pub use templates::{StoredTemplate, TemplateBatch, TemplateQuery};
pub use writer::StateWriter;

use seerflow_model::Ns;
use std::collections::BTreeMap;

/// What the methods of a store give.
pub type Result<T> = std::result::Result<T, StateError>;

/// Where state is kept, and how much.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StateInfo {
    /// Kind of the database.
    pub backend: &'static str,
    /// Where it is.
    pub place: String,
    /// Number of its newest migration.
    pub schema: u32,
    /// Bytes on disk.
    pub bytes: u64,
}

/// See the module head. Every method may wait for a disk.
pub trait StateStore: Send + Sync {
    /// Stores revisions in one transaction. Putting the same again changes nothing.
    fn put_alerts(&self, batch: &[AlertWrite], now: Ns) -> Result<PutCounts>;
    /// One alert, as its newest revision says.
    fn alert(&self, id: &str) -> Result<Option<StoredAlert>>;
    /// Alerts that fit, newest first, equal ones by id.
    fn alerts(&self, query: &AlertQuery, page: &PageRequest) -> Result<Paged<StoredAlert>>;
    /// All revisions of an alert, oldest first; empty when there is no such alert.
    fn alert_revisions(&self, id: &str) -> Result<Vec<StoredRevision>>;
    /// Alerts that fit by the bucket of their start, oldest first; empty buckets are left out.
    fn alert_series(&self, query: &AlertQuery, bucket: Ns) -> Result<Vec<AlertBucket>>;
    /// How many alerts there are.
    fn alert_counts(&self) -> Result<AlertCounts>;

    /// Records a verdict; `None` when there is no such alert.
    fn record_feedback(&self, id: &str, new: &NewFeedback, now: Ns) -> Result<Option<Feedback>>;
    /// All verdicts on an alert, newest first; `None` when there is no such alert.
    fn feedback(&self, id: &str, page: &PageRequest) -> Result<Option<Paged<Feedback>>>;

    /// The last verdict on each alert since a time, oldest first.
    fn verdicts(&self, since: Ns) -> Result<Vec<GivenVerdict>>;

    /// Switches a rule on or off.
    fn set_rule(&self, rule: &str, enabled: bool, who: &str, now: Ns) -> Result<RuleSwitch>;
    /// All switches that were ever set, by rule.
    fn rules(&self) -> Result<Vec<RuleSwitch>>;

    /// Keeps an uploaded rule, in place of one with its id.
    fn put_upload(&self, rule: &str, text: &str, who: &str, now: Ns) -> Result<Upload>;
    /// Forgets an uploaded rule; `None` when there is no such.
    fn remove_upload(&self, rule: &str, who: &str, now: Ns) -> Result<Option<Upload>>;
    /// All uploaded rules, by id.
    fn uploads(&self) -> Result<Vec<Upload>>;
    /// Alerts by the id of their rule; `since` is where those that are recent begin.
    fn alerts_by_rule(&self, since: Ns) -> Result<AlertsByRule>;
    /// Alerts of a rule by the bucket of their start, oldest first; empty buckets are left out.
    fn rule_series(&self, rule: &str, range: (Ns, Ns), bucket: Ns) -> Result<Vec<AlertBucket>>;
    /// Alerts begun in a time, by each tactic and technique that they name.
    fn alerts_by_technique(&self, since: Ns, until: Ns) -> Result<AlertsByTechnique>;

    /// Adds a silence.
    fn add_silence(&self, new: &NewSilence, now: Ns) -> Result<Silence>;
    /// Silences that are to come or in force at `now`, or all, newest first.
    fn silences(&self, past: bool, now: Ns) -> Result<Vec<Silence>>;
    /// One silence.
    fn silence(&self, id: &str) -> Result<Option<Silence>>;
    /// Ends a silence now; it stays in the history. `None` when there is none, or it was over.
    fn remove_silence(&self, id: &str, who: &str, now: Ns) -> Result<Option<Silence>>;
    /// A number that is another one after silences were changed.
    fn silences_version(&self) -> u64;

    /// Adds a mark.
    fn add_mark(&self, new: &NewMark, now: Ns) -> Result<Mark>;
    /// Marks that end after `since`, newest first.
    fn marks(&self, since: Ns) -> Result<Vec<Mark>>;
    /// Ends a mark now; it stays in the history. `None` when there is none, or it was over.
    fn end_mark(&self, id: &str, who: &str, now: Ns) -> Result<Option<Mark>>;

    /// Brings the dictionary up to date with the counts of one run; see [`TemplateBatch`].
    fn put_templates(&self, batch: &TemplateBatch, now: Ns) -> Result<u64>;
    /// Templates that fit, most frequent first. By page only: counts change while one reads.
    fn templates(&self, query: &TemplateQuery, page: &PageRequest)
    -> Result<Paged<StoredTemplate>>;
    /// One template, or the one that it became part of.
    fn template(&self, id: u64) -> Result<Option<StoredTemplate>>;
    /// Which template stands for which, for whoever reads stored events.
    fn template_aliases(&self) -> Result<BTreeMap<u64, u64>>;
    /// Forgets templates with fewer events; gives their number.
    fn prune_templates(&self, min_count: u64, who: &str, now: Ns) -> Result<u64>;
    /// Forgets all templates; gives their number.
    fn reset_templates(&self, who: &str, now: Ns) -> Result<u64>;

    /// Who changed what, newest first.
    fn audit(&self, page: &PageRequest) -> Result<Paged<AuditEntry>>;
    /// Where state is kept.
    fn info(&self) -> Result<StateInfo>;
}

//! A rule as the API shows it.

use crate::sigma::book::{Book, Entry};
use crate::sigma::listing::{Row, STATES};
use crate::store::control::{AlertsByRule, RuleAlerts};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RuleRow {
    /// What it is known by, here and in alerts.
    pub rule_id: String,
    /// By which correlations refer to it.
    pub name: Option<String>,
    /// Its title.
    pub title: String,
    /// What it finds, in words.
    pub description: Option<String>,
    /// `detection` or `correlation`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Severity of its alerts, 0 to 6.
    pub severity: u8,
    /// `informational`, `low`, `medium`, `high` or `critical`.
    pub level: String,
    /// `stable`, `test`, `experimental`, `deprecated` or `unsupported`.
    pub status: Option<String>,
    /// Category, product and service of the logs it speaks of; null is any.
    pub logsource_key: Vec<Option<String>>,
    /// ATT&CK tactics, as `credential-access`.
    pub attack_tactics: Vec<String>,
    /// ATT&CK techniques, as `T1110.001`.
    pub attack_techniques: Vec<String>,
    /// `security` or `operations`.
    pub lens: String,
    /// Whether it takes part.
    pub enabled: bool,
    /// `ok`, `disabled` or `unreachable`: no event was found that it would match.
    pub state: String,
    /// Why it is not ok.
    pub reason: Option<String>,
    /// Whether a match is an alert by itself.
    pub alerts: bool,
    /// `bundled`, `file` or `custom_uploaded`.
    pub source: String,
    /// Its file.
    pub file: String,
    /// Line that it begins at.
    pub line: u32,
    /// Who wrote it.
    pub author: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Where it was derived from.
    pub references: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What else might match.
    pub falsepositives: Vec<String>,
    /// When it was written.
    pub date: Option<String>,
    /// When it was last changed.
    pub modified: Option<String>,
    /// Events that it has matched, or episodes of a correlation, since the start.
    pub match_count_lifetime: u64,
    /// Alerts of it that are stored.
    pub alert_count: u64,
    /// Those of the last day.
    pub alert_count_24h: u64,
    /// Newest evidence of any, in ns, as text.
    pub last_fired_ns: Option<String>,
    /// Its file as it stands; null in lists.
    pub yaml_source: Option<String>,
}

/// What rules have done.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Matches since the start, by rule.
    pub matches: BTreeMap<String, u64>,
    /// Stored alerts, by rule.
    pub alerts: AlertsByRule,
}

impl RuleRow {
    /// From what lists say.
    pub fn new(row: &Row<'_>, done: &Done) -> RuleRow {
        let header = row.header;
        let RuleAlerts { recent, all, last } =
            done.alerts.get(row.key).copied().unwrap_or_default();
        let source = &header.logsource;
        RuleRow {
            rule_id: row.key.to_owned(),
            name: header.name.clone(),
            title: header.title.clone(),
            description: header.description.clone(),
            kind: row.kind.to_owned(),
            severity: header.severity().id(),
            level: row.level().name().to_owned(),
            status: header.status.map(|status| status.name().to_owned()),
            logsource_key: [&source.category, &source.product, &source.service]
                .map(Clone::clone)
                .to_vec(),
            attack_tactics: row.tactics().into_iter().map(str::to_owned).collect(),
            attack_techniques: header.techniques(),
            lens: header.lens().to_owned(),
            enabled: row.state != STATES[1],
            state: row.state.to_owned(),
            reason: row.reason.map(str::to_owned),
            alerts: row.alone,
            source: row.origin.name().to_owned(),
            file: row.file.to_owned(),
            line: row.line,
            author: header.author.clone(),
            license: header.license.clone(),
            references: header.references.clone(),
            tags: header.tags.clone(),
            falsepositives: header.falsepositives.clone(),
            date: header.date.clone(),
            modified: header.modified.clone(),
            match_count_lifetime: done.matches.get(row.key).copied().unwrap_or_default(),
            alert_count: all,
            alert_count_24h: recent,
            last_fired_ns: (all > 0).then(|| last.to_string()),
            yaml_source: None,
        }
    }

    /// Of an entry of a book, with its text.
    pub fn detail(book: &Book, entry: &Entry, done: &Done) -> Option<RuleRow> {
        let row = RuleRow::new(&Row::of(book, entry)?, done);
        let yaml_source = book.text(entry).ok().map(|text| text.to_string());
        Some(RuleRow { yaml_source, ..row })
    }
}

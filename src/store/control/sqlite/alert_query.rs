//! Alerts out of the database.
//!
//! A query becomes one condition; every value in it is bound, never written into the statement.

use super::super::alerts::technique;
use super::super::error::{Doing, StateError};
use super::super::page::{self, Resolved, TOTAL_MAX};
use super::super::text;
use super::super::{
    AlertBucket, AlertCounts, AlertQuery, Paged, Result, StoredAlert, StoredRevision,
};
use super::alert_write::status_word;
use super::{signed, unsigned};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, Transaction, params, params_from_iter};
use seerflow_model::time::SECOND;
use seerflow_model::{Alert, Ns, Severity};

/// Most buckets of a series.
const BUCKETS_MAX: usize = 10_000;
/// Most revisions of an alert that are given; an episode has a handful.
const REVISIONS_MAX: usize = 1_000;
/// What is read of an alert.
const COLUMNS: &str = "(SELECT json FROM alert_revisions r
    WHERE r.n = alerts.n AND r.revision = alerts.revision),
  feedback, feedback_note, silenced_by, stored_ns, start_ns, alert_id";

/// A condition and what is bound in it.
#[derive(Default)]
struct Condition {
    text: String,
    values: Vec<Value>,
}

impl Condition {
    /// Adds a part; `?` stands for each value.
    fn and(&mut self, part: &str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str(if self.text.is_empty() { "WHERE " } else { " AND " });
        self.text.push_str(part);
        self.values.extend(values);
    }

    /// Adds that a column has one of some values; none of them means any.
    fn any(&mut self, before: &str, values: Vec<Value>, after: &str) {
        if !values.is_empty() {
            let marks = vec!["?"; values.len()].join(", ");
            self.and(&format!("{before} IN ({marks}){after}"), values);
        }
    }
}

fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    values.into_iter().map(|value| Value::Text(value.to_owned())).collect()
}

fn condition(query: &AlertQuery) -> Result<Condition> {
    let mut all = Condition::default();
    let strings = |values: &[String]| texts(values.iter().map(String::as_str));
    if let Some(since) = query.since {
        all.and("start_ns >= ?", [Value::Integer(signed(since))]);
    }
    if let Some(until) = query.until {
        all.and("start_ns < ?", [Value::Integer(signed(until))]);
    }
    if let Some(least) = query.min_severity {
        all.and("severity >= ?", [Value::Integer(i64::from(least.id()))]);
    }
    all.any("alert_type", strings(&query.types), "");
    all.any("source_type", strings(&query.source_types), "");
    all.any("status", texts(query.statuses.iter().map(|status| status_word(*status))), "");
    if let Some(lens) = &query.lens {
        all.and("lens = ?", [Value::Text(lens.clone())]);
    }
    if !query.rules.is_empty() {
        let marks = vec!["?"; query.rules.len()].join(", ");
        let values = strings(&query.rules);
        let part = format!("(rule_name IN ({marks}) OR rule_id IN ({marks}))");
        all.and(&part, values.iter().chain(&values).cloned().collect::<Vec<_>>());
    }
    all.any("n IN (SELECT n FROM alert_entities WHERE uuid", strings(&query.entities), ")");
    let tactics = texts(query.tactics.iter().map(|tactic| tactic.slug()));
    all.any("n IN (SELECT n FROM alert_tactics WHERE tactic", tactics, ")");
    techniques(&mut all, &query.techniques);
    if let Some(silenced) = query.silenced {
        all.and(if silenced { "silenced_by IS NOT NULL" } else { "silenced_by IS NULL" }, []);
    }
    if let Some(verdict) = query.feedback {
        all.and("feedback = ?", texts([verdict.word()]));
    }
    let terms = query.text.as_deref().map(text::parse).transpose()?.unwrap_or_default();
    if !terms.is_empty() {
        let words = Value::Text(text::fts5(&terms));
        all.and("n IN (SELECT rowid FROM alert_text WHERE alert_text MATCH ?)", [words]);
    }
    Ok(all)
}

/// A technique finds itself and its sub-techniques: all that follows a dot.
fn techniques(all: &mut Condition, wanted: &[String]) {
    if wanted.is_empty() {
        return;
    }
    let part = "technique = ? OR (technique > ? AND technique < ?)";
    let parts = vec![part; wanted.len()].join(" OR ");
    let canonical = wanted.iter().filter_map(|text| technique(text));
    // `/` is the character after the dot.
    let values = canonical.flat_map(|id| texts([&*id, &*format!("{id}."), &*format!("{id}/")]));
    let values: Vec<Value> = values.collect();
    all.and(&format!("n IN (SELECT n FROM alert_techniques WHERE {parts})"), values);
}

fn read_alert(json: &str, id: &str) -> Result<Alert> {
    serde_json::from_str(json).map_err(|error| StateError::Unreadable {
        what: format!("alert {id}"),
        reason: error.to_string(),
    })
}

/// A row of [`COLUMNS`], not yet read as an alert.
struct Raw {
    json: String,
    feedback: Option<String>,
    note: Option<String>,
    silenced_by: Option<String>,
    stored: i64,
    start: i64,
    id: String,
}

impl Raw {
    fn of(row: &Row<'_>) -> rusqlite::Result<Raw> {
        Ok(Raw {
            json: row.get(0)?,
            feedback: row.get(1)?,
            note: row.get(2)?,
            silenced_by: row.get(3)?,
            stored: row.get(4)?,
            start: row.get(5)?,
            id: row.get(6)?,
        })
    }

    fn stored(self) -> Result<StoredAlert> {
        let mut alert = read_alert(&self.json, &self.id)?;
        alert.feedback = self.feedback;
        Ok(StoredAlert {
            alert,
            feedback_note: self.note,
            silenced_by: self.silenced_by,
            stored: unsigned(self.stored),
        })
    }
}

/// One alert.
pub fn one(db: &Transaction<'_>, id: &str) -> Result<Option<StoredAlert>> {
    let statement = format!("SELECT {COLUMNS} FROM alerts WHERE alert_id = ?1");
    let raw = db
        .prepare_cached(&statement)
        .and_then(|mut find| find.query_row([id], Raw::of).optional())
        .doing("read an alert")?;
    raw.map(Raw::stored).transpose()
}

/// A page of alerts.
pub fn page(
    db: &Transaction<'_>,
    query: &AlertQuery,
    page: &Resolved,
) -> Result<Paged<StoredAlert>> {
    const WHAT: &str = "list alerts";
    let mut wanted = condition(query)?;
    let (total, total_is_lower_bound) = total(db, "alerts", &wanted.text, &wanted.values)?;
    if let Some((at, id)) = &page.after {
        let (at, id) = (Value::Integer(signed(*at)), Value::Text(id.clone()));
        let after = "(start_ns < ? OR (start_ns = ? AND alert_id > ?))";
        wanted.and(after, [at.clone(), at, id]);
    }
    let statement = format!(
        "SELECT {COLUMNS} FROM alerts {} ORDER BY start_ns DESC, alert_id LIMIT ? OFFSET ?",
        wanted.text
    );
    let count = |n: usize| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    // One more than wanted says whether there is a next page.
    wanted.values.extend([count(page.limit + 1), count(page.skip)]);
    let mut raws: Vec<Raw> = db
        .prepare_cached(&statement)
        .and_then(|mut list| list.query_map(params_from_iter(wanted.values), Raw::of)?.collect())
        .doing(WHAT)?;
    let has_next = raws.len() > page.limit;
    raws.truncate(page.limit);
    let last = raws.last().filter(|_| has_next);
    let next_cursor = last.map(|raw| page::cursor(unsigned(raw.start), &raw.id));
    let items = raws.into_iter().map(Raw::stored).collect::<Result<_>>()?;
    Ok(Paged { items, total, total_is_lower_bound, next_cursor, has_next })
}

/// How many rows of a table fit, and whether there are more.
pub(super) fn total(
    db: &Transaction<'_>,
    table: &str,
    condition: &str,
    values: &[Value],
) -> Result<(u64, bool)> {
    let limit = TOTAL_MAX + 1;
    let statement =
        format!("SELECT count(*) FROM (SELECT 1 FROM {table} {condition} LIMIT {limit})");
    let total: i64 = db
        .prepare_cached(&statement)
        .and_then(|mut count| count.query_row(params_from_iter(values), |row| row.get(0)))
        .doing("count what fits")?;
    Ok((unsigned(total).min(TOTAL_MAX), unsigned(total) > TOTAL_MAX))
}

/// All revisions of an alert, oldest first.
pub fn revisions(db: &Transaction<'_>, id: &str) -> Result<Vec<StoredRevision>> {
    let statement = "SELECT r.json, r.silenced_by, r.stored_ns
        FROM alerts a JOIN alert_revisions r ON r.n = a.n
        WHERE a.alert_id = ?1 ORDER BY r.revision LIMIT ?2";
    let rows: Vec<(String, Option<String>, i64)> = db
        .prepare_cached(statement)
        .and_then(|mut list| {
            let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            list.query_map(params![id, REVISIONS_MAX as i64], row)?.collect()
        })
        .doing("read revisions")?;
    let revision = |(json, silenced_by, stored): (String, _, _)| {
        let alert = read_alert(&json, id)?;
        Ok(StoredRevision { alert, silenced_by, stored: unsigned(stored) })
    };
    rows.into_iter().map(revision).collect()
}

/// Alerts by the bucket of their start.
pub fn series(db: &Transaction<'_>, query: &AlertQuery, bucket: Ns) -> Result<Vec<AlertBucket>> {
    if bucket < SECOND {
        return Err(StateError::Invalid("a bucket lasts a second at least".into()));
    }
    let wanted = condition(query)?;
    let statement = format!(
        "SELECT start_ns / ? AS bucket, count(*), max(severity) FROM alerts {}
         GROUP BY bucket ORDER BY bucket LIMIT ?",
        wanted.text
    );
    let mut values = vec![Value::Integer(signed(bucket))];
    values.extend(wanted.values);
    values.push(Value::Integer(BUCKETS_MAX as i64 + 1));
    let rows: Vec<AlertBucket> = db
        .prepare_cached(&statement)
        .and_then(|mut list| {
            let row = |row: &Row<'_>| {
                Ok(AlertBucket {
                    start: unsigned(row.get(0)?).saturating_mul(bucket),
                    count: unsigned(row.get(1)?),
                    max_severity: Severity::from_id(row.get(2)?),
                })
            };
            list.query_map(params_from_iter(values), row)?.collect()
        })
        .doing("count alerts by time")?;
    match rows.len() > BUCKETS_MAX {
        true => Err(StateError::Invalid(format!("that are more than {BUCKETS_MAX} buckets"))),
        false => Ok(rows),
    }
}

/// How many alerts there are.
pub fn counts(db: &Transaction<'_>) -> Result<AlertCounts> {
    const WHAT: &str = "count alerts";
    let statement =
        "SELECT severity, count(*), count(*) FILTER (WHERE status IN ('open', 'updated')),
          count(silenced_by), count(*) FILTER (WHERE feedback = 'tp'),
          count(*) FILTER (WHERE feedback = 'fp')
        FROM alerts GROUP BY severity";
    let mut counts = AlertCounts::default();
    let mut list = db.prepare_cached(statement).doing(WHAT)?;
    let mut rows = list.query([]).doing(WHAT)?;
    while let Some(row) = rows.next().doing(WHAT)? {
        let at = |index: usize| row.get::<_, i64>(index).map(unsigned).doing(WHAT);
        let severity = Severity::from_id(row.get(0).doing(WHAT)?);
        counts.by_severity[usize::from(severity.id())] += at(1)?;
        counts.open += at(2)?;
        counts.silenced += at(3)?;
        counts.true_positives += at(4)?;
        counts.false_positives += at(5)?;
    }
    Ok(counts)
}

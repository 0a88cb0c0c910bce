//! Uploaded rules in the database, and alerts counted by rule and by technique.

use super::super::error::{Doing, StateError};
use super::super::feedback as words;
use super::super::rules::{
    AlertsByRule, AlertsByTechnique, RuleAlerts, UPLOAD_BYTES_MAX, UPLOADS_MAX, Upload,
};
use super::super::{AlertBucket, Result};
use super::people::{RULE_MAX, count, log};
use super::{signed, unsigned};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use seerflow_model::{Ns, Severity};

const UPLOADS: &str = "SELECT rule, text, changed_by, changed_ns FROM rule_uploads";

fn read(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        rule: row.get(0)?,
        text: row.get(1)?,
        changed_by: row.get(2)?,
        changed_ns: unsigned(row.get(3)?),
    })
}

fn one(db: &Transaction<'_>, rule: &str) -> Result<Option<Upload>> {
    db.prepare_cached(&format!("{UPLOADS} WHERE rule = ?1"))
        .and_then(|mut find| find.query_row([rule], read).optional())
        .doing("read an uploaded rule")
}

/// Keeps an uploaded rule, in place of one with its id.
pub fn put(db: &Transaction<'_>, rule: &str, text: &str, who: &str, now: Ns) -> Result<Upload> {
    let refuse = |text: String| Err(StateError::Invalid(text));
    if rule.trim().is_empty() || rule.len() > RULE_MAX {
        return refuse(format!("the id of the rule is empty or longer than {RULE_MAX} bytes"));
    }
    if text.len() > UPLOAD_BYTES_MAX {
        return refuse(format!("the rule is longer than {UPLOAD_BYTES_MAX} bytes"));
    }
    let who = words::who(who)?;
    let before = one(db, rule)?;
    let all = count(db, "SELECT count(*) FROM rule_uploads WHERE ?1", 1)?;
    if before.is_none() && all >= UPLOADS_MAX {
        return refuse(format!("there are {UPLOADS_MAX} uploaded rules already"));
    }
    let after = Upload {
        rule: rule.to_owned(),
        text: text.to_owned(),
        changed_by: who.clone(),
        changed_ns: unsigned(signed(now)),
    };
    db.prepare_cached(
        "INSERT OR REPLACE INTO rule_uploads (rule, text, changed_by, changed_ns)
         VALUES (?1, ?2, ?3, ?4)",
    )
    .and_then(|mut change| change.execute(params![rule, text, who, signed(now)]))
    .doing("keep an uploaded rule")?;
    log(db, (now, &who), "rule.upload", rule, (before.as_ref(), Some(&after)))?;
    Ok(after)
}

/// Forgets an uploaded rule.
pub fn remove(db: &Transaction<'_>, rule: &str, who: &str, now: Ns) -> Result<Option<Upload>> {
    let who = words::who(who)?;
    let Some(before) = one(db, rule)? else { return Ok(None) };
    db.prepare_cached("DELETE FROM rule_uploads WHERE rule = ?1")
        .and_then(|mut change| change.execute([rule]))
        .doing("forget an uploaded rule")?;
    log(db, (now, &who), "rule.remove", rule, (Some(&before), None::<&Upload>))?;
    Ok(Some(before))
}

/// All uploaded rules, by id.
pub fn all(db: &Transaction<'_>) -> Result<Vec<Upload>> {
    db.prepare_cached(&format!("{UPLOADS} ORDER BY rule"))
        .and_then(|mut list| list.query_map([], read)?.collect())
        .doing("list uploaded rules")
}

/// Alerts by the id of their rule; `since` is where `recent` begins.
pub fn alerts_by_rule(db: &Transaction<'_>, since: Ns) -> Result<AlertsByRule> {
    let statement = "SELECT rule_id, sum(start_ns >= ?1), count(*), max(last_ns)
         FROM alerts GROUP BY rule_id";
    let read = |row: &Row<'_>| {
        let alerts = RuleAlerts {
            recent: unsigned(row.get(1)?),
            all: unsigned(row.get(2)?),
            last: unsigned(row.get(3)?),
        };
        Ok((row.get(0)?, alerts))
    };
    db.prepare_cached(statement)
        .and_then(|mut list| list.query_map([signed(since)], read)?.collect())
        .doing("count alerts by rule")
}

/// Alerts of a rule by bucket of their start, oldest first; empty buckets are left out.
pub fn series(
    db: &Transaction<'_>,
    rule: &str,
    (since, until): (Ns, Ns),
    bucket: Ns,
) -> Result<Vec<AlertBucket>> {
    let statement = "SELECT (start_ns / ?4) * ?4, count(*), max(severity) FROM alerts
         WHERE rule_id = ?1 AND start_ns >= ?2 AND start_ns < ?3 GROUP BY 1 ORDER BY 1";
    let read = |row: &Row<'_>| {
        Ok(AlertBucket {
            start: unsigned(row.get(0)?),
            count: unsigned(row.get(1)?),
            max_severity: Severity::from_id(row.get(2)?),
        })
    };
    db.prepare_cached(statement)
        .and_then(|mut list| {
            let given = params![rule, signed(since), signed(until), signed(bucket.max(1))];
            list.query_map(given, read)?.collect()
        })
        .doing("count alerts of a rule by time")
}

/// Alerts begun in a time, by each tactic and technique that they name.
pub fn alerts_by_technique(
    db: &Transaction<'_>,
    since: Ns,
    until: Ns,
) -> Result<AlertsByTechnique> {
    let statement = "SELECT c.tactic, q.technique, count(*) FROM alerts a
         JOIN alert_tactics c ON c.n = a.n JOIN alert_techniques q ON q.n = a.n
         WHERE a.start_ns >= ?1 AND a.start_ns < ?2 GROUP BY 1, 2";
    let read = |row: &Row<'_>| Ok(((row.get(0)?, row.get(1)?), unsigned(row.get(2)?)));
    db.prepare_cached(statement)
        .and_then(|mut list| list.query_map([signed(since), signed(until)], read)?.collect())
        .doing("count alerts by technique")
}

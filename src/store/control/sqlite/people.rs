//! What people say and change: feedback, switches of rules, and the audit of it all.
//!
//! Each change and its line in the audit are one transaction. The audit keeps its newest
//! [`AUDIT_MAX`] lines.

use super::super::error::{Doing, StateError};
use super::super::feedback::{self as words, AuditEntry, Feedback, NewFeedback, RuleSwitch};
use super::super::page::Resolved;
use super::super::{Paged, Result, Verdict};
use super::alert_query::total;
use super::{signed, unsigned};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use seerflow_model::Ns;
use serde::Serialize;

/// Lines that the audit keeps.
pub const AUDIT_MAX: u64 = 100_000;
/// Verdicts on one alert; more are refused.
const FEEDBACK_MAX: u64 = 1_000;
/// Longest id of a rule, in bytes.
pub const RULE_MAX: usize = 512;
/// Switches of rules.
const SWITCHES_MAX: u64 = 100_000;

/// Writes a line of the audit.
pub fn log<T: Serialize>(
    db: &Transaction<'_>,
    (now, who): (Ns, &str),
    what: &str,
    subject: &str,
    (before, after): (Option<&T>, Option<&T>),
) -> Result<()> {
    const WHAT: &str = "write the audit";
    let json = |value: Option<&T>| value.and_then(|value| serde_json::to_string(value).ok());
    db.prepare_cached(
        "INSERT INTO audit (at_ns, who, what, subject, before, after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .and_then(|mut add| {
        let line = params![signed(now), who, what, subject, json(before), json(after)];
        add.insert(line)
    })
    .and_then(|id| {
        let mut delete = db.prepare_cached("DELETE FROM audit WHERE id <= ?1")?;
        delete.execute([id.saturating_sub(signed(AUDIT_MAX))])
    })
    .doing(WHAT)?;
    Ok(())
}

/// What a statement with one value counts.
pub(super) fn count(
    db: &Transaction<'_>,
    statement: &str,
    value: impl rusqlite::ToSql,
) -> Result<u64> {
    db.prepare_cached(statement)
        .and_then(|mut count| count.query_row([value], |row| row.get(0)))
        .map(unsigned)
        .doing("count what is there")
}

fn alert(db: &Transaction<'_>, id: &str) -> Result<Option<i64>> {
    db.prepare_cached("SELECT n FROM alerts WHERE alert_id = ?1")
        .and_then(|mut find| find.query_row([id], |row| row.get(0)).optional())
        .doing("find an alert")
}

/// Records a verdict on an alert.
pub fn record_feedback(
    db: &Transaction<'_>,
    id: &str,
    new: &NewFeedback,
    now: Ns,
) -> Result<Option<Feedback>> {
    const WHAT: &str = "record feedback";
    let (note, origin) = (words::note(&new.note)?, words::who(&new.origin)?);
    let Some(n) = alert(db, id)? else { return Ok(None) };
    if count(db, "SELECT count(*) FROM feedback WHERE n = ?1", n)? >= FEEDBACK_MAX {
        let text = format!("there are {FEEDBACK_MAX} verdicts on this alert, no more are taken");
        return Err(StateError::Invalid(text));
    }
    let before = last_feedback(db, n)?;
    let word = new.verdict.word();
    let number = db
        .prepare_cached(
            "INSERT INTO feedback (n, verdict, note, origin, at_ns) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .and_then(|mut add| add.insert(params![n, word, note, origin, signed(now)]))
        .doing(WHAT)?;
    db.prepare_cached("UPDATE alerts SET feedback = ?2, feedback_note = ?3 WHERE n = ?1")
        .and_then(|mut change| change.execute(params![n, word, note]))
        .doing(WHAT)?;
    let feedback = Feedback {
        id: number,
        feedback: new.verdict,
        note,
        origin: origin.clone(),
        submitted_at_ns: unsigned(signed(now)),
    };
    log(db, (now, &origin), "feedback.record", id, (before.as_ref(), Some(&feedback)))?;
    Ok(Some(feedback))
}

const FEEDBACK: &str = "SELECT id, verdict, note, origin, at_ns FROM feedback";

fn read_feedback(row: &Row<'_>) -> rusqlite::Result<Feedback> {
    let word: String = row.get(1)?;
    Ok(Feedback {
        id: row.get(0)?,
        // The table takes no other word than the two.
        feedback: Verdict::from_word(&word).unwrap_or(Verdict::Fp),
        note: row.get(2)?,
        origin: row.get(3)?,
        submitted_at_ns: unsigned(row.get(4)?),
    })
}

fn last_feedback(db: &Transaction<'_>, n: i64) -> Result<Option<Feedback>> {
    db.prepare_cached(&format!("{FEEDBACK} WHERE n = ?1 ORDER BY id DESC LIMIT 1"))
        .and_then(|mut find| find.query_row([n], read_feedback).optional())
        .doing("read feedback")
}

/// A page by number only, of what is listed by running number, newest first.
fn numbered<T>(
    db: &Transaction<'_>,
    (select, table, condition): (&str, &str, &str),
    mut values: Vec<Value>,
    page: &Resolved,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Paged<T>> {
    if page.after.is_some() {
        return Err(StateError::Invalid("this list has pages, no cursor".into()));
    }
    let (total, total_is_lower_bound) = total(db, table, condition, &values)?;
    let statement = format!("{select} {condition} ORDER BY id DESC LIMIT ? OFFSET ?");
    let number = |n: usize| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    values.extend([number(page.limit + 1), number(page.skip)]);
    let mut items: Vec<T> = db
        .prepare_cached(&statement)
        .and_then(|mut list| list.query_map(rusqlite::params_from_iter(values), read)?.collect())
        .doing("list what is there")?;
    let has_next = items.len() > page.limit;
    items.truncate(page.limit);
    Ok(Paged { items, total, total_is_lower_bound, next_cursor: None, has_next })
}

/// All verdicts on an alert, newest first.
pub fn feedback(
    db: &Transaction<'_>,
    id: &str,
    page: &Resolved,
) -> Result<Option<Paged<Feedback>>> {
    let Some(n) = alert(db, id)? else { return Ok(None) };
    let from = (FEEDBACK, "feedback", "WHERE n = ?");
    numbered(db, from, vec![Value::Integer(n)], page, read_feedback).map(Some)
}

/// Who changed what, newest first.
pub fn audit(db: &Transaction<'_>, page: &Resolved) -> Result<Paged<AuditEntry>> {
    let select = "SELECT id, at_ns, who, what, subject, before, after FROM audit";
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    numbered(db, (select, "audit", ""), Vec::new(), page, |row| {
        Ok(AuditEntry {
            id: row.get(0)?,
            at_ns: unsigned(row.get(1)?),
            who: row.get(2)?,
            what: row.get(3)?,
            subject: row.get(4)?,
            before: json(row.get(5)?),
            after: json(row.get(6)?),
        })
    })
}

const RULES: &str = "SELECT rule, enabled, changed_by, changed_ns FROM rule_switches";

fn read_rule(row: &Row<'_>) -> rusqlite::Result<RuleSwitch> {
    Ok(RuleSwitch {
        rule: row.get(0)?,
        enabled: row.get(1)?,
        changed_by: row.get(2)?,
        changed_ns: unsigned(row.get(3)?),
    })
}

/// Switches a rule on or off.
pub fn set_rule(
    db: &Transaction<'_>,
    rule: &str,
    enabled: bool,
    who: &str,
    now: Ns,
) -> Result<RuleSwitch> {
    const WHAT: &str = "switch a rule";
    if rule.trim().is_empty() || rule.len() > RULE_MAX {
        let text = format!("the id of the rule is empty or longer than {RULE_MAX} bytes");
        return Err(StateError::Invalid(text));
    }
    let who = words::who(who)?;
    let before = db
        .prepare_cached(&format!("{RULES} WHERE rule = ?1"))
        .and_then(|mut find| find.query_row([rule], read_rule).optional())
        .doing(WHAT)?;
    if before.is_none()
        && count(db, "SELECT count(*) FROM rule_switches WHERE ?1", 1)? >= SWITCHES_MAX
    {
        return Err(StateError::Invalid(format!("there are {SWITCHES_MAX} switches already")));
    }
    let after = RuleSwitch {
        rule: rule.to_owned(),
        enabled,
        changed_by: who.clone(),
        changed_ns: unsigned(signed(now)),
    };
    db.prepare_cached(
        "INSERT OR REPLACE INTO rule_switches (rule, enabled, changed_by, changed_ns)
         VALUES (?1, ?2, ?3, ?4)",
    )
    .and_then(|mut change| change.execute(params![rule, enabled, who, signed(now)]))
    .doing(WHAT)?;
    log(db, (now, &who), "rule.switch", rule, (before.as_ref(), Some(&after)))?;
    Ok(after)
}

/// All switches, by rule.
pub fn rules(db: &Transaction<'_>) -> Result<Vec<RuleSwitch>> {
    db.prepare_cached(&format!("{RULES} ORDER BY rule"))
        .and_then(|mut list| list.query_map([], read_rule)?.collect())
        .doing("list rules")
}

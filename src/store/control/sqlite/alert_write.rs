//! Revisions of alerts into the database.
//!
//! A revision that is there as it is changes nothing. The same number with another content (an
//! archive that was read again with other settings) takes the place of the old one. The row of the
//! alert follows the highest revision; the verdict stands beside it and is never touched. An alert
//! that brings a verdict with it, from an export, records it when there is none.

use super::super::error::Doing;
use super::super::{AlertWrite, NewFeedback, PutCounts, Result, Verdict, alerts};
use super::{people, signed};
use rusqlite::{OptionalExtension, Transaction, params};
use seerflow_model::{Alert, AlertStatus, Ns};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Longest alert, as JSON, in bytes. The engine's are a few KiB; an imported one may be anything.
pub const ALERT_BYTES_MAX: usize = 1 << 20;
/// Alerts that are kept; with the usual budget that is a lifetime, with a flood some GiB.
pub const ALERTS_MAX: u64 = 1_000_000;
/// Longest id of an alert, in bytes; ours have 36.
pub const ID_MAX: usize = 128;
/// Stands between texts that are searched, so that no phrase runs from one into the next: a
/// character of private use, which the tokenizer takes for a word.
const BETWEEN: &str = " \u{e000} ";
const WHAT: &str = "store an alert";

/// The word of a state.
pub fn status_word(status: AlertStatus) -> &'static str {
    match status {
        AlertStatus::Open => "open",
        AlertStatus::Updated => "updated",
        AlertStatus::Closed => "closed",
        AlertStatus::Retracted => "retracted",
    }
}

/// Stores a batch.
pub fn put(db: &Transaction<'_>, batch: &[AlertWrite], now: Ns) -> Result<PutCounts> {
    let mut counts = PutCounts::default();
    for write in batch {
        put_one(db, write, now, &mut counts)?;
    }
    make_room(db, ALERTS_MAX)?;
    Ok(counts)
}

/// Forgets the alerts that were stored first when there are more than `most`; what a person has
/// judged stays. Cost: two lookups while there is room.
pub(super) fn make_room(db: &Transaction<'_>, most: u64) -> Result<u64> {
    const WHAT: &str = "forget old alerts";
    let newest: Option<i64> = db
        .prepare_cached("SELECT max(n) FROM alerts")
        .and_then(|mut find| find.query_row([], |row| row.get(0)))
        .doing(WHAT)?;
    let last = newest.unwrap_or(0).saturating_sub(signed(most));
    let mut forgotten = 0;
    for statement in [
        "DELETE FROM alert_text WHERE rowid IN
           (SELECT n FROM alerts WHERE n <= ?1 AND feedback IS NULL)",
        "DELETE FROM alerts WHERE n <= ?1 AND feedback IS NULL",
    ] {
        forgotten = db
            .prepare_cached(statement)
            .and_then(|mut delete| delete.execute([last]))
            .doing(WHAT)?;
    }
    Ok(forgotten as u64)
}

fn put_one(
    db: &Transaction<'_>,
    write: &AlertWrite,
    now: Ns,
    counts: &mut PutCounts,
) -> Result<()> {
    let alert = plain(&write.alert);
    let Some(json) = text_of(&alert) else {
        counts.refused += 1;
        return Ok(());
    };
    let known: Option<(i64, u32)> = db
        .prepare_cached("SELECT n, revision FROM alerts WHERE alert_id = ?1")
        .and_then(|mut find| {
            find.query_row([&alert.alert_id], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .doing(WHAT)?;
    let n = match known {
        None => {
            counts.added += 1;
            let n = add(db, &alert, write, now)?;
            index(db, n, &alert)?;
            n
        }
        Some((n, newest)) => {
            let same: Option<bool> = db
                .prepare_cached(
                    "SELECT json = ?3 FROM alert_revisions WHERE n = ?1 AND revision = ?2",
                )
                .and_then(|mut find| {
                    find.query_row(params![n, alert.revision, json], |row| row.get(0)).optional()
                })
                .doing(WHAT)?;
            if same == Some(true) {
                counts.unchanged += 1;
                return carried(db, &write.alert, now);
            }
            counts.updated += 1;
            if alert.revision >= newest {
                change(db, n, &alert, write, now)?;
                forget(db, n)?;
                index(db, n, &alert)?;
            }
            n
        }
    };
    db.prepare_cached(
        "INSERT OR REPLACE INTO alert_revisions (n, revision, silenced_by, stored_ns, json)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .and_then(|mut add| {
        add.execute(params![n, alert.revision, write.silenced_by, signed(now), json])
    })
    .doing(WHAT)?;
    carried(db, &write.alert, now)
}

/// The alert as it is stored: without a verdict, which stands beside it, and with finite numbers
/// only, since JSON has no others.
fn plain(alert: &Alert) -> Cow<'_, Alert> {
    let finite = |number: Option<f64>| number.is_none_or(f64::is_finite);
    let clean = alert.feedback.is_none()
        && finite(alert.probability)
        && finite(alert.risk_score)
        && alert.evidence.iter().all(|evidence| {
            finite(evidence.probability) && evidence.values.values().all(|n| n.is_finite())
        });
    if clean {
        return Cow::Borrowed(alert);
    }
    let mut alert = alert.clone();
    alert.feedback = None;
    alert.probability = alert.probability.filter(|n| n.is_finite());
    alert.risk_score = alert.risk_score.filter(|n| n.is_finite());
    for evidence in &mut alert.evidence {
        evidence.probability = evidence.probability.filter(|n| n.is_finite());
        evidence.values.retain(|_, n| n.is_finite());
    }
    Cow::Owned(alert)
}

/// The alert as JSON; `None` when it is beyond a limit.
fn text_of(alert: &Alert) -> Option<String> {
    if alert.alert_id.is_empty() || alert.alert_id.len() > ID_MAX {
        return None;
    }
    serde_json::to_string(alert).ok().filter(|json| json.len() <= ALERT_BYTES_MAX)
}

fn add(db: &Transaction<'_>, alert: &Alert, write: &AlertWrite, now: Ns) -> Result<i64> {
    db.prepare_cached(
        "INSERT INTO alerts (alert_id, revision, status, alert_type, lens, rule_name, rule_id,
           severity, start_ns, last_ns, source_type, silenced_by, stored_ns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )
    .and_then(|mut add| {
        add.insert(params![
            alert.alert_id,
            alert.revision,
            status_word(alert.status),
            alert.alert_type,
            alert.lens,
            alert.rule_name,
            alert.rule_id,
            alert.severity.id(),
            signed(alert.timestamp_ns),
            signed(alert.last_seen_ns),
            alert.source_type,
            write.silenced_by,
            signed(now),
        ])
    })
    .doing(WHAT)
}

fn change(db: &Transaction<'_>, n: i64, alert: &Alert, write: &AlertWrite, now: Ns) -> Result<()> {
    db.prepare_cached(
        "UPDATE alerts SET revision = ?2, status = ?3, alert_type = ?4, lens = ?5, rule_name = ?6,
           rule_id = ?7, severity = ?8, start_ns = ?9, last_ns = ?10, source_type = ?11,
           silenced_by = ?12, stored_ns = ?13
         WHERE n = ?1",
    )
    .and_then(|mut change| {
        change.execute(params![
            n,
            alert.revision,
            status_word(alert.status),
            alert.alert_type,
            alert.lens,
            alert.rule_name,
            alert.rule_id,
            alert.severity.id(),
            signed(alert.timestamp_ns),
            signed(alert.last_seen_ns),
            alert.source_type,
            write.silenced_by,
            signed(now),
        ])
    })
    .doing(WHAT)?;
    Ok(())
}

/// Takes an alert out of what it is looked up by.
fn forget(db: &Transaction<'_>, n: i64) -> Result<()> {
    for statement in [
        "DELETE FROM alert_entities WHERE n = ?1",
        "DELETE FROM alert_tactics WHERE n = ?1",
        "DELETE FROM alert_techniques WHERE n = ?1",
        "DELETE FROM alert_text WHERE rowid = ?1",
    ] {
        db.prepare_cached(statement).and_then(|mut delete| delete.execute([n])).doing(WHAT)?;
    }
    Ok(())
}

/// Enters an alert into what it is looked up by.
fn index(db: &Transaction<'_>, n: i64, alert: &Alert) -> Result<()> {
    let entities = alert.entities.iter().map(|entity| entity.uuid.as_str());
    let uuids: BTreeSet<&str> = entities.chain(alert.entity_uuid.as_deref()).collect();
    let tactics: BTreeSet<&str> = alert.mitre_tactics.iter().map(|tactic| tactic.slug()).collect();
    let canonical = |text: &String| alerts::technique(text);
    let techniques: BTreeSet<String> =
        alert.mitre_techniques.iter().filter_map(canonical).collect();
    let insert = |statement: &str, value: &str| {
        db.prepare_cached(statement).and_then(|mut add| add.execute(params![n, value])).doing(WHAT)
    };
    for uuid in uuids {
        insert("INSERT INTO alert_entities (n, uuid) VALUES (?1, ?2)", uuid)?;
    }
    for tactic in tactics {
        insert("INSERT INTO alert_tactics (n, tactic) VALUES (?1, ?2)", tactic)?;
    }
    for technique in &techniques {
        insert("INSERT INTO alert_techniques (n, technique) VALUES (?1, ?2)", technique)?;
    }
    let values: Vec<&str> = alert
        .entities
        .iter()
        .map(|entity| entity.value.as_str())
        .chain(alert.entity_value.as_deref())
        .collect();
    let messages: Vec<&str> = alert.events.iter().map(|event| event.message.as_str()).collect();
    let rule = [alert.rule_name.as_str(), alert.rule_id.as_str()].join(BETWEEN);
    db.prepare_cached(
        "INSERT INTO alert_text (rowid, title, description, rule, entities, messages)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .and_then(|mut add| {
        let (values, messages) = (values.join(BETWEEN), messages.join(BETWEEN));
        add.execute(params![n, alert.title, alert.description, rule, values, messages])
    })
    .doing(WHAT)?;
    Ok(())
}

/// Records the verdict that an alert brings with it, when there is none.
fn carried(db: &Transaction<'_>, alert: &Alert, now: Ns) -> Result<()> {
    let Some(verdict) = alert.feedback.as_deref().and_then(Verdict::from_word) else {
        return Ok(());
    };
    let judged: bool = db
        .prepare_cached("SELECT feedback IS NOT NULL FROM alerts WHERE alert_id = ?1")
        .and_then(|mut find| find.query_row([&alert.alert_id], |row| row.get(0)))
        .doing(WHAT)?;
    if !judged {
        let new = NewFeedback { verdict, note: String::new(), origin: "import".into() };
        people::record_feedback(db, &alert.alert_id, &new, now)?;
    }
    Ok(())
}

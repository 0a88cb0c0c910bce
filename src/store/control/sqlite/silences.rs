//! Silences in the database.
//!
//! One that is over stays in the history for a year, so that what silenced an alert can be looked
//! up. Its id is derived from what it says, when, and how many there were.

use super::super::Result;
use super::super::error::{Doing, StateError};
use super::super::feedback as words;
use super::super::silence::{NewSilence, SILENCES_MAX, Silence};
use super::people::{count, log};
use super::{signed, unsigned};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use seerflow_model::Ns;
use seerflow_model::time::DAY;
use uuid::Uuid;

/// How long a silence that is over stays in the history.
const HISTORY: Ns = 366 * DAY;
/// Namespace of ids of silences.
const SILENCE: Uuid = Uuid::from_u128(0x5ee2_f10a_0004_5000_8000_0000_0000_0004);
const SILENCES: &str = "SELECT id, matching, reason, created_by, starts_ns, ends_ns, created_ns, removed_ns FROM silences";

/// A row, with what is matched still as JSON.
fn read_silence(row: &Row<'_>) -> rusqlite::Result<(String, Silence)> {
    let removed: Option<i64> = row.get(7)?;
    let silence = Silence {
        id: row.get(0)?,
        matching: Default::default(),
        reason: row.get(2)?,
        created_by: row.get(3)?,
        starts_ns: unsigned(row.get(4)?),
        ends_ns: unsigned(row.get(5)?),
        created_ns: unsigned(row.get(6)?),
        removed_ns: removed.map(unsigned),
    };
    Ok((row.get(1)?, silence))
}

fn whole((json, silence): (String, Silence)) -> Result<Silence> {
    match serde_json::from_str(&json) {
        Ok(matching) => Ok(Silence { matching, ..silence }),
        Err(error) => Err(StateError::Unreadable {
            what: format!("silence {}", silence.id),
            reason: error.to_string(),
        }),
    }
}

/// Adds a silence.
pub fn add_silence(db: &Transaction<'_>, new: &NewSilence, now: Ns) -> Result<Silence> {
    const WHAT: &str = "add a silence";
    let new = new.checked(now)?;
    db.prepare_cached("DELETE FROM silences WHERE ends_ns < ?1")
        .and_then(|mut delete| delete.execute([signed(now.saturating_sub(HISTORY))]))
        .doing(WHAT)?;
    let there = "SELECT count(*) FROM silences WHERE ends_ns > ?1 AND removed_ns IS NULL";
    if count(db, there, signed(now))? >= SILENCES_MAX {
        let text = format!("there are {SILENCES_MAX} silences already; remove some");
        return Err(StateError::Invalid(text));
    }
    let all = count(db, "SELECT count(*) FROM silences WHERE ?1", 1)?;
    let matching = serde_json::to_string(&new.matching).unwrap_or_default();
    let name = format!("{now} {all} {} {matching}", new.created_by);
    let silence = Silence {
        id: Uuid::new_v5(&SILENCE, name.as_bytes()).to_string(),
        matching: new.matching,
        reason: new.reason,
        created_by: new.created_by,
        starts_ns: unsigned(signed(new.starts)),
        ends_ns: unsigned(signed(new.ends)),
        created_ns: unsigned(signed(now)),
        removed_ns: None,
    };
    db.prepare_cached(
        "INSERT INTO silences (id, matching, reason, created_by, starts_ns, ends_ns, created_ns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .and_then(|mut add| {
        add.execute(params![
            silence.id,
            matching,
            silence.reason,
            silence.created_by,
            signed(silence.starts_ns),
            signed(silence.ends_ns),
            signed(silence.created_ns),
        ])
    })
    .doing(WHAT)?;
    log(db, (now, &silence.created_by), "silence.add", &silence.id, (None, Some(&silence)))?;
    Ok(silence)
}

/// Silences that are not over, or all, newest first.
pub fn silences(db: &Transaction<'_>, past: bool, now: Ns) -> Result<Vec<Silence>> {
    let statement = format!(
        "{SILENCES} WHERE ?1 OR (ends_ns > ?2 AND removed_ns IS NULL) ORDER BY created_ns DESC, id"
    );
    let rows: Vec<_> = db
        .prepare_cached(&statement)
        .and_then(|mut list| list.query_map(params![past, signed(now)], read_silence)?.collect())
        .doing("list silences")?;
    rows.into_iter().map(whole).collect()
}

/// One silence.
pub fn silence(db: &Transaction<'_>, id: &str) -> Result<Option<Silence>> {
    db.prepare_cached(&format!("{SILENCES} WHERE id = ?1"))
        .and_then(|mut find| find.query_row([id], read_silence).optional())
        .doing("read a silence")?
        .map(whole)
        .transpose()
}

/// Ends a silence now.
pub fn remove_silence(
    db: &Transaction<'_>,
    id: &str,
    who: &str,
    now: Ns,
) -> Result<Option<Silence>> {
    let who = words::who(who)?;
    let Some(before) = silence(db, id)?.filter(|silence| !silence.over(now)) else {
        return Ok(None);
    };
    db.prepare_cached("UPDATE silences SET removed_ns = ?2 WHERE id = ?1")
        .and_then(|mut change| change.execute(params![id, signed(now)]))
        .doing("remove a silence")?;
    let after = Silence { removed_ns: Some(unsigned(signed(now))), ..before.clone() };
    log(db, (now, &who), "silence.remove", id, (Some(&before), Some(&after)))?;
    Ok(Some(after))
}

//! Marks in the database, and the verdicts that still count.
//!
//! A mark that is over stays in the history for a year. Its id is derived from what it says, when,
//! and how many there were.

use super::super::error::{Doing, StateError};
use super::super::feedback as words;
use super::super::mark::{MARKS_MAX, Mark, MarkKind, NewMark};
use super::super::{GivenVerdict, Result, Verdict};
use super::people::{count, log};
use super::{signed, unsigned};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use seerflow_model::time::DAY;
use seerflow_model::{Alert, Ns};
use uuid::Uuid;

/// How long a mark that is over stays in the history.
const HISTORY: Ns = 366 * DAY;
/// Verdicts that are given back: the newest.
const VERDICTS_MAX: u64 = 20_000;
/// Namespace of ids of marks.
const MARK: Uuid = Uuid::from_u128(0x5ee2_f10a_0004_5000_8000_0000_0000_0005);
const MARKS: &str = "SELECT id, kind, matching, note, created_by, starts_ns, ends_ns, created_ns, ended_ns FROM marks";

/// A row, with what is matched still as JSON.
fn read_mark(row: &Row<'_>) -> rusqlite::Result<(String, Mark)> {
    let (kind, ended): (String, Option<i64>) = (row.get(1)?, row.get(8)?);
    let mark = Mark {
        id: row.get(0)?,
        // The table takes no other word than the two.
        kind: if kind == "deploy" { MarkKind::Deploy } else { MarkKind::Maintenance },
        matching: Default::default(),
        note: row.get(3)?,
        created_by: row.get(4)?,
        starts_ns: unsigned(row.get(5)?),
        ends_ns: unsigned(row.get(6)?),
        created_ns: unsigned(row.get(7)?),
        ended_ns: ended.map(unsigned),
    };
    Ok((row.get(2)?, mark))
}

fn whole((json, mark): (String, Mark)) -> Result<Mark> {
    match serde_json::from_str(&json) {
        Ok(matching) => Ok(Mark { matching, ..mark }),
        Err(error) => Err(StateError::Unreadable {
            what: format!("mark {}", mark.id),
            reason: error.to_string(),
        }),
    }
}

/// Adds a mark.
pub fn add_mark(db: &Transaction<'_>, new: &NewMark, now: Ns) -> Result<Mark> {
    const WHAT: &str = "add a mark";
    let new = new.checked(now)?;
    db.prepare_cached("DELETE FROM marks WHERE ends_ns < ?1")
        .and_then(|mut delete| delete.execute([signed(now.saturating_sub(HISTORY))]))
        .doing(WHAT)?;
    let there = "SELECT count(*) FROM marks WHERE ends_ns > ?1 AND ended_ns IS NULL";
    if count(db, there, signed(now))? >= MARKS_MAX {
        let text = format!("there are {MARKS_MAX} marks already; end some");
        return Err(StateError::Invalid(text));
    }
    let all = count(db, "SELECT count(*) FROM marks WHERE ?1", 1)?;
    let matching = serde_json::to_string(&new.matching).unwrap_or_default();
    let name = format!("{now} {all} {} {matching}", new.created_by);
    let mark = Mark {
        id: Uuid::new_v5(&MARK, name.as_bytes()).to_string(),
        kind: new.kind,
        matching: new.matching,
        note: new.note,
        created_by: new.created_by,
        starts_ns: unsigned(signed(new.starts)),
        ends_ns: unsigned(signed(new.ends)),
        created_ns: unsigned(signed(now)),
        ended_ns: None,
    };
    db.prepare_cached(
        "INSERT INTO marks (id, kind, matching, note, created_by, starts_ns, ends_ns, created_ns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .and_then(|mut add| {
        add.execute(params![
            mark.id,
            seerflow_detection::marks::MarkKind::from(mark.kind).name(),
            matching,
            mark.note,
            mark.created_by,
            signed(mark.starts_ns),
            signed(mark.ends_ns),
            signed(mark.created_ns),
        ])
    })
    .doing(WHAT)?;
    log(db, (now, &mark.created_by), "mark.add", &mark.id, (None, Some(&mark)))?;
    Ok(mark)
}

/// Marks that end after `since`, newest first.
pub fn marks(db: &Transaction<'_>, since: Ns) -> Result<Vec<Mark>> {
    let statement = format!("{MARKS} WHERE ends_ns > ?1 ORDER BY created_ns DESC, id");
    let rows: Vec<_> = db
        .prepare_cached(&statement)
        .and_then(|mut list| list.query_map([signed(since)], read_mark)?.collect())
        .doing("list marks")?;
    rows.into_iter().map(whole).collect()
}

/// Ends a mark now.
pub fn end_mark(db: &Transaction<'_>, id: &str, who: &str, now: Ns) -> Result<Option<Mark>> {
    const WHAT: &str = "end a mark";
    let who = words::who(who)?;
    let found = db
        .prepare_cached(&format!("{MARKS} WHERE id = ?1"))
        .and_then(|mut find| find.query_row([id], read_mark).optional())
        .doing(WHAT)?;
    let Some(before) = found.map(whole).transpose()?.filter(|mark| !mark.over(now)) else {
        return Ok(None);
    };
    db.prepare_cached("UPDATE marks SET ended_ns = ?2 WHERE id = ?1")
        .and_then(|mut change| change.execute(params![id, signed(now)]))
        .doing(WHAT)?;
    let after = Mark { ended_ns: Some(unsigned(signed(now))), ..before.clone() };
    log(db, (now, &who), "mark.end", id, (Some(&before), Some(&after)))?;
    Ok(Some(after))
}

/// The last verdict on each alert since a time, oldest first; of too many the newest.
pub fn verdicts(db: &Transaction<'_>, since: Ns) -> Result<Vec<GivenVerdict>> {
    const WHAT: &str = "read verdicts";
    let statement = "SELECT f.verdict, f.at_ns, r.json FROM feedback f
         JOIN alerts a ON a.n = f.n
         JOIN alert_revisions r ON r.n = a.n AND r.revision = a.revision
         WHERE f.at_ns > ?1 AND f.id = (SELECT max(id) FROM feedback l WHERE l.n = f.n)
         ORDER BY f.id DESC LIMIT ?2";
    let read = |row: &Row<'_>| {
        let (verdict, at, json): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((verdict, unsigned(at), json))
    };
    let rows: Vec<(String, Ns, String)> = db
        .prepare_cached(statement)
        .and_then(|mut list| {
            list.query_map(params![signed(since), signed(VERDICTS_MAX)], read)?.collect()
        })
        .doing(WHAT)?;
    let given = |(verdict, at, json): (String, Ns, String)| {
        let alert: Alert = serde_json::from_str(&json).map_err(|error| {
            let (what, reason) = ("an alert with a verdict".to_owned(), error.to_string());
            StateError::Unreadable { what, reason }
        })?;
        let verdict = Verdict::from_word(&verdict).unwrap_or(Verdict::Fp);
        Ok(GivenVerdict { alert, verdict, at })
    };
    rows.into_iter().rev().map(given).collect()
}

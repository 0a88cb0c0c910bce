//! The schema, as numbered steps that only go forward.
//!
//! Each step runs in one transaction together with the number it leaves behind, so that a file is
//! always of one version. A newer number than ours, a number that no program of ours wrote, a
//! damaged file and a database of another program are refused before anything is written.

use super::super::Result;
use super::super::error::{Doing, StateError};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// The steps; the version of a file is how many of them it has seen. Never change one, add one.
const STEPS: &[&str] = &[
    include_str!("migrations/1_alerts.sql"),
    include_str!("migrations/2_people.sql"),
    include_str!("migrations/3_templates.sql"),
    include_str!("migrations/4_marks.sql"),
    include_str!("migrations/5_rules.sql"),
];

/// The versions since which rules are switched, and uploaded.
pub const RULE_SWITCHES: u32 = 2;
/// See [`RULE_SWITCHES`].
pub const RULE_UPLOADS: u32 = 5;
/// The version that this program writes.
pub const VERSION: u32 = STEPS.len() as u32;
/// In the header of the file, for whoever finds one: `seer`.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"seer");
/// Files up to this size are looked over at each start; larger ones would take seconds.
const CHECK_BYTES_MAX: u64 = 128 << 20;

/// Looks whether a file can be ours, without changing it.
pub fn inspect(db: &Connection, path: &Path) -> Result<u32> {
    let damaged = |error: rusqlite::Error| damaged(path, &error);
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = db.query_row(tables, [], |row| row.get(0)).map_err(damaged)?;
    let application = number("application_id").map_err(damaged)?;
    let version = number("user_version").map_err(damaged)?;
    if tables == 0 && application == 0 && version == 0 {
        return Ok(0);
    }
    if application != i64::from(APPLICATION_ID) {
        return Err(StateError::Foreign { path: path.to_owned() });
    }
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    if version > VERSION {
        return Err(StateError::Newer { path: path.to_owned(), have: version, know: VERSION });
    }
    let pages = number("page_count").map_err(damaged)?;
    let size = number("page_size").map_err(damaged)?;
    if u64::try_from(pages.saturating_mul(size)).unwrap_or(0) <= CHECK_BYTES_MAX {
        let found = "PRAGMA quick_check(1)";
        let found: String = db.query_row(found, [], |row| row.get(0)).map_err(damaged)?;
        if found != "ok" {
            return Err(StateError::Damaged { path: path.to_owned(), reason: found });
        }
    }
    Ok(version)
}

/// What a database that cannot be read is: damaged, in use, or out of reach.
fn damaged(path: &Path, error: &rusqlite::Error) -> StateError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let path = path.to_owned();
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => StateError::Damaged { path, reason },
        _ => StateError::Open { path, reason },
    }
}

/// Brings a file to [`VERSION`].
pub fn migrate(db: &mut Connection, from: u32) -> Result<()> {
    migrate_to(db, from, VERSION)
}

fn migrate_to(db: &mut Connection, from: u32, to: u32) -> Result<()> {
    const WHAT: &str = "bring its schema up to date";
    for number in from..to {
        let step = STEPS[number as usize];
        let change = db.transaction_with_behavior(TransactionBehavior::Immediate).doing(WHAT)?;
        change.execute_batch(step).doing(WHAT)?;
        change.pragma_update(None, "application_id", APPLICATION_ID).doing(WHAT)?;
        change.pragma_update(None, "user_version", number + 1).doing(WHAT)?;
        change.commit().doing(WHAT)?;
    }
    Ok(())
}

/// A file as an older program left it, for tests.
#[cfg(test)]
pub fn of_version(db: &mut Connection, version: u32) {
    migrate_to(db, 0, version).unwrap();
}

//! The state store in SQLite: one file, one writer, several readers.
//!
//! The journal is a write-ahead log, so readers never wait for the writer nor it for them, and a
//! commit is on the disk before it is answered (`synchronous = FULL`). One connection writes, behind
//! a mutex; up to [`READERS_MAX`] idle ones that cannot write are kept for readers. A read sees the
//! state of one moment.
//!
//! The file has mode 0600 before the first byte is in it; the journal beside it takes that over. A
//! file that is damaged, newer or another program's is refused and left as it is, see [`schema`].
//!
//! Cost: a commit is one fsync, so revisions are put in batches; a lookup by id or a page of a list
//! is an index walk.

mod alert_query;
mod alert_write;
mod marks;
mod people;
mod rules;
mod schema;
mod silences;
mod templates;

use super::error::{Doing, StateError};
use super::page::{PageRequest, Paged};
use super::{
    AlertBucket, AlertCounts, AlertQuery, AlertWrite, AlertsByRule, AlertsByTechnique, AuditEntry,
    Feedback, GivenVerdict, Mark, NewFeedback, NewMark, NewSilence, PutCounts, Result, RuleSwitch,
    Silence, StateInfo, StateStore, StoredAlert, StoredRevision, StoredTemplate, TemplateBatch,
    TemplateQuery, Upload,
};
use crate::config::data_dir::FILE_MODE;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use seerflow_model::Ns;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a statement waits for another process that holds the file.
const BUSY: Duration = Duration::from_secs(5);
/// Connections that are kept open for readers.
const READERS_MAX: usize = 4;
/// Statements that a connection keeps prepared.
const STATEMENTS_MAX: usize = 64;

/// See the module head.
pub struct SqliteStore {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    silences: AtomicU64,
}

impl SqliteStore {
    /// Opens the file, makes it when it is not there, and brings its schema up to date.
    pub fn open(path: &Path) -> Result<SqliteStore> {
        let open = |reason: String| StateError::Open { path: path.to_owned(), reason };
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(path)
            .map_err(|error| open(error.to_string()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags).map_err(|e| open(e.to_string()))?;
        db.busy_timeout(BUSY).doing("set its time-out")?;
        let version = schema::inspect(&db, path)?;
        let mode: String = db
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
            .map_err(|error| open(error.to_string()))?;
        if mode != "wal" {
            return Err(open(format!("its journal is {mode}, and cannot be a write-ahead log")));
        }
        db.pragma_update(None, "synchronous", "FULL").doing("set synchronous")?;
        db.pragma_update(None, "foreign_keys", true).doing("set foreign keys")?;
        db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        schema::migrate(&mut db, version)?;
        Ok(SqliteStore {
            path: path.to_owned(),
            writer: Mutex::new(db),
            readers: Mutex::default(),
            silences: AtomicU64::new(0),
        })
    }

    /// What people have changed of rules, from a file that another process may be using; nothing in
    /// it is changed, and none is made. `None` where there is no file.
    pub fn peek_rules(path: &Path) -> Result<Option<(Vec<RuleSwitch>, Vec<Upload>)>> {
        if !path.exists() {
            return Ok(None);
        }
        const WHAT: &str = "look at rules";
        let open = |error: rusqlite::Error| StateError::Open {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags).map_err(open)?;
        db.busy_timeout(BUSY).doing(WHAT)?;
        let version = schema::inspect(&db, path)?;
        let look = db.transaction().doing(WHAT)?;
        // What an older program left has no such table.
        let switches = match version >= schema::RULE_SWITCHES {
            true => people::rules(&look)?,
            false => Vec::new(),
        };
        let uploads = match version >= schema::RULE_UPLOADS {
            true => rules::all(&look)?,
            false => Vec::new(),
        };
        Ok(Some((switches, uploads)))
    }

    /// One change: all of it happens or nothing does.
    fn write<T>(
        &self,
        what: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        // A change that panicked was rolled back with its transaction.
        let mut db = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction =
            db.transaction_with_behavior(TransactionBehavior::Immediate).doing(what)?;
        let made = change(&transaction)?;
        transaction.commit().doing(what)?;
        Ok(made)
    }

    /// One look: all of it sees the same moment.
    fn read<T>(
        &self,
        what: &'static str,
        look: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut db = match idle {
            Some(db) => db,
            None => self.reader()?,
        };
        let transaction = db.transaction().doing(what)?;
        let seen = look(&transaction);
        drop(transaction);
        // After an error the connection may be at fault: the next reader opens a new one.
        if seen.is_ok() {
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if readers.len() < READERS_MAX {
                readers.push(db);
            }
        }
        seen
    }

    fn reader(&self) -> Result<Connection> {
        const WHAT: &str = "open a reader";
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.path, flags).doing(WHAT)?;
        db.busy_timeout(BUSY).doing(WHAT)?;
        db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(db)
    }
}

/// A time as the database keeps it.
fn signed(ns: Ns) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

/// A time or count as the database kept it.
fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl StateStore for SqliteStore {
    fn put_alerts(&self, batch: &[AlertWrite], now: Ns) -> Result<PutCounts> {
        self.write("store alerts", |db| alert_write::put(db, batch, now))
    }

    fn alert(&self, id: &str) -> Result<Option<StoredAlert>> {
        self.read("read an alert", |db| alert_query::one(db, id))
    }

    fn alerts(&self, query: &AlertQuery, page: &PageRequest) -> Result<Paged<StoredAlert>> {
        query.check()?;
        let page = page.resolve()?;
        self.read("list alerts", |db| alert_query::page(db, query, &page))
    }

    fn alert_revisions(&self, id: &str) -> Result<Vec<StoredRevision>> {
        self.read("read revisions", |db| alert_query::revisions(db, id))
    }

    fn alert_series(&self, query: &AlertQuery, bucket: Ns) -> Result<Vec<AlertBucket>> {
        query.check()?;
        self.read("count alerts by time", |db| alert_query::series(db, query, bucket))
    }

    fn alert_counts(&self) -> Result<AlertCounts> {
        self.read("count alerts", alert_query::counts)
    }

    fn record_feedback(&self, id: &str, new: &NewFeedback, now: Ns) -> Result<Option<Feedback>> {
        self.write("record feedback", |db| people::record_feedback(db, id, new, now))
    }

    fn feedback(&self, id: &str, page: &PageRequest) -> Result<Option<Paged<Feedback>>> {
        let page = page.resolve()?;
        self.read("list feedback", |db| people::feedback(db, id, &page))
    }

    fn verdicts(&self, since: Ns) -> Result<Vec<GivenVerdict>> {
        self.read("read verdicts", |db| marks::verdicts(db, since))
    }

    fn add_mark(&self, new: &NewMark, now: Ns) -> Result<Mark> {
        self.write("add a mark", |db| marks::add_mark(db, new, now))
    }

    fn marks(&self, since: Ns) -> Result<Vec<Mark>> {
        self.read("list marks", |db| marks::marks(db, since))
    }

    fn end_mark(&self, id: &str, who: &str, now: Ns) -> Result<Option<Mark>> {
        self.write("end a mark", |db| marks::end_mark(db, id, who, now))
    }

    fn set_rule(&self, rule: &str, enabled: bool, who: &str, now: Ns) -> Result<RuleSwitch> {
        self.write("switch a rule", |db| people::set_rule(db, rule, enabled, who, now))
    }

    fn rules(&self) -> Result<Vec<RuleSwitch>> {
        self.read("list rules", people::rules)
    }

    fn put_upload(&self, rule: &str, text: &str, who: &str, now: Ns) -> Result<Upload> {
        self.write("keep an uploaded rule", |db| rules::put(db, rule, text, who, now))
    }

    fn remove_upload(&self, rule: &str, who: &str, now: Ns) -> Result<Option<Upload>> {
        self.write("forget an uploaded rule", |db| rules::remove(db, rule, who, now))
    }

    fn uploads(&self) -> Result<Vec<Upload>> {
        self.read("list uploaded rules", rules::all)
    }

    fn alerts_by_rule(&self, since: Ns) -> Result<AlertsByRule> {
        self.read("count alerts by rule", |db| rules::alerts_by_rule(db, since))
    }

    fn rule_series(&self, rule: &str, range: (Ns, Ns), bucket: Ns) -> Result<Vec<AlertBucket>> {
        self.read("count alerts of a rule", |db| rules::series(db, rule, range, bucket))
    }

    fn alerts_by_technique(&self, since: Ns, until: Ns) -> Result<AlertsByTechnique> {
        self.read("count alerts by technique", |db| rules::alerts_by_technique(db, since, until))
    }

    fn add_silence(&self, new: &NewSilence, now: Ns) -> Result<Silence> {
        let added = self.write("add a silence", |db| silences::add_silence(db, new, now));
        self.silences.fetch_add(1, Ordering::Release);
        added
    }

    fn silences(&self, past: bool, now: Ns) -> Result<Vec<Silence>> {
        self.read("list silences", |db| silences::silences(db, past, now))
    }

    fn silence(&self, id: &str) -> Result<Option<Silence>> {
        self.read("read a silence", |db| silences::silence(db, id))
    }

    fn remove_silence(&self, id: &str, who: &str, now: Ns) -> Result<Option<Silence>> {
        let removed =
            self.write("remove a silence", |db| silences::remove_silence(db, id, who, now));
        self.silences.fetch_add(1, Ordering::Release);
        removed
    }

    fn silences_version(&self) -> u64 {
        self.silences.load(Ordering::Acquire)
    }

    fn put_templates(&self, batch: &TemplateBatch, now: Ns) -> Result<u64> {
        self.write("store templates", |db| templates::put(db, batch, now))
    }

    fn templates(
        &self,
        query: &TemplateQuery,
        page: &PageRequest,
    ) -> Result<Paged<StoredTemplate>> {
        let page = page.resolve()?;
        self.read("list templates", |db| templates::page(db, query, &page))
    }

    fn template(&self, id: u64) -> Result<Option<StoredTemplate>> {
        self.read("read a template", |db| templates::one(db, id))
    }

    fn template_aliases(&self) -> Result<BTreeMap<u64, u64>> {
        self.read("read aliases", templates::aliases)
    }

    fn prune_templates(&self, min_count: u64, who: &str, now: Ns) -> Result<u64> {
        self.write("prune templates", |db| templates::prune(db, min_count, who, now))
    }

    fn reset_templates(&self, who: &str, now: Ns) -> Result<u64> {
        self.write("reset templates", |db| templates::reset(db, who, now))
    }

    fn audit(&self, page: &PageRequest) -> Result<Paged<AuditEntry>> {
        let page = page.resolve()?;
        self.read("list changes", |db| people::audit(db, &page))
    }

    fn info(&self) -> Result<StateInfo> {
        let beside = |suffix: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            std::fs::metadata(name).map_or(0, |meta| meta.len())
        };
        Ok(StateInfo {
            backend: "sqlite",
            place: self.path.display().to_string(),
            schema: schema::VERSION,
            bytes: beside("") + beside("-wal") + beside("-shm"),
        })
    }
}

#[cfg(test)]
mod tests;

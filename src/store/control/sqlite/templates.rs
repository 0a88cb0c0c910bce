//! The dictionary of templates in the database.

use super::super::error::{Doing, StateError};
use super::super::page::Resolved;
use super::super::templates::{RUN_MAX, TEMPLATES_MAX, TEXT_MAX};
use super::super::{Paged, Result, StoredTemplate, TemplateBatch, TemplateQuery};
use super::alert_query::total;
use super::{people, signed, unsigned};
use crate::store::control::feedback::who as named;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, Transaction, params, params_from_iter};
use seerflow_model::Ns;
use seerflow_model::text::shorten;
use seerflow_pipeline::views::TemplateRow;
use std::collections::BTreeMap;

/// Beginning of the names of a daemon's runs, and the name that earlier ones share.
const LIVE: &str = "live:";
const PAST: &str = "live";
/// Longest text in a query, in bytes.
const FIELD_MAX: usize = 1_024;
const WHAT: &str = "store templates";
const COLUMNS: &str =
    "id, text, source_type, program, example, count, first_ns, last_ns, updated_ns";

/// Brings the dictionary up to date; gives how many templates were changed.
pub fn put(db: &Transaction<'_>, batch: &TemplateBatch, now: Ns) -> Result<u64> {
    if batch.run.is_empty() || batch.run.len() > RUN_MAX {
        let text = format!("the name of a run is empty or longer than {RUN_MAX} bytes");
        return Err(StateError::Invalid(text));
    }
    if batch.run.starts_with(LIVE) {
        fold(db, &batch.run)?;
    }
    let mut room = TEMPLATES_MAX.saturating_sub(total_rows(db)?);
    let mut changed = 0;
    for row in &batch.rows {
        let known: bool = db
            .prepare_cached("SELECT 1 FROM templates WHERE id = ?1")
            .and_then(|mut find| find.exists([key(row.id)]))
            .doing(WHAT)?;
        if known || room > 0 {
            room -= u64::from(!known);
            put_one(db, row, &batch.run, now)?;
            changed += 1;
        }
    }
    for (from, to) in &batch.aliases {
        join(db, (key(*from), key(*to)), &batch.run)?;
    }
    Ok(changed)
}

/// An id as the database keeps it.
fn key(id: u64) -> i64 {
    id.cast_signed()
}

fn total_rows(db: &Transaction<'_>) -> Result<u64> {
    db.prepare_cached("SELECT count(*) FROM templates")
        .and_then(|mut count| count.query_row([], |row| row.get(0)))
        .map(unsigned)
        .doing(WHAT)
}

/// Makes one run of a daemon's earlier ones, so that their number does not grow.
fn fold(db: &Transaction<'_>, run: &str) -> Result<()> {
    // `:` is followed by `;`: all names that begin with `live:`.
    let earlier = "run >= 'live:' AND run < 'live;' AND run <> ?1";
    db.prepare_cached(&format!(
        "INSERT INTO template_runs (id, run, count)
         SELECT id, '{PAST}', sum(count) FROM template_runs WHERE {earlier} GROUP BY id
         ON CONFLICT (id, run) DO UPDATE SET count = count + excluded.count"
    ))
    .and_then(|mut add| add.execute([run]))
    .doing(WHAT)?;
    db.prepare_cached(&format!("DELETE FROM template_runs WHERE {earlier}"))
        .and_then(|mut delete| delete.execute([run]))
        .doing(WHAT)?;
    Ok(())
}

/// Makes one template part of another: what other runs counted of it is the other's from now on.
fn join(db: &Transaction<'_>, (from, to): (i64, i64), run: &str) -> Result<()> {
    let known: Option<i64> = db
        .prepare_cached("SELECT alias_of FROM template_aliases WHERE id = ?1")
        .and_then(|mut find| find.query_row([from], |row| row.get(0)).optional())
        .doing(WHAT)?;
    if known == Some(to) || from == to {
        return Ok(());
    }
    for statement in [
        "INSERT OR REPLACE INTO template_aliases (id, alias_of) VALUES (?1, ?2)",
        "UPDATE template_aliases SET alias_of = ?2 WHERE alias_of = ?1",
        "UPDATE templates SET first_ns = min(templates.first_ns, f.first_ns),
           last_ns = max(templates.last_ns, f.last_ns)
           FROM (SELECT first_ns, last_ns FROM templates WHERE id = ?1) AS f WHERE id = ?2",
    ] {
        db.prepare_cached(statement).and_then(|mut go| go.execute([from, to])).doing(WHAT)?;
    }
    // This run has counted both as one already.
    db.prepare_cached(
        "INSERT INTO template_runs (id, run, count)
         SELECT ?2, run, count FROM template_runs
           WHERE id = ?1 AND run <> ?3 AND EXISTS (SELECT 1 FROM templates WHERE id = ?2)
         ON CONFLICT (id, run) DO UPDATE SET count = count + excluded.count",
    )
    .and_then(|mut add| add.execute(params![from, to, run]))
    .doing(WHAT)?;
    db.prepare_cached("DELETE FROM templates WHERE id = ?1")
        .and_then(|mut delete| delete.execute([from]))
        .doing(WHAT)?;
    db.prepare_cached(
        "UPDATE templates SET
           count = (SELECT coalesce(sum(count), 0) FROM template_runs WHERE id = ?1)
         WHERE id = ?1",
    )
    .and_then(|mut sum| sum.execute([to]))
    .doing(WHAT)?;
    Ok(())
}

fn put_one(db: &Transaction<'_>, row: &TemplateRow, run: &str, now: Ns) -> Result<()> {
    let id = key(row.id);
    let before: i64 = db
        .prepare_cached("SELECT count FROM template_runs WHERE id = ?1 AND run = ?2")
        .and_then(|mut find| find.query_row(params![id, run], |row| row.get(0)).optional())
        .doing(WHAT)?
        .unwrap_or(0);
    let count = signed(row.count);
    let (text, example) = (shorten(&row.text, TEXT_MAX), shorten(&row.example, TEXT_MAX));
    db.prepare_cached(
        "INSERT INTO templates (id, text, source_type, program, example, count, first_ns, last_ns,
           updated_ns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET text = excluded.text,
           example = CASE WHEN excluded.first_ns < first_ns THEN excluded.example ELSE example END,
           count = max(0, count + excluded.count),
           first_ns = min(first_ns, excluded.first_ns),
           last_ns = max(last_ns, excluded.last_ns),
           updated_ns = excluded.updated_ns",
    )
    .and_then(|mut add| {
        add.execute(params![
            id,
            text,
            row.source_type,
            row.program,
            example,
            count.saturating_sub(before),
            signed(row.first_seen),
            signed(row.last_seen),
            signed(now),
        ])
    })
    .doing(WHAT)?;
    db.prepare_cached("INSERT OR REPLACE INTO template_runs (id, run, count) VALUES (?1, ?2, ?3)")
        .and_then(|mut add| add.execute(params![id, run, count]))
        .doing(WHAT)?;
    db.prepare_cached("DELETE FROM template_aliases WHERE id = ?1")
        .and_then(|mut delete| delete.execute([id]))
        .doing(WHAT)?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredTemplate> {
    Ok(StoredTemplate {
        row: TemplateRow {
            id: row.get::<_, i64>(0)?.cast_unsigned(),
            text: row.get(1)?,
            source_type: row.get(2)?,
            program: row.get(3)?,
            example: row.get(4)?,
            count: unsigned(row.get(5)?),
            first_seen: unsigned(row.get(6)?),
            last_seen: unsigned(row.get(7)?),
        },
        updated: unsigned(row.get(8)?),
    })
}

/// A page of the dictionary, most frequent first.
pub fn page(
    db: &Transaction<'_>,
    query: &TemplateQuery,
    page: &Resolved,
) -> Result<Paged<StoredTemplate>> {
    if page.after.is_some() {
        return Err(StateError::Invalid("this list has pages, no cursor".into()));
    }
    let texts = [&query.text, &query.source_type, &query.program];
    if texts.iter().any(|text| text.as_ref().is_some_and(|text| text.len() > FIELD_MAX)) {
        return Err(StateError::Invalid(format!("a text is longer than {FIELD_MAX} bytes")));
    }
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    // The characters that LIKE gives a meaning lose it.
    let like = query.text.as_ref().map(|text| {
        let plain = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        format!("%{plain}%")
    });
    let least = query.min_count.map_or(Value::Null, |least| Value::Integer(signed(least)));
    let mut values = vec![text(&like), text(&query.source_type), text(&query.program), least];
    let condition = "WHERE (?1 IS NULL OR text LIKE ?1 ESCAPE '\\')
        AND (?2 IS NULL OR source_type = ?2) AND (?3 IS NULL OR program = ?3)
        AND (?4 IS NULL OR count >= ?4)";
    let (total, total_is_lower_bound) = total(db, "templates", condition, &values)?;
    let statement = format!(
        "SELECT {COLUMNS} FROM templates {condition} ORDER BY count DESC, id LIMIT ?5 OFFSET ?6"
    );
    let number = |n: usize| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    values.extend([number(page.limit + 1), number(page.skip)]);
    let mut items: Vec<StoredTemplate> = db
        .prepare_cached(&statement)
        .and_then(|mut list| list.query_map(params_from_iter(values), read)?.collect())
        .doing("list templates")?;
    let has_next = items.len() > page.limit;
    items.truncate(page.limit);
    Ok(Paged { items, total, total_is_lower_bound, next_cursor: None, has_next })
}

/// One template, or the one that it became part of.
pub fn one(db: &Transaction<'_>, id: u64) -> Result<Option<StoredTemplate>> {
    let statement = format!(
        "SELECT {COLUMNS} FROM templates
         WHERE id = coalesce((SELECT alias_of FROM template_aliases WHERE id = ?1), ?1)"
    );
    db.prepare_cached(&statement)
        .and_then(|mut find| find.query_row([key(id)], read).optional())
        .doing("read a template")
}

/// Which template stands for which.
pub fn aliases(db: &Transaction<'_>) -> Result<BTreeMap<u64, u64>> {
    let row = |row: &Row<'_>| {
        let (from, to): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok((from.cast_unsigned(), to.cast_unsigned()))
    };
    db.prepare_cached("SELECT id, alias_of FROM template_aliases")
        .and_then(|mut list| list.query_map([], row)?.collect())
        .doing("read aliases")
}

/// Forgets templates with fewer events.
pub fn prune(db: &Transaction<'_>, min_count: u64, who: &str, now: Ns) -> Result<u64> {
    let who = named(who)?;
    let forgotten = db
        .prepare_cached("DELETE FROM templates WHERE count < ?1")
        .and_then(|mut delete| delete.execute([signed(min_count)]))
        .doing("prune templates")? as u64;
    db.prepare_cached(
        "DELETE FROM template_aliases WHERE alias_of NOT IN (SELECT id FROM templates)",
    )
    .and_then(|mut delete| delete.execute([]))
    .doing("prune templates")?;
    let said = serde_json::json!({"min_count": min_count, "forgotten": forgotten});
    people::log(db, (now, &who), "templates.prune", "templates", (None, Some(&said)))?;
    Ok(forgotten)
}

/// Forgets all templates.
pub fn reset(db: &Transaction<'_>, who: &str, now: Ns) -> Result<u64> {
    let who = named(who)?;
    let forgotten = db.execute("DELETE FROM templates", []).doing("reset templates")? as u64;
    db.execute("DELETE FROM template_aliases", []).doing("reset templates")?;
    let said = serde_json::json!({"forgotten": forgotten});
    people::log(db, (now, &who), "templates.reset", "templates", (None, Some(&said)))?;
    Ok(forgotten)
}

//! Rows into a store that others write to at the same time.
//!
//! An event is known by its source and its position there. What is stored of a source is looked up when the first row
//! of it comes, and again when others have written since, so a row is stored once, wherever it was stored before.
//! Alerts are known by their id and revision; the counts of templates grow by what was new.

use super::row::Row;
use crate::store::control::{AlertWrite, StateError, StateStore, TemplateBatch};
use crate::store::events::{EventStore, Origin, StoreError, Writer};
use hashbrown::HashMap;
use roaring::RoaringTreemap;
use seerflow_model::{Alert, Ns};
use seerflow_parsing::parser::Parser;
use seerflow_pipeline::views::TemplateRow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sources whose positions are remembered; when there are more, all are looked up again.
const SOURCES_MAX: usize = 4_096;
/// Problems that are told in words.
const TOLD_MAX: usize = 20;

/// What became of some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Events that were stored.
    pub events: u64,
    /// Events that were there already.
    pub known_events: u64,
    /// Alerts that were stored, or a revision of them.
    pub alerts: u64,
    /// Alerts that were there already.
    pub known_alerts: u64,
    /// Rows that could not be read.
    pub rejected: u64,
    /// The first of them: line, from 1, and what is wrong.
    pub problems: Vec<(u64, String)>,
}

/// A store took nothing.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// That of events.
    #[error(transparent)]
    Events(#[from] StoreError),
    /// That of alerts and templates.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Imports rows.
pub struct Importer {
    store: Arc<EventStore>,
    state: Option<Arc<dyn StateStore>>,
    parser: Parser,
    writer: Writer,
    known: HashMap<u64, RoaringTreemap>,
    /// Events that all writers had taken when `known` was looked up, and those taken here since.
    taken: (u64, u64),
    run: String,
    templates: BTreeMap<u64, TemplateRow>,
}

impl Importer {
    /// Into these stores; `now` names the run.
    pub fn new(
        store: Arc<EventStore>,
        state: Option<Arc<dyn StateStore>>,
        parser: Parser,
        now: Ns,
    ) -> Result<Importer, StoreError> {
        let writer = store.writer(0, Origin::Import)?;
        let (known, templates) = (HashMap::new(), BTreeMap::new());
        let (run, taken) = (format!("import:{now}"), (0, 0));
        Ok(Importer { store, state, parser, writer, known, taken, run, templates })
    }

    /// Takes lines of NDJSON.
    pub fn take(&mut self, lines: &[u8], now: Ns) -> Result<Imported, ImportError> {
        let stored = self.store.stats_taken();
        if stored != self.taken.0 + self.taken.1 || self.known.len() > SOURCES_MAX {
            self.known.clear();
            self.taken = (stored, 0);
        }
        let mut out = Imported::default();
        let mut alerts = Vec::new();
        for (number, line) in (1..).zip(lines.split(|b| *b == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let problem = match is_alert(line) {
                true => match serde_json::from_slice::<Alert>(line) {
                    Ok(alert) => {
                        alerts.push(AlertWrite::of(Arc::new(alert)));
                        continue;
                    }
                    Err(error) => format!("it is no exported alert: {error}"),
                },
                false => match Row::read(line) {
                    Ok(row) => {
                        self.event(&row, &mut out)?;
                        continue;
                    }
                    Err(problem) => problem.to_string(),
                },
            };
            out.rejected += 1;
            if out.problems.len() < TOLD_MAX {
                out.problems.push((number, problem));
            }
        }
        self.writer.show();
        self.finish(&alerts, now, &mut out)?;
        Ok(out)
    }

    fn event(&mut self, row: &Row, out: &mut Imported) -> Result<(), ImportError> {
        let mut event = self.parser.parse(&row.batch, row.meta());
        event.flags.set(row.flags);
        let known = match self.known.entry(event.source.id) {
            hashbrown::hash_map::Entry::Occupied(known) => known.into_mut(),
            hashbrown::hash_map::Entry::Vacant(none) => {
                none.insert(self.store.seqs_of(event.source.id)?)
            }
        };
        if !known.insert(event.seq) {
            out.known_events += 1;
            return Ok(());
        }
        if !self.writer.store(&event, row.template, &row.text, row.probability) {
            out.known_events += 1;
            return Ok(());
        }
        self.taken.1 += 1;
        out.events += 1;
        let at = event.about();
        let template = self.templates.entry(row.template).or_insert_with(|| TemplateRow {
            id: row.template,
            text: row.text.clone(),
            source_type: event.source.source_type.clone(),
            program: event.program().to_owned(),
            count: 0,
            first_seen: at,
            last_seen: at,
            example: seerflow_model::text::shorten(event.message(), 500).into_owned(),
        });
        template.count += 1;
        template.first_seen = template.first_seen.min(at);
        template.last_seen = template.last_seen.max(at);
        Ok(())
    }

    fn finish(
        &mut self,
        alerts: &[AlertWrite],
        now: Ns,
        out: &mut Imported,
    ) -> Result<(), ImportError> {
        let Some(state) = &self.state else { return Ok(()) };
        if !alerts.is_empty() {
            let counts = state.put_alerts(alerts, now)?;
            out.alerts += counts.added + counts.updated;
            out.known_alerts += counts.unchanged;
            out.rejected += counts.refused;
        }
        if out.events > 0 {
            let rows = self.templates.values().cloned().collect();
            let batch = TemplateBatch { run: self.run.clone(), rows, aliases: BTreeMap::new() };
            state.put_templates(&batch, now)?;
        }
        Ok(())
    }
}

/// An alert says so in its first keys; events have other ones.
fn is_alert(line: &[u8]) -> bool {
    let head = &line[..line.len().min(256)];
    memchr::memmem::find(head, b"\"alert_id\"").is_some()
}

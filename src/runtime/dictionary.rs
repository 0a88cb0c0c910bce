//! Keeps the dictionary of templates at rest up to date while the program runs.
//!
//! A thread asks the workers for their templates every [`EVERY`] and at the end, and stores those
//! whose count or text has changed. Whoever reads stored events when the program does not run finds
//! their templates there; after a crash the newest half minute may be missing.
//!
//! Cost: one pass over the templates, a few thousand rows at most times, off the dataflow.

use super::clock::Clock;
use super::facts::EngineFacts;
use crate::store::control::{StateStore, TemplateBatch};
use seerflow_pipeline::views::{Merged, TemplateRow};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two batches.
pub const EVERY: Duration = Duration::from_secs(30);

/// What is new in the templates of one run.
#[derive(Debug)]
pub struct Changes {
    run: String,
    /// Count and text as they were stored last.
    known: BTreeMap<u64, (u64, String)>,
    aliases: BTreeMap<u64, u64>,
}

impl Changes {
    /// For a run with that name.
    pub fn new(run: String) -> Changes {
        Changes { run, known: BTreeMap::new(), aliases: BTreeMap::new() }
    }

    /// What is to be stored now: rows that changed, and aliases that are new.
    pub fn of(&self, rows: Vec<TemplateRow>, merged: &Merged) -> TemplateBatch {
        let changed = |row: &TemplateRow| {
            self.known.get(&row.id).is_none_or(|(n, text)| *n != row.count || *text != row.text)
        };
        let rows: Vec<TemplateRow> = rows.into_iter().filter(changed).collect();
        let aliases = merged.aliases.keys().map(|from| (*from, merged.resolve(*from)));
        let aliases = aliases.filter(|(from, to)| self.aliases.get(from) != Some(to)).collect();
        TemplateBatch { run: self.run.clone(), rows, aliases }
    }

    /// Remembers what was stored.
    pub fn stored(&mut self, batch: &TemplateBatch) {
        let rows = batch.rows.iter().map(|row| (row.id, (row.count, row.text.clone())));
        self.known.extend(rows);
        self.aliases.extend(&batch.aliases);
        // One that became part of another has no row any more.
        self.known.retain(|id, _| !self.aliases.contains_key(id));
    }
}

/// The thread.
pub struct Dictionary {
    stop: flume::Sender<()>,
    thread: JoinHandle<()>,
    done: flume::Receiver<()>,
}

impl Dictionary {
    /// Starts it.
    pub fn start(
        store: Arc<dyn StateStore>,
        facts: Arc<EngineFacts>,
        clock: Clock,
    ) -> io::Result<Dictionary> {
        let (stop, stopped) = flume::bounded(1);
        let (finished, done) = flume::bounded(1);
        let mut changes = Changes::new(format!("live:{}", clock.now()));
        let thread = std::thread::Builder::new().name("dictionary".into()).spawn(move || {
            let mut put = |(rows, merged): (Vec<TemplateRow>, Merged)| {
                let batch = changes.of(rows, &merged);
                if batch.rows.is_empty() && batch.aliases.is_empty() {
                    return;
                }
                match store.put_templates(&batch, clock.now()) {
                    Ok(_) => changes.stored(&batch),
                    Err(error) => tracing::error!(%error, "cannot store templates, trying again"),
                }
            };
            while stopped.recv_timeout(EVERY) == Err(flume::RecvTimeoutError::Timeout) {
                put(facts.fresh_templates());
            }
            // The engine is gone: what it published last is all there is.
            put(facts.last_templates());
            // Nobody may be waiting any more: then there is nobody to tell.
            let _ = finished.send(());
        })?;
        Ok(Dictionary { stop, thread, done })
    }

    /// Stores what the engine said last; call it when the engine has ended. `false` when that took
    /// longer than allowed.
    pub fn finish(self, timeout: Duration) -> bool {
        drop(self.stop);
        let finished = self.done.recv_timeout(timeout).is_ok();
        if finished {
            // The thread has sent its last word.
            let _ = self.thread.join();
        }
        finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u64, text: &str, count: u64) -> TemplateRow {
        TemplateRow {
            id,
            text: text.into(),
            source_type: "s".into(),
            program: "p".into(),
            count,
            first_seen: 1,
            last_seen: 2,
            example: String::new(),
        }
    }

    #[test]
    fn only_what_changed_is_stored() {
        let mut changes = Changes::new("live:1".into());
        let mut merged = Merged::default();
        let mut step = |rows: &[TemplateRow], merged: &Merged| {
            let batch = changes.of(rows.to_vec(), merged);
            changes.stored(&batch);
            let ids: Vec<u64> = batch.rows.iter().map(|row| row.id).collect();
            (ids, batch.aliases.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(step(&[row(1, "a", 1), row(2, "b", 1)], &merged), (vec![1, 2], vec![]));
        assert_eq!(step(&[row(1, "a", 1), row(2, "b", 2)], &merged), (vec![2], vec![]));
        assert_eq!(step(&[row(1, "a <*>", 1), row(2, "b", 2)], &merged), (vec![1], vec![]));
        merged.aliases.insert(2, 1);
        assert_eq!(step(&[row(1, "a <*>", 3)], &merged), (vec![1], vec![(2, 1)]));
        merged.aliases.insert(1, 7);
        // The alias of an alias moves too.
        assert_eq!(step(&[row(7, "c", 9)], &merged), (vec![7], vec![(1, 7), (2, 7)]));
        assert_eq!(step(&[row(7, "c", 9)], &merged), (vec![], vec![]));
    }
}

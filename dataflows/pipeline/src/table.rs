//! `with_table`: knowledge that belongs to no single key, read by those that need it.
//!
//! A table's owner (a keyed fold) broadcasts versions; version q is valid for effective time ≥ the
//! instant at which its timer made it. The reader has two inputs and releases a record when both
//! frontiers have passed it, in the total order, versions before records at one instant. Nothing
//! waits that would not wait anyhow, and no record sees a version that another number of workers
//! would not show it.

use crate::env::{Env, passed};
use crate::held::Held;
use crate::rec::{Rec, Time};
use seerflow_model::time::MILLISECOND;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use timely::ExchangeData;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::{Operator, OutputBuilderSession};
use timely::dataflow::operators::vec::Broadcast;

/// The newest version of each table, by table key.
pub type Tables<T> = BTreeMap<u64, T>;

/// Joins `stream` with the versions in `tables` (which is broadcast here) and maps each record by
/// `logic`, which may emit any number of records.
///
/// State (the tables) is saved under `name`, by the worker that owns group 0.
pub fn with_table<'s, D, T, O, L>(
    stream: StreamVec<'s, Time, Rec<D>>,
    tables: StreamVec<'s, Time, Rec<T>>,
    name: &'static str,
    env: &Env,
    mut logic: L,
) -> StreamVec<'s, Time, Rec<O>>
where
    D: ExchangeData,
    T: ExchangeData + Clone + Serialize + DeserializeOwned,
    O: ExchangeData,
    L: FnMut(&Tables<T>, Rec<D>, &mut Vec<Rec<O>>) + 'static,
{
    let mut reader = Reader::<D, T>::new(name, env);
    stream.binary_frontier(tables.broadcast(), Pipeline, Pipeline, name, move |_cap, _info| {
        drop(_cap);
        move |(records, left), (versions, right), output: &mut Output<'_, O>| {
            let port = output.output_index();
            records.for_each_time(|cap, data| {
                for batch in data {
                    reader.records.take(&cap, port, batch.drain(..));
                }
            });
            versions.for_each_time(|cap, data| {
                for batch in data {
                    reader.versions.take(&cap, port, batch.drain(..));
                }
            });
            let limit = passed(left.frontier().first().copied())
                .min(passed(right.frontier().first().copied()));
            reader.advance(limit, &mut logic, output);
        }
    })
}

type Output<'a, O> = OutputBuilderSession<'a, Time, CapacityContainerBuilder<Vec<Rec<O>>>>;

struct Reader<D, T> {
    name: &'static str,
    env: Env,
    tables: Tables<T>,
    records: Held<D>,
    versions: Held<T>,
    cut_taken: bool,
}

impl<D: ExchangeData, T: ExchangeData + Serialize + DeserializeOwned> Reader<D, T> {
    fn new(name: &'static str, env: &Env) -> Reader<D, T> {
        let state = env.restore.as_ref().and_then(|all| all.get(&(name.to_owned(), 0)));
        let tables = state.map(|bytes| {
            // State was written by the same build (the digest of the snapshot was checked).
            bincode::deserialize(bytes).unwrap_or_else(|e| panic!("tables of {name}: {e}"))
        });
        Reader {
            name,
            env: Env { restore: None, ..env.clone() },
            tables: tables.unwrap_or_default(),
            records: Held::default(),
            versions: Held::default(),
            cut_taken: false,
        }
    }

    fn advance<O: ExchangeData>(
        &mut self,
        limit: u64,
        logic: &mut impl FnMut(&Tables<T>, Rec<D>, &mut Vec<Rec<O>>),
        output: &mut Output<'_, O>,
    ) {
        if let Some(cut) = self.env.cut.clone()
            && !self.cut_taken
            && limit >= cut.at
        {
            self.release(cut.at, logic, output);
            self.cut_taken = true;
            if self.env.owns(0)
                && let Ok(bytes) = bincode::serialize(&self.tables)
            {
                cut.put(self.name, 0, bytes);
            }
        }
        self.release(limit, logic, output);
    }

    fn release<O: ExchangeData>(
        &mut self,
        limit: u64,
        logic: &mut impl FnMut(&Tables<T>, Rec<D>, &mut Vec<Rec<O>>),
        output: &mut Output<'_, O>,
    ) {
        let mut out = Vec::new();
        loop {
            let next = match (self.records.first(), self.versions.first()) {
                (Some(a), Some(b)) => a.min(b),
                (Some(a), None) | (None, Some(a)) => a,
                (None, None) => break,
            };
            if next.saturating_mul(MILLISECOND) >= limit {
                break;
            }
            let versions = self.versions.release(next, |_| true);
            let mut versions = versions.map(|(_, v)| v).unwrap_or_default().into_iter().peekable();
            let Some((cap, records)) = self.records.release(next, |_| true) else {
                self.tables.extend(versions.map(|version| (version.key, version.data)));
                continue;
            };
            for record in records {
                let at = record.order.effective;
                while let Some(version) = versions.next_if(|v| v.order.effective <= at) {
                    self.tables.insert(version.key, version.data);
                }
                logic(&self.tables, record, &mut out);
            }
            self.tables.extend(versions.map(|version| (version.key, version.data)));
            if !out.is_empty() {
                output.session(&cap).give_iterator(out.drain(..));
            }
        }
    }
}

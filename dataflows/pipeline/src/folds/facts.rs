//! The ledger: which entities and edges there are, exactly, and when each appeared or expired.
//!
//! Records enter differential computations only from here: a fact keeps its count, first and last
//! time; each change (appeared, or expired) waits until the end of its quantum (1 s) and is emitted
//! then as +1 or −1, so nothing has an update with a future time and the ledger alone is in a cut.
//!
//! Cost: one combined sum per fact and quantum; 48 bytes a fact.

use super::stage;
use crate::combine::{Merge, Open, Sum};
use crate::engine::Shared;
use crate::env::Env;
use crate::keyed::{Ctx, Fold, Groups};
use crate::settings::{Bounds, Settings};
use crate::views::Views;
use seerflow_model::EntityType;
use seerflow_model::time::{Ns, SECOND};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The ledger's quantum.
pub const QUANTUM: Ns = SECOND;

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FactKind {
    /// An entity of a type.
    Entity(EntityType),
    /// An edge between two entities.
    Edge,
}

/// Sightings of one fact within one quantum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// What it is about.
    pub kind: FactKind,
    /// How often.
    pub count: u64,
    /// First time.
    pub first: Ns,
    /// Last time.
    pub last: Ns,
}

impl Merge for Seen {
    fn merge(&mut self, other: Seen) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// A change of the set of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// The fact.
    pub key: u64,
    /// What it is about.
    pub kind: FactKind,
    /// +1 appeared, −1 expired.
    pub diff: i8,
}

/// The fold; one state per key group.
pub struct Facts {
    /// A fact expires when it was not seen for so long.
    pub keep: Ns,
    /// How much a group holds.
    pub bounds: Bounds,
    /// Where the number of facts is published.
    pub views: Arc<Views>,
    /// Facts of this worker; counted once, then kept up to date.
    counts: Option<BTreeMap<FactKind, u64>>,
    changed: bool,
    /// Index of this worker.
    pub worker: usize,
}

impl Facts {
    /// For one worker.
    pub fn new(settings: &Settings, shared: &Shared, env: &Env) -> Facts {
        Facts {
            keep: settings.facts_keep,
            bounds: settings.bounds,
            views: shared.views.clone(),
            counts: None,
            changed: true,
            worker: env.worker,
        }
    }
}

impl Facts {
    fn count(&mut self, kind: FactKind, appeared: bool) {
        self.changed = true;
        if let Some(counts) = &mut self.counts {
            let count = counts.entry(kind).or_default();
            *count = if appeared { *count + 1 } else { count.saturating_sub(1) };
        }
    }
}

/// Facts of one key group.
#[derive(Default, Serialize, Deserialize)]
pub struct Ledger {
    open: Open<Seen>,
    facts: BTreeMap<u64, Seen>,
    /// Facts by when they may have expired: not moved when a fact is seen again, but looked at
    /// anew when it is due. One entry a fact.
    expiry: BTreeSet<(Ns, u64)>,
    /// Sightings that found no room.
    pub refused: u64,
}

impl Ledger {
    /// Number of facts of each kind.
    pub fn count(&self, into: &mut BTreeMap<FactKind, u64>) {
        for fact in self.facts.values() {
            *into.entry(fact.kind).or_default() += 1;
        }
    }

    /// All facts: key, kind, count.
    pub fn iter(&self) -> impl Iterator<Item = (u64, FactKind, u64)> {
        self.facts.iter().map(|(key, fact)| (*key, fact.kind, fact.count))
    }

    fn take(&mut self, key: u64, seen: Seen, keep: Ns, bound: usize) -> bool {
        if let Some(fact) = self.facts.get_mut(&key) {
            fact.merge(seen);
            return false;
        }
        if self.facts.len() >= bound {
            self.refused += seen.count;
            return false;
        }
        self.expiry.insert((expires(seen.last, keep), key));
        self.facts.insert(key, seen);
        true
    }

    fn next_timer(&self) -> Option<Ns> {
        let open = self.open.first().map(|bucket| (bucket + 1).saturating_mul(QUANTUM));
        let expiry = self.expiry.first().map(|(due, _)| *due);
        open.into_iter().chain(expiry).min()
    }
}

/// The end of the quantum in which a fact that was last seen at `last` expires.
fn expires(last: Ns, keep: Ns) -> Ns {
    last.saturating_add(keep).checked_next_multiple_of(QUANTUM).unwrap_or(Ns::MAX)
}

impl Fold for Facts {
    type In = Sum<Seen>;
    type Out = Change;
    type State = Ledger;
    const NAME: &'static str = "facts";
    const STAGE: u16 = stage::FACTS;

    fn fresh(&mut self, _key: u64) -> Ledger {
        Ledger::default()
    }

    fn apply(&mut self, _key: u64, state: &mut Ledger, sum: Sum<Seen>, ctx: &mut Ctx<Change>) {
        let count = sum.value.count;
        if state.open.add(sum, self.bounds.new_facts) {
            state.refused += count;
        }
        if let Some(due) = state.next_timer() {
            ctx.set_timer(due);
        }
    }

    fn fire(&mut self, _key: u64, state: &mut Ledger, ctx: &mut Ctx<Change>) {
        let now = ctx.now();
        while let Some(bucket) =
            state.open.first().filter(|bucket| (bucket + 1).saturating_mul(QUANTUM) <= now)
        {
            for (key, seen) in state.open.close(bucket) {
                let kind = seen.kind;
                if state.take(key, seen, self.keep, self.bounds.facts) {
                    self.count(kind, true);
                    ctx.emit(key, Change { key, kind, diff: 1 });
                }
            }
        }
        while let Some((due, key)) = state.expiry.first().copied().filter(|(due, _)| *due <= now) {
            state.expiry.remove(&(due, key));
            let end = state.facts.get(&key).map_or(due, |fact| expires(fact.last, self.keep));
            if end > due {
                state.expiry.insert((end, key));
                continue;
            }
            if let Some(fact) = state.facts.remove(&key) {
                self.count(fact.kind, false);
                ctx.emit(key, Change { key, kind: fact.kind, diff: -1 });
            }
        }
        if let Some(due) = state.next_timer() {
            ctx.set_timer(due);
        }
    }

    fn end(&mut self, _key: u64, state: &mut Ledger, _ctx: &mut Ctx<Change>) {
        // What was seen in the last quantum is counted, though its timer never comes.
        while let Some(bucket) = state.open.first() {
            for (key, seen) in state.open.close(bucket) {
                let kind = seen.kind;
                if state.take(key, seen, self.keep, self.bounds.facts) {
                    self.count(kind, true);
                }
            }
        }
    }

    fn commutes(_input: &Sum<Seen>) -> bool {
        true
    }

    fn publish(&mut self, groups: &Groups<Ledger>, ended: bool) {
        if std::mem::take(&mut self.changed) || ended {
            let counts = self.counts.get_or_insert_with(|| {
                let mut counts = BTreeMap::new();
                groups.iter().for_each(|(_, ledger)| ledger.count(&mut counts));
                counts
            });
            self.views.put_facts(self.worker, counts.clone());
        }
    }
}

//! The merge step, by namespace: its owner says which templates make the same statement, and which
//! are new.
//!
//! Leaves tell the owner what they found and widen, and when a template was seen more than once.
//! At once, in the total order, it decides: a template that belongs to an older one is nothing new,
//! so only the others go on to be judged; and it counts the statements that were seen once.
//! Aliases are published at the end of the quantum, as a version of the namespace's table, for the
//! counts that are under way ([`crate::resolve`]).
//!
//! Cost: nothing per event; a few microseconds per founded or widened template. Bounded: see
//! [`Merger`].

use super::stage;
use crate::combine::Sum;
use crate::engine::Shared;
use crate::env::Env;
use crate::folds::newness::{Founded, NewnessIn, News};
use crate::keyed::{Ctx, Fold, Groups};
use crate::views::{Merged, Views};
use seerflow_model::time::{QUANTUM, TICK};
use seerflow_model::{Ns, hash};
use seerflow_parsing::template::{Alias, Merger, Outline};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a leaf tells of one of its templates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    /// Key of its source type.
    pub peer: u64,
    /// Its namespace.
    pub namespace: u64,
    /// Its id.
    pub template: u64,
    /// What happened.
    pub what: What,
}

/// What happened to a template in its leaf.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum What {
    /// It was founded; with the event, unless that is one of our own.
    Founded(Outline, Option<Founded>),
    /// It got a new wildcard; whether by that event it was seen more than once.
    Widened(Outline, bool),
    /// It was seen more than once, as [`Sighted`](seerflow_detection::novelty::Sighted) says.
    Spread,
}

/// An alias in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// The younger template.
    pub from: u64,
    /// The older one, which stands for it.
    pub to: u64,
    /// From when on.
    pub since: Ns,
    /// Whether `from` had a life of its own before.
    pub lived: bool,
}

/// All aliases of a namespace, sorted by `from`.
pub type AliasTable = Arc<Vec<InForce>>;

/// What leaves the fold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum MergesOut {
    /// For the owner of "never seen".
    News(NewnessIn),
    /// A version of the namespace's table.
    Table(AliasTable),
}

/// State of one namespace.
#[derive(Default, Serialize, Deserialize)]
pub struct MergesState {
    merger: Merger,
    /// Statements seen once, by the template that stands for them, with the minute.
    once: BTreeMap<u64, u64>,
    /// Decided, not yet published.
    pending: Vec<(Alias, bool)>,
    table: AliasTable,
}

/// The fold; key = namespace.
pub struct Merges {
    views: Arc<Views>,
    worker: usize,
    /// Whether something was decided since the last time it was published.
    changed: bool,
}

impl Merges {
    /// For one worker.
    pub fn new(shared: &Shared, env: &Env) -> Merges {
        Merges { views: shared.views.clone(), worker: env.worker, changed: true }
    }

    /// Takes note of a template; whether it is a statement of its own.
    fn announce(
        &mut self,
        state: &mut MergesState,
        outline: &Outline,
        founded: bool,
        ctx: &mut Ctx<MergesOut>,
    ) -> bool {
        let aliases = state.merger.announce(outline);
        if aliases.is_empty() {
            return true;
        }
        self.changed = true;
        let lived = |alias: &Alias| !(founded && alias.from == outline.id);
        state.pending.extend(aliases.iter().map(|alias| (*alias, lived(alias))));
        if ctx.timer().is_none() {
            ctx.set_timer((ctx.now() / QUANTUM + 1).saturating_mul(QUANTUM));
        }
        state.merger.resolve(outline.id) == outline.id
    }

    /// Removes a statement from those seen once; whether it was among them.
    fn no_more_once(state: &mut MergesState, template: u64) -> bool {
        let root = state.merger.resolve(template);
        state.once.remove(&root).is_some()
    }

    /// A statement was seen in this minute; how the number of those seen in one changes.
    fn seen(state: &mut MergesState, template: u64, minute: u64) -> i64 {
        let root = state.merger.resolve(template);
        let other = state.once.get(&root).is_some_and(|first| *first != minute);
        if other {
            state.once.remove(&root);
        }
        -i64::from(other)
    }
}

impl Fold for Merges {
    type In = Told;
    type Out = MergesOut;
    type State = MergesState;
    const NAME: &'static str = "merges";
    const STAGE: u16 = stage::MERGES;
    const GROUP_KEYS_MAX: usize = 256;

    fn fresh(&mut self, _key: u64) -> MergesState {
        MergesState::default()
    }

    fn apply(&mut self, _key: u64, state: &mut MergesState, told: Told, ctx: &mut Ctx<MergesOut>) {
        let before = state.pending.len();
        let minute = ctx.now() / QUANTUM;
        let mut singles = 0i64;
        match told.what {
            What::Founded(outline, founded) => {
                if self.announce(state, &outline, true, ctx) {
                    singles += 1;
                    state.once.insert(told.template, minute);
                    if let Some(founded) = founded {
                        let news = NewnessIn::Founded(Box::new(founded));
                        ctx.emit(told.peer, MergesOut::News(news));
                    }
                }
            }
            What::Widened(outline, spread) => {
                self.announce(state, &outline, false, ctx);
                singles -= i64::from(spread && Merges::no_more_once(state, told.template));
            }
            What::Spread => singles -= i64::from(Merges::no_more_once(state, told.template)),
        }
        // Statements that became one are one of those seen once, or none.
        for at in before..state.pending.len() {
            let (alias, _) = state.pending[at];
            if let Some(first) = state.once.remove(&alias.from) {
                singles += Merges::seen(state, alias.to, first) - 1;
            }
        }
        singles += Merges::seen(state, told.template, minute);
        if singles != 0 {
            let value = News { peer: told.peer, namespace: told.namespace, events: 0, singles };
            let key = hash::pair(told.peer, told.namespace);
            let sum = Sum { key, bucket: ctx.now() / TICK, value };
            ctx.emit(told.peer, MergesOut::News(NewnessIn::Sum(sum)));
        }
    }

    fn fire(&mut self, key: u64, state: &mut MergesState, ctx: &mut Ctx<MergesOut>) {
        let since = ctx.now();
        let new = state.pending.drain(..).map(|(alias, lived)| InForce {
            from: alias.from,
            to: alias.to,
            since,
            lived,
        });
        let mut table: Vec<InForce> = state.table.iter().copied().chain(new).collect();
        table.sort_unstable_by_key(|alias| alias.from);
        state.table = Arc::new(table);
        ctx.emit(key, MergesOut::Table(state.table.clone()));
    }

    fn publish(&mut self, groups: &Groups<MergesState>, ended: bool) {
        if !std::mem::take(&mut self.changed) && !ended {
            return;
        }
        let mut merged = Merged::default();
        for (_, state) in groups.iter() {
            merged.refused += state.merger.refused;
            for Alias { from, to } in state.merger.aliases() {
                merged.aliases.insert(from, to);
                let root = state.merger.resolve(to);
                if let Some(text) = state.merger.text(root) {
                    merged.texts.insert(root, text);
                }
            }
        }
        self.views.put_merged(self.worker, merged);
    }

    fn evicted(&mut self, _key: u64, _state: MergesState) {
        self.changed = true;
    }
}

//! What the peers of an entity do after what: parts of chains, added up once per quantum.
//!
//! A version is what came in one quantum, not the whole: readers add it to what they have, so a
//! minute with one event costs one transition. Cost: per distinct transition and quantum.

use super::stage;
use super::walks::{ChainPart, Known};
use crate::combine::{Merge, Sum, end_of_quantum};
use crate::keyed::{Ctx, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Parts of the quanta that are still open.
#[derive(Default, Serialize, Deserialize)]
pub struct ChainState {
    open: BTreeMap<u64, ChainPart>,
}

/// The fold; key = peer group.
pub struct Chains;

impl Fold for Chains {
    type In = Sum<ChainPart>;
    type Out = Known;
    type State = ChainState;
    const NAME: &'static str = "chains";
    const STAGE: u16 = stage::CHAINS;
    const GROUP_KEYS_MAX: usize = 64;

    fn fresh(&mut self, _key: u64) -> ChainState {
        ChainState::default()
    }

    fn apply(
        &mut self,
        _key: u64,
        state: &mut ChainState,
        sum: Sum<ChainPart>,
        ctx: &mut Ctx<Known>,
    ) {
        match state.open.get_mut(&sum.bucket) {
            Some(part) => part.merge(sum.value),
            None => {
                state.open.insert(sum.bucket, sum.value);
            }
        }
        rearm(state, ctx);
    }

    fn fire(&mut self, key: u64, state: &mut ChainState, ctx: &mut Ctx<Known>) {
        let now = ctx.now();
        while let Some(entry) = state.open.first_entry().filter(|e| end_of_quantum(*e.key()) <= now)
        {
            ctx.emit(key, entry.remove().ended().into());
        }
        rearm(state, ctx);
    }

    fn commutes(_input: &Sum<ChainPart>) -> bool {
        true
    }

    fn weight(_input: &Sum<ChainPart>) -> usize {
        4_096
    }
}

fn rearm(state: &ChainState, ctx: &mut Ctx<Known>) {
    if let Some((quantum, _)) = state.open.first_key_value() {
        ctx.set_timer(end_of_quantum(*quantum));
    }
}

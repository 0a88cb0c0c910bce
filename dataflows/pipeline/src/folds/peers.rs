//! What the peers of a series count, once per quantum as a table: the prior of young series.
//!
//! Cost: one merge of a small sketch per quantum, worker and peer group.

use super::stage;
use crate::combine::{Merge, Sum, end_of_quantum};
use crate::keyed::{Ctx, Fold};
use seerflow_detection::volume::PeerCounts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Quanta with counts before the first table.
const QUANTA_MIN: u32 = 60;

/// Counts of one peer group in one quantum.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PeerPart(pub PeerCounts);

impl PeerPart {
    /// With one count.
    pub fn of(count: u64) -> PeerPart {
        let mut part = PeerPart::default();
        part.0.add(count);
        part
    }
}

impl Merge for PeerPart {
    fn merge(&mut self, other: PeerPart) {
        self.0.merge(&other.0);
    }
}

/// All that is known of one peer group.
#[derive(Default, Serialize, Deserialize)]
pub struct PeerState {
    all: PeerCounts,
    quanta: u32,
    open: BTreeMap<u64, PeerPart>,
}

/// The fold; key = `Detector::Volume(kind).key(peer)`.
pub struct Peers;

impl Fold for Peers {
    type In = Sum<PeerPart>;
    type Out = PeerCounts;
    type State = PeerState;
    const NAME: &'static str = "peers";
    const STAGE: u16 = stage::PEERS;
    const GROUP_KEYS_MAX: usize = 256;

    fn fresh(&mut self, _key: u64) -> PeerState {
        PeerState::default()
    }

    fn apply(
        &mut self,
        _key: u64,
        state: &mut PeerState,
        sum: Sum<PeerPart>,
        ctx: &mut Ctx<PeerCounts>,
    ) {
        state.open.entry(sum.bucket).or_default().merge(sum.value);
        rearm(state, ctx);
    }

    fn fire(&mut self, key: u64, state: &mut PeerState, ctx: &mut Ctx<PeerCounts>) {
        let now = ctx.now();
        while let Some(entry) = state.open.first_entry().filter(|e| end_of_quantum(*e.key()) <= now)
        {
            state.all.merge(&entry.remove().0);
            state.quanta = state.quanta.saturating_add(1);
        }
        state.all.fade();
        if state.quanta >= QUANTA_MIN {
            ctx.emit(key, state.all.clone());
        }
        rearm(state, ctx);
    }

    fn commutes(_input: &Sum<PeerPart>) -> bool {
        true
    }
}

fn rearm(state: &PeerState, ctx: &mut Ctx<PeerCounts>) {
    if let Some((quantum, _)) = state.open.first_key_value() {
        ctx.set_timer(end_of_quantum(*quantum));
    }
}

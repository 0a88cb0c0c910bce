//! What others of a series count, once per quantum as a table: the prior of young series.
//!
//! A series of a host, a template or an entity belongs to its source: all of that kind of one source
//! type. Those of entities belong besides to peers in it, the entities of one type: what users make
//! is not what hosts make. Hosts and templates have no peers that are closer than their source, and
//! nothing is above a source: what one is like says nothing of what another, which is new, will be.
//!
//! Cost: one merge of a small sketch per quantum, worker and group.

use super::stage;
use crate::combine::{Merge, Sum, end_of_quantum};
use crate::keyed::{Ctx, Fold};
use seerflow_detection::volume::PeerCounts;
use seerflow_model::{EntityType, hash};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Key of the peers of an entity in its source, by the key of that and the entity's type.
pub fn closer(source: u64, class: EntityType) -> u64 {
    hash::pair(source, class as u64)
}

/// Counts of one group in one quantum.
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

/// All that is known of one group.
#[derive(Default, Serialize, Deserialize)]
pub struct PeerState {
    all: PeerCounts,
    open: BTreeMap<u64, PeerPart>,
}

/// The fold; key = `Detector::Volume(kind).key(source type)`, or what is [`closer`].
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
            state.all.pass();
        }
        state.all.fade();
        ctx.emit(key, state.all.clone());
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

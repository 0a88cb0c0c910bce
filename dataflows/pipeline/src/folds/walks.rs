//! The way of each entity: which two events came before this one.
//!
//! One small state per (entity, peer group). What it learns goes into a chain of the whole peer
//! group, in parts that add up ([`ChainPart`]); [`super::chains`] makes tables of them, and the
//! fold behind that judges. So the way is followed before the table that judges it is made, and
//! nothing goes round in a circle. Cost: a few hash look-ups per event; 100 bytes an entity.

use super::stage;
use crate::combine::{Combiner, Merge, Sum};
use crate::env::Gap;
use crate::keyed::{Ctx, Fold, Version};
use crate::moment::{Moment, peer_of};
use crate::rec::Rec;
use crate::settings::Settings;
use seerflow_detection::sequence::{Chain, END, START};
use seerflow_model::Ns;
use seerflow_model::time::{DAY, QUANTUM};
use serde::{Deserialize, Serialize};

/// Transitions and contexts of one peer group that one quantum may bring.
const PART_MAX: usize = 1 << 17;

/// What was learnt of the order in a peer group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChainPart(Chain);

impl ChainPart {
    fn of(after: [u64; 2], symbol: u64) -> ChainPart {
        let mut chain = Chain::part();
        chain.learn(after, symbol);
        ChainPart(chain)
    }

    fn learn(&mut self, after: [u64; 2], symbol: u64) {
        self.0.learn(after, symbol);
        self.0.trim(PART_MAX, false);
    }

    /// What came in a quantum, complete.
    pub fn ended(mut self) -> Chain {
        self.0.trim(PART_MAX, true);
        self.0
    }
}

impl Merge for ChainPart {
    fn merge(&mut self, other: ChainPart) {
        self.0.absorb(&other.0);
        self.0.trim(PART_MAX, false);
    }
}

/// What is known of the order in a peer group; a version is what comes to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Known(pub Chain);

impl Version for Known {
    fn follow(&mut self, next: Known) {
        self.0.absorb(&next.0);
    }
}

impl From<Chain> for Known {
    fn from(part: Chain) -> Known {
        // The first version becomes the table, which ages.
        let mut chain = Chain::default();
        chain.absorb(&part);
        Known(chain)
    }
}

/// A step of an entity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Walked {
    /// An event, with what came before it.
    Moment(Box<Moment>),
    /// It has fallen silent after these two events: its session has ended.
    Ended {
        /// Its peer group.
        peer: u64,
        /// The last two symbols.
        after: [u64; 2],
    },
}

/// What leaves the fold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum WalksOut {
    /// A step.
    Walked(Walked),
    /// What was learnt.
    Part(Sum<ChainPart>),
}

/// Where an entity stands.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Way {
    last: [u64; 2],
    peer: u64,
    seen: Ns,
    began: Ns,
}

/// The fold; key = [`crate::moment::walk_of`].
pub struct Walks {
    parts: Combiner<ChainPart>,
    /// Silence after which a session has ended.
    idle: Ns,
}

impl Walks {
    /// For one worker.
    pub fn new(settings: &Settings) -> Walks {
        Walks { parts: Combiner::new(QUANTUM), idle: settings.session_idle }
    }

    fn learn(&mut self, peer: u64, at: Ns, after: [u64; 2], symbol: u64) {
        let learn = |part: &mut ChainPart| part.learn(after, symbol);
        self.parts.add_with(peer, at, learn, || ChainPart::of(after, symbol));
    }
}

impl Fold for Walks {
    type In = Box<Moment>;
    type Out = WalksOut;
    type State = Way;
    const NAME: &'static str = "walks";
    const STAGE: u16 = stage::WALKS;
    const GROUP_KEYS_MAX: usize = super::entities::GROUP_ENTITIES_MAX;

    fn fresh(&mut self, _key: u64) -> Way {
        Way { last: [START; 2], peer: 0, seen: 0, began: 0 }
    }

    fn apply(
        &mut self,
        key: u64,
        state: &mut Way,
        mut moment: Box<Moment>,
        ctx: &mut Ctx<WalksOut>,
    ) {
        if let Some(entity) = moment.event().primary() {
            let peer = peer_of(moment.event(), entity.kind);
            let (after, symbol) = (state.last, moment.template());
            self.learn(peer, ctx.now(), after, symbol);
            moment.after = after;
            let now = ctx.now();
            let began = if after == [START; 2] { now } else { state.began };
            *state = Way { last: [after[1], symbol], peer, seen: now, began };
            // Looked at again when it is due: one timer a session, not one per event.
            if ctx.timer().is_none() {
                ctx.set_timer(ctx.now().saturating_add(self.idle));
            }
        }
        ctx.emit(key, WalksOut::Walked(Walked::Moment(moment)));
    }

    fn fire(&mut self, key: u64, state: &mut Way, ctx: &mut Ctx<WalksOut>) {
        // Who never falls silent has no one session: it is cut after a day.
        let due = state.seen.saturating_add(self.idle);
        if due > ctx.now() && state.began.saturating_add(DAY) > ctx.now() {
            ctx.set_timer(due);
            return;
        }
        let after = std::mem::replace(&mut state.last, [START; 2]);
        if after != [START; 2] {
            self.learn(state.peer, ctx.now(), after, END);
            ctx.emit(key, WalksOut::Walked(Walked::Ended { peer: state.peer, after }));
        }
    }

    /// What happened without the engine is not known: a session lasts so much longer. After a gap
    /// in which it must have ended nobody knows how it did, and the next event is a first one.
    fn resume(&mut self, state: &mut Way, due: &mut Option<Ns>, gap: Gap) {
        if gap.length() >= self.idle {
            (state.last, state.seen, *due) = ([START; 2], gap.to, None);
            return;
        }
        state.seen = state.seen.saturating_add(gap.length());
        *due = due.map(|due| due.saturating_add(gap.length()));
    }

    fn flush(&mut self, from: Ns, out: &mut Vec<Rec<WalksOut>>) {
        self.parts.flush_to(from, out, |sum| sum.key, WalksOut::Part);
    }

    fn weight(_input: &Box<Moment>) -> usize {
        size_of::<Moment>()
    }
}

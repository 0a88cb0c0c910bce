//! What the way of an entity was like altogether, once it has fallen silent.
//!
//! One state per peer group: it judges a session that has ended by those before it, and learns it.
//! It sees one record per session, not per event. The probability is made of what was seen, so it
//! needs no calibration of its own. Cost: a few look-ups per session.

use super::stage;
use crate::combine::end_of_quantum;
use crate::keyed::{Ctx, Fold};
use seerflow_detection::sequence::{
    Session, SessionPart, SessionScore, SessionTable, Sessions as Known, comparable,
};
use seerflow_model::entity::EntityType;
use seerflow_model::time::{Ns, QUANTUM};
use seerflow_model::{Severity, SourceInfo, entity, hash};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Whose session it is and where it was last seen: what is kept of an entity while its session
/// lasts, which must be little.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Who {
    /// Type of the entity.
    pub kind: EntityType,
    /// Its canonical value.
    pub value: Box<str>,
    /// Source of its last event.
    pub source: Arc<SourceInfo>,
    /// Place of that event in its source.
    pub seq: u64,
    /// When that event was.
    pub about: Ns,
    /// When the session began.
    pub began: Ns,
    /// The highest severity of its events.
    pub severity: Severity,
}

/// A session that has ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// Whose.
    pub who: Who,
    /// What it was like.
    pub session: Session,
}

/// A session that was judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OddSession {
    /// Whose.
    pub who: Who,
    /// Events of it that were judged.
    pub events: u32,
    /// How odd it is.
    pub score: SessionScore,
    /// Probability of a session at least as odd.
    pub p: f64,
}

/// What is known of the sessions of a peer group.
#[derive(Default, Serialize, Deserialize)]
pub struct SessionState {
    known: Known,
    part: SessionPart,
    table: Option<SessionTable>,
    /// When the first session began.
    since: Ns,
}

/// The fold; key = peer group.
pub struct SessionFold;

impl Fold for SessionFold {
    type In = Box<Ended>;
    type Out = Box<OddSession>;
    type State = SessionState;
    const NAME: &'static str = "sessions";
    const STAGE: u16 = stage::SESSIONS;
    const GROUP_KEYS_MAX: usize = 64;

    fn fresh(&mut self, _key: u64) -> SessionState {
        SessionState { since: Ns::MAX, ..SessionState::default() }
    }

    fn apply(
        &mut self,
        key: u64,
        state: &mut SessionState,
        ended: Box<Ended>,
        ctx: &mut Ctx<Box<OddSession>>,
    ) {
        let Ended { who, session } = *ended;
        state.since = state.since.min(who.began);
        // Only short sessions can have ended so far: one that is longer would seem odd.
        let known = comparable(state.since, who.began, ctx.now());
        let table = state.table.as_ref().filter(|_| known);
        let score = table.and_then(|table| table.judge(&session));
        let seal = hash::pair(entity::key(who.kind, &who.value), who.about);
        state.part.learn(&session, score.as_ref(), seal);
        if let Some(score) = score
            && let Some(p) = score.p
        {
            let odd = OddSession { who, events: session.events, score, p };
            ctx.emit(key, Box::new(odd));
        }
        if ctx.timer().is_none() {
            ctx.set_timer(end_of_quantum(ctx.now() / QUANTUM));
        }
    }

    fn fire(&mut self, _key: u64, state: &mut SessionState, _ctx: &mut Ctx<Box<OddSession>>) {
        state.known.absorb(&std::mem::take(&mut state.part));
        if let Some(table) = state.known.close_quantum() {
            state.table = Some(table);
        }
    }
}

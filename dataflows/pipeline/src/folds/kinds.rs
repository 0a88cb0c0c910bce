//! Which kinds of lines each entity writes: those that it never wrote before, and those that it
//! hardly ever writes.
//!
//! It takes the same combined counts as the series, of those that name an entity, routed by the
//! entity: one state per key group, whose buckets close in the order of their keys, so that the
//! result does not depend on how the counts were cut. What is said is a finding with a probability;
//! those beyond the candidate level are too weak to raise anything and only add to risk.
//!
//! Cost: one combined sum per (template, entity) and bucket; 32 bytes a kind and 48 an entity.

use super::stage;
use crate::combine::{Open, Sum, representative};
use crate::counts::{Count, Moved, Subject};
use crate::finding::{Finding, Level};
use crate::keyed::{Ctx, Fold};
use crate::place::place;
use crate::rec::Rec;
use crate::settings::{Bounds, Settings};
use crate::words;
use seerflow_detection::kinds::{HOUR, Kinds, WINDOW};
use seerflow_model::hash::group;
use seerflow_model::{Brief, Ns, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Findings of one group and bucket; what is beyond is counted.
const FINDINGS_MAX: usize = 256;
/// Lines of odd kinds that are kept of an entity, to be shown with the next.
const RECENT_MAX: usize = 8;
/// Longest message of such a line, in bytes.
const MESSAGE_MAX: usize = 256;

/// All entities of one key group.
#[derive(Default, Serialize, Deserialize)]
pub struct KindsState {
    open: Open<Count>,
    entities: BTreeMap<u64, Kinds>,
    /// Lines of kinds that were odd of an entity within the window, the newest last.
    recent: BTreeMap<u64, Vec<(u64, Brief)>>,
    /// Counts, entities and findings that found no room.
    pub refused: u64,
}

/// The fold; key = representative of the group of the entity.
pub struct KindsFold {
    bucket: Ns,
    bounds: Bounds,
}

impl KindsFold {
    /// For one worker.
    pub fn new(settings: &Settings) -> KindsFold {
        KindsFold { bucket: settings.bucket, bounds: settings.bounds }
    }

    fn end_of(&self, bucket: u64) -> Ns {
        bucket.saturating_add(1).saturating_mul(self.bucket)
    }
}

/// The same count, on its way to the owner of its entity; none of one that names none.
pub fn of_entity(rec: &Rec<Sum<Count>>) -> Option<Rec<Sum<Count>>> {
    let Subject::Entity(_, entity, _) = rec.data.value.lead.subject else { return None };
    let counted = rec.data.value.n > 0;
    counted.then(|| Rec {
        order: rec.order,
        key: representative(group(entity)),
        data: rec.data.clone(),
    })
}

impl Fold for KindsFold {
    type In = Sum<Count>;
    type Out = Finding;
    type State = KindsState;
    const NAME: &'static str = "kinds";
    const STAGE: u16 = stage::KINDS;

    fn fresh(&mut self, _key: u64) -> KindsState {
        KindsState::default()
    }

    fn apply(
        &mut self,
        _key: u64,
        state: &mut KindsState,
        sum: Sum<Count>,
        ctx: &mut Ctx<Finding>,
    ) {
        if state.open.add(sum, self.bounds.open_series) {
            state.refused += 1;
        }
        if let Some(bucket) = state.open.first() {
            ctx.set_timer(self.end_of(bucket));
        }
    }

    fn fire(&mut self, _key: u64, state: &mut KindsState, ctx: &mut Ctx<Finding>) {
        let now = ctx.now();
        while let Some(bucket) = state.open.first().filter(|bucket| self.end_of(*bucket) <= now) {
            let mut found = 0;
            for count in state.open.close(bucket).into_values() {
                let Some(finding) = self.observe(state, bucket, count, now) else { continue };
                found += 1;
                if found > FINDINGS_MAX {
                    state.refused += 1;
                    continue;
                }
                ctx.emit(0, finding);
            }
        }
        // What is past is of no use to entities that nothing is found of, either.
        let hour = now / HOUR;
        state.recent.retain(|_, recent| recent.last().is_some_and(|last| last.0 + WINDOW > hour));
        if let Some(bucket) = state.open.first() {
            ctx.set_timer(self.end_of(bucket));
        }
    }

    fn commutes(_input: &Sum<Count>) -> bool {
        true
    }
}

impl KindsFold {
    fn observe(
        &self,
        state: &mut KindsState,
        bucket: u64,
        count: Count,
        now: Ns,
    ) -> Option<Finding> {
        let lead = count.lead;
        let Subject::Entity(template, key, index) = lead.subject else { return None };
        if !state.entities.contains_key(&key) {
            state.make_room(self.bounds.series);
        }
        let fresh = count.moved == Moved::No;
        let at = bucket.saturating_mul(self.bucket);
        let odd = state.entities.entry(key).or_default().observe(at, template, fresh)?;
        let entity = lead.event.entities.get(usize::from(index))?;
        let mut evidence = words::odd_kind(&lead, entity, &odd, now);
        let recent = state.recent.entry(key).or_default();
        recent.retain(|(hour, _)| hour + WINDOW > at / HOUR);
        if odd.before == 0 {
            evidence.events.extend(recent.iter().rev().map(|(_, event)| event.clone()));
        }
        let mut own = Brief::of(&lead.event);
        own.message = text::shorten(&own.message, MESSAGE_MAX).into_owned();
        if recent.len() == RECENT_MAX {
            recent.remove(0);
        }
        recent.push((at / HOUR, own));
        Some(Finding {
            template,
            entity: key,
            host: lead.host(),
            place: Box::new(place(&lead.event, &lead.template, Level::Event)),
            ..Finding::alone(evidence)
        })
    }
}

impl KindsState {
    /// Two-part eviction, as for keys: those in use in one hour only go first.
    fn make_room(&mut self, bound: usize) {
        if self.entities.len() < bound.max(1) {
            return;
        }
        let of = |(key, kinds): (&u64, &Kinds)| (kinds.is_settled(), kinds.newest(), *key);
        let mut oldest: Vec<(bool, u64, u64)> = self.entities.iter().map(of).collect();
        oldest.sort_unstable();
        for (_, _, key) in oldest.into_iter().take((bound / 16).max(1)) {
            self.entities.remove(&key);
            self.recent.remove(&key);
            self.refused += 1;
        }
    }
}

//! What an entity does: the order of its events, how many partners it has, whether it speaks like
//! a clock.
//!
//! One state per (entity, peer group). A cold entity is judged by its peers alone and costs little;
//! after [`WARM_FROM`] events it gets models of its own. The order of events is judged by the table
//! of its peers' chains, which this fold knows ([`Knowing`]). Windows of partners close by a timer,
//! and only for entities that are warm. Cost: three look-ups in a chain, about 0.2 µs.

use super::calibrate::Partial;
use super::sessions::{Ended, OddSession, Who};
use super::stage;
use super::walks::{Known, Walked};
use crate::combine::{Combiner, Sum};
use crate::counts::Lead;
use crate::detector::Detector;
use crate::env::Gap;
use crate::keyed::{Ctx, Fold, Knowing, Versions};
use crate::moment::{Moment, peer_of};
use crate::rec::Rec;
use crate::settings::Settings;
use seerflow_detection::beacon::{Beacon, BeaconConfig, Rhythm};
use seerflow_detection::cusum::Change;
use seerflow_detection::sequence::{END, START, SequenceConfig, Walk};
use seerflow_detection::spread::{Spread, SpreadConfig, SpreadScore};
use seerflow_model::edge::Relation;
use seerflow_model::time::{Ns, QUANTUM};
use seerflow_model::{EntityType, Event, Role};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Entities of a key group.
pub const GROUP_ENTITIES_MAX: usize = 8_192;
/// Events of an entity before it gets models of its own.
const WARM_FROM: u32 = 200;
/// Ends that the peers know before sessions are judged by them.
const ENDS_MIN: u32 = 200;
/// Pairs of an entity that are watched for a beat.
const PAIRS_MAX: usize = 8;

/// State of one entity.
#[derive(Default, Serialize, Deserialize)]
pub struct EntityState {
    events: u32,
    walk: Walk,
    /// Whose session it is, while one lasts.
    who: Option<Box<Who>>,
    warm: Option<Box<Warm>>,
}

impl EntityState {
    /// Keeps what names a session.
    fn see(&mut self, event: &Event) {
        let about = event.about();
        match &mut self.who {
            Some(who) => {
                (who.seq, who.about) = (event.seq, about);
                who.severity = who.severity.max(event.severity);
                if !Arc::ptr_eq(&who.source, &event.source) {
                    who.source = event.source.clone();
                }
            }
            None => {
                let Some(entity) = event.primary() else { return };
                self.who = Some(Box::new(Who {
                    kind: entity.kind,
                    value: event.canonical(entity).into(),
                    source: event.source.clone(),
                    seq: event.seq,
                    about,
                    began: about,
                    severity: event.severity,
                }));
            }
        }
    }
}

/// What is known of an entity that came often.
#[derive(Default, Serialize, Deserialize)]
struct Warm {
    spread: Spread,
    /// Names the window that is open.
    lead: Option<Lead>,
    /// Pairs, by the other's key, the one that spoke last at the end.
    pairs: Vec<(u64, Beacon)>,
}

/// A finding about an entity over time, not yet calibrated.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Pattern {
    /// A window of partners.
    Spread(SpreadScore),
    /// A drift of habits, with its raw score in nats.
    Drift(Change, f64),
    /// A beat, and the index of the other in the lead's entities.
    Beacon(Rhythm, u8),
}

/// A pattern with the last event that shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PatternScore {
    /// What.
    pub pattern: Pattern,
    /// The event.
    pub lead: Lead,
    /// When the window began.
    pub began: Ns,
}

/// What leaves the fold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum EntitiesOut {
    /// An event with a score that may matter.
    Moment(Box<Moment>),
    /// A pattern that may matter.
    Pattern(Box<PatternScore>),
    /// A session that has ended.
    Ended(Box<Ended>),
    /// A session that was judged.
    Session(Box<OddSession>),
    /// Scores for calibration.
    Partial(Sum<Partial>),
}

/// The fold; key = [`crate::moment::walk_of`].
pub struct Entities {
    sequence: SequenceConfig,
    spread: SpreadConfig,
    beacon: BeaconConfig,
    bucket: Ns,
    /// Silence after which a session has ended.
    idle: Ns,
    /// Scores from here on go on.
    matters: f64,
    tables: Versions<Known>,
    partials: Combiner<Partial>,
}

impl Entities {
    /// For one worker.
    pub fn new(settings: &Settings) -> Entities {
        Entities {
            sequence: settings.sequence(),
            spread: settings.spread,
            beacon: settings.beacon,
            bucket: settings.bucket,
            idle: settings.session_idle,
            matters: settings.matters(),
            tables: Versions::default(),
            partials: Combiner::new(QUANTUM),
        }
    }
}

impl Knowing for Entities {
    type Table = Known;
    const TABLES: &'static str = "entities.tables";

    fn tables(&mut self) -> &mut Versions<Known> {
        &mut self.tables
    }
}

impl Fold for Entities {
    type In = Walked;
    type Out = EntitiesOut;
    type State = EntityState;
    const NAME: &'static str = "entities";
    const STAGE: u16 = stage::ENTITIES;
    const GROUP_KEYS_MAX: usize = GROUP_ENTITIES_MAX;

    fn fresh(&mut self, _key: u64) -> EntityState {
        EntityState::default()
    }

    fn turn(&mut self, now: Ns) {
        self.tables.turn(now);
    }

    fn apply(
        &mut self,
        key: u64,
        state: &mut EntityState,
        walked: Walked,
        ctx: &mut Ctx<EntitiesOut>,
    ) {
        let now = ctx.now();
        let mut moment = match walked {
            Walked::Moment(moment) => moment,
            Walked::Ended { peer, after } => return self.end_session(state, peer, after, ctx),
        };
        if let Some(entity) = moment.event().primary() {
            let (kind, entity) = (entity.kind, entity.key);
            if let Some(drift) = self.judge_order(state, &mut moment, kind, now) {
                ctx.emit(key, EntitiesOut::Pattern(Box::new(drift)));
            }
            state.see(moment.event());
            state.events = state.events.saturating_add(1);
            if state.events == WARM_FROM {
                state.warm = Some(Box::default());
            }
            if let Some(warm) = &mut state.warm {
                self.observe_spread(warm, &moment, entity, ctx);
                self.observe_pairs(key, warm, &moment, entity, ctx);
            }
        }
        if moment.greatest() >= self.matters {
            ctx.emit(key, EntitiesOut::Moment(moment));
        }
    }

    /// The bucket in which a warm entity was seen has ended.
    fn fire(&mut self, key: u64, state: &mut EntityState, ctx: &mut Ctx<EntitiesOut>) {
        let now = ctx.now();
        let Some(warm) = &mut state.warm else { return };
        let Some(lead) = warm.lead.take() else { return };
        let bucket = (now / self.bucket).saturating_sub(1);
        let Some(score) = warm.spread.close(&self.spread, bucket) else { return };
        self.count(Detector::Spread, &lead.event, now, (score.upper, score.lower));
        if score.upper.max(score.lower) >= self.matters {
            let began = (bucket + 1).saturating_sub(u64::from(self.spread.panes)) * self.bucket;
            let pattern = PatternScore { pattern: Pattern::Spread(score), lead, began };
            ctx.emit(key, EntitiesOut::Pattern(Box::new(pattern)));
        }
    }

    /// A session that must have ended in the gap is not judged: nobody saw how it did. Windows and
    /// beats begin anew, because what belongs to them was not seen.
    fn resume(&mut self, state: &mut EntityState, due: &mut Option<Ns>, gap: Gap) {
        if gap.length() >= self.idle {
            state.who = None;
            let _ = state.walk.end_after(&self.sequence, None, [START; 2]);
        }
        let buckets = gap.touched(self.bucket);
        if let Some(warm) = state.warm.as_mut().filter(|_| buckets > 0) {
            (warm.lead, *due) = (None, None);
            warm.spread.skip(&self.spread, buckets);
            warm.pairs.iter_mut().for_each(|(_, beacon)| beacon.pause());
        }
    }

    fn flush(&mut self, from: Ns, out: &mut Vec<Rec<EntitiesOut>>) {
        self.partials.flush_to(from, out, |sum| sum.key, EntitiesOut::Partial);
    }

    fn weight(_input: &Walked) -> usize {
        size_of::<Moment>()
    }
}

impl Entities {
    /// How unexpected the event is after those before it; a drift of habits that it shows.
    fn judge_order(
        &mut self,
        state: &mut EntityState,
        moment: &mut Moment,
        kind: EntityType,
        now: Ns,
    ) -> Option<PatternScore> {
        let peers = self.tables.get(peer_of(moment.event(), kind)).map(|known| &known.0);
        let (after, symbol) = (moment.after, moment.template());
        moment.order = state.walk.follow(&self.sequence, peers, now, after, symbol);
        let Some(order) = &moment.order else { return None };
        self.count(Detector::Order, moment.event(), now, (order.nats, 0.0));
        if let Some(ended) = order.drift.ended {
            self.count(Detector::Drift, moment.event(), now, (ended, 0.0));
        }
        let nats = order.drift.score.filter(|nats| *nats >= self.matters)?;
        let change = order.drifting?;
        let lead = moment.lead.clone();
        Some(PatternScore { pattern: Pattern::Drift(change, nats), lead, began: change.since })
    }

    /// The entity has fallen silent: what it did goes to its peers.
    fn end_session(
        &mut self,
        state: &mut EntityState,
        peer: u64,
        after: [u64; 2],
        ctx: &mut Ctx<EntitiesOut>,
    ) {
        let peers = self.tables.get(peer).map(|known| &known.0);
        let session = state.walk.end_after(&self.sequence, peers, after);
        // Sessions end long after they began: until the peers know how they end, every end is odd.
        let known = peers.is_some_and(|peers| peers.seen(END) >= ENDS_MIN);
        if let Some(who) = state.who.take().filter(|_| known) {
            let ended = Ended { who: *who, session };
            ctx.emit(peer, EntitiesOut::Ended(Box::new(ended)));
        }
    }

    /// Counts the others that the event names, and sees to it that the window closes.
    fn observe_spread(
        &self,
        warm: &mut Warm,
        moment: &Moment,
        entity: u64,
        ctx: &mut Ctx<EntitiesOut>,
    ) {
        let bucket = ctx.now() / self.bucket;
        let others = moment.event().entities.iter();
        let mut any = false;
        for other in others.filter(|e| e.key != entity && e.role != Role::Observer) {
            warm.spread.observe(bucket, other.key);
            any = true;
        }
        if any && warm.lead.is_none() {
            warm.lead = Some(moment.lead.clone());
            ctx.set_timer((bucket + 1).saturating_mul(self.bucket));
        }
    }

    /// Follows the beat of the pairs that the event connects.
    fn observe_pairs(
        &mut self,
        key: u64,
        warm: &mut Warm,
        moment: &Moment,
        entity: u64,
        ctx: &mut Ctx<EntitiesOut>,
    ) {
        let now = ctx.now();
        let event = moment.event();
        for (other, index) in connected(event, entity) {
            let mut pair = match warm.pairs.iter().position(|pair| pair.0 == other) {
                Some(at) => warm.pairs.remove(at),
                None => (other, Beacon::default()),
            };
            let rhythm = pair.1.observe(&self.beacon, now, event.record_len as f32);
            if warm.pairs.len() == PAIRS_MAX {
                warm.pairs.remove(0);
            }
            warm.pairs.push(pair);
            let Some(rhythm) = rhythm else { continue };
            self.count(Detector::Beacon, event, now, (rhythm.surprise, 0.0));
            if rhythm.surprise >= self.matters {
                let pattern = Pattern::Beacon(rhythm, index);
                let (lead, began) = (moment.lead.clone(), rhythm.since_ns);
                let score = PatternScore { pattern, lead, began };
                ctx.emit(key, EntitiesOut::Pattern(Box::new(score)));
            }
        }
    }

    fn count(&mut self, detector: Detector, event: &Event, now: Ns, (upper, lower): (f64, f64)) {
        let Some(entity) = event.primary() else { return };
        let key = detector.key(peer_of(event, entity.kind));
        let name = || format!("{} of {}", entity.kind.name(), event.source.source_type);
        let add = |partial: &mut Partial| partial.add_sides(upper, lower);
        let first = || Partial::of(detector, &name()).with_sides(upper, lower);
        self.partials.add_with(key, now, add, first);
    }
}

/// Others that the event connects an entity to: key and index.
fn connected(event: &Event, entity: u64) -> impl Iterator<Item = (u64, u8)> + '_ {
    let at = |index: u8| event.entities.get(usize::from(index));
    event.edges.iter().filter_map(move |edge| {
        let from = at(edge.from).filter(|from| from.key == entity)?;
        let to = at(edge.to).filter(|to| to.key != from.key)?;
        (edge.relation == Relation::ConnectedTo).then_some((to.key, edge.to))
    })
}

//! Handover: what a run over stored events knows is given to the running engine at an instant.
//!
//! When rules change, correlations that are new begin at an instant F: events from F on come to them
//! live, what came before is fed to them from the store, by [`crate::retro`]. So that nothing is
//! missed and nothing counts twice, what they remember at F must reach them before the first event of
//! F. One operator per process keeps a capability that it lowers with the frontier of the matches;
//! when an F is agreed on it stops there until the states have come. Only alerts of rules wait for it,
//! and not longer than the last few seconds of the store take to read.
//!
//! Correlations that are in force no longer end at the same instant: all groups are told to forget
//! them, all alerts of them close.
//!
//! Cost: one lock each time the frontier moves; nothing per record. What ends, a look at all groups
//! and open alerts.

use crate::combine::representative;
use crate::folds::correlate::{Correlating, Fed, Gone, Group, LEVELS};
use crate::folds::episodes::{self, EpisodeIn, Open};
use crate::folds::stage;
use crate::rec::{Rec, Time};
use crate::rulebook::RuleDesk;
use seerflow_model::time::{MILLISECOND, TICK, floor_tick};
use seerflow_model::{Ns, Order};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::scheduling::SyncActivator;

/// What correlations and alerts remember at an instant.
#[derive(Debug, Default)]
pub struct Seeds {
    /// Groups of correlations, by key.
    pub groups: Vec<(u64, Group)>,
    /// Alerts that are open, by key.
    pub episodes: Vec<(u64, Open)>,
    /// Correlations that are in force no longer: what is remembered of them is forgotten, and what
    /// they tell of is over.
    pub gone: GoneLaws,
}

/// Correlations that are in force no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoneLaws {
    /// Levels and identities of their laws.
    pub laws: BTreeSet<(u8, u64)>,
    /// Ids of their rules.
    pub rules: BTreeSet<String>,
}

/// What goes to an operator at an instant, in its order.
struct At(Ns, u32);

impl At {
    fn rec<T>(&mut self, key: u64, data: T) -> Rec<T> {
        let order = Order { n: self.1, ..Order::timer(self.0, stage::HANDOVER, 0, 0) };
        self.1 += 1;
        Rec { order, key, data }
    }
}

impl Seeds {
    /// What correlations are told: first what is gone, to all groups of each level.
    fn of_groups(&mut self, at: Ns, mut give: impl FnMut(Rec<Correlating>)) {
        let mut at = At(at, 0);
        for level in 0..LEVELS as u8 {
            let laws = self.gone.laws.iter().filter(|law| law.0 == level).map(|law| law.1);
            let gone = Gone { level, laws: laws.collect() };
            for group in (0..=u8::MAX).filter(|_| !gone.laws.is_empty()) {
                let data = Correlating::Gone(Box::new(gone.clone()));
                give(at.rec(representative(group), data));
            }
        }
        for (key, group) in self.groups.drain(..) {
            give(at.rec(key, Correlating::Group(Box::new(group))));
        }
    }

    /// What alerts are told, likewise.
    fn of_episodes(&mut self, at: Ns, mut give: impl FnMut(Rec<EpisodeIn>)) {
        let mut at = At(at, 0);
        if !self.gone.rules.is_empty() {
            let go_on = self.episodes.iter().map(|(_, open)| open.alert_id().to_owned()).collect();
            let gone = Arc::new(episodes::Gone { rules: self.gone.rules.clone(), go_on });
            for group in 0..=u8::MAX {
                give(at.rec(representative(group), EpisodeIn::Gone(gone.clone())));
            }
        }
        for (key, open) in self.episodes.drain(..) {
            give(at.rec(key, EpisodeIn::Open(Box::new(open))));
        }
    }
}

/// Where the two meet.
#[derive(Default)]
pub struct Handover(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// What the operator has promised.
    floor: Ns,
    /// The instant at which it waits.
    wanted: Option<Ns>,
    ready: Option<Seeds>,
    ended: bool,
    wake: Option<SyncActivator>,
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handover").field("wanted", &self.lock().wanted).finish_non_exhaustive()
    }
}

impl Handover {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Agrees on an instant after `newest`; `None` when the engine is at its end or waits already.
    pub(crate) fn agree(&self, newest: Ns) -> Option<Ns> {
        let mut inner = self.lock();
        if inner.ended || inner.wanted.is_some() {
            return None;
        }
        let at = floor_tick(newest.max(inner.floor)).saturating_add(TICK);
        inner.wanted = Some(at);
        Some(at)
    }

    /// Gives what is known at the instant that was agreed on.
    pub fn give(&self, seeds: Seeds) {
        let mut inner = self.lock();
        inner.ready = Some(seeds);
        if let Some(wake) = &inner.wake {
            // A worker that is gone has nothing to wake for.
            let _ = wake.activate();
        }
    }

    /// Whether nothing that was agreed on is still to come.
    pub fn rests(&self) -> bool {
        let inner = self.lock();
        inner.ended || inner.wanted.is_none()
    }

    /// What is ready, and how far the capability may go; `None`: nothing comes any more.
    fn turn(&self, frontier: Option<Time>) -> (Option<(Ns, Seeds)>, Option<Time>) {
        let mut inner = self.lock();
        let Some(frontier) = frontier else {
            inner.ended = true;
            return (None, None);
        };
        let mut taken = None;
        if let Some(seeds) = inner.ready.take()
            && let Some(at) = inner.wanted.take()
        {
            taken = Some((at, seeds));
        }
        let limit = inner.wanted.map_or(frontier, |at| frontier.min(at / MILLISECOND));
        inner.floor = inner.floor.max(limit.saturating_mul(MILLISECOND));
        (taken, Some(limit))
    }
}

type Handed<'s> = (StreamVec<'s, Time, Rec<Correlating>>, StreamVec<'s, Time, Rec<EpisodeIn>>);

/// Joins what is handed over to the feeds of correlations, and gives the alerts that are open; on one
/// worker of the process (`own`).
pub fn handed<'s>(
    feeds: StreamVec<'s, Time, Rec<Box<Fed>>>,
    desk: Arc<RuleDesk>,
    own: bool,
) -> Handed<'s> {
    let scope = feeds.scope();
    let mut builder = OperatorBuilder::new("handover".to_owned(), scope);
    let mut input = builder.new_input(feeds, Pipeline);
    let (groups, group_stream) = builder.new_output();
    let (episodes, episode_stream) = builder.new_output();
    let mut groups =
        OutputBuilder::<_, CapacityContainerBuilder<Vec<Rec<Correlating>>>>::from(groups);
    let mut episodes =
        OutputBuilder::<_, CapacityContainerBuilder<Vec<Rec<EpisodeIn>>>>::from(episodes);
    if own {
        let address = builder.operator_info().address.to_vec();
        desk.handover.lock().wake = Some(scope.worker().sync_activator_for(address));
    }
    builder.build(move |caps| {
        let mut caps = own.then_some(caps);
        move |frontiers| {
            let (mut groups, mut episodes) = (groups.activate(), episodes.activate());
            input.for_each_time(|cap, data| {
                let mut session = groups.session(&cap);
                for Rec { order, key, data } in data.flat_map(|container| container.drain(..)) {
                    session.give(Rec { order, key, data: Correlating::Fed(data) });
                }
            });
            let Some(held) = &mut caps else { return };
            let frontier = frontiers[0].frontier().first().copied();
            let (ready, limit) = desk.handover.turn(frontier);
            if let Some((at, mut seeds)) = ready
                && let [of_groups, of_episodes] = &held[..]
            {
                let mut session = groups.session(of_groups);
                seeds.of_groups(at, |rec| session.give(rec));
                let mut session = episodes.session(of_episodes);
                seeds.of_episodes(at, |rec| session.give(rec));
            }
            match limit {
                Some(limit) => held.iter_mut().filter(|cap| *cap.time() < limit).for_each(|cap| {
                    cap.downgrade(&limit);
                }),
                None => caps = None,
            }
        }
    });
    (group_stream, episode_stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capability_stops_at_the_instant_until_the_states_have_come() {
        let handover = Handover::default();
        assert_eq!(handover.turn(Some(1_000)).1, Some(1_000));
        assert_eq!(handover.agree(0), Some(1_100 * MILLISECOND), "never below what is promised");
        assert_eq!(handover.agree(0), None, "one at a time");
        assert_eq!(handover.turn(Some(1_050)).1, Some(1_050));
        assert_eq!(handover.turn(Some(5_000)).1, Some(1_100));
        handover.give(Seeds::default());
        let (taken, limit) = handover.turn(Some(5_000));
        assert_eq!((taken.map(|(at, _)| at), limit), (Some(1_100 * MILLISECOND), Some(5_000)));
        assert_eq!(handover.agree(9_000 * MILLISECOND + 1), Some(9_100 * MILLISECOND));
    }

    #[test]
    fn the_end_waits_for_nobody() {
        let handover = Handover::default();
        assert!(handover.agree(0).is_some());
        assert_eq!(handover.turn(None).1, None);
        assert_eq!(handover.agree(0), None);
    }
}

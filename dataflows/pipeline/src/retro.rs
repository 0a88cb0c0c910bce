//! Retro: rules run over stored events, through the operators that judge live ones.
//!
//! A dataflow of its own, on the thread of whoever runs it: matches, correlations, stories and
//! episodes, and nothing else. Events are given in the order of their times; those that lie out of
//! order count as late, which correlations leave out as they did when the events came. At the end it
//! gives the alerts, each with the times of its events, and what correlations and open alerts
//! remember then, so that the running engine can go on with it.
//!
//! Cost: as live; a step of the dataflow per some thousand events.

use crate::env::{Cut, End, Env, Snapshot};
use crate::finding::{Finding, Told};
use crate::folds::correlate::{Correlating, Group, NAMES};
use crate::folds::episodes::{Episode, EpisodeIn, Episodes, evidence};
use crate::folds::stories::Stories;
use crate::handover::{GoneLaws, Seeds};
use crate::keyed::{Fold, Groups, keyed};
use crate::matching::{Hit, Matching, correlated};
use crate::meters::Meters;
use crate::rec::{Rec, Time};
use crate::rulebook::{Installed, RuleDesk};
use crate::settings::Settings;
use crate::sink::{Outlet, sink};
use crate::split::split;
use seerflow_model::time::{MILLISECOND, floor_tick, tick_ms};
use seerflow_model::{Alert, Event, Flags, Ns};
use seerflow_sigma::RuleSet;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use timely::WorkerConfig;
use timely::communication::Allocator;
use timely::communication::allocator::thread::Thread;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::vec::{Filter, Input, Map};
use timely::dataflow::operators::{Concat, Probe};
use timely::dataflow::{InputHandle, ProbeHandle};
use timely::worker::Worker;

/// Events between two steps of the dataflow.
const STEP: u32 = 1_024;
/// Most alerts of one run: a rule that finds more of the past is no rule yet.
pub const ALERTS_MAX: usize = 10_000;

/// Rules by which alerts are told, by id; all others only take part in correlations.
pub type Only = Arc<BTreeSet<String>>;

/// A run over stored events.
pub struct Retro {
    worker: Worker,
    input: InputHandle<Time, CapacityContainerBuilder<Vec<Rec<Hit>>>>,
    matching: Matching,
    installed: Arc<Installed>,
    end: Arc<End>,
    cut: Arc<Cut>,
    alerts: flume::Receiver<Alert>,
    told: Gathered,
    /// No event that is given later lies below it.
    reached: Ns,
    given: u32,
    /// Events that were judged.
    pub events: u64,
}

/// The last word on each alert so far.
#[derive(Default)]
struct Gathered {
    alerts: Vec<Alert>,
    places: HashMap<String, usize>,
    untold: u64,
}

impl Gathered {
    fn take(&mut self, mut alert: Alert) {
        // Only the last word is told.
        alert.revision = 1;
        match self.places.get(&alert.alert_id) {
            Some(place) => self.alerts[*place] = alert,
            None if self.alerts.len() >= ALERTS_MAX => self.untold += 1,
            None => {
                self.places.insert(alert.alert_id.clone(), self.alerts.len());
                self.alerts.push(alert);
            }
        }
    }
}

/// What a run has found.
pub struct Found {
    /// The last word on each alert, at most [`ALERTS_MAX`].
    pub alerts: Vec<Alert>,
    /// Words on alerts beyond these.
    pub untold: u64,
    /// What is remembered at its end.
    pub seeds: Seeds,
}

impl Retro {
    /// Judges by this set.
    pub fn new(set: Arc<RuleSet>, settings: &Settings, only: Only) -> Retro {
        let desk = Arc::new(RuleDesk::new(set));
        let installed = desk.current();
        let mut worker =
            Worker::new(WorkerConfig::default(), Allocator::Thread(Thread::default()), None);
        let mut input = InputHandle::new();
        let end = Arc::new(End::default());
        let cut = Arc::new(Cut::at_end());
        let env = Env {
            worker: 0,
            workers: 1,
            end: end.clone(),
            cut: Some(cut.clone()),
            restore: None,
            gap: None,
            group_keys_max: Some(settings.bounds.keys),
            meters: Meters::default(),
        };
        let (to, alerts) = flume::unbounded();
        let mut episodes = Episodes::new(settings);
        episodes.retro = true;
        let probe = ProbeHandle::new();
        worker.dataflow(|scope| {
            let hits = scope.input_from(&mut input);
            let (matched, feeds) = split(hits, |hit| match hit {
                Hit::Said(said) => Ok(said),
                Hit::Fed(fed) => Err(fed),
            });
            let feeds = feeds.map(|Rec { order, key, data }| Rec {
                order,
                key,
                data: Correlating::Fed(data),
            });
            let said = matched.concat(correlated(feeds, &desk, &env));
            let stories = keyed(said, Stories, &env).filter(move |rec: &Rec<Finding>| {
                rec.data.by.as_ref().is_some_and(|by| only.contains(&by.rule.rule_id))
            });
            let alerts = keyed(stories.map(unranked), episodes, &env);
            sink(alerts, Outlet { to, gather: false }).probe_with(&probe);
        });
        let matching = Matching::new(desk.clone());
        let (reached, given, events) = (0, 0, 0);
        let told = Gathered::default();
        Retro { worker, input, matching, installed, end, cut, alerts, told, reached, given, events }
    }

    /// Judges an event. Events come in the order of the times at which they happened.
    pub fn event(&mut self, mut event: Event) {
        let about = floor_tick(event.about());
        self.reached = self.reached.max(about);
        if event.effective_time < self.reached {
            event.flags.set(Flags::LATE);
            event.effective_time = self.reached;
        }
        self.events += 1;
        let event = Arc::new(event);
        let mut batch = self.matching.batch(self.installed.clone());
        batch.judge(&event, |rec| self.input.send(rec));
        batch.end();
        self.given += 1;
        if self.given >= STEP {
            self.given = 0;
            self.advance(self.reached);
        }
    }

    fn advance(&mut self, to: Ns) {
        let at = tick_ms(to);
        if *self.input.time() < at {
            self.input.advance_to(at);
            self.worker.step();
            self.gather();
        }
    }

    /// Takes up what was said, so that what waits does not grow with the span.
    fn gather(&mut self) {
        self.alerts.try_iter().for_each(|alert| self.told.take(alert));
    }

    /// Ends at an instant: what is due before it fires. Alerts that are open then say so.
    pub fn finish(mut self, at: Ns) -> Found {
        self.end.announce(at.saturating_sub(1 + MILLISECOND));
        self.advance(at);
        self.input.close();
        while self.worker.has_dataflows() {
            self.worker.step();
        }
        let mut told = self.told;
        self.alerts.try_iter().for_each(|alert| told.take(alert));
        let Gathered { alerts, untold, .. } = told;
        let state = self.cut.take();
        let seeds = Seeds {
            groups: NAMES.iter().flat_map(|name| groups::<Group>(&state, name)).collect(),
            episodes: groups::<Episode>(&state, Episodes::NAME)
                .filter_map(|(key, episode)| Some((key, episode.told_on()?)))
                .collect(),
            gone: GoneLaws::default(),
        };
        Found { alerts, untold, seeds }
    }
}

/// A finding whose risk is of another time.
fn unranked(Rec { order, key, data }: Rec<Finding>) -> Rec<EpisodeIn> {
    evidence(Rec { order, key, data: Told { finding: data, risk: None } })
}

/// State of an operator, by key.
fn groups<S: Serialize + DeserializeOwned + Clone>(
    state: &Snapshot,
    name: &str,
) -> impl Iterator<Item = (u64, S)> {
    let mut all: Groups<S> = Groups::new(usize::MAX);
    for ((_, index), bytes) in state.iter().filter(|((operator, _), _)| operator == name) {
        // Written a moment ago by the same program.
        if let Err(error) = all.decode(*index, bytes) {
            debug_assert!(false, "{name} group {index}: {error}");
        }
    }
    let all: Vec<(u64, S)> = all.iter().map(|(key, state)| (key, state.clone())).collect();
    all.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Level, tests::finding};
    use crate::folds::episodes::notice;

    #[test]
    fn the_last_word_on_each_alert_is_kept_and_their_number_is_bounded() {
        let found = finding(Level::TemplateEntity, 7, "template:7/a", 30.0);
        let mut alert = notice(found, uuid::Uuid::nil());
        let mut told = Gathered::default();
        for n in 0..ALERTS_MAX + 3 {
            alert.alert_id = n.to_string();
            (alert.revision, alert.occurrences) = (1, 1);
            told.take(alert.clone());
            (alert.revision, alert.occurrences) = (2, 2);
            told.take(alert.clone());
        }
        assert_eq!((told.alerts.len(), told.untold), (ALERTS_MAX, 6));
        assert!(told.alerts.iter().all(|alert| (alert.revision, alert.occurrences) == (1, 2)));
    }
}

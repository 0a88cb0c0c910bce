//! Rules change while the engine runs: others judge from now on, and what is new is also put to
//! what is stored.
//!
//! 1. In the background the rules that are new or changed run over the stored events of the chosen
//!    time, up to the frontier; again over what came meanwhile, until that is little.
//! 2. The new set is put in force. Correlations that are new begin at an instant F right after all
//!    that was sent before; each record is judged by exactly one set.
//! 3. When the engine is done with everything before F, the rest is read, too. The alerts are told
//!    (`retro`, with the times of their events), and what correlations and open alerts remember at F
//!    goes to the engine, which has waited with the alerts of rules at F for no longer than that.
//!
//! Correlations that are in force no longer, or mean something else, end at F: their alerts close, and
//! what they remember is forgotten.
//!
//! One change at a time. If the store cannot be read the new rules are in force all the same, and
//! what they would have found before is not told; that is said and counted.

use crate::store::events::EventStore;
use crate::store::events::find::{self, Aliases, EventQuery, Order};
use seerflow_model::time::{DAY, SECOND};
use seerflow_model::{Alert, Ns};
use seerflow_parsing::parser::Parser;
use seerflow_pipeline::engine::Shared;
use seerflow_pipeline::handover::{GoneLaws, Seeds};
use seerflow_pipeline::retro::{ALERTS_MAX, Only, Retro};
use seerflow_pipeline::rulebook::Installed;
use seerflow_pipeline::settings::Settings;
use seerflow_sigma::{Compiled, Correlated, RuleSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Acquire;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A run over what came meanwhile that takes no longer is the last before the change.
const SHORT: Duration = Duration::from_secs(1);
/// Runs before the change, at most.
const RUNS_MAX: usize = 6;
/// How long the engine may take until it is done with what was before the change.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest timespan of a correlation that is looked back over.
const SPAN_MAX: Ns = 7 * DAY;

/// Changes the rules of a running engine.
pub struct RuleChanger {
    shared: Shared,
    settings: Settings,
    events: Option<Arc<EventStore>>,
    parser: Arc<dyn Fn() -> Parser + Send + Sync>,
    one: Mutex<()>,
}

/// What became of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// The version in force.
    pub version: String,
    /// Rules that are new or say something else.
    pub rules: usize,
    /// Stored events that were put to them.
    pub events: u64,
    /// Alerts about them.
    pub alerts: usize,
    /// What went wrong meanwhile.
    pub problem: Option<String>,
}

impl RuleChanger {
    /// Of the engine that shares this.
    pub fn new(
        shared: Shared,
        settings: Settings,
        events: Option<Arc<EventStore>>,
        parser: Arc<dyn Fn() -> Parser + Send + Sync>,
    ) -> RuleChanger {
        RuleChanger { shared, settings, events, parser, one: Mutex::default() }
    }

    /// Puts a set in force. `look_back`: how much of what is stored new rules see; 0 for nothing but
    /// what correlations need to begin. Takes as long as the stored events take to read; call it
    /// where that does not matter.
    pub fn change(&self, set: Arc<RuleSet>, look_back: Ns) -> Changed {
        let _one = self.one.lock().unwrap_or_else(PoisonError::into_inner);
        self.wait(|| self.shared.rules.handover.rests());
        let before = self.shared.rules.current();
        let only = changed(&before.set, &set);
        let laws = new_laws(&before.set, &set);
        let gone = gone_laws(&before.set, &set);
        let mut said = Changed { rules: only.len(), ..Changed::default() };
        let newest = self.shared.newest();
        let spans = laws.values().copied().max().unwrap_or_default().min(SPAN_MAX);
        let back = if only.is_empty() { spans } else { spans.max(look_back) };
        let (Some(store), 1..) = (&self.events, back) else {
            said.version = self.install(set, gone, &mut said.problem);
            return said;
        };
        let from = newest.saturating_sub(back);
        let told_from = newest.saturating_sub(look_back);
        // Whoever looks back over nothing wants no alerts of it.
        let only = if look_back > 0 { only } else { BTreeSet::new() };
        let mut run = Run::new(self, store, set.clone(), Arc::new(only));
        let mut at = from;
        for _ in 0..RUNS_MAX {
            let (begin, until) =
                (Instant::now(), self.shared.frontier().min(newest_of(&self.shared)));
            if until <= at {
                break;
            }
            run.read(at, until, &mut said);
            at = until;
            if begin.elapsed() < SHORT {
                break;
            }
        }
        let laws: BTreeSet<u64> = laws.into_keys().collect();
        let shared = &self.shared;
        let (installed, begins) =
            shared.rules.begin(set, laws.clone(), shared.frontier(), || shared.newest());
        said.version.clone_from(&installed.version);
        if begins > 0 {
            let mut seeds = self.found(run, (at, begins), told_from, &mut said);
            seeds.groups.retain(|(_, group)| laws.contains(&group.law()));
            seeds.gone = gone;
            self.shared.rules.handover.give(seeds);
        } else {
            let problem = "the engine takes nothing over now; what was found before is not told";
            said.problem = Some(problem.to_owned());
        }
        said
    }

    /// Puts a set in force where nothing is read; gives its version.
    fn install(&self, set: Arc<RuleSet>, gone: GoneLaws, problem: &mut Option<String>) -> String {
        let (rules, frontier) = (&self.shared.rules, self.shared.frontier());
        if gone == GoneLaws::default() {
            return rules.install(set, frontier).version.clone();
        }
        let (installed, begins) =
            rules.begin(set, BTreeSet::new(), frontier, || self.shared.newest());
        match begins {
            0 => {
                let text = "the engine takes nothing over now; alerts of correlations that are \
                            in force no longer close within a day";
                *problem = Some(text.to_owned());
            }
            _ => rules.handover.give(Seeds { gone, ..Seeds::default() }),
        }
        installed.version.clone()
    }

    /// Reads the rest and tells the alerts; gives what is remembered then.
    fn found(
        &self,
        mut run: Run<'_>,
        (at, begins): (Ns, Ns),
        told_from: Ns,
        said: &mut Changed,
    ) -> Seeds {
        if !self.wait(|| self.shared.frontier() >= begins) {
            said.problem = Some("the engine did not come to the instant of the change".to_owned());
            return Seeds::default();
        }
        run.read(at, begins, said);
        let found = run.retro.finish(begins);
        if found.untold > 0 {
            let text = format!(
                "the first {ALERTS_MAX} alerts about the past are told; {} more revisions were left out",
                found.untold
            );
            said.problem = Some(text);
        }
        let mut seeds = found.seeds;
        let told = found.alerts.into_iter().filter(|alert| alert.last_seen_ns >= told_from);
        let told: Vec<Alert> = told.collect();
        // What was not told would else go on without ever having begun.
        let ids: BTreeSet<&str> = told.iter().map(|alert| alert.alert_id.as_str()).collect();
        seeds.episodes.retain(|(_, open)| ids.contains(open.alert_id()));
        if let Some(alerts) = self.shared.alerts.upgrade() {
            for alert in told {
                said.alerts += 1;
                // Nobody listens any more only when the process ends.
                let _ = alerts.send(alert);
            }
        }
        seeds
    }

    /// Waits for the engine, with patience; says whether it has come so far.
    fn wait(&self, until: impl Fn() -> bool) -> bool {
        let begin = Instant::now();
        while !until() {
            if begin.elapsed() > PATIENCE || self.shared.failed.load(Acquire) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }
}

fn newest_of(shared: &Shared) -> Ns {
    shared.newest().saturating_add(SECOND)
}

/// A run over stored events.
struct Run<'a> {
    retro: Retro,
    store: &'a EventStore,
    parser: Parser,
}

impl<'a> Run<'a> {
    fn new(changer: &RuleChanger, store: &'a EventStore, set: Arc<RuleSet>, only: Only) -> Run<'a> {
        let retro = Retro::new(set, &changer.settings, only);
        Run { retro, store, parser: (changer.parser)() }
    }

    /// Puts the events of a time to the rules; `until` is no part of it.
    fn read(&mut self, since: Ns, until: Ns, said: &mut Changed) {
        let query = EventQuery {
            since: Some(since),
            until: Some(until),
            order: Order::Oldest,
            ..EventQuery::default()
        };
        let snapshot = self.store.snapshot();
        let retro = &mut self.retro;
        let done = find::each(&snapshot, &query, &mut self.parser, &NoAliases, |found| {
            retro.event(found.event);
            true
        });
        match done {
            Ok(done) => {
                said.events += done.events;
                if done.damaged > 0 {
                    said.problem = Some(format!("{} damaged parts were left out", done.damaged));
                }
            }
            Err(error) => said.problem = Some(error.to_string()),
        }
    }
}

/// Templates do not matter to rules.
struct NoAliases;

impl Aliases for NoAliases {
    fn all_of(&self, _id: u64) -> Vec<u64> {
        Vec::new()
    }

    fn stands_for(&self, id: u64) -> u64 {
        id
    }

    fn text(&self, _id: u64) -> Option<String> {
        None
    }
}

/// Laws that were not in force, with their timespans.
fn new_laws(before: &RuleSet, after: &RuleSet) -> BTreeMap<u64, Ns> {
    let new =
        |law: &&Arc<seerflow_sigma::correlate::Law>| before.plan().law(law.identity).is_none();
    after.plan().laws().into_iter().filter(new).map(|law| (law.identity, law.span)).collect()
}

/// Correlations that were in force, and are not with what they meant.
fn gone_laws(before: &RuleSet, after: &RuleSet) -> GoneLaws {
    let laws = before.plan().laws().into_iter();
    let mut gone = GoneLaws::default();
    for law in laws.filter(|law| after.plan().law(law.identity).is_none()) {
        gone.laws.insert((law.level, law.identity));
        if let Some(rule) = before.correlations().get(law.number as usize) {
            gone.rules.insert(Installed::id_of(&rule.rule.header));
        }
    }
    gone
}

/// Ids of rules that take part and did not say the same before.
fn changed(before: &RuleSet, after: &RuleSet) -> BTreeSet<String> {
    let id = |header: &seerflow_sigma::Header| Installed::id_of(header);
    let known: BTreeMap<String, &Compiled> =
        before.rules().iter().map(|rule| (id(&rule.rule.header), rule)).collect();
    let same = |rule: &Compiled| {
        known.get(&id(&rule.rule.header)).is_some_and(|known| {
            known.takes_part()
                && known.rule.header == rule.rule.header
                && known.rule.detection == rule.rule.detection
        })
    };
    let rules = after.rules().iter().filter(|rule| rule.takes_part() && !same(rule));
    let mut ids: BTreeSet<String> = rules.map(|rule| id(&rule.rule.header)).collect();
    let known: BTreeMap<String, &Correlated> =
        before.correlations().iter().map(|rule| (id(&rule.rule.header), rule)).collect();
    let new = new_laws(before, after);
    for law in after.plan().laws() {
        let Some(rule) = after.correlations().get(law.number as usize) else { continue };
        let same = known
            .get(&id(&rule.rule.header))
            .is_some_and(|known| known.rule.header == rule.rule.header);
        if !same || new.contains_key(&law.identity) {
            ids.insert(id(&rule.rule.header));
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_sigma::{Options, load};

    const RULE: &str = "title: a\nid: a\nname: a\nlogsource: {product: linux}\ndetection:\n  \
        x: {y: 1}\n  condition: x\n";
    const RELATED: &str = "title: b\nid: b\ncorrelation:\n  type: event_count\n  rules: [a]\n  \
        timespan: 5m\n  condition: {gte: 3}\n";

    fn set(texts: &[String]) -> RuleSet {
        let files =
            texts.iter().enumerate().map(|(n, text)| (format!("{n}").into(), text.as_str()));
        let loaded = load(files, &Options::default());
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        loaded.set
    }

    #[test]
    fn what_says_the_same_is_not_new() {
        let before = set(&[RULE.to_owned(), RELATED.to_owned()]);
        let of = |texts: &[String]| {
            let after = set(texts);
            let ids: Vec<String> = changed(&before, &after).into_iter().collect();
            (ids.join(" "), new_laws(&before, &after).len())
        };
        assert_eq!(of(&[RELATED.to_owned(), RULE.to_owned()]), (String::new(), 0));
        let other = RULE.replace("y: 1", "y: 2");
        assert_eq!(of(&[other, RELATED.to_owned()]), ("a b".to_owned(), 1));
        let other = RELATED.replace("gte: 3", "gte: 4");
        assert_eq!(of(&[RULE.to_owned(), other]), ("b".to_owned(), 1));
        let other = RULE.replace("title: a", "title: c");
        assert_eq!(of(&[other]).0, "a");
        assert_eq!(of(&[]), (String::new(), 0));
    }

    #[test]
    fn what_does_not_mean_the_same_any_more_is_gone() {
        let chained = "title: c\nid: c\ncorrelation:\n  type: temporal\n  rules: [b, a]\n  \
                       timespan: 5m\n";
        let related = RELATED.replace("id: b", "id: b\nname: b");
        let before = set(&[RULE.to_owned(), related.clone(), chained.to_owned()]);
        let of = |texts: &[String]| {
            let gone = gone_laws(&before, &set(texts));
            let levels: Vec<u8> = gone.laws.iter().map(|law| law.0).collect();
            (gone.rules.into_iter().collect::<Vec<_>>().join(" "), levels)
        };
        let (rule, chained) = (RULE.to_owned(), chained.to_owned());
        let none = (String::new(), vec![]);
        assert_eq!(of(&[rule.clone(), related.clone(), chained.clone()]), none);
        let other = related.replace("title: b", "title: d");
        assert_eq!(of(&[rule.clone(), other, chained.clone()]), none, "only its title");
        assert_eq!(of(&[rule.clone(), related.clone()]), ("c".to_owned(), vec![1]));
        assert_eq!(of(std::slice::from_ref(&rule)), ("b c".to_owned(), vec![0, 1]));
        let other = rule.replace("y: 1", "y: 2");
        assert_eq!(of(&[other, related, chained]), ("b c".to_owned(), vec![0, 1]));
    }
}

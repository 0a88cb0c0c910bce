//! Correlations of rules, in the order of event time: one state per (law, group).
//!
//! What a law is, is looked up in the set that the newest of its events was judged by; a law that is
//! in force no longer is forgotten with its groups at the instant at which it went. Laws about laws are a level higher, and each
//! level is an operator of its own, behind the one before it. Matches come with how many events
//! they have gained since the last word about them.
//!
//! Cost: one look-up of the set and what the law's state costs, per event that a law wants.

use super::stage;
use crate::keyed::{Ctx, Fold};
use crate::rulebook::RuleDesk;
use seerflow_model::{Event, Ns};
use seerflow_sigma::correlate::{Feed, Law, Match, Out, Output, Phase, Skipped, State, Tuple};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Levels of laws about laws.
pub const LEVELS: usize = seerflow_sigma::correlate::LEVELS_MAX;

/// The names of their operators.
pub const NAMES: [&str; LEVELS] =
    ["correlate-0", "correlate-1", "correlate-2", "correlate-3", "correlate-4"];

/// Something that a law wants, and the set that says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fed {
    /// Version of the set.
    pub version: u64,
    /// Whether rules alert about the event by themselves.
    pub alerts: bool,
    /// For which law and group, and what.
    pub feed: Feed<Arc<Event>>,
}

/// What comes to a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Correlating {
    /// Something that its law wants.
    Fed(Box<Fed>),
    /// What is remembered of it elsewhere.
    Group(Box<Group>),
    /// For all groups: these laws are in force no longer.
    Gone(Box<Gone>),
}

/// Laws of a level that are in force no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gone {
    /// Their level.
    pub level: u8,
    /// The laws.
    pub laws: BTreeSet<u64>,
}

impl Correlating {
    /// The level of its law.
    pub fn level(&self) -> u8 {
        match self {
            Correlating::Fed(fed) => fed.feed.level,
            Correlating::Group(group) => group.level,
            Correlating::Gone(gone) => gone.level,
        }
    }
}

/// A match, and how many events it has gained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlated {
    /// Version of the set by which it is one.
    pub version: u64,
    /// Events since the last word.
    pub added: u64,
    /// The match.
    pub found: Match<Arc<Event>>,
}

/// What a match that goes on is known by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfMatch {
    /// Version of the set by which it is one.
    pub version: u64,
    /// The law.
    pub law: u64,
    /// Values of what is grouped by.
    pub group: Tuple,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CorrelateOut {
    /// For people.
    Match(Box<Correlated>),
    /// An event about which rules alert belongs to a match that goes on.
    Part(Box<OfMatch>),
    /// For laws of a higher level.
    Fed(Box<Fed>),
}

/// A group of a law.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Group {
    version: u64,
    law: u64,
    level: u8,
    /// Events that were told of.
    told: u64,
    state: State<Arc<Event>>,
}

impl Group {
    /// The law.
    pub fn law(&self) -> u64 {
        self.law
    }
}

/// The fold of one level; key = law and group.
pub struct Correlate {
    level: usize,
    desk: Arc<RuleDesk>,
    out: Output<Arc<Event>>,
    feeds: Vec<Feed<Arc<Event>>>,
}

impl Correlate {
    /// Of a level.
    pub fn new(level: usize, desk: Arc<RuleDesk>) -> Correlate {
        Correlate { level, desk, out: Output::default(), feeds: Vec::new() }
    }

    /// Does something with a group, as long as its law is known, and emits what comes of it.
    fn act(
        &mut self,
        group: &mut Group,
        ctx: &mut Ctx<CorrelateOut>,
        alerts: Option<&Tuple>,
        act: impl FnOnce(&mut State<Arc<Event>>, &Law, Ns, &mut Output<Arc<Event>>),
    ) {
        let mut installed = self.desk.current();
        if installed.set.version() != group.version
            && let Some(own) = self.desk.get(group.version)
        {
            installed = own;
        }
        let plan = installed.set.plan();
        let Some(law) = plan.law(group.law) else {
            *group = Group::default();
            ctx.clear_timer();
            return;
        };
        let version = installed.set.version();
        act(&mut group.state, law, ctx.now(), &mut self.out);
        let silent = !self.out.items.iter().any(|item| matches!(item, Out::Match(_)));
        if let Some(of) = alerts.filter(|_| silent && group.state.open()) {
            let of = OfMatch { version, law: group.law, group: of.clone() };
            ctx.emit(group.law, CorrelateOut::Part(Box::new(of)));
        }
        for item in self.out.items.drain(..) {
            match item {
                Out::Match(found) => {
                    let before = if found.phase == Phase::Began { 0 } else { group.told };
                    let added = found.count.saturating_sub(before);
                    group.told = found.count;
                    let found = Correlated { version, added, found: *found };
                    ctx.emit(found.found.law, CorrelateOut::Match(Box::new(found)));
                }
                Out::Held(held) => {
                    let mut skipped = Skipped::default();
                    plan.chain(&held, &mut skipped, &mut self.feeds);
                    self.desk.counts.ungrouped.fetch_add(skipped.ungrouped, Relaxed);
                    self.desk.counts.unmeasured.fetch_add(skipped.unmeasured, Relaxed);
                    for feed in self.feeds.drain(..) {
                        let fed = Fed { version, alerts: alerts.is_some(), feed };
                        ctx.emit(fed.feed.key, CorrelateOut::Fed(Box::new(fed)));
                    }
                }
            }
        }
        match group.state.due(law) {
            Some(due) => ctx.set_timer(due),
            None => ctx.clear_timer(),
        }
    }
}

impl Fold for Correlate {
    type In = Correlating;
    type Out = CorrelateOut;
    type State = Group;
    const NAME: &'static str = NAMES[0];
    const STAGE: u16 = stage::CORRELATE;
    const GROUP_KEYS_MAX: usize = 8_192;

    fn name(&self) -> &'static str {
        NAMES[self.level]
    }

    fn stage(&self) -> u16 {
        stage::CORRELATE + self.level as u16
    }

    fn fresh(&mut self, _key: u64) -> Group {
        Group::default()
    }

    fn apply(
        &mut self,
        _key: u64,
        group: &mut Group,
        input: Correlating,
        ctx: &mut Ctx<CorrelateOut>,
    ) {
        let Fed { version, alerts, feed } = match input {
            Correlating::Fed(fed) => *fed,
            Correlating::Group(known) => {
                *group = *known;
                return self.act(group, ctx, None, |_, _, _, _| {});
            }
            // Comes to all groups at once, see below.
            Correlating::Gone(_) => return,
        };
        (group.version, group.law, group.level) = (version, feed.law, feed.level);
        let of = alerts.then(|| feed.group.clone());
        self.act(group, ctx, of.as_ref(), |state, law, at, out| state.apply(law, at, feed, out));
    }

    fn fire(&mut self, _key: u64, group: &mut Group, ctx: &mut Ctx<CorrelateOut>) {
        self.act(group, ctx, None, |state, law, at, out| state.fire(law, at, out));
    }

    fn sweeps(input: &Correlating) -> bool {
        matches!(input, Correlating::Gone(_))
    }

    fn swept(
        &mut self,
        _key: u64,
        group: &mut Group,
        input: &Correlating,
        ctx: &mut Ctx<CorrelateOut>,
    ) {
        if let Correlating::Gone(gone) = input
            && gone.laws.contains(&group.law)
        {
            *group = Group::default();
            ctx.clear_timer();
        }
    }

    fn weight(_input: &Correlating) -> usize {
        1_024
    }

    fn pinned(group: &Group) -> bool {
        group.state.open()
    }

    fn evicted(&mut self, _key: u64, group: Group) {
        if !group.state.is_empty() {
            self.desk.counts.evicted.fetch_add(1, Relaxed);
        }
    }
}

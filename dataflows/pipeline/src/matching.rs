//! Matching: which rules an event answers to, where its record is and at once.
//!
//! What a rule about one event finds is a finding; what correlations want of it is fed to them. A
//! worker has one matcher for each set that batches still come with, at most a few. Events of the
//! program's own log are never judged; late ones are, but correlations leave them out.
//!
//! Cost: the matcher's (a microsecond or so with thousands of rules); nothing more for what does
//! not match.

use crate::env::Env;
use crate::finding::{By, Finding, Level, Phase};
use crate::folds::correlate::{
    Correlate, CorrelateOut, Correlated, Correlating, Fed, LEVELS, OfMatch,
};
use crate::folds::episodes::notice;
use crate::folds::stage;
use crate::folds::stories::{self, Part, Said};
use crate::keyed::keyed;
use crate::place::place;
use crate::rec::{Rec, Time};
use crate::rulebook::{Installed, RuleDesk};
use crate::split::split;
use crate::words;
use seerflow_model::{Event, Evidence, Flags, Ns};
use seerflow_sigma::Matcher;
use seerflow_sigma::correlate::{self, Feed, Skipped};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use timely::dataflow::StreamVec;
use timely::dataflow::operators::vec::Map;
use timely::dataflow::operators::{Concat, Concatenate};

/// Sets that a worker has matchers for.
const MATCHERS_MAX: usize = 4;

/// What becomes of a match.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Hit {
    /// What a rule says of the event.
    Said(Said),
    /// Something that a correlation wants.
    Fed(Box<Fed>),
}

/// The matchers of one worker.
pub struct Matching {
    desk: Arc<RuleDesk>,
    matchers: Vec<Judging>,
    found: Vec<u32>,
    feeds: Vec<Feed<Arc<Event>>>,
}

struct Judging {
    installed: Arc<Installed>,
    matcher: Matcher,
    /// Values cut, as far as they are counted.
    cut: u64,
}

impl Matching {
    /// For one worker.
    pub fn new(desk: Arc<RuleDesk>) -> Matching {
        Matching { desk, matchers: Vec::new(), found: Vec::new(), feeds: Vec::new() }
    }

    /// Judges the events of a batch by the set that it was stamped with.
    pub fn batch(&mut self, installed: Arc<Installed>) -> Batch<'_> {
        let same = |judging: &Judging| Arc::ptr_eq(&judging.installed, &installed);
        let at = match self.matchers.iter().position(same) {
            Some(at) => at,
            None => {
                if self.matchers.len() >= MATCHERS_MAX {
                    self.matchers.remove(0);
                }
                let matcher = Matcher::new(installed.set.clone());
                self.matchers.push(Judging { installed, matcher, cut: 0 });
                self.matchers.len() - 1
            }
        };
        let at = if self.matchers.len() > 1 { self.tidy(at) } else { at };
        Batch { at, of: self, newest: 0 }
    }

    /// Lets matchers go of sets that no batch comes with any more; the desk then lets go of the sets.
    /// Gives where the matcher at `at` is now.
    fn tidy(&mut self, at: usize) -> usize {
        let version = self.matchers[at].installed.set.version();
        let current = self.desk.current();
        self.matchers.retain(|judging| {
            judging.installed.set.version() == version
                || Arc::ptr_eq(&judging.installed, &current)
                || Arc::strong_count(&judging.installed) > 2
        });
        let own = |judging: &Judging| judging.installed.set.version() == version;
        self.matchers.iter().position(own).unwrap_or_default()
    }
}

/// A batch that is being judged.
pub struct Batch<'a> {
    of: &'a mut Matching,
    at: usize,
    newest: Ns,
}

impl Batch<'_> {
    /// Judges one event.
    pub fn judge(&mut self, event: &Arc<Event>, mut give: impl FnMut(Rec<Hit>)) {
        let Matching { desk, matchers, found, feeds } = &mut *self.of;
        let Some(Judging { installed, matcher, .. }) = matchers.get_mut(self.at) else { return };
        if installed.is_empty() || event.flags.has(Flags::OWN) {
            return;
        }
        self.newest = self.newest.max(event.effective_time);
        let matched = matcher.matches_event(event);
        if matched.is_empty() {
            return;
        }
        found.clear();
        found.extend_from_slice(matched);
        desk.counts.matches.fetch_add(found.len() as u64, Relaxed);
        let order = event.order();
        let mut alerts = false;
        for rule in found.iter() {
            let number = *rule as usize;
            let (Some(named), Some(compiled)) =
                (installed.rules.get(number), installed.set.rules().get(number))
            else {
                continue;
            };
            named.matches.fetch_add(1, Relaxed);
            if !compiled.alone || compiled.rule.header.is_part() {
                continue;
            }
            let lead = words::rule::matched(event, named, &matcher.reasons(*rule));
            let finding = finding_of(event, lead, By::once(&named.authority));
            desk.notice(|| notice(finding.clone(), event.id()));
            let (key, order) = (stories::key(&order), order.derive(stage::MATCH, 0, *rule));
            give(Rec { order, key, data: Hit::Said(Said::Finding(Box::new(finding))) });
            alerts = true;
        }
        if !found.iter().any(|rule| installed.set.plan().wants(*rule)) {
            return;
        }
        if event.flags.has(Flags::LATE) {
            desk.counts.late.fetch_add(1, Relaxed);
            return;
        }
        let mut skipped = Skipped::default();
        let value = |field| matcher.value(field);
        installed.set.plan().feeds(found, value, event, &mut skipped, feeds);
        if skipped != Skipped::default() {
            desk.counts.ungrouped.fetch_add(skipped.ungrouped, Relaxed);
            desk.counts.unmeasured.fetch_add(skipped.unmeasured, Relaxed);
        }
        let version = installed.set.version();
        for feed in
            feeds.drain(..).filter(|feed| installed.begins(feed.law) <= event.effective_time)
        {
            let key = feed.key;
            let order = order.derive(stage::MATCH, key, u32::from(feed.level));
            give(Rec { order, key, data: Hit::Fed(Box::new(Fed { version, alerts, feed })) });
        }
    }

    /// The batch is through.
    pub fn end(self) {
        let Some(judging) = self.of.matchers.get_mut(self.at) else { return };
        judging.installed.saw(self.newest);
        let cut = judging.matcher.cut();
        if cut > judging.cut {
            self.of.desk.counts.cut.fetch_add(cut - judging.cut, Relaxed);
            judging.cut = cut;
        }
    }
}

/// A finding by a rule, about `event`.
pub fn finding_of(event: &Event, lead: Evidence, by: By) -> Finding {
    let entity = event.primary().map_or(0, |entity| entity.key);
    let place = Box::new(place(event, "", Level::Event));
    Finding { entity, place, by: Some(by), ..Finding::alone(lead) }
}

/// Puts correlations behind what is fed to them, level by level, and gives what they say of events.
pub fn correlated<'s>(
    feeds: StreamVec<'s, Time, Rec<Correlating>>,
    desk: &Arc<RuleDesk>,
    env: &Env,
) -> StreamVec<'s, Time, Rec<Said>> {
    let scope = feeds.scope();
    let mut waiting = feeds;
    let mut all = Vec::with_capacity(LEVELS);
    for level in 0..LEVELS {
        let (own, higher) =
            split(waiting, move |input: Correlating| match usize::from(input.level()) == level {
                true => Ok(input),
                false => Err(input),
            });
        let out = keyed(own, Correlate::new(level, desk.clone()), env);
        let (chained, found) = split(out, |out| match out {
            CorrelateOut::Fed(fed) => Ok(Correlating::Fed(fed)),
            found => Err(found),
        });
        all.push(found);
        waiting = higher.concat(chained);
    }
    let desk = desk.clone();
    scope.concatenate(all).flat_map(move |Rec { order, data, .. }| {
        let data = match &data {
            CorrelateOut::Match(found) => told(&desk, found, order.effective)?,
            CorrelateOut::Part(of) => part(&desk, of)?,
            CorrelateOut::Fed(_) => return None,
        };
        Some(Rec { order, key: stories::key(&order), data })
    })
}

/// A match as a finding; none when the correlation is only a part of others.
fn told(desk: &RuleDesk, correlated: &Correlated, now: Ns) -> Option<Said> {
    let installed = desk.judged_by(correlated.version);
    let found = &correlated.found;
    let law = installed.set.plan().law(found.law)?;
    let named = installed.correlations.get(law.number as usize)?;
    let phase = match found.phase {
        correlate::Phase::Began if law.ends() => Phase::Begins,
        correlate::Phase::Began => Phase::Once,
        correlate::Phase::Grew => Phase::Grows,
        correlate::Phase::Ended => Phase::Ends,
    };
    if matches!(phase, Phase::Begins | Phase::Once) {
        named.matches.fetch_add(1, Relaxed);
    }
    if !installed.alerts(law) {
        return None;
    }
    let (event, mut lead) = words::rule::correlated(correlated, law, named, now)?;
    if named.authority.family != named.authority.rule_id && phase == Phase::Begins {
        // The event by which the other correlation held is in the alert already.
        lead.event_count = lead.event_count.saturating_sub(1);
    }
    let by = By { rule: named.authority.clone(), phase };
    Some(Said::Finding(Box::new(finding_of(&event, lead, by))))
}

/// An event of a match that goes on.
fn part(desk: &RuleDesk, of: &OfMatch) -> Option<Said> {
    let installed = desk.judged_by(of.version);
    let law = installed.set.plan().law(of.law).filter(|law| installed.alerts(law))?;
    let rule = installed.correlations.get(law.number as usize)?.authority.clone();
    let episode = words::rule::episode(law, &of.group);
    Some(Said::Part(Box::new(Part { by: By { rule, phase: Phase::Grows }, episode })))
}

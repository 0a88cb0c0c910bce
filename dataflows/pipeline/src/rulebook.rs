//! The rules in force: which set judges, under which version, and what its alerts are called.
//!
//! The edge stamps each batch with the set that is in force when it is sent; whatever becomes of
//! its records is judged by that set, and alerts name its version. A set that was replaced is kept
//! while a record that it has judged may still be on its way: until no batch holds it and the
//! frontier has passed the newest time it has seen. What an alert says of its rule is made once per
//! set, not per match.
//!
//! Cost: one atomic load per batch.

use crate::finding::{Authority, Kind};
use crate::handover::Handover;
use arc_swap::ArcSwap;
use seerflow_model::{Alert, Ns, Severity, ids};
use seerflow_sigma::correlate::Law;
use seerflow_sigma::{Header, Part, RuleSet};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A rule, as its alerts name it.
#[derive(Clone, Debug)]
pub struct Named {
    /// `rule_name`: its name, or its title where it has none.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How bad a match is.
    pub severity: Severity,
    /// What alerts carry of it.
    pub authority: Arc<Authority>,
    /// Events that it has matched, or episodes of a correlation, ever.
    pub matches: Arc<AtomicU64>,
}

/// A set of rules that is or was in force.
#[derive(Debug)]
pub struct Installed {
    /// Names the set in alerts.
    pub version: String,
    /// The rules.
    pub set: Arc<RuleSet>,
    /// By number of the rule.
    pub rules: Vec<Named>,
    /// By number of the correlation.
    pub correlations: Vec<Named>,
    /// Newest effective time that it has judged.
    newest: AtomicU64,
    /// Laws that were not in force before, and when they begin.
    laws: BTreeSet<u64>,
    begins: Mutex<Ns>,
}

/// What rules have done, counted over all versions.
#[derive(Debug, Default)]
pub struct RuleCounts {
    /// Matches of rules.
    pub matches: AtomicU64,
    /// Matches that correlations leave out, because the record was late.
    pub late: AtomicU64,
    /// Events that a correlation would want, but without a value of what it groups by.
    pub ungrouped: AtomicU64,
    /// The same, without a value of what it measures.
    pub unmeasured: AtomicU64,
    /// Values of events that were too long or too many to be looked at whole.
    pub cut: AtomicU64,
    /// Groups of correlations that made room for others.
    pub evicted: AtomicU64,
    /// Matches of which no notice was given, because too many were waiting.
    pub unnoticed: AtomicU64,
    /// Matches by a set that is not known any more; never, unless something is wrong.
    pub strayed: AtomicU64,
}

impl RuleCounts {
    /// Each count with its name and what it counts.
    pub fn all(&self) -> [(&'static str, &'static str, u64); 8] {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [
            ("rules_matches_total", "Matches of rules.", of(&self.matches)),
            ("rules_late_total", "Late records that correlations left out.", of(&self.late)),
            (
                "rules_ungrouped_total",
                "Events without a value of what a correlation groups by.",
                of(&self.ungrouped),
            ),
            (
                "rules_unmeasured_total",
                "Events without a value of what a correlation measures.",
                of(&self.unmeasured),
            ),
            ("rules_cut_values_total", "Values of events that rules saw in part.", of(&self.cut)),
            (
                "rules_evicted_groups_total",
                "Groups of correlations that made room for others.",
                of(&self.evicted),
            ),
            ("rules_unnoticed_total", "Matches without a notice.", of(&self.unnoticed)),
            (
                "rules_strayed_total",
                "Matches by a set that is not kept any more.",
                of(&self.strayed),
            ),
        ]
    }
}

/// Where the edge, the workers and whoever changes rules meet.
#[derive(Debug)]
pub struct RuleDesk {
    current: ArcSwap<Installed>,
    kept: Mutex<Vec<Arc<Installed>>>,
    /// What rules have done.
    pub counts: RuleCounts,
    /// Where correlations that are new are given what came before them.
    pub handover: Handover,
    /// Where notices go, if anywhere; nobody is kept waiting by this.
    notices: OnceLock<flume::WeakSender<Alert>>,
}

/// Notices that may wait; beyond it they are left out.
const NOTICES_MAX: usize = 256;

impl Default for RuleDesk {
    fn default() -> RuleDesk {
        RuleDesk::new(Arc::default())
    }
}

impl RuleDesk {
    /// With a set in force from the start.
    pub fn new(set: Arc<RuleSet>) -> RuleDesk {
        let first = Arc::new(Installed::new(set, &[]));
        RuleDesk {
            current: ArcSwap::new(first.clone()),
            kept: Mutex::new(vec![first]),
            counts: RuleCounts::default(),
            handover: Handover::default(),
            notices: OnceLock::new(),
        }
    }

    /// Sends a notice of each match from now on.
    pub(crate) fn notify(&self, to: flume::WeakSender<Alert>) {
        // A desk belongs to one engine.
        let _ = self.notices.set(to);
    }

    /// Tells of a match at once, when somebody listens and not too many are waiting.
    pub(crate) fn notice(&self, notice: impl FnOnce() -> Alert) {
        let Some(to) = self.notices.get().and_then(flume::WeakSender::upgrade) else { return };
        match to.len() < NOTICES_MAX {
            // Nobody listens any more only when the process ends.
            true => drop(to.send(notice())),
            false => drop(self.counts.unnoticed.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Arc<Installed>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The set in force.
    pub fn current(&self) -> Arc<Installed> {
        self.current.load_full()
    }

    /// Puts a set in force: what the edge sends from now on is judged by it. `frontier`: all
    /// records with an effective time below it are done with.
    pub fn install(&self, set: Arc<RuleSet>, frontier: Ns) -> Arc<Installed> {
        // The clone must be gone before it is looked who still holds a set.
        let installed = Installed::new(set, &self.kept().clone());
        self.put(Arc::new(installed), frontier)
    }

    /// As [`RuleDesk::install`], where `laws` begin at an instant that comes after all that was sent
    /// before (`newest` says up to when that is): what they remember then must be given to
    /// [`RuleDesk::handover`]. The instant is 0 when there is none to wait for.
    pub fn begin(
        &self,
        set: Arc<RuleSet>,
        laws: BTreeSet<u64>,
        frontier: Ns,
        newest: impl Fn() -> Ns,
    ) -> (Arc<Installed>, Ns) {
        let installed = Installed { laws, ..Installed::new(set, &self.kept().clone()) };
        let installed = Arc::new(installed);
        // Whoever judges an event for such a law waits until it is known when it begins.
        let mut begins = installed.begins.lock().unwrap_or_else(PoisonError::into_inner);
        self.put(installed.clone(), frontier);
        *begins = self.handover.agree(newest()).unwrap_or_default();
        let at = *begins;
        drop(begins);
        (installed, at)
    }

    fn put(&self, installed: Arc<Installed>, frontier: Ns) -> Arc<Installed> {
        let mut kept = self.kept();
        let before = self.current();
        if before.set.version() == installed.set.version() {
            return before;
        }
        kept.retain(|old| {
            let held = Arc::strong_count(old) > 1;
            held || old.newest.load(Ordering::Acquire) >= frontier
        });
        kept.push(installed.clone());
        self.current.store(installed.clone());
        installed
    }

    /// The set of a version, while it is kept.
    pub fn get(&self, version: u64) -> Option<Arc<Installed>> {
        let current = self.current.load();
        if current.set.version() == version {
            return Some(current.clone());
        }
        self.kept().iter().find(|kept| kept.set.version() == version).cloned()
    }

    /// The set of a version; the one in force when it is not kept any more.
    pub(crate) fn judged_by(&self, version: u64) -> Arc<Installed> {
        self.get(version).unwrap_or_else(|| {
            self.counts.strayed.fetch_add(1, Ordering::Relaxed);
            self.current()
        })
    }
}

impl Installed {
    /// Counts of rules that were there before go on.
    fn new(set: Arc<RuleSet>, before: &[Arc<Installed>]) -> Installed {
        let version = format!("{:016x}", set.version());
        let known = before.last();
        let name = |kind, header: &Header, old: Option<&[Named]>, family: Option<String>| {
            let mut named = Named::new(kind, header, &version, family);
            let same = |old: &&Named| old.authority.rule_id == named.authority.rule_id;
            if let Some(old) = old.and_then(|old| old.iter().find(same)) {
                named.matches = old.matches.clone();
            }
            named
        };
        let rules = set.rules().iter();
        let rules = rules
            .map(|rule| {
                name(Kind::Sigma, &rule.rule.header, known.map(|known| &known.rules[..]), None)
            })
            .collect();
        let roots = roots(&set).into_iter();
        let families = roots.map(|root| Some(rule_id(&set.correlations()[root].rule.header)));
        let correlations = set.correlations().iter().zip(families);
        let correlations = correlations
            .map(|(rule, family)| {
                let old = known.map(|known| &known.correlations[..]);
                name(Kind::Correlation, &rule.rule.header, old, family)
            })
            .collect();
        let (newest, laws, begins) = (AtomicU64::new(0), BTreeSet::new(), Mutex::default());
        Installed { version, rules, correlations, newest, laws, begins, set }
    }

    /// The id by which alerts name a rule.
    pub fn id_of(header: &Header) -> String {
        rule_id(header)
    }

    /// When a law begins; events before that come to it from the store.
    pub(crate) fn begins(&self, law: u64) -> Ns {
        match self.laws.contains(&law) {
            true => *self.begins.lock().unwrap_or_else(PoisonError::into_inner),
            false => 0,
        }
    }

    /// It has judged a record of this time.
    pub(crate) fn saw(&self, effective: Ns) {
        self.newest.fetch_max(effective, Ordering::AcqRel);
    }

    /// Whether the matches of a correlation are alerts.
    pub(crate) fn alerts(&self, law: &Law) -> bool {
        let rule = self.set.correlations().get(law.number as usize);
        rule.is_some_and(|rule| rule.alone && !rule.rule.header.is_part())
    }

    /// Whether it has nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl Named {
    fn new(kind: Kind, header: &Header, version: &str, family: Option<String>) -> Named {
        let name = header.name.clone().unwrap_or_else(|| header.title.clone());
        Named {
            title: header.title.clone(),
            severity: header.severity(),
            authority: Arc::new(Authority {
                kind,
                family: family.unwrap_or_else(|| rule_id(header)),
                rule_id: rule_id(header),
                author: header.author.clone(),
                ruleset: Some(version.to_owned()),
                lens: header.lens().to_owned(),
                tactics: header.tactics(),
                techniques: header.techniques(),
            }),
            matches: Arc::default(),
            name,
        }
    }
}

/// The id of a rule; one made of its name where it has none.
fn rule_id(header: &Header) -> String {
    let name = header.name.as_ref().unwrap_or(&header.title);
    header.id.clone().unwrap_or_else(|| ids::rule(name).to_string())
}

/// The number of the correlation whose episodes each shares; see [`Authority::family`].
fn roots(set: &RuleSet) -> Vec<usize> {
    let all = set.correlations();
    let mut roots = Vec::with_capacity(all.len());
    for (number, rule) in all.iter().enumerate() {
        let begins_with = rule.parts.iter().find_map(|part| match part {
            Part::Correlation(base) => Some(*base as usize),
            Part::Rule(_) => None,
        });
        let shared = begins_with.filter(|base| {
            all.get(*base).is_some_and(|base| {
                base.alone
                    && !base.rule.header.is_part()
                    && base.rule.group_by == rule.rule.group_by
                    && rule.rule.aliases.is_empty()
            })
        });
        let root = shared.and_then(|base| roots.get(base).copied());
        roots.push(root.unwrap_or(number));
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_sigma::{Options, load};

    fn set(title: &str) -> Arc<RuleSet> {
        let text = format!(
            "title: {title}\nid: 1f5dd6d5-8f9d-4d7e-9f55-4b1b8b3c2a10\nlogsource: {{product: linux}}\n\
             detection:\n  a: {{x: 1}}\n  condition: a\n"
        );
        let loaded = load([("a.yml".into(), text.as_str())], &Options::default());
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        Arc::new(loaded.set)
    }

    #[test]
    fn a_set_is_kept_while_a_record_that_it_judged_is_on_its_way() {
        let desk = RuleDesk::new(set("one"));
        let first = desk.current();
        first.saw(50);
        let (version, name) = (first.set.version(), first.rules[0].name.clone());
        assert_eq!(name, "one");
        first.rules[0].matches.fetch_add(3, Ordering::Relaxed);
        let second = desk.install(set("two"), 100);
        assert_eq!(second.rules[0].matches.load(Ordering::Relaxed), 3, "the same rule");
        assert!(desk.get(version).is_some(), "a batch holds it");
        drop(first);
        desk.install(set("three"), 50);
        assert!(desk.get(version).is_some(), "the frontier has not passed what it judged");
        desk.install(set("four"), 51);
        assert!(desk.get(version).is_none());
        assert_eq!(desk.judged_by(version).rules[0].name, "four");
        assert_eq!(desk.counts.strayed.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn the_same_set_is_not_installed_twice() {
        let desk = RuleDesk::new(set("one"));
        let first = desk.current();
        assert!(Arc::ptr_eq(&first, &desk.install(set("one"), 0)));
    }
}

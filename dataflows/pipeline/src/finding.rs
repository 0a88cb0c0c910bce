//! A finding: evidence on its way to an alert, with what decides who explains whom.

use seerflow_detection::marks::Place;
use seerflow_model::{Channel, Evidence, Tactic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an alert goes back to, when it is not detectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A rule about one event.
    Sigma,
    /// A rule about several events.
    Correlation,
    /// What has added up about an entity.
    Risk,
    /// The way of an attack.
    KillChain,
}

impl Kind {
    /// `alert_type` of its alerts.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Sigma => "sigma",
            Kind::Correlation => "correlation",
            Kind::Risk => "risk",
            Kind::KillChain => "kill-chain",
        }
    }
}

/// A rule, as the alerts that go back to it name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Authority {
    /// What it is a rule about.
    pub kind: Kind,
    /// Its id.
    pub rule_id: String,
    /// Id of the rule whose episodes it shares: its own, or that of a correlation that it begins with
    /// and that groups alike. What grows worse stays one alert.
    pub family: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// Version of the set of rules that has judged.
    pub ruleset: Option<String>,
    /// Through which lens its matches are looked at.
    pub lens: String,
    /// Tactics of ATT&CK.
    pub tactics: Vec<Tactic>,
    /// Techniques: `T1110.001`.
    pub techniques: Vec<String>,
}

/// That a finding is one by a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct By {
    /// The rule.
    pub rule: Arc<Authority>,
    /// Where what is found stands.
    pub phase: Phase,
}

/// Where what a rule has found stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// It is over as soon as it is told.
    Once,
    /// It goes on until its end is told.
    Begins,
    /// It goes on.
    Grows,
    /// It is over.
    Ends,
}

impl By {
    /// Found, and over.
    pub fn once(rule: &Arc<Authority>) -> By {
        By { rule: rule.clone(), phase: Phase::Once }
    }

    /// Whether it is a rule about one event.
    pub fn is_single(&self) -> bool {
        self.rule.kind == Kind::Sigma
    }
}

/// How fine a finding's subject is; a finer one explains a coarser one of the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// One template from or by one entity.
    TemplateEntity,
    /// One template.
    Template,
    /// One host.
    Host,
    /// One source.
    Source,
    /// Content of one event; explains nothing and is explained by nothing.
    Event,
}

/// Evidence with its subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The evidence that leads; its probability is what is decided on.
    pub lead: Evidence,
    /// Evidence that the lead explains or that adds to it.
    pub also: Vec<Evidence>,
    /// How fine its subject is.
    pub level: Level,
    /// Template it concerns, 0 when it is not about one.
    pub template: u64,
    /// Entity it concerns, by key; 0 when it is not about one.
    pub entity: u64,
    /// Host of the event that names it, by key; 0 when there is none.
    pub host: u64,
    /// Observed − expected, in events; the sign is the direction.
    pub excess: f64,
    /// Whether it may raise an alert; otherwise it only names what another finding is about.
    pub decides: bool,
    /// Where it is.
    pub place: Box<Place>,
    /// The mark that holds it, by its id; said where findings are joined.
    pub held: Option<u128>,
    /// The rule that has found it; none where detectors have.
    pub by: Option<By>,
}

/// A finding on its way to its episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// It.
    pub finding: Finding,
    /// Risk of its primary entity, 0 to 100; none where there is no such entity.
    pub risk: Option<f64>,
}

/// Most pieces of evidence that one finding carries.
const ALSO_MAX: usize = 8;

impl Finding {
    /// Evidence that is about no template, and joined with nothing.
    pub fn alone(lead: Evidence) -> Finding {
        Finding {
            lead,
            also: Vec::new(),
            level: Level::Event,
            template: 0,
            entity: 0,
            host: 0,
            excess: 1.0,
            decides: true,
            place: Box::default(),
            held: None,
            by: None,
        }
    }

    /// Takes over what another finding says.
    pub fn absorb(&mut self, other: Finding) {
        for evidence in std::iter::once(other.lead).chain(other.also) {
            if self.also.len() < ALSO_MAX {
                self.also.push(evidence);
            }
        }
    }

    /// Whether this names an event better than another finding about it: by what was never seen,
    /// then by what is least probable.
    fn names_better(&self, other: &Finding) -> bool {
        let rank = |finding: &Finding| match finding.lead.kind.as_str() {
            "new-template" => 0u8,
            "new-value" => 1,
            _ => 2,
        };
        let (mine, theirs) = (rank(self), rank(other));
        mine < theirs || mine == theirs && self.lead.probability < other.lead.probability
    }

    /// Takes in another finding about the same event.
    fn joined(&mut self, other: Finding) {
        self.lead.probability = self.lead.probability.min(other.lead.probability);
        // A mark holds an event only when it accounts for all that is found of it.
        self.held = self.held.filter(|_| other.held.is_some());
        self.absorb(other);
    }

    fn is_silence(&self) -> bool {
        matches!(self.level, Level::Host | Level::Source) && self.lead.rule == "silence"
    }

    /// Whether what another finding misses is what this host does not say.
    fn missing(&self, other: &Finding) -> bool {
        let same = match other.level {
            Level::Source => other.host == self.entity,
            Level::Host | Level::TemplateEntity => other.entity == self.entity,
            Level::Template | Level::Event => false,
        };
        self.level == Level::Host && self.excess < 0.0 && other.excess < 0.0 && same
    }

    /// Whether these are most of the events that a template's finding is about. Then both judge
    /// the same events, and the template, which has seen all of its kind, must find them odd too.
    fn makes_up(&self, template: &Finding) -> bool {
        self.excess >= 0.0
            && template.level == Level::Template
            && 2 * self.lead.event_count >= template.lead.event_count
    }

    /// Puts a finer finding in front: it names what this one noticed.
    fn led_by(mut self, mut finer: Finding) -> Finding {
        finer.lead.probability = match (self.decides, finer.decides) {
            (true, true) if finer.makes_up(&self) => {
                finer.lead.probability.max(self.lead.probability)
            }
            (true, true) => finer.lead.probability.min(self.lead.probability),
            // What decides nothing by itself counts under what it names.
            (true, false) => self.lead.probability,
            (false, _) => finer.lead.probability,
        };
        finer.decides |= self.decides;
        self.also.append(&mut finer.also);
        finer.absorb(self);
        finer
    }
}

/// Joins the findings of one instant: one incident is one alert, at the finest level that accounts
/// for at least half of it.
///
/// * What is found of one event is one finding: led by what names it best, which is what was never
///   seen, then by the least probable.
/// * The findings of a template and of its entities become one: led by the actor or origin with
///   the greatest share if that is at least half, else by the host, else by the template.
/// * Entities whose lines make up most of what their template wrote are no news when as many are
///   usual for the template.
/// * A host that falls silent, or whose lines become fewer in several templates at once, is what
///   happened: it takes over what is missing of its templates.
/// * Any other host's (then a source's) finding is dropped into the finest one left when the
///   templates' excess accounts for at least half of its own. What decides nothing by itself
///   (a template too young for a model) gives such a finding its name.
///
/// The result is in a fixed order and does not depend on the order of the input.
pub fn join(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        (a.level, a.template, &a.lead.rule, &a.lead.episode).cmp(&(
            b.level,
            b.template,
            &b.lead.rule,
            &b.lead.episode,
        ))
    });
    let (events, coarse): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|f| matches!(f.level, Level::Event));
    let mut kept = join_events(events);
    let (templates, coarse): (Vec<_>, Vec<_>) = coarse
        .into_iter()
        .partition(|f| matches!(f.level, Level::TemplateEntity | Level::Template));
    let (mut silent, coarse): (Vec<_>, Vec<_>) = coarse.into_iter().partition(Finding::is_silence);
    let mut by_template: Vec<Vec<Finding>> = Vec::new();
    for finding in templates {
        let same = by_template.iter_mut().find(|group| {
            group[0].template == finding.template && same_direction(&group[0], &finding)
        });
        match same {
            Some(group) => group.push(finding),
            None => by_template.push(vec![finding]),
        }
    }
    let mut fine: Vec<Finding> = by_template.into_iter().flat_map(join_template).collect();
    join_silent(&mut silent);
    for silence in &mut silent {
        take_missing(silence, &mut fine);
    }
    for mut finding in coarse {
        if let Some(silence) = silent.iter_mut().find(|silence| silence.missing(&finding)) {
            silence.absorb(finding);
            continue;
        }
        if fine.iter().filter(|f| f.decides && finding.missing(f)).count() > 1 {
            take_missing(&mut finding, &mut fine);
            fine.push(finding);
        } else {
            join_coarse(finding, &mut fine);
        }
    }
    kept.extend(silent);
    kept.extend(fine.into_iter().filter(|finding| finding.decides));
    kept
}

/// Joins what was found of one event; the order of the first of each stays.
fn join_events(findings: Vec<Finding>) -> Vec<Finding> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        // A window of an entity is not about the event that shows it.
        let own = finding.lead.channel == Channel::Pattern || finding.lead.kind == "drift";
        let id = finding.lead.events.first().filter(|_| !own).map(|event| event.event_id.clone());
        let Some(id) = id else {
            kept.push(finding);
            continue;
        };
        match places.get(&id) {
            Some(at) => {
                let first = &mut kept[*at];
                if finding.names_better(first) {
                    let other = std::mem::replace(first, finding);
                    first.joined(other);
                } else {
                    first.joined(finding);
                }
            }
            None => {
                places.insert(id, kept.len());
                kept.push(finding);
            }
        }
    }
    kept
}

fn same_direction(a: &Finding, b: &Finding) -> bool {
    (a.excess >= 0.0) == (b.excess >= 0.0)
}

/// A source that fell silent together with the host that last spoke through it.
fn join_silent(silent: &mut Vec<Finding>) {
    let all = std::mem::take(silent);
    for finding in all {
        match silent.iter_mut().find(|host| host.missing(&finding)) {
            Some(host) => host.absorb(finding),
            None => silent.push(finding),
        }
    }
}

/// A host's finding takes over what is missing of its templates.
fn take_missing(host: &mut Finding, fine: &mut Vec<Finding>) {
    let (missing, others) =
        std::mem::take(fine).into_iter().partition(|finding| host.missing(finding));
    *fine = others;
    let missing: Vec<Finding> = missing;
    let mut told = missing.iter().filter(|f| f.decides).peekable();
    // What a mark accounts for in all parts, it accounts for in the whole.
    if host.held.is_none() && !host.is_silence() && told.peek().is_some() {
        host.held = told.map(|f| f.held).reduce(|all, one| all.filter(|_| one.is_some())).flatten();
    }
    missing.into_iter().filter(|f| f.decides).for_each(|f| host.absorb(f));
}

fn join_coarse(finding: Finding, fine: &mut Vec<Finding>) {
    let half = finding.excess.abs() / 2.0;
    let explains = |f: &Finding| same_direction(f, &finding);
    let greatest = |decides: bool| {
        (0..fine.len())
            .filter(|&at| fine[at].decides == decides && explains(&fine[at]))
            .max_by(|&a, &b| fine[a].excess.abs().total_cmp(&fine[b].excess.abs()).then(b.cmp(&a)))
    };
    let explained: f64 =
        fine.iter().filter(|f| f.decides && explains(f)).map(|f| f.excess.abs()).sum();
    let by = greatest(true).filter(|_| explained >= half);
    let name = greatest(false).filter(|&at| {
        let same_host = finding.level == Level::Source || fine[at].host == finding.host;
        same_host && fine[at].excess.abs() >= half
    });
    match (by, name) {
        (Some(by), _) => fine[by].absorb(finding),
        (None, Some(name)) => {
            let finer = fine.remove(name);
            fine.push(finding.led_by(finer));
        }
        (None, None) => fine.push(finding),
    }
}

fn join_template(mut group: Vec<Finding>) -> Vec<Finding> {
    let usual = group.iter().position(|f| f.level == Level::Template && !f.decides);
    if let Some(at) = usual {
        let usual = group.remove(at);
        for finding in &mut group {
            finding.decides &= !finding.makes_up(&usual);
        }
        group.push(usual);
        if group.iter().all(|f| !f.decides) {
            return group;
        }
        group.pop();
    }
    let greatest = |group: &[Finding], fits: &dyn Fn(&Finding) -> bool| {
        (0..group.len()).filter(|&at| fits(&group[at])).max_by(|&a, &b| {
            group[a].excess.abs().total_cmp(&group[b].excess.abs()).then(b.cmp(&a))
        })
    };
    let whole = group.iter().position(|f| f.level == Level::Template);
    let Some(at) = whole.or_else(|| greatest(&group, &|f| f.decides)) else {
        return group;
    };
    let base = group.remove(at);
    let half = base.excess.abs() / 2.0;
    // Who does it says more than where; what is missing is missing somewhere.
    let who = greatest(&group, &|f| base.excess >= 0.0 && f.entity != f.host)
        .filter(|&at| group[at].excess.abs() >= half);
    let any = || greatest(&group, &|_| true).filter(|&at| group[at].excess.abs() >= half);
    let by = if whole.is_some() || base.entity == base.host { who.or_else(any) } else { None };
    let mut joined = match by {
        Some(by) => base.led_by(group.remove(by)),
        None => base,
    };
    for finding in group.into_iter().filter(|f| f.decides) {
        joined.held = joined.held.filter(|_| finding.held.is_some());
        joined.absorb(finding);
    }
    vec![joined]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use seerflow_model::Severity;

    pub(crate) fn finding(level: Level, template: u64, episode: &str, excess: f64) -> Finding {
        Finding {
            lead: Evidence {
                channel: Channel::Volume,
                kind: "burst".into(),
                rule: "volume-burst".into(),
                episode: episode.into(),
                effective: 1,
                about: 1,
                probability: 1e-9,
                text: String::new(),
                values: Vec::new(),
                severity: Severity::Warning,
                title: String::new(),
                source_type: String::new(),
                entities: Vec::new(),
                events: Vec::new(),
                event_count: 1,
            },
            also: Vec::new(),
            level,
            template,
            entity: 0,
            host: 0,
            excess,
            decides: true,
            place: Box::default(),
            held: None,
            by: None,
        }
    }

    #[test]
    fn one_incident_is_one_alert_at_the_finest_level() {
        let all = vec![
            finding(Level::Source, 0, "source", 110.0),
            finding(Level::Template, 7, "t", 100.0),
            finding(Level::TemplateEntity, 7, "t/ip", 90.0),
            finding(Level::TemplateEntity, 7, "t/other", 5.0),
            finding(Level::Host, 0, "host", 95.0),
        ];
        let joined = join(all.clone());
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].lead.episode, "t/ip");
        assert_eq!(joined[0].also.len(), 4);
        let mut reversed = all;
        reversed.reverse();
        assert_eq!(join(reversed), joined);
    }

    #[test]
    fn what_nothing_explains_stands_alone() {
        let joined = join(vec![
            finding(Level::Template, 7, "t", 10.0),
            finding(Level::Source, 0, "source", 500.0),
            finding(Level::Host, 0, "drop", -50.0),
            finding(Level::Event, 9, "new", 1.0),
        ]);
        assert_eq!(joined.len(), 4);
    }

    #[test]
    fn what_is_usual_for_a_template_is_no_news_of_an_entity() {
        let with = |observed: u64| {
            let mut usual = finding(Level::Template, 7, "t", 20.0);
            (usual.decides, usual.lead.probability, usual.lead.event_count) =
                (false, 0.1, observed);
            let mut host = at_host(Level::TemplateEntity, 7, "t/host", 19.0);
            host.lead.event_count = 19;
            join(vec![usual, host])
        };
        assert!(with(21).is_empty());
        assert_eq!(with(600).len(), 1, "hidden in much that is usual");
        let mut odd = finding(Level::Template, 7, "t", 100.0);
        odd.lead.probability = 1e-5;
        let joined = join(vec![odd, at_host(Level::TemplateEntity, 7, "t/host", 95.0)]);
        assert_eq!(joined[0].lead.probability, 1e-5);
    }

    #[test]
    fn what_only_names_never_alerts() {
        let mut names = finding(Level::TemplateEntity, 7, "t/ip", 90.0);
        names.decides = false;
        names.lead.probability = 1.0;
        assert!(join(vec![names.clone()]).is_empty());
        let joined = join(vec![names.clone(), finding(Level::Host, 0, "host", 150.0)]);
        assert_eq!((joined.len(), joined[0].lead.episode.as_str()), (1, "t/ip"));
        let joined = join(vec![names, finding(Level::Template, 7, "t", 100.0)]);
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].lead.episode, "t/ip");
        assert_eq!(joined[0].lead.probability, 1e-9);
    }

    fn at_host(level: Level, template: u64, episode: &str, excess: f64) -> Finding {
        Finding { entity: 5, host: 5, ..finding(level, template, episode, excess) }
    }

    #[test]
    fn who_does_it_leads_where_it_happens() {
        let host = at_host(Level::TemplateEntity, 7, "t/host", 100.0);
        let user = Finding { entity: 6, ..at_host(Level::TemplateEntity, 7, "t/user", 90.0) };
        for all in [vec![host.clone(), user.clone()], vec![user, host]] {
            let joined = join(all);
            assert_eq!((joined.len(), joined[0].lead.episode.as_str()), (1, "t/user"));
        }
    }

    #[test]
    fn a_silent_host_explains_what_it_no_longer_writes() {
        let mut silence = at_host(Level::Host, 0, "silent", -7.0);
        silence.lead.rule = "silence".into();
        let mut source = Finding { host: 5, ..finding(Level::Source, 0, "source", -7.0) };
        source.lead.rule = "silence".into();
        let drops = vec![
            at_host(Level::TemplateEntity, 7, "t", -100.0),
            at_host(Level::TemplateEntity, 8, "u", -10.0),
        ];
        let mut all = drops.clone();
        all.extend([source, silence, at_host(Level::Host, 0, "drop", -110.0)]);
        let joined = join(all);
        assert_eq!((joined.len(), joined[0].lead.rule.as_str()), (1, "silence"));
        let mut all = drops;
        all.push(at_host(Level::Host, 0, "drop", -110.0));
        let joined = join(all.clone());
        assert_eq!((joined.len(), joined[0].lead.episode.as_str()), (1, "drop"));
        all.remove(1);
        let joined = join(all);
        assert_eq!((joined.len(), joined[0].lead.episode.as_str()), (1, "t"));
    }
}

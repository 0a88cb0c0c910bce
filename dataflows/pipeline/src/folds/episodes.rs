//! Episodes: evidence of the same rule and subject is one alert, from its first sign until a
//! window of event time has passed without any.
//!
//! The alert's id is fixed at its start and never changes; occurrences are counted, the highest
//! severity is kept, the first and last eight events are shown. The alert of a correlation ends when
//! the correlation does, and at the instant at which it is in force no longer.

use super::stage;
use crate::finding::{Authority, Finding, Kind, Phase, Told};
use crate::keyed::{Ctx, Fold};
use crate::rec::Rec;
use crate::settings::Settings;
use crate::tactics::{Tags, Untagged};
use seerflow_model::alert::{Alert, AlertEvidence, AlertStatus};
use seerflow_model::evidence::{Brief, EntityOut, Evidence};
use seerflow_model::time::{DAY, Ns, SECOND};
use seerflow_model::{EntityType, Severity, Tactic, hash, ids};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// Events shown from each end of an episode.
const EVENTS_MAX: usize = 8;
/// Entities kept in an alert.
const ENTITIES_MAX: usize = 32;
/// Pieces of evidence kept in an alert: the least probable of each kind, the newest of rules.
const EVIDENCE_MAX: usize = 16;
/// Between what names an alert now and what did before.
const BEFORE: &str = "; before that: ";
/// What goes on without a word for so long is taken to be over.
const GOES_ON_MAX: Ns = DAY;

/// How long episodes last.
#[derive(Clone, Debug)]
pub struct Windows {
    /// `alerting.dedup_window_seconds`.
    pub default_seconds: u64,
    /// `alerting.dedup_window_overrides`, by rule name.
    pub overrides: BTreeMap<String, u64>,
}

impl Windows {
    /// Window of a rule.
    pub fn of(&self, rule: &str) -> Ns {
        self.overrides.get(rule).copied().unwrap_or(self.default_seconds).saturating_mul(SECOND)
    }
}

/// The fold; key = [`key_of`] rule and episode.
pub struct Episodes {
    /// How long they last.
    pub windows: Arc<Windows>,
    /// Which tactics they may belong to.
    pub tags: Arc<dyn Tags>,
    /// Whether what is found lies in the past, and rules were put to it later.
    pub retro: bool,
}

/// What comes to an episode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum EpisodeIn {
    /// Evidence.
    Told(Box<Told>),
    /// An alert that was opened elsewhere and goes on here.
    Open(Box<Open>),
    /// For all alerts: these rules are in force no longer.
    Gone(Arc<Gone>),
}

/// Correlations that are in force no longer, or mean something else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Their ids.
    pub rules: BTreeSet<String>,
    /// Alerts of them that go on all the same, because what they mean now tells of them, too.
    pub go_on: BTreeSet<String>,
}

impl Gone {
    fn ends(&self, open: &Open) -> bool {
        let by = open.by.as_ref().filter(|by| by.kind == Kind::Correlation);
        by.is_some_and(|by| self.rules.contains(&by.rule_id))
            && !self.go_on.contains(&open.alert_id)
    }
}

/// A finding on its way to its episode.
pub fn evidence(Rec { order, key, data }: Rec<Told>) -> Rec<EpisodeIn> {
    Rec { order, key, data: EpisodeIn::Told(Box::new(data)) }
}

/// A notice that an event matches a rule, before its turn in the order of the log.
pub fn notice(finding: Finding, event: Uuid) -> Alert {
    let now = finding.lead.effective;
    let rule = finding.by.as_ref().map(|by| by.rule.rule_id.clone()).unwrap_or_default();
    let mut alert = Open::begin(finding, now, &Untagged, false).say(AlertStatus::Open);
    alert.alert_id = ids::notice(ids::rule_of(&rule), event).to_string();
    alert.provisional = true;
    alert
}

impl Episodes {
    /// For one worker.
    pub fn new(settings: &Settings) -> Episodes {
        Episodes { windows: settings.windows.clone(), tags: settings.tags.clone(), retro: false }
    }

    /// Goes on with an alert that was opened elsewhere; one that is open here goes on as it is
    /// unless it is the same, which is then known better there.
    fn go_on(&self, state: &mut Episode, mut open: Box<Open>, ctx: &mut Ctx<Alert>) {
        match &state.open {
            Some(own) if own.alert_id != open.alert_id => return,
            Some(own) => open.revision = open.revision.max(own.revision),
            None => {}
        }
        ctx.set_timer(open.due(&self.windows));
        state.open = Some(open);
    }
}

/// The key of an episode.
pub fn key(evidence: &Evidence) -> u64 {
    hash::pair(hash::text(&evidence.rule), hash::text(&evidence.episode))
}

/// The key of the episode of a finding: of detectors' by the name of the rule, of rules' by
/// their family.
pub fn key_of(finding: &Finding) -> u64 {
    match &finding.by {
        None => key(&finding.lead),
        Some(by) => hash::pair(hash::text(&by.rule.family), hash::text(&finding.lead.episode)),
    }
}

/// An episode, or the memory that there was one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Episode {
    open: Option<Box<Open>>,
}

impl Episode {
    /// The alert, to go on elsewhere, where one revision of it is known.
    pub(crate) fn told_on(self) -> Option<Open> {
        let mut open = self.open?;
        open.revision = 1;
        Some(*open)
    }

    fn close(&mut self, key: u64, ctx: &mut Ctx<Alert>) {
        if let Some(mut open) = self.open.take() {
            let mut alert = open.say(AlertStatus::Closed);
            alert.closed_ns = Some(ctx.now());
            ctx.emit(key, alert);
        }
    }
}

/// An alert while its episode lasts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Open {
    alert_id: String,
    revision: u32,
    start: Ns,
    last_seen: Ns,
    severity: Severity,
    occurrences: u64,
    event_count: u64,
    lead: Evidence,
    evidence: Vec<Evidence>,
    entities: Vec<EntityOut>,
    first: Vec<Brief>,
    last: Vec<Brief>,
    tactics: Vec<Tactic>,
    techniques: Vec<String>,
    by: Option<Arc<Authority>>,
    /// Whether its end will be told.
    goes_on: bool,
    retro: bool,
    /// Risk of its primary entity, as it was last told.
    risk: Option<f64>,
}

impl Fold for Episodes {
    type In = EpisodeIn;
    type Out = Alert;
    type State = Episode;
    const NAME: &'static str = "episodes";
    const STAGE: u16 = stage::EPISODES;
    const GROUP_KEYS_MAX: usize = 4_096;

    fn fresh(&mut self, _key: u64) -> Episode {
        Episode::default()
    }

    fn apply(&mut self, key: u64, state: &mut Episode, input: EpisodeIn, ctx: &mut Ctx<Alert>) {
        let Told { finding, risk } = match input {
            EpisodeIn::Told(told) => *told,
            EpisodeIn::Open(open) => return self.go_on(state, open, ctx),
            // Comes to all alerts at once, see below.
            EpisodeIn::Gone(_) => return,
        };
        let window = self.windows.of(&finding.lead.rule);
        // The budget decides an instant later; the episode goes by the evidence's own time.
        let now = finding.lead.effective;
        let say = match &mut state.open {
            None if finding.by.as_ref().is_some_and(|by| by.phase == Phase::Ends) => None,
            None => {
                state.open =
                    Some(Box::new(Open::begin(finding, now, self.tags.as_ref(), self.retro)));
                Some(AlertStatus::Open)
            }
            Some(open) => {
                let before = (open.severity, open.by.as_ref().map(|by| by.rule_id.clone()));
                open.add(finding, now);
                let named = open.by.as_ref().map(|by| by.rule_id.clone());
                (open.severity > before.0 || named != before.1).then_some(AlertStatus::Updated)
            }
        };
        if let Some(open) = &mut state.open {
            open.risk = risk.or(open.risk);
        }
        if let (Some(status), Some(open)) = (say, &mut state.open) {
            ctx.emit(key, open.say(status));
        }
        let Some(open) = &state.open else { return };
        ctx.set_timer(now.saturating_add(if open.goes_on { GOES_ON_MAX } else { window }));
    }

    fn sweeps(input: &EpisodeIn) -> bool {
        matches!(input, EpisodeIn::Gone(_))
    }

    fn swept(&mut self, key: u64, state: &mut Episode, input: &EpisodeIn, ctx: &mut Ctx<Alert>) {
        if let (EpisodeIn::Gone(gone), Some(open)) = (input, &state.open)
            && gone.ends(open)
        {
            ctx.clear_timer();
            state.close(key, ctx);
        }
    }

    fn fire(&mut self, key: u64, state: &mut Episode, ctx: &mut Ctx<Alert>) {
        state.close(key, ctx);
    }

    fn end(&mut self, key: u64, state: &mut Episode, ctx: &mut Ctx<Alert>) {
        if let Some(open) = &mut state.open {
            ctx.emit(key, open.say(AlertStatus::Open));
        }
    }

    fn pinned(state: &Episode) -> bool {
        state.open.is_some()
    }
}

impl Open {
    /// The id of the alert.
    pub fn alert_id(&self) -> &str {
        &self.alert_id
    }

    fn begin(finding: Finding, now: Ns, tags: &dyn Tags, retro: bool) -> Open {
        let lead = finding.lead.clone();
        let by = finding.by.as_ref().map(|by| by.rule.clone());
        let id = match &by {
            None => ids::alert("ml", ids::rule(&lead.rule), &lead.episode, lead.effective),
            Some(by) => {
                let rule = ids::rule_of(&by.rule_id);
                ids::alert(by.kind.name(), rule, &lead.episode, lead.effective)
            }
        };
        let mut open = Open {
            alert_id: id.to_string(),
            revision: 0,
            start: lead.effective,
            last_seen: now,
            severity: lead.severity,
            occurrences: 0,
            event_count: 0,
            lead,
            evidence: Vec::new(),
            entities: Vec::new(),
            first: Vec::new(),
            last: Vec::new(),
            tactics: Vec::new(),
            techniques: Vec::new(),
            by,
            goes_on: false,
            retro,
            risk: None,
        };
        if let Some(by) = &open.by {
            open.tactics.clone_from(&by.tactics);
            open.techniques.clone_from(&by.techniques);
            open.add(finding, now);
            return open;
        }
        let message = open.lead.events.first().map_or("", |event| event.message.as_str());
        if let Some(tags) = tags.of(message) {
            open.tactics.clone_from(&tags.tactics);
            open.techniques.clone_from(&tags.techniques);
        }
        open.add(finding, now);
        open
    }

    /// When it closes, if nothing more comes.
    fn due(&self, windows: &Windows) -> Ns {
        let window = if self.goes_on { GOES_ON_MAX } else { windows.of(&self.lead.rule) };
        self.last_seen.saturating_add(window)
    }

    fn add(&mut self, finding: Finding, now: Ns) {
        let phase = finding.by.as_ref().map_or(Phase::Once, |by| by.phase);
        self.occurrences += u64::from(matches!(phase, Phase::Once | Phase::Begins));
        self.goes_on = matches!(phase, Phase::Begins | Phase::Grows);
        self.last_seen = self.last_seen.max(now);
        if finding
            .by
            .as_ref()
            .is_some_and(|by| matches!(by.rule.kind, Kind::Risk | Kind::KillChain))
        {
            // What has ended stays as it was told.
            if phase != Phase::Ends {
                self.replace(finding);
            }
            return;
        }
        self.follow(&finding);
        self.event_count += finding.lead.event_count;
        let mut events = finding.lead.events.clone();
        for evidence in std::iter::once(finding.lead).chain(finding.also) {
            self.severity = self.severity.max(evidence.severity);
            for entity in &evidence.entities {
                if self.entities.len() < ENTITIES_MAX && !self.entities.contains(entity) {
                    self.entities.push(entity.clone());
                }
            }
            if events.is_empty() {
                events.clone_from(&evidence.events);
            }
            self.keep(evidence);
        }
        for event in events {
            if self.first.iter().chain(&self.last).any(|seen| seen.event_id == event.event_id) {
                continue;
            }
            if self.first.len() < EVENTS_MAX {
                self.first.push(event);
            } else {
                if self.last.len() == EVENTS_MAX {
                    self.last.remove(0);
                }
                self.last.push(event);
            }
        }
    }

    /// Goes on with what a rule says: a worse rule of the family names the alert from then on.
    fn follow(&mut self, finding: &Finding) {
        let (Some(by), Some(own)) = (&finding.by, &self.by) else { return };
        if finding.lead.channel != self.lead.channel {
            return;
        }
        if by.rule.rule_id == own.rule_id {
            let before = self.lead.text.find(BEFORE).map(|at| self.lead.text.split_off(at));
            self.lead.text = finding.lead.text.clone() + &before.unwrap_or_default();
        } else if finding.lead.severity >= self.lead.severity {
            let before = std::mem::replace(&mut self.lead, finding.lead.clone());
            let text = before.text.split(BEFORE).next().unwrap_or_default();
            self.lead.text = format!("{}{BEFORE}{text}", self.lead.text);
            let tactics = by.rule.tactics.iter().filter(|tactic| !self.tactics.contains(tactic));
            let tactics: Vec<Tactic> = tactics.copied().collect();
            self.tactics.extend(tactics);
            for technique in &by.rule.techniques {
                if !self.techniques.contains(technique) {
                    self.techniques.push(technique.clone());
                }
            }
            self.by = Some(by.rule.clone());
        }
    }

    /// What adds up is told whole each time.
    fn replace(&mut self, finding: Finding) {
        let Finding { mut lead, also, by, .. } = finding;
        self.severity = self.severity.max(lead.severity);
        self.event_count = lead.event_count;
        (self.first, self.last) = (std::mem::take(&mut lead.events), Vec::new());
        for entity in &lead.entities {
            if self.entities.len() < ENTITIES_MAX && !self.entities.contains(entity) {
                self.entities.push(entity.clone());
            }
        }
        if let Some(by) = by {
            self.tactics.clone_from(&by.rule.tactics);
        }
        self.lead.title.clone_from(&lead.title);
        self.lead.text.clone_from(&lead.text);
        self.evidence.clear();
        std::iter::once(lead).chain(also).for_each(|evidence| self.keep(evidence));
    }

    /// Keeps the least probable evidence of each kind and wording; of rules the newest.
    fn keep(&mut self, mut evidence: Evidence) {
        evidence.events.clear();
        let mut same = self.evidence.iter_mut();
        match same.find(|have| have.kind == evidence.kind && have.episode == evidence.episode) {
            Some(have) if !have.channel.is_statistical() => *have = evidence,
            Some(have) if have.probability > evidence.probability => *have = evidence,
            Some(_) => {}
            None => {
                if self.evidence.len() < EVIDENCE_MAX {
                    self.evidence.push(evidence);
                }
            }
        }
    }

    /// The alert as it stands, as its next revision.
    fn say(&mut self, status: AlertStatus) -> Alert {
        self.revision += 1;
        let lead = &self.lead;
        let primary = self.entities.first();
        let known = self.evidence.iter().filter(|e| e.channel.is_statistical());
        let probability = known.map(|e| e.probability).min_by(f64::total_cmp);
        let by = self.by.as_deref();
        let security = lead.kind == "new-value"
            || self
                .entities
                .iter()
                .any(|e| matches!(e.kind, EntityType::User | EntityType::Principal));
        Alert {
            schema: 1,
            alert_id: self.alert_id.clone(),
            revision: self.revision,
            status,
            provisional: false,
            retro: self.retro,
            alert_type: by.map_or("ml", |by| by.kind.name()).to_owned(),
            lens: match by {
                Some(by) => by.lens.clone(),
                None => if security { "security" } else { "operations" }.to_owned(),
            },
            rule_name: lead.rule.clone(),
            rule_id: match by {
                Some(by) => by.rule_id.clone(),
                None => ids::rule(&lead.rule).to_string(),
            },
            rule_author: by.and_then(|by| by.author.clone()),
            ruleset_version: by.and_then(|by| by.ruleset.clone()),
            title: lead.title.clone(),
            description: lead.text.clone(),
            severity: self.severity,
            severity_text: self.severity.name().to_owned(),
            timestamp_ns: self.start,
            last_seen_ns: self.last_seen,
            closed_ns: None,
            entity_uuid: primary.map(|e| e.uuid.clone()),
            entity_type: primary.map(|e| e.kind),
            entity_value: primary.map(|e| e.value.clone()),
            entities: self.entities.clone(),
            source_type: (!lead.source_type.is_empty()).then(|| lead.source_type.clone()),
            occurrences: self.occurrences,
            dedup_count: self.occurrences,
            risk_score: self.risk,
            probability,
            evidence: self.evidence.iter().map(shown).collect(),
            event_count: self.event_count,
            events: self.first.iter().chain(&self.last).cloned().collect(),
            mitre_tactics: self.tactics.clone(),
            mitre_techniques: self.techniques.clone(),
            dedup_key: format!("{}:{}", lead.rule, lead.episode),
            feedback: None,
        }
    }
}

fn shown(evidence: &Evidence) -> AlertEvidence {
    AlertEvidence {
        channel: evidence.channel.name().to_owned(),
        kind: evidence.kind.clone(),
        probability: evidence.channel.is_statistical().then_some(evidence.probability),
        text: evidence.text.clone(),
        values: evidence.values.iter().cloned().collect(),
    }
}

//! Risk of entities, and how far along the kill chain each is.
//!
//! ```text
//! Passing (told, its primary entity) ─┬─► points, tactics ─► passes on with the score
//! Given (points alone) ───────────────┘         │
//!                                               ├─► score ≥ threshold: an alert begins, grows, and
//!                                               │   ends when the score has fallen far enough
//!                                               └─► enough tactics in order: the same
//! ```
//!
//! One state per entity, in the total order. What raised an alert again within the window of its
//! episode gives only what it is worth more; every point is kept with what gave it, as far as it
//! explains the score. Risk itself gives no points: there is no circle.
//!
//! Invariants: points only from records, decayed by event time; an alert that began ends, by the one
//! timer of the entity, or when the input ends says that it is open. Cost: 1–3 µs a finding, nothing
//! an event; at most some 40 KB an entity, a few hundred bytes for most.

use super::{episodes, stage};
use crate::finding::{By, Finding, Phase, Told};
use crate::keyed::{Ctx, Fold};
use crate::settings::{ChainSettings, RiskSettings, Settings};
use crate::words::risk::{self as words, Said};
use seerflow_detection::risk::{Given, Progress, Risk, RiskKind};
use seerflow_model::evidence::{Brief, EntityOut};
use seerflow_model::{Ns, Tactic};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An alert ends when the score falls below this part of the threshold.
const REARM: f64 = 0.8;
/// Steps of the kill chain that are remembered with what made them.
const STEPS_MAX: usize = 64;

/// What a finding gives one entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The entity.
    pub who: EntityOut,
    /// Kind of evidence.
    pub kind: RiskKind,
    /// Key of the rule, or of the detector and its subject.
    pub rule: u64,
    /// Name of the rule.
    pub name: Arc<str>,
    /// What was found.
    pub title: Arc<str>,
    /// What it is worth.
    pub points: f64,
    /// An event that shows it.
    pub event: Option<Brief>,
    /// Tactics, of what was told only.
    pub tactics: Vec<Tactic>,
}

/// What comes in; key = [`crate::share::key_of`] the entity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RiskIn {
    /// A finding on its way to its episode.
    Passing(Box<Finding>, Box<Contribution>),
    /// Points alone.
    Given(Box<Contribution>),
}

/// What gave points, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Its number among those of the entity.
    pub number: u64,
    /// When.
    pub at: Ns,
    /// What.
    pub of: Contribution,
}

/// How one entity stands.
#[derive(Default, Serialize, Deserialize)]
pub struct Standing {
    pub(crate) risk: Risk,
    pub(crate) who: Option<EntityOut>,
    reasons: Vec<Reason>,
    chain: Progress,
    steps: Vec<Reason>,
    next: u64,
    /// The score that was told, while an alert is open.
    told: Option<f64>,
    /// Tactics that were told, while an alert is open.
    chained: Option<usize>,
}

/// The fold.
pub struct RiskFold {
    settings: RiskSettings,
    windows: Arc<episodes::Windows>,
}

impl RiskFold {
    /// For one worker.
    pub fn new(settings: &Settings) -> RiskFold {
        RiskFold { settings: settings.risk, windows: settings.windows.clone() }
    }
}

impl Fold for RiskFold {
    type In = RiskIn;
    type Out = Told;
    type State = Standing;
    const NAME: &'static str = "risk";
    const STAGE: u16 = stage::RISK;

    fn fresh(&mut self, _key: u64) -> Standing {
        Standing::default()
    }

    fn apply(&mut self, _key: u64, state: &mut Standing, input: RiskIn, ctx: &mut Ctx<Told>) {
        let (passing, given) = match input {
            RiskIn::Passing(finding, given) => (Some(*finding), *given),
            RiskIn::Given(given) => (None, *given),
        };
        let now = ctx.now();
        let grown = self.take(state, given, now);
        if let Some(finding) = passing {
            let risk = Some(words::shown(state.risk.score(now)));
            ctx.emit(episodes::key_of(&finding), Told { finding, risk });
        }
        if grown {
            self.tell(state, ctx);
        }
        self.wait(state, ctx);
    }

    fn fire(&mut self, _key: u64, state: &mut Standing, ctx: &mut Ctx<Told>) {
        let now = ctx.now();
        let score = state.risk.score(now);
        if state.told.is_some() && score < self.rearm() {
            emit(ctx, self.risk_of(state, now), Phase::Ends, score);
            state.told = None;
        }
        if let Some(chain) = self.settings.chain
            && state.chained.is_some()
            && state.chain.longest(chain.window, now).len() < chain.tactics
        {
            emit(ctx, self.chain_of(state, chain, now), Phase::Ends, score);
            state.chained = None;
        }
        self.wait(state, ctx);
    }

    fn pinned(state: &Standing) -> bool {
        state.told.is_some() || state.chained.is_some()
    }
}

impl RiskFold {
    fn rearm(&self) -> f64 {
        self.settings.threshold * REARM
    }

    /// Takes what a finding gives; says whether anything was new.
    fn take(&self, state: &mut Standing, mut given: Contribution, now: Ns) -> bool {
        state.who.get_or_insert_with(|| given.who.clone());
        let window = self.windows.of(&given.name);
        let again = state.reasons.iter().filter(|reason| {
            (reason.of.kind, reason.of.rule) == (given.kind, given.rule)
                && reason.at.saturating_add(window) > now
        });
        given.points -= again.map(|reason| reason.of.points).sum::<f64>();
        let number = state.next;
        let reason = Reason { number, at: now, of: given };
        let mut grown = false;
        if let Some(chain) = self.settings.chain.filter(|_| !reason.of.tactics.is_empty()) {
            let tactics = &reason.of.tactics;
            state.chain.observe(chain.window, now, tactics, u128::from(number));
            if state.steps.len() == STEPS_MAX {
                state.steps.remove(0);
            }
            state.steps.push(reason.clone());
            grown = true;
        }
        if reason.of.points > 0.0 {
            let Contribution { kind, rule, points, .. } = reason.of;
            let given = Given { alert: u128::from(number), kind, rule, at: now, points };
            state.risk.observe(self.settings.half_life, given);
            state.reasons.push(reason);
            let risk = &state.risk;
            let kept = |reason: &Reason| {
                risk.given().any(|given| given.alert == u128::from(reason.number))
            };
            state.reasons.retain(kept);
            grown = true;
        }
        state.next += 1;
        grown
    }

    /// Begins alerts, or lets them grow.
    fn tell(&self, state: &mut Standing, ctx: &mut Ctx<Told>) {
        let now = ctx.now();
        let score = state.risk.score(now);
        let phase = match state.told {
            None if score >= self.settings.threshold => Some(Phase::Begins),
            Some(_) => Some(Phase::Grows),
            None => None,
        };
        if let Some(phase) = phase {
            state.told = Some(score);
            emit(ctx, self.risk_of(state, now), phase, score);
        }
        let Some(chain) = self.settings.chain else { return };
        let steps = state.chain.longest(chain.window, now).len();
        let phase = match state.chained {
            None if steps >= chain.tactics => Phase::Begins,
            Some(before) if steps > before => Phase::Grows,
            _ => return,
        };
        state.chained = Some(steps);
        emit(ctx, self.chain_of(state, chain, now), phase, score);
    }

    /// Waits until what is open may end.
    fn wait(&self, state: &Standing, ctx: &mut Ctx<Told>) {
        let now = ctx.now();
        let risk = state.told.and_then(|_| state.risk.falls_below(self.rearm(), now));
        let chain = self.settings.chain.filter(|_| state.chained.is_some());
        let chain = chain.and_then(|chain| state.chain.until(chain.tactics, chain.window));
        match risk.into_iter().chain(chain).min() {
            // What falls at this very instant falls at the next one.
            Some(due) => ctx.set_timer(due.max(now + 1)),
            None => ctx.clear_timer(),
        }
    }

    fn risk_of(&self, state: &Standing, now: Ns) -> Option<Said> {
        let who = state.who.as_ref()?;
        let shares = state.risk.explain(now);
        let score = state.risk.score(now);
        Some(words::risk(who, score, &shares, &state.reasons, &self.settings, now))
    }

    fn chain_of(&self, state: &Standing, chain: ChainSettings, now: Ns) -> Option<Said> {
        let who = state.who.as_ref()?;
        let steps = state.chain.longest(chain.window, now);
        Some(words::chain(who, steps, &state.steps, chain.window, now))
    }
}

fn emit(ctx: &mut Ctx<Told>, said: Option<Said>, phase: Phase, score: f64) {
    let Some((lead, also, tactics)) = said else { return };
    let rule = words::authority(&lead, tactics);
    let by = Some(By { rule: Arc::new(rule), phase });
    let finding = Finding { also, by, ..Finding::alone(lead) };
    // What has ended is remembered as it was, not as what is left of it.
    let risk = (phase != Phase::Ends).then(|| words::shown(score));
    ctx.emit(episodes::key_of(&finding), Told { finding, risk });
}

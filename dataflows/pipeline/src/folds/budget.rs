//! The alert budget: one state for the installation, fed with candidates only, in the total order.
//!
//! Findings of one instant are joined first (one incident, one alert), then the least probable are
//! admitted first. What belongs to an episode that was admitted and is still open costs nothing.
//! A silence comes again as it grows, so that one that was held back is not lost; one that was
//! admitted is told once, however long it lasts.

use super::{episodes, stage};
use crate::engine::Shared;
use crate::finding::{Finding, join};
use crate::keyed::{Ctx, Fold};
use crate::settings::Settings;
use seerflow_detection::budget::{Budget, BudgetConfig, Kind, Verdict};
use seerflow_model::Evidence;
use seerflow_model::time::Ns;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Findings of one instant that are looked at; the rest is counted as held.
const PENDING_MAX: usize = 4_096;

/// Silences that are known to have been told; the oldest make room.
const TOLD_MAX: usize = 1_024;

/// State of the installation.
#[derive(Default, Serialize, Deserialize)]
pub struct BudgetState {
    budget: Budget,
    pending: Vec<Finding>,
    /// Episodes that were admitted, with the end of their window.
    open: BTreeMap<u64, Ns>,
    /// Silences that were admitted: episode, and since when.
    told: BTreeMap<u64, Ns>,
}

/// The fold; constant key.
pub struct BudgetFold {
    /// Risk level and alerts a day.
    pub config: BudgetConfig,
    /// How long episodes last.
    pub windows: Arc<episodes::Windows>,
    /// Findings that were held back.
    pub held: Arc<AtomicU64>,
}

impl Fold for BudgetFold {
    type In = Finding;
    type Out = Finding;
    type State = BudgetState;
    const NAME: &'static str = "budget";
    const STAGE: u16 = stage::BUDGET;
    const GROUP_KEYS_MAX: usize = 16;

    fn fresh(&mut self, _key: u64) -> BudgetState {
        BudgetState::default()
    }

    fn apply(
        &mut self,
        _key: u64,
        state: &mut BudgetState,
        input: Finding,
        ctx: &mut Ctx<Finding>,
    ) {
        if state.pending.len() < PENDING_MAX {
            state.pending.push(input);
        } else {
            self.held.fetch_add(1, Ordering::Relaxed);
        }
        ctx.set_timer(ctx.now() + 1);
    }

    fn fire(&mut self, _key: u64, state: &mut BudgetState, ctx: &mut Ctx<Finding>) {
        self.decide(state, ctx);
    }

    fn end(&mut self, _key: u64, state: &mut BudgetState, ctx: &mut Ctx<Finding>) {
        self.decide(state, ctx);
    }
}

impl BudgetFold {
    /// For one worker.
    pub fn new(settings: &Settings, shared: &Shared) -> BudgetFold {
        BudgetFold {
            config: settings.budget,
            windows: settings.windows.clone(),
            held: shared.budget_held.clone(),
        }
    }

    fn decide(&self, state: &mut BudgetState, ctx: &mut Ctx<Finding>) {
        let now = ctx.now();
        state.open.retain(|_, until| *until >= now);
        let mut joined = join(std::mem::take(&mut state.pending));
        joined.sort_by(|a, b| a.lead.probability.total_cmp(&b.lead.probability));
        for finding in joined {
            let key = episodes::key(&finding.lead);
            let until = now.saturating_add(self.windows.of(&finding.lead.rule));
            let strong = finding.lead.probability <= self.config.risk_level;
            let kind = kind_of(&finding.lead);
            let goes_on = strong && state.open.contains_key(&key);
            if !goes_on && state.was_told(key, &finding.lead) {
                continue;
            }
            if goes_on
                || state.budget.admit(&self.config, kind, now, finding.lead.probability)
                    == Verdict::Admit
            {
                state.open.insert(key, until);
                state.tell(key, &finding.lead);
                ctx.emit(key, finding);
            } else {
                self.held.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl BudgetState {
    /// Whether this silence was admitted before, at a time when it was shorter.
    fn was_told(&self, key: u64, lead: &Evidence) -> bool {
        kind_of(lead) == Kind::Silence && self.told.get(&key) == Some(&lead.about)
    }

    fn tell(&mut self, key: u64, lead: &Evidence) {
        if kind_of(lead) != Kind::Silence {
            return;
        }
        if self.told.len() >= TOLD_MAX
            && let Some((_, oldest)) = self.told.iter().map(|(key, since)| (*since, *key)).min()
        {
            self.told.remove(&oldest);
        }
        self.told.insert(key, lead.about);
    }
}

fn kind_of(lead: &Evidence) -> Kind {
    match lead.kind.as_str() {
        "silence" => Kind::Silence,
        "new-template" => Kind::Message,
        "new-value" => Kind::Value,
        "odd-content" | "odd-value" => Kind::Content,
        "odd-order" | "odd-session" | "drift" => Kind::Order,
        "level-shift" => Kind::Shift,
        "spread" | "narrowing" | "beacon" => Kind::Entity,
        _ => Kind::Rate,
    }
}

//! The alert budget: one state for the installation, fed with candidates and with what people say of
//! alerts and of their own changes, in the total order.
//!
//! Findings of one instant are joined first (one incident, one alert), then the least probable are
//! admitted first. What belongs to an episode that was admitted and is still open costs nothing, also
//! when the same one does it elsewhere ([`Elsewhere`]).
//! A silence comes again as it grows, so that one that was held back is not lost; one that was
//! admitted is told once, however long it lasts. What a mark accounts for is held, counted and shown;
//! verdicts on alerts shift the probability that is decided on, not the one that is told.

use super::elsewhere::Elsewhere;
use super::guidance::{Guide, HeldByMarks};
use super::{episodes, stage};
use crate::engine::Shared;
use crate::finding::{Finding, join};
use crate::guide::Guided;
use crate::keyed::{Ctx, Fold, Groups};
use crate::settings::Settings;
use crate::share::{self, Heard};
use seerflow_detection::budget::{Budget, BudgetConfig, Kind, Verdict};
use seerflow_detection::habit::Habits;
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
    /// What these tell of, and who does it.
    elsewhere: Elsewhere,
    /// Silences that were admitted: episode, and since when.
    told: BTreeMap<u64, Ns>,
    /// What was told before.
    habits: Habits,
    /// What people said.
    guide: Guide,
}

/// The fold; constant key.
pub struct BudgetFold {
    /// Risk level and alerts a day.
    pub config: BudgetConfig,
    /// How long episodes last.
    pub windows: Arc<episodes::Windows>,
    /// Findings that were held back.
    pub held: Arc<AtomicU64>,
    /// Where it is published what marks held.
    pub held_by_marks: Arc<HeldByMarks>,
    /// Findings of which that was done.
    published: u64,
}

impl Fold for BudgetFold {
    type In = Guided;
    type Out = Heard;
    type State = BudgetState;
    const NAME: &'static str = "budget";
    const STAGE: u16 = stage::BUDGET;
    const GROUP_KEYS_MAX: usize = 16;

    fn fresh(&mut self, _key: u64) -> BudgetState {
        BudgetState::default()
    }

    fn apply(&mut self, _key: u64, state: &mut BudgetState, input: Guided, ctx: &mut Ctx<Heard>) {
        let input = match input {
            Guided::Finding(finding) => *finding,
            Guided::Guidance(guidance) => return state.guide.take(*guidance, ctx.now()),
        };
        if state.pending.len() < PENDING_MAX {
            state.pending.push(input);
        } else {
            self.held.fetch_add(1, Ordering::Relaxed);
        }
        ctx.set_timer(ctx.now() + 1);
    }

    fn fire(&mut self, _key: u64, state: &mut BudgetState, ctx: &mut Ctx<Heard>) {
        self.decide(state, ctx);
    }

    fn end(&mut self, _key: u64, state: &mut BudgetState, ctx: &mut Ctx<Heard>) {
        self.decide(state, ctx);
    }

    fn publish(&mut self, groups: &Groups<BudgetState>, _ended: bool) {
        for (_, state) in groups.iter() {
            let held = state.guide.held();
            if held != self.published {
                self.published = held;
                state.guide.publish(&self.held_by_marks);
            }
        }
    }
}

impl BudgetFold {
    /// For one worker.
    pub fn new(settings: &Settings, shared: &Shared) -> BudgetFold {
        BudgetFold {
            config: settings.budget,
            windows: settings.windows.clone(),
            held: shared.budget_held.clone(),
            held_by_marks: shared.held_by_marks.clone(),
            published: 0,
        }
    }

    fn decide(&self, state: &mut BudgetState, ctx: &mut Ctx<Heard>) {
        let now = ctx.now();
        state.open.retain(|_, until| *until >= now);
        state.elsewhere.retain(|episode| state.open.contains_key(episode));
        state.guide.tag(&mut state.pending);
        let joined = join(std::mem::take(&mut state.pending));
        let weighed = joined.into_iter().map(|finding| state.weigh(finding, now));
        let mut weighed: Vec<(f64, Finding)> = weighed.collect();
        weighed.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (probability, mut finding) in weighed {
            let strong = probability <= self.config.risk_level;
            if strong {
                state.elsewhere.join(&mut finding, |episode| state.open.contains_key(episode));
            }
            let key = episodes::key(&finding.lead);
            let until = now.saturating_add(self.windows.of(&finding.lead.rule));
            let kind = kind_of(&finding.lead);
            let goes_on = strong && state.open.contains_key(&key);
            if !goes_on && state.was_told(key, &finding.lead) {
                continue;
            }
            if let Some(mark) = finding.held {
                // What is weaker would have been no alert.
                if strong {
                    state.guide.hold(mark, &finding, now);
                }
                continue;
            }
            let noise = state.budget.noise(&self.config, kind);
            if goes_on || self.admits(state, key, &finding.lead, now, probability) {
                state.open.insert(key, until);
                state.elsewhere.tell(&finding);
                state.tell(key, &finding.lead);
                ctx.emit(key, Heard { finding, told: true, noise });
            } else {
                self.held.fetch_add(1, Ordering::Relaxed);
                // It raises nothing, and still adds to risk.
                ctx.emit(key, Heard { finding, told: false, noise });
            }
        }
    }
}

impl BudgetFold {
    /// Whether a finding that begins an episode may raise an alert. Without a budget nothing that
    /// is improbable enough is held back for having been told before.
    fn admits(
        &self,
        state: &mut BudgetState,
        key: u64,
        lead: &Evidence,
        now: Ns,
        probability: f64,
    ) -> bool {
        let bounded = self.config.alerts_per_day > 0;
        let entity = lead.entities.first().map_or(0, share::key_of);
        let habits = &state.habits;
        let rarer = if bounded { habits.factor(key, entity, probability, now) } else { 1.0 };
        let kind = kind_of(lead);
        let verdict = state.budget.admit_rarer(&self.config, kind, now, probability, rarer);
        let admitted = verdict == Verdict::Admit;
        if admitted && bounded {
            state.habits.tell(key, entity, probability, now);
        }
        admitted
    }
}

impl BudgetState {
    /// What a finding is decided on: its probability in the light of what people said of its like.
    fn weigh(&self, mut finding: Finding, now: Ns) -> (f64, Finding) {
        let probability = finding.lead.probability;
        let Some(prior) = self.guide.prior(&finding, now) else { return (probability, finding) };
        finding.lead.values.push(("feedback_factor".to_owned(), prior.factor));
        (prior.adjust(probability), finding)
    }

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
        "spread" | "narrowing" | "beacon" | "new-kind" | "rare-kind" => Kind::Entity,
        _ => Kind::Rate,
    }
}

//! The alert budget: what evidence alone may raise, for the whole installation.
//!
//! One state, fed in total order with candidates only: evidence that would open an alert and has
//! `p ≤ 10 × risk_level`. Each kind of evidence has a share of the alerts a day and tests of its own
//! by online control of the false discovery rate ([`crate::fdr`]): the many decisions on rates of
//! single entities must not make the few on silence or new messages stricter. Its level is
//! `min(risk, (share + α·found) / decisions a day)`: chance raises at most `alerts_per_day` a day and
//! a tenth of what is found, and where much is found, weaker evidence counts. A kind of which little
//! is known starts at the risk level and is held to its share within the hour.
//!
//! The budget is a cap, too: when a day has used it, each further alert must be rarer by a constant
//! factor, from the level at the budget to 10⁻¹² at three times the budget, where the day ends.
//! Cost: O(1) a candidate, 240 bytes.

use crate::fdr::{Fdr, NEAR, Terms};
use serde::{Deserialize, Serialize};

/// Nanoseconds of a UTC day.
const DAY_NS: u64 = 86_400_000_000_000;
/// Candidates are at most this many times the risk level.
pub const CANDIDATE_FACTOR: f64 = NEAR;
/// A day may use at most this many budgets.
const CAP: u32 = 3;
/// What evidence must be worth at the cap.
const OVERWHELMING: f64 = 1e-12;
/// How many times the rate at which the risk level alone would use the share is expected at first
/// of kinds that are decided on with every event: a source that writes once a second.
const EVENTS: f64 = 8.0;

/// The rules of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetConfig {
    /// Alerts a day; 0 = no limit.
    pub alerts_per_day: u32,
    /// Probability at or below which evidence counts.
    pub risk_level: f64,
}

impl Default for BudgetConfig {
    fn default() -> BudgetConfig {
        BudgetConfig { alerts_per_day: 10, risk_level: 1e-4 }
    }
}

/// Kinds of evidence, each with its share of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Rates: bursts and drops.
    Rate,
    /// Silences.
    Silence,
    /// Never-seen messages.
    Message,
    /// Never-seen values.
    Value,
    /// Events that are unusual in what they say.
    Content,
    /// Events that are unusual in their order.
    Order,
    /// Levels that have shifted.
    Shift,
    /// What an entity does over time.
    Entity,
}

impl Kind {
    /// Whether it is decided on with every event, not with every bucket or message.
    const fn with_every_event(self) -> bool {
        matches!(self, Kind::Content | Kind::Order)
    }
}

/// How many kinds there are.
const KINDS: usize = 8;

/// What becomes of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may raise an alert.
    Admit,
    /// It is counted and kept back.
    Held,
}

/// The state of the budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    day: u64,
    admitted_today: u32,
    admitted: u64,
    held: u64,
    /// When the tests were last brought up to date.
    at: u64,
    started: bool,
    /// The tests of each kind.
    tests: [Fdr; KINDS],
}

impl Budget {
    /// Decides on a candidate. Times must not fall.
    pub fn admit(
        &mut self,
        config: &BudgetConfig,
        kind: Kind,
        effective_ns: u64,
        p: f64,
    ) -> Verdict {
        self.admit_rarer(config, kind, effective_ns, p, 1.0)
    }

    /// As [`Budget::admit`], where the candidate must be rarer by a factor; it still counts as what
    /// it is for the rate of candidates.
    pub fn admit_rarer(
        &mut self,
        config: &BudgetConfig,
        kind: Kind,
        effective_ns: u64,
        p: f64,
        rarer: f64,
    ) -> Verdict {
        self.advance(effective_ns);
        let bar = self.bar(config, kind);
        let tests = &mut self.tests[kind as usize];
        tests.count(&terms(config, kind), p);
        if p <= bar / rarer {
            tests.discover();
            self.admitted_today += 1;
            self.admitted += 1;
            Verdict::Admit
        } else {
            self.held += 1;
            Verdict::Held
        }
    }

    /// What evidence must be worth now.
    pub fn bar(&self, config: &BudgetConfig, kind: Kind) -> f64 {
        let budget = config.alerts_per_day;
        if budget == 0 {
            return config.risk_level;
        }
        let level = self.tests[kind as usize].level(&terms(config, kind));
        let Some(over) = self.admitted_today.checked_sub(budget) else { return level };
        if over >= (CAP - 1) * budget {
            return -1.0;
        }
        let part = f64::from(over + 1) / f64::from((CAP - 1) * budget);
        level * libm::pow((OVERWHELMING / level).min(1.0), part)
    }

    /// What evidence must be worth to be more than what so many decisions give by chance, however
    /// much was found and of today's budget is spent, and also where there is none.
    pub fn noise(&self, config: &BudgetConfig, kind: Kind) -> f64 {
        self.tests[kind as usize].chance(&terms(config, kind))
    }

    /// Alerts admitted and candidates held, ever.
    pub fn counts(&self) -> (u64, u64) {
        (self.admitted, self.held)
    }

    fn advance(&mut self, now: u64) {
        if !self.started {
            (self.started, self.at, self.day) = (true, now, now / DAY_NS);
        }
        let elapsed = now.saturating_sub(self.at) as f64 / DAY_NS as f64;
        self.tests.iter_mut().for_each(|tests| tests.pass(elapsed));
        self.at = self.at.max(now);
        let day = now / DAY_NS;
        if day > self.day {
            (self.day, self.admitted_today) = (day, 0);
        }
    }
}

/// What is promised of a kind; without a budget what would be of the usual one.
fn terms(config: &BudgetConfig, kind: Kind) -> Terms {
    let budget = match config.alerts_per_day {
        0 => BudgetConfig::default().alerts_per_day,
        budget => budget,
    };
    Terms {
        risk: config.risk_level,
        share: f64::from(budget) / KINDS as f64,
        eager: if kind.with_every_event() { EVENTS } else { 1.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::hash::mix;

    const MINUTE: u64 = 60_000_000_000;

    fn admitted(config: &BudgetConfig, candidates: impl Iterator<Item = (u64, f64)>) -> Vec<u32> {
        let mut budget = Budget::default();
        let mut days = Vec::new();
        for (at, p) in candidates {
            let day = (at / DAY_NS) as usize;
            if days.len() <= day {
                days.resize(day + 1, 0);
            }
            days[day] += u32::from(budget.admit(config, Kind::Rate, at, p) == Verdict::Admit);
        }
        days
    }

    /// Chance: `decisions` a day, of which those with p ≤ 10 × risk come as candidates.
    fn chance(decisions: u64, days: u64) -> impl Iterator<Item = (u64, f64)> {
        (0..decisions * days).filter_map(move |n| {
            let p = (mix(n) >> 11) as f64 / (1u64 << 53) as f64;
            (p <= 1e-3).then_some((n * (DAY_NS / decisions), p))
        })
    }

    #[test]
    fn chance_alone_stays_within_the_budget() {
        for decisions in [10_000, 1_000_000, 5_000_000] {
            let days = admitted(&BudgetConfig::default(), chance(decisions, 4));
            assert!(days.iter().all(|&n| n <= 15), "{decisions}: {days:?}");
            assert!(days.iter().sum::<u32>() >= 2, "{decisions}: {days:?}");
        }
    }

    #[test]
    fn few_decisions_are_held_against_the_risk_level_only() {
        let mut budget = Budget::default();
        assert_eq!(budget.admit(&BudgetConfig::default(), Kind::Rate, 5, 0.9e-4), Verdict::Admit);
        assert_eq!(budget.admit(&BudgetConfig::default(), Kind::Rate, 6, 1.1e-4), Verdict::Held);
        assert_eq!(budget.counts(), (1, 1));
    }

    #[test]
    fn a_flood_of_moderate_evidence_is_held_and_overwhelming_evidence_passes() {
        let config = BudgetConfig::default();
        let flood = (0..1000u64).map(|n| (n * MINUTE / 2, 5e-5));
        assert!(admitted(&config, flood)[0] <= 11);
        let storm = (0..1000u64).map(|n| (n * MINUTE / 2, 1e-13));
        assert_eq!(admitted(&config, storm)[0], 30);
        let mut budget = Budget::default();
        for n in 0..400 {
            budget.admit(&config, Kind::Rate, n * MINUTE, 5e-5);
        }
        assert_eq!(budget.admit(&config, Kind::Rate, 500 * MINUTE, 1e-12), Verdict::Admit);
        assert_eq!(budget.admit(&config, Kind::Rate, DAY_NS, 5e-5), Verdict::Admit, "a new day");
    }

    #[test]
    fn without_a_budget_only_the_risk_level_rules() {
        let config = BudgetConfig { alerts_per_day: 0, risk_level: 1e-2 };
        let flood = (0..1000u64).map(|n| (n, if n % 2 == 0 { 1e-2 } else { 1.01e-2 }));
        assert_eq!(admitted(&config, flood), [500]);
    }
}

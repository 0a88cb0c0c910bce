//! The risk of one entity: points by rule, the score, and which alert gave how much.
//!
//! Bounded: the [`RULES_MAX`] rules and the [`GIVEN_MAX`] alerts that are worth most. What other
//! alerts gave still counts and is shown as the rule's. All points of an entity decay alike, so
//! what is worth most stays so. Cost per alert: the number of rules; a score sorts them.

use super::{Decayed, POINTS_MAX, RiskKind};
use libm::exp2;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};

/// Rules kept of an entity; beyond it the one that is worth least goes.
pub const RULES_MAX: usize = 32;
/// Alerts kept to explain a score.
pub const GIVEN_MAX: usize = 64;
/// Points at which the score is half of what is left to 100.
const HALF_SCORE: f64 = 50.0;
/// After so many half-lives a score is nothing.
const LIVES_MAX: u64 = 64;

/// What one alert gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// The alert.
    pub alert: u128,
    /// What kind of evidence it is.
    pub kind: RiskKind,
    /// Hash of its rule.
    pub rule: u64,
    /// When.
    pub at: Ns,
    /// Points when it came.
    pub points: f64,
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The alert, or nothing for what other alerts of the rule gave.
    pub alert: Option<u128>,
    /// What kind of evidence it is.
    pub kind: RiskKind,
    /// Hash of the rule.
    pub rule: u64,
    /// When, 0 for others.
    pub at: Ns,
    /// Points when it came, 0 for others.
    pub points: f64,
    /// How much of the score it is now; all shares together are the score.
    pub share: f64,
}

/// Points of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rule {
    kind: RiskKind,
    rule: u64,
    /// All its alerts together.
    sum: Decayed,
    /// The most that one gave.
    most: f64,
}

impl Rule {
    /// What it is worth: its points, and at most twice what one alert gave.
    fn worth(&self, now: Ns, half_life: Ns) -> f64 {
        let sum = self.sum.at(now, half_life);
        match sum <= self.most {
            true => sum,
            false => self.most * (2.0 - self.most / sum),
        }
    }
}

/// Risk of one entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    half_life: Ns,
    /// In the order of (kind, rule).
    rules: Vec<Rule>,
    /// In the order in which they came.
    given: Vec<Given>,
    newest: Ns,
    /// Rules that had to go.
    pub dropped: u64,
}

impl Risk {
    /// Takes an alert, once when its episode begins. Points are cut to [`POINTS_MAX`].
    pub fn observe(&mut self, half_life: Ns, mut given: Given) {
        given.points = if given.points > 0.0 { given.points.min(POINTS_MAX) } else { return };
        self.live(half_life.max(1));
        let Given { kind, rule, at, points, .. } = given;
        self.newest = self.newest.max(at);
        match self.rules.binary_search_by_key(&(kind, rule), |rule| (rule.kind, rule.rule)) {
            Ok(place) => {
                let known = &mut self.rules[place];
                known.sum.add(at, points, self.half_life);
                known.most = known.most.max(points);
            }
            Err(place) => {
                let sum = Decayed::of(at, points, self.half_life);
                self.rules.insert(place, Rule { kind, rule, sum, most: points });
            }
        }
        if self.rules.len() > RULES_MAX {
            self.shrink();
        }
        self.given.push(given);
        if self.given.len() > GIVEN_MAX {
            self.forget();
        }
    }

    /// Forgets the alert that is worth least, of equal ones the oldest.
    fn forget(&mut self) {
        let worth: Vec<f64> = self
            .given
            .iter()
            .map(|given| Decayed::of(given.at, given.points, self.half_life))
            .map(|sum| sum.at(self.newest, self.half_life))
            .collect();
        let least = (0..worth.len()).min_by(|a, b| worth[*a].total_cmp(&worth[*b]));
        least.map(|least| self.given.remove(least));
    }

    /// Another half-life holds from now on: sums are written anew at what they are worth.
    fn live(&mut self, half_life: Ns) {
        if self.half_life != half_life {
            for rule in &mut self.rules {
                let worth = rule.sum.at(self.newest, self.half_life);
                rule.sum = Decayed::of(self.newest, worth, half_life);
            }
            self.half_life = half_life;
        }
    }

    /// Lets the rule go that is worth least.
    fn shrink(&mut self) {
        let worth: Vec<f64> =
            self.rules.iter().map(|rule| rule.worth(self.newest, self.half_life)).collect();
        let least = (0..worth.len()).min_by(|a, b| worth[*a].total_cmp(&worth[*b]));
        if let Some(least) = least {
            let gone = self.rules.remove(least);
            self.given.retain(|given| (given.kind, given.rule) != (gone.kind, gone.rule));
            self.dropped += 1;
        }
    }

    /// What each rule adds to the points: of one kind the k-th strongest counts 1/k.
    fn parts(&self, now: Ns) -> Vec<f64> {
        let mut parts = vec![0.0; self.rules.len()];
        let mut begin = 0;
        while begin < self.rules.len() {
            let kind = self.rules[begin].kind;
            let end = begin + self.rules[begin..].partition_point(|rule| rule.kind == kind);
            let mut order: Vec<(f64, usize)> = (begin..end)
                .map(|place| (self.rules[place].worth(now, self.half_life), place))
                .collect();
            order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            for (rank, (worth, place)) in order.into_iter().enumerate() {
                parts[place] = worth / (rank + 1) as f64;
            }
            begin = end;
        }
        parts
    }

    /// The score at a time, 0 to 100.
    pub fn score(&self, now: Ns) -> f64 {
        score(self.parts(now).iter().sum())
    }

    /// Which alert gives how much of the score, the greatest first.
    pub fn explain(&self, now: Ns) -> Vec<Share> {
        let parts = self.parts(now);
        let total: f64 = parts.iter().sum();
        if total <= 0.0 {
            return Vec::new();
        }
        let score = score(total);
        let mut out = Vec::new();
        for (rule, part) in self.rules.iter().zip(parts) {
            let whole = score * part / total;
            let sum = rule.sum.at(now, self.half_life);
            let mut rest = whole;
            let own = |given: &&Given| (given.kind, given.rule) == (rule.kind, rule.rule);
            for given in self.given.iter().filter(own) {
                let left =
                    Decayed::of(given.at, given.points, self.half_life).at(now, self.half_life);
                let share = (whole * left / sum).clamp(0.0, rest.max(0.0));
                rest -= share;
                out.push(Share {
                    alert: Some(given.alert),
                    kind: rule.kind,
                    rule: rule.rule,
                    at: given.at,
                    points: given.points,
                    share,
                });
            }
            if rest > 1e-9 * whole {
                let (kind, rule) = (rule.kind, rule.rule);
                out.push(Share { alert: None, kind, rule, at: 0, points: 0.0, share: rest });
            }
        }
        out.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.alert.cmp(&b.alert)));
        out
    }

    /// When the score falls below a threshold if nothing comes; nothing if it is below now.
    pub fn falls_below(&self, threshold: f64, now: Ns) -> Option<Ns> {
        if self.score(now) < threshold || threshold <= 0.0 {
            return None;
        }
        let end = now.saturating_add(self.half_life.saturating_mul(LIVES_MAX));
        // Nothing grows by itself, so the first time below is found by halving.
        let (mut above, mut below) = (now, end);
        while below - above > 1 {
            let middle = above + (below - above) / 2;
            match self.score(middle) < threshold {
                true => below = middle,
                false => above = middle,
            }
        }
        Some(below)
    }

    /// Alerts that a score is explained by, in the order in which they came.
    pub fn given(&self) -> impl Iterator<Item = &Given> {
        self.given.iter()
    }

    /// Whether nothing worth speaking of is left, so that the state may be let go.
    pub fn is_spent(&self, now: Ns) -> bool {
        now.saturating_sub(self.newest) >= self.half_life.saturating_mul(LIVES_MAX)
    }
}

/// Points as a score.
fn score(points: f64) -> f64 {
    100.0 * (1.0 - exp2(-points / HALF_SCORE))
}

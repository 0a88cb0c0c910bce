//! How far along the kill chain: the longest progression of tactics in their order.
//!
//! A progression takes alerts in the order of time whose tactics come one behind the other in the
//! order of ATT&CK; an alert is one step at most, and a tactic counts once. For each tactic and
//! length only the progression that began last is kept, because it lives longest; one that is
//! neither shorter, nor further on, nor older than another makes that one void. At most 105
//! progressions of at most 14 steps; an entity with one alert has one of one step.

use seerflow_model::{Ns, Tactic};
use serde::{Deserialize, Serialize};

/// A step: the alert that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which tactic.
    pub tactic: Tactic,
    /// When.
    pub at: Ns,
    /// The alert.
    pub alert: u128,
}

/// Progressions of one entity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Each ends with another tactic or has another length.
    runs: Vec<Vec<Step>>,
}

impl Progress {
    /// Takes an alert; times must not fall. Progressions that began more than `window` ago are
    /// over.
    pub fn observe(&mut self, window: Ns, at: Ns, tactics: &[Tactic], alert: u128) {
        self.expire(window, at);
        let mut tactics = tactics.to_vec();
        tactics.sort_unstable();
        tactics.dedup();
        let mut new: Vec<Vec<Step>> = Vec::new();
        for tactic in tactics {
            let step = Step { tactic, at, alert };
            new.push(vec![step]);
            let before = self.runs.iter().filter(|run| last(run) < Some(tactic));
            for run in before {
                let mut longer = run.clone();
                longer.push(step);
                new.push(longer);
            }
        }
        for run in new {
            let beats = |a: &[Step], b: &[Step]| {
                last(a) <= last(b) && a.len() >= b.len() && start(a) >= start(b)
            };
            if !self.runs.iter().any(|other| beats(other, &run) && start(other) > start(&run)) {
                self.runs.retain(|other| !beats(&run, other));
                self.runs.push(run);
            }
        }
    }

    /// Forgets progressions that began at least `window` before `now`.
    pub fn expire(&mut self, window: Ns, now: Ns) {
        self.runs.retain(|run| start(run).is_some_and(|start| now - start.min(now) < window));
    }

    /// The longest progression within the window that ends now; of equal ones that which began
    /// last.
    pub fn longest(&self, window: Ns, now: Ns) -> &[Step] {
        let alive = |run: &&Vec<Step>| start(run).is_some_and(|at| now - at.min(now) < window);
        let runs = self.runs.iter().filter(alive);
        runs.max_by_key(|run| (run.len(), start(run), last(run))).map_or(&[], Vec::as_slice)
    }

    /// When the last progression of at least `steps` steps is over, if nothing comes.
    pub fn until(&self, steps: usize, window: Ns) -> Option<Ns> {
        let long = self.runs.iter().filter(|run| run.len() >= steps.max(1));
        long.filter_map(|run| start(run)).max().map(|start| start.saturating_add(window))
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

fn start(run: &[Step]) -> Option<Ns> {
    run.first().map(|step| step.at)
}

fn last(run: &[Step]) -> Option<Tactic> {
    run.last().map(|step| step.tactic)
}

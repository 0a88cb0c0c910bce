//! Rules in their order.
//!
//! For each way to stand (which step was last, how many were taken) only the run that began last
//! is kept: it lives longest, so no other can succeed where it fails. An event takes one step at
//! most. Cost: one comparison per step when all steps are wanted; steps² when their number counts.

use seerflow_model::Ns;
use serde::{Deserialize, Serialize};

/// Most rules of an order of which the number counts.
pub const NUMBERED_MAX: usize = 16;
/// Most events kept of a run; beyond it the first and the newest.
const PATH_MAX: usize = 16;

/// A run through the steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Run<E> {
    /// When it began.
    start: Ns,
    /// Its events.
    path: Vec<(Ns, E)>,
}

/// Runs through the steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps<E> {
    /// By last step and length; where all steps are wanted, by last step alone.
    runs: Vec<Option<Run<E>>>,
}

impl<E> Default for Steps<E> {
    fn default() -> Steps<E> {
        Steps { runs: Vec::new() }
    }
}

impl<E: Clone> Steps<E> {
    /// Takes an event that these rules match; `steps` has the rules of each step. Runs that began
    /// by `until` are over. With `numbered`, steps may be left out.
    pub fn push(&mut self, at: Ns, slots: &[u8], event: &E, steps: &[Vec<u8>], numbered: bool) {
        let width = if numbered { steps.len() } else { 1 };
        self.runs.resize(steps.len() * width, None);
        // From the last step on, so that the event is never behind itself.
        for (step, wanted) in steps.iter().enumerate().rev() {
            if !wanted.iter().any(|slot| slots.contains(slot)) {
                continue;
            }
            let mine = step * width;
            match numbered {
                false if step == 0 => self.take(mine, None, at, event),
                false => self.take(mine, Some(mine - 1), at, event),
                true => {
                    for taken in (1..=step).rev() {
                        let start = |from: &usize| Some(self.runs[*from].as_ref()?.start);
                        let before = (0..step).map(|other| other * width + taken - 1);
                        let newest = before.filter(|from| start(from).is_some()).max_by_key(start);
                        if newest.is_some() {
                            self.take(mine + taken, newest, at, event);
                        }
                    }
                    self.take(mine, None, at, event);
                }
            }
        }
    }

    /// The event goes on with the run `from`, or begins one.
    fn take(&mut self, to: usize, from: Option<usize>, at: Ns, event: &E) {
        let before = match from {
            None => None,
            Some(from) => match self.runs[from].as_ref() {
                Some(run) => Some(run),
                None => return,
            },
        };
        let start = before.map_or(at, |run| run.start);
        if self.runs[to].as_ref().is_some_and(|run| run.start > start) {
            return;
        }
        let mut path = before.map(|run| run.path.clone()).unwrap_or_default();
        if path.len() >= PATH_MAX {
            path.remove(PATH_MAX / 2);
        }
        path.push((at, event.clone()));
        self.runs[to] = Some(Run { start, path });
    }

    /// Forgets runs that did not begin after `until`.
    pub fn expire(&mut self, until: Ns) {
        for run in &mut self.runs {
            if run.as_ref().is_some_and(|run| run.start <= until) {
                *run = None;
            }
        }
        if self.is_empty() {
            self.runs.clear();
        }
    }

    /// Whether no run lives.
    pub fn is_empty(&self) -> bool {
        self.runs.iter().all(Option::is_none)
    }

    fn best(&self, steps: usize, numbered: bool) -> Option<(usize, &Run<E>)> {
        let live = self.runs.iter().enumerate().filter_map(|(n, run)| Some((n, run.as_ref()?)));
        let length = |n: usize| if numbered { n % steps.max(1) + 1 } else { n + 1 };
        live.map(|(n, run)| (length(n), run)).max_by_key(|(length, run)| (*length, run.start))
    }

    /// How many steps the longest run has taken.
    pub fn longest(&self, steps: usize, numbered: bool) -> usize {
        self.best(steps, numbered).map_or(0, |(length, _)| length)
    }

    /// Its events.
    pub fn events(&self, steps: usize, numbered: bool) -> Vec<(Ns, E)> {
        self.best(steps, numbered).map(|(_, run)| run.path.clone()).unwrap_or_default()
    }
}

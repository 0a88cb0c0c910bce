//! What people said, as far as it still counts: marks in force and verdicts by subject.
//!
//! Part of the state of the alert budget, which takes both candidates and guidance in the total
//! order. All of it is bounded: marks by [`MARKS_MAX`], subjects by [`SUBJECTS_MAX`]; the oldest make
//! room. What a mark holds is published under its id.

use crate::finding::Finding;
use crate::guide::{Guidance, Mark, subject_of};
use seerflow_detection::feedback::{Feedback, Prior};
use seerflow_model::Ns;
use seerflow_model::time::DAY;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Marks that are known at a time.
pub const MARKS_MAX: usize = 1_024;
/// Subjects of verdicts.
const SUBJECTS_MAX: usize = 4_096;
/// What is shown of what a mark held.
const SHOWN_MAX: usize = 8;
/// How long a mark is remembered: what began in it can be found so much later.
const AFTER: Ns = DAY;

/// One thing that a mark held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFinding {
    /// What an alert of it would be called.
    pub title: String,
    /// Its rule.
    pub rule: String,
    /// Its episode.
    pub episode: String,
    /// When it was found last.
    pub at: Ns,
}

/// What a mark held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBy {
    /// Findings that would have made or continued an alert.
    pub count: u64,
    /// The last different ones, oldest first.
    pub last: VecDeque<HeldFinding>,
}

/// What all marks of the process held, for readers.
#[derive(Debug, Default)]
pub struct HeldByMarks(Mutex<BTreeMap<u128, HeldBy>>);

impl HeldByMarks {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u128, HeldBy>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What one mark held.
    pub fn of(&self, mark: u128) -> HeldBy {
        self.lock().get(&mark).cloned().unwrap_or_default()
    }

    /// Findings that any mark held.
    pub fn total(&self) -> u64 {
        self.lock().values().map(|held| held.count).sum()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    mark: Mark,
    held: HeldBy,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Verdicts {
    last: Ns,
    feedback: Feedback,
}

/// See the module head.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Guide {
    marks: Vec<Known>,
    verdicts: BTreeMap<u64, Verdicts>,
}

impl Guide {
    /// Takes guidance that takes effect now.
    pub fn take(&mut self, guidance: Guidance, now: Ns) {
        self.marks.retain(|known| known.mark.until.saturating_add(AFTER) > now);
        match guidance {
            Guidance::Mark(mark) => {
                match self.marks.iter_mut().find(|known| known.mark.id == mark.id) {
                    Some(known) => known.mark = mark,
                    None => {
                        self.make_room();
                        self.marks.push(Known { mark, held: HeldBy::default() });
                    }
                }
            }
            Guidance::End { mark } => {
                for known in self.marks.iter_mut().filter(|known| known.mark.id == mark) {
                    known.mark.until = known.mark.until.min(now);
                }
            }
            Guidance::Verdict { alert, subject, word, lasts } => {
                if !self.verdicts.contains_key(&subject) && self.verdicts.len() >= SUBJECTS_MAX {
                    let oldest = self.verdicts.iter().map(|(key, of)| (of.last, *key)).min();
                    oldest.and_then(|(_, key)| self.verdicts.remove(&key));
                }
                let verdicts = self.verdicts.entry(subject).or_default();
                verdicts.last = now;
                verdicts.feedback.mark(alert, word, now, lasts);
            }
        }
    }

    /// The mark that ends first makes room.
    fn make_room(&mut self) {
        if self.marks.len() >= MARKS_MAX {
            let ends = |at: &usize| (self.marks[*at].mark.until, self.marks[*at].mark.id);
            let first = (0..self.marks.len()).min_by_key(ends);
            first.map(|at| self.marks.remove(at));
        }
    }

    /// Says of each finding by which mark it is held: of several the one that lasts longest.
    pub fn tag(&self, findings: &mut [Finding]) {
        if self.marks.is_empty() {
            return;
        }
        for finding in findings {
            let marks = self.marks.iter().map(|known| &known.mark);
            let fits = |mark: &&Mark| {
                mark.accounts_for(&finding.lead) && mark.scope.covers(&finding.place)
            };
            finding.held =
                marks.filter(fits).max_by_key(|mark| (mark.until, mark.id)).map(|mark| mark.id);
        }
    }

    /// Counts and shows what a mark holds.
    pub fn hold(&mut self, mark: u128, finding: &Finding, now: Ns) {
        let Some(known) = self.marks.iter_mut().find(|known| known.mark.id == mark) else {
            return;
        };
        let (lead, held) = (&finding.lead, &mut known.held);
        held.count += 1;
        held.last.retain(|have| (&have.rule, &have.episode) != (&lead.rule, &lead.episode));
        if held.last.len() == SHOWN_MAX {
            held.last.pop_front();
        }
        held.last.push_back(HeldFinding {
            title: lead.title.clone(),
            rule: lead.rule.clone(),
            episode: lead.episode.clone(),
            at: now,
        });
    }

    /// What people think of alerts like this one; `None` when nobody said anything that counts.
    pub fn prior(&self, finding: &Finding, now: Ns) -> Option<Prior> {
        if self.verdicts.is_empty() {
            return None;
        }
        let verdicts = self.verdicts.get(&subject_of(finding))?;
        (!verdicts.feedback.is_empty(now)).then(|| verdicts.feedback.prior(now))
    }

    /// Findings that the marks held.
    pub fn held(&self) -> u64 {
        self.marks.iter().map(|known| known.held.count).sum()
    }

    /// Publishes what was held.
    pub fn publish(&self, to: &HeldByMarks) {
        let mut all = to.lock();
        for known in self.marks.iter().filter(|known| known.held.count > 0) {
            all.insert(known.mark.id, known.held.clone());
        }
        while all.len() > 2 * MARKS_MAX {
            all.pop_first();
        }
    }
}

#[cfg(test)]
#[path = "guidance_tests.rs"]
mod tests;

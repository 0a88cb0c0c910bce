//! What is told again and again becomes usual.
//!
//! A detector that raises alerts about one subject several times within days is not calibrated for
//! that subject, whatever it says: by chance alone it would do so once in months. So each time that
//! a subject was told, the next must be rarer by [`RARER`]; that memory halves in [`HALF_LIFE`].
//! What is overwhelming is told all the same. What is held back by this is not lost: it is counted,
//! and adds to risk.
//!
//! Bounded to [`SUBJECTS_MAX`] subjects; those that were told least, as it counts now, make room.
//! Cost: one look-up a candidate.

use seerflow_model::Ns;
use seerflow_model::time::DAY;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much rarer the next must be.
pub const RARER: f64 = 100.0;
/// Half of what was told is forgotten after so long.
pub const HALF_LIFE: Ns = 3 * DAY;
/// Subjects that are remembered.
pub const SUBJECTS_MAX: usize = 4_096;

/// How often something was told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Habit {
    /// Times, as they counted at `at`.
    times: f64,
    at: Ns,
}

impl Habit {
    fn times(self, now: Ns) -> f64 {
        self.times * libm::exp2(-(now.saturating_sub(self.at) as f64) / HALF_LIFE as f64)
    }
}

/// What was told, by subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Habits(BTreeMap<u64, Habit>);

impl Habits {
    /// By what the probability of the next is to be multiplied.
    pub fn factor(&self, subject: u64, now: Ns) -> f64 {
        self.0.get(&subject).map_or(1.0, |habit| libm::pow(RARER, habit.times(now)))
    }

    /// It was told.
    pub fn tell(&mut self, subject: u64, now: Ns) {
        let times = self.0.get(&subject).map_or(0.0, |habit| habit.times(now)) + 1.0;
        if !self.0.contains_key(&subject) && self.0.len() >= SUBJECTS_MAX {
            let least = self.0.iter().map(|(key, habit)| (habit.times(now), *key));
            let least = least.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            least.map(|(_, key)| self.0.remove(&key));
        }
        self.0.insert(subject, Habit { times, at: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_must_be_rarer_until_it_is_forgotten() {
        let mut habits = Habits::default();
        assert_eq!(habits.factor(1, 5), 1.0);
        habits.tell(1, 5);
        assert!((habits.factor(1, 5) - RARER).abs() < 1e-9);
        assert_eq!(habits.factor(2, 5), 1.0, "another subject");
        habits.tell(1, 5);
        assert!((habits.factor(1, 5) - RARER * RARER).abs() < 1e-6);
        assert!((habits.factor(1, 5 + HALF_LIFE) - RARER).abs() < 1e-9);
        assert!(habits.factor(1, 5 + 20 * HALF_LIFE) < 1.001);
        assert_eq!(habits.factor(1, 0), habits.factor(1, 5), "no time before");
    }

    #[test]
    fn what_was_told_least_makes_room() {
        let mut habits = Habits::default();
        for subject in 0..SUBJECTS_MAX as u64 {
            habits.tell(subject, subject);
        }
        habits.tell(0, DAY);
        habits.tell(9_999_999, DAY);
        assert_eq!(habits.0.len(), SUBJECTS_MAX);
        assert!(habits.factor(0, DAY) > RARER && habits.factor(1, DAY) == 1.0);
    }
}

//! What is told again and again becomes usual.
//!
//! A detector that raises alerts about one subject several times within days is not calibrated for
//! that subject, whatever it says: by chance alone it would do so once in months. So each time that
//! a subject was told, the next must be rarer by [`RARER`], and each time that any detector told of
//! an entity, the next of it must be rarer by [`RARER_OF_ENTITY`]; that memory halves in
//! [`HALF_LIFE`]. What was told twice must besides be ten times rarer than the rarest that was told.
//! What is overwhelming is told all the same. What is held back by this is not lost: it is counted,
//! and adds to risk.
//!
//! Bounded to [`SUBJECTS_MAX`] subjects and entities; those that were told least, as it counts now,
//! make room. Cost: two look-ups a candidate.

use seerflow_model::Ns;
use seerflow_model::time::DAY;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much rarer the next of a subject must be.
pub const RARER: f64 = 100.0;
/// How much rarer the next of an entity must be.
pub const RARER_OF_ENTITY: f64 = 3.0;
/// Half of what was told is forgotten after so long.
pub const HALF_LIFE: Ns = DAY;
/// Subjects and entities that are remembered.
pub const SUBJECTS_MAX: usize = 4_096;
/// Told so often, and the next must be rarer than what was told.
const OFTEN: f64 = 1.5;
/// By how much.
const THAN_TOLD: f64 = 10.0;

/// How often something was told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Habit {
    /// Times, as they counted at `at`.
    times: f64,
    at: Ns,
    /// The least probability that was told.
    least: f64,
}

impl Habit {
    fn times(self, now: Ns) -> f64 {
        self.times * libm::exp2(-(now.saturating_sub(self.at) as f64) / HALF_LIFE as f64)
    }
}

/// What was told, by subject and by entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Habits(BTreeMap<u64, Habit>);

impl Habits {
    /// By what the probability of the next is to be multiplied; without end where it is no rarer
    /// than what was told of the subject before. `entity` is 0 where it is about none.
    pub fn factor(&self, subject: u64, entity: u64, probability: f64, now: Ns) -> f64 {
        let of_entity = self.0.get(&entity).map_or(0.0, |habit| habit.times(now));
        let rarer = libm::pow(RARER_OF_ENTITY, of_entity);
        let Some(habit) = self.0.get(&subject) else { return rarer };
        let times = habit.times(now);
        if times >= OFTEN && probability * THAN_TOLD > habit.least {
            return f64::INFINITY;
        }
        rarer * libm::pow(RARER, times)
    }

    /// It was told.
    pub fn tell(&mut self, subject: u64, entity: u64, probability: f64, now: Ns) {
        self.count(subject, probability, now);
        if entity != 0 {
            self.count(entity, probability, now);
        }
    }

    fn count(&mut self, key: u64, probability: f64, now: Ns) {
        let before = self.0.get(&key).copied();
        if before.is_none() && self.0.len() >= SUBJECTS_MAX {
            let least = self.0.iter().map(|(key, habit)| (habit.times(now), *key));
            let least = least.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            least.map(|(_, key)| self.0.remove(&key));
        }
        let times = before.map_or(0.0, |habit| habit.times(now)) + 1.0;
        // What is forgotten is no measure any more.
        let least = before.filter(|_| times > 1.25).map_or(1.0, |habit| habit.least);
        self.0.insert(key, Habit { times, at: now, least: least.min(probability) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: f64 = 1e-6;

    #[test]
    fn the_next_must_be_rarer_until_it_is_forgotten() {
        let mut habits = Habits::default();
        assert_eq!(habits.factor(1, 0, P, 5), 1.0);
        habits.tell(1, 0, P, 5);
        assert!((habits.factor(1, 0, P, 5) - RARER).abs() < 1e-9);
        assert_eq!(habits.factor(2, 0, P, 5), 1.0, "another subject");
        habits.tell(1, 0, P, 5);
        assert_eq!(habits.factor(1, 0, P, 5), f64::INFINITY, "told twice, and no rarer");
        assert!((habits.factor(1, 0, P / 20.0, 5) - RARER * RARER).abs() < 1e-6);
        assert!((habits.factor(1, 0, P, 5 + HALF_LIFE) - RARER).abs() < 1e-9);
        assert!(habits.factor(1, 0, P, 5 + 20 * HALF_LIFE) < 1.001);
        assert_eq!(habits.factor(1, 0, 0.0, 0), habits.factor(1, 0, 0.0, 5), "no time before");
    }

    #[test]
    fn an_entity_is_remembered_over_all_that_tells_of_it() {
        let mut habits = Habits::default();
        habits.tell(1, 7, P, 5);
        habits.tell(2, 7, P, 5);
        assert!((habits.factor(3, 7, P, 5) - RARER_OF_ENTITY * RARER_OF_ENTITY).abs() < 1e-9);
        assert_eq!(habits.factor(3, 8, P, 5), 1.0);
    }

    #[test]
    fn what_was_told_least_makes_room() {
        let mut habits = Habits::default();
        for subject in 1..=SUBJECTS_MAX as u64 {
            habits.tell(subject, 0, P, subject);
        }
        habits.tell(1, 0, P, DAY);
        habits.tell(9_999_999, 0, P, DAY);
        assert_eq!(habits.0.len(), SUBJECTS_MAX);
        assert!(habits.factor(1, 0, 0.0, DAY) > RARER && habits.factor(2, 0, P, DAY) == 1.0);
    }
}

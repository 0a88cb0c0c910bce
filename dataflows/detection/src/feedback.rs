//! Feedback: what people said about alerts of one (channel, template or rule, entity class).
//!
//! Marks are kept as they are, the last [`MARKS_MAX`], each with the time at which it expires; the
//! prior is a Beta distribution with one pseudo-mark of each kind. Its odds of being right multiply
//! into the odds of chance, within bounds: people's word shifts a threshold, it neither silences
//! what is overwhelming nor makes an alarm of nothing. Marks can be taken back, are never
//! overwritten by a refit (an earlier product did), and an alert has one mark: a later one
//! replaces it. Cost: one pass over at most 32 marks; no state where nobody said anything.

use serde::{Deserialize, Serialize};

/// Marks remembered.
pub const MARKS_MAX: usize = 32;
/// Greatest and least factor on the odds.
const STRICTER: f64 = 30.0;
const LOOSER: f64 = 1.0 / 3.0;

/// What a person said of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// True positive.
    Right,
    /// False positive.
    Wrong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    alert: u128,
    expires: u64,
    word: Word,
}

/// The marks of one prior, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    marks: Vec<Mark>,
}

/// The prior at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Marks in force.
    pub right: u32,
    /// Marks in force.
    pub wrong: u32,
    /// What the odds of chance are multiplied by: above 1 after false positives.
    pub factor: f64,
}

impl Prior {
    /// A tail probability in the light of what people said.
    pub fn adjust(&self, p: f64) -> f64 {
        let p = p.clamp(0.0, 1.0);
        let shifted = p * self.factor;
        // On the scale of odds, so that the result is a probability.
        shifted / (1.0 - p + shifted)
    }
}

impl Feedback {
    /// Takes a mark of an alert, in force for `lasts_ns` from `at_ns`.
    pub fn mark(&mut self, alert: u128, word: Word, at_ns: u64, lasts_ns: u64) {
        self.withdraw(alert);
        self.marks.retain(|mark| mark.expires > at_ns);
        if self.marks.len() == MARKS_MAX {
            self.marks.remove(0);
        }
        self.marks.push(Mark { alert, expires: at_ns.saturating_add(lasts_ns), word });
    }

    /// Takes a mark back.
    pub fn withdraw(&mut self, alert: u128) {
        self.marks.retain(|mark| mark.alert != alert);
    }

    /// The prior at a moment.
    pub fn prior(&self, at_ns: u64) -> Prior {
        let count =
            |word| self.marks.iter().filter(|m| m.expires > at_ns && m.word == word).count() as u32;
        let (right, wrong) = (count(Word::Right), count(Word::Wrong));
        let factor = (f64::from(wrong) + 1.0) / (f64::from(right) + 1.0);
        Prior { right, wrong, factor: factor.clamp(LOOSER, STRICTER) }
    }

    /// Whether nothing is remembered that could still count.
    pub fn is_empty(&self, at_ns: u64) -> bool {
        self.marks.iter().all(|mark| mark.expires <= at_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a list that keeps everything.
        #[test]
        fn marks_count_until_they_expire_or_are_replaced(
            words in prop::collection::vec((0u128..20, any::<bool>(), 0u64..40), 0..25),
        ) {
            let mut feedback = Feedback::default();
            let mut oracle: Vec<(u128, bool, u64)> = Vec::new();
            let mut now = 0;
            for (alert, right, gap) in words {
                now += gap;
                let word = if right { Word::Right } else { Word::Wrong };
                feedback.mark(alert, word, now, 100);
                oracle.retain(|entry| entry.0 != alert);
                oracle.push((alert, right, now + 100));
                let count = |right: bool| {
                    oracle.iter().filter(|e| e.1 == right && e.2 > now).count() as u32
                };
                let prior = feedback.prior(now);
                prop_assert_eq!((prior.right, prior.wrong), (count(true), count(false)));
            }
            prop_assert!(feedback.is_empty(now + 100));
            prop_assert_eq!(feedback.prior(now + 100).factor, 1.0);
        }

        #[test]
        fn a_prior_keeps_the_order_and_its_bounds(
            rights in 0u32..40, wrongs in 0u32..40, a in 0.0f64..1.0, b in 0.0f64..1.0,
        ) {
            let mut feedback = Feedback::default();
            for n in 0..rights {
                feedback.mark(u128::from(n), Word::Right, 0, 10);
            }
            for n in 0..wrongs {
                feedback.mark(1000 + u128::from(n), Word::Wrong, 0, 10);
            }
            let prior = feedback.prior(5);
            prop_assert!((LOOSER..=STRICTER).contains(&prior.factor));
            prop_assert!(feedback.marks.len() <= MARKS_MAX);
            prop_assert!(prior.adjust(a.min(b)) <= prior.adjust(a.max(b)) + 1e-15);
            prop_assert!((0.0..=1.0).contains(&prior.adjust(a)));
            prop_assert!(prior.adjust(1e-12) < 1e-10, "overwhelming evidence passes");
        }
    }

    #[test]
    fn false_positives_make_stricter_and_can_be_taken_back() {
        let mut feedback = Feedback::default();
        for alert in 0..3 {
            feedback.mark(alert, Word::Wrong, 0, 100);
        }
        assert!((feedback.prior(1).adjust(1e-4) / 4e-4 - 1.0).abs() < 1e-3);
        feedback.mark(2, Word::Right, 1, 100);
        assert_eq!(feedback.prior(2), Prior { right: 1, wrong: 2, factor: 1.5 });
        (0..3).for_each(|alert| feedback.withdraw(alert));
        assert_eq!(feedback, Feedback::default());
    }
}

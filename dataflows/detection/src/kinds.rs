//! What kinds of lines an entity writes, and how unusual it is that it writes others.
//!
//! ```text
//! (entity, template), once a bucket ─► Kinds::observe ─► known and usual: nothing
//!                                                     ├► never by this entity: how many such in the
//!                                                     │  last hours, where how many are usual
//!                                                     └► known, and rare
//! ```
//!
//! Time is counted in hours in which the entity wrote anything at all, so that one that is seldom
//! seen is judged by what it does then. How many never-seen kinds an hour usually brings is told by
//! those seen in one hour only (Good–Turing): of many such, more are to come. Kinds come in company,
//! because what writes one line writes two: the count is held against a negative binomial whose
//! dispersion is that of earlier companies. What belongs to the last [`WINDOW`] hours is no part of
//! what is usual, so that a long attack does not become its own measure.
//!
//! Nothing is said in the first day of an entity, nor of one that writes more kinds than are
//! remembered. Cost: one binary search for a known kind; a pass over the known ones for a new one.
//! 32 bytes a kind, at most [`KNOWN_MAX`] of an entity.

use crate::tail::Predictive;
use seerflow_model::Ns;
use seerflow_model::time::SECOND;
use serde::{Deserialize, Serialize};

/// Most kinds that are remembered of an entity.
pub const KNOWN_MAX: usize = 256;
/// Hours that are looked at together.
pub const WINDOW: u64 = 4;
/// Length of an hour.
pub const HOUR: Ns = 3_600 * SECOND;
/// Hours before an entity is judged: a day has been seen once, and so many of its hours in use.
const DAY_HOURS: u64 = 24;
/// Hours in use before an entity is judged.
const HOURS_MIN: u32 = 12;
/// A known kind is rare when it came in less than this part of the hours in use.
const RARE: f64 = 0.125;
/// Size of a company of new kinds before any was seen, and how many kinds that stands for.
const COMPANY: f64 = 1.5;

/// A kind that an entity has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    kind: u64,
    /// Hour in which it came first.
    first: u64,
    /// Hour in which it came last.
    last: u64,
    /// Hours in which it came.
    hours: u32,
}

/// What one entity writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinds {
    /// The first hour.
    born: u64,
    /// The newest hour in use, and which of those before it are: one bit each.
    newest: u64,
    used: u8,
    /// Hours in use.
    hours: u32,
    /// By kind.
    known: Vec<Known>,
    /// Kinds that found no room.
    pub refused: u32,
}

/// What is odd about a kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odd {
    /// How rarely that comes by chance.
    pub probability: f64,
    /// Never-seen kinds in the last hours, this one with them; 0 of a known one.
    pub new: u32,
    /// How many are usual in so many hours.
    pub usual: f64,
    /// Hours in which it came before.
    pub before: u32,
    /// Hours in which the entity was in use.
    pub hours: u32,
}

impl Kinds {
    /// The entity wrote lines of a kind; once a bucket, with times that do not fall. `fresh` is
    /// false where the kind is another name of what it may have written before. Says what is odd.
    pub fn observe(&mut self, at: Ns, kind: u64, fresh: bool) -> Option<Odd> {
        let hour = at / HOUR;
        let begun = self.turn(hour);
        match self.known.binary_search_by_key(&kind, |known| known.kind) {
            Ok(place) => {
                let before = self.known[place];
                let known = &mut self.known[place];
                if known.last != hour {
                    (known.last, known.hours) = (hour, known.hours.saturating_add(1));
                }
                if before.first + WINDOW > hour { None } else { self.rare(hour, before) }
            }
            Err(place) => {
                if self.known.len() >= KNOWN_MAX {
                    self.refused = self.refused.saturating_add(1);
                    return None;
                }
                let first = if fresh { hour } else { self.born };
                let new = Known { kind, first, last: hour, hours: 1 };
                self.known.insert(place, new);
                let judged = fresh && !begun && self.is_known(hour);
                judged.then(|| self.never_seen(hour))
            }
        }
    }

    /// Goes on to an hour; says whether it is the first of all.
    fn turn(&mut self, hour: u64) -> bool {
        if self.hours == 0 {
            *self = Kinds { born: hour, newest: hour, used: 1, hours: 1, ..Kinds::default() };
            return true;
        }
        let passed = hour.saturating_sub(self.newest);
        if passed > 0 {
            self.used =
                u32::try_from(passed).ok().and_then(|n| self.used.checked_shl(n)).unwrap_or(0);
            self.used |= 1;
            self.newest = hour;
            self.hours = self.hours.saturating_add(1);
        }
        false
    }

    /// Whether enough was seen to say what is usual.
    fn is_known(&self, hour: u64) -> bool {
        hour.saturating_sub(self.born) >= DAY_HOURS
            && self.hours >= HOURS_MIN
            && self.known.len() < KNOWN_MAX
    }

    /// Hours of the window that are in use.
    fn in_use(&self) -> f64 {
        f64::from((self.used & ((1 << WINDOW) - 1)).count_ones())
    }

    /// How odd so many never-seen kinds are.
    fn never_seen(&self, hour: u64) -> Odd {
        let inside = |known: &&Known| known.first + WINDOW > hour;
        let new = self.known.iter().filter(inside).count();
        let single = |known: &&Known| known.hours == 1 && !inside(known);
        let single = self.known.iter().filter(single).count() as f64;
        let before = f64::from(self.hours) - self.in_use();
        let usual = (single + 0.5) / before.max(1.0) * self.in_use();
        let (above, _) = Predictive::counts(usual, self.company(hour)).scores(new as u64);
        Odd { probability: libm::exp(-above), new: new as u32, usual, before: 0, hours: self.hours }
    }

    /// How many kinds come at once: the mean size of the company in which one came, after the first
    /// day, in which all is new.
    fn company(&self, hour: u64) -> f64 {
        let later =
            |known: &&Known| known.first >= self.born + DAY_HOURS && known.first + WINDOW <= hour;
        let mut first: Vec<u64> =
            self.known.iter().filter(later).map(|known| known.first).collect();
        first.sort_unstable();
        let squares: f64 =
            first.chunk_by(|a, b| a == b).map(|all| (all.len() * all.len()) as f64).sum();
        (COMPANY * COMPANY + squares) / (COMPANY + first.len() as f64)
    }

    /// How odd a known kind is.
    fn rare(&self, hour: u64, before: Known) -> Option<Odd> {
        let hours = f64::from(self.hours);
        let part = (f64::from(before.hours) + 0.5) / (hours + 1.0);
        (part <= RARE && self.is_known(hour)).then(|| Odd {
            probability: 1.0 - libm::exp(-part * self.in_use()),
            new: 0,
            usual: part * self.in_use(),
            before: before.hours,
            hours: self.hours,
        })
    }

    /// The newest hour in use.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Whether it was in use in more than one hour.
    pub fn is_settled(&self) -> bool {
        self.hours > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three days of an entity that writes `kinds` kinds each hour.
    fn usual(kinds: u64) -> Kinds {
        let mut all = Kinds::default();
        for hour in 0..72 {
            for kind in 0..kinds {
                assert_eq!(all.observe(hour * HOUR, kind, true), None);
            }
        }
        all
    }

    #[test]
    fn many_new_kinds_at_once_are_rarer_than_one() {
        let mut all = usual(5);
        let ps: Vec<f64> = (100..112)
            .map(|kind| all.observe(72 * HOUR + kind, kind, true).unwrap().probability)
            .collect();
        assert!(ps.windows(2).all(|pair| pair[1] < pair[0]), "{ps:?}");
        assert!(ps[0] > 1e-3 && ps[11] < 1e-5, "{ps:?}");
        let again = all.observe(73 * HOUR, 105, true);
        assert_eq!(again, None, "it is new, and was told");
        let last = all.observe(75 * HOUR, 200, true).unwrap();
        assert_eq!((last.new, last.before), (13, 0));
        let later = all.observe(90 * HOUR, 201, true).unwrap();
        assert!(later.new == 1 && later.usual > last.usual, "{later:?}");
    }

    #[test]
    fn who_always_writes_something_new_is_not_odd() {
        let mut all = Kinds::default();
        let mut least: f64 = 1.0;
        for hour in 0..96 {
            all.observe(hour * HOUR, 0, true);
            if let Some(odd) = all.observe(hour * HOUR, 1_000 + hour, true) {
                least = least.min(odd.probability);
            }
        }
        assert!(least > 0.05, "{least}");
    }

    #[test]
    fn rare_is_what_came_in_few_hours_of_many() {
        let mut all = usual(3);
        assert!(all.observe(72 * HOUR, 9, true).is_some());
        for hour in 72..90 {
            all.observe(hour * HOUR, 0, true);
        }
        let odd = all.observe(90 * HOUR, 9, true).unwrap();
        assert_eq!((odd.new, odd.before), (0, 1));
        assert!(odd.probability < 0.2, "{odd:?}");
        assert_eq!(all.observe(91 * HOUR, 1, true), None);
    }

    #[test]
    fn nothing_is_said_of_the_young_the_seldom_and_the_boundless() {
        let mut young = Kinds::default();
        for hour in 0..24 {
            assert_eq!(young.observe(hour * HOUR, hour, true), None);
        }
        let mut seldom = Kinds::default();
        for day in 0..11 {
            assert_eq!(seldom.observe(day * 24 * HOUR, day, true), None);
        }
        let mut all = usual(2);
        for kind in 10..1_000 {
            all.observe(80 * HOUR, kind, true);
        }
        assert_eq!(all.known.len(), KNOWN_MAX);
        assert!(all.refused > 0);
        assert_eq!(all.observe(300 * HOUR, 5_000, true), None);
    }

    #[test]
    fn another_name_is_not_new() {
        let mut all = usual(2);
        assert_eq!(all.observe(80 * HOUR, 7, false), None);
        assert_eq!(all.observe(80 * HOUR, 8, true).unwrap().new, 1);
    }

    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The stupid way: from all that was written before.
    fn expected(before: &[(u64, u64)], hour: u64, kind: u64) -> Option<(u32, u32, f64)> {
        let hours: BTreeSet<u64> = before.iter().map(|(hour, _)| *hour).chain([hour]).collect();
        let born = *hours.first()?;
        if before.is_empty() || hour - born < DAY_HOURS || hours.len() < HOURS_MIN as usize {
            return None;
        }
        let mut of: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for (hour, kind) in before {
            of.entry(*kind).or_default().insert(*hour);
        }
        let in_use = hours.iter().filter(|used| **used + WINDOW > hour).count() as f64;
        let first = |hours: &BTreeSet<u64>| *hours.first().unwrap();
        match of.get(&kind) {
            Some(own) => {
                let part = (own.len() as f64 + 0.5) / (hours.len() as f64 + 1.0);
                let rare = first(own) + WINDOW <= hour && part <= RARE;
                rare.then_some((0, own.len() as u32, part * in_use))
            }
            None => {
                let new = of.values().filter(|own| first(own) + WINDOW > hour).count() + 1;
                let old = |own: &&BTreeSet<u64>| own.len() == 1 && first(own) + WINDOW <= hour;
                let single = of.values().filter(old).count() as f64;
                let usual = (single + 0.5) / (hours.len() as f64 - in_use).max(1.0) * in_use;
                Some((new as u32, 0, usual))
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_what_a_look_at_everything_says(
            gaps in prop::collection::vec((0u64..5, 0u64..14), 1..250),
        ) {
            let (mut all, mut before, mut hour) = (Kinds::default(), Vec::new(), 400_000);
            for (gap, kind) in gaps {
                hour += gap / 2;
                let found = all.observe(hour * HOUR + kind, kind, true);
                let want = expected(&before, hour, kind);
                prop_assert_eq!(found.map(|odd| (odd.new, odd.before)), want.map(|w| (w.0, w.1)));
                if let (Some(found), Some(want)) = (found, want) {
                    prop_assert!((found.usual - want.2).abs() < 1e-9);
                    prop_assert!(found.probability > 0.0 && found.probability <= 1.0);
                }
                before.push((hour, kind));
                if before.len() % 9 == 0 {
                    all = bincode::deserialize(&bincode::serialize(&all).unwrap()).unwrap();
                }
            }
        }
    }
}

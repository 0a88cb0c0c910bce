//! The probability of each place of a file: of all evidence together, and of each channel. A place is
//! a session, or a row.
//!
//! What was said of a session as a whole is its probability. Of one that was not judged so, it is
//! how likely one of its events would be as rare as its rarest: p of n events is 1 − (1 − p)ⁿ.
//!
//! Cost per event: a search among the places and one atomic minimum for each channel.

use super::run::Watch;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock};

/// Before the number of a session in its name.
pub const SESSION: &str = "s";
/// Stands for "not judged".
const UNKNOWN: u64 = u64::MAX;
/// Most channels.
const CHANNELS_MAX: usize = 64;

/// A part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first record.
    pub first: u64,
    /// The first record behind it.
    pub end: u64,
    /// Number of the session that it is; as an entity that is `s` and this number.
    pub session: u64,
}

/// Watches a run.
pub struct Least {
    /// Ascending, by records and by sessions.
    places: Vec<Place>,
    /// Of the rarest event.
    events: Bits,
    /// Of the session as a whole.
    whole: Bits,
    channels: RwLock<BTreeMap<&'static str, Bits>>,
}

/// Bits of probabilities: those of numbers that are not negative have the same order.
struct Bits(Vec<AtomicU64>);

impl Bits {
    fn new(places: usize) -> Bits {
        Bits((0..places).map(|_| AtomicU64::new(UNKNOWN)).collect())
    }

    fn lower(&self, at: usize, probability: f64) {
        if probability >= 0.0 {
            self.0[at].fetch_min(probability.to_bits(), Relaxed);
        }
    }

    fn read(&self) -> Vec<Option<f64>> {
        let known = |bits: u64| (bits != UNKNOWN).then(|| f64::from_bits(bits));
        self.0.iter().map(|bits| known(bits.load(Relaxed))).collect()
    }
}

impl Least {
    /// For these places.
    pub fn new(places: Vec<Place>) -> Least {
        let [events, whole] = [Bits::new(places.len()), Bits::new(places.len())];
        Least { events, whole, places, channels: RwLock::default() }
    }

    /// Of all evidence together; none of a place of which nothing was said.
    pub fn all(&self) -> Vec<Option<f64>> {
        let events = self.events.read().into_iter().zip(&self.places);
        let events = events.map(|(p, place)| p.map(|p| of_many(p, place.end - place.first)));
        self.whole.read().into_iter().zip(events).map(|(whole, events)| whole.or(events)).collect()
    }

    /// Of each channel, its rarest.
    pub fn by_channel(&self) -> Vec<(&'static str, Vec<Option<f64>>)> {
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        channels.iter().map(|(channel, bits)| (*channel, bits.read())).collect()
    }

    fn lower(&self, channel: &'static str, at: usize, probability: f64) {
        let known = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bits) = known.get(channel) {
            return bits.lower(at, probability);
        }
        drop(known);
        let mut channels = self.channels.write().unwrap_or_else(PoisonError::into_inner);
        if channels.len() < CHANNELS_MAX {
            let bits = channels.entry(channel).or_insert_with(|| Bits::new(self.places.len()));
            bits.lower(at, probability);
        }
    }
}

/// Probability that one of `many` is as rare.
fn of_many(probability: f64, many: u64) -> f64 {
    -(many as f64 * (-probability.min(1.0)).ln_1p()).exp_m1()
}

impl Watch for Least {
    fn judged(&self, seq: u64, probability: Option<f64>, channels: &[(&'static str, Option<f64>)]) {
        let at = self.places.partition_point(|place| place.first <= seq);
        let Some(at) = at.checked_sub(1).filter(|at| seq < self.places[*at].end) else { return };
        if let Some(probability) = probability {
            self.events.lower(at, probability);
        }
        for (channel, probability) in channels {
            if let Some(probability) = probability {
                self.lower(channel, at, *probability);
            }
        }
    }

    fn session(&self, entity: &str, channel: &'static str, probability: f64) {
        let number = entity.strip_prefix(SESSION).and_then(|number| number.parse::<u64>().ok());
        let at = number.map(|n| self.places.binary_search_by_key(&n, |place| place.session));
        if let Some(Ok(at)) = at {
            self.whole.lower(at, probability);
            self.lower(channel, at, probability);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_as_probable_as_it_is_altogether_or_its_rarest_event() {
        let places = [(5, 8, 2), (10, 12, 3), (12, 13, 7)];
        let places = places.map(|(first, end, session)| Place { first, end, session });
        let least = Least::new(places.into());
        let seen = [
            (4, 1e-9),
            (5, 0.5),
            (7, 0.01),
            (6, 0.2),
            (8, 1e-9),
            (11, 0.0),
            (13, 1e-9),
            (12, f64::NAN),
        ];
        for (seq, p) in seen {
            least.judged(seq, Some(p), &[("a", Some(p / 2.0)), ("b", None)]);
        }
        least.judged(10, None, &[("b", Some(0.25))]);
        let of_three = Some(1.0 - 0.99f64.powi(3));
        let near = |seen: Vec<Option<f64>>, expected: [Option<f64>; 3]| {
            let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            let pairs = seen.iter().zip(&expected).all(|pair| match pair {
                (Some(a), Some(b)) => near(*a, *b),
                (a, b) => a.is_none() && b.is_none(),
            });
            assert!(pairs && seen.len() == 3, "{seen:?} {expected:?}");
        };
        near(least.all(), [of_three, Some(0.0), None]);
        let expected =
            vec![("a", vec![Some(0.005), Some(0.0), None]), ("b", vec![None, Some(0.25), None])];
        assert_eq!(least.by_channel(), expected);
        for (entity, p) in [("s7", 0.1), ("s2", 0.5), ("s5", 0.0), ("7", 0.0), ("sx", 0.0)] {
            least.session(entity, "a", p);
        }
        near(least.all(), [Some(0.5), Some(0.0), Some(0.1)]);
        assert_eq!(least.by_channel()[0].1, vec![Some(0.005), Some(0.0), Some(0.1)]);
    }
}

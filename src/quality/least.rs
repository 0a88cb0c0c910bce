//! The least probability of each place of a file: of all evidence together, and of each channel. A
//! place is a session, or a row. What is said of a session as a whole is evidence like any other.
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
    all: Bits,
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
        Least { all: Bits::new(places.len()), places, channels: RwLock::default() }
    }

    /// Of all evidence together; none of a place in which no event had a probability.
    pub fn all(&self) -> Vec<Option<f64>> {
        self.all.read()
    }

    /// Of each channel.
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

impl Watch for Least {
    fn judged(&self, seq: u64, probability: Option<f64>, channels: &[(&'static str, Option<f64>)]) {
        let at = self.places.partition_point(|place| place.first <= seq);
        let Some(at) = at.checked_sub(1).filter(|at| seq < self.places[*at].end) else { return };
        if let Some(probability) = probability {
            self.all.lower(at, probability);
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
            self.all.lower(at, probability);
            self.lower(channel, at, probability);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_as_probable_as_its_rarest_event() {
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
        assert_eq!(least.all(), vec![Some(0.01), Some(0.0), None]);
        let expected =
            vec![("a", vec![Some(0.005), Some(0.0), None]), ("b", vec![None, Some(0.25), None])];
        assert_eq!(least.by_channel(), expected);
        for (entity, p) in [("s7", 0.1), ("s2", 0.5), ("s5", 0.0), ("7", 0.0), ("sx", 0.0)] {
            least.session(entity, "a", p);
        }
        assert_eq!(least.all(), vec![Some(0.01), Some(0.0), Some(0.1)]);
        assert_eq!(least.by_channel()[0].1, vec![Some(0.005), Some(0.0), Some(0.1)]);
    }
}

//! Chance in the shapes that traffic has.

use crate::bench::generate::random::Random;

/// Draws in shapes.
pub(super) struct Chance(Random);

impl Chance {
    pub(super) fn new(seed: u64, purpose: u64) -> Chance {
        Chance(Random::new(seed, purpose ^ 0x006c_616e_6c00))
    }

    /// In [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Evenly between two numbers.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number, both ends included.
    pub(super) fn whole(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.below(high - low + 1)
    }

    /// Evenly in the logarithm: as many between 1 and 10 as between 10 and 100.
    pub(super) fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    /// A waiting time with this mean, of things that do not know of each other.
    pub(super) fn wait(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// About normal, by the sum of twelve.
    pub(super) fn about(&mut self, mean: f64, deviation: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| self.unit()).sum();
        mean + deviation * (sum - 6.0)
    }

    /// True with this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of a list, which must not be empty.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        self.0.pick(list)
    }

    /// One of a list, the first ones more often: by the cube of chance.
    pub(super) fn favour<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let place = (list.len() as f64 * self.unit().powi(3)) as usize;
        &list[place.min(list.len() - 1)]
    }

    /// Some of a list, without repetition, in a random order.
    pub(super) fn some<T: Clone>(&mut self, list: &[T], number: usize) -> Vec<T> {
        let mut all = list.to_vec();
        let number = number.min(all.len());
        for at in 0..number {
            let other = at + self.0.below((all.len() - at) as u64) as usize;
            all.swap(at, other);
        }
        all.truncate(number);
        all
    }
}

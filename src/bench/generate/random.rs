//! Random numbers by seed: equal seeds give equal lines on any machine.

use seerflow_model::hash;

/// SplitMix64: a counter, mixed. Good enough for traffic, and about a nanosecond a number.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed; `purpose` keeps streams of one seed apart.
    pub fn new(seed: u64, purpose: u64) -> Random {
        Random(hash::pair(seed, purpose))
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        hash::mix(self.0)
    }

    /// Below `n`, which must not be 0; the bias (n / 2⁶⁴) does not matter here.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// True in `n` of `of` cases.
    #[inline]
    pub fn chance(&mut self, n: u64, of: u64) -> bool {
        self.below(of) < n
    }

    /// One of a list, which must not be empty.
    #[inline]
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}

/// Ranks with Zipf weights 1/(rank + 1), drawn in constant time by the alias method.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// For each column: up to where its own rank is drawn, and the rank that is drawn above.
    columns: Vec<(u32, u32)>,
}

impl Zipf {
    /// Over `n` ranks, at least one.
    pub fn new(n: usize) -> Zipf {
        let n = n.max(1);
        let total: f64 = (0..n).map(|rank| 1.0 / (rank + 1) as f64).sum();
        let mut share: Vec<f64> = (0..n).map(|rank| n as f64 / (rank + 1) as f64 / total).collect();
        let (mut rich, mut poor): (Vec<usize>, Vec<usize>) = (0..n).partition(|i| share[*i] >= 1.0);
        let mut columns: Vec<(u32, u32)> = (0..n as u32).map(|rank| (u32::MAX, rank)).collect();
        while let (Some(of), Some(&from)) = (poor.pop(), rich.last()) {
            columns[of] = ((share[of] * f64::from(u32::MAX)) as u32, from as u32);
            share[from] -= 1.0 - share[of];
            if share[from] < 1.0 {
                poor.extend(rich.pop());
            }
        }
        Zipf { columns }
    }

    /// Draws a rank.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> usize {
        let bits = random.bits();
        let column = (((bits >> 32) * self.columns.len() as u64) >> 32) as usize;
        let (own, other) = self.columns[column];
        if (bits as u32) < own { column } else { other as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_come_by_their_weights() {
        let (zipf, mut random) = (Zipf::new(100), Random::new(1, 0));
        let mut counts = [0u32; 100];
        let draws = 500_000;
        for _ in 0..draws {
            counts[zipf.draw(&mut random)] += 1;
        }
        let total: f64 = (1..=100).map(|rank| 1.0 / f64::from(rank)).sum();
        for (rank, count) in counts.iter().enumerate() {
            let expected = f64::from(draws) / (rank + 1) as f64 / total;
            let sigma = expected.sqrt();
            assert!((f64::from(*count) - expected).abs() < 5.0 * sigma, "{rank}: {count}");
        }
    }

    #[test]
    fn one_rank_is_always_drawn() {
        let mut random = Random::new(7, 7);
        assert!((0..1_000).all(|_| Zipf::new(1).draw(&mut random) == 0));
    }
}

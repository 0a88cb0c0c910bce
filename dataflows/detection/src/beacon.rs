//! Periodicity: a pair that speaks like a clock.
//!
//! Of the last [`GAPS_MAX`] gaps, how many are the median gap or a small multiple of it (a missed
//! beat), give or take the jitter? Gaps of chance are exponential; against that, the count of those
//! that fit has a binomial tail, which is the raw score. It is robust where the coefficient of
//! variation is not: one pause of an hour makes that large, and takes one gap of thirty away here.
//! Lines that come together (within [`BeaconConfig::together_ms`]) are one beat.
//!
//! Cost: O(1) per event, a sort of 32 numbers with every eighth gap; 64 bytes, 128 more once there
//! are gaps.

use libm::{exp, exp2, log, round};
use serde::{Deserialize, Serialize};

/// Gaps kept.
pub const GAPS_MAX: usize = 32;
/// Gaps before the first result.
const GAPS_MIN: u32 = 12;
/// Gaps from one result to the next.
const EVERY: u32 = 8;
/// A gap may be so many beats.
const MISSED_MAX: u32 = 3;

/// How beacons are judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeaconConfig {
    /// Tolerance of a gap, as a share of the period.
    pub jitter: f64,
    /// Events within this time are one beat, ms.
    pub together_ms: u32,
    /// Shortest period that is looked at, ms.
    pub period_min_ms: u32,
}

impl Default for BeaconConfig {
    fn default() -> BeaconConfig {
        BeaconConfig { jitter: 0.1, together_ms: 1_000, period_min_ms: 5_000 }
    }
}

/// A regularity: the numbers behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    /// −ln of how rarely gaps of chance are as regular.
    pub surprise: f64,
    /// Median gap, ms.
    pub period_ms: u32,
    /// Gaps looked at, and how many of them fit.
    pub gaps: u32,
    /// How many fit.
    pub fitting: u32,
    /// Robust coefficient of variation of the gaps (by the median absolute deviation).
    pub variation: f64,
    /// Coefficient of variation of the sizes.
    pub size_variation: f64,
    /// When the first of these gaps began, ns.
    pub since_ns: u64,
}

/// The gaps of one pair.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beacon {
    /// Time of the last beat, ns; 0 before the first.
    last_ns: u64,
    /// Gaps ever.
    count: u32,
    /// A ring, ms.
    gaps: Vec<u32>,
    size_mean: f32,
    size_variance: f32,
}

impl Beacon {
    /// Takes an event with its size (bytes; 0 when not known). Times must not fall.
    pub fn observe(&mut self, config: &BeaconConfig, at_ns: u64, size: f32) -> Option<Rhythm> {
        if self.last_ns == 0 {
            self.last_ns = at_ns.max(1);
            self.size_mean = size;
            return None;
        }
        let gap_ms =
            (at_ns.saturating_sub(self.last_ns) / 1_000_000).min(u64::from(u32::MAX)) as u32;
        if gap_ms <= config.together_ms {
            return None;
        }
        self.last_ns = at_ns;
        let rate = 1.0 / (self.count as f32 + 2.0).min(GAPS_MAX as f32);
        let error = size - self.size_mean;
        self.size_mean += rate * error;
        self.size_variance += rate * (error * error * (1.0 - rate) - self.size_variance);
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push(gap_ms);
        } else {
            self.gaps[self.count as usize % GAPS_MAX] = gap_ms;
        }
        self.count = self.count.wrapping_add(1);
        let due = self.count >= GAPS_MIN && (self.count - GAPS_MIN).is_multiple_of(EVERY);
        if due { self.rhythm(config) } else { None }
    }

    /// The engine was off: the time to the next event is no gap.
    pub fn pause(&mut self) {
        self.last_ns = 0;
    }

    /// How regular the gaps are; `None` when there are too few or the period is too short.
    pub fn rhythm(&self, config: &BeaconConfig) -> Option<Rhythm> {
        let mut sorted = self.gaps.clone();
        sorted.sort_unstable();
        let period_ms = *sorted.get(sorted.len() / 2)?;
        if sorted.len() < 3 || period_ms < config.period_min_ms.max(1) {
            return None;
        }
        let jitter = config.jitter.clamp(0.01, 0.3);
        let fits = |gap: u32| {
            let beats = f64::from(gap) / f64::from(period_ms);
            let whole = round(beats).clamp(1.0, f64::from(MISSED_MAX));
            (beats - whole).abs() <= jitter
        };
        let fitting = sorted.iter().filter(|&&gap| fits(gap)).count() as u32;
        let chance: f64 = (1..=MISSED_MAX)
            .map(f64::from)
            .map(|beats| exp2(-(beats - jitter)) - exp2(-(beats + jitter)))
            .sum();
        let mut apart: Vec<u32> = sorted.iter().map(|gap| gap.abs_diff(period_ms)).collect();
        apart.sort_unstable();
        let gaps = sorted.len() as u32;
        let spread = 1.4826 * f64::from(apart[apart.len() / 2]);
        let sum_ms: u64 = sorted.iter().map(|&gap| u64::from(gap)).sum();
        Some(Rhythm {
            // The median fits itself.
            surprise: -log(binomial_tail(gaps - 1, fitting.saturating_sub(1), chance)),
            period_ms,
            gaps,
            fitting,
            variation: spread / f64::from(period_ms),
            size_variation: f64::from(self.size_variance.max(0.0).sqrt())
                / f64::from(self.size_mean.abs()).max(1.0),
            since_ns: self.last_ns.saturating_sub(sum_ms.saturating_mul(1_000_000)),
        })
    }
}

/// P(at least k of n).
fn binomial_tail(n: u32, k: u32, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    let ways: f64 = (0..k).map(|i| log(f64::from(n - i) / f64::from(i + 1))).sum();
    let mut term = exp(ways + f64::from(k) * log(p) + f64::from(n - k) * log(1.0 - p));
    let mut sum = 0.0;
    for i in k..=n {
        sum += term;
        term *= f64::from(n - i) / f64::from(i + 1) * p / (1.0 - p);
    }
    sum.clamp(1e-300, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seerflow_model::hash::mix;
    use statrs::distribution::{Binomial, DiscreteCDF};

    const MS: u64 = 1_000_000;

    fn uniform(n: u64) -> f64 {
        ((mix(n) >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    proptest! {
        #[test]
        fn tails_are_those_of_the_distribution(n in 2u32..32, part in 0.0f64..1.0, p in 0.02f64..0.6) {
            let k = (part * f64::from(n)) as u32;
            let want = if k == 0 { 1.0 } else {
                Binomial::new(p, u64::from(n)).unwrap().sf(u64::from(k) - 1)
            };
            let got = binomial_tail(n, k, p);
            prop_assert!((got - want).abs() < 1e-9 + 1e-6 * want, "{got} {want}");
        }

        #[test]
        fn any_times_are_harmless(gaps in prop::collection::vec(any::<u64>(), 1..200)) {
            let mut beacon = Beacon::default();
            let mut now = 0u64;
            for gap in gaps {
                now = now.saturating_add(gap >> (gap % 64));
                if let Some(rhythm) = beacon.observe(&BeaconConfig::default(), now, gap as f32) {
                    prop_assert!(rhythm.fitting <= rhythm.gaps && rhythm.surprise >= 0.0);
                    prop_assert!(rhythm.since_ns <= now);
                }
            }
            prop_assert!(beacon.gaps.len() <= GAPS_MAX);
        }
    }

    /// Runs beats with gaps by a draw; the greatest surprise.
    fn run(events: u64, mut gap_ms: impl FnMut(u64) -> f64) -> (f64, Option<Rhythm>) {
        let mut beacon = Beacon::default();
        let (mut now, mut most, mut last) = (1_000_000 * MS, 0.0f64, None);
        for n in 0..events {
            now += gap_ms(n) as u64 * MS;
            if let Some(rhythm) = beacon.observe(&BeaconConfig::default(), now, 512.0) {
                most = most.max(rhythm.surprise);
                last = Some(rhythm);
            }
        }
        (most, last)
    }

    #[test]
    fn beats_with_jitter_pauses_and_missed_ones_are_found() {
        let (_, rhythm) = run(60, |n| {
            let jitter = 60_000.0 * (1.0 + 0.05 * (2.0 * uniform(n) - 1.0));
            match n {
                40 => 3_600_000.0,
                _ if n % 7 == 0 => 2.0 * jitter,
                _ => jitter,
            }
        });
        let rhythm = rhythm.unwrap();
        assert!(rhythm.surprise > 30.0 && rhythm.fitting >= 28, "{rhythm:?}");
        assert!((57_000..63_000).contains(&rhythm.period_ms), "{rhythm:?}");
        assert!(rhythm.variation < 0.1 && rhythm.size_variation < 1e-3, "{rhythm:?}");
    }

    #[test]
    fn chance_is_as_rare_as_it_says() {
        let (mut looked, mut found) = (0u32, [0u32; 2]);
        for seed in 0..4000u64 {
            let mut beacon = Beacon::default();
            let mut now = 1_000_000 * MS;
            for n in 0..45 {
                now += (-60_000.0 * uniform(seed << 16 | n).ln()) as u64 * MS;
                if let Some(rhythm) = beacon.observe(&BeaconConfig::default(), now, 1.0) {
                    looked += 1;
                    found[0] += u32::from(rhythm.surprise >= -(1e-2f64.ln()));
                    found[1] += u32::from(rhythm.surprise >= -(1e-3f64.ln()));
                }
            }
        }
        assert!(looked > 10_000);
        for (found, level) in found.into_iter().zip([1e-2, 1e-3]) {
            assert!(f64::from(found) <= 3.0 * level * f64::from(looked), "{level}: {found}");
        }
    }

    #[test]
    fn bursts_are_one_beat_and_short_periods_are_not_looked_at() {
        assert_eq!(run(100, |_| 400.0).1, None);
        assert_eq!(run(100, |_| 2_000.0).1, None);
        let (_, rhythm) = run(120, |n| if n % 3 == 0 { 30_000.0 } else { 10.0 });
        assert!(rhythm.unwrap().surprise > 40.0);
        assert!(size_of::<Beacon>() <= 64, "{}", size_of::<Beacon>());
    }
}

//! Laws of counts that are known exactly, and the levels that a test of them can have.

use crate::support::rng::Rng;

/// How counts of a minute are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The same rate at any time.
    Poisson,
    /// A day's sine of 50 %.
    Seasonal,
    /// Rates that differ from minute to minute: variance m + m²/5.
    NegativeBinomial,
    /// Nothing in 60 % of the minutes, else 2.5 times the rate.
    ZeroInflated,
    /// Minutes with 2, 4 … 64 times the usual rate, each 2.8 times as rare as the one before.
    HeavyTailed,
}

/// Size of the negative binomial.
const SIZE: u32 = 5;
/// Doublings of the heavy tail.
const DOUBLINGS: u32 = 7;

impl Shape {
    /// All of them.
    pub const ALL: [Shape; 5] = [
        Shape::Poisson,
        Shape::Seasonal,
        Shape::NegativeBinomial,
        Shape::ZeroInflated,
        Shape::HeavyTailed,
    ];

    /// The mean at a minute of the log, which begins at eight o'clock.
    pub fn mean(self, mean: f64, minute: u64) -> f64 {
        let part = (minute + 480) % 1440;
        match self {
            Shape::Seasonal => {
                mean * (1.0 + 0.5 * (part as f64 / 1440.0 * std::f64::consts::TAU).sin())
            }
            _ => mean,
        }
    }

    /// Draws a count around a mean.
    pub fn draw(self, rng: &mut Rng, mean: f64) -> u64 {
        let rate = match self {
            Shape::Poisson | Shape::Seasonal => mean,
            Shape::NegativeBinomial => {
                let gamma: f64 = (0..SIZE).map(|_| -(1.0 - rng.unit()).ln()).sum();
                mean * gamma / f64::from(SIZE)
            }
            Shape::ZeroInflated => mean * if rng.chance(0.6) { 0.0 } else { 2.5 },
            Shape::HeavyTailed => {
                let mut left = rng.unit();
                let parts = heavy();
                let part = parts.iter().find(|(weight, _)| {
                    left -= weight;
                    left < 0.0
                });
                mean * part.unwrap_or(&parts[0]).1
            }
        };
        poisson(rng, rate)
    }

    /// The law of the sum of so many independent series with this mean each; `None` where it is no
    /// law of the same form.
    pub fn law(self, mean: f64, series: u64) -> Option<Law> {
        let all = mean * series as f64;
        let poisson = |parts| Some(Law { parts, size: None });
        match self {
            Shape::Poisson | Shape::Seasonal => poisson(vec![(1.0, all)]),
            Shape::NegativeBinomial => {
                Some(Law { parts: vec![(1.0, all)], size: Some(f64::from(SIZE) * series as f64) })
            }
            _ if series > 1 => None,
            Shape::ZeroInflated => poisson(vec![(0.6, 0.0), (0.4, 2.5 * mean)]),
            Shape::HeavyTailed => {
                poisson(heavy().into_iter().map(|(weight, times)| (weight, times * mean)).collect())
            }
        }
    }
}

/// Weights and factors of the heavy tail; their mean is one.
fn heavy() -> Vec<(f64, f64)> {
    let powers = |by: f64| (0..DOUBLINGS).map(move |k| (by * f64::from(k)).exp2());
    let weights: f64 = powers(-1.5).sum();
    let mean: f64 = powers(-0.5).sum::<f64>() / weights;
    powers(-1.5).zip(powers(1.0)).map(|(weight, times)| (weight / weights, times / mean)).collect()
}

/// Poisson in pieces, so that no exponential becomes too small.
pub fn poisson(rng: &mut Rng, mean: f64) -> u64 {
    let pieces = (mean / 20.0).ceil().max(1.0);
    (0..pieces as u64).map(|_| rng.poisson(mean / pieces)).sum()
}

/// A mixture of Poisson laws (weight, mean), or of negative binomials of one size.
pub struct Law {
    parts: Vec<(f64, f64)>,
    size: Option<f64>,
}

impl Law {
    /// The greatest level ≤ `level` that a two-sided test of a count can have: by simple sums,
    /// first the lower tail, then the first count whose upper tail is small enough.
    pub fn attainable(&self, level: f64) -> f64 {
        let zero = |mean: f64| self.size.map_or(-mean, |size| size * (size / (size + mean)).ln());
        let mut logs: Vec<f64> = self.parts.iter().map(|(_, mean)| zero(*mean)).collect();
        let (mut below, mut lower, mut x) = (0.0, 0.0, 0.0);
        while 1.0 - below > level / 2.0 {
            below += self.parts.iter().zip(&logs).map(|((w, _), log)| w * log.exp()).sum::<f64>();
            if below <= level / 2.0 {
                lower = below;
            }
            x += 1.0;
            for (log, (_, mean)) in logs.iter_mut().zip(&self.parts) {
                *log += match self.size {
                    None => (mean / x).ln(),
                    Some(size) => ((x - 1.0 + size) / x * mean / (mean + size)).ln(),
                };
            }
        }
        lower + (1.0 - below)
    }
}

#[test]
fn attainable_levels_are_those_of_the_steps() {
    // Poisson(0.1): P(≥2) = .00468, P(≥3) = .000155. Poisson(6): P(0) = .0025, P(≥14) = .0036.
    for (level, mean, want) in
        [(1e-2, 0.1, 0.004_68), (1e-3, 0.1, 0.000_155), (1e-2, 6.0, 0.002_48 + 0.003_63)]
    {
        let got = Shape::Poisson.law(mean, 1).unwrap().attainable(level);
        assert!((got - want).abs() < 0.02 * want, "{level} {mean}: {got}");
    }
    let dense = Shape::Poisson.law(60.0, 100).unwrap().attainable(1e-3);
    assert!((0.000_9..=0.001).contains(&dense), "{dense}");
    assert!(Shape::ZeroInflated.law(6.0, 1).unwrap().attainable(1e-2) < 5.1e-3, "no lower side");
}

#[test]
fn laws_are_those_of_what_is_drawn() {
    for shape in Shape::ALL {
        let mut rng = Rng::new(5);
        let n = 200_000;
        let drawn: Vec<u64> = (0..n).map(|_| shape.draw(&mut rng, 20.0)).collect();
        let mean = drawn.iter().sum::<u64>() as f64 / f64::from(n);
        assert!((18.5..21.5).contains(&mean), "{shape:?}: {mean}");
        // As many lie outside of the steps as the law says.
        let law = shape.law(20.0, 1).unwrap();
        let mut sorted = drawn.clone();
        sorted.sort_unstable();
        let at = |part: f64| sorted[(part * f64::from(n)) as usize];
        let (low, high) = (at(0.005), at(0.995));
        let out = drawn.iter().filter(|x| **x < low || **x > high).count() as f64 / f64::from(n);
        let want = law.attainable(1e-2);
        assert!(out <= 1.3 * want + 0.002 && want <= 1e-2, "{shape:?}: {out} {want}");
    }
}

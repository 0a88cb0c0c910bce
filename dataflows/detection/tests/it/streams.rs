//! Seeded streams of counts whose distribution is known exactly.

use statrs::function::beta::beta_reg;
use statrs::function::gamma::{gamma_lr, gamma_ur, ln_gamma};

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// Uniform in (0, 1].
    pub fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Poisson: by multiplication for small means, by Hörmann's PTRS for large ones.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean < 12.0 {
            let bar = (-mean).exp();
            let mut product = self.uniform();
            let mut count = 0;
            while product > bar {
                product *= self.uniform();
                count += 1;
            }
            return count;
        }
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.02483 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let vr = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= vr {
                return k as u64;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let left = (v * inverse_alpha / (a / (us * us) + b)).ln();
            if left <= k * mean.ln() - mean - ln_gamma(k + 1.0) {
                return k as u64;
            }
        }
    }
}

impl Rng {
    /// Standard normal (Box and Muller).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (self.uniform() * std::f64::consts::TAU).cos()
    }

    /// Gamma with this shape and scale 1 (Marsaglia and Tsang).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.uniform().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }
}

/// The shape of a quiet stream. Nothing was chosen on the last three.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    Poisson,
    /// A day's sine of 50 %.
    Seasonal,
    /// Nothing in 60 % of the buckets, else 2.5 times the mean.
    ZeroInflated,
    /// Variance three times the mean.
    Clustered,
    /// Saturdays and Sundays with half the rate, over a day's sine of 30 %.
    Weekly,
    /// One bucket in ten with three times the rate of the others.
    Mixed,
}

/// The shapes that the detectors were made with.
pub const KNOWN: [Shape; 3] = [Shape::Poisson, Shape::Seasonal, Shape::ZeroInflated];
/// The shapes that they were only judged by.
pub const HELD_OUT: [Shape; 3] = [Shape::Clustered, Shape::Weekly, Shape::Mixed];

const ZEROS: f64 = 0.6;
const DISPERSION: f64 = 3.0;
const BUSY_SHARE: f64 = 0.1;
const BUSY_TIMES: f64 = 3.0;

impl Shape {
    /// Mean of the busy part in a bucket.
    pub fn busy_mean(self, mean: f64, bucket: u64) -> f64 {
        let sine = || ((bucket % 1440) as f64 / 1440.0 * std::f64::consts::TAU).sin();
        match self {
            Shape::Poisson | Shape::Clustered => mean,
            Shape::Seasonal => mean * (1.0 + 0.5 * sine()),
            Shape::ZeroInflated => mean / (1.0 - ZEROS),
            Shape::Weekly => {
                // Day 0 was a Thursday.
                let weekend = matches!(bucket / 1440 % 7, 2 | 3);
                mean * (1.0 + 0.3 * sine()) * if weekend { 0.5 } else { 1.0 }
            }
            Shape::Mixed => mean / (1.0 + BUSY_SHARE * (BUSY_TIMES - 1.0)),
        }
    }

    fn zeros(self) -> f64 {
        if self == Shape::ZeroInflated { ZEROS } else { 0.0 }
    }

    pub fn draw(self, rng: &mut Rng, mean: f64, bucket: u64) -> u64 {
        let busy = self.busy_mean(mean, bucket);
        match self {
            Shape::Clustered => {
                let rate = rng.gamma(busy / (DISPERSION - 1.0)) * (DISPERSION - 1.0);
                rng.poisson(rate)
            }
            Shape::Mixed => {
                let times = if rng.uniform() <= BUSY_SHARE { BUSY_TIMES } else { 1.0 };
                rng.poisson(busy * times)
            }
            _ if rng.uniform() <= self.zeros() => 0,
            _ => rng.poisson(busy),
        }
    }

    /// P(X ≥ x) and P(X ≤ x) in truth.
    pub fn tails(self, mean: f64, bucket: u64, x: u64) -> (f64, f64) {
        let busy = self.busy_mean(mean, bucket);
        let above = |mean: f64, x: u64| if x == 0 { 1.0 } else { gamma_lr(x as f64, mean) };
        let below = |mean: f64, x: u64| gamma_ur(x as f64 + 1.0, mean);
        match self {
            Shape::Clustered => {
                let (r, part) = (busy / (DISPERSION - 1.0), (DISPERSION - 1.0) / DISPERSION);
                let upper = |x: u64| if x == 0 { 1.0 } else { beta_reg(x as f64, r, part) };
                (upper(x), 1.0 - upper(x + 1))
            }
            Shape::Mixed => {
                let mix = |of: &dyn Fn(f64) -> f64| {
                    (1.0 - BUSY_SHARE) * of(busy) + BUSY_SHARE * of(BUSY_TIMES * busy)
                };
                (mix(&|mean| above(mean, x)), mix(&|mean| below(mean, x)))
            }
            _ => {
                let zeros = self.zeros();
                let upper = if x == 0 { 1.0 } else { (1.0 - zeros) * above(busy, x) };
                (upper, zeros + (1.0 - zeros) * below(busy, x))
            }
        }
    }

    /// The greatest level ≤ `level` that a two-sided test in this bucket can have.
    pub fn attainable(self, level: f64, mean: f64, bucket: u64) -> f64 {
        let busy = self.busy_mean(mean, bucket);
        let limit = (4.0 * busy + 40.0 * busy.sqrt() + 60.0) as u64;
        let first = least(limit, |x| self.tails(mean, bucket, x).0 <= level / 2.0);
        let past = least(limit, |x| self.tails(mean, bucket, x).1 > level / 2.0);
        let lower = if past == 0 { 0.0 } else { self.tails(mean, bucket, past - 1).1 };
        self.tails(mean, bucket, first).0 + lower
    }
}

fn least(limit: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, limit);
    while low < high {
        let middle = (low + high) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

#[test]
fn poisson_has_its_mean_and_variance() {
    let mut rng = Rng(1);
    for mean in [0.1, 5.0, 30.0, 6000.0] {
        let draws: Vec<f64> = (0..20_000).map(|_| rng.poisson(mean) as f64).collect();
        let got = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| (x - got) * (x - got)).sum::<f64>() / 20_000.0;
        assert!((got / mean - 1.0).abs() < 0.1, "{mean}: {got}");
        assert!((variance / mean - 1.0).abs() < 0.15, "{mean}: {variance}");
    }
}

#[test]
fn draws_are_as_rare_as_their_shape_says() {
    let n = 40_000;
    for shape in KNOWN.into_iter().chain(HELD_OUT) {
        for mean in [0.5, 6.0, 60.0] {
            let mut rng = Rng(9);
            let draws: Vec<u64> = (0..n).map(|_| shape.draw(&mut rng, mean, 3 * 1440)).collect();
            for x in [0, 1, (0.7 * mean) as u64, (1.5 * mean) as u64, (2.5 * mean) as u64] {
                let (upper, lower) = shape.tails(mean, 3 * 1440, x);
                let above = draws.iter().filter(|&&d| d >= x).count() as f64 / f64::from(n);
                let below = draws.iter().filter(|&&d| d <= x).count() as f64 / f64::from(n);
                assert!((above - upper).abs() < 0.012, "{shape:?} {mean} {x}: {above} {upper}");
                assert!((below - lower).abs() < 0.012, "{shape:?} {mean} {x}: {below} {lower}");
            }
        }
    }
}

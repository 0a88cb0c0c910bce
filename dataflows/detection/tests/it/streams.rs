//! Seeded streams of counts whose distribution is known exactly.

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

/// The shape of a quiet stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    Poisson,
    /// A day's sine of 50 %.
    Seasonal,
    /// Nothing in 60 % of the buckets, else 2.5 times the mean.
    ZeroInflated,
}

const ZEROS: f64 = 0.6;

impl Shape {
    /// Mean of the busy part in a bucket.
    pub fn busy_mean(self, mean: f64, bucket: u64) -> f64 {
        match self {
            Shape::Poisson => mean,
            Shape::Seasonal => {
                let part = (bucket % 1440) as f64 / 1440.0;
                mean * (1.0 + 0.5 * (part * std::f64::consts::TAU).sin())
            }
            Shape::ZeroInflated => mean / (1.0 - ZEROS),
        }
    }

    fn zeros(self) -> f64 {
        if self == Shape::ZeroInflated { ZEROS } else { 0.0 }
    }

    pub fn draw(self, rng: &mut Rng, mean: f64, bucket: u64) -> u64 {
        if rng.uniform() <= self.zeros() { 0 } else { rng.poisson(self.busy_mean(mean, bucket)) }
    }

    /// P(X ≥ x) and P(X ≤ x) in truth.
    fn tails(self, mean: f64, bucket: u64, x: u64) -> (f64, f64) {
        let busy = self.busy_mean(mean, bucket);
        let upper = if x == 0 { 1.0 } else { (1.0 - self.zeros()) * gamma_lr(x as f64, busy) };
        let lower = self.zeros() + (1.0 - self.zeros()) * gamma_ur(x as f64 + 1.0, busy);
        (upper, lower)
    }

    /// The greatest level ≤ `level` that a two-sided test in this bucket can have.
    pub fn attainable(self, level: f64, mean: f64, bucket: u64) -> f64 {
        let busy = self.busy_mean(mean, bucket);
        let limit = (busy + 20.0 * busy.sqrt() + 30.0) as u64;
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

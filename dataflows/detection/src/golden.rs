//! Numbers of the reference tables: streams of a generator that anyone can repeat.

/// The 64-bit linear congruential generator of Knuth's MMIX.
pub(crate) struct Lcg(pub u64);

impl Lcg {
    /// Uniform in [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Exponential with mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }

    /// Standard normal (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[test]
fn the_streams_are_those_of_the_tables() {
    assert_eq!(Lcg(7).exponential(), 0.6796630353253824);
    assert!((Lcg(8).normal() + 1.2474682205589684).abs() < 1e-15);
}

//! Numbers that can be added and taken away again without loss: fixed point, 2⁻³².
//!
//! A sliding sum in floating point drifts with every value that leaves it. Here whole numbers of
//! 64 bits and fractions of 32 bits are exact, so a sum is what a fresh addition would give.

use crate::number::{Number, Relation};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// One.
const ONE: i128 = 1 << 32;
/// Greatest magnitude: every whole number of 64 bits fits.
const MAX: i128 = 1 << 95;

/// A number in units of 2⁻³².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fixed(pub i128);

impl Fixed {
    /// A whole number.
    pub fn whole(value: u64) -> Fixed {
        Fixed((i128::from(value) * ONE).min(MAX))
    }

    /// The nearest; what is too large is cut to the greatest.
    pub fn of(number: Number) -> Fixed {
        match number {
            Number::Int(value) => Fixed(i128::from(value) * ONE),
            Number::Real(bits) => Fixed::real(f64::from_bits(bits)),
        }
    }

    /// The nearest to a floating point number.
    pub fn real(value: f64) -> Fixed {
        let scaled = value * ONE as f64;
        // The conversion saturates and makes nothing of NaN.
        Fixed((scaled.round_ties_even() as i128).clamp(-MAX, MAX))
    }

    /// As floating point.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    /// The smallest difference.
    pub fn next(self, up: bool) -> Fixed {
        Fixed(self.0 + if up { 1 } else { -1 })
    }

    /// The next whole number, or the one before.
    pub fn next_whole(self, up: bool) -> Fixed {
        let floor = self.0.div_euclid(ONE);
        let exact = self.0.rem_euclid(ONE) == 0;
        let whole = match (up, exact) {
            (true, _) => floor + 1,
            (false, true) => floor - 1,
            (false, false) => floor,
        };
        Fixed(whole * ONE)
    }

    /// The least whole number that is not below.
    pub fn ceil(self) -> u64 {
        u64::try_from(self.0.div_euclid(ONE) + i128::from(self.0.rem_euclid(ONE) != 0)).unwrap_or(0)
    }
}

/// A measured number: a quotient, so that means and medians are exact, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// Numerator, in units of 2⁻³².
    pub over: i128,
    /// Denominator, at least one.
    pub under: u64,
}

impl Ratio {
    /// A count.
    pub fn count(value: u64) -> Ratio {
        Ratio { over: Fixed::whole(value).0, under: 1 }
    }

    /// A number as it is.
    pub fn plain(value: Fixed) -> Ratio {
        Ratio { over: value.0, under: 1 }
    }

    /// As floating point.
    pub fn as_f64(self) -> f64 {
        Fixed(self.over).as_f64() / self.under.max(1) as f64
    }

    /// How it stands to a number.
    pub fn compare(self, other: Fixed) -> Ordering {
        self.over.cmp(&other.0.saturating_mul(i128::from(self.under.max(1))))
    }

    /// Whether all relations hold.
    pub fn meets(self, bounds: &[(Relation, Fixed)]) -> bool {
        bounds.iter().all(|(relation, bound)| relation.holds(self.compare(*bound)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_keep_what_they_are() {
        for (text, expected) in [
            ("3", 3.0),
            ("-2.5", -2.5),
            ("9223372036854775807", i64::MAX as f64),
            ("1e300", MAX as f64 / ONE as f64),
        ] {
            let fixed = Fixed::of(Number::parse(text).unwrap());
            assert_eq!(fixed.as_f64(), expected, "{text}");
        }
        assert_eq!(Fixed::real(f64::NAN), Fixed(0));
        assert_eq!(Fixed::real(0.5).ceil(), 1);
        assert_eq!(Fixed::whole(7).ceil(), 7);
        assert_eq!(Fixed::real(-3.0).ceil(), 0);
        assert_eq!(Fixed::real(1.5).next_whole(false), Fixed::whole(1));
        assert_eq!(Fixed::whole(2).next_whole(false), Fixed::whole(1));
    }

    proptest! {
        #[test]
        fn a_mean_stands_as_the_fraction_does(sum in -1_000_000i64..1_000_000, n in 1u64..1000, b in -2000i64..2000) {
            let mean = Ratio { over: Fixed::of(Number::Int(sum)).0, under: n };
            let expected = i128::from(sum).cmp(&(i128::from(b) * i128::from(n)));
            prop_assert_eq!(mean.compare(Fixed::of(Number::Int(b))), expected);
        }
    }
}

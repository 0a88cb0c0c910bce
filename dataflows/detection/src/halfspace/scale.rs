//! From a number to its place in [0, 1]: by the quantiles of what was seen.
//!
//! What was seen fills the middle, [`MARGIN`] to 1 − [`MARGIN`], evenly by rank; ties take the
//! middle of their ranks. What lies beyond goes into the margins, the further out the further
//! away: a quantile transform alone would put it where the greatest value seen lies. Cost: 10 ns.

use crate::sketch::Quantiles;
use serde::{Deserialize, Serialize};

/// Room on each side for what was never seen.
pub const MARGIN: f32 = 0.3;
/// Ranks between knots.
const PARTS: usize = 32;
/// Least width by which the distance beyond is measured, relative to the greatest value.
const WIDTH_MIN: f64 = 0.05;

/// The scale of one feature.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Bins of the quantiles at k / 32; empty when nothing was seen.
    knots: Vec<i32>,
    grain: u8,
}

impl Scale {
    /// The scale of what a sketch has seen.
    pub fn of(sketch: &Quantiles) -> Scale {
        let grain = sketch.grain();
        let part = |k: usize| sketch.quantile(k as f64 / PARTS as f64);
        let knots = (0..=PARTS).map_while(part).map(|value| Quantiles::bin(value, grain));
        Scale { knots: knots.collect(), grain }
    }

    /// The place of a value.
    pub fn place(&self, value: f64) -> f32 {
        let (Some(&first), Some(&last)) = (self.knots.first(), self.knots.last()) else {
            return 0.5;
        };
        if value.is_nan() {
            return 0.5;
        }
        let bin = Quantiles::bin(value, self.grain);
        if (first..=last).contains(&bin) {
            return MARGIN + (1.0 - 2.0 * MARGIN) * self.rank(bin);
        }
        let [first, last, value] = [first, last, bin].map(|bin| Quantiles::middle(bin, self.grain));
        let width = (last - first).max(WIDTH_MIN * last.abs().max(first.abs())).max(1e-9);
        let beyond = (value - last).max(first - value).min(f64::MAX);
        let part = MARGIN * (beyond / (beyond + width)) as f32;
        if value > last { 1.0 - MARGIN + part } else { MARGIN - part }
    }

    /// Rank in [0, 1] of a bin within the knots.
    fn rank(&self, bin: i32) -> f32 {
        // Counting all is faster than searching among so few.
        let below = self.knots.iter().filter(|&&knot| knot < bin).count();
        let upto = self.knots.iter().filter(|&&knot| knot <= bin).count();
        let place = if below < upto {
            0.5 * (below + upto - 1) as f32
        } else {
            let (left, right) = (self.knots[below - 1], self.knots[below]);
            (below - 1) as f32 + (bin - left) as f32 / (right - left) as f32
        };
        place / PARTS as f32
    }

    /// Whether a quantile of this scale lies elsewhere on an older one.
    pub fn differs(&self, old: &Scale, by: f32) -> bool {
        self.knots.len() != old.knots.len()
            || self.knots.iter().any(|&knot| {
                let value = Quantiles::middle(knot, self.grain);
                (self.place(value) - old.place(value)).abs() > by
            })
    }

    /// Whether a place is one beyond all that was seen.
    pub fn beyond(place: f32) -> bool {
        !(MARGIN..=1.0 - MARGIN).contains(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: impl IntoIterator<Item = f64>) -> Scale {
        let mut sketch = Quantiles::default();
        values.into_iter().for_each(|value| sketch.add(value, 1));
        Scale::of(&sketch)
    }

    proptest! {
        #[test]
        fn the_order_is_kept_within_the_unit(
            values in prop::collection::vec(-1e3f64..1e3, 0..200),
            a in prop_oneof![-1e4f64..1e4, any::<f64>()],
            b in prop_oneof![-1e4f64..1e4, any::<f64>()],
        ) {
            let scale = of(values);
            for x in [a, b] {
                prop_assert!((0.0..=1.0).contains(&scale.place(x)), "{x}: {}", scale.place(x));
            }
            if a < b {
                prop_assert!(scale.place(a) <= scale.place(b) + 1e-6);
            }
        }
    }

    #[test]
    fn ranks_fill_the_middle_and_the_margins_are_for_the_unseen() {
        let scale = of((0..1000).map(|n| 50.0 + f64::from(n) * 0.1));
        for (value, want) in [(50.0, 0.3), (100.0, 0.5), (149.0, 0.7)] {
            assert!((scale.place(value) - want).abs() < 0.03, "{value}: {}", scale.place(value));
        }
        let [near, ten] = [160.0, 1500.0].map(|x| scale.place(x));
        assert!(near > 0.7 && ten > near + 0.1 && ten < 1.0, "{near} {ten}");
        assert!(scale.place(1.0) < 0.3);
        let ties = of((0..100).map(|n| if n < 97 { 1.0 } else { 9.0 }));
        assert!((ties.place(1.0) - 0.5).abs() < 0.02 && ties.place(9.0) > 0.68);
        assert_eq!(Scale::default().place(7.0), 0.5);
        assert!(!ties.differs(&ties, 0.01) && scale.differs(&ties, 0.1));
    }
}

//! Quantiles of a stream of numbers, as integer counts in bins of constant relative width.
//!
//! A bin is a run of floating-point numbers that share sign, exponent and the first mantissa bits
//! (the idea of DDSketch: C. Masson, J. Rim, H. Lee, VLDB 2019), so that a number finds its bin by
//! a shift. 15 parts per million at first; when there are more than [`BINS_MAX`] bins one mantissa
//! bit is dropped from all of them. So there are about a hundred bins where the values lie, whether
//! these are temperatures around 70 or sizes over ten decades. How many bits that takes depends on
//! the set of values alone, not on their order or on how they were split, so merging is commutative
//! and associative; only `halve` has a place in time.
//!
//! Cost: a binary search per value (10–20 ns); a pass over at most 128 bins per question. At most
//! 1 KiB.

use libm::log;
use serde::{Deserialize, Serialize};

/// Bins kept.
pub const BINS_MAX: usize = 128;
/// Mantissa bits of a bin at first.
const FINE: u32 = 16;
/// Mantissa and exponent bits that could be dropped before one bin a sign is left.
const COARSEST: u8 = 27;
/// The tail by which what lies beyond everything seen is judged begins here.
const TAIL: f64 = 0.05;
/// Least width by which an excess is measured, relative to the greatest value.
const WIDTH_MIN: f64 = 0.02;
/// Nats that being beyond everything seen can add: more is not told apart.
pub const BEYOND_MAX: f64 = 60.0;

/// Counts by bin, in the order of the values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantiles {
    total: u64,
    /// Bits dropped so far.
    coarse: u8,
    bins: Vec<(i32, u32)>,
}

/// How far out a value lies, on both sides, in nats (−ln of a probability).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surprise {
    /// −ln P(X ≥ x).
    pub upper: f64,
    /// −ln P(X ≤ x).
    pub lower: f64,
}

impl Surprise {
    /// −ln of the two-sided probability.
    pub fn two_sided(self) -> f64 {
        (self.upper.max(self.lower) - std::f64::consts::LN_2).max(0.0)
    }
}

fn key(value: f64, coarse: u8) -> i32 {
    let size = (value.abs().min(f64::MAX).to_bits() >> (52 - FINE)) as i32 >> coarse;
    if value < 0.0 { -size } else { size }
}

/// The bounds of a bin, the one nearer to zero first.
fn bounds(key: i32, coarse: u8) -> (f64, f64) {
    let size = u64::from(key.unsigned_abs());
    let edge = |size: u64| {
        let bits = (size << coarse) << (52 - FINE);
        f64::from_bits(bits.min(f64::MAX.to_bits()))
    };
    let sign = if key < 0 { -1.0 } else { 1.0 };
    (sign * edge(size), sign * edge(size + 1))
}

/// The middle of a bin; the bin of zero is zero.
fn middle(key: i32, coarse: u8) -> f64 {
    if key == 0 {
        return 0.0;
    }
    let (near, far) = bounds(key, coarse);
    near + 0.5 * (far - near)
}

impl Quantiles {
    /// Counts a value, `times` over. What is no number is left out.
    pub fn add(&mut self, value: f64, times: u32) {
        if value.is_nan() || times == 0 {
            return;
        }
        self.total += u64::from(times);
        self.put(key(value, self.coarse), times);
        self.bound();
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Quantiles) {
        while self.coarse < other.coarse {
            self.coarsen();
        }
        let shift = self.coarse - other.coarse;
        self.total += other.total;
        for &(bin, times) in &other.bins {
            let size = (bin.unsigned_abs() >> shift) as i32;
            self.put(if bin < 0 { -size } else { size }, times);
        }
        self.bound();
    }

    /// Forgets half of every bin; what was seen once goes.
    pub fn halve(&mut self) {
        self.bins.iter_mut().for_each(|bin| bin.1 /= 2);
        self.bins.retain(|bin| bin.1 > 0);
        self.total = self.bins.iter().map(|bin| u64::from(bin.1)).sum();
    }

    /// Values counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The value below which this share of all lies.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = share.clamp(0.0, 1.0) * self.total as f64;
        let mut below = 0.0;
        for &(bin, times) in &self.bins {
            below += f64::from(times);
            if below >= wanted {
                return Some(middle(bin, self.coarse));
            }
        }
        self.bins.last().map(|bin| middle(bin.0, self.coarse))
    }

    /// How coarse the bins are, for [`Quantiles::bin`].
    pub fn grain(&self) -> u8 {
        self.coarse
    }

    /// The bin of a value in a sketch of this grain; bins are ordered as values are.
    pub(crate) fn bin(value: f64, grain: u8) -> i32 {
        key(value, grain.min(COARSEST))
    }

    /// The middle of a bin.
    pub(crate) fn middle(bin: i32, grain: u8) -> f64 {
        middle(bin, grain.min(COARSEST))
    }

    /// How many values lie in bins below that of a value, and how many in it.
    pub fn rank(&self, value: f64) -> (u64, u64) {
        let bin = key(value, self.coarse);
        let at = self.bins.partition_point(|entry| entry.0 < bin);
        let below = self.bins[..at].iter().map(|entry| u64::from(entry.1)).sum();
        let same = self.bins.get(at).filter(|entry| entry.0 == bin);
        (below, same.map_or(0, |entry| u64::from(entry.1)))
    }

    /// How rarely a value at least this large, and at most this large, was seen. Beyond all that
    /// was seen the tail is taken to fall exponentially at the pace of its last twentieth.
    pub fn surprise(&self, value: f64) -> Surprise {
        let (below, same) = self.rank(value);
        let of = self.total as f64 + 1.0;
        let above = self.total - below - same;
        let nats = |seen: u64| -log((seen as f64 + 1.0) / of);
        let (mut upper, mut lower) = (nats(above + same), nats(below + same));
        if above + same == 0 {
            upper += self.beyond(value, 1.0);
        } else if below + same == 0 {
            lower += self.beyond(value, -1.0);
        }
        Surprise { upper, lower }
    }

    /// Nats for lying beyond everything seen, on the side of `sign`.
    fn beyond(&self, value: f64, sign: f64) -> f64 {
        let (Some(first), Some(last)) = (self.bins.first(), self.bins.last()) else { return 0.0 };
        let greatest = sign * middle(if sign > 0.0 { last.0 } else { first.0 }, self.coarse);
        let wanted = (TAIL * self.total as f64).max(1.0);
        let (mut seen, mut excess, mut start) = (0.0f64, 0.0, greatest);
        let mut count = |&(bin, times): &(i32, u32)| {
            if seen < wanted {
                // Of a bin that holds more than the tail only what belongs to it.
                let part = f64::from(times).min(wanted - seen);
                start = sign * middle(bin, self.coarse);
                seen += part;
                excess += part * start;
            }
        };
        if sign > 0.0 {
            self.bins.iter().rev().for_each(&mut count);
        } else {
            self.bins.iter().for_each(&mut count);
        }
        let width = (excess / seen - start).max(WIDTH_MIN * greatest.abs()).max(1e-9);
        ((sign * value - greatest) / width).clamp(0.0, BEYOND_MAX)
    }

    /// How many values lie in bins above that of `from`, and how far beyond it on average, none
    /// counted further than `to`.
    pub fn excess(&self, from: f64, to: f64) -> (u64, f64) {
        let at = self.bins.partition_point(|entry| entry.0 <= key(from, self.coarse));
        let (mut count, mut sum) = (0u64, 0.0);
        for &(bin, times) in &self.bins[at..] {
            count += u64::from(times);
            let value = middle(bin, self.coarse).min(to);
            sum += f64::from(times) * (value - from).max(0.0);
        }
        (count, if count == 0 { 0.0 } else { sum / count as f64 })
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.bins.capacity() * size_of::<(i32, u32)>()
    }

    fn put(&mut self, bin: i32, times: u32) {
        let at = self.bins.partition_point(|entry| entry.0 < bin);
        match self.bins.get_mut(at) {
            Some(entry) if entry.0 == bin => entry.1 = entry.1.saturating_add(times),
            _ => self.bins.insert(at, (bin, times)),
        }
    }

    fn bound(&mut self) {
        while self.bins.len() > BINS_MAX && self.coarse < COARSEST {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.coarse += 1;
        for (bin, _) in &mut self.bins {
            let size = (bin.unsigned_abs() >> 1) as i32;
            *bin = if *bin < 0 { -size } else { size };
        }
        self.bins.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            same
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Quantiles {
        let mut sketch = Quantiles::default();
        values.iter().for_each(|&value| sketch.add(value, 1));
        sketch
    }

    fn numbers() -> impl Strategy<Value = Vec<f64>> {
        let number = prop_oneof![
            4 => -1e6f64..1e6,
            2 => (0u32..50).prop_map(f64::from),
            1 => any::<f64>().prop_filter("a number", |x| !x.is_nan()),
            1 => (-300f64..300.0).prop_map(libm::exp10),
        ];
        prop::collection::vec(number, 0..600)
    }

    proptest! {
        #[test]
        fn any_split_in_any_order_is_the_whole(values in numbers(), cut in 0usize..600) {
            let whole = of(&values);
            let (a, b) = values.split_at(cut.min(values.len()));
            let (mut ab, mut ba) = (of(a), of(b));
            ab.merge(&of(b));
            ba.merge(&of(a));
            prop_assert_eq!(&ab, &whole);
            prop_assert_eq!(&ba, &whole);
            let mut turned = values.clone();
            turned.reverse();
            prop_assert_eq!(&of(&turned), &whole);
            prop_assert!(whole.bins.len() <= BINS_MAX && whole.total() == values.len() as u64);
        }

        /// Against the sorted values: ranks are those of values within the width of a bin.
        #[test]
        fn ranks_and_quantiles_are_those_of_the_sorted_values(
            values in prop::collection::vec(0.5f64..2000.0, 1..400),
            value in 0.5f64..2000.0,
        ) {
            let sketch = of(&values);
            let width = libm::exp2(f64::from(sketch.coarse) - f64::from(FINE));
            let (below, same) = sketch.rank(value);
            let under = values.iter().filter(|&&v| v < value * (1.0 - width)).count() as u64;
            let upto = values.iter().filter(|&&v| v <= value * (1.0 + width)).count() as u64;
            prop_assert!(under <= below + same && below + same <= upto);
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            for share in [0.0, 0.1, 0.5, 0.9, 1.0] {
                let at = ((share * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
                let got = sketch.quantile(share).unwrap();
                prop_assert!((got / sorted[at - 1] - 1.0).abs() <= width, "{share}: {got}");
            }
        }

        #[test]
        fn surprise_grows_outwards_and_is_the_share_that_was_seen(
            values in prop::collection::vec(0u32..60, 20..300), a in 0u32..200, b in 0u32..200,
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let sketch = of(&values);
            let (low, high) = (f64::from(a.min(b)), f64::from(a.max(b)));
            prop_assert!(sketch.surprise(low).upper <= sketch.surprise(high).upper + 1e-12);
            prop_assert!(sketch.surprise(low).lower >= sketch.surprise(high).lower - 1e-12);
            let share = |n: usize| (n as f64 + 1.0) / (values.len() as f64 + 1.0);
            let above = values.iter().filter(|&&v| v >= low).count();
            if above > 0 {
                let got = libm::exp(-sketch.surprise(low).upper);
                prop_assert!((got - share(above)).abs() < 1e-9, "{got} {}", share(above));
            }
        }
    }

    #[test]
    fn beyond_everything_seen_the_distance_counts() {
        let values: Vec<f64> = (0..1000).map(|n| 80.0 + f64::from(n % 40)).collect();
        let sketch = of(&values);
        let [near, far, ten] = [121.0, 160.0, 1000.0].map(|x| sketch.surprise(x).upper);
        assert!(near > 6.9 && near < far && far < ten && ten > 40.0, "{near} {far} {ten}");
        assert!(sketch.surprise(4.0).lower > 20.0);
        assert!(sketch.surprise(100.0).two_sided() < 0.5);
        let constant = of(&[7.0; 500]);
        assert!(constant.surprise(7.0).two_sided() < 0.01);
        assert!(constant.surprise(70.0).upper > 60.0);
    }

    #[test]
    fn an_excess_is_that_of_the_values() {
        let sketch = of(&(0..1000).map(f64::from).collect::<Vec<_>>());
        let width = libm::exp2(f64::from(sketch.coarse) - f64::from(FINE)) * 1000.0;
        let (count, mean) = sketch.excess(800.0, 950.0);
        let want = (801..1000).map(|n| (f64::from(n).min(950.0) - 800.0) / 199.0).sum::<f64>();
        assert!((count as f64 - 199.0).abs() <= width, "{count}");
        assert!((mean - want).abs() <= width, "{mean} {want} {width}");
        assert_eq!(sketch.excess(2000.0, 3000.0), (0, 0.0));
        assert_eq!(Quantiles::default().excess(0.0, 1.0), (0, 0.0));
    }

    #[test]
    fn a_narrow_range_is_seen_finely_and_a_wide_one_coarsely() {
        let narrow = of(&(0..5000).map(|n| 68.0 + f64::from(n % 997) / 997.0).collect::<Vec<_>>());
        assert!((narrow.quantile(0.25).unwrap() - 68.25).abs() < 0.02);
        let wide = of(&(0..5000).map(|n| libm::exp10(f64::from(n) / 500.0)).collect::<Vec<_>>());
        let middle = wide.quantile(0.5).unwrap();
        assert!((libm::log10(middle) - 5.0).abs() < 0.15, "{middle}");
        assert!(narrow.bins.len() > 60 && wide.bins.len() > 60);
    }

    #[test]
    fn odd_numbers_are_harmless_and_halving_forgets() {
        let mut sketch = of(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-320]);
        assert_eq!(sketch.total(), 5);
        assert_eq!(sketch.rank(0.0), (1, 3));
        sketch.halve();
        assert_eq!((sketch.total(), sketch.rank(0.0)), (1, (0, 1)));
        sketch.halve();
        assert_eq!(sketch.surprise(3.0), Surprise { upper: 0.0, lower: 0.0 });
        assert_eq!(sketch.quantile(0.5), None);
    }
}

//! Combination: what the channels say together.
//!
//! The weighted Cauchy combination (Y. Liu, J. Xie, JASA 2020):
//! `T = Σ wᵢ·cot(π·pᵢ) / Σ wᵢ`, `p = ½ − atan(T)/π`. Its tail is right under any dependence between
//! the channels, which are all made from the same events; weights keep their meaning and a
//! channel that says nothing (not yet calibrated, not concerned) drops out. A channel's p is
//! capped at [`P_MAX`]: one that finds an event wholly ordinary must not outshout one that does not.
//! (cot is −∞ at 1, and scores that come in steps have much of their mass there; at .99 a p of 1
//! would still cancel one of .01. Capping is the truncated form of the test; the rate at small
//! levels stays what it was, as the tests show.) Cost: two transcendentals per channel.

use libm::{atan2, cos, sin};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Greatest p of a channel.
pub const P_MAX: f64 = 0.9;
/// Least p: below, probabilities are not told apart.
pub const P_MIN: f64 = 1e-300;

/// The share of one channel in a combined result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Tail probability of the channel; `None` when it said nothing.
    pub p: Option<f64>,
    /// Its weight.
    pub weight: f64,
    /// Its part of the sum of all positive terms, 0 to 1.
    pub share: f64,
}

/// A combined result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Combined {
    /// Tail probability of all channels together.
    pub p: f64,
    /// The channel that drove it, by index.
    pub driver: usize,
    /// Every channel's number.
    pub parts: Vec<Part>,
}

/// Combines channels given as (p, weight), in the caller's order. `None` when none says anything.
pub fn combine(channels: &[(Option<f64>, f64)]) -> Option<Combined> {
    let mut parts = Vec::with_capacity(channels.len());
    let (mut sum, mut weights, mut positive) = (0.0, 0.0, 0.0);
    let mut driver: Option<(usize, f64)> = None;
    for (at, &(p, weight)) in channels.iter().enumerate() {
        let said = p.filter(|p| !p.is_nan() && weight > 0.0 && weight.is_finite());
        let mut part = Part { p: said, weight, share: 0.0 };
        if let Some(p) = said {
            let term = weight * cot(p.clamp(P_MIN, P_MAX));
            (sum, weights, positive) = (sum + term, weights + weight, positive + term.max(0.0));
            part.share = term;
            if driver.is_none_or(|best| term > best.1) {
                driver = Some((at, term));
            }
        }
        parts.push(part);
    }
    for part in &mut parts {
        part.share = if positive > 0.0 { part.share.max(0.0) / positive } else { 0.0 };
    }
    let (driver, _) = driver?;
    // ½ − atan(T)/π, written so that a tiny p keeps its digits.
    Some(Combined { p: atan2(1.0, sum / weights) / PI, driver, parts })
}

/// cot(π·p).
fn cot(p: f64) -> f64 {
    if p < 1e-8 { 1.0 / (PI * p) } else { cos(PI * p) / sin(PI * p) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seerflow_model::hash::mix;

    fn p(channels: &[(Option<f64>, f64)]) -> f64 {
        combine(channels).unwrap().p
    }

    /// Uniform in (0, 1].
    fn uniform(n: u64) -> f64 {
        ((mix(n) >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    proptest! {
        /// Against the formula as it is printed, where it keeps its digits.
        #[test]
        fn it_is_the_formula(
            channels in prop::collection::vec((1e-6f64..P_MAX, 0.01f64..3.0), 1..7),
        ) {
            let sum: f64 = channels.iter().map(|(p, w)| w * ((0.5 - p) * PI).tan()).sum();
            let weights: f64 = channels.iter().map(|c| c.1).sum();
            let want = 0.5 - (sum / weights).atan() / PI;
            let given: Vec<_> = channels.iter().map(|&(p, w)| (Some(p), w)).collect();
            let got = combine(&given).unwrap();
            prop_assert!((got.p - want).abs() < 1e-9, "{} {want}", got.p);
            let shares: f64 = got.parts.iter().map(|part| part.share).sum();
            prop_assert!((shares - 1.0).abs() < 1e-9 || shares == 0.0);
        }

        #[test]
        fn more_evidence_never_weighs_less_and_the_missing_do_not_count(
            a in 1e-12f64..1.0, b in 1e-12f64..1.0, other in 1e-9f64..1.0,
        ) {
            let with = |p| self::p(&[(Some(p), 0.3), (None, 5.0), (Some(other), 0.2)]);
            prop_assert!(with(a.min(b)) <= with(a.max(b)) + 1e-15);
            prop_assert_eq!(with(a), p(&[(Some(a), 0.3), (Some(other), 0.2)]));
            prop_assert!((p(&[(Some(a), 0.7)]) / a.min(P_MAX) - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn the_driver_is_the_channel_that_weighs_most() {
        let combined =
            combine(&[(Some(0.4), 0.3), (Some(1e-9), 0.2), (None, 0.25), (Some(1e-4), 0.25)])
                .unwrap();
        assert_eq!(combined.driver, 1);
        assert!((combined.p / 5e-9 * 1.33 - 1.0).abs() < 0.5 && combined.parts[1].share > 0.99);
        assert_eq!(combined.parts[2], Part { p: None, weight: 0.25, share: 0.0 });
        assert!(p(&[(Some(1.0), 0.5), (Some(0.01), 0.5)]) < 0.03, "ordinary does not cancel odd");
        assert_eq!(combine(&[(None, 1.0), (Some(0.1), 0.0), (Some(f64::NAN), 1.0)]), None);
        assert!(p(&[(Some(0.0), 1.0), (Some(1.0), 1.0)]) < 1e-299);
    }

    #[test]
    fn the_realised_rate_is_the_level_under_independence_and_dependence() {
        // Rows of four channels: independent, all equal, equal in pairs.
        for shape in 0..3u64 {
            let n = 400_000u64;
            let mut found = [0u32; 2];
            for row in 0..n {
                let draw = |k: u64| match shape {
                    0 => uniform(row * 4 + k),
                    1 => uniform(row),
                    _ => uniform(row * 4 + k / 2),
                };
                let p =
                    p(&[0, 1, 2, 3].map(|k| (Some(draw(k)), [0.3, 0.25, 0.25, 0.2][k as usize])));
                found[0] += u32::from(p <= 1e-2);
                found[1] += u32::from(p <= 1e-3);
            }
            for (found, level) in found.into_iter().zip([1e-2, 1e-3]) {
                let ratio = f64::from(found) / (n as f64 * level);
                assert!((0.7..1.4).contains(&ratio), "{shape} {level}: {ratio}");
            }
        }
    }
}

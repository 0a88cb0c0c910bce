//! Online control of the false discovery rate of one kind of evidence: how rare it must be, so that
//! chance raises no more than a share of alerts a day and a part of what is found.
//!
//! LORD++ (A. Ramdas, F. Yang, M. Wainwright, M. Jordan, NeurIPS 2017): the level of test t is
//! `γ_t·W₀ + (α − W₀)₊·γ_{t−τ₁} + α·Σ_{j≥2} γ_{t−τⱼ}` with the times τ of earlier discoveries and any
//! weights γ that sum to one. Its own weights make levels fall for as long as nothing is found; an
//! installation that runs for years needs levels that do not. So here
//!
//! * W₀ is paid out evenly over the decisions of a day, and again every day: what chance may raise;
//! * what a discovery brings is paid out over time, with weights that fall by e in a day (they sum to
//!   one as well). All that must be known of earlier discoveries is then one decayed number D, exact
//!   for any number of them, with no day's end at which the level would jump;
//! * W₀ exceeds α, so the first of the discoveries that are remembered brings nothing.
//!
//! With N decisions a day the level is `min(risk, (W₀ + α·(D − 1)₊) / N)`. Levels add up to at most
//! `W₀·days + α·discoveries`, and for each decision under chance the probability of a false discovery
//! is at most its level: so no more than that is expected to be false.
//!
//! N is not counted. Under chance a decision lands between the risk level and [`NEAR`] times that
//! with probability (NEAR − 1)·risk, so the rate of those tells it; what is overwhelming is not in
//! that band and makes nothing stricter. Cost: O(1) a test, 24 bytes a kind.

use serde::{Deserialize, Serialize};

/// Part of what is found that may be false besides the share.
pub const ALPHA: f64 = 0.1;
/// The number of decisions is told by those whose probability is at most this many times the risk.
pub const NEAR: f64 = 10.0;
/// Half-life of the rate of decisions, in days.
const HALF_LIFE: f64 = 0.5;
/// Days that the memory of that rate holds in the end.
const MEMORY: f64 = HALF_LIFE / std::f64::consts::LN_2;
/// How many near misses the first assumption on that rate stands for; it fades like what was seen.
const PRIOR: f64 = 2.0;
/// Added to the near misses: a rate of few is otherwise often taken for much less than it is.
const CARE: f64 = 1.0;

/// What is promised of a kind of evidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// The level is never above this.
    pub risk: f64,
    /// W₀: false discoveries a day that chance may make; above 0.
    pub share: f64,
    /// How many times as many the risk level alone is assumed to make until it is known.
    pub eager: f64,
}

/// The tests of one kind of evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fdr {
    /// Decayed near misses, and days.
    near: f64,
    days: f64,
    /// D: decayed discoveries.
    found: f64,
}

impl Fdr {
    /// Lets so many days pass.
    pub fn pass(&mut self, days: f64) {
        let kept = libm::exp2(-days / HALF_LIFE);
        self.near *= kept;
        self.days = self.days * kept + (1.0 - kept) * MEMORY;
        self.found *= libm::exp(-days);
    }

    /// Takes a decision into the estimate of how many there are.
    pub fn count(&mut self, terms: &Terms, p: f64) {
        if p > terms.risk && p <= NEAR * terms.risk {
            self.near += 1.0;
        }
    }

    /// A test found something.
    pub fn discover(&mut self) {
        self.found += 1.0;
    }

    /// The level of the next test.
    pub fn level(&self, terms: &Terms) -> f64 {
        self.pays(terms, terms.share + ALPHA * (self.found - 1.0).max(0.0))
    }

    /// The level at which chance alone uses the share, whatever was found.
    pub fn chance(&self, terms: &Terms) -> f64 {
        self.pays(terms, terms.share)
    }

    /// The level that makes so many false discoveries a day.
    fn pays(&self, terms: &Terms, false_a_day: f64) -> f64 {
        let assumed = terms.eager * terms.share * (NEAR - 1.0);
        let fading = (1.0 - self.days / MEMORY).clamp(0.0, 1.0);
        let near = self.near + CARE + (PRIOR - CARE) * fading;
        let near_a_day = near / (self.days + fading * PRIOR / assumed);
        // N·risk: what the risk level alone would raise.
        let at_risk = near_a_day / (NEAR - 1.0);
        terms.risk * (false_a_day / at_risk).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seerflow_model::hash::mix;

    fn uniform(n: u64) -> f64 {
        ((mix(n) >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// The level by the whole list of tests (day, p) and discoveries (day).
    fn by_the_list(terms: &Terms, now: f64, tests: &[(f64, f64)], found: &[f64]) -> [f64; 2] {
        let band = terms.risk..=10.0 * terms.risk;
        let near = tests.iter().filter(|(_, p)| band.contains(p) && *p != terms.risk);
        let near: f64 = near.map(|(day, _)| 0.5f64.powf((now - day) / 0.5)).sum();
        // Two of them before the first test, and one more always; ∫ 2^(−2t) dt since then.
        let first = 0.5f64.powf(now / 0.5);
        let days = (1.0 - first) * 0.5 / 2f64.ln();
        let rate = (near + first + 1.0) / (days + 2.0 * first / (9.0 * terms.share * terms.eager));
        let decisions = rate / 9.0 / terms.risk;
        let memory: f64 = found.iter().map(|day| (day - now).exp()).sum();
        let brought = if memory > 1.0 { 0.1 * (memory - 1.0) } else { 0.0 };
        [brought, 0.0].map(|brought| ((terms.share + brought) / decisions).min(terms.risk))
    }

    proptest! {
        #[test]
        fn levels_are_those_of_the_whole_list(
            steps in prop::collection::vec((0.0f64..0.3, 0.0f64..4.0, any::<bool>()), 1..200),
            share in 0.1f64..20.0, eager in 0.5f64..10.0, risk in 1e-5f64..0.02,
        ) {
            let terms = Terms { risk, share, eager };
            let (mut fdr, mut now) = (Fdr::default(), 0.0);
            let (mut tests, mut found) = (Vec::new(), Vec::new());
            for (step, decades, dense) in steps {
                let step = if dense { step * 0.01 } else { step };
                now += step;
                fdr.pass(step);
                let want = by_the_list(&terms, now, &tests, &found);
                for (got, want) in [fdr.level(&terms), fdr.chance(&terms)].into_iter().zip(want) {
                    prop_assert!((got / want - 1.0).abs() < 1e-9, "{} {}", got, want);
                }
                prop_assert!(fdr.level(&terms) >= fdr.chance(&terms));
                // From ten times the risk level to a thousandth of it.
                let p = 10.0 * risk * libm::exp10(-decades);
                if p <= fdr.level(&terms) {
                    fdr.discover();
                    found.push(now);
                }
                fdr.count(&terms, p);
                tests.push((now, p));
            }
        }
    }

    const TERMS: Terms = Terms { risk: 1e-4, share: 1.25, eager: 1.0 };

    /// Days of evenly spaced decisions, some of them real: false discoveries, real ones that were
    /// found, and real ones, without those of the first day. `real` gives the probability of a
    /// decision that is real.
    fn run(seed: u64, days: u64, decisions: u64, real: impl Fn(u64) -> Option<f64>) -> [f64; 3] {
        let (mut fdr, mut last) = (Fdr::default(), 0);
        let mut all = [0.0; 3];
        for n in 0..days * decisions {
            let signal = real(n);
            let p = signal.unwrap_or_else(|| uniform(seed << 32 | n));
            let counts = f64::from(u8::from(n >= decisions));
            all[2] += if signal.is_some() { counts } else { 0.0 };
            if p > NEAR * TERMS.risk {
                continue;
            }
            fdr.pass((n - last) as f64 / decisions as f64);
            last = n;
            if p <= fdr.level(&TERMS) {
                all[usize::from(signal.is_some())] += counts;
                fdr.discover();
            }
            fdr.count(&TERMS, p);
        }
        all
    }

    #[test]
    fn what_is_false_stays_within_the_promise_and_uses_it() {
        let (seeds, days, decisions) = (6, 11, 200_000);
        for real_a_day in [0, 4, 40, 150] {
            let mut all = [0.0; 3];
            for seed in 0..seeds {
                let real = |n: u64| (n % decisions < real_a_day).then_some(1e-9);
                // A real one at each of so many even parts of the day.
                let spread = |n: u64| real(n % decisions * 7919 % decisions);
                let one = run(seed + 1, days, decisions, spread);
                (0..3).for_each(|at| all[at] += one[at]);
            }
            let [wrong, found, real] = all;
            let promised = TERMS.share * (seeds * (days - 1)) as f64 + ALPHA * (wrong + found);
            let room = 3.0 * promised.sqrt();
            println!(
                "{real_a_day} real a day: {wrong} false and {found} of {real}, {promised:.0} promised"
            );
            assert!(wrong <= promised + room, "{real_a_day}: {wrong} of {promised}");
            assert!(wrong >= 0.5 * promised, "{real_a_day}: {wrong} of {promised}");
            assert_eq!(found, real);
        }
    }

    /// Twenty real ones a day are of a strength that chance reaches several times a day, and come
    /// with 200 that are overwhelming, or without.
    #[test]
    fn a_storm_of_findings_brings_to_light_what_is_weaker() {
        let decisions = 1_000_000;
        let weak = |n: u64| (n % 50_000 == 2_500).then(|| 8e-6 * uniform(n ^ 0xabcd));
        let strong = |n: u64| n.is_multiple_of(5_000).then_some(1e-12);
        let part = |[_, found, real]: [f64; 3], strong: f64| (found - strong) / (real - strong);
        let alone = part(run(5, 9, decisions, weak), 0.0);
        let storm = run(5, 9, decisions, |n| weak(n).or_else(|| strong(n)));
        let storm = part(storm, 1_600.0);
        println!("found of the weaker: {alone:.2} alone, {storm:.2} in a storm");
        assert!(alone < 0.35 && storm > 0.9, "{alone} {storm}");
    }

    #[test]
    fn levels_do_not_fall_while_nothing_is_found_and_what_was_found_is_forgotten() {
        let mut fdr = Fdr::default();
        for _ in 0..1_000 {
            fdr.count(&TERMS, 5e-4);
        }
        fdr.pass(0.01);
        let fresh = fdr.level(&TERMS);
        (0..50).for_each(|_| fdr.discover());
        let rich = fdr.level(&TERMS);
        assert!((rich / fresh - (1.25 + 4.9) / 1.25).abs() < 1e-9, "{rich} {fresh}");
        assert_eq!(fdr.chance(&TERMS), fresh);
        fdr.pass(5.0);
        assert!(fdr.level(&TERMS) == fdr.chance(&TERMS));
        for _ in 0..10_000 {
            fdr.pass(0.001);
            fdr.count(&TERMS, 5e-4);
        }
        let level = fdr.level(&TERMS);
        fdr.pass(0.001);
        assert!((fdr.level(&TERMS) / level - 1.0).abs() < 0.01);
    }
}

//! Change: a level that has shifted, seen in the sum of small deviations.
//!
//! Two-sided cumulative sums (E. S. Page, Biometrika 1954) of standardised residuals:
//! `up = max(0, up + z − k)`, `down = max(0, down − z − k)`; an alarm when one exceeds `h`. The
//! alarm *latches*: a change is told once, as an edge, with the moment at which its sum last left
//! zero (the most likely time of change) and the size of the shift (`k` + sum / steps). While it
//! lasts, a sum in the other direction watches for its end: the residuals are back when they lie
//! nearer to zero than to the shift for long enough. An earlier product reset the sum, and the
//! score with it, before anyone could read it.
//!
//! Runs away from zero are renewals: independent, and each has one greatest sum. So "a run of
//! chance reaches x" is one test per run, however often it is looked at, and for normal residuals
//! its tail falls like e^(−2k·x): that is the raw score. [`Step::ended`] gives the calibrator its
//! one sample per run. Residuals are clipped first, so that one outlier is no change.
//! Cost: a few additions per closed bucket; 64 bytes.

use crate::calibrate::Side;
use serde::{Deserialize, Serialize};

/// How change is judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CusumConfig {
    /// Slack `k`: half of the shift to be found, in standard deviations.
    pub drift: f64,
    /// Threshold `h`.
    pub threshold: f64,
    /// Residuals count at most this much.
    pub clip: f64,
    /// Whether a fall is a change, too.
    pub lower: bool,
}

impl Default for CusumConfig {
    fn default() -> CusumConfig {
        CusumConfig { drift: 0.5, threshold: 5.0, clip: 4.0, lower: true }
    }
}

/// The residual of an observation with these tails (−ln P(X ≥ x) and −ln P(X ≤ x)): the normal
/// quantile of its mid-p, so that counts that come in steps or have a long tail are as rare as they
/// are, whatever their deviation says.
pub fn normal_score(upper: f64, lower: f64) -> f64 {
    let (above, below) = (libm::exp(-upper), libm::exp(-lower));
    let least = 1e-15;
    if above <= below {
        // P(X > x) + P(X = x) / 2, with P(X = x) = P(X ≥ x) + P(X ≤ x) − 1.
        let mid = 0.5 * (above + 1.0 - below).max(above);
        -quantile(mid.clamp(least, 0.5))
    } else {
        let mid = 0.5 * (below + 1.0 - above).max(below);
        quantile(mid.clamp(least, 0.5))
    }
}

/// Quantile of the standard normal distribution, p ≤ ½.
fn quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * statrs::function::erf::erfc_inv(2.0 * p)
}

/// Where a series stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing that chance does not explain.
    #[default]
    Quiet,
    /// A sum is beyond half of the threshold.
    Rising,
    /// The level has shifted, and still is.
    Alarmed,
    /// The last step ended a shift.
    Recovered,
}

/// A change of level: the numbers behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// `Alarmed` or `Recovered`.
    pub phase: Phase,
    /// To which side.
    pub side: Side,
    /// When it began, by the caller's clock (the first step of the run).
    pub since: u64,
    /// Steps of the run.
    pub steps: u32,
    /// The sum when it was found.
    pub sum: f64,
    /// The shift, in standard deviations.
    pub shift: f64,
}

/// What one step gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// An edge: a change was found, or has ended.
    pub edge: Option<Change>,
    /// Raw score of the run at hand, when it has never been as far out: nats by the model.
    pub score: Option<f64>,
    /// A run of chance has ended; its greatest score.
    pub ended: Option<f64>,
}

/// A sum on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Run {
    sum: f64,
    greatest: f64,
    since: u64,
    steps: u32,
}

impl Run {
    /// Adds a residual; the greatest sum of a run that this ends.
    fn add(&mut self, at: u64, part: f64) -> Option<f64> {
        let sum = self.sum + part;
        if sum <= 0.0 {
            let ended = (self.sum > 0.0).then_some(self.greatest);
            *self = Run::default();
            return ended;
        }
        if self.sum == 0.0 {
            (self.since, self.steps, self.greatest) = (at, 0, 0.0);
        }
        self.sum = sum;
        self.steps = self.steps.saturating_add(1);
        None
    }

    /// Whether the run has never been as far out.
    fn is_greatest(&mut self) -> bool {
        let greatest = self.sum > self.greatest;
        self.greatest = self.greatest.max(self.sum);
        greatest
    }
}

/// The change detector of one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    up: Run,
    down: Run,
    /// The change that lasts, and the evidence that it has ended.
    latched: Option<(Change, f64)>,
    phase: Phase,
}

impl Cusum {
    /// Takes a standardised residual. What is no number says nothing.
    pub fn step(&mut self, config: &CusumConfig, at: u64, residual: f64) -> Step {
        if residual.is_nan() {
            return Step::default();
        }
        let z = residual.clamp(-config.clip, config.clip);
        if let Some((change, evidence)) = self.latched {
            return self.follow(config, z, change, evidence);
        }
        let fall = if config.lower { -z - config.drift } else { 0.0 };
        let ended = [self.up.add(at, z - config.drift), self.down.add(at, fall)];
        let fresh = [self.up.is_greatest(), self.down.is_greatest()];
        let (side, run, fresh) = if self.up.sum >= self.down.sum {
            (Side::Upper, self.up, fresh[0])
        } else {
            (Side::Lower, self.down, fresh[1])
        };
        let score = fresh.then_some(2.0 * config.drift * run.sum);
        let ended = ended.into_iter().flatten().max_by(f64::total_cmp);
        let mut step = Step { score, ended: ended.map(|sum| 2.0 * config.drift * sum), edge: None };
        self.phase = if run.sum > 0.5 * config.threshold { Phase::Rising } else { Phase::Quiet };
        if run.sum > config.threshold {
            step.edge = Some(self.alarm(config, side, run));
        }
        step
    }

    fn alarm(&mut self, config: &CusumConfig, side: Side, run: Run) -> Change {
        let shift = config.drift + run.sum / f64::from(run.steps.max(1));
        let (since, steps, sum) = (run.since, run.steps, run.sum);
        let change = Change { phase: Phase::Alarmed, side, since, steps, sum, shift };
        self.latched = Some((change, 0.0));
        self.phase = Phase::Alarmed;
        (self.up, self.down) = (Run::default(), Run::default());
        change
    }

    /// A change lasts: has it ended? Evidence for zero against the shift that was found.
    fn follow(&mut self, config: &CusumConfig, z: f64, change: Change, evidence: f64) -> Step {
        let toward = if change.side == Side::Upper { z } else { -z };
        let half = 0.5 * change.shift.min(config.clip);
        let evidence = (evidence + half - toward).max(0.0);
        if evidence <= config.threshold {
            self.latched = Some((change, evidence));
            return Step::default();
        }
        self.latched = None;
        self.phase = Phase::Recovered;
        Step { edge: Some(Change { phase: Phase::Recovered, ..change }), ..Step::default() }
    }

    /// Where the series stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The change that lasts.
    pub fn change(&self) -> Option<Change> {
        self.latched.map(|latched| latched.0)
    }

    /// The run that lies further from zero, as the change it would be; just after a shift was
    /// found, that shift.
    pub fn run(&self) -> Option<Change> {
        if let Some((change, _)) = self.latched {
            return Some(change);
        }
        let (side, run) = if self.up.sum >= self.down.sum {
            (Side::Upper, self.up)
        } else {
            (Side::Lower, self.down)
        };
        let (since, steps, sum) = (run.since, run.steps, run.sum);
        let shift = sum / f64::from(steps.max(1));
        (sum > 0.0).then_some(Change { phase: self.phase, side, since, steps, sum, shift })
    }

    /// The two sums.
    pub fn sums(&self) -> (f64, f64) {
        (self.up.sum, self.down.sum)
    }

    /// Starts anew: the series has found its new level.
    pub fn relevel(&mut self) {
        *self = Cusum::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: CusumConfig =
        CusumConfig { drift: 0.5, threshold: 5.0, clip: f64::MAX, lower: true };

    proptest! {
        /// Against the definition: the greatest sum of any stretch that ends here.
        #[test]
        fn sums_are_the_greatest_of_all_stretches(zs in prop::collection::vec(-2.0f64..2.0, 1..60)) {
            let config = CusumConfig { threshold: 1e9, ..PLAIN };
            let mut cusum = Cusum::default();
            for at in 0..zs.len() {
                cusum.step(&config, at as u64, zs[at]);
                let stretch = |sign: f64| {
                    (0..=at).fold(0.0f64, |most, from| {
                        most.max(zs[from..=at].iter().map(|z| sign * z - 0.5).sum())
                    })
                };
                let (up, down) = cusum.sums();
                prop_assert!((up - stretch(1.0)).abs() < 1e-9, "{up}");
                prop_assert!((down - stretch(-1.0)).abs() < 1e-9, "{down}");
            }
        }

        #[test]
        fn edges_alternate_and_are_never_early(
            zs in prop::collection::vec(-6.0f64..6.0, 1..300),
        ) {
            let config = CusumConfig::default();
            let mut cusum = Cusum::default();
            let mut alarmed = false;
            for (at, z) in zs.into_iter().enumerate() {
                let step = cusum.step(&config, at as u64, z);
                if let Some(change) = step.edge {
                    prop_assert_eq!(change.phase == Phase::Alarmed, !alarmed);
                    alarmed = !alarmed;
                    prop_assert!(change.since <= at as u64 && change.sum > config.threshold);
                    prop_assert!(change.steps >= 2, "one outlier is no change");
                }
                prop_assert_eq!(cusum.change().is_some(), alarmed);
            }
        }
    }

    #[test]
    fn a_shift_is_told_once_with_its_beginning_and_its_end() {
        for (sign, side) in [(1.0, Side::Upper), (-1.0, Side::Lower)] {
            let mut cusum = Cusum::default();
            let mut edges = Vec::new();
            for at in 0..300u64 {
                let noise = if at % 2 == 0 { 0.6 } else { -0.6 };
                let z = noise + if (100..200).contains(&at) { 2.0 * sign } else { 0.0 };
                edges.extend(cusum.step(&CusumConfig::default(), at, z).edge.map(|e| (at, e)));
            }
            let [(found, change), (over, end)] = edges[..] else { panic!("{edges:?}") };
            assert!((100..106).contains(&found) && (200..212).contains(&over), "{found} {over}");
            assert!((99..=101).contains(&change.since), "{change:?}");
            assert!((1.0..3.0).contains(&change.shift) && change.side == side, "{change:?}");
            assert_eq!((end.phase, cusum.phase()), (Phase::Recovered, Phase::Quiet));
        }
    }

    #[test]
    fn residuals_are_normal_quantiles_and_steps_take_their_middle() {
        // A continuous 5 % on each side.
        let (rare, usual) = (-0.05f64.ln(), -0.95f64.ln());
        assert!((normal_score(rare, usual) - 1.6449).abs() < 1e-3);
        assert!((normal_score(usual, rare) + 1.6449).abs() < 1e-3);
        // Poisson with mean 0.3 at 0, 1 and 2: the mean of the residuals is near zero.
        let p = [0.740_818, 0.222_245, 0.033_337, 0.003_334];
        let mut mean = 0.0;
        for x in 0..4 {
            let (above, below): (f64, f64) = (p[x..].iter().sum(), p[..=x].iter().sum());
            mean += p[x] * normal_score(-above.min(1.0).ln(), -below.min(1.0).ln());
        }
        assert!(mean.abs() < 0.1, "{mean}");
        assert!(normal_score(700.0, 0.0).is_finite() && normal_score(0.0, f64::MAX).is_finite());
        assert_eq!(normal_score(0.0, 0.0), 0.0, "what is certain says nothing");
    }

    #[test]
    fn one_outlier_is_no_change_and_noise_ends_its_runs() {
        let mut cusum = Cusum::default();
        let (mut ended, mut scores) = (0, 0);
        for at in 0..1000u64 {
            let z = if at == 500 { 1e9 } else { [0.9, -0.7, 0.2, -0.4][at as usize % 4] };
            let step = cusum.step(&CusumConfig::default(), at, z);
            assert_eq!(step.edge, None);
            ended += usize::from(step.ended.is_some());
            scores += usize::from(step.score.is_some());
        }
        assert!(ended > 200 && scores > 200, "{ended} {scores}");
        assert_eq!(cusum.step(&CusumConfig::default(), 1000, f64::NAN), Step::default());
    }
}

//! The owner of one calibration: absorbs partials, closes quanta, makes tables.

use super::histogram::{Bins, ScoreHistogram, edge};
use super::table::{BeyondAll, Table, Tail};
use super::{CalibrationConfig, Side, odd};
use crate::gpd::{self, Excess, Gpd, SHAPE_MAX};
use serde::{Deserialize, Serialize};

/// Pseudo-exceedances of the prior, at the quantiles of its exponential.
const PRIOR_POINTS: u32 = 10;
/// Level at which the realised rate is watched.
const WATCH: f64 = 1e-3;
/// Quanta after which the watched rate counts half: it must see a change before the fit does.
const WATCH_HALF_LIFE: f64 = 60.0;
/// Least count of a step of what was seen: more than may be odd.
const STEP_MIN: f64 = 4.0;

/// Decaying counts of one side and what was made of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    bins: Vec<(u16, f64)>,
    /// Exceedances that came since the last fit.
    fresh: f64,
    /// Scores beyond the watched level of the table in force, and how many were expected.
    realised: f64,
    expected: f64,
    tail: Option<Tail>,
    /// Samples when the tail was fitted.
    fitted_at: f64,
}

/// State of the owner of one (channel, peer group).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibrator {
    pending: ScoreHistogram,
    quanta: u32,
    version: u64,
    samples: f64,
    upper: Counts,
    lower: Counts,
}

impl Calibrator {
    /// Adds the partial of a key group. The order of partials does not matter.
    pub fn absorb(&mut self, partial: &ScoreHistogram) {
        self.pending.merge(partial);
    }

    /// Ends a quantum: a table, or `None` when nothing was closed in it.
    pub fn close_quantum(&mut self, config: &CalibrationConfig) -> Option<Table> {
        if self.pending.is_empty() {
            return None;
        }
        let pending = std::mem::take(&mut self.pending);
        self.quanta = self.quanta.saturating_add(1);
        self.version += 1;
        let fresh = pending.total() as f64;
        let decay = if self.samples > config.min_memory {
            libm::exp2(-1.0 / config.half_life_quanta.max(1.0))
        } else {
            1.0
        };
        self.samples = self.samples * decay + fresh;
        for (counts, side) in [(&mut self.upper, Side::Upper), (&mut self.lower, Side::Lower)] {
            counts.learn(pending.side(side).to_vec(), fresh, decay);
            counts.refresh(self.samples, config);
        }
        Some(self.table(config))
    }

    /// Quanta with closed buckets, and how many are needed.
    pub fn progress(&self, config: &CalibrationConfig) -> (u32, u32) {
        (self.quanta.min(config.min_quanta), config.min_quanta)
    }

    fn table(&self, config: &CalibrationConfig) -> Table {
        let tail = |counts: &Counts| counts.tail.clone().unwrap_or_else(|| fit(&[], 0.0, config));
        Table {
            version: self.version,
            quanta: self.quanta.min(config.min_quanta),
            needed: config.min_quanta,
            samples: self.samples,
            upper: tail(&self.upper),
            lower: tail(&self.lower),
        }
    }
}

impl Counts {
    /// Adds a quantum, held against the table in force first.
    fn learn(&mut self, fresh: Bins, total: f64, decay: f64) {
        if decay < 1.0 {
            self.bins.iter_mut().for_each(|entry| entry.1 *= decay);
            self.bins.retain(|entry| entry.1 > 1e-4);
        }
        let kept = libm::exp2(-1.0 / WATCH_HALF_LIFE);
        (self.realised, self.expected) = (self.realised * kept, self.expected * kept);
        if let Some(tail) = &self.tail {
            self.expected += WATCH * total;
            for &(bin, times) in &fresh {
                let score = edge(bin);
                if score >= tail.threshold {
                    self.fresh += times as f64;
                    if tail.probability(score) / tail.widen <= WATCH {
                        self.realised += times as f64;
                    }
                }
            }
        }
        for (bin, times) in fresh {
            match self.bins.binary_search_by_key(&bin, |entry| entry.0) {
                Ok(at) => self.bins[at].1 += times as f64,
                Err(at) => self.bins.insert(at, (bin, times as f64)),
            }
        }
    }

    /// Fits again when enough has come; rescales otherwise.
    fn refresh(&mut self, samples: f64, config: &CalibrationConfig) {
        let due = self.tail.as_ref().is_none_or(|tail| {
            self.fresh > (0.02 * tail.exceedances).max(0.5)
                || samples > 1.1 * self.fitted_at
                || samples < 0.9 * self.fitted_at
        });
        if due {
            self.tail = Some(fit(&self.bins, samples, config));
            (self.fresh, self.fitted_at) = (0.0, samples);
        }
        let band = 3.0 * self.expected + 3.0 * libm::sqrt(self.expected) + 4.0;
        let rate = self.realised / self.expected.max(1.0);
        if let Some(tail) = &mut self.tail {
            tail.widen = if self.realised > band { rate.clamp(1.0, 30.0) } else { 1.0 };
        }
    }
}

/// Fits one side: threshold, exceedances, shapes and steps. A few scores far out from the rest
/// are what was found, not the tail.
fn fit(bins: &[(u16, f64)], samples: f64, config: &CalibrationConfig) -> Tail {
    let all = fit_bins(bins, &[], samples, config);
    match odd::cut(bins, all.threshold, samples, config) {
        Some(cut) => fit_bins(&bins[..cut.from], &cut.expected, samples, config),
        None => all,
    }
}

/// `cut` stands for what would lie beyond the bins by chance: in place of what was left out.
fn fit_bins(
    bins: &[(u16, f64)],
    cut: &[(f64, f64)],
    samples: f64,
    config: &CalibrationConfig,
) -> Tail {
    let weight = samples + config.prior_weight;
    let prior = |score: f64| config.prior_weight * libm::exp(-score / config.prior_scale);
    // The threshold: the first edge, from above, beyond which lies the tail that is wanted.
    let wanted = (1.0 - config.level) * weight;
    let mut threshold = -config.prior_scale * libm::log(1.0 - config.level);
    let mut beyond: f64 = cut.iter().map(|entry| entry.1).sum();
    let (mut first, mut stepped) = (bins.len(), bins.len());
    for (at, &(bin, count)) in bins.iter().enumerate().rev() {
        let score = edge(bin);
        if beyond + count + prior(score) > wanted && first < bins.len() {
            break;
        }
        if beyond + count + prior(score) > wanted {
            // A single bin holds more than the tail: what is beyond it is the tail. How often it
            // came is known all the same.
            threshold = threshold.max(edge(bin + 1));
            stepped = at;
            break;
        }
        (beyond, first) = (beyond + count, at);
        threshold = score;
    }
    let seen = bins[first..].iter().map(|&(bin, count)| ((edge(bin) + edge(bin + 1)) * 0.5, count));
    let data: Vec<Excess> =
        seen.chain(cut.iter().copied()).map(|(score, count)| (score - threshold, count)).collect();
    Tail {
        threshold,
        beyond: ((beyond + prior(threshold)) / weight).clamp(1e-12, 1.0),
        shapes: shapes(data, beyond, config),
        exceedances: beyond,
        steps: steps(&bins[first.min(stepped)..], weight),
        widen: 1.0,
        gain: config.gain,
        beyond_all: beyond_all(bins, samples, config),
    }
}

/// The greatest score, when it is one of many.
fn beyond_all(bins: &[(u16, f64)], samples: f64, config: &CalibrationConfig) -> Option<BeyondAll> {
    if config.pace <= 0.0 || samples < config.min_memory {
        return None;
    }
    let last = bins.iter().rev().find(|entry| entry.1 >= 0.5)?;
    let (greatest, chance) = (edge(last.0 + 1), 1.0 / samples);
    Some(BeyondAll { greatest, chance, pace: config.pace })
}

/// The fit with the prior's pseudo-exceedances, and one standard error to each side.
fn shapes(mut data: Vec<Excess>, exceedances: f64, config: &CalibrationConfig) -> [Gpd; 3] {
    let each = config.prior_weight / f64::from(PRIOR_POINTS);
    data.extend((0..PRIOR_POINTS).map(|k| {
        let part = (f64::from(k) + 0.5) / f64::from(PRIOR_POINTS);
        (-config.prior_scale * libm::log(1.0 - part), each)
    }));
    let exponential = Gpd { shape: 0.0, scale: config.prior_scale };
    let best = gpd::fit(&data).unwrap_or(exponential);
    let mean = best.scale / (1.0 - best.shape);
    let error = 1.2 * (1.0 + best.shape) / libm::sqrt(exceedances + config.prior_weight);
    let moved = |by: f64| {
        let shape = (best.shape + by).clamp(-SHAPE_MAX, SHAPE_MAX);
        Gpd { shape, scale: mean * (1.0 - shape) }
    };
    [moved(-error), best, moved(error)]
}

/// How often a score of at least a bin was seen, each step about half the one before.
fn steps(bins: &[(u16, f64)], weight: f64) -> Vec<(u16, f64)> {
    let mut steps: Vec<(u16, f64)> = Vec::new();
    let mut count = 0.0;
    let mut next = STEP_MIN;
    for &(bin, times) in bins.iter().rev() {
        count += times;
        if count >= next {
            steps.push((bin, count / weight));
            next = 1.5 * count;
        }
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::hash::mix;

    /// Uniform in (0, 1].
    fn uniform(n: u64) -> f64 {
        ((mix(n) >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    fn run(quanta: u64, per: u64, score: impl Fn(f64) -> f64) -> (Calibrator, Table) {
        let config = CalibrationConfig::default();
        let mut calibrator = Calibrator::default();
        let mut table = None;
        for quantum in 0..quanta {
            let mut partial = ScoreHistogram::default();
            for n in 0..per {
                let key = quantum * per + n;
                partial.add(score(uniform(2 * key)), score(uniform(2 * key + 1)), 1);
            }
            calibrator.absorb(&partial);
            table = calibrator.close_quantum(&config);
        }
        (calibrator, table.unwrap())
    }

    #[test]
    fn a_right_model_keeps_its_probabilities() {
        let (_, table) = run(2000, 10, |u| -libm::log(u));
        for level in [1e-2, 1e-3, 1e-4, 1e-5] {
            let got = table.tail(Side::Upper, -libm::log(level)).unwrap() / level;
            assert!((0.5..2.5).contains(&got), "{level}: {got}");
        }
    }

    #[test]
    fn wrong_models_are_corrected() {
        // The true tail is u; the model says u²: far too rare.
        let (_, table) = run(2000, 40, |u| -2.0 * libm::log(u));
        for level in [1e-2, 1e-3, 1e-4] {
            let got = table.tail(Side::Lower, -2.0 * libm::log(level)).unwrap() / level;
            assert!((0.4..3.0).contains(&got), "{level}: {got}");
        }
        // The model says √u: too common; no more is gained on it than its 1.2th power.
        let (_, table) = run(2000, 40, |u| -0.5 * libm::log(u));
        for level in [1e-2f64, 1e-3, 1e-4] {
            let got = table.tail(Side::Lower, -0.5 * libm::log(level)).unwrap();
            assert!(got >= level && got <= 1.1 * libm::pow(level, 0.6), "{level}: {got}");
        }
    }

    #[test]
    fn a_tail_that_is_really_heavy_is_learnt() {
        // Generalised Pareto with ξ = .3: for the cut of odd scores the hardest of tails.
        let heavy = |u: f64| (libm::pow(u, -0.3) - 1.0) / 0.3;
        for (quanta, per) in [(2000, 2), (2000, 40)] {
            let (_, table) = run(quanta, per, heavy);
            for level in [1e-2, 1e-3, 1e-4] {
                let got = table.tail(Side::Upper, heavy(level)).unwrap() / level;
                assert!((0.33..4.0).contains(&got), "{per} {level}: {got}");
            }
        }
    }

    #[test]
    fn far_beyond_everything_seen_is_rare_and_new_records_are_no_storm() {
        let config = CalibrationConfig { pace: 0.5, gain: 2.0, ..CalibrationConfig::default() };
        let heavy = |u: f64| (libm::pow(u, -0.3) - 1.0) / 0.3;
        let steps = |u: f64| (6.0 * libm::pow(1.0 - u, 8.0)).round() * 1.5;
        let scores: [&dyn Fn(f64) -> f64; 3] = [&|u| -libm::log(u), &heavy, &steps];
        for (which, score) in scores.into_iter().enumerate() {
            let mut calibrator = Calibrator::default();
            let (mut found, mut judged, mut table) = ([0u32; 2], 0u32, None::<Table>);
            let mut greatest: f64 = 0.0;
            for quantum in 0..2000u64 {
                let mut partial = ScoreHistogram::default();
                for n in 0..40 {
                    let s = score(uniform(mix(which as u64) ^ (quantum * 40 + n)));
                    partial.add(s, 0.0, 1);
                    greatest = greatest.max(s);
                    if let Some(p) = table.as_ref().and_then(|table| table.tail(Side::Upper, s)) {
                        judged += 1;
                        found[0] += u32::from(p <= 1e-3);
                        found[1] += u32::from(p <= 1e-5);
                    }
                }
                calibrator.absorb(&partial);
                table = calibrator.close_quantum(&config);
            }
            let most = 3.0 * 1e-3 * f64::from(judged);
            assert!(f64::from(found[0]) <= most && found[1] <= 8, "{which}: {found:?} {judged}");
            let table = table.unwrap();
            let mut last = 1.0;
            for k in 0..400 {
                let p = table.tail(Side::Upper, 0.25 * f64::from(k)).unwrap();
                assert!(p <= last, "{which}: it never rises: {p} {last} at {k}");
                last = p;
            }
            let far = table.tail(Side::Upper, greatest + 12.0).unwrap();
            assert!(far <= 1e-6, "{which}: {far} at {greatest} + 12");
        }
    }

    #[test]
    fn what_is_only_counted_is_never_rare() {
        // Nearly all scores are .8; one in a thousand is 1.5.
        let (_, table) = run(500, 40, |u| if u < 1e-3 { 1.5 } else { 0.8 });
        assert!(table.tail(Side::Upper, 0.8).unwrap() > 0.3);
        assert!(table.tail(Side::Upper, 1.5).unwrap() > 5e-4);
    }

    #[test]
    fn ties_are_never_rarer_than_they_were_seen() {
        // One in 200 is an atom at 6, one in 2000 at 12; a smooth tail would miss both.
        let (_, table) = run(2000, 20, |u| {
            if u < 5e-4 {
                12.0
            } else if u < 5e-3 {
                6.0
            } else {
                0.5
            }
        });
        let at = |score| table.tail(Side::Upper, score).unwrap();
        assert!((4.5e-3..1.2e-2).contains(&at(6.0)), "{}", at(6.0));
        assert!((2e-4..1.5e-3).contains(&at(12.0)), "{}", at(12.0));
        assert!(at(25.0) < 1e-4, "{}", at(25.0));
    }

    #[test]
    fn what_makes_up_much_of_the_top_is_no_rarer_than_it_is() {
        // A third of all scores are as great as a score can be.
        for (share, quanta) in [(0.3, 500), (0.3, 80), (0.03, 500)] {
            let (_, table) = run(quanta, 4, |u| if u < share { 27.1 } else { 2.0 * u });
            let got = table.tail(Side::Upper, 27.1).unwrap() / share;
            assert!((0.5..2.0).contains(&got), "{share}: {got}");
            let below = table.tail(Side::Upper, 20.0).unwrap() / share;
            assert!(below >= got.min(1.0), "{share}: {below} {got}");
        }
    }

    #[test]
    fn nothing_is_decided_before_and_the_prior_is_cautious_after() {
        let config = CalibrationConfig::default();
        let mut calibrator = Calibrator::default();
        for quantum in 0..60 {
            let mut partial = ScoreHistogram::default();
            partial.add_warming();
            calibrator.absorb(&partial);
            let table = calibrator.close_quantum(&config).unwrap();
            assert_eq!(table.progress(), (quantum + 1, 60));
            assert_eq!(table.tail(Side::Upper, 50.0).is_some(), quantum == 59);
        }
        assert_eq!(calibrator.close_quantum(&config), None, "an empty quantum sends nothing");
        let mut partial = ScoreHistogram::default();
        partial.add(0.5, 0.5, 1);
        calibrator.absorb(&partial);
        let table = calibrator.close_quantum(&config).unwrap();
        for score in [2.0, 5.0, 9.2, 15.0] {
            let got = table.tail(Side::Upper, score).unwrap();
            assert!(got >= libm::exp(-score), "{score}: {got}");
        }
        assert!(table.tail(Side::Upper, 40.0).unwrap() < 1e-6);
    }

    #[test]
    fn a_few_odd_scores_do_not_hide_the_next_but_many_are_the_tail() {
        let scores = |odd: u64| {
            let (mut calibrator, _) = run(1500, 4, |u| -libm::log(u));
            let mut partial = ScoreHistogram::default();
            partial.add(80.0, 0.0, odd);
            calibrator.absorb(&partial);
            let table = calibrator.close_quantum(&CalibrationConfig::default()).unwrap();
            table.tail(Side::Upper, 60.0).unwrap()
        };
        assert!(scores(30) < 1e-6, "{}", scores(30));
        assert!(scores(90) > 1e-3, "{}", scores(90));
    }

    #[test]
    fn it_follows_drift_and_widens_at_once() {
        let config = CalibrationConfig::default();
        let (mut calibrator, _) = run(1500, 20, |u| -libm::log(u));
        let bad = |u: f64| -3.0 * libm::log(u);
        let at = -3.0 * libm::log(1e-3);
        let mut table = None;
        for quantum in 0..3000u64 {
            let mut partial = ScoreHistogram::default();
            (0..20).for_each(|n| partial.add(bad(uniform(quantum * 20 + n)), 0.0, 1));
            calibrator.absorb(&partial);
            let now = calibrator.close_quantum(&config).unwrap();
            if quantum == 100 {
                assert!(now.tail(Side::Upper, at).unwrap() > 2e-4, "{now:?}");
            }
            table = Some(now);
        }
        let got = table.unwrap().tail(Side::Upper, at).unwrap();
        assert!((4e-4..4e-3).contains(&got), "{got}");
    }

    #[test]
    fn state_and_tables_survive_serialisation() {
        let (calibrator, table) = run(200, 20, |u| -libm::log(u));
        let bytes = bincode::serialize(&calibrator).unwrap();
        assert_eq!(bincode::deserialize::<Calibrator>(&bytes).unwrap(), calibrator);
        let bytes = bincode::serialize(&table).unwrap();
        assert!(bytes.len() < 1024, "{}", bytes.len());
        assert_eq!(bincode::deserialize::<Table>(&bytes).unwrap(), table);
    }
}

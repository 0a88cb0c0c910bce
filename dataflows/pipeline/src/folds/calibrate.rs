//! Calibrators: one per (detector, peer group), fed with histograms of scores once per
//! quantum, broadcast as tables.

use super::stage;
use crate::combine::{Merge, Sum, end_of_quantum};
use crate::detector::Detector;
use crate::engine::Shared;
use crate::env::Env;
use crate::keyed::{Ctx, Fold, Groups};
use crate::settings::Settings;
use crate::views::{Progress, Views};
use seerflow_detection::calibrate::{CalibrationConfig, Calibrator, ScoreHistogram, Table};
use seerflow_detection::volume::Raw;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Greatest gain of calibration on scores of events.
pub const EVENT_GAIN: f64 = 2.0;
/// How fast their tail falls at least beyond everything seen, as a share of what the models say.
const EVENT_PACE: f64 = 0.5;

/// How wide the tail of values is taken to be before it was seen, and how many samples that stands
/// for. Each is judged by its own past, which calibrates it once already.
const VALUES_PRIOR: (f64, f64) = (1.0, 40.0);
/// The same of beats. Against chance any clock is a wonder, but machines are made to keep time: how
/// many pairs do is known only from those that were looked at.
const BEACON_PRIOR: (f64, f64) = (4.0, 100.0);

/// Scores of one detector and peer group in one quantum.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Partial {
    detector: Detector,
    peer: Arc<str>,
    scores: ScoreHistogram,
}

impl Partial {
    /// No scores yet.
    pub fn new(detector: Detector, peer: Arc<str>) -> Partial {
        Partial { detector, peer, scores: ScoreHistogram::default() }
    }

    /// No scores yet, of the peer group with this name.
    pub fn of(detector: Detector, peer: &str) -> Partial {
        Partial::new(detector, peer.into())
    }

    /// With a one-sided score.
    pub fn with_score(mut self, nats: f64) -> Partial {
        self.add_score(nats);
        self
    }

    /// With a two-sided score.
    pub fn with_sides(mut self, upper: f64, lower: f64) -> Partial {
        self.add_sides(upper, lower);
        self
    }

    /// Adds a one-sided score, nats.
    pub fn add_score(&mut self, nats: f64) {
        self.scores.add(nats, 0.0, 1);
    }

    /// Adds a two-sided score, nats.
    pub fn add_sides(&mut self, upper: f64, lower: f64) {
        self.scores.add(upper, lower, 1);
    }

    /// Adds a score, or a bucket of a series that has none yet.
    pub fn add(&mut self, raw: Option<&Raw>) {
        match raw {
            Some(raw) => self.scores.add_raw(raw),
            None => self.scores.add_warming(),
        }
    }

    /// With a score.
    pub fn with(mut self, raw: Option<&Raw>) -> Partial {
        self.add(raw);
        self
    }
}

impl Merge for Partial {
    fn merge(&mut self, other: Partial) {
        self.scores.merge(&other.scores);
    }
}

/// State of one calibrator.
#[derive(Default, Serialize, Deserialize)]
pub struct Channel {
    detector: Option<Detector>,
    name: String,
    unit: String,
    calibrator: Calibrator,
    open: BTreeMap<u64, ScoreHistogram>,
}

/// The fold; key = [`Detector::key`].
pub struct Calibrate {
    /// How.
    pub config: CalibrationConfig,
    /// Where progress is published.
    pub views: Arc<Views>,
    /// Index of this worker.
    pub worker: usize,
}

impl Calibrate {
    /// For one worker.
    pub fn new(settings: &Settings, shared: &Shared, env: &Env) -> Calibrate {
        Calibrate { config: settings.calibration, views: shared.views.clone(), worker: env.worker }
    }
}

impl Fold for Calibrate {
    type In = Sum<Partial>;
    type Out = Table;
    type State = Channel;
    const NAME: &'static str = "calibrate";
    const STAGE: u16 = stage::CALIBRATE;
    const GROUP_KEYS_MAX: usize = 256;

    fn fresh(&mut self, _key: u64) -> Channel {
        Channel::default()
    }

    fn apply(&mut self, _key: u64, state: &mut Channel, sum: Sum<Partial>, ctx: &mut Ctx<Table>) {
        if state.name.is_empty() {
            state.detector = Some(sum.value.detector);
            state.name = format!("{} ({})", sum.value.detector.name(), sum.value.peer);
            state.unit = sum.value.detector.unit().to_owned();
        }
        state.open.entry(sum.bucket).or_default().merge(&sum.value.scores);
        if let Some((quantum, _)) = state.open.first_key_value() {
            ctx.set_timer(end_of_quantum(*quantum));
        }
    }

    fn fire(&mut self, key: u64, state: &mut Channel, ctx: &mut Ctx<Table>) {
        let now = ctx.now();
        while let Some(entry) = state.open.first_entry().filter(|e| end_of_quantum(*e.key()) <= now)
        {
            state.calibrator.absorb(&entry.remove());
        }
        let config = config_of(&self.config, state.detector);
        if let Some(table) = state.calibrator.close_quantum(&config) {
            ctx.emit(key, table);
        }
        if let Some((quantum, _)) = state.open.first_key_value() {
            ctx.set_timer(end_of_quantum(*quantum));
        }
    }

    fn commutes(_input: &Sum<Partial>) -> bool {
        true
    }

    fn publish(&mut self, groups: &Groups<Channel>, _ended: bool) {
        let progress = groups.iter().map(|(_, state)| {
            let (have, need) = state.calibrator.progress(&self.config);
            Progress {
                channel: state.name.clone(),
                have: u64::from(have),
                need: u64::from(need),
                unit: state.unit.clone(),
            }
        });
        self.views.put_progress("calibrate", self.worker, progress.collect());
    }
}

/// Scores of events are the greatest of several, less what looking at so many is worth at most:
/// where the looks agree or say little, much is gained. And what an event is or follows can lie
/// much further out than all before it; a count, or the course of numbers, knows no more than what
/// it saw.
fn config_of(config: &CalibrationConfig, detector: Option<Detector>) -> CalibrationConfig {
    match detector {
        Some(Detector::Trees | Detector::Order) => {
            CalibrationConfig { gain: EVENT_GAIN, pace: EVENT_PACE, ..*config }
        }
        Some(Detector::Values) => {
            let (prior_scale, prior_weight) = VALUES_PRIOR;
            CalibrationConfig { gain: EVENT_GAIN, prior_scale, prior_weight, ..*config }
        }
        Some(Detector::Beacon) => {
            let (prior_scale, prior_weight) = BEACON_PRIOR;
            CalibrationConfig { prior_scale, prior_weight, ..*config }
        }
        _ => *config,
    }
}

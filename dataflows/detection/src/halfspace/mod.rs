//! Content: how unusual an event is as a whole, by half-space trees over fixed features.
//!
//! S. C. Tan, K. M. Ting, T. F. Liu, IJCAI 2011. The trees cut the unit cube at random places that
//! depend on the key alone; they count how many events of a window fell into each half-space. An
//! event in places where few of the last window fell is unusual.
//!
//! * The features are fixed ([`features`]) and each is scaled to [0, 1] by the quantiles of what
//!   was seen ([`scale`]), with room left on both sides for what lies beyond it. An earlier product
//!   fed raw numbers to trees that only know [0, 1]: a length of 30,000 looked like one of 80.
//! * Windows turn by event time, at multiples of [`ContentConfig::window_ns`], when enough was
//!   learnt; so the state does not depend on batches.
//! * Where the features drift, new scales are made and a second forest learns with them for one
//!   window before it takes over: an event is always judged by the scales it would be learnt with.
//! * A single feature far beyond everything seen is one cut among many for the trees: it also
//!   counts by itself.
//! * What the trees say is an order, not a probability; its own quantiles turn it into nats, which
//!   calibration then corrects.
//!
//! Cost: 0.8 µs per event with 25 trees of height 8; 205 KiB per key, twice that while scales
//! change; serialised half of it. Nothing is decided in the first two windows.

mod cuts;
pub mod features;
mod forest;
#[cfg(test)]
mod forest_tests;
pub mod scale;

pub use cuts::{FEATURES_MAX, HEIGHT_MAX, Point, Spec, TREES_MAX};
pub use features::{Feature, Observation};
pub use forest::{Forest, Judgement};

use crate::sketch::Quantiles;
use features::SCALED;
use scale::Scale;
use serde::{Deserialize, Serialize};

/// How content is judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContentConfig {
    /// Trees.
    pub trees: u16,
    /// Cuts from the root to a leaf.
    pub height: u8,
    /// Least length of a window, ns of event time.
    pub window_ns: u64,
    /// Events without which a window does not end.
    pub window_events: u32,
}

impl Default for ContentConfig {
    fn default() -> ContentConfig {
        ContentConfig { trees: 25, height: 8, window_ns: 600_000_000_000, window_events: 1000 }
    }
}

/// Of so many events one is counted for the scales, once there are scales.
const SAMPLED: u64 = 8;
/// Samples and scores at which the past is halved.
const HALVE_AT: u64 = 1 << 16;
/// Scales are made anew when a quantile has moved this far.
const DRIFT: f32 = 0.1;
/// Scores before they tell how rare one is.
const SCORES_MIN: u64 = 200;

/// An unusual event: the numbers behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContentScore {
    /// The raw score: the greater of the next two, in nats.
    pub surprise: f64,
    /// −ln of how rarely a place as sparse as this was seen.
    pub trees: f64,
    /// −ln of how rarely a feature lay as far beyond all that was seen; 0 when none did.
    pub alone: f64,
    /// What the trees say: how many times less dense than evenly spread events, in nats.
    pub sparseness: f64,
    /// The feature that lies furthest out, and where in [0, 1].
    pub strangest: (Feature, f32),
}

/// The content model of one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    seed: u64,
    events: u64,
    /// Events learnt in this window, and when it may end.
    learnt: u32,
    window_end: u64,
    severities: [u32; features::SEVERITIES],
    samples: [Quantiles; SCALED],
    current: Option<Box<Model>>,
    /// Learns with newer scales, and takes over when the window ends.
    next: Option<Box<Model>>,
    scores: Quantiles,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Model {
    scales: [Scale; SCALED],
    forest: Forest,
}

impl Content {
    /// A model whose trees depend on the key alone.
    pub fn new(key: u64) -> Content {
        Content {
            seed: key,
            events: 0,
            learnt: 0,
            window_end: 0,
            severities: [0; features::SEVERITIES],
            samples: Default::default(),
            current: None,
            next: None,
            scores: Quantiles::default(),
        }
    }

    /// Judges an event and learns it. Times must not fall; late events are left out.
    pub fn observe(
        &mut self,
        config: &ContentConfig,
        at_ns: u64,
        observation: &Observation,
    ) -> Option<ContentScore> {
        self.turn(config, at_ns);
        let raw = observation.raw(&self.severities);
        let score = self.judge(observation, &raw);
        let severity = observation.severity_index();
        self.severities[severity] = self.severities[severity].saturating_add(1);
        if self.current.is_none() || self.events.is_multiple_of(SAMPLED) {
            self.samples.iter_mut().zip(raw).for_each(|(sample, value)| sample.add(value, 1));
        }
        self.events += 1;
        self.learnt = self.learnt.saturating_add(1);
        score
    }

    fn judge(&mut self, observation: &Observation, raw: &[f64; SCALED]) -> Option<ContentScore> {
        if let Some(next) = &mut self.next {
            next.forest.learn(&observation.point(&next.scales, raw));
        }
        let model = self.current.as_mut()?;
        let point = observation.point(&model.scales, raw);
        let sparseness = model.forest.sparseness_and_learn(&point)?;
        let known = self.scores.total() >= SCORES_MIN;
        let trees = known.then(|| self.scores.surprise(sparseness).upper);
        self.scores.add(sparseness, 1);
        let trees = trees?;
        let (feature, place) = features::strangest(&point);
        let alone = if Scale::beyond(place) {
            let nats = self.samples[feature as usize].surprise(raw[feature as usize]);
            // One of several features is furthest out in any event.
            (nats.two_sided() - libm::log(SCALED as f64)).max(0.0)
        } else {
            0.0
        };
        let surprise = trees.max(alone);
        Some(ContentScore { surprise, trees, alone, sparseness, strangest: (feature, place) })
    }

    /// Ends the window when it is time.
    fn turn(&mut self, config: &ContentConfig, at_ns: u64) {
        let span = config.window_ns.max(1);
        if self.window_end == 0 {
            self.window_end = (at_ns / span + 1).saturating_mul(span);
        }
        if at_ns < self.window_end || self.learnt < config.window_events {
            return;
        }
        self.window_end = (at_ns / span + 1).saturating_mul(span);
        self.learnt = 0;
        if let Some(mut next) = self.next.take() {
            next.forest.pivot();
            self.current = Some(next);
        } else if let Some(model) = &mut self.current {
            model.forest.pivot();
            let fresh = self.samples.each_ref().map(Scale::of);
            if fresh.iter().zip(&model.scales).any(|(new, old)| new.differs(old, DRIFT)) {
                self.next = Some(Box::new(self.model(config, fresh)));
            }
        } else {
            let scales = self.samples.each_ref().map(Scale::of);
            self.current = Some(Box::new(self.model(config, scales)));
        }
        for sketch in self.samples.iter_mut().chain([&mut self.scores]) {
            if sketch.total() >= HALVE_AT {
                sketch.halve();
            }
        }
    }

    fn model(&self, config: &ContentConfig, scales: [Scale; SCALED]) -> Model {
        let spec = Spec {
            seed: self.seed,
            trees: config.trees,
            height: config.height,
            features: features::FEATURES as u8,
            wide: features::WIDE as u8,
        };
        Model { scales, forest: Forest::new(spec) }
    }

    /// Whether events are judged.
    pub fn ready(&self) -> bool {
        self.current.as_ref().is_some_and(|model| model.forest.ready())
            && self.scores.total() >= SCORES_MIN
    }
}

//! What the detectors of the dataflow go by; made from the configuration.

use crate::env::Env;
use crate::folds::calibrate::EVENT_GAIN;
use crate::folds::episodes::Windows;
use crate::tactics::{Tags, Untagged};
use seerflow_detection::beacon::BeaconConfig;
use seerflow_detection::budget::BudgetConfig;
use seerflow_detection::calibrate::CalibrationConfig;
use seerflow_detection::cusum::CusumConfig;
use seerflow_detection::halfspace::ContentConfig;
use seerflow_detection::novelty::NoveltyConfig;
use seerflow_detection::sequence::SequenceConfig;
use seerflow_detection::silence::SilenceConfig;
use seerflow_detection::spread::SpreadConfig;
use seerflow_detection::values::ValueConfig;
use seerflow_detection::volume::VolumeConfig;
use seerflow_model::time::{DAY, SECOND};
use seerflow_model::{Channel, Event, Ns, hash};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How much each of the 256 key groups may hold. Results do not depend on the number of workers
/// because no bound is per worker.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Keys of any one operator; each has a bound of its own besides.
    pub keys: usize,
    /// Series.
    pub series: usize,
    /// Series counted in one open bucket.
    pub open_series: usize,
    /// Facts.
    pub facts: usize,
    /// New facts in one quantum.
    pub new_facts: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            keys: usize::MAX,
            series: 2_048,
            open_series: 1_024,
            facts: 16_384,
            new_facts: 4_096,
        }
    }
}

/// A shift is followed this far beyond the risk level, in nats.
const SURE: f64 = 3.0;

/// How much each channel weighs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelWeights {
    /// What a line says.
    pub content: f64,
    /// How much comes.
    pub volume: f64,
    /// In what order it comes.
    pub sequence: f64,
    /// How behaviour changes.
    pub pattern: f64,
}

impl Default for ChannelWeights {
    fn default() -> ChannelWeights {
        ChannelWeights { content: 0.3, volume: 0.25, sequence: 0.25, pattern: 0.2 }
    }
}

impl ChannelWeights {
    /// Weight of a channel.
    pub fn of(&self, channel: Channel) -> f64 {
        match channel {
            Channel::Content => self.content,
            Channel::Volume => self.volume,
            Channel::Sequence => self.sequence,
            Channel::Pattern => self.pattern,
            // Rules are not weighed against detectors.
            Channel::Sigma | Channel::Correlation | Channel::Risk => 0.0,
        }
    }
}

/// Weights of the channels, by source.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// Where no entry says otherwise.
    pub usual: ChannelWeights,
    /// By `sources[].name`.
    pub of_entry: BTreeMap<String, ChannelWeights>,
}

impl Weights {
    /// Those for an event.
    pub fn of(&self, event: &Event) -> &ChannelWeights {
        let own = event.source.entry.as_ref().and_then(|entry| self.of_entry.get(entry));
        own.unwrap_or(&self.usual)
    }
}

/// How risk adds up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiskSettings {
    /// Half of all points is gone after so long, ns.
    pub half_life: Ns,
    /// The score at which an alert begins.
    pub threshold: f64,
    /// Entities that are remembered.
    pub entities_max: usize,
    /// When the kill chain raises an alert; none if it is not followed.
    pub chain: Option<ChainSettings>,
}

/// When the kill chain raises an alert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainSettings {
    /// Distinct tactics in order.
    pub tactics: usize,
    /// Within so long, ns.
    pub window: Ns,
}

impl RiskSettings {
    /// Bounds an operator to so many entities, evenly by key group.
    pub fn bounded(&self, env: &Env) -> Env {
        let of_group = self.entities_max.div_ceil(hash::GROUPS as usize).max(1);
        let bound = env.group_keys_max.map_or(of_group, |bound| bound.min(of_group));
        Env { group_keys_max: Some(bound), ..env.clone() }
    }
}

impl Default for RiskSettings {
    fn default() -> RiskSettings {
        RiskSettings {
            half_life: 4 * 3_600 * SECOND,
            threshold: 50.0,
            entities_max: 10_000,
            chain: Some(ChainSettings { tactics: 3, window: DAY }),
        }
    }
}

/// Settings of all detectors.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bucket length of counts, ns; a multiple of the tick.
    pub bucket: Ns,
    /// How series are modelled.
    pub volume: VolumeConfig,
    /// How scores are calibrated.
    pub calibration: CalibrationConfig,
    /// When silence is worth saying.
    pub silence: SilenceConfig,
    /// When never-seen templates and values are judged.
    pub novelty: NoveltyConfig,
    /// How content is judged as a whole.
    pub content: ContentConfig,
    /// How values are judged.
    pub values: ValueConfig,
    /// How change is judged.
    pub change: CusumConfig,
    /// How order is judged.
    pub sequence: SequenceConfig,
    /// Silence after which the session of an entity has ended, ns.
    pub session_idle: Ns,
    /// How the spread of an entity is judged.
    pub spread: SpreadConfig,
    /// How beats are judged.
    pub beacon: BeaconConfig,
    /// How much each channel weighs.
    pub weights: Weights,
    /// Scores of events below this (nats) are only counted for calibration.
    pub score_min: f64,
    /// Risk level and alerts a day.
    pub budget: BudgetConfig,
    /// How risk adds up.
    pub risk: RiskSettings,
    /// How long episodes last.
    pub windows: Arc<Windows>,
    /// Which tactics an anomaly may belong to.
    pub tags: Arc<dyn Tags>,
    /// An entity or edge is forgotten when it was not seen for so long.
    pub facts_keep: Ns,
    /// How much is remembered.
    pub bounds: Bounds,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            bucket: 60 * SECOND,
            volume: VolumeConfig::default(),
            calibration: CalibrationConfig::default(),
            silence: SilenceConfig::default(),
            novelty: NoveltyConfig::default(),
            content: ContentConfig::default(),
            values: ValueConfig::default(),
            change: CusumConfig::default(),
            sequence: SequenceConfig::default(),
            session_idle: 1_800 * SECOND,
            spread: SpreadConfig::default(),
            beacon: BeaconConfig::default(),
            weights: Weights::default(),
            score_min: 3.0,
            budget: BudgetConfig::default(),
            risk: RiskSettings::default(),
            windows: Arc::new(Windows { default_seconds: 900, overrides: BTreeMap::new() }),
            tags: Arc::new(Untagged),
            facts_keep: 30 * DAY,
            bounds: Bounds::default(),
        }
    }
}

impl Settings {
    /// How change is judged.
    pub fn change(&self) -> CusumConfig {
        self.followed(self.change)
    }

    /// How order is judged.
    pub fn sequence(&self) -> SequenceConfig {
        SequenceConfig { drift: self.followed(self.sequence.drift), ..self.sequence }
    }

    /// A run is followed until it is rarer than what is decided on, however low the configured
    /// threshold.
    fn followed(&self, config: CusumConfig) -> CusumConfig {
        let rarest = -libm::log(self.budget.risk_level.max(1e-12)) + SURE;
        let threshold = config.threshold.max(rarest / (2.0 * config.drift));
        CusumConfig { threshold, ..config }
    }

    /// Raw scores of events from here on are judged: those below cannot become candidates.
    pub fn matters(&self) -> f64 {
        self.score_min.min(-libm::log(self.candidate_level()) / EVENT_GAIN)
    }

    /// Findings up to this probability are candidates for the alert budget.
    pub fn candidate_level(&self) -> f64 {
        (self.budget.risk_level * 10.0).min(0.1)
    }
}

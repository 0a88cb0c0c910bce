//! What the detectors of the dataflow go by; made from the configuration.

use crate::folds::episodes::Windows;
use seerflow_detection::budget::BudgetConfig;
use seerflow_detection::calibrate::CalibrationConfig;
use seerflow_detection::novelty::NoveltyConfig;
use seerflow_detection::silence::SilenceConfig;
use seerflow_detection::volume::VolumeConfig;
use seerflow_model::Ns;
use seerflow_model::time::{DAY, SECOND};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// Risk level and alerts a day.
    pub budget: BudgetConfig,
    /// How long episodes last.
    pub windows: Arc<Windows>,
    /// An entity or edge is forgotten when it was not seen for so long.
    pub facts_keep: Ns,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            bucket: 60 * SECOND,
            volume: VolumeConfig::default(),
            calibration: CalibrationConfig::default(),
            silence: SilenceConfig::default(),
            novelty: NoveltyConfig::default(),
            budget: BudgetConfig::default(),
            windows: Arc::new(Windows { default_seconds: 900, overrides: BTreeMap::new() }),
            facts_keep: 30 * DAY,
        }
    }
}

impl Settings {
    /// Findings up to this probability are candidates for the alert budget.
    pub fn candidate_level(&self) -> f64 {
        (self.budget.risk_level * 10.0).min(0.1)
    }
}

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
            budget: BudgetConfig::default(),
            windows: Arc::new(Windows { default_seconds: 900, overrides: BTreeMap::new() }),
            facts_keep: 30 * DAY,
            bounds: Bounds::default(),
        }
    }
}

impl Settings {
    /// Findings up to this probability are candidates for the alert budget.
    pub fn candidate_level(&self) -> f64 {
        (self.budget.risk_level * 10.0).min(0.1)
    }
}

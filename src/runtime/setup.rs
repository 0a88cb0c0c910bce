//! From configuration to what the engine is started with.

use super::rules::Rules;
use crate::config::Config;
use seerflow_model::time::SECOND;
use seerflow_parsing::parser::Parser;
use seerflow_pipeline::engine::{Options, ThreadCpu};
use seerflow_pipeline::folds::episodes::Windows;
use seerflow_pipeline::parse::DropRules;
use seerflow_pipeline::settings::Settings;
use std::sync::Arc;

/// What detectors go by.
pub fn settings(config: &Config) -> Settings {
    let detection = &config.detection;
    let mut settings = Settings {
        bucket: detection.bucket_seconds * SECOND,
        windows: Arc::new(Windows {
            default_seconds: config.alerting.dedup_window_seconds,
            overrides: config.alerting.dedup_window_overrides.clone(),
        }),
        ..Settings::default()
    };
    settings.volume.bucket_seconds = detection.bucket_seconds;
    settings.novelty.calibration_window =
        u32::try_from(detection.dspot.calibration_window).unwrap_or(u32::MAX);
    settings.budget.risk_level = detection.dspot.risk_level;
    settings.budget.alerts_per_day = detection.alerts_per_day;
    settings.silence.level = detection.dspot.risk_level;
    settings
}

/// Options of an engine with `workers` workers. `own_pid`: whether our own lines are known.
pub fn engine(config: &Config, workers: usize, rules: &Arc<Rules>) -> Options {
    let roles = config.role_set();
    let own = std::process::id();
    // A batch of a busy receiver holds up to 512 records.
    let lane_capacity = (config.receivers.queue_maxsize / 512 / workers.max(1)).max(2);
    Options {
        workers,
        cluster: None,
        ports: 1,
        lane_capacity,
        held_bytes_max: config.engine.max_held_bytes,
        settings: settings(config),
        parser: Arc::new(move || Parser::new(roles.clone(), Some(own))),
        rules: rules.drops().then(|| rules.clone() as Arc<dyn DropRules>),
        keepers: None,
        observer: None,
        thread_cpu: Some(thread_cpu()),
        profile: false,
        cut: None,
        restore: None,
        gap: None,
        desk: Arc::default(),
    }
}

/// CPU time of the calling thread, ns.
pub fn thread_cpu() -> ThreadCpu {
    Arc::new(|| cpu(rustix::time::ClockId::ThreadCPUTime))
}

/// CPU time of this process, ns.
pub fn process_cpu() -> u64 {
    cpu(rustix::time::ClockId::ProcessCPUTime)
}

fn cpu(clock: rustix::time::ClockId) -> u64 {
    let time = rustix::time::clock_gettime(clock);
    u64::try_from(time.tv_sec).unwrap_or(0) * SECOND + u64::try_from(time.tv_nsec).unwrap_or(0)
}

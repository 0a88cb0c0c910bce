//! From configuration to what the engine is started with.

use super::rules::Rules;
use crate::config::sources::EntryWeights;
use crate::config::{Config, Detection};
use crate::failure::Failure;
use crate::sigma::book::{Book, Changes, Wish};
use seerflow_model::time::SECOND;
use seerflow_parsing::parser::Parser;
use seerflow_pipeline::engine::{Options, ThreadCpu};
use seerflow_pipeline::folds::episodes::Windows;
use seerflow_pipeline::parse::DropRules;
use seerflow_pipeline::rulebook::RuleDesk;
use seerflow_pipeline::settings::{ChainSettings, ChannelWeights, RiskSettings, Settings, Weights};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How risk adds up.
fn risk(detection: &Detection) -> RiskSettings {
    let chain = &detection.kill_chain;
    RiskSettings {
        half_life: ((detection.risk_half_life_hours * 3_600e9) as u64).max(1),
        threshold: detection.risk_threshold,
        entities_max: detection.risk_max_entities,
        chain: chain.enabled.then_some(ChainSettings {
            tactics: chain.tactic_threshold,
            window: chain.window_seconds * SECOND,
        }),
    }
}

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
    settings.tags = Arc::new(config.attack_mappings.clone());
    settings.risk = risk(detection);
    settings.silence.level = detection.dspot.risk_level;
    settings.calibration.level = detection.dspot.initial_percentile / 100.0;
    settings.content.window_events = detection.hst_window_size;
    settings.content.trees = detection.hst_n_trees;
    settings.change.drift = detection.cusum.drift;
    settings.change.threshold = detection.cusum.threshold;
    settings.sequence.events_min = detection.markov.min_events;
    settings.session_idle = detection.session_idle_seconds * SECOND;
    settings.weights = weights(config);
    settings
}

/// How much each channel weighs, for all sources and for those of single entries.
pub fn weights(config: &Config) -> Weights {
    let detection = &config.detection;
    let usual = ChannelWeights {
        content: detection.weights_content,
        volume: detection.weights_volume,
        sequence: detection.weights_sequence,
        pattern: detection.weights_pattern,
    };
    let mut of_entry = BTreeMap::new();
    for entry in config.sources.iter().filter(|entry| entry.weights != EntryWeights::default()) {
        let own = entry.weights;
        let weights = ChannelWeights {
            content: own.content.unwrap_or(usual.content),
            volume: own.volume.unwrap_or(usual.volume),
            sequence: own.sequence.unwrap_or(usual.sequence),
            pattern: own.pattern.unwrap_or(usual.pattern),
        };
        of_entry.insert(entry.name.clone(), weights);
    }
    Weights { usual, of_entry }
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
        rules_desk: Arc::default(),
        notices: false,
    }
}

/// Puts the rules of a configuration in force, and gives them.
pub fn judge(options: &mut Options, config: &Config, changes: &Changes) -> Result<Book, Failure> {
    let book = Book::load(&Wish::of(config), changes)?;
    options.rules_desk = Arc::new(RuleDesk::new(book.set.clone()));
    Ok(book)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, parse};
    use seerflow_model::Channel;

    fn of(yaml: &str) -> Settings {
        let (config, warnings) = parse(yaml, "f", &Environment::default()).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        settings(&config)
    }

    /// With no file the detectors go by what they were made and measured with.
    #[test]
    fn the_defaults_are_those_of_the_detectors() {
        let of_config = settings(&Config::default());
        // What words stand for is not the detectors' to know.
        let own = Settings { tags: of_config.tags.clone(), ..Settings::default() };
        assert_eq!(format!("{of_config:?}"), format!("{own:?}"));
    }

    #[test]
    fn every_key_has_an_effect() {
        let number =
            |yaml: &str, value: fn(&Settings) -> f64| value(&of(&format!("detection: {{{yaml}}}")));
        for (yaml, value, expected) in [
            ("bucket_seconds: 30", (|s| s.bucket as f64) as fn(&Settings) -> f64, 30e9),
            ("alerts_per_day: 3", |s| f64::from(s.budget.alerts_per_day), 3.0),
            ("weights_content: 0.5", |s| s.weights.usual.of(Channel::Content), 0.5),
            ("weights_volume: 0", |s| s.weights.usual.of(Channel::Volume), 0.0),
            ("weights_sequence: 7", |s| s.weights.usual.of(Channel::Sequence), 7.0),
            ("weights_pattern: 0.9", |s| s.weights.usual.of(Channel::Pattern), 0.9),
            ("hst_window_size: 100", |s| f64::from(s.content.window_events), 100.0),
            ("hst_n_trees: 256", |s| f64::from(s.content.trees), 256.0),
            ("session_idle_seconds: 60", |s| s.session_idle as f64, 60e9),
            ("cusum: {drift: 1}", |s| s.change().drift, 1.0),
            ("cusum: {threshold: 90}", |s| s.change().threshold, 90.0),
            ("markov: {min_events: 5}", |s| s.sequence.events_min as f64, 5.0),
            ("risk_half_life_hours: 1", |s| s.risk.half_life as f64, 3_600e9),
            ("risk_threshold: 70", |s| s.risk.threshold, 70.0),
            ("risk_max_entities: 9", |s| s.risk.entities_max as f64, 9.0),
            ("kill_chain: {enabled: false}", |s| f64::from(s.risk.chain.is_some()), 0.0),
            ("kill_chain: {tactic_threshold: 4}", |s| s.risk.chain.unwrap().tactics as f64, 4.0),
            ("kill_chain: {window_seconds: 60}", |s| s.risk.chain.unwrap().window as f64, 60e9),
            ("dspot: {initial_percentile: 90}", |s| s.calibration.level, 0.9),
            ("dspot: {risk_level: 0.01}", |s| s.budget.risk_level, 0.01),
            ("dspot: {risk_level: 0.01}", |s| s.silence.level, 0.01),
            ("dspot: {calibration_window: 9}", |s| f64::from(s.novelty.calibration_window), 9.0),
        ] {
            assert_eq!(number(yaml, value), expected, "{yaml}");
        }
    }

    #[test]
    fn an_entry_has_weights_of_its_own() {
        let settings = of("detection: {weights_volume: 0.4}\nsources:\n\
                           - {name: a, match: {path: /x}, weights: {content: 0, pattern: 1}}\n\
                           - {name: b, weights: {}}\n");
        let own = settings.weights.of_entry["a"];
        let all = [own.content, own.volume, own.sequence, own.pattern];
        assert_eq!(all, [0.0, 0.4, 0.25, 1.0]);
        assert_eq!(settings.weights.of_entry.len(), 1, "b says nothing");
    }

    #[test]
    fn weights_of_nothing_are_refused() {
        let none = "weights_content: 0, weights_volume: 0, weights_sequence: 0, weights_pattern: 0";
        for (yaml, message) in [
            (format!("detection: {{{none}}}"), "nothing would be found"),
            (
                format!("sources: [{{name: a, weights: {{{}}}}}]", none.replace("weights_", "")),
                "of the entry \"a\" leave no channel",
            ),
            ("detection: {hst_n_trees: 257}".to_owned(), "a whole number from 1 to 256"),
            ("detection: {weights_volume: -1}".to_owned(), "a number from 0 to 1000"),
        ] {
            let failure = parse(&yaml, "f", &Environment::default()).unwrap_err().to_string();
            assert!(failure.contains(message), "{yaml}: {failure}");
        }
    }
}

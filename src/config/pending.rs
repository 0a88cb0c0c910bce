//! The options that are taken without an effect, so that a file of 0.7.0 still loads.
//!
//! Each is checked like any other and warned of once, with what is missing. When a feature is
//! built its rows move to the sections.

use super::option::{Kind, Row, Status};

/// A number above 0.
const POS: Kind = Kind::Between(0.0, f64::MAX);
/// A number from 0.
const NONNEG: Kind = Kind::Float(0.0, f64::MAX);
/// A number between 0 and 1.
const UNIT: Kind = Kind::Between(0.0, 1.0);

const fn i(min: i64, max: i64) -> Kind {
    Kind::Int(min, max)
}

macro_rules! pending {
    ($($why:ident { $($path:literal, $kind:expr, $default:literal, $doc:literal;)* })*) => {
        /// All pending rows.
        pub(super) const PENDING: &[Row] = &[$($(
            Row { path: $path, kind: $kind, default: $default, doc: $doc, status: Status::Pending($why) },
        )*)*];
    };
}

const STREAM: &str = "the live stream is not there yet";
const RATE: &str = "rate limits are kept in memory";
const POSTGRES: &str = "state is kept in SQLite, PostgreSQL is not there yet";
const GRAPH: &str = "the graph is not there yet";
const OTLP: &str = "calls are not bound to threads here";
const TAIL: &str = "files are followed without it";
const FEEDBACK: &str = "thresholds are not raised by feedback";
const VOLUME: &str = "models and calibration settle it by what they see";
const KINDS: &str = "all volume weighs as `weights_volume` says";
const CHAINS: &str = "every event is judged, and chains are smoothed by what they see";
const BOUNDS: &str = "what is kept is bounded by key group, whatever the models";
const SAVES: &str = "models are saved by `analyze --save-models` only";
const ENTITIES: &str = "`risk_max_entities` bounds both";
const UPLOADS: &str = "uploaded rules are kept in the database";
const CORRELATION: &str = "correlation rules are not there yet";
const CHANNELS: &str = "alerts go to the console and to files only";
const UEBA: &str = "baselines of entities are not there yet";
const INTEL: &str = "threat intelligence is not there yet";
const LLM: &str = "explanations by a language model are not there yet";

pending! {
    STREAM {
        "ws_max_connections", i(1, 1_000), "20", "Most live streams at a time.";
        "ws_queue_maxlen", i(1, 100_000), "1000", "Messages that wait for one slow reader.";
        "ws_tick_interval_s", POS, "0.01", "Shortest time between two messages, in seconds.";
        "ws_batch_max_events", i(1, 1_000), "10", "Most events in one message.";
        "ws_status_interval_s", POS, "5.0", "Time between two status messages, in seconds.";
        "ws_allowed_origins", Kind::Texts, "[]", "Origins of browsers that may read the stream.";
        "ws_filter_min_interval_ms", i(0, i64::MAX), "100", "Shortest time between two changes of a filter, in ms.";
    }
    RATE {
        "api_rate_limit_redis_url", Kind::Secret, "null", "Shares the limits over Redis.";
    }
    POSTGRES {
        "storage.backend", Kind::Choice(&["sqlite", "postgresql"]), "sqlite", "Database for state that people change.";
        "storage.postgresql_url", Kind::Secret, "null", "Database address.";
        "storage.postgresql_pool_min_size", i(1, 1_000), "2", "Connections kept open.";
        "storage.postgresql_pool_max_size", i(1, 1_000), "10", "Most connections.";
        "storage.postgresql_command_timeout_s", POS, "30.0", "Time-out of a statement, in seconds.";
    }
    GRAPH {
        "storage.graph_backend", Kind::Choice(&["igraph", "falkordb", "postgres_age"]), "igraph", "Graph database of the Python product.";
        "storage.falkordb_url", Kind::Secret, "null", "Address of that graph database.";
    }
    OTLP {
        "receivers.otlp_grpc_max_workers", i(1, 1_024), "4", "Threads of the Python product.";
    }
    TAIL {
        "receivers.file_checkpoint_dir", Kind::Text, "\"\"", "Folder of file positions.";
        "receivers.file_debounce_ms", i(0, 3_600_000), "1600", "Wait after a change of a file, in ms.";
    }
    FEEDBACK {
        "detection.dspot.threshold_cap_multiplier", Kind::Between(1.0, f64::MAX), "5.0", "How far feedback may raise a threshold.";
    }
    VOLUME {
        "detection.hw.seasonal_period", i(2, 1_000_000), "1440", "Buckets of a season.";
        "detection.hw.alpha", UNIT, "0.3", "Smoothing of the level.";
        "detection.hw.beta", UNIT, "0.1", "Smoothing of the trend.";
        "detection.hw.gamma", UNIT, "0.1", "Smoothing of the season.";
        "detection.hw.n_std", POS, "3.0", "Deviations that count.";
        "detection.cusum.ema_alpha", UNIT, "0.1", "Smoothing of its mean.";
        "detection.cusum.warmup_buckets", i(1, 1_000_000), "30", "Buckets before it says anything.";
        "detection.min_events_for_scoring", i(1, 100_000), "50", "Events before anything is scored.";
    }
    KINDS {
        "detection.weights_template_volume", NONNEG, "0.15", "Weight of volume by template.";
        "detection.weights_entity_volume", NONNEG, "0.15", "Weight of volume by entity.";
    }
    CHAINS {
        "detection.markov.smoothing", POS, "0.000001", "Smoothing of the chains.";
        "detection.score_interval", i(1, 1_000_000), "1", "Every how many events are scored.";
    }
    BOUNDS {
        "detection.markov.max_entities", i(1, 100_000), "1000", "Most chains.";
        "detection.max_sources", i(1, 10_000), "256", "Most sources with models.";
        "detection.max_template_hw", i(1, 100_000), "500", "Most templates with volume models.";
        "detection.max_entity_hw", i(1, 100_000), "500", "Most entities with volume models.";
    }
    SAVES {
        "detection.model_save_interval_seconds", i(1, 86_400), "300", "Time between two saves of models.";
    }
    UPLOADS {
        "detection.sigma_custom_upload_dir", Kind::Text, "null", "Folder of uploaded rules.";
    }
    ENTITIES {
        "detection.kill_chain.max_entities", i(1, 100_000_000), "10000", "Most entities.";
    }
    GRAPH {
        "detection.graph_algo_interval", i(10, 100_000), "500", "Events between two looks at the graph.";
        "detection.graph_structural.community_crossing_enabled", Kind::Bool, "true", "Edges between communities.";
        "detection.graph_structural.betweenness_threshold", Kind::Float(0.0, 1.0), "0.3", "Betweenness that counts.";
        "detection.graph_structural.fan_out_sigma", POS, "3.0", "Deviations of fan-out that count.";
        "detection.graph_structural.fan_out_min_floor", i(1, 1_000_000), "5", "Least fan-out that counts.";
        "detection.graph_structural.fan_out_history_size", i(3, 1_000_000), "20", "Values of fan-out that are kept.";
    }
    CORRELATION {
        "correlation.window_duration_seconds", i(1, i64::MAX), "1800", "Time that a rule looks back.";
        "correlation.max_events_per_entity", i(1, 10_000_000), "1000", "Most events of an entity.";
        "correlation.max_entities", i(1, 100_000_000), "10000", "Most entities.";
    }
    CHANNELS {
        "alerting.webhooks", Kind::Opaque, "[]", "Targets of webhooks.";
        "alerting.email_targets", Kind::Opaque, "[]", "Targets of mail.";
        "alerting.sms_targets", Kind::Opaque, "[]", "Targets of text messages.";
        "alerting.telegram_targets", Kind::Opaque, "[]", "Targets of Telegram.";
        "alerting.whatsapp_targets", Kind::Opaque, "[]", "Targets of WhatsApp.";
        "alerting.routing_rules", Kind::Opaque, "[]", "Which alert goes where.";
        "alerting.default_routing", Kind::Opaque, "null", "Where the others go.";
        "alerting.pagerduty_routing_key", Kind::Secret, "\"\"", "Key of PagerDuty.";
        "alerting.dashboard_url", Kind::Text, "\"\"", "Address of the dashboard in messages.";
        "alerting.otlp_endpoint", Kind::Text, "\"\"", "Where alerts go as OpenTelemetry logs.";
        "alerting.otlp_protocol", Kind::Choice(&["grpc", "http"]), "grpc", "How they go there.";
        "alerting.otlp_export_interval_seconds", i(1, 86_400), "5", "How often.";
        "alerting.otlp_tls", Kind::Bool, "null", "With TLS.";
        "alerting.otlp_tls_ca_file", Kind::Text, "\"\"", "Authority that is trusted.";
        "alerting.otlp_mtls_cert_file", Kind::Text, "\"\"", "Own certificate.";
        "alerting.otlp_mtls_key_file", Kind::Text, "\"\"", "Its key.";
    }
    UEBA {
        "ueba.enabled", Kind::Bool, "true", "Learns how entities behave.";
        "ueba.warmup_days", i(0, 3_650), "7", "Days before it says anything.";
        "ueba.warmup_min_events", i(0, 1_000_000_000), "50", "Events before it says anything.";
        "ueba.max_entities", i(1, 100_000_000), "100000", "Most entities.";
        "ueba.ema_alpha", Kind::Float(0.0, 1.0), "0.05", "Smoothing of volume.";
        "ueba.source_ip_cap", i(1, 100_000), "64", "Addresses kept of an entity.";
        "ueba.template_top_k", i(1, 100_000), "32", "Templates kept of an entity.";
        "ueba.score_threshold", Kind::Float(0.0, 1.0), "0.75", "Score that raises an alert.";
        "ueba.alert_cooldown_seconds", i(0, i64::MAX), "900", "Quiet time after an alert.";
        "ueba.sub_score_weights.time_of_day", Kind::Float(0.0, 1.0), "0.25", "Weight of the hour.";
        "ueba.sub_score_weights.source_novelty", Kind::Float(0.0, 1.0), "0.3", "Weight of new addresses.";
        "ueba.sub_score_weights.volume", Kind::Float(0.0, 1.0), "0.2", "Weight of volume.";
        "ueba.sub_score_weights.pattern_novelty", Kind::Float(0.0, 1.0), "0.25", "Weight of new patterns.";
    }
    INTEL {
        "threat_intel.enabled", Kind::Bool, "false", "Fetches indicators.";
        "threat_intel.default_poll_interval_s", i(60, i64::MAX), "3600", "Time between two fetches.";
        "threat_intel.request_timeout_s", POS, "30", "Time-out of a fetch.";
        "threat_intel.max_indicators_per_feed", i(1, 10_000_000), "1000000", "Most indicators of a feed.";
        "threat_intel.expired_grace_days", i(0, 36_500), "30", "Days that an expired indicator is kept.";
        "threat_intel.startup_jitter_s", NONNEG, "30", "Spread of the first fetches.";
        "threat_intel.feeds", Kind::Opaque, "[]", "The feeds.";
        "threat_intel.matcher.enabled", Kind::Bool, "false", "Looks for indicators in events.";
        "threat_intel.matcher.fpr", UNIT, "0.001", "False positives of its filter.";
        "threat_intel.matcher.min_capacity", i(1, i64::MAX), "100000", "Least size of its filter.";
        "threat_intel.matcher.capacity_growth_factor", Kind::Float(1.0, 1_000.0), "1.25", "Growth of its filter.";
        "threat_intel.matcher.confidence_floor", i(0, 100), "0", "Least confidence of an indicator.";
        "threat_intel.matcher.rebuild_debounce_ms", i(0, i64::MAX), "200", "Wait before it is built again, in ms.";
        "threat_intel.matcher.enabled_types", Kind::Texts, "[ipv4, ipv6, domain, url, md5, sha1, sha256]", "Types of indicators.";
    }
    LLM {
        "llm.backend", Kind::Choice(&["", "llama_cpp", "ollama", "cloud"]), "\"\"", "Where the model runs.";
        "llm.model_path", Kind::Text, "\"\"", "Model file.";
        "llm.ollama_url", Kind::Text, "http://localhost:11434", "Address of Ollama.";
        "llm.ollama_model", Kind::Text, "phi4-mini", "Its model.";
        "llm.ollama_timeout_s", Kind::Float(1.0, 600.0), "30", "Its time-out.";
        "llm.cloud_provider", Kind::Choice(&["", "anthropic", "openai"]), "\"\"", "Provider.";
        "llm.cloud_api_key", Kind::Secret, "\"\"", "Its key.";
        "llm.cloud_model", Kind::Text, "\"\"", "Its model.";
        "llm.cloud_base_url", Kind::Secret, "\"\"", "Its address.";
        "llm.cloud_timeout_s", Kind::Float(1.0, 600.0), "30", "Its time-out.";
        "llm.n_ctx", i(512, 32_768), "4096", "Context of a local model.";
        "llm.n_threads", i(1, 1_024), "null", "Threads of a local model.";
        "llm.n_gpu_layers", i(-1, 1_000), "0", "Layers on the GPU.";
        "llm.max_tokens_default", i(1, 1_024), "256", "Longest answer.";
        "llm.temperature_default", Kind::Float(0.0, 2.0), "0.2", "Temperature.";
        "llm.seed", i(0, i64::MAX), "42", "Seed.";
        "llm.explanation_cache_size", i(0, 100_000), "256", "Explanations kept.";
        "llm.explanation_cache_ttl_s", i(1, 86_400), "3600", "How long.";
        "llm.explanation_max_contributing_events", i(1, 64), "8", "Events shown to the model.";
        "llm.explanation_max_prompt_chars", i(512, 32_000), "8000", "Longest prompt.";
        "llm.explanation_timeout_s", Kind::Float(1.0, 120.0), "12", "Time-out.";
        "llm.hunt_cache_size", i(0, 100_000), "256", "Hunts kept.";
        "llm.hunt_cache_ttl_s", i(1, 86_400), "3600", "How long.";
        "llm.hunt_timeout_s", Kind::Float(1.0, 120.0), "12", "Time-out.";
        "llm.hunt_max_results", i(1, 10_000), "100", "Most results.";
        "llm.hunt_max_query_chars", i(16, 16_384), "512", "Longest question.";
        "llm.rule_suggestion_cache_size", i(0, 4_096), "64", "Suggestions kept.";
        "llm.rule_suggestion_cache_ttl_s", i(1, 86_400), "21600", "How long.";
        "llm.rule_suggestion_min_tp", i(1, 100), "3", "True positives that make a suggestion.";
        "llm.rule_suggestion_window_days", i(0, 365), "0", "Days looked back; 0 for all.";
        "llm.rule_suggestion_timeout_s", Kind::Float(1.0, 120.0), "30", "Time-out.";
    }
}

//! The program's own log lines: to stderr, so that results and alerts stay alone on stdout.

use crate::alerting::console::colours_wanted;
use crate::config::LogLevel;
use std::io::IsTerminal;
use tracing::level_filters::LevelFilter;

/// Starts logging. A second call changes nothing.
pub fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warning => LevelFilter::WARN,
        // Tracing has nothing above an error.
        LogLevel::Error | LogLevel::Critical => LevelFilter::ERROR,
    };
    let started = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && colours_wanted())
        .with_target(false)
        .try_init();
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

//! Models that travel from an archive to the live engine.
//!
//! `analyze --save-models` takes the state at the end of its input, before anything is closed, and
//! keeps what was learnt ([`seerflow_pipeline::models`]); a start with `--models` begins with it, on
//! any number of workers. Between the two lies a gap of which nothing is known: folds are told of it
//! ([`seerflow_pipeline::env::Gap`]), so that it is neither silence nor a session nor a pause.
//!
//! State means something only to the build that wrote it and under the settings that give it its
//! meaning ([`Meaning`]); any other is refused, with what differs.

mod file;

pub use file::{NAME, Target, read};

use super::cluster;
use super::rules::Rules;
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use seerflow_model::Ns;
use seerflow_model::time::{SECOND, TICK, floor_tick, rfc3339};
use seerflow_pipeline::env::{Gap, Snapshot};
use serde::{Deserialize, Serialize};

/// What models mean: equal where they are saved and where they are used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meaning {
    /// Version of the program.
    pub version: String,
    /// Digest of the program file.
    pub build: String,
    /// `detection.bucket_seconds`.
    pub bucket_seconds: u64,
    /// `detection.session_idle_seconds`.
    pub session_idle_seconds: u64,
    /// Digest of the key that pseudonyms are made with; 0 when nothing is redacted.
    pub redact: String,
}

impl Meaning {
    /// That of this program under a configuration.
    pub fn of(config: &Config, rules: &Rules) -> Result<Meaning, Failure> {
        let build = cluster::build().map_err(|error| {
            Failure::new(ExitCode::CannotRun, format!("cannot read the program file: {error}"))
        })?;
        Ok(Meaning {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: format!("{build:016x}"),
            bucket_seconds: config.detection.bucket_seconds,
            session_idle_seconds: config.detection.session_idle_seconds,
            redact: format!("{:016x}", rules.redact_digest()),
        })
    }

    /// What is not as here, one line each.
    fn differences(&self, saved: &Meaning) -> Vec<String> {
        let mut lines = Vec::new();
        if (&self.version, &self.build) != (&saved.version, &saved.build) {
            lines.push(format!(
                "they were saved by another build: {} ({}), this is {} ({})",
                saved.version, saved.build, self.version, self.build
            ));
        }
        for (key, own, theirs) in [
            ("detection.bucket_seconds", self.bucket_seconds, saved.bucket_seconds),
            (
                "detection.session_idle_seconds",
                self.session_idle_seconds,
                saved.session_idle_seconds,
            ),
        ] {
            if own != theirs {
                lines.push(format!("key: {key} was {theirs} there and is {own} here"));
            }
        }
        if self.redact != saved.redact {
            lines.push("values were redacted with another key, or only there or here".to_owned());
        }
        lines
    }
}

/// Models with where they come from.
#[derive(Debug)]
pub struct Models {
    /// State by operator and key group.
    pub state: Snapshot,
    /// Time up to which they know everything; a multiple of the tick.
    pub until: Ns,
    /// Events they were learnt from.
    pub events: u64,
}

impl Models {
    /// What a run has learnt whose newest event is at `newest`.
    pub fn learnt(snapshot: Snapshot, newest: Ns, events: u64) -> Models {
        let state = seerflow_pipeline::models::taken(snapshot);
        Models { state, until: floor_tick(newest).saturating_add(TICK), events }
    }

    /// The time between them and an engine that starts at `now` and waits `lateness` for what is
    /// out of order. `ahead`: how far its sources may be ahead of the clock.
    pub fn gap(&self, now: Ns, lateness: Ns, ahead: Ns) -> Result<Gap, Failure> {
        if self.until > now.saturating_add(ahead) {
            return Err(Failure::usage("these models know a time that is still to come")
                .detail(format!("they end at {}", rfc3339(self.until)))
                .hint("see that the times of the archive were read rightly: --year, --timezone"));
        }
        let begins = floor_tick(now.saturating_sub(lateness).saturating_sub(SECOND));
        Ok(Gap { from: self.until, to: begins.max(self.until) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_ends_where_the_live_engine_begins() {
        let models = Models::learnt(Snapshot::new(), 100 * SECOND + 7, 1);
        assert_eq!(models.until, 100 * SECOND + TICK);
        let gap = models.gap(500 * SECOND, 2 * SECOND, 0).unwrap();
        assert_eq!(gap, Gap { from: models.until, to: 497 * SECOND });
        let none = models.gap(101 * SECOND, 2 * SECOND, 0).unwrap();
        assert_eq!(none.length(), 0, "time does not go back");
        let failure = models.gap(50 * SECOND, 2 * SECOND, 10 * SECOND).unwrap_err();
        assert_eq!(failure.exit_code, ExitCode::Usage);
        assert!(models.gap(95 * SECOND, 2 * SECOND, 10 * SECOND).is_ok());
    }

    #[test]
    fn what_differs_is_named() {
        let own = Meaning {
            version: "1".into(),
            build: "a".into(),
            bucket_seconds: 60,
            session_idle_seconds: 1800,
            redact: "0".into(),
        };
        assert!(own.differences(&own.clone()).is_empty());
        let other = Meaning { build: "b".into(), bucket_seconds: 30, ..own.clone() };
        let lines = own.differences(&other);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains("another build"), "{lines:?}");
        assert_eq!(lines[1], "key: detection.bucket_seconds was 30 there and is 60 here");
    }
}

//! The Sigma rule language: the words of a rule's head.
//!
//! Names and values are those of the Sigma specification 2.x. Compiling and matching are not here
//! yet; what is here is what alerts and lists of rules need: title, id, level, status, logsource
//! and tags. Every field is read strictly: an unknown level or status is an error that says what
//! is allowed, never a silent default.

use seerflow_model::{Severity, Tactic};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use thiserror::Error;

/// A value that the specification does not know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown {what} `{value}`: one of {allowed}")]
pub struct Unknown {
    what: &'static str,
    value: String,
    allowed: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$item:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$item])* $variant,)* }

        impl $name {
            /// All values, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word in a rule.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl FromStr for $name {
            type Err = Unknown;

            fn from_str(text: &str) -> Result<$name, Unknown> {
                let found = $name::ALL.iter().find(|v| v.name().eq_ignore_ascii_case(text.trim()));
                found.copied().ok_or_else(|| Unknown {
                    what: $what,
                    value: text.to_owned(),
                    allowed: $name::ALL.iter().map(|v| v.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

words! {
    /// How bad a match is.
    Level, "level" {
        /// Worth knowing.
        Informational = "informational",
        /// Notable, rarely an incident.
        Low = "low",
        /// Should be looked at.
        Medium = "medium",
        /// Should be looked at soon.
        High = "high",
        /// An incident.
        Critical = "critical",
    }
}

words! {
    /// How mature a rule is.
    Status, "status" {
        /// Replaced or no longer right.
        Unsupported = "unsupported",
        /// Replaced by a better one.
        Deprecated = "deprecated",
        /// May be noisy.
        Experimental = "experimental",
        /// Few false positives seen.
        Test = "test",
        /// For production.
        Stable = "stable",
    }
}

impl Level {
    /// On the scale of events and alerts; a rule without a level counts as informational.
    pub const fn severity(self) -> Severity {
        match self {
            Level::Informational => Severity::Informational,
            Level::Low => Severity::Notice,
            Level::Medium => Severity::Warning,
            Level::High => Severity::Error,
            Level::Critical => Severity::Critical,
        }
    }
}

/// What logs a rule speaks of; an absent part matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSource {
    /// For instance `process_creation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// For instance `linux`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// For instance `sshd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How to turn the logs on; for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
}

impl LogSource {
    /// Whether events of this logsource are spoken of.
    pub fn covers(&self, event: &seerflow_model::LogSource) -> bool {
        let part = |mine: &Option<String>, theirs: &str| {
            mine.as_deref().is_none_or(|mine| mine.eq_ignore_ascii_case(theirs))
        };
        part(&self.category, event.category)
            && part(&self.product, event.product)
            && part(&self.service, event.service)
    }
}

/// The head of a rule: everything but its detection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Short title.
    pub title: String,
    /// UUID of the rule.
    #[serde(default)]
    pub id: Option<String>,
    /// How mature it is.
    #[serde(default)]
    pub status: Option<Status>,
    /// How bad a match is.
    #[serde(default)]
    pub level: Option<Level>,
    /// What it finds, in words.
    #[serde(default)]
    pub description: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub author: Option<String>,
    /// What logs it speaks of.
    pub logsource: LogSource,
    /// Tags with their namespace, `attack.t1110`.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl Header {
    /// Severity of a match.
    pub fn severity(&self) -> Severity {
        self.level.map_or(Severity::Informational, Level::severity)
    }

    /// ATT&CK tactics among the tags, each once, in their order.
    pub fn tactics(&self) -> Vec<Tactic> {
        let mut tactics: Vec<Tactic> = Vec::new();
        for tactic in self.attack().filter_map(Tactic::parse) {
            if !tactics.contains(&tactic) {
                tactics.push(tactic);
            }
        }
        tactics
    }

    /// ATT&CK techniques among the tags, `T1110.004`, each once, in their order.
    pub fn techniques(&self) -> Vec<String> {
        let mut techniques: Vec<String> = Vec::new();
        for tag in self.attack() {
            let name = tag.to_ascii_uppercase();
            if technique(&name) && !techniques.contains(&name) {
                techniques.push(name);
            }
        }
        techniques
    }

    fn attack(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().filter_map(|tag| {
            let (namespace, name) = tag.split_once('.')?;
            namespace.eq_ignore_ascii_case("attack").then_some(name)
        })
    }
}

/// `T` and four digits, perhaps a point and three.
fn technique(name: &str) -> bool {
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let Some(rest) = name.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        None => digits(rest, 4),
        Some((main, sub)) => digits(main, 4) && digits(sub, 3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_read_in_any_case_and_unknown_ones_say_what_is_allowed() {
        assert_eq!("High".parse(), Ok(Level::High));
        assert_eq!(" stable ".parse(), Ok(Status::Stable));
        let error = "hgih".parse::<Level>().unwrap_err().to_string();
        assert!(error.contains("hgih") && error.contains("medium, high"), "{error}");
        for level in Level::ALL {
            assert_eq!(level.name().parse(), Ok(*level));
            assert_eq!(serde_json::to_value(level).unwrap(), level.name());
        }
        assert!(Level::ALL.is_sorted_by_key(|level| level.severity()));
    }

    #[test]
    fn a_header_is_read_and_its_tags_are_understood() {
        let header: Header = serde_json::from_value(serde_json::json!({
            "title": "Many failed logins", "level": "high", "status": "test",
            "logsource": {"product": "linux", "service": "sshd"},
            "tags": ["attack.credential-access", "attack.credential_access", "attack.t1110",
                "attack.t1110.004", "attack.s0002", "cve.2021-44228", "attack.t11"],
            "detection": {"condition": "x"},
        }))
        .unwrap();
        assert_eq!(header.severity(), Severity::Error);
        assert_eq!(header.tactics(), [Tactic::CredentialAccess]);
        assert_eq!(header.techniques(), ["T1110", "T1110.004"]);
        let source =
            |service| seerflow_model::LogSource { category: "", product: "linux", service };
        assert!(header.logsource.covers(&source("sshd")));
        assert!(!header.logsource.covers(&source("sudo")));
        assert!(LogSource::default().covers(&source("sudo")));
    }

    #[test]
    fn what_is_wrong_is_an_error() {
        for wrong in [
            serde_json::json!({"title": "x", "logsource": {"produkt": "linux"}}),
            serde_json::json!({"title": "x", "logsource": {}, "level": "bad"}),
            serde_json::json!({"logsource": {}}),
        ] {
            assert!(serde_json::from_value::<Header>(wrong).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_tag_is_harmless(tags in prop::collection::vec(".{0,20}", 0..6)) {
            let logsource = LogSource::default();
            let title = String::new();
            let header = Header { title, id: None, status: None, level: None, description: None,
                author: None, logsource, tags };
            prop_assert!(header.techniques().len() <= header.tags.len());
            prop_assert!(header.tactics().len() <= header.tags.len());
        }
    }
}

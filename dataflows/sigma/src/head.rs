//! The head of a rule: title, id, level, status, logsource, tags, and whom to thank for it.
//!
//! Every field is read strictly: an unknown level or status is an error that says what is
//! allowed, never a silent default. `author`, `license` and `references` are kept because who
//! shows a match has to name the author.

use crate::fault::Fault;
use crate::yaml::{Node, Yaml};
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

/// What logs a rule speaks of; an absent part matches anything, but one must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct LogSource {
    /// For instance `process_creation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// For instance `linux`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// For instance `sshd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How to turn the logs on; for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
}

impl LogSource {
    /// Reads the mapping under `logsource`. Other keys are for people, unless nothing else says
    /// which logs are meant.
    pub fn read(node: &Node) -> Result<LogSource, Fault> {
        let mut source = LogSource::default();
        let mut others = Vec::new();
        for (key, value) in node.map("`logsource`")? {
            let part = match key.text.as_str() {
                "category" => &mut source.category,
                "product" => &mut source.product,
                "service" => &mut source.service,
                "definition" => &mut source.definition,
                other => {
                    others.push(other);
                    continue;
                }
            };
            if value.value != Yaml::Null {
                *part = Some(value.text(&format!("`{}`", key.text))?);
            }
        }
        let parts = [&source.category, &source.product, &source.service];
        if parts.iter().all(|part| part.as_deref().is_none_or(|text| text.trim().is_empty())) {
            let found = match others.is_empty() {
                true => String::new(),
                false => format!(", only {}", others.join(", ")),
            };
            let message = format!("`logsource` has no category, product or service{found}");
            return Err(node.fault(message));
        }
        Ok(source)
    }

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Header {
    /// Short title.
    pub title: String,
    /// UUID of the rule.
    pub id: Option<String>,
    /// Name by which correlations refer to it.
    pub name: Option<String>,
    /// How mature it is.
    pub status: Option<Status>,
    /// How bad a match is.
    pub level: Option<Level>,
    /// What it finds, in words.
    pub description: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// SPDX identifier of its licence.
    pub license: Option<String>,
    /// Where it was derived from.
    pub references: Vec<String>,
    /// When it was written.
    pub date: Option<String>,
    /// When it was last changed.
    pub modified: Option<String>,
    /// What logs it speaks of; nothing for correlations.
    pub logsource: LogSource,
    /// Tags with their namespace, `attack.t1110`.
    pub tags: Vec<String>,
    /// Fields that help to judge a match.
    pub fields: Vec<String>,
    /// What else might match.
    pub falsepositives: Vec<String>,
}

/// The tag of rules that speak of operations, not of security.
pub const OPERATIONS: &str = "seerflow.operations";
/// The tag of rules that only correlations are made of.
pub const PART: &str = "seerflow.part";
/// Longest title, in bytes.
const TITLE_MAX: usize = 1_024;
/// Longest text of a head, in bytes.
const TEXT_MAX: usize = 65_535;

impl Header {
    /// Reads the head of a document.
    pub fn read(document: &Node) -> Result<Header, Fault> {
        let text = |key: &str| -> Result<Option<String>, Fault> {
            let Some(node) = document.get(key).filter(|node| node.value != Yaml::Null) else {
                return Ok(None);
            };
            let text = node.text(&format!("`{key}`"))?;
            match text.len() > TEXT_MAX {
                true => Err(node.fault(format!("`{key}` is longer than {TEXT_MAX} bytes"))),
                false => Ok(Some(text)),
            }
        };
        let texts = |key: &str| match document.get(key) {
            Some(node) => node.texts(&format!("`{key}`")),
            None => Ok(Vec::new()),
        };
        let title = text("title")?.filter(|title| !title.trim().is_empty());
        let title = title.ok_or_else(|| document.fault("the rule has no `title`"))?;
        if title.len() > TITLE_MAX {
            return Err(document.fault(format!("the title is longer than {TITLE_MAX} bytes")));
        }
        let taxonomy = text("taxonomy")?;
        if let Some(other) = taxonomy.filter(|name| !name.eq_ignore_ascii_case("sigma")) {
            let message = format!("the taxonomy `{other}` is not known; only `sigma` is");
            return Err(document.need("taxonomy", "the rule")?.fault(message));
        }
        Ok(Header {
            title,
            id: text("id")?,
            name: text("name")?,
            status: word(document, "status")?,
            level: word(document, "level")?,
            description: text("description")?,
            author: text("author")?,
            license: text("license")?,
            references: texts("references")?,
            date: text("date")?,
            modified: text("modified")?,
            logsource: LogSource::default(),
            tags: texts("tags")?,
            fields: texts("fields")?,
            falsepositives: texts("falsepositives")?,
        })
    }

    /// What a rule is called in messages: its title, and its id where it has one.
    pub fn label(&self) -> String {
        match &self.id {
            Some(id) => format!("{} ({id})", self.title),
            None => self.title.clone(),
        }
    }

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

    /// Through which lens a match is looked at: `operations` where the rule says so, `security`
    /// otherwise.
    pub fn lens(&self) -> &'static str {
        if self.has_tag(OPERATIONS) { "operations" } else { "security" }
    }

    /// Whether the rule is only a part of correlations: what it matches is no alert by itself.
    pub fn is_part(&self) -> bool {
        self.has_tag(PART)
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|has| has.eq_ignore_ascii_case(tag))
    }

    fn attack(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().filter_map(|tag| {
            let (namespace, name) = tag.split_once('.')?;
            namespace.eq_ignore_ascii_case("attack").then_some(name)
        })
    }
}

/// A word of a closed list, or nothing.
fn word<T: FromStr<Err = Unknown>>(document: &Node, key: &str) -> Result<Option<T>, Fault> {
    let Some(node) = document.get(key).filter(|node| node.value != Yaml::Null) else {
        return Ok(None);
    };
    let text = node.text(&format!("`{key}`"))?;
    text.parse().map(Some).map_err(|error: Unknown| node.fault(error.to_string()))
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

    fn read(text: &str) -> Result<Header, Fault> {
        let document = &crate::yaml::documents(text).unwrap()[0];
        let mut header = Header::read(document)?;
        header.logsource = LogSource::read(document.need("logsource", "the rule")?)?;
        Ok(header)
    }

    #[test]
    fn a_header_is_read_and_its_tags_are_understood() {
        let header = read(
            "title: Many failed logins\nlevel: high\nstatus: test\nauthor: someone\n\
             logsource: {product: linux, service: sshd}\n\
             tags: [attack.credential-access, attack.credential_access, attack.t1110,\n  \
             attack.t1110.004, attack.s0002, cve.2021-44228, attack.t11]\n",
        )
        .unwrap();
        assert_eq!(header.severity(), Severity::Error);
        assert_eq!(header.tactics(), [Tactic::CredentialAccess]);
        assert_eq!(header.techniques(), ["T1110", "T1110.004"]);
        assert_eq!(header.author.as_deref(), Some("someone"));
        assert_eq!((header.lens(), header.is_part()), ("security", false));
        let tags = vec![OPERATIONS.to_owned(), "Seerflow.Part".to_owned()];
        let header = Header { tags, ..header };
        assert_eq!((header.lens(), header.is_part()), ("operations", true));
        let source =
            |service| seerflow_model::LogSource { category: "", product: "linux", service };
        assert!(header.logsource.covers(&source("sshd")));
        assert!(!header.logsource.covers(&source("sudo")));
        assert!(LogSource::default().covers(&source("sudo")));
    }

    #[test]
    fn what_is_wrong_is_an_error_at_its_place() {
        for (text, line, part) in [
            ("title: x\nlogsource: {produkt: linux}\n", 2, "produkt"),
            ("title: x\nlogsource: {}\n", 2, "no category"),
            ("title: x\nlevel: bad\nlogsource: {product: a}\n", 2, "`bad`"),
            ("title: x\nstatus: [a]\nlogsource: {product: a}\n", 2, "a list"),
            ("logsource: {product: a}\n", 1, "no `title`"),
            ("title: x\ntaxonomy: mine\nlogsource: {product: a}\n", 2, "`mine`"),
        ] {
            let fault = read(text).unwrap_err();
            assert_eq!(fault.place.line, line, "{text}: {fault}");
            assert!(fault.message.contains(part), "{text}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn any_tag_is_harmless(tags in prop::collection::vec(".{0,20}", 0..6)) {
            let header = Header { tags, ..Header::default() };
            prop_assert!(header.techniques().len() <= header.tags.len());
            prop_assert!(header.tactics().len() <= header.tags.len());
        }
    }
}

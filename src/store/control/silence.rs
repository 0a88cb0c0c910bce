//! Silences: alerts that nobody is to be told of for a while.
//!
//! A silenced alert is stored and counted like any other; it only does not leave through the sinks.
//! **Decided at delivery, by the clock**: a silence is a statement about people ("do not wake me
//! during this maintenance"), so it holds for what would be delivered while it is in force, whatever
//! time the log speaks of. Each revision is decided for itself: one that comes after the end of the
//! silence is delivered, though the first was not.
//!
//! All fields of a match must fit and one must be given, so a silence of everything is impossible.
//! A silence ends by itself, after a year at the latest; one that was removed stays in the history.
//!
//! Cost: a few comparisons per alert and silence.

use super::feedback::{note, who};
use super::{Result, StateError};
use crate::cli::time_arg::{self, TimeArg};
use seerflow_model::alert::{ns_string, ns_string_opt};
use seerflow_model::time::DAY;
use seerflow_model::{Alert, EntityType, Ns, Severity, entity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest life of a silence, and how far ahead it may begin.
pub const LIFE_MAX: Ns = 366 * DAY;
/// Silences that may be to come or in force at a time.
pub const SILENCES_MAX: u64 = 1_000;
/// Longest text in a match, in bytes.
const FIELD_MAX: usize = 512;
/// Lenses of alerts.
const LENSES: [&str; 2] = ["security", "operations"];

/// What is silenced. All that is given must fit; at least one field must be given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SilenceMatch {
    /// Name or id of the rule.
    pub rule: Option<String>,
    /// Type of an entity; only together with its value.
    pub entity_type: Option<String>,
    /// Value of the entity, whatever the part it plays.
    pub entity_value: Option<String>,
    /// Source type.
    pub source_type: Option<String>,
    /// A host that the alert names.
    pub host: Option<String>,
    /// `security` or `operations`.
    pub lens: Option<String>,
    /// Type of the alert.
    pub alert_type: Option<String>,
    /// Only alerts up to this severity, 0 to 6: worse ones are delivered.
    pub max_severity: Option<u8>,
}

/// A silence as a person asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceRequest {
    /// What is silenced.
    #[serde(rename = "match")]
    pub matching: SilenceMatch,
    /// Why.
    pub reason: String,
    /// Who asks, as far as one says.
    #[serde(default)]
    pub created_by: Option<String>,
    /// When it begins: RFC 3339, a date, or ns since 1970; now when it is left out.
    #[serde(default)]
    pub starts: Option<String>,
    /// When it ends; this or `for`.
    #[serde(default)]
    pub ends: Option<String>,
    /// How long it lasts: `30m`, `2h`, `7d`; this or `ends`.
    #[serde(default, rename = "for")]
    pub lasts: Option<String>,
}

/// A silence to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSilence {
    /// What is silenced.
    pub matching: SilenceMatch,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub created_by: String,
    /// When it begins.
    pub starts: Ns,
    /// When it ends.
    pub ends: Ns,
}

/// A silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// What is silenced.
    #[serde(rename = "match")]
    pub matching: SilenceMatch,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub created_by: String,
    /// When it begins.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub starts_ns: Ns,
    /// When it ends, or was to end.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub ends_ns: Ns,
    /// When it was added.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub created_ns: Ns,
    /// When it was removed.
    #[serde(with = "ns_string_opt")]
    #[schema(value_type = Option<String>)]
    pub removed_ns: Option<Ns>,
}

fn invalid<T>(text: impl Into<String>) -> Result<T> {
    Err(StateError::Invalid(text.into()))
}

impl SilenceRequest {
    /// With times; `by` is who asks when nobody says.
    pub fn resolve(&self, now: Ns, by: &str) -> Result<NewSilence> {
        let starts = match &self.starts {
            None => now,
            Some(text) => time(text, "starts", now)?,
        };
        let ends = end(&self.ends, &self.lasts, starts, now, "a silence")?;
        Ok(NewSilence {
            matching: self.matching.clone(),
            reason: self.reason.clone(),
            created_by: self.created_by.clone().unwrap_or_else(|| by.to_owned()),
            starts,
            ends,
        })
    }
}

/// The end of what lasts from `starts` on: one of the two ways to say it must be given.
pub(super) fn end(
    ends: &Option<String>,
    lasts: &Option<String>,
    starts: Ns,
    now: Ns,
    what: &str,
) -> Result<Ns> {
    match (ends, lasts) {
        (Some(text), None) => time(text, "ends", now),
        (None, Some(text)) => match time_arg::parse(text) {
            Ok(TimeArg::Back(span)) => Ok(starts.saturating_add(span)),
            _ => invalid("for is not a span of time; allowed: 30s, 15m, 2h, 7d, 4w"),
        },
        _ => invalid(format!("{what} has an end: give either `ends` or `for`")),
    }
}

pub(super) fn time(text: &str, name: &str, now: Ns) -> Result<Ns> {
    let text = text.trim();
    // Years have four digits; longer runs of digits are times as lists show them.
    if text.len() > 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        let ns = text.parse().ok().filter(|ns| *ns <= seerflow_model::time::MAX_NS);
        return ns.map_or_else(|| invalid(format!("{name} is beyond the times there are")), Ok);
    }
    match time_arg::parse(text) {
        Ok(TimeArg::At(ns)) => Ok(ns),
        Ok(TimeArg::Back(span)) => Ok(now.saturating_add(span)),
        Err(_) => invalid(format!("{name} is not a time; allowed: {}", time_arg::ALLOWED)),
    }
}

impl NewSilence {
    /// In canonical form, or why it cannot be.
    pub fn checked(&self, now: Ns) -> Result<NewSilence> {
        let reason = note(&self.reason)?.trim().to_owned();
        if reason.is_empty() {
            return invalid("a silence has a reason");
        }
        let (starts, ends) = (self.starts, self.ends);
        if ends <= starts || ends <= now {
            return invalid("a silence ends after it begins, and after now");
        }
        if ends - starts > LIFE_MAX || starts > now.saturating_add(LIFE_MAX) {
            return invalid("a silence lasts a year at most and begins within a year");
        }
        let matching = self.matching.canonical()?;
        Ok(NewSilence { matching, reason, created_by: who(&self.created_by)?, starts, ends })
    }
}

impl SilenceMatch {
    /// In canonical form, or why it cannot be.
    fn canonical(&self) -> Result<SilenceMatch> {
        let mut new = self.clone();
        let texts = [
            ("rule", &mut new.rule),
            ("entity_value", &mut new.entity_value),
            ("source_type", &mut new.source_type),
            ("host", &mut new.host),
            ("lens", &mut new.lens),
            ("alert_type", &mut new.alert_type),
            ("entity_type", &mut new.entity_type),
        ];
        for (name, field) in texts {
            let Some(text) = field else { continue };
            *text = text.trim().to_owned();
            if text.is_empty() || text.len() > FIELD_MAX || text.contains('\0') {
                return invalid(format!("{name} is empty or longer than {FIELD_MAX} bytes"));
            }
        }
        match (&new.entity_type, &new.entity_value) {
            (Some(kind), Some(value)) => new.entity_value = Some(entity_value(kind, value)?),
            (None, None) => {}
            _ => return invalid("entity_type and entity_value go together"),
        }
        if let Some(host) = &new.host {
            new.host = Some(entity_value(EntityType::Host.name(), host)?);
        }
        if new.lens.as_ref().is_some_and(|lens| !LENSES.contains(&lens.as_str())) {
            return invalid(format!("lens is none; allowed: {}", LENSES.join(", ")));
        }
        if new.max_severity.is_some_and(|severity| severity > Severity::Fatal.id()) {
            return invalid("max_severity is none; allowed: 0 to 6");
        }
        // A severity alone would silence nearly everything.
        let bare = SilenceMatch { max_severity: new.max_severity, ..SilenceMatch::default() };
        match new == bare {
            true => invalid(
                "a silence names a rule, an entity, a source type, a host, a lens or a type",
            ),
            false => Ok(new),
        }
    }

    /// Whether an alert is meant.
    pub fn fits(&self, alert: &Alert) -> bool {
        let is = |want: &Option<String>, have: &str| want.as_ref().is_none_or(|w| w == have);
        let names = |kind: &str, value: &str| {
            alert.entities.iter().any(|e| e.kind.name() == kind && e.value == value)
                || (alert.entity_type.is_some_and(|have| have.name() == kind)
                    && alert.entity_value.as_deref() == Some(value))
        };
        self.rule.as_ref().is_none_or(|rule| *rule == alert.rule_name || *rule == alert.rule_id)
            && is(&self.lens, &alert.lens)
            && is(&self.alert_type, &alert.alert_type)
            && is(&self.source_type, alert.source_type.as_deref().unwrap_or_default())
            && self.max_severity.is_none_or(|most| alert.severity.id() <= most)
            && self.host.as_ref().is_none_or(|host| names(EntityType::Host.name(), host))
            && match (&self.entity_type, &self.entity_value) {
                (Some(kind), Some(value)) => names(kind, value),
                _ => true,
            }
    }

    /// In words, for a list.
    pub fn words(&self) -> String {
        let entity = match (&self.entity_type, &self.entity_value) {
            (Some(kind), Some(value)) => Some(format!("{kind}:{value}")),
            _ => None,
        };
        let parts = [
            ("rule", self.rule.clone()),
            ("entity", entity),
            ("source_type", self.source_type.clone()),
            ("host", self.host.clone()),
            ("lens", self.lens.clone()),
            ("type", self.alert_type.clone()),
            ("max_severity", self.max_severity.map(|severity| severity.to_string())),
        ];
        let said = parts.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        said.collect::<Vec<_>>().join(" ")
    }
}

fn entity_value(kind: &str, value: &str) -> Result<String> {
    let Some(kind) = EntityType::ALL.into_iter().find(|known| known.name() == kind) else {
        let all = EntityType::ALL.map(EntityType::name).join(", ");
        return invalid(format!("there is no such type of entity; allowed: {all}"));
    };
    match entity::canonical(kind, value, "") {
        Some(value) => Ok(value.into_owned()),
        None => invalid(format!("the value cannot be a {}", kind.name())),
    }
}

impl Silence {
    /// Whether it is in force.
    pub fn holds(&self, now: Ns) -> bool {
        self.starts_ns <= now && now < self.ends_ns && self.removed_ns.is_none()
    }

    /// Whether it is over.
    pub fn over(&self, now: Ns) -> bool {
        self.removed_ns.is_some() || self.ends_ns <= now
    }

    /// `pending`, `active`, `ended` or `removed`.
    pub fn state(&self, now: Ns) -> &'static str {
        match () {
            () if self.removed_ns.is_some() => "removed",
            () if self.ends_ns <= now => "ended",
            () if self.starts_ns > now => "pending",
            () => "active",
        }
    }
}

#[cfg(test)]
#[path = "silence_tests.rs"]
mod tests;

//! Marks: times in which people expect change somewhere, so that the engine holds what it finds of it.
//!
//! **Decided in the dataflow, by the time of the log**: a mark is a statement about what is logged
//! ("at this time this program was deployed"), unlike a silence, which is one about people. A mark
//! ends by itself, after a week at the latest; one that was ended stays in the history.

use super::feedback::{note, who};
use super::silence::{end, time};
use super::{Result, StateError};
use seerflow_detection::marks::{self, Scope};
use seerflow_model::Ns;
use seerflow_model::alert::{ns_string, ns_string_opt};
use seerflow_model::time::DAY;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest life of a mark, and how far ahead or back it may begin.
pub const LIFE_MAX: Ns = 7 * DAY;
/// Marks that may be to come or in force at a time.
pub const MARKS_MAX: u64 = 1_000;

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// A new version is put into use.
    Deploy,
    /// Things are taken down and brought back: silence is expected, too.
    Maintenance,
}

impl From<MarkKind> for marks::MarkKind {
    fn from(kind: MarkKind) -> marks::MarkKind {
        match kind {
            MarkKind::Deploy => marks::MarkKind::Deploy,
            MarkKind::Maintenance => marks::MarkKind::Maintenance,
        }
    }
}

/// Where. All that is given must fit; at least one field must be given. `*` stands for any run of
/// characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MarkMatch {
    /// Program.
    pub program: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Service or unit.
    pub service: Option<String>,
    /// Name or type of the source.
    pub source: Option<String>,
    /// Text of the template.
    pub template: Option<String>,
}

impl From<MarkMatch> for Scope {
    fn from(matching: MarkMatch) -> Scope {
        let MarkMatch { program, host, service, source, template } = matching;
        Scope { program, host, service, source, template }
    }
}

impl From<Scope> for MarkMatch {
    fn from(scope: Scope) -> MarkMatch {
        let Scope { program, host, service, source, template } = scope;
        MarkMatch { program, host, service, source, template }
    }
}

/// A mark as a person asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRequest {
    /// What is going on.
    pub kind: MarkKind,
    /// Where.
    #[serde(rename = "match")]
    pub matching: MarkMatch,
    /// What there is to say about it.
    #[serde(default)]
    pub note: String,
    /// Who asks, as far as one says.
    #[serde(default)]
    pub created_by: Option<String>,
    /// When it begins: RFC 3339, a date, or ns since 1970; now when it is left out.
    #[serde(default)]
    pub at: Option<String>,
    /// When it ends; this or `for`.
    #[serde(default)]
    pub ends: Option<String>,
    /// How long it lasts: `30m`, `2h`, `7d`; this or `ends`.
    #[serde(default, rename = "for")]
    pub lasts: Option<String>,
}

/// A mark to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMark {
    /// What is going on.
    pub kind: MarkKind,
    /// Where.
    pub matching: MarkMatch,
    /// What there is to say about it.
    pub note: String,
    /// Who asked for it.
    pub created_by: String,
    /// When it begins.
    pub starts: Ns,
    /// When it ends.
    pub ends: Ns,
}

/// A mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mark {
    /// Its id.
    pub id: String,
    /// What is going on.
    pub kind: MarkKind,
    /// Where.
    #[serde(rename = "match")]
    pub matching: MarkMatch,
    /// What there is to say about it.
    pub note: String,
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
    /// When it was ended before that.
    #[serde(with = "ns_string_opt")]
    #[schema(value_type = Option<String>)]
    pub ended_ns: Option<Ns>,
}

fn invalid<T>(text: impl Into<String>) -> Result<T> {
    Err(StateError::Invalid(text.into()))
}

impl MarkRequest {
    /// With times; `by` is who asks when nobody says.
    pub fn resolve(&self, now: Ns, by: &str) -> Result<NewMark> {
        let starts = match &self.at {
            None => now,
            Some(text) => time(text, "at", now)?,
        };
        let ends = end(&self.ends, &self.lasts, starts, now, "a mark")?;
        Ok(NewMark {
            kind: self.kind,
            matching: self.matching.clone(),
            note: self.note.clone(),
            created_by: self.created_by.clone().unwrap_or_else(|| by.to_owned()),
            starts,
            ends,
        })
    }
}

impl NewMark {
    /// In canonical form, or why it cannot be.
    pub fn checked(&self, now: Ns) -> Result<NewMark> {
        let (starts, ends) = (self.starts, self.ends);
        if ends <= starts || ends <= now {
            return invalid("a mark ends after it begins, and after now");
        }
        if ends - starts > LIFE_MAX || starts > now.saturating_add(LIFE_MAX) {
            return invalid("a mark lasts a week at most and begins within a week");
        }
        let scope = Scope::from(self.matching.clone()).checked();
        let scope = scope.map_err(|error| StateError::Invalid(error.to_string()))?;
        Ok(NewMark {
            kind: self.kind,
            matching: scope.into(),
            note: note(&self.note)?.trim().to_owned(),
            created_by: who(&self.created_by)?,
            starts,
            ends,
        })
    }
}

impl Mark {
    /// When it ends or ended.
    pub fn until(&self) -> Ns {
        self.ended_ns.map_or(self.ends_ns, |ended| ended.min(self.ends_ns))
    }

    /// Whether it is over.
    pub fn over(&self, now: Ns) -> bool {
        self.ended_ns.is_some() || self.ends_ns <= now
    }

    /// `pending`, `active`, `ended early` or `over`.
    pub fn state(&self, now: Ns) -> &'static str {
        match () {
            () if self.ended_ns.is_some() => "ended early",
            () if self.ends_ns <= now => "over",
            () if self.starts_ns > now => "pending",
            () => "active",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::time::SECOND;

    const NOW: Ns = 1_790_000_000 * SECOND;

    fn request(lasts: &str, program: &str) -> MarkRequest {
        MarkRequest {
            kind: MarkKind::Deploy,
            matching: MarkMatch { program: Some(program.into()), ..MarkMatch::default() },
            note: " a\nb ".into(),
            created_by: None,
            at: None,
            ends: None,
            lasts: Some(lasts.into()),
        }
    }

    #[test]
    fn a_mark_has_a_place_and_an_end() {
        let new = request("30m", " nginx ").resolve(NOW, "api").unwrap().checked(NOW).unwrap();
        assert_eq!(new.matching.program.as_deref(), Some("nginx"));
        assert_eq!((new.starts, new.ends), (NOW, NOW + 1_800 * SECOND));
        assert_eq!((new.note.as_str(), new.created_by.as_str()), ("ab", "api"));
        let wrong = |request: MarkRequest| {
            let error = request.resolve(NOW, "api").and_then(|new| new.checked(NOW)).unwrap_err();
            assert!(error.is_invalid());
            error.to_string()
        };
        assert!(wrong(request("8d", "x")).contains("a week"));
        assert!(wrong(request("soon", "x")).contains("span"));
        assert!(wrong(request("30m", "")).contains("program"));
        let nowhere = MarkRequest { matching: MarkMatch::default(), ..request("30m", "x") };
        assert!(wrong(nowhere).contains("a mark names"));
        let both = MarkRequest { ends: Some("2026-12-01".into()), ..request("30m", "x") };
        assert!(wrong(both).contains("either"));
        let past = MarkRequest { at: Some("2020-01-01".into()), ..request("30m", "x") };
        assert!(wrong(past).contains("after now"));
    }
}

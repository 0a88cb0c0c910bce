//! What people say of alerts, which rules they switch, and the record of who changed what.

use super::{Result, StateError};
use seerflow_model::Ns;
use seerflow_model::alert::ns_string;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest note, in characters.
pub const NOTE_MAX: usize = 512;
/// Longest name of a person or a way in, in bytes.
pub const WHO_MAX: usize = 64;

/// Whether an alert was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// True positive: it was right.
    Tp,
    /// False positive: it was wrong.
    Fp,
}

impl Verdict {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Tp => "tp",
            Verdict::Fp => "fp",
        }
    }

    /// From the word on the wire.
    pub fn from_word(word: &str) -> Option<Verdict> {
        [Verdict::Tp, Verdict::Fp].into_iter().find(|verdict| verdict.word() == word)
    }
}

/// A verdict to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFeedback {
    /// The verdict.
    pub verdict: Verdict,
    /// What there is to say about it; control characters are left out.
    pub note: String,
    /// The way it came: `api`, `cli`, `dashboard`, `import`.
    pub origin: String,
}

/// A verdict that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Feedback {
    /// Running number.
    pub id: i64,
    /// The verdict.
    pub feedback: Verdict,
    /// What there is to say about it.
    pub note: String,
    /// The way it came.
    pub origin: String,
    /// When.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub submitted_at_ns: Ns,
}

/// A verdict that still counts, with the alert as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenVerdict {
    /// The alert.
    pub alert: seerflow_model::Alert,
    /// The last verdict on it.
    pub verdict: Verdict,
    /// When.
    pub at: Ns,
}

/// Whether a rule is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleSwitch {
    /// Id of the rule.
    pub rule: String,
    /// Whether it is on.
    pub enabled: bool,
    /// Who switched it last.
    pub changed_by: String,
    /// When.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub changed_ns: Ns,
}

/// One change by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Running number.
    pub id: i64,
    /// When.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub at_ns: Ns,
    /// Who, or by which way.
    pub who: String,
    /// What was done: `silence.add`, `feedback.record` …
    pub what: String,
    /// To what: an id.
    pub subject: String,
    /// How it was, as JSON; null when it was not there.
    pub before: Option<serde_json::Value>,
    /// How it is since, as JSON; null when it is gone.
    pub after: Option<serde_json::Value>,
}

/// Characters that could move the cursor of a terminal or break a line.
fn plain(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// A note without control characters, or why it is none.
pub(super) fn note(text: &str) -> Result<String> {
    // Longer than any note of that many characters can be: not even looked at.
    let fits = text.len() <= NOTE_MAX * 8 && text.chars().filter(|c| plain(*c)).count() <= NOTE_MAX;
    match fits {
        true => Ok(text.chars().filter(|c| plain(*c)).collect()),
        false => Err(StateError::Invalid(format!("the text has more than {NOTE_MAX} characters"))),
    }
}

/// A name of whoever changes something.
pub(super) fn who(text: &str) -> Result<String> {
    let name: String = text.chars().take(WHO_MAX + 1).filter(|c| plain(*c)).collect();
    match name.trim() {
        "" => Err(StateError::Invalid("the name of who changes it is empty".into())),
        name if text.len() > WHO_MAX => Err(StateError::Invalid(format!(
            "the name {:?} is longer than {WHO_MAX} bytes",
            name.chars().take(16).collect::<String>()
        ))),
        name => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_short_and_plain() {
        assert_eq!(note("fine\n\u{1b}[2J\u{85}\u{2028}ü").unwrap(), "fine[2Jü");
        let longest = "ü".repeat(NOTE_MAX);
        assert_eq!(note(&longest).unwrap(), longest);
        assert!(note(&format!("{longest}x")).unwrap_err().is_invalid());
        assert!(note(&"\n".repeat(1 << 20)).unwrap_err().is_invalid());
        assert_eq!(who(" ada ").unwrap(), "ada");
        for bad in ["", " \n", &"x".repeat(WHO_MAX + 1), &"ü".repeat(WHO_MAX)] {
            assert!(who(bad).is_err(), "{bad}");
        }
        assert_eq!(Verdict::from_word("fp"), Some(Verdict::Fp));
        assert_eq!(Verdict::from_word("FP"), None);
    }
}

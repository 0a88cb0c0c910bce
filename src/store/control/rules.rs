//! Rules that people have uploaded, and how often rules have raised alerts.

use seerflow_model::Ns;
use seerflow_model::alert::ns_string;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most rules that are uploaded.
pub const UPLOADS_MAX: u64 = 1_000;
/// Longest text of one, in bytes.
pub const UPLOAD_BYTES_MAX: usize = 64 << 10;

/// A rule that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// Id of the rule.
    pub rule: String,
    /// As it was written.
    pub text: String,
    /// Who uploaded it last.
    pub changed_by: String,
    /// When.
    #[serde(with = "ns_string")]
    #[schema(value_type = String)]
    pub changed_ns: Ns,
}

/// Alerts of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleAlerts {
    /// Begun since the time that was asked for.
    pub recent: u64,
    /// All that are stored.
    pub all: u64,
    /// When the newest evidence of any came.
    pub last: Ns,
}

/// Alerts by rule, of a time.
pub type AlertsByRule = BTreeMap<String, RuleAlerts>;

/// Alerts by tactic and technique, of a time.
pub type AlertsByTechnique = BTreeMap<(String, String), u64>;

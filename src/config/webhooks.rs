//! The entries of `receivers.webhooks`, as the receiver uses them.

use super::secret::Secret;
use seerflow_model::Severity;
use seerflow_model::meaning::Meaning;

/// One path to which logs are posted.
#[derive(Clone, Debug)]
pub struct WebhookEntry {
    /// The path; unique.
    pub path: String,
    /// What its sources are called.
    pub source_id: String,
    /// What stands in alerts as the source type.
    pub source_type: String,
    /// The header that must hold the token.
    pub token: Option<(String, Secret)>,
    /// The signature that each body must have.
    pub hmac: Option<Hmac>,
    /// The shipped mapping.
    pub mapping: Mapping,
    /// What fields mean, by their names.
    pub field_mapping: Vec<(Meaning, String)>,
    /// The field that holds the array of records; empty when the body itself is one or many.
    pub items: String,
    /// What the values of the field that means the severity stand for.
    pub severity_map: Vec<(String, Severity)>,
}

/// A signature of the body with HMAC-SHA-256, in hexadecimal.
#[derive(Clone, Debug)]
pub struct Hmac {
    /// The header that holds it.
    pub header: String,
    /// The secret that both sides know.
    pub secret: Secret,
    /// What stands before it in the header.
    pub prefix: String,
}

/// Mappings that are part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// Records are JSON objects of any form.
    None,
    /// GitHub's webhooks.
    Github,
    /// Kubernetes Events.
    Kubernetes,
    /// Prometheus' Alertmanager.
    Alertmanager,
}

impl Mapping {
    /// The names in configuration.
    pub const WORDS: &'static [&'static str] = &["none", "github", "kubernetes", "alertmanager"];

    /// By its name.
    pub fn parse(word: &str) -> Option<Mapping> {
        use Mapping::{Alertmanager, Github, Kubernetes, None};
        let all = [None, Github, Kubernetes, Alertmanager];
        let at = Mapping::WORDS.iter().position(|known| known.eq_ignore_ascii_case(word))?;
        all.get(at).copied()
    }
}

/// The part of the reference page about the entries.
pub(super) const PAGE: &str = "
## Entries of `receivers.webhooks`

Each entry is a path to which logs are posted. Every JSON object is one record: the body itself, each element of an
array, each line of many (NDJSON), each element of the array that `items` names. A form is taken too: JSON in its field
`payload`, as GitHub sends it, or its fields as one object. All records of a request are taken or none; the answer
`{\"accepted\": 3}` says how many. 401: no or a wrong token or signature; 429: come back after the seconds in
`Retry-After`; 413 and 415: too large, or neither JSON nor a form.

| key | default | what it does |
|---|---|---|
| `path` | `/ingest/webhook` | The path; unique. |
| `source_id` | `webhook` | What the source is called. |
| `source_type` | `webhook` | What alerts and templates show as the source type; `sources[].source_type` comes before it. |
| `auth_header`, `auth_token` | none | A header that must hold this token; both or neither. In `Authorization` the word `Bearer` may stand before it. |
| `hmac` | none | A signature of the body, HMAC-SHA-256 in hexadecimal: `secret`, `header` (`X-Hub-Signature-256`), `prefix` (`sha256=`), `algorithm` (`sha256`). With a token both must be right. |
| `mapping` | `none` | How records are read: `none` as JSON by the names of their fields, or as `github`, `kubernetes` (Events) or `alertmanager` send them. |
| `items` | by `mapping` | The field that holds the array of records, nested names joined with dots: `alerts` for `alertmanager`, `items` for `kubernetes`. A body without it is one record. |
| `field_mapping` | `{}` | What fields mean, as in `sources`, and `source`: the field that says from which source a record is. |
| `severity_map` | `{}` | What the values of the field that `field_mapping.severity` names stand for: `{P1: critical}`. Other values are read as words and numbers that everybody uses. |

A request that is sent again with the same `X-GitHub-Delivery`, `Idempotency-Key` or `Webhook-Id` and the same body
within ten minutes is answered as before and not taken again. For senders that have none of these `sources[].dedup_seconds`
does the same record by record.

```yaml
receivers:
  webhooks:
  - {path: /hooks/github, source_id: github, mapping: github, hmac: {secret: \"${GITHUB_WEBHOOK_SECRET}\"}}
  - {path: /hooks/alerts, source_id: alertmanager, mapping: alertmanager, auth_header: Authorization, auth_token: \"${ALERTS_TOKEN}\"}
  - path: /hooks/shop
    items: data.rows
    field_mapping: {message: what, time: at, severity: priority, source: shop, user: clerk.name}
    severity_map: {P1: critical, P2: error}
```
";

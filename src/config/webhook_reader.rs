//! Reads the entries of `receivers.webhooks`, strictly: every problem is named with its place.

use super::document::{Node, Yaml};
use super::option::{Kind, Value, describe};
use super::problem::Problem;
use super::secret::Secret;
use super::source_reader::Reader;
use super::webhooks::{Hmac, Mapping, WebhookEntry};
use axum::http::HeaderName;
use seerflow_model::Severity;
use seerflow_model::meaning::Meaning;

/// Most entries.
const ENTRIES_MAX: usize = 256;
/// Longest path, name of a header or of a field, and word of `severity_map`.
const TEXT_MAX: usize = 256;
/// Most words of one `severity_map`.
const WORDS_MAX: usize = 256;

/// Keys of an entry.
const KEYS: [&str; 10] = [
    "path",
    "source_id",
    "source_type",
    "auth_header",
    "auth_token",
    "hmac",
    "mapping",
    "field_mapping",
    "items",
    "severity_map",
];
const HMAC_KEYS: [&str; 4] = ["header", "secret", "algorithm", "prefix"];

/// Whether a key of an entry holds something secret.
pub(super) fn is_secret(key: &str) -> bool {
    matches!(key, "auth_token" | "secret")
}

/// Reads the entries; what is wrong goes to the list.
pub fn read(tree: &Node, problems: &mut Vec<Problem>) -> Vec<WebhookEntry> {
    let refuse = |message: String| Problem::new(Some(tree.mark), "receivers.webhooks", message);
    let Yaml::List(items) = &tree.value else {
        let message = format!("is {}; allowed: a list of entries", describe(&tree.value));
        problems.push(refuse(message));
        return Vec::new();
    };
    if items.len() > ENTRIES_MAX {
        problems.push(refuse(format!("has {} entries; allowed: {ENTRIES_MAX}", items.len())));
        return Vec::new();
    }
    let mut entries: Vec<WebhookEntry> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut reader = Reader::at(format!("receivers.webhooks[{index}]"), problems);
        let entry = reader.webhook(item);
        if entries.iter().any(|other| other.path == entry.path) {
            reader.problem(item, "path", format!("\"{}\" is used twice", entry.path));
        }
        entries.push(entry);
    }
    entries
}

impl Reader<'_> {
    fn webhook(&mut self, node: &Node) -> WebhookEntry {
        let mut entry = WebhookEntry {
            path: "/ingest/webhook".to_owned(),
            source_id: "webhook".to_owned(),
            source_type: "webhook".to_owned(),
            token: None,
            hmac: None,
            mapping: Mapping::None,
            field_mapping: Vec::new(),
            items: String::new(),
            severity_map: Vec::new(),
        };
        let (mut header, mut token, mut items) = (None, None, None);
        for (name, value) in self.keys(node, "", &KEYS) {
            let key = name.text.as_str();
            match key {
                "path" => entry.path = self.path(value).unwrap_or(entry.path),
                "source_id" => {
                    entry.source_id = self.short(value, key).unwrap_or(entry.source_id);
                }
                "source_type" => {
                    entry.source_type = self.short(value, key).unwrap_or(entry.source_type);
                }
                "auth_header" => header = self.header(value, key),
                "auth_token" => token = self.secret(value, key),
                "hmac" => entry.hmac = self.hmac(value),
                "mapping" => {
                    let word = self.value(value, key, Kind::Choice(Mapping::WORDS));
                    if let Some(Value::Text(word)) = word {
                        entry.mapping = Mapping::parse(&word).unwrap_or(entry.mapping);
                    }
                }
                "field_mapping" => entry.field_mapping = self.field_mapping(value, true),
                "items" => items = self.text(value, key),
                _ => entry.severity_map = self.severity_map(value),
            }
        }
        entry.token = match (header, token) {
            (Some(header), Some(token)) => Some((header, token)),
            (None, None) => None,
            _ if self.mentions(node, "auth_header") && self.mentions(node, "auth_token") => None,
            _ => {
                let message = "goes with auth_header: set both or neither".to_owned();
                self.problem(node, "auth_token", message);
                None
            }
        };
        entry.items = items.unwrap_or_else(|| default_items(entry.mapping).to_owned());
        if entry.items.len() > TEXT_MAX {
            self.problem(node, "items", format!("is longer than {TEXT_MAX} bytes"));
        }
        let graded = entry.field_mapping.iter().any(|(meaning, _)| *meaning == Meaning::Severity);
        if !entry.severity_map.is_empty() && !graded {
            if entry.mapping == Mapping::Alertmanager {
                entry.field_mapping.push((Meaning::Severity, "labels.severity".to_owned()));
            } else {
                let message = "needs field_mapping.severity: the field whose values these are";
                self.problem(node, "severity_map", message.to_owned());
            }
        }
        entry
    }

    fn mentions(&self, node: &Node, key: &str) -> bool {
        matches!(&node.value, Yaml::Map(entries) if entries.iter().any(|(name, _)| name.text == key))
    }

    /// A path as a request names it, without a query.
    fn path(&mut self, node: &Node) -> Option<String> {
        let path = self.text(node, "path")?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&b);
        if !path.starts_with('/') || path.len() > TEXT_MAX || !path.bytes().all(plain) {
            let message = format!(
                "is {}; allowed: a path such as /ingest/webhook, at most {TEXT_MAX} bytes",
                describe(&node.value)
            );
            self.problem(node, "path", message);
            return None;
        }
        Some(path)
    }

    /// A short text without control characters that is not empty.
    fn short(&mut self, node: &Node, key: &str) -> Option<String> {
        let text = self.text(node, key)?;
        if text.is_empty() || text.len() > TEXT_MAX || text.chars().any(char::is_control) {
            let message = format!(
                "is {}; allowed: text without control characters, 1 to {TEXT_MAX} bytes",
                describe(&node.value)
            );
            self.problem(node, key, message);
            return None;
        }
        Some(text)
    }

    /// The name of a header, in lower case.
    fn header(&mut self, node: &Node, key: &str) -> Option<String> {
        let name = self.short(node, key)?;
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) => Some(name.as_str().to_owned()),
            Err(_) => {
                let message = format!("is {}, no name of a header", describe(&node.value));
                self.problem(node, key, message);
                None
            }
        }
    }

    fn secret(&mut self, node: &Node, key: &str) -> Option<Secret> {
        match self.value(node, key, Kind::Secret)? {
            Value::Secret(text) if !text.is_empty() => Some(Secret::new(text)),
            _ => {
                let message = "is empty: everybody would know it".to_owned();
                self.problem(node, key, message);
                None
            }
        }
    }

    fn hmac(&mut self, node: &Node) -> Option<Hmac> {
        let (mut header, mut secret) = ("x-hub-signature-256".to_owned(), None);
        let mut prefix = "sha256=".to_owned();
        let before = self.problems();
        for (name, value) in self.keys(node, "hmac", &HMAC_KEYS) {
            let key = format!("hmac.{}", name.text);
            match name.text.as_str() {
                "header" => header = self.header(value, &key).unwrap_or(header),
                "secret" => secret = self.secret(value, &key),
                "algorithm" => {
                    self.value(value, &key, Kind::Choice(&["sha256"]));
                }
                _ => prefix = self.text(value, &key).unwrap_or(prefix),
            }
        }
        let Some(secret) = secret else {
            if self.problems() == before {
                self.problem(node, "hmac.secret", "is not set".to_owned());
            }
            return None;
        };
        Some(Hmac { header, secret, prefix })
    }

    fn severity_map(&mut self, node: &Node) -> Vec<(String, Severity)> {
        let Yaml::Map(entries) = &node.value else {
            let message = format!("is {}; allowed: values with severities", describe(&node.value));
            self.problem(node, "severity_map", message);
            return Vec::new();
        };
        if entries.len() > WORDS_MAX {
            let message = format!("has {} values; allowed: {WORDS_MAX}", entries.len());
            self.problem(node, "severity_map", message);
            return Vec::new();
        }
        let mut words = Vec::new();
        for (name, value) in entries {
            let key = format!("severity_map.{}", name.text);
            if name.text.is_empty() || name.text.len() > TEXT_MAX {
                self.problem(value, &key, format!("allowed: 1 to {TEXT_MAX} bytes"));
            } else if let Some(Value::Int(id)) = self.value(value, &key, Kind::Severity) {
                let id = u8::try_from(id).unwrap_or_default();
                words.push((name.text.clone(), Severity::from_id(id)));
            }
        }
        words
    }
}

/// Where a shipped mapping has its records.
fn default_items(mapping: Mapping) -> &'static str {
    match mapping {
        Mapping::Alertmanager => "alerts",
        Mapping::Kubernetes => "items",
        Mapping::Github | Mapping::None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document;

    fn check(yaml: &str) -> (Vec<WebhookEntry>, Vec<String>) {
        let mut problems = Vec::new();
        let entries = read(&document::parse(yaml).unwrap(), &mut problems);
        (entries, problems.iter().map(|p| p.at("f").to_string()).collect())
    }

    #[test]
    fn reads_an_entry() {
        let (entries, problems) = check(
            "- path: /hooks/github\n  source_id: github\n  mapping: github\n  hmac: {secret: s3}\n\
             - {path: /a, auth_header: X-Token, auth_token: t, items: data.rows, source_type: shop,\n   \
             field_mapping: {message: what, time: at, severity: prio, source: app},\n   \
             severity_map: {P1: critical, '2': error}}\n- {path: /b, mapping: alertmanager, \
             severity_map: {sev: fatal}}\n",
        );
        assert_eq!(problems, [""; 0]);
        let hmac = entries[0].hmac.as_ref().unwrap();
        assert_eq!(
            (hmac.header.as_str(), hmac.prefix.as_str()),
            ("x-hub-signature-256", "sha256=")
        );
        assert_eq!(hmac.secret.expose(), "s3");
        assert_eq!((entries[0].mapping, entries[0].items.as_str()), (Mapping::Github, ""));
        let (header, token) = entries[1].token.as_ref().unwrap();
        assert_eq!((header.as_str(), token.expose()), ("x-token", "t"));
        assert_eq!(entries[1].field_mapping.len(), 4);
        assert_eq!(entries[1].severity_map[0], ("P1".to_owned(), Severity::Critical));
        assert_eq!(entries[2].items, "alerts");
        assert_eq!(entries[2].field_mapping[0].1, "labels.severity");
        assert!(!format!("{entries:?}").contains("s3"));
    }

    #[test]
    fn names_what_is_wrong() {
        for (yaml, part) in [
            ("x", "f:1:1: receivers.webhooks: is \"x\"; allowed: a list"),
            (
                "- {path: hooks}",
                "receivers.webhooks[0].path: is \"hooks\"; allowed: a path such as",
            ),
            ("- {path: '/a?b'}", "allowed: a path such as"),
            (
                "- {path: /a}\n- {path: /a}",
                "f:2:3: receivers.webhooks[1].path: \"/a\" is used twice",
            ),
            ("- {auth_token: t}", "set both or neither"),
            ("- {auth_header: X}", "set both or neither"),
            ("- {auth_header: 'a b', auth_token: t}", "no name of a header"),
            ("- {auth_header: X, auth_token: ''}", "auth_token: is empty"),
            ("- {hmac: {}}", "hmac.secret: is not set"),
            ("- {hmac: {secret: a, algorithm: md5}}", "allowed: sha256"),
            ("- {mapping: gitlab}", "allowed: none, github, kubernetes, alertmanager"),
            ("- {field_maping: {}}", "did you mean `field_mapping`"),
            ("- {field_mapping: {mesage: a}}", "did you mean `message`"),
            ("- {severity_map: {a: error}}", "needs field_mapping.severity"),
            (
                "- {field_mapping: {severity: s}, severity_map: {a: loud}}",
                "severity_map.a: is \"loud\"",
            ),
        ] {
            let (_, problems) = check(yaml);
            assert!(problems.iter().any(|p| p.contains(part)), "{yaml}: {problems:?}");
            assert_eq!(problems.len(), 1, "{yaml}: {problems:?}");
        }
    }
}

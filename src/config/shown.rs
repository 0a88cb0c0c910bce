//! The effective configuration as JSON, with secrets masked: what the API shows.

use super::Config;
use super::check;
use super::document::{Node, Yaml};
use super::option::{Kind, Row, Status, Value};
use super::secret::{MASK, sounds_secret};
use super::table;
use serde_json::{Map, Value as Json, json};

/// Every active key with its value, and those without an effect that the file sets.
pub fn json(config: &Config) -> Json {
    let mut all = Map::new();
    for row in table::rows() {
        let value = config.values().values.get(row.path).unwrap_or(&Value::Null);
        let default = matches!(row.status, Status::Pending(_)) && *value == check::default(row);
        if !default {
            put(&mut all, row.path, shown(row, value));
        }
    }
    Json::Object(all)
}

/// Puts a value under its dotted path.
fn put(all: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        None => drop(all.insert(path.to_owned(), value)),
        Some((group, rest)) => {
            let inner = all.entry(group).or_insert_with(|| json!({}));
            if let Json::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn shown(row: &Row, value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(n) => json!(n),
        Value::Float(n) => json!(n),
        Value::Text(text) => json!(text),
        Value::Secret(text) if text.is_empty() => json!(""),
        Value::Secret(_) => json!(MASK),
        Value::Texts(texts) => json!(texts),
        Value::Table(table) => json!(table),
        Value::Lists(lists) => json!(lists),
        // Entries of `sources` hold no secrets; structures of features to come may.
        Value::Tree(node) => tree(node, row.kind == Kind::Opaque),
    }
}

fn tree(node: &Node, mask: bool) -> Json {
    match &node.value {
        Yaml::Null => Json::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Int(n) => json!(n),
        Yaml::Float(n) => json!(n),
        Yaml::Text(text) => json!(text),
        Yaml::List(items) => items.iter().map(|item| tree(item, mask)).collect(),
        Yaml::Map(entries) => {
            let entry = |(name, node): &(super::document::Name, Node)| {
                let scalar = !matches!(node.value, Yaml::Map(_) | Yaml::List(_) | Yaml::Null);
                let value = match mask && scalar && sounds_secret(&name.text) {
                    true => json!(MASK),
                    false => tree(node, mask),
                };
                (name.text.clone(), value)
            };
            Json::Object(entries.iter().map(entry).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, parse};

    #[test]
    fn nested_by_section_and_secrets_masked() {
        let secret = "hunter2-hunter2-hunter2-hunter2-hunter2";
        let yaml = format!(
            "dashboard_port: 9\nengine: {{redact_key: {secret}}}\n\
             alerting: {{webhooks: [{{url: 'http://x', token: hunter2}}]}}\n\
             llm: {{cloud_api_key: hunter2}}\nsources: [{{name: a, match: {{program: sshd}}}}]\n"
        );
        let (config, _) = parse(&yaml, "f", &Environment::default()).unwrap();
        let json = json(&config);
        assert_eq!(json["dashboard_port"], 9);
        assert_eq!(json["detection"]["dspot"]["risk_level"], 1e-4);
        assert_eq!(json["engine"]["redact_key"], MASK);
        assert_eq!(json["llm"]["cloud_api_key"], MASK);
        assert_eq!(json["sources"][0]["match"]["program"], "sshd");
        assert!(!json.to_string().contains("hunter2"), "{json}");
        assert!(json["llm"].get("backend").is_none(), "defaults without an effect are left out");
    }
}

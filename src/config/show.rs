//! The effective configuration as YAML, with secrets masked.
//!
//! Keys without an effect are shown only when the file sets them to something.

use super::Config;
use super::check;
use super::document::{Node, Yaml};
use super::option::{Kind, Row, Status, Value, bytes_text};
use super::secret::{MASK, sounds_secret};
use super::table::{self, SECTIONS};
use super::webhook_reader;
use std::fmt::Write;

/// Keys and values, in the order of the reference page; reads back as it is.
pub fn yaml(config: &Config) -> String {
    let mut out = String::new();
    let mut open: Vec<&str> = Vec::new();
    for section in SECTIONS {
        for row in table::rows().filter(|row| table::section_of(row.path) == section.prefix) {
            let value = config.values().values.get(row.path).unwrap_or(&Value::Null);
            let note = match row.status {
                Status::Active => "",
                Status::Pending(_) if scalar(row, value) == scalar(row, &check::default(row)) => {
                    continue;
                }
                Status::Pending(_) => "  # no effect in this version",
            };
            let indent = key(&mut out, row.path, &mut open, "");
            let _ = writeln!(out, "{indent}{}: {}{note}", name(row.path), scalar(row, value));
        }
    }
    out
}

/// Writes the headings that a path needs, and returns the indentation of its last part.
pub(super) fn key<'a>(
    out: &mut String,
    path: &'a str,
    open: &mut Vec<&'a str>,
    prefix: &str,
) -> String {
    let groups: Vec<&str> = path.split('.').collect();
    let groups = &groups[..groups.len() - 1];
    let common = open.iter().zip(groups).take_while(|(a, b)| a == b).count();
    open.truncate(common);
    for group in &groups[common..] {
        let _ = writeln!(out, "{prefix}{}{group}:", "  ".repeat(open.len()));
        open.push(group);
    }
    "  ".repeat(groups.len())
}

/// The last part of a path.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// A value on one line, in flow style.
pub fn scalar(row: &Row, value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(n) if matches!(row.kind, Kind::Bytes(..)) => {
            bytes_text(u64::try_from(*n).unwrap_or_default())
        }
        Value::Int(n) => n.to_string(),
        Value::Float(n) => format!("{n:?}"),
        Value::Text(text) => quoted(text),
        Value::Secret(text) if text.is_empty() => "\"\"".into(),
        Value::Secret(_) => format!("\"{MASK}\""),
        Value::Texts(texts) => {
            format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
        }
        Value::Table(table) => {
            let entries: Vec<_> =
                table.iter().map(|(k, n)| format!("{}: {n}", quoted(k))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Lists(lists) => {
            let texts = |texts: &[String]| {
                texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
            };
            let entry =
                |(k, all): (&String, &Vec<String>)| format!("{}: [{}]", quoted(k), texts(all));
            format!("{{{}}}", lists.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        // Entries of `sources` hold no secrets; structures of features to come may.
        Value::Tree(node) => flow(
            node,
            match row.kind {
                Kind::Opaque => sounds_secret,
                Kind::Webhooks => webhook_reader::is_secret,
                _ => |_| false,
            },
        ),
    }
}

fn flow(node: &Node, secret: fn(&str) -> bool) -> String {
    match &node.value {
        Yaml::Null => "null".into(),
        Yaml::Bool(value) => value.to_string(),
        Yaml::Int(n) => n.to_string(),
        Yaml::Float(n) => format!("{n:?}"),
        Yaml::Text(text) => quoted(text),
        Yaml::List(items) => {
            format!(
                "[{}]",
                items.iter().map(|item| flow(item, secret)).collect::<Vec<_>>().join(", ")
            )
        }
        Yaml::Map(entries) => {
            let entry = |(name, node): &(super::document::Name, Node)| {
                let scalar = !matches!(node.value, Yaml::Map(_) | Yaml::List(_) | Yaml::Null);
                let value = match scalar && secret(&name.text) {
                    true => format!("\"{MASK}\""),
                    false => flow(node, secret),
                };
                format!("{}: {value}", quoted(&name.text))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Text as YAML: bare when it is a plain word, else in double quotes.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let word =
        text.chars().all(plain) && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let keyword = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if word && !keyword.iter().any(|keyword| keyword.eq_ignore_ascii_case(text)) {
        return text.to_owned();
    }
    // JSON strings are YAML strings; `${` must not be read as a variable again.
    serde_json::Value::from(text.replace("${", "$${")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, parse};

    #[test]
    fn reads_back_as_it_is() {
        let text = "dashboard_port: 9\nalerting: {dedup_window_overrides: {\"a b\": 3}}\n\
                    receivers: {file_paths: ['a ${X:-y}', \"q\\\"\"], line_bytes_max: 2 MiB}\n\
                    sources: [{name: x, drop: [{regex: '[$${]a'}]}]\n";
        let environment = Environment::default();
        let (config, _) = parse(text, "f", &environment).unwrap();
        let shown = yaml(&config);
        let (again, _) =
            parse(&shown, "f", &environment).unwrap_or_else(|e| panic!("{e}\n{shown}"));
        assert_eq!(yaml(&again), shown);
        assert_eq!(again.receivers, config.receivers);
        assert_eq!(again.alerting, config.alerting);
        assert_eq!(again.sources.len(), 1);
    }

    #[test]
    fn secrets_are_masked() {
        let text = "storage: {postgresql_url: 'postgres://u:hunter2@h/d'}\nalerting: {webhooks: \
                    [{name: ops, url: 'https://hooks/hunter2', auth_token: hunter2}]}\n\
                    llm: {cloud_api_key: hunter2, cloud_base_url: 'http://u:hunter2@x'}\n";
        let (config, warnings) = parse(text, "f", &Environment::default()).unwrap();
        let shown = yaml(&config);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(
            !warnings.join(" ").contains("hunter2")
                && !format!("{:?}", config.alerting).contains("hunter2")
        );
        assert!(shown.contains("postgresql_url: \"***\"") && shown.contains("name: ops"));
        let text = "receivers: {webhooks: [{path: /a, auth_header: X-User, auth_token: hunter2, \
                    hmac: {secret: hunter2}, field_mapping: {user: who.user}}]}";
        let (config, _) = parse(text, "f", &Environment::default()).unwrap();
        let shown = yaml(&config);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!format!("{:?}", config.webhooks).contains("hunter2"));
        assert!(
            shown.contains("auth_header: X-User") && shown.contains("user: who.user"),
            "{shown}"
        );
    }
}

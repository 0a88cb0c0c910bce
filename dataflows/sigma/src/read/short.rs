//! The short format of correlation rules: an entity, a time, and sources with their expressions.
//!
//! ```yaml
//! name: guessing-then-login
//! entity_type: user
//! window_seconds: 600
//! sources:
//!   - {source_type: syslog, conditions: {message: 'authentication failure'}, min_count: 5}
//!   - {source_type: syslog, conditions: {message: 'session opened'}}
//! min_sources: 2
//! alert_severity: 5
//! mitre_tactics: [credential-access]
//! mitre_techniques: [T1110]
//! ```
//!
//! Each source becomes a detection rule that does not alert by itself, all of them together a
//! `temporal` correlation by the entity. It is written as Sigma would be and read by the same
//! readers, so it means the same and its errors have the places of the short rule.

use super::correlation::{self, COUNTS_MAX};
use super::detection;
use super::rule::{Document, Rule};
use super::value::Placeholders;
use crate::fault::{Fault, Place};
use crate::head::{Header, Level, LogSource};
use crate::yaml::{Key, Node, Yaml};
use seerflow_model::Severity;
use std::sync::Arc;

/// Most sources of a rule.
const SOURCES_MAX: usize = 64;
/// Longest expression, in bytes.
const EXPRESSION_MAX: usize = 512;
/// Longest window, in seconds: a week.
const WINDOW_MAX: i64 = 604_800;

const KEYS: [&str; 9] = [
    "name",
    "description",
    "entity_type",
    "window_seconds",
    "sources",
    "min_sources",
    "alert_severity",
    "mitre_tactics",
    "mitre_techniques",
];

/// Types of entities, and what events are grouped by for them.
const ENTITIES: [(&str, &str); 6] = [
    ("user", "entity.user"),
    ("ip", "entity.ip"),
    ("host", "entity.host"),
    ("process", "entity.process"),
    ("file", "entity.file"),
    ("domain", "entity.domain"),
];

/// What conditions may look at.
const FIELDS: [&str; 7] = [
    "message",
    "source_type",
    "source_id",
    "severity_id",
    "related_ips",
    "related_users",
    "related_hosts",
];

/// Whether a document is of this format.
pub fn is(document: &Node) -> bool {
    ["detection", "correlation", "filter"].iter().all(|key| document.get(key).is_none())
        && document.get("sources").is_some()
        && document.get("entity_type").is_some()
}

/// Reads a document of this format.
pub fn read(
    document: &Node,
    file: &Arc<str>,
    placeholders: &Placeholders,
) -> Result<Vec<Document>, Fault> {
    for (key, _) in document.map("a rule")? {
        if !KEYS.contains(&&*key.text) {
            let message = format!("unknown key `{}`: one of {}", key.text, KEYS.join(", "));
            return Err(Fault::new(key.place, message));
        }
    }
    let place = document.place;
    let header = header(document)?;
    let sources = document.need("sources", "the rule")?;
    let Yaml::List(items) = &sources.value else {
        return Err(sources.fault(format!("`sources` must be a list, not {}", sources.kind())));
    };
    if items.is_empty() || items.len() > SOURCES_MAX {
        return Err(sources.fault(format!("`sources` must have 1 to {SOURCES_MAX} elements")));
    }
    let mut out = Vec::new();
    let mut counts = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let name = format!("{}#{}", header.title, n + 1);
        let (detection, count) = source(item, placeholders)?;
        counts.push((name.clone(), count));
        let header = Header {
            title: format!("{}: source {}", header.title, n + 1),
            name: Some(name),
            level: Some(Level::Informational),
            logsource: LogSource::default(),
            ..Header::default()
        };
        out.push(Document::Rule(Rule { header, file: file.clone(), place: item.place, detection }));
    }
    let mut rule = correlation::read(&correlation(document, &counts)?)?;
    rule.header = header;
    out.push(Document::Correlation(rule, place));
    Ok(out)
}

fn header(document: &Node) -> Result<Header, Fault> {
    let node = document.need("name", "the rule")?;
    let name = node.text("`name`")?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !(2..=64).contains(&name.len()) || !name.bytes().all(plain) {
        return Err(node.fault("`name` must be 2 to 64 of a–z, 0–9 and `-`"));
    }
    let severity = match document.get("alert_severity").map(|node| (node, &node.value)) {
        None => return Err(document.fault("the rule has no `alert_severity`")),
        Some((_, Yaml::Int(number @ 0..=6))) => Severity::from_id(*number as u8),
        Some((node, _)) => return Err(node.fault("`alert_severity` must be 0 to 6")),
    };
    let texts = |key: &str| match document.get(key) {
        Some(node) => node.texts(&format!("`{key}`")),
        None => Ok(Vec::new()),
    };
    let tags = texts("mitre_tactics")?.into_iter().chain(texts("mitre_techniques")?);
    let tags = tags.map(|tag| format!("attack.{}", tag.to_lowercase().replace(['_', ' '], "-")));
    let description = document.get("description").filter(|node| node.value != Yaml::Null);
    Ok(Header {
        title: name.clone(),
        name: Some(name),
        level: Some(match severity {
            Severity::Trace | Severity::Informational => Level::Informational,
            Severity::Notice => Level::Low,
            Severity::Warning => Level::Medium,
            Severity::Error => Level::High,
            Severity::Critical | Severity::Fatal => Level::Critical,
        }),
        description: description.map(|node| node.text("`description`")).transpose()?,
        tags: tags.collect(),
        ..Header::default()
    })
}

/// A source as a detection, and how many events it takes.
fn source(item: &Node, placeholders: &Placeholders) -> Result<(detection::Detection, i64), Fault> {
    for (key, _) in item.map("a source")? {
        if !["source_type", "conditions", "min_count"].contains(&&*key.text) {
            let message =
                format!("unknown key `{}`: one of source_type, conditions, min_count", key.text);
            return Err(Fault::new(key.place, message));
        }
    }
    let kind = item.need("source_type", "a source")?;
    let whole = format!("^(?:{})$", regex::escape(&kind.text("`source_type`")?));
    let mut tests = vec![entry("source_type|re", text(kind.place, whole))];
    if let Some(conditions) = item.get("conditions") {
        for (key, value) in conditions.map("`conditions`")? {
            if !FIELDS.contains(&&*key.text) {
                let message =
                    format!("`{}` cannot be asked for: one of {}", key.text, FIELDS.join(", "));
                return Err(Fault::new(key.place, message));
            }
            let expression = value.text(&format!("`{}`", key.text))?;
            if expression.len() > EXPRESSION_MAX {
                return Err(value.fault(format!("is longer than {EXPRESSION_MAX} bytes")));
            }
            // The source type has been asked for already; a second key of one name is an error.
            let name = format!("{}|re", key.text);
            match tests.iter_mut().find(|(other, _)| other.text == name) {
                Some((_, node)) => {
                    let all = vec![node.clone(), text(value.place, expression)];
                    *node = Node { place: value.place, value: Yaml::List(all) };
                }
                None => tests
                    .push((Key { place: key.place, text: name }, text(value.place, expression))),
            }
        }
    }
    for (key, _) in tests.iter_mut().filter(|(_, node)| matches!(node.value, Yaml::List(_))) {
        key.text = key.text.replace("|re", "|re|all");
    }
    let count = match item.get("min_count").map(|node| (node, &node.value)) {
        None => 1,
        Some((_, Yaml::Int(count @ 1..=COUNTS_MAX))) => *count,
        Some((node, _)) => {
            return Err(node.fault(format!("`min_count` must be 1 to {COUNTS_MAX}")));
        }
    };
    let place = item.place;
    let node = map(
        place,
        vec![
            entry("source", map(place, tests)),
            entry("condition", text(place, "source".to_owned())),
        ],
    );
    Ok((detection::read(&node, "detection", placeholders)?, count))
}

/// The correlation as Sigma writes it.
fn correlation(document: &Node, counts: &[(String, i64)]) -> Result<Node, Fault> {
    let place = document.place;
    let node = document.need("entity_type", "the rule")?;
    let word = node.text("`entity_type`")?;
    let by = ENTITIES.iter().find(|(name, _)| *name == word).map(|(_, by)| *by);
    let by = by.ok_or_else(|| {
        let names: Vec<_> = ENTITIES.iter().map(|(name, _)| *name).collect();
        node.fault(format!("unknown type `{word}`: one of {}", names.join(", ")))
    })?;
    let window = document.need("window_seconds", "the rule")?;
    let Yaml::Int(seconds @ 1..=WINDOW_MAX) = window.value else {
        return Err(window.fault(format!("`window_seconds` must be 1 to {WINDOW_MAX}")));
    };
    let least = document.need("min_sources", "the rule")?;
    let most = counts.len() as i64;
    let Yaml::Int(sources) = least.value else {
        return Err(least.fault("`min_sources` must be a whole number"));
    };
    if !(1..=most).contains(&sources) {
        return Err(least.fault(format!("`min_sources` must be 1 to {most}")));
    }
    let number = |value: i64| Node { place, value: Yaml::Int(value) };
    let names = counts.iter().map(|(name, _)| text(place, name.clone())).collect();
    let needs = counts.iter().map(|(name, count)| entry(name, number(*count))).collect();
    let body = vec![
        entry("type", text(place, "temporal".to_owned())),
        entry("rules", Node { place, value: Yaml::List(names) }),
        entry("group-by", text(place, by.to_owned())),
        entry("timespan", text(window.place, format!("{seconds}s"))),
        entry("condition", map(least.place, vec![entry("gte", number(sources))])),
    ];
    Ok(map(
        place,
        vec![
            entry("title", text(place, "short".to_owned())),
            entry("correlation", map(place, body)),
            entry("seerflow", map(place, vec![entry("counts", map(place, needs))])),
        ],
    ))
}

fn text(place: Place, text: String) -> Node {
    Node { place, value: Yaml::Text(text) }
}

fn map(place: Place, entries: Vec<(Key, Node)>) -> Node {
    Node { place, value: Yaml::Map(entries) }
}

fn entry(name: &str, node: Node) -> (Key, Node) {
    (Key { place: node.place, text: name.to_owned() }, node)
}

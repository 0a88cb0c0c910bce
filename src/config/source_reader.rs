//! Reads the entries of `sources`, strictly: every problem is named with its place.

use super::document::{Name, Node, Yaml};
use super::option::{Kind, Value, describe, meant};
use super::problem::{Problem, nearest};
use super::sections::WEIGHT;
use super::sources::{
    DropRule, EntryWeights, Multiline, SourceEntry, SourceMatch, TemplateMatch, wildcards,
};
use super::table::FromValue;
use super::zone;
use regex::{Regex, RegexBuilder};
use seerflow_model::meaning::Meaning;
use seerflow_model::{Format, ReceiverKind};

/// Memory that one compiled expression may take.
pub(super) const REGEX_BYTES_MAX: usize = 1 << 20;
/// Most entries, and most `drop` rules of one.
const ENTRIES_MAX: usize = 1_000;

/// Keys of an entry.
const KEYS: [&str; 13] = [
    "name",
    "match",
    "format",
    "timezone",
    "year",
    "multiline",
    "source_type",
    "lateness_seconds",
    "dedup_seconds",
    "field_mapping",
    "redact",
    "drop",
    "weights",
];
/// Keys that the configuration will have and that this version would silently ignore.
const LATER: [&str; 1] = ["source_from"];
const WEIGHT_KEYS: [&str; 4] = ["content", "volume", "sequence", "pattern"];
const MATCH_KEYS: [&str; 6] = ["receiver", "path", "listener", "program", "host", "service"];
const DROP_KEYS: [&str; 3] = ["severity", "template", "regex"];
const FORMATS: [&str; Format::ALL.len() + 1] = format_names();
/// Formats whose fields can be mapped.
const MAPPED: [Format; 9] = [
    Format::Json,
    Format::Logfmt,
    Format::Csv,
    Format::Tsv,
    Format::W3c,
    Format::KubeEvent,
    Format::Github,
    Format::Alertmanager,
    Format::Otlp,
];
/// Longest name of a column or field.
const FIELD_NAME_MAX: usize = 128;
const RECEIVERS: [ReceiverKind; 8] = [
    ReceiverKind::SyslogUdp,
    ReceiverKind::SyslogTcp,
    ReceiverKind::OtlpGrpc,
    ReceiverKind::OtlpHttp,
    ReceiverKind::File,
    ReceiverKind::Stdin,
    ReceiverKind::Webhook,
    ReceiverKind::Archive,
];

const fn format_names() -> [&'static str; Format::ALL.len() + 1] {
    let mut names = ["auto"; Format::ALL.len() + 1];
    let mut i = 0;
    while i < Format::ALL.len() {
        names[i + 1] = Format::ALL[i].name();
        i += 1;
    }
    names
}

/// Reads the entries; what is wrong goes to the lists.
pub fn read(
    tree: &Node,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) -> Vec<SourceEntry> {
    let Yaml::List(items) = &tree.value else {
        let message = format!("is {}; allowed: a list of entries", describe(&tree.value));
        problems.push(Problem::new(Some(tree.mark), "sources", message));
        return Vec::new();
    };
    if items.len() > ENTRIES_MAX {
        let message = format!("has {} entries; allowed: {ENTRIES_MAX}", items.len());
        problems.push(Problem::new(Some(tree.mark), "sources", message));
        return Vec::new();
    }
    let mut entries: Vec<SourceEntry> = Vec::new();
    // Entries that say nothing of redaction.
    let mut silent: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("sources[{index}]");
        let mut reader = Reader { path, problems };
        let entry = reader.entry(item, index);
        if entries.iter().any(|other| other.name == entry.name) {
            let message = format!("name \"{}\" is used twice", entry.name);
            problems.push(Problem::new(Some(item.mark), format!("sources[{index}]"), message));
        }
        if entries.iter().any(|other| matches_all(&other.matching)) {
            let message = "is never used: an entry before it fits every source";
            warnings.push(Problem::new(Some(item.mark), format!("sources[{index}]"), message));
        }
        if matches_all(&entry.matching) && !entry.redact.is_empty() && !silent.is_empty() {
            let message = format!(
                "redact does not hold for sources that entries before it fit: {}; write `redact` \
                 there too, or `redact: []` if that is meant",
                silent.join(", ")
            );
            warnings.push(Problem::new(Some(item.mark), format!("sources[{index}]"), message));
        }
        if !entry.matching.needs_line() && !has_key(item, "redact") {
            silent.push(entry.name.clone());
        }
        entries.push(entry);
    }
    entries
}

fn has_key(node: &Node, key: &str) -> bool {
    matches!(&node.value, Yaml::Map(entries) if entries.iter().any(|(name, _)| name.text == key))
}

fn matches_all(matching: &SourceMatch) -> bool {
    !matching.needs_line()
        && matching.receiver.is_none()
        && matching.path.is_none()
        && matching.listener.is_none()
}

/// Where an entry is read.
pub(super) struct Reader<'a> {
    path: String,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader of the entry that is called `path` in messages.
    pub(super) fn at(path: String, problems: &'a mut Vec<Problem>) -> Reader<'a> {
        Reader { path, problems }
    }
}

impl Reader<'_> {
    /// How many problems there are so far.
    pub(super) fn problems(&self) -> usize {
        self.problems.len()
    }

    pub(super) fn problem(&mut self, node: &Node, key: &str, message: String) {
        let key = if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) };
        self.problems.push(Problem::new(Some(node.mark), key, message));
    }

    pub(super) fn keys<'n>(
        &mut self,
        node: &'n Node,
        under: &str,
        allowed: &[&str],
    ) -> Vec<(&'n Name, &'n Node)> {
        let Yaml::Map(entries) = &node.value else {
            let message = format!("is {}; allowed: {}", describe(&node.value), allowed.join(", "));
            self.problem(node, under, message);
            return Vec::new();
        };
        let mut known = Vec::new();
        for (name, value) in entries {
            if allowed.contains(&name.text.as_str()) {
                known.push((name, value));
                continue;
            }
            let message = if under.is_empty() && LATER.contains(&name.text.as_str()) {
                "cannot be used in this version: nothing would act on it".to_owned()
            } else {
                let near = nearest(&name.text, allowed.iter().copied());
                let near = near.map(meant).unwrap_or_default();
                format!("is not a known key{near}; allowed: {}", allowed.join(", "))
            };
            let key =
                if under.is_empty() { name.text.clone() } else { format!("{under}.{}", name.text) };
            let key = format!("{}.{key}", self.path);
            self.problems.push(Problem::new(Some(name.mark), key, message));
        }
        known
    }

    pub(super) fn value(&mut self, node: &Node, key: &str, kind: Kind) -> Option<Value> {
        match kind.read(node) {
            Ok(Value::Null) => None,
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(node, key, message);
                None
            }
        }
    }

    pub(super) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        match self.value(node, key, Kind::Text)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn int(&mut self, node: &Node, key: &str, min: i64, max: i64) -> Option<i64> {
        match self.value(node, key, Kind::Int(min, max))? {
            Value::Int(n) => Some(n),
            _ => None,
        }
    }

    fn entry(&mut self, node: &Node, index: usize) -> SourceEntry {
        let mut entry = SourceEntry {
            name: format!("source-{}", index + 1),
            matching: SourceMatch::default(),
            format: None,
            timezone: None,
            year: None,
            multiline: Multiline::Auto,
            source_type: None,
            lateness_seconds: None,
            dedup_seconds: None,
            field_mapping: Vec::new(),
            redact: Vec::new(),
            drop: Vec::new(),
            weights: EntryWeights::default(),
        };
        let mut redact = None;
        for (name, value) in self.keys(node, "", &KEYS) {
            let key = name.text.as_str();
            match key {
                "redact" => redact = Some(value),
                "name" => {
                    if let Some(name) = self.text(value, key).filter(|name| !name.is_empty()) {
                        entry.name = name;
                    }
                }
                "match" => entry.matching = self.matching(value),
                "format" => entry.format = self.format(value),
                "timezone" => {
                    entry.timezone = self.text(value, key).and_then(|text| {
                        zone::parse(&text).map_err(|message| self.problem(value, key, message)).ok()
                    });
                }
                "year" => {
                    entry.year = self.int(value, key, 1970, 2261).and_then(|n| n.try_into().ok());
                }
                "multiline" => entry.multiline = self.multiline(value),
                "source_type" => entry.source_type = self.text(value, key),
                "lateness_seconds" => {
                    entry.lateness_seconds =
                        self.int(value, key, 0, 86_400).and_then(|n| n.try_into().ok());
                }
                "dedup_seconds" => {
                    entry.dedup_seconds =
                        self.int(value, key, 1, 3_600).and_then(|n| n.try_into().ok());
                }
                "field_mapping" => entry.field_mapping = self.field_mapping(value, false),
                "weights" => entry.weights = self.weights(value),
                _ => entry.drop = self.drops(value),
            }
        }
        if let Some(format) = entry.format.filter(|format| !MAPPED.contains(format))
            && !entry.field_mapping.is_empty()
        {
            let allowed = MAPPED.map(Format::name).join(", ");
            let message =
                format!("goes with the formats {allowed} and auto, not with {}", format.name());
            self.problem(node, "field_mapping", message);
        }
        if entry.weights != EntryWeights::default() && entry.matching.needs_line() {
            let message = "cannot go with match.program, match.host and match.service: they are \
                           settled per source";
            self.problem(node, "weights", message.to_owned());
        }
        if entry.dedup_seconds.is_some() {
            self.dedup_fits(node, &entry.matching);
        }
        if let Some(node) = redact {
            entry.redact = self.redact(node, &entry.matching);
        }
        entry
    }

    /// Whether records of what an entry matches can be held against each other.
    fn dedup_fits(&mut self, node: &Node, matching: &SourceMatch) {
        let message = if matching.needs_line() {
            "cannot go with match.program, match.host and match.service: it is settled per source"
        } else if matching.receiver == Some(ReceiverKind::Archive) {
            "is for records that come in live: archives are read as they are"
        } else {
            return;
        };
        self.problem(node, "dedup_seconds", message.to_owned());
    }

    fn weights(&mut self, node: &Node) -> EntryWeights {
        let mut weights = EntryWeights::default();
        for (name, value) in self.keys(node, "weights", &WEIGHT_KEYS) {
            let key = format!("weights.{}", name.text);
            let value = self.value(value, &key, WEIGHT);
            let weight = value.as_ref().and_then(FromValue::from_value);
            match name.text.as_str() {
                "content" => weights.content = weight,
                "volume" => weights.volume = weight,
                "sequence" => weights.sequence = weight,
                _ => weights.pattern = weight,
            }
        }
        weights
    }

    fn matching(&mut self, node: &Node) -> SourceMatch {
        let mut matching = SourceMatch::default();
        for (name, value) in self.keys(node, "match", &MATCH_KEYS) {
            let key = format!("match.{}", name.text);
            let Some(text) = self.text(value, &key) else { continue };
            if name.text == "receiver" {
                matching.receiver = RECEIVERS.into_iter().find(|kind| kind.name() == text);
                if matching.receiver.is_none() {
                    let names = RECEIVERS.map(ReceiverKind::name);
                    let near = nearest(&text, names).map(meant).unwrap_or_default();
                    let message = format!("is \"{text}\"; allowed: {}{near}", names.join(", "));
                    self.problem(value, &key, message);
                }
                continue;
            }
            match glob::Pattern::new(&text) {
                Ok(pattern) => match name.text.as_str() {
                    "path" => matching.path = Some(pattern),
                    "listener" => matching.listener = Some(pattern),
                    "program" => matching.program = Some(pattern),
                    "host" => matching.host = Some(pattern),
                    _ => matching.service = Some(pattern),
                },
                Err(error) => {
                    self.problem(value, &key, format!("is \"{text}\", not a glob: {}", error.msg));
                }
            }
        }
        matching
    }

    fn format(&mut self, node: &Node) -> Option<Format> {
        match self.value(node, "format", Kind::Choice(&FORMATS))? {
            Value::Text(text) => Format::parse(&text),
            _ => None,
        }
    }

    /// What is meant, and the name of the column or field that holds it. `source`: whether a field
    /// may say from which source a record is.
    pub(super) fn field_mapping(&mut self, node: &Node, source: bool) -> Vec<(Meaning, String)> {
        let known = Meaning::ALL.iter().filter(|(m, _, _)| source || *m != Meaning::Source);
        let mut names: Vec<&str> = known.map(|(_, name, _)| *name).collect();
        names.extend(["timestamp", "level"]);
        let mut mapping: Vec<(Meaning, String)> = Vec::new();
        for (name, value) in self.keys(node, "field_mapping", &names) {
            let key = format!("field_mapping.{}", name.text);
            let Some(text) = self.text(value, &key) else { continue };
            let Some(meaning) = Meaning::parse(&name.text) else { continue };
            if text.is_empty() || text.len() > FIELD_NAME_MAX {
                let message = format!(
                    "has {} bytes; allowed: the name of a column or field, 1 to {FIELD_NAME_MAX}",
                    text.len()
                );
                self.problem(value, &key, message);
            } else if mapping.iter().any(|(known, _)| *known == meaning) {
                let message = format!("says again what {} is", meaning.name());
                self.problem(value, &key, message);
            } else {
                mapping.push((meaning, text));
            }
        }
        mapping
    }

    fn multiline(&mut self, node: &Node) -> Multiline {
        if let Yaml::Map(_) = node.value {
            for (_, value) in self.keys(node, "multiline", &["start"]) {
                if let Some(regex) = self.regex(value, "multiline.start") {
                    return Multiline::Start(regex);
                }
            }
            return Multiline::Auto;
        }
        match &node.value {
            Yaml::Text(text) if text == "auto" => Multiline::Auto,
            Yaml::Text(text) if text == "off" => Multiline::Off,
            Yaml::Bool(false) => Multiline::Off,
            other => {
                let allowed = "auto, off or {start: EXPRESSION}";
                let message = format!("is {}; allowed: {allowed}", describe(other));
                self.problem(node, "multiline", message);
                Multiline::Auto
            }
        }
    }

    fn regex(&mut self, node: &Node, key: &str) -> Option<Regex> {
        let text = self.text(node, key)?;
        match RegexBuilder::new(&text).size_limit(REGEX_BYTES_MAX).build() {
            Ok(regex) => Some(regex),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim();
                self.problem(node, key, format!("is not a regular expression: {reason}"));
                None
            }
        }
    }

    fn drops(&mut self, node: &Node) -> Vec<DropRule> {
        let Yaml::List(items) = &node.value else {
            let allowed = "a list of {severity, template, regex}";
            let message = format!("is {}; allowed: {allowed}", describe(&node.value));
            self.problem(node, "drop", message);
            return Vec::new();
        };
        let mut rules = Vec::new();
        for (index, item) in items.iter().take(ENTRIES_MAX).enumerate() {
            let under = format!("drop[{index}]");
            let mut rule = DropRule::default();
            let before = self.problems.len();
            for (name, value) in self.keys(item, &under, &DROP_KEYS) {
                let key = format!("{under}.{}", name.text);
                match name.text.as_str() {
                    "severity" => {
                        let id = self.value(value, &key, Kind::Severity);
                        rule.severity = id.as_ref().and_then(FromValue::from_value);
                    }
                    "template" => rule.template = self.template(value, &key),
                    _ => rule.regex = self.regex(value, &key),
                }
            }
            let empty = rule.severity.is_none() && rule.template.is_none() && rule.regex.is_none();
            if empty && self.problems.len() == before {
                let message = "is empty and would drop everything".to_owned();
                self.problem(item, &under, message);
            } else if !empty {
                rules.push(rule);
            }
        }
        rules
    }

    fn template(&mut self, node: &Node, key: &str) -> Option<TemplateMatch> {
        match &node.value {
            Yaml::Int(id) if *id >= 0 => Some(TemplateMatch::Id(id.unsigned_abs())),
            _ => {
                let text = self.text(node, key)?;
                Some(match text.parse() {
                    Ok(id) => TemplateMatch::Id(id),
                    Err(_) => TemplateMatch::Text(wildcards(&text)),
                })
            }
        }
    }
}

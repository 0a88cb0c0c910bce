//! Reads `sources[].redact`, strictly.

use super::document::{Node, Yaml};
use super::option::{describe, meant};
use super::problem::nearest;
use super::source_reader::{REGEX_BYTES_MAX, Reader};
use super::sources::SourceMatch;
use regex::bytes::{Regex, RegexBuilder};
use seerflow_parsing::redact::{NAME_MAX, Rule, is_name};

/// Most rules of one entry.
const RULES_MAX: usize = 64;
/// Longest name of a field.
const FIELD_MAX: usize = 128;
/// What needs no more than its name.
const NAMES: [&str; 3] = ["card", "email", "token"];
const KEYS: [&str; 3] = ["regex", "field", "as"];
/// The kind of pseudonyms that are not named.
const KIND: &str = "value";

impl Reader<'_> {
    /// The rules of an entry. It must be known which entry rules a line before the line is read.
    pub(super) fn redact(&mut self, node: &Node, matching: &SourceMatch) -> Vec<Rule> {
        let Yaml::List(items) = &node.value else {
            let allowed = "a list of card, email, token, {regex, as} and {field, as}";
            let message = format!("is {}; allowed: {allowed}", describe(&node.value));
            self.problem(node, "redact", message);
            return Vec::new();
        };
        if items.len() > RULES_MAX {
            let message = format!("has {} rules; allowed: {RULES_MAX}", items.len());
            self.problem(node, "redact", message);
            return Vec::new();
        }
        if matching.needs_line() && !items.is_empty() {
            let message = "cannot go with match.program, match.host and match.service: lines are \
                           redacted before anything is read from them; allowed: entries that match \
                           by receiver, path or listener, where a {regex} may name a program";
            self.problem(node, "redact", message.to_owned());
        }
        let rule = |(index, item)| self.redact_rule(item, &format!("redact[{index}]"));
        items.iter().enumerate().filter_map(rule).collect()
    }

    fn redact_rule(&mut self, node: &Node, at: &str) -> Option<Rule> {
        if let Yaml::Map(_) = node.value {
            return self.redact_object(node, at);
        }
        match &node.value {
            Yaml::Text(name) if name == "card" => Some(Rule::Card),
            Yaml::Text(name) if name == "email" => Some(Rule::Email),
            Yaml::Text(name) if name == "token" => Some(Rule::Token),
            other => {
                let near = match other {
                    Yaml::Text(name) => nearest(name, NAMES).map(meant).unwrap_or_default(),
                    _ => String::new(),
                };
                let allowed = format!("{}, {{regex, as}} or {{field, as}}", NAMES.join(", "));
                self.problem(node, at, format!("is {}; allowed: {allowed}{near}", describe(other)));
                None
            }
        }
    }

    fn redact_object(&mut self, node: &Node, at: &str) -> Option<Rule> {
        let (mut regex, mut field, mut name) = (None, None, KIND.to_owned());
        let before = self.problems();
        for (key, value) in self.keys(node, at, &KEYS) {
            let place = format!("{at}.{}", key.text);
            match key.text.as_str() {
                "regex" => regex = self.bytes_regex(value, &place),
                "field" => field = self.field_name(value, &place),
                _ => name = self.kind(value, &place).unwrap_or(name),
            }
        }
        match (regex, field) {
            (Some(regex), None) => Some(Rule::Regex { regex, name }),
            (None, Some(field)) => Some(Rule::Field { field, name }),
            _ if self.problems() > before => None,
            _ => {
                self.problem(node, at, "must have one of regex and field".to_owned());
                None
            }
        }
    }

    fn kind(&mut self, node: &Node, at: &str) -> Option<String> {
        let text = self.text(node, at)?;
        if is_name(&text) {
            return Some(text);
        }
        let message = format!(
            "is \"{text}\"; allowed: a lower-case letter, then letters, digits, `_` and `-`, at \
             most {NAME_MAX} in all"
        );
        self.problem(node, at, message);
        None
    }

    fn field_name(&mut self, node: &Node, at: &str) -> Option<String> {
        let text = self.text(node, at)?;
        if !text.is_empty() && text.len() <= FIELD_MAX && text.bytes().all(|b| b.is_ascii_graphic())
        {
            return Some(text);
        }
        let message = format!("is \"{text}\"; allowed: 1 to {FIELD_MAX} visible ASCII characters");
        self.problem(node, at, message);
        None
    }

    /// On bytes, because lines need not be UTF-8.
    fn bytes_regex(&mut self, node: &Node, at: &str) -> Option<Regex> {
        let text = self.text(node, at)?;
        match RegexBuilder::new(&text).size_limit(REGEX_BYTES_MAX).build() {
            Ok(regex) => Some(regex),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim();
                self.problem(node, at, format!("is not a regular expression: {reason}"));
                None
            }
        }
    }
}

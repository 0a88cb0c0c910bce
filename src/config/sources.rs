//! `sources`: how single sources are read and what of them is thrown away.
//!
//! The first entry that matches a source rules it. An entry without `match` fits every source.

use jiff::tz::TimeZone;
use regex::Regex;
use seerflow_model::meaning::Meaning;
use seerflow_model::{Event, Format, ReceiverKind, Severity};
use seerflow_parsing::redact::Rule;

/// One entry of `sources`.
#[derive(Clone, Debug)]
pub struct SourceEntry {
    /// Its name, as `parse --explain` shows it; `source-<n>` when none is given.
    pub name: String,
    /// Which sources it is for.
    pub matching: SourceMatch,
    /// The format that is fixed; `None` finds out line by line.
    pub format: Option<Format>,
    /// Zone of times that carry none.
    pub timezone: Option<TimeZone>,
    /// Year of the first time that carries none.
    pub year: Option<i16>,
    /// How records of several lines are joined.
    pub multiline: Multiline,
    /// What stands in alerts as the source type, instead of the receiver's own.
    pub source_type: Option<String>,
    /// Lateness, instead of `engine.lateness_seconds`.
    pub lateness_seconds: Option<u64>,
    /// Within so many seconds a record with the same bytes is dropped.
    pub dedup_seconds: Option<u64>,
    /// What columns or fields mean, by their names.
    pub field_mapping: Vec<(Meaning, String)>,
    /// What is redacted before anything else sees it.
    pub redact: Vec<Rule>,
    /// What is thrown away.
    pub drop: Vec<DropRule>,
    /// How much each channel weighs, where it says otherwise than `detection.weights_*`.
    pub weights: EntryWeights,
}

/// How much each channel weighs for the sources of an entry; `None` is as for all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "named as the channels")]
pub struct EntryWeights {
    pub content: Option<f64>,
    pub volume: Option<f64>,
    pub sequence: Option<f64>,
    pub pattern: Option<f64>,
}

/// Which sources an entry is for: all that is set must fit. Texts are globs.
#[derive(Clone, Debug, Default)]
pub struct SourceMatch {
    /// The door.
    pub receiver: Option<ReceiverKind>,
    /// Path of the file.
    pub path: Option<glob::Pattern>,
    /// Address and port of the listener.
    pub listener: Option<glob::Pattern>,
    /// Program in the line's header.
    pub program: Option<glob::Pattern>,
    /// Host in the line's header, else the sender.
    pub host: Option<glob::Pattern>,
    /// Service that the line names.
    pub service: Option<glob::Pattern>,
}

/// What is known of a source or a line when an entry is looked for.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "as in SourceMatch")]
pub struct SourceFacts<'a> {
    pub receiver: Option<ReceiverKind>,
    pub path: &'a str,
    pub listener: &'a str,
    pub program: &'a str,
    pub host: &'a str,
    pub service: &'a str,
}

/// How records of several lines are joined.
#[derive(Clone, Debug)]
pub enum Multiline {
    /// By how lines begin: see the reference page.
    Auto,
    /// Every line is a record.
    Off,
    /// A record begins where this matches.
    Start(Regex),
}

/// What is thrown away: all that is set must fit.
#[derive(Clone, Debug, Default)]
pub struct DropRule {
    /// This severity and all below it.
    pub severity: Option<Severity>,
    /// A template.
    pub template: Option<TemplateMatch>,
    /// An expression on the message.
    pub regex: Option<Regex>,
}

/// A template by its id or its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateMatch {
    /// By id.
    Id(u64),
    /// By text, with `<*>` for every wildcard.
    Text(String),
}

impl SourceMatch {
    /// Whether everything that is set fits.
    pub fn fits(&self, facts: &SourceFacts<'_>) -> bool {
        let pattern = |pattern: &Option<glob::Pattern>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
        };
        self.receiver.is_none_or(|receiver| facts.receiver == Some(receiver))
            && pattern(&self.path, facts.path)
            && pattern(&self.listener, facts.listener)
            && pattern(&self.program, facts.program)
            && pattern(&self.host, facts.host)
            && pattern(&self.service, facts.service)
    }

    /// Whether it can be judged before a line is read.
    pub fn needs_line(&self) -> bool {
        self.program.is_some() || self.host.is_some() || self.service.is_some()
    }
}

/// The first entry that fits.
pub fn find<'a>(entries: &'a [SourceEntry], facts: &SourceFacts<'_>) -> Option<&'a SourceEntry> {
    entries.iter().find(|entry| entry.matching.fits(facts))
}

impl DropRule {
    /// Whether it can be judged before templates are known.
    pub fn needs_template(&self) -> bool {
        self.template.is_some()
    }

    /// Whether an event is thrown away; `template` is its id and text when it is known.
    pub fn drops(&self, event: &Event, template: Option<(u64, &str)>) -> bool {
        let by_template = |wanted: &TemplateMatch| match (wanted, template) {
            (TemplateMatch::Id(id), Some((known, _))) => *id == known,
            (TemplateMatch::Text(text), Some((_, known))) => *text == wildcards(known),
            (_, None) => false,
        };
        self.severity.is_none_or(|severity| event.severity <= severity)
            && self.template.as_ref().is_none_or(by_template)
            && self.regex.as_ref().is_none_or(|regex| regex.is_match(event.message()))
    }

    /// What the drop is counted under.
    pub fn reason(&self) -> &'static str {
        match (&self.template, &self.regex) {
            (Some(_), _) => "drop_template",
            (None, Some(_)) => "drop_regex",
            (None, None) => "drop_severity",
        }
    }
}

/// A template's text with every wildcard as `<*>`, so that `<ip>` and `<*>` are one.
pub(super) fn wildcards(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let inner = &rest[start + 1..];
        let end = inner.find(['<', '>', ' ']).filter(|end| inner[*end..].starts_with('>'));
        match end.filter(|end| *end > 0) {
            Some(end) => {
                out.push_str("<*>");
                rest = &inner[end + 1..];
            }
            None => {
                out.push('<');
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;

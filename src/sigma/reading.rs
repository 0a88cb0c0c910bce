//! Records, read by the real parser and put to the rules: what samples and explanations run.

use seerflow_model::record::{RecordBatch, RecordMeta};
use seerflow_model::time::Ns;
use seerflow_model::{Event, Flags, ReceiverKind, SourceInfo};
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use seerflow_sigma::{LogSourceRef, Matcher, RuleSet, taxonomy};
use std::sync::Arc;

/// The year of times that say none, as in the samples.
const YEAR: i32 = 2026;

/// Reads records and asks the rules.
pub struct Reading {
    parser: Parser,
    finder: Finder,
    source: Arc<SourceInfo>,
    sources: Vec<LogSourceRef<'static>>,
    /// Knows the values of the last record that was asked about.
    pub matcher: Matcher,
}

impl Reading {
    /// With these rules, and roles as they come with the program.
    pub fn new(set: Arc<RuleSet>) -> Reading {
        Reading::with(set, RoleSet::bundled())
    }

    /// With these rules and roles.
    pub fn with(set: Arc<RuleSet>, roles: RoleSet) -> Reading {
        Reading {
            parser: Parser::new(roles, None),
            finder: Finder::new(Zone::Utc, YearPolicy::Fixed(YEAR)),
            source: Arc::new(SourceInfo::plain(1, "samples", ReceiverKind::File, "file")),
            sources: Vec::new(),
            matcher: Matcher::new(set),
        }
    }

    /// One record as an event.
    pub fn event(&mut self, record: &[u8]) -> Event {
        let hit = self.finder.find(record);
        let meta = RecordMeta {
            start: 0,
            len: record.len() as u32,
            seq: 0,
            event_time: hit.map(|hit| hit.ns),
            effective: hit.map_or(1, |hit| hit.ns),
            time_start: hit.map_or(0, |hit| hit.start),
            time_len: hit.map_or(0, |hit| hit.len),
            flags: Flags::default(),
            end: Default::default(),
        };
        let source = self.source.clone();
        let batch =
            RecordBatch { source, observed: 1, bytes: record.to_vec(), records: vec![meta] };
        self.parser.parse(&batch, &meta)
    }

    /// The rules that a record matches, and when it happened.
    pub fn matches(&mut self, record: &[u8]) -> (Vec<u32>, Option<Ns>) {
        let event = self.event(record);
        taxonomy::logsources(&event, &mut self.sources);
        (self.matcher.matches(&self.sources, &event).to_vec(), event.event_time)
    }

    /// The logsources of the record that was last put to the rules.
    pub fn sources(&self) -> &[LogSourceRef<'static>] {
        &self.sources
    }

    /// What is to be told of a record that did not do what its sample says.
    pub fn shown(&mut self, rule: u32, record: &str) -> String {
        let event = self.event(record.as_bytes());
        taxonomy::logsources(&event, &mut self.sources);
        let passed = self.matcher.explain(rule, &event);
        let passed = passed.iter().map(|reason| match &reason.value {
            Some(value) => format!("{} ({value})", reason.test),
            None => reason.test.clone(),
        });
        let passed = passed.collect::<Vec<_>>().join(", ");
        format!(
            "read as {} of `{}`, logsources {}; passed: {}",
            event.format.name(),
            event.program(),
            sources(&self.sources),
            if passed.is_empty() { "nothing" } else { &passed },
        )
    }
}

/// Logsources in words: `linux/-/sshd`, product, category and service.
pub fn sources(sources: &[LogSourceRef<'_>]) -> String {
    let part = |part: &str| if part.is_empty() { "-".to_owned() } else { part.to_owned() };
    let one = |source: &LogSourceRef<'_>| {
        [source.product, source.category, source.service].map(part).join("/")
    };
    match sources {
        [] => "none".into(),
        sources => sources.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

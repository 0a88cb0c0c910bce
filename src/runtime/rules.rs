//! The rules of `sources[]` and of the command line, as the doors, the archives and the parser
//! ask for them. First match wins.

use super::archive::FileOptions;
use crate::config::{Config, Multiline, SourceEntry, SourceFacts, sources};
use crate::receivers::settings::{SourceKey, SourceRules, SourceSettings};
use jiff::tz::TimeZone;
use seerflow_model::Event;
use seerflow_model::record::ReceiverKind;
use seerflow_model::time::SECOND;
use seerflow_parsing::lines::Joining;
use seerflow_parsing::redact::{Counts, Key, Redactor};
use seerflow_parsing::time::{YearPolicy, Zone};
use seerflow_pipeline::parse::DropRules;
use std::path::Path;
use std::sync::Arc;

/// What the command line says of all sources.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `--timezone`.
    pub timezone: Option<TimeZone>,
    /// `--year`.
    pub year: Option<i16>,
    /// `--source-type`.
    pub source_type: Option<String>,
}

/// All rules of one run.
pub struct Rules {
    entries: Vec<SourceEntry>,
    /// What each entry redacts, compiled.
    redact: Vec<Option<Arc<Redactor>>>,
    redacted: Arc<Counts>,
    given: Given,
    lateness: u64,
    max_future: u64,
    joins: bool,
}

impl Rules {
    /// From configuration and command line. `key`: of the pseudonyms of what is redacted, see
    /// [`crate::config::redact_key`].
    pub fn new(config: &Config, given: Given, key: &Key) -> Rules {
        let redacted = Arc::<Counts>::default();
        let compile = |entry: &SourceEntry| {
            (!entry.redact.is_empty())
                .then(|| Arc::new(Redactor::new(&entry.redact, key.clone(), Some(&redacted))))
        };
        Rules {
            redact: config.sources.iter().map(compile).collect(),
            redacted,
            entries: config.sources.clone(),
            given,
            lateness: config.engine.lateness_seconds,
            max_future: config.engine.max_future_seconds,
            joins: true,
        }
    }

    /// The same rules, with every line a record of its own.
    pub fn line_by_line(&self) -> Rules {
        Rules {
            entries: self.entries.clone(),
            redact: self.redact.clone(),
            redacted: self.redacted.clone(),
            given: self.given.clone(),
            lateness: self.lateness,
            max_future: self.max_future,
            joins: false,
        }
    }

    /// The entry that rules a source as a whole: one that needs no line to be judged.
    fn of_source(&self, facts: &SourceFacts<'_>) -> Option<&SourceEntry> {
        self.entries.iter().find(|e| !e.matching.needs_line() && e.matching.fits(facts))
    }

    /// What the entry of a source redacts.
    fn redact(&self, entry: Option<&SourceEntry>) -> Option<Arc<Redactor>> {
        let entry = entry?;
        let at = self.entries.iter().position(|other| std::ptr::eq(other, entry))?;
        self.redact[at].clone()
    }

    /// How much was redacted.
    pub fn redacted(&self) -> &Arc<Counts> {
        &self.redacted
    }

    /// The entry that rules a line.
    pub fn of_line(&self, event: &Event) -> Option<&SourceEntry> {
        let source = &event.source;
        let host = match event.host() {
            "" => source.peer.as_deref().unwrap_or_default(),
            host => host,
        };
        let facts = SourceFacts {
            receiver: Some(source.receiver),
            path: &source.name,
            listener: source.name.rsplit(" → ").next().unwrap_or_default(),
            program: event.program(),
            host,
            service: event.program(),
        };
        sources::find(&self.entries, &facts)
    }

    /// Whether anything is ever dropped.
    pub fn drops(&self) -> bool {
        self.entries.iter().any(|entry| !entry.drop.is_empty())
    }

    /// How an archive is read.
    pub fn of_archive(&self, path: &Path) -> FileOptions {
        let facts = SourceFacts {
            receiver: Some(ReceiverKind::Archive),
            path: &path.to_string_lossy(),
            ..SourceFacts::default()
        };
        let entry = self.of_source(&facts);
        FileOptions {
            zone: self.zone(entry).unwrap_or(Zone::Utc),
            year: self.given.year.or_else(|| entry.and_then(|e| e.year)),
            multiline: if self.joins { joining(entry) } else { Joining::Off },
            source_type: self.source_type(entry, "file"),
            format: format_of(entry),
            entry: entry.map(|e| e.name.clone()),
            redact: self.redact(entry),
        }
    }

    fn zone(&self, entry: Option<&SourceEntry>) -> Option<Zone> {
        let named =
            self.given.timezone.as_ref().or_else(|| entry.and_then(|e| e.timezone.as_ref()));
        named.cloned().map(Zone::Named)
    }

    fn source_type(&self, entry: Option<&SourceEntry>, default: &str) -> String {
        let given = self.given.source_type.clone();
        given.or_else(|| entry.and_then(|e| e.source_type.clone())).unwrap_or(default.to_owned())
    }
}

fn joining(entry: Option<&SourceEntry>) -> Joining {
    match entry.map(|entry| &entry.multiline) {
        None | Some(Multiline::Auto) => Joining::Auto,
        Some(Multiline::Off) => Joining::Off,
        // The same syntax on bytes, so that lines need not be UTF-8: what compiled once does again.
        Some(Multiline::Start(start)) => regex::bytes::Regex::new(start.as_str())
            .map_or(Joining::Auto, |start| Joining::Start(Arc::new(start))),
    }
}

fn format_of(entry: Option<&SourceEntry>) -> String {
    entry.and_then(|e| e.format).map_or("auto", |format| format.name()).to_owned()
}

impl SourceRules for Rules {
    fn settle(&self, key: &SourceKey<'_>) -> SourceSettings {
        let peer = key.peer.map(|ip| ip.to_string()).unwrap_or_default();
        let path = key.path.map(|path| path.to_string_lossy()).unwrap_or_default();
        let facts = SourceFacts {
            receiver: Some(key.receiver),
            path: &path,
            listener: key.listener,
            host: &peer,
            ..SourceFacts::default()
        };
        let entry = self.of_source(&facts);
        let mut settings = SourceSettings::defaults(key);
        if key.receiver != ReceiverKind::Stdin {
            settings.lateness = self.lateness * SECOND;
        }
        if let Some(seconds) = entry.and_then(|e| e.lateness_seconds) {
            settings.lateness = seconds * SECOND;
        }
        settings.max_future = self.max_future * SECOND;
        settings.source_type = self.source_type(entry, &settings.source_type);
        settings.entry = entry.map(|e| e.name.clone());
        settings.format = format_of(entry);
        settings.multiline = joining(entry);
        settings.redact = self.redact(entry);
        if let Some(zone) = self.zone(entry) {
            settings.zone = zone;
        }
        if let Some(year) = self.given.year.or_else(|| entry.and_then(|e| e.year)) {
            settings.year = YearPolicy::Fixed(i32::from(year));
        }
        settings
    }
}

impl DropRules for Rules {
    fn reason(&self, event: &Event) -> Option<&str> {
        let entry = self.of_line(event)?;
        let mut rules = entry.drop.iter().filter(|rule| !rule.needs_template());
        rules.find(|rule| rule.drops(event, None)).map(|rule| rule.reason())
    }

    fn reason_by_template(&self, event: &Event, id: u64, text: &str) -> Option<&str> {
        let entry = self.of_line(event)?;
        let mut rules = entry.drop.iter().filter(|rule| rule.needs_template());
        rules.find(|rule| rule.drops(event, Some((id, text)))).map(|rule| rule.reason())
    }
}

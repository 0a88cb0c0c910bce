//! The rules of `sources[]` and of the command line, as the doors, the archives and the parser
//! ask for them. First match wins.

use super::archive::{self, FileOptions};
use crate::config::webhooks::Mapping;
use crate::config::{Config, Multiline, SourceEntry, SourceFacts, WebhookEntry};
use crate::receivers::dedup::Dedup;
use crate::receivers::settings::{SourceKey, SourceRules, SourceSettings};
use crate::receivers::webhook::Place;
use jiff::tz::TimeZone;
use seerflow_model::record::ReceiverKind;
use seerflow_model::time::SECOND;
use seerflow_model::{Event, Format, SourceInfo};
use seerflow_parsing::layout::{HEAD_MAX, Layout};
use seerflow_parsing::lines::Joining;
use seerflow_parsing::redact::{Counts, Key, Redactor};
use seerflow_parsing::time::{YearPolicy, Zone};
use seerflow_pipeline::parse::DropRules;
use std::io::Read;
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
    /// What each entry has kept, to know it again.
    dedup: Vec<Option<Arc<Dedup>>>,
    webhooks: Vec<WebhookEntry>,
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
            dedup: config.sources.iter().map(|entry| dedup(entry)).collect(),
            webhooks: config.webhooks.clone(),
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
            dedup: self.dedup.clone(),
            webhooks: self.webhooks.clone(),
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
        self.redact[self.place(entry?)?].clone()
    }

    /// Which entry it is.
    fn place(&self, entry: &SourceEntry) -> Option<usize> {
        self.entries.iter().position(|other| std::ptr::eq(other, entry))
    }

    /// What processes compare that must make the same pseudonyms: none can be made with it. 0 when
    /// nothing is redacted.
    pub fn redact_digest(&self) -> u64 {
        self.redact.iter().flatten().next().map_or(0, |redact| redact.digest())
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
            listener: listener_of(source),
            program: event.program(),
            host,
            service: event.program(),
        };
        // What needs no line was settled with the source, by more than the line's source tells.
        let fits = |entry: &&SourceEntry| match entry.matching.needs_line() {
            true => entry.matching.fits(&facts),
            false if live(source.receiver) => source.entry.as_ref() == Some(&entry.name),
            false => entry.matching.fits(&facts),
        };
        self.entries.iter().find(fits)
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
            multiline: self.joining(entry, path, &head_of(path, entry)),
            source_type: self.source_type(entry, "file"),
            format: format_of(entry),
            entry: entry.map(|e| e.name.clone()),
            redact: self.redact(entry),
        }
    }

    /// What an entry of `receivers.webhooks` says of its sources, where `sources[]` says nothing.
    fn of_webhook(&self, key: &SourceKey<'_>, entry: Option<&SourceEntry>, s: &mut SourceSettings) {
        let place = Place::split(key.listener);
        let Some(hook) = self.webhooks.iter().find(|hook| hook.path == place.path) else { return };
        let format = entry.and_then(|e| e.format).or(match hook.mapping {
            Mapping::None => None,
            Mapping::Github => Some(Format::Github),
            Mapping::Kubernetes => Some(Format::KubeEvent),
            Mapping::Alertmanager => Some(Format::Alertmanager),
        });
        let mapping = match entry.map(|e| &e.field_mapping) {
            Some(mapping) if !mapping.is_empty() => mapping,
            _ => &hook.field_mapping,
        };
        s.format = format.map_or("auto", Format::name).to_owned();
        s.multiline = Layout::of(format, "", b"", mapping, Joining::Off)
            .map_or(Joining::Off, |layout| Joining::Laid(Arc::new(layout)));
        s.source_type = self.source_type(entry, &hook.source_type);
        s.severity_map = hook.severity_map.clone();
        let name = if place.source.is_empty() { &hook.source_id } else { place.source };
        s.name = Some(name.to_owned());
    }

    /// How the lines of a source become records, with its layout if it has one.
    fn joining(&self, entry: Option<&SourceEntry>, path: &Path, head: &[u8]) -> Joining {
        let joining = if self.joins { joining(entry) } else { Joining::Off };
        let safe = self.redact(entry).map(|redact| redact.head(head));
        let head = safe.as_deref().unwrap_or(head);
        let format = entry.and_then(|e| e.format);
        let mapping = entry.map_or(&[][..], |e| &e.field_mapping);
        let layout = Layout::of(format, &path.to_string_lossy(), head, mapping, joining.clone());
        layout.map_or(joining, |layout| Joining::Laid(Arc::new(layout)))
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

/// How a file begins, if that may say how it is laid out; nothing of one that cannot be read,
/// which is told when it is.
fn head_of(path: &Path, entry: Option<&SourceEntry>) -> Vec<u8> {
    const NAMES: [&str; 4] = ["csv", "tsv", "log", "txt"];
    const PACKED: [&str; 4] = [".gz", ".zst", ".bz2", ".xz"];
    let name = path.to_string_lossy().to_ascii_lowercase();
    let plain = PACKED.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let table = match entry.and_then(|e| e.format) {
        Some(format) => matches!(format, Format::Csv | Format::Tsv | Format::W3c),
        None => NAMES.iter().any(|end| plain.strip_suffix(end).is_some_and(|n| n.ends_with('.'))),
    };
    let mut head = Vec::new();
    if table
        && name != "-"
        && let Ok(file) = archive::open_text(path)
    {
        // What was read before an error is what there is.
        let _ = file.text.take(HEAD_MAX as u64).read_to_end(&mut head);
    }
    head
}

/// Whether the sources of a door are settled by [`Rules::settle`].
fn live(receiver: ReceiverKind) -> bool {
    receiver != ReceiverKind::Archive
}

/// The address that a source of the network came in by, as far as its name tells it.
fn listener_of(source: &SourceInfo) -> &str {
    let door = source.name.rsplit(" → ").next().unwrap_or_default();
    door.strip_prefix(source.receiver.name()).unwrap_or(door).trim_start()
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

fn dedup(entry: &SourceEntry) -> Option<Arc<Dedup>> {
    entry.dedup_seconds.map(|seconds| Arc::new(Dedup::new(seconds * SECOND)))
}

fn format_of(entry: Option<&SourceEntry>) -> String {
    entry.and_then(|e| e.format).map_or("auto", |format| format.name()).to_owned()
}

impl SourceRules for Rules {
    fn settle(&self, key: &SourceKey<'_>) -> SourceSettings {
        let peer = key.peer.map(|ip| ip.to_string()).unwrap_or_default();
        let path = key.path.map(|path| path.to_string_lossy()).unwrap_or_default();
        let (listener, path) = match key.receiver {
            ReceiverKind::Webhook => {
                let place = Place::split(key.listener);
                (place.listener, place.path)
            }
            _ => (key.listener, &*path),
        };
        let facts = SourceFacts {
            receiver: Some(key.receiver),
            path,
            listener,
            host: &peer,
            ..SourceFacts::default()
        };
        let entry = self.of_source(&facts);
        let mut settings = SourceSettings::defaults(key);
        let lateness = self.lateness * SECOND;
        settings.lateness = match key.receiver {
            ReceiverKind::Stdin => settings.lateness,
            ReceiverKind::OtlpGrpc | ReceiverKind::OtlpHttp | ReceiverKind::Webhook => {
                settings.lateness.max(lateness)
            }
            _ => lateness,
        };
        if let Some(seconds) = entry.and_then(|e| e.lateness_seconds) {
            settings.lateness = seconds * SECOND;
        }
        settings.max_future = self.max_future * SECOND;
        settings.source_type = self.source_type(entry, &settings.source_type);
        settings.entry = entry.map(|e| e.name.clone());
        settings.format = format_of(entry);
        settings.multiline =
            self.joining(entry, key.path.unwrap_or(Path::new("")), key.head.unwrap_or_default());
        settings.redact = self.redact(entry);
        settings.dedup = entry.and_then(|e| self.dedup[self.place(e)?].clone());
        if key.receiver == ReceiverKind::Webhook {
            self.of_webhook(key, entry, &mut settings);
        }
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

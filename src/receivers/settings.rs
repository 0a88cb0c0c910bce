//! How a source is set up: what `sources[]` says of it, resolved once when it appears.

use super::dedup::Dedup;
use seerflow_model::Severity;
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::time::{Ns, SECOND};
use seerflow_parsing::lines::Joining;
use seerflow_parsing::redact::Redactor;
use seerflow_parsing::time::{YearPolicy, Zone};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// How far the records of senders that collect them to batches may be out of order.
pub const PUSHED_LATENESS: Ns = 10 * SECOND;

/// What is known of a source when it appears.
#[derive(Clone, Copy, Debug)]
pub struct SourceKey<'a> {
    /// The door.
    pub receiver: ReceiverKind,
    /// The door's name: the address it listens on, or the pattern that matched.
    pub listener: &'a str,
    /// The sender.
    pub peer: Option<IpAddr>,
    /// The file.
    pub path: Option<&'a Path>,
    /// How the file begins.
    pub head: Option<&'a [u8]>,
    /// When the file was last changed, for years that are not written.
    pub modified: Option<Ns>,
    /// The clock.
    pub now: Ns,
}

/// How one source is read.
pub struct SourceSettings {
    /// How far its records may be out of order.
    pub lateness: Ns,
    /// How far ahead of the receive time it is believed.
    pub max_future: Ns,
    /// `sources[].source_type`, else by the door.
    pub source_type: String,
    /// `sources[].name` of the entry that matched.
    pub entry: Option<String>,
    /// `sources[].format`.
    pub format: String,
    /// Whether lines are joined to records (files and pipes only).
    pub multiline: Joining,
    /// The zone of times that name none.
    pub zone: Zone,
    /// The year of times that name none.
    pub year: YearPolicy,
    /// What is redacted.
    pub redact: Option<Arc<Redactor>>,
    /// What its sources are called, instead of by sender and door.
    pub name: Option<String>,
    /// What the values of the field that means the severity stand for.
    pub severity_map: Vec<(String, Severity)>,
    /// What its entry has kept, so that the same record is not kept twice.
    pub dedup: Option<Arc<Dedup>>,
}

/// The rules of `sources[]`: first match wins.
pub trait SourceRules: Send + Sync {
    /// How this source is read. Called once per source.
    fn settle(&self, key: &SourceKey<'_>) -> SourceSettings;
}

impl SourceSettings {
    /// What a source is without any rule.
    pub fn defaults(key: &SourceKey<'_>) -> SourceSettings {
        let (source_type, lateness) = match key.receiver {
            ReceiverKind::SyslogUdp | ReceiverKind::SyslogTcp => ("syslog", 2 * SECOND),
            // Their clients send in batches.
            ReceiverKind::OtlpGrpc | ReceiverKind::OtlpHttp => ("otlp", PUSHED_LATENESS),
            ReceiverKind::File | ReceiverKind::Archive => ("file", 2 * SECOND),
            ReceiverKind::Stdin => ("stdin", 60 * SECOND),
            ReceiverKind::Webhook => ("webhook", 10 * SECOND),
        };
        SourceSettings {
            lateness,
            max_future: 300 * SECOND,
            source_type: source_type.to_owned(),
            entry: None,
            format: "auto".to_owned(),
            multiline: Joining::Auto,
            zone: Zone::System,
            year: YearPolicy::NotAfter(key.modified.unwrap_or(key.now)),
            redact: None,
            name: None,
            severity_map: Vec::new(),
            dedup: None,
        }
    }

    /// The description that travels with the records.
    pub fn info(&self, id: u64, name: String, key: &SourceKey<'_>) -> SourceInfo {
        let name = self.name.as_deref().unwrap_or(&name);
        let mut info = SourceInfo::plain(id, name, key.receiver, &self.source_type);
        info.severity_map = self.severity_map.clone();
        info.peer = key.peer.map(|ip| ip.to_string());
        info.entry = self.entry.clone();
        info.format = self.format.clone();
        info.zone = Some(self.zone.name());
        if let Some(layout) = self.multiline.layout() {
            layout.describe(&mut info);
        }
        info
    }
}

//! A record: one log entry as the edge hands it to the engine, with its stamps.
//!
//! Records of one source travel in batches that share one buffer, so a record costs no allocation
//! until it is parsed.

use crate::meaning::{Meaning, Table};
use crate::severity::Severity;
use crate::time::Ns;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What became of a record at the edge; kept on the event as tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Flags(pub u16);

impl Flags {
    /// Below its source's promise: processed at the promise, left out of rate and order folds.
    pub const LATE: Flags = Flags(1);
    /// No time of its own: took the stamp before it in its source.
    pub const INHERITED: Flags = Flags(1 << 1);
    /// Its time was not believed: took the stamp before it.
    pub const CLOCK_SKEW: Flags = Flags(1 << 2);
    /// Beyond the bound of what may be held: processed at the promise.
    pub const CROWDED: Flags = Flags(1 << 3);
    /// Longer than the limit: cut.
    pub const CUT: Flags = Flags(1 << 4);
    /// Joined from several lines.
    pub const MULTILINE: Flags = Flags(1 << 5);
    /// Written by this program itself: never alerted on.
    pub const OWN: Flags = Flags(1 << 6);
    /// Not valid in the format it claims to have; parsed as a plain line.
    pub const MALFORMED: Flags = Flags(1 << 7);
    /// Held bytes that are not valid UTF-8, shown as `\xNN`.
    pub const INVALID_UTF8: Flags = Flags(1 << 8);
    /// Names the columns of its table: counted, and no event.
    pub const HEADER: Flags = Flags(1 << 9);

    const NAMES: [(Flags, &'static str); 10] = [
        (Flags::LATE, "late"),
        (Flags::INHERITED, "inherited"),
        (Flags::CLOCK_SKEW, "clock_skew"),
        (Flags::CROWDED, "crowded"),
        (Flags::CUT, "cut"),
        (Flags::MULTILINE, "multiline"),
        (Flags::OWN, "own"),
        (Flags::MALFORMED, "malformed"),
        (Flags::INVALID_UTF8, "invalid_utf8"),
        (Flags::HEADER, "header"),
    ];

    /// Whether all bits of `other` are set.
    #[inline]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Sets the bits of `other`.
    #[inline]
    pub fn set(&mut self, other: Flags) {
        self.0 |= other.0;
    }

    /// The names of the bits that are set, as they appear in `tags`.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Flags::NAMES.into_iter().filter(move |(bit, _)| self.has(*bit)).map(|(_, name)| name)
    }
}

impl std::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// Which door a record came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiverKind {
    /// Syslog over UDP.
    SyslogUdp,
    /// Syslog over TCP.
    SyslogTcp,
    /// A tailed file.
    File,
    /// OpenTelemetry logs over gRPC.
    OtlpGrpc,
    /// OpenTelemetry logs over HTTP.
    OtlpHttp,
    /// Standard input or a pipe.
    Stdin,
    /// HTTP POST.
    Webhook,
    /// A file read from end to end.
    Archive,
}

impl ReceiverKind {
    /// The name in configuration, metrics and the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            ReceiverKind::SyslogUdp => "syslog_udp",
            ReceiverKind::SyslogTcp => "syslog_tcp",
            ReceiverKind::OtlpGrpc => "otlp_grpc",
            ReceiverKind::OtlpHttp => "otlp_http",
            ReceiverKind::File => "file",
            ReceiverKind::Stdin => "stdin",
            ReceiverKind::Webhook => "webhook",
            ReceiverKind::Archive => "archive",
        }
    }
}

/// How a record ended where it was written; with it the store gives the record back byte for byte.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// By itself: the end of a file, a counted frame, an element of an array, a datagram.
    #[default]
    None,
    /// `\n`.
    Lf,
    /// `\r\n`.
    CrLf,
    /// NUL, as some senders end a frame.
    Nul,
}

impl LineEnd {
    /// All of them, by number.
    pub const ALL: [LineEnd; 4] = [LineEnd::None, LineEnd::Lf, LineEnd::CrLf, LineEnd::Nul];

    /// Its bytes.
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            LineEnd::None => b"",
            LineEnd::Lf => b"\n",
            LineEnd::CrLf => b"\r\n",
            LineEnd::Nul => b"\0",
        }
    }

    /// The one that stands behind the first `len` bytes.
    pub fn behind(bytes: &[u8], len: usize) -> LineEnd {
        match bytes.get(len..).unwrap_or_default() {
            [b'\n', ..] => LineEnd::Lf,
            [b'\r', b'\n', ..] => LineEnd::CrLf,
            [0, ..] => LineEnd::Nul,
            _ => LineEnd::None,
        }
    }
}

/// What is known of a source before any of its records is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Stable identity: see the identity rules of the architecture page.
    pub id: u64,
    /// What people see: a path, or `peer → listener`.
    pub name: String,
    /// The door.
    pub receiver: ReceiverKind,
    /// `syslog`, `file`, `stdin` …, or what `sources[].source_type` says.
    pub source_type: String,
    /// Address of the sender, when the network gave one; stands in for a missing header host.
    pub peer: Option<String>,
    /// `sources[].name` of the entry that matched.
    pub entry: Option<String>,
    /// `sources[].format`, `auto` when not fixed.
    pub format: String,
    /// Zone of its times that name none, as people call it.
    pub zone: Option<String>,
    /// How its records are laid out in columns, where they are.
    pub table: Option<Table>,
    /// `sources[].field_mapping`.
    pub field_mapping: Vec<(Meaning, String)>,
    /// What the values of the field that means the severity stand for.
    pub severity_map: Vec<(String, Severity)>,
}

impl SourceInfo {
    /// A source with nothing special about it; tests and tools use it.
    pub fn plain(id: u64, name: &str, receiver: ReceiverKind, source_type: &str) -> SourceInfo {
        SourceInfo {
            id,
            name: name.to_owned(),
            receiver,
            source_type: source_type.to_owned(),
            peer: None,
            entry: None,
            format: "auto".to_owned(),
            zone: None,
            table: None,
            field_mapping: Vec::new(),
            severity_map: Vec::new(),
        }
    }
}

/// One record of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordMeta {
    /// First byte in the batch's buffer.
    pub start: u32,
    /// Length in bytes, without the line end.
    pub len: u32,
    /// Position in its source, from 0; never reused.
    pub seq: u64,
    /// What the log says, if it says a time that can be resolved.
    pub event_time: Option<Ns>,
    /// What the engine orders by.
    pub effective: Ns,
    /// Where in the record the time stands, relative to `start`; length 0 when there is none.
    pub time_start: u32,
    /// Length of the time's text.
    pub time_len: u32,
    /// What became of it at the edge.
    pub flags: Flags,
    /// How it ended.
    pub end: LineEnd,
}

/// Records of one source that share a buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordBatch {
    /// Their source.
    pub source: Arc<SourceInfo>,
    /// When they reached us. For archives: the modification time of the file, never the clock.
    pub observed: Ns,
    /// The bytes that the records point into.
    pub bytes: Vec<u8>,
    /// The records.
    pub records: Vec<RecordMeta>,
}

impl RecordBatch {
    /// The bytes of one record.
    #[inline]
    pub fn bytes_of(&self, meta: &RecordMeta) -> &[u8] {
        &self.bytes[meta.start as usize..(meta.start + meta.len) as usize]
    }
}

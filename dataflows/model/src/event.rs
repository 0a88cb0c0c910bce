//! An event: one record, read.
//!
//! All strings of an event are slices of one `text`: the decoded record first, then whatever had
//! to be added (an unescaped JSON message, a host taken from the sender's address). An event costs
//! a handful of allocations and moves between workers as one pointer.

use crate::class::{self, Activity, LogSource, Outcome};
use crate::edge::EdgeRef;
use crate::entity::{self, EntityRef, Role};
use crate::ids;
use crate::logsource;
use crate::order::Order;
use crate::record::{Flags, LineEnd, SourceInfo};
use crate::severity::Severity;
use crate::time::Ns;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// A slice of an event's text, in bytes. Always on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Length in bytes; 0 means "not there".
    pub len: u32,
}

impl Span {
    /// Not there.
    pub const NONE: Span = Span { start: 0, len: 0 };

    /// From byte positions.
    #[inline]
    pub const fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, len: (end - start) as u32 }
    }

    /// Whether there is nothing.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// One past the last byte.
    #[inline]
    pub const fn end(self) -> usize {
        (self.start + self.len) as usize
    }

    /// The slice itself; empty when it does not lie in `text`.
    #[inline]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end()).unwrap_or_default()
    }
}

/// The format a record was read in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Nothing but text.
    #[default]
    Plain,
    /// A line that begins with a time, perhaps a level.
    Timestamped,
    /// RFC 5424.
    Rfc5424,
    /// RFC 3164 and its relatives.
    Rfc3164,
    /// A JSON object on a line.
    Json,
    /// `journalctl -o json`.
    Journald,
    /// Docker's json-file.
    Docker,
    /// Kubernetes CRI.
    Cri,
    /// A line without a date that begins with a level, a thread or a time of day.
    Leveled,
    /// glog and klog.
    Glog,
    /// The server log of Postgres.
    Postgres,
    /// The error log of MySQL and MariaDB.
    Mysql,
    /// Their slow query log.
    MysqlSlow,
    /// Redis.
    Redis,
    /// The error log of Apache httpd.
    ApacheError,
    /// The error log of nginx.
    NginxError,
    /// Access logs of web servers: common, combined and their relatives.
    Access,
    /// HAProxy's log of HTTP and TCP connections.
    Haproxy,
    /// Squid's native access log.
    Squid,
    /// The extended log file format of the W3C, as IIS writes it.
    W3c,
    /// Lines of `key=value` pairs.
    Logfmt,
    /// ArcSight's Common Event Format.
    Cef,
    /// QRadar's Log Event Extended Format.
    Leef,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
    /// A Windows event as JSON: winlogbeat, nxlog, evtx_dump.
    Windows,
    /// A record of AWS CloudTrail.
    Cloudtrail,
    /// An audit event of the Kubernetes API server.
    KubeAudit,
    /// A Kubernetes Event.
    KubeEvent,
    /// An event of the Linux audit system.
    Auditd,
    /// A delivery of a GitHub webhook.
    Github,
    /// An alert of Prometheus' Alertmanager.
    Alertmanager,
    /// A LogRecord of OpenTelemetry with its resource and scope.
    Otlp,
}

impl Format {
    /// All formats, in the order of the documentation.
    pub const ALL: [Format; 33] = [
        Format::Plain,
        Format::Timestamped,
        Format::Leveled,
        Format::Rfc5424,
        Format::Rfc3164,
        Format::Json,
        Format::Journald,
        Format::Docker,
        Format::Cri,
        Format::Glog,
        Format::Postgres,
        Format::Mysql,
        Format::MysqlSlow,
        Format::Redis,
        Format::ApacheError,
        Format::NginxError,
        Format::Access,
        Format::Haproxy,
        Format::Squid,
        Format::W3c,
        Format::Logfmt,
        Format::Cef,
        Format::Leef,
        Format::Csv,
        Format::Tsv,
        Format::Windows,
        Format::Cloudtrail,
        Format::KubeAudit,
        Format::KubeEvent,
        Format::Auditd,
        Format::Github,
        Format::Alertmanager,
        Format::Otlp,
    ];

    /// The name in configuration and output.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Plain => "plain",
            Format::Timestamped => "timestamped",
            Format::Rfc5424 => "rfc5424",
            Format::Rfc3164 => "rfc3164",
            Format::Json => "json",
            Format::Journald => "journald",
            Format::Docker => "docker",
            Format::Cri => "cri",
            Format::Leveled => "leveled",
            Format::Glog => "glog",
            Format::Postgres => "postgres",
            Format::Mysql => "mysql",
            Format::MysqlSlow => "mysql_slow",
            Format::Redis => "redis",
            Format::ApacheError => "apache_error",
            Format::NginxError => "nginx_error",
            Format::Access => "access",
            Format::Haproxy => "haproxy",
            Format::Squid => "squid",
            Format::W3c => "w3c",
            Format::Logfmt => "logfmt",
            Format::Cef => "cef",
            Format::Leef => "leef",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Windows => "windows",
            Format::Cloudtrail => "cloudtrail",
            Format::KubeAudit => "kube_audit",
            Format::KubeEvent => "kube_event",
            Format::Auditd => "auditd",
            Format::Github => "github",
            Format::Alertmanager => "alertmanager",
            Format::Otlp => "otlp",
        }
    }

    /// By name.
    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.name() == name)
    }
}

/// A structured field that the record carries: its name and value, both slices of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// Name; nested names are joined with dots.
    pub name: Span,
    /// Value as text.
    pub value: Span,
}

/// The type of a masked value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum ParamKind {
    /// Free text that a template generalised.
    Any,
    /// A number, perhaps with sign, fraction or unit.
    Number,
    /// Hexadecimal digits or a hash.
    Hex,
    /// An IPv4 or IPv6 address, perhaps with a port.
    Ip,
    /// A hardware address.
    Mac,
    /// A UUID.
    Uuid,
    /// A path.
    Path,
    /// A URL.
    Url,
    /// A mail address.
    Email,
    /// A domain name.
    Domain,
    /// A time or date.
    Time,
    /// Quoted text.
    Quoted,
    /// A mix of letters and digits that looks like an identifier.
    Id,
    /// A length of time with its unit: `5ms`, `1h30m`.
    Duration,
    /// An amount of data with its unit: `64KiB`.
    Size,
    /// Base64 with its padding or its `+` and `/`.
    Base64,
}

/// A value that the mask lifted out of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Param {
    /// Its type.
    pub kind: ParamKind,
    /// Index of the token it stands in.
    pub token: u16,
    /// Where it stands.
    pub value: Span,
}

/// One record, read. See the module head for how its strings are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Where it came from.
    pub source: Arc<SourceInfo>,
    /// Position in its source.
    pub seq: u64,
    /// What the log says; `None` when it says no time.
    pub event_time: Option<Ns>,
    /// When it reached us.
    pub observed_time: Ns,
    /// What the engine orders by.
    pub effective_time: Ns,
    /// What became of it at the edge and in the parser.
    pub flags: Flags,
    /// How bad.
    pub severity: Severity,
    /// Syslog facility, if it came with one.
    pub facility: Option<u8>,
    /// Format it was read in.
    pub format: Format,
    /// What kind of thing it reports.
    pub activity: Activity,
    /// How that went.
    pub outcome: Outcome,
    /// Decoded record, then additions.
    pub text: Box<str>,
    /// Length of the decoded record at the front of `text`.
    pub record_len: u32,
    /// The bytes of the record where they are not those of its text.
    pub raw: Option<Box<[u8]>>,
    /// How the record ended.
    pub end: LineEnd,
    /// Where the time stands in the bytes of the record, and how long it is; 0 when there is none.
    pub time_place: (u32, u32),
    /// Header host.
    pub host: Span,
    /// Program, APP-NAME, logger or component.
    pub program: Span,
    /// Process id.
    pub pid: Span,
    /// RFC 5424 MSGID.
    pub msgid: Span,
    /// The free text that is templated.
    pub message: Span,
    /// W3C trace id, 32 hex digits.
    pub trace_id: Span,
    /// W3C span id, 16 hex digits.
    pub span_id: Span,
    /// Structured fields.
    pub fields: Box<[Field]>,
    /// Hash of (source type, program): templates never mix between namespaces.
    pub namespace: u64,
    /// Template leaf: hash of (namespace, token count, prefix).
    pub leaf: u64,
    /// Hash of each masked token.
    pub tokens: Box<[u64]>,
    /// Masked values in the order of the text.
    pub params: Box<[Param]>,
    /// Who and what it speaks of.
    pub entities: Box<[EntityRef]>,
    /// How those relate.
    pub edges: Box<[EdgeRef]>,
}

impl Event {
    /// An event with nothing read yet.
    pub fn empty(source: Arc<SourceInfo>) -> Event {
        Event {
            source,
            seq: 0,
            event_time: None,
            observed_time: 0,
            effective_time: 0,
            flags: Flags::default(),
            severity: Severity::Informational,
            facility: None,
            format: Format::Plain,
            activity: Activity::Other,
            outcome: Outcome::Unknown,
            text: Box::default(),
            record_len: 0,
            raw: None,
            end: LineEnd::None,
            time_place: (0, 0),
            host: Span::NONE,
            program: Span::NONE,
            pid: Span::NONE,
            msgid: Span::NONE,
            message: Span::NONE,
            trace_id: Span::NONE,
            span_id: Span::NONE,
            fields: Box::default(),
            namespace: 0,
            leaf: 0,
            tokens: Box::default(),
            params: Box::default(),
            entities: Box::default(),
            edges: Box::default(),
        }
    }

    /// Text of a span.
    #[inline]
    pub fn get(&self, span: Span) -> &str {
        span.of(&self.text)
    }

    /// Header host, empty when there is none.
    pub fn host(&self) -> &str {
        self.get(self.host)
    }

    /// Program, empty when there is none.
    pub fn program(&self) -> &str {
        self.get(self.program)
    }

    /// The free text that is templated.
    pub fn message(&self) -> &str {
        self.get(self.message)
    }

    /// The whole record, decoded.
    pub fn record(&self) -> &str {
        Span::new(0, self.record_len as usize).of(&self.text)
    }

    /// The bytes of the record, without its line end.
    pub fn raw(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or_else(|| self.record().as_bytes())
    }

    /// Event id, derived from source and sequence.
    pub fn id(&self) -> Uuid {
        ids::event(self.source.id, self.seq)
    }

    /// Its place in the total order.
    #[inline]
    pub fn order(&self) -> Order {
        Order::record(self.effective_time, self.source.id, self.seq)
    }

    /// The time it speaks of: its own when it has one, else the one it is ordered by.
    pub fn about(&self) -> Ns {
        self.event_time.unwrap_or(self.effective_time)
    }

    /// Sigma logsource.
    pub fn log_source(&self) -> LogSource {
        logsource::structured(self)
            .unwrap_or_else(|| class::log_source(self.program(), self.activity))
    }

    /// Primary entity: the first of actor, src, target, host.
    pub fn primary(&self) -> Option<&EntityRef> {
        [Role::Actor, Role::Src, Role::Target, Role::Observer]
            .into_iter()
            .find_map(|role| self.entities.iter().find(|e| e.role == role))
    }

    /// Canonical value of one of its entities.
    pub fn canonical(&self, entity: &EntityRef) -> String {
        entity::canonical(entity.kind, self.get(entity.value), self.get(entity.domain))
            .map(|value| value.into_owned())
            .unwrap_or_default()
    }
}

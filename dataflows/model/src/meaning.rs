//! What a column or field means (`sources[].field_mapping`), and how a table is laid out.

use serde::{Deserialize, Serialize};

/// What a column or field of a source means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meanings")]
pub enum Meaning {
    Message,
    Time,
    Severity,
    Host,
    Program,
    Pid,
    Msgid,
    TraceId,
    SpanId,
    User,
    TargetUser,
    SrcIp,
    DstIp,
    SrcHost,
    DstHost,
    Url,
    File,
    Domain,
    Hash,
    Email,
    Mac,
    Process,
    Service,
    Container,
    Source,
}

impl Meaning {
    /// All of them, with the name in configuration and the name of the field that it becomes.
    pub const ALL: [(Meaning, &'static str, &'static str); 25] = {
        use Meaning::*;
        [
            (Message, "message", "message"),
            (Time, "time", "time"),
            (Severity, "severity", "log.level"),
            (Host, "host", "host.name"),
            (Program, "program", "program"),
            (Pid, "pid", "process.pid"),
            (Msgid, "msgid", "msgid"),
            (TraceId, "trace_id", "trace_id"),
            (SpanId, "span_id", "span_id"),
            (User, "user", "user.name"),
            (TargetUser, "target_user", "user.target.name"),
            (SrcIp, "src_ip", "source.ip"),
            (DstIp, "dst_ip", "destination.ip"),
            (SrcHost, "src_host", "source.domain"),
            (DstHost, "dst_host", "destination.domain"),
            (Url, "url", "url.original"),
            (File, "file", "file.path"),
            (Domain, "domain", "dns.question.name"),
            (Hash, "hash", "file.hash"),
            (Email, "email", "email"),
            (Mac, "mac", "mac"),
            (Process, "process", "process.name"),
            (Service, "service", "service.name"),
            (Container, "container", "container.name"),
            (Source, "source", "log.source"),
        ]
    };

    /// By its name in configuration; `timestamp` is `time` and `level` is `severity`.
    pub fn parse(name: &str) -> Option<Meaning> {
        let name = match name {
            "timestamp" => "time",
            "level" => "severity",
            name => name,
        };
        Meaning::ALL.iter().find(|(_, known, _)| *known == name).map(|(meaning, _, _)| *meaning)
    }

    /// The name in configuration.
    pub fn name(self) -> &'static str {
        Meaning::ALL[self as usize].1
    }

    /// The name of the field that a column or field of this meaning becomes.
    pub fn field(self) -> &'static str {
        Meaning::ALL[self as usize].2
    }
}

/// How the records of a source are laid out in columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What stands between two cells.
    pub delimiter: u8,
    /// The names of the columns; those beyond it are called `column.N`.
    pub columns: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_meanings() {
        for (meaning, name, field) in Meaning::ALL {
            assert_eq!((meaning.name(), meaning.field()), (name, field));
            assert_eq!(Meaning::parse(name), Some(meaning));
        }
        assert_eq!(Meaning::parse("timestamp"), Some(Meaning::Time));
        assert_eq!(Meaning::parse("level"), Some(Meaning::Severity));
        assert_eq!(Meaning::parse("Message"), None);
    }
}

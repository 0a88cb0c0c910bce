//! Severity: one scale 0–6 and its maps from and to syslog, OpenTelemetry and Sigma.

use serde::{Deserialize, Serialize};

/// How bad an event or alert is, from least to worst.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum Severity {
    /// 0: detail for developers.
    Trace = 0,
    /// 1: normal operation.
    #[default]
    Informational = 1,
    /// 2: normal but significant.
    Notice = 2,
    /// 3: something may be wrong.
    Warning = 3,
    /// 4: something failed.
    Error = 4,
    /// 5: needs action now.
    Critical = 5,
    /// 6: the system or service is unusable.
    Fatal = 6,
}

impl Severity {
    /// All values, in order.
    pub const ALL: [Severity; 7] = [
        Severity::Trace,
        Severity::Informational,
        Severity::Notice,
        Severity::Warning,
        Severity::Error,
        Severity::Critical,
        Severity::Fatal,
    ];

    /// From 0–6; larger numbers are `Fatal`.
    pub const fn from_id(id: u8) -> Severity {
        match id {
            0 => Severity::Trace,
            1 => Severity::Informational,
            2 => Severity::Notice,
            3 => Severity::Warning,
            4 => Severity::Error,
            5 => Severity::Critical,
            _ => Severity::Fatal,
        }
    }

    /// The number 0–6.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// From a syslog severity (RFC 5424 §6.2.1): 0 emergency … 7 debug. Others: notice.
    pub const fn from_syslog(code: u8) -> Severity {
        match code {
            0 => Severity::Fatal,
            1 | 2 => Severity::Critical,
            3 => Severity::Error,
            4 => Severity::Warning,
            5 => Severity::Notice,
            6 => Severity::Informational,
            7 => Severity::Trace,
            _ => Severity::Notice,
        }
    }

    /// From an OpenTelemetry SeverityNumber 1–24; 0 and others: informational.
    pub const fn from_otel(number: u8) -> Severity {
        match number {
            1..=8 => Severity::Trace,
            9 => Severity::Informational,
            10..=12 => Severity::Notice,
            13..=16 => Severity::Warning,
            17..=20 => Severity::Error,
            21..=23 => Severity::Critical,
            24 => Severity::Fatal,
            _ => Severity::Informational,
        }
    }

    /// To an OpenTelemetry SeverityNumber.
    pub const fn otel(self) -> u8 {
        [1, 9, 10, 13, 17, 21, 24][self as usize]
    }

    /// To an OCSF severity_id (1 informational … 6 fatal; 0 unknown is never used).
    pub const fn ocsf(self) -> u8 {
        [1, 1, 2, 3, 4, 5, 6][self as usize]
    }

    /// Upper-case name, as in alerts and on the console.
    pub const fn name(self) -> &'static str {
        ["TRACE", "INFORMATIONAL", "NOTICE", "WARNING", "ERROR", "CRITICAL", "FATAL"][self as usize]
    }

    /// From the words that log formats use (`warn`, `ERR`, `emerg`, `panic` …); case is ignored.
    pub fn from_word(word: &[u8]) -> Option<Severity> {
        if word.len() > 13 {
            return None;
        }
        let mut lower = [0u8; 13];
        for (to, from) in lower.iter_mut().zip(word) {
            *to = from.to_ascii_lowercase();
        }
        Some(match &lower[..word.len()] {
            b"trace" | b"debug" | b"dbg" | b"vrb" | b"fine" | b"finer" | b"finest" | b"verbose"
            | b"debug1" | b"debug2" | b"debug3" => Severity::Trace,
            b"info" | b"inf" | b"information" | b"informational" | b"log" | b"config" => {
                Severity::Informational
            }
            b"notice" => Severity::Notice,
            b"warn" | b"wrn" | b"warning" => Severity::Warning,
            b"err" | b"error" | b"severe" | b"failure" => Severity::Error,
            b"crit" | b"critical" | b"alert" => Severity::Critical,
            b"fatal" | b"ftl" | b"emerg" | b"emergency" | b"panic" => Severity::Fatal,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_the_documented_ones() {
        let syslog: Vec<u8> = (0..9).map(|c| Severity::from_syslog(c).id()).collect();
        assert_eq!(syslog, [6, 5, 5, 4, 3, 2, 1, 0, 2]);
        let otel: Vec<u8> = Severity::ALL.iter().map(|s| s.otel()).collect();
        assert_eq!(otel, [1, 9, 10, 13, 17, 21, 24]);
        for severity in Severity::ALL {
            assert_eq!(Severity::from_otel(severity.otel()), severity);
            assert_eq!(Severity::from_id(severity.id()), severity);
        }
        assert_eq!(Severity::from_word(b"WARN"), Some(Severity::Warning));
        assert_eq!(Severity::from_word(b"hello"), None);
    }
}

//! What kind of thing an event reports, in the words of ECS, OCSF and Sigma.

use serde::{Deserialize, Serialize};

/// The activity an event reports; `Other` when no rule knows better.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Nothing more is known.
    #[default]
    Other,
    /// Someone tried to log in.
    Login,
    /// A session ended.
    Logout,
    /// Rights of another account were used or asked for (sudo, su).
    PrivilegeUse,
    /// A process or command started.
    ProcessStart,
    /// An account or group was made, changed or deleted.
    AccountChange,
    /// A network connection was made, refused or ended.
    NetworkConnection,
    /// An HTTP request was answered.
    WebRequest,
    /// A name was looked up.
    DnsQuery,
    /// A file was read or changed.
    FileAccess,
    /// A service or unit changed its state.
    ServiceChange,
    /// A database statement or session.
    DatabaseActivity,
}

/// How it went.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not said.
    #[default]
    Unknown,
    /// It worked.
    Success,
    /// It did not.
    Failure,
}

impl Activity {
    /// ECS `event.category`, `event.type` and a short `event.action`.
    pub const fn ecs(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Activity::Other => ("", "info", ""),
            Activity::Login => ("authentication", "start", "login"),
            Activity::Logout => ("authentication", "end", "logout"),
            Activity::PrivilegeUse => ("iam", "admin", "privilege-use"),
            Activity::ProcessStart => ("process", "start", "process-started"),
            Activity::AccountChange => ("iam", "change", "account-changed"),
            Activity::NetworkConnection => ("network", "connection", "connection"),
            Activity::WebRequest => ("web", "access", "http-request"),
            Activity::DnsQuery => ("network", "protocol", "dns-query"),
            Activity::FileAccess => ("file", "access", "file-access"),
            Activity::ServiceChange => ("configuration", "change", "service-changed"),
            Activity::DatabaseActivity => ("database", "access", "database-activity"),
        }
    }

    /// OCSF 1.x `(category_uid, class_uid, activity_id)`; `type_uid` is class × 100 + activity.
    pub const fn ocsf(self) -> (u32, u32, u32) {
        match self {
            Activity::Other => (0, 0, 0),
            Activity::Login => (3, 3002, 1),
            Activity::Logout => (3, 3002, 2),
            Activity::PrivilegeUse => (3, 3003, 1),
            Activity::ProcessStart => (1, 1007, 1),
            Activity::AccountChange => (3, 3001, 99),
            Activity::NetworkConnection => (4, 4001, 1),
            Activity::WebRequest => (4, 4002, 99),
            Activity::DnsQuery => (4, 4003, 1),
            Activity::FileAccess => (1, 1001, 14),
            Activity::ServiceChange => (5, 5019, 99),
            Activity::DatabaseActivity => (6, 6005, 99),
        }
    }
}

impl Outcome {
    /// ECS `event.outcome`.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Unknown => "unknown",
            Outcome::Success => "success",
            Outcome::Failure => "failure",
        }
    }

    /// OCSF `status_id`.
    pub const fn ocsf(self) -> u32 {
        match self {
            Outcome::Unknown => 0,
            Outcome::Success => 1,
            Outcome::Failure => 2,
        }
    }
}

/// Sigma's logsource triple; an empty string means "not set".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogSource {
    /// For instance `process_creation`, `webserver`.
    pub category: &'static str,
    /// For instance `linux`.
    pub product: &'static str,
    /// For instance `sshd`, `sudo`.
    pub service: &'static str,
}

/// Sigma logsource of an event, from its program and activity.
pub fn log_source(program: &str, activity: Activity) -> LogSource {
    let category = match activity {
        Activity::WebRequest => "webserver",
        Activity::DnsQuery => "dns",
        Activity::ProcessStart => "process_creation",
        Activity::DatabaseActivity => "database",
        _ => "",
    };
    let base = program.split(['(', '/']).next().unwrap_or_default();
    let (product, service) = match base {
        "sshd" | "sshd-session" => ("linux", "sshd"),
        "sudo" => ("linux", "sudo"),
        "su" | "login" | "systemd-logind" => ("linux", "auth"),
        "cron" | "CRON" | "crond" | "anacron" => ("linux", "cron"),
        "auditd" | "audit" | "audispd" => ("linux", "auditd"),
        "nginx" => ("", "nginx"),
        "httpd" | "apache" | "apache2" => ("", "apache"),
        "" => ("", ""),
        _ => ("linux", "syslog"),
    };
    LogSource { category, product, service }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_sources() {
        assert_eq!(log_source("sshd", Activity::Login).service, "sshd");
        assert_eq!(log_source("su(pam_unix)", Activity::Login).service, "auth");
        assert_eq!(log_source("nginx", Activity::WebRequest).category, "webserver");
        assert_eq!(log_source("", Activity::Other), LogSource::default());
    }
}

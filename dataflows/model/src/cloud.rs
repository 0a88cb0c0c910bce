//! Sigma's logsource for records of OpenTelemetry: from attributes of clouds, clusters and systems.
//!
//! A log that a cloud itself writes has the product of the cloud and the service of that log;
//! anything else the product it runs on: the cluster, else the system, else the cloud. A program
//! that Sigma knows by name (`sshd`) stays what it is. Cost: on demand, one look at each field.

use crate::class::{self, LogSource};
use crate::event::Event;

/// What the attributes of a record tell.
#[derive(Default)]
struct Signs {
    provider: &'static str,
    system: &'static str,
    cluster: bool,
    log: Option<(&'static str, &'static str)>,
}

/// The logsource of a record of OpenTelemetry.
pub(crate) fn log_source(event: &Event) -> LogSource {
    let by_name = class::log_source(event.program(), event.activity);
    if !matches!(by_name.service, "" | "syslog") {
        return by_name;
    }
    let mut signs = Signs::default();
    for field in &event.fields {
        let name = event.get(field.name);
        signs.see(name.strip_prefix("resource.").unwrap_or(name), event.get(field.value));
    }
    let (product, service) = match signs.log {
        Some(log) => log,
        None if signs.cluster => ("kubernetes", ""),
        None if !signs.system.is_empty() => (signs.system, ""),
        None => (signs.provider, ""),
    };
    LogSource { category: by_name.category, product, service }
}

impl Signs {
    fn see(&mut self, name: &str, value: &str) {
        let group = name.split_once('.').map_or(name, |(group, _)| group);
        match group {
            "cloud" if name == "cloud.provider" => {
                self.provider = match value {
                    "aws" => "aws",
                    "azure" => "azure",
                    "gcp" => "gcp",
                    _ => self.provider,
                };
            }
            "os" if name == "os.type" => {
                self.system = match value {
                    "linux" => "linux",
                    "windows" => "windows",
                    "darwin" => "macos",
                    _ => self.system,
                };
            }
            "k8s" => self.cluster = true,
            "aws" => {
                self.provider = "aws";
                let logs = name.starts_with("aws.log.");
                if logs && contains(value, "cloudtrail") {
                    self.log = Some(("aws", "cloudtrail"));
                }
            }
            "gcp" => {
                self.provider = "gcp";
                self.google(value);
            }
            "log_name" | "logName" => self.google(value),
            "azure" => {
                self.provider = "azure";
                if name == "azure.category" {
                    self.log = azure(value).or(self.log);
                }
            }
            _ => {}
        }
    }

    fn google(&mut self, value: &str) {
        if contains(value, "cloudaudit.googleapis.com") {
            self.log = Some(("gcp", "gcp.audit"));
        }
    }
}

/// The log that Azure names a category.
fn azure(category: &str) -> Option<(&'static str, &'static str)> {
    Some(match category {
        "AuditLogs" => ("azure", "auditlogs"),
        "SignInLogs"
        | "NonInteractiveUserSignInLogs"
        | "ServicePrincipalSignInLogs"
        | "ManagedIdentitySignInLogs" => ("azure", "signinlogs"),
        "Administrative" | "Security" | "Policy" | "ServiceHealth" | "Alert" => {
            ("azure", "activitylogs")
        }
        "kube-audit" | "kube-audit-admin" => ("kubernetes", "audit"),
        _ => return None,
    })
}

/// Whether a value holds a word in lower case, whatever its own case.
fn contains(value: &str, word: &str) -> bool {
    let within = |part: &[u8]| part.eq_ignore_ascii_case(word.as_bytes());
    value.as_bytes().windows(word.len()).any(within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Field, Format, Span};
    use crate::record::{ReceiverKind, SourceInfo};
    use std::sync::Arc;

    fn source(program: &str, fields: &[(&str, &str)]) -> String {
        let source = SourceInfo::plain(1, "s", ReceiverKind::OtlpGrpc, "otlp");
        let mut event = Event::empty(Arc::new(source));
        let mut text = String::new();
        let mut put = |part: &str| {
            text.push_str(part);
            Span::new(text.len() - part.len(), text.len())
        };
        event.program = put(program);
        let field = |(name, value): &(&str, &str)| Field { name: put(name), value: put(value) };
        event.fields = fields.iter().map(field).collect();
        event.text = text.into();
        event.format = Format::Otlp;
        let LogSource { category, product, service } = event.log_source();
        format!("{category}/{product}/{service}")
    }

    #[test]
    fn by_what_a_record_runs_on_and_which_log_it_is_of() {
        let aws = ("resource.cloud.provider", "aws");
        for (program, fields, expected) in [
            ("checkout", &[][..], "//"),
            ("sshd", &[aws], "/linux/sshd"),
            ("checkout", &[aws], "/aws/"),
            ("checkout", &[aws, ("resource.os.type", "linux")], "/linux/"),
            ("checkout", &[aws, ("resource.k8s.pod.name", "x")], "/kubernetes/"),
            ("x", &[("resource.aws.log.group.names", "aws-CloudTrail-logs")], "/aws/cloudtrail"),
            ("x", &[("resource.aws.ecs.task.arn", "arn:x:cloudtrail")], "/aws/"),
            ("x", &[("azure.category", "SignInLogs")], "/azure/signinlogs"),
            ("x", &[("azure.category", "kube-audit")], "/kubernetes/audit"),
            ("x", &[("azure.category", "Other"), ("os.type", "windows")], "/windows/"),
            (
                "x",
                &[("gcp.log_name", "projects/p/logs/cloudaudit.googleapis.com%2Factivity")],
                "/gcp/gcp.audit",
            ),
            ("x", &[("os.type", "darwin")], "/macos/"),
            ("x", &[("cloud.provider", "else")], "//"),
        ] {
            assert_eq!(source(program, fields), expected, "{program} {fields:?}");
        }
    }
}

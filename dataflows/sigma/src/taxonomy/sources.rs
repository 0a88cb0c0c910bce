//! Logsources of events, beyond the one that the model names.

use crate::engine::set::LogSourceRef;
use seerflow_model::event::Format;
use seerflow_model::{Activity, EntityRef, EntityType, Event, Outcome, Role};

const fn of(
    category: &'static str,
    product: &'static str,
    service: &'static str,
) -> LogSourceRef<'static> {
    LogSourceRef { category, product, service }
}

/// Logsources that an event belongs to besides its own, step by step. An empty part of the left
/// side means any.
const WIDER: [(LogSourceRef<'static>, LogSourceRef<'static>); 14] = [
    (of("", "linux", "sshd"), of("", "linux", "auth")),
    (of("", "linux", "sudo"), of("", "linux", "auth")),
    (of("", "linux", "auth"), of("", "linux", "syslog")),
    (of("", "linux", "cron"), of("", "linux", "syslog")),
    (of("", "linux", "vsftpd"), of("", "linux", "syslog")),
    (of("", "", "nginx"), of("webserver", "", "nginx")),
    (of("", "", "apache"), of("webserver", "", "apache")),
    (of("registry_set", "windows", ""), of("registry_event", "windows", "")),
    (of("registry_add", "windows", ""), of("registry_event", "windows", "")),
    (of("registry_delete", "windows", ""), of("registry_event", "windows", "")),
    (of("registry_rename", "windows", ""), of("registry_event", "windows", "")),
    (of("file_delete_detected", "windows", ""), of("file_delete", "windows", "")),
    (of("application", "kubernetes", "audit"), of("", "kubernetes", "audit")),
    (of("", "linux", "named"), of("dns", "", "")),
];

/// Services that rules name by program, where the model knows only "syslog".
const SERVICES: [(&[&str], &str); 9] = [
    (&["sshd-auth"], "sshd"),
    (&["dropbear", "agetty", "gdm-password", "vsftpd", "in.telnetd"], "auth"),
    (&["clamd", "freshclam", "clamscan"], "clamav"),
    (&["vsftpd"], "vsftpd"),
    (&["guacd", "guacamole"], "guacamole"),
    (&["named"], "named"),
    (&["crontab", "CROND", "fcron", "cronie", "atd"], "cron"),
    (&["useradd", "adduser", "userdel", "usermod", "groupadd", "groupdel", "gpasswd"], "auth"),
    (&["passwd", "chpasswd", "chage", "pkexec", "polkitd", "doas", "runuser", "su-l"], "auth"),
];

/// Programs of databases, and which one it is.
const DATABASES: [(&[&str], &str); 7] = [
    (&["postgres", "postgresql", "postmaster"], "postgresql"),
    (&["mysqld", "mysql", "mysqld_safe"], "mysql"),
    (&["mariadbd", "mariadb"], "mariadb"),
    (&["redis", "redis-server", "valkey"], "redis"),
    (&["mongod", "mongodb"], "mongodb"),
    (&["sqlservr", "MSSQLSERVER"], "mssql"),
    (&["clickhouse-server", "clickhouse"], "clickhouse"),
];

/// Formats that rules for applications of every kind do not speak of: audit records, and requests,
/// in which stands what a stranger says.
const FOREIGN: [Format; 8] = [
    Format::Windows,
    Format::Cloudtrail,
    Format::KubeAudit,
    Format::Auditd,
    Format::Access,
    Format::Haproxy,
    Format::Squid,
    Format::W3c,
];

/// Programs that report what a packet filter does.
const FILTERS: [&str; 4] = ["kernel", "ufw", "ulogd", "filterlog"];
/// Tags of firewalls that stand where a program does, or before the text.
const FIREWALLS: [&str; 5] = ["%ASA-", "%FTD-", "%PIX-", "%FWSM-", "%THREAT"];

/// Fields (with a value, or any) by which JSON of clouds and services is known.
const JSON: [(&[(&str, &str)], LogSourceRef<'static>); 18] = [
    (
        &[("protoPayload.methodName", ""), ("protoPayload.serviceName", "")],
        of("", "gcp", "gcp.audit"),
    ),
    (&[("operationName", ""), ("category", "AuditLogs")], of("", "azure", "auditlogs")),
    (&[("operationName", ""), ("category", "SignInLogs")], of("", "azure", "signinlogs")),
    (
        &[("operationName", ""), ("category", "NonInteractiveUserSignInLogs")],
        of("", "azure", "signinlogs"),
    ),
    (&[("operationName", ""), ("category", "UserRiskEvents")], of("", "azure", "riskdetection")),
    (
        &[("operationName", ""), ("resourceId", ""), ("correlationId", "")],
        of("", "azure", "activitylogs"),
    ),
    (&[("eventType", ""), ("actor.alternateId", ""), ("published", "")], of("", "okta", "okta")),
    (&[("action", ""), ("actor", ""), ("org", "")], of("", "github", "audit")),
    (&[("request.method", ""), ("request.uri", "")], of("webserver", "", "caddy")),
    (&[("RequestMethod", ""), ("DownstreamStatus", "")], of("webserver", "", "traefik")),
    (&[("request_method", ""), ("request_uri", "")], of("webserver", "", "nginx")),
    (&[("_path", "dns"), ("uid", "")], of("dns", "zeek", "dns")),
    (&[("_path", "conn"), ("uid", "")], of("firewall", "zeek", "conn")),
    (&[("_path", "http"), ("uid", "")], of("proxy", "zeek", "http")),
    (&[("event_type", "dns"), ("flow_id", "")], of("dns", "suricata", "")),
    (&[("event_type", "flow"), ("flow_id", "")], of("firewall", "suricata", "")),
    (&[("event_type", "http"), ("flow_id", "")], of("proxy", "suricata", "")),
    (&[("event.category", "network"), ("destination.port", "")], of("firewall", "", "")),
];

/// The logsources of an event: its own, and the wider ones that rules also use for it.
pub fn logsources(event: &Event, out: &mut Vec<LogSourceRef<'static>>) {
    own(event, out);
    widen(out);
}

/// The logsources that an event has by what it is; [`widen`] follows from them.
pub(crate) fn own(event: &Event, out: &mut Vec<LogSourceRef<'static>>) {
    out.clear();
    let own = event.log_source();
    // What a proxy fetches for others is no request to a server of one's own.
    out.push(match event.format {
        Format::Squid => of("proxy", "", ""),
        _ => of(own.category, own.product, own.service),
    });
    let program = event.program();
    if own.product == "linux" {
        let service = SERVICES.iter().find(|(names, _)| names.contains(&program));
        out.extend(service.map(|(_, service)| of("", "linux", service)));
        if own.category.is_empty() && command(event).is_some() {
            out.push(of("process_creation", "linux", ""));
        }
        if event.format == Format::Auditd && event.activity == Activity::NetworkConnection {
            out.push(of("network_connection", "linux", ""));
        }
    }
    if let Some((_, product)) = DATABASES.iter().find(|(names, _)| names.contains(&program)) {
        out.push(of("database", product, ""));
    }
    if is_firewall(event) {
        out.push(of("firewall", "", ""));
    }
    if event.activity == Activity::Login && event.outcome != Outcome::Unknown {
        out.push(of("authentication", "", ""));
    }
    if !FOREIGN.contains(&event.format) {
        out.push(of("application", "", ""));
    }
    if event.format == Format::Json {
        out.extend(json(event));
    }
}

/// Adds the wider logsources of those that are there.
pub(crate) fn widen(out: &mut Vec<LogSourceRef<'static>>) {
    let meant = |part: &str, has: &str| part.is_empty() || part == has;
    let mut at = 0;
    while let Some(known) = out.get(at).copied() {
        at += 1;
        let wider = WIDER.iter().filter(|(from, _)| {
            meant(from.category, known.category)
                && meant(from.product, known.product)
                && meant(from.service, known.service)
        });
        for (_, more) in wider {
            if !out.contains(more) {
                out.push(*more);
            }
        }
    }
}

/// Whether an event is what a packet filter or firewall says of a connection.
pub(crate) fn is_firewall(event: &Event) -> bool {
    let tagged =
        |tag: &&str| event.program().starts_with(*tag) || event.message().starts_with(*tag);
    event.activity == Activity::NetworkConnection
        && (FILTERS.contains(&event.program()) || FIREWALLS.iter().any(tagged))
}

fn json(event: &Event) -> Option<LogSourceRef<'static>> {
    let has = |(name, value): &(&str, &str)| {
        let mut named = event.fields.iter().filter(|field| event.get(field.name) == *name);
        named.any(|field| value.is_empty() || event.get(field.value) == *value)
    };
    JSON.iter().find(|(all, _)| all.iter().all(has)).map(|(_, source)| *source)
}

/// The command that sudo or cron reports, up to the end of the message. What sudo says is believed
/// only where the role rules found one reading of the line; what cron says follows the name of an
/// account, in which ` CMD ` cannot stand.
pub(crate) fn command(event: &Event) -> Option<&str> {
    let program = event.program();
    let cron = ["cron", "CRON", "crond", "CROND", "anacron"].contains(&program);
    if program != "sudo" && !cron {
        return None;
    }
    if cron {
        let command = event.message().split_once(") CMD (")?.1;
        return Some(command.strip_suffix(')').unwrap_or(command).trim_start());
    }
    let object = |e: &&EntityRef| e.role == Role::Object && e.kind == EntityType::File;
    let file = event.entities.iter().find(object)?;
    event.text.get(file.value.start as usize..event.message.end())
}

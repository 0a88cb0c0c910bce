//! The words of Sigma for what Seerflow knows: field names and logsources, as data.
//!
//! An event's own names always count; besides, the names of the event model fill the names that
//! rules use, so that `source.ip` of an access log answers to `c-ip` and `src_ip`. One name may
//! fill several, and several one; any value suffices a rule. Where a source brings Sigma's names
//! itself (Windows, CloudTrail, Kubernetes audit) nothing is added.

use crate::engine::index::Stable;
use crate::engine::row::Slot;
use crate::engine::set::LogSourceRef;
use hashbrown::HashMap;
use seerflow_model::{EntityType, Event, Role};

/// Which words an event's names are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// Those of the rules.
    #[default]
    Plain,
    /// Those of the event model.
    Model,
}

/// Names of the event model and what rules call them.
pub const FIELDS: &[(&str, &[&str])] = &[
    // Requests of web servers and proxies.
    ("http.request.method", &["cs-method", "method"]),
    // Rules for web servers look for paths in the query, too: both names get the whole target.
    ("@request", &["c-uri", "cs-uri", "url", "cs-uri-query"]),
    ("@path", &["cs-uri-stem"]),
    ("url.query", &["cs-uri-query", "c-uri-query"]),
    ("url.domain", &["cs-host", "r-dns", "cs-host-name"]),
    ("url.port", &["s-port"]),
    ("http.response.status_code", &["sc-status", "status"]),
    ("http.response.body.bytes", &["sc-bytes"]),
    ("http.response.bytes", &["sc-bytes"]),
    ("http.request.bytes", &["cs-bytes"]),
    ("http.request.referrer", &["cs-referer", "cs-referrer", "referer"]),
    ("user_agent.original", &["c-useragent", "cs-user-agent", "useragent", "user_agent"]),
    ("http.version", &["cs-version"]),
    ("http.response.mime_type", &["resp_mime_types"]),
    // Who and where.
    ("source.ip", &["c-ip", "src_ip", "SourceIp", "IpAddress", "id.orig_h"]),
    ("source.port", &["src_port", "SourcePort", "IpPort", "id.orig_p"]),
    ("source.domain", &["SourceHostname", "src_host"]),
    ("destination.ip", &["dst_ip", "DestinationIp", "id.resp_h"]),
    ("destination.address", &["DestinationHostname", "dst_ip"]),
    ("destination.port", &["dst_port", "DestinationPort", "id.resp_p"]),
    ("destination.bytes", &["bytes_out"]),
    ("server.ip", &["s-ip"]),
    ("server.port", &["s-port"]),
    ("user.name", &["User", "user", "cs-username"]),
    ("db.name", &["database"]),
    ("event.code", &["EventID", "event_code"]),
    // What packet filters print.
    ("SRC", &["src_ip", "SourceIp"]),
    ("DST", &["dst_ip", "DestinationIp"]),
    ("SPT", &["src_port", "SourcePort"]),
    ("DPT", &["dst_port", "DestinationPort"]),
    ("PROTO", &["proto", "Protocol"]),
    // Audit events: the short names and those of process creation.
    ("exe", &["Image"]),
    ("comm", &["ProcessName"]),
    ("cwd", &["CurrentDirectory"]),
    ("laddr", &["DestinationIp", "dst_ip"]),
    ("lport", &["DestinationPort", "dst_port"]),
    // Head of the event.
    ("@host", &["Computer", "ComputerName", "host", "hostname"]),
    ("@program", &["program", "SourceImage", "appname"]),
    ("@pid", &["pid", "ProcessId"]),
    ("@message", &["message", "Message", "msg"]),
    ("@facility", &["facility"]),
    ("@severity", &["severity", "level"]),
    // Entities by role.
    ("@actor.user", &["User", "user", "SubjectUserName", "username"]),
    ("@actor.principal", &["User", "user", "principal"]),
    ("@target.user", &["TargetUserName", "TargetUser", "target_user"]),
    ("@src.ip", &["SourceIp", "src_ip", "IpAddress", "SourceAddress", "c-ip"]),
    ("@src.host", &["SourceHostname", "src_host", "WorkstationName"]),
    ("@dst.ip", &["DestinationIp", "dst_ip"]),
    ("@dst.host", &["DestinationHostname", "dst_host"]),
    ("@object.file", &["TargetFilename", "file", "name"]),
    ("@object.domain", &["query", "QueryName", "DestinationHostname"]),
    ("@object.service", &["ServiceName", "unit"]),
    ("@object.url", &["url"]),
    ("@outcome", &["result", "outcome", "action"]),
    // What command lines in messages give.
    ("@command", &["CommandLine", "command"]),
    ("@image", &["Image"]),
    ("@directory", &["CurrentDirectory"]),
    ("@terminal", &["tty", "TerminalName"]),
];

/// Names of the entities that [`FIELDS`] knows.
pub const ENTITIES: [(Role, EntityType, &str); 12] = [
    (Role::Actor, EntityType::User, "@actor.user"),
    (Role::Actor, EntityType::Principal, "@actor.principal"),
    (Role::Target, EntityType::User, "@target.user"),
    (Role::Src, EntityType::Ip, "@src.ip"),
    (Role::Src, EntityType::Host, "@src.host"),
    (Role::Src, EntityType::Domain, "@src.host"),
    (Role::Dst, EntityType::Ip, "@dst.ip"),
    (Role::Dst, EntityType::Host, "@dst.host"),
    (Role::Object, EntityType::File, "@object.file"),
    (Role::Object, EntityType::Domain, "@object.domain"),
    (Role::Object, EntityType::Service, "@object.service"),
    (Role::Object, EntityType::Url, "@object.url"),
];

/// Logsources that an event belongs to besides its own, by category or by product and service.
const WIDER: &[(LogSourceRef<'static>, LogSourceRef<'static>)] = &[
    (of("", "linux", "sshd"), of("", "linux", "auth")),
    (of("", "linux", "sudo"), of("", "linux", "auth")),
    (of("", "linux", "sshd"), of("", "linux", "syslog")),
    (of("", "linux", "sudo"), of("", "linux", "syslog")),
    (of("", "linux", "auth"), of("", "linux", "syslog")),
    (of("", "linux", "cron"), of("", "linux", "syslog")),
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

const fn of(
    category: &'static str,
    product: &'static str,
    service: &'static str,
) -> LogSourceRef<'static> {
    LogSourceRef { category, product, service }
}

/// Services that rules name by program, where the model knows only "syslog".
const SERVICES: [(&str, &str); 7] = [
    ("clamd", "clamav"),
    ("freshclam", "clamav"),
    ("vsftpd", "vsftpd"),
    ("guacd", "guacamole"),
    ("guacamole", "guacamole"),
    ("named", "named"),
    ("auditd", "auditd"),
];

/// The logsources of an event: its own, and the wider ones that rules also use for it.
pub fn logsources(event: &Event, out: &mut Vec<LogSourceRef<'static>>) {
    out.clear();
    let own = event.log_source();
    out.push(of(own.category, own.product, own.service));
    if own.product == "linux"
        && let Some((_, service)) = SERVICES.iter().find(|(name, _)| *name == event.program())
    {
        out.push(of("", "linux", service));
    }
    if own.product == "linux" && own.category.is_empty() && command(event).is_some() {
        out.push(of("process_creation", "linux", ""));
    }
    for at in 0..out.len() {
        let known = out[at];
        let meant = |part: &str, has: &str| part.is_empty() || part == has;
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

/// The command that sudo or cron reports: where it begins in the event's text, up to the end of
/// the message. It is believed only where the role rules found one reading of the line.
pub(crate) fn command(event: &Event) -> Option<&str> {
    let program = event.program();
    let cron = ["cron", "CRON", "crond", "anacron"].contains(&program);
    if program != "sudo" && !cron {
        return None;
    }
    let object =
        |e: &&seerflow_model::EntityRef| e.role == Role::Object && e.kind == EntityType::File;
    let file = event.entities.iter().find(object)?;
    let rest = event.text.get(file.value.start as usize..event.message.end())?;
    Some(if cron { rest.strip_suffix(')').unwrap_or(rest) } else { rest })
}

/// For each mapping, which slots a name fills.
pub(crate) fn names(
    slots: &HashMap<Box<str>, Slot, Stable>,
) -> Vec<HashMap<Box<str>, Box<[Slot]>, Stable>> {
    let own = || slots.iter().map(|(name, slot)| (name.clone(), vec![*slot]));
    let boxed = |map: HashMap<Box<str>, Vec<Slot>, Stable>| {
        map.into_iter().map(|(name, slots)| (name, slots.into_boxed_slice())).collect()
    };
    let mut model: HashMap<Box<str>, Vec<Slot>, Stable> = own().collect();
    for (name, sigma) in FIELDS {
        let found = sigma.iter().filter_map(|name| slots.get(*name).copied());
        let list = model.entry((*name).into()).or_default();
        for slot in found {
            if !list.contains(&slot) {
                list.push(slot);
            }
        }
    }
    vec![boxed(own().collect()), boxed(model)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_once_and_every_entity_known() {
        let mut seen = std::collections::BTreeSet::new();
        for (name, sigma) in FIELDS {
            assert!(seen.insert(*name), "{name} twice");
            assert!(!sigma.is_empty(), "{name}");
        }
        for (_, _, name) in ENTITIES {
            assert!(seen.contains(name), "{name}");
        }
    }
    #[test]
    fn the_documentation_has_every_name() {
        let page = include_str!("../../../docs/event-model.md");
        let section = page.split("## Names that Sigma rules use").nth(1).unwrap();
        let section = section.split("\n## ").next().unwrap();
        for (name, sigma) in FIELDS {
            let names: Vec<_> = sigma.iter().map(|name| format!("`{name}`")).collect();
            let row = format!("| {} |", names.join(", "));
            let named = name.starts_with('@') || section.contains(&format!("| `{name}` {row}"));
            assert!(named && section.contains(&row), "{name} {row}");
        }
    }
}

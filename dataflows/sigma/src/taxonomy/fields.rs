//! Names of fields: what the event model has, and what rules call it.

use crate::engine::index::Stable;
use crate::engine::row::Slot;
use hashbrown::HashMap;
use seerflow_model::{EntityType, Role};

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
    // Requests that servers write as JSON: Caddy, Traefik, nginx.
    ("request.method", &["cs-method", "method"]),
    ("RequestMethod", &["cs-method", "method"]),
    ("request_method", &["cs-method", "method"]),
    ("request.uri", &["c-uri", "cs-uri", "cs-uri-query"]),
    ("RequestPath", &["c-uri", "cs-uri", "cs-uri-query"]),
    ("request_uri", &["c-uri", "cs-uri", "cs-uri-query"]),
    ("status", &["sc-status"]),
    ("DownstreamStatus", &["sc-status"]),
    ("request.headers.User-Agent", &["c-useragent", "cs-user-agent"]),
    ("http_user_agent", &["c-useragent", "cs-user-agent"]),
    ("request_User-Agent", &["c-useragent", "cs-user-agent"]),
    ("request.remote_ip", &["c-ip", "src_ip"]),
    ("ClientHost", &["c-ip", "src_ip"]),
    ("http.server.request.duration", &["request-seconds"]),
    ("rt", &["request-seconds"]),
    ("request_time", &["request-seconds"]),
    ("duration", &["request-seconds"]),
    // Who and where.
    ("source.ip", &["c-ip", "src_ip", "SourceIp", "IpAddress", "id.orig_h"]),
    ("source.port", &["src_port", "SourcePort", "IpPort", "id.orig_p"]),
    ("source.domain", &["SourceHostname", "src_host"]),
    ("destination.ip", &["dst_ip", "DestinationIp", "id.resp_h"]),
    ("destination.address", &["DestinationHostname", "dst_ip"]),
    ("destination.domain", &["DestinationHostname", "dst_host"]),
    ("destination.port", &["dst_port", "DestinationPort", "id.resp_p"]),
    ("source.bytes", &["bytes_out"]),
    ("destination.bytes", &["bytes_out"]),
    ("server.ip", &["s-ip"]),
    ("server.port", &["s-port"]),
    ("user.name", &["User", "user", "cs-username"]),
    ("user.target.name", &["TargetUserName", "TargetUser", "target_user"]),
    ("event.action", &["EventType"]),
    ("process.executable", &["Image"]),
    ("process.command_line", &["CommandLine"]),
    ("process.name", &["ProcessName"]),
    ("dns.question.name", &["query"]),
    ("db.name", &["database"]),
    ("event.code", &["EventID", "event_code"]),
    // What Zeek and Suricata write.
    ("id.orig_h", &["src_ip"]),
    ("id.resp_h", &["dst_ip"]),
    ("id.orig_p", &["src_port"]),
    ("id.resp_p", &["dst_port"]),
    ("orig_bytes", &["bytes_out"]),
    ("qtype_name", &["record_type"]),
    ("dest_ip", &["dst_ip"]),
    ("dest_port", &["dst_port"]),
    ("flow.bytes_toserver", &["bytes_out"]),
    ("dns.rrname", &["query"]),
    ("dns.rrtype", &["record_type"]),
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
    // Audit logs of Google's cloud and of Azure.
    ("protoPayload.methodName", &["gcp.audit.method_name", "data.protoPayload.methodName"]),
    ("protoPayload.serviceName", &["data.protoPayload.serviceName", "protoPayload.Servicename"]),
    ("protoPayload.resourceName", &["data.protoPayload.resourceName"]),
    ("resource.type", &["data.protoPayload.resource.type"]),
    ("logName", &["data.protoPayload.logName"]),
    ("operationName", &["OperationName", "properties.message"]),
    ("properties.activityDisplayName", &["properties.message"]),
    ("category", &["Category"]),
    ("resultType", &["ResultType"]),
    ("resultDescription", &["ResultDescription"]),
    ("properties.authenticationRequirement", &["AuthenticationRequirement"]),
    ("properties.loggedByService", &["LoggedByService"]),
    ("properties.riskEventType", &["riskEventType"]),
    ("properties.userAgent", &["userAgent"]),
    // Head of the event.
    ("@host", &["Computer", "ComputerName", "host", "hostname"]),
    ("@program", &["program", "appname"]),
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
    ("@object.file", &["TargetFilename", "file"]),
    ("@object.domain", &["query", "QueryName", "DestinationHostname"]),
    ("@object.service", &["ServiceName", "unit"]),
    ("@object.url", &["url"]),
    ("@object.container", &["container"]),
    ("@outcome", &["result", "outcome"]),
    ("@action", &["action"]),
    // What command lines in messages give.
    ("@command", &["CommandLine", "command"]),
    ("@image", &["Image"]),
    ("@directory", &["CurrentDirectory"]),
    ("@terminal", &["tty", "TerminalName"]),
    // What follows from the text.
    ("@record_type", &["record_type"]),
    ("@workload", &["workload"]),
];

/// Names of Windows' own log and what rules, which have those of Sysmon, call them.
pub const WINDOWS: &[(&str, &[&str])] = &[
    ("NewProcessName", &["Image"]),
    ("ParentProcessName", &["ParentImage"]),
    ("ProcessCommandLine", &["CommandLine"]),
    ("SubjectLogonId", &["LogonId"]),
    ("NewValue", &["Details"]),
];

/// What rules may ask of every kind of event: its entities, by which correlations group, and where
/// it comes from.
pub const ENTITY_NAMES: &[(&str, &[&str])] = &[
    ("@actor.user", &["entity.user", "related_users"]),
    ("@actor.principal", &["entity.user", "related_users"]),
    ("@target.user", &["entity.target", "related_users"]),
    ("@src.ip", &["entity.ip", "entity.source", "related_ips"]),
    ("@dst.ip", &["entity.destination", "related_ips"]),
    ("@host", &["entity.host", "related_hosts"]),
    ("@src.host", &["entity.source", "related_hosts"]),
    ("@dst.host", &["entity.destination", "related_hosts"]),
    ("@outcome", &["event.outcome"]),
    ("@object.file", &["entity.file"]),
    ("@object.domain", &["entity.domain"]),
    ("@object.service", &["entity.service"]),
    ("@image", &["entity.process"]),
    ("exe", &["entity.process"]),
    ("@source", &["source_id"]),
    ("@source_type", &["source_type"]),
    ("@severity_id", &["severity_id"]),
];

/// The same for what follows from the text.
const DERIVED_NAMES: &[(&str, &[&str])] = &[("@workload", &["entity.workload"])];

/// Names of the entities that [`FIELDS`] knows.
pub const ENTITIES: [(Role, EntityType, &str); 13] = [
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
    (Role::Object, EntityType::Container, "@object.container"),
];

/// For each mapping, which slots a name fills.
pub(crate) fn names(
    slots: &HashMap<Box<str>, Slot, Stable>,
) -> Vec<HashMap<Box<str>, Box<[Slot]>, Stable>> {
    let with = |table: &[(&str, &[&str])]| {
        let own = slots.iter().map(|(name, slot)| (name.clone(), vec![*slot]));
        let mut all: HashMap<Box<str>, Vec<Slot>, Stable> = own.collect();
        for (name, sigma) in table.iter().chain(ENTITY_NAMES).chain(DERIVED_NAMES) {
            let list = all.entry((*name).into()).or_default();
            for slot in sigma.iter().filter_map(|name| slots.get(*name).copied()) {
                if !list.contains(&slot) {
                    list.push(slot);
                }
            }
        }
        all.into_iter().map(|(name, slots)| (name, slots.into_boxed_slice())).collect()
    };
    vec![with(&[]), with(FIELDS), with(WINDOWS)]
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
        let page = include_str!("../../../../docs/event-model.md");
        let section = page.split("## Names that Sigma rules use").nth(1).unwrap();
        let section = section.split("\n## ").next().unwrap();
        for (name, sigma) in FIELDS.iter().chain(WINDOWS) {
            let names: Vec<_> = sigma.iter().map(|name| format!("`{name}`")).collect();
            let row = format!("| {} |", names.join(", "));
            let named = name.starts_with('@') || section.contains(&format!("| `{name}` {row}"));
            assert!(named && section.contains(&row), "{name} {row}");
        }
    }
}

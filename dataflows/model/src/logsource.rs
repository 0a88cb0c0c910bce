//! Sigma's logsource for records of structured sources: by channel and id, not by program.
//!
//! One triple per event: the category that rules are mostly written for. Sysmon's registry events
//! are `registry_set`, `registry_add`, `registry_delete`; rules for all of them (`registry_event`)
//! need the wider category from whoever matches.

use crate::class::{Activity, LogSource};
use crate::cloud;
use crate::event::{Event, Format};

/// The logsource of an event of a structured source, `None` for any other format.
pub(crate) fn structured(event: &Event) -> Option<LogSource> {
    let (category, product, service) = match event.format {
        Format::Windows => {
            let [channel, id, kind] =
                ["Channel", "EventID", "EventType"].map(|name| field(event, name));
            let service = service(channel);
            (category(service, id, kind), "windows", service)
        }
        Format::Cloudtrail => ("", "aws", "cloudtrail"),
        Format::KubeAudit => ("application", "kubernetes", "audit"),
        Format::KubeEvent => ("application", "kubernetes", ""),
        Format::Github => ("application", "github", ""),
        Format::Alertmanager => ("application", "prometheus", "alertmanager"),
        Format::Auditd if event.activity == Activity::ProcessStart => {
            ("process_creation", "linux", "auditd")
        }
        Format::Auditd => ("", "linux", "auditd"),
        Format::Otlp => return Some(cloud::log_source(event)),
        _ => return None,
    };
    Some(LogSource { category, product, service })
}

fn field<'a>(event: &'a Event, name: &str) -> &'a str {
    let found = event.fields.iter().find(|field| event.get(field.name) == name);
    found.map_or("", |field| event.get(field.value))
}

/// The service that Sigma names a channel of the Windows event log.
fn service(channel: &str) -> &'static str {
    const CHANNELS: [(&str, &str); 18] = [
        ("Security", "security"),
        ("System", "system"),
        ("Application", "application"),
        ("Microsoft-Windows-Sysmon/Operational", "sysmon"),
        ("Microsoft-Windows-PowerShell/Operational", "powershell"),
        ("Windows PowerShell", "powershell-classic"),
        ("Microsoft-Windows-Windows Defender/Operational", "windefend"),
        ("Microsoft-Windows-TaskScheduler/Operational", "taskscheduler"),
        ("Microsoft-Windows-WMI-Activity/Operational", "wmi"),
        ("Microsoft-Windows-Bits-Client/Operational", "bits-client"),
        ("Microsoft-Windows-DNS-Client/Operational", "dns-client"),
        ("DNS Server", "dns-server"),
        ("Microsoft-Windows-NTLM/Operational", "ntlm"),
        ("Microsoft-Windows-CodeIntegrity/Operational", "codeintegrity-operational"),
        ("Microsoft-Windows-AppLocker/EXE and DLL", "applocker"),
        ("Microsoft-Windows-AppLocker/MSI and Script", "applocker"),
        ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall", "firewall-as"),
        ("MSExchange Management", "msexchange-management"),
    ];
    let known = CHANNELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(channel));
    known.map_or("", |(_, service)| service)
}

/// The category that Sigma names an event id of a service.
fn category(service: &str, id: &str, kind: &str) -> &'static str {
    match (service, id) {
        ("security", "4688") | ("sysmon", "1") => "process_creation",
        ("sysmon", "2") => "file_change",
        ("sysmon", "3") => "network_connection",
        ("sysmon", "4" | "16") => "sysmon_status",
        ("sysmon", "5") => "process_termination",
        ("sysmon", "6") => "driver_load",
        ("sysmon", "7") => "image_load",
        ("sysmon", "8") => "create_remote_thread",
        ("sysmon", "9") => "raw_access_thread",
        ("sysmon", "10") => "process_access",
        ("sysmon", "11") => "file_event",
        ("sysmon", "12") if kind.starts_with("Delete") => "registry_delete",
        ("sysmon", "12") => "registry_add",
        ("sysmon", "13") => "registry_set",
        ("sysmon", "14") => "registry_rename",
        ("sysmon", "15") => "create_stream_hash",
        ("sysmon", "17" | "18") => "pipe_created",
        ("sysmon", "19" | "20" | "21") => "wmi_event",
        ("sysmon", "22") => "dns_query",
        ("sysmon", "23") => "file_delete",
        ("sysmon", "24") => "clipboard_capture",
        ("sysmon", "25") => "process_tampering",
        ("sysmon", "26") => "file_delete_detected",
        ("sysmon", "27") => "file_block_executable",
        ("sysmon", "28") => "file_block_shredding",
        ("sysmon", "29") => "file_executable_detected",
        ("sysmon", "255") => "sysmon_error",
        ("powershell", "4103") => "ps_module",
        ("powershell", "4104") => "ps_script",
        ("powershell-classic", "400") => "ps_classic_start",
        ("powershell-classic", "600") => "ps_classic_provider_start",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Field, Span};
    use crate::record::{ReceiverKind, SourceInfo};
    use std::sync::Arc;

    fn source(format: Format, fields: &[(&str, &str)]) -> String {
        let source = SourceInfo::plain(1, "s", ReceiverKind::File, "file");
        let mut event = Event::empty(Arc::new(source));
        let mut text = String::new();
        let mut put = |part: &str| {
            text.push_str(part);
            Span::new(text.len() - part.len(), text.len())
        };
        let field = |(name, value): &(&str, &str)| Field { name: put(name), value: put(value) };
        event.fields = fields.iter().map(field).collect();
        event.text = text.into();
        event.format = format;
        let LogSource { category, product, service } = event.log_source();
        format!("{category}/{product}/{service}")
    }

    #[test]
    fn by_channel_and_id() {
        for (channel, id, kind, expected) in [
            ("Security", "4688", "", "process_creation/windows/security"),
            ("security", "4624", "", "/windows/security"),
            ("Microsoft-Windows-Sysmon/Operational", "1", "", "process_creation/windows/sysmon"),
            (
                "Microsoft-Windows-Sysmon/Operational",
                "12",
                "DeleteValue",
                "registry_delete/windows/sysmon",
            ),
            ("Microsoft-Windows-Sysmon/Operational", "12", "", "registry_add/windows/sysmon"),
            ("Windows PowerShell", "400", "", "ps_classic_start/windows/powershell-classic"),
            ("Some/Other", "1", "", "/windows/"),
        ] {
            let fields = [("Channel", channel), ("EventID", id), ("EventType", kind)];
            assert_eq!(source(Format::Windows, &fields), expected, "{channel} {id}");
        }
        assert_eq!(source(Format::Cloudtrail, &[]), "/aws/cloudtrail");
        assert_eq!(source(Format::KubeAudit, &[]), "application/kubernetes/audit");
        assert_eq!(source(Format::Auditd, &[]), "/linux/auditd");
        assert_eq!(source(Format::Json, &[]), "//");
    }
}

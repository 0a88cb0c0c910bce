//! Events of the model as the matcher sees them.
//!
//! Fields come under their own names, the head and the entities under names with `@` that only
//! the taxonomy knows. Keywords look at the message, at every field and at program and host. What
//! rules call a command line is taken out of the lines of sudo and cron; a web request is given
//! as one target, path and query together. Names of Windows events lose their blanks, as the
//! specification wants it. Cost: one look-up per value.

use crate::engine::fields::{Datum, Fields, Sink};
use crate::taxonomy::{self, ENTITIES, Mapping};
use seerflow_model::event::Format;
use seerflow_model::{Event, Outcome};

impl Fields for Event {
    fn mapping(&self) -> Mapping {
        match self.format {
            Format::Windows => Mapping::Windows,
            Format::Cloudtrail | Format::KubeAudit => Mapping::Plain,
            _ => Mapping::Model,
        }
    }

    fn each(&self, take: Sink<'_>) {
        let mapping = self.mapping();
        for field in &self.fields {
            let (name, value) = (self.get(field.name), Datum::Text(self.get(field.value)));
            match mapping == Mapping::Windows && name.contains(' ') {
                true => take(&name.replace(' ', ""), value, true),
                false => take(name, value, true),
            }
        }
        let head = [
            ("@message", self.message, true),
            ("@program", self.program, true),
            ("@host", self.host, true),
            ("@pid", self.pid, false),
        ];
        for (name, span, keyword) in head {
            if !span.is_empty() {
                take(name, Datum::Text(self.get(span)), keyword);
            }
        }
        for entity in &self.entities {
            let known = ENTITIES
                .iter()
                .find(|(role, kind, _)| *role == entity.role && *kind == entity.kind);
            if let Some((_, _, name)) = known {
                take(name, Datum::Text(self.get(entity.value)), false);
            }
        }
        take("@source", Datum::Text(&self.source.name), false);
        take("@source_type", Datum::Text(&self.source.source_type), false);
        take("@severity_id", Datum::Int(i64::from(self.severity.id())), false);
        if let Some(workload) = taxonomy::workload(self) {
            take("@workload", Datum::Text(workload), false);
        }
        if self.outcome != Outcome::Unknown {
            take("@outcome", Datum::Text(self.outcome.name()), false);
        }
        if mapping != Mapping::Model {
            return;
        }
        if let Some(facility) = self.facility {
            take("@facility", Datum::Int(i64::from(facility)), false);
        }
        take("@severity", Datum::Text(self.severity.name()), false);
        if matches!(self.format, Format::Access | Format::Haproxy | Format::Squid | Format::W3c) {
            request(self, take);
        }
        if let Some(command) = taxonomy::command(self) {
            commands(self, command, take);
        }
        if taxonomy::is_firewall(self) {
            packet(self, take);
        }
        taxonomy::derive(self, take);
    }
}

/// Target and path of a web request.
fn request(event: &Event, take: Sink<'_>) {
    let field = |name: &str| {
        let found = event.fields.iter().find(|field| event.get(field.name) == name);
        found.map(|field| event.get(field.value))
    };
    let Some(target) = field("url.original").or_else(|| field("url.path")) else { return };
    let path = target.split(['?', '#']).next().unwrap_or_default();
    take("@path", Datum::Text(path), false);
    match field("url.query").filter(|query| !query.is_empty() && path.len() == target.len()) {
        Some(query) => take("@request", Datum::Text(&format!("{target}?{query}")), false),
        None => take("@request", Datum::Text(target), false),
    }
}

/// What sudo and cron say of a command.
fn commands(event: &Event, command: &str, take: Sink<'_>) {
    take("@command", Datum::Text(command), false);
    let image = command.split(' ').next().unwrap_or_default();
    take("@image", Datum::Text(image), false);
    let before = event.message().split(" ; COMMAND=").next().unwrap_or_default();
    for (key, name) in [("PWD=", "@directory"), ("TTY=", "@terminal")] {
        let value = before.split(" ; ").find_map(|part| {
            part.strip_prefix(key).or_else(|| part.split_once(" : ")?.1.strip_prefix(key))
        });
        if let Some(value) = value {
            take(name, Datum::Text(value), false);
        }
    }
}

/// What a packet filter says of a packet: `SRC=… DST=… PROTO=… DPT=…`, and whether it passed.
fn packet(event: &Event, take: Sink<'_>) {
    const KEYS: [&str; 5] = ["SRC", "DST", "SPT", "DPT", "PROTO"];
    for part in event.message().split(' ') {
        if let Some((key, value)) = part.split_once('=')
            && KEYS.contains(&key)
        {
            take(key, Datum::Text(value), false);
        }
    }
    match event.outcome {
        Outcome::Success => take("@action", Datum::Text("accept"), false),
        Outcome::Failure => take("@action", Datum::Text("deny"), false),
        Outcome::Unknown => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogSourceRef, Matcher, Options, load};
    use seerflow_model::event::{Field, Span};
    use seerflow_model::record::{ReceiverKind, SourceInfo};
    use seerflow_model::{Activity, EntityRef, EntityType, Role, Severity};
    use std::sync::Arc;

    /// An event whose message begins its text.
    fn event(
        format: Format,
        program: &str,
        message: &str,
        fields: &[(&str, &str)],
        entities: &[(Role, EntityType, &str)],
    ) -> Event {
        let source = SourceInfo::plain(1, "s", ReceiverKind::File, "file");
        let mut event = Event::empty(Arc::new(source));
        let mut text = message.to_owned();
        let entity = |(role, kind, value): &(Role, EntityType, &str)| {
            let start = message.find(value).unwrap();
            let value = Span::new(start, start + value.len());
            EntityRef { kind: *kind, role: *role, key: 0, value, domain: Span::NONE }
        };
        event.entities = entities.iter().map(entity).collect();
        let mut put = |part: &str| {
            text.push_str(part);
            Span::new(text.len() - part.len(), text.len())
        };
        event.program = put(program);
        event.host = put("web-1");
        let field = |(name, value): &(&str, &str)| Field { name: put(name), value: put(value) };
        event.fields = fields.iter().map(field).collect();
        event.message = Span::new(0, message.len());
        event.format = format;
        event.severity = Severity::Warning;
        event.text = text.into();
        event
    }

    /// Whether a rule of this logsource with this selection matches an event.
    fn matches(logsource: &str, selection: &str, event: &Event) -> bool {
        let text = format!(
            "title: t\nlogsource: {logsource}\ndetection:\n  s: {selection}\n  condition: s\n"
        );
        let loaded = load([("t".into(), text.as_str())], &Options::default());
        assert!(loaded.problems.is_empty(), "{}", loaded.problems[0]);
        let mut sources: Vec<LogSourceRef<'static>> = Vec::new();
        taxonomy::logsources(event, &mut sources);
        let mut matcher = Matcher::new(Arc::new(loaded.set));
        !matcher.matches(&sources, event).is_empty()
    }

    fn check(logsource: &str, selection: &str, event: &Event, expected: bool) {
        assert_eq!(matches(logsource, selection, event), expected, "{logsource} {selection}");
    }

    #[test]
    fn ssh() {
        let message = "Failed password for bob from 198.51.100.23 port 4242 ssh2";
        let entities =
            [(Role::Actor, EntityType::User, "bob"), (Role::Src, EntityType::Ip, "198.51.100.23")];
        let event = event(Format::Rfc3164, "sshd", message, &[], &entities);
        for (logsource, selection, expected) in [
            ("{product: linux, service: sshd}", "[failed PASSWORD]", true),
            (
                "{product: linux, service: auth}",
                "{User: BOB, SourceIp|cidr: 198.51.100.0/24}",
                true,
            ),
            ("{product: linux, service: syslog}", "{src_ip: 198.51.100.23, host: web-1}", true),
            ("{product: linux}", "['web-1']", true),
            ("{product: linux}", "[sshd]", true),
            ("{product: linux}", "{severity: warning, message|startswith: failed}", true),
            ("{product: linux, service: sudo}", "[failed]", false),
            ("{product: windows}", "[failed]", false),
            ("{product: linux}", "{User: eve}", false),
        ] {
            check(logsource, selection, &event, expected);
        }
    }

    #[test]
    fn sudo_and_cron_start_processes() {
        let message = "bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/usr/bin/vi /etc/x";
        let entities = [
            (Role::Actor, EntityType::User, "bob"),
            (Role::Target, EntityType::User, "root"),
            (Role::Object, EntityType::File, "/usr/bin/vi"),
        ];
        let sudo = event(Format::Rfc3164, "sudo", message, &[], &entities);
        let process = "{category: process_creation, product: linux}";
        for (selection, expected) in [
            ("{Image|endswith: /vi, CommandLine: '/usr/bin/vi /etc/x'}", true),
            ("{CurrentDirectory: /home/bob, tty: pts/0}", true),
            ("{User: bob, TargetUserName: root}", true),
            ("{Image: /bin/sh}", false),
        ] {
            check(process, selection, &sudo, expected);
        }
        let object = [(Role::Object, EntityType::File, "/opt/run.sh")];
        let cron = event(Format::Rfc3164, "CRON", "(root) CMD (/opt/run.sh -q)", &[], &object);
        check(process, "{CommandLine: /opt/run.sh -q}", &cron, true);
        check("{product: linux, service: cron}", "[CMD]", &cron, true);
        // Without one reading of the line there is no command to believe.
        let unclear = event(Format::Rfc3164, "sudo", message, &[], &entities[..2]);
        check(process, "{CommandLine: '*'}", &unclear, false);
    }

    #[test]
    fn web_requests() {
        let fields = [
            ("http.request.method", "GET"),
            ("url.original", "/a/b.php"),
            ("url.query", "x=../../etc"),
            ("http.response.status_code", "200"),
            ("user_agent.original", "curl/8"),
            ("source.ip", "192.0.2.7"),
        ];
        let mut event = event(Format::Access, "nginx", "GET /a/b.php 200 OK", &fields, &[]);
        event.activity = Activity::WebRequest;
        for (selection, expected) in [
            ("{cs-method: get, sc-status: 200}", true),
            ("{cs-uri-query|contains: '/b.php?x=..'}", true),
            ("{c-uri: '/a/b.php?x=../../etc', cs-uri-stem: /a/b.php}", true),
            ("{c-ip|cidr: 192.0.2.0/24, c-useragent|startswith: curl}", true),
            ("['../../etc']", true),
            ("{sc-status|gte: 400}", false),
        ] {
            check("{category: webserver}", selection, &event, expected);
        }
        check("{service: nginx}", "{cs-method: GET}", &event, true);
    }

    #[test]
    fn programs_of_every_kind() {
        let application = "{category: application}";
        let full = event(Format::Rfc3164, "app", "No space left on device", &[], &[]);
        check(application, "{message|contains: no space}", &full, true);
        check(
            "{category: application, product: app}",
            "{message|contains: no space}",
            &full,
            false,
        );
        let mut request = event(Format::Access, "nginx", "GET /ENOSPC 404 Not Found", &[], &[]);
        request.activity = Activity::WebRequest;
        check(application, "{message|contains: ENOSPC}", &request, false);
        request.format = Format::Squid;
        check("{category: proxy}", "{message|contains: ENOSPC}", &request, true);
        check("{category: webserver}", "{message|contains: ENOSPC}", &request, false);
        let denied = event(Format::Mysql, "mysqld", "Access denied", &[], &[]);
        for (logsource, expected) in [
            ("{category: database}", true),
            ("{category: database, product: mysql}", true),
            ("{category: database, product: postgresql}", false),
        ] {
            check(logsource, "{message|startswith: access denied}", &denied, expected);
        }
    }

    #[test]
    fn jobs_and_requests_and_names_in_other_words() {
        let job = event(Format::Rfc3164, "CRON", "(bob) CMD (cd /srv && ./run)", &[], &[]);
        let source = "{product: linux, service: cron}";
        check(source, "{CommandLine: cd /srv && ./run}", &job, true);
        let fields =
            [("request.method", "GET"), ("request.uri", "/a?b=c"), ("status", "404"), ("x", "")];
        let caddy = event(Format::Json, "", "handled request", &fields, &[]);
        let selection = "{cs-method: GET, c-uri: '/a\\?b=c', sc-status: 404}";
        check("{category: webserver}", selection, &caddy, true);
        let fields = [("_path", "dns"), ("uid", "C1"), ("query", "a.b"), ("qtype_name", "TXT")];
        let zeek = event(Format::Json, "", "", &fields, &[]);
        check("{category: dns}", "{query: a.b, record_type: TXT}", &zeek, true);
        let message = "query[TXT] a.b from 192.0.2.7";
        let mut asked = event(Format::Rfc3164, "dnsmasq", message, &[], &[]);
        asked.activity = Activity::DnsQuery;
        check("{category: dns}", "{record_type: txt}", &asked, true);
        let entities =
            [(Role::Src, EntityType::Ip, "203.0.113.9"), (Role::Dst, EntityType::Ip, "192.0.2.10")];
        let message = "%ASA-4-106023: Deny tcp src out:203.0.113.9/4242 dst in:192.0.2.10/22 by";
        let mut denied = event(Format::Rfc3164, "", message, &[], &entities);
        denied.activity = Activity::NetworkConnection;
        check("{category: firewall}", "{src_port: 4242, dst_port: 22}", &denied, true);
        let message =
            "5,,,1,igb0,match,block,in,4,0x0,,64,1,0,DF,6,tcp,60,192.0.2.7,192.0.2.8,42,22,0";
        let mut blocked = event(Format::Rfc3164, "filterlog", message, &[], &[]);
        blocked.activity = Activity::NetworkConnection;
        check("{category: firewall}", "{dst_port: 22, proto: tcp}", &blocked, true);
    }

    #[test]
    fn workloads() {
        let pod = [("involvedObject.kind", "Pod"), ("involvedObject.name", "web-7d4b9c5f6d-x2x4z")];
        let node = [("involvedObject.kind", "Node"), ("involvedObject.name", "node-1")];
        let call = [("objectRef.resource", "deployments"), ("objectRef.name", "web")];
        let otlp = [("resource.service.name", "x"), ("resource.k8s.deployment.name", "web")];
        let argo = [("application", "argocd/web")];
        let hub = [("repository.full_name", "example/web"), ("repository.name", "web")];
        for (format, message, fields, expected) in [
            (Format::KubeEvent, "", &pod[..], Some("web")),
            (Format::KubeEvent, "", &node[..], None),
            (Format::KubeAudit, "", &call[..], Some("web")),
            (Format::Otlp, "x", &otlp[..], Some("web")),
            (Format::Logfmt, "x", &argo[..], Some("web")),
            (Format::Github, "x", &hub[..], Some("web")),
            (Format::Plain, "web-7d4b9 exceeded its limit", &[][..], Some("web")),
            (Format::Plain, "web exceeded its limit", &[][..], None),
            (Format::Plain, "Deployment of web 1.4.2 finished", &[][..], Some("web")),
        ] {
            let event = event(format, "", message, fields, &[]);
            assert_eq!(taxonomy::workload(&event), expected, "{format:?} {message}");
        }
        let unit = [(Role::Object, EntityType::Service, "web.service")];
        let failed = event(Format::Rfc3164, "systemd", "web.service: Failed", &[], &unit);
        assert_eq!(taxonomy::workload(&failed), Some("web"));
        for (program, expected) in [("web", Some("web")), ("kernel", None), ("argocd-server", None)]
        {
            let event = event(Format::Rfc3164, program, "out of memory", &[], &[]);
            assert_eq!(taxonomy::workload(&event), expected, "{program}");
        }
        let pod = [(Role::Object, EntityType::Container, "shop/web-7d4b9c5f6d-x2x4z")];
        let message = r#""Probe failed" pod="shop/web-7d4b9c5f6d-x2x4z""#;
        let probe = event(Format::Rfc3164, "kubelet", message, &[], &pod);
        assert_eq!(taxonomy::workload(&probe), Some("web"));
    }

    #[test]
    fn windows_speaks_for_itself() {
        let fields = [
            ("Channel", "Microsoft-Windows-Sysmon/Operational"),
            ("EventID", "13"),
            ("TargetObject", r"HKLM\Software\X"),
        ];
        let event = event(Format::Windows, "Microsoft-Windows-Sysmon", "Registry", &fields, &[]);
        let selection = "{EventID: 13, TargetObject|endswith: '\\x'}";
        check("{category: registry_set, product: windows}", selection, &event, true);
        check("{category: registry_event, product: windows}", selection, &event, true);
        check("{product: windows, service: sysmon}", selection, &event, true);
        check("{category: file_event, product: windows}", selection, &event, false);
    }

    #[test]
    fn windows_own_log_speaks_as_sysmon_does() {
        let fields = [
            ("Channel", "Security"),
            ("EventID", "4688"),
            ("NewProcessName", r"C:\Windows\x.exe"),
            ("Process Command Line", "x -y"),
        ];
        let event = event(Format::Windows, "Security", "Started", &fields, &[]);
        let process = "{category: process_creation, product: windows}";
        check(process, "{Image|endswith: '\\x.exe', CommandLine: x -y}", &event, true);
        check(process, "{Image|endswith: '\\y.exe'}", &event, false);
    }

    #[test]
    fn packet_filters_and_clouds() {
        let message = "[UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP DPT=22";
        let mut packet = event(Format::Rfc3164, "kernel", message, &[], &[]);
        let firewall = "{category: firewall}";
        check(firewall, "{dst_port: 22}", &packet, false);
        (packet.activity, packet.outcome) = (Activity::NetworkConnection, Outcome::Failure);
        for (selection, expected) in [
            ("{dst_port: 22, src_ip|cidr: 192.0.2.0/24, action: deny, proto: tcp}", true),
            ("{dst_port|gt: 22}", false),
        ] {
            check(firewall, selection, &packet, expected);
        }
        let fields = [
            ("protoPayload.methodName", "google.iam.admin.v1.CreateServiceAccountKey"),
            ("protoPayload.serviceName", "iam.googleapis.com"),
        ];
        let gcp = event(Format::Json, "", "", &fields, &[]);
        let logsource = "{product: gcp, service: gcp.audit}";
        check(logsource, "{gcp.audit.method_name|endswith: CreateServiceAccountKey}", &gcp, true);
        let fields = [("operationName", "Add user"), ("category", "AuditLogs")];
        let azure = event(Format::Json, "", "", &fields, &[]);
        check(
            "{product: azure, service: auditlogs}",
            "{properties.message: add user}",
            &azure,
            true,
        );
        check("{product: azure, service: signinlogs}", "{OperationName: '*'}", &azure, false);
    }

    #[test]
    fn correlations_find_what_they_group_by() {
        let text = "title: base\nname: base\nlogsource: {product: linux, service: sshd}\n\
            detection: {s: [failed], condition: s}\n---\n\
            title: many\nname: many\ncorrelation:\n  type: event_count\n  rules: [base]\n  \
            group-by: [who, entity.ip]\n  timespan: 5m\n  condition: {gte: 3}\n  \
            aliases: {who: {base: User}}\n---\n\
            title: wide\ncorrelation:\n  type: value_count\n  rules: [many]\n  \
            group-by: [entity.host]\n  timespan: 5m\n  condition: {field: src_ip, gte: 3}\n";
        let loaded = load([("t".into(), text)], &Options::default());
        assert!(loaded.problems.is_empty(), "{}", loaded.problems[0]);
        let message = "Failed password for bob from 198.51.100.23 port 4242 ssh2";
        let entities =
            [(Role::Actor, EntityType::User, "bob"), (Role::Src, EntityType::Ip, "198.51.100.23")];
        let event = event(Format::Rfc3164, "sshd", message, &[], &entities);
        let set = Arc::new(loaded.set);
        let mut matcher = Matcher::new(set.clone());
        let mut sources = Vec::new();
        taxonomy::logsources(&event, &mut sources);
        assert_eq!(matcher.matches(&sources, &event), [0]);
        let values = |number: usize| {
            let fields = &set.correlations()[number].fields[0];
            let all = fields.group_by.iter().chain(&fields.measured);
            all.map(|field| matcher.value(*field)).collect::<Vec<_>>()
        };
        assert_eq!(values(0), [Some("bob"), Some("198.51.100.23")]);
        // The values of a chain come from the events at its end.
        assert_eq!(values(1), [Some("web-1"), Some("198.51.100.23")]);
    }
}

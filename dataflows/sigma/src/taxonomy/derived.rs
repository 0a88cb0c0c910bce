//! Fields that stand in no field of an event but follow from its text: what was asked of a name
//! server, which workload a pod belongs to, which ports a firewall speaks of.
//!
//! Each is read in a way that the words of a stranger cannot change: from the place where the
//! program itself writes it. Cost: nothing for events of other kinds but a comparison of the
//! activity or a look at the names of fields.

use super::is_firewall;
use crate::engine::fields::{Datum, Sink};
use seerflow_model::event::Format;
use seerflow_model::{Activity, EntityType, Event, Role};

/// Gives the fields that follow from the text of an event of the model.
pub(crate) fn derive(event: &Event, take: Sink<'_>) {
    if event.activity == Activity::DnsQuery
        && let Some(kind) = record_type(event.program(), event.message())
    {
        take("@record_type", Datum::Text(kind), false);
    }
    if is_firewall(event) {
        ports(event, take);
    }
}

/// The type of record that a name server was asked for.
fn record_type<'a>(program: &str, message: &'a str) -> Option<&'a str> {
    let kind = match program {
        // `… query: NAME IN TYPE …`: names hold no blanks.
        "named" => message.split_once(" query: ")?.1.split(' ').nth(2)?,
        "dnsmasq" | "pihole-FTL" => {
            let rest = message.split_once("query[")?;
            rest.1.split_once(']')?.0
        }
        // `… "TYPE IN NAME …`.
        "coredns" | "CoreDNS" => message.split_once(" \"")?.1.split(' ').next()?,
        // `… ADDRESS NAME TYPE IN …`.
        "unbound" => {
            let words: Vec<&str> = message.split(' ').take(8).collect();
            let at = words.iter().position(|word| *word == "IN")?;
            words.get(at.checked_sub(1)?).copied()?
        }
        _ => return None,
    };
    let sane = (1..=10).contains(&kind.len()) && kind.bytes().all(|b| b.is_ascii_alphanumeric());
    sane.then_some(kind)
}

/// Ports of a firewall that writes them behind the addresses (`10.1.2.3/443`) or in columns.
fn ports(event: &Event, take: Sink<'_>) {
    if event.program() == "filterlog" {
        let columns: Vec<&str> = event.message().split(',').take(24).collect();
        let (protocol, source) = match columns.get(8) {
            Some(&"4") => (16, 20),
            Some(&"6") => (12, 17),
            _ => return,
        };
        let names = [(protocol, "PROTO"), (source, "SPT"), (source + 1, "DPT")];
        for (at, name) in names {
            if let Some(value) = columns.get(at).filter(|value| !value.is_empty()) {
                take(name, Datum::Text(value), false);
            }
        }
        return;
    }
    for entity in event.entities.iter().filter(|entity| entity.kind == EntityType::Ip) {
        let name = match entity.role {
            Role::Src => "SPT",
            Role::Dst => "DPT",
            _ => continue,
        };
        let end = entity.value.end();
        let Some(rest) = event.text.get(end..event.message.end().max(end)) else { continue };
        let Some(rest) = rest.strip_prefix(['/', ':']) else { continue };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if (1..=5).contains(&digits) {
            take(name, Datum::Text(&rest[..digits]), false);
        }
    }
}

/// Fields that name a workload themselves.
const OWNERS: [&str; 12] = [
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "kubernetes.deployment.name",
    "kubernetes.labels.app",
    "kubernetes.labels.app.kubernetes.io/name",
    "labels.deployment",
    "deployment.name",
    "k8s.pod.name",
    "kubernetes.pod_name",
    "kubernetes.pod.name",
    "labels.pod",
];
/// Objects of Kubernetes that are workloads or parts of one.
const KINDS: [&str; 8] =
    ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Job", "CronJob", "Rollout"];
/// The same, as calls name them.
const RESOURCES: [&str; 5] = ["deployments", "statefulsets", "daemonsets", "replicasets", "pods"];

/// The workload that an event is about, as its owner calls it: the deployment of a pod, the
/// service of a unit, the repository that was rolled out.
pub(crate) fn workload(event: &Event) -> Option<&str> {
    let field = |name: &str| {
        let found = event.fields.iter().find(|field| event.get(field.name) == name);
        found.map(|field| event.get(field.value)).filter(|value| !value.is_empty())
    };
    match event.format {
        Format::KubeEvent => {
            let (kind, name) = field("involvedObject.kind")
                .zip(field("involvedObject.name"))
                .or_else(|| field("regarding.kind").zip(field("regarding.name")))?;
            KINDS.contains(&kind).then(|| owner(name))
        }
        Format::KubeAudit => {
            let resource = field("objectRef.resource")?;
            let name = field("objectRef.name").filter(|_| RESOURCES.contains(&resource))?;
            Some(owner(name))
        }
        Format::Github => field("repository.name"),
        Format::Cloudtrail | Format::Windows | Format::Auditd => None,
        _ => {
            let named = event.fields.iter().find_map(|found| {
                let name = event.get(found.name);
                let name = name.strip_prefix("resource.").unwrap_or(name);
                OWNERS.contains(&name).then(|| event.get(found.value))
            });
            let pod = || {
                let pods = event.entities.iter();
                let pod = pods.filter(|e| e.kind == EntityType::Container).find_map(|entity| {
                    let name = event.get(entity.value).split('/').nth(1)?;
                    Some(name.trim_end_matches(['"', ']']))
                });
                pod.or_else(|| first_word(event.message()))
            };
            let unit = || {
                let services = event.entities.iter();
                let mut services = services.filter(|e| e.kind == EntityType::Service);
                services.find_map(|entity| event.get(entity.value).strip_suffix(".service"))
            };
            let application = || field("application").and_then(|app| app.split('/').next_back());
            let program = || Some(event.program()).filter(|name| is_workload(name));
            let known = named.or_else(application).or_else(pod);
            let known = known.or_else(|| deployed(event.message())).or_else(unit);
            known.or_else(program).map(owner)
        }
    }
}

/// Programs that speak of others.
const REPORTERS: [&str; 22] = [
    "kernel",
    "systemd",
    "init",
    "kubelet",
    "dockerd",
    "docker",
    "containerd",
    "sudo",
    "su",
    "sshd",
    "CRON",
    "cron",
    "crond",
    "jenkins",
    "helm",
    "flux",
    "ansible",
    "deploy",
    "capistrano",
    "kamal",
    "supervisord",
    "github",
];

/// Whether a program is what was rolled out, and not what reports of others.
fn is_workload(program: &str) -> bool {
    !program.is_empty()
        && !REPORTERS.contains(&program)
        && !["argo", "kube-", "systemd-"].iter().any(|start| program.starts_with(start))
}

/// What a message says was rolled out: the word behind `deployment of`, `rolled out` and the like.
fn deployed(message: &str) -> Option<&str> {
    const PHRASES: [&str; 9] = [
        "deployment.apps/",
        "deployment of ",
        "deploy of ",
        "deployment ",
        "deployed ",
        "deploying ",
        "rollout of ",
        "rolled out ",
        "release of ",
    ];
    const NO_NAMES: [&str; 16] = [
        "to",
        "version",
        "in",
        "the",
        "on",
        "with",
        "of",
        "failed",
        "finished",
        "started",
        "succeeded",
        "completed",
        "is",
        "was",
        "and",
        "for",
    ];
    let stems = ["eploy", "oll", "elease of "];
    if !stems.iter().any(|stem| memchr::memmem::find(message.as_bytes(), stem.as_bytes()).is_some())
    {
        return None;
    }
    PHRASES.iter().find_map(|phrase| {
        let starts = message.as_bytes().windows(phrase.len());
        let mut starts = starts.take(512);
        let at = starts.position(|part| part.eq_ignore_ascii_case(phrase.as_bytes()))?;
        let rest = message.get(at + phrase.len()..)?.trim_start_matches(['"', '\'', '`']);
        let end = rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || b"._/-".contains(&b)));
        let word = rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', '-', '/']);
        let name = word.rsplit('/').next()?;
        let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
        (letters > 1 && !NO_NAMES.contains(&name)).then_some(name)
    })
}

/// What a message begins with, if that is the generated name of a pod.
fn first_word(message: &str) -> Option<&str> {
    let word = message.split(' ').next()?;
    let (_, last) = word.rsplit_once('-').filter(|_| word.len() <= 253)?;
    let named = word.as_bytes()[0].is_ascii_lowercase();
    (named && last.len() == 5 && owner(word).len() < word.len()).then_some(word)
}

/// Letters that Kubernetes makes names of.
fn is_generated(part: &str) -> bool {
    part.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b))
}

/// Whether a part looks drawn: letters and digits, and a letter behind a digit; `7f8b9`, not `web01`.
fn is_drawn(part: &str) -> bool {
    let bytes = part.as_bytes();
    bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && bytes.windows(2).any(|two| two[0].is_ascii_digit() && two[1].is_ascii_lowercase())
}

/// A name without what controllers put behind it: `web-7d4b9c5f6d-x2x4z`, `web-7d4b9`, `db-0`.
pub(crate) fn owner(name: &str) -> &str {
    let has_digit = |part: &str| part.bytes().any(|b| b.is_ascii_digit());
    let Some((rest, last)) = name.rsplit_once('-').filter(|(rest, _)| !rest.is_empty()) else {
        return name;
    };
    if (1..=10).contains(&last.len()) && last.bytes().all(|b| b.is_ascii_digit()) {
        return rest;
    }
    let hash = |part: &str| (8..=10).contains(&part.len()) && is_generated(part) && has_digit(part);
    if last.len() == 5 && is_generated(last) {
        return match rest.rsplit_once('-') {
            Some((owner, middle)) if hash(middle) && !owner.is_empty() => owner,
            _ if has_digit(last) => rest,
            _ => name,
        };
    }
    if hash(last) || last.len() == 5 && is_drawn(last) { rest } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controllers_put_behind_a_name_goes() {
        for (name, expected) in [
            ("web-7d4b9c5f6d-x2x4z", "web"),
            ("web-7d4b9c5f6d-kbqzf", "web"),
            ("nginx-canary-7f8b9", "nginx-canary"),
            ("nginx-canary-3a0e1", "nginx-canary"),
            ("shop-web01", "shop-web01"),
            ("web-7d4b9c5f6d", "web"),
            ("db-0", "db"),
            ("checkout", "checkout"),
            ("image-cache", "image-cache"),
            ("shop-front", "shop-front"),
            ("a-kbqzf", "a-kbqzf"),
            ("-7d4b9", "-7d4b9"),
            ("", ""),
        ] {
            assert_eq!(owner(name), expected, "{name}");
        }
    }

    #[test]
    fn only_a_generated_name_at_the_beginning_names_a_pod() {
        for (message, expected) in [
            ("nginx-canary-7f8b9 exceeded memory limit 512Mi", Some("nginx-canary-7f8b9")),
            ("2026-11-25 10:00:00 started", None),
            ("-7f8b9 x", None),
            ("started nginx-canary-7f8b9", None),
            ("db-0 is up", None),
            ("", None),
        ] {
            assert_eq!(first_word(message), expected, "{message}");
        }
    }

    #[test]
    fn what_was_rolled_out_is_named_behind_the_verb() {
        for (message, expected) in [
            ("Deployment of checkout 1.4.2 to production finished", Some("checkout")),
            ("deployment.apps/nginx-canary image updated", Some("nginx-canary")),
            ("deployment \"web\" successfully rolled out", Some("web")),
            ("Deployed shop/web v1.2", Some("web")),
            ("rolled out api.", Some("api")),
            ("deployed version 1.4.2", None),
            ("Deployed v1", None),
            ("nothing was said", None),
            ("deployed ü", None),
        ] {
            assert_eq!(deployed(message), expected, "{message}");
        }
    }

    #[test]
    fn record_types_stand_where_the_server_writes_them() {
        for (program, message, expected) in [
            (
                "named",
                "client @0x7f 192.0.2.7#53 (a.example): query: a.example IN TXT +",
                Some("TXT"),
            ),
            ("dnsmasq", "query[AAAA] a.example from 192.0.2.7", Some("AAAA")),
            (
                "coredns",
                "[INFO] 192.0.2.7:4 - 5 \"NULL IN a.example. udp 40 false 512\" NOERROR",
                Some("NULL"),
            ),
            ("unbound", "[812:0] info: 192.0.2.7 a.example. TXT IN", Some("TXT")),
            ("named", "client @0x7f 192.0.2.7#53 (a): query: a IN", None),
            ("dnsmasq", "query[] a.example from 192.0.2.7", None),
            ("app", "query[TXT] a.example", None),
        ] {
            assert_eq!(record_type(program, message), expected, "{message}");
        }
    }
}

//! Which attributes of OpenTelemetry's semantic conventions name the host, the program and the
//! process of a record.
//!
//! Several may: the machine itself before the node of a cluster, a named service before its
//! container, and what the resource says before what one record says. Cost: one comparison of the
//! length and a few bytes for each field.

use super::draft::{Draft, Line};
use super::object::text;
use seerflow_model::Span;

/// What an unnamed service is called by the clients, perhaps with its executable behind it.
const UNKNOWN: &str = "unknown_service";

/// See the module head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meanings {
    pub(super) host: Span,
    pub(super) program: Span,
    pub(super) pid: Span,
}

#[derive(Clone, Copy)]
enum Part {
    Host,
    Program,
    Pid,
}

/// A part and how telling the name is, 0 the most.
fn meaning(name: &str) -> Option<(Part, u8)> {
    Some(match name {
        "host.name" => (Part::Host, 0),
        "gcp.gce.instance.hostname" => (Part::Host, 1),
        "gcp.gce.instance.name" => (Part::Host, 2),
        "azure.vm.name" => (Part::Host, 3),
        "k8s.node.name" => (Part::Host, 4),
        "cloud.instance.name" => (Part::Host, 5),
        "host.id" => (Part::Host, 6),
        "k8s.node.uid" => (Part::Host, 7),
        "service.name" => (Part::Program, 0),
        "k8s.container.name" => (Part::Program, 1),
        "container.name" => (Part::Program, 2),
        "faas.name" => (Part::Program, 3),
        "gcp.cloud_run.job.execution" => (Part::Program, 4),
        "aws.ecs.task.family" => (Part::Program, 5),
        "k8s.deployment.name" => (Part::Program, 6),
        "k8s.pod.name" => (Part::Program, 7),
        "process.executable.name" => (Part::Program, 8),
        "process.pid" => (Part::Pid, 0),
        _ => return None,
    })
}

impl Meanings {
    /// Looks through the fields of a record.
    pub(super) fn of(draft: &Draft, line: Line<'_>) -> Meanings {
        let mut best = [u8::MAX; 3];
        let mut found = Meanings::default();
        for field in draft.fields.iter().filter(|field| !field.value.is_empty()) {
            let name = text(draft, line, field.name);
            let (name, own) = match name.strip_prefix("resource.") {
                Some(name) => (name, 0),
                None => (name, 1),
            };
            let Some((part, rank)) = meaning(name) else { continue };
            let mut rank = rank * 2 + own;
            if matches!(part, Part::Program) && text(draft, line, field.value).starts_with(UNKNOWN)
            {
                // Better than nothing, worse than anything else.
                rank = u8::MAX - 1;
            }
            if rank < best[part as usize] {
                best[part as usize] = rank;
                *match part {
                    Part::Host => &mut found.host,
                    Part::Program => &mut found.program,
                    Part::Pid => &mut found.pid,
                } = field.value;
            }
        }
        found
    }
}
